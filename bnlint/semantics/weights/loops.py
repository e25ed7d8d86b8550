"""Loops that move the weights of one model into another, and leave its statistics as they are.

``parameters()`` of PyTorch has what is trained. Running statistics are buffers, and a copy that
follows a model by its parameters keeps those it was born with.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from bnlint.frameworks.tables import catalogue
from bnlint.semantics.hints.things import is_norm
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.objects.models import may_normalise
from bnlint.semantics.syntax.module import Module, last_name
from bnlint.semantics.values.arguments import bind
from bnlint.semantics.values.callers import callers_in_view
from bnlint.semantics.values.domain import Evaluate
from bnlint.semantics.weights.inference import Fate, fate_of
from bnlint.startup.typed import NamedTuple

#: Through so many calls the models of a loop are followed.
_MAX_DEPTH = 2


class Moving(NamedTuple):
    """A loop that moves weights of ``source`` into ``target``, both as it writes them.

    ``mixes`` tells that the target keeps a share of its own: a moving average.
    """

    loop: ast.For
    target: ast.expr
    source: ast.expr
    mixes: bool


class Stale(NamedTuple):
    """A model that follows another by its weights alone, and is used for inference.

    ``looped`` is the file of the loop, ``target`` in ``module`` the model, and ``fate`` what is
    done with it.
    """

    moving: Moving
    looped: Module
    module: Module
    target: ast.expr
    fate: Fate

    @property
    def said(self) -> str:
        """What is wrong, for a message."""
        target, source = (self.looped.source(m) for m in self.moving[1:3])
        name, infers = self.module.source(self.target), self.fate.inference.lineno
        into = target if name == target else f"{target} ({name})"
        there = self.fate.module
        where = f"line {infers}" if there is self.looped else f"{there.path}:{infers}"
        verb = "mixes" if self.moving.mixes else "copies"
        return (
            f"this {verb} the parameters of {source} into {into}, and its running statistics "
            f"stay as they were: {where} has it infer with them"
        )

    @property
    def remedy(self) -> str:
        """The statement that makes the statistics follow too."""
        target, source = (self.looped.source(m) for m in self.moving[1:3])
        loop = f"for b_to, b_from in zip({target}.buffers(), {source}.buffers()):"
        return f"{loop}\n    b_to.copy_(b_from)"


def stale(ev: Evaluate, module: Module, sites: Collection[Site]) -> Iterator[Stale]:
    """Yield the loops of a file after which a model normalises with statistics of another one."""
    framework = next((f for f in ev.frameworks.frameworks.values() if f.name in _families()), None)
    if framework is None:
        return
    for moving in movings(module):
        if _is_handled(module, moving.loop):
            continue
        for there, target in _ends(ev, module, moving.target, 0):
            fate = fate_of(ev, there, target)
            if fate is None or not fate.goes_stale:
                continue
            if not may_normalise(ev.wide, sites, there, target, framework):
                continue
            yield Stale(moving, module, there, target, fate)
            break


def _families() -> frozenset[str]:
    """Return the families whose weights, given by a method, leave statistics out."""
    return frozenset(
        family
        for family, table in catalogue().tables.items()
        if table["vocabulary"].get("without_statistics") and table["modes"]["switch"] == "object"
    )


def movings(module: Module) -> Iterator[Moving]:
    """Yield the loops of a file that move weights of one model into another."""
    for call in module.calls_by_name.get("zip", ()):
        loop = module.parents[call]
        if not isinstance(loop, ast.For) or loop.iter is not call:
            continue
        if not isinstance(loop.target, ast.Tuple) or len(loop.target.elts) != len(call.args):
            continue
        models: dict[str, ast.expr] = {}
        for variable, argument in zip(loop.target.elts, call.args, strict=True):
            model = _whose_weights(argument)
            name = _weight(variable)
            if model is not None and name:
                models[name] = model
        yield from _moved(loop, models)


def _whose_weights(node: ast.expr) -> ast.expr | None:
    """Return the model whose weights, without its statistics, a call gives."""
    if isinstance(node, ast.Call) and last_name(node.func) == "list" and len(node.args) == 1:
        node = node.args[0]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in catalogue().names("without_statistics") and not node.args:
            return node.func.value
    return None


def _weight(variable: ast.expr) -> str:
    """Return the variable that holds a weight: of a pair with its name, the second."""
    if isinstance(variable, ast.Tuple) and len(variable.elts) == 2:
        variable = variable.elts[1]
    return variable.id if isinstance(variable, ast.Name) else ""


def _moved(loop: ast.For, models: dict[str, ast.expr]) -> Iterator[Moving]:
    if len(models) < 2 or any(
        isinstance(n, ast.Attribute) and n.attr in _trains() for n in ast.walk(loop)
    ):
        return  # only some are meant
    for statement in loop.body:
        for written, values, keeps in _writes(statement):
            if written not in models:
                continue
            read = {n.id for v in values for n in ast.walk(v) if isinstance(n, ast.Name)}
            others = [name for name in models if name in read and name != written]
            if len(others) == 1 and ast.dump(models[others[0]]) != ast.dump(models[written]):
                mixes = keeps or written in read
                yield Moving(loop, models[written], models[others[0]], mixes)
                return


def _trains() -> frozenset[str]:
    """Return the attributes that say whether a weight is trained."""
    return frozenset(
        row["name"]
        for table in catalogue().tables.values()
        for row in table["modes"].get("freezes", ())
        if row["kind"] == "attribute"
    )


def _writes(statement: ast.stmt) -> Iterator[tuple[str, list[ast.expr], bool]]:
    """Yield which variable a statement writes into, out of what, and whether it keeps a share."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            if isinstance(node.targets[0], (ast.Attribute, ast.Subscript)):
                yield _base(node.targets[0]), [node.value], False
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            method, given = node.func.attr, [*node.args, *(k.value for k in node.keywords)]
            names = catalogue().names
            if method in names("stores_into"):
                yield _base(node.func.value), given, False
            elif method in names("moves_towards") or (
                method in names("sums")
                and any(
                    isinstance(inner, ast.Call) and last_name(inner.func) in names("scales")
                    for inner in ast.walk(node.func.value)
                )
            ):
                yield _base(node.func.value), given, True


