# expected: nothing (a later test of the name switches the one that normalises)
import sys

import torch
import torchvision

name = sys.argv[1]
if name == "vgg":
    net = torchvision.models.vgg16()
else:
    net = torchvision.models.resnet18()
net.load_state_dict(torch.load("weights.pt"))
if name != "vgg":
    net.eval()
for image in torch.load("images.pt"):
    with torch.no_grad():
        print(net(image[None]).argmax())
