# expected: BN251 on line 7
import torch
import torchvision
from torch import nn, optim

model = torchvision.models.mobilenet_v2(weights="DEFAULT")
for param in model.features.parameters():
    param.requires_grad = False
model.classifier[1] = nn.Linear(model.last_channel, 5)
optimizer = optim.Adam(model.classifier.parameters())

model.train()
for x, y in loader:
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
