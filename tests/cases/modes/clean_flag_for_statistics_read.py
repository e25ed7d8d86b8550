# expected: nothing (each flag is read, or what it asks for is done without it)
import torch.nn as nn
import torchvision


def rest(module):
    if isinstance(module, nn.BatchNorm2d):
        module.eval()


class Visual(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = torchvision.models.resnet18(weights="IMAGENET1K_V1")
        self.head = nn.Linear(1000, 64)

    def forward(self, x):
        return self.head(self.backbone(x))


class Asks(Visual):
    def lock(self, unlocked_groups=0, freeze_bn_stats=False):
        for parameter in self.parameters():
            parameter.requires_grad = False
        if freeze_bn_stats:
            for module in self.modules():
                rest(module)


class HandsOn(Visual):
    def lock(self, unlocked_groups=0, freeze_bn_stats=False):
        for parameter in self.parameters():
            parameter.requires_grad = False
        self.keep(freeze_bn_stats)

    def keep(self, flag):
        self.keeps = flag

    def train(self, mode=True):
        super().train(mode and not self.keeps)
        return self


class Always(Visual):
    def lock(self, unlocked_groups=0, freeze_bn_stats=True):
        """Statistics stand still whatever is asked for."""
        for parameter in self.parameters():
            parameter.requires_grad = False
        self.apply(rest)


class LeavesItToTheBase(Asks):
    def lock(self, unlocked_groups=0, freeze_bn_stats=False):
        for parameter in self.parameters():
            parameter.requires_grad = False
        super().lock(unlocked_groups, True)
