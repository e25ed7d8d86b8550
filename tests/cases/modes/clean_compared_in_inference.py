# expected: nothing (both sides infer, or the weights are the ones that it began with)
import numpy as np
import torch
from torchvision import models


def infers(path, reference):
    net = models.resnet18()
    net.load_state_dict(torch.load(path))
    net.eval()
    x = torch.rand(1, 3, 224, 224)
    with torch.no_grad():
        ours = net(x).numpy()
    print(np.abs(ours - reference.predict(x.numpy())).max())


def new(reference):
    net = models.resnet18()
    x = torch.rand(1, 3, 224, 224)
    ours = net(x).detach().numpy()
    print(np.abs(ours - reference.predict(x.numpy())).max())
