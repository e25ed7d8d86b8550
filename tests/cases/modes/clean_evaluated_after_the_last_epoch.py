# expected: nothing (the switch is of the last epoch)
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

    if e == 9:
        model.eval()
        with torch.no_grad():
            for x, y in val_loader:
                print(model(x).argmax(1))
