# expected: nothing (the weights fit: only the shape of what the model gives is looked at)
import torch
from torch import nn

net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
net.load_state_dict(torch.load("net.pt"))
out = net(image)
print("scores", out.shape, out.size(), net(image).shape)
