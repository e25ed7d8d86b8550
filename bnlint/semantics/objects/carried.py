"""Which identifiers of a file may stand for a model, for what holds one, or for what makes one.

To ask the evaluator of every expression of a file would cost more than all else together. Instead
the names that can matter are found by following, in the text, where models flow: into variables,
parameters, keywords, attributes, and functions that return them. The result errs on the side of
too many; the evaluator decides.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.semantics.syntax.module import Module, dotted, last_name
from bnlint.semantics.values.domain import (
    Candidate,
    ClassRef,
    Evaluate,
    FunctionRef,
    Instance,
    Partial,
    Symbol,
)
from bnlint.semantics.values.modules import class_framework, model_framework, returns_itself
from bnlint.startup.typed import NamedTuple

#: Functions whose result is, or holds, what they are given.
_CARRYING = frozenset(
    {
        "partial", "getattr", "dict", "list", "tuple", "cast", "copy", "deepcopy", "zip",
        "enumerate",
    }
)  # fmt: skip

_PARTS = (
    ast.IfExp, ast.BoolOp, ast.NamedExpr, ast.Tuple, ast.List, ast.Dict, ast.Starred, ast.Subscript,
)  # fmt: skip


class Carriers(NamedTuple):
    """Identifiers of a file: of ``objects``, and of ``makers``, whose call gives one."""

    objects: set[str]
    makers: set[str]


def carriers(ev: Evaluate, module: Module) -> Carriers:
    """Return the identifiers through which ``module`` may get at a model."""
    found = Carriers(set(), set())
    queue = [(name, True) for name in _seeds(ev, module)]
    while queue:
        name, is_maker = queue.pop()
        known = found.makers if is_maker else found.objects
        if name in known:
            continue
        known.add(name)
        for use in module.uses.of(name):
            queue += _flows_to(ev, module, use, is_maker=is_maker)
    return found


def _seeds(ev: Evaluate, module: Module) -> set[str]:
    """Return the last parts of the names under which the file calls what makes a model."""
    imported = {
        alias.asname or alias.name.partition(".")[0]
        for statement in module.imports
        for alias in statement.names
    }
    known = imported | {cls.name for cls in module.classes}
    found: set[str] = set()
    seen: dict[str, bool] = {}
    for call in module.calls:
        text = dotted(call.func)
        name = last_name(call.func)
        if name in found or not (text or isinstance(call.func, ast.Subscript)):
            continue
        if (
            text
            and text.partition(".")[0] not in known
            and not ("*" in imported or name[:1].isupper())
        ):
            continue
        is_scoped = text.partition(".")[0] in known and bool(text)
        if is_scoped and text in seen:
            continue
        makes = _may_make(ev, module, call)
        seen[text] = makes
        if makes:
            found.add(name)
            root = call.func
            while isinstance(root, ast.Subscript):
                root = root.value
            found.add(last_name(root))
    return found - {""}


def _may_make(ev: Evaluate, module: Module, call: ast.Call) -> bool:
    for value in ev.evaluate(module, call.func):
        made = value.object
        if isinstance(made, (ClassRef, Symbol)):
            instance = Candidate(Instance(made, module, call), module, call)
            if model_framework(ev, instance) is not None:
                return True
        elif isinstance(made, FunctionRef) and made.module is not module:
            owner = made.module.enclosing_class(made.node)
            if owner is None or class_framework(ev, ClassRef(made.module, owner)) is None:
                if any(model_framework(ev, v) is not None for v in _given(ev, module, call)):
                    return True
        elif isinstance(made, Partial):
            return True
    return False


def _given(ev: Evaluate, module: Module, call: ast.Call) -> Iterator[Candidate]:
    """Yield what a call gives; of a tuple, its elements."""
    for value in ev.evaluate(module, call):
        items = getattr(value.object, "items", None)
        if isinstance(items, tuple):
            for item in items:
                yield from ev.argument(item) if hasattr(item, "node") else ()
        else:
            yield value


def carrying(ev: Evaluate, module: Module, found: Carriers, node: ast.expr) -> bool:
    """Tell whether ``node`` may be, or hold, a model: by the identifiers that it is made of."""
    if isinstance(node, ast.Name):
        return node.id in found.objects
    if isinstance(node, ast.Attribute):
        return node.attr in found.objects
    if isinstance(node, ast.Call):
        func = node.func
        if last_name(func) in found.makers:
            return True
        if isinstance(func, ast.Attribute) and func.attr in returns_itself(ev):
            return carrying(ev, module, found, func.value)
        if isinstance(func, (ast.Subscript, ast.Call)):
            return carrying(ev, module, found, func)
        return any(
            carrying(ev, module, found, argument)
            for argument in (*node.args, *(keyword.value for keyword in node.keywords))
        )
    if isinstance(node, ast.Subscript):
        inner = node.value
        if last_name(inner) in found.makers or isinstance(inner, ast.Dict):
            return True
        return carrying(ev, module, found, inner)
    return isinstance(node, _PARTS) and any(
        carrying(ev, module, found, part)
        for part in ast.iter_child_nodes(node)
        if isinstance(part, ast.expr)
    )


def _flows_to(
    ev: Evaluate, module: Module, use: ast.expr, *, is_maker: bool
) -> Iterator[tuple[str, bool]]:
    """Yield the identifiers under which what ``use`` is, or makes, may be found again."""
    child: ast.AST = use
    for parent in module.ancestors(use):
        if isinstance(parent, ast.Attribute):
            if parent.attr not in returns_itself(ev):
                return
        elif isinstance(parent, ast.Call):
            if child is parent.func:
                if isinstance(child, ast.Attribute) and child.attr in returns_itself(ev):
                    pass  # model.to(device)
                elif not is_maker:
                    return
                is_maker = False
            elif isinstance(child, ast.expr):
                for name in _parameters(module, parent):
                    yield name, is_maker
                if not _carries(ev, parent):
                    return
        elif isinstance(parent, ast.keyword):
            if parent.arg:
                yield parent.arg, is_maker
            call = module.parents[parent]
            if not isinstance(call, ast.Call) or not _carries(ev, call):
                return
        elif isinstance(parent, ast.Lambda):
            is_maker = True
        elif isinstance(parent, ast.arguments):
            names = [*parent.posonlyargs, *parent.args, *parent.kwonlyargs]
            for argument in names:
                yield argument.arg, is_maker
            return
        elif isinstance(parent, (ast.Return, ast.Yield)):
            function = module.enclosing_function(parent)
            if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield function.name, True
                for decorator in function.decorator_list:  # a property is read
                    if last_name(decorator) in ("property", "cached_property"):
                        yield function.name, False
            return
        elif isinstance(parent, ast.ClassDef):
            if child in parent.bases:
                yield parent.name, is_maker
            return
        elif isinstance(parent, (ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.For)):
            targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
            if child not in targets:
                for target in targets:
                    yield from _stored(module, target, is_maker=is_maker)
        elif isinstance(parent, ast.comprehension):
            if child is parent.iter:
                yield from _stored(module, parent.target, is_maker=is_maker)
            return
        elif isinstance(parent, ast.stmt):
            return
        if isinstance(parent, ast.stmt):
            return
        child = parent


def _carries(ev: Evaluate, call: ast.Call) -> bool:
    """Tell whether what a call gives may be, or hold, what it is given."""
    name = last_name(call.func)
    return (
        name in _CARRYING
        or name[:1].isupper()
        or any(path.rpartition(".")[2] == name for path in ev.frameworks.word("wrappers"))
    )


def _stored(module: Module, target: ast.expr, *, is_maker: bool) -> Iterator[tuple[str, bool]]:
    for part in ast.walk(target):
        if isinstance(part, ast.Attribute):
            yield part.attr, is_maker
            owner = module.enclosing_class(part)
            if owner is not None:  # its objects hold it
                yield owner.name, True
                yield "self", False
            yield last_name(part.value), False
        elif isinstance(part, ast.Name):
            yield part.id, is_maker


def _parameters(module: Module, call: ast.Call) -> Iterator[str]:
    """Yield the parameters in which an argument may land, of the functions of the file."""
    name = last_name(call.func)
    for function in module.functions:
        owner = module.parents.get(function)
        is_own = function.name == name or (
            function.name == "__init__" and isinstance(owner, ast.ClassDef) and owner.name == name
        )
        if is_own:
            spec = function.args
            for argument in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs):
                yield argument.arg
    for cls in module.classes:
        for statement in cls.body if cls.name == name else ():  # a dataclass
            if isinstance(statement, ast.AnnAssign):
                yield last_name(statement.target)
