"""Batch normalisation in a plain list or dictionary, where its model does not find it.

What it does
------------
Reports attributes of a model that are a plain list, tuple or dictionary of layers with batch
normalisation in them: ``self.norms = [nn.BatchNorm2d(c) for c in channels]``, or a list that
layers are appended to.

Left alone are lists that are given to anything else than a loop, an index or ``len``: it may
register the layers. So are lists that nothing in the file reads, and those of one element that is
written there, which keep a model out of another on purpose.

Why it matters
--------------
``eval()``, ``state_dict()``, ``parameters()`` and ``to()`` do not reach the layers: they stay in
training mode, are not trained, not saved, and not moved to the device of the model.

Example
-------
Hazard:

    import torch.nn as nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.norms = [nn.BatchNorm1d(8) for _ in range(3)]

        def forward(self, x):
            for norm in self.norms:
                x = norm(x)
            return x

Clean:

    import torch.nn as nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.norms = nn.ModuleList([nn.BatchNorm1d(8) for _ in range(3)])

        def forward(self, x):
            for norm in self.norms:
                x = norm(x)
            return x

Fix
---
Makes a list of layers of the list (``nn.ModuleList``).

Fix safety
----------
Unsafe always: checkpoints that were saved without the layers no longer load.

Not written for dictionaries and tuples, and where the file has no name for the list of layers.

Numbers
-------
After ``eval()`` the layer in the list is still in training mode, and ``state_dict()`` has 0 of its
5 entries. MindSpore's ``set_train()`` and Paddle's ``eval()`` do not reach it either.

References
----------
Measured with torch 2.13.0, MindSpore 2.10.0 and Paddle 3.3.1.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.engine.trials import trial_of_modes
from bnlint.finding import MANUAL, UNSAFE, Finding, Fix, ReplaceValue
from bnlint.frameworks.tables import Framework
from bnlint.rule import Context, Rule
from bnlint.semantics.hints.around import in_test
from bnlint.semantics.objects.models import normalises
from bnlint.semantics.syntax.module import last_name
from bnlint.semantics.tensors.applications import imported_as
from bnlint.semantics.values.domain import ClassRef, Sequence
from bnlint.semantics.values.modules import class_framework, model_framework
from bnlint.trial import OUTPUT

RULE = Rule("BN208", "unregistered-layer", "error")

_DISPLAYS = (ast.List, ast.Tuple, ast.Dict, ast.ListComp, ast.DictComp)

#: Functions that only look at a list that they are given, and methods with which it grows.
_LOOKS = frozenset({"len", "enumerate", "zip", "reversed", "iter", "print"})
_GROWS = frozenset({"append", "extend", "insert"})


def check_file(context: Context) -> Iterator[Finding]:
    """Report plain containers of layers in classes of models."""
    ev, module = context.evaluator, context.module
    for (owner, name), stores in module.own_stores.items():
        held = [(store, module.parents[store]) for _, store in stores]
        if not any(_display(statement) is not None for _, statement in held):
            continue
        assert isinstance(owner, ast.ClassDef)
        framework = class_framework(ev, ClassRef(module, owner))
        if framework is None or not framework.modes.drops_lists or in_test(module, owner):
            continue
        uses = _uses(name, context)
        if len(stores) != 1 or any(_may_register(use, context) for use in uses):
            continue
        if all(_grows(use, context) for use in uses):
            continue  # nothing runs its layers
        statement = held[0][1]
        display = _display(statement)
        assert display is not None
        layers = [*_elements(display), *_grown(uses, owner, context)]
        if isinstance(display, ast.List) and len(layers) == 1 and len(display.elts) == 1:
            continue  # self.teacher = [teacher] keeps a model out on purpose
        made = next((part for part in layers if _normalises(part, framework, context)), None)
        if made is not None:
            yield _report(held[0][0], display, framework, context)


def _display(statement: ast.AST) -> ast.expr | None:
    """Return the plain container that a statement stores."""
    value = statement.value if isinstance(statement, (ast.Assign, ast.AnnAssign)) else None
    return value if isinstance(value, _DISPLAYS) else None


def _elements(display: ast.expr) -> list[ast.expr]:
    if isinstance(display, ast.ListComp):
        return [display.elt]
    if isinstance(display, ast.DictComp):
        return [display.value]
    if isinstance(display, ast.Dict):
        return display.values
    assert isinstance(display, (ast.List, ast.Tuple))
    return display.elts


def _uses(name: str, context: Context) -> list[ast.Attribute]:
    """Return where the attribute is read, of whatever object: anybody may register its layers."""
    return [
        use
        for use in context.module.uses.of(name)
        if isinstance(use, ast.Attribute) and isinstance(use.ctx, ast.Load)
    ]


def _may_register(use: ast.Attribute, context: Context) -> bool:
    """Tell whether the layers may be made known to the model where the list is read."""
    module = context.module
    parent = module.parents[use]
    if isinstance(parent, ast.Subscript):
        return isinstance(parent.slice, ast.Slice)
    if isinstance(parent, (ast.For, ast.comprehension)):
        return _is_handed_on(parent)
    if isinstance(parent, ast.Call) and use in parent.args:
        if last_name(parent.func) not in _LOOKS:
            return True
        above = module.parents[parent]
        return isinstance(above, (ast.For, ast.comprehension)) and _is_handed_on(above)
    if isinstance(parent, ast.Attribute):
        return parent.attr not in (*_GROWS, "items", "values", "keys", "get")
    return not isinstance(parent, (ast.If, ast.IfExp, ast.Compare, ast.UnaryOp, ast.BoolOp))


def _is_handed_on(loop: ast.For | ast.comprehension) -> bool:
    """Tell whether a loop over the layers hands them to anything: ``add_module``, ``setattr``."""
    if isinstance(loop, ast.comprehension):
        return True
    names = {n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)}
    return any(
        isinstance(part, ast.Call)
        and any(isinstance(a, ast.Name) and a.id in names for a in part.args)
        for statement in loop.body
        for part in ast.walk(statement)
    )


def _grows(use: ast.Attribute, context: Context) -> bool:
    """Tell whether the list is read for a method with which it grows."""
    method = context.module.parents[use]
    return isinstance(method, ast.Attribute) and method.attr in _GROWS


def _grown(uses: list[ast.Attribute], owner: ast.ClassDef, context: Context) -> Iterator[ast.expr]:
    """Yield what is appended to the list: not to one that another class has under the name."""
    module = context.module
    for use in uses:
        if module.enclosing_class(use) not in (owner, None):
            continue
        match module.parents[module.parents[use]]:
            case ast.Call(args=[*_, layer]) if _grows(use, context):
                yield layer


def _normalises(part: ast.expr, framework: Framework, context: Context) -> bool:
    """Tell whether ``part`` makes a layer with batch normalisation in it.

    What has a name may be registered under it.
    """
    ev = context.evaluator
    if not isinstance(part, ast.Call) or any(_is_named(a, context) for a in part.args):
        return False
    values = ev.evaluate(context.module, part)
    return all(
        model_framework(ev, value) is framework and normalises(ev, context.sites, value)
        for value in values
    )


def _is_named(argument: ast.expr, context: Context) -> bool:
    """Tell whether what a layer is given may be an attribute too: ``Sequential(self.bn)``.

    So may what a list holds, and a variable that an attribute is set to.
    """
    ev, module = context.evaluator, context.module
    match argument:
        case ast.Starred(ast.Name() | ast.Attribute() as listed):
            found = [value.object for value in ev.evaluate(module, listed)]
            held = [part for one in found if isinstance(one, Sequence) for part in one.items]
            return any(p.node is None or _is_named(p.node, context) for p in held)
        case ast.Attribute():
            values = ev.evaluate(module, argument)
            return any(normalises(ev, context.sites, value) for value in values)
        case ast.Name(name):
            kept = (getattr(module.statement(store), "value", None) for store in module.stores)
            return any(isinstance(value, ast.Name) and value.id == name for value in kept)
    return False


def _report(
    store: ast.Attribute,
    display: ast.expr,
    framework: Framework,
    context: Context,
) -> Finding:
    module = context.module
    words = context.frameworks.word("layer_lists")
    paths = [p for p, f in words.items() if f is framework and p.endswith("List")]
    name = imported_as(module, paths)
    advice = f"write {name or paths[0]}(...)"
    kind = type(display).__name__.removesuffix("Comp").lower()
    fix = Fix(MANUAL, advice, (), "the file has no name for it")
    if kind != "list":
        fix = Fix(MANUAL, f"keep the layers in a {framework.title} container, not in a {kind}")
    elif name:
        text = f"{name}({module.source(display)})"
        intent = ReplaceValue(module.span(display), text)
        fix = Fix(UNSAFE, advice, (intent,), "checkpoints without these layers no longer load")
    return context.report(
        RULE,
        store,
        f"{module.source(store)} is a plain {kind}: modes, weights and saving of the model do not "
        "reach the batch normalisation in it",
        help=fix.message,
        fix=fix,
        trial=trial_of_modes(framework, OUTPUT),
    )
