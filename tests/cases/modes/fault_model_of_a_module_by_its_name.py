# expected: BN201 on line 14
import torch
import torchvision.models as models
from torch.utils.data import DataLoader


def build(name="resnet18"):
    return getattr(models, name)(weights="DEFAULT")


model = build()
with torch.no_grad():
    for x, y in DataLoader([]):
        print((model(x).argmax(1) == y).sum())
