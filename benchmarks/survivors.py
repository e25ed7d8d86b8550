"""Put single faults into bnlint's own code, one at a time, and see whether a test notices.

    python benchmarks/survivors.py [--count N] [--seed N] [--record FILE] [TEST...]
    python benchmarks/survivors.py --again FILE --record FILE [TEST...]

Faults (`single_faults.py`) are drawn from the rules, `bnlint/semantics` and `bnlint/confirm`.
First the tests are run once, to learn which of them run which lines; `--map` keeps that for the
next time, and only tests of changed files are run again. Then each fault is tried in a fork of one
process that has collected all tests, with the tests that run its line, until one fails. What runs
while a module is imported is tried in a fork that imports it anew, first with the tests that run a
function which names it. The workers, which run in other interpreters, are tried in a copy of the
checkout.

`--record` has a line of JSON for each fault that was tried; a run that is started again goes on
behind them. A test that takes longer than `--each` seconds of the processor is left out, and the
tests of one fault end after `--limit`: a fault that is said to survive may be one that there was no
time for. Name tests that are left out otherwise, with more seconds, to try those once more.

`--types` has the type checker read the checkout with each fault that survived in a record: one that
it refuses is written down as such, since no such change passes CI either.

`--again` tries what survived in an earlier record, wherever that code stands now.
"""

from __future__ import annotations

import argparse
import ast
import builtins
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
from learnt import ELSEWHERE, ROOT, Known, Map, files, instead, limit, run_pytest, spent
from single_faults import Fault, changed, faults, switched, users

#: Tests of what every rule says of itself when it is imported; they run no function of one.
OF_PAGES = "tests/test_rule_docs.py"

#: The tests of workers.
OF_WORKERS = (
    "tests/confirm/test_worker_words.py", "tests/confirm/test_worker_asks.py",
    "tests/confirm/test_worker_devices.py", "tests/confirm/test_recorded.py",
    "tests/frameworks/test_workers.py",
)  # fmt: skip

#: Tests that mostly start programs and import frameworks, which would take most of the time.
SLOW = (
    "tests/cli", "tests/frameworks/test_drift", "tests/test_examples_confirmed",
    "tests/confirm/test_oracle_matrix", "tests/confirm/test_faults", "tests/semantics/test_scale",
)  # fmt: skip

#: The others: they run in this process.
TESTS = tuple(
    sorted(
        path
        for found in (ROOT / "tests").rglob("test_*.py")
        if not (path := str(found.relative_to(ROOT))).startswith(SLOW)
    )
)


class Trial(NamedTuple):
    """A fault to try: its number, its file, and what it changes."""

    number: int
    path: str
    fault: Fault

    @property
    def in_copy(self) -> bool:
        """Whether its file runs in other processes than those of the tests."""
        return Path(self.path).match(ELSEWHERE)

    @property
    def at_import(self) -> bool:
        """Whether it cannot be switched on in a process that has imported the file."""
        return self.fault.block < 0 and not self.in_copy

    def shown(self) -> str:
        """Return where and what it is, on one line."""
        text = (ROOT / self.path).read_text("utf-8").encode().splitlines(keepends=True)
        row, column, last_row, last_column = self.fault.place
        lines = text[row - 1 : last_row]
        lines[-1] = lines[-1][:last_column]
        lines[0] = lines[0][column:]
        old = " ".join(b"".join(lines).decode().split())
        return f"{self.path}:{row}: {self.fault.kind}: {old[:90]} -> {self.fault.text[:90]}"


def drawn(count: int, seed: int) -> list[Trial]:
    """Return ``count`` faults: of all places any, and of its faults any."""
    places = [(path, at) for path in files() for at in faults((ROOT / path).read_text("utf-8"))]
    chance = random.Random(seed)
    chosen = chance.sample(places, min(count, len(places)))
    return [Trial(n, path, chance.choice(at)) for n, (path, at) in enumerate(chosen)]


