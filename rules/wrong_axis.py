"""Batch normalisation over an axis that is not the channels.

What it does
------------
Compares the axis of a layer with the layout of the convolution that feeds it, where both are
written down: a convolution with ``data_format="channels_first"`` has its channels in axis 1, one
with ``channels_last`` (or the default) in the last axis. The two must be joined in view: one
applied to the other's output, or neighbours in a ``Sequential``.

Convolutions of Flax have their channels in the last axis always.

A layout that is left at its default is what a global setting says: nothing is reported where the
file mentions that setting or the other layout, or has an input shape with the channels first. Where
names speak of spectrograms, the axis may be that of the frequencies: a warning, not an error.

Why it matters
--------------
Nothing fails: a layer on the wrong axis has one scale per column of the image. The numbers are
wrong, and the weights have another length than the reference's.

Example
-------
Hazard:

    from tensorflow.keras import layers

    def block(x):
        x = layers.Conv2D(4, 3, data_format="channels_first")(x)
        return layers.BatchNormalization()(x)

Clean:

    from tensorflow.keras import layers

    def block(x):
        x = layers.Conv2D(4, 3, data_format="channels_first")(x)
        return layers.BatchNormalization(axis=1)(x)

Clean:

    from tensorflow.keras import layers

    def block(x):
        x = layers.Conv2D(4, 3)(x)
        return layers.BatchNormalization(axis=3)(x)

Fix
---
Writes the axis of the channels.

Fix safety
----------
Safe where the layout is written as a literal at the convolution, or cannot be chosen: nothing else
can change it.

Unsafe where the layout is the default, which a global setting can change, or comes from a name;
where the axis is in a dictionary that other files may take; and where the call passes on keywords
of its caller, who may give an axis.

Not written where the axis comes from a dictionary that other calls take too.

Numbers
-------
On [16, 4, 8, 8] with channels first, the layer builds 8 gammas instead of 4; the output differs by
0.06 to 0.29 relative to the right one.

References
----------
Measured with Keras 3.15.1 and tf_keras 2.21.0; the layouts of others stand in the framework tables.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from bnlint.finding import SAFE, UNSAFE, Finding
from bnlint.fixes.build import rewrite
from bnlint.frameworks.records import UNKNOWN
from bnlint.frameworks.tables import Neighbour
from bnlint.rule import Context, Rule, lower
from bnlint.semantics.hints.around import names_around
from bnlint.semantics.hints.things import is_shape, is_sound
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.syntax.module import last_name
from bnlint.semantics.tensors.neighbours import argument, linear_before
from bnlint.semantics.values.value import Value
from bnlint.startup.typed import NamedTuple

RULE = Rule("BN301", "wrong-axis", "error")


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report a layer whose axis is not the channel axis of the convolution before it."""
    axis = channel_axis(site)
    if axis is None or site.presumed or not site.is_direct:
        return
    found = linear_before(context.evaluator, site)
    if found is None or found.neighbour.kind != "convolution":
        return
    layout = argument(context.evaluator, found, "data_format")
    rank = found.neighbour.rank or _rank_of_kernel(argument(context.evaluator, found, "kernel"))
    channels = _channels_of(found.neighbour, layout, rank) if rank else None
    if channels is None:
        return
    there, is_written = channels
    is_fixed = "data_format" not in found.neighbour.roles
    if not is_written and _may_be_set_globally(found.neighbour, context):
        return
    here = axis.number if axis.number >= 0 else rank + axis.number
    if here == there or not 0 <= here < rank:
        return
    api = site.api
    convolution = last_name(found.call.func) or "the convolution"
    stated = f"data_format={layout.value!r}" if is_written else "its default layout"
    stated = "as it always has" if is_fixed else stated
    given = f"{axis.name}={axis.value.value!r}"
    if axis.value.from_default:
        given += ", the default"
    text = _text(axis, there, rank)
    advice = f"write {axis.name}={text}"
    value = axis.value
    is_literal = is_fixed or isinstance(layout.argument, ast.Constant)
    reason = "" if is_literal else "another value of the layout asks for another axis"
    reason = reason if is_written else "a global setting may change the default layout"
    yield context.report(
        RULE,
        context.place(site, value),
        f"{api.short_name} normalises axis {here} ({given}), but {convolution} on line "
        f"{found.call.lineno} has its channels in axis {there} ({stated})",
        help=advice,
        confidence=lower("high" if is_written else "medium", (value, layout)),
        severity="warning" if _is_spectrogram(site, context) else None,
        fix=rewrite(context, site, axis.role, text, UNSAFE if reason else SAFE, reason=reason),
        site=site,
        argument="axis",
    )


