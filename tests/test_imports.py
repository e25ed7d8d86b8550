"""Imports run one way, and a clean run imports nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

#: Rooms from the street inwards. A module may import from its own room and from rooms further in,
#: and what only type checkers read counts like all else.
ROOMS = (
    "bnlint.__main__",
    "bnlint.cli",
    "bnlint.serving",
    "bnlint.output",
    "bnlint.porting",
    "bnlint.running",
    "bnlint.confirm",
    "bnlint.fixing",
    "bnlint.engine",
    "bnlint.fixes",
    "bnlint.rule",
    "bnlint.semantics.weights",
    "bnlint.semantics.modes",
    "bnlint.semantics.objects",
    "bnlint.semantics.tensors",
    "bnlint.semantics.layers",
    "bnlint.semantics.origins",
    "bnlint.semantics.project",
    "bnlint.semantics.values",
    "bnlint.semantics.names",
    "bnlint.semantics.hints",
    "bnlint.semantics.syntax",
    "bnlint.config",
    "bnlint.files",
    "bnlint.frameworks",
    "bnlint.finding",
    "bnlint.trial",
    "bnlint.startup",
    "bnlint",
)


def depth(module: str) -> int:
    """Return how far in the room of a module lies; 0 is the street."""
    return next(
        number
        for number, room in enumerate(ROOMS)
        if module == room or module.startswith(f"{room}.")
    )


def module_name(path: Path, root: Path) -> str:
    name = ".".join(path.relative_to(root).with_suffix("").parts)
    return name.removesuffix(".__init__")


def imported(path: Path) -> set[str]:
    """Return the modules of bnlint that a file imports, wherever in the file and for whom."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute here"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = {n for n in names if (ROOT / (n.replace(".", "/") + ".py")).exists()}
            modules |= {n for n in names if (ROOT / n.replace(".", "/")).is_dir()}
            found.update(modules or {str(node.module)})
    return {name for name in found if name.partition(".")[0] == "bnlint"}


ENGINE = sorted((ROOT / "bnlint").rglob("*.py"))


@pytest.mark.parametrize("path", ENGINE, ids=lambda p: module_name(p, ROOT))
def test_engine_imports_inwards(path: Path) -> None:
    here = module_name(path, ROOT)
    for name in imported(path):
        assert depth(name) >= depth(here), f"{here} imports {name}, which lies further out"
        assert not name.startswith(("bnlint.rules", "bnlint.fixers")), (
            f"{here} names {name}: rules and fixers are loaded by the registry"
        )


def test_each_package_is_a_room() -> None:
    packages = {module_name(path, ROOT) for path in ENGINE if path.name == "__init__.py"}
    assert packages - set(ROOMS) == {"bnlint.semantics"}


@pytest.mark.parametrize("room", ["bnlint", "bnlint/semantics"])
def test_a_newcomer_sees_few_doors(room: str) -> None:
    doors = [p for p in (ROOT / room).iterdir() if not p.name.startswith(("_", "."))]
    assert len([p for p in doors if p.is_dir() or p.suffix == ".py"]) <= 17


def test_engine_has_no_circles() -> None:
    graph = {module_name(path, ROOT): imported(path) for path in ENGINE}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for other in graph.get(name, ()):
                if other != name:
                    visit(other, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())


@pytest.mark.parametrize("room", ["rules", "fixers"])
def test_rules_and_fixers_know_the_engine_only(room: str) -> None:
    for path in (ROOT / room).glob("*.py"):
        for name in imported(path):
            assert not name.startswith(("bnlint.rules", "bnlint.fixers")), f"{path.name}: {name}"
            assert depth(name) >= depth("bnlint.engine"), f"{path.name} imports {name}"


HEAVY = (
    "asyncio",
    "pygls",
    "libcst",
    "rich",
    "numpy",
    "dataclasses",
    "inspect",
    "importlib.metadata",
    "shutil",
)


def loaded_by_run(folder: Path, code: str) -> list[str]:
    """Return the heavy modules loaded by a run on one file, in a fresh interpreter."""
    (folder / "model.py").write_text(code, encoding="utf-8")
    program = (
        "import sys; from bnlint.cli.main import main; "
        "code = main(['--isolated', '-j1', 'model.py']); "
        f"print([m for m in {HEAVY!r} if m in sys.modules], code)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT)},
        check=True,
    )
    return result.stdout.splitlines()


CLEAN = """\
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(64, eps=1e-3, momentum=0.01)
"""


def test_clean_run_imports_nothing_heavy(tmp_path: Path) -> None:
    loaded = loaded_by_run(tmp_path, CLEAN)
    if not (ROOT / "bnlint" / "frameworks" / "compiled.json").exists():
        # In a checkout the tables are parsed as TOML, whose reader imports nothing of these.
        assert loaded == ["[] 0"]
    assert loaded == ["[] 0"]


def test_clean_run_pays_for_no_types(tmp_path: Path) -> None:
    """(Asked of the sources: in a checkout, the reader of TOML imports ``typing`` itself.)"""
    (tmp_path / "model.py").write_text(CLEAN, encoding="utf-8")
    program = (
        "import sys; from bnlint.cli.main import main; main(['--isolated', '-j1', 'model.py']); "
        "print(*(m.__file__ for name, m in sys.modules.items() if name.startswith('bnlint')))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT)},
        check=True,
    )
    loaded = [Path(name) for name in result.stdout.split()]
    assert ROOT / "bnlint" / "engine" / "linter.py" in loaded
    # The reader of the tables' TOML has no part in a run from a wheel, which has them compiled.
    of_checkout = {ROOT / "bnlint" / "frameworks" / name for name in ("fields.py",)}
    assert not [path for path in loaded if path not in of_checkout and imports_typing(path)]


def imports_typing(path: Path) -> bool:
    """Tell whether a module imports ``typing`` when it is run: at its top level, that is."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.ImportFrom) and node.module == "typing" for node in tree.body)


def test_run_with_findings_uses_libcst(tmp_path: Path) -> None:
    loaded = loaded_by_run(tmp_path, CLEAN.replace("0.01", "0.99"))
    assert "'libcst'" in loaded[-1]
    assert loaded[-1].endswith(" 1")
