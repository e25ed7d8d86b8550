"""What an attribute of a class or object of the project may be."""

from __future__ import annotations

import ast

from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.arguments import arguments_of, has_decorator
from bnlint.semantics.values.classes import (
    attribute_stores,
    construction,
    given_to,
    lineage,
    sets_up,
)
from bnlint.semantics.values.containers import element
from bnlint.semantics.values.domain import (
    Argument,
    Candidate,
    ClassRef,
    Evaluate,
    FunctionRef,
    Instance,
    Symbol,
    Unknown,
    ValueSet,
    presumed,
    unknown,
)
from bnlint.semantics.values.memo import Memo
from bnlint.semantics.values.modules import gives_back, returns_itself
from bnlint.semantics.values.mutations import mutated_attribute
from bnlint.semantics.values.options import default_of_option, is_parsed
from bnlint.semantics.values.parameters import annotated
from bnlint.semantics.values.predicates import is_dead


def class_attribute(ev: Evaluate, cls: ClassRef, name: str, node: ast.AST) -> ValueSet:
    """Return what ``cls.name`` may be."""
    owner = cls.node.name
    for ancestor in lineage(ev, cls):
        module = ancestor.module
        bound = ev.scope(module, ancestor.node).bindings.get(name, ())
        bindings = [b for b in bound if not has_decorator(b.value, "setter", "deleter")]
        if not bindings:
            continue
        stored = _stored_outside(ev, ancestor, None, name, node)
        if stored:
            return stored
        defined = bindings[-1].value
        if len(bindings) > 1 and defined not in ancestor.node.body:  # a definition there replaces
            return unknown(f"{name} is set several times in class {owner}", cls.module, node)
        if isinstance(defined, (ast.FunctionDef, ast.AsyncFunctionDef)):
            # A class method is given the class first, also where it is called on the class.
            me = Instance(cls, module, None) if has_decorator(defined, "classmethod") else None
            return (Candidate(FunctionRef(module, defined, me), module, defined),)
        if isinstance(defined, ast.ClassDef):
            return (Candidate(ClassRef(module, defined), module, defined),)
        match bindings[-1].kind, defined:
            case "assign", ast.expr() as value:
                return mutated_attribute(ev, ev.evaluate(module, value), module, name, None)
        return unknown(f"{name} gets its value in a way not followed", cls.module, node)
    return unknown(f"class {owner} does not define {name}", cls.module, node)


def instance_attribute(
    ev: Evaluate, instance: Instance, name: str, module: Module, node: ast.AST
) -> ValueSet:
    """Return what ``instance.name``, read at ``node``, may be.

    That is a field of a record, what methods store, or the class attribute.
    """
    cls = instance.cls
    if isinstance(cls, Symbol):
        match instance.call:
            case ast.Call() as call if cls.path in _NAMESPACES:
                return _of_namespace(ev, instance, call, name, node)
        return unknown(f"attribute {name} of an object made by {cls.path}", instance.module, node)
    held = instance.env.find(cls.node, name) if instance.env is not None else None
    if held is not None:
        return ev.argument(held)
    found = _stored_outside(ev, cls, instance, name, node) + _field(ev, instance, cls, name, node)
    reader = module.enclosing_function(node)
    every = not sets_up(reader)
    for ancestor in lineage(ev, cls):
        stores = attribute_stores(ancestor.module, ancestor.node, name, every=every)
        stored = _stored(ev, instance, ancestor, stores, name, node)
        if stored:
            store = stores[0] if len(stores) == 1 else None
            return mutated_attribute(ev, found + stored, ancestor.module, name, None, store)
    if found:
        return found
    values = class_attribute(ev, cls, name, node)
    if instance.call is None:
        values += _overridden(ev, cls, name, node)
    if len(values) == 1 and isinstance(values[0].object, FunctionRef):
        function = values[0].object
        if has_decorator(function.node, "property", "cached_property"):
            return ev.returned(function._replace(receiver=instance), node)
        if not has_decorator(function.node, "staticmethod"):
            return (values[0]._replace(object=function._replace(receiver=instance)),)
    return values


#: Classes whose objects have what they are given by keyword as attributes.
_NAMESPACES = frozenset({"types.SimpleNamespace", "argparse.Namespace"})


