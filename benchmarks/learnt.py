"""Which tests run which lines and meet which outcomes, kept in a file for the next time.

Files are imported as something else than what stands in them (`instead`): marked, to learn that, or
with faults, to try them (`survivors.py`).
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import importlib.machinery
import json
import os
import signal
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

import pytest
from single_faults import Fault, marked

ROOT = Path(__file__).resolve().parent.parent

#: What faults are put into, and what of it runs in processes that know nothing of this one.
ROOMS = ("rules/*.py", "bnlint/semantics/**/*.py", "bnlint/confirm/*.py")
ELSEWHERE = "bnlint/confirm/worker[._]*py"


def files() -> list[str]:
    """Return the files that faults are put into."""
    found = {path for room in ROOMS for path in ROOT.glob(room) if path.name != "__init__.py"}
    return sorted(str(path.relative_to(ROOT)) for path in found)


# ---------------------------------------------------------------------------------- imports


def instead(compiled: Mapping[str, Callable[[str], ast.Module]]) -> None:
    """Have files imported as ``compiled`` makes them of their text, by path."""
    plain = importlib.machinery.SourceFileLoader.get_code

    def get_code(loader: Any, name: str) -> CodeType | None:
        path = loader.get_filename(name)
        key = os.path.relpath(path, ROOT)
        if key not in compiled:
            return plain(loader, name)
        tree = compiled[key](Path(path).read_text("utf-8"))
        return compile(tree, path, "exec", dont_inherit=True)

    pytest.MonkeyPatch().setattr(importlib.machinery.SourceFileLoader, "get_code", get_code)


class Slow(BaseException):
    """A test that took too long, whatever catches exceptions in it."""


def limit(seconds: float) -> None:
    """Have :class:`Slow` raised after so many seconds of the processor; never, after none."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Slow(f"more than {seconds:g} seconds")

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)


def spent() -> float:
    """Return the seconds of the processor of this process and of those that it waited for."""
    return sum(os.times()[:4])


def run_pytest(tests: Iterable[str], plugin: object) -> None:
    """Run tests in this process, as CI runs them, with a plugin."""
    os.environ["CI"] = "true"  # Hypothesis tries the same each time
    options = ["-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:terminal"]
    pytest.main([*options, "--rootdir", str(ROOT), "-o", "addopts=", *tests], plugins=[plugin])


# ---------------------------------------------------------------------------------- the map


class Known(NamedTuple):
    """What is known of a test: its seconds, and the marks that it sets, by file."""

    seconds: float
    ran: dict[str, int]


def _digest(path: str) -> str:
    return hashlib.blake2b((ROOT / path).read_bytes(), digest_size=8).hexdigest()


class Map:
    """Which tests set which marks of which files, kept in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sources: dict[str, str] = {}
        self.tests: dict[str, dict[str, Any]] = {}
        if path.exists():
            data = json.loads(path.read_text("utf-8"))
            self.sources = data["sources"]
            self.tests = {f: row for f, row in data["tests"].items() if (ROOT / f).exists()}

    def known(self) -> dict[str, Known]:
        """Return what is known, by the id of the test; a test that failed or was slow is not."""
        return {
            name: Known(row[0], {path: int(bits, 16) for path, bits in row[1].items()})
            for file in self.tests.values()
            for name, row in file["tests"].items()
        }

    def renew(self, tests: Iterable[str], each: float) -> None:
        """Run the tests of files that have changed."""
        stale = [file for file in _test_files(tests) if self._is_stale(file)]
        if not self.tests:
            self.sources = {path: _digest(path) for path in files()}
        for start in range(0, len(stale), 4):  # what was learnt is kept if this is cut off
            some = stale[start : start + 4]
            with tempfile.TemporaryDirectory() as folder:
                answer = Path(folder, "map.json")
                child = os.fork()
                if not child:
                    _silent()
                    os._exit(_learn(some, each, answer))
                os.waitpid(child, 0)
                learnt = json.loads(answer.read_text("utf-8"))
            for file in some:
                own = {n: row for n, row in learnt.items() if n.split("::")[0] == file}
                self.tests[file] = {"digest": _digest(file), "tests": own}
            self.path.write_text(json.dumps({"sources": self.sources, "tests": self.tests}))
            print(f"{len(learnt)} tests of {len(some)} files", flush=True)

    def _is_stale(self, file: str) -> bool:
        return self.tests.get(file, {}).get("digest") != _digest(file)

    def runs(self, known: Known, path: str, fault: Fault) -> bool:
        """Tell whether a test may notice a fault, as far as is known: it runs where it matters."""
        bits = known.ran.get(path, 0)
        if fault.block < 0 or _digest(path) != self.sources.get(path):
            return bits > 0
        return any(bits >> mark & 1 for mark in fault.outcomes or (fault.block,))


def _test_files(tests: Iterable[str]) -> Iterator[str]:
    for name in tests:
        path = ROOT / name
        for file in sorted(path.rglob("test_*.py")) if path.is_dir() else [path]:
            yield str(file.relative_to(ROOT))


def _silent() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):
        os.dup2(null, stream)


def _learn(tests: list[str], each: float, answer: Path) -> int:
    """Run tests and write what they run."""
    first, makers, spans = 0, {}, {}
    for path in files():
        if not Path(path).match(ELSEWHERE):
            _, marks = marked((ROOT / path).read_text("utf-8"), 0)
            makers[path] = partial(_marked, first)
            spans[path] = (first, first + marks)
            first += marks
    ran = bytearray(first)
    vars(builtins)["_bnlint_ran"] = ran
    vars(builtins)["_bnlint_held"] = partial(_held, ran)
    instead(makers)
    learnt: dict[str, Any] = {}

    class Learner:
        failed = False

        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
            ran[:] = bytes(first)
            self.failed = False
            began = spent()
            limit(each)
            try:
                return (yield)
            finally:
                limit(0)
                if not self.failed:
                    bits = {
                        path: f"{number:x}"
                        for path, (a, b) in spans.items()
                        if (number := _number(ran[a:b]))
                    }
                    learnt[item.nodeid] = [round(spent() - began, 4), bits]

        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            if report.outcome != "passed":
                self.failed = True

    run_pytest(tests, Learner())
    answer.write_text(json.dumps(learnt))
    return 0


def _held(ran: bytearray, mark: int, value: object) -> object:
    """Note whether a condition holds; an array with many values may do both."""
    try:
        ran[mark + bool(value)] = 1
    except ValueError:
        ran[mark] = ran[mark + 1] = 1
    return value


def _marked(first: int, text: str) -> ast.Module:
    return marked(text, first)[0]


def _number(ran: bytearray) -> int:
    return sum(1 << index for index, byte in enumerate(ran) if byte) if any(ran) else 0
