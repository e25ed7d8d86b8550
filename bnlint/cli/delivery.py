"""Where changed files go: to the disk, or as a diff to standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence

from bnlint.cli.terminal import wants_color
from bnlint.engine.result import Result
from bnlint.files.writing import WriteError, check_link, replace
from bnlint.finding import Problem


def deliver(
    results: Sequence[Result],
    paths: Mapping[str, str],
    unchanged: Callable[[Result], Result],
    *,
    diff: bool,
    follow_symlinks: bool,
    refusal: str,
) -> tuple[list[Result], list[Problem]]:
    """Write the changed files, or the ``diff`` to them; return what holds of the files then.

    ``paths`` holds the absolute path of each file by the name it is displayed under; what is not
    in it came from standard input. For a file that could not be written there is a problem, which
    begins with ``refusal``, and in place of its result the one that ``unchanged`` makes of it:
    that of a check of the file as it is.
    """
    delivered: list[Result] = []
    problems: list[Problem] = []
    for result in results:
        path = paths.get(result.path)
        if path is not None and result.before is not None and result.after is not None:
            try:
                if diff:  # a refusal that is sure to come is told of now
                    check_link(path, follow_symlinks=follow_symlinks)
                else:
                    replace(path, result.before, result.after, follow_symlinks=follow_symlinks)
            except WriteError as error:
                problems.append(Problem(f"{refusal}: {error}", result.path))
                result = unchanged(result)
        delivered.append(result)
    if diff:
        _print_diffs(delivered, paths)
    return delivered, problems


def _print_diffs(results: Sequence[Result], paths: Mapping[str, str]) -> None:
    from bnlint.output.diff import unified

    color = wants_color(sys.stdout)
    sys.stdout.flush()
    for result in sorted(results, key=lambda result: result.path):
        if result.before is None or result.after is None or result.before == result.after:
            continue
        path = paths.get(result.path)
        name = result.path if path is None else os.path.relpath(path).replace(os.sep, "/")
        shown = sys.stdout.isatty()
        for line in unified(name, result.before, result.after, color=color, shown=shown):
            sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()
