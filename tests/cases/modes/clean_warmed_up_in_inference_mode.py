# expected: nothing (it is switched before it is warmed up)
import time

import torch
from PIL import Image
from torchvision import models, transforms

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = models.resnet50(num_classes=10)
model.load_state_dict(torch.load("checkpoint/best.pth", map_location=device))
model.to(device).eval()

warm_up = torch.zeros(1, 3, 224, 224).to(device)
for _ in range(3):
    model(warm_up)

to_tensor = transforms.Compose([transforms.Resize((224, 224)), transforms.ToTensor()])


def classify(path):
    image = to_tensor(Image.open(path).convert("RGB")).unsqueeze(0).to(device)
    start = time.time()
    with torch.no_grad():
        scores = torch.softmax(model(image), dim=1)
    print(path, scores.argmax(1).item(), f"{time.time() - start:.3f} s")


if __name__ == "__main__":
    classify("cat.jpg")
    classify("dog.jpg")
