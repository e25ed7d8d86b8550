# expected: BN251 on line 11
import sys

import torch
import torchvision

if sys.argv[1] == "vgg":
    net = torchvision.models.vgg16(weights="DEFAULT")
else:
    net = torchvision.models.resnet18(weights="DEFAULT")
for weight in net.parameters():
    weight.requires_grad = False
if sys.argv[1] == "vgg":
    net.classifier[6] = torch.nn.Linear(4096, 2)
else:
    net.fc = torch.nn.Linear(512, 2)
optimizer = torch.optim.SGD((w for w in net.parameters() if w.requires_grad), 0.1)
for epoch in range(3):
    net.train()
    for x, y in torch.load("data.pt"):
        loss = torch.nn.functional.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
