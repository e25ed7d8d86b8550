"""Numbers that no layer should have: negative, zero, infinite, huge. No rule may crash on one."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st
from one_rule import all_rules

from bnlint.engine.facts import Facts, ReferenceFile, facts_of
from bnlint.engine.inventory import rows, summary
from bnlint.engine.linter import Options, check
from bnlint.finding import Finding
from bnlint.fixing.rounds import fix
from bnlint.frameworks.tables import catalogue
from bnlint.output import Report, render, render_comparison, render_sites, render_translations
from bnlint.porting.compare import Input, compare
from bnlint.porting.translate import TranslateError, translate

_HUGE = f"0x{'f' * 5000}"  # Python reads it, and does not write it in decimal
_WORDS = """
0 0.0 -0.0 1 -1 -1e-4 -1e-5 1e-3 1e-5 0.5 0.9 0.99 True False None 1j '0.1'
float('inf') -1e999 1e999 float('nan') 1e308 -1e308 5e-324 1e-400 10**400 -10**400 2**4000
"""

#: Numbers as source text: at the edges of what floats hold, and beyond them.
NUMBERS = st.one_of(
    st.sampled_from([*_WORDS.split(), _HUGE]),
    st.floats().map(lambda number: f"float({str(number)!r})"),
    st.integers(-2, 2).map(str),
)

#: Layers of each framework, and the arguments that take a number.
LAYERS = {
    "keras": ("keras.layers.BatchNormalization({})", "epsilon", "momentum"),
    "tensorflow": ("tf.compat.v1.layers.batch_normalization(x, {})", "epsilon", "momentum"),
    "slim": ("slim.batch_norm(x, {})", "epsilon", "decay"),
    "torch": ("nn.BatchNorm2d(8, {})", "eps", "momentum"),
    "mindspore": ("mindspore.nn.BatchNorm2d(8, {})", "eps", "momentum"),
    "paddle": ("paddle.nn.BatchNorm2D(8, {})", "epsilon", "momentum"),
    "flax": ("linen.BatchNorm({})", "epsilon", "momentum"),
    "nnx": ("nnx.BatchNorm(8, rngs=r, {})", "epsilon", "momentum"),
    "haiku": ("hk.BatchNorm(True, True, {})", "eps", "decay_rate"),
    "equinox": ("eqx.nn.BatchNorm(8, 'batch', {})", "eps", "momentum"),
}
IMPORTS = """\
import equinox as eqx
import haiku as hk
import keras
import mindspore
import paddle
import tensorflow as tf
import tf_slim as slim
import torch.nn as nn
from flax import linen, nnx
"""


@st.composite
def layers(draw: st.DrawFn) -> str:
    """Return the source of one layer, with or without eps and momentum."""
    template, eps, momentum = draw(st.sampled_from(sorted(LAYERS.values())))
    given_ = [f"{name}={draw(NUMBERS)}" for name in (eps, momentum) if draw(st.integers(0, 2))]
    return template.format(", ".join(given_))


def program(*made: str) -> bytes:
    """Return a file that makes these layers."""
    lines = [f"layer{i} = {text}\n" for i, text in enumerate(made)]
    return (IMPORTS + "".join(lines)).encode()


def shown(findings: tuple[Finding, ...], text: str) -> None:
    """Write findings in every format."""
    for name in ("full", "concise", "json", "github", "grouped"):
        list(render(Report(findings, {"port.py": text}, 1), name))


def facts(data: bytes) -> Facts:
    found = facts_of(data, "port.py")
    assert isinstance(found, Facts)
    return found


@settings(max_examples=300)
@given(layers(), layers(), st.sampled_from([None, *catalogue().families]), st.booleans())
@example("keras.layers.BatchNormalization()", "nn.BatchNorm2d(8, eps=-1)", None, False)
@example("keras.layers.BatchNormalization()", "nn.BatchNorm2d(8, eps=-1e-4)", None, False)
@example("keras.layers.BatchNormalization(epsilon=-1e-4)", "nn.BatchNorm2d(8)", None, False)
@example("keras.layers.BatchNormalization(epsilon=-1e-4)", "nn.BatchNorm2d(8)", None, True)
@example("keras.layers.BatchNormalization()", f"nn.BatchNorm2d({_HUGE})", "keras", False)
def test_no_rule_crashes(first: str, second: str, from_family: str | None, named: bool) -> None:
    rules = all_rules()
    codes = frozenset(loaded.code for loaded in rules)
    references = (ReferenceFile("reference.py", program(first)),) if named else ()
    data = program(second) if named else program(first, second)
    options = Options(codes, codes, "low", from_family, trials=True, references=references)
    result = check(data, "port.py", rules, options)
    assert result.problems == ()
    shown(result.findings, data.decode())
    assert fix(data, "port.py", rules, options, unsafe=True).problems == ()


@settings(max_examples=100)
@given(layers(), layers())
@example("keras.layers.BatchNormalization(epsilon=10**400)", "nn.BatchNorm2d(8)")
def test_tables_take_any_number(first: str, second: str) -> None:
    found = compare(
        [Input("reference.py", program(first))], [Input("port.py", program(second))], all_rules()
    )
    assert found.problems == ()
    for style in ("table", "json"):
        list(render_comparison(found, style))
    listed = rows(facts(program(first, second)))
    list(summary(listed))
    for style in ("table", "concise", "json", "csv"):
        list(render_sites(listed, style))


@settings(max_examples=100)
@given(layers(), st.sampled_from(sorted(catalogue().described)))
@example("keras.layers.BatchNormalization(epsilon=10**400)", "torch")
@example(f"nn.BatchNorm2d(8, eps={_HUGE}, momentum={_HUGE})", "keras")
@example(f"nn.BatchNorm2d({_HUGE})", "flax")
def test_translations_take_any_number(call: str, family: str) -> None:
    from_family = next(name for name, row in LAYERS.items() if call[:6] == row[0][:6])
    try:
        found = translate(call, from_family, [family])
    except TranslateError:
        return
    for style in ("text", "json"):
        list(render_translations(found, style))
