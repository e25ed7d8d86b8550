"""Values, calls, statements and comments: changes of the text itself."""

from __future__ import annotations

import ast

import pytest
from changes import carried_out, edited

from bnlint.finding import AddCall, ComplementValue, InsertStatement, RemoveComment, ReplaceValue
from bnlint.semantics.syntax.module import parse

COMPLEMENTS = [
    ("0.99", "0.01"),
    ("0.9", "0.1"),
    ("0.9997", "0.0003"),
    ("0.1", "0.9"),
    ("1e-3", "0.999"),
    ("9e-1", "0.1"),
    ("0.999_9", "0.0001"),
    ("0.99999999", "1e-08"),
    ("1e-10", "0.9999999999"),
    ("(0.99)", "(0.01)"),
    ("0.9  # c\n", "0.1  # c\n"),
    ("m", "1 - m"),
    ("(m)", "(1 - m)"),
    ("self.m", "1 - self.m"),
    ("m[0]", "1 - m[0]"),
    ("f(1)", "1 - f(1)"),
    ("1 - m", "1 - (1 - m)"),
    ("a * b", "1 - (a * b)"),
    ("a if b else c", "1 - (a if b else c)"),
    ("a or b", "1 - (a or b)"),
    ("-x", "1 - (-x)"),
    ("(x := 3)", "(1 - (x := 3))"),
    ("a\n  + b", "1 - (a\n  + b)"),
    ("self\n  .m", "1 - (self\n  .m)"),
    ("(a  # c\n)", "(1 - a  # c\n)"),
    ("f(a,  # c\n  b)", "1 - (f(a,  # c\n  b))"),
]


@pytest.mark.parametrize(("before", "after"), COMPLEMENTS)
def test_complement(before: str, after: str) -> None:
    def make(module, call):  # type: ignore[no-untyped-def]
        return [ComplementValue(module.span(call.keywords[0].value))]

    assert carried_out(f"BN(momentum={before})", make) == f"BN(momentum={after})"


REPLACED = [
    ("BN(eps=1)", "BN(eps=1e-3)"),
    ("BN(eps=(1))", "BN(eps=(1e-3))"),
    ("BN(eps=f(\n  1))", "BN(eps=1e-3)"),
    ("BN(eps=1  # c\n)", "BN(eps=1e-3  # c\n)"),
    ("BN(eps=f(1,  # c\n))", "refused: a comment stands inside the value"),
]


@pytest.mark.parametrize(("before", "after"), REPLACED)
def test_replace(before: str, after: str) -> None:
    def make(module, call):  # type: ignore[no-untyped-def]
        return [ReplaceValue(module.span(call.keywords[0].value), "1e-3")]

    assert carried_out(before, make) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("m.eval", "m.eval()"),
        ("m.eval  # c", "m.eval()  # c"),
        ("(m.eval)", "(m.eval())"),
        ("(m\n .eval)", "(m\n .eval())"),
        ("m.eval;", "m.eval();"),
    ],
)
def test_call(before: str, after: str) -> None:
    module = parse("f.py", before)
    (statement,) = module.tree.body
    assert isinstance(statement, ast.Expr)
    assert edited(before, module, (AddCall(module.span(statement.value)),)) == after


