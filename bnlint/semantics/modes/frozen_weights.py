"""Where weights are kept from training, and whether batch normalisation stays frozen by it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from bnlint.frameworks.tables import Framework
from bnlint.semantics.hints import things
from bnlint.semantics.layers.class_tests import Guard, guards
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.modes.named_weights import NameTests, WeightName, norm_weights
from bnlint.semantics.objects.events import METHOD, Life
from bnlint.semantics.objects.order import are_exclusive, running_in
from bnlint.semantics.syntax.module import FunctionNode, Module, dotted, last_name
from bnlint.semantics.values.domain import Evaluate, ValueSet
from bnlint.startup.typed import NamedTuple

_LOOPS = (ast.For, ast.AsyncFor)


class Freeze(NamedTuple):
    """Weights of ``owner`` (as written: ``model``, ``self.backbone``) are kept from training.

    ``statement`` does it: a loop over the weights, or one call; ``node`` in it is the attribute or
    call, and ``by`` the name of that. ``tests`` decide which weights: by their names, called
    ``variable``, or with ``by_part`` by the name of the part that they are in. ``keeps`` is false
    where weights are trained again, and ``None`` where that is not known. ``first`` tells that the
    loop runs over the first of them only, or of their parts.
    """

    owner: ast.expr
    statement: ast.stmt
    by: str
    node: ast.expr
    keeps: bool | None = True
    tests: tuple[Guard, ...] = ()
    variable: str = ""
    by_part: bool = False
    first: bool = False

    def name(self, module: Module) -> str:
        """Return what messages call the owner."""
        return dotted(self.owner) or module.source(self.owner)

    @property
    def where(self) -> ast.expr | ast.stmt:
        """Where to report it: what a loop runs over, or the statement."""
        return self.statement.iter if isinstance(self.statement, _LOOPS) else self.statement

    def counts_in(self, framework: Framework) -> bool:
        """Tell whether a model of ``framework`` is frozen so: the words of others do nothing."""
        return any(row.name == self.by and not row.statistics for row in framework.modes.freezes)


def weight_freezes(ev: Evaluate, module: Module) -> Iterator[Freeze]:
    """Yield where weights of something are kept from training and its statistics are not."""
    return (one for one in weight_settings(ev, module) if one.keeps)


def stays_frozen(
    ev: Evaluate, sites: Iterable[Site], module: Module, freeze: Freeze, values: ValueSet
) -> bool:
    """Tell whether batch normalisation in each of ``values``, the owner, is frozen in the end.

    Other places of the file may train its weights again, or toggle them: those whose names pass.
    """
    found = [
        one
        for one in _of_owner(ev, module, freeze)
        if not are_exclusive(module, one.node, freeze.node)
    ]
    if not freeze.tests and all(one.keeps for one in found):
        return True
    function = running_in(module, freeze.node)
    around = {guard.test for guard in guards(module, freeze.statement, function)}
    for one in found:
        if one.keeps:
            continue
        if not one.tests and one.statement is not freeze.statement:
            return False  # they take turns
        flags = (g.test for g in guards(module, one.statement, function))
        if running_in(module, one.node) is not function or not around.issuperset(flags):
            return False
    words = {word for one in found for word in _words(ev, module, one)}
    if any(map(things.is_norm, words)):
        return False
    found.sort(key=lambda one: (one.node.lineno, one.node.col_offset))
    return all(
        any(_is_kept(ev, module, found, name) for name in norm_weights(ev, sites, value, words))
        for value in values
    )


def is_thawed(life: Life, freeze: Freeze | None, ev: Evaluate) -> bool:
    """Tell whether something in the life of a model may train all of its weights again.

    What is done under the name of the owner of ``freeze`` is left out: :func:`stays_frozen` weighs
    that. So are places that keep weights from training or not, as they are told.
    """
    known = ast.dump(freeze.owner) if freeze is not None else ""
    names = {*ev.frameworks.word("weights_attributes"), *ev.frameworks.word("walks")}
    names.update(row.name for f in ev.frameworks.frameworks.values() for row in f.modes.freezes)
    for use in life.uses:
        if use.kind != METHOD or use.name not in names:
            continue
        for one in weight_settings(ev, use.module):
            if one.keeps:
                continue
            if any(part is use.node for part in ast.walk(one.statement)):
                if ast.dump(one.owner) != known:
                    return True
    return False


def is_partial(ev: Evaluate, module: Module, freeze: Freeze) -> bool:
    """Tell whether names decide which weights of the owner are frozen, here or elsewhere."""
    return any(one.tests for one in _of_owner(ev, module, freeze))


def _of_owner(ev: Evaluate, module: Module, freeze: Freeze) -> list[Freeze]:
    """Return all that keeps weights of the owner from training, or trains them again."""
    wanted = ast.dump(freeze.owner)
    return [one for one in weight_settings(ev, module) if ast.dump(one.owner) == wanted]


def _words(ev: Evaluate, module: Module, freeze: Freeze) -> Iterator[str]:
    tests = NameTests(ev, module, freeze.variable)
    for guard in freeze.tests:
        yield from tests.words(guard.test)


def _is_kept(ev: Evaluate, module: Module, found: Iterable[Freeze], name: WeightName) -> bool:
    """Tell whether the weight ``name`` is known to be frozen after ``found``, in that order."""
    kept: bool | None = None
    for one in found:
        tests = NameTests(ev, module, one.variable)
        subject = name.first() if one.by_part else name
        passes = [tests.holds(guard.test, subject, {}) for guard in one.tests]
        if all(p is guard.holds for p, guard in zip(passes, one.tests, strict=True)):
            kept = one.keeps
        elif not any(p is (not guard.holds) for p, guard in zip(passes, one.tests, strict=True)):
            kept = None
    return kept is True


def weight_settings(ev: Evaluate, module: Module) -> Iterator[Freeze]:
    """Yield all that keeps weights from training, or trains them again."""
    frameworks = ev.frameworks.frameworks.values()
    rows = (row for f in frameworks for row in f.modes.freezes if not row.statistics)
    for row in dict.fromkeys(rows):  # several frameworks have the same
        if row.kind == "attribute":
            for store in module.stores:
                if store.attr == row.name:
                    statement = module.statement(store)
                    value = statement.value if isinstance(statement, ast.Assign) else None
                    keeps = _is_constant(value, row.value)
                    yield _setting(ev, module, store, store.value, row.name, keeps)
        for call in module.calls_by_name.get(row.name, ()) if row.kind == "method" else ():
            if isinstance(call.func, ast.Attribute):
                given = [*call.args, *(k.value for k in call.keywords)]
                keeps = _is_constant(given[0] if len(given) == 1 else None, row.value)
                if keeps and not isinstance(module.parents[call], ast.Expr):
                    keeps = None  # something else is done with it, too
                yield _setting(ev, module, call, call.func.value, row.name, keeps)


def _is_constant(node: ast.expr | None, value: bool) -> bool | None:
    """Tell whether ``node`` is the constant ``value``; ``None`` if it is no constant."""
    return node.value is value if isinstance(node, ast.Constant) else None


def _setting(
    ev: Evaluate, module: Module, node: ast.expr, weight: ast.expr, by: str, keeps: bool | None
) -> Freeze:
    """Return what ``node`` does to ``weight``, or to everything whose weights a loop runs over."""
    statement = module.statement(node)
    walk = weights_of(ev, module, weight)
    if walk is None:
        return _of_layers(ev, module, Freeze(weight, statement, by, node, keeps))
    owner, loop = walk
    variable = _name_beside(ev, loop, "weight_names")
    first = _unwrapped(loop.iter).first
    parts = loop_of(module, owner)
    walked = _unwrapped(parts.iter) if parts is not None and not variable else None
    by_part = False
    if parts is not None and walked is not None and isinstance(walked.node, ast.Call):
        func = walked.node.func
        variable = _name_beside(ev, parts, "part_names")
        if isinstance(func, ast.Attribute) and func.attr in ev.frameworks.word("walks"):
            owner, loop, by_part = func.value, parts, bool(variable)
            first = first or walked.first
    tests = tuple(guards(module, statement, loop))
    skipping = {id(guard.test) for guard in tests if not guard.holds}
    for part in ast.walk(loop):
        if isinstance(part, (ast.Continue, ast.Break)):
            above = module.parents[part]
            is_test = isinstance(above, ast.If) and id(above.test) in skipping
            if isinstance(part, ast.Break) or not is_test:
                return Freeze(owner, loop, by, node, keeps, tests or _OPEN, first=first)
    return Freeze(owner, loop, by, node, keeps, tests, variable, by_part, first)


def _of_layers(ev: Evaluate, module: Module, found: Freeze) -> Freeze:
    """Return a setting of the layers that a loop runs over as one of their model."""
    layer = found.owner
    while isinstance(layer, ast.Attribute):
        layer = layer.value
    loop = loop_of(module, layer)
    if loop is None:
        return found
    walked = _unwrapped(loop.iter)
    func = walked.node.func if isinstance(walked.node, ast.Call) else None
    if not isinstance(func, ast.Attribute) or func.attr not in ev.frameworks.word("walks"):
        return found
    tests = tuple(guards(module, found.statement, loop))
    if layer is not found.owner or walked.first:
        tests = tests or _OPEN  # some weights of each, or of some
    return found._replace(owner=func.value, statement=loop, tests=tests)


#: The test of what is left out for a reason that is not followed.
_OPEN = (Guard(ast.Constant(None), holds=True),)


def loop_of(module: Module, name: ast.expr) -> ast.For | ast.AsyncFor | None:
    """Return the loop around ``name``, a variable, that binds it, if one does."""
    if not isinstance(name, ast.Name):
        return None
    for around in module.ancestors(name):
        if isinstance(around, FunctionNode):
            return None
        if isinstance(around, _LOOPS):
            names = (n.id for n in ast.walk(around.target) if isinstance(n, ast.Name))
            if name.id in names:
                return around
    return None


def _name_beside(ev: Evaluate, loop: ast.For | ast.AsyncFor, word: str) -> str:
    """Return the variable that holds the name of what ``loop`` runs over, where it binds one."""
    match loop.target, loop.iter:
        case ast.Tuple([ast.Name(name), _]), ast.Call(func):
            return name if last_name(func) in ev.frameworks.word(word) else ""
    return ""


class _Unwrapped(NamedTuple):
    """What a loop runs over, and whether only over the first of it."""

    node: ast.expr
    first: bool


def _unwrapped(node: ast.expr) -> _Unwrapped:
    """Return what is listed and cut in ``list(model.parameters())[:-20]``."""
    first = False
    while True:
        match node:
            case ast.Call(func, [listed]) if last_name(func) in _LISTS:
                node = listed
            case ast.Subscript(whole, ast.Slice(lower=None, upper=upper, step=None)):
                node = whole
                first |= upper is not None
            case _:
                return _Unwrapped(node, first)


_LISTS = frozenset({"list", "tuple"})


def weights_of(
    ev: Evaluate, module: Module, weight: ast.expr
) -> tuple[ast.expr, ast.For | ast.AsyncFor] | None:
    """Return whose weights the loop around ``weight``, a loop variable, runs over, and the loop."""
    loop = loop_of(module, weight)
    if loop is not None:
        match _unwrapped(loop.iter).node:
            case ast.Call(ast.Attribute(owner, name)):
                return (owner, loop) if name in ev.frameworks.word("weights_attributes") else None
    return None
