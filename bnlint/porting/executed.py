"""Runs a call and its translation, each in its own framework, and compares what they give.

Where a framework is not installed, its table answers for it. Calls are read, and never evaluated:
what is run is the layer that the tables know, with the literals of the call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from bnlint.confirm.experiments import rank_for
from bnlint.confirm.other_experiments import channels_for, sizes_of
from bnlint.confirm.unsuitable import Unsuitable
from bnlint.confirm.verdicts import GONE, NOT_RUN, Laboratory
from bnlint.frameworks.records import ARRAYS, BATCH, Api
from bnlint.frameworks.tables import Frameworks, catalogue
from bnlint.porting.call_sides import sizes_in
from bnlint.porting.given_call import Given, TranslateError, read
from bnlint.porting.translated import Translation
from bnlint.trial import (
    INFERENCE,
    LARGE_VARIANCES,
    OUTPUT,
    SMALL_VARIANCES,
    STATISTICS,
    TRAINING,
    Layer,
    Literal,
    Trial,
    is_literal,
)

AGREES, DIFFERS, NOT_CHECKED = "agrees", "differs", "not checked"

#: What stands in a translation for what the source does not say, and the digit of a rank.
_OPEN = re.compile(r"<(\w+)>")

#: Roles of sizes, which follow from the input, and of where its channels are.
_SIZES = ("channels", "data_format")
_OF_ARRAYS = ("input", *ARRAYS)


class Checked(NamedTuple):
    """What came of a check.

    ``apart`` is the largest difference of what is compared, relative to the largest value, and
    ``rounding`` what rounding makes of it. ``runners`` say what gave the values of both sides.
    """

    status: str
    apart: float | None = None
    rounding: float | None = None
    runners: tuple[str, ...] = ()
    reason: str = ""


def check(
    text: str, from_family: str | None, translation: Translation, laboratory: Laboratory
) -> Checked:
    """Return what comes of running the call ``text`` and its translation.

    Outputs are compared, and of batch normalisation what training leaves in the running statistics.
    """
    frameworks = catalogue().load(catalogue().described)
    try:
        source = _read(text, from_family, frameworks)
        target = _read(translation.call, translation.family, frameworks)
        trials = _trials(laboratory.apis, source, target)
    except (TranslateError, Unsuitable) as error:
        return Checked(NOT_CHECKED, reason=str(error))
    worst = Checked(AGREES)
    for trial in trials:
        outcome = laboratory.judge(trial, "cpu")
        if outcome.verdict == NOT_RUN or outcome.before is None or outcome.floor is None:
            return Checked(NOT_CHECKED, reason=outcome.reason)
        status = AGREES if outcome.before < GONE * outcome.floor else DIFFERS
        found = Checked(status, outcome.before, outcome.floor, (outcome.reference, outcome.port))
        if worst.apart is None or found.status == DIFFERS:
            worst = found
        if status == DIFFERS:
            break
    return worst


def _read(text: str, family: str | None, frameworks: Frameworks) -> Given:
    ranked = text.replace("<rank>", "2")
    return read(_OPEN.sub(r"\1", ranked), family, frameworks)


def _trials(apis: Mapping[str, Api], source: Given, target: Given) -> list[Trial]:
    if source.api.norm == BATCH:
        port, reference = (_layer(given, INFERENCE) for given in (target, source))
        trials = [Trial(OUTPUT, port, reference, variances=SMALL_VARIANCES, affine=True)]
        if all(api.convention in ("new-weight", "old-weight") for api in (source.api, target.api)):
            port, reference = (layer._replace(mode=TRAINING) for layer in (port, reference))
            trials.append(Trial(STATISTICS, port, reference))
        return trials
    port, reference = (_layer(given, INFERENCE) for given in (target, source))
    # A response adds a small part of the squares to a number, and eps a small number to them.
    variances = SMALL_VARIANCES if "eps" in source.api.roles else LARGE_VARIANCES
    trial = Trial(OUTPUT, port, reference, variances=variances, own_axes=True)
    trial = trial._replace(channels=channels_for(apis, trial))
    if target.texts.get("groups") == "channels":  # left open: one group for each
        port = port.given(**{target.api.roles["groups"]: trial.channels})
    rank = rank_for(source.api, target.api)
    trial = trial._replace(rank=rank)
    trial = trial._replace(
        port=_with_shape(port, target.api, trial),
        reference=_with_shape(reference, source.api, trial),
    )
    learn = source.api.learned == target.api.learned and "groups" not in (
        source.api.learned,
        target.api.learned,
    )
    return [trial._replace(affine=learn)]


def _layer(given: Given, mode: str) -> Layer:
    """Return the layer of a call, with all literals but sizes.

    Raises:
        Unsuitable: what the numbers rest on is no literal.
    """
    api = given.api
    arguments: dict[str, Literal] = {}
    for role, text in given.texts.items():
        value = given.roles[role]
        if role in _OF_ARRAYS or role in _SIZES or (role == "axis" and api.norm == BATCH):
            continue
        if not value.is_known or not is_literal(value.value):
            if role == "shape":  # how many sizes there are is what counts
                sizes = sizes_in(text)
                if sizes is None:
                    raise Unsuitable(f"how many sizes {api.roles[role]}={text} has is not known")
                arguments[api.roles[role]] = (1,) * len(sizes)
            if role in ("shape", "groups"):
                continue
            raise Unsuitable(f"{api.roles[role]}={text} is no number to run")
        arguments[api.name_in_tables(api.roles[role])] = value.value
    groups = api.parameter(api.roles.get("groups", ""))
    if groups is not None and not groups.required and type(groups.default) is int:
        arguments.setdefault(groups.name, groups.default)
    tracking = api.statistics.get("argument")
    for name, text in given.others.items():
        row = next((r for r in api.training_statistics_when if r["argument"] == name), None)
        if name == tracking and text in ("True", "False"):
            arguments[name] = text == "True"
        elif row is not None and text == repr(row["value"]):
            arguments[name] = row["value"]
        elif name not in api.plain and name not in api.inert:
            raise Unsuitable(f"what {name}={text} does is not in the table")
    return Layer(api.in_tables, tuple(sorted(arguments.items())), mode)


def _with_shape(layer: Layer, api: Api, trial: Trial) -> Layer:
    """Return a layer whose shape is that of the input, along as many axes as it has."""
    name = api.roles.get("shape", "")
    shape = dict(layer.arguments).get(name)
    if not isinstance(shape, tuple):
        return layer.without(name)
    if len(shape) == 1:
        return layer.given(**{name: (trial.channels,)})
    if not 0 < len(shape) < trial.rank:
        raise Unsuitable(f"no input of rank {trial.rank} has {len(shape)} axes to normalise over")
    return layer.given(**{name: sizes_of(trial)[-len(shape) :]})
