"""Outlines: what can be said of a file without parsing it; they outlive a run unchanged."""

from __future__ import annotations

import ast
import json
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnlint.running.outlines import packed, unpacked
from bnlint.semantics.project.marks import marks_of
from bnlint.semantics.project.outline import Outline, loose_in, outline_of


def outlined(code: str) -> Outline:
    return outline_of(textwrap.dedent(code).lstrip("\n"))


def may_bind(code: str, name: str) -> bool:
    return outline_of(code).binds(name) or loose_in(code).may_bind(name)


BOUND = [
    pytest.param("def f(x):\n    y = x\n", {"f": "function"}, id="a function, not its names"),
    pytest.param("async def f(x):\n    y = x\n", {"f": "function"}, id="an asynchronous function"),
    pytest.param("class A(B):\n    c = 1\n", {"A": "class"}, id="a class, and none of its names"),
    pytest.param("x = 1\nx: int = 2\n", {"x": "variable"}, id="a variable, assigned twice"),
    pytest.param("if a:\n    x = 1\nelse:\n    def f(): ...\n", {"x": "variable", "f": "function"},
                 id="what branches bind"),
    pytest.param("try:\n  x = 1\nexcept E:\n\tx = 2\n", {"x": "variable"},
                 id="what other indentations bind"),
    pytest.param("if a == b:\n    pass\nx == y\n", {}, id="comparisons bind nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "kinds"), BOUND)
def test_binds(code: str, kinds: dict[str, str]) -> None:
    found = outlined(code).bindings
    assert {name: bindings[0].kind for name, bindings in found.items()} == kinds


@pytest.mark.parametrize(
    "head",
    ["if a:", "try:", "else:", "elif b:", "except E:", "finally:", "with a:", "for a in b:",
     "while a:"],
)  # fmt: skip
@pytest.mark.parametrize("inside", ["x = 1", "class x: ...", "def x(): ...", "x: int = 1"])
def test_blocks_bind_what_stands_in_them(head: str, inside: str) -> None:
    """Whatever begins them."""
    found = outline_of(f"y = 1\n{head}\n    {inside}\n    z = 2\nw = 3\n").bindings
    assert set(found) == {"x", "y", "z", "w"}


def test_a_binding_is_the_text_of_its_statement() -> None:
    text = "import a\n\nx = [\n    1,\n]\n@b\ndef f():\n    return x\nif x:\n    y = 1\n    z = 2\n"
    found = outline_of(f"from torch.nn import BatchNorm2d\n{text}")
    said = {
        name: found.text[one.start : one.end].strip() for name, (one, *_) in found.bindings.items()
    }
    assert said == {
        "x": "x = [\n    1,\n]", "f": "def f():\n    return x", "y": "y = 1", "z": "z = 2",
    }  # fmt: skip


MADE_OF = [
    pytest.param("from x import A\nclass B(A):\n    c = A\n", "B", ["A"], id="a class"),
    pytest.param("import x\nB = x.A\n", "B", ["x"], id="a variable, of what is assigned"),
    pytest.param("from x import A, C\nif C:\n    B = A\nelse:\n    B = C\n", "B", ["A", "C"],
                 id="a variable, of all that branches assign"),
    pytest.param("from x import A\ndef f():\n    return A\n", "f", [], id="a function, of nothing"),
    pytest.param("B = A\n", "B", [], id="a name that the file does not bind counts for nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "name", "others"), MADE_OF)
def test_is_made_of(code: str, name: str, others: list[str]) -> None:
    assert [*outlined(code).made_of(name)] == others


@pytest.mark.parametrize(
    "code",
    [
        "x = 1",
        "a, x = f()",
        "a = x = f()",
        "for x in y:\n    pass",
        "with f() as x:\n    pass",
        "if a:\n    if b:\n        x = 1",
        "import x",
        "import a.b as x",
        "from a import (\n    b,\n    c as x,\n)",
        "globals()['x'] = 1",
        "globals().update(y)",
        "def __getattr__(name):\n    return 1",
        "exec('x = 1')",
    ],
)
def test_may_bind(code: str) -> None:
    assert may_bind(code, "x")


@pytest.mark.parametrize(
    "code",
    [
        "y = 1",
        "def f(x):\n    x = 1",
        "class A:\n    x = 1",
        "import a.x",
        "from x import y",
        "print(globals()['__file__'])",
        "",
    ],
)
def test_cannot_bind(code: str) -> None:
    assert not may_bind(code, "x")


def test_text_is_kept_of_files_that_mention_an_api_only() -> None:
    assert outlined("from torch.nn import BatchNorm2d\n").text
    assert not outlined("from torch.nn import Conv2d\n").text


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("from torch.nn import BatchNorm2d", (True, False, False)),
        ("model = resnet50()", (False, True, False)),
        ("model.eval()", (False, False, True)),
        ("def run_prediction(): ...\ndef predict(x): ...", (False, False, True)),
        ("retrieval = 1  # evaluated", (False, False, False)),
    ],
)
def test_marks(text: str, marks: tuple[bool, bool, bool]) -> None:
    assert marks_of(text) == marks


STATEMENTS = st.sampled_from(
    ["import a", "import a.b as c", "from a import b as d", "from . import *",
     "class A(d):\n    x = 1",
     "def f():\n    return BatchNorm2d", "g = A", "h, i = f()",
     "if a:\n    j = g\nelse:\n    j = d",
     "k = l = 1", "globals()['m'] = 1", "# resnet50", "é = 'BatchNorm'"]
)  # fmt: skip


@given(st.lists(STATEMENTS, max_size=12))
def test_names_are_those_that_python_binds(statements: list[str]) -> None:
    text = "\n".join(statements) + "\n"
    outline = outline_of(text)
    tree = ast.parse(text)
    for statement in tree.body:
        for part in ast.walk(statement):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                is_inside = isinstance(statement, (ast.ClassDef, ast.FunctionDef))
                assert is_inside or may_bind(text, part.id)
        if isinstance(statement, (ast.ClassDef, ast.FunctionDef)):
            assert outline.bindings[statement.name]


@given(st.lists(STATEMENTS, max_size=12))
def test_outlives_a_run(statements: list[str]) -> None:
    text = "\n".join(statements) + "\n"
    outline = outline_of(text)
    again = unpacked(json.loads(json.dumps(packed(outline))), text)
    assert again is not None
    for name in Outline.__slots__:
        assert getattr(again, name) == getattr(outline, name)


@pytest.mark.parametrize(
    "data",
    [[], [1] * 5, [{}, {}, [], {"x": [[9, [], 0, 1]]}, 0], [{}] * 9, "abcde"],
)
def test_damaged_data_is_none(data: object) -> None:
    assert unpacked(data, "") is None  # type: ignore[arg-type]
