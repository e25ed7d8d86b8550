"""The two sides of a port normalise other values together.

What it does
------------
Compares with the reference what layer, group, instance and RMS normalisation bring to mean 0 and
deviation 1 together: one axis, several, or all from one on; the number of groups, and whether a
group is a block of channels or every so many of them. The reference is the layer of a named
reference, a layer of another framework in the same file, or the defaults of the framework given
with ``--from``. Each kind is compared with its own only. Under ``--from`` alone, only what is left
at its default is compared.

Nothing is said where an axis, a shape or a number of groups is not known, and nothing of where the
channels are: that follows from the layout of a framework.

Why it matters
--------------
Nothing fails: the shapes are the same. An axis of 1 is that axis in Keras and all from it on in
ONNX; ``layer_norm`` of TF-Slim normalises all but the batch; a group of MLX is every so many
channels unless it is told to be as PyTorch's; MXNet has one group by default, Keras 32.

Example
-------
Hazard (from torch):

    import mlx.nn as nn

    norm = nn.GroupNorm(8, 64)

Clean (from torch):

    import mlx.nn as nn

    norm = nn.GroupNorm(8, 64, pytorch_compatible=True)

Clean (from torch):

    from flax import linen as nn

    norm = nn.LayerNorm(epsilon=1e-5)

Fix
---
Writes the reference's number of groups, or the argument with which groups are blocks.

Fix safety
----------
Safe where the reference was read and is known to be one.

Unsafe under ``--from`` alone, and where which side is the port is not declared.

Not written where axes differ: what follows the layer may count on the layout.

Numbers
-------
Largest differences of outputs at variance 1, on one input of shape (2, 4, 6, 64): 0.48 for 8 groups
of MLX and of PyTorch, 0.94 for one group and 32, 0.67 for TF-Slim's layer normalisation and
PyTorch's, 2.3 for an axis of 1 in Keras and in ONNX.

References
----------
Measured with torch 2.13.0, Keras 3.15.1, MLX 0.32.4, MXNet 1.9.1, TF-Slim 1.1.0 and onnx 1.23.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bnlint.engine.trials import layers_of_pair
from bnlint.finding import MANUAL, SAFE, UNSAFE, Finding, Fix
from bnlint.fixes.build import rewrite
from bnlint.frameworks.records import Api
from bnlint.frameworks.together import FROM, GROUPS, OPEN, Together, together
from bnlint.rule import Context, Rule, called, where_reference
from bnlint.semantics.layers.references import Counterpart
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.values.value import Value
from bnlint.trial import OUTPUT, Layer, Trial

RULE = Rule(
    "BN305",
    "normalised-together-differs",
    "error",
    default=False,
    needs_reference=True,
    norms=("layer", "group", "instance", "rms"),
)

#: What stands for some last axes, beside ``FROM`` for all from one on.
_LAST = "last"

#: The arguments that decide what is normalised together.
_ROLES = ("axis", "groups", "grouping", "learned")


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report a layer that normalises other values together than its reference."""
    reference = context.reference(site)
    if reference is None:
        return
    mine = together(site.api, _of(site.api, site.value))
    theirs = together(reference.api, _of(reference.api, reference.value))
    if mine is None or theirs is None:
        return
    role = _differs(mine, theirs)
    if not role:
        return
    given = [r for r in ("axis", "groups", "grouping", "shape") if _is_given(site.value(r))]
    if reference.is_assumed and role in given:
        return
    if reference.is_assumed and role == "axis" and "shape" in given:
        return
    name = site.api.roles.get(role, "")
    title = reference.api.framework.title
    other = f"the {title} {'default' if reference.is_assumed else 'layer'}"
    other += where_reference(reference)
    yield context.report(
        RULE,
        site.call,
        f"{called(site.api)} normalises over {_words(mine)}, {other} over {_words(theirs)}",
        help=_advice(role, name, theirs),
        severity=None if reference.is_read else "warning",
        confidence="high" if reference.is_read and reference.directed else "medium",
        fix=_fix(context, site, role, theirs, reference),
        reference=reference,
        site=site,
        argument=role if role in site.api.roles else "",
    )


