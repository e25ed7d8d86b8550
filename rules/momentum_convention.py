"""A momentum that only makes sense in the other convention.

What it does
------------
PyTorch's momentum is the weight of the new batch (default 0.1), that of Keras, TensorFlow and
MindSpore's ``nn`` the weight of the old value (0.99, 0.99, 0.9). This rule reports a momentum
above 0.5 that reaches an API of the first kind, and one below 0.5 that reaches one of the second,
also through constants, parameters and their defaults, dictionaries and ``partial``, and one that is
stored in layers later. Where callers give several values, it speaks only if each of them is wrong.
A class of the project that updates running statistics itself has the convention of that update.

A value that is computed (``1 - momentum``) is somebody's conversion and is left alone, as are
0, 0.5 and 1, and what tests choose to see statistics move (where there is no reference). A default
that a caller may override is reported where it is defined.

Why it matters
--------------
``momentum=0.99`` copied from Keras into PyTorch makes the running statistics those of the last
batch alone. Training looks fine, since training normalises with the batch; inference is noisy or
wrong, and differs from one checkpoint to the next.

Example
-------
Hazard:

    import torch.nn as nn

    BN_MOMENTUM = 0.99

    def block(channels):
        return nn.BatchNorm2d(channels, momentum=BN_MOMENTUM)

Clean:

    import torch.nn as nn

    KERAS_MOMENTUM = 0.99

    def block(channels):
        return nn.BatchNorm2d(channels, momentum=1 - KERAS_MOMENTUM)

Fix
---
Writes one minus the value, computed in decimal: 0.99 becomes 0.01. Where the value has a name, its
definition is changed if all its uses in the file are momenta of one kind, else the use becomes
``1 - name``.

Fix safety
----------
Safe where a reference exists, its direction is known and the result is the reference's decay: the
layer then forgets as the reference does.

Unsafe without a reference, or where the result is not the reference's decay: that the other
convention is meant is inferred from the number. Unsafe, too, where a value is changed that others
may take: a default that a caller may override, a public name of the file or of a class, a
dictionary that is passed on.

Not written where the value comes from a dictionary that other calls take too. Of a value that
another file defines, the use is changed, and never that file.

Numbers
-------
One training step gives the new batch a weight that is wrong by a factor m / (1 - m): 9 for 0.9, 99
for 0.99. Over 200 steps on N(1, 4) with batches of 8x4x4 values, the running mean is off by 0.33
instead of 0.05 to 0.15.

References
----------
Measured with torch 2.13.0, TensorFlow 2.21.0, Keras 3.15.1 and MindSpore 2.10.0.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import lru_cache

from bnlint.engine.trials import layer_of, layer_of_reference, opposite
from bnlint.finding import (
    MANUAL,
    SAFE,
    UNSAFE,
    Comparison,
    ComplementValue,
    Finding,
    Fix,
    Intent,
    ReplaceValue,
)
from bnlint.fixes.build import limited
from bnlint.fixes.definitions import is_default, serves_only
from bnlint.fixes.impact import of_value
from bnlint.frameworks.records import BATCH
from bnlint.frameworks.tables import Api
from bnlint.rule import CONVENTION, Context, Rule, lower, other_camp
from bnlint.semantics.hints.around import in_test
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.layers.traits import keeps_statistics, takes_weight
from bnlint.semantics.syntax.numbers import close, complement, decay, shown
from bnlint.semantics.values.value import PRESUMED, Value, assumption, possible
from bnlint.trial import STATISTICS, TRAINING, Trial

RULE = Rule(
    "BN101", "momentum-convention", "error", precedence=CONVENTION, norms=("batch", "instance")
)

#: Weights of the old value that frameworks and well-known models use. One of these where the
#: weight of the new batch is meant, or the complement the other way round, is no accident.
_USUAL = {
    "new-weight": (0.9, 0.95, 0.99, 0.997, 0.999, 0.9997),
    "old-weight": (0.1, 0.01, 0.03, 0.001),
}


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report a momentum on the wrong side of a half."""
    value, api = site.value("momentum"), site.api
    if len({a.convention for a in site.apis}) != 1:
        return
    numbers = [n for n in map(_written, possible(value)) if n is not None]
    if not numbers or len(numbers) < len(possible(value)):
        return
    if not all(_is_other_camp(api.convention, number) for number in numbers):
        return
    if takes_weight(site) or not keeps_statistics(site):
        return
    if context.reference(site) is None and in_test(site.module, site.call):
        return
    if len(numbers) > 1:
        yield _of_several(site, numbers, context)
        return
    momentum = numbers[0]
    usual = momentum in _USUAL[api.convention]
    kept, name = decay(api, momentum), api.roles["momentum"]
    meaning = _meaning(api)
    agrees = value.kind != PRESUMED and _agrees(site, context, float(complement(momentum)))
    other = "old value" if api.convention == "new-weight" else "new batch"
    doubt = f"; presumably meant as the weight of the {other}, as in {other_camp(api)}"
    doubt = "" if usual else doubt
    yield context.report(
        RULE,
        _place(site, value, context),
        f"{name}={shown(momentum)} of {api.short_name}{assumption(value)} is the weight of "
        f"{meaning} {_where(api)}: each step keeps {shown(kept)} of the old running value{doubt}",
        help=f"{_advice(site, value, complement(momentum), context)}, which is what "
        f"{other_camp(api)} calls {shown(momentum)}",
        severity=None if usual else "warning",
        confidence=lower("high" if usual else "medium", (value,)),
        fix=_fix(site, value, complement(momentum), context, safe=agrees),
        reference=context.reference(site) if agrees else None,
        values=(Comparison("momentum", kept, decay(api, float(complement(momentum))), "decay"),),
        site=site,
        argument="momentum",
    )


