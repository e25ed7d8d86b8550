"""Local response normalisation is compared by what it computes, not by what its arguments say."""

from __future__ import annotations

import textwrap

import pytest
from pairs import run_pair

from bnlint.confirm.pool import Pool
from bnlint.confirm.verdicts import CONFIRMED, Laboratory
from bnlint.engine.linter import Options, check
from bnlint.engine.registry import load_rules
from bnlint.finding import MANUAL, SAFE, UNSAFE, Finding


def found(code: str, from_family: str | None = None, *, trials: bool = False) -> list[Finding]:
    """Return the findings of the rule on a piece of code."""
    source = textwrap.dedent(code).lstrip("\n").encode()
    options = Options(
        frozenset({"BN115"}), from_family=from_family, min_confidence="low", trials=trials
    )
    result = check(source, "x.py", load_rules(), options)
    assert result.problems == ()
    return list(result.findings)


IMPORTS = """\
import chainer.functions as CF
import mxnet as mx
import paddle
import tensorflow as tf
import torch.nn as nn
import torch.nn.functional as F
from mindspore import ops
"""

ALEX_NET = "nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=2.0)"


def pair(reference: str, port: str) -> str:
    """Return a file with both, the reference in line 9 and the port in line 11."""
    return f"{IMPORTS}def reference(x):\n    return {reference}\ndef port(x):\n    return {port}\n"


#: A reference, a port, and what the advice says.
HAZARDS = [
    pytest.param(ALEX_NET, "tf.nn.lrn(x, 5, 2.0, 1e-4, 0.75)",
                 "write depth_radius=2, alpha=2e-05: 2 channels before and 2 after each are in "
                 "the window there", id="the numbers of another framework"),
    pytest.param(ALEX_NET, "tf.nn.lrn(x, 2, bias=2.0, alpha=1e-4, beta=0.75)",
                 "write alpha=2e-05", id="an alpha that was divided"),
    pytest.param(ALEX_NET, "tf.nn.local_response_normalization(x, 2, 2.0, 2e-5)",
                 "write beta=0.75", id="an exponent left at its default"),
    pytest.param("F.local_response_norm(x, 5, 1e-4, 0.75, 2)",
                 "CF.local_response_normalization(x, 5, 2, 1e-4, 0.75)",
                 "write alpha=2e-05", id="sizes alike, alpha not"),
    pytest.param("mx.nd.LRN(x, nsize=5)", ALEX_NET.replace(", k=2.0", ""),
                 "write k=2.0", id="what is added is 2 by default"),
    pytest.param("tf.nn.lrn(x, 2, 2.0, 2e-5, 0.75)", ALEX_NET.replace("1e-4", "2e-5"),
                 "write alpha=0.0001", id="an alpha that is to be multiplied"),
    pytest.param("tf.nn.lrn(x)", "nn.LocalResponseNorm(5, 1.0, 0.5)",
                 "write size=11, alpha=11.0: 5 channels before and 5 after each are in the window "
                 "there", id="a radius taken for a size"),
    pytest.param("paddle.nn.LocalResponseNorm(5)", "ops.lrn(x)",
                 "write depth_radius=2, alpha=2e-05, beta=0.75: 2 channels before and 2 after each "
                 "are in the window there", id="all defaults"),
    pytest.param("nn.LocalResponseNorm(4)", "mx.nd.LRN(x, nsize=4, knorm=1)",
                 "sum the squares by hand: 2 channels before and 1 after each are in the window "
                 "there, which no nsize says", id="an even window"),
]  # fmt: skip


def family(call: str) -> str:
    """Return the family of a call."""
    heads = {"nn": "torch", "F": "torch", "tf": "tensorflow", "mx": "mxnet", "CF": "chainer"}
    head = call.partition(".")[0]
    return heads.get(head, "mindspore" if head == "ops" else head)


