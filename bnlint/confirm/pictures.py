"""The data of a picture of what experiments showed: how statistics move, and where eps counts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from bnlint.confirm.experiments import (
    DEVIATION,
    MAX_CHANNELS,
    MEAN,
    Array,
    state_names,
)
from bnlint.confirm.oracle import OracleError
from bnlint.confirm.pool import NotRun
from bnlint.confirm.unsuitable import Unsuitable
from bnlint.confirm.verdicts import ORACLE, Laboratory
from bnlint.finding import Finding
from bnlint.frameworks.records import BATCH
from bnlint.trial import OUTPUT, SMALL_VARIANCES, STATISTICS, Layer, Trial

#: The running variances over which output differences are drawn, one for each channel.
VARIANCES = tuple(float(v) for v in np.logspace(-6, 1, MAX_CHANNELS))


#: How long running statistics are drawn: with a decay of 0.99 they need so long to arrive. Fewer
#: steps would show those of the last batch alone, which are there at once, as the better ones.
_COURSE = 500

#: Channels of layers whose statistics are drawn, of which one is.
_FEW_CHANNELS = 4


class Line(NamedTuple):
    """One line of a plot: its label, and a value for each step or each variance."""

    label: str
    values: Array


class Panel(NamedTuple):
    """One plot. ``x`` are steps, or running variances; ``about`` names the finding it is of.

    ``truth`` is what the lines estimate, where they estimate something.
    """

    about: str
    x: Array
    lines: tuple[Line, ...]
    truth: float | None = None


class Pictures(NamedTuple):
    """The panels there is data for."""

    mean: Panel | None = None
    variance: Panel | None = None
    output: Panel | None = None


def pictures_of(findings: Iterable[Finding], laboratory: Laboratory) -> Pictures:
    """Return the pictures of the first findings that there is something to see of."""
    pictures = Pictures()
    # What frameworks ran shows more than what tables say.
    ordered = sorted(
        findings, key=lambda f: f.confirmation is None or f.confirmation.port.startswith(ORACLE)
    )
    for finding in ordered:
        trial, found = finding.trial, finding.confirmation
        if trial is None or found is None or found.before is None:
            continue
        about = f"{finding.code}, {finding.path}:{finding.span.row}"
        try:
            if trial.quantity == STATISTICS and pictures.mean is None:
                mean, variance = _course(trial, laboratory, about)
                pictures = pictures._replace(mean=mean, variance=variance)
            elif (
                trial.variances == SMALL_VARIANCES
                and pictures.output is None
                and laboratory.apis[trial.port.api].norm == BATCH  # others have no running variance
            ):
                pictures = pictures._replace(output=_sweep(trial, laboratory, about))
        except (NotRun, Unsuitable, OracleError):
            continue
    return pictures


def _course(trial: Trial, laboratory: Laboratory, about: str) -> tuple[Panel, Panel]:
    """Return the running mean and variance of the first channel over the steps of all sides."""
    trial = trial._replace(channels=min(trial.channels, _FEW_CHANNELS))
    means: list[Line] = []
    variances: list[Line] = []
    for name, layer in _sides(trial):
        result, runner = laboratory.result(trial, layer, _COURSE)
        names = state_names(laboratory.apis[layer.api])
        label = f"{name}: {_described(layer, runner)}"
        for lines, role, start in ((means, "running_mean", 0.0), (variances, "running_var", 1.0)):
            values = [float(np.ravel(state[names[role]])[0]) for state in result.states]
            lines.append(Line(label, np.array([start, *values])))
    steps = np.array(range(_COURSE + 1), np.float64)
    return (
        Panel(about, steps, tuple(means), MEAN),
        Panel(about, steps, tuple(variances), DEVIATION**2),
    )


def _sweep(trial: Trial, laboratory: Laboratory, about: str) -> Panel:
    """Return the relative output difference at each of many running variances."""
    wide = trial._replace(quantity=OUTPUT, variances=VARIANCES, channels=MAX_CHANNELS)
    outputs = {}
    for name, layer in _sides(wide):
        result, runner = laboratory.result(wide, layer)
        axis = laboratory.apis[layer.api].channel_axis
        assert isinstance(axis, int)
        moved = np.moveaxis(np.asarray(result.outputs[-1], np.float64), axis % wide.rank, 0)
        by_channel = np.array([channel.ravel() for channel in moved])
        outputs[name] = (by_channel, _described(layer, runner))
    theirs, reference = outputs.pop("reference")
    scale = np.abs(theirs).max(axis=1)
    lines = tuple(
        Line(
            f"{name}: {described} against {reference}",
            np.maximum(np.abs(mine - theirs).max(axis=1) / scale, 1e-9),
        )
        for name, (mine, described) in outputs.items()
    )
    return Panel(about, np.array(VARIANCES), lines)


def _sides(trial: Trial) -> list[tuple[str, Layer]]:
    reference = trial.reference or trial.fixed
    sides = (("port", trial.port), ("fixed", trial.fixed), ("reference", reference))
    return [(name, layer) for name, layer in sides if layer is not None]


def _described(layer: Layer, runner: str) -> str:
    given = ", ".join(f"{name}={value}" for name, value in layer.arguments)
    mode = f"in {layer.mode}" if layer.mode else "called as it is"
    return f"{runner}, {given or 'defaults'}, {mode}"
