"""Tuples, lists and dictionaries: what a display holds, and their elements."""

from __future__ import annotations

import ast

from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.domain import (
    LISTED,
    MAX_CANDIDATES,
    TOO_MANY,
    Argument,
    Candidate,
    Constant,
    Dictionary,
    Env,
    Evaluate,
    Instance,
    Sequence,
    Symbol,
    ValueSet,
    presumed,
    reason,
    unknown,
)
from bnlint.semantics.values.memo import Memo


def sequence(module: Module, node: ast.Tuple | ast.List, env: Env | None) -> ValueSet:
    """Return what a tuple or list display is."""
    items: list[Argument] = []
    why = ""
    for item in node.elts:
        if isinstance(item, ast.Starred):
            why = "an unpacked part"
            break
        items.append(Argument(item, module, env))
    return (Candidate(Sequence(tuple(items), why), module, node),)


def dictionary(ev: Evaluate, module: Module, node: ast.Dict, env: Env | None) -> ValueSet:
    """Return what a dictionary display is."""
    items: dict[object, Argument] = {}
    open_ = rests_on = ""
    certain: list[object] = []  # keys of items that no unknown key has come after
    for key, value in zip(node.keys, node.values, strict=True):
        keys = ev.evaluate(module, key if key is not None else value, env)
        name = keys[0].object if len(keys) == 1 else None
        if key is not None and isinstance(name, (Constant, Symbol)):
            plain = name.value if isinstance(name, Constant) else name
            items[plain] = Argument(value, module, env, presumed=keys[0].presumed)
            certain.append(plain)
        elif key is None:
            found, why = merged(Dictionary(tuple(items.items()), open_), keys)
            rests_on = rests_on or why
            items, open_ = dict(found.items), found.open
            certain = list(items)
        else:
            why = "a key is not known"
            items.update({name: doubted(items[name], why) for name in certain})
            certain, open_ = [], open_ or why
    return (Candidate(Dictionary(tuple(items.items()), open_), module, node, rests_on),)


def merged(found: Dictionary, values: ValueSet) -> tuple[Dictionary, str]:
    """Return ``{**found, **values}``, and on what it rests that there are no other keys."""
    other = values[0].object if len(values) == 1 else _common(values)
    if not isinstance(other, Dictionary):
        why = reason(values) or (_SEVERAL if len(values) > 1 else "something not followed")
        return overlaid(found, None, why), ""
    why = next((v.presumed for v in values if v.presumed), "")
    items = tuple((key, presume(item, why)) for key, item in found.items)
    theirs = tuple((key, presume(item, why)) for key, item in other.items)
    return overlaid(Dictionary(items, found.open), Dictionary(theirs, other.open)), why


_SEVERAL = "one of several dictionaries"


def _common(values: ValueSet) -> Dictionary | None:
    """Return what several dictionaries have in common; ``None`` if one of them is no dictionary.

    Under a key that each of them has, what is written alike is known, and all else is not.
    """
    several = [v.object for v in values if isinstance(v.object, Dictionary)]
    if len(several) < len(values):
        return None
    dictionaries = [dict(found.items) for found in several]
    items: list[tuple[object, Argument]] = []
    keys = dict.fromkeys(key for items in dictionaries for key in items)
    for key in keys:
        found = [items[key] for items in dictionaries if key in items]
        texts = {
            ast.dump(a.node) if isinstance(a.node, ast.Constant) else str(id(a)) for a in found
        }
        alike = len(texts) == 1 and len(found) == len(dictionaries)
        items.append((key, found[0] if alike else doubted(found[0], _SEVERAL)))
    return Dictionary(tuple(items), next((found.open for found in several if found.open), ""))


def union(left: ValueSet, right: ValueSet, module: Module, node: ast.AST) -> ValueSet:
    """Return ``left | right`` of dictionaries; nothing if ``left`` is none."""
    if not any(isinstance(v.object, Dictionary) for v in left):
        return ()
    first, rests_on = merged(Dictionary(()), left)
    found, why = merged(first, right)
    return (Candidate(found, module, node, rests_on or why),)


