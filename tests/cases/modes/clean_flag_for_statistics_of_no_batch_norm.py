# expected: nothing (there is no batch normalisation in what is frozen, or the flag is about weights)
import torch.nn as nn
import torchvision


class Text(nn.Module):
    """Has to take the same flags as the image side."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(1000, 64)
        self.norm = nn.LayerNorm(64)

    def lock(self, unlocked_layers=0, freeze_bn_stats=False):
        for parameter in self.parameters():
            parameter.requires_grad = False

    def forward(self, x):
        return self.norm(self.embed(x)).mean(1)


class Image(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = torchvision.models.resnet18(weights="IMAGENET1K_V1")
        self.head = nn.Linear(1000, 64)

    def freeze(self, frozen_stages=4):
        for parameter in self.backbone.parameters():
            parameter.requires_grad = False

    def forward(self, x):
        return self.head(self.backbone(x))