#: Name, code with the statement ``HERE``, the same with ``s()`` before it, and after it.
STATEMENTS = [
    ("alone", "HERE\n", "s()\nHERE\n", "HERE\ns()\n"),
    ("no last line end", "a\nHERE", "a\ns()\nHERE", "a\nHERE\ns()"),
    ("comment", "HERE  # c\nb\n", "s()\nHERE  # c\nb\n", "HERE  # c\ns()\nb\n"),
    ("comment, no line end", "HERE  # c", "s()\nHERE  # c", "HERE  # c\ns()"),
    ("block", "if x:\n    HERE\n", "if x:\n    s()\n    HERE\n", "if x:\n    HERE\n    s()\n"),
    ("tabs", "if x:\n\tHERE\n", "if x:\n\ts()\n\tHERE\n", "if x:\n\tHERE\n\ts()\n"),
    ("one-line suite", "if x: HERE\n", "if x: s(); HERE\n", "if x: HERE; s()\n"),
    ("else", "if x: a\nelse: HERE\n", "if x: a\nelse: s(); HERE\n", "if x: a\nelse: HERE; s()\n"),
    ("between others", "a; HERE; b\n", "a; s(); HERE; b\n", "a; HERE; s(); b\n"),
    ("first of a line", "HERE; b\n", "s()\nHERE; b\n", "HERE; s(); b\n"),
    ("last of a line", "a; HERE\n", "a; s(); HERE\n", "a; HERE; s()\n"),
    ("semicolon", "HERE;\n", "s()\nHERE;\n", "HERE; s();\n"),
    (
        "more lines",
        "y = f(\n    HERE,\n)\nb\n",
        "s()\ny = f(\n    HERE,\n)\nb\n",
        "y = f(\n    HERE,\n)\ns()\nb\n",
    ),
    (
        "string that spans lines",
        "y = '''\nHERE\n'''\nb\n",
        "s()\ny = '''\nHERE\n'''\nb\n",
        "y = '''\nHERE\n'''\ns()\nb\n",
    ),
    (
        "ends another's line",
        "y = '''\nHERE\n'''; b\n",
        "s()\ny = '''\nHERE\n'''; b\n",
        "y = '''\nHERE\n'''; s(); b\n",
    ),
    (
        "backslash inside",
        "y = HERE \\\n  + 1\nb\n",
        "s()\ny = HERE \\\n  + 1\nb\n",
        "y = HERE \\\n  + 1\ns()\nb\n",
    ),
    (
        "backslash behind",
        "if x:\n  a\n  HERE \\\n\n  b\n",
        "if x:\n  a\n  s()\n  HERE \\\n\n  b\n",
        "if x:\n  a\n  HERE; s() \\\n\n  b\n",
    ),
    (
        "backslash before",
        "if x:\n  a; \\\n  HERE\n  b\n",
        "if x:\n  a; \\\n  s(); HERE\n  b\n",
        "if x:\n  a; \\\n  HERE; s()\n  b\n",
    ),
    (
        "docstring before",
        "def f():\n    'doc'\n    HERE\n",
        "def f():\n    'doc'\n    s()\n    HERE\n",
        "def f():\n    'doc'\n    HERE\n    s()\n",
    ),
    (
        "loop",
        "for HERE in y:\n    a\n\nb\n",
        "s()\nfor HERE in y:\n    a\n\nb\n",
        "for HERE in y:\n    a\ns()\n\nb\n",
    ),
    (
        "decorated",
        "class C:\n    @d\n    @e(\n      1)\n    def HERE(): pass\n\n    x = 1\n",
        "class C:\n    s()\n    @d\n    @e(\n      1)\n    def HERE(): pass\n\n    x = 1\n",
        "class C:\n    @d\n    @e(\n      1)\n    def HERE(): pass\n    s()\n\n    x = 1\n",
    ),
    (
        "branch",
        "if x: a\nelif HERE: b\n",
        "refused: the statement is a branch of another",
        "if x: a\nelif HERE: b\ns()\n",
    ),
]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("where", ["before", "after"])
@pytest.mark.parametrize(
    ("text", "before", "after"), [pytest.param(*row, id=name) for name, *row in STATEMENTS]
)
def test_insert(text: str, before: str, after: str, where: str, newline: str) -> None:
    text, before, after = (t.replace("\n", newline) for t in (text, before, after))
    if newline not in text:
        newline = "\n"  # of a file of one line nobody knows them
        before, after = (t.replace("\r\n", "\n").replace("\r", "\n") for t in (before, after))
    module = parse("f.py", text)
    statements = [
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.stmt) and "HERE" in module.source(node).partition(":")[0]
    ]
    intent = InsertStatement(module.span(statements[-1]), "s()", where)
    assert edited(text, module, (intent,)) == (before if where == "before" else after)


SEVERAL = [
    ("before", "if x:\n    HERE\n", "if x:\n    for m in n:\n        m()\n    HERE\n"),
    ("after", "if x:\n    HERE\n", "if x:\n    HERE\n    for m in n:\n        m()\n"),
    ("after", "HERE", "HERE\nfor m in n:\n    m()"),
    ("before", "a; HERE\n", None),
    ("after", "HERE; a\n", None),
    ("after", "if x: HERE\n", None),
]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize(("where", "before", "after"), SEVERAL)
def test_insert_several_lines(where: str, before: str, after: str | None, newline: str) -> None:
    """They are indented as the statement beside them, and share a line with none."""
    if "\n" not in before:
        newline = "\n"
    text = before.replace("\n", newline)
    module = parse("x.py", text)
    name = next(
        n for n in ast.walk(module.tree) if isinstance(n, ast.Expr) and "HERE" in module.source(n)
    )
    intent = InsertStatement(module.span(name), "for m in n:\n    m()", where)
    found = edited(text, module, (intent,))
    if after is None:
        assert found.startswith("refused: ")
    else:
        assert found == after.replace("\n", newline)


COMMENTS = [
    ("behind code", "x = 1  # gone\ny\n", "x = 1\ny\n"),
    ("touching code", "x = 1# gone\ny\n", "x = 1\ny\n"),
    ("alone", "a\n# gone\nb\n", "a\nb\n"),
    ("alone and indented", "if x:\n    # gone\n    b\n", "if x:\n    b\n"),
    ("last line without end", "a\n# gone", "a\n"),
    ("behind code, no line end", "a  # gone", "a"),
    ("another before", "a  # kept  # gone\n", "a  # kept\n"),
    ("another after", "a  # gone  # kept\n", "a  # kept\n"),
    ("another before on its line", "# kept  # gone\nb\n", "# kept\nb\n"),
    ("words after", "a  # gone: words\n", "a  # : words\n"),
]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize(
    ("before", "after"), [pytest.param(*row, id=name) for name, *row in COMMENTS]
)
def test_remove_comment(before: str, after: str, newline: str) -> None:
    before, after = before.replace("\n", newline), after.replace("\n", newline)
    module = parse("f.py", before)
    start = before.index("# gone")
    span = module.lines.between(start, start + len("# gone"))
    assert edited(before, module, (RemoveComment(span),)) == after


def test_replace_comment() -> None:
    before = "a  # gone  # kept\n"
    module = parse("f.py", before)
    intent = RemoveComment(module.lines.between(3, 9), "# new")
    assert edited(before, module, (intent,)) == "a  # new  # kept\n"
