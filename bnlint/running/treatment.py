"""What is done with one file: a check, and what a run asks for beyond it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bnlint.engine.options import Options
from bnlint.engine.registry import LoadedRule
from bnlint.engine.result import Result
from bnlint.startup.typed import NamedTuple


class Treatment(NamedTuple):
    """What to do with a file beyond checking it.

    ``accepted`` are the entries of a baseline for this file: code and statement, and how often.
    ``reason`` asks for suppressions to be added, and gives their reason. ``trials`` asks for the
    experiments that can prove the findings.
    """

    fix: bool = False
    unsafe: bool = False
    accepted: Mapping[tuple[str, str], int] = {}
    reason: str | None = None
    trials: bool = False


def treat(
    data: bytes, path: str, rules: Sequence[LoadedRule], options: Options, treatment: Treatment
) -> Result:
    """Check a file and do with it what is asked for; nothing is written."""
    from bnlint.engine.linter import check

    if treatment.trials:
        options = options._replace(trials=True)
    if not treatment.fix and not treatment.accepted and treatment.reason is None:
        return check(data, path, rules, options)
    if treatment.fix:
        result = _less_accepted(_fixed(data, path, rules, options, treatment), treatment)
    else:
        result = _less_accepted(check(data, path, rules, options), treatment)
    if treatment.reason is not None:
        from bnlint.fixing.ignoring import suppress_all

        def recheck(changed: bytes) -> Result:
            return _less_accepted(check(changed, path, rules, options), treatment)

        return suppress_all(data, result, treatment.reason, recheck)
    return result


def _less_accepted(result: Result, treatment: Treatment) -> Result:
    if not treatment.accepted:
        return result
    from bnlint.fixing.baseline import accept

    return accept(result, treatment.accepted)


def _fixed(
    data: bytes, path: str, rules: Sequence[LoadedRule], options: Options, treatment: Treatment
) -> Result:
    from bnlint.fixing.rounds import fix

    if not treatment.accepted:
        return fix(data, path, rules, options, unsafe=treatment.unsafe)
    from bnlint.engine.linter import check
    from bnlint.fixing.baseline import accepted_findings

    known = accepted_findings(check(data, path, rules, options), treatment.accepted)
    keep = [finding for finding, _ in known]
    return fix(data, path, rules, options, unsafe=treatment.unsafe, keep=keep)