def presume(argument: Argument, why: str) -> Argument:
    """Return ``argument`` resting on ``why`` (where it does not rest on something already)."""
    return argument._replace(presumed=argument.presumed or why)


def overlaid(found: Dictionary, other: Dictionary | None, why: str = "") -> Dictionary:
    """Return ``{**found, **other}``; ``other`` is ``None``, for the reason ``why``, if not known.

    What may be in ``other`` besides its known keys may replace any element of ``found``.
    """
    if other is not None:
        why = other.open
    items = dict(found.items)
    if why:
        items = {key: doubted(item, why) for key, item in items.items()}
    if other is not None:
        items.update(other.items)
    return Dictionary(tuple(items.items()), found.open or why)


def doubted(item: Argument, why: str) -> Argument:
    """Return ``item`` as an element of which nothing is known any more."""
    return Argument(None, item.module, item.env, unknown(why, item.module, item.module.tree))


def pick(
    ev: Evaluate, container: Dictionary | Sequence, key: object, module: Module, node: ast.AST
) -> ValueSet:
    """Return ``container[key]``; ``key`` is ``None`` where it is not known."""
    if isinstance(container, Sequence):
        size = len(container.items)
        if isinstance(key, Constant) and type(key.value) is int and not container.open:
            key = Constant(key.value + size if key.value < 0 else key.value)
    if isinstance(key, (Constant, Symbol)):
        wanted = key.value if isinstance(key, Constant) else key
        argument = _indexed(ev, container).get((type(wanted), wanted))
        if argument is not None:
            return ev.argument(argument)
        return unknown(container.open or "there is no such element", module, node)
    if container.open:
        return unknown(container.open, module, node)
    if len(container.items) > MAX_CANDIDATES:  # each is a candidate of its own
        return unknown(TOO_MANY, module, node)
    found: ValueSet = ()
    for argument in _indexed(ev, container).values():
        found += presumed(ev.argument(argument), f"one of the entries of {short(node)}")
    return found or unknown("an unknown element", module, node)


_INDICES: Memo[int, tuple[object, dict[tuple[type, object], Argument]]] = Memo()


def _indexed(ev: Evaluate, container: Dictionary | Sequence) -> dict[tuple[type, object], Argument]:
    """Return the elements of ``container`` by type and key, or number: many may be asked for."""
    known = _INDICES.of(ev)
    if id(container) not in known:
        items = container.items if isinstance(container, Dictionary) else enumerate(container.items)
        index = {(type(name), name): argument for name, argument in items}
        known[id(container)] = container, index  # which keeps it, so that no other has its id
    return known[id(container)][1]


def element(ev: Evaluate, values: ValueSet, index: int, module: Module, node: ast.AST) -> ValueSet:
    """Return element ``index`` of an unpacked sequence."""
    if len(values) == 1 and isinstance(values[0].object, Sequence):
        items = values[0].object.items
        if index < len(items):
            return presumed(ev.argument(items[index]), values[0].presumed)
    return unknown("unpacked from something not followed", module, node)


def elements(ev: Evaluate, values: ValueSet, module: Module, node: ast.AST) -> ValueSet:
    """Return what a loop over ``values`` may meet."""
    found: ValueSet = ()
    for value in values:
        if not isinstance(value.object, Sequence) or value.object.open:
            return unknown(unlisted(ev, value), module, node)
        for item in value.object.items:
            found += presumed(ev.argument(item), value.presumed)
    return found or unknown("an element of something empty", module, node)


def unlisted(ev: Evaluate, container: Candidate) -> str:
    """Return why an element of ``container``, which is no display in view, is not known."""
    found = container.object
    if isinstance(found, Instance) and isinstance(found.cls, Symbol):
        path = found.cls.path
        if any(ev.frameworks.means(path, word) for word in ("layer_lists", "sequential")):
            return LISTED
    return "an element of something not followed"


def short(node: ast.AST) -> str:
    """Return the text of ``node``, cut to what a message can hold."""
    text = ast.unparse(node)
    return text if len(text) <= 40 else text[:37] + "..."
