"""What a test of a layer's class says of a layer is what it says of a real object."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest
from reading import known


class Module:
    """In the place of `torch.nn.Module`, so that Python itself can answer."""


class _BatchNorm(Module):
    def __init__(self) -> None:
        self.eps, self.momentum = 1e-5, 0.1


class BatchNorm1d(_BatchNorm):
    pass


class BatchNorm2d(_BatchNorm):
    pass


class Own(BatchNorm2d):
    pass


class Other(BatchNorm2d):
    pass


class nn:  # noqa: N801
    Module, BatchNorm1d, BatchNorm2d = Module, BatchNorm1d, BatchNorm2d

    class modules:  # noqa: N801
        class batchnorm:  # noqa: N801
            _BatchNorm = _BatchNorm

    class Conv2d(Module):
        pass


MADE: dict[str, Any] = {"nn.BatchNorm2d(8)": BatchNorm2d, "Own(8)": Own}

#: Tests that are decided for both layers.
DECIDED = """
isinstance(m, nn.BatchNorm2d)
isinstance(m, nn.BatchNorm1d)
isinstance(m, Own)
isinstance(m, Other)
isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d))
isinstance(m, (nn.BatchNorm1d, nn.Conv2d))
isinstance(m, nn.modules.batchnorm._BatchNorm)
not isinstance(m, nn.BatchNorm2d)
not isinstance(m, nn.BatchNorm1d)
issubclass(type(m), nn.BatchNorm2d)
issubclass(m.__class__, nn.BatchNorm1d)
type(m) is nn.BatchNorm2d
type(m) is not nn.BatchNorm2d
type(m) == nn.BatchNorm2d
type(m) != nn.BatchNorm2d
type(m) == Own
type(m) is Other
type(m) in (nn.BatchNorm2d, nn.Conv2d)
type(m) in [nn.BatchNorm1d, nn.Conv2d]
type(m) in {nn.BatchNorm1d, Own}
type(m) not in (nn.BatchNorm2d, nn.Conv2d)
type(m) not in (nn.BatchNorm1d, nn.Conv2d)
m.__class__ is nn.BatchNorm2d
m.__class__ is nn.BatchNorm1d
type(m).__name__ == "BatchNorm2d"
type(m).__name__ == "BatchNorm1d"
type(m).__name__ != "BatchNorm2d"
type(m).__name__ in ("BatchNorm1d", "BatchNorm2d")
type(m).__name__ not in ("BatchNorm1d", "BatchNorm2d")
m.__class__.__name__ == "Own"
m.__class__.__name__.startswith("Batch")
m.__class__.__name__.startswith("Conv")
m.__class__.__name__.lower() == "batchnorm2d"
m.__class__.__name__.upper() == "OWN"
m.__class__.__qualname__ == "Own"
"BatchNorm" in m.__class__.__name__
"BatchNorm" not in m.__class__.__name__
"Conv" in type(m).__name__
"Conv" not in type(m).__name__
"batchnorm" in m.__class__.__name__.lower()
m.__class__.__name__.find("BatchNorm") != -1
m.__class__.__name__.find("BatchNorm") == -1
m.__class__.__name__.find("BatchNorm") >= 0
m.__class__.__name__.find("BatchNorm") < 0
m.__class__.__name__.find("BatchNorm") > -1
m.__class__.__name__.find("Conv") != -1
isinstance(m, nn.BatchNorm2d) and type(m) is not Own
isinstance(m, nn.BatchNorm2d) and isinstance(m, nn.BatchNorm1d)
isinstance(m, nn.BatchNorm1d) or isinstance(m, Own)
isinstance(m, nn.BatchNorm2d) or isinstance(m, nn.BatchNorm1d)
hasattr(m, "eps")
hasattr(m, "momentum") and isinstance(m, nn.BatchNorm2d)
""".strip().splitlines()

#: Tests that nothing is known of.
OPEN = """
flag
isinstance(other, nn.BatchNorm2d)
isinstance(m, chosen)
type(m) is chosen
type(m) < nn.BatchNorm2d
type(other) is nn.BatchNorm2d
m.__class__.__name__ == chosen
m.__class__.__name__.startswith(chosen)
m.__class__.__name__.endswith("2d")
chosen in m.__class__.__name__
m.__class__.__name__.replace("a", "b") == "BbtchNorm2d"
hasattr(m, "weights_of_old")
hasattr(other, "eps")
hasattr(m, chosen)
isinstance(m, nn.BatchNorm2d) and flag
""".strip().splitlines()

SET, LEFT = "known 0.5", "default 1e-05"

CODE = """
import torch.nn as nn

