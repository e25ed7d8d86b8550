"""Loops that move the weights of one model into another, and leave its statistics as they are.

``parameters()`` of PyTorch has what is trained. Running statistics are buffers, and a copy that
follows a model by its parameters keeps those it was born with.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping

from bnlint.frameworks.tables import catalogue
from bnlint.semantics.hints.things import is_norm
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.objects.models import may_normalise
from bnlint.semantics.syntax.module import Module, last_name
from bnlint.semantics.values.arguments import bind
from bnlint.semantics.values.callers import callers_in_view
from bnlint.semantics.values.domain import Argument, Evaluate
from bnlint.semantics.weights.inference import Fate, fate_of
from bnlint.startup.typed import NamedTuple

#: Through so many calls the models of a loop are followed.
_MAX_DEPTH = 2


class Moving(NamedTuple):
    """A ``statement`` that puts weights into the model ``target``, and ``where`` it says so.

    ``source`` is the model that they come from, if it is one. ``mixes`` tells that the target keeps
    a share of its own: a moving average.
    """

    statement: ast.stmt
    where: ast.expr
    target: ast.expr
    source: ast.expr | None
    mixes: bool = False


class Stale(NamedTuple):
    """A model that follows another by its weights alone, and is used for inference.

    ``moved`` is the file in which the weights are, ``target`` in ``module`` the model, and ``fate``
    what is done with it. ``buffers`` and ``whole`` are methods of models that give what is not
    trained, and all; empty where the framework has none.
    """

    moving: Moving
    moved: Module
    module: Module
    target: ast.expr
    fate: Fate
    buffers: str
    whole: str

    @property
    def said(self) -> str:
        """What is wrong, for a message."""
        source, target = self.moving.source, self.moved.source(self.moving.target)
        name, infers = self.module.source(self.target), self.fate.inference.lineno
        into = target if name == target else f"{target} ({name})"
        there = self.fate.module
        where = f"line {infers}" if there is self.moved else f"{there.path}:{infers}"
        moves = f"this sets the parameters of {into}"
        if source is not None:
            verb = "mixes" if self.moving.mixes else "copies"
            moves = f"this {verb} the parameters of {self.moved.source(source)} into {into}"
        return (
            f"{moves}, and its running statistics stay as they were: {where} has it infer with them"
        )

    @property
    def advice(self) -> str:
        """What to do about it, for a message."""
        if not self.buffers:
            return "copy the running statistics too"
        return f"go through {self.buffers}() too, or load the whole {self.whole}()"

    @property
    def remedy(self) -> str:
        """The statement that makes the statistics follow too, empty if none is known."""
        if self.moving.source is None or not self.buffers:
            return ""
        target, source = (self.moved.source(m) for m in (self.moving.target, self.moving.source))
        give = f"{self.buffers}()"
        loop = f"for b_to, b_from in zip({target}.{give}, {source}.{give}):"
        return f"{loop}\n    b_to.copy_(b_from)"


def stale(ev: Evaluate, module: Module, sites: Collection[Site]) -> Iterator[Stale]:
    """Yield the loops of a file after which a model normalises with statistics of another one."""
    framework = next((f for f in ev.frameworks.frameworks.values() if f.name in _families()), None)
    if framework is None:
        return
    for moving in movings(module):
        if _is_handled(module, moving.statement):
            continue
        for there, target in _ends(ev, module, moving.target, 0):
            fate = fate_of(ev, there, target, moving.statement)
            if fate is None or not fate.goes_stale:
                continue
            if not may_normalise(ev.wide, sites, there, target, framework):
                continue
            buffers, whole = (
                ev.frameworks.first(word, framework) for word in ("gives_buffers", "gives_states")
            )
            yield Stale(moving, module, there, target, fate, buffers, whole)
            break


def _families() -> frozenset[str]:
    """Return the families whose weights, given by a method, leave statistics out."""
    return frozenset(
        family
        for family, table in catalogue().tables.items()
        if table["vocabulary"].get("without_statistics") and table["modes"]["switch"] == "object"
    )


def movings(module: Module) -> Iterator[Moving]:
    """Yield the statements of a file that put weights into a model, all of them."""
    for call in module.calls_by_name.get("zip", ()):
        loop = module.parents[call]
        if not isinstance(loop, ast.For):
            continue
        if not isinstance(loop.target, ast.Tuple) or len(loop.target.elts) != len(call.args):
            continue
        given: dict[str, ast.expr | None] = {}
        for variable, argument in zip(loop.target.elts, call.args, strict=True):
            name = last_variable(variable)
            if name:
                given[name] = _whose_weights(argument)
        yield from _moved(loop, given)
    for name in catalogue().names("without_statistics"):
        for call in module.calls_by_name.get(name, ()):
            loop, model = module.parents[call], _whose_weights(call)
            if isinstance(loop, ast.For) and model is not None:
                yield from _set_by_name(loop, model)
    yield from _by_key(module)
    for name in catalogue().names("fills_weights"):
        for call in module.calls_by_name.get(name, ()):
            model = _whose_weights(call.args[-1]) if len(call.args) == 2 else None
            if model is not None:
                yield Moving(module.statement(call), call, model, None)


def _by_key(module: Module) -> Iterator[Moving]:
    """Yield what loops move between dictionaries of weights: ``average[k].copy_(current[k])``."""
    held: dict[ast.AST | None, dict[str, ast.expr | None]] = {}
    for call in (c for name in _DICTIONARIES for c in module.calls_by_name.get(name, ())):
        statement, model = module.parents[call], _whose_weights(call.args[0]) if call.args else None
        if model is None or not isinstance(statement, ast.Assign):
            continue
        for target in statement.targets:
            if isinstance(target, ast.Name):
                held.setdefault(module.enclosing_function(call), {})[target.id] = model
    for function, models in held.items():
        for loop in ast.walk(function or module.tree):
            if not isinstance(loop, ast.For) or module.enclosing_function(loop) is not function:
                continue
            through, pairs = _keys_of(loop.iter)
            if through not in models:
                continue
            given = dict(models)
            if pairs and (name := last_variable(loop.target)):
                given[name] = models[through]
            yield from _moved(loop, given)


#: What makes a dictionary of names and weights.
_DICTIONARIES = ("dict", "OrderedDict")


def _keys_of(node: ast.expr) -> tuple[str, bool]:
    """Return the dictionary whose keys a loop goes through, and whether their values too."""
    match node:
        case ast.Name(held) | ast.Call(func=ast.Attribute(ast.Name(held), "keys")):
            return held, False
        case ast.Call(func=ast.Attribute(ast.Name(held), "items")):
            return held, True
    return "", False


def _whose_weights(node: ast.expr) -> ast.expr | None:
    """Return the model whose weights, without its statistics, a call gives."""
    match node:
        case ast.Call(func=ast.Name("list"), args=[given]):
            return _whose_weights(given)
        case ast.Call(func=ast.Attribute(model, method), args=[]):
            return model if method in catalogue().names("without_statistics") else None
    return None


def last_variable(target: ast.expr) -> str:
    """Return the variable of a loop, or the last of several: of a weight and its name, the weight.

    Empty if it is no variable.
    """
    match target:
        case ast.Name(name) | ast.Tuple([*_, ast.Name(name)]):
            return name
    return ""


def _moved(loop: ast.For, given: Mapping[str, ast.expr | None]) -> Iterator[Moving]:
    """Yield what a loop over weights side by side, of the models in ``given``, moves."""
    if _is_partial(loop):
        return
    for statement in loop.body:
        for written, values, keeps in _writes(statement):
            target = given.get(written)
            if target is None:
                continue
            read = {n.id for v in values for n in ast.walk(v) if isinstance(n, ast.Name)}
            others = [name for name in given if name in read and name != written]
            if len(others) != 1:
                continue
            source = given[others[0]]
            if source is None or ast.dump(source) != ast.dump(target):
                mixes = source is not None and (keeps or written in read)
                yield Moving(loop, loop.iter, target, source, mixes)
                return


def _set_by_name(loop: ast.For, model: ast.expr) -> Iterator[Moving]:
    """Yield what a loop over the named weights of ``model`` sets: ``p.data = average[name]``."""
    match loop.target:
        case ast.Tuple([ast.Name(name), ast.Name(weight)]) if not _is_partial(loop):
            values = [
                part
                for statement in loop.body
                for written, given, _ in _writes(statement)
                if written == weight
                for value in given
                for part in ast.walk(value)
            ]
            if any(isinstance(v, ast.Subscript) and _is_name(v.slice, name) for v in values):
                yield Moving(loop, loop.iter, model, None)


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_partial(loop: ast.For) -> bool:
    """Tell whether a loop asks which weights are trained: then only some are meant."""
    return any(isinstance(n, ast.Attribute) and n.attr in _trains() for n in ast.walk(loop))


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
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, (ast.Attribute, ast.Subscript)):
                    yield _base(target), [node.value], False
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Attribute):
            yield _base(node.target), [node.value], True
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
    """Return the variable whose values, and not its gradient, a chain of attributes gives."""
    names = catalogue().names
    same = names("same_values") | names("scales") | names("sums") | names("stores_into")
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        if isinstance(node, ast.Attribute) and node.attr not in same:
            return ""
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_handled(module: Module, loop: ast.stmt) -> bool:
    """Tell whether the code around a statement takes care of the statistics in another way.

    It goes through the buffers, names statistics, or leaves normalisation out by its name.
    """
    around = module.enclosing_class(loop) or module.enclosing_function(loop)
    text = module.text if around is None else module.source(around)
    buffers = (f"{name}(" for name in catalogue().names("gives_buffers"))
    words = (*catalogue().state_words, *buffers, *catalogue().names("recomputes"))
    if any(word in text for word in words):
        return True
    within = module.enclosing_function(loop) or loop
    whole = catalogue().names("gives_states") | catalogue().names("load_methods")
    return any(
        (isinstance(node, ast.Constant) and isinstance(node.value, str) and is_norm(node.value))
        or (isinstance(node, ast.Attribute) and node.attr in whole)
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
        or node.id not in {a.arg for a in (*function.args.args, *function.args.kwonlyargs)}
    ):
        yield module, node
        return
    if depth > _MAX_DEPTH:
        return
    for caller in callers_in_view(ev.wide, module, function).calls:
        bound = bind(module, function, caller.arguments(ev), caller.receiver)
        match bound[function, node.id]:
            case Argument(node=ast.expr() as given, module=there):
                yield from _ends(ev, there, given, depth + 1)
