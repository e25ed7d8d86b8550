"""One constructor call to the equal call in other frameworks, with every argument accounted for."""

from __future__ import annotations

from collections.abc import Sequence

from bnlint.frameworks.declared import with_wrappers
from bnlint.frameworks.records import BATCH, NORM_NAMES, Wrapper
from bnlint.frameworks.tables import UNKNOWN, Api, Frameworks, catalogue
from bnlint.porting.given_call import Given, TranslateError, read
from bnlint.porting.other_calls import translation_of_norm
from bnlint.porting.translated import (
    Translation,
    call_name,
    has_keyword,
    momentum,
    one_switch,
    operand,
    same,
    stem,
)
from bnlint.semantics.syntax.numbers import shown

__all__ = ["TranslateError", "Translation", "translate"]


def translate(
    text: str, from_family: str | None, targets: Sequence[str], wrappers: tuple[Wrapper, ...] = ()
) -> list[Translation]:
    """Translate the call ``text`` from the family ``from_family`` into the families ``targets``.

    ``from_family`` may be ``None`` where the name says which framework it is; no targets means
    all. The call may be one of ``wrappers``, which is translated to what it stands for.

    Raises:
        TranslateError: the text is no call of a known API, its framework is not clear, or a target
            has nothing of that kind.
    """
    frameworks = catalogue().load(catalogue().described)
    if wrappers:
        frameworks = with_wrappers(frameworks, wrappers)
    given = read(text, from_family, frameworks)
    wanted = list(targets) or [f for f in frameworks.frameworks if f != given.api.framework.name]
    if given.api.norm == BATCH:
        return [_translation(given, frameworks, family) for family in wanted]
    found = {family: translation_of_norm(given, frameworks, family) for family in wanted}
    for family in targets:
        if found[family] is None:
            title = frameworks.frameworks[family].title
            raise TranslateError(f"{title} has no {NORM_NAMES[given.api.norm]} in its table")
    return [translation for translation in found.values() if translation is not None]


def _translation(given: Given, frameworks: Frameworks, family: str) -> Translation:
    target, notes = _target(given.api, frameworks, family)
    arguments: list[str] = []
    done: set[str] = set()
    for parameter in target.signature:
        if parameter.kind == "extra":
            continue
        role = next((r for r, name in target.roles.items() if name == parameter.name), None)
        if role is None:
            if parameter.required:
                named = parameter.kind == "keyword" or has_keyword(arguments)
                arguments.append(f"{parameter.name}=" * named + f"<{parameter.name}>")
            continue
        text, said = _argument(given, target, role)
        done.add(role)
        notes += said
        if text is None:
            continue
        if parameter.required and parameter.kind == "positional" and not has_keyword(arguments):
            arguments.append(text)
        else:
            arguments.append(f"{parameter.name}={text}")
    flags: list[str] = []
    for flag, said in (_statistics(given, target), _training_statistics(given, target)):
        flags += flag
        notes += said
    arguments += flags
    notes += _of_updates(given, target, flags)
    notes += _left_over(given, target, done)
    notes += _meanings(given, target, done)
    notes += _beyond_the_usual(given.api, frameworks)
    name = call_name(given.api, target)
    return Translation(
        family, target.framework.title, target.id, f"{name}({', '.join(arguments)})", tuple(notes)
    )


def _target(api: Api, frameworks: Frameworks, family: str) -> tuple[Api, list[str]]:
    """Return the API of ``family`` that takes the same tensors, and what is to be said of it."""
    reference = frameworks.reference(family)
    candidates = [a for a in frameworks.apis.values() if a.framework.name == family]
    same_kind = [a for a in candidates if (a.kind == "functional") == (api.kind == "functional")]
    notes: list[str] = []
    if not same_kind:
        lacking, written = ("functional form", "layer")
        if api.kind != "functional":
            lacking, written = ("layer", "function")
        notes.append(f"{reference.framework.title} has no {lacking} here: a {written} is written")
        return reference, notes
    if reference in same_kind:
        same_kind.remove(reference)
        same_kind.insert(0, reference)
    twins = [a for a in same_kind if stem(a) == stem(reference)]
    exact = [a for a in twins if a.ranks == api.ranks]
    return (exact or same_kind)[0], notes


