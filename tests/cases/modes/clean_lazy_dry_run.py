# expected: nothing (dry runs to learn shapes)
import torch
from torch import nn


class ConvNet(nn.Module):
    def __init__(self, in_shape, out_dim):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(in_shape[0], 32, 8, 4), nn.BatchNorm2d(32), nn.ReLU(), nn.Flatten()
        )
        with torch.no_grad():
            n_flatten = self.features(torch.zeros(1, *in_shape)).shape[1]
        self.head = nn.Linear(n_flatten, out_dim)

    def forward(self, x):
        return self.head(self.features(x))


lazy = nn.Sequential(nn.LazyConv2d(16, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(10))
dummy = torch.zeros(2, 3, 32, 32)
with torch.no_grad():
    print(lazy(dummy).shape)
model = ConvNet((4, 84, 84), 6)
with torch.inference_mode():
    flops = count(model(torch.randn(1, 4, 84, 84).to("cpu")))
