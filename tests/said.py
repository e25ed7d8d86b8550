"""Holds all that is said of the code in tests to the texts that are kept of it.

Every test whose code is checked also compares each finding to its end: place, message, help, fix,
what was compared and the experiment with what the tables foretell of it, of whichever rule it is
and however unsure; and what is known of its layers. The texts lie in `tests/said`, a file for each
file of tests. `BNLINT_SAY=1 pytest FILE...` writes them anew: read what has changed in them, as you
read code.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from bnlint.confirm.verdicts import Laboratory
from bnlint.engine import linter
from bnlint.engine.facts import Facts, facts_of
from bnlint.engine.inventory import rows
from bnlint.engine.registry import LoadedRule
from bnlint.finding import Finding, Fix
from bnlint.output.report import Style
from bnlint.output.sites import lines
from bnlint.trial import Layer, Trial

ROOT = Path(__file__).resolve().parent
KEPT = ROOT / "said"
RENEWS = bool(os.environ.get("BNLINT_SAY"))
if RENEWS and "PYTEST_XDIST_WORKER" in os.environ:
    raise RuntimeError("BNLINT_SAY writes files that several processes would spoil: leave -n out")

#: What differs by no more differs by rounding of numbers of double precision.
_NOTHING = 1e-9

#: Whether a test must have a text; a new one need not, while somebody works on it.
IS_CI = bool(os.environ.get("CI"))

#: The tests whose code is written down: what is said of drawn code has no text to keep.
ROOMS = (
    "rules/",
    "projects/",
    "test_mode_",
    "test_graph_cases",
    "test_directives",
    "test_contexts",
)

_check = linter.check
_heard: list[str] | None = None


def listen() -> None:
    """Have what :func:`linter.check` says in tests written down; call it before it is imported."""
    linter.check = _listening


def _listening(
    data: bytes, path: str, rules: Sequence[LoadedRule], options: linter.Options
) -> linter.Result:
    result = _check(data, path, rules, options)
    if _heard is not None:
        everything = options._replace(
            trials=True, min_confidence="low", explicit=options.codes | options.explicit
        )
        shown = _check(data, path, rules, everything)
        _heard.extend(line for finding in shown.findings for line in _lines(finding))
        _heard.extend(f"notice: {notice}" for notice in (*shown.notices, *shown.offers))
        facts = facts_of(data, path, options.folder, options.wrappers, norms=True)
        if isinstance(facts, Facts):
            _heard.extend(f"site: {line}" for line in lines(rows(facts), "concise", Style()))
    return result


def _lines(finding: Finding) -> Iterator[str]:
    at = finding.span
    yield (
        f"{finding.path}:{at.row}:{at.column}-{at.end_row}:{at.end_column} {finding.code} "
        f"{finding.severity} {finding.confidence}: {finding.message}"
    )
    if finding.help:
        yield f"  help: {finding.help}"
    if finding.fix is not None:
        yield from _fixed(finding.fix)
    if finding.reference is not None:
        yield f"  reference: {_fields(finding.reference)}"
    for value in finding.values:
        yield f"  compared: {_fields(value)}"
    if finding.definition is not None:
        yield f"  written: {_fields(finding.definition)}"
    if finding.trial is not None:
        yield from _tried(finding.trial)


def _fixed(fix: Fix) -> Iterator[str]:
    yield f"  {fix.applicability} fix: {fix.message}{f' ({fix.reason})' if fix.reason else ''}"
    for edit in fix.edits:
        yield f"    {edit.start}-{edit.end}: {edit.text!r}"


def _tried(trial: Trial) -> Iterator[str]:
    layers = dict(zip(trial._fields, trial, strict=True))
    yield f"  trial: {_fields(trial, *(n for n, v in layers.items() if isinstance(v, Layer)))}"
    for name, layer in layers.items():
        if isinstance(layer, Layer):
            yield f"    {name}: {_fields(layer)}"
    foretold = _laboratory().judge(trial, "cpu")
    figures = [
        f"{name} {figure:.4g}" if figure > _NOTHING else f"{name} nothing"
        for name, figure in (("before", foretold.before), ("after", foretold.after))
        if figure is not None
    ]
    said = filter(None, (*figures, foretold.reason, foretold.remainder))
    yield f"    {foretold.verdict}: {', '.join(said)}"


@lru_cache(maxsize=1)
def _laboratory() -> Laboratory:
    """Return a laboratory without any framework: its oracle foretells what comes of experiments."""
    from bench import Bench  # of the tests of experiments

    return Laboratory(Bench())


def _fields(record: Any, *without: str) -> str:
    """Return the fields of a record that are not their defaults."""
    defaults = record._field_defaults
    return ", ".join(
        f"{name} {value if isinstance(value, str) else repr(value)}"
        for name, value in zip(record._fields, record, strict=True)
        if name not in without and (name not in defaults or defaults[name] != value)
    )


class Kept:
    """The texts that are kept of one file of tests, by the name of the test."""

    def __init__(self, tests: str) -> None:
        self.path = KEPT / Path(tests.removeprefix("tests/")).with_suffix(".txt")
        parts = self.path.read_text("utf-8").split("\n== ")[1:] if self.path.exists() else []
        self.texts = {name: text for name, _, text in (part.partition("\n") for part in parts)}
        self.new: dict[str, str] = {}

    def write(self) -> None:
        """Keep what was said in the tests that ran, and no longer what was said in others."""
        self.path.unlink(missing_ok=True)
        if self.new:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            texts = (f"\n== {name}\n{text}" for name, text in self.new.items())
            self.path.write_text("".join((*texts, "\n")), "utf-8")


class Listener:
    """Compares what was said in each test."""

    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Iterator[None]:
        """Run a test, and compare what was said in it."""
        global _heard
        tests, _, name = pyfuncitem.nodeid.partition("::")
        drawn = hasattr(pyfuncitem.obj, "is_hypothesis_test")
        if drawn or not tests.removeprefix("tests/").startswith(ROOMS):
            return (yield)
        _heard = said = []
        try:
            done = yield
        finally:
            _heard = None
        folders = [str(v) for v in pyfuncitem.funcargs.values() if isinstance(v, Path)]
        text = "\n".join(said)
        for folder in sorted({*folders, str(ROOT.parent)}, key=len, reverse=True):
            text = text.replace(folder, "...")
        text = re.sub(r"/\S*/pytest-of-\w+/pytest-\d+/\w+", "...", text)
        kept = self.kept.setdefault(tests, Kept(tests))
        if RENEWS:
            if text:
                kept.new[name] = text
        elif name in kept.texts or IS_CI:
            expected = kept.texts.get(name, "").rstrip("\n")
            assert text == expected, f"something else is said than {kept.path} has (see said.py)"
        return done

    def pytest_sessionfinish(self) -> None:
        """Write what was said, where that is asked for."""
        if RENEWS:
            for kept in self.kept.values():
                kept.write()