def check_file(context: Context) -> Iterator[Finding]:
    """Report a momentum on the wrong side of a half that is stored in layers, or held for them."""
    for setting in context.settings("momentum"):
        api, value = setting.api, setting.value
        momentum = _written(value)
        if momentum is None:
            continue
        if not _is_other_camp(api.convention, momentum) or in_test(context.module, setting.where):
            continue
        usual = momentum in _USUAL[api.convention]
        name = api.attribute("momentum") if setting.is_stored else api.roles["momentum"]
        how = ", stored in layers," if setting.is_stored else ", which a partial holds,"
        text = complement(momentum)
        intent: Intent
        if value.node is setting.where:
            intent = ReplaceValue(context.module.span(setting.where), text)
        else:
            intent = ComplementValue(context.module.span(setting.where))
            text = _from_one(setting.where, context)
        reason = "the other convention is inferred from the value"
        fix = Fix(UNSAFE, f"write {text}", (intent,), reason)
        yield context.report(
            RULE,
            setting.where,
            f"{name}={shown(momentum)} of {api.short_name}{assumption(value)}{how} is the weight "
            f"of {_meaning(api)} in {api.framework.title}: each step keeps "
            f"{shown(decay(api, momentum))} of the old running value",
            help=f"write {text}, which is what {other_camp(api)} calls {shown(momentum)}",
            severity=None if usual else "warning",
            confidence=lower("high" if usual else "medium", (value,)),
            fix=limited(fix, of_value(context, setting.where)),
        )


def _written(value: Value) -> float | None:
    """Return a momentum that is written down and moves something, else ``None``."""
    number = value.number
    if number is None or value.from_default or value.computed:
        return None
    return number if 0 < number < 1 else None


def _of_several(site: Site, numbers: Sequence[float], context: Context) -> Finding:
    """Return the finding about a momentum of which each value in view is of the other camp."""
    value, api = site.value("momentum"), site.api
    name, meaning = api.roles["momentum"], _meaning(api)
    usual = all(number in _USUAL[api.convention] for number in numbers)
    given = context.given(site, value)
    values = " or ".join(map(shown, numbers))
    kept = " or ".join(shown(decay(api, number)) for number in numbers)
    if given is None:
        advice = "change the values"
        fix = Fix(MANUAL, advice, (), "they are defined in several places")
    else:
        text = f"write {name}={_from_one(given, context)}"
        advice = f"{text}, or change the values"
        intent = ComplementValue(context.module.span(given))
        reason = "the other convention is inferred from the values"
        fix = limited(Fix(UNSAFE, text, (intent,), reason), of_value(context, given))
    return context.report(
        RULE,
        given or context.place(site),
        f"{name} of {api.short_name} is {values}, in each case the weight of {meaning} "
        f"{_where(api)}: each step keeps {kept} of the old running value",
        help=f"{advice}: {other_camp(api)} calls the complement so",
        severity=None if usual else "warning",
        confidence="medium",
        fix=fix,
        site=site,
        argument="momentum",
    )


