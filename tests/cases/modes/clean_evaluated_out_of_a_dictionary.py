# expected: nothing (the model is put into inference mode where a dictionary gives it)
import torch
from torch import nn

from data import test_loader, train_loader

models = {"net": nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Flatten())}
optimizer = torch.optim.SGD(models["net"].parameters(), lr=0.1)

for x, y in train_loader:
    optimizer.zero_grad()
    nn.functional.cross_entropy(models["net"](x), y).backward()
    optimizer.step()

models.get("net").eval()
with torch.no_grad():
    correct = sum((models["net"](x).argmax(1) == y).sum().item() for x, y in test_loader)
print(correct)