def _of_namespace(
    ev: Evaluate, instance: Instance, call: ast.Call, name: str, node: ast.AST
) -> ValueSet:
    """Return what a namespace was given as ``name``, if nothing stores another value there."""
    for store in _outside_stores(ev, instance.module, name):
        for value in ev.evaluate(instance.module, store.value):
            if isinstance(value.object, Instance) and value.object.call is call:
                return unknown(f"line {store.lineno} sets {name}", instance.module, node)
    if is_parsed(call):
        return default_of_option(ev, instance.module, name, node)
    given = arguments_of(ev, instance.module, call, instance.env).keywords.get(name)
    if given is None:
        return unknown(f"{name} is not among what it was given", instance.module, node)
    return ev.argument(given)


def _overridden(ev: Evaluate, cls: ClassRef, name: str, node: ast.AST) -> ValueSet:
    """Return what classes of the module that derive from ``cls`` put in place of an attribute."""
    found: ValueSet = ()
    for definition in cls.module.classes:
        if definition is cls.node:
            continue
        bindings = ev.scope(cls.module, definition).bindings.get(name)
        if not bindings or bindings[-1].kind != "assign":
            continue
        derived = ClassRef(cls.module, definition)
        if any(ancestor == cls for ancestor in lineage(ev, derived)):
            found += class_attribute(ev, derived, name, node)
    return found


def _stored_outside(
    ev: Evaluate, cls: ClassRef, instance: Instance | None, name: str, node: ast.AST
) -> ValueSet:
    """Return the unknown value that a store from outside the class leaves in an attribute.

    ``instance`` is the object that is asked about, ``None`` for the class itself.
    """
    module = cls.module
    for store in _outside_stores(ev, module, name):
        for value in ev.evaluate(module, store.value):
            found = value.object
            hit = isinstance(found, ClassRef) and cls in lineage(ev, found)
            if instance is not None and isinstance(found, Instance):
                if isinstance(found.cls, ClassRef) and cls in lineage(ev, found.cls):
                    hit = found.call is instance.call or None in (found.call, instance.call)
            if hit:
                return unknown(f"line {store.lineno} sets {name} from outside", module, node)
    return ()


_STORES: Memo[tuple[Module, str], list[ast.Attribute]] = Memo()


def _outside_stores(ev: Evaluate, module: Module, name: str) -> list[ast.Attribute]:
    """Return the stores to attributes called ``name`` that are no business of the object itself."""
    known, key = _STORES.of(ev), (module, name)
    if key not in known:
        known[key] = [
            store
            for store in module.stores
            if store.attr == name and not _is_first_parameter(module, store.value)
        ]
    return known[key]


def _is_first_parameter(module: Module, node: ast.expr) -> bool:
    """Tell whether ``node`` is the ``self`` of the method it stands in."""
    function = module.enclosing_function(node)
    if not isinstance(node, ast.Name) or function is None:
        return False
    positional = [*function.args.posonlyargs, *function.args.args]
    return node.id in (argument.arg for argument in positional[:1])


def _stored(
    ev: Evaluate,
    instance: Instance,
    cls: ClassRef,
    stores: list[ast.Attribute],
    name: str,
    node: ast.AST,
) -> ValueSet:
    """Return what those of ``stores`` that run leave in an attribute; nothing if none does."""
    module = cls.module
    env = construction(ev, instance) if stores else None
    found: ValueSet = ()
    for store in sorted(stores, key=lambda s: bool(_method_of_itself(module, s))):
        statement = module.statement(store)
        method_name = _method_of_itself(module, store)
        if method_name in returns_itself(ev) and all(gives_back(ev, v, method_name) for v in found):
            continue  # self.model = self.model.cuda(), here or after what a base class stores
        path = _path(module, store, statement)
        value = statement.value if isinstance(statement, (ast.Assign, ast.AnnAssign)) else None
        if value is None or path is None:
            found += unknown(f"{name} gets its value in a way not followed", module, node)
            continue
        inside = env if env is not None and env.binds_any(module, store) else None
        if inside is not None and is_dead(ev, module, store, inside):
            continue
        values = ev.evaluate(module, value, inside)
        for index in path:
            values = element(ev, values, index, module, value)
        found += values
    return found


