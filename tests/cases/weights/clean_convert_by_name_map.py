# expected: nothing (each name is given that of the same array)
"""Renames the arrays of a Keras checkpoint for a PyTorch model."""

import h5py
import torch
import torch.nn as nn

NAMES = {
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


class HeadByName(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm1d(32, eps=1e-3)

    def forward(self, x):
        return self.bn(x)


def convert(path):
    state = {}
    with h5py.File(path) as source:
        for old, new in NAMES.items():
            state[f"bn.{new}"] = torch.from_numpy(source[f"bn/{old}:0"][()])
    state["bn.num_batches_tracked"] = torch.tensor(0)
    return state


head = HeadByName()
head.load_state_dict(convert("head.h5"))
