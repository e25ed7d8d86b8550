"""Where a person would write the switch of a model: around the loop, not in it."""

from __future__ import annotations

import ast
from collections.abc import Collection

from bnlint.frameworks.tables import Framework
from bnlint.semantics.modes.switches import TRAINING, mode_after, runs, use_feeds_gradient
from bnlint.semantics.objects.events import METHOD, Life, Use
from bnlint.semantics.objects.order import LOOPS, common_loop, places_in, running_in
from bnlint.semantics.syntax.module import FunctionNode, Module, dotted
from bnlint.semantics.values.callers import callers
from bnlint.semantics.values.domain import Evaluate
from bnlint.startup.typed import NamedTuple

#: Of a model that is used more often, it is not found out which uses train it.
_MAX_USES = 60

_AROUND = (*LOOPS, ast.With, ast.AsyncWith)


class Placement(NamedTuple):
    """The ``statement`` before which a model is switched; ``back`` if after it it trains on."""

    statement: ast.stmt
    back: bool


def placement(
    ev: Evaluate, module: Module, place: ast.expr, name: str, life: Life, framework: Framework
) -> Placement:
    """Return where the model ``name`` is to be switched to inference for what ``place`` runs.

    That is above the loops and ``with`` blocks around it, as long as nothing in them binds the
    name, trains the model or switches it to training.
    """
    found = module.statement(place)
    if len(life.uses) > _MAX_USES:
        return Placement(found, back=False)
    trained = [use for use in life.uses if _trains(ev, use, framework)]
    child: ast.AST = found
    for around in module.ancestors(found):
        if not isinstance(around, _AROUND) or child not in around.body:
            break
        if _binds(around, name) or any(_runs_in(ev, module, around, use) for use in trained):
            break
        found = child = around
    again = any(_may_follow(module, use, found) for use in trained)
    leaves = any(isinstance(part, ast.Return) for part in ast.walk(found))
    return Placement(found, back=again and not leaves)


def above_loops(module: Module, place: ast.expr, names: Collection[str]) -> ast.stmt:
    """Return the outermost loop or ``with`` around ``place`` that binds none of ``names``.

    It is the statement of ``place`` itself where there is none.
    """
    found = module.statement(place)
    child: ast.AST = found
    for around in module.ancestors(found):
        if not isinstance(around, _AROUND) or child not in around.body:
            break
        if any(_binds(around, name) for name in names):
            break
        found = child = around
    return found


def trains_after(
    ev: Evaluate, module: Module, statement: ast.stmt, life: Life, but: Use, framework: Framework
) -> bool:
    """Tell whether a model may be trained after ``statement``, by another use than ``but``."""
    return any(
        use is not but and _trains(ev, use, framework) and _may_follow(module, use, statement)
        for use in life.uses
    )


def _trains(ev: Evaluate, use: Use, framework: Framework) -> bool:
    if use.kind == METHOD and mode_after(use, framework) == TRAINING:
        return True
    return runs(ev, use) and use_feeds_gradient(ev, use)


def _runs_in(ev: Evaluate, module: Module, around: ast.AST, use: Use) -> bool:
    """Tell whether a use may be run inside ``around``, by a function that is called there too.

    Of a function whose calls are not known, nobody knows when it runs.
    """
    function = running_in(module, use.here)
    if isinstance(function, FunctionNode) and function is not running_in(module, around):
        if not callers(ev, module, function):
            return True
    return bool(places_in(ev, module, around, use.here))


def _binds(around: ast.AST, name: str) -> bool:
    names = {name, name.partition(".")[0]}  # self.model, and self
    return any(
        isinstance(part, (ast.Name, ast.Attribute))
        and isinstance(part.ctx, ast.Store)
        and dotted(part) in names
        for part in ast.walk(around)
    )


def _may_follow(module: Module, use: Use, statement: ast.stmt) -> bool:
    """Tell whether a use may come after ``statement``: further down, or in the next pass."""
    if running_in(module, use.here) is not running_in(module, statement):
        return True
    return (
        use.here.lineno > module.span(statement).end_row
        or common_loop(module, statement, use.here) is not None
    )