@pytest.mark.parametrize(("reference", "port", "advice"), HAZARDS)
def test_a_difference_is_reported(reference: str, port: str, advice: str) -> None:
    (finding,) = found(pair(reference, port), family(reference))
    assert finding.span.row == 11
    assert finding.help == advice
    assert finding.fix is not None
    assert finding.fix.applicability == (MANUAL if "by hand" in advice else SAFE)


CLEAN = [
    pytest.param(ALEX_NET, "tf.nn.lrn(x, 2, 2.0, 2e-5, 0.75)", id="brought to TensorFlow"),
    pytest.param(ALEX_NET, "ops.lrn(x, 2, 2.0, 1e-4 / 5, 0.75)", id="alpha divided in the code"),
    pytest.param(ALEX_NET, "mx.nd.LRN(x, nsize=5)", id="the defaults of MXNet"),
    pytest.param(ALEX_NET, "paddle.nn.LocalResponseNorm(5, k=2.0)", id="as in Paddle"),
    pytest.param(ALEX_NET, "CF.local_response_normalization(x, alpha=2e-5)", id="in Chainer"),
    pytest.param("tf.nn.lrn(x)", "nn.LocalResponseNorm(11, 11.0, 0.5)", id="a default of radius 5"),
    pytest.param("tf.nn.lrn(x, r, 2.0, 2e-5, 0.75)", ALEX_NET, id="a window that is not known"),
    pytest.param("tf.nn.lrn(x, 2, 2.0, a, 0.75)", ALEX_NET, id="an alpha that is not known"),
    pytest.param(ALEX_NET, "tf.nn.lrn(x, 2, k, 2e-5, 0.75)", id="an argument that is not known"),
    pytest.param("nn.LocalResponseNorm(4)", "paddle.nn.LocalResponseNorm(4)", id="even, as there"),
    pytest.param("mx.nd.LRN(x, nsize=4, knorm=1)", "nn.LocalResponseNorm(3, 0.75e-4)",
                 id="an even window that is odd in truth"),
    pytest.param("nn.LocalResponseNorm(5)", "nn.LocalResponseNorm(3)", id="one framework"),
]  # fmt: skip


@pytest.mark.parametrize(("reference", "port"), CLEAN)
def test_no_difference_is_reported(reference: str, port: str) -> None:
    assert found(pair(reference, port), family(reference)) == []


def test_message() -> None:
    (finding,) = found(pair(ALEX_NET, "tf.nn.lrn(x, 5, 2.0, 1e-4, 0.75)"), "torch")
    assert finding.message == (
        "local_response_normalization (local response normalisation) has depth_radius=5, "
        "alpha=0.0001, the PyTorch layer (line 9) has size=5, alpha=0.0001 (divided by the size)"
    )
    assert [(v.argument, v.port, v.reference) for v in finding.values] == [
        ("size", 5.0, 2),
        ("alpha", 1e-4, 2e-5),
    ]


DECLARED = [
    pytest.param("tf.nn.lrn(x, 2, 2.0, 2e-5)", "torch", ["beta"], id="a default"),
    pytest.param("tf.nn.lrn(x, 2, 2.0, 1e-4, 0.75)", "torch", ["alpha"], id="their alpha"),
    pytest.param("tf.nn.lrn(x, 2, 2.0, 3e-4, 0.7)", "torch", [], id="numbers of its own"),
    pytest.param("tf.nn.lrn(x, 2)", "mindspore", [], id="the same defaults"),
    pytest.param("mx.nd.LRN(x, nsize=5)", "torch", ["k"], id="what is added"),
    pytest.param("tf.nn.lrn(x)", "keras", [], id="Keras has no such layer"),
    pytest.param("nn.LocalResponseNorm(5)", None, [], id="no reference"),
    pytest.param("nn.LayerNorm(5)", "tensorflow", [], id="another kind"),
    pytest.param("nn.CrossMapLRN2d(5)", "tensorflow", [], id="a layer that nobody has explained"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "declared", "roles"), DECLARED)
