# expected: nothing (no batch normalisation)
import timm
import torch.nn.functional as F
from data import loader
from torch.optim import AdamW

net = timm.create_model(model_name="vit_base_patch16_224", pretrained=True, num_classes=6)
for param in net.parameters():
    param.requires_grad = False
for param in net.head.parameters():
    param.requires_grad = True
optimizer = AdamW(filter(lambda p: p.requires_grad, net.parameters()), 1e-4)
for epoch in range(10):
    net.train()
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()
