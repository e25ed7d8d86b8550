# expected: BN201 on line 20
import torch
from torch import nn, optim
from torchvision.models import vgg16_bn


def train(epoch, model, loader, optimizer, criterion):
    model.train()
    for batch_idx, (data, target) in enumerate(loader):
        optimizer.zero_grad()
        loss = criterion(model(data.cuda()), target.cuda())
        loss.backward()
        optimizer.step()


def test(model, loader):
    correct = 0
    for data, target in loader:
        data = data.cuda()
        output = model(data)
        correct += (output.argmax(1).cpu() == target).sum().item()
    return correct / len(loader.dataset)


model = vgg16_bn(num_classes=10).cuda()
optimizer = optim.SGD(model.parameters(), lr=0.05)
for epoch in range(10):
    train(epoch, model, train_loader, optimizer, nn.CrossEntropyLoss())
    print(test(model, test_loader))
