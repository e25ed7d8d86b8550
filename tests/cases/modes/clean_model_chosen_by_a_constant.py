# expected: nothing (the name is a constant, and that model holds no batch normalisation)
import torch
import torchvision

MODEL = "squeezenet"


def build(name, classes):
    if name == "resnet":
        net = torchvision.models.resnet18(weights="DEFAULT")
        freeze(net)
        net.fc = torch.nn.Linear(512, classes)
    elif name == "squeezenet":
        net = torchvision.models.squeezenet1_0(weights="DEFAULT")
        freeze(net)
        net.classifier[1] = torch.nn.Conv2d(512, classes, 1)
    return net


def freeze(net):
    for weight in net.parameters():
        weight.requires_grad = False


net = build(MODEL, 2)
optimizer = torch.optim.SGD((w for w in net.parameters() if w.requires_grad), 0.1)
for epoch in range(3):
    net.train()
    for x, y in torch.load("data.pt"):
        loss = torch.nn.functional.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
for x, y in torch.load("test.pt"):
    with torch.no_grad():
        print((net(x).argmax(1) == y).float().mean())
