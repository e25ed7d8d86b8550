"""Fixing a file: rounds of edits until nothing changes, each held to its promises.

In one round all fixes are made whose edits do not touch; the others wait. A fix that breaks a
promise is rolled back and the others go on. It is tried again beside what they changed, and
reported if that is in vain.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bnlint.engine.linter import check
from bnlint.engine.options import Options
from bnlint.engine.registry import LoadedRule
from bnlint.engine.result import Result
from bnlint.files.source import Source, Unreadable, decode
from bnlint.finding import SAFE, UNSAFE, Edit, Finding
from bnlint.fixes.edits import Text, applied
from bnlint.fixing.promises import Arrived, Broken, check_findings, check_text

#: Rounds after which a file that still changes is left at its last good text.
MAX_ROUNDS = 20

#: Rounds after which one gives up a file whose fixes are made and undone by turns.
_MAX_ALL = 10 * MAX_ROUNDS


def allows(finding: Finding, *, unsafe: bool) -> bool:
    """Tell whether the fix of ``finding`` may be applied."""
    fix = finding.fix
    if fix is None or not fix.edits:
        return False
    return fix.applicability == SAFE or (unsafe and fix.applicability == UNSAFE)


def fix(
    data: bytes,
    path: str,
    rules: Sequence[LoadedRule],
    options: Options,
    *,
    unsafe: bool = False,
    keep: Sequence[Finding] = (),
) -> Result:
    """Check a file and fix what can be fixed; nothing is written.

    The findings to ``keep``, of a check of the file as it is, are not fixed. The result is
    that of a check of the fixed file, with its bytes, the findings that were fixed, and in its
    notices what was rolled back, and why.
    """
    result = check(data, path, rules, options)
    if not any(allows(finding, unsafe=unsafe) for finding in result.findings):
        return result
    try:
        source = decode(data, path)
    except Unreadable:
        return result

    state = _State(source.text, data, result, kept=frozenset(_key(finding) for finding in keep))
    return _Rounds(source, rules, options, unsafe=unsafe).run(state)


class _Key(NamedTuple):
    """A fix of a state that is not to be made."""

    code: str
    argument: str
    start: int


class _Due(NamedTuple):
    """A finding that must be gone in the end, and what is to be undone if it is not."""

    arrived: Arrived
    depth: int
    causes: tuple[_Key, ...]


class _State(NamedTuple):
    """A text that keeps its promises, but for what is still due.

    Of the fixes that are not made, those that are ``kept`` were never to be, and those that are
    ``banned`` were rolled back.
    """

    text: str
    data: bytes
    result: Result
    fixed: tuple[Finding, ...] = ()
    kept: frozenset[_Key] = frozenset()
    banned: frozenset[_Key] = frozenset()
    due: tuple[_Due, ...] = ()


class _Rounds:
    """The rounds of one file."""

    def __init__(
        self, source: Source, rules: Sequence[LoadedRule], options: Options, *, unsafe: bool
    ) -> None:
        self.source = source
        self.rules = rules
        self.options = options
        self.unsafe = unsafe
        self.notices: list[str] = []
        self.rolled_back: list[str] = []

    def run(self, state: _State) -> Result:
        """Go on until nothing changes."""
        before = state.data
        past: list[_State] = []
        rounds, tried = 0, state.text
        while True:
            batch = self.choose(state)
            if not batch:
                if not state.due and (not state.banned or state.text == tried):
                    break
                if not state.due:  # what failed is tried beside what was changed since
                    tried = state.text
                    self.rolled_back.clear()
                    state = state._replace(banned=frozenset())
                    continue
                # something is left that was to go: what brought it is undone
                due = state.due[0]
                self.rolled_back.append(
                    f"the fix of {_codes(due.causes)} was rolled back: it would bring "
                    f"{due.arrived.code}"
                )
                state = _without(due, past)
                continue
            batch, banned = self.sift(state, batch, len(past))
            state = state._replace(banned=state.banned | banned)
            if not batch:
                continue
            after = self.make(state, batch, len(past))
            stop = self.why_stop(past, state, after)
            if stop:
                self.notices.append(f"{stop}; please report this")
            if stop and state.due and rounds < _MAX_ALL:
                state = _without(state.due[0], past)
            elif stop or rounds >= _MAX_ALL:
                state = next((s for s in (state, *reversed(past)) if not s.due), state)
                break
            else:
                past.append(state)
                state = after
                rounds += 1
        said = dict.fromkeys((*self.rolled_back, *self.notices))
        notices = (*state.result.notices, *said)
        result = state.result._replace(notices=notices, fixed=state.fixed)
        return result._replace(before=before, after=state.data) if state.fixed else result

    def why_stop(self, past: Sequence[_State], state: _State, after: _State) -> str:
        """Return why ``after`` is not to follow ``state``; empty if it may."""
        for earlier in past:
            if earlier.text == after.text:
                codes = _codes(after.fixed[len(earlier.fixed) :])
                return f"the fixes of {codes} undo each other"
        if len(past) >= MAX_ROUNDS:
            codes = _codes(due.arrived for due in (*state.due, *after.due)) or _codes(
                after.fixed[len(state.fixed) :]
            )
            return f"still changing after {MAX_ROUNDS} rounds of fixes ({codes})"
        return ""

    def choose(self, state: _State) -> list[Finding]:
        """Return the findings to fix in one round: in order, and no edits that touch."""
        chosen: list[Finding] = []
        taken: list[Edit] = []
        left = state.kept | state.banned
        for finding in state.result.findings:
            if not allows(finding, unsafe=self.unsafe) or _key(finding) in left:
                continue
            assert finding.fix is not None
            edits = finding.fix.edits
            if not any(e.start <= t.end and t.start <= e.end for e in edits for t in taken):
                chosen.append(finding)
                taken += edits
        return chosen

    def sift(
        self, state: _State, batch: list[Finding], depth: int
    ) -> tuple[list[Finding], frozenset[_Key]]:
        """Return those of ``batch`` that keep their promises together, and those that never do.

        What fails only beside others waits for the next round.
        """
        return self.grow(state, [], batch, depth)

    def grow(
        self, state: _State, good: list[Finding], more: list[Finding], depth: int
    ) -> tuple[list[Finding], frozenset[_Key]]:
        """Return ``good`` and what of ``more`` can be made with it, and what cannot be made."""
        try:
            self.make(state, [*good, *more], depth)
        except Broken as broken:
            if len(more) > 1:
                middle = len(more) // 2
                good, banned = self.grow(state, good, more[:middle], depth)
                good, others = self.grow(state, good, more[middle:], depth)
                return good, banned | others
            if good:  # is it to blame itself?
                _, banned = self.grow(state, [], more, depth)
                return good, banned
            (finding,) = more
            self.rolled_back.append(
                f"the fix of {finding.code} in line {finding.span.row} was rolled back: {broken}"
            )
            return [], frozenset([_key(finding)])
        return [*good, *more], frozenset()

    def make(self, state: _State, batch: Sequence[Finding], depth: int) -> _State:
        """Return the state after all of ``batch``.

        Raises:
            Broken: a promise is not kept.
        """
        edits = [edit for finding in batch if finding.fix for edit in finding.fix.edits]
        text = applied(state.text, edits)
        data = check_text(self.source, text, batch)
        result = check(data, self.source.path, self.rules, self.options)
        if result.problems and not state.result.problems:
            raise Broken(result.problems[0].message)
        arrived = check_findings(text, batch, state.result.findings, result.findings)
        due = [moved for old in state.due if (moved := _still_due(old, text, result)) is not None]
        due += [_Due(new, depth, tuple(map(_key, causes))) for new, causes in arrived]
        return _State(
            text.new,
            data,
            result,
            (*state.fixed, *batch),
            frozenset(_shifted(key, text) for key in state.kept),
            frozenset(_shifted(key, text) for key in state.banned),
            tuple(due),
        )


def _without(due: _Due, past: list[_State]) -> _State:
    """Return the state before what brought ``due``, with that banned; later ones leave ``past``."""
    state = past[due.depth]
    del past[due.depth :]
    return state._replace(banned=state.banned | set(due.causes))


def _codes(of: Iterable[Finding | Arrived | _Key]) -> str:
    return ", ".join(sorted({one.code for one in of}))


def _key(finding: Finding) -> _Key:
    return _Key(finding.code, finding.argument, finding.span.start)


def _shifted(key: _Key, text: Text) -> _Key:
    return key._replace(start=text.end(key.start))


def _still_due(due: _Due, text: Text, result: Result) -> _Due | None:
    """Return ``due`` at its place in the new text; ``None`` if the finding is gone."""
    for start in (text.start(due.arrived.start), text.end(due.arrived.start)):
        moved = due.arrived._replace(start=start)
        if any(Arrived(f.code, f.argument, f.span.start) == moved for f in result.findings):
            return due._replace(arrived=moved)
    return None
