"""Fixes of calls in generated layouts: comments and code elsewhere stay, and twice is once."""

from __future__ import annotations

import ast
import io
import tokenize

from changes import fixed
from hypothesis import given, settings
from hypothesis import strategies as st

from bnlint.engine.linter import Result

#: What may stand between two tokens of a call.
SPACE = st.sampled_from(
    [
        "",
        "",
        " ",
        "  ",
        "\n    ",
        "\n\t",
        "\n",
        "  # a\n    ",
        "\n    # b\n    ",
        "\n\n  ",
        " \\\n  ",
    ]
)
EXTRA = st.lists(
    st.sampled_from(
        ["affine=True", "device = None", "dtype=f(1,  # c\n  2)", "track_running_stats=not False"]
    ),
    unique=True,
    max_size=3,
)
NAMED = st.sampled_from(
    ["", "epsilon=1e-3", "epsilon = 0.001", "momentum=0.99", "momentum= (0.9)", "eps=1e-3"]
)
AROUND = st.sampled_from(
    ["bn = {}", "bn = [{}, 1]  # d", "if x:\n  bn = f(\n    {},  # e\n  )", "x = 1; bn = {}; y = 2"]
)


@st.composite
def calls(draw: st.DrawFn) -> str:
    """Return a program with one call of a layer, in any layout that parses."""
    arguments = ["64", *draw(EXTRA)]
    named = draw(NAMED)
    if named:
        arguments.insert(draw(st.integers(1, len(arguments))), named)
    if draw(st.booleans()):
        arguments.append("**kw")
    text = "nn.BatchNorm2d("
    for index, argument in enumerate(arguments):
        text += draw(SPACE) + argument + draw(SPACE)
        if index < len(arguments) - 1 or draw(st.booleans()):
            text += "," + draw(SPACE)
    lines = ["import torch.nn as nn", "kw = dict(device=None)", draw(AROUND).format(text + ")")]
    program = "\n".join(lines) + draw(st.sampled_from(["", "\n", "  # end", "\n# end\n"]))
    return program.replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n", "\r"])))


def comments(text: str) -> list[str]:
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    tokens = tokenize.generate_tokens(io.StringIO(plain).readline)
    return [token.string for token in tokens if token.type == tokenize.COMMENT]


def without_layer(text: str) -> tuple[str, dict[str, str]]:
    """Return the dump of a program without the arguments of its layer, and the keywords of that."""
    tree = ast.parse(text)
    keywords: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            keywords = {str(k.arg): ast.unparse(k.value) for k in node.keywords}
            node.keywords = []
    return ast.dump(tree), keywords


@settings(max_examples=300)
@given(calls(), st.sampled_from([None, "keras"]))
def test_generated_calls(program: str, from_family: str | None) -> None:
    ast.parse(program)  # what is generated must be a program
    before, old = without_layer(program)
    result: Result = fixed(program, from_family=from_family)
    assert result.notices == ()
    wanted = dict(old)
    if "epsilon" in wanted:
        wanted["eps"] = wanted.pop("epsilon")
    if "momentum" in wanted:
        wanted["momentum"] = {"0.99": "0.01", "0.9": "0.1"}[wanted["momentum"]]
    if from_family is not None:
        wanted = {"eps": "0.001", "momentum": "0.01", **wanted}
    text = (result.after or program.encode()).decode()
    after, new = without_layer(text)
    assert after == before
    assert new == wanted
    assert comments(text) == comments(program)
    assert {"\r\n" in text, "\n" in text.replace("\r\n", "")} == {
        "\r\n" in program, "\n" in program.replace("\r\n", "")
    }  # fmt: skip
    assert fixed(text, from_family=from_family).after is None
