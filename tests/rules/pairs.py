"""Runs one rule on a port beside a reference that it names."""

from __future__ import annotations

from one_rule import all_rules, plain

from bnlint.engine.facts import ReferenceFile
from bnlint.engine.linter import Options, check
from bnlint.finding import Finding


def run_pair(rule: str, reference: str, port: str, *more: str) -> list[Finding]:
    """Return what ``rule`` finds in ``port``, a port of ``reference`` and of ``more`` files."""
    codes = frozenset(loaded.code for loaded in all_rules())
    files = tuple(
        ReferenceFile(f"reference{i or ''}.py", plain(text).encode())
        for i, text in enumerate((reference, *more))
    )
    options = Options(codes, references=files)
    result = check(plain(port).encode(), "port.py", all_rules(), options)
    assert result.problems == ()
    return [finding for finding in result.findings if finding.code == rule]