class Axis(NamedTuple):
    """The channel axis of a layer: the number, and the argument that says it."""

    number: int
    role: str
    name: str
    value: Value
    formats: Mapping[str, int | str]


def channel_axis(site: Site) -> Axis | None:
    """Return the channel axis that ``axis=`` or a data format gives, if that is known."""
    api = site.api
    if "axis" in api.roles:
        value = site.value("axis")
        if value.is_known and type(value.value) is int:
            return Axis(value.value, "axis", api.roles["axis"], value, {})
    elif "data_format" in api.roles:
        value = site.value("data_format")
        number = api.data_formats.get(str(value.value)) if value.is_known else None
        if isinstance(number, int):
            return Axis(number, "data_format", api.roles["data_format"], value, api.data_formats)
    return None


def _rank_of_kernel(kernel: Value) -> int:
    """Return the rank of what a kernel of this size is for, 0 where that is not known."""
    return len(kernel.value) + 2 if isinstance(kernel.value, tuple) else 0


def _channels_of(neighbour: Neighbour, layout: Value, rank: int) -> tuple[int, bool] | None:
    """Return the channel axis of a convolution, and whether its layout is written down.

    That of a convolution which knows one layout only counts as written.
    """
    written, axis = True, neighbour.channel_axis
    if "data_format" in neighbour.roles:
        if not layout.is_known:
            return None
        written = layout.value is not None and not layout.from_default
        if layout.value is not None:
            axis = neighbour.data_formats.get(str(layout.value), UNKNOWN)
    return (axis % rank, written) if isinstance(axis, int) else None


def _text(axis: Axis, channels: int, rank: int) -> str:
    """Return what to write so that the layer's channels are in axis ``channels``."""
    for name, number in axis.formats.items():
        if number in (channels, channels - rank):
            return repr(name)
    return str(-1 if channels == rank - 1 else channels)


def _may_be_set_globally(neighbour: Neighbour, context: Context) -> bool:
    """Tell whether the file knows of another layout than a layer's default one."""
    setters = {path.rpartition(".")[2] for path in context.frameworks.word("format_setters")}
    words = {setter.removeprefix("set_") for setter in setters}
    words.update(context.frameworks.word("format_words"))
    words |= {n for n, axis in neighbour.data_formats.items() if axis != neighbour.channel_axis}
    if any(word in context.module.text for word in words):
        return True
    return any(
        _is_channels_first(keyword.value)
        for call in context.module.calls
        for keyword in call.keywords
        if keyword.arg is not None and is_shape(keyword.arg)
    )


def _is_channels_first(shape: ast.expr) -> bool:
    """Tell whether ``(3, 224, 224)`` or the like is written: few channels, then an image."""
    if not isinstance(shape, (ast.Tuple, ast.List)) or len(shape.elts) < 3:
        return False
    first, last = (
        item.value if isinstance(item, ast.Constant) else None
        for item in (shape.elts[0], shape.elts[-1])
    )
    few = type(first) is int and 1 <= first <= _FEW
    return few and not (type(last) is int and 1 <= last <= _FEW)


#: More channels than this have no image or clip that goes into a model.
_FEW = 4


def _is_spectrogram(site: Site, context: Context) -> bool:
    around = site.module.enclosing_function(site.call) or site.module.statement(site.call)
    names = [*names_around(site.module, site.call), context.module.path]
    names += [part.id for part in ast.walk(around) if isinstance(part, ast.Name)]
    return any(map(is_sound, names))