def _base(node: ast.expr) -> str:
    """Return the variable that a chain of attributes and calls begins with."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_handled(module: Module, loop: ast.For) -> bool:
    """Tell whether the code around a loop takes care of the statistics in another way.

    It goes through the buffers, names statistics, or leaves normalisation out by its name.
    """
    around = module.enclosing_class(loop) or module.enclosing_function(loop)
    text = module.text if around is None else module.source(around)
    words = (*catalogue().state_words, "buffers(", *catalogue().names("recomputes"))
    if any(word in text for word in words):
        return True
    function = module.enclosing_function(loop)
    within = loop if function is None or isinstance(function, ast.Lambda) else function
    return any(
        (isinstance(node, ast.Constant) and isinstance(node.value, str) and is_norm(node.value))
        or (isinstance(node, ast.Attribute) and node.attr in ("state_dict", "load_state_dict"))
        for node in ast.walk(within)
        if not (isinstance(node, ast.Constant) and module.parents.get(node).__class__ is ast.Expr)
    )


def _ends(
    ev: Evaluate, module: Module, node: ast.expr, depth: int
) -> Iterator[tuple[Module, ast.expr]]:
    """Yield the models that ``node`` may be, as the code that has them writes them."""
    function = module.enclosing_function(node)
    if (
        not isinstance(node, ast.Name)
        or function is None
        or isinstance(function, ast.Lambda)
        or node.id not in {a.arg for a in (*function.args.args, *function.args.kwonlyargs)}
    ):
        yield module, node
        return
    if depth > _MAX_DEPTH:
        return
    for caller in callers_in_view(ev.wide, module, function).calls:
        bound = bind(module, function, caller.arguments(ev), caller.receiver)
        given = bound.get((function, node.id))
        if given is not None and given.node is not None:
            yield from _ends(ev, given.module, given.node, depth + 1)
