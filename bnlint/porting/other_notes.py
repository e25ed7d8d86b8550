"""What is said of a translated call: what became of arguments, and what differs all the same."""

from __future__ import annotations

from collections.abc import Iterator

from bnlint.frameworks.records import UNKNOWN, Api
from bnlint.frameworks.together import AXES, EXAMPLE, GROUPS, SPATIAL, WINDOW, Together
from bnlint.porting.call_sides import SWITCHES, CallSides
from bnlint.semantics.syntax.numbers import shown


def closing_notes(sides: CallSides) -> Iterator[str]:
    """Yield what became of arguments that are not shown, and what differs all the same."""
    yield from sides.notes
    yield from _left_over(sides)
    yield from _of_axes(sides)
    yield from _of_learned(sides)
    source, target = sides.source, sides.target
    if "eps" not in target.roles and target.eps_fixed is not None:
        yield f"the eps is {shown(target.eps_fixed)} here, whatever it was"
    if UNKNOWN in (source.place, target.place):
        side = "here" if target.place == UNKNOWN else "there"
        yield f"where eps stands {side} has not been measured"
    elif source.place != target.place:
        yield f"eps stands {target.place} the root here, {source.place} there"
    for name, value in target.plain.items():
        parameter = target.parameter(name)
        if parameter is not None and not parameter.required:
            yield f"write {name}={value!r}: else it does more than normalise"


def _left_over(sides: CallSides) -> Iterator[str]:
    source, title = sides.source, sides.title
    for name, text in sides.given.others.items():
        if name != source.statistics.get("argument"):
            yield f"{name}={text} has no counterpart in {title}"
    for role, text in sides.given.texts.items():
        if role in sides.done:
            continue
        name = source.roles[role]
        if role in ("axis", "data_format", "learned", "grouping") and sides.what:
            continue  # said of the axes
        if role in SWITCHES and sides.target.kind != "functional":
            continue  # said of what is learned
        if role == "shape":
            yield f"{name}={text}: the sizes are those of the input here"
            continue
        if role == "channels":
            yield f"{name}={text}: the layer takes the number of channels from its input"
        elif role in ("axis", "data_format"):
            yield f"{name}={text}: its axis is not known"
        elif role in SWITCHES and sides.target.kind == "functional":
            yield f"{name}={text}: gamma and beta are given to the call here"
        elif role == "input" and sides.target.kind == "layer":
            yield f"{name}={text}: call the layer with it"
        elif role == "groups" and sides.target.norm == source.norm:
            yield f"{name}={text}: the groups are others here"
        else:
            yield f"{name}={text} has no counterpart in {title}"


def _of_axes(sides: CallSides) -> Iterator[str]:
    """Yield what is normalised together here and was not there."""
    what, usual, target = sides.what, sides.usual, sides.target
    if what is None:
        if sides.source.reduces == UNKNOWN:
            yield f"what {sides.source.short_name} normalises together has not been measured"
        else:
            yield f"what {sides.source.short_name} normalises together is not known here"
        return
    if target.reduces == UNKNOWN:
        yield f"what {target.short_name} normalises together has not been measured"
        return
    if what.kind == GROUPS and what.interleaved and not target.grouping_when:
        yield "a group is every so many channels there, and a block of them here"
    beside = target.reduces in ("spatial", "groups", "window")
    if what.kind in (SPATIAL, GROUPS, EXAMPLE, WINDOW) and beside:
        here = usual.channel_axis if usual is not None else None
        if what.channel_axis is not None and here != what.channel_axis:
            yield f"channels are in axis {here} here, in {what.channel_axis} there"
        return
    if what.kind == EXAMPLE and target.reduces == "example":
        return
    yield from _of_other_axes(sides, what)


def _of_other_axes(sides: CallSides, what: Together) -> Iterator[str]:
    target = sides.target
    if target.reduces in ("axes", "axis") and (what.kind != AXES or len(what.axes) == 1):
        return  # the axis was written, or its place was
    if target.reduces == "axes":
        return
    trailing = what.kind == AXES and what.axes == tuple(range(-len(what.axes), 0))
    if target.reduces == "from-axis" and (trailing or what.kind != AXES):
        return
    if target.reduces == "trailing" and (trailing or what.kind != AXES):
        return
    there = f"axis {what.axes[0]} is"
    if len(what.axes) > 1:
        there = f"axes {list(what.axes)} are"
    if what.kind != AXES:
        there = f"all axes from {what.axes[0] if what.axes else 1} on are"
    here = "the last axes"
    if target.reduces in ("channels", "axis"):
        axis = target.channel_axis if target.reduces == "channels" else -1
        if what.kind == AXES and what.axes == (axis,):
            return
        here = f"axis {axis}"
    elif target.reduces == "example":
        here = "all axes but the first"
    yield f"{there} normalised there, {here} here: move axes before and after"


def _of_learned(sides: CallSides) -> Iterator[str]:
    source, target = sides.source, sides.target
    if target.kind == "functional" or source.kind == "functional":
        return
    scale, center = sides.has("scale"), sides.has("center")
    if center is not False and len(target.state["trainable"]) < 2:
        if len(source.state["trainable"]) > 1 and target.state["trainable"]:
            yield f"{target.short_name} has no beta: add it after the layer"
    for which, there, place in (("gamma", scale, 0), ("beta", center, 1)):
        role = "scale" if which == "gamma" else "center"
        has = len(target.state["trainable"]) > place
        switched = role in target.roles or "affine" in target.roles
        if not has or switched or there is True or there is None:
            continue
        if_so = "" if there is False else f" unless {there}"
        yield f"{which} is always there here: keep it at its initial value{if_so}"
    if scale is False and center is False:
        return
    mine, theirs = (_learned_of(sides, api) for api in (target, source))
    if mine != theirs:
        yield f"gamma and beta have one value for each {mine} here, for each {theirs} there"
    if source.weight_offset != target.weight_offset:
        side = "there" if source.weight_offset else "here"
        offset = source.weight_offset or target.weight_offset
        yield f"the scale is used as weight + {offset:g} {side}"


def _learned_of(sides: CallSides, api: Api) -> str:
    if api.learned == "groups":
        return "group"
    one = sides.what is None or (sides.what.kind == AXES and len(sides.what.axes) == 1)
    if sides.what is not None and sides.what.learned_from is not None and api is sides.source:
        return "channel" if sides.what.learned_from == -1 else "place"
    if "learned" in api.roles and api is not sides.source:
        return _learned_of(sides, sides.source)
    if api.learned == "channels" or one or api.norm in ("group", "instance"):
        return "channel"
    return "place"
