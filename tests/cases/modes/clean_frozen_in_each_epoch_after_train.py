# expected: nothing (the freeze comes after the switch, in each epoch)
import torch
import torchvision
from torch import nn, optim


def freeze_bn(model):
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


model = torchvision.models.resnet18(weights="IMAGENET1K_V1")
model.fc = nn.Linear(512, 5)
optimizer = optim.Adam(model.parameters())

for epoch in range(10):
    model.train()
    freeze_bn(model)
    for x, y in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