def _meaning(api: Api) -> str:
    return "the new batch" if api.convention == "new-weight" else "the old value"


def _where(api: Api) -> str:
    return "as that class computes it" if api.by_hand else f"in {api.framework.title}"


def _is_other_camp(convention: str, momentum: float) -> bool:
    camps = {"new-weight": momentum > 0.5, "old-weight": momentum < 0.5}
    return camps.get(convention, False)


def _place(site: Site, value: Value, context: Context) -> ast.expr | ast.stmt:
    """Return where to report: at a default, also where this very call is sure to take it."""
    node = value.node
    if isinstance(node, ast.expr) and context.owns(node) and is_default(context.module, node):
        return node
    return context.place(site, value)


def _at_definition(site: Site, value: Value, context: Context) -> bool:
    """Tell whether the definition can be changed: every use of it is a momentum of this camp."""
    camps = _camps(context)
    return serves_only(context.module, value, lambda use: camps.get(use) == {site.api.convention})


@lru_cache(maxsize=1)
def _camps(context: Context) -> dict[ast.expr, set[str]]:
    """Return the conventions of the layers that each expression is given to as momentum."""
    camps: dict[ast.expr, set[str]] = {}
    for site in context.sites:
        argument = site.value("momentum").argument
        if argument is not None:
            camps.setdefault(argument, set()).update(a.convention for a in site.apis)
    return camps


def _advice(site: Site, value: Value, text: str, context: Context) -> str:
    """Return what to write: ``text``, which is the complement of the value."""
    name, argument = site.api.roles["momentum"], context.given(site, value)
    if argument is None or argument is value.node:
        return f"write {name}={text}"
    if _at_definition(site, value, context):
        return f"define {context.module.source(argument)} as {text}"
    return f"write {name}={_from_one(argument, context)}: {text}"


def _from_one(node: ast.expr, context: Context) -> str:
    """Return the text of one minus an expression."""
    text = context.module.source(node)
    is_plain = isinstance(node, (ast.Name, ast.Attribute, ast.Call, ast.Subscript))
    return f"1 - {text}" if is_plain else f"1 - ({text})"


def _fix(site: Site, value: Value, text: str, context: Context, *, safe: bool) -> Fix:
    """Return the fix: at the definition if all its uses are alike, else at this use."""
    advice = _advice(site, value, text, context)
    target, argument = value.node, context.given(site, value)
    intent: Intent
    if (
        isinstance(target, ast.expr)
        and context.owns(target)
        and (argument in (None, target) or _at_definition(site, value, context))
    ):
        intent = ReplaceValue(context.module.span(target), text)
    elif argument is not None:
        target, intent = argument, ComplementValue(context.module.span(argument))
    else:
        return Fix(MANUAL, advice, (), "the value is defined elsewhere")
    reason = "" if safe else "the other convention is inferred from the value"
    fix = Fix(SAFE if safe else UNSAFE, advice, (intent,), reason)
    return limited(fix, of_value(context, target))


def _agrees(site: Site, context: Context, momentum: float) -> bool:
    """Tell whether ``momentum`` gives the decay of a reference whose direction is known."""
    reference = context.reference(site)
    if reference is None or not reference.directed:
        return False
    theirs = reference.value("momentum").number
    if theirs is None:
        return False
    sides = decay(site.api, momentum), decay(reference.api, theirs)
    weights = [1 - kept for kept in sides if kept is not None]
    return len(weights) == len(sides) and close(*weights)


def experiment(finding: Finding, site: Site, context: Context) -> Trial | None:
    """Compare running statistics with the reference's, or with those the number stands for.

    The default of a declared framework is no reference for a number that is written down.
    """
    momentum = site.value("momentum").number
    if momentum is None or (port := layer_of(site, "momentum", mode=TRAINING)) is None:
        return None
    reference = context.reference(site)
    if site.api.norm != BATCH:  # nothing of the other convention is alike
        fixed = port.given(**{site.api.roles["momentum"]: float(complement(momentum))})
        return Trial(STATISTICS, port, fixed, fixed, about="running statistics")
    against = (
        layer_of_reference(reference, "momentum", mode=TRAINING)
        if reference is not None and reference.site is not None
        else opposite(site.api, momentum)
    )
    return Trial(STATISTICS, port, against, about="running statistics")
