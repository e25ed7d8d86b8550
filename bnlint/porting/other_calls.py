"""Translates calls that normalise otherwise than by batches, with every argument accounted for."""

from __future__ import annotations

from collections.abc import Callable

from bnlint.frameworks.records import ARRAYS, Api
from bnlint.frameworks.responses import resized
from bnlint.frameworks.tables import Frameworks
from bnlint.frameworks.together import AXES, EXAMPLE, FROM, GROUPS, SPATIAL, Together
from bnlint.porting.call_sides import SWITCHES, CallSides, sizes_in
from bnlint.porting.given_call import Given
from bnlint.porting.other_notes import closing_notes
from bnlint.porting.translated import (
    Translation,
    has_keyword,
    momentum,
    one_switch,
    operand,
    same,
    stem,
)
from bnlint.semantics.syntax.numbers import shown
from bnlint.startup.typed import NamedTuple

#: Roles of arrays that are given to a function.
_ARRAYS = ("input", *ARRAYS)


class _Written(NamedTuple):
    """What is written for one argument (``None``: nothing), and what is to be said of it."""

    text: str | None = None
    notes: tuple[str, ...] = ()


def translation_of_norm(given: Given, frameworks: Frameworks, family: str) -> Translation | None:
    """Return the equal call in ``family``; ``None`` if it has nothing of that kind."""
    target, notes = _target(given.api, frameworks, family)
    if target is None:
        return None
    call = _Call(given, target)
    arguments: list[str] = []
    for parameter in target.signature:
        if parameter.kind == "extra":
            continue
        role = next((r for r, name in target.roles.items() if name == parameter.name), None)
        written = call.argument(role)
        if role is None and parameter.required:
            written = _Written(f"<{parameter.name}>")
        notes += written.notes
        if written.text is None:
            continue
        by_place = parameter.required and parameter.kind == "positional"
        by_place = by_place and not has_keyword(arguments)
        arguments.append(written.text if by_place else f"{parameter.name}={written.text}")
    tracking = call.tracking()
    arguments += [tracking.text] if tracking.text is not None else []
    notes += [*tracking.notes, *closing_notes(call)]
    return Translation(
        family,
        target.framework.title,
        target.id,
        f"{_name(given.api, target)}({', '.join(arguments)})",
        tuple(dict.fromkeys(notes)),
    )


def _target(api: Api, frameworks: Frameworks, family: str) -> tuple[Api | None, list[str]]:
    """Return the API of ``family`` for the same, and what is to be said of it."""
    notes: list[str] = []
    norms, own = frameworks.norms, frameworks.reference(family).aliases[0].partition(".")[0]
    candidates = [a for a in norms.apis.values() if a.framework.name == family]
    candidates.sort(key=lambda a: a.aliases[0].partition(".")[0] != own)
    alike = [a for a in candidates if a.norm == api.norm]
    if alike and alike[0].aliases[0].partition(".")[0] != own:
        alike = []  # of other packages alone
    if not alike and api.norm == "instance":
        alike = [a for a in candidates if a.norm == "group"]
        notes.append("groups of one channel each are what instance normalisation is")
    if not alike:
        return None, notes
    functional = api.kind == "functional"
    same_kind = [a for a in alike if (a.kind == "functional") == functional]
    title = alike[0].framework.title
    if not same_kind:
        there = "functional form" if functional else "layer"
        there += " that holds a scale and a shift" if api.state["trainable"] else ""
        notes.append(f"{title} has no {there} here")
        same_kind = alike
    reference = norms.reference_of(family, same_kind[0].norm)
    twins = [a for a in same_kind if reference is not None and stem(a) == stem(reference)]
    exact = [a for a in twins if a.ranks == api.ranks or _digits(a) == _digits(api) != ""]
    layout = [
        a
        for a in same_kind
        if (a.reduces, a.channel_axis) == (api.reduces, api.channel_axis) == ("channels", 1)
    ]
    first = [reference] if reference in same_kind else []
    return (exact or layout or first or same_kind)[0], notes


def _digits(api: Api) -> str:
    return "".join(c for c in api.short_name if c.isdigit())