def _of(api: Api, value_of: Callable[[str], Value]) -> Callable[[str], object]:
    def of(role: str) -> object:
        parameter = api.parameter(api.roles.get(role, ""))
        if parameter is None:
            return None
        value = value_of(role)
        if value.is_known:
            return value.value
        return parameter.default if value.from_default else OPEN

    return of


def _is_given(value: Value) -> bool:
    return value.is_known and not value.from_default


def _differs(mine: Together, theirs: Together) -> str:
    """Return the role of what makes two layers differ; empty where they are the same or unclear."""
    if mine.kind == theirs.kind == GROUPS:
        if mine.interleaved is not theirs.interleaved:
            return "" if 1 in (mine.groups, theirs.groups) else "grouping"
        counts = {
            count for count in (mine.groups, theirs.groups) if count is not None and count > 0
        }
        return "groups" if len(counts) == 2 else ""
    first, second = _reach(mine), _reach(theirs)
    if first is None or second is None or first == second:
        return ""
    if first[0] != second[0]:
        last = first[1] if first[0] == _LAST else second[1]
        return (
            "axis" if last == 1 else ""
        )  # several last axes may be all that there are from one on
    return "axis"


def _reach(what: Together) -> tuple[str, int] | None:
    """Return how far a layer reaches: how many last axes, or from which axis on.

    Layers that no axes are told of are taken to be alike.
    """
    if what.kind == FROM:
        return FROM, what.axes[0]
    if len(what.axes) == 1:
        return _LAST, 1  # which one it is follows from the layout
    if what.axes == tuple(range(-len(what.axes), 0)):
        return _LAST, len(what.axes)
    return None


def _words(what: Together) -> str:
    if what.kind == GROUPS:
        number = "groups" if what.groups is None else f"{what.groups} groups"
        number = "one group" if what.groups == 1 else number
        how = "of every so many channels" if what.interleaved else "of neighbouring channels"
        return f"{number} {how}"
    if what.kind == FROM:
        return f"all axes from {what.axes[0]} on"
    if len(what.axes) == 1:
        return f"axis {what.axes[0]} alone"
    return f"axes {list(what.axes)}"


def _advice(role: str, name: str, theirs: Together) -> str:
    if role == "groups":
        return f"write {name}={theirs.groups}"
    if role == "grouping" and name:
        return f"write {name}=True: channel c is in group c modulo their number now"
    if role == "grouping":
        return "put the channels into the order of the groups, or take the other framework's option"
    return f"normalise {_words(theirs)}: name the axes or the shape that say so"


def _fix(
    context: Context, site: Site, role: str, theirs: Together, reference: Counterpart
) -> Fix | None:
    texts = {"groups": str(theirs.groups), "grouping": "True"}
    if role not in texts:
        return Fix(
            MANUAL, f"normalise {_words(theirs)}", (), "what follows may count on the layout"
        )
    if role not in site.api.roles:
        return Fix(MANUAL, "change the order of the channels", (), "no argument says it")
    reason = reference.doubt
    return rewrite(context, site, role, texts[role], UNSAFE if reason else SAFE, reason=reason)


def experiment(finding: Finding, site: Site, context: Context) -> Trial | None:
    """Compare outputs on inputs of four axes."""
    reference = context.reference(site)
    layers = layers_of_pair(site, reference, *(role for role in _ROLES if role != "groups"))
    if reference is None or layers is None:
        return None
    port, against = layers
    mine, theirs = site.value("groups").value, reference.value("groups").value
    eps = next((a.eps_fixed for a in (site.api, reference.api) if a.eps_fixed is not None), _EPS)
    port = _said(port, site.api, mine, eps)
    against = _said(against, reference.api, mine if theirs is None else theirs, eps)
    return Trial(OUTPUT, port, against, about="output")


#: The eps of both sides of an experiment that is about what is normalised together.
_EPS = 1e-5


def _said(layer: Layer, api: Api, groups: object, eps: float) -> Layer:
    """Return a layer with its number of groups and its eps said: defaults may be others."""
    if "groups" in api.roles and type(groups) is int:
        layer = layer.given(**{api.roles["groups"]: groups})
    return layer.given(**{api.roles["eps"]: eps}) if "eps" in api.roles else layer
