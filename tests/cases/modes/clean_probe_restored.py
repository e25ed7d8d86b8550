# expected: nothing (the mode is saved before the probe and restored after it)
import torch
import torch.nn as nn
import torchvision


class HybridEmbed(nn.Module):
    def __init__(self, size=224, dim=768):
        super().__init__()
        self.backbone = torchvision.models.resnet18(weights="DEFAULT")
        with torch.no_grad():
            training = self.backbone.training
            if training:
                self.backbone.eval()
            features = self.backbone(torch.zeros(1, 3, size, size))
            self.backbone.train(training)
        self.proj = nn.Linear(features.shape[1], dim)

    def forward(self, x):
        return self.proj(self.backbone(x))
