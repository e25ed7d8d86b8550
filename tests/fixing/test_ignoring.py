"""``--add-ignore``: a suppression for each finding, where it counts and parses."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from command_line import bnlint, write

HEAD = "import torch.nn as nn\n"
BN = "nn.BatchNorm2d(64, momentum=0.99)"
WHY = "  # bnlint: ignore[BN101] why"

#: Name, code, and the same with suppressions.
ADDED = [
    ("plain", f"b = {BN}\n", f"b = {BN}{WHY}\n"),
    ("no last line end", f"b = {BN}", f"b = {BN}{WHY}"),
    ("spaces behind", f"b = {BN}   \n", f"b = {BN}{WHY}\n"),
    ("comment", f"b = {BN}  # type: ignore\n", f"b = {BN}  # type: ignore{WHY}\n"),
    ("noqa of others", f"b = {BN}  # noqa: E501\n", f"b = {BN}  # noqa: E501{WHY}\n"),
    (
        "merged with one that is there",
        f"b = {BN}  # bnlint: ignore[BN103] old\n",
        f"b = {BN}  # bnlint: ignore[BN103, BN101] old\n",
    ),
    (
        "merged with one that gives no reason",
        f"b = {BN}  # bnlint: ignore[BN103]\n",
        f"b = {BN}  # bnlint: ignore[BN103, BN101] why\n",
    ),
    (
        "two findings of a line",
        f"b = {BN}, nn.BatchNorm2d(3, epsilon=1)\n",
        f"b = {BN}, nn.BatchNorm2d(3, epsilon=1)  # bnlint: ignore[BN101, BN108] why\n",
    ),
    (
        "two findings of a code on a line",
        f"b = {BN}, {BN}\n",
        f"b = {BN}, {BN}{WHY}\n",
    ),
    (
        "more lines",
        "b = nn.BatchNorm2d(\n    64,\n    momentum=0.99,\n)\n",
        f"b = nn.BatchNorm2d(\n    64,\n    momentum=0.99,{WHY}\n)\n",
    ),
    (
        "a backslash by itself, which the tokenizer refuses",
        f"class A:\n    def f(self):\n        b = {BN}\n  \\\n\n    c = 1\n",
        f"class A:\n    def f(self):\n{' ' * 8}{WHY[2:]}\n        b = {BN}\n  \\\n\n    c = 1\n",
    ),
    (
        "backslashes",
        "b = nn.BatchNorm2d( \\\n    64, \\\n    momentum=0.99 \\\n)\n",
        f"b = nn.BatchNorm2d( \\\n    64, \\\n    momentum=0.99 \\\n){WHY}\n",
    ),
    (
        "string that spans lines",
        f"b = {BN}, '''\n c''', \\\n  3\n",
        f"b = {BN}, '''\n c''', \\\n  3{WHY}\n",
    ),
    ("f-string", f"s = f'''{{{BN}}}\n x'''\n", f"s = f'''{{{BN}}}\n x'''{WHY}\n"),
    (
        "string that begins in a line and ends in another's",
        f"if x:\n\tb = {BN}; s = '''\n'''; \\\n\ty = 1\n",
        f"if x:\n\t{WHY.strip()}\n\tb = {BN}; s = '''\n'''; \\\n\ty = 1\n",
    ),
    (
        "default",
        "def f(m=0.99):\n    return nn.BatchNorm2d(64, momentum=m)\n",
        f"def f(m=0.99):{WHY}\n    return nn.BatchNorm2d(64, momentum=m)\n",
    ),
    (
        "default among more lines",
        "def f(\n    c, m=0.99,\n):\n    return nn.BatchNorm2d(c, momentum=m)\n",
        f"def f(\n    c, m=0.99,{WHY}\n):\n    return nn.BatchNorm2d(c, momentum=m)\n",
    ),
    (
        "default before a string that spans lines",
        f"def f(x={BN}, y='''\n'''):\n    pass\n",
        f"{WHY.strip()}\ndef f(x={BN}, y='''\n'''):\n    pass\n",
    ),
    ("decorator", f"@d({BN})\ndef f():\n    pass\n", f"@d({BN}){WHY}\ndef f():\n    pass\n"),
    ("one-line suite", f"if x: b = {BN}\nelse: pass\n", f"if x: b = {BN}{WHY}\nelse: pass\n"),
    (
        "branch",
        f"if a:\n    b\nelif {BN} == '''\n''':\n    c\n",
        f"if a:\n    b\n{WHY.strip()}\nelif {BN} == '''\n''':\n    c\n",
    ),
    (
        "unused suppression",
        "b = nn.BatchNorm2d(64)  # bnlint: ignore[BN101] old\n",
        "b = nn.BatchNorm2d(64)  # bnlint: ignore[BN101, BN901] old\n",
    ),
    (
        "malformed suppression",
        f"b = {BN}  # bnlint: ignore[BN103 old\n",
        f"b = {BN}  # bnlint: ignore[BN103 old  # bnlint: ignore[BN101, BN902] why\n",
    ),
]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize(("before", "after"), [pytest.param(*row, id=name) for name, *row in ADDED])
def test_add(tmp_path: Path, before: str, after: str, newline: str) -> None:
    before, after = ((HEAD + text).replace("\n", newline) for text in (before, after))
    write(tmp_path, f=before)
    run = bnlint(tmp_path, "--add-ignore", "why")
    assert (run.code, run.out) == (0, "")
    assert (tmp_path / "f.py").read_bytes().decode() == after
    assert ast.dump(ast.parse(before)) == ast.dump(ast.parse(after))
    assert bnlint(tmp_path).code == 0
    assert bnlint(tmp_path, "--add-ignore", "why").code == 0
    assert (tmp_path / "f.py").read_bytes().decode() == after


def test_what_no_comment_can_suppress_is_left_and_named(tmp_path: Path) -> None:
    text = f"{HEAD}x = '''\n'''; b = {BN}\\\n  ;y = '''\n'''\n"
    write(tmp_path, f=text, g=f"{HEAD}b = {BN}\n")
    run = bnlint(tmp_path, "--add-ignore", "why")
    assert run.code == 1
    assert "f.py: BN101 in line 3 cannot be suppressed by a comment\n" in run.err
    assert (tmp_path / "f.py").read_text() == text
    assert (tmp_path / "g.py").read_text() == f"{HEAD}b = {BN}{WHY}\n"


def test_unreadable_file_is_left(tmp_path: Path) -> None:
    write(tmp_path, f="BatchNorm2d((\n")
    run = bnlint(tmp_path, "--add-ignore", "why")
    assert run.code == 1
    assert (tmp_path / "f.py").read_text() == "BatchNorm2d((\n"


@pytest.mark.parametrize(
    ("reason", "code"), [("fürs erste", 0), ("für €", 1)], ids=["in the encoding", "not in it"]
)
def test_encoding(tmp_path: Path, reason: str, code: int) -> None:
    text = f"# coding: latin-1\n# ä\n{HEAD}b = {BN}\n"
    write(tmp_path, f=text.encode("latin-1"))
    assert bnlint(tmp_path, "--add-ignore", reason).code == code
    after = text if code else text[:-1] + WHY.replace("why", reason) + "\n"
    assert (tmp_path / "f.py").read_bytes() == after.encode("latin-1")
