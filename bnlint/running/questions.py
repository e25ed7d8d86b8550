"""The questions about a whole project that results rest on, asked again in a later run.

What a project says changes with few of its files, though any of them may have a say. A result that
rests on it holds as long as the answer is the same, however many other files have changed.
"""

from __future__ import annotations

import re

from bnlint.semantics.project.resolver import Question, Resolver
from bnlint.semantics.values.memo import Memo

_ANSWERS: Memo[Question, str] = Memo()


def answer(resolver: Resolver, question: Question) -> str:
    """Return what the project says to ``question`` now, as a text that tells it from others.

    What is no question of this bnlint has an answer that no result rests on.
    """
    known = _ANSWERS.of(resolver)
    if question not in known:
        try:
            known[question] = repr(_answer(resolver, question))
        except (LookupError, TypeError, ValueError, re.error):
            known[question] = ""
    return known[question]


def _answer(resolver: Resolver, question: Question) -> object:
    kind, about, *more = question
    if kind == "root":
        return resolver.sources.around(about)
    if kind == "files":
        return resolver.sources.below(about)
    if kind == "search":
        return resolver.sources.matching(about, *more)
    if kind in ("users", "used"):
        from bnlint.semantics.project.users import may_be_used, users

        return users(resolver, about, *more) if more else may_be_used(resolver, about)
    if kind == "norms":
        from bnlint.semantics.project.triage import builds_norms_below

        return builds_norms_below(resolver, about)
    if kind == "requires":
        from bnlint.semantics.project.requirements import required_by

        return sorted(required_by(resolver, about).items())
    from bnlint.semantics.origins.search import digest, layered_below

    if kind == "layered":
        return layered_below(resolver, about, *more)
    return digest(resolver, about) if kind == "origin" else None
