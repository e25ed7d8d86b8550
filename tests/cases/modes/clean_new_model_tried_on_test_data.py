# expected: nothing (a new model is tried out: it has not learnt anything)
import torch
from torch import nn
from torch.utils.data import DataLoader

test_loader = DataLoader(test_data, batch_size=8)


def check_discriminator():
    images, _ = next(iter(test_loader))
    discriminator = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.LeakyReLU())
    result = discriminator(images)
    print("shape", result.shape)
