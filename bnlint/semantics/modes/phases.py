"""Code that runs for several phases, as training and validation, and tests which one it is in."""

from __future__ import annotations

import ast
from bisect import bisect
from collections.abc import Iterator, Sequence

from bnlint.frameworks.tables import Framework
from bnlint.semantics.hints.purposes import asks_for_mode, begins_to_evaluate
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.modes.switches import (
    TRAINING,
    mode_after,
    names_gradient,
    switches,
    takes_gradient,
)
from bnlint.semantics.objects.events import METHOD, Use
from bnlint.semantics.objects.models import may_normalise
from bnlint.semantics.objects.order import are_exclusive, common_loop, is_after, running_in
from bnlint.semantics.syntax.module import Module, dotted
from bnlint.semantics.values.domain import Constant, Evaluate
from bnlint.semantics.values.memo import Memo
from bnlint.startup.typed import NamedTuple


class EveryPhase(NamedTuple):
    """A run of ``model``, as it is written, that ``switch`` puts into training in every phase.

    ``phase`` is the test under which alone gradients are taken of what ``run`` gives.
    """

    run: ast.Call
    model: str
    switch: ast.Call
    phase: ast.expr
    framework: Framework


def tests_phases(ev: Evaluate, module: Module) -> bool:
    """Tell at little cost whether a file takes gradients under a test of a phase anywhere."""
    taken = (calls for name, calls in module.calls_by_name.items() if names_gradient(ev, name))
    return any(_tests_around(module, call, module.tree) for calls in taken for call in calls)


def tested_phase(ev: Evaluate, module: Module, run: ast.expr) -> ast.expr | None:
    """Return the test of a phase that decides whether gradients are taken after ``run``.

    There is none unless all gradients of the function are taken under it, ``run`` stands outside,
    and the function is known to run in another phase as well.
    """
    here = running_in(module, run)
    around = _tests_around(module, run, here)
    found = set()
    for tests in _calls_in(ev, module, here).taken:
        own = [test for test in tests if test not in around]
        found.add(own[-1] if own else None)
    test = found.pop() if len(found) == 1 else None
    return test if test is not None and _has_other_phase(ev, module, here, test) else None


def training_in_every_phase(
    ev: Evaluate, module: Module, sites: Sequence[Site]
) -> Iterator[EveryPhase]:
    """Yield runs that are switched to training in every phase, in the function they stand in.

    Whatever the model is: batch normalisation is in it, or the project builds some.
    """
    for framework in ev.frameworks.frameworks.values():
        for name in switches(framework) if framework.modes.switch == "object" else ():
            for call in module.calls_by_name.get(name, ()):
                found = _trained(ev, module, framework, call)
                if found is None:
                    continue
                if may_normalise(ev, sites, module, found.run.func, framework):
                    yield found


def _trained(
    ev: Evaluate, module: Module, framework: Framework, call: ast.Call
) -> EveryPhase | None:
    """Return the run that ``call`` switches its model to training for, if it does in any phase."""
    here, func = running_in(module, call), call.func
    if not isinstance(func, ast.Attribute) or _tests_around(module, call, here):
        return None
    if mode_after(Use(METHOD, call, module, func.attr), framework) != TRAINING:
        return None
    model = dotted(func.value)
    calls = _calls_in(ev, module, here)
    later = calls.by_function.get(model, []) if model else []
    for run in later[bisect(later, _place(call), key=_place) :]:
        others = any(
            part is not call
            and not are_exclusive(module, part, run)
            and (is_after(run, part) or common_loop(module, part, run) is not None)
            for name in switches(framework)
            for part in calls.by_method.get(name, ())
        )
        phase = tested_phase(ev, module, run)
        if others or running_in(module, run) is not here or phase is None:
            return None
        return EveryPhase(run, model, call, phase, framework)
    return None


class _Calls(NamedTuple):
    """The calls inside a function or a file, in their order: by what is called, and by method.

    ``taken`` are the tests of phases around calls that take gradients, functions further in left
    out: each set of tests once.
    """

    by_function: dict[str, list[ast.Call]]
    by_method: dict[str, list[ast.Call]]
    taken: list[tuple[ast.expr, ...]]


_CALLS: Memo[ast.AST, _Calls] = Memo()


def _calls_in(ev: Evaluate, module: Module, here: ast.AST) -> _Calls:

    def calls() -> _Calls:
        inside = [part for part in ast.walk(here) if isinstance(part, ast.Call)]
        found = _Calls({}, {}, [])
        taken: dict[tuple[ast.expr, ...], None] = {}
        for call in sorted(inside, key=_place):
            found.by_function.setdefault(dotted(call.func), []).append(call)
            if isinstance(call.func, ast.Attribute):
                found.by_method.setdefault(call.func.attr, []).append(call)
            if takes_gradient(ev, call) and running_in(module, call) is here:
                taken[tuple(_tests_around(module, call, here))] = None
        found.taken.extend(taken)
        return found

    return _CALLS.once(ev, here, calls)


def _place(call: ast.expr) -> tuple[int, int]:
    return call.lineno, call.col_offset


def _tests_around(module: Module, node: ast.AST, here: ast.AST) -> list[ast.expr]:
    """Return the tests of ``if`` around ``node`` that ask for the phase, the innermost first."""
    found, child = [], node
    for around in module.ancestors(node):
        if around is here:
            break
        if isinstance(around, ast.If) and child in around.body:
            if asks_for_mode(ast.unparse(around.test)):
                found.append(around.test)
        child = around
    return found


def _has_other_phase(ev: Evaluate, module: Module, here: ast.AST, test: ast.expr) -> bool:
    """Tell whether the function ``here`` runs in other phases than that of ``test``, too.

    A loop over phases is around, a caller gives another, or it asks for another itself.
    """
    names = {part.id for part in ast.walk(test) if isinstance(part, ast.Name)}
    mine = {part.value for part in ast.walk(test) if isinstance(part, ast.Constant)}
    for part in ast.walk(test):
        for value in ev.evaluate(module, part) if isinstance(part, ast.Name) else ():
            found = value.object
            if isinstance(found, Constant) and _is_other(found.value):
                return True
    for part in ast.walk(here):
        match part:
            case ast.Compare(ast.Name(name), comparators=others) if name in names:
                texts = [other.value for other in others if isinstance(other, ast.Constant)]
                if any(isinstance(text, str) and text not in mine for text in texts):
                    return True
    return False


def _is_other(phase: object) -> bool:
    return phase is False or (isinstance(phase, str) and begins_to_evaluate(phase))
