# expected: nothing (the model has none: a method that nothing runs makes a teacher that has)
import torch
from torch import nn


class PlainStudent(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, x):
        return self.conv(x)

    def make_teacher(self):
        return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))


student = PlainStudent()
student.load_state_dict(torch.load("student.pt"))
with torch.no_grad():
    print(student(torch.load("batch.pt")))
