"""Which array of a layer an expression is, whatever it is called and however it is handed on."""

from __future__ import annotations

import textwrap

import pytest
from reading import last_expression, module_of

from bnlint.engine.facts import read_facts
from bnlint.semantics.weights.sources import Arrays

HEAD = """
import numpy as np
import tensorflow as tf
import torch
from tensorflow import keras

bn = torch.nn.BatchNorm2d(8)
layer = keras.layers.BatchNormalization()
plain = keras.layers.BatchNormalization(scale=False)
flat = keras.layers.BatchNormalization(scale=False, center=False)
"""

#: Code whose last expression is an array: owner, kind, name, and its place of how many.
FOUND = """
--- an attribute: bn variance running_var
bn.running_var
--- a weight: bn scale weight
bn.weight
--- a bias, of a part: net.bn1 shift bias
net.bn1.bias
--- an attribute of Keras: layer mean moving_mean
layer.moving_mean
--- gamma: layer scale gamma
layer.gamma
--- its data: bn variance running_var
bn.running_var.data
--- made a NumPy array: bn mean running_mean
bn.running_mean.detach().cpu().numpy()
--- made a tensor: layer mean moving_mean
torch.from_numpy(layer.moving_mean.numpy())
--- made a tensor by PyTorch: layer variance moving_variance
torch.tensor(np.array(layer.moving_variance))
--- made by a method that makes arrays: bn mean running_mean
bn.running_mean.copy()
--- all of it: bn mean running_mean
bn.running_mean[:]
--- all of it, by dots: bn mean running_mean
bn.running_mean[...]
--- all of it, of an HDF5 file: f[prefix + ""] mean moving_mean
f[prefix + "moving_mean"][()]
--- under a key: state variance running_var
state["running_var"]
--- under a key with a prefix: state["layer1.bn1."] variance running_var
state["layer1.bn1.running_var"]
--- under a key of TensorFlow: state["net/bn/:0"] variance moving_variance
state["net/bn/moving_variance:0"]
--- under a key that is put together: state[prefix + ""] mean running_mean
state[prefix + "running_mean"]
--- under a key with a dot: state[prefix + "."] mean running_mean
state[prefix + ".running_mean"]
--- under a formatted key: state[f"{prefix}."] mean running_mean
state[f"{prefix}.running_mean"]
--- under a key by percent: state["%s." % prefix] mean running_mean
state["%s.running_mean" % prefix]
--- under a key by format: state["{}.".format(prefix)] mean running_mean
state["{}.running_mean".format(prefix)]
--- under a key by join: state[".".join(prefix, "")] mean running_mean
state[".".join(prefix, "running_mean")]
--- under a key in a variable: state["a."] mean running_mean
key = "a.running_mean"
state[key]
--- under a key in a variable that is put together: state[prefix + "."] mean running_mean
key = prefix + ".running_mean"
state[key]
--- got from a dictionary: state.get mean running_mean
state.get("running_mean")
--- popped from a dictionary: state.pop mean running_mean
state.pop("running_mean", None)
--- read from a checkpoint: reader.get_tensor["bn/"] mean moving_mean
reader.get_tensor("bn/moving_mean")
--- read from a file: tf.train.load_variable["bn/"] mean moving_mean
tf.train.load_variable(path, "bn/moving_mean")
--- in a variable: bn mean running_mean
x = bn.running_mean
x
--- in two variables: bn mean running_mean
x = bn.running_mean
y = x.clone()
y
--- on the way: bn mean running_mean
(x := bn.running_mean)
x
--- the same in both branches: bn mean running_mean
if flag:
    x = bn.running_mean
else:
    x = bn.running_mean.clone()
x
--- out of a pair: bn variance running_var
x, y = bn.running_mean, bn.running_var
y
--- out of a list: bn variance running_var
x = [bn.running_mean, bn.running_var]
x[1]
--- the first of the weights: layer scale layer.get_weights()[0] 0/0
layer.get_weights()[0]
--- the second of the weights: layer shift layer.get_weights()[1] 1/0
layer.get_weights()[1]
--- the third of the weights: layer mean layer.get_weights()[2] 2/0
layer.get_weights()[2]
--- the last of the weights: layer variance layer.weights[3] 3/0
layer.weights[3]
--- without gamma: plain shift plain.get_weights()[0] 0/3
plain.get_weights()[0]
--- without gamma and beta: flat mean flat.get_weights()[0] 0/2
flat.get_weights()[0]
--- unpacked: layer mean layer.get_weights()[2] 2/4
gamma, beta, mean, variance = layer.get_weights()
mean
--- of a layer that is not known, unpacked: other mean other.get_weights()[2] 2/4
gamma, beta, mean, variance = other.get_weights()
mean
--- of a layer that is not known, one of them: other mean other.get_weights()[2] 2/0
other.get_weights()[2]
--- in a variable, all of them: layer mean layer.get_weights()[2] 2/0
ws = layer.get_weights()
ws[2]
--- behind a slice: layer variance layer.get_weights()[3] 3/0
layer.get_weights()[2:][1]
--- before a slice: layer scale layer.get_weights()[0] 0/0
layer.get_weights()[:2][0]
--- in a list of them: layer mean layer.get_weights()[2] 2/0
list(layer.get_weights())[2]
--- each of them made an array: layer mean layer.get_weights()[2] 2/0
[np.array(w) for w in layer.get_weights()][2]
--- each of them mapped: layer mean layer.get_weights()[2] 2/4
gamma, beta, mean, variance = map(np.array, layer.get_weights())
mean
--- through a helper: bn mean running_mean
def to_array(x):
    return x.numpy()
to_array(bn.running_mean)
--- through a helper of an object: bn mean running_mean
f = lambda x: np.array(x)
f(bn.running_mean)
--- from around a function: bn mean running_mean
x = bn.running_mean
def f():
    return x
y = x
y
"""

