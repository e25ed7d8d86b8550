"""The oracle gives what installed layers give that normalise otherwise than by batches.

Every entry that is installed in the running interpreter is compared, under every rank that it takes
and by turns every setting of its arguments. A framework that needs an environment of its own is
compared there, as in ``test_oracle_matrix.py``. Of every entry, installed or not, some settings are
held to sums over the values that belong together, counted one by one.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from bnlint.confirm import oracle, other_experiments
from bnlint.confirm.other_experiments import EXAMPLES, SIDE
from bnlint.confirm.unsuitable import Unsuitable
from bnlint.confirm.workers import Experiment, RequestError, Step, Worker
from bnlint.frameworks.records import UNKNOWN, Api
from bnlint.frameworks.responses import response
from bnlint.frameworks.tables import catalogue
from bnlint.frameworks.together import (
    AXES,
    EXAMPLE,
    FROM,
    GROUPS,
    SPATIAL,
    WINDOW,
    Together,
    together,
)
from bnlint.trial import OUTPUT, Layer, Literal, Trial

NORMS = catalogue().load(catalogue().families).norms.apis

MARKS = {"keras": "tensorflow"}

#: The largest difference, relative to the largest value: float32 against float64.
TOLERANCE = 2e-5

#: Channels of the input.
CHANNELS = 8

#: Values by role; each takes its turn against each of the others.
GRID: dict[str, tuple[Literal, ...]] = {
    "eps": (1e-3, 1e-6, 0.25),
    "affine": (False, True),
    "scale": (False, True),
    "center": (False, True),
    "groups": (1, 2, 4),
    "axis": (-1, 1, (1, 2), (-2, -1)),
    "shape": (1, 2, 3),  # how many axes
    "grouping": (True, False),
    "size": (1, 3, 4, 5),
    "alpha": (0.5,),
    "beta": (0.6,),
    "k": (1.7,),
}

#: What a kernel of a framework does not offer on a CPU, by its own words.
NOT_HERE = re.compile(
    r"RmsNorm unregistered|LayerNormExt|only support in GPU|not registered|Unsupported op"
    r"|No implementation was found"
)


#: What is called with its arrays, and built before.
CALLED_OTHERWISE = ("mindspore.ops.LayerNorm", "paddle.incubate.nn.functional.fused_rms_norm")


def _parameters() -> Iterator[Any]:
    for api in NORMS.values():
        worker = api.framework.worker
        if worker and api.id not in CALLED_OTHERWISE and api.reduces != UNKNOWN:
            yield pytest.param(
                api, marks=getattr(pytest.mark, MARKS.get(worker, worker)), id=api.id
            )


@pytest.fixture(scope="module")
def workers() -> Iterator[dict[str, Worker]]:
    """Return the workers of this module by name."""
    started: dict[str, Worker] = {}
    yield started
    for worker in started.values():
        worker.stop()


def installed(workers: dict[str, Worker], api: Api) -> tuple[Worker, str]:
    """Return the worker of ``api`` and its path there; skip where it is not installed."""
    name = api.framework.worker
    worker = workers.setdefault(name, Worker(name))
    candidates = [{"path": path} for path in api.aliases]
    answer = worker.ask({"op": "find", "candidates": candidates})
    if not answer["path"]:
        assert answer["reason"].startswith(("ModuleNotFoundError", "ImportError", "AttributeError"))
        pytest.skip(answer["reason"])
    return worker, answer["path"]


def settings(api: Api) -> Iterator[dict[str, Literal]]:
    """Yield arguments: the defaults, each value of each role alone, and all pairs of these."""
    yield {}
    single = [
        (api.roles[role], value)
        for role, values in GRID.items()
        if role in api.roles and api.parameter(api.roles[role]) is not None
        for value in values
        if not (role == "shape" and api.reduces != "trailing")  # something else says it
        and not (role == "axis" and isinstance(value, tuple) and api.reduces != "axes")
        and not (value is True and api.roles[role].endswith("_attr"))
    ]
    for name, value in single:
        yield {name: value}
    for (name, value), (other, second) in itertools.combinations(single, 2):
        if name != other:
            yield {name: value, other: second}


def cases(api: Api, path: str) -> Iterator[Experiment]:
    """Yield the experiments on ``api`` that its table entry offers."""
    ranks = api.ranks if isinstance(api.ranks, tuple) else (3, 4)
    for number, (given, rank) in enumerate(itertools.product(settings(api), ranks)):
        sizes = (EXAMPLES, CHANNELS, *(SIDE,) * (rank - 2))
        shape = api.roles.get("shape", "")
        count = given.get(shape, 0)
        if api.reduces == "groups" and rank == 2:
            continue  # of two values in a group, most is rounding
        if isinstance(count, int) and count >= rank:
            continue
        if isinstance(count, int) and count:
            given = {**given, shape: sizes[-count:] if count > 1 else (CHANNELS,)}
        layer = Layer(api.id, tuple(sorted(given.items())))
        trial = Trial(OUTPUT, layer, affine=number % 3 != 0, channels=CHANNELS, rank=rank,
                      variances=(1.0, 0.01))  # fmt: skip
        try:
            yield other_experiments.experiment(api, path, layer, trial)
        except (Unsuitable, oracle.OracleError):
            continue  # such axes are not for inputs of this rank


def distance(mine: Any, theirs: Any) -> float:
    """Return the largest difference, relative to the largest value."""
    mine, theirs = np.asarray(mine, np.float64), np.asarray(theirs, np.float64)
    if mine.shape != theirs.shape or not np.isfinite(theirs).all():
        return math.inf
    return float(np.abs(mine - theirs).max()) / max(1.0, float(np.abs(mine).max()))


def is_rejected(api: Api, case: Experiment) -> bool:
    """Tell whether the table says that a call is refused."""
    try:
        oracle.run(api, case)
    except oracle.RejectedError:
        return True
    return False


@pytest.mark.parametrize("api", list(_parameters()))
def test_oracle_agrees(api: Api, workers: dict[str, Worker]) -> None:
    worker, path = installed(workers, api)
    compared, refused, faults = 0, 0, []
    for case in cases(api, path):
        try:
            theirs = worker.run(case)
        except RequestError as error:
            if NOT_HERE.search(str(error)):
                pytest.skip(str(error))
            refused += not is_rejected(api, case)
            continue
        try:
            ours = oracle.run(api, case)
        except oracle.OracleError as error:
            faults.append(f"{dict(case.arguments)} rank {case.steps[0].input.ndim}: {error}")
            continue
        compared += 1
        apart = distance(ours.outputs[0], theirs.outputs[0])
        if apart > TOLERANCE:
            faults.append(f"{dict(case.arguments)} rank {case.steps[0].input.ndim}: {apart:.2g}")
    assert not faults, "\n".join(faults[:12])
    assert compared > 2 * refused, f"{compared} compared, {refused} refused"


def sets_of(what: Together, shape: tuple[int, ...]) -> Any:
    """Return for each value of an input the number of the set that it is normalised with."""
    at = np.indices(shape)
    rank = len(shape)
    channel = (what.channel_axis or 0) % rank
    if what.kind == GROUPS:
        size = shape[channel]
        groups = size if what.groups == -1 else what.groups or 0
        group = at[channel] % groups if what.interleaved else at[channel] // (size // groups)
        return at[0] * groups + group
    if what.kind == SPATIAL:
        return at[0] * shape[channel] + at[channel]
    if what.kind == EXAMPLE:
        return at[0]
    together_ = {axis % rank for axis in what.axes}
    if what.kind == FROM:
        together_ = set(range(what.axes[0], rank))
    apart = [axis for axis in range(rank) if axis not in together_]
    if not apart:
        return np.zeros(shape, int)
    return np.ravel_multi_index([at[a] for a in apart], [shape[a] for a in apart])


def learned_of(api: Api, what: Together, array: Any, shape: tuple[int, ...]) -> Any:
    """Return for each value of an input the learned value that it meets."""
    at, rank = np.indices(shape), len(shape)
    axes = [-1 if what.channel_axis is None else what.channel_axis]
    if api.learned == "groups":
        return array.ravel()[at[axes[0] % rank] // (shape[axes[0]] // (what.groups or 1))]
    if what.learned_from is not None:
        axes = list(range(what.learned_from % rank, rank))
    elif api.learned == "reduced":
        axes = list(what.axes) if what.kind == AXES else list(range(what.axes[0], rank))
    axes = [axis % rank for axis in axes]
    number = np.ravel_multi_index([at[a] for a in axes], [shape[a] for a in axes])
    return np.asarray(array, np.float64).ravel()[number]


def counted(api: Api, case: Experiment) -> Any:
    """Return what a call gives, from sums over the values that belong together."""

    def of(role: str) -> Any:
        name = api.roles.get(role)
        if name is None or name in case.arguments:
            return case.arguments.get(name or "")
        return next((p.default for p in api.signature if p.name == name), None)

    x = np.asarray(case.steps[0].input, np.float64)
    what = together(api, of)
    assert what is not None
    if what.kind == WINDOW:
        window, weight, beta, k = response(api, of)
        assert window is not None
        channel = (what.channel_axis or 0) % x.ndim
        last = np.moveaxis(x, channel, -1)
        y = np.empty_like(last)
        for at in np.ndindex(last.shape):
            near = range(at[-1] - window[0], at[-1] + window[1] + 1)
            values = [last[(*at[:-1], c)] for c in near if 0 <= c < last.shape[-1]]
            y[at] = last[at] / (k + weight * sum(v * v for v in values)) ** beta
        return np.moveaxis(y, -1, channel)
    sets = sets_of(what, x.shape)
    number = np.bincount(sets.ravel())
    mean = np.bincount(sets.ravel(), x.ravel()) / number
    centred = x - mean[sets] if api.norm != "rms" else x
    power = (np.bincount(sets.ravel(), (centred * centred).ravel()) / number)[sets]
    eps = of("eps") if "eps" in api.roles else api.eps_fixed
    if eps is None:
        eps = api.eps_none
    y = centred / (np.sqrt(power) + eps if api.place == "outside" else np.sqrt(power + eps))
    names = api.state["trainable"]
    if api.kind == "functional":
        names = (api.roles.get("weight", ""), api.roles.get("bias", ""))
    for role, name in zip(("weight", "bias"), names, strict=False):
        if name in case.plant:
            wide = learned_of(api, what, case.plant[name], x.shape)
            y = y * (wide + api.weight_offset) if role == "weight" else y + wide
    return y


@pytest.mark.parametrize(
    "api", [api for api in NORMS.values() if api.reduces != UNKNOWN], ids=lambda api: api.id
)
def test_each_value_is_that_of_the_formula(api: Api) -> None:
    """Every seventh of the settings, each of them with small inputs."""
    every = list(cases(api, ""))
    small = [case for case in every if case.steps[0].input.ndim < 5] or every
    compared = 0
    for case in small[::7] if len(small) > 20 else small:
        try:
            (ours,) = oracle.run(api, case).outputs
        except oracle.RejectedError:
            continue
        except oracle.OracleError as error:
            assert str(error) == f"{api.id}: eps_fixed: no argument sets eps"
            continue
        assert distance(counted(api, case), ours) < 1e-12, dict(case.arguments)
        compared += 1
    assert compared or not ("eps" in api.roles or api.eps_fixed)


@pytest.mark.torch
@pytest.mark.parametrize("rank", [3, 4, 5])
@pytest.mark.parametrize("momentum", [0.1, 0.9, None])
@pytest.mark.parametrize("affine", [True, False])
def test_statistics_of_instances(
    rank: int, momentum: float | None, affine: bool, workers: dict[str, Worker]
) -> None:
    """Training moves them by the mean of those of the examples, and inference uses them."""
    api = NORMS[f"torch.nn.InstanceNorm{rank - 2}d"]
    worker, path = installed(workers, api)
    drawn = np.random.default_rng(5)
    sizes = (3, 4, *(5,) * (rank - 2))
    inputs = [drawn.normal(2.0, 3.0, sizes).astype(np.float32) for _ in range(4)]
    names = api.state["statistics"]
    plant = dict(
        zip(names, (np.full(4, 0.5, np.float32), np.full(4, 2.0, np.float32)), strict=True)
    )
    if affine:
        plant["weight"] = drawn.normal(1.0, 0.5, 4).astype(np.float32)
    arguments = {"num_features": 4, "momentum": momentum, "affine": affine,
                 "track_running_stats": True}  # fmt: skip
    modes = ("training", "", "inference", "training")
    steps = tuple(Step(x, mode) for x, mode in zip(inputs, modes, strict=True))
    case = Experiment(path, "layer", arguments, steps, plant, names, "")
    ours, theirs = oracle.run(api, case), worker.run(case)
    for mine, other in zip(ours.outputs, theirs.outputs, strict=True):
        assert distance(mine, other) < TOLERANCE
    for state, other_state in zip(ours.states, theirs.states, strict=True):
        for name in names:
            assert distance(state[name], other_state[name]) < TOLERANCE
