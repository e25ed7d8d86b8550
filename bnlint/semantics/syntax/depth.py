"""How deeply a text or a tree is nested: before what recurses without a limit sees it, and after.

LibCST's parser, and CPython's own before 3.11, overflow the stack on deep nesting, which ends the
process. Both are therefore only given text that this module finds shallow.
"""

from __future__ import annotations

import ast
import re

from bnlint.startup.patterns import lazy

#: Brackets within brackets, operators in one chain (``a + b + c``, ``a.b().c``, ``not not x``) and
#: branches of one ``if``: LibCST overflows at about three to ten times as many.
MAX_BRACKETS, MAX_CHAIN, MAX_BRANCHES = 200, 1000, 1000

#: Nodes within nodes from which on code that follows each into the next may reach its limit.
_DEEP = 100

_TOKEN = lazy(
    r"""
    (?P<skip>\#[^\n]*|'''[\s\S]*?'''|\"\"\"[\s\S]*?\"\"\"
        |'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*"|\d[\w.]*(?:(?<=[eE])[-+]\d+)?)
    |(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<comma>[,;:])|(?P<line>\n)
    |(?P<branch>\belif\b)
    |(?P<operator>\b(?:and|or|not|if|lambda|await)\b|[.+*/%&|^~@<>=-])
    """,
    re.VERBOSE,
)


def is_deeply_nested(tree: ast.AST) -> bool:
    """Tell whether the nodes of a tree are nested too deeply to follow each into the next."""
    level = [tree]
    for _ in range(_DEEP):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    return bool(level)


def is_deep(text: str, chain: int = MAX_CHAIN) -> bool:
    """Tell whether ``text`` may be nested too deeply: in brackets, chains or branches.

    ``chain`` is the number of operators in one chain that is still accepted.
    """
    counts = [0]  # of operators since the last comma, for each bracket that is open
    branches = 0
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "operator" or kind == "open":
            counts[-1] += 1
            if counts[-1] > chain:
                return True
        if kind == "open":
            counts.append(0)
            if len(counts) > MAX_BRACKETS:
                return True
        elif kind == "close" and len(counts) > 1:
            counts.pop()
        elif (kind == "comma" and token[0] != ":") or (kind == "line" and len(counts) == 1):
            counts[-1] = 0
        elif kind == "branch":
            branches += 1
            if branches > MAX_BRANCHES:
                return True
    return False
