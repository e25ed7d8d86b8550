# expected: BN405 on line 30
"""Semi-supervised training with an average of the student, which is evaluated."""

import copy

import torch
import torch.nn as nn
import torch.nn.functional as F


class StudentWithNorm(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3)
        self.bn = nn.BatchNorm2d(16)
        self.fc = nn.Linear(16, classes)

    def forward(self, x):
        return self.fc(F.relu(self.bn(self.conv(x))).mean((2, 3)))


student = StudentWithNorm(10)
average = copy.deepcopy(student)
average.eval()
optimizer = torch.optim.SGD(student.parameters(), 0.1)


@torch.no_grad()
def follow(decay=0.99):
    for a, s in zip(average.parameters(), student.parameters()):
        a.mul_(decay).add_(s, alpha=1 - decay)


def train(loader):
    student.train()
    for x, y in loader:
        loss = F.cross_entropy(student(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        follow()


@torch.no_grad()
def accuracy(loader):
    return sum((average(x).argmax(1) == y).sum().item() for x, y in loader)
