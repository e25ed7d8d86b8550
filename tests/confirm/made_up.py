"""Interpreters with made-up frameworks: what can go wrong in a worker, tried in a moment each.

An interpreter is a virtual environment that has NumPy and nothing else. Packages are put on its
path by one more folder, so that many of them share the environment.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from command_line import bnlint

#: As much of PyTorch as one layer takes, on NumPy. What goes wrong is for the environment to say:
#: ``TROUBLE`` is Python to run before each call of a layer.
TORCH = """
import os
from contextlib import nullcontext
from types import SimpleNamespace

import numpy

__version__ = "0.1"
cuda = SimpleNamespace(is_available=lambda: False)
backends = SimpleNamespace()
no_grad = nullcontext


class Tensor:
    def __init__(self, array):
        self.array = array

    def numpy(self):
        return self.array

    def copy_(self, other):
        self.array[...] = other.array

    def detach(self):
        return self

    cpu = detach

    def to(self, device):
        return self


from_numpy = Tensor


class BatchNorm2d:
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        self.eps, self.momentum, self.training = eps, momentum, True
        self.running_mean = Tensor(numpy.zeros(num_features, "f"))
        self.running_var = Tensor(numpy.ones(num_features, "f"))
        with open(os.environ.get("BUILT", os.devnull), "a") as log:
            log.write(f"{num_features} {eps} {momentum}\\n")

    def to(self, device):
        return self

    def train(self, mode):
        self.training = mode

    def __call__(self, x):
        exec(os.environ.get("TROUBLE", ""))
        x = x.array.astype("d")
        mean, var = self.running_mean.array, self.running_var.array
        if self.training:
            n, m = x[:, 0].size, self.momentum
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3))
            self.running_mean.array += m * (mean - self.running_mean.array)
            self.running_var.array += m * (var * n / (n - 1) - self.running_var.array)
        mean, var = (v.reshape(1, -1, 1, 1) for v in (mean, var))
        return Tensor(((x - mean) / numpy.sqrt(var + self.eps)).astype("f"))


nn = SimpleNamespace(BatchNorm2d=BatchNorm2d)
"""


#: Called as ``start -I worker.py NAME``: runs that script with one more folder of packages.
START = """\
import runpy, sys
sys.path.insert(0, {!r})
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


class Interpreter(NamedTuple):
    """A Python, and the folder that it lies in."""

    folder: Path
    program: Path

    def having(self, name: str, **packages: str) -> Path:
        """Return a program that is this interpreter with ``packages``, by name and source."""
        extra = self.folder / name
        for package, source in packages.items():
            (extra / package).mkdir(parents=True, exist_ok=True)
            (extra / package / "__init__.py").write_text(source, encoding="utf-8")
        start = self.folder / f"{name}.py"
        start.write_text(START.format(str(extra)), encoding="utf-8")
        command = shlex.join(("exec", str(self.program), "-I", str(start)))
        return self.script(name, f'{command} "$@"')

    def script(self, name: str, text: str) -> Path:
        """Return a program that is a shell script."""
        path = self.folder / f"{name}.sh"
        path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        path.chmod(0o755)
        return path


def made(folder: Path) -> Interpreter:
    """Make an interpreter that has NumPy, and none of the packages beside it."""
    venv.create(folder / "env", with_pip=False)
    [packages] = (folder / "env").glob("lib/python*/site-packages")
    numpy = Path(np.__file__).parent
    for path in (numpy, numpy.with_name("numpy.libs")):
        if path.exists():
            os.symlink(path, packages / path.name)
    return Interpreter(folder, folder / "env" / "bin" / Path(sys.executable).name)


class Outcome(NamedTuple):
    """What ``--confirm`` said: the exit code, the objects of the findings, and standard error."""

    code: int
    findings: list[dict[str, Any]]
    err: str

    @property
    def verdicts(self) -> list[str]:
        """The verdict of each finding in the order of the file."""
        return [found["confirmation"]["verdict"] for found in self.findings]

    @property
    def reasons(self) -> list[str]:
        """Why each experiment was not run, or ``None``."""
        return [found["confirmation"]["reason"] for found in self.findings]


def confirmed(
    folder: Path,
    torch: Path | None,
    *arguments: str,
    keras: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Outcome:
    """Confirm what is found in ``folder``, with these interpreters, in this process."""
    given = [
        f"{name}={program}" for name, program in (("torch", torch), ("keras", keras)) if program
    ]
    options = [part for pair in given for part in ("--interpreter", pair)]
    run = bnlint(
        folder,
        "--confirm",
        "--output-format",
        "json",
        *options,
        *arguments,
        environment=environment,
    )
    return Outcome(run.code, json.loads(run.out) if run.out else [], run.err)
