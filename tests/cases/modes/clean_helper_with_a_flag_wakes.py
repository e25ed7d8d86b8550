# expected: nothing (each epoch begins with a switch back)
import torch
import torch.nn as nn
import torchvision
from torch.utils.data import DataLoader
from torchvision.datasets import CIFAR10
from torchvision.transforms import ToTensor


def set_mode(networks, training):
    for network in networks:
        network.train(training)


def accuracy(encoder, head, loader):
    set_mode([encoder, head], False)
    correct = total = 0
    with torch.no_grad():
        for images, labels in loader:
            correct += (head(encoder(images)).argmax(1) == labels).sum().item()
            total += len(labels)
    return correct / total


encoder = torchvision.models.resnet18(num_classes=128)
head = nn.Linear(128, 10)
train_loader = DataLoader(CIFAR10("data", train=True, transform=ToTensor()), 128, shuffle=True)
test_loader = DataLoader(CIFAR10("data", train=False, transform=ToTensor()), 256)
optimizer = torch.optim.Adam([*encoder.parameters(), *head.parameters()], lr=1e-3)
for epoch in range(20):
    set_mode([encoder, head], True)
    for images, labels in train_loader:
        loss = nn.functional.cross_entropy(head(encoder(images)), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, accuracy(encoder, head, test_loader))