#: Code whose last expression is no array of a layer, or one that cannot be told.
OPEN = """
--- another attribute
bn.eps
--- a number
1
--- computed
bn.running_var + 1
--- a root
torch.sqrt(bn.running_var)
--- a part of it
bn.running_var[:2]
--- a part of it, to the end
bn.running_var[1:]
--- every second of it
bn.running_var[::2]
--- one value of it
bn.running_var[0][0]
--- under another key
state["running"]
--- under a key that is not known
state[key]
--- under a key that ends in something else
state["running_mean" + suffix]
--- a slice of a dictionary
state["running_mean":]
--- by a name that is not bound
nothing
--- one of two
if flag:
    x = bn.running_mean
else:
    x = bn.running_var
x
--- an array or something else
x = None
if flag:
    x = bn.running_mean
x
--- a loop variable
for x in bn.running_mean:
    pass
x
--- a parameter
def f(x):
    return x
f
--- out of a nested pair
(x, z), y = (bn.running_mean, 1), bn.running_var
x
--- behind the end
[bn.running_mean][1]
--- behind the end of the weights
layer.get_weights()[4]
--- from the end
layer.get_weights()[-1]
--- behind something unpacked
[*others, bn.running_mean][1]
--- behind a step
layer.get_weights()[::2][1]
--- behind a slice that is not known
layer.get_weights()[n:][1]
--- behind a slice from the end
layer.get_weights()[-2:][1]
--- some of them
[w for w in layer.get_weights() if w.ndim][0]
--- a pair of loops
[w for w in layer.get_weights() for v in others][0]
--- something else of each
[w + 1 for w in layer.get_weights()][0]
--- the same of each
[bn.running_mean for w in layer.get_weights()][0]
--- mapped by something else
x, y = map(torch.sqrt, layer.get_weights())
x
--- some weights by an argument
layer.get_weights(True)[0]
--- weights by a method of the project
class Own:
    def get_weights(self):
        return []
Own().get_weights()[0]
--- a helper that computes
def half(x):
    return x / 2
half(bn.running_mean)
--- a helper of two
def first(x, y):
    return x
first(bn.running_mean, bn.running_var)
--- a helper that is told by name
def same(x):
    return x
same(x=bn.running_mean)
--- a helper that gives something else
def other(x):
    return bn
other(bn.running_mean)
--- a helper without a result
def nothing():
    return 1
nothing(bn.running_mean)
--- a helper that is not in view
helper(bn.running_mean)
"""


def pieces(text: str) -> list[object]:
    parts = ("\n" + text.strip("\n")).split("\n--- ")[1:]
    return [
        pytest.param(code, name, id=name) for name, _, code in (p.partition("\n") for p in parts)
    ]


def array(code: str) -> str:
    """Return what is said of the last expression."""
    module = module_of(HEAD + textwrap.dedent(code))
    facts = read_facts(module)
    found = Arrays(facts.project.evaluator, module, facts.sites).slot(last_expression(module))
    if found is None:
        return ""
    place = f" {found.at}/{found.length}" if found.at >= 0 else ""
    return f"{found.owner} {found.kind} {found.name}{place}"


@pytest.mark.parametrize(("code", "name"), pieces(FOUND))
def test_array(code: str, name: str) -> None:
    assert array(code) == name.partition(": ")[2]


@pytest.mark.parametrize(("code", "name"), pieces(OPEN))
def test_no_array(code: str, name: str) -> None:
    assert array(code) == ""
