# expected: nothing (each variance that changes in place is an array of its own)
import h5py
import numpy as np
import torch

TORCH_EPS = 1e-5
KERAS_EPS = 1e-3


def lower_each_cloned_variance(model, names, file):
    state = model.state_dict()
    for name in names:
        variance = state[name + ".running_var"].clone().numpy()
        variance += TORCH_EPS - KERAS_EPS
        file[name]["moving_variance:0"][:] = variance


def lower_each_variance_by_a_sum(model, names, file):
    state = model.state_dict()
    for name in names:
        variance = state[name + ".running_var"].numpy()
        variance = variance + TORCH_EPS - KERAS_EPS
        variance += 0
        file[name]["moving_variance:0"][:] = variance


def lower_each_copied_variance(model, names, file):
    state = model.state_dict()
    for name in names:
        variance = np.array(state[name + ".running_var"].numpy())
        variance += TORCH_EPS - KERAS_EPS
        file[name]["moving_variance:0"][:] = variance


def lower_each_variance_from_disk(path, names, file):
    """What is changed here is no model's."""
    state = torch.load(path)
    for name in names:
        variance = state[name + ".running_var"].numpy()
        variance += TORCH_EPS - KERAS_EPS
        file[name]["moving_variance:0"][:] = variance


def raise_each_variance_of_a_file(model, names, path):
    """Reading from the file makes an array."""
    state = model.state_dict()
    with h5py.File(path, "r") as file:
        for name in names:
            variance = file[name]["moving_variance:0"][:]
            variance += KERAS_EPS - TORCH_EPS
            state[name + ".running_var"] = torch.from_numpy(variance)
    model.load_state_dict(state)