def test_a_declared_framework(call: str, declared: str | None, roles: list[str]) -> None:
    findings = found(f"{IMPORTS}def f(x):\n    return {call}\n", declared)
    assert [value.argument for finding in findings for value in finding.values] == roles
    for finding in findings:
        assert (finding.severity, finding.fix and finding.fix.applicability) == ("warning", UNSAFE)
        assert finding.confidence == ("low" if roles == ["alpha"] else "medium")


LIKE = """
import tensorflow as tf
def stem(x):
    return tf.nn.lrn(x, 2, 2.0, 2e-5, 0.75)
def head(x):
    return tf.nn.lrn(x, 2, 1.0, 2e-5, 0.75)
"""


@pytest.mark.parametrize(
    ("port", "confidence"),
    [
        pytest.param("stem = nn.LocalResponseNorm(5)\nhead = nn.LocalResponseNorm(5)", "high",
                     id="as many in the same order"),
        pytest.param("first = nn.LocalResponseNorm(5)", "medium", id="the most alike"),
    ],
)  # fmt: skip
def test_layers_that_are_paired_by_likeness_are_less_sure(port: str, confidence: str) -> None:
    code = f"import torch.nn as nn\n{port}\n"
    (finding,) = run_pair("BN115", LIKE, code)
    assert [value.argument for value in finding.values] == ["k"]
    assert finding.confidence == confidence


#: What is known of a reference, and of a port that differs from it in one argument.
UNKNOWN = [
    pytest.param("size, 1e-4, 0.75, 2.0", "2, 1.0, 2e-5, 0.75", {"depth_radius": 2}, id="window"),
    pytest.param("5, rate, 0.75, 2.0", "2, 1.0, 2e-5, 0.75", {"alpha": 2e-5}, id="alpha"),
    pytest.param("5, 1e-4, power, 2.0", "2, 1.0, 2e-5, 0.5", {"beta": 0.75}, id="beta"),
    pytest.param("5, 1e-4, 0.75, k", "2, 1.0, 1e-4, 0.75", {"bias": 2.0}, id="k"),
]


@pytest.mark.parametrize(("reference", "port", "taken"), UNKNOWN)
def test_what_is_not_known_of_the_reference_is_as_in_alex_net(
    reference: str, port: str, taken: dict[str, float]
) -> None:
    """On both sides of the experiment: it is about the argument that is known to differ."""
    ends = f"nn.LocalResponseNorm({reference})", f"tf.nn.lrn(x, {port})"
    (finding,) = found(pair(*ends), "torch", trials=True)
    assert finding.trial is not None
    assert finding.trial.fixed is not None
    assert taken.items() <= dict(finding.trial.port.arguments).items()
    assert taken.items() <= dict(finding.trial.fixed.arguments).items()
    assert finding.trial.reference is not None
    theirs = {"size": 5, "alpha": 1e-4, "beta": 0.75, "k": 2.0}
    assert dict(finding.trial.reference.arguments) == theirs


@pytest.mark.torch
@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("call", "least"),
    [
        ("tf.nn.lrn(x, 5, 2.0, 1e-4, 0.75)", 0.5),
        ("tf.nn.lrn(x, 2, 2.0, 1e-4, 0.75)", 0.5),
        ("tf.nn.lrn(x, 2, 2.0, 2e-5)", 0.5),
        ("tf.nn.lrn(x, 2, 1.0, 2e-5, 0.75)", 0.01),
    ],
)
def test_the_difference_is_run(call: str, least: float) -> None:
    """Both sides run, they differ, and with the fix they do not."""
    findings = found(pair(ALEX_NET, call), "torch", trials=True)
    with Pool({}) as pool:
        (confirmed,) = Laboratory(pool, "cpu").confirm(findings)
    outcome = confirmed.confirmation
    assert outcome is not None
    assert outcome.verdict == CONFIRMED
    assert outcome.before is not None
    assert outcome.before > least
    assert outcome.after is not None
    assert outcome.after < 1e-6
    assert outcome.port.startswith("tensorflow ")
    assert outcome.reference.startswith("torch ")
