"""Single files are remembered too: what is printed never depends on it, and nothing is asked."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import CLEAN, FAULTY, ROOT, Run, bnlint, write
from test_cli_cache import EDITS, HELPER, LAYERS, MAIN, NET

from bnlint.files import noted
from bnlint.files.folders import cache_folder, config_folder

#: What is checked: a file by what others hold, one that is found fault with, and a script.
NAMED = ("pkg/net.py", "faulty.py", "main.py", "helper.py")

#: Edits of files that are not there in a project of few.
FEW = {name: edit for name, edit in EDITS.items() if "clean file" not in name}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose files count as old: what tests write is a moment old."""
    monkeypatch.setattr(noted, "_YOUNG", 0)
    folder = tmp_path / "project"
    write(
        folder,
        **{
            "pyproject.toml": "[tool.bnlint]\nfrom = 'keras'\n",
            "pkg__config": "EPS = 1e-3\nMOMENTUM = 0.01\n",
            "pkg__layers": LAYERS,
            "pkg__net": NET,
            "pkg__extra": "import torch.nn as nn\nLayer = nn.LayerNorm\n",
            "pkg__more": "",
            "helper": HELPER,
            "tuned": CLEAN,
            "main": MAIN,
            "faulty": FAULTY,
        },
    )
    (folder / "pkg" / "__init__.py").write_text("from .net import Net\n")
    return folder


def run(project: Path, *arguments: str) -> Run:
    """Run on the named files, or as ``arguments`` say, with a memory beside the project."""
    cache = {"BNLINT_CACHE_DIR": str(project.parent / "cache")}
    return bnlint(project, "check", *(arguments or NAMED), environment=cache)


def loaded(project: Path, *arguments: str) -> set[str]:
    """Return the modules of bnlint that a run in a process of its own imports."""
    program = (
        "import sys; from bnlint.files import noted; noted._YOUNG = 0; "
        "from bnlint.cli.main import main; main(['check', *sys.argv[1:]]); "
        "print(*(name for name in sys.modules if name.startswith('bnlint.')), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=project,
        env={"PYTHONPATH": str(ROOT), "BNLINT_CACHE_DIR": str(project.parent / "cache")},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.splitlines()[-1].split())


def memories(project: Path) -> list[Path]:
    return sorted((project.parent / "cache").glob("bnlint-file-*.json"))


@pytest.mark.parametrize("edit", FEW.values(), ids=FEW.keys())
def test_says_what_a_run_without_memory_says(project: Path, edit: Callable[[Path], None]) -> None:
    assert run(project) == run(project, "--no-cache", *NAMED)
    assert len(memories(project)) == len(NAMED)
    edit(project)
    expected = run(project, "--no-cache", *NAMED)
    assert run(project) == expected
    assert run(project) == expected


def test_a_file_that_is_known_is_not_read_by_the_engine(project: Path) -> None:
    first = run(project, "pkg/net.py")
    assert "bnlint.engine.linter" in loaded(project, "tuned.py")
    assert not loaded(project, "tuned.py") & {"bnlint.engine.linter", "bnlint.running.runner"}
    assert run(project, "pkg/net.py") == first


def test_each_format_is_made_of_what_is_known(project: Path) -> None:
    for form in ("full", "json", "sarif"):
        fresh = run(project, "--no-cache", "--output-format", form, *NAMED)
        assert run(project, "--output-format", form, *NAMED) == fresh
        assert run(project, "--output-format", form, *NAMED) == fresh


def test_other_settings_are_another_question(project: Path) -> None:
    run(project)
    for arguments in (["--select", "ALL"], ["--from", "torch"], ["--min-confidence", "low"]):
        assert run(project, *arguments, *NAMED) == run(project, "--no-cache", *arguments, *NAMED)


def test_fixing_goes_on_as_ever(project: Path) -> None:
    assert run(project, "faulty.py").code == 1
    assert run(project, "--fix", "--unsafe-fixes", "faulty.py").code == 0
    assert "momentum=0.01" in (project / "faulty.py").read_text()
    assert run(project, "faulty.py").code == 0


def test_what_was_written_a_moment_ago_is_not_remembered(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next change may come within the same tick of the clock of its file system."""
    monkeypatch.setattr(noted, "_YOUNG", 3600 * 10**9)
    run(project)
    assert memories(project) == []


def test_what_names_a_reference_is_not_remembered(project: Path) -> None:
    (project / "port.py").write_text(f"# bnlint: port-of faulty.py\n{CLEAN}")
    run(project, "port.py")
    assert memories(project) == []


@pytest.mark.parametrize(
    "damage",
    [b"", b"\0", b"[]", b"x\nnull", b"[" * 100_000, b'{"a": 1}'],
    ids=["empty", "nul", "list", "sealed", "deep", "object"],
)
def test_a_damaged_memory_is_none(project: Path, damage: bytes) -> None:
    expected = run(project)
    for file in memories(project):
        file.write_bytes(damage)
    assert run(project) == expected
    for file in memories(project):
        file.write_bytes(file.read_bytes().replace(b"BN101", b"BN102"))
    assert run(project) == expected


def test_a_memory_of_another_form_is_none(project: Path) -> None:
    from bnlint.running.memory import opened, sealed

    expected = run(project)
    for file in memories(project):
        text = opened(file.read_bytes())
        assert text is not None
        for odd in ("null", "[1]", text.replace('"Result"', '"Finding"'), text.replace("[", "{")):
            file.write_text(sealed(odd))
            assert run(project) == expected


def test_a_memory_that_cannot_be_written(project: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, and no folder")
    assert run(project, "--cache-dir", str(blocked), *NAMED) == run(project, "--no-cache", *NAMED)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_processes_note_what_they_look_at(
    project: Path, jobs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bnlint.running import runner

    monkeypatch.setattr(runner, "PARALLEL_FROM", 0)
    assert run(project, "-j", jobs, *NAMED) == run(project, "--no-cache", *NAMED)
    (project / "pkg" / "config.py").write_text("EPS = 1e-3\nMOMENTUM = 0.987\n")
    assert run(project, "-j", jobs, *NAMED) == run(project, "--no-cache", *NAMED)


def test_where_users_keep_things(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache_folder() == str(tmp_path / ".cache" / "bnlint")
    assert config_folder() == str(tmp_path / ".config" / "bnlint")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == str(tmp_path / ".cache" / "bnlint")
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert cache_folder() == "/elsewhere/bnlint"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache_folder() == str(tmp_path / "Library" / "Caches" / "bnlint")
    assert config_folder() == str(tmp_path / "Library" / "Application Support" / "bnlint")
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    assert cache_folder() == os.path.join("/local", "bnlint", "Cache")
    assert config_folder() == os.path.join("/local", "bnlint")
