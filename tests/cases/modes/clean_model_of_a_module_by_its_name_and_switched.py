# expected: nothing (it is switched)
import torch
import torchvision.models as models
from torch.utils.data import DataLoader


model = getattr(models, "resnet18")(weights="DEFAULT").eval()
with torch.no_grad():
    for x, y in DataLoader([]):
        print((model(x).argmax(1) == y).sum())
