"""What may hold an object: one of the project that keeps it, or a model of which it is a part."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.semantics.names.flow import reaching
from bnlint.semantics.syntax.module import Module, last_name
from bnlint.semantics.values.classes import lineage, method, outside_bases
from bnlint.semantics.values.domain import ClassRef, Evaluate, Instance, Symbol

#: The layers from the end that a model without its head may lack, and those from the beginning
#: that have normalisation among them: it is near both ends of what comes before the head.
_HEAD, _STEM = 3, 2

_MAX_NAMES = 8

#: Methods that change what it means to make an object, or to ask for an attribute of it.
_MAGIC = ("__new__", "__getattr__", "__getattribute__", "__setattr__")

_PLAIN_ROOTS = frozenset({"builtins", "abc", "typing"})


def is_plain(ev: Evaluate, cls: ClassRef) -> bool:
    """Tell whether objects of ``cls`` do what its methods in view say, and nothing else."""
    for ancestor in lineage(ev, cls):
        others = [d for d in ancestor.node.decorator_list if not _is_dataclass(ev, ancestor, d)]
        if others or ancestor.node.keywords:
            return False
    for base in outside_bases(ev, cls):
        if not isinstance(base, Symbol) or base.path.partition(".")[0] not in _PLAIN_ROOTS:
            return False
    return all(method(ev, cls, name) is None for name in _MAGIC)


def _is_dataclass(ev: Evaluate, cls: ClassRef, decorator: ast.expr) -> bool:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    return all(
        value.object == Symbol("dataclasses.dataclass") for value in ev.evaluate(cls.module, target)
    )


def models_in(ev: Evaluate, made: Instance) -> Iterator[ast.expr]:
    """Yield what a model runs that is made of others in the file: its layers in order, or a graph.

    Of others it may have most parts only: ``Sequential(*list(net.children())[:-1])``.
    """
    if not isinstance(made.cls, Symbol):
        return
    assert made.call is not None
    path = made.cls.path
    if ev.frameworks.means(path, "functional_models"):
        given = [*made.call.args, *(keyword.value for keyword in made.call.keywords)]
        yield from dict.fromkeys(
            part for value in given for part in _in_graph(ev, made.module, value, 0)
        )
    elif ev.frameworks.means(path, "sequential"):
        for argument in made.call.args:
            listed = argument.elts if isinstance(argument, (ast.List, ast.Tuple)) else [argument]
            for part in listed:
                if isinstance(part, (ast.Name, ast.Attribute)):
                    yield part
                elif isinstance(part, ast.Starred):
                    whole = whose_parts(ev, made.module, part.value)
                    if whole is not None:
                        yield whole


def _in_graph(ev: Evaluate, module: Module, value: ast.AST, depth: int) -> Iterator[ast.expr]:
    """Yield the names of what may be run in the graph that ends in a tensor ``value``."""
    if depth > _MAX_NAMES:
        return
    for part in ast.walk(value):
        if not isinstance(part, ast.Name) or not isinstance(part.ctx, ast.Load):
            continue
        bound = bound_to(ev, module, part)
        parent = module.parents[part]
        if isinstance(parent, ast.Attribute) or (
            isinstance(parent, ast.Call) and parent.func is part
        ):
            yield part  # base.output, base(x)
        elif bound is not None:
            yield from _in_graph(ev, module, bound, depth + 1)


def bound_to(ev: Evaluate, module: Module, name: ast.Name) -> ast.AST | None:
    """Return the one value that a variable has where it is used, in its own scope."""
    scope = ev.scope(module, module.scope_node(name))
    found = [reach.binding for reach in reaching(scope, name.id, name)]
    return found[0].value if len(found) == 1 and found[0].kind == "assign" else None


def whose_parts(ev: Evaluate, module: Module, node: ast.AST, depth: int = 0) -> ast.expr | None:
    """Return the model whose parts in order, but for a head, are what ``node`` lists."""
    if depth > _MAX_NAMES:
        return None
    if isinstance(node, ast.Name):
        bound = bound_to(ev, module, node)
        return whose_parts(ev, module, bound, depth + 1) if bound is not None else None
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        is_body = _is_body(node.slice)
        return whose_parts(ev, module, node.value, depth + 1) if is_body else None
    if not isinstance(node, ast.Call):
        return None
    if last_name(node.func) in ("list", "tuple") and len(node.args) == 1:
        return whose_parts(ev, module, node.args[0], depth + 1)
    if isinstance(node.func, ast.Attribute) and not node.args and not node.keywords:
        if node.func.attr in ev.frameworks.word("parts_in_order"):
            return node.func.value
    return None


def _is_body(part: ast.Slice) -> bool:
    """Tell whether a slice of the layers of a model has the first of them, and no few."""
    if part.step is not None or not isinstance(part.lower, (ast.Constant, type(None))):
        return False
    if part.lower is not None and part.lower.value not in (0, None):
        return False
    end = part.upper
    if isinstance(end, ast.UnaryOp):
        last = getattr(end.operand, "value", None)
        return isinstance(last, int) and last <= _HEAD
    return end is None or (isinstance(end, ast.Constant) and getattr(end, "value", 0) >= _STEM)
