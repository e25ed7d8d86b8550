"""A file whose text was edited is as one that is parsed anew, though little of it was parsed."""

from __future__ import annotations

import ast
import random
from pathlib import Path

import pytest

from bnlint.semantics.syntax import module as modules
from bnlint.semantics.syntax.edited import edited
from bnlint.semantics.syntax.module import Module, parse

CODE = '''\
"""What it is."""
import torch

from torch import (
    nn,
)


@decorated(
    1
)
class Net(nn.Module):
    """A net."""

    def __init__(self, n):
        super().__init__()
        self.bn = nn.BatchNorm2d(n); self.n = n

    # what it does
    async def forward(self, x):
        global calls
        calls = f"{x!r:>{self.n}}"
        if (m := self.n) > 1:
            def inner(y):
                return y[0]
            return inner(x)
        return self.bn(x)


if True:
    first = 1
else:
    first = 2
d = {"a": 1}; d["b"] = 2
last = (lambda z: z)(3)
'''

#: What is replaced by what, and whether only a part of the text is parsed for it.
EDITS = [
    pytest.param("return y[0]", "return y[1] + (k := 2)", True, id="in a function of a function"),
    pytest.param("return y[0]", "return (y[0]", False, id="no Python"),
    pytest.param("self.bn(x)\n", "self.bn(x)\n\n    x = 1\n", True, id="after a method"),
    pytest.param("self.bn(x)\n", "self.bn(x)\nx = 1\n", True, id="after a class"),
    pytest.param("self.bn(x)\n", "self.bn(x)\n# a comment\n", True, id="a comment"),
    pytest.param("self.n = n\n", "self.n = n;\n", True, id="a semicolon"),
    pytest.param("\n    async def", "\n    @cached\n    async def", True, id="a decorator"),
    pytest.param(
        "    async def", "    @cached\n\n    x = 1\n    async def", False, id="a loose one"
    ),
    pytest.param("    def __init__", "  def __init__", False, id="dedented"),
    pytest.param('    """A net."""', '   """A net."""', False, id="first of a class, dedented"),
    pytest.param("    1\n)", "    2, 3\n)", True, id="in a decorator"),
    pytest.param("import torch\n", "", True, id="an import gone"),
    pytest.param('"""What it is."""\n', "", True, id="the first line gone"),
    pytest.param('"""What it is."""', '"""What', False, id="a string that does not end there"),
    pytest.param("last = ", "last = \\\n    ", True, id="a line that goes on"),
    pytest.param(
        "    first = 1\nelse:", "    first = 1\n    first += 1\nelse:", True, id="a branch"
    ),
    pytest.param("else:\n    first = 2\n", "", True, id="a branch gone"),
    pytest.param("if True:\n    first = 1\n", "", False, id="an else without if"),
    pytest.param("d = {", "é = {", True, id="other than ASCII"),
    pytest.param("(3)\n", "(3)", True, id="the last line end gone"),
    pytest.param("(3)\n", "(3)\n\\\n", False, id="a line that goes on to nowhere"),
    pytest.param("\n\n\n@decorated", "\n\\\n\n@decorated", True, id="a lone backslash"),
    pytest.param(CODE, "", True, id="nothing left"),
]


def seen(module: Module) -> list[object]:
    """Return all that a parsed file knows, as plain data."""
    nodes = [n for n in ast.walk(module.tree) if isinstance(n, (ast.stmt, ast.expr))]
    return [
        module.text,
        ast.dump(module.tree, include_attributes=True),
        sorted((_told(n), _told(p)) for n, p in module.parents.items()),
        {name: [_told(n) for n in module.uses.of(name)] for name in sorted(module.uses.nodes)},
        [
            [_told(n) for n in found]
            for found in (
                module.calls, module.stores, module.keyed_stores, module.dicts, module.imports,
                module.functions, module.classes, module.walruses,
            )
        ],
        {name: [_told(c) for c in calls] for name, calls in module.calls_by_name.items()},
        module.outer,
        [_told(module.scope_node(n)) for n in nodes],
        [[_told(d) for d in module.definitions(n)] for n in nodes],
        [module.place(n).position for n in nodes if isinstance(n, ast.stmt)],
        [module.source(n) for n in nodes],
    ]  # fmt: skip


