"""BN401: arrays of batch normalisation in each other's places."""

from __future__ import annotations

import pytest
from one_rule import Hazard, cases, check_clean, check_hazard, hazard, run

IMPORTS = """
import numpy as np
import torch
import torch.nn as nn
from tensorflow import keras

"""

UNPACK = "unsafe: unpack the weights as gamma, beta, mean, var"

HAZARDS = [
    hazard(
        "variance before mean, unpacked",
        """
        def copy(k, t):
            gamma, beta, var, mean = «k.get_weights()»
            t.weight.data = torch.from_numpy(gamma)
            t.bias.data = torch.from_numpy(beta)
            t.running_mean.data = torch.from_numpy(mean)
            t.running_var.data = torch.from_numpy(var)
        """,
        "t.running_mean is the mean, and is given the variance: k.get_weights()[3] of k",
        "1 more",
        kind="error high",
        fix=UNPACK,
    ),
    hazard(
        "by places of a list",
        """
        def copy(k, bn):
            w = k.get_weights()
            bn.weight.data.copy_(torch.tensor(w[0]))
            bn.bias.data.copy_(torch.tensor(w[1]))
            bn.running_mean.copy_(torch.tensor(w[3]))
            bn.running_var.copy_(torch.tensor(«w[2]»))
        """.replace("«w[2]»", "w[2]").replace("w = k.get_weights()", "w = «k.get_weights()»"),
        "bn.running_mean is the mean, and is given the variance",
        kind="error high",
        fix="",
    ),
    hazard(
        "the other way round, into a list of all weights",
        """
        def copy(bn, layer):
            layer.set_weights(«[
                bn.weight.detach().numpy(),
                bn.bias.detach().numpy(),
                bn.running_var.numpy(),
                bn.running_mean.numpy(),
            ]»)
        """,
        "weight 3 is the mean, and is given the variance: running_var of bn",
        kind="error high",
        fix="safe: give the weights in the order of the layer",
    ),
    hazard(
        "a list that is filled line by line",
        """
        def convert(layer, target):
            weights = [layer.weight.detach().numpy()]
            weights.append(layer.bias.detach().numpy())
            weights.append(layer.running_var.numpy())
            weights.append(layer.running_mean.numpy())
            target.set_weights(«weights»)
        """,
        "weight 3 is the mean, and is given the variance",
        kind="error high",
        fix="",
    ),
    hazard(
        "given to a layer when it is made",
        """
        def convert(bn):
            return keras.layers.BatchNormalization(
                epsilon=bn.eps,
                momentum=1 - bn.momentum,
                weights=«[bn.bias, bn.weight, bn.running_mean, bn.running_var]»,
            )
        """,
        "weight 1 is gamma, and is given beta: bias of bn",
        kind="error high",
        fix="safe: give the weights in the order of the layer",
    ),
    hazard(
        "keys of a checkpoint",
        """
        def convert(reader, prefix):
            state = {}
            state[prefix + ".weight"] = torch.from_numpy(reader.get_tensor(prefix + "/gamma"))
            state[prefix + ".bias"] = torch.from_numpy(reader.get_tensor(prefix + "/beta"))
            state[prefix + ".running_mean"] = torch.from_numpy(
                reader.get_tensor(prefix + "/moving_mean")
            )
            state[prefix + ".running_var"] = «torch.from_numpy(
                reader.get_tensor(prefix + "/moving_mean")
            )»
            return state
        """,
        "running_var is the variance, and is given the mean: moving_mean",
        kind="error high",
        fix="",
    ),
    hazard(
        "a tree of Flax, whose names are those of anything",
        """
        def convert(state, prefix):
            stats = {}
            stats["mean"] = state[prefix + ".running_mean"].numpy()
            stats["var"] = «state[prefix + ".running_mean"].numpy()»
            return stats
        """,
        "var is the variance, and is given the mean: running_mean",
        kind="error high",
        fix="",
    ),
    hazard(
        "a map of names",
        """
        NAMES = {
            "gamma": "weight",
            "beta": "bias",
            "moving_mean": «"running_var"»,
            "moving_variance": "running_var",
        }
        """,
        "moving_mean is the mean, and is renamed to running_var, which is the variance",
        kind="error high",
        fix="",
    ),
    hazard(
        "gamma and beta exchanged by replacing names",
        """
        def rename(key):
            key = key.replace("moving_mean", "running_mean")
            key = key.replace("moving_variance", "running_var")
            key = key.replace("beta", "bias")
            return «key.replace("gamma", "bias")»
        """,
        "gamma is gamma, and is renamed to bias, which is beta",
        kind="error high",
        fix="",
    ),
    hazard(
        "variables that are named for another order",
        """
        def build(beta, gamma, mean, var):
            layer = keras.layers.BatchNormalization()
            layer.set_weights(«[beta, gamma, mean, var]»)
        """,
        "'beta', 'gamma', 'mean', 'var' are given as all weights in this order",
        kind="error medium",
        fix="",
    ),
    hazard(
        "plain names that only batch normalisation has together",
        """
        def fill(model, weights):
            for layer in model.layers:
                if layer.name[-2:] == "bn":
                    mean = weights[layer.name]["mean"].reshape(-1)
                    variance = weights[layer.name]["variance"].reshape(-1)
                    scale = weights[layer.name]["scale"].reshape(-1)
                    offset = weights[layer.name]["offset"].reshape(-1)
                    model.get_layer(layer.name).set_weights(«[mean, variance, scale, offset]»)
        """,
        "weight 1 is gamma, and is given the mean: mean of weights[layer.name], and 3 more",
        kind="error high",
        fix="unsafe: give the weights in the order of the layer",
    ),
]

