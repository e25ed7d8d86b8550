"""The command line: arguments to calls, results to exit codes; nothing else.

Exit codes: 0 nothing found, 1 findings, 2 could not do the job (a problem on standard error). What
was asked for goes to standard output, all chatter to standard error.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import os
import sys
from collections.abc import Sequence

from bnlint.cli.parsers import COMMANDS, command_parser, parser, version_line
from bnlint.cli.terminal import CLEAN, FAILED, FOUND, mute, tell, write


def main(argv: Sequence[str] | None = None) -> int:
    """Run bnlint with ``argv`` (default: the process's given) and return the exit code."""
    if argv is None:
        # The process is bnlint's own, and short: collecting garbage on the way costs 4 % of a run
        # on one file, and going over all objects at its end 6 %. Long runs collect in between
        # (see the runner).
        gc.disable()
        atexit.register(gc.freeze)
        # bnlint speaks English: that argparse asks for translations of its words takes 1.5 ms.
        argparse._ = str  # type: ignore[attr-defined]
    given = list(sys.argv[1:] if argv is None else argv)
    if given[:1] not in (["-h"], ["--help"], ["--version"], ["-V"]):
        # `bnlint src/` is `bnlint check src/`; a path that is called like a command needs ./
        if not given or given[0] not in COMMANDS:
            if given and (meant := _meant(given)):
                tell(f"bnlint: error: {given[0]}: no such file, folder or command; did you mean "
                     f"'{meant}'?")  # fmt: skip
                return FAILED
            given.insert(0, "check")
    _open_closed()
    try:
        try:
            if given[0] in ("-V", "--version"):
                write([f"{version_line()}\n"])
                return CLEAN
            command = given[0]
            if command not in COMMANDS:  # --help, which ends here
                parser().parse_args(given)
            return _run(command, command_parser(command).parse_args(given[1:]))
        finally:
            sys.stdout.flush()  # while what goes wrong here can still be told
    except BrokenPipeError:
        # The reader of our output has gone (| head): not a failure, and nothing left to say.
        mute(sys.stdout)
        return FOUND
    except KeyboardInterrupt:
        mute(sys.stdout)
        tell("bnlint: interrupted")
        return 130
    except OSError as error:
        mute(sys.stdout)
        place = error.filename or "cannot write to standard output"
        tell(f"bnlint: error: {place}: {error.strerror or error}")
        return FAILED
    except Exception as error:
        tell(f"bnlint: error: {_told(error)}")
        return FAILED


def _meant(given: Sequence[str]) -> str:
    """Return the command that a first word may stand for which is no path; empty if it may be none.

    Else a misspelt command would check the current folder first.
    """
    word = given[0]
    if word.startswith("-") or os.path.lexists(word) or not word.replace("-", "").isalnum():
        return ""
    others = {"help": "bnlint --help", "version": "bnlint --version"}
    if word in others:
        return others[word]
    if word == "rule" and len(given) > 1:
        return f"bnlint explain {given[1]}"
    if word[:2].upper() == "BN" and word[2:].isdigit():
        return f"bnlint explain {word.upper()}"
    from difflib import get_close_matches

    near = get_close_matches(word, COMMANDS, 1, 0.75)
    return f"bnlint {near[0]}" if near else ""


def _told(error: Exception) -> str:
    """Return one line that says what is wrong: with a framework table, or with bnlint itself."""
    from bnlint.frameworks.records import TableError

    if isinstance(error, TableError):
        return " ".join(f"bnlint/frameworks/{error}".split())
    from bnlint.engine.crashes import crashed

    return crashed("bnlint", error).message


def _open_closed() -> None:
    """Give a standard stream for output that the caller has closed somewhere to go."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115


def _run(command: str, parsed: argparse.Namespace) -> int:
    """Run ``command``; what it needs is imported only now."""
    if command == "check":
        from bnlint.cli.check import check

        return check(parsed)
    if command == "compare":
        from bnlint.cli.comparing import compare

        return compare(parsed)
    if command == "completion":
        from bnlint.cli.completion import completion

        return completion(parsed)
    if command in ("server", "mcp"):
        from bnlint.cli import serving

        return serving.serve(command, parsed)
    from bnlint.cli import listings

    return int(getattr(listings, command)(parsed))
