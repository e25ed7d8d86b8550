"""Batch normalisation that code freezes, and whether its statistics stand still with its weights.

What one framework means by a freeze, another does not: the tables tell. What is said here of a side
of a comparison is sure enough to be held against the other side; all else is left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from bnlint.files.display import as_said
from bnlint.frameworks import records
from bnlint.frameworks.tables import Framework
from bnlint.semantics.hints.around import in_test
from bnlint.semantics.hints.purposes import rests_norms
from bnlint.semantics.layers.class_tests import guards
from bnlint.semantics.layers.parts import held_by
from bnlint.semantics.layers.references import Side
from bnlint.semantics.modes.freezing import is_for_norm_layers, runs_at_setup
from bnlint.semantics.modes.frozen_weights import is_partial
from bnlint.semantics.modes.moving_statistics import Drift, drifts
from bnlint.semantics.modes.region import NORMS, OTHERS, WHOLE, Action, Freezes, Region
from bnlint.semantics.modes.switches import INFERENCE, TRAINING, mode_after, switches, switches_to
from bnlint.semantics.modes.training import takes_gradients
from bnlint.semantics.objects.events import METHOD, Use
from bnlint.semantics.objects.order import running_in
from bnlint.semantics.syntax.module import Module, dotted
from bnlint.semantics.values.domain import ClassRef
from bnlint.startup.typed import NamedTuple


class Frozen(NamedTuple):
    """Batch normalisation whose weights are kept from being trained.

    ``by`` is what does so, as it is written or called; ``where`` is where to report it. With
    ``stops`` its statistics stand still too; without, they are known to move. ``flagged`` tells
    that a test decides whether it happens. ``drift`` is there where a whole model is followed.
    """

    side: Side
    where: ast.expr | ast.stmt
    by: str
    reach: Region
    framework: Framework
    row: records.Freeze
    stops: bool
    flagged: bool
    drift: Drift | None = None

    @property
    def owner(self) -> str:
        """The name of what is frozen, as written; empty where it has none."""
        owner = self.reach.owner
        return (dotted(owner) or self.side.module.source(owner)) if owner is not None else ""

    @property
    def name(self) -> str:
        """What messages call what is frozen."""
        if self.reach.kind == NORMS:
            of = f" of {as_said(self.owner)}" if self.owner else ""
            return f"the batch normalisation layers{of}"
        return as_said(self.owner)


# ---------------------------------------------------------------------------------- stopped


def halts(side: Side) -> list[Frozen] | None:
    """Return what the side freezes together with its statistics.

    ``None`` where that does not hold throughout: it is undone, or what is not known decides.
    """
    module = side.module
    found: list[Frozen] = []
    undone: list[Action] = []
    rows = [
        (framework, row)
        for framework in side.project.frameworks.frameworks.values()
        for row in framework.modes.freezes
        if row.statistics
    ]
    for framework, row in rows:
        for action in Freezes(side, framework).of_layers(row):
            reach = action.reach
            if reach is not None and reach.kind == OTHERS:
                continue
            if action.freezes is not True:
                undone.append(action)
            elif reach is not None and not in_test(module, action.node):
                by = " ".join(module.source(action.statement).split())
                found.append(
                    Frozen(side, action.node, by, reach, framework, row, True, action.flagged)
                )
        found += _built_frozen(side, framework, row)
    if not all(_is_outdone(action, found) for action in undone):
        return None
    return [frozen for frozen in found if _counts(side, frozen.where)]


def _counts(side: Side, node: ast.AST) -> bool:
    """Tell whether ``node`` stands in the part of the file that is compared."""
    return not side.part or not held_by(side.module, side.part).isdisjoint(
        side.module.ancestors(node)
    )


def _built_frozen(side: Side, framework: Framework, row: records.Freeze) -> Iterator[Frozen]:
    """Yield the first layer that an argument freezes, if one freezes all of the framework."""
    sites = [s for s in side.sites if s.api.framework is framework]
    given = [
        next((k.value for k in site.call.keywords if k.arg == row.name), None) for site in sites
    ]
    if sites and all(isinstance(v, ast.Constant) and v.value is row.value for v in given):
        by = f"{row.name}={row.value}"
        yield Frozen(side, sites[0].call, by, Region(NORMS), framework, row, True, False)


def _is_outdone(undone: Action, found: Sequence[Frozen]) -> bool:
    """Tell whether batch normalisation is frozen, by its class, after all layers were not."""
    return any(
        frozen.reach.kind == NORMS
        and frozen.where.lineno > undone.node.lineno
        and _is_beside(frozen.side.module, frozen.where, undone.node)
        for frozen in found
    )


def _is_beside(module: Module, node: ast.AST, other: ast.AST) -> bool:
    return running_in(module, node) is running_in(module, other)


# ---------------------------------------------------------------------------------- moving


def moving(side: Side) -> Iterator[Frozen]:
    """Yield what the side freezes by its weights alone, in a model that is trained on."""
    module = side.module
    for drift in drifts(side.project.evaluator, module, side.sites):
        freeze, framework = drift.freeze, drift.framework
        if not _counts(side, freeze.statement):
            continue
        if is_partial(side.project.evaluator, module, freeze):
            continue
        row = next(row for row in framework.modes.freezes if row.name == freeze.by)
        reach = Freezes(side, framework).whole(freeze.owner) or Region(WHOLE, freeze.owner)
        flagged = any(guards(module, freeze.statement, running_in(module, freeze.statement)))
        yield Frozen(side, freeze.where, freeze.by, reach, framework, row, False, flagged, drift)


def moving_norms(side: Side) -> Iterator[Frozen]:
    """Yield where a side freezes the weights of batch normalisation layers, and they train on.

    A test of the class says which layers they are. In the file, something is trained, and nothing
    may put them into inference mode.
    """
    for framework in side.project.frameworks.frameworks.values():
        rows = [row for row in framework.modes.freezes if not row.statistics]
        search = Freezes(side, framework)
        found = [(row, action) for row in rows for action in search.of_weights(row)]
        actions = [action for _, action in found]
        seen: set[tuple[ast.AST, str]] = set()
        for row, action in found:
            reach = action.reach
            if not action.freezes or reach is None or reach.kind != NORMS:
                continue
            place = running_in(side.module, action.node), _text(reach.owner)
            if place in seen or not _counts(side, action.node):
                continue
            seen.add(place)  # the weight and the bias, one after the other
            if _is_undone(side.module, action, actions) or _may_rest(side.module, framework):
                continue
            if _is_trained(side, framework, action):
                flagged = action.flagged
                yield Frozen(side, action.node, row.name, reach, framework, row, False, flagged)


def _text(owner: ast.expr | None) -> str:
    return ast.dump(owner) if owner is not None else ""


def _is_undone(module: Module, freeze: Action, actions: Sequence[Action]) -> bool:
    """Tell whether the weights of the layers, or of all of their model, may be trained again."""
    assert freeze.reach is not None
    owner = _text(freeze.reach.owner)
    for action in actions:
        if action.freezes or (action.reach is not None and action.reach.kind == OTHERS):
            continue
        if action.node.lineno < freeze.node.lineno and _is_beside(module, action.node, freeze.node):
            continue
        if action.reach is not None or not owner:
            return True
        if any(ast.dump(part) == owner for part in ast.walk(action.statement)):
            return True
    return False


def _is_trained(side: Side, framework: Framework, freeze: Action) -> bool:
    """Tell whether the file trains in training mode, or sets up a model that will be."""
    module = side.module
    if in_test(module, freeze.node):
        return False
    if switches_to(module, framework.modes.to_training):
        return True
    if framework.modes.initial != TRAINING:
        return False
    ev, cls = side.project.evaluator, module.enclosing_class(freeze.node)
    if cls is not None and runs_at_setup(ev, module, freeze.node, ClassRef(module, cls)):
        return True
    return takes_gradients(ev, module)


def _may_rest(module: Module, framework: Framework) -> bool:
    """Tell whether anything in the file may leave batch normalisation layers in inference mode.

    What is switched there and back, by one name, is evaluated in between.
    """
    modes: dict[str, set[str]] = {TRAINING: set(), INFERENCE: set()}
    for method in switches(framework):
        for call in module.calls_by_name.get(method, ()):
            if isinstance(call.func, ast.Attribute):
                mode = mode_after(Use(METHOD, call, module, method), framework)
                if mode != TRAINING and is_for_norm_layers(module, call):
                    return True
                modes[mode or INFERENCE].add(dotted(call.func.value))
    if modes[INFERENCE] - (modes[TRAINING] - {""}):
        return True
    if any(store.attr == framework.modes.attribute for store in module.stores):
        return True
    if any(
        function.name in switches(framework) and isinstance(module.parents[function], ast.ClassDef)
        for function in module.functions
    ):
        return True
    defined = {function.name for function in module.functions}  # what they do is seen
    return any(map(rests_norms, module.calls_by_name.keys() - defined))