CLEAN = cases("""
--- all four in their places
def copy(k, t):
    gamma, beta, mean, var = k.get_weights()
    t.weight.data = torch.from_numpy(gamma)
    t.bias.data = torch.from_numpy(beta)
    t.running_mean.data = torch.from_numpy(mean)
    t.running_var.data = torch.from_numpy(var)
--- names are wrong, and the arrays are in their places
def copy(k, t):
    beta, gamma, mean, var = k.get_weights()
    t.weight.data = torch.from_numpy(beta)
    t.bias.data = torch.from_numpy(gamma)
    t.running_mean.data = torch.from_numpy(mean)
    t.running_var.data = torch.from_numpy(var)
--- Darknet keeps the bias first
def load(bn, weights, n, ptr):
    bn.bias.data.copy_(torch.from_numpy(weights[ptr : ptr + n]))
    ptr += n
    bn.weight.data.copy_(torch.from_numpy(weights[ptr : ptr + n]))
    ptr += n
    bn.running_mean.data.copy_(torch.from_numpy(weights[ptr : ptr + n]))
    ptr += n
    bn.running_var.data.copy_(torch.from_numpy(weights[ptr : ptr + n]))
--- weights of another layer
def copy(k, lstm):
    kernel, recurrent, bias, peephole = k.get_weights()
    lstm.bias.data = torch.from_numpy(kernel)
    lstm.weight.data = torch.from_numpy(bias)
--- a variance that is computed of a deviation
def copy(state, bn, eps):
    bn.running_mean.data = state["running_mean"]
    bn.running_var.data = 1.0 / state["inv_std"] ** 2 - eps
--- a tree of Flax in its order
def convert(state, prefix):
    params, stats = {}, {}
    params["scale"] = state[prefix + ".weight"].numpy()
    params["bias"] = state[prefix + ".bias"].numpy()
    stats["mean"] = state[prefix + ".running_mean"].numpy()
    stats["var"] = state[prefix + ".running_var"].numpy()
    return params, stats
--- statistics that are gathered of arrays, under plain names
def gather(bn, report):
    report["mean"] = bn.running_mean.mean().item()
    report["var"] = bn.running_var.mean().item()
--- a list of the weights of many layers
def copy(model, net):
    w = model.get_weights()
    net.conv.weight.data = torch.from_numpy(w[0].transpose(3, 2, 0, 1))
    net.conv.bias.data = torch.from_numpy(w[1])
    net.bn.weight.data = torch.from_numpy(w[2])
    net.bn.bias.data = torch.from_numpy(w[3])
    net.bn.running_mean.data = torch.from_numpy(w[4])
    net.bn.running_var.data = torch.from_numpy(w[5])
--- a list in the right order, line by line
def convert(layer, target):
    weights = [layer.weight.numpy()]
    weights.append(layer.bias.numpy())
    weights.append(layer.running_mean.numpy())
    weights.append(layer.running_var.numpy())
    target.set_weights(weights)
--- a list whose length depends on the layer
def convert(layer, target):
    weights = []
    if layer.affine:
        weights.append(layer.weight.numpy())
        weights.append(layer.bias.numpy())
    weights.append(layer.running_mean.numpy())
    weights.append(layer.running_var.numpy())
    target.set_weights(weights)
--- given in the right order when a layer without a scale is made
def convert(bn):
    return keras.layers.BatchNormalization(
        scale=False, weights=[bn.bias, bn.running_mean, bn.running_var]
    )
--- a fold, which computes what it stores
def fold(conv, bn):
    scale = bn.weight / torch.sqrt(bn.running_var + bn.eps)
    conv.weight.data = conv.weight * scale.view(-1, 1, 1, 1)
    conv.bias.data = bn.bias - bn.running_mean * scale
--- get_weights of the project, in an order of its own
class Old:
    def get_weights(self):
        return self.beta, self.gamma, self.mean, self.var

def copy(bn):
    old = Old()
    beta, gamma, mean, var = old.get_weights()
    bn.weight.data = gamma
    bn.bias.data = beta
    bn.running_mean.data = mean
    bn.running_var.data = var
--- a variance without affine parameters before it
def copy(bn, layer):
    layer.set_weights([bn.running_mean.numpy(), bn.running_var.numpy()])
--- a map that renames gamma and beta of layer normalisation only
NAMES = {"gamma": "weight", "beta": "bias"}
--- a helper that gives back what it got
def tensor(x):
    return torch.from_numpy(x)

def copy(k, bn):
    gamma, beta, mean, var = [tensor(w) for w in k.get_weights()]
    bn.weight.data = gamma
    bn.bias.data = beta
    bn.running_mean.data = mean
    bn.running_var.data = var
--- a helper that may exchange them
def copy(k, bn, pick):
    w = k.get_weights()
    bn.running_mean.data = pick(w, "mean")
    bn.running_var.data = pick(w, "var")
--- a filter moves the places
def copy(k, bn):
    w = [a for a in k.get_weights() if a.ndim]
    bn.weight.data = w[0]
    bn.running_mean.data = w[1]
    bn.bias.data = w[2]
    bn.running_var.data = w[3]
--- one of two, by a test
def copy(state, bn, swapped):
    m = state["bn.running_var"]
    if not swapped:
        m = state["bn.running_mean"]
    bn.running_mean.data = m
--- a helper gives something else
ORIGIN = torch.zeros(8)

def origin(like):
    return ORIGIN

def reset(old, bn):
    bn.running_mean.data = origin(old.running_var)
--- a layer that was filled wrongly is put right
def repair(bn):
    mean = bn.running_var.clone()
    var = bn.running_mean.clone()
    bn.running_mean.data = mean
    bn.running_var.data = var
--- what a layer that normalises in another way learns
STATISTICS = ("running_mean", "running_var")
NAMES = {"norm/beta": "film.weight", "norm/gamma": "film.bias"}
--- plain names in the order of the layer
def fill(model, weights):
    for layer in model.layers:
        w = weights[layer.name]
        layer.set_weights([w["scale"], w["offset"], w["mean"], w["variance"]])
--- what scales features has no statistics that are learned
def fill(layer, saved):
    layer.set_weights([saved["mean"], saved["variance"], saved["count"]])
--- one name twice says nothing
def fill(layer, saved):
    layer.set_weights([saved["mean"], saved["variance"], saved["scale"], saved["mean"]])
--- four arrays of two holders
def fill(layer, batch, saved):
    layer.set_weights([batch["mean"], batch["variance"], saved["scale"], saved["offset"]])
--- the layer has fewer weights, which BN402 reports
layer = keras.layers.BatchNormalization(scale=False)

def copy(bn):
    w = layer.get_weights()
    bn.bias.data = torch.from_numpy(w[0])
    bn.running_mean.data = torch.from_numpy(w[1])
    bn.running_var.data = torch.from_numpy(w[1])
""")


@pytest.mark.parametrize("expected", HAZARDS)
def test_hazard(expected: Hazard) -> None:
    check_hazard("BN401", expected, before=IMPORTS)


@pytest.mark.parametrize("code", CLEAN)
def test_clean(code: str) -> None:
    check_clean("BN401", code, before=IMPORTS)


@pytest.mark.parametrize("taken", ["gamma", "beta", "mean"])
def test_the_advice_is_the_order_wherever_the_array_stands(taken: str) -> None:
    code = f"""{IMPORTS}
gamma, beta, mean, variance = layer.get_weights()
bn.weight.data = torch.from_numpy(gamma)
bn.bias.data = torch.from_numpy(beta)
bn.running_mean.data = torch.from_numpy(mean)
bn.running_var.data = torch.from_numpy({taken})
"""
    (finding,) = run("BN401", code)
    assert finding.help.endswith("gamma, beta, the mean, the variance, in this order")


def test_clean_cases_outnumber_hazards() -> None:
    assert len(CLEAN) > len(HAZARDS)
