# expected: nothing (a teacher in training mode feeds the loss: a known choice)
import torch
import torch.nn as nn
import torch.nn.functional as F


def conv_block(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU())


class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.features = nn.Sequential(conv_block(3, width), conv_block(width, width))
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3)))


def train(epochs):
    teacher = Net(128)
    teacher.load_state_dict(torch.load("teacher.pth"))
    student = Net(32)
    optimizer = torch.optim.Adam(student.parameters())
    for _ in range(epochs):
        for images, labels in loader:
            with torch.no_grad():
                teacher_logits = teacher(images)
            logits = student(images)
            distill = F.mse_loss(logits, teacher_logits)
            loss = F.cross_entropy(logits, labels) + 0.5 * distill
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


train(10)
