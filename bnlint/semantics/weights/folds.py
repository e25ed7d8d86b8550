"""Functions that put batch normalisation into the layer before it, and what they put there."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.frameworks.tables import catalogue
from bnlint.semantics.syntax.module import Module, last_name
from bnlint.semantics.weights.kinds import MEAN, SCALE, SHIFT, VARIANCE, is_statistic, kind_of
from bnlint.startup.typed import NamedTuple

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

_PRODUCTS = (ast.Mult, ast.MatMult, ast.Div)

#: What multiplies by being called with what it multiplies, or on it.
_MULTIPLIES = frozenset({"mm", "matmul", "mul", "mul_", "multiply", "einsum", "bmm", "mv", "dot"})


class Fold(NamedTuple):
    """A function that reads a running variance of ``norm``, as the code writes the layer."""

    function: ast.FunctionDef | ast.AsyncFunctionDef
    norm: str


class Guard(NamedTuple):
    """A number that is added to a running variance under a root: ``number`` says so in the code."""

    fold: Fold
    number: ast.expr
    statistic: ast.Attribute


def folds(module: Module) -> Iterator[Fold]:
    """Yield the functions that read the statistics and the scale of a layer, not of their object.

    Going through the whole tree takes longer than all other rules: the names are looked up.
    """
    seen: set[tuple[ast.AST, str]] = set()
    for name in [n for n in module.uses.nodes if kind_of(n) == VARIANCE and is_statistic(n)]:
        for use in module.uses.nodes[name]:
            if not isinstance(use, ast.Attribute) or isinstance(use.ctx, ast.Store):
                continue
            norm, function = module.source(use.value), _around(module, use)
            if function is None or norm in ("self", "cls") or (function, norm) in seen:
                continue
            seen.add((function, norm))
            if _read(function, norm, module).issuperset((SCALE, MEAN)):
                yield Fold(function, norm)


def _read(node: ast.AST, norm: str, module: Module) -> set[str]:
    """Return what ``node`` reads of the layer that the code writes as ``norm``."""
    return {
        kind_of(part.attr)
        for part in ast.walk(node)
        if isinstance(part, ast.Attribute) and module.source(part.value) == norm
    }


def _around(module: Module, node: ast.AST) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    return next((n for n in module.ancestors(node) if isinstance(n, _FUNCTIONS)), None)


def guards(module: Module, fold: Fold) -> Iterator[Guard]:
    """Yield what a fold adds to the running variance of its layer where it takes the root of it."""
    for part in ast.walk(fold.function):
        if not isinstance(part, ast.BinOp) or not isinstance(part.op, ast.Add):
            continue
        for side, other in ((part.left, part.right), (part.right, part.left)):
            statistic = _bare(side)
            if (
                isinstance(statistic, ast.Attribute)
                and kind_of(statistic.attr) == VARIANCE
                and module.source(statistic.value) == fold.norm
                and _is_rooted(module, part)
            ):
                yield Guard(fold, other, statistic)


def _bare(node: ast.expr) -> ast.expr:
    """Return an array without the methods that give its values as they are."""
    same = catalogue().names("same_values") | {"reshape", "view"}
    while True:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr not in same:
                return node
            node = node.func.value
        elif isinstance(node, ast.Attribute) and node.attr in same:
            node = node.value
        else:
            return node


def _is_rooted(module: Module, node: ast.expr) -> bool:
    """Tell whether the root is taken of ``node``: ``sqrt(x)``, ``x.rsqrt()``, ``x ** -0.5``."""
    roots = catalogue().names("square_roots")
    parent = module.parents[node]
    if isinstance(parent, ast.Call):
        return last_name(parent.func) in roots
    if isinstance(parent, ast.Attribute):
        return parent.attr in roots
    return isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Pow)


def unscaled(module: Module, fold: Fold) -> ast.BinOp | None:
    """Return the sum in which a fold adds a bias as it is to the shift of its layer.

    The bias of the layer before goes through the scale too: ``bias * scale + shift``. That of a
    layer beside, whose output is added, does not, and neither do its other weights.
    """
    named = _assigned(fold.function)
    for part in ast.walk(fold.function):
        if not isinstance(part, ast.BinOp) or not isinstance(part.op, ast.Add):
            continue
        for side, other in ((part.left, part.right), (part.right, part.left)):
            bias = _bias(side, fold, module, named)
            if _is_shift(other, fold, module, named):
                weights = _other_weights(bias, fold, module, named)
                if _is_multiplied(weights, fold, module) and not _is_touched(
                    {bias, module.source(side)}, fold, module
                ):
                    return part
    return None


def _other_weights(
    bias: str, fold: Fold, module: Module, named: dict[str, list[ast.expr]]
) -> set[str]:
    """Return how a function writes what else the layer with that bias has, variables among it."""
    owner = bias.rpartition(".")[0]

    def reads(node: ast.AST) -> Iterator[str]:
        for part in ast.walk(node):
            if isinstance(part, ast.Attribute) and kind_of(part.attr) != SHIFT:
                if module.source(part.value) == owner:
                    yield module.source(part)

    variables = {name for name, values in named.items() for v in values if any(reads(v))}
    return {*reads(fold.function), *variables}


def _assigned(function: ast.AST) -> dict[str, list[ast.expr]]:
    """Return what each variable of a function is given by plain assignments."""
    found: dict[str, list[ast.expr]] = {}
    for part in ast.walk(function):
        if isinstance(part, ast.Assign):
            for target in part.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(part.value)
        elif isinstance(part, (ast.AugAssign, ast.For, ast.NamedExpr)):
            if isinstance(part.target, ast.Name):
                found.setdefault(part.target.id, []).append(part.target)  # not known
    return found


def _bias(node: ast.expr, fold: Fold, module: Module, named: dict[str, list[ast.expr]]) -> str:
    """Return the bias that ``node`` is as it stands, as the code writes it."""
    node = _bare(node)
    if isinstance(node, ast.Name):
        values = [_bare(value) for value in named.get(node.id, ())]
        found = {_bias(value, fold, module, {}) for value in values} - {""}
        rest = [v for v in values if not _bias(v, fold, module, {})]
        return found.pop() if len(found) == 1 and all(map(_is_nothing, rest)) else ""
    is_bias = isinstance(node, ast.Attribute) and kind_of(node.attr) == SHIFT
    return module.source(node) if is_bias else ""


def _is_nothing(node: ast.expr) -> bool:
    """Tell whether an expression makes zeros, as for a bias that is not there."""
    if isinstance(node, ast.Call):
        return "zeros" in last_name(node.func)  # new_zeros, zeros_like
    return isinstance(node, ast.Constant)


def _is_shift(node: ast.expr, fold: Fold, module: Module, named: dict[str, list[ast.expr]]) -> bool:
    """Tell whether ``node`` is beta less something, which in a fold is the scaled mean."""
    values = named.get(node.id, []) if isinstance(node, ast.Name) else [node]
    shifts = {
        isinstance(value, ast.BinOp)
        and isinstance(value.op, ast.Sub)
        and SHIFT in _read(value.left, fold.norm, module)
        for value in values
    }
    return shifts == {True}


def _is_multiplied(texts: set[str], fold: Fold, module: Module) -> bool:
    """Tell whether a function multiplies one of ``texts`` anywhere."""
    for part in ast.walk(fold.function):
        given: list[ast.expr] = []
        if isinstance(part, ast.BinOp) and isinstance(part.op, _PRODUCTS):
            given = [part.left, part.right]
        elif isinstance(part, ast.AugAssign) and isinstance(part.op, _PRODUCTS):
            given = [part.target]
        elif isinstance(part, ast.Call) and last_name(part.func) in _MULTIPLIES:
            given = [part.func, *part.args]
        if any(_stands_in(value, texts, module) for value in given):
            return True
    return False


def _is_touched(texts: set[str], fold: Fold, module: Module) -> bool:
    """Tell whether a function multiplies one of ``texts`` anywhere, or changes it in place."""
    return _is_multiplied(texts, fold, module) or any(
        isinstance(part, ast.AugAssign) and _stands_in(part.target, texts, module)
        for part in ast.walk(fold.function)
    )


def _stands_in(node: ast.AST, texts: set[str], module: Module) -> bool:
    return any(
        isinstance(part, (ast.Name, ast.Attribute)) and module.source(part) in texts
        for part in ast.walk(node)
    )