class Own(nn.BatchNorm2d):
    pass

class Other(nn.BatchNorm2d):
    pass

class Net(nn.Module):
    def __init__(self, flag, chosen, other):
        super().__init__()
        self.bn = {made}
        for m in self.modules():
            {test}
"""


def eps(made: str, test: str) -> str:
    """Return what is known of eps behind the loop."""
    (found,) = known(CODE.format(made=made, test=test), "eps")
    return found


def really(made: str, test: str) -> bool:
    names = {"nn": nn, "m": MADE[made](), "Own": Own, "Other": Other}
    return bool(eval(test, names))


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("test", DECIDED)
def test_the_branch_is_taken_if_python_takes_it(test: str, made: str) -> None:
    taken = really(made, test)
    assert eps(made, f"if {test}: m.eps = 0.5") == (SET if taken else LEFT)
    text = f"if {test}: pass\n            else: m.eps = 0.5"
    assert eps(made, text) == (LEFT if taken else SET)


@pytest.mark.parametrize("test", OPEN)
def test_what_is_not_known_leaves_the_setting_open(test: str) -> None:
    assert eps("nn.BatchNorm2d(8)", f"if {test}: m.eps = 0.5") == "unknown"


@pytest.mark.parametrize(
    "test",
    [
        pytest.param("isinstance(m, nn.BatchNorm1d) and flag", id="and"),
        pytest.param("flag and isinstance(m, nn.BatchNorm1d)", id="and, the other way round"),
        pytest.param("not (isinstance(m, nn.BatchNorm2d) or flag)", id="not or"),
    ],
)
def test_what_is_not_known_does_not_matter_beside_what_is(test: str) -> None:
    assert eps("nn.BatchNorm2d(8)", f"if {test}: m.eps = 0.5") == "default 1e-05"
    assert eps("nn.BatchNorm2d(8)", f"if not ({test}): m.eps = 0.5") == "known 0.5"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        pytest.param(
            "name = type(m)\nif name is nn.BatchNorm2d: m.eps = 0.5", "known 0.5", id="is"
        ),
        pytest.param(
            "name = type(m)\nif name is nn.BatchNorm1d: m.eps = 0.5", "default 1e-05", id="no"
        ),
        pytest.param(
            "name = m.__class__.__name__\nif 'Norm' in name: m.eps = 0.5", "known 0.5", id="name"
        ),
        pytest.param(
            "name = m.__class__.__name__\nif flag: name = chosen\nif 'Norm' in name: m.eps = 0.5",
            "unknown",
            id="a name with two values",
        ),
        pytest.param(
            "name = other.__class__.__name__\nif 'Norm' in name: m.eps = 0.5",
            "unknown",
            id="the name of another object",
        ),
        pytest.param(
            "if isinstance(m, nn.BatchNorm1d):\n    continue\nm.eps = 0.5", "known 0.5", id="passed"
        ),
        pytest.param(
            "if isinstance(m, nn.BatchNorm2d):\n    continue\nm.eps = 0.5",
            "default 1e-05",
            id="passed over",
        ),
        pytest.param(
            "m.eps = 0.5\nif isinstance(m, nn.BatchNorm2d):\n    continue",
            "known 0.5",
            id="passed over behind it",
        ),
        pytest.param(
            "if isinstance(m, nn.BatchNorm2d):\n    m.eps = 0.5\n    continue",
            "known 0.5",
            id="passed over behind it in a branch",
        ),
        pytest.param(
            "if isinstance(m, nn.BatchNorm2d):\n    pass\nelse:\n    continue\nm.eps = 0.5",
            "known 0.5",
            id="others are passed over",
        ),
        pytest.param(
            "if isinstance(m, nn.BatchNorm1d):\n    pass\nelse:\n    continue\nm.eps = 0.5",
            "default 1e-05",
            id="all but others are passed over",
        ),
        pytest.param(
            "if isinstance(m, nn.BatchNorm1d):\n    print(m)\nm.eps = 0.5",
            "known 0.5",
            id="a test that leaves nothing",
        ),
        pytest.param(
            "while isinstance(m, nn.BatchNorm2d):\n    m.eps = 0.5", "known 0.5", id="while"
        ),
        pytest.param(
            "while isinstance(m, nn.BatchNorm1d):\n    m.eps = 0.5",
            "default 1e-05",
            id="while it is another",
        ),
    ],
)
def test_a_class_that_a_variable_holds(body: str, found: str) -> None:
    assert eps("nn.BatchNorm2d(8)", textwrap.indent(body, " " * 12).lstrip()) == found
