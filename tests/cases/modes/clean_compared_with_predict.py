# expected: nothing (the port is switched before it is compared)
import numpy as np
import torch
import torchvision
from keras.applications import ResNet50
from PIL import Image


def load(path):
    image = Image.open(path).convert("RGB").resize((224, 224))
    return np.asarray(image, dtype="float32")[None] / 127.5 - 1.0


reference = ResNet50(weights="imagenet")
port = torchvision.models.resnet50()
port.load_state_dict(torch.load("resnet50_from_keras.pth"))
port.eval()

batch = load("cat.jpg")
expected = reference.predict(batch)
with torch.no_grad():
    logits = port(torch.from_numpy(batch.transpose(0, 3, 1, 2)))
    found = torch.softmax(logits, dim=1).numpy()
print("largest difference:", np.abs(expected - found).max())
np.testing.assert_allclose(expected, found, atol=1e-4)
