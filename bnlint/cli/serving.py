"""The commands that stay: a language server for editors."""

from __future__ import annotations

import argparse
from importlib.util import find_spec

from bnlint.cli.terminal import CLEAN, close
from bnlint.finding import Problem

#: By command: the package that it needs, which an installation need not have.
_NEEDS = {"server": "pygls.lsp"}


def serve(command: str, _parsed: argparse.Namespace) -> int:
    """Serve until the client ends it."""
    package = _NEEDS[command].partition(".")[0]
    try:
        is_there = find_spec(_NEEDS[command]) is not None
    except ImportError:
        is_there = False
    if not is_there:
        what = f"needs {package} (2 or later); pip install 'bnlint[{command}]'"
        return close([Problem(f"'bnlint {command}' {what}")])
    from bnlint.serving.language_server import serve as serve_editor

    serve_editor()
    return CLEAN
