"""The commands that stay: a language server for editors, and tools for coding agents."""

from __future__ import annotations

import argparse
import os
from importlib.util import find_spec

from bnlint.cli.terminal import CLEAN, close
from bnlint.finding import Problem

#: By command: what it imports that an installation need not have, or has in an older release.
_NEEDS = {"server": "pygls.lsp.server", "mcp": "mcp.server.mcpserver"}


def serve(command: str, parsed: argparse.Namespace) -> int:
    """Serve until the client ends it."""
    package = _NEEDS[command].partition(".")[0]
    try:
        is_there = find_spec(_NEEDS[command]) is not None
    except ImportError:
        is_there = False
    if not is_there:
        what = f"needs {package} (2 or later); pip install 'bnlint[{command}]'"
        return close([Problem(f"'bnlint {command}' {what}")])
    if command == "mcp":
        if not os.path.isdir(parsed.root):
            return close([Problem("no such folder", parsed.root)])
        from bnlint.serving.agents import serve as serve_agent

        serve_agent(parsed.root)
        return CLEAN
    from bnlint.serving.language_server import serve as serve_editor

    serve_editor()
    return CLEAN
