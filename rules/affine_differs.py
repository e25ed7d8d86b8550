"""One side of a port has a learned scale or shift that the other side lacks.

What it does
------------
Compares with the reference whether a layer has gamma (scale) and beta (center, shift): a layer of
another framework in the same file, or the defaults of the framework given with ``--from``. Where
the declared framework leaves out gamma or beta by default, the difference is reported once per
file, at the first layer.

Layers that normalise otherwise are compared too, each with its own kind only.

Why it matters
--------------
A checkpoint has no weights for the extra parameter, or the port has no place for the weights it
is given. Slim leaves out gamma by default (``scale=False``): a port that has one starts right, with
gamma at 1, and drifts as soon as it is trained.

Example
-------
Hazard:

    import keras
    import torch.nn as nn

    reference = keras.layers.BatchNormalization(
        epsilon=1e-5, momentum=0.9, scale=False, center=False
    )
    port = nn.BatchNorm2d(64)

Clean:

    import keras
    import torch.nn as nn

    reference = keras.layers.BatchNormalization(
        epsilon=1e-5, momentum=0.9, scale=False, center=False
    )
    port = nn.BatchNorm2d(64, affine=False)

Fix
---
Where one switch stands for both (``affine=False`` against ``scale=False, center=False``), writes
it, over the present value if there is one.

Fix safety
----------
Safe where the reference is a layer and the direction is known: the layer then has the parameters
of its reference. A checkpoint of the port as it was no longer fits; one of the reference does.

Unsafe in a same-file pair without a declared direction, since either side may be the port; where a
switch is a default that a caller may override; and against a framework's defaults, where only the
first layer of the file is changed.

Not written where a lone gamma or beta is missing and one switch stands for both, or where the
switch comes from a dictionary that other calls take too.

Numbers
-------
With a random gamma, outputs differ by the factor gamma.

References
----------
Measured with torch 2.13.0, Keras 3.15.1 and tf_slim 1.1.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bnlint.engine.trials import layers_of_pair
from bnlint.finding import MANUAL, SAFE, UNSAFE, Comparison, Finding, Fix
from bnlint.fixes.build import rewrite_all
from bnlint.frameworks.tables import Api
from bnlint.rule import Context, Rule, called, lower, where_reference
from bnlint.semantics.layers.references import Counterpart
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.values.value import PRESUMED, Value, assumption
from bnlint.trial import INFERENCE, OUTPUT, Trial

RULE = Rule(
    "BN104",
    "affine-differs",
    "warning",
    needs_reference=True,
    norms=("batch", "layer", "group", "instance", "rms"),
)


def check_file(context: Context) -> Iterator[Finding]:
    """Report layers whose gamma or beta the reference does not share."""
    declared_done = False
    for site in context.sites:
        reference = context.reference(site)
        if reference is None or site.api.kind == "functional":
            continue
        if reference.site is None and declared_done:
            continue
        finding = _compare(site, reference, context)
        if finding is not None:
            if reference.site is None:
                declared_done = True
            yield finding


def _compare(site: Site, reference: Counterpart, context: Context) -> Finding | None:
    mine = _switches(site.api, {r: site.value(r) for r in ("affine", "scale", "center")})
    theirs = _switches(
        reference.api, {r: reference.value(r) for r in ("affine", "scale", "center")}
    )
    if mine is None or theirs is None:
        return None
    if reference.site is None and not all(value.from_default for value in mine):
        return None
    differing = [
        (name, m, t)
        for name, m, t in zip(("gamma", "beta"), mine, theirs, strict=True)
        if m.value is not t.value
    ]
    if not differing:
        return None
    api, title = site.api, reference.api.framework.title
    names = " and ".join(name for name, _, _ in differing)
    has = bool(differing[0][1].value)
    every = "" if reference.site is not None else " (as may every other layer in this file)"
    return context.report(
        RULE,
        context.place(site),
        f"{called(api)} {'has' if has else 'lacks'} {names}, the {title} "
        f"{'reference' if reference.is_read else 'default'} "
        f"{'does not' if has else 'has'}{where_reference(reference)}{every}"
        f"{assumption(*mine, *theirs)}",
        help=_advice(site, theirs),
        confidence=lower(RULE.confidence, (*mine, *theirs), reference.unsure),
        fix=_fix(site, mine, theirs, reference, context),
        reference=reference,
        values=tuple(Comparison(n, bool(m.value), bool(t.value)) for n, m, t in differing),
        site=site,
        argument="affine",
    )


def _switches(api: Api, values: Mapping[str, Value]) -> tuple[Value, Value] | None:
    """Return what decides gamma and what decides beta, true where it is there.

    ``None`` if either is not known.
    """
    if "affine" not in api.roles and not {"scale", "center"} <= api.roles.keys():
        return None
    decided: list[Value] = []
    for own in ("scale", "center"):
        # A layer may have a switch for both and another for one of them.
        roles = [role for role in ("affine", own) if role in api.roles]
        if not all(values[role].is_known for role in roles):
            return None
        found = [v._replace(value=api.leaves_on(r, v.value)) for r in roles for v in (values[r],)]
        if any(value.value is None for value in found):
            return None
        decided.append(next((value for value in found if not value.value), found[0]))
    return decided[0], decided[1]


def _wanted(site: Site, theirs: tuple[Value, Value]) -> dict[str, str] | None:
    """Return by role what gives ``site`` the reference's gamma and beta, if anything does."""
    api = site.api
    scale, center = bool(theirs[0].value), bool(theirs[1].value)
    if "affine" not in api.roles:
        return {"scale": repr(scale), "center": repr(center)}
    if "center" not in api.roles:
        return {"affine": repr(scale)} if scale is center else None
    if center and not scale:
        return None
    wanted = {"affine": True, "center": center} if scale else {"affine": False}
    return {role: repr(on) for role, on in wanted.items() if site.value(role).value is not on}


def _advice(site: Site, theirs: tuple[Value, Value]) -> str:
    api, wanted = site.api, _wanted(site, theirs)
    if wanted is None:
        return (
            f"{api.short_name} has one switch for both: keep the parameter the reference lacks "
            "at its initial value and out of the optimiser"
        )
    return "write " + ", ".join(f"{api.roles[role]}={text}" for role, text in wanted.items())


def _fix(
    site: Site,
    mine: tuple[Value, Value],
    theirs: tuple[Value, Value],
    reference: Counterpart,
    context: Context,
) -> Fix:
    advice = _advice(site, theirs)
    wanted = _wanted(site, theirs)
    if wanted is None:
        return Fix(MANUAL, advice, (), "there is no counterpart to write")
    why = reference.doubt
    if reference.site is None:
        why = "only the first layer of the file is changed"
    why = why or next((v.why for v in (*mine, *theirs) if v.kind == PRESUMED), "")
    return rewrite_all(context, site, wanted, Fix(UNSAFE if why else SAFE, advice, (), why))


def experiment(finding: Finding, site: Site, context: Context) -> Trial | None:
    """Compare outputs in inference with a gamma and beta as training leaves them; with one eps."""
    reference = context.reference(site)
    layers = layers_of_pair(site, reference, *_SWITCHES, mode=INFERENCE)
    if reference is None or layers is None:
        return None
    port, against = layers
    if "eps" in site.api.roles and "eps" in reference.api.roles:
        port = port.given(**{site.api.roles["eps"]: _EPS})
        against = against.given(**{reference.api.roles["eps"]: _EPS})
    return Trial(OUTPUT, port, against, affine=True, about="output in inference")


_SWITCHES = ("affine", "scale", "center")

#: The eps of both sides of an experiment that is about the parameters alone.
_EPS = 1e-3
