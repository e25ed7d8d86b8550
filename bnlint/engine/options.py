"""What decides the findings of one file, whatever it was decided by."""

from __future__ import annotations

from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bnlint.engine.facts import ReferenceFile
    from bnlint.frameworks.records import Wrapper


class Options(NamedTuple):
    """What decides the findings of one file.

    ``codes`` are the rules that run, ``explicit`` those that were selected by the user (an
    ``info`` finding is shown only of these), ``from_family`` is the family it is ported from,
    ``folder`` the absolute folder of the file, if it lies in one. Fixes of the rules in
    ``unfixable`` are text only; those in ``safe_fixes`` and ``unsafe_fixes`` count as such.
    ``trials`` asks for the experiments that can prove the findings, ``references`` are the files
    that this one is a port of, ``wrappers`` what the configuration declares to stand for an API.
    ``native`` tells that the code is declared to be no port, ``is_reference`` that other files are
    declared to be ports of it, ``infer`` that the project may show what it was ported from.
    """

    codes: frozenset[str]
    explicit: frozenset[str] = frozenset()
    min_confidence: str = "medium"
    from_family: str | None = None
    folder: str | None = None
    unfixable: frozenset[str] = frozenset()
    safe_fixes: frozenset[str] = frozenset()
    unsafe_fixes: frozenset[str] = frozenset()
    trials: bool = False
    references: tuple[ReferenceFile, ...] = ()
    wrappers: tuple[Wrapper, ...] = ()
    native: bool = False
    is_reference: bool = False
    infer: bool = True
