"""How arguments are parsed: errors in one line, and help that costs nothing where none is asked."""

from __future__ import annotations

import argparse
import sys

from bnlint.cli.terminal import FAILED, tell
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, NoReturn


class _Formatter(argparse.HelpFormatter):
    """Lays out help. How wide the terminal is matters only where help is printed.

    argparse makes a formatter for every option that is added, and the width that it would look up
    costs an import of ``shutil`` with three compression libraries: 2 ms.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=None if wants_help() else 80)


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=_Formatter, **options)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line, and what may be meant, and end."""
        unknown = message.removeprefix("unrecognized arguments: ")
        if unknown != message and unknown.startswith("-"):
            from bnlint.config.suggestions import suggestion

            option = unknown.split()[0].partition("=")[0]
            message += suggestion(option, self._option_string_actions)
        tell(f"{self.prog}: error: {message} (see '{self.prog} --help')")
        raise SystemExit(FAILED)


def wants_help() -> bool:
    """Tell whether help is asked for, which takes longer to make than all else."""
    return not {"-h", "--help"}.isdisjoint(sys.argv)
