"""Which layers a freeze of weights reaches, and of which model or part."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from bnlint.frameworks import records
from bnlint.frameworks.tables import Api, Framework
from bnlint.semantics.layers.class_tests import Guard, LayerTests, guards
from bnlint.semantics.layers.references import Side
from bnlint.semantics.layers.resolution import Resolution
from bnlint.semantics.modes.freezing import normalising_framework
from bnlint.semantics.modes.frozen_weights import loop_of, weights_of
from bnlint.semantics.objects.order import running_in
from bnlint.semantics.syntax.module import last_name
from bnlint.semantics.values.arguments import Matched
from bnlint.semantics.values.domain import Symbol
from bnlint.semantics.values.modules import model_framework
from bnlint.startup.typed import NamedTuple

#: What is reached: a model or part with batch normalisation in it, the batch normalisation layers
#: of one, a single one of them, or only what is none.
WHOLE, NORMS, LAYER, OTHERS = "whole", "norms", "layer", "others"


class Region(NamedTuple):
    """What is reached, and of what (``None``: of what a function is given)."""

    kind: str
    owner: ast.expr | None = None


class Action(NamedTuple):
    """A place that keeps weights from being trained, or lets them be.

    ``statement`` is the loop over the weights where there is one, ``node`` the attribute or call.
    ``freezes`` and ``reach`` are ``None`` where they are not known; ``flagged`` tells that a test
    of something else than the class of a layer decides whether it happens.
    """

    node: ast.expr
    statement: ast.stmt
    freezes: bool | None
    reach: Region | None
    flagged: bool = False


class Freezes:
    """What freezes layers of one framework in the file of a side."""

    def __init__(self, side: Side, framework: Framework) -> None:
        self.side = side
        self.ev = side.project.evaluator
        self.module = side.module
        self.framework = framework
        apis = [a for a in self.ev.frameworks.apis.values() if a.framework is framework]
        self.apis = [api for api in apis if api.kind == "layer"]

    def of_layers(self, row: records.Freeze) -> Iterator[Action]:
        """Yield what sets the attribute ``row`` of layers and models."""
        for store in self.module.stores:
            if store.attr == row.name:
                statement = self.module.statement(store)
                freezes, reach = self._set(store.value, statement, row)
                flagged = self._is_flagged(store.value, statement)
                yield Action(store, statement, freezes, reach, flagged)

    def of_weights(self, row: records.Freeze) -> Iterator[Action]:
        """Yield what sets the attribute, or calls the method, ``row`` of weights or their owner."""
        if row.kind == "attribute":
            for store in self.module.stores:
                value = getattr(self.module.statement(store), "value", None)
                if store.attr == row.name:
                    yield self._of_weight(store, store.value, value, row)
            return
        for call in self.module.calls_by_name.get(row.name, ()):
            values = [*call.args, *(k.value for k in call.keywords)]
            if isinstance(call.func, ast.Attribute):
                yield self._of_weight(call, call.func.value, values[0] if values else None, row)

    def whole(self, owner: ast.expr) -> Region | None:
        """Return what a freeze of all of ``owner`` reaches; ``None`` if that is not known."""
        found = normalising_framework(self.ev, self.side.sites, self.module, owner)
        values = self.ev.evaluate(self.module, owner)
        if found is self.framework:
            classes = [getattr(value.object, "cls", None) for value in values]
            is_layer = all(
                isinstance(cls, Symbol) and cls.path in self.ev.frameworks.by_alias
                for cls in classes
            )
            return Region(LAYER if is_layer else WHOLE, owner)
        if all(model_framework(self.ev, value) is not None for value in values):
            return Region(OTHERS, owner)
        return None

    # ------------------------------------------------------------------ one place

    def _set(
        self, layer: ast.expr, statement: ast.stmt, row: records.Freeze
    ) -> tuple[bool | None, Region | None]:
        value = statement.value if isinstance(statement, ast.Assign) else None
        if isinstance(value, ast.Constant):
            return value.value is row.value, self._reach(layer, statement)
        if value is not None and isinstance(layer, ast.Name):
            # layer.trainable = not isinstance(layer, BatchNormalization)
            answer = self._passed([Guard(value, holds=True)], layer.id)
            loop = loop_of(self.module, layer)
            owner = self._walked(loop) if loop is not None else None
            if answer is not None:
                some = loop is not None and owner is None
                return answer is row.value, None if some else Region(NORMS, owner)
        return None, None

    def _of_weight(
        self, node: ast.expr, weight: ast.expr, value: ast.expr | None, row: records.Freeze
    ) -> Action:
        freezes = isinstance(value, ast.Constant) and value.value is row.value
        statement = self.module.statement(node)
        names = {name for api in self.apis for name in api.state.get("trainable", ())}
        layer = weight
        walk = weights_of(self.ev, self.module, weight)
        if walk is not None:
            layer, loop = walk
            if self.module.parents.get(statement) is not loop:
                return Action(node, loop, freezes, None)  # some of the weights
            statement = loop
        elif isinstance(weight, ast.Attribute) and weight.attr in names:
            layer = weight.value
        flagged = self._is_flagged(layer, statement)
        return Action(node, statement, freezes, self._reach(layer, statement), flagged)

    def _reach(self, layer: ast.expr, statement: ast.stmt) -> Region | None:
        """Return what a freeze of ``layer`` reaches; ``None`` if that is not known."""
        if not isinstance(layer, ast.Name):
            return self.whole(layer)
        loop = loop_of(self.module, layer)
        owner = self._walked(loop) if loop is not None else None
        end = loop or running_in(self.module, statement)
        found = list(guards(self.module, statement, end))
        if self._tests(found, layer.id).ask_for_class:
            answer = self._passed(found, layer.id)
            if answer is None or (loop is not None and owner is None):
                return None
            return Region(NORMS if answer else OTHERS, owner)
        if loop is None:
            return self.whole(layer)
        return None if found or owner is None else self.whole(owner)

    def _is_flagged(self, layer: ast.expr, statement: ast.stmt) -> bool:
        loop = loop_of(self.module, layer)
        found = list(guards(self.module, loop or statement, running_in(self.module, statement)))
        if loop is not None or not isinstance(layer, ast.Name):
            return bool(found)
        return not all(self._tests([guard], layer.id).ask_for_class for guard in found)

    # ------------------------------------------------------------------ loops and tests

    def _walked(self, loop: ast.For | ast.AsyncFor) -> ast.expr | None:
        """Return the model over all of whose layers a loop runs; ``None`` if it is none."""
        node = loop.iter
        match node:
            case ast.Call(func, [listed, *_]) if last_name(func) in ("enumerate", "list"):
                node = listed
        if isinstance(node, ast.Call):
            node = node.func
        if isinstance(node, ast.Attribute):
            if self.ev.frameworks.shares(node.attr, "walks", self.framework):
                return node.value
        return None

    def _tests(self, found: Iterable[Guard], target: str) -> LayerTests:
        return LayerTests(self.ev, self.module, found, target)

    def _passed(self, found: Iterable[Guard], target: str) -> bool | None:
        """Tell whether batch normalisation layers pass the tests of a class, or any kind of them.

        ``None`` if that is not known, or no class is asked for. Kinds that the tests do not name
        fare like any other layer: it is the ones that do not which are asked for.
        """
        tests = self._tests(found, target)
        if not tests.ask_for_class:
            return None
        made = [r for site in self.side.sites for r in site.resolutions]
        made = [resolution for resolution in made if resolution.api.framework is self.framework]
        made += map(self._built, self.apis)
        reference = self.ev.frameworks.reference(self.framework.name)
        stranger = reference._replace(id="", aliases=(), bases=())
        others = tests.passed_by(self._built(stranger))
        answers = {tests.passed_by(resolution) for resolution in made}
        if (not others) in answers:
            return not others
        return None if None in answers else others

    def _built(self, api: Api) -> Resolution:
        """Return what a layer of an API is where nothing is known of how it is built."""
        nothing = Matched({}, {}, (), ())
        return Resolution(api, nothing, self.module, None, self.module, self.module.tree)