def _name(source: Api, target: Api) -> str:
    """Return the name to write; the digit that says the rank stays open where it is not known."""
    name, digits = target.aliases[0], _digits(target)
    if target.norm == "instance" and digits and digits != _digits(source):
        return name.replace(digits, "<rank>")
    return name


class _Call(CallSides):
    """One call on its way into the words of another API."""

    def _text(self, role: str) -> str | None:
        text = self.given.texts.get(role)
        if text is not None:
            self.done.add(role)
        return text

    def _required(self, role: str) -> _Written:
        parameter = self.target.parameter(self.target.roles[role])
        required = parameter is not None and parameter.required
        return _Written(f"<{role}>" if required else None)

    def argument(self, role: str | None) -> _Written:
        """Return what is written for the parameter of the target in ``role``."""
        if role is None:
            return _Written()
        if role in _ARRAYS:
            return _Written(self._text(role) or self._array(role))
        if role in SWITCHES:
            return self._switch(role)
        by_role: dict[str, Callable[[], _Written]] = {
            "eps": self._eps, "channels": self._channels, "shape": self._shape,
            "groups": self._groups, "axis": self._axis, "learned": self._learned,
            "grouping": self._grouping, "momentum": self._momentum, "size": self._size,
            "alpha": self._alpha, "beta": self._beta, "k": self._k,
        }  # fmt: skip
        return by_role[role]() if role in by_role else _Written()

    def _array(self, role: str) -> str | None:
        """Return what stands for an array that the source call is not given."""
        name = self.target.roles[role]
        parameter = self.target.parameter(name)
        has = {"weight": "scale", "bias": "center"}.get(role)
        wanted = self.source.kind != "functional" and has is not None and self.has(has)
        required = parameter is not None and parameter.required
        return f"<{name}>" if required or wanted not in (False, None) else None

    def _eps(self) -> _Written:
        source, target = self.source, self.target
        name = target.roles["eps"]
        parameter = target.parameter(name)
        assert parameter is not None
        default = target.eps_none if parameter.default is None else parameter.default
        text, notes = self._text("eps"), []
        value = self.of("eps") if "eps" in source.roles else source.eps_fixed
        if value is None and source.eps_none is not None:
            value = source.eps_none
            notes = [f"an eps of None stands for {shown(value)} there"]
            text = None
        if isinstance(value, bool):
            value, text = float(value), None
        if not isinstance(value, (int, float)):
            if text is None:
                notes.append(f"the eps of {source.short_name} is not known")
                return _Written(f"<{name}>" if parameter.required else None, tuple(notes))
            if source.eps_none is not None:
                notes.append(f"where {text} is None, write {shown(source.eps_none)}")
            return _Written(text, tuple(notes))
        if target.eps_at_most is not None and value > target.eps_at_most:
            notes.append(f"{self.title} refuses an eps above {shown(target.eps_at_most)} here")
        if not parameter.required and same(value, default):
            return _Written(None, tuple(notes))
        return _Written(text or shown(value), tuple(notes))

    def _channels(self) -> _Written:
        text = self._text("channels") or self._one_size()
        parameter = self.target.parameter(self.target.roles["channels"])
        assert parameter is not None
        if text is None and (parameter.required or parameter.name in self.target.needed):
            text = "<channels>"
        return _Written(text)

    def _one_size(self) -> str | None:
        """Return the text of the one size that the source normalises over, if it says it."""
        shape = self.given.texts.get("shape")
        if shape is None or self.what is None or len(self.what.axes) > 1:
            return None
        self.done.add("shape")
        sizes = sizes_in(shape)
        return sizes[0] if sizes is not None and len(sizes) == 1 else shape

    def _shape(self) -> _Written:
        what = self.what
        if what is None or what.kind in (SPATIAL, GROUPS):
            return _Written(self._text("shape") or "<shape>")
        if what.kind in (FROM, EXAMPLE):
            first = what.axes[0] if what.axes else 1
            note = f"shape: the sizes of all axes from {first} on"
            return _Written(self._text("shape") or "<shape>", (note,))
        if len(what.axes) == 1:
            text = self._one_size() or self._text("channels") or "<channels>"
            return _Written(f"({text},)" if self.target.shape_as == "tuple" else text)
        text = self._text("shape") or self._sizes(what.axes)
        return _Written(text)

    def _sizes(self, axes: tuple[int, ...]) -> str:
        return "(" + ", ".join(f"<size{-axis if axis < 0 else axis}>" for axis in axes) + ")"

    def _groups(self) -> _Written:
        if self.source.norm == "instance":
            return _Written(self.given.texts.get("channels", "<channels>"))
        text, number = self._text("groups"), self.of("groups")
        what, parameter = self.what, self.target.parameter(self.target.roles["groups"])
        assert parameter is not None
        if what is not None and what.kind == EXAMPLE:
            text = "1"
        elif type(number) is int and number < 0:  # no number: one group for each channel
            text = self.given.texts.get("channels", "<channels>")
        elif text is None:
            text = str(number) if type(number) is int else "<groups>"
        if not parameter.required and text == str(parameter.default):
            return _Written()
        return _Written(text)

    def _axis(self) -> _Written:
        what, target = self.what, self.target
        if what is None:
            if target.reduces == self.source.reduces and "axis" in self.given.texts:
                return _Written(self._text("axis"))
            return self._required("axis")
        if target.reduces not in ("axes", "axis", "from-axis"):
            return _Written()  # where the channels are
        wanted = self._wanted_axis(what)
        if self._is_refused(wanted):
            note = f"{target.roles['axis']}: the rank of the input and {wanted}, which is refused"
            return _Written("<axis>", (note,))
        if wanted == "<axis>":
            first = what.axes[0] if what.kind == FROM else 1
            note = f"{target.roles['axis']}: all axes from {first} on, as many as the input has"
            return _Written(wanted, (note,))
        parameter = target.parameter(target.roles["axis"])
        assert parameter is not None
        if not parameter.required and wanted == str(parameter.default):
            return _Written()
        return _Written(wanted)

    def _is_refused(self, axis: str | None) -> bool:
        """Tell whether the target takes no axis that is counted so far from the end."""
        least = self.target.least_axis
        return least is not None and axis not in (None, "<axis>") and int(axis or 0) < least

    def _wanted_axis(self, what: Together) -> str | None:
        if self.target.reduces == "from-axis":
            if what.kind == FROM:
                return str(what.axes[0])
            if what.kind == EXAMPLE:
                return "1"
            reaches_end = what.axes == tuple(range(-len(what.axes), 0))
            return str(what.axes[0]) if reaches_end else "-1"
        if what.kind != AXES:
            return "<axis>"
        if len(what.axes) == 1:
            return str(what.axes[0])
        return str(list(what.axes)) if self.target.reduces == "axes" else "-1"

    def _learned(self) -> _Written:
        what, wanted = self.what, -1
        if what is not None and self.target.learned == "reduced":  # both axes are to be the same
            wanted = int(self._wanted_axis(what) or -1)
        elif what is not None and what.learned_from is not None:
            wanted = what.learned_from
            self.done.add("learned")
        elif what is not None and self.source.learned == "reduced":
            wanted = int(self._wanted_axis(what) or -1)
        parameter = self.target.parameter(self.target.roles["learned"])
        assert parameter is not None
        if self._is_refused(str(wanted)):
            return _Written("<axis>")
        return _Written(None if wanted == parameter.default else str(wanted))

    def _grouping(self) -> _Written:
        """Return what makes groups of the channels as the source does."""
        if self.what is None or self.what.kind != GROUPS:
            return _Written()
        self.done.add("grouping")
        wanted = "interleaved" if self.what.interleaved else "contiguous"
        if wanted == self.target.grouping:
            return _Written()
        for row in self.target.grouping_when:
            if row["grouping"] == wanted:
                return _Written(repr(row["value"]))
        return _Written()

    def _momentum(self) -> _Written:
        value = self.given.roles.get("momentum")
        known = {self.source.convention, self.target.convention} <= {"new-weight", "old-weight"}
        if value is None or not known or not (value.is_known or "momentum" in self.given.texts):
            return _Written()
        self._text("momentum")
        text, notes = momentum(self.given, self.target, value)
        return _Written(text, tuple(notes))

    def _size(self) -> _Written:
        """Return the size of the window, or its radius."""
        name, text = self.target.roles["size"], self._text("size")
        if self.response.window is None and text is not None:
            text, rounds = resized(self.source, self.target, text)
            note = f"{name}={text}: for a window of an odd number of channels"
            return _Written(text, (note,) if rounds else ())
        size = self.told["size"]
        if size is None:
            before, after = self.response.window or (0, 0)
            note = f"no {name} says {before} channels before and {after} after each"
            return _Written(f"<{name}>", (note,) if self.response.window else ())
        return self._number("size", int(size), None)

    def _alpha(self) -> _Written:
        """Return what a square counts, times the size of the window where that is divided by."""
        text = self._text("alpha")
        if self.told["alpha"] is not None:
            return self._number("alpha", self.told["alpha"], text)
        if self.source.alpha_divided is self.target.alpha_divided:
            return self._number("alpha", self.of("alpha"), text)
        alpha = operand(text) if text is not None else shown(self.of("alpha"))
        size = self.given.texts.get("size", f"<{self.source.roles['size']}>")
        if self.target.alpha_divided:
            size, _ = resized(self.source, self.target, size)
        return _Written(f"{alpha} {'*' if self.target.alpha_divided else '/'} {size}")

    def _beta(self) -> _Written:
        return self._number("beta", self.response.beta, self._text("beta"))

    def _k(self) -> _Written:
        return self._number("k", self.response.k, self._text("k"))

    def _number(self, role: str, number: object, text: str | None) -> _Written:
        """Return a number, in the words of the source where these say it."""
        parameter = self.target.parameter(self.target.roles[role])
        assert parameter is not None
        if not isinstance(number, (int, float)):
            return _Written(text)
        if not parameter.required and same(number, parameter.default):
            return _Written()
        value = self.given.roles.get(role)
        kept = value is not None and same(value.value, number) and role != "size"
        if kept and value is not None and type(value.value) is not type(parameter.default):
            kept = not isinstance(parameter.default, float)  # some take no 2 for a 2.0
        return _Written(text if text is not None and kept else shown(number))

    def _switch(self, role: str) -> _Written:
        target = self.target
        scale, center = self.has("scale"), self.has("center")
        self.done.update(switch for switch in SWITCHES if switch in self.given.texts)
        if len(target.state["trainable"]) < 2:
            center = scale  # what it has no shift for is said elsewhere
        if role == "affine" and "center" in target.roles:
            wanted: bool | str | None = scale
            if scale is False and center is True:
                return _Written(None, (one_switch(scale, center),))
        elif role == "affine":
            if scale != center:
                return _Written(None, (one_switch(scale, center),))
            wanted = scale
        else:
            wanted = scale if role == "scale" else center
            if role == "center" and "affine" in target.roles and scale is False:
                return _Written()  # switched off by the other
        if target.switched == "together" and scale != center:
            return _Written(None, (one_switch(scale, center),))
        parameter = target.parameter(target.roles[role])
        assert parameter is not None
        if wanted is None:
            return _Written(f"<{parameter.name}>" if parameter.required else None)
        if not parameter.required and target.leaves_on(role, parameter.default) is wanted:
            return _Written()
        return _Written(wanted if isinstance(wanted, str) else repr(wanted))

    def tracking(self) -> _Written:
        """Return the argument with which the target tracks statistics, if the source does."""
        name = self.source.statistics.get("argument", "")
        text = self.given.others.get(name)
        if text is None:
            return _Written()
        here = self.target.statistics.get("argument")
        if here is not None:
            parameter = self.target.parameter(here)
            usual = parameter is not None and text == repr(parameter.default)
            return _Written(None if usual else f"{here}={text}")
        if text == repr(self.source.statistics.get("always_batch")):
            return _Written()
        return _Written(None, (f"{name}={text} has no counterpart in {self.title}",))
