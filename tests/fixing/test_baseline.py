"""Baselines: what is known is not reported, what is new is, and what is gone is said."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from command_line import bnlint, uncompared, write

HEAD = "import torch.nn as nn\n"
ONE = "a = nn.BatchNorm2d(64, momentum=0.99)\n"
TWO = "b = nn.BatchNorm2d(32, momentum=0.9)\n"
WRITE = ("--baseline", "base.json", "--write-baseline")
USE = ("--baseline", "base.json")


def recorded(folder: Path) -> list[tuple[str, str, str, int]]:
    content = json.loads((folder / "base.json").read_text("utf-8"))
    assert content["version"] == 1
    return [(e["path"], e["code"], e["statement"], e["count"]) for e in content["findings"]]


def test_old_code_starts_clean(tmp_path: Path) -> None:
    write(tmp_path, **{"f.py": HEAD + ONE + TWO, "d__ü g.py": HEAD + ONE})
    run = bnlint(tmp_path, *WRITE)
    assert (run.code, run.out, run.err) == (0, "", "base.json: 3 findings recorded\n")
    assert recorded(tmp_path) == [
        ("d/ü g.py", "BN101", ONE.strip(), 1),
        ("f.py", "BN101", ONE.strip(), 1),
        ("f.py", "BN101", TWO.strip(), 1),
    ]
    run = bnlint(tmp_path, *USE)
    hidden = "base.json: all 3 findings are recorded here, and not shown\n"
    assert (run.code, run.out, run.err) == (0, "", hidden + uncompared(3))


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(f"{HEAD}\n\n# moved\n{TWO}\n{ONE}", id="moved"),
        pytest.param(f"{HEAD}if x:\n    {ONE}    {TWO}", id="indented"),
        pytest.param(HEAD + ONE[:-1] + "  # why\n" + TWO, id="comment"),
        pytest.param(HEAD + ONE.replace(", ", ",\n    ") + TWO, id="other spaces"),
        pytest.param(
            HEAD + ONE.replace(", ", ",  # why\n    # and why\n    ") + TWO,
            id="comments in a call of several lines",
        ),
        pytest.param((HEAD + ONE + TWO).replace("\n", "\r\n"), id="other line ends"),
    ],
)
def test_what_keeps_an_entry(tmp_path: Path, after: str) -> None:
    write(tmp_path, f=HEAD + ONE + TWO)
    bnlint(tmp_path, *WRITE)
    write(tmp_path, f=after)
    run = bnlint(tmp_path, *USE)
    hidden = "base.json: all 2 findings are recorded here, and not shown\n"
    assert (run.code, run.out, run.err) == (0, "", hidden + uncompared(2))


def test_statement_that_changed_no_longer_holds(tmp_path: Path) -> None:
    write(tmp_path, f=HEAD + ONE + TWO)
    bnlint(tmp_path, *WRITE)
    write(tmp_path, f=HEAD + ONE + TWO.replace("32", "33"))
    run = bnlint(tmp_path, *USE)
    assert run.code == 1
    assert run.out.startswith("f.py:3:33: error: BN101 ")
    assert run.out.count("\n") == 1
    assert (
        f"base.json: stale entry: BN101 is no longer found in f.py at: {TWO.strip()}; "
        "--write-baseline takes it out\n"
    ) in run.err


def test_counts(tmp_path: Path) -> None:
    write(tmp_path, f=HEAD + ONE * 2)
    bnlint(tmp_path, *WRITE)
    assert recorded(tmp_path) == [("f.py", "BN101", ONE.strip(), 2)]
    assert bnlint(tmp_path, *USE).code == 0
    write(tmp_path, f=HEAD + ONE * 3)
    run = bnlint(tmp_path, *USE)
    assert (run.code, run.out.count("\n")) == (1, 1)
    write(tmp_path, f=HEAD)
    run = bnlint(tmp_path, *USE)
    assert run.code == 0
    assert "base.json: stale entry (2 times): BN101 is no longer found in f.py at: " in run.err
    bnlint(tmp_path, *WRITE)
    assert recorded(tmp_path) == []


def test_files_that_are_not_checked_keep_their_entries(tmp_path: Path) -> None:
    write(tmp_path, f=HEAD + ONE, g=HEAD + TWO, h=HEAD + TWO)
    bnlint(tmp_path, *WRITE)
    write(tmp_path, f=HEAD)
    (tmp_path / "h.py").unlink()
    run = bnlint(tmp_path, *USE, "f.py")
    assert "no longer found in f.py" in run.err
    assert "g.py" not in run.err
    assert "no longer found in h.py" in run.err
    bnlint(tmp_path, *WRITE, "f.py")
    assert recorded(tmp_path) == [("g.py", "BN101", TWO.strip(), 1)]


def test_from_a_subfolder(tmp_path: Path) -> None:
    write(tmp_path, **{"d__f.py": HEAD + ONE, "bnlint.toml": 'baseline = "base.json"\n'})
    assert bnlint(tmp_path, "--write-baseline").code == 0
    assert recorded(tmp_path) == [("d/f.py", "BN101", ONE.strip(), 1)]
    assert bnlint(tmp_path).code == 0
    assert bnlint(tmp_path / "d").code == 0
    assert bnlint(tmp_path / "d", "f.py").code == 0
    assert bnlint(tmp_path / "d", "--baseline", "../base.json", "--isolated").code == 0
    (tmp_path / "base.json").unlink()
    assert bnlint(tmp_path / "d", "--write-baseline").code == 0
    assert recorded(tmp_path) == [("d/f.py", "BN101", ONE.strip(), 1)]


def test_what_is_known_is_not_fixed(tmp_path: Path) -> None:
    write(tmp_path, f=HEAD + ONE)
    bnlint(tmp_path, *WRITE)
    write(tmp_path, f=HEAD + ONE + TWO)
    assert bnlint(tmp_path, *USE, "--fix", "--unsafe-fixes").code == 0
    assert (tmp_path / "f.py").read_text() == HEAD + ONE + TWO.replace("0.9", "0.1")


def test_what_is_known_gets_no_suppression(tmp_path: Path) -> None:
    write(tmp_path, f=HEAD + ONE)
    bnlint(tmp_path, *WRITE)
    write(tmp_path, f=HEAD + ONE + TWO)
    assert bnlint(tmp_path, *USE, "--add-ignore", "why").code == 0
    after = HEAD + ONE + TWO[:-1] + "  # bnlint: ignore[BN101] why\n"
    assert (tmp_path / "f.py").read_text() == after


def test_standard_input_has_a_baseline_by_its_name(tmp_path: Path) -> None:
    write(tmp_path, f=HEAD + ONE)
    bnlint(tmp_path, *WRITE)
    named = ("-", "--stdin-filename", "f.py")
    assert bnlint(tmp_path, *USE, *named, stdin=(HEAD + ONE).encode()).code == 0
    assert bnlint(tmp_path, *USE, *named, stdin=(HEAD + TWO).encode()).code == 1


ENTRY = {"path": "f.py", "code": "BN101", "statement": "x", "count": 1}
BAD_ENTRY = (
    "is no baseline: findings[0] needs path, code and statement (strings) and count "
    "(a number above 0)"
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such baseline; --write-baseline writes it"),
        ("", "is no baseline: Expecting value"),
        ("{", "is no baseline: "),
        ("\xff", "is no baseline: "),
        ("[" * 100_000, "is no baseline: "),
        ("[]", "is no baseline of version 1; --write-baseline writes one"),
        ('{"version": 2, "findings": []}', "is no baseline of version 1"),
        ('{"findings": []}', "is no baseline of version 1"),
        ('{"version": 1}', "is no baseline: 'findings' must be a list"),
        ('{"version": 1, "findings": {}}', "is no baseline: 'findings' must be a list"),
        ({"path": 1}, BAD_ENTRY),
        ({"count": 0}, BAD_ENTRY),
        ({"count": True}, BAD_ENTRY),
        ({"count": "1"}, BAD_ENTRY),
        ({"statement": None}, BAD_ENTRY),
    ],
)
@pytest.mark.parametrize("write_it", [False, True])
def test_broken_baseline(
    tmp_path: Path, content: str | dict[str, object] | None, message: str, write_it: bool
) -> None:
    write(tmp_path, f=HEAD + ONE)
    if isinstance(content, dict):
        content = json.dumps({"version": 1, "findings": [{**ENTRY, **content}]})
    if content is not None:
        (tmp_path / "base.json").write_bytes(content.encode("latin-1"))
    run = bnlint(tmp_path, *(WRITE if write_it else USE))
    if write_it and content is None:
        assert run.code == 0
        return
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith(f"bnlint: error: base.json: {message}")
    assert run.err.count("\n") == 1
    if content is not None:
        assert (tmp_path / "base.json").read_bytes() == content.encode("latin-1")


@pytest.mark.parametrize("arguments", [USE, WRITE])
def test_baseline_that_is_a_folder(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    write(tmp_path, **{"f.py": HEAD + ONE, "base.json__x.txt": ""})
    run = bnlint(tmp_path, *arguments)
    assert (run.code, run.out) == (2, "")
    assert run.err == "bnlint: error: base.json: cannot be read: Is a directory\n"


def test_baseline_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    write(tmp_path, f=HEAD + ONE)
    run = bnlint(tmp_path, "--baseline", "no/base.json", "--write-baseline")
    assert run.code == 2
    assert run.err == "bnlint: error: no/base.json: cannot be written: No such file or directory\n"


@pytest.mark.skipif(os.name != "posix", reason="names are bytes there only")
def test_file_whose_name_is_no_text(tmp_path: Path) -> None:
    """What is written can be read again, and holds for this file."""
    (tmp_path / os.fsdecode(b"a\xff.py")).write_text(HEAD + ONE)
    run = bnlint(tmp_path, "--baseline", "base.json", "--write-baseline", ".")
    assert (run.code, run.err) == (0, "base.json: 1 finding recorded\n")
    (entry,) = json.loads((tmp_path / "base.json").read_text())["findings"]
    assert os.fsencode(entry["path"]) == b"a\xff.py"
    assert bnlint(tmp_path, "--baseline", "base.json", ".").code == 0
    assert bnlint(tmp_path, ".").code == 1


def test_writing_twice_writes_the_same(tmp_path: Path) -> None:
    write(tmp_path, f=HEAD + ONE + TWO, g=HEAD + TWO)
    bnlint(tmp_path, *WRITE)
    before = (tmp_path / "base.json").read_bytes()
    bnlint(tmp_path, *WRITE)
    assert (tmp_path / "base.json").read_bytes() == before
    assert bnlint(tmp_path, *WRITE, "g.py").code == 0
    assert (tmp_path / "base.json").read_bytes() == before
