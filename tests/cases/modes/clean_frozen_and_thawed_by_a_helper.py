# expected: nothing (a helper thaws all weights before anything is trained)
import torch
import torch.nn as nn
import torch.nn.functional as F
from torchvision import models

model = models.resnet18(pretrained=True)
for p in model.parameters():
    p.requires_grad = False
model.fc = nn.Linear(512, 10)
opt = torch.optim.SGD(model.fc.parameters(), 0.1)


def unfreeze(m):
    for p in m.parameters():
        p.requires_grad = True


def train(loader):
    model.train()
    for x, y in loader:
        opt.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        opt.step()


unfreeze(model)
train(loader)