def _told(node: ast.AST) -> tuple[str, int, int, int, int]:
    row, column = getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
    end, end_column = getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0)
    return type(node).__name__, row, column, end, end_column


@pytest.mark.parametrize(("old", "new", "is_partial"), EDITS)
def test_edited_is_as_parsed_anew(
    old: str, new: str, is_partial: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CODE.count(old) == 1
    before = parse("net.py", CODE)
    seen(before)  # so that there is something to remember
    text = CODE.replace(old, new)
    lengths: list[int] = []
    whole = modules.tree_of

    def noted(code: str) -> ast.Module:
        lengths.append(len(code.strip()))
        return whole(code)

    monkeypatch.setattr("bnlint.semantics.syntax.edited.tree_of", noted)
    after = edited(before, text)
    assert (after is not None) == is_partial
    if after is None:
        assert seen(before) == seen(parse("net.py", CODE))  # nothing was done to it
        return
    assert seen(after) == seen(parse("net.py", text))
    if text:
        assert lengths[-1] < len(CODE.strip())


SMALL = """\
import a

x = 1; y = 2


class Net:
    n = 1

    def run(self):
        b = 1
        c = 2

        return c

    def stop(self):
        pass


z = 3
"""

#: What is replaced by what, and the statements that are parsed for it.
PARSED = [
    pytest.param("import a", "import b", "import b\n\n", id="the first"),
    pytest.param("import", "# new\nimport", "# new\nimport a\n\n", id="before the first"),
    pytest.param("y = 2", "y = 22", "x = 1; y = 22\n\n\n", id="the second of a line"),
    pytest.param("z = 3\n", "z = 33\n", "z = 33\n", id="the last"),
    pytest.param("z = 3\n", "z = 3\nz = 3\n", "z = 3\nz = 3\n", id="the last once more"),
    pytest.param("z = 3\n", "z = 3", "z = 3", id="the end of the last"),
    pytest.param("    n = 1", "    n = 11", "    n = 11\n\n", id="the first of a class"),
    pytest.param("b = 1\n", "b = 11\n", "        b = 11\n", id="the first of a function"),
    pytest.param(
        "c = 2\n", "c = 2\n        c = 2\n", "        c = 2\n        c = 2\n\n", id="once more"
    ),
    pytest.param(
        "        c = 2\n\n", "", "        b = 1\n        return c\n", id="one of three gone"
    ),
    pytest.param("return c", "return b", "        return b\n", id="the last of a function"),
    pytest.param(
        "pass\n", "return\n", "    def stop(self):\n        return\n", id="all of a function"
    ),
    pytest.param(
        "def stop", "def halt", "    def halt(self):\n        pass\n", id="a name of a function"
    ),
    pytest.param("class Net", "class Nets", None, id="the name of a class"),
    pytest.param(
        "b = 1\n        c = 2", "c = 2",
        "    def run(self):\n        c = 2\n\n        return c\n\n", id="its first two",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "code"), PARSED)
def test_so_much_is_parsed(
    old: str, new: str, code: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert SMALL.count(old) == 1
    text, parsed = SMALL.replace(old, new), []
    whole = modules.tree_of

    def noted(given: str) -> ast.Module:
        parsed.append(given.lstrip("\n").removeprefix("class _:\n"))
        return whole(given)

    before = parse("net.py", SMALL)
    monkeypatch.setattr("bnlint.semantics.syntax.edited.tree_of", noted)
    after = edited(before, text)
    assert after is not None
    assert seen(after) == seen(parse("net.py", text))
    if code is None:  # all of the class
        code = text[text.index("class") : text.index("z = 3")]
    assert parsed[-1] == code


@pytest.mark.parametrize("end", ["\r\n", "\r", "\f\n"])
def test_other_line_ends_are_left_to_the_parser(end: str) -> None:
    other = CODE.replace("\nclass", f"{end}class")
    assert edited(parse("net.py", CODE), other) is None
    assert edited(parse("net.py", other), CODE) is None  # what is gone of them, too


@pytest.mark.parametrize(
    ("code", "old", "new"),
    [
        pytest.param("# a comment\n", "comment\n", "comment\nx = 1\n", id="nothing but a comment"),
        pytest.param("def f():\n    x = 1\n    y = 2", "2", "3", id="no line end at the end"),
        pytest.param("def f():\n    def g():\n        y = 2", "2", "3", id="of two functions"),
        pytest.param(
            "x = 1\n@(\n    deco\n)\ndef f():\n    y = 2\n", "2", "3",
            id="a decorator in brackets",
        ),
        pytest.param("x = 1\n@\\\ndeco\ndef f():\n    y = 2", "f()", "f(a)", id="its decorator"),
        pytest.param("x = 1; \\\n  y = 2\nz = 3\n", "2", "4", id="a line that goes on"),
        pytest.param("def f(): \\\n  x = 1; \\\ny = 2\nz = 3\n", "2", "4", id="one of a function"),
        pytest.param("x = 1; \\\ny = 2\nz = 3\n", "y = 2", "yield_ = 2", id="a name there"),
        pytest.param("x = 1; \\\ni = 2\nz = 3\n", "i = 2", "if z: i = 2", id="no Python there"),
    ],
)  # fmt: skip
def test_odd_places_are_as_parsed_anew(code: str, old: str, new: str) -> None:
    before, text = parse("net.py", code), code.replace(old, new)
    seen(before)
    after = edited(before, text)
    if after is not None:
        assert seen(after) == seen(parse("net.py", text))  # which is Python


def test_elements_are_noted_where_they_are_stored() -> None:
    module = parse("net.py", "x = a[0]\na[1] = x\ndel a[2]\n")
    assert [module.source(place) for place in module.keyed_stores] == ["a[1]"]


def test_what_was_used_up_says_nothing_wrong() -> None:
    before = parse("net.py", CODE)
    call = before.calls[-1]
    assert edited(before, f"import os\n{CODE}") is not None
    with pytest.raises(AttributeError):
        before.source(call)


#: What somebody types, or what is left of it.
TYPED = (
    "\n", "    ", " ", "(", ")", '"""', "'", "#", "\\\n", "x", "self.", "\n    y = 1\n", ";",
    "\nclass A:\n    pass\n", "else:\n", "@deco\n", "def f(a):\n        return a\n", "é", ":",
    "if x:\n    z\n", "global g\n", "f'{a}'", "\t", "(n := 3)", "import os as o\n", "# c\n",
)  # fmt: skip


def test_whatever_is_typed() -> None:
    """Somebody types into the modules of bnlint itself, at random places."""
    files = sorted(Path(modules.__file__).parent.glob("*.py"))
    chance = random.Random(14)
    partial = 0
    for _ in range(12):
        text = chance.choice(files).read_text(encoding="utf-8")
        module = parse("a.py", text)
        for _ in range(10):
            at = chance.choice([chance.randrange(len(text)), *module.lines.starts])
            gone = chance.choice([0, 0, 0, 1, 4, 60])
            new = text[:at] + chance.choice(TYPED) + text[at + gone :]
            try:
                fresh = parse("a.py", new)
            except (SyntaxError, ValueError):
                assert edited(module, new) is None
                continue
            after = edited(module, new)
            if after is not None:
                partial += 1
                assert seen(after) == seen(fresh)
            module, text = after or fresh, new
    assert partial > 20
