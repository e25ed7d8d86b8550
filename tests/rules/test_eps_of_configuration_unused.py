"""Layers that leave a configured eps aside are told by their neighbours and by the reference."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest

from bnlint.cli.main import main
from bnlint.engine.linter import Options, check
from bnlint.engine.registry import load_rules
from bnlint.finding import Finding

OPTIONS = Options(frozenset({"BN114"}), min_confidence="low")


def found(code: str) -> list[Finding]:
    """Return the findings of the rule on a piece of code."""
    source = textwrap.dedent(code).lstrip("\n").encode()
    result = check(source, "x.py", load_rules(), OPTIONS)
    assert result.problems == ()
    return list(result.findings)


HEAD = """\
import mlx.nn as mnn
import paddle
import torch
import torch.nn as nn
"""


def module(*layers: str, given: str = "config", name: str = "Block") -> str:
    """Return a module that builds layers in its constructor."""
    lines = [f"self.l{i} = {layer}" for i, layer in enumerate(layers)]
    body = "".join(f"        {line}\n" for line in lines)
    head = f"class {name}(nn.Module):\n    def __init__(self, {given}):\n"
    return f"{head}        super().__init__()\n{body}"


KEYED = "nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)"
LEFT = "nn.LayerNorm(config.hidden_size)"

HAZARDS = [
    pytest.param(
        HEAD + module(KEYED, LEFT), 9, "low", ", eps=config.layer_norm_eps", id="in one class"
    ),
    pytest.param(
        HEAD + module(KEYED) + module(LEFT, name="Head"), 12, "low",
        ", eps=config.layer_norm_eps", id="in two, the size of the same configuration",
    ),
    pytest.param(
        HEAD + module(
            "mnn.RMSNorm(args.dim, args.rms_norm_eps)", "mnn.RMSNorm(args.dim)", given="args"
        ), 9, "low", ", eps=args.rms_norm_eps", id="by place, RMS normalisation of MLX",
    ),
    pytest.param(
        HEAD + module(
            "paddle.nn.LayerNorm(8, epsilon=config['layer_norm_eps'])", "paddle.nn.LayerNorm(8)"
        ), 9, "low", ", epsilon=config['layer_norm_eps']", id="a key of a dictionary",
    ),
    pytest.param(
        HEAD + module(
            "nn.BatchNorm1d(8, eps=self.config.batch_norm_eps)", "nn.BatchNorm1d(8)"
        ), 9, "low", ", eps=self.config.batch_norm_eps", id="batch normalisation",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("code", "row", "confidence", "text"), HAZARDS)
def test_a_layer_that_leaves_it_aside_is_reported(
    code: str, row: int, confidence: str, text: str
) -> None:
    (finding,) = found(code)
    assert (finding.span.row, finding.confidence) == (row, confidence)
    assert finding.fix is not None
    assert (finding.fix.applicability, finding.fix.edits[0].text) == ("unsafe", text)


def test_the_message_says_what_the_others_take_and_what_to_write() -> None:
    (finding,) = found(HEAD + module(KEYED, LEFT))
    assert finding.message == (
        "LayerNorm (layer normalisation) leaves eps at PyTorch's default 1e-05, the layers beside "
        "it take config.layer_norm_eps (line 8)"
    )
    assert finding.help == "write eps=config.layer_norm_eps"


CLEAN = [
    pytest.param(HEAD + module(KEYED, KEYED), id="all take it"),
    pytest.param(HEAD + module(LEFT, LEFT), id="none does"),
    pytest.param(HEAD + module(KEYED, "nn.LayerNorm(8, eps=1e-6)"), id="an eps of its own"),
    pytest.param(HEAD + module(KEYED, "nn.GroupNorm(4, 8)"), id="another kind"),
    pytest.param(
        HEAD + module(KEYED, "paddle.nn.LayerNorm(config.hidden_size)"), id="another framework"
    ),
    pytest.param(
        HEAD + module(KEYED) + module("nn.LayerNorm(dim)", given="dim", name="Head"),
        id="nothing to take it of",
    ),
    pytest.param(
        HEAD + module(KEYED) + module("nn.LayerNorm(self.dim)", name="Head"),
        id="in another class, a size of its own",
    ),
    pytest.param(
        HEAD + module(KEYED) + module("nn.LayerNorm(vision.dim)", given="vision", name="Head"),
        id="another configuration",
    ),
    pytest.param(
        HEAD + module(KEYED, "nn.LayerNorm(8, eps=config.other_norm_eps)", LEFT),
        id="two keys",
    ),
    pytest.param(
        HEAD + module("nn.LayerNorm(8, eps=self.eps)", "nn.LayerNorm(8)"), id="no configuration"
    ),
    pytest.param(HEAD + module("nn.LayerNorm(config.steps, eps=config.steps)", LEFT), id="no eps"),
    pytest.param(
        HEAD + module(KEYED, "norm(8)", given="config, norm=nn.LayerNorm"), id="chosen by callers"
    ),
    pytest.param(
        HEAD + module(KEYED, "nn.LayerNorm(8, **config.more)"), id="arguments that are not in view"
    ),
]


@pytest.mark.parametrize("code", CLEAN)
def test_nothing_is_reported(code: str) -> None:
    assert found(code) == []


CONFIGURATION = "from transformers import BertConfig\n"
REFERENCE = HEAD + module(KEYED, "nn.LayerNorm(8, eps=1e-6)")
PORT = """\
from tensorflow import keras