def _method_of_itself(module: Module, store: ast.Attribute) -> str:
    """Return the method of an attribute whose result is stored in it again; empty for all else."""
    statement = module.statement(store)
    value = statement.value if isinstance(statement, ast.Assign) else None
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute):
        return ""
    held = value.func.value
    if not isinstance(held, ast.Attribute) or held.attr != store.attr:
        return ""
    return value.func.attr if ast.dump(held.value) == ast.dump(store.value) else ""


def _path(module: Module, store: ast.Attribute, statement: ast.stmt) -> tuple[int, ...] | None:
    """Return which part of what ``statement`` assigns goes to ``store``, the outermost first.

    ``None`` is returned where one of several targets takes any number of parts.
    """
    path: tuple[int, ...] = ()
    target: ast.expr = store
    while isinstance(outer := module.parents[target], (ast.Tuple, ast.List)):
        if any(isinstance(item, ast.Starred) for item in outer.elts):
            return None
        path = (outer.elts.index(target), *path)
        target = outer
    return path if outer is statement else None


def _field(ev: Evaluate, instance: Instance, cls: ClassRef, name: str, node: ast.AST) -> ValueSet:
    """Return what a field of a record may be: what construction gives it, else its default.

    Records are dataclasses and, as named tuples and the like, classes from outside the project
    whose fields are annotated and whose constructor is not written out. Nothing if it is no field.
    """
    ancestors = list(lineage(ev, cls))
    for ancestor in ancestors:
        if any(getattr(statement, "name", "") == "__init__" for statement in ancestor.node.body):
            return ()  # a constructor that is written out stays, in a dataclass too
        if _is_record(ancestor):
            break
    else:
        if not cls.node.bases:
            return ()
    names: dict[str, tuple[Module, ast.expr]] = {}
    for ancestor in reversed(ancestors):
        for statement in ancestor.node.body:
            match statement:
                case ast.AnnAssign(target=ast.Name(field), annotation=annotation):
                    names[field] = ancestor.module, annotation
    if name not in names:
        return ()
    if instance.call is not None:
        arguments = given_to(ev, instance, instance.call)
        given: dict[str, Argument] = dict(zip(names, arguments.positional, strict=False))
        given.update(arguments.keywords)
        if name in given:
            return ev.argument(given[name])
        why = arguments.open_keywords or arguments.open_positional
        if why:
            return unknown(why, instance.module, node)
    default: ValueSet = ()
    for value in class_attribute(ev, cls, name, node):
        default += _default_of_field(ev, value, node)
    if any(isinstance(v.object, Unknown) or _is_made_outside(v) for v in default):
        if made := annotated(ev, *names[name], f"the type of field {name} of {cls.node.name}"):
            return made
        return unknown(f"field {name} of {cls.node.name} has no plain default", cls.module, node)
    return presumed(default, f"the default of field {name} of {cls.node.name}")


def _default_of_field(ev: Evaluate, default: Candidate, node: ast.AST) -> ValueSet:
    """Return what ``field(default=...)`` or ``field(default_factory=...)`` gives, if it is one."""
    given: dict[str | None, ast.expr] = {}
    match default.object:
        case Instance(cls, module, ast.Call(keywords=keywords), env) if cls in _FIELDS:
            given = {k.arg: k.value for k in keywords}
    if "default" in given:
        return ev.evaluate(module, given["default"], env)
    if "default_factory" not in given:
        return (default,)
    found: ValueSet = ()
    for factory in ev.evaluate(module, given["default_factory"]):
        if isinstance(factory.object, FunctionRef):
            found += ev.returned(factory.object, node)
        elif isinstance(factory.object, ClassRef):
            found += (Candidate(Instance(factory.object, module, None), module, node),)
        else:
            return (default,)
    return found


def _is_made_outside(value: Candidate) -> bool:
    return isinstance(value.object, Instance) and isinstance(value.object.cls, Symbol)


#: What describes a field where its default would stand.
_FIELDS = tuple(
    Symbol(path) for path in ("dataclasses.field", "attr.ib", "attrs.field", "attr.field")
)


def _is_record(cls: ClassRef) -> bool:
    return has_decorator(cls.node, "dataclass", "define", "attrs", "frozen")
