"""What is read off classes that compute batch normalisation themselves is what they do when run."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import numpy as np
import pytest

from bnlint.cli.main import main
from bnlint.engine.facts import read_facts
from bnlint.engine.trials import layer_of
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.syntax.module import parse

pytestmark = [pytest.mark.torch]

CLASS = """
import torch
from torch import nn


class {name}(nn.Module):
    def __init__(self, planes, eps=1e-3, mom=0.25):
        super().__init__()
        self.eps = eps
        self.momentum = mom
        self.register_buffer("running_mean", torch.zeros(planes))
        self.register_buffer("running_var", torch.ones(planes))

    def forward(self, x):
        if self.training:
            mean, var = x.mean(0), x.var(0, unbiased=False)
            with torch.no_grad():
{update}
        else:
            mean, var = self.running_mean, self.running_var
        return (x - mean) / {root}


layer = {name}(4, mom=0.2)
"""

ROOT = "torch.sqrt(var + self.eps)"

#: Ways to update both statistics: what is kept of the old value, and the text of one update, in
#: which S is the statistic and N its new value.
UPDATES = {
    "assigned, old weight": (0.2, "self.S = self.momentum * self.S + (1 - self.momentum) * N"),
    "assigned, new weight": (0.8, "self.S = (1 - self.momentum) * self.S + self.momentum * N"),
    "the new value first": (0.8, "self.S = N * self.momentum + self.S * (1.0 - self.momentum)"),
    "copied": (
        0.2, "self.S.copy_(self.S * self.momentum + N.detach() * (1 - self.momentum))",
    ),
    "stored in data": (
        0.8, "self.S.data = self.S.data * (1 - self.momentum) + N.data * self.momentum",
    ),
    "in place": (0.8, "self.S.mul_(1 - self.momentum).add_(self.momentum * N)"),
    "in place, alpha": (0.2, "self.S.mul_(self.momentum).add_(N, alpha=1 - self.momentum)"),
    "in place, weight first": (0.8, "self.S.mul_(1 - self.momentum).add_(self.momentum, N)"),
    "interpolated": (0.8, "self.S.lerp_(N, self.momentum)"),
}  # fmt: skip

ROOTS = [ROOT, "(var + self.eps).sqrt()", "(var + self.eps) ** 0.5", "(self.eps + var).sqrt()"]


def written(update: str, root: str = ROOT, name: str = "MyBatchNorm") -> str:
    lines = [
        " " * 16 + update.replace("self.S", f"self.running_{part}").replace("N", part)
        for part in ("mean", "var")
    ]
    return CLASS.format(name=name, update="\n".join(lines), root=root)


def sites(text: str) -> list[Site]:
    return read_facts(parse("x.py", textwrap.dedent(text))).sites


@pytest.mark.parametrize(("kept", "update"), UPDATES.values(), ids=UPDATES.keys())
def test_decay_is_that_of_a_step(kept: float, update: str) -> None:
    text = written(update)
    (site,) = sites(text)
    momentum = site.value("momentum").number
    assert momentum is not None
    assert site.api.decay(momentum) == pytest.approx(kept)
    if "add_(self.momentum, N)" in update:
        return  # PyTorch 2 takes the weight by keyword only
    import torch

    names: dict[str, object] = {}
    exec(text, names)  # the class of the test
    layer = names["layer"]
    assert isinstance(layer, torch.nn.Module)
    x = torch.from_numpy(np.random.default_rng(0).normal(3.0, 2.0, (64, 4)).astype(np.float32))
    layer(x)
    moved = (layer.get_buffer("running_mean") / x.mean(0)).numpy()
    np.testing.assert_allclose(1 - moved, kept, rtol=1e-5)


@pytest.mark.parametrize("root", ROOTS)
def test_eps_stands_under_the_root(root: str) -> None:
    (site,) = sites(written(UPDATES["copied"][1], root))
    assert site.value("eps").number == 1e-3


NO_LAYER = {
    "one statistic only": written("self.S = self.momentum * self.S + (1 - self.momentum) * N")
    .replace("self.running_var = ", "self.kept = "),
    "two ways": written("self.S = self.momentum * self.S + (1 - self.momentum) * N")
    .replace("self.momentum * self.running_var", "0.5 * self.running_var"),
    "no root": written(UPDATES["copied"][1], "var"),
    "a constant of its own": written("self.S = 0.9 * self.S + 0.1 * N"),
    "weights that do not sum to 1": written("self.S = self.momentum * self.S + self.eps * N"),
    "no module": written(UPDATES["copied"][1]).replace("(nn.Module)", ""),
    "not named for a norm": written(UPDATES["copied"][1], name="Whitener"),
}  # fmt: skip


@pytest.mark.parametrize("text", NO_LAYER.values(), ids=NO_LAYER.keys())
def test_nothing_is_read_off_other_classes(text: str) -> None:
    assert sites(text) == []


def test_convention_is_that_of_the_class(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A momentum of 0.1 is right for one of two classes, and both are imported."""
    (tmp_path / "pyproject.toml").write_text("")
    keeps, takes = UPDATES["assigned, old weight"][1], UPDATES["assigned, new weight"][1]
    (tmp_path / "norms.py").write_text(
        written(keeps, name="KeepBatchNorm") + written(takes, name="BatchNorm2d")
    )
    run = tmp_path / "net.py"
    run.write_text(
        "from norms import BatchNorm2d, KeepBatchNorm\n"
        "a = BatchNorm2d(4, mom=0.1)\nb = BatchNorm2d(4, mom=0.9)\n"
        "c = KeepBatchNorm(4, mom=0.1)\nd = KeepBatchNorm(4, mom=0.9)\n"
    )
    assert main(["check", "--output-format", "json", "--no-cache", str(run)]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [(f["code"], f["location"]["row"]) for f in found] == [("BN101", 3), ("BN101", 4)]
    assert "as that class computes it" in found[0]["message"]


def test_experiments_are_on_layers_that_do_the_same() -> None:
    """PyTorch has no layer with the weight of the old value, and none is run in its place."""
    (takes,) = sites(written(UPDATES["assigned, new weight"][1]))
    (keeps,) = sites(written(UPDATES["assigned, old weight"][1]))
    layer = layer_of(takes, "momentum")
    assert layer is not None
    assert (layer.api, dict(layer.arguments)) == ("torch.nn.BatchNorm2d", {"momentum": 0.2})
    assert layer_of(keeps, "momentum") is None