def _argument(given: Given, target: Api, role: str) -> tuple[str | None, list[str]]:
    """Return the text for one role of the target (``None``: leave it out), and notes."""
    parameter = target.parameter(target.roles[role])
    if parameter is None:
        return None, []
    if role in ("input", "running_mean", "running_var", "weight", "bias"):
        if role in given.texts:
            return given.texts[role], []
        return (f"<{parameter.name}>" if parameter.required else None), []
    if role in ("affine", "scale", "center"):
        return _affine(given, target, role)
    if role in ("axis", "data_format"):
        return None, []
    if role in _OPPOSITE and _OPPOSITE[role] in given.api.roles:
        return _turned_round(given, target, role), []
    value = given.roles.get(role)
    is_left_open = value is not None and value.from_default and value.value is None
    if value is None or is_left_open or (not value.is_known and role not in given.texts):
        return (f"<{role}>" if parameter.required else None), []
    if role == "momentum":
        return momentum(given, target, value)
    if not value.is_known:
        return given.texts[role], []
    default = None if parameter.required else parameter.default
    if not parameter.required and same(value.value, default):
        return None, []
    text = given.texts.get(role) if not value.from_default else None
    return text or shown(value.value), []


#: Arguments that say the same thing, one true where the other is false.
_OPPOSITE = {"training": "inference", "inference": "training"}

#: Arguments that say whether there is a gamma and a beta.
_SWITCHES = frozenset({"affine", "scale", "center"})


def _turned_round(given: Given, target: Api, role: str) -> str | None:
    """Return the text of a mode that the source says by an argument of the opposite sense."""
    other = _OPPOSITE[role]
    value = given.roles.get(other)
    parameter = target.parameter(target.roles[role])
    assert parameter is not None
    if value is not None and isinstance(value.value, bool):
        text = repr(not value.value)
        return None if not parameter.required and text == repr(parameter.default) else text
    if other in given.texts:
        return f"not {operand(given.texts[other])}"
    return f"<{role}>" if parameter.required else None


def _switch(given: Given, role: str) -> bool | str | None:
    """Return whether the source layer has a gamma (``scale``) or beta (``center``).

    A text is what it depends on, ``None`` means that the source says nothing of it.
    """
    if role not in given.api.roles:
        role = "affine"
    if role not in given.api.roles:  # nothing switches it: it is there if the layer has any
        state = given.api.state
        return True if state.get("affine") or state["trainable"] else None
    value = given.roles.get(role)
    if value is None:
        return given.texts.get(role)
    on = given.api.leaves_on(role, value.value) if value.is_known else None
    return given.texts.get(role) if on is None else on


def _affine(given: Given, target: Api, role: str) -> tuple[str | None, list[str]]:
    scale, center = _switch(given, "scale"), _switch(given, "center")
    if role == "affine":
        if scale != center:
            return None, [one_switch(scale, center)]
        wanted = scale
    else:
        wanted = scale if role == "scale" else center
    parameter = target.parameter(target.roles[role])
    assert parameter is not None
    if wanted is None:
        return (f"<{parameter.name}>" if parameter.required else None), []
    if not parameter.required and target.leaves_on(role, parameter.default) is wanted:
        return None, []
    return wanted if isinstance(wanted, str) else repr(wanted), []


def _left_over(given: Given, target: Api, done: set[str]) -> list[str]:
    """Say of every argument that the target does not show what became of it."""
    notes: list[str] = []
    title = target.framework.title
    for name, text in given.others.items():
        if name != given.api.statistics.get("argument"):
            notes.append(f"{name}={text} has no counterpart in {title}")
    for role, text in given.texts.items():
        if role in done or role in ("axis", "data_format"):
            continue
        if role in _SWITCHES and not target.roles.keys().isdisjoint(_SWITCHES):
            continue
        if _OPPOSITE.get(role) in done:
            continue
        name = given.api.roles[role]
        if role in _SWITCHES and target.kind == "functional":
            notes.append(f"{name}={text}: gamma and beta are given to the call here")
        elif role == "channels":
            notes.append(f"{name}={text}: the layer takes the number of channels from its input")
        elif role in _OPPOSITE and target.kind == "layer":
            notes.append(f"{name}={text}: the mode is switched elsewhere in {title}")
        elif role == "input" and target.kind == "layer":
            notes.append(f"{name}={text}: call the layer with it")
        else:
            notes.append(f"{name}={text} has no counterpart in {title}")
    return notes


def _never_moves(api: Api) -> bool:
    """Tell whether the API uses running statistics in training too, and never changes them."""
    return api.training_statistics == "running" and api.convention == "none"


