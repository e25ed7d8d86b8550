# expected: BN205 on line 18
import torch
import torch.nn as nn
import torch.nn.functional as F


class ConditionalNorm(nn.Module):
    def __init__(self, num_features, num_classes, eps=1e-5):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.embed = nn.Embedding(num_classes, num_features)
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        self.eps = eps

    def forward(self, x, label):
        out = F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)
        return out * self.embed(label)[:, :, None, None]
