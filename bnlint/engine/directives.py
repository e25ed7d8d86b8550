"""Comments that talk to bnlint: suppressions and the naming of a reference.

- ``# bnlint: ignore[BN101, eps-differs] reason`` and ``# bnlint: ignore`` (everything)
- ``# bnlint: ignore-file[BN101] reason`` and ``# bnlint: ignore-file``
- ``# noqa: BN101`` and ``# noqa``, as other linters read them
- ``# bnlint: port-of path/to/reference.py``
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from bnlint.finding import Finding, Span
from bnlint.semantics.syntax.module import Module
from bnlint.startup.patterns import lazy
from bnlint.startup.typed import NamedTuple

IGNORE, IGNORE_FILE, NOQA, PORT_OF, MALFORMED = (
    "ignore",
    "ignore-file",
    "noqa",
    "port-of",
    "malformed",
)

#: A directive ends where another comment starts; the # of "#12" in a reason starts none.
_COMMENT = lazy(
    r"#[ \t]*(?:(?P<own>bnlint:)(?P<rest>(?:[^#\n\r]|#(?=\d))*)"
    r"|(?P<noqa>noqa)(?::[ \t]*(?P<codes>[A-Z]+[0-9]+(?:[, \t]+[A-Z]+[0-9]+)*))?(?![\w:-]))",
    re.IGNORECASE,
)
_OWN = lazy(r"\s*(?P<verb>[\w-]+)\s*(?P<codes>\[[^\]]*\])?\s*(?P<text>.*?)\s*\Z", re.DOTALL)
#: What looks like codes that should stand in brackets: "ignore BN101", "ignore: eps-differs".
_LOOSE = lazy(r"[:=(]?\s*BN\d|[:=(]\s*[\w-]+\W*\Z", re.IGNORECASE)
#: It begins with the colon, since the word before it is sought at every place in the text.
_MENTIONS = lazy(r":(?:(?<=bnlint:)|(?<=noqa:)[^\n\r]*\bBN\d)", re.IGNORECASE)
_SEPARATOR = lazy(r"[,\s]+")


class Directive(NamedTuple):
    """One directive in a comment.

    ``selectors`` are codes or names as written, empty for "everything". ``span`` covers the
    directive from its ``#``. ``text`` is the reason, the path of a reference, or what is wrong.
    ``alone`` tells that nothing else stands on the line.
    """

    kind: str
    selectors: tuple[str, ...]
    span: Span
    text: str
    alone: bool


def may_have_directives(text: str) -> bool:
    """Tell at a glance whether a file can hold a directive that names bnlint or its rules."""
    return _MENTIONS.search(text) is not None


def find_directives(module: Module) -> list[Directive]:
    """Return the directives of a file in order; text inside strings is no comment."""
    found: list[Directive] = []
    strings: list[Span] | None = None
    for match in _COMMENT.finditer(module.text):
        if strings is None:
            strings = _strings(module)
        start, end = match.start(), match.end()
        if any(s.start <= start < s.end and _is_text(module, s, start) for s in strings):
            continue
        while end > start and module.text[end - 1] in " \t":
            end -= 1
        span = module.lines.between(start, end)
        line = module.lines.line(span.row)
        alone = not line[: span.column - 1].strip()
        if match["own"]:
            found.append(_own(match["rest"], span, alone))
        else:
            codes = tuple(_SEPARATOR.split(match["codes"].strip())) if match["codes"] else ()
            found.append(Directive(NOQA, tuple(c.upper() for c in codes), span, "", alone))
    return found


def _strings(module: Module) -> list[Span]:
    """Return the spans of string literals; parts that are joined without ``+`` are one."""
    return [
        module.span(node)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.expr)
        and (
            type(node).__name__ in ("JoinedStr", "TemplateStr")
            or (isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)))
        )
    ]


def _is_text(module: Module, span: Span, place: int) -> bool:
    """Tell whether ``place`` in a string literal is text, not a comment between its parts."""
    import io
    import tokenize

    lines = io.StringIO("(" + module.text[span.start : span.end] + ")", newline="")
    row, column = module.lines.place(place)
    row, column = row - span.row + 1, column - 1
    if row == 1:
        column += 2 - span.column
    try:
        return not any(
            token.type == tokenize.COMMENT
            and token.start[0] == row
            and token.start[1] <= column < token.end[1]
            for token in tokenize.generate_tokens(lines.readline)
        )
    except (tokenize.TokenError, SyntaxError):
        return True


def _own(rest: str, span: Span, alone: bool) -> Directive:
    match = _OWN.match(rest)
    if match is None:
        return Directive(MALFORMED, (), span, "nothing follows 'bnlint:'", alone)
    verb, codes, text = match["verb"].lower(), match["codes"], match["text"]
    if verb not in (IGNORE, IGNORE_FILE, PORT_OF):
        why = f"'{verb}' is no directive: there are ignore, ignore-file and port-of"
        return Directive(MALFORMED, (), span, why, alone)
    if verb == PORT_OF:
        if codes or not text:
            return Directive(MALFORMED, (), span, "port-of needs the path of a file", alone)
        return Directive(PORT_OF, (), span, text, alone)
    if text.startswith("["):
        return Directive(MALFORMED, (), span, "a '[' without its ']'", alone)
    if not codes and _LOOSE.match(text):
        why = f"codes stand in brackets: '{verb}[BN101]'"
        return Directive(MALFORMED, (), span, why, alone)
    selectors = tuple(s for s in _SEPARATOR.split(codes[1:-1].strip()) if s) if codes else ()
    if codes and not selectors:
        return Directive(MALFORMED, (), span, "the brackets are empty", alone)
    return Directive(verb, selectors, span, text, alone)


class Suppressed(NamedTuple):
    """The findings that remain, and the codes and names each directive (by index) suppressed."""

    remaining: list[Finding]
    used: dict[int, set[str]]


def suppress(
    findings: Iterable[Finding], directives: Sequence[Directive], module: Module
) -> Suppressed:
    """Take out the findings that directives suppress.

    A directive counts on the reported line, on the first or last line of the innermost simple
    statement around it, and alone on the line above. So it does where the value is written that the
    finding is about, if layers anywhere may take it. ``ignore-file`` counts everywhere.
    """
    by_line: dict[int, list[int]] = {}
    whole_file: list[int] = []
    for index, directive in enumerate(directives):
        if directive.kind == IGNORE_FILE:
            whole_file.append(index)
        elif directive.kind in (IGNORE, NOQA):
            by_line.setdefault(directive.span.row, []).append(index)
    remaining: list[Finding] = []
    used: dict[int, set[str]] = {}
    for finding in findings:
        places = list(whole_file)
        spans = [finding.span]
        if finding.definition is not None and finding.definition.path == module.file:
            spans.append(finding.definition.span)
        for row, above in _lines_for(spans, module) if by_line else ():
            places += [i for i in by_line.get(row, ()) if directives[i].alone or not above]
        hits = [i for i in places if _covers(directives[i], finding)]
        for index in hits:
            used.setdefault(index, set()).update((finding.code, finding.name))
        if not hits:
            remaining.append(finding)
    return Suppressed(remaining, used)


def suppressed_where_written(finding: Finding, there: Module) -> bool:
    """Tell whether a directive of the file in which a value is written suppresses ``finding``."""
    assert finding.definition is not None
    moved = finding._replace(span=finding.definition.span)
    return not suppress([moved], find_directives(there), there).remaining


def _covers(directive: Directive, finding: Finding) -> bool:
    if not directive.selectors:
        return True
    return any(s.upper() == finding.code or s == finding.name for s in directive.selectors)


def _lines_for(spans: Iterable[Span], module: Module) -> set[tuple[int, bool]]:
    """Return the lines on which a directive counts for ``spans``; True marks a line above."""
    lines: set[tuple[int, bool]] = set()
    for span in spans:
        first, last = span.row, span.row
        statement = innermost_statement(module, span)
        if statement is not None:
            first, last = statement.lineno, statement.end_lineno or statement.lineno
        lines |= {(row, False) for row in (span.row, first, last)}
        lines |= {(row - 1, True) for row in (span.row, first)}
    return lines


def innermost_statement(module: Module, span: Span) -> ast.stmt | None:
    """Return the innermost statement without a body of its own that holds ``span``."""
    best: ast.stmt | None = None
    stack: list[ast.AST] = [module.tree]
    while stack:
        node = stack.pop()
        for field in _BLOCKS:
            block = getattr(node, field, ())
            if field in ("handlers", "cases"):
                stack += block
            elif isinstance(block, list):  # a lambda's body is an expression
                for child in _at(block, span.row):
                    if _holds(module, child, span):
                        if not any(hasattr(child, field) for field in ("body", "cases")):
                            best = child
                        stack.append(child)
    return best


#: Fields of nodes that hold statements, or what holds statements.
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


def _at(block: Sequence[ast.stmt], row: int) -> Iterator[ast.stmt]:
    """Yield the statements of ``block`` that ``row`` is in, from the last to the first."""
    for index in range(bisect_right(block, row, key=lambda child: child.lineno) - 1, -1, -1):
        if (block[index].end_lineno or block[index].lineno) < row:
            return
        yield block[index]


def _holds(module: Module, statement: ast.stmt, span: Span) -> bool:
    if not span.end:  # a place with a row only
        return True
    whole = module.span(statement)
    return whole.start <= span.start < whole.end
