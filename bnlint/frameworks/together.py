"""What a layer normalises together, whatever the framework: read off its table entry and arguments.

For layers that normalise otherwise than by batches. No framework is known here by name.
"""

from __future__ import annotations

from collections.abc import Callable

from bnlint.frameworks.records import UNKNOWN, Api, SourceText
from bnlint.startup.typed import NamedTuple

#: What :attr:`Together.kind` may be: some axes; all axes from one on; all of an example; all of an
#: example but the channels; groups of channels with all of an example; neighbouring channels.
AXES, FROM, EXAMPLE, SPATIAL, GROUPS = "axes", "from", "example", "spatial", "groups"
WINDOW = "window"

#: What stands for an argument whose value is not known.
OPEN = SourceText("?")


class Together(NamedTuple):
    """What is normalised together.

    ``axes`` are those of ``AXES``, or the first of ``FROM``. ``groups`` is the number of groups of
    ``GROUPS``, ``None`` where it is not known; ``interleaved`` tells whether channel c is in group
    c modulo their number, and not in blocks. ``channel_axis`` is ``None`` where channels have no
    say in it. ``learned_from`` is the first axis of the learned arrays, where an argument says so.
    """

    kind: str
    axes: tuple[int, ...] = ()
    groups: int | None = None
    interleaved: bool = False
    channel_axis: int | None = None
    learned_from: int | None = None


def together(api: Api, of: Callable[[str], object]) -> Together | None:
    """Return what ``api`` normalises together; ``None`` where that is not known.

    ``of`` gives the argument in a role, or its default; ``OPEN`` where that is not known.
    """
    if api.reduces == UNKNOWN or not _is_left(of("reduced")):
        return None
    axis = _channel_axis(api, of)
    if api.reduces in ("spatial", "groups", "channels", "window") and axis is None:
        return None
    if api.reduces == "channels":
        return Together(AXES, (axis,) if axis is not None else (), channel_axis=axis)
    if api.reduces == "example":
        return Together(EXAMPLE, channel_axis=axis)
    if api.reduces == "spatial":
        return Together(SPATIAL, channel_axis=axis)
    if api.reduces == "window":
        return Together(WINDOW, channel_axis=axis)
    if api.reduces == "groups":
        groups = of("groups")
        number = groups if type(groups) is int and groups != 0 else None
        interleaved = _is_interleaved(api, of)
        if interleaved is None:
            return None
        return Together(GROUPS, (), number, interleaved, axis)
    return _of_axes(api, of, axis)


def _of_axes(api: Api, of: Callable[[str], object], channel_axis: int | None) -> Together | None:
    """Return what is normalised together where an argument says which axes."""
    learned = of("learned")
    if "learned" in api.roles and type(learned) is not int:
        return None
    what = _axes_of(api, of, channel_axis)
    return what._replace(learned_from=learned) if what and type(learned) is int else what


def _axes_of(api: Api, of: Callable[[str], object], channel_axis: int | None) -> Together | None:
    if api.reduces == "trailing":
        shape = of("shape")
        if type(shape) is int:
            return Together(AXES, (-1,), channel_axis=channel_axis)
        if isinstance(shape, SourceText):
            return None
        if isinstance(shape, (tuple, list)) and shape and _has_usual_layout(api, of):
            return Together(AXES, tuple(range(-len(shape), 0)), channel_axis=channel_axis)
        return None
    axis = of("axis")
    if api.reduces == "from-axis":
        if type(axis) is not int:
            return None
        if axis < 0:
            return Together(AXES, tuple(range(axis, 0)), channel_axis=channel_axis)
        return Together(FROM, (axis,), channel_axis=channel_axis)
    if type(axis) is int:
        return Together(AXES, (axis,), channel_axis=channel_axis)
    if isinstance(axis, (tuple, list)) and axis and all(type(one) is int for one in axis):
        return Together(AXES, tuple(axis), channel_axis=channel_axis)
    return None


def _is_left(value: object) -> bool:
    """Tell whether an argument is left at a default that is no number."""
    return value is None or (isinstance(value, SourceText) and value is not OPEN)


def _channel_axis(api: Api, of: Callable[[str], object]) -> int | None:
    axis: object = api.channel_axis
    if not _has_usual_layout(api, of):
        axis = api.data_formats.get(str(of("data_format")))
    elif "axis" in api.roles and api.reduces in ("spatial", "groups"):
        axis = of("axis")
    return axis if type(axis) is int else None


def _has_usual_layout(api: Api, of: Callable[[str], object]) -> bool:
    """Tell whether the layout is the one that the entry is about."""
    if "data_format" not in api.roles:
        return True
    layout = of("data_format")
    parameter = api.parameter(api.roles["data_format"])
    return parameter is not None and layout == parameter.default


def _is_interleaved(api: Api, of: Callable[[str], object]) -> bool | None:
    grouping = api.grouping
    value = of("grouping")
    if value is OPEN:
        return None
    for row in api.grouping_when:
        if value is row["value"]:
            grouping = row["grouping"]
    return grouping == "interleaved"
