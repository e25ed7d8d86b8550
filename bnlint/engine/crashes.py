"""What is made of an exception that a rule, a fixer or bnlint itself raises over a file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from bnlint.finding import Problem
from bnlint.semantics.syntax.depth import is_deeply_nested
from bnlint.semantics.syntax.module import Module


def crashed(what: str, error: Exception, path: str | None = None) -> Problem:
    """Return the problem that says where a rule (or bnlint itself) crashed, in one line."""
    import traceback

    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{last.filename.rpartition('/')[2]}:{last.lineno}"
    message = " ".join(str(error).split())
    kind = type(error).__name__
    why = f"{kind}: {message}" if message else kind
    return Problem(f"{what} crashed ({where}: {why}); please report this", path)


@contextlib.contextmanager
def followed(module: Module) -> Iterator[None]:
    """Leave what is nested too deeply to be followed: it is unknown, like all such."""
    try:
        yield
    except RecursionError as error:
        if not is_too_deep(error, module):
            raise


def is_too_deep(error: Exception, module: Module) -> bool:
    """Tell whether it was the code of ``module`` that recursed too deeply, and not its reader."""
    return isinstance(error, RecursionError) and is_deeply_nested(module.tree)
