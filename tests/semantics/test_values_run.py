"""What is known of a value is what Python computes, in each case of ``variants/values.txt``."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from test_variants import CASES

PROGRAMS = {name: case for name, case in CASES.items() if case.path.stem == "values"}

_EPS = re.compile(r"\beps=(\S+)")


def _computed(text: str) -> list[Any]:
    """Run a program with a layer that notes what eps it is given."""
    found: list[Any] = []

    def layer(_size: int, eps: object) -> None:
        found.append(eps)

    class Module:
        """What a layer is derived from."""

    nn = SimpleNamespace(BatchNorm2d=layer, Module=Module)
    code = text.replace("from torch import nn\n", "")
    exec(code, {"nn": nn, "__name__": "program"})  # a case of the tests
    return found


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PROGRAMS)
def test_known_is_what_python_computes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["program"])
    case = PROGRAMS[name]
    (text,) = case.files.values()
    said = [match[1] for line in case.said if (match := _EPS.search(line))]
    try:
        computed = _computed(text)
    except Exception:
        return  # of what is not in view, or an error whatever eps is
    if said[-1] == "None":
        assert computed[-1] is None
    elif said[-1] != "?":
        assert float(said[-1]) == pytest.approx(computed[-1], nan_ok=True)
