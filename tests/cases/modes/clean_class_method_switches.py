# expected: nothing (a class method of a helper switches)
import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)

    def forward(self, x):
        return self.bn(x)


class Helper:
    @classmethod
    def ready(cls, model):
        model.eval()


model = Net()
model.load_state_dict(torch.load("w.pt"))
Helper.ready(model)
with torch.no_grad():
    print(model(torch.load("x.pt")))
