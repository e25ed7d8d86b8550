# expected: BN201 on line 19
import numpy as np
import torch
import torch.nn as nn
from torchvision.models import ResNet50_Weights, resnet50


def build_extractor():
    net = resnet50(weights=ResNet50_Weights.DEFAULT)
    net.fc = nn.Identity()
    return net


@torch.no_grad()
def extract(loader):
    encoder = build_extractor().cuda()
    feats = []
    for x, _ in loader:
        feats.append(encoder(x.cuda()).cpu().numpy())
    return np.concatenate(feats)


np.save("features.npy", extract(loader))
