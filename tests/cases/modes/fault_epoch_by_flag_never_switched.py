# expected: BN201 on line 21
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader


class Net(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
        self.head = nn.Linear(8, classes)

    def forward(self, x):
        return self.head(self.body(x).mean((2, 3)))


def run_epoch(model, loader, optimizer, is_train):
    total = 0.0
    for x, y in loader:
        scores = model(x)
        loss = F.cross_entropy(scores, y)
        if is_train:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        total += loss.item()
    return total / len(loader)


model = Net()
optimizer = optim.Adam(model.parameters())
for epoch in range(10):
    run_epoch(model, training, optimizer, True)
    print(run_epoch(model, held_out, optimizer, False))
