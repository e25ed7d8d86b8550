"""docs/architecture.md names every module of the engine once, in its room, and none that is not."""

from __future__ import annotations

import re
from pathlib import Path

from test_imports import ROOMS

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
MODULES = {
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "bnlint").rglob("*.py")
    if path.name != "__init__.py"
}

_ROOM = re.compile(r"^### `(bnlint/[\w/]+/)`\n(.*?)(?=^##)", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| `(\w+\.py)` \| \S.* \|$", re.MULTILINE)


def test_tables_hold_every_module_once() -> None:
    listed = [room + name for room, body in _ROOM.findall(TEXT) for name in _ROW.findall(body)]
    alone = {module for module in MODULES if f"`{module}`" in TEXT}
    assert len(listed) == len(set(listed))
    assert set(listed) | alone == MODULES
    assert alone == {"bnlint/__main__.py", "bnlint/rule.py", "bnlint/finding.py", "bnlint/trial.py"}


def test_modules_are_described_as_they_describe_themselves() -> None:
    """The one that computes words must not be taken for the one that decides by them."""
    words = (ROOT / "bnlint" / "frameworks" / "words.py").read_text(encoding="utf-8")
    first = words.partition("\n")[0].strip('"').rstrip(".").replace("``", "`")
    assert f"| `words.py` | {first} |\n" in TEXT


def test_rooms_stand_in_their_order() -> None:
    named = re.findall(r"`(bnlint/[\w/.]+)`", "\n".join(re.findall(r"^### .*", TEXT, re.MULTILINE)))
    rooms = [name.removesuffix(".py").strip("/").replace("/", ".") for name in named]
    assert ["bnlint.__main__", *rooms, "bnlint"] == list(ROOMS)


def test_no_module_is_named_that_is_not_there() -> None:
    paths = {name for name in re.findall(r"`((?:\w+/)*\w+\.py)`", TEXT) if name != "setup.py"}
    there = {
        path.relative_to(ROOT / "bnlint").as_posix() for path in (ROOT / "bnlint").rglob("*.py")
    }
    short = {module.rpartition("/")[2] for module in MODULES}
    unknown = {
        name
        for name in paths
        if name.removeprefix("bnlint/") not in there
        and not ("/" not in name and name in short)
        and not (ROOT / name).exists()
        and name not in ("worker_NAME.py", "__init__.py")
    }
    assert unknown == set()
