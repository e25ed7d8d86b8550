"""A variance by the mean of squares, of inputs that are far from zero.

What it does
------------
Reports a layer that takes its variance in one pass, as E[x^2] - E[x]^2 (Flax and Haiku by default),
and is given the input of the model as it is. A class that another class of the project makes
objects of is no model, but a block of one.

Why it matters
--------------
Both terms are large where the mean is large beside the deviation, and their difference is lost to
rounding: the variance comes out as 0 or negative. PyTorch and Keras take two passes.

Example
-------
Hazard:

    from flax import linen as nn

    class Net(nn.Module):
        @nn.compact
        def __call__(self, x, train: bool):
            x = nn.BatchNorm(use_running_average=not train, momentum=0.9)(x)
            return nn.Dense(1)(x)

Clean:

    from flax import linen as nn

    class Net(nn.Module):
        @nn.compact
        def __call__(self, x, train: bool):
            x = nn.BatchNorm(
                use_running_average=not train, momentum=0.9, use_fast_variance=False
            )(x)
            return nn.Dense(1)(x)

Fix
---
Has the layer take two passes, where it has an argument for that.

Fix safety
----------
Unsafe always: it takes longer, and inputs that are normalised before need it not.

Not written for a layer without such an argument.

Numbers
-------
Of 64 values around 10000 with a variance of 3.49, Flax and Haiku report 0.0, PyTorch 3.485.

References
----------
Measured with Flax 0.12.8, dm-haiku and torch 2.13.0.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.finding import UNSAFE, Finding, Fix, SetKeyword
from bnlint.frameworks.tables import Api
from bnlint.rule import Context, Rule
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.names.flow import reaching
from bnlint.semantics.tensors.applications import application
from bnlint.semantics.values.value import settle

RULE = Rule("BN124", "fast-variance", "info", confidence="medium", default=False)


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report a layer that takes the variance of raw inputs in one pass."""
    api = site.api
    if len(site.apis) != 1 or api.variance_formula != "one-pass" or site.presumed:
        return
    if _takes_two_passes(site, context) or not _is_first(site, context):
        return
    argument = _two_passes(api)
    fix = None
    if argument is not None and site.is_direct:
        name, value = argument
        intent = SetKeyword(context.module.span(site.call), name, repr(value))
        reason = "inputs that are normalised before do not need it"
        fix = Fix(UNSAFE, f"write {name}={value!r}", (intent,), reason)
    yield context.report(
        RULE,
        context.place(site),
        f"{api.short_name} takes its variance as E[x^2] - E[x]^2, and is given the input of the "
        "model: where its mean is large, the variance is lost to rounding",
        help=fix.message if fix is not None else "normalise the inputs first",
        fix=fix,
        site=site,
    )


def _two_passes(api: Api) -> tuple[str, object] | None:
    """Return the argument, and its value, with which a layer of one pass takes two."""
    row = next(iter(api.variance_formula_when), None)
    return (str(row["argument"]), row["value"]) if row is not None else None


def _takes_two_passes(site: Site, context: Context) -> bool:
    argument = _two_passes(site.api)
    if argument is None:
        return False
    given = site.resolutions[0].matched.given.get(argument[0])
    if given is None:
        return argument[0] in site.resolutions[0].matched.unclear
    value = settle(context.evaluator.argument(given), given.node)
    return not value.is_known or value.value == argument[1]


def _is_first(site: Site, context: Context) -> bool:
    """Tell whether the layer is given a parameter of the method that runs a model."""
    module = context.module
    given = application(context.evaluator, module, site.call)
    if given is None:
        parent = module.parents[site.call]
        given = parent.args[0] if isinstance(parent, ast.Call) and parent.args else None
        if not isinstance(parent, ast.Call) or parent.func is not site.call:
            return False
    if not isinstance(given, ast.Name):
        return False
    function = module.enclosing_function(site.call)
    names = context.frameworks.word("forward")
    if not isinstance(function, ast.FunctionDef) or function.name not in names:
        return False
    states = reaching(context.evaluator.scope(module, function), given.id, given)
    if len(states) != 1 or states[0].binding.kind != "param":
        return False
    return not _is_part(module.enclosing_class(function), context)


def _is_part(cls: ast.ClassDef | None, context: Context) -> bool:
    """Tell whether another class of the project makes objects of ``cls``: it is a block of it."""
    if cls is None:
        return False
    return any(
        (user := there.enclosing_class(call)) is not None and user is not cls
        for there in context.project.saying(context.module, rf"\b{cls.name}\(")
        for call in there.calls_by_name.get(cls.name, ())
    )
