# expected: nothing (the head has no batch normalisation)
import torch
import torchvision
from torch import nn, optim

model = torchvision.models.mobilenet_v2(weights="DEFAULT")
for param in model.classifier.parameters():
    param.requires_grad = False
optimizer = optim.Adam(model.features.parameters())

model.train()
for x, y in loader:
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
