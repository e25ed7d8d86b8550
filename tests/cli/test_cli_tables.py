"""A mistake in a framework table is told in one line, whatever the command."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from command_line import FAULTY, ROOT, Run, program, write

TABLE = """
[framework]
name = "toyfw"
title = "Toy"
ecosystem = "toy"
imports = ["toyfw"]
reference = "toyfw.BatchNorm"
checked = "toy 1.2"

[modes]
switch = "object"
initial = "training"

[vocabulary]
modules = ["toyfw.Module"]

[[api]]
id = "toyfw.BatchNorm"
kind = "layer"
"""

COMMANDS = (
    ["check", "m.py"],
    ["m.py", "--fix", "--diff"],
    ["check", "--help"],
    ["sites", "m.py"],
    ["compare", "m.py", "n.py"],
    ["frameworks"],
    ["frameworks", "--check"],
    ["translate", "torch.nn.BatchNorm2d(4)"],
)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkout of bnlint, beside two files to check."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("bnlint", "rules", "fixers"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / "own" / name, ignore=ignored)
    write(folder, m=FAULTY, n=FAULTY)
    return folder


def run_with(checkout: Path, table: str, command: list[str]) -> Run:
    """Run ``command`` where the tables of bnlint have one more."""
    path = checkout / "own" / "bnlint" / "frameworks" / "toyfw.toml"
    path.write_text(table, encoding="utf-8")
    return program(checkout, *command, environment={"PYTHONPATH": str(checkout / "own")})


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_key_that_is_missing(checkout: Path, command: list[str]) -> None:
    """The line says which file, which entry and which key, and does not ask to be reported."""
    run = run_with(checkout, TABLE, command)
    assert run == Run(
        2, "",
        'bnlint: error: bnlint/frameworks/toyfw.toml: api "toyfw.BatchNorm": aliases: missing '
        "(docs/frameworks.md lists the keys)\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param("[modes]", "[modes", "Expected ']' at the end of a table", id="no TOML"),
        pytest.param('= "layer"', '= "layer"\ncolour = 1',
                     'api "toyfw.BatchNorm": colour: unknown key (docs/frameworks.md lists',
                     id="key there is not"),
        pytest.param('title = "Toy"', "title = 3", "framework.title: expected a string, found 3",
                     id="no text"),
    ],
)  # fmt: skip
def test_other_mistakes(checkout: Path, old: str, new: str, message: str) -> None:
    run = run_with(checkout, TABLE.replace(old, new), ["m.py"])
    assert (run.code, run.out) == (2, "")
    (line,) = run.err.splitlines()
    assert line.startswith(f"bnlint: error: bnlint/frameworks/toyfw.toml: {message}")
