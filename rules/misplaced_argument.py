"""An argument under another framework's name, or in another framework's place.

What it does
------------
Reports a keyword that the API does not have and another framework has (``epsilon=`` in PyTorch,
``eps=`` in Keras), and a positional value that cannot be meant for the parameter it lands in: an
eps above 0.1 or of a bare 0, a momentum below 1e-4, a boolean in either place, an axis beyond any
tensor's rank or with a fraction. So is what is called as the other argument is: a momentum of 0.01
or more in the place of eps, an eps below that in the place of momentum (``bn_momentum``,
``BN_EPS``). Where an import may give one of several frameworks, a keyword is reported only if every
one of them rejects it.

So it is with layers that normalise otherwise: ``nn.LayerNorm(64, False)`` sets eps to 0. A truth
value in the place of their eps was meant for the switch of scale and shift.

Why it matters
--------------
A wrong keyword raises as soon as the line runs; a wrong position does not. PyTorch's order is
(channels, eps, momentum), that of Paddle (channels, momentum, epsilon), a lazy layer has no
channels at all: ``nn.BatchNorm2d(128, 0.8)``, seen in much copied GAN code, sets eps to 0.8.

Example
-------
Hazard:

    import torch.nn as nn

    bn = nn.BatchNorm2d(32, 0.99, 1e-3)

Hazard:

    import torch.nn as nn

    bn = nn.BatchNorm2d(32, epsilon=1e-3)

Clean:

    import torch.nn as nn

    bn = nn.BatchNorm2d(32, 1e-3, 0.01)

Clean:

    import torch.nn as nn

    class BatchNorm2d(nn.Module):
        def __init__(self, channels, epsilon=1e-5):
            super().__init__()

    bn = BatchNorm2d(32, epsilon=1e-3)

Fix
---
Renames the keyword; a momentum of the other convention is converted. Misplaced positions are
rewritten as keywords and converted.

Fix safety
----------
Safe where a keyword is only renamed and means the same: the line raised before, so that no running
program changes.

Unsafe where a momentum is converted, since its convention is inferred from its name, and where
positions are rewritten, since what was meant is inferred from the values.

Not written where the argument is given under its right name as well, or by position, and where
values are not known or fit nowhere.

Numbers
-------
With eps 0.99 at variance 1 the output is scaled by 1 / sqrt(1.99) = 0.71.

References
----------
Measured with torch 2.13.0 (``BatchNorm2d(32, 0.99, 1e-3)`` gives eps 0.99, momentum 0.001),
Keras 3.15.1 and MindSpore 2.10.0.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.engine.trials import layer_of
from bnlint.finding import (
    MANUAL,
    SAFE,
    UNSAFE,
    ArgumentsToKeywords,
    Finding,
    Fix,
    Intent,
    RenameKeyword,
    SetKeyword,
)
from bnlint.frameworks.records import BATCH
from bnlint.frameworks.tables import Api, catalogue
from bnlint.rule import MISPLACED, Context, Rule, lower
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.layers.traits import takes_weight
from bnlint.semantics.syntax.module import last_name
from bnlint.semantics.syntax.numbers import complement, shown
from bnlint.semantics.values.value import Value, assumption, settle
from bnlint.trial import INFERENCE, OUTPUT, SMALL_VARIANCES, STATISTICS, TRAINING, Trial

RULE = Rule(
    "BN108",
    "misplaced-argument",
    "error",
    precedence=MISPLACED,
    norms=("batch", "layer", "group", "instance", "rms"),
)

#: Roles whose keywords are looked up across frameworks.
_KEYWORD_ROLES = ("eps", "momentum", "channels", "training", "affine")

#: The largest axis of a tensor that batch normalisation is fed: rank 5, counted from 0.
_LAST_AXIS = 4

#: Roles of arguments that may be any number.
_SIZES = ("channels", "groups", "shape")

#: Words that names of arguments of each role have in them, and those of the other role.
_WORDS = {"eps": ("eps", "epsilon"), "momentum": ("momentum",)}
_OTHERS = {"eps": _WORDS["momentum"], "momentum": _WORDS["eps"]}

#: A number below may be an eps, whatever it is called, and others are none.
_SMALL = 0.01

#: How many parameters a message lists.
_SHOWN = 4


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report keywords and positions of other frameworks."""
    if takes_weight(site) or site.doubt:
        return
    if any(api.like for api in site.apis):
        return  # what else a declared wrapper takes, and in which places, is its own affair
    holder = site.resolutions[0].holder
    if holder is None or not context.owns(holder):
        return
    yield from _keywords(site, holder, context)
    yield from _positions(site, holder, context)


