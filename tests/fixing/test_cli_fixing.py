"""``--fix``, ``--diff`` and what goes with them, on the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import ROOT, Run, bnlint, program, write

HEAD = "import torch.nn as nn\n\n"
SAFE = f"{HEAD}bn = nn.BatchNorm2d(64, epsilon=0.001)\n"
SAFE_FIXED = f"{HEAD}bn = nn.BatchNorm2d(64, eps=0.001)\n"
UNSAFE = f"{HEAD}bn = nn.BatchNorm2d(64, momentum=0.99)\n"
UNSAFE_FIXED = f"{HEAD}bn = nn.BatchNorm2d(64, momentum=0.01)\n"
HAND = f"{HEAD}bn = nn.BatchNorm2d(64, momentum=None)\nbn = nn.BatchNorm2d(64, momentum=1.0)\n"
DIFF = (
    "--- a/f.py\n+++ b/f.py\n@@ -1,3 +1,3 @@\n import torch.nn as nn\n \n"
    "-bn = nn.BatchNorm2d(64, epsilon=0.001)\n+bn = nn.BatchNorm2d(64, eps=0.001)\n"
)
BN101 = (
    "f.py:3:34: error: BN101 {}momentum=0.99 of BatchNorm2d is the weight of the new batch in "
    "PyTorch: each step keeps 0.01 of the old running value; help: write momentum=0.01, which is "
    "what Keras calls 0.99\n"
)


@pytest.mark.parametrize(
    ("text", "arguments", "code", "after"),
    [
        (SAFE, ["--fix"], 0, SAFE_FIXED),
        (SAFE, ["--fix-only"], 0, SAFE_FIXED),
        (SAFE, ["--fix", "--exit-zero"], 0, SAFE_FIXED),
        (SAFE, ["--no-fix"], 1, SAFE),
        (SAFE, ["--unsafe-fixes"], 1, SAFE),
        (SAFE, ["--diff"], 1, SAFE),
        (SAFE, ["--diff", "--exit-zero"], 0, SAFE),
        (SAFE, ["--diff", "--fix"], 1, SAFE),
        (UNSAFE, ["--fix"], 1, UNSAFE),
        (UNSAFE, ["--fix-only"], 0, UNSAFE),
        (UNSAFE, ["--fix", "--unsafe-fixes"], 0, UNSAFE_FIXED),
        (UNSAFE, ["--fix", "--unsafe-fixes", "--no-unsafe-fixes"], 1, UNSAFE),
        (UNSAFE, ["--diff", "--unsafe-fixes"], 1, UNSAFE),
        (SAFE_FIXED, ["--fix"], 0, SAFE_FIXED),
        (SAFE_FIXED, ["--diff"], 0, SAFE_FIXED),
        (HAND, ["--fix", "--unsafe-fixes"], 1, HAND),
    ],
)
def test_exit_code_and_file(
    tmp_path: Path, text: str, arguments: list[str], code: int, after: str
) -> None:
    write(tmp_path, f=text)
    assert bnlint(tmp_path, *arguments).code == code
    assert (tmp_path / "f.py").read_text() == after


def test_what_is_said_of_a_fixed_file(tmp_path: Path) -> None:
    write(tmp_path, f=SAFE)
    assert bnlint(tmp_path, "--fix") == Run(0, "", "Fixed 1 finding; none remains.\n")


def test_what_remains_is_reported_at_its_new_place(tmp_path: Path) -> None:
    text = "import torch.nn as nn\n# bnlint: ignore[BN108] old\n\n" + UNSAFE.removeprefix(HEAD)
    write(tmp_path, f=text)
    run = bnlint(tmp_path, "--fix")
    assert (run.code, run.out) == (1, BN101.format(""))


def test_configuration_turns_fixes_on_and_the_command_line_off(tmp_path: Path) -> None:
    write(tmp_path, **{"f.py": UNSAFE, "bnlint.toml": "fix = true\nunsafe-fixes = true\n"})
    assert bnlint(tmp_path, "--no-fix").code == 1
    assert (tmp_path / "f.py").read_text() == UNSAFE
    assert bnlint(tmp_path).code == 0
    assert (tmp_path / "f.py").read_text() == UNSAFE_FIXED


@pytest.mark.parametrize(
    ("text", "settings", "after"),
    [
        (UNSAFE, 'extend-safe-fixes = ["BN101"]', UNSAFE_FIXED),
        (SAFE, 'extend-unsafe-fixes = ["BN1"]', SAFE),
        (SAFE, 'extend-unsafe-fixes = ["BN1"]\nextend-safe-fixes = ["BN108"]', SAFE_FIXED),
        (SAFE, 'unfixable = ["misplaced-argument"]', SAFE),
        (SAFE, 'fixable = ["BN101"]', SAFE),
        (SAFE, 'fixable = ["BN108"]', SAFE_FIXED),
    ],
)
def test_configuration_of_rules(tmp_path: Path, text: str, settings: str, after: str) -> None:
    write(tmp_path, **{"f.py": text, "bnlint.toml": settings})
    assert bnlint(tmp_path, "--fix").code == (after == text)
    assert (tmp_path / "f.py").read_text() == after


def test_files_are_fixed_by_several_processes(tmp_path: Path) -> None:
    body = "b = nn.BatchNorm2d(64, epsilon=0.001)\n" + "# nothing\n" * 1500
    write(tmp_path, **{f"f{number}": HEAD + body for number in range(40)})
    run = program(tmp_path, "--fix", "-j", "2", "--isolated")
    assert run == Run(0, "", "Fixed 40 findings; none remains.\n")
    assert {p.read_text() for p in tmp_path.iterdir()} == {HEAD + body.replace("epsilon", "eps")}


# -------------------------------------------------------------------------- diffs


def test_diff_is_all_that_is_on_stdout(tmp_path: Path) -> None:
    write(tmp_path, f=SAFE, g=HAND)
    run = bnlint(tmp_path, "--diff")
    assert (run.code, run.out) == (1, DIFF)
    assert (tmp_path / "f.py").read_text() == SAFE


def test_diff_of_a_subfolder_is_relative_to_where_one_is(tmp_path: Path) -> None:
    write(tmp_path, **{"d__f.py": SAFE})
    assert bnlint(tmp_path / "d", "--diff").out == DIFF
    for path in ("d", str(tmp_path / "d" / "f.py")):
        assert bnlint(tmp_path, "--diff", path).out == DIFF.replace("/f.py", "/d/f.py")


@pytest.mark.parametrize(
    ("environment", "colored"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_colours(tmp_path: Path, environment: dict[str, str], colored: bool) -> None:
    write(tmp_path, f=SAFE)
    run = bnlint(tmp_path, "--diff", environment=environment)
    assert ("\x1b[32m+bn" in run.out) == colored


@pytest.mark.parametrize("tool", ["patch -p1 --binary", "git apply"])
def test_diff_of_a_project_is_taken(tmp_path: Path, tool: str) -> None:
    crlf, latin = SAFE.replace("\n", "\r\n"), f"# coding: latin-1\n# ä\n{SAFE}"
    files = {
        "f.py": SAFE.encode(),
        "d__name with space.py": SAFE.encode(),
        "d__ünï.py": SAFE.encode(),
        "quo'te.py": SAFE.encode(),
        "end.py": SAFE.rstrip().encode(),
        "crlf.py": crlf.encode(),
        "latin.py": latin.encode("latin-1"),
        "mark.py": b"\xef\xbb\xbf" + SAFE.encode(),
    }
    write(tmp_path, **files)
    command = [sys.executable, "-m", "bnlint", "--diff", "--isolated", "."]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    made = subprocess.run(
        command, cwd=tmp_path, capture_output=True, env=environment, check=False
    ).stdout
    taken = subprocess.run(
        tool.split(), cwd=tmp_path, input=made, capture_output=True, env=environment, check=False
    )
    assert taken.returncode == 0, taken.stdout + taken.stderr
    for name, content in files.items():
        path = tmp_path / name.replace("__", "/")
        assert path.read_bytes() == content.replace(b"epsilon", b"eps")


# -------------------------------------------------------------------------- standard input


def filtered(folder: Path, data: bytes, *arguments: str) -> tuple[int, bytes, str]:
    """Run bnlint on standard input; return the code, standard output and standard error."""
    result = subprocess.run(
        [sys.executable, "-m", "bnlint", "-", "--isolated", *arguments],
        cwd=folder, input=data, capture_output=True, check=False,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return result.returncode, result.stdout, result.stderr.decode()


@pytest.mark.parametrize(
    ("data", "after", "code", "says"),
    [
        (SAFE.encode(), SAFE_FIXED.encode(), 0, "Fixed 1 finding"),
        (UNSAFE.encode(), UNSAFE.encode(), 1, "BN101"),
        (SAFE_FIXED.encode(), SAFE_FIXED.encode(), 0, ""),
        (b"", b"", 0, ""),
        (b"x = 1", b"x = 1", 0, ""),
        (b"x = 1\r\n\x0c\ty=  2 \r", b"x = 1\r\n\x0c\ty=  2 \r", 0, ""),
        (b"\xff\x00 BatchNorm2d", b"\xff\x00 BatchNorm2d", 1, "BN900"),
        (b"# BatchNorm2d \xe4\n", b"# BatchNorm2d \xe4\n", 1, "BN900"),
        (b"BatchNorm2d((\n", b"BatchNorm2d((\n", 1, "BN900"),
        (
            b"\xef\xbb\xbf" + SAFE.replace("\n", "\r\n").encode(),
            b"\xef\xbb\xbf" + SAFE_FIXED.replace("\n", "\r\n").encode(),
            0,
            "Fixed 1 finding",
        ),
    ],
)
@pytest.mark.parametrize("name", [[], ["--stdin-filename", "src/f.py"]])
def test_fixed_text_is_all_that_is_on_stdout(
    tmp_path: Path, data: bytes, after: bytes, code: int, says: str, name: list[str]
) -> None:
    found, out, errors = filtered(tmp_path, data, "--fix", *name)
    assert (found, out) == (code, after)
    assert says in errors
    assert bool(errors) == bool(says)
    assert list(tmp_path.iterdir()) == []


def test_diff_of_standard_input(tmp_path: Path) -> None:
    code, out, _ = filtered(tmp_path, SAFE.encode(), "--diff", "--stdin-filename", "f.py")
    assert (code, out.decode()) == (1, DIFF)
    code, out, _ = filtered(tmp_path, SAFE.encode(), "--diff")
    assert (code, out.decode()) == (1, DIFF.replace("f.py", "-"))


def test_suppressions_in_standard_input(tmp_path: Path) -> None:
    code, out, _ = filtered(tmp_path, UNSAFE.encode(), "--add-ignore", "why")
    assert code == 0
    assert out.decode() == UNSAFE.rstrip() + "  # bnlint: ignore[BN101] why\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--fix", "--add-ignore", "x"],
            "--add-ignore suppresses what --fix would fix: choose one",
        ),
        (["--add-ignore", ""], "argument --add-ignore: expected a reason in one line without #"),
        (["--add-ignore", "a\nb"], "argument --add-ignore: expected a reason in one line"),
        (["--add-ignore", "a # b"], "argument --add-ignore: expected a reason in one line"),
        (["--add-ignore", "."], "--add-ignore=REASON needs a reason, and . is a path"),
        (["--add-ignore", "f.py"], "--add-ignore=REASON needs a reason, and f.py is a path"),
        (["--write-baseline"], "--write-baseline needs --baseline FILE to say where"),
        (
            ["--write-baseline", "--baseline", "b.json", "--fix"],
            "--write-baseline records what is found: it changes no files",
        ),
        (
            ["-", "--write-baseline", "--baseline", "b.json"],
            "--write-baseline records files, and '-' is none",
        ),
    ],
)
def test_what_does_not_go_together(tmp_path: Path, arguments: list[str], message: str) -> None:
    write(tmp_path, f=SAFE)
    run = bnlint(tmp_path, *arguments)
    assert (run.code, run.out) == (2, "")
    assert run.err.count("\n") == 1
    assert message in run.err
    assert (tmp_path / "f.py").read_text() == SAFE
    assert [path.name for path in tmp_path.iterdir()] == ["f.py"]
