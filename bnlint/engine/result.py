"""What came of checking one file, as all that show, keep, fix and deliver it are given it."""

from __future__ import annotations

from bnlint.finding import Finding, Problem
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bnlint.files.documents import Document


class Result(NamedTuple):
    """What came of one file.

    ``text`` is its decoded text where there are findings to show, else ``None``. ``checked``
    tells that the file was parsed, and not passed over as holding nothing of interest.
    ``uncompared`` is the number of layers whose settings were compared with nothing, though nobody
    declares that they are no port; ``layers`` is the number of all. ``unlisted`` are findings for
    information that nobody asked for, as the code and the framework that was compared with.
    ``offers`` are comparisons that may be worth while, as commands. ``hints`` say for how many
    layers eps would differ if what introduces the project is right.

    Of a file that was changed, ``fixed`` are the findings that were fixed, ``suppressed`` counts
    those that a comment was written for, and ``before`` and ``after`` are its bytes. ``accepted``
    are the findings that a baseline names, as the pairs of code and statement it has. ``document``
    is what ``text`` is the program of, if it stands in a notebook or on a page.
    """

    path: str
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...] = ()
    notices: tuple[str, ...] = ()
    text: str | None = None
    checked: bool = False
    uncompared: int = 0
    offers: tuple[str, ...] = ()
    unlisted: tuple[tuple[str, str], ...] = ()
    hints: tuple[tuple[str, str], ...] = ()
    fixed: tuple[Finding, ...] = ()
    suppressed: int = 0
    before: bytes | None = None
    after: bytes | None = None
    document: Document | None = None
    accepted: tuple[tuple[str, str], ...] = ()
    layers: int = 0