def _keywords(site: Site, holder: ast.Call, context: Context) -> Iterator[Finding]:
    for keyword in holder.keywords:
        if keyword.arg is None or any(_takes(api, keyword.arg) for api in site.apis):
            continue
        for role in _KEYWORD_ROLES:
            names = catalogue().parameter_names(role)
            if keyword.arg in names and role in site.api.roles:
                yield _misnamed(site, holder, keyword, role, names[keyword.arg], context)
                break


def _takes(api: Api, keyword: str) -> bool:
    """Tell whether the API takes the keyword, or may: some signatures end in ``**kwargs``."""
    return api.accepts(keyword) or (
        any(p.kind == "extra" for p in api.signature) and not api.extra_keywords
    )


def _misnamed(
    site: Site,
    holder: ast.Call,
    keyword: ast.keyword,
    role: str,
    conventions: frozenset[str],
    context: Context,
) -> Finding:
    api, old = site.api, str(keyword.arg)
    new = api.roles[role]
    span = context.module.span(holder)
    fix = Fix(SAFE, f"call it {new}", (RenameKeyword(span, old, new),))
    advice = f"call it {new}"
    if new in site.resolutions[0].matched.given:
        fix = Fix(MANUAL, advice, (), f"the call is given {new} already")
    elif role == "momentum" and conventions != {api.convention}:
        value = settle(context.evaluator.evaluate(context.module, keyword.value), keyword.value)
        if len(conventions) == 1 and value.number is not None and not value.computed:
            # The name exists in frameworks of the other convention only: the value is theirs too.
            text = complement(value.number)
            advice = f"write {new}={text}, which is what {old}={shown(value.number)} means there"
            intents: tuple[Intent, ...] = (
                RenameKeyword(span, old, new),
                SetKeyword(span, new, text),
            )
            fix = Fix(UNSAFE, advice, intents, "the convention is inferred from the name")
        else:
            advice = f"call it {new}, and check which convention its value is in"
            fix = Fix(MANUAL, advice, (), "the convention of the value is not known")
    return context.report(
        RULE,
        keyword,
        f"{api.framework.title}'s {api.short_name} has no argument {old}: it is called {new} here",
        help=advice,
        fix=fix,
        site=site,
        argument=role,
    )


def _positions(site: Site, holder: ast.Call, context: Context) -> Iterator[Finding]:
    """Report the first positional value that cannot be meant for its parameter."""
    if any(isinstance(argument, ast.Starred) for argument in holder.args):
        return
    for role, is_implausible in (("eps", _no_eps), ("momentum", _no_momentum), ("axis", _no_axis)):
        value = site.value(role)
        if not value.is_known or value.from_default or value.argument is None:
            continue
        if not any(value.argument is argument for argument in holder.args):
            continue
        number = value.number
        if number is None:
            # A switch that stands where a number belongs was meant for another parameter.
            if role == "axis" or not isinstance(value.value, bool):
                continue
        elif not (
            is_implausible(number)
            or (role == "eps" and _is_no_number(value))
            or _is_named_for_other(value.argument, number, role)
        ):
            continue
        api = site.api
        name = api.roles[role]
        advice, fix = _rearranged(site, holder, role, context)
        yield context.report(
            RULE,
            value.argument,
            f"{_shown(value)} lands in {name} of {api.short_name}, whose positional order is "
            f"({_order(api)}){assumption(value)}",
            help=advice,
            confidence=lower(RULE.confidence, (value,)),
            fix=fix,
            site=site,
            argument=role,
        )
        return


def _order(api: Api) -> str:
    names = [p.name for p in api.signature if p.kind == "positional"]
    return ", ".join([*names[:_SHOWN], "..."] if len(names) > _SHOWN else names)


def _is_named_for_other(argument: ast.expr, number: float, role: str) -> bool:
    """Tell whether what stands in a place is called as the argument of the other place is.

    That is a momentum where eps belongs, or the other way round: ``BatchNorm2d(8, bn_momentum)``.
    A number that fits the place better than the name stays, whatever it is called.
    """
    if role not in _OTHERS or (number < _SMALL) is (role == "eps"):
        return False
    words = {
        word
        for part in ast.walk(argument)
        if isinstance(part, (ast.Name, ast.Attribute))
        for word in last_name(part).lower().split("_")
    }
    return not words.isdisjoint(_OTHERS[role]) and words.isdisjoint(_WORDS[role])


def _shown(value: Value) -> str:
    return repr(value.value) if isinstance(value.value, bool) else shown(value.value)


def _is_no_number(value: Value) -> bool:
    """Tell whether an eps is a bare 0, which is meant for a switch or a count."""
    return type(value.value) is int and value.value == 0 and not value.computed


def _no_eps(number: float) -> bool:
    return number > 0.1


def _no_momentum(number: float) -> bool:
    return 0 < number < 1e-4


