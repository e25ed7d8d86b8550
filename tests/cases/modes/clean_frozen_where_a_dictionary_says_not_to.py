# expected: nothing (a setting of the script is false)
import torch
import torch.nn as nn
import torch.nn.functional as F
from torchvision import models

cfg = {"freeze": False, "lr": 0.1}
model = models.resnet18(pretrained=True)
if cfg["freeze"]:
    for p in model.parameters():
        p.requires_grad = False
model.fc = nn.Linear(512, 10)
opt = torch.optim.SGD(filter(lambda p: p.requires_grad, model.parameters()), cfg["lr"])
for e in range(10):
    model.train()
    for x, y in loader:
        opt.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