def survived(record: Path) -> list[Trial]:
    """Return the faults that survived in a record, where their code now stands."""
    last = {row["number"]: row for row in map(json.loads, record.read_text("utf-8").splitlines())}
    found = []
    for number, row in last.items():
        path, line, what = row["what"].split(":", 2)
        if row["outcome"] != "survived" or not (ROOT / path).exists():
            continue
        trials = [
            Trial(number, path, fault)
            for at in faults((ROOT / path).read_text("utf-8"))
            for fault in at
        ]
        same = [trial for trial in trials if trial.shown().split(":", 2)[2] == what]
        same.sort(key=lambda trial: abs(trial.fault.place[0] - int(line)))
        found += same[:1]
        if not same:
            print(f"{number:4} is gone: {row['what']}")
    return found


# ---------------------------------------------------------------------------------- trials


class Outcome(NamedTuple):
    """What came of a fault: the test that failed, if one did, and how many ran in how long."""

    killed: bool
    test: str
    tests: int
    seconds: float


def ordered(trial: Trial, known: dict[str, Known], learnt: Map) -> list[str]:
    """Return the tests that run the line of a fault.

    Those of the files of tests that are named for its file come first, then the cheap ones of each
    other file in turn: a file of tests looks at one thing, and a second test of it sees less new. A
    file whose tests are named by subjects, with a space after each, counts as one for each subject.
    Before all come those that run what names a constant, if that is what the fault changes.
    """
    stem = Path(trial.path).stem
    named = users((ROOT / trial.path).read_text("utf-8"), trial.fault) if trial.at_import else ()
    chance = random.Random(trial.number)
    files: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for name, row in known.items():
        if learnt.runs(row, trial.path, trial.fault):
            subject = name.split(" ")[0] if " " in name else name.split("::")[0]
            files[subject].append((row.seconds * chance.random(), name))
    places = [
        (
            not any(known[name].ran[trial.path] >> mark & 1 for mark in named),
            stem not in file, 0 if stem in file else place, cost, name,
        )
        for file, found in files.items()
        for place, (cost, name) in enumerate(sorted(found))
    ]  # fmt: skip
    return [name for *_, name in sorted(places)]


def _in_fork(run: Callable[[int], None]) -> Outcome:
    """Run tests in a fork, which writes what failed and how many tests ran."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            run(writer)
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader, "rb") as stream:
        data = stream.read()
    _, status, usage = os.wait4(child, 0)
    if not data and not os.WIFSIGNALED(status):
        raise RuntimeError("the tests could not be run")
    failed, done = json.loads(data) if data else ("they did not end", 0)
    return Outcome(bool(failed), failed, done, usage.ru_utime + usage.ru_stime)


class Server:
    """Collects the tests once, and tries each fault in a fork."""

    def __init__(self, trials: list[Trial], options: argparse.Namespace, learnt: Map) -> None:
        self.trials, self.options, self.learnt = trials, options, learnt
        self.failed = ""
        self.sound: dict[str, bool] = {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Take the place of pytest's own loop."""
        items = {item.nodeid: item for item in session.items}
        known = {name: row for name, row in self.learnt.known().items() if name in items}
        for trial in self.trials:
            spent = 0.0
            while True:
                tests = [items[name] for name in ordered(trial, known, self.learnt)]
                found = _in_fork(partial(self._run, trial.number, tests))
                spent += found.seconds
                name = found.test.partition(": ")[0] if found.test not in items else found.test
                if name not in items or self._is_sound(items[name]):
                    break
                del known[name]  # it fails without the fault, too
            write(self.options, trial, found._replace(seconds=spent))
        return True

    def _is_sound(self, item: pytest.Item) -> bool:
        """Tell whether a test passes without a fault, now as when it was learnt."""
        if item.nodeid not in self.sound:
            self.sound[item.nodeid] = not _in_fork(partial(self._run, -1, [item])).killed
        return self.sound[item.nodeid]

    def _run(self, number: int, items: list[pytest.Item], writer: int) -> None:
        """Run tests until one fails; say which, and leave."""
        vars(builtins)["_bnlint_fault"] = number
        folder = tempfile.mkdtemp()
        os.environ["PYTEST_DEBUG_TEMPROOT"] = folder
        hard = int(self.options.limit + 4 * self.options.each) + 30
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))
        done = 0
        for number, item in enumerate(items):
            after = items[number + 1] if number + 1 < len(items) else None
            limit(2 * self.options.each)
            try:
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
            except BaseException as error:
                self.failed = self.failed or f"{item.nodeid}: {type(error).__name__}"
            limit(0)
            done += 1
            if self.failed or spent() > self.options.limit:
                break
        shutil.rmtree(folder, ignore_errors=True)
        os.write(writer, json.dumps([self.failed, done]).encode())

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what failed."""
        if report.failed and not self.failed:
            self.failed = report.nodeid


class Anew(Server):
    """Runs the tests of one fault that stands in what they import."""

    def __init__(self, tests: list[str], options: argparse.Namespace, writer: int) -> None:
        self.tests, self.options, self.writer = tests, options, writer
        self.failed = ""

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Take the place of pytest's own loop."""
        items = {item.nodeid: item for item in session.items}
        self._run(-1, [items[name] for name in self.tests if name in items], self.writer)
        os._exit(0)


