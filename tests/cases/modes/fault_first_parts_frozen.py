# expected: BN251 on line 7
import torch
import torchvision
from torch import nn, optim

model = torchvision.models.resnet18(weights="IMAGENET1K_V1")
for child in list(model.children())[:-3]:
    for param in child.parameters():
        param.requires_grad = False
model.fc = nn.Linear(512, 5)
optimizer = optim.Adam(model.parameters())

model.train()
for x, y in loader:
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
