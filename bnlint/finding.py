"""What a rule reports: findings, spans, references and fix intents. Plain data, no behaviour.

The records are ``NamedTuple`` rather than frozen dataclasses because they are defined on the path
of every run: importing ``dataclasses`` and building two dozen of them costs more time than
linting a file.
"""

from __future__ import annotations

from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Literal

    from bnlint.trial import Trial

#: Severities in falling order of weight; ``info`` rules are off until selected.
SEVERITIES = ("error", "warning", "info")

#: Confidences in falling order: ``high`` follows from the code and the framework tables,
#: ``medium`` needs one assumption that the message names, ``low`` is off unless asked for.
CONFIDENCES = ("high", "medium", "low")

#: How far a fix may be applied without a look at it.
SAFE, UNSAFE, MANUAL = "safe", "unsafe", "manual"


class Span(NamedTuple):
    """A piece of a file.

    Rows and columns are 1-based and count code points; the end is exclusive. ``start`` and
    ``end`` are offsets in code points into the decoded text (a byte order mark not counted).
    """

    row: int
    column: int
    end_row: int
    end_column: int
    start: int
    end: int


class Edit(NamedTuple):
    """Put ``text`` in place of what stands from ``start`` to ``end`` (offsets in code points).

    Where a finding is shown, ``cell`` is the cell of a notebook that the offsets count in.
    """

    start: int
    end: int
    text: str
    cell: int = 0


class SetKeyword(NamedTuple):
    """Give a call the keyword argument ``name=value``, or change its value where it is there."""

    call: Span
    name: str
    value: str


class ReplaceValue(NamedTuple):
    """Put ``value`` (source text) where the expression at ``target`` stands."""

    target: Span
    value: str


class ComplementValue(NamedTuple):
    """Turn the number or expression at ``target`` into one minus itself."""

    target: Span


class RenameKeyword(NamedTuple):
    """Call the keyword argument ``old`` of a call ``new``, its value unchanged."""

    call: Span
    old: str
    new: str


class ArgumentsToKeywords(NamedTuple):
    """Replace the positional arguments of a call by keywords.

    ``arguments`` pairs the 0-based position of each positional argument with the keyword to write
    and its new value (source text; ``None`` keeps the value as it stands).
    """

    call: Span
    arguments: tuple[tuple[int, str, str | None], ...]


class RemoveArgument(NamedTuple):
    """Take the keyword argument ``name`` out of a call."""

    call: Span
    name: str


class AddCall(NamedTuple):
    """Put ``()`` after the expression at ``target``."""

    target: Span


class InsertStatement(NamedTuple):
    """Write the statement ``text`` on a line of its own before or after the one at ``anchor``."""

    anchor: Span
    text: str
    where: Literal["before", "after"] = "before"


class RemoveComment(NamedTuple):
    """Replace the comment at ``target`` by ``text``, or remove it where ``text`` is empty."""

    target: Span
    text: str = ""


Intent = (
    SetKeyword
    | ReplaceValue
    | ComplementValue
    | RenameKeyword
    | ArgumentsToKeywords
    | RemoveArgument
    | AddCall
    | InsertStatement
    | RemoveComment
)


class Fix(NamedTuple):
    """What to change, as intents that are carried out together or not at all.

    ``applicability`` is ``safe``, ``unsafe`` or ``manual``; ``message`` is the imperative line
    shown to the user; ``reason`` says why the fix is not safe, empty where it is. ``edits`` are
    what the fixers make of the intents, in the order of the text; rules leave them empty.
    """

    applicability: str
    message: str
    intents: tuple[Intent, ...] = ()
    reason: str = ""
    edits: tuple[Edit, ...] = ()


class Reference(NamedTuple):
    """What a port is compared with.

    ``kind`` is ``same-file``, ``named`` or ``declared``. A declared reference is the defaults of
    a framework and has no place in a file: ``path`` is ``None`` and ``row`` 0.
    """

    kind: str
    framework: str
    api: str
    path: str | None = None
    row: int = 0
    column: int = 0
    cell: int = 0

    @property
    def location(self) -> str | None:
        """The file that holds it, with the cell if that is a notebook."""
        return f"{self.path}:cell {self.cell}" if self.cell else self.path


class Comparison(NamedTuple):
    """One setting on both sides, in the unit in which it was compared.

    ``port`` and ``reference`` hold numbers, booleans, strings or ``None``; ``unit`` names the
    convention both are expressed in (for momentum: ``decay``, the weight of the old value).
    """

    argument: str
    port: object
    reference: object
    unit: str = ""


class Confirmation(NamedTuple):
    """What came of the experiment on a finding.

    ``verdict`` is ``confirmed``, ``refuted``, ``inconclusive``, ``predicted`` (the tables of both
    sides say so; nothing was run) or ``not run`` (``reason`` says why). ``before`` and ``after``
    are the largest differences from the reference, relative to its largest value, without and
    with the fix (``None``: there is no fix to build); ``floor`` is the difference that rounding
    makes. ``about`` says what was compared, ``device`` where (empty: nowhere), ``port`` and
    ``reference`` name what gave each side. ``remainder`` names a difference that the two
    frameworks have by design, and that was taken out. ``others`` are the outcomes on further
    devices.
    """

    verdict: str
    about: str = ""
    before: float | None = None
    after: float | None = None
    floor: float | None = None
    device: str = ""
    port: str = ""
    reference: str = ""
    reason: str = ""
    remainder: str = ""
    others: tuple[Confirmation, ...] = ()


class Definition(NamedTuple):
    """Where a value is written for all of a file, or of a class, that layers take.

    ``path`` is the absolute path of the file, ``span`` the place in it, ``layers`` the number of
    layers that take it in the file of the finding.
    """

    path: str
    span: Span
    layers: int


class Finding(NamedTuple):
    """One fault at one place.

    ``subject`` and ``argument`` say what the finding is about, so that of several findings about
    one argument of one layer only the first in precedence is kept; findings with an empty
    ``argument`` never compete. ``trial`` is the experiment that can prove it, ``confirmation``
    what came of it. ``definition`` is where the value is written that it is about, if other files
    may take that as well.

    Where a finding in a notebook is shown, ``cell`` is the number of its cell, in which the span
    counts, and ``line`` the line of the file.
    """

    code: str
    name: str
    severity: str
    confidence: str
    path: str
    span: Span
    message: str
    help: str = ""
    fix: Fix | None = None
    reference: Reference | None = None
    values: tuple[Comparison, ...] = ()
    subject: int = -1
    argument: str = ""
    precedence: int = 0
    trial: Trial | None = None
    confirmation: Confirmation | None = None
    cell: int = 0
    line: int = 0
    definition: Definition | None = None

    @property
    def location(self) -> str:
        """The file that holds it, with the cell if that is a notebook: ``nb.ipynb:cell 3``."""
        return f"{self.path}:cell {self.cell}" if self.cell else self.path

    @property
    def sort_key(self) -> tuple[str, int, int, int, str, str]:
        """Path, place, code, message: the order in which findings are printed."""
        return self.path, self.cell, self.span.row, self.span.column, self.code, self.message


class Problem(NamedTuple):
    """Something that kept bnlint from doing its job: one line for stderr, exit code 2."""

    message: str
    path: str | None = None