#: As many tests are collected for a fault that stands in what they import.
_COLLECTED = 400


def anew(trial: Trial, options: argparse.Namespace, learnt: Map) -> Outcome:
    """Try a fault in forks of this process, which has imported none of the checkout."""
    known = learnt.known()

    def run(tests: list[str], code: dict[str, Callable[[str], ast.Module]], writer: int) -> None:
        instead(code)
        vars(builtins)["_bnlint_fault"] = -1
        run_pytest(sorted({name.split("::")[0] for name in tests}), Anew(tests, options, writer))
        os.write(writer, json.dumps(["they could not be collected", 0]).encode())

    def faulty(text: str) -> ast.Module:
        return ast.parse(changed(text, trial.fault))

    of_rule = trial.path.startswith("rules")
    pages = [name for name in known if of_rule and name.startswith(OF_PAGES)]
    while tests := [*pages, *ordered(trial, known, learnt)[:_COLLECTED]]:
        found = _in_fork(partial(run, tests, {trial.path: faulty}))
        if found.test not in known or not _in_fork(partial(run, [found.test], {})).killed:
            return found
        del known[found.test]  # it fails without the fault, too
    return Outcome(False, "", 0, 0.0)


def in_copy(trial: Trial, options: argparse.Namespace, learnt: Map) -> Outcome:
    """Try a fault in a copy of the checkout."""
    known = learnt.known()
    cost: dict[str, float] = defaultdict(float)
    for name in ordered(trial, known, learnt):
        cost[name.split("::")[0]] += known[name].seconds
    chosen = [*OF_WORKERS] if Path(trial.path).match(ELSEWHERE) else []
    total = 0.0
    for file, seconds in cost.items():
        if not chosen or total + seconds <= options.limit:
            chosen.append(file)
            total += seconds
    if not chosen:
        return Outcome(False, "", 0, 0.0)
    with tempfile.TemporaryDirectory() as folder:
        _copy(folder)
        target = Path(folder, trial.path)
        target.write_text(changed(target.read_text("utf-8"), trial.fault), "utf-8")
        began = resource.getrusage(resource.RUSAGE_CHILDREN)
        failed = _failed_in(folder, chosen, known, 60 * options.limit)
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
    return Outcome(bool(failed), failed, len(chosen), spent)


def _copy(folder: str) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        target = Path(folder, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)


