# expected: nothing (test-time adaptation re-estimates statistics)
import torch
from torch import nn
from torchvision.models import resnet50


def adapt_bn(model, loader):
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.reset_running_stats()
            m.train()
    with torch.no_grad():
        for x, _ in loader:
            model(x.cuda())
    model.eval()


model = resnet50().cuda()
model.load_state_dict(torch.load("source.pt"))
adapt_bn(model, target_loader)
hits = 0
with torch.no_grad():
    for x, y in target_loader:
        hits += (model(x.cuda()).argmax(1).cpu() == y).sum()
