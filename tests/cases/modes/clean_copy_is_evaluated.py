# expected: nothing (a copy is switched, and the model trained on)
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from torchvision import models

model = models.resnet18()
opt = torch.optim.SGD(model.parameters(), 0.1)
model.train()
for e in range(10):
    for x, y in loader:
        opt.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        opt.step()

    best = copy.deepcopy(model)
    best.eval()
    with torch.no_grad():
        for x, y in val_loader:
            print(best(x).argmax(1))
