# expected: nothing (helpers that save, switch and restore the mode)
import contextlib
import functools

import torch
from torch import nn


@contextlib.contextmanager
def evaluating(net):
    is_training = net.training
    try:
        net.eval()
        yield net
    finally:
        net.train(is_training)


def inference(fn):
    @functools.wraps(fn)
    def wrapper(model, *args, **kwargs):
        was = model.training
        model.eval()
        with torch.no_grad():
            out = fn(model, *args, **kwargs)
        model.train(was)
        return out

    return wrapper


@inference
def predict(model, x):
    return model(x)


net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))
opt = torch.optim.Adam(net.parameters())
for x, y in loader:
    loss = ((net(x) - y) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    with evaluating(net), torch.no_grad():
        val = net(x_val)
    print(predict(net, x_val), val)
