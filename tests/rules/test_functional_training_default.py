"""BN205: functional calls whose training flag does not follow the module."""

from __future__ import annotations

import textwrap

import pytest
from one_rule import Hazard, check_clean, check_hazard, clean, hazard, run

NORM = """
import torch
import torch.nn as nn
import torch.nn.functional as F


class Norm(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

"""

FORWARD = "    def forward(self, x):\n        "
ARGUMENTS = "x, self.running_mean, self.running_var, self.weight, self.bias"

DEFAULT = (
    "batch_norm() without training= infers (its default is False): the running statistics of ",
    " never move, in training neither",
)
FIX = "safe: write training=self.training"

HAZARD = [
    hazard(
        "left at its default",
        f"{FORWARD}return «F.batch_norm({ARGUMENTS})»",
        *DEFAULT,
        kind="warning high",
        fix=FIX,
    ),
    hazard(
        "left at its default, other arguments by keyword",
        f"{FORWARD}return «F.batch_norm({ARGUMENTS}, momentum=0.1, eps=1e-3)»",
        *DEFAULT,
        kind="warning high",
        fix=FIX,
    ),
    hazard(
        "a constant True by keyword",
        f"{FORWARD}return F.batch_norm({ARGUMENTS}, training=«True»)",
        "training=True normalises with the batch and moves the running statistics whatever the "
        "mode of Norm is",
        kind="warning high",
        fix=FIX,
    ),
    hazard(
        "a constant True by position",
        f"{FORWARD}return F.batch_norm({ARGUMENTS}, «True», 0.1)",
        "training=True normalises with the batch",
        kind="warning high",
        fix=FIX,
    ),
    hazard(
        "a name that is True",
        f"{FORWARD}flag = True\n        return F.batch_norm({ARGUMENTS}, «flag»)",
        "training=True normalises with the batch",
        kind="warning high",
        fix=FIX,
    ),
]


@pytest.mark.parametrize("expected", HAZARD)
def test_hazard(expected: Hazard) -> None:
    code = NORM.lstrip("\n") + expected.code + "\n"
    finding = check_hazard("BN205", expected._replace(code=code))
    assert finding.help == "write training=self.training"


INHERITED = hazard(
    "the statistics are those of a layer it derives from",
    """
    import torch.nn as nn
    import torch.nn.functional as F

    class Norm(nn.BatchNorm2d):
        def forward(self, x):
            return «F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias)»
    """,
    *DEFAULT,
    kind="warning high",
    fix=FIX,
)


@pytest.mark.parametrize("expected", [INHERITED])
def test_hazard_in_a_class_of_its_own(expected: Hazard) -> None:
    check_hazard("BN205", expected)


CLEAN = [
    clean("follows the module", f"return F.batch_norm({ARGUMENTS}, self.training)"),
    clean(
        "follows the module, by keyword",
        f"return F.batch_norm({ARGUMENTS}, training=self.training)",
    ),
    clean("follows an argument", f"return F.batch_norm({ARGUMENTS}, training=flag)"),
    clean("inference, written down", f"return F.batch_norm({ARGUMENTS}, training=False)"),
    clean(
        "no running statistics: always the batch",
        "return F.batch_norm(x, None, None, self.weight, self.bias, training=True)",
    ),
    clean("statistics that are not the module's", "return F.batch_norm(x, mean, var, self.weight)"),
    clean(
        "no scale that is trained", "return F.batch_norm(x, self.running_mean, self.running_var)"
    ),
    clean(
        "a scale that is no parameter of the module",
        "return F.batch_norm(x, self.running_mean, self.running_var, gamma, beta)",
    ),
    clean(
        "a weight is normalised (weight standardisation)",
        "w = self.weight.reshape(1, 8, -1)\n"
        "return F.batch_norm(w, self.running_mean, self.running_var, self.weight, training=True)",
    ),
    clean(
        "samples stand in the channel axis (adaptive instance normalisation)",
        "b, c = x.shape[:2]\ny = x.view(1, b * c, *x.shape[2:])\n"
        "return F.batch_norm(y, self.running_mean, self.running_var, self.weight, training=True)",
    ),
    clean(
        "folded in the call",
        "return F.batch_norm(x.reshape(1, b * c, h, w), self.running_mean, self.running_var, "
        "self.weight, training=True)",
    ),
    clean(
        "the module asks for its mode before the call",
        f"if self.training:\n    return self.by_batch(x)\nreturn F.batch_norm({ARGUMENTS})",
    ),
    clean(
        "one call for each mode",
        f"if self.training:\n    return F.batch_norm({ARGUMENTS}, True)\n"
        f"return F.batch_norm({ARGUMENTS}, False)",
    ),
    clean(
        "the module moves its statistics itself",
        "self.running_mean.mul_(0.9).add_(0.1 * x.mean((0, 2, 3)))\n"
        f"return F.batch_norm({ARGUMENTS})",
    ),
    clean("arguments that are not in view", "return F.batch_norm(x, *self.state())"),
]


@pytest.mark.parametrize("code", CLEAN)
def test_clean(code: str) -> None:
    method = "    def forward(self, x, flag=None):\n" + textwrap.indent(code, " " * 8)
    check_clean("BN205", NORM.lstrip("\n") + method + "\n")


@pytest.mark.parametrize(
    "name",
    [
        "FrozenNorm",
        "FixedBatchNorm",
        "FusedNorm",
        "FoldedNorm",
        "EvalNorm",
        "DeployNorm",
        "MetaNorm",
        "AdaptiveNorm",
    ],
)
def test_a_class_named_for_what_it_does_is_clean(name: str) -> None:
    code = NORM.lstrip("\n").replace("class Norm", f"class {name}")
    check_clean("BN205", f"{code}{FORWARD}return F.batch_norm({ARGUMENTS})\n")


@pytest.mark.parametrize("name", ["forward_frozen", "fold", "fuse", "evaluate", "infer"])
def test_a_method_named_for_what_it_does_is_clean(name: str) -> None:
    code = f"    def {name}(self, x):\n        return F.batch_norm({ARGUMENTS})\n"
    check_clean("BN205", NORM.lstrip("\n") + code)


def test_a_class_that_is_no_module_is_clean() -> None:
    code = NORM.lstrip("\n").replace("nn.Module", "object")
    check_clean("BN205", f"{code}{FORWARD}return F.batch_norm({ARGUMENTS})\n")


def test_a_function_outside_of_a_class_is_clean() -> None:
    check_clean(
        "BN205",
        """
        import torch.nn.functional as F

        def normalise(x, state):
            return F.batch_norm(x, state.mean, state.var, state.weight)
        """,
    )


def test_a_user_function_of_that_name_is_clean() -> None:
    code = NORM.replace("import torch.nn.functional as F", "from lib import functional as F")
    assert run("BN205", f"{code}{FORWARD}return F.batch_norm({ARGUMENTS})\n") == []


@pytest.mark.torch
@pytest.mark.parametrize("training", [None, True], ids=["left out", "True"])
def test_what_the_flag_does_to_the_running_mean(training: bool | None) -> None:
    """The figure in the documentation: left out, the mean after a training step is the initial."""
    import torch
    import torch.nn.functional as functional

    mean, var = torch.zeros(3), torch.ones(3)
    x = torch.full((8, 3), 5.0)
    given = {} if training is None else {"training": training}
    functional.batch_norm(x, mean, var, **given)
    assert mean.tolist() == ([0.0] * 3 if training is None else [0.5] * 3)
