# expected: nothing (what the model gives for test data is trained on)
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


source = DataLoader(train_data, batch_size=32, shuffle=True)
net = Net()
optimizer = optim.SGD(net.parameters(), lr=0.01)

for (x, y), (x_test, _) in zip(source, DataLoader(test_data, 32)):
    optimizer.zero_grad()
    entropy = -(net(x_test).softmax(1) * net(x_test).log_softmax(1)).sum(1).mean()
    loss = F.cross_entropy(net(x), y) + 0.1 * entropy
    loss.backward()
    optimizer.step()
