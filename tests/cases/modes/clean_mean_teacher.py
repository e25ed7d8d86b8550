# expected: nothing (the EMA teacher runs in training mode on purpose; evaluation switches)
import copy

import torch
import torch.nn.functional as F
from torchvision.models import wide_resnet50_2


def update_ema(model, ema_model, alpha):
    for e, p in zip(ema_model.parameters(), model.parameters()):
        e.data.mul_(alpha).add_(p.data, alpha=1 - alpha)


def evaluate(model, loader):
    model.eval()
    hits = 0
    with torch.no_grad():
        for x, y in loader:
            hits += (model(x).argmax(1) == y).sum().item()
    return hits


model = wide_resnet50_2(num_classes=10)
ema_model = copy.deepcopy(model)
optimizer = torch.optim.SGD(model.parameters(), 0.1)
for step, ((x1, x2), y) in enumerate(loader):
    model.train()
    ema_model.train()
    with torch.no_grad():
        pseudo = F.softmax(ema_model(x2), dim=1)
    out = model(x1)
    loss = F.cross_entropy(out, y) + F.mse_loss(F.softmax(out, 1), pseudo)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    update_ema(model, ema_model, 0.99)
    if step % 100 == 0:
        print(evaluate(ema_model, val_loader))
