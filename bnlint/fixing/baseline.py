"""Baselines: findings that an old code base is allowed to keep.

An entry names a file, a code and the statement the finding is about, without its comments and with
single spaces. It holds as long as that statement is as it was, wherever it moves in its file. Line
numbers play no part.
"""

from __future__ import annotations

import io
import json
import os
import re
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from bnlint.engine.directives import innermost_statement
from bnlint.engine.result import Result
from bnlint.files.tree import DISK, Tree
from bnlint.files.writing import WriteError, create, replace
from bnlint.finding import Finding
from bnlint.semantics.syntax.module import Module, parse

VERSION = 1

#: What identifies a finding within a file: its code and its statement.
Entry = tuple[str, str]

_SPACE = re.compile(r"\s+")


class BaselineError(ValueError):
    """A baseline that cannot be used; the message says why."""


class Baseline(NamedTuple):
    """The entries of a baseline, with how often each may be found, by the absolute path."""

    path: str
    files: Mapping[str, Mapping[Entry, int]]


def load(path: str, tree: Tree = DISK) -> Baseline:
    """Return the baseline in the file at the absolute ``path``.

    Raises:
        BaselineError: the file cannot be read or is no baseline.
    """
    try:
        content = json.loads(tree.read(path).decode("utf-8"))
    except FileNotFoundError:
        raise BaselineError("no such baseline; --write-baseline writes it") from None
    except OSError as error:
        raise BaselineError(f"cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise BaselineError(f"is no baseline: {error or 'too large'}") from None
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise BaselineError(f"is no baseline of version {VERSION}; --write-baseline writes one")
    files: dict[str, dict[Entry, int]] = {}
    for number, entry in enumerate(_entries(content.get("findings"))):
        file, code, statement, count = _checked(entry, number)
        absolute = os.path.normpath(os.path.join(os.path.dirname(path), file))
        entries = files.setdefault(absolute.replace(os.sep, "/"), {})
        entries[code, statement] = entries.get((code, statement), 0) + count
    return Baseline(path, files)


def _entries(value: object) -> list[object]:
    if not isinstance(value, list):
        raise BaselineError("is no baseline: 'findings' must be a list")
    return value


def _checked(entry: object, number: int) -> tuple[str, str, str, int]:
    if isinstance(entry, dict):
        values = (entry.get("path"), entry.get("code"), entry.get("statement"))
        count = entry.get("count")
        if all(isinstance(value, str) for value in values) and type(count) is int and count > 0:
            file, code, statement = map(str, values)
            return file, code, statement, count
    raise BaselineError(
        f"is no baseline: findings[{number}] needs path, code and statement (strings) and count "
        "(a number above 0)"
    )


def accept(result: Result, entries: Mapping[Entry, int]) -> Result:
    """Return ``result`` without the findings that ``entries`` allow."""
    accepted = accepted_findings(result, entries)
    if not accepted:
        return result
    used = tuple(entry for _, entry in accepted)
    known = {id(finding) for finding, _ in accepted}
    kept = tuple(finding for finding in result.findings if id(finding) not in known)
    return result._replace(findings=kept, accepted=used)


def accepted_findings(result: Result, entries: Mapping[Entry, int]) -> list[tuple[Finding, Entry]]:
    """Return the findings of ``result`` that ``entries`` allow, each with its entry."""
    left = Counter(dict(entries))
    found: list[tuple[Finding, Entry]] = []
    for finding, entry in described(result):
        if left[entry] > 0:
            left[entry] -= 1
            found.append((finding, entry))
    return found


def described(result: Result) -> Iterator[tuple[Finding, Entry]]:
    """Yield the findings of ``result``, each with the entry that would allow it."""
    module: Module | None = None
    if result.text is not None and result.findings:
        try:
            module = parse(result.path, result.text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            module = None
    for finding in result.findings:
        yield finding, (finding.code, statement(module, finding) if module is not None else "")


def statement(module: Module, finding: Finding) -> str:
    """Return the statement that ``finding`` is about, in the form that baselines have it.

    A finding in the head of a compound statement is about its line.
    """
    node = innermost_statement(module, finding.span)
    if node is None:
        text = module.lines.line(finding.span.row)
    else:
        span = module.span(node)
        text = module.text[span.start : span.end]
    return _SPACE.sub(" ", _without_comments(text)).strip()


def _without_comments(text: str) -> str:
    lines = text.splitlines(keepends=True)
    try:
        # in parentheses, so that line breaks and indentation mean nothing
        tokens = list(tokenize.generate_tokens(io.StringIO("(" + text + "\n)").readline))
    except (tokenize.TokenError, SyntaxError):
        return text
    for token in reversed(tokens):
        if token.type == tokenize.COMMENT and token.start[0] <= len(lines):
            row, column = token.start
            column -= row == 1
            line = lines[row - 1]
            lines[row - 1] = line[:column] + line[column + len(token.string) :]
    return "".join(lines)


def write(
    path: str, results: Iterable[tuple[str, Result]], old: Baseline | None, checked: set[str]
) -> int:
    """Write a baseline of all findings to the absolute ``path``; return how many there are.

    ``results`` come with the absolute paths of their files. Entries of ``old`` for files that were
    not ``checked`` and still exist are kept.

    Raises:
        WriteError: the file cannot be written.
    """
    files: dict[str, Counter[Entry]] = {}
    for file, entries in old.files.items() if old is not None else ():
        if file not in checked and os.path.exists(file):
            files[file] = Counter(dict(entries))
    for file, result in results:
        counts = Counter(entry for _, entry in described(result))
        counts.update(result.accepted)
        if counts:
            files[file] = counts
    listed = [
        {"path": name, "code": code, "statement": text, "count": count}
        for name, entries in sorted((_relative(file, path), e) for file, e in files.items())
        for (code, text), count in sorted(entries.items())
    ]
    content = json.dumps({"version": VERSION, "findings": listed}, indent=2, ensure_ascii=False)
    # a byte of a name that is not UTF-8 is written as JSON writes half a surrogate pair: \udcff
    _write(path, (content + "\n").encode("utf-8", "backslashreplace"))
    return sum(count for entries in files.values() for count in entries.values())


def _relative(file: str, path: str) -> str:
    return os.path.relpath(file, os.path.dirname(path)).replace(os.sep, "/")


def _write(path: str, data: bytes) -> None:
    try:
        with open(path, "rb") as stream:
            before = stream.read()
    except FileNotFoundError:
        create(path, data)
        return
    except OSError as error:
        raise WriteError(error.strerror or str(error)) from None
    replace(path, before, data, follow_symlinks=True)


def stale(baseline: Baseline, results: Mapping[str, Result]) -> Iterator[tuple[str, Entry, int]]:
    """Yield the entries that no finding answers to any more: file, entry, and how many too many.

    Only files that were checked can tell, and files that no longer exist.
    """
    for file, entries in sorted(baseline.files.items()):
        if file in results:
            used = Counter(results[file].accepted)
            for entry, count in sorted(entries.items()):
                if count > used[entry]:
                    yield file, entry, count - used[entry]
        elif not os.path.exists(file):
            for entry, count in sorted(entries.items()):
                yield file, entry, count
