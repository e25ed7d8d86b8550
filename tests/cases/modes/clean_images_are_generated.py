# expected: nothing (a generator samples as it was trained)
import torch
import torchvision
from torch.utils.data import DataLoader

model = torchvision.models.resnet18()
model.load_state_dict(torch.load("weights.pt"))


def generate_images(noise):
    with torch.no_grad():
        return model(noise)


print(generate_images(torch.randn(8, 3, 64, 64)))