def _training_statistics(given: Given, target: Api) -> tuple[list[str], list[str]]:
    """Return the argument with which the target trains as the source does, or what differs."""
    source, used = given.api, given.api.training_statistics
    for row in source.training_statistics_when:
        if given.others.get(row["argument"]) == repr(row["value"]):
            used = row.get("training_statistics", used)
    if used == target.training_statistics or "none" in (source.convention, target.convention):
        return [], []
    if UNKNOWN in (used, target.training_statistics):
        return [], []
    for row in target.training_statistics_when:
        if row.get("training_statistics") == used and row.get("running_update") != "none":
            return [f"{row['argument']}={row['value']!r}"], []
    what = {"batch": "the batch", "running": "the running statistics"}
    there, here = what[used], what[target.training_statistics]
    return [], [f"training normalises with {here} here, with {there} there"]


def _of_updates(given: Given, target: Api, flags: list[str]) -> list[str]:
    """Say that running statistics are updated by another rule, which no argument changes."""
    source, rules = given.api, []
    for api, told in (
        (source, [f"{name}={text}" for name, text in given.others.items()]),
        (target, flags),
    ):
        rows = [row for row in api.training_statistics_when if "running_update" in row]
        chosen = [row for row in rows if f"{row['argument']}={row['value']!r}" in told]
        rules.append(chosen[0]["running_update"] if chosen else api.running_update)
    if "none" in (source.convention, target.convention) or rules[0] == rules[1]:
        return []
    updated = f"updated by the rule {rules[1]} here, by {rules[0]} there"
    return [f"the first steps differ whatever the momentum: running statistics are {updated}"]


def _statistics(given: Given, target: Api) -> tuple[list[str], list[str]]:
    """Return the argument that the flag which fixes the statistics becomes, and notes."""
    source = given.api
    name = source.statistics.get("argument", "")
    text = given.others.get(name)
    wanted = ""
    if text is None:
        if _never_moves(source) and not _never_moves(target):
            wanted = "always_running"
    else:
        for which in ("always_batch", "always_running"):
            if which in source.statistics and repr(source.statistics[which]) == text:
                wanted = which
    if wanted and wanted in target.statistics:
        argument, value = target.statistics["argument"], target.statistics[wanted]
        return [f"{argument}={value!r}"], []
    parameter = source.parameter(name)
    if text is None:
        if not wanted:
            return [], []
        return [], ["the statistics never move there: keep this layer in inference mode"]
    if not wanted and parameter is not None and text == repr(parameter.default):
        return [], []  # the layer follows its mode, as it does in the target by default
    return [], [f"{name}={text} has no counterpart in {target.framework.title}"]


def _axis_of(given: Given) -> int | None:
    """Return the channel axis of the source call, where it is known."""
    api = given.api
    for role in ("axis", "data_format"):
        value = given.roles.get(role)
        if value is not None and (value.is_known or role in given.texts):
            axis = value.value if role == "axis" else api.data_formats.get(str(value.value))
            return axis if isinstance(axis, int) else None
    return api.channel_axis if isinstance(api.channel_axis, int) else None


def _meanings(given: Given, target: Api, done: set[str]) -> list[str]:
    """Say what differs though no argument shows it."""
    notes: list[str] = []
    source, axis = given.api, _axis_of(given)
    if axis is None:
        notes += [
            f"{source.roles[role]}={given.texts[role]}: its axis is not known"
            for role in ("axis", "data_format")
            if role in given.texts
        ]
    elif isinstance(target.channel_axis, int) and axis != target.channel_axis:
        same = (
            f" ({target.roles['axis']}={axis} keeps the layout)" if "axis" in target.roles else ""
        )
        notes.append(f"channels are in axis {target.channel_axis} here, in {axis} there{same}")
    for role, array, neutral in (("scale", "weight", "ones"), ("center", "bias", "zeros")):
        value = given.roles.get(role)
        if target.kind == "functional" and value is not None and value.value is False:
            notes.append(
                f"{source.roles[role]}=False there: give {neutral} for {target.roles[array]}"
            )
    told = any(r in given.texts for r in _OPPOSITE) and any(r in done for r in _OPPOSITE)
    if {source.default_mode, target.default_mode} == {"training", "inference"} and not told:
        notes.append(f"a new layer is in {target.default_mode} mode here")
    if isinstance(source.estimator, str) and isinstance(target.estimator, str):
        if {source.estimator, target.estimator} == {"biased", "unbiased"}:
            notes.append(
                f"the running variance is {target.estimator} here: it differs by n / (n - 1)"
            )
    return notes


def _beyond_the_usual(api: Api, frameworks: Frameworks) -> list[str]:
    """Say what the table has to say of an API that is not its framework's usual layer."""
    if stem(api) == stem(frameworks.reference(api.framework.name)):
        return []
    return [f"{api.short_name} there: {note}" for note in api.notes]
