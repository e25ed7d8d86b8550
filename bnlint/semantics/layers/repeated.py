"""What the variable of a loop runs over: the layers of a model, its weights, or pairs of either."""

from __future__ import annotations

import ast

from bnlint.frameworks.tables import Framework
from bnlint.semantics.project.project import imported_roots
from bnlint.semantics.syntax.module import FunctionNode, Module, last_name
from bnlint.semantics.values.classes import method
from bnlint.semantics.values.domain import ClassRef, Evaluate, Instance
from bnlint.semantics.values.modules import model_framework
from bnlint.startup.typed import NamedTuple

#: What a variable may be.
LAYER, WEIGHT = "a layer", "a weight"
PAIR, NAME = "a pair with a name", "a name"

#: Functions that give what they are given, one by one.
_PASSING = frozenset({"list", "tuple", "reversed", "sorted", "iter"})


class Repeated(NamedTuple):
    """A variable of a loop or comprehension.

    ``node`` repeats, ``target`` is what it binds for each of ``over``: a method or attribute of a
    model of ``framework``. ``what`` the variable is, :data:`LAYER` and so on.
    """

    node: ast.AST
    target: ast.expr
    over: ast.Attribute
    framework: Framework
    what: str

    @property
    def is_changed(self) -> bool:
        """Whether the loop stores anything else under a name that it binds."""
        bound = {n for n in ast.walk(self.target) if isinstance(n, ast.Name)}
        names = {n.id for n in bound}
        return any(
            isinstance(part, ast.Name)
            and part.id in names
            and not isinstance(part.ctx, ast.Load)
            and part not in bound
            for part in ast.walk(self.node)
        )


def repeated(ev: Evaluate, module: Module, variable: ast.Name) -> Repeated | None:
    """Return what ``variable`` is one of, if the loop around it that binds it is of that kind.

    A class of the project that defines the method itself may give anything.
    """
    for around in module.ancestors(variable):
        if isinstance(around, (*FunctionNode, ast.ClassDef)):
            return None
        for loop in getattr(around, "generators", (around,)):
            if isinstance(loop, (ast.For, ast.AsyncFor, ast.comprehension)):
                names = (n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name))
                if variable.id in names:
                    return _over(ev, module, variable.id, around, loop)
    return None


def _over(
    ev: Evaluate,
    module: Module,
    name: str,
    node: ast.AST,
    loop: ast.For | ast.AsyncFor | ast.comprehension,
) -> Repeated | None:
    target, over = loop.target, loop.iter
    while isinstance(over, ast.Call) and isinstance(over.func, ast.Name) and over.args:
        match over.func.id, target:
            case "enumerate", ast.Tuple(elts=[_, of_each]):
                target = of_each
            case passing, _ if passing not in _PASSING:
                return None
        over = over.args[0]
    is_call = isinstance(over, ast.Call)
    over = over.func if isinstance(over, ast.Call) else over
    if not isinstance(over, ast.Attribute):
        return None
    words = ev.frameworks
    kinds = ((WEIGHT, "weights_attributes", "weight_names"), (LAYER, "walks", "named_walks"))
    for what, word, paired in kinds:
        framework = _framework(ev, module, over, word)
        if framework is None:
            continue
        if not is_call and framework.modes.switch == "object":
            return None  # the method itself
        if words.shares(over.attr, paired, framework):
            if isinstance(target, ast.Name):
                what = PAIR
            elif isinstance(target, ast.Tuple) and last_name(target.elts[0]) == name:
                what = NAME
        elif not isinstance(target, ast.Name):
            return None
        return Repeated(node, target, over, framework, what)
    return None


def _framework(ev: Evaluate, module: Module, over: ast.Attribute, word: str) -> Framework | None:
    """Return the framework in which ``over`` means ``word``, if one alone may be meant."""
    frameworks = ev.frameworks
    if over.attr not in frameworks.word(word):
        return None
    for value in ev.evaluate(module, over.value):
        made = value.object
        if isinstance(made, Instance) and isinstance(made.cls, ClassRef):
            if method(ev, made.cls, over.attr) is not None:
                return None
        found = model_framework(ev, value)
        if found is not None:
            return found if frameworks.shares(over.attr, word, found) else None
    imported = {path.partition(".")[0] for path in imported_roots(module)}
    may_be = [
        framework
        for framework in frameworks.frameworks.values()
        if frameworks.shares(over.attr, word, framework)
        and imported.intersection(framework.imports)
    ]
    return may_be[0] if len(may_be) == 1 else None
