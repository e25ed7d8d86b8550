# expected: nothing (statistics are collected in training mode on purpose)
import itertools

import torch
from torch import nn
from torchvision.models import resnet50


@torch.no_grad()
def update_bn_stats(model, data_loader, num_iters=200):
    bn_layers = [m for m in model.modules() if m.training and isinstance(m, nn.BatchNorm2d)]
    momentum_actual = [bn.momentum for bn in bn_layers]
    for bn in bn_layers:
        bn.momentum = 1.0
    running_mean = [torch.zeros_like(bn.running_mean) for bn in bn_layers]
    for ind, inputs in enumerate(itertools.islice(data_loader, num_iters)):
        model(inputs)
        for i, bn in enumerate(bn_layers):
            running_mean[i] += (bn.running_mean - running_mean[i]) / (ind + 1)
    for i, bn in enumerate(bn_layers):
        bn.running_mean = running_mean[i]
        bn.momentum = momentum_actual[i]


swa_model = torch.optim.swa_utils.AveragedModel(resnet50())
torch.optim.swa_utils.update_bn(train_loader, swa_model)

model = resnet50()
model.load_state_dict(torch.load("averaged.pt"))
with torch.no_grad():
    for images, _ in train_loader:
        model(images)
torch.save(model.state_dict(), "averaged_bn.pt")
