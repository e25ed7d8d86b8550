# expected: nothing (two functions hand on a flag that is false)
import torch
import torch.nn as nn
import torch.nn.functional as F
from torchvision import models


def set_parameter_requires_grad(model, feature_extracting):
    if feature_extracting:
        for param in model.parameters():
            param.requires_grad = False


def initialize_model(num_classes, feature_extract, use_pretrained=True):
    model_ft = models.resnet18(pretrained=use_pretrained)
    set_parameter_requires_grad(model_ft, feature_extract)
    model_ft.fc = nn.Linear(512, num_classes)
    return model_ft


feature_extract = False
model = initialize_model(10, feature_extract, True)
opt = torch.optim.SGD(model.parameters(), 0.1)
for e in range(10):
    model.train()
    for x, y in loader:
        opt.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
