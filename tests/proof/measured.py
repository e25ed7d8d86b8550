"""Runs layers of real frameworks, made from texts, on one input and one state.

Arrays are ``[N, C, H, W]`` whatever the framework's layout is. Differences are relative to the
largest absolute value on the reference's side. What a framework's own arithmetic costs (the
floor) is measured against the same computation in float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from bnlint.engine.linter import Options, Result
from bnlint.engine.registry import LoadedRule, load_rules
from bnlint.fixing.rounds import fix

#: 16 * 8 * 8 = 1024 values fall to each of 4 channels.
SHAPE = (16, 4, 8, 8)
N = SHAPE[0] * SHAPE[2] * SHAPE[3]

#: A difference is there above this many floors, and gone under that many.
THERE, GONE = 50, 5

Array = Any


class State(NamedTuple):
    """What a layer holds, per channel."""

    mean: Array
    variance: Array
    gamma: Array
    beta: Array


class Statistics(NamedTuple):
    """Running statistics after a number of steps."""

    mean: Array
    variance: Array


@lru_cache(maxsize=1)
def rules() -> tuple[LoadedRule, ...]:
    """Return all rules."""
    return load_rules()


def fixed(text: str, from_family: str | None = None) -> Result:
    """Return what ``--fix --unsafe-fixes`` makes of a text; nothing may be rolled back."""
    options = Options(frozenset(rule.code for rule in rules()), from_family=from_family)
    result = fix(text.encode(), "port.py", rules(), options, unsafe=True)
    assert result.problems == ()
    assert result.notices == ()
    return result


def run(text: str | bytes) -> dict[str, Any]:
    """Run a text as a program and return its names."""
    names: dict[str, Any] = {"__name__": "program"}
    exec(compile(text, "program.py", "exec"), names)
    return names


def batches(count: int = 1) -> list[Array]:
    """Return inputs drawn from N(3, 4) by a fixed seed."""
    drawn = np.random.default_rng(0)
    return [drawn.normal(3.0, 2.0, SHAPE).astype(np.float32) for _ in range(count)]


def planted() -> State:
    """Return a state with small, middling and large variances, and weights as after training."""
    drawn = np.random.default_rng(1)
    return State(
        drawn.normal(0.0, 1.0, 4).astype(np.float32),
        np.array([1e-4, 1e-2, 1.0, 1e-2], np.float32),
        drawn.uniform(0.5, 1.5, 4).astype(np.float32),
        drawn.normal(0.0, 1.0, 4).astype(np.float32),
    )


class Layer:
    """A layer of one framework. ``decay`` and ``eps`` are what it really has."""

    unbiased = True

    def __init__(self, layer: Any) -> None:
        self.layer = layer

    eps: float
    decay: float

    def plant(self, state: State) -> State:
        """Give the layer a state and return the state it then has; 1 and 0 where it has none."""
        raise NotImplementedError

    def infer(self, x: Array) -> Array:
        """Return the output in inference mode."""
        raise NotImplementedError

    def train(self, x: Array) -> Array:
        """Take one step in training mode and return the output."""
        raise NotImplementedError

    def statistics(self) -> Statistics:
        """Return the running statistics."""
        raise NotImplementedError


class TorchLayer(Layer):
    """A layer of PyTorch."""

    @property
    def eps(self) -> float:
        return self.layer.eps

    @property
    def decay(self) -> float:
        return 1 - self.layer.momentum

    def plant(self, state: State) -> State:
        import torch

        bn = self.layer
        bn.eval()
        if bn.running_mean is not None:
            with torch.no_grad():
                bn(torch.zeros(SHAPE))  # gives a lazy layer its parameters
            bn.running_mean.copy_(torch.from_numpy(state.mean))
            bn.running_var.copy_(torch.from_numpy(state.variance))
        if bn.weight is None:
            return state._replace(gamma=np.ones(4), beta=np.zeros(4))
        bn.weight.data.copy_(torch.from_numpy(state.gamma))
        bn.bias.data.copy_(torch.from_numpy(state.beta))
        return state

    def infer(self, x: Array) -> Array:
        return self._run(self.layer.eval(), x)

    def train(self, x: Array) -> Array:
        return self._run(self.layer.train(), x)

    def _run(self, bn: Any, x: Array) -> Array:
        import torch

        with torch.no_grad():
            return bn(torch.from_numpy(x)).numpy()

    def statistics(self) -> Statistics:
        bn = self.layer
        return Statistics(bn.running_mean.numpy().copy(), bn.running_var.numpy().copy())


class KerasLayer(Layer):
    """A layer of Keras 3; its running variance is that of the batch divided by n."""

    unbiased = False

    @property
    def eps(self) -> float:
        return self.layer.epsilon

    @property
    def decay(self) -> float:
        return self.layer.momentum

    def plant(self, state: State) -> State:
        bn = self.layer
        if not bn.built:
            bn.build((None, 8, 8, 4))
        bn.moving_mean.assign(state.mean)
        bn.moving_variance.assign(state.variance)
        if bn.gamma is not None:
            bn.gamma.assign(state.gamma)
        if bn.beta is not None:
            bn.beta.assign(state.beta)
        return state._replace(
            gamma=state.gamma if bn.gamma is not None else np.ones(4),
            beta=state.beta if bn.beta is not None else np.zeros(4),
        )

    def infer(self, x: Array) -> Array:
        return self._run(x, False)

    def train(self, x: Array) -> Array:
        return self._run(x, True)

    def _run(self, x: Array, training: bool) -> Array:
        y = self.layer(x.transpose(0, 2, 3, 1), training=training)
        return np.asarray(y).transpose(0, 3, 1, 2)

    def statistics(self) -> Statistics:
        bn = self.layer
        return Statistics(bn.moving_mean.numpy(), bn.moving_variance.numpy())


class MindSporeLayer(Layer):
    """A layer of MindSpore's ``nn``."""

    @property
    def eps(self) -> float:
        return self.layer.eps

    @property
    def decay(self) -> float:
        return 1 - self.layer.momentum  # it holds the weight of the new batch

    def plant(self, state: State) -> State:
        import mindspore as ms

        bn = self.layer
        for parameter, value in (
            (bn.moving_mean, state.mean),
            (bn.moving_variance, state.variance),
            (bn.gamma, state.gamma),
            (bn.beta, state.beta),
        ):
            parameter.set_data(ms.Tensor(value))
        return state

    def infer(self, x: Array) -> Array:
        return self._run(x, False)

    def train(self, x: Array) -> Array:
        return self._run(x, True)

    def _run(self, x: Array, training: bool) -> Array:
        import mindspore as ms

        self.layer.set_train(training)
        return self.layer(ms.Tensor(x)).asnumpy()

    def statistics(self) -> Statistics:
        bn = self.layer
        return Statistics(bn.moving_mean.asnumpy().copy(), bn.moving_variance.asnumpy().copy())


