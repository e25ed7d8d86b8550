"""An attribute that hides the method which switches or freezes a model.

What it does
------------
Looks at classes of models that store a plain value under the name of one of their methods:
``self.freeze_bn = freeze_bn`` beside ``def freeze_bn(self)``, or ``self.train = ...``, which hides
the method of the framework. Reported are methods that switch modes, and methods of the project
that put layers into inference mode.

What is stored must be known to be no function: a constant, or a parameter whose default or
annotation is one. Methods that are stored on purpose, properties, and layers, which PyTorch keeps
elsewhere, are left alone.

Why it matters
--------------
An attribute of the object comes before a method of its class. Whoever calls the method calls the
value: Python raises TypeError, and where nobody calls it, what it was written for never happens.

Example
-------
Hazard:

    import torch.nn as nn

    class Net(nn.Module):
        def __init__(self, freeze_bn=False):
            super().__init__()
            self.bn = nn.BatchNorm2d(8)
            self.freeze_bn = freeze_bn

        def freeze_bn(self):
            self.bn.eval()

        def forward(self, x):
            return self.bn(x)

Clean:

    import torch.nn as nn

    class Net(nn.Module):
        def __init__(self, freeze_bn=False):
            super().__init__()
            self.bn = nn.BatchNorm2d(8)
            self.keeps_bn_frozen = freeze_bn

        def freeze_bn(self):
            self.bn.eval()

        def forward(self, x):
            return self.bn(x)

Fix
---
None. Whoever reads the attribute must be given its new name.

Numbers
-------
``eval()`` of a module that stores ``self.train = True`` raises ``TypeError: 'bool' object is not
callable``, since it calls ``train(False)``.

References
----------
Measured with torch 2.13.0.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.engine.trials import trial_of_modes
from bnlint.finding import Finding
from bnlint.frameworks.tables import Framework
from bnlint.rule import Context, Rule
from bnlint.semantics.modes.switches import switches
from bnlint.semantics.syntax.module import last_name
from bnlint.semantics.values.classes import method
from bnlint.semantics.values.domain import ClassRef, Constant, Sequence
from bnlint.semantics.values.modules import class_framework
from bnlint.trial import STATISTICS

RULE = Rule("BN260", "switch-shadowed", "error")

#: The annotations of what cannot be called.
_PLAIN = frozenset({"bool", "int", "float", "str"})


def check_file(context: Context) -> Iterator[Finding]:
    """Report attributes that hide a method which switches or freezes."""
    ev, module = context.evaluator, context.module
    methods = {n for f in context.frameworks.frameworks.values() for n in switches(f)}
    defined = {function.name for function in module.functions}
    for (owner, name), stores in sorted(module.own_stores.items(), key=_place):
        if name not in methods and name not in defined:
            continue
        assert isinstance(owner, ast.ClassDef)
        cls = ClassRef(module, owner)
        framework = class_framework(ev, cls)
        if framework is None:
            continue
        hidden = _hidden(cls, name, framework, context)
        if not hidden:
            continue
        for _, store in stores:
            if _is_plain(store, context):
                yield context.report(
                    RULE,
                    store,
                    f"{module.source(store)} hides {hidden}: a call of {name}() calls this value",
                    help="give the attribute another name, and call the method where it is meant",
                    trial=trial_of_modes(framework, STATISTICS),
                )
                break


def _place(item: tuple[tuple[ast.AST, str], list[tuple[ast.AST, ast.Attribute]]]) -> int:
    return item[1][0][1].lineno


def _hidden(cls: ClassRef, name: str, framework: Framework, context: Context) -> str:
    """Return what messages call the method that an attribute of this name hides, if it matters."""
    own = method(context.evaluator, cls, name)
    if own is None:
        return f"{name}() of {framework.title}" if name in switches(framework) else ""
    where, function = own
    if function.decorator_list:
        return ""  # a property takes what is stored
    switching = name in switches(framework) or any(
        isinstance(part, ast.Call) and last_name(part.func) in switches(framework)
        for part in ast.walk(function)
    )
    place = "" if where.module is context.module else f"{where.module.path}:"
    return f"the method {name}() ({place or 'line '}{function.lineno})" if switching else ""


def _is_plain(store: ast.Attribute, context: Context) -> bool:
    """Tell whether what is stored is known to be no function, and no layer."""
    module = context.module
    match module.parents[store]:
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            pass
        case _:
            return False
    values = context.evaluator.evaluate(module, value)
    if all(isinstance(found.object, (Constant, Sequence)) for found in values):
        return True
    if not isinstance(value, ast.Name):
        return False
    given = (
        argument
        for function in module.definitions(store)
        if not isinstance(function, ast.ClassDef)
        for argument in (
            *function.args.posonlyargs,
            *function.args.args,
            *function.args.kwonlyargs,
        )
        if argument.arg == value.id
    )
    return any(isinstance(a.annotation, ast.Name) and a.annotation.id in _PLAIN for a in given)
