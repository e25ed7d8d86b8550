"""``model.eval`` without parentheses: the method is named, and not called.

What it does
------------
Reports a statement that is only the name of a method that switches modes, on something that is
known to be a model or layer.

Why it matters
--------------
The statement does nothing. The model stays in training mode, normalises with each batch, and its
running statistics go on moving during evaluation.

Example
-------
Hazard:

    import torch
    import torch.nn as nn

    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8))
    model.eval

Clean:

    import torch
    import torch.nn as nn

    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8))
    model.eval()

Clean:

    from data import mnist

    mnist.train

Fix
---
Adds the parentheses.

Fix safety
----------
Safe where the method is the framework's own: the statement did nothing, and now does what it says.

Unsafe where the model's class defines the method itself: what that does is not known.

Numbers
-------
On N(2, 9), the output of a fresh layer in training mode differs from inference by 6.76.

References
----------
Measured with torch 2.13.0.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.finding import SAFE, UNSAFE, AddCall, Finding, Fix
from bnlint.rule import Context, Rule
from bnlint.semantics.modes.switches import switches
from bnlint.semantics.syntax.module import dotted
from bnlint.semantics.values.arguments import has_decorator
from bnlint.semantics.values.classes import method
from bnlint.semantics.values.domain import Candidate, ClassRef, Instance
from bnlint.semantics.values.modules import model_framework

RULE = Rule("BN212", "eval-not-called", "error")

_Method = ast.FunctionDef | ast.AsyncFunctionDef


def check_file(context: Context) -> Iterator[Finding]:
    """Report mode switches that are named and not called."""
    module = context.module
    names = {n for f in context.frameworks.frameworks.values() for n in switches(f)}
    for name in sorted(names):
        for use in module.uses.of(name):
            if not isinstance(use, ast.Attribute) or not isinstance(module.parents[use], ast.Expr):
                continue
            models = context.evaluator.evaluate(module, use.value)
            frameworks = [model_framework(context.evaluator, model) for model in models]
            known = [f for f in frameworks if f is not None]
            if len(known) != len(frameworks) or not all(name in switches(f) for f in known):
                continue
            own = [m for model in models if (m := _own_method(context, model, name)) is not None]
            if any(_is_property(m) or _needs_arguments(m) for m in own):
                continue
            text = dotted(use) or module.source(use)
            why = f"what the model's own {name}() does is not known" if own else ""
            yield context.report(
                RULE,
                use,
                f"{text} names the method and does not call it: the mode stays as it is",
                help=f"write {text}()",
                fix=Fix(
                    UNSAFE if own else SAFE, f"write {text}()", (AddCall(module.span(use)),), why
                ),
            )


def _own_method(context: Context, model: Candidate, name: str) -> _Method | None:
    """Return the method of the project that the model's class has under the name, if any."""
    match model.object:
        case Instance(cls=ClassRef() as cls):
            found = method(context.evaluator, cls, name)
            return found[1] if found is not None else None
    return None


def _is_property(node: _Method) -> bool:
    """Tell whether something is computed when the attribute is read."""
    return has_decorator(node, "property", "cached_property")


def _needs_arguments(node: _Method) -> bool:
    """Tell whether the method cannot be called without arguments, so that it is no switch."""
    arguments = node.args
    positional = len(arguments.posonlyargs) + len(arguments.args)
    receiver = 0 if has_decorator(node, "staticmethod") else 1
    if positional - len(arguments.defaults) > receiver:
        return True
    return any(default is None for default in arguments.kw_defaults)
