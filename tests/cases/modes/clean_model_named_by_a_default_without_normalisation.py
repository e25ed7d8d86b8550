# expected: nothing (the model of the default has no batch normalisation)
import argparse

import torch
import torchvision.models as models
from torch.utils.data import DataLoader

parser = argparse.ArgumentParser()
parser.add_argument("--arch", default="vgg16")
args = parser.parse_args()
model = getattr(models, args.arch)(weights="DEFAULT")
with torch.no_grad():
    for x, y in DataLoader([]):
        print((model(x).argmax(1) == y).sum())