_ADAPTERS = {"torch": TorchLayer, "keras": KerasLayer, "mindspore": MindSporeLayer}


def adapted(layer: Any) -> Layer:
    """Return the adapter of a framework's layer, by the classes it is made of."""
    for cls in type(layer).__mro__:
        adapter = _ADAPTERS.get(cls.__module__.partition(".")[0])
        if adapter is not None:
            return adapter(layer)
    raise TypeError(f"no framework made {layer!r}")


# ---------------------------------------------------------------------------------- differences


def relative(found: Array, reference: Array) -> float:
    """Return the largest difference, relative to the largest value of the reference."""
    reference = np.asarray(reference, np.float64)
    return float(np.abs(np.asarray(found, np.float64) - reference).max() / np.abs(reference).max())


def _wide(channels: Array) -> Array:
    return np.asarray(channels, np.float64).reshape(1, -1, 1, 1)


def inference(bn: Layer) -> tuple[Array, float]:
    """Return the output in inference with planted statistics, and its floor."""
    state = bn.plant(planted())
    y = bn.infer(batches()[0])
    return y, relative(y, exact_output(state, bn.eps))


def exact_output(state: State, eps: float) -> Array:
    """Return in float64 what a layer gives in inference."""
    y = (batches()[0] - _wide(state.mean)) / np.sqrt(_wide(state.variance) + eps)
    return y * _wide(state.gamma) + _wide(state.beta)


def after_steps(bn: Layer, steps: int) -> tuple[Statistics, float]:
    """Return the running statistics after steps from mean 0 and variance 1, and their floor.

    The variance is what it would be if each batch had given its unbiased variance.
    """
    bn.plant(State(np.zeros(4, "f4"), np.ones(4, "f4"), np.ones(4, "f4"), np.zeros(4, "f4")))
    for x in batches(steps):
        bn.train(x)
    found = corrected(bn.statistics(), bn.unbiased, bn.decay, steps)
    return found, apart(found, exact_statistics(bn.decay, steps))


def exact_statistics(decay: float, steps: int) -> Statistics:
    """Return in float64 the running statistics after steps from mean 0 and variance 1."""
    mean, variance = np.zeros(4), np.ones(4)
    for x in batches(steps):
        wide = x.astype(np.float64)
        mean = decay * mean + (1 - decay) * wide.mean((0, 2, 3))
        variance = decay * variance + (1 - decay) * wide.var((0, 2, 3), ddof=1)
    return Statistics(mean, variance)


def corrected(found: Statistics, unbiased: bool, decay: float, steps: int) -> Statistics:
    """Return statistics with the variance as an unbiased estimator would have left it."""
    if unbiased:
        return found
    left = decay**steps  # what is left of the initial variance, 1
    return found._replace(variance=left + (found.variance.astype("f8") - left) * N / (N - 1))


def apart(found: Statistics, reference: Statistics) -> float:
    """Return the larger relative difference of mean and variance."""
    return max(relative(f, r) for f, r in zip(found, reference, strict=True))


def prove(
    hazard: tuple[Any, float],
    fixed: tuple[Any, float],
    reference: tuple[Any, float],
    difference: Any = relative,
) -> None:
    """Check that a difference from the reference was there before the fix and is gone after it.

    Each argument is a quantity and its floor. The numbers are printed.
    """
    before = difference(hazard[0], reference[0])
    after = difference(fixed[0], reference[0])
    floor = max(fixed[1], reference[1])
    numbers = f"before {before:.3g}, after {after:.3g}, floor {floor:.3g}"
    assert floor < 1e-4, numbers
    assert before > THERE * floor, numbers
    assert after <= GONE * floor, numbers
    print(numbers)


def codes(result: Result) -> Sequence[str]:
    """Return the codes of the findings that were fixed, in order."""
    return sorted({finding.code for finding in result.fixed})
