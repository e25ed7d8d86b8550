"""Which identifiers of a module may stand for a batch normalisation API.

Evaluating the callee of every call would cost more than everything else together. Instead the
identifiers that can matter are found by following, in the text, where the names of the APIs flow:
into variables, parameters, keywords, functions that return them, classes derived from them. The
result errs on the side of too many; the evaluator decides.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator

from bnlint.semantics.syntax.module import Module, last_name

#: Calls whose result carries what they are given.
_CARRYING = frozenset({"partial", "getattr", "dict", "cast"})

#: An identifier, and whether calling it gives an API (a function that returns one) or a layer.
Carrier = tuple[str, bool]


def carriers(module: Module, names: Iterable[str], givers: Collection[str] = ()) -> set[str]:
    """Return the identifiers of ``module`` through which one of ``names`` may be called.

    ``names`` are the last parts of the import paths of APIs (``BatchNorm2d``), or of project
    classes known to be APIs; ``givers`` are those among them that give an API when called.
    """
    wanted = set(names)
    queue: list[Carrier] = [(name, name in givers) for name in wanted]
    queue += [
        (alias.asname, alias.name.rpartition(".")[2] in givers)
        for statement in module.imports
        for alias in statement.names
        if alias.asname and alias.name.rpartition(".")[2] in wanted
    ]
    for call in module.calls_by_name.get("getattr", ()):
        if len(call.args) >= 2 and _names_api(call.args[1], wanted):
            queue += _flows_to(module, call, returns_api=False)
    found: set[Carrier] = set()
    while queue:
        carrier = queue.pop()
        if carrier in found:
            continue
        found.add(carrier)
        for use in module.uses.of(carrier[0]):
            queue += _flows_to(module, use, returns_api=carrier[1])
    return {name for name, _ in found}


def _names_api(node: ast.expr, names: set[str]) -> bool:
    if isinstance(node, ast.Constant):
        return node.value in names
    return isinstance(node, ast.JoinedStr)


def _flows_to(module: Module, use: ast.expr, *, returns_api: bool) -> Iterator[Carrier]:
    """Yield the identifiers under which the value of ``use`` may be found again."""
    child: ast.AST = use
    maker = False
    for parent in module.ancestors(use):
        if isinstance(parent, ast.keyword):
            if parent.arg:
                yield parent.arg, maker
            call = module.parents[parent]
            if not isinstance(call, ast.Call) or last_name(call.func) not in _CARRYING:
                return
        elif isinstance(parent, ast.Call):
            if child is parent.func:
                # Calling an API gives a layer; calling what returns an API gives the API.
                if not returns_api:
                    return
                returns_api = False
            elif isinstance(child, ast.expr) and last_name(parent.func) not in _CARRYING:
                for name in _parameters(module, parent, child):
                    yield name, maker
                return
        elif isinstance(parent, ast.Dict):
            for key, value in zip(parent.keys, parent.values, strict=True):
                if value is child and isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value, maker
        elif isinstance(parent, ast.Lambda):
            maker = True
        elif isinstance(parent, ast.arg):
            held = parent.annotation
            if isinstance(held, ast.Subscript) and last_name(held.value) in ("Type", "type"):
                yield parent.arg, maker
        elif isinstance(parent, ast.arguments):
            for name in _defaulted(parent, child):
                yield name, maker
            return
        elif isinstance(parent, ast.Attribute) or not isinstance(parent, (ast.expr, ast.stmt)):
            return
        elif isinstance(parent, (ast.Return, ast.Yield)):
            yield getattr(module.enclosing_function(parent), "name", ""), True
            return
        elif isinstance(parent, ast.ClassDef):
            yield parent.name, False
        elif isinstance(parent, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr, ast.For)):
            targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
            if not any(child is target for target in targets):
                for target in targets:
                    for name in _stored_names(target):
                        yield name, maker
        if isinstance(parent, ast.stmt):
            return
        child = parent


def _stored_names(target: ast.expr) -> Iterator[str]:
    if isinstance(target, (ast.Tuple, ast.List)):
        for item in target.elts:
            yield from _stored_names(item)
    elif isinstance(target, (ast.Starred, ast.Subscript)):
        yield from _stored_names(target.value)
    else:
        yield last_name(target)


def _defaulted(arguments: ast.arguments, child: ast.AST) -> Iterator[str]:
    positional = [*arguments.posonlyargs, *arguments.args]
    with_default = positional[len(positional) - len(arguments.defaults) :]
    for argument, default in zip(with_default, arguments.defaults, strict=True):
        if default is child:
            yield argument.arg
    for argument, keyword_default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if keyword_default is child:
            yield argument.arg


def _parameters(module: Module, call: ast.Call, child: ast.expr) -> Iterator[str]:
    """Yield the parameters a positional argument may land in, for functions of the module."""
    name = last_name(call.func)
    index = call.args.index(child)
    for function in module.functions:
        owner = module.parents.get(function)
        in_class = isinstance(owner, ast.ClassDef)
        if function.name == name or (
            function.name == "__init__" and isinstance(owner, ast.ClassDef) and owner.name == name
        ):
            arguments = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
            # The object itself comes first in a method, but not in a static one.
            for position in (index, index + 1) if in_class else (index,):
                if position < len(arguments):
                    yield arguments[position]
            if function.args.vararg:
                yield function.args.vararg.arg
