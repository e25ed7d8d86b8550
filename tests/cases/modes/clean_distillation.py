# expected: nothing (teacher switched once; student by phase)
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models import mobilenet_v2, resnet50


def kd_loss(student_logits, teacher_logits, labels, T=4.0, alpha=0.7):
    soft = F.kl_div(F.log_softmax(student_logits / T, 1), F.softmax(teacher_logits / T, 1), reduction="batchmean")
    return alpha * T * T * soft + (1 - alpha) * F.cross_entropy(student_logits, labels)


teacher = resnet50(num_classes=100).cuda()
teacher.load_state_dict(torch.load("teacher.pt"))
teacher.eval()
for p in teacher.parameters():
    p.requires_grad_(False)
student = mobilenet_v2(num_classes=100).cuda()
opt = torch.optim.SGD(student.parameters(), lr=0.1, momentum=0.9)

for epoch in range(100):
    student.train()
    for x, y in train_loader:
        x, y = x.cuda(), y.cuda()
        with torch.no_grad():
            t = teacher(x)
        loss = kd_loss(student(x), t, y)
        opt.zero_grad()
        loss.backward()
        opt.step()
    student.eval()
    correct = 0
    with torch.no_grad():
        for x, y in test_loader:
            correct += (student(x.cuda()).argmax(1).cpu() == y).sum().item()
    print(epoch, correct)