class Block(keras.layers.Layer):
    def __init__(self, config):
        super().__init__()
        self.l0 = keras.layers.LayerNormalization({eps})
        self.l1 = keras.layers.LayerNormalization(epsilon=1e-6)
"""


def compared(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    eps: str,
    *arguments: str,
    reference: str = REFERENCE,
) -> tuple[int, str]:
    """Return the exit code and the output of a comparison with the reference."""
    (folder / "ref.py").write_text(reference)
    (folder / "port.py").write_text(PORT.format(eps=eps))
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.chdir(folder)
    code = main(["compare", "ref.py", "port.py", *arguments])
    monkeypatch.undo()
    return code, capsys.readouterr().out


def test_the_reference_tells_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = CONFIGURATION + REFERENCE
    code, out = compared(tmp_path, capsys, "", "--output-format", "json", reference=source)
    (finding,) = json.loads(out)["findings"]
    assert (code, finding["code"], finding["fix"]) == (1, "BN114", None)
    assert finding["message"] == (
        "LayerNormalization (layer normalisation) leaves epsilon at Keras's default 0.001, the "
        "reference takes config.layer_norm_eps, by default 1e-12 (ref.py:9)"
    )
    assert finding["help"] == "pass layer_norm_eps of the configuration as epsilon"


@pytest.mark.parametrize(
    "eps",
    [
        pytest.param("epsilon=config.layer_norm_eps", id="the same key"),
        pytest.param("epsilon=self.config.layer_norm_epsilon", id="in other words"),
        pytest.param("epsilon=1e-12", id="a number, which may be what the key holds"),
        pytest.param("epsilon=eps", id="something that is not in view"),
    ],
)
def test_the_reference_is_silent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], eps: str
) -> None:
    source = CONFIGURATION + REFERENCE
    code, out = compared(tmp_path, capsys, eps, "--output-format", "json", reference=source)
    assert (code, json.loads(out)["findings"]) == (0, [])


def test_the_table_shows_the_keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out = compared(tmp_path, capsys, "")
    assert "eps      config.layer_norm_eps  0.001" in out
    _, out = compared(tmp_path, capsys, "epsilon=config.layer_norm_eps", "--all")
    assert "config.layer_norm_eps" in out
    assert "Not compared" not in out
    _, out = compared(tmp_path, capsys, "epsilon=1e-12")
    assert "Not compared, since a side is not known: eps in 1 pair." in out


@pytest.mark.parametrize(("eps", "told"), [("1e-12", True), ("1e-6", False)])
def test_two_configurations_say_it_where_they_agree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], eps: str, told: bool
) -> None:
    """Where they do not, it is said with low confidence alone."""
    source = f"{CONFIGURATION}class HeadConfig:\n    layer_norm_eps = {eps}\n{REFERENCE}"
    _, out = compared(tmp_path, capsys, "", "--output-format", "json", reference=source)
    said = [finding["message"] for finding in json.loads(out)["findings"]]
    assert [", by default 1e-12" in message for message in said] == [True] * told


HELD = [
    pytest.param("    layer_norm_eps: float = 1e-12\n", ", by default 1e-12", id="an attribute"),
    pytest.param(
        "    def __init__(self, dim, *, layer_norm_eps=1e-6):\n        self.dim = dim\n",
        ", by default 1e-06",
        id="an argument",
    ),
    pytest.param(
        '    """Says what a block is."""\n'
        "    def to_dict(self):\n        return {}\n"
        "    def __init__(self, *, dim, layer_norm_eps=1e-6):\n        self.dim = dim\n",
        ", by default 1e-06",
        id="an argument, below other methods",
    ),
    pytest.param(
        "    def __init__(self, dim=8):\n        self.dim = dim\n", None, id="no such argument"
    ),
    pytest.param("    layer_norm_eps = '1e-6'\n", None, id="a text"),
    pytest.param("    layer_norm_eps = NORM_EPS\n", None, id="not a number"),
    pytest.param("    steps = 8\n", None, id="another key"),
    pytest.param("    layer_norm_eps = 1e-3\n", None, id="the same: only some checkpoints differ"),
]


@pytest.mark.parametrize(("held", "holds"), HELD)
def test_configurations_in_view_say_what_the_key_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], held: str, holds: str | None
) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "__init__.py").write_text("")
    (tmp_path / "configuration.py").write_text(f"class BlockConfig:\n{held}")
    source = f"from .configuration import BlockConfig\n{REFERENCE}"
    _, out = compared(tmp_path, capsys, "", "--output-format", "json", reference=source)
    said = [finding["message"] for finding in json.loads(out)["findings"]]
    told = "leaves epsilon at Keras's default 0.001, the reference takes config.layer_norm_eps"
    assert [told in message for message in said] == [True] * (holds is not None)
    assert all(message.endswith(f"{holds} (ref.py:9)") for message in said)
