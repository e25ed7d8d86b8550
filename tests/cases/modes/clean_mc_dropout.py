# expected: nothing (dropout is switched on again after eval(), or everything on purpose)
import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(10, 64)
        self.bn = nn.BatchNorm1d(64)
        self.drop = nn.Dropout(0.2)
        self.fc2 = nn.Linear(64, 1)

    def forward(self, x):
        return self.fc2(self.drop(torch.relu(self.bn(self.fc1(x)))))


def enable_dropout(model):
    for m in model.modules():
        if m.__class__.__name__.startswith("Dropout"):
            m.train()


def mc_predict(model, x, n=50):
    model.eval()
    enable_dropout(model)
    with torch.no_grad():
        return torch.stack([model(x) for _ in range(n)])


net = Net()
net.load_state_dict(torch.load("net.pt"))
mean = mc_predict(net, x).mean(0)

stochastic = Net()
stochastic.load_state_dict(torch.load("net.pt"))
stochastic.train()
with torch.no_grad():
    samples = torch.stack([stochastic(x) for _ in range(50)])
