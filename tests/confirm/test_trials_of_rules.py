"""Each rule whose findings have numbers states an experiment, and that shows its hazard."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from bench import CODES, RULES, Bench

from bnlint.confirm.verdicts import Laboratory
from bnlint.engine.documentation import Example, page
from bnlint.engine.linter import Options, check
from bnlint.engine.registry import LoadedRule
from bnlint.finding import Finding
from bnlint.frameworks.tables import catalogue

#: Rules whose findings have numbers. Those of others are about no layer that can be built from the
#: tables and literals alone: code that raises or does nothing, what stands around layers, weights,
#: files and comments.
PROVEN = frozenset(
    f"BN{number}"
    for number in (
        *range(101, 111), 115, *range(201, 210), 211, 213, 215, 216, *range(251, 256),
        *range(257, 261), 305, *range(401, 406), 410, 412, 503, 603, 604,
    )
)  # fmt: skip

#: What else has numbers, by rule: the documented hazards of the first two have none.
MORE = {
    "BN107": """
        import torch.nn as nn
        from tensorflow import keras

        reference = nn.BatchNorm2d(8, momentum=None)
        port = keras.layers.BatchNormalization()
    """,
    "BN109": """
        from mindspore import nn, ops

        M = 1 - 0.1

        def pair(x, scale, bias, mean, var):
            layer = nn.BatchNorm2d(8, momentum=M)
            return ops.batch_norm(layer(x), mean, var, scale, bias, training=True, momentum=M)
    """,
}

#: Documented hazards without numbers: what is built raises, or is given what is not known.
RAISES = {("BN107", 0), ("BN108", 1), ("BN109", 0)}

HAZARDS = [
    pytest.param(loaded, example, id=f"{loaded.code} {number}")
    for loaded in RULES
    if loaded.code in PROVEN
    for number, example in enumerate(e for e in page(loaded.module).examples if e.hazard)
    if (loaded.code, number) not in RAISES
] + [
    pytest.param(loaded, Example(True, None, textwrap.dedent(MORE[loaded.code])), id=loaded.code)
    for loaded in RULES
    if loaded.code in MORE
]


def findings(loaded: LoadedRule, example: Example) -> list[Finding]:
    options = Options(CODES, frozenset({loaded.code}), from_family=example.from_family, trials=True)
    result = check(example.code.encode(), "port.py", RULES, options)
    assert result.problems == ()
    return [finding for finding in result.findings if finding.code == loaded.code]


@pytest.mark.parametrize(("loaded", "example"), HAZARDS)
def test_hazard_is_predicted_without_frameworks_and_confirmed_with_them(
    loaded: LoadedRule, example: Example
) -> None:
    """The fixed layer is known where a fix can be written, and leaves nothing of the difference."""
    found = findings(loaded, example)
    assert found
    for finding in found:
        assert finding.trial is not None
        predicted = Laboratory(Bench()).judge(finding.trial, "cpu")
        assert (predicted.verdict, bool(predicted.about)) == ("predicted", True)
        confirmed = Laboratory(Bench(*catalogue().tables)).judge(finding.trial, "cpu")
        assert confirmed.verdict == "confirmed"
        fix = finding.fix
        if fix is not None and fix.edits:
            assert confirmed.after is not None


def test_rules_whose_hazards_have_experiments_are_held_to_them() -> None:
    stated = {
        loaded.code
        for loaded in RULES
        for example in page(loaded.module).examples
        if example.hazard
        for finding in findings(loaded, example)
        if finding.trial is not None
    }
    assert stated | MORE.keys() == PROVEN


#: A class that computes batch normalisation, with its momentum before the old value or the new.
HANDWRITTEN = """
    import torch
    from torch import nn
    from tensorflow import keras

    class Norm(nn.Module):
        def __init__(self, width, eps=1e-3, mom=0.5):
            super().__init__()
            self.eps = eps
            self.momentum = mom
            self.register_buffer("running_mean", torch.zeros(width))
            self.register_buffer("running_var", torch.ones(width))

        def forward(self, x):
            mean, var = x.mean(0), x.var(0, unbiased=False)
            self.running_mean = {old} * self.running_mean + {new} * mean
            self.running_var = {old} * self.running_var + {new} * var
            return (x - mean) / torch.sqrt(var + self.eps)

    reference = keras.layers.BatchNormalization(momentum=0.75, epsilon=1e-3)
    norm = Norm(8, mom={momentum})
"""
OWN, REST = "self.momentum", "(1 - self.momentum)"


@pytest.mark.parametrize(
    ("code", "momentum", "against"),
    [
        ("BN101", 0.9, {"momentum": 0.75}),
        ("BN102", 0.05, {"momentum": 0.75}),
        ("BN106", 0.0, {}),
    ],
)
def test_a_class_that_does_as_a_layer_does_stands_for_it(
    code: str, momentum: float, against: dict[str, float]
) -> None:
    """Whatever it calls its argument; in another convention than the layer's it stands for none."""
    (loaded,) = (loaded for loaded in RULES if loaded.code == code)
    alike = textwrap.dedent(HANDWRITTEN.format(old=REST, new=OWN, momentum=momentum))
    (finding,) = findings(loaded, Example(True, "keras", alike))
    assert finding.trial is not None
    assert finding.trial.port.arguments == (("momentum", momentum),)
    assert finding.trial.reference is not None
    assert dict(finding.trial.reference.arguments) == against
    kept = momentum if code == "BN106" else 1 - momentum
    other = textwrap.dedent(HANDWRITTEN.format(old=OWN, new=REST, momentum=kept))
    (finding,) = findings(loaded, Example(True, "keras", other))
    assert finding.trial is None


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("nn.BatchNorm2d(8, epsilon=1e-3)", id="a call that raises"),
        pytest.param("keras.layers.BatchNormalization(0.9)", id="an axis"),
    ],
)
def test_what_cannot_be_run_makes_no_experiment(code: str) -> None:
    (loaded,) = (loaded for loaded in RULES if loaded.code == "BN108")
    text = f"import torch.nn as nn\nfrom tensorflow import keras\nlayer = {code}\n"
    (finding,) = findings(loaded, Example(True, None, text))
    assert finding.trial is None


def test_several_values_of_a_momentum_make_no_experiment() -> None:
    (loaded,) = (loaded for loaded in RULES if loaded.code == "BN101")
    text = (
        "import torch.nn as nn\n"
        "def block(c, mom):\n    return nn.BatchNorm2d(c, momentum=mom)\n"
        "first, second = block(8, 0.9), block(8, 0.99)\n"
    )
    (finding,) = findings(loaded, Example(True, None, text))
    assert finding.trial is None


def test_a_fixed_layer_is_not_taken_from_another_file(tmp_path: Path) -> None:
    """The same is written in both, and in the second it cannot be told what that makes."""
    second = "import torch.nn as nn\ndef block(n, M):\n    return nn.BatchNorm2d(n, momentum=M)\n"
    first = f"{second}net = block(8, M=0.99)\n"
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "net.py").write_text("from layers import block\nnet = block(8, M=0.99)\n")
    (tmp_path / "layers.py").write_text(second)
    options = Options(CODES, folder=str(tmp_path), trials=True)
    found = [
        finding
        for name, text in (("first.py", first), ("layers.py", second))
        for finding in check(text.encode(), name, RULES, options).findings
    ]
    trials = [finding.trial for finding in found if finding.trial is not None]
    assert [trial.port for trial in trials] == [trials[0].port] * 2
    assert [finding.fix.edits[0].text for finding in found if finding.fix] == ["1 - "] * 2
    assert trials[0].fixed is not None
    assert trials[1].fixed is None
