# expected: BN251 on line 12
import torch
import torchvision
from torch import nn, optim

model = torchvision.models.resnet18(weights="IMAGENET1K_V1")
model.fc = nn.Linear(512, 5)
if mode == 1:
    for param in model.parameters():
        param.requires_grad = True
elif mode == 2:
    for param in model.parameters():
        param.requires_grad = False
    for param in model.fc.parameters():
        param.requires_grad = True
optimizer = optim.Adam(model.parameters())

model.train()
for x, y in loader:
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
