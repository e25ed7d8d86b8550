"""A fold of batch normalisation that computes something else than the layer.

What it does
------------
Looks at functions that put batch normalisation into the layer before it: they read the running
mean and variance of a layer, and its gamma. Reported are

- a number of its own that is added to the variance where the root is taken, and that is not the eps
  of the layers in view; where none is in view, not the default of the framework. Nothing is said
  if the project sets an eps to that number anywhere, or gives it to a layer;
- a bias of the layer before that is added to the shift as it is: ``conv.bias + (beta - scale *
  mean)``, in a function that scales other weights of that layer.

Why it matters
--------------
The layer divides by the root of its variance plus its own eps. Where a variance is small, another
eps makes another scale. A bias goes through the normalisation as all that the layer before gives
does, so that it is scaled, too; of layers without a bias nothing shows.

Example
-------
Hazard:

    import torch
    import torch.nn as nn

    def fuse(conv: nn.Conv2d, bn: nn.BatchNorm2d):
        scale = bn.weight / torch.sqrt(bn.running_var + 1e-3)
        conv.weight.data = conv.weight * scale.view(-1, 1, 1, 1)
        conv.bias.data = (conv.bias - bn.running_mean) * scale + bn.bias
        return conv

Clean:

    import torch
    import torch.nn as nn

    def fuse(conv: nn.Conv2d, bn: nn.BatchNorm2d):
        scale = bn.weight / torch.sqrt(bn.running_var + bn.eps)
        conv.weight.data = conv.weight * scale.view(-1, 1, 1, 1)
        conv.bias.data = (conv.bias - bn.running_mean) * scale + bn.bias
        return conv

Fix
---
Writes the eps of the layer in place of the number. A bias that is not scaled is left to you.

Fix safety
----------
Safe where the number stands in the sum: each layer has its eps.

Not written where the number has a name, or a bias is not scaled.

Numbers
-------
With 1e-3 for 1e-5, folded outputs are those of the layer divided by 3.3 at a variance of 1e-4, by
1.05 at 1e-2. With biases from N(0, 1) and scales in [0.5, 2], a bias that is not scaled
puts each channel off by 0.4 on average, where outputs are those of N(0, 1).

References
----------
Measured with torch 2.13.0.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from bnlint.engine.trials import layer_of_family
from bnlint.finding import SAFE, Finding, Fix, ReplaceValue
from bnlint.frameworks.tables import Api
from bnlint.rule import Context, Rule
from bnlint.semantics.layers.imported_layers import sites_of_imports
from bnlint.semantics.syntax.numbers import shown
from bnlint.semantics.values.domain import Constant
from bnlint.semantics.weights.folds import Fold, Guard, folds, guards, unscaled
from bnlint.startup.patterns import lazy
from bnlint.trial import INFERENCE, OUTPUT, SMALL_VARIANCES, Trial

RULE = Rule("BN503", "fold-eps", "error", confidence="medium")


def check_file(context: Context) -> Iterator[Finding]:
    """Report folds with an eps of their own, and with a bias that is not scaled."""
    module = context.module
    for fold in folds(module):
        for guard in guards(module, fold):
            number = _number(guard.number, context)
            if number is None:
                continue
            api = _layer(guard, context)
            if api is None:
                continue
            wanted = _eps_of_layers(number, api, context)
            if wanted is not None:
                yield _report(guard, number, wanted, api, context)
        sum_ = unscaled(module, fold)
        if sum_ is not None:
            yield _report_bias(fold, sum_, context)


def _number(node: ast.expr, context: Context) -> float | None:
    """Return the number that ``node`` is, whatever the function is given."""
    found: object = node.value if isinstance(node, ast.Constant) else None
    if isinstance(node, ast.Name):
        values = context.evaluator.evaluate(context.module, node)
        if len(values) == 1 and isinstance(values[0].object, Constant):
            found = values[0].object.value
    return found if isinstance(found, float) and found > 0 else None


def _layer(guard: Guard, context: Context) -> Api | None:
    """Return the layer that has such a running variance, in the frameworks at hand."""
    name = guard.statistic.attr
    found = [
        api
        for api in context.frameworks.apis.values()
        if api.kind == "layer"
        and any(key.rpartition("/")[2] == name for key in api.state.get("statistics", ()))
    ]
    return found[0] if len({api.default_eps for api in found}) == 1 else None


def _eps_of_layers(number: float, api: Api, context: Context) -> float | None:
    """Return the eps of the layers that are folded where it is another than ``number``."""
    sites = [*context.sites, *sites_of_imports(context.project, context.module)]
    family = api.framework.name
    values = {s.value("eps").number for s in sites if s.api.framework.name == family}
    wanted, *others = values or {api.default_eps}
    if others or wanted is None or _are_equal(number, wanted) or _is_set(number, context):
        return None
    return wanted


def _are_equal(one: float, other: float) -> bool:
    return abs(one - other) <= 0.02 * max(one, other)


#: What sets an eps, by a name that it has, or gives numbers to what normalises, in one line.
_SETS = r"(?i)(?<![a-z])eps(?:ilon)?\w*[\"']?\s*[=:]\s*[\d.]|norm\w*\(.*\d"
_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?"
_NAMED = lazy(rf"(?i)(?<![a-z])eps(?:ilon)?\w*[\"']?\s*[=:]\s*({_NUMBER})")
_GIVEN = lazy(r"(?i)norm\w*\((.*)")


def _is_set(number: float, context: Context) -> bool:
    """Tell whether the project sets an eps to ``number`` anywhere, by the text."""
    modules = context.project.saying(context.module, _SETS)
    return any(_are_equal(float(n), number) for m in modules for n in _numbers(m.text))


def _numbers(text: str) -> Iterator[str]:
    """Yield the numbers in a text that may be an eps."""
    yield from _NAMED.findall(text)
    for given in _GIVEN.findall(text):
        yield from re.findall(rf"(?i)(?<![\w.]){_NUMBER}", given)


def _report(guard: Guard, number: float, wanted: float, api: Api, context: Context) -> Finding:
    module, eps = context.module, f"{guard.fold.norm}.{api.roles['eps']}"
    fix = None
    if isinstance(guard.number, ast.Constant):
        intent = ReplaceValue(module.span(guard.number), eps)
        fix = Fix(SAFE, f"write {eps}", (intent,))
    family = api.framework.name
    layer = layer_of_family(family, INFERENCE, eps=wanted)
    return context.report(
        RULE,
        guard.number,
        f"this fold adds {shown(number)} to {module.source(guard.statistic)}, and the layer adds "
        f"its eps, {shown(wanted)}: where the variance is small, the folded layer gives something "
        "else",
        help=f"add {eps}",
        fix=fix,
        trial=Trial(
            OUTPUT,
            layer_of_family(family, INFERENCE, eps=number),
            layer,
            layer,
            variances=SMALL_VARIANCES,
            about="output in inference",
        ),
    )


def _report_bias(fold: Fold, sum_: ast.BinOp, context: Context) -> Finding:
    return context.report(
        RULE,
        sum_,
        f"{context.module.source(sum_)} adds the bias of the layer before as it is: {fold.norm} "
        "scales it with all else that the layer gives",
        help="multiply that bias by the scale, gamma over the root of the variance plus eps",
    )
