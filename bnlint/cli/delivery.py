"""Where changed files go: to the disk, or as a diff to standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence

from bnlint.cli.terminal import wants_color
from bnlint.engine.linter import Result
from bnlint.files.writing import WriteError, replace
from bnlint.finding import Problem


def deliver(
    results: Sequence[Result],
    paths: Mapping[str, str],
    *,
    diff: bool,
    follow_symlinks: bool,
) -> Iterator[Problem]:
    """Write the changed files, or the ``diff`` to them; yield what could not be written.

    ``paths`` holds the absolute path of each file by the name it is displayed under; what is not
    in it came from standard input.
    """
    if diff:
        _print_diffs(results, paths)
        return
    for result in results:
        path = paths.get(result.path)
        if path is None or result.before is None or result.after is None:
            continue
        try:
            replace(path, result.before, result.after, follow_symlinks=follow_symlinks)
        except WriteError as error:
            yield Problem(str(error), result.path)


def _print_diffs(results: Sequence[Result], paths: Mapping[str, str]) -> None:
    from bnlint.output.diff import unified

    color = wants_color(sys.stdout)
    sys.stdout.flush()
    for result in sorted(results, key=lambda result: result.path):
        if result.before is None or result.after is None or result.before == result.after:
            continue
        path = paths.get(result.path)
        name = result.path if path is None else os.path.relpath(path).replace(os.sep, "/")
        for line in unified(name, result.before, result.after, color=color):
            sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()
