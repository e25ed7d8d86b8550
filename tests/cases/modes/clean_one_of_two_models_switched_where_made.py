# expected: nothing (the only one that normalises is switched where it is made)
import sys

import torch
import torchvision

if sys.argv[1] == "vgg":
    net = torchvision.models.vgg16()
    net.load_state_dict(torch.load("vgg.pt"))
else:
    net = torchvision.models.resnet18()
    net.load_state_dict(torch.load("resnet.pt"))
    net.eval()
for image in torch.load("images.pt"):
    with torch.no_grad():
        print(net(image[None]).argmax())
