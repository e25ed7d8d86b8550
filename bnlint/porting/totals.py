"""The parameters of all layers of a side: only where each is built exactly once."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from bnlint.engine.facts import Facts
from bnlint.engine.inventory import row_of
from bnlint.semantics.layers.parts import named
from bnlint.semantics.syntax.module import Module


class Total(NamedTuple):
    """The parameters of a side's layers, as its framework counts and the trainable part.

    ``None`` where the size of a layer is not known or presumed, or a layer stands in a loop or a
    block, so that how often it is built is not known. ``per_layer`` is what a layer of C channels
    counts (``4C``) where all of them count the same.
    """

    framework: str
    counted: int | None
    trainable: int | None
    per_layer: str = ""


def totals(side: Sequence[Facts], part: str = "") -> Iterator[Total]:
    """Yield the totals of a side, a framework at a time; ``part`` is what of its file counts."""
    rows = [
        (facts.module, named(facts.module, part) if part else None, site, row_of(facts, site))
        for facts in side
        for site in facts.sites
    ]
    for framework in dict.fromkeys(row.framework for *_, row in rows):
        parameters = [
            row.parameters
            if not row.channels_why and _is_built_once(module, site.call, top)
            else None
            for module, top, site, row in rows
            if row.framework == framework
        ]
        counted = [p.counted_number if p is not None else None for p in parameters]
        trainable = [p.trainable_number if p is not None else None for p in parameters]
        texts = {p.counted for p in parameters if p is not None}
        yield Total(
            framework, _sum(counted), _sum(trainable), texts.pop() if len(texts) == 1 else ""
        )


def _sum(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None


_Definition = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)

_LOOPS = (
    ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip
_REPEATS = (*_LOOPS, ast.If, ast.IfExp)


def _is_built_once(module: Module, call: ast.AST, top: ast.AST | None, depth: int = 0) -> bool:
    """Tell whether a call runs once where its model is built: in no loop, block or helper.

    ``top`` is what the model is, if that is known.
    """
    for around in module.ancestors(call):
        if isinstance(around, _REPEATS):
            return False
        if around is top:
            return True
        if isinstance(around, _Definition) and around.name != "__init__":
            if not _is_used_once(module, around, top, depth):
                return False
    return True


def _is_used_once(
    module: Module,
    definition: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef,
    top: ast.AST | None,
    depth: int,
) -> bool:
    """Tell whether a model has one of a class, or calls a function once.

    ``__init__`` is run by the call of its class, not by ``super().__init__()``. What functions
    that nobody calls each make is a model of its own.
    """
    calls = _calls(module, definition)
    if depth > _DEPTH:
        return False
    if len(calls) < 2:
        return all(_is_built_once(module, use, top, depth + 1) for use in calls)
    if not all(_is_result(module, use) for use in calls):
        return False
    if not all(_is_either(module, *both) for both in combinations(calls, 2)):
        return False
    first, *others = {module.scope_node(use): None for use in calls}
    makers = [maker for maker in (first, *others) if isinstance(maker, ast.FunctionDef)]
    if not others and makers:
        return _is_used_once(module, makers[0], top, depth + 1)
    return len(makers) == 1 + len(others) and not any(_calls(module, maker) for maker in makers)


def _calls(
    module: Module, definition: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
) -> list[ast.Call]:
    """Return the calls of a class or function but those with which a script tries it out."""
    return [
        use
        for use in module.calls_by_name.get(definition.name, ())
        if not any(map(is_for_scripts, module.ancestors(use)))
    ]


#: How far calls are followed.
_DEPTH = 5


def _is_result(module: Module, call: ast.Call) -> bool:
    """Tell whether a call makes what a function of the file returns, and maybe changes first."""
    statement = module.statement(call)
    maker = module.scope_node(call)
    return (
        isinstance(statement, (ast.Return, ast.Assign))
        and statement.value is call
        and isinstance(module.parents.get(maker), ast.Module)
        and not any(isinstance(above, _LOOPS) for above in module.ancestors(call))
    )


def _is_either(module: Module, one: ast.Call, other: ast.Call) -> bool:
    """Tell whether of two calls one runs at most: in two functions, or on two ways through one."""
    if module.scope_node(one) is not module.scope_node(other):
        return True
    if all(isinstance(module.statement(call), ast.Return) for call in (one, other)):
        return True
    above = [one, *module.ancestors(one)]
    beside = [other, *module.ancestors(other)]
    shared = next(node for node in above if node in beside)
    if not isinstance(shared, ast.If):
        return False
    branches = [shared.orelse, shared.orelse]
    for i, way in enumerate((above, beside)):
        if way[way.index(shared) - 1] in shared.body:
            branches[i] = shared.body
    return branches[0] is not branches[1]


def is_for_scripts(node: ast.AST) -> bool:
    """Tell ``if __name__ == "__main__":``, where a model is tried out."""
    return isinstance(node, ast.If) and "__name__" in {
        part.id for part in ast.walk(node.test) if isinstance(part, ast.Name)
    }
