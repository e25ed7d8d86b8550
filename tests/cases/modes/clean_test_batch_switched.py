# expected: nothing (the model is switched for the batch and back)
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


trainloader = DataLoader(train_data, batch_size=32, shuffle=True)
testloader = DataLoader(test_data, batch_size=32)
net = Net().cuda()
optimizer = optim.SGD(net.parameters(), lr=0.01)

for epoch in range(20):
    for i, (images, labels) in enumerate(trainloader):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(images.cuda()), labels.cuda())
        loss.backward()
        optimizer.step()
        if i % 50 == 0:
            images, labels = next(iter(testloader))
            net.eval()
            scores = net(images.cuda())
            net.train()
            print((scores.argmax(1).cpu() == labels).sum())