def _failed_in(folder: str, tests: list[str], known: dict[str, Known], seconds: float) -> str:
    """Return the first test that fails in a copy, of those that passed without the fault."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--tb=no", "-p", "no:cacheprovider"]
    environment = {**os.environ, "PYTHONPATH": folder, "CI": "true"}
    while True:
        try:
            run = subprocess.run(
                [*command, *tests], cwd=folder, env=environment, capture_output=True,
                timeout=seconds, check=False, text=True,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return "they did not end"
        lines = [line for line in run.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
        if not run.returncode:
            return ""
        failed = lines[0].partition(" ")[2].partition(" - ")[0] if lines else "none could be run"
        if failed in known or not failed.startswith("tests/") or "::" not in failed:
            return failed
        command += ["--deselect", failed]  # it fails without the fault, too


def check_types(options: argparse.Namespace) -> None:
    """Note which of the faults that survived the type checker refuses."""
    daemon = [sys.executable, "-m", "mypy.dmypy"]  # which checks again only what has changed
    with tempfile.TemporaryDirectory() as folder:
        _copy(folder)
        run = partial(subprocess.run, cwd=folder, capture_output=True, check=False, text=True)
        try:
            first = run([*daemon, "run"])
            assert not first.returncode, first.stdout + first.stderr
            for trial in survived(options.record):
                target = Path(folder, trial.path)
                text = target.read_text("utf-8")
                target.write_text(changed(text, trial.fault), "utf-8")
                checked = run([*daemon, "recheck"])
                target.write_text(text, "utf-8")
                if checked.returncode == 1:
                    said = checked.stdout.partition(": error: ")[2].partition("\n")[0]
                    write(options, trial, Outcome(False, said, 0, 0.0), "refused")
        finally:
            run([*daemon, "stop"])


def write(
    options: argparse.Namespace, trial: Trial, outcome: Outcome, word: str = "survived"
) -> None:
    """Note what came of a fault."""
    word = "killed" if outcome.killed else word
    row = {
        "number": trial.number, "what": trial.shown(), "outcome": word, "test": outcome.test,
        "tests": outcome.tests, "seconds": round(outcome.seconds, 1),
    }  # fmt: skip
    with options.record.open("a", encoding="utf-8") as stream:
        stream.write(f"{json.dumps(row)}\n")
    by = f" by {outcome.test}" if outcome.test else f" {outcome.tests} tests"
    print(f"{trial.number:4} {word:8} {outcome.seconds:5.1f} s {row['what']}{by}", flush=True)


def report(options: argparse.Namespace) -> None:
    """Print the figures of a record, if anything was tried."""
    if not options.record.exists():
        return
    rows = {}
    for line in options.record.read_text("utf-8").splitlines():
        row = json.loads(line)
        rows[row["number"]] = row
    rooms: Counter[tuple[str, str]] = Counter()
    for row in rows.values():
        path = row["what"].split(":")[0]
        room = path.split("/")[0] if path.startswith("rules") else path.split("/")[1]
        rooms[room, row["outcome"]] += 1
    for room in sorted({room for room, _ in rooms}):
        killed, all_ = rooms[room, "killed"], sum(n for (r, _), n in rooms.items() if r == room)
        refused = rooms[room, "refused"]
        print(f"{room}: {killed} of {all_} killed ({killed / all_:.1%}), {refused} refused")
    words = Counter(row["outcome"] for row in rows.values())
    killed, refused = words["killed"], words["refused"]
    spent = sum(row["seconds"] for row in rows.values())
    print(f"{killed} of {len(rows)} killed ({killed / len(rows):.1%}), {refused} refused by types")
    print(f"{spent / 60:.0f} minutes")


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tests", nargs="*", default=TESTS, metavar="TEST")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=float, default=60, help="seconds for one fault")
    parser.add_argument("--each", type=float, default=5, help="seconds for one test")
    parser.add_argument("--record", type=Path, default=Path("survivors.jsonl"))
    parser.add_argument("--map", type=Path, default=Path("survivors-map.json"))
    parser.add_argument("--again", type=Path, help="a record, whose survivors are tried again")
    parser.add_argument("--types", action="store_true", help="have types of survivors checked")
    parser.add_argument("--only", type=int, nargs="*", metavar="N", help="try these anew")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    os.chdir(ROOT)
    if options.types:
        check_types(options)
        report(options)
        return 0
    learnt = Map(options.map)
    learnt.renew(options.tests, options.each)
    trials = survived(options.again) if options.again else drawn(options.count, options.seed)
    if options.only is not None:
        trials = [trial for trial in trials if trial.number in options.only]
    elif options.record.exists():
        lines = options.record.read_text("utf-8").splitlines()
        tried = {json.loads(line)["number"] for line in lines}
        trials = [trial for trial in trials if trial.number not in tried]
    for trial in trials:
        if trial.in_copy or trial.at_import:  # before any of the checkout is imported
            way = in_copy if trial.in_copy else anew
            write(options, trial, way(trial, options, learnt))
    trials = [trial for trial in trials if not trial.in_copy and not trial.at_import]
    if trials:
        vars(builtins)["_bnlint_fault"] = -1
        by_file: dict[str, dict[Fault, int]] = {}
        for trial in trials:
            by_file.setdefault(trial.path, {})[trial.fault] = trial.number
        instead({
            path: partial(switched, chosen=chosen)
            for path, chosen in by_file.items()
        })  # fmt: skip
        run_pytest(sorted(learnt.tests), Server(trials, options, learnt))
    report(options)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
