# expected: BN251 on line 15
import torch.nn as nn
import torchvision


class Features(nn.Module):
    def __init__(self, classes=7):
        super().__init__()
        self.backbone = torchvision.models.resnet34(weights="IMAGENET1K_V1")
        self.backbone.fc = nn.Identity()
        self.head = nn.Linear(512, classes)

    def freeze(self, freeze_bn=True):
        """Keep the backbone as it was pretrained."""
        for parameter in self.backbone.parameters():
            parameter.requires_grad = False

    def forward(self, x):
        return self.head(self.backbone(x))