def _no_axis(number: float) -> bool:
    return number > _LAST_AXIS or not number.is_integer()


def _rearranged(site: Site, holder: ast.Call, misplaced: str, context: Context) -> tuple[str, Fix]:
    """Return what was probably meant: each value under the role in which it is plausible."""
    api = site.api
    span = context.module.span(holder)
    names = [p.name for p in api.signature if p.kind == "positional"]
    by_name = {name: role for role, name in api.roles.items()}
    numbers: dict[int, tuple[str, float]] = {}
    for index, argument in enumerate(holder.args):
        role = by_name.get(names[index], "") if index < len(names) else ""
        value = settle(context.evaluator.evaluate(context.module, argument), argument)
        if role in _SIZES:
            continue
        if isinstance(value.value, bool) and api.norm != BATCH:
            return _meant_for_switch(site, holder, index, context)
        if value.number is None:
            return _by_hand(api)
        if value.number >= 1:
            return _no_channels(api, value.number)
        numbers[index] = role, value.number
    meant = _meant(numbers)
    if meant is None or not set(meant.values()) <= api.roles.keys():
        return _by_hand(api)
    if any(role == misplaced == numbers[index][0] for index, role in meant.items()):
        return _by_hand(api)
    rewritten: list[tuple[int, str, str | None]] = []
    written: list[str] = []
    for index, role in meant.items():
        number = numbers[index][1]
        text = complement(number) if role == "momentum" and _other_convention(api, number) else None
        rewritten.append((index, api.roles[role], text))
        written.append(f"{api.roles[role]}={text or context.module.source(holder.args[index])}")
    advice = f"write {', '.join(written)}"
    return advice, Fix(
        UNSAFE,
        advice,
        (ArgumentsToKeywords(span, tuple(rewritten)),),
        "what was meant is inferred from the values",
    )


def _meant_for_switch(
    site: Site, holder: ast.Call, index: int, context: Context
) -> tuple[str, Fix]:
    """Return what was meant by a truth value that stands where a number belongs, and comes last."""
    name = site.api.roles.get("affine", "")
    given = site.resolutions[0].matched.given
    if not name or name in given or index != len(holder.args) - 1:
        return _by_hand(site.api)
    advice = f"write {name}={context.module.source(holder.args[index])}"
    span = context.module.span(holder)
    return advice, Fix(
        UNSAFE,
        advice,
        (ArgumentsToKeywords(span, ((index, name, None),)),),
        "what was meant is inferred from the value",
    )


def _no_channels(api: Api, number: float) -> tuple[str, Fix]:
    advice = (
        f"leave out {shown(number).removesuffix('.0')}: {api.short_name} takes the number of "
        "channels from its input"
    )
    if "channels" in api.roles:
        return _by_hand(api)
    return advice, Fix(MANUAL, advice, (), "what was meant is not known")


def _meant(numbers: dict[int, tuple[str, float]]) -> dict[int, str] | None:
    """Return the role of each position: a momentum is above 0.02, what is left over is eps."""
    meant = {index: "momentum" for index, (_, number) in numbers.items() if number > 2e-2}
    for index, (role, _) in numbers.items():
        if index not in meant:
            meant[index] = role if role not in meant.values() else "eps"
    ordered = {index: meant[index] for index in sorted(meant)}
    return ordered if len(set(ordered.values())) == len(ordered) else None


def _by_hand(api: Api) -> tuple[str, Fix]:
    names = ", ".join(f"{api.roles[r]}=" for r in ("eps", "momentum", "axis") if r in api.roles)
    advice = f"write the arguments as keywords ({names})"
    return advice, Fix(MANUAL, advice, (), "what was meant is not known")


def _other_convention(api: Api, number: float) -> bool:
    return (number > 0.5) if api.convention == "new-weight" else (number < 0.5)


def experiment(finding: Finding, site: Site, context: Context) -> Trial | None:
    """Compare outputs, or running statistics, with those of the layer as it is fixed."""
    mode = {"eps": INFERENCE, "momentum": TRAINING}.get(finding.argument)
    if mode is None or site.resolutions[0].matched.strangers:
        return None  # with an argument that it does not take, the call as it stands raises
    if (port := layer_of(site, finding.argument, mode=mode)) is None:
        return None
    if mode == TRAINING:
        return Trial(STATISTICS, port, about="running statistics")
    trial = Trial(OUTPUT, port, variances=SMALL_VARIANCES, about="output in inference")
    if site.api.norm == BATCH or getattr(finding.fix, "edits", None):
        return trial
    # What was meant is not known: what the value does shows beside the default.
    about = "output, beside that of the default eps"
    return trial._replace(reference=layer_of(site, mode=INFERENCE), about=about)
