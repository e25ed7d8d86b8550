# expected: nothing (the buffers of the average follow too)
"""An average whose statistics are copied with each step."""

import copy

import torch
import torch.nn as nn
import torch.nn.functional as F


class StudentWithBuffers(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3)
        self.bn = nn.BatchNorm2d(16)
        self.fc = nn.Linear(16, classes)

    def forward(self, x):
        return self.fc(F.relu(self.bn(self.conv(x))).mean((2, 3)))


class Average:
    def __init__(self, model, decay=0.99):
        self.decay = decay
        self.module = copy.deepcopy(model)
        self.module.eval()

    @torch.no_grad()
    def update(self, model):
        for mine, other in zip(self.module.parameters(), model.parameters()):
            mine.mul_(self.decay).add_(other, alpha=1 - self.decay)
        for mine, other in zip(self.module.buffers(), model.buffers()):
            mine.copy_(other)


student = StudentWithBuffers(10)
average = Average(student)
