"""Experiments that compare the oracle with an installed framework, made from its table entry.

Each API gets a hundred or more: every rank and layout that the entry offers and the ranks that it
does not, from one to 1024 values per channel, both modes, one step and several, and by turns every
setting of the other arguments.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bnlint.confirm import oracle
from bnlint.confirm.meaning import required
from bnlint.confirm.workers import Experiment, RequestError, Step, Worker
from bnlint.frameworks.records import Api

Array = NDArray[np.floating[Any]]

#: Values per channel: the batch and the other axes, from rank 2 to rank 5.
SIZES: dict[int, tuple[tuple[int, ...], ...]] = {
    1: ((1,), (1, 1), (1, 1, 1), (1, 1, 1, 1)),
    2: ((2,), (2, 1), (1, 2, 1), (2, 1, 1, 1)),
    4: ((4,), (2, 2), (1, 2, 2), (2, 1, 2, 1)),
    16: ((16,), (4, 4), (4, 2, 2), (2, 2, 2, 2)),
    45: ((45,), (9, 5), (5, 3, 3), (5, 3, 1, 3)),
    1024: ((1024,), (32, 32), (16, 8, 8), (16, 4, 4, 4)),
}

CHANNELS = (3, 5, 1, 8)

#: What the steps of an experiment do: train, infer, or say nothing of the mode.
TRAIN, INFER, BARE = "training", "inference", ""
ONE = ((TRAIN,), (INFER,), (BARE,))
SEVERAL = ((TRAIN, TRAIN, INFER, TRAIN), (BARE, TRAIN, TRAIN, INFER))

#: Largest differences, relative to the largest value or 1: see :func:`distance`.
TOLERANCE = {"output": 1e-5, "mean": 5e-6, "variance": 5e-6, "counter": 0.0}

#: E[x^2] - E[x]^2 loses the digits of the mean.
ONE_PASS = {**TOLERANCE, "output": 5e-5, "variance": 2e-5}

_UNSET = object()
EPS = (_UNSET, 1e-3, 0.25, 1e-5, 1e-7)
#: With one value per channel the variance is 0, and what is left is the rounding over sqrt(eps).
EPS_OF_ONE = (1e-3, 0.25)
MOMENTUM = (_UNSET, 0.3, 0.0, 1.0, 0.99, 0.01)

#: A value for each argument that a table may call inert.
SAMPLES: dict[str, Any] = {
    "name": "layer", "dtype": "float32", "autocast": False, "synchronized": True,
    "renorm_momentum": 0.5, "beta_regularizer": "l2", "gamma_regularizer": "l2",
    "beta_constraint": "non_neg", "gamma_constraint": "non_neg", "input_shape": [4, 3],
    "device": "cpu", "scope": "layer", "activity_regularizer": "l2", "input_dim": 3,
    "renorm_clipping": {"rmax": 3.0},
}  # fmt: skip


#: Arguments that name a layer: some frameworks want names that no layer of the process had.
NAMES = ("name", "scope")

_NAMES = itertools.count()

#: Passes over sizes and steps that an API with few layouts gets: this many over their number.
ROUNDS = 8


class Case(NamedTuple):
    """One experiment, and words that tell it from the others.

    ``offered`` is false for an input of a rank that the table entry does not have.
    """

    name: str
    experiment: Experiment
    offered: bool = True


class Outcome(NamedTuple):
    """What came of a case: ``fault`` says how the two differ; ``unknown`` what the table lacks.

    ``errors`` are the largest differences by quantity, relative to the largest value there.
    """

    case: Case
    fault: str
    unknown: str
    errors: dict[str, float]


def installed(worker: Worker, api: Api) -> tuple[str, str]:
    """Return the path under which ``api`` is installed, or an empty one and the reason."""
    candidates = [dict(row) for row in api.installed] or [{"path": path} for path in api.aliases]
    answer = worker.ask({"op": "find", "candidates": candidates})
    return answer["path"] or "", answer.get("reason", "")


def compare(worker: Worker, api: Api, case: Case) -> Outcome:
    """Run ``case`` on the framework and on the oracle."""
    theirs, ours, refusal, unknown = None, None, "", ""
    try:
        theirs = worker.run(case.experiment)
    except RequestError as error:
        refusal = str(error)
    rejected = ""
    try:
        ours = oracle.run(api, case.experiment)
    except oracle.RejectedError as error:
        rejected = str(error)
    except oracle.OracleError as error:
        unknown = str(error)
    if unknown or (refusal and rejected):
        return Outcome(case, "", unknown, {})
    if rejected and not case.offered:
        return Outcome(case, "", "", {})
    if theirs is None or ours is None:
        return Outcome(case, refusal or f"the oracle alone says: {rejected}", "", {})
    errors: dict[str, float] = {}
    for mine, other in zip(ours.outputs, theirs.outputs, strict=True):
        errors["output"] = max(errors.get("output", 0.0), distance(mine, other))
    for mine_by_name, other_by_name in zip(ours.states, theirs.states, strict=True):
        for name in case.experiment.observe:
            apart = distance(mine_by_name[name], other_by_name[name])
            quantity = quantity_of(api, name)
            errors[quantity] = max(errors.get(quantity, 0.0), apart)
    return Outcome(case, "", "", errors)


def distance(mine: Any, other: Any) -> float:
    """Return the largest difference relative to the largest value, or to 1 if that is less.

    NaN equals NaN, and nothing else.
    """
    mine, other = np.asarray(mine, np.float64), np.asarray(other, np.float64)
    if mine.shape != other.shape or not np.array_equal(np.isnan(mine), np.isnan(other)):
        return math.inf
    largest = float(np.nanmax(np.abs(mine), initial=1.0, where=np.isfinite(mine)))
    with np.errstate(invalid="ignore"):  # one infinity less another is none
        return float(np.nanmax(np.abs(mine - other), initial=0.0)) / largest


def quantity_of(api: Api, name: str) -> str:
    """Return what ``name`` is to the API: a mean, a variance, or a counter."""
    statistics = statistics_of(api)
    return dict(zip(statistics, ("mean", "variance"), strict=True)).get(name, "counter")


def statistics_of(api: Api) -> tuple[str, ...]:
    """Return the names under which the running mean and variance are observed, if they are."""
    if api.kind == "functional":
        if api.convention == "none":
            return ()
        return api.roles["running_mean"], api.roles["running_var"]
    return api.state["statistics"]


def cases(api: Api, path: str) -> Iterator[Case]:
    """Yield the experiments on ``api``, which is installed at ``path``."""
    turn = itertools.count()
    offered = list(layouts(api))
    for _ in range(math.ceil(ROUNDS / len(offered))):
        for rank, layout, axis in offered:
            for shapes in SIZES.values():
                for patterns in (ONE, SEVERAL):
                    number = next(turn)
                    pattern = _told(api, patterns[number // 2 % len(patterns)], number)
                    yield _case(api, path, number, rank, layout, axis, shapes, pattern, {})
    for row in api.training_statistics_when:
        extra = {row["argument"]: row["value"]}
        for (rank, layout, axis), shapes in itertools.product(offered, SIZES.values()):
            if not layout:
                number = next(turn)
                pattern = _told(api, SEVERAL[number % len(SEVERAL)], number)
                yield _case(api, path, number, rank, layout, axis, shapes, pattern, extra)
    shapes, pattern = SIZES[16], (TRAIN, INFER)
    for rank, layout, axis in offered:
        for extra in () if layout else extras(api):
            yield _case(api, path, next(turn), rank, layout, axis, shapes, pattern, extra)
    for rank in sorted({2, 3, 4, 5}.difference(_ranks(api))):
        case = _case(api, path, next(turn), rank, {}, _default_axis(api, rank), shapes, pattern, {})
        yield case._replace(offered=False)


def _told(api: Api, pattern: Sequence[str], number: int) -> Sequence[str]:
    """Say the mode, most times, where a call that says nothing of it is refused."""
    if api.default_mode != "required" or number % 5 == 0:
        return pattern
    return [mode or INFER for mode in pattern]


def _ranks(api: Api) -> Sequence[int]:
    return api.ranks if isinstance(api.ranks, tuple) else (2, 3, 4, 5)


def _default_axis(api: Api, rank: int) -> int:
    assert isinstance(api.channel_axis, int)
    return api.channel_axis % rank


def layouts(api: Api) -> Iterator[tuple[int, dict[str, Any], int]]:
    """Yield rank, arguments and channel axis of all that the entry offers."""
    ranks = _ranks(api)
    for rank in ranks:
        yield rank, {}, _default_axis(api, rank)
    if "axis" in api.roles:
        for rank in ranks:
            for axis in (1, -2, -1):
                if -rank <= axis < rank:
                    yield rank, {api.roles["axis"]: axis}, axis % rank
    for value, place in api.data_formats.items():
        assert isinstance(place, int)
        for rank in {len(value)} if value.isalpha() and value.isupper() else set(ranks):
            yield rank, {api.roles["data_format"]: value}, place % rank


def extras(api: Api) -> Iterator[dict[str, Any]]:
    """Yield arguments that change what is computed, or that a table says change nothing."""
    for name in sorted(api.inert & SAMPLES.keys()):
        yield {name: f"layer{next(_NAMES)}" if name in NAMES else SAMPLES[name]}
    for row in (*api.estimator_when, *api.training_statistics_when):
        if "value" in row:
            yield {row["argument"]: row["value"]}
    for key in ("always_batch", "always_running"):
        if key in api.statistics:
            yield {api.statistics["argument"]: api.statistics[key]}
    if api.momentum_none in ("cumulative", "rejected"):
        yield {api.roles["momentum"]: None}
    switches = [api.roles[role] for role in ("scale", "center") if role in api.roles]
    for values in itertools.product((True, False), repeat=len(switches)):
        if switches:
            yield dict(zip(switches, values, strict=True))
    if "affine" in api.roles:
        yield {api.roles["affine"]: False}
        yield {api.roles["affine"]: True}


def _case(
    api: Api,
    path: str,
    turn: int,
    rank: int,
    layout: dict[str, Any],
    axis: int,
    shapes: Sequence[tuple[int, ...]],
    pattern: Sequence[str],
    extra: dict[str, Any],
) -> Case:
    drawn = np.random.default_rng(turn)
    channels = CHANNELS[turn % len(CHANNELS)]
    others = shapes[rank - 2]
    shape = (*others[:axis], channels, *others[axis:])
    arguments: dict[str, Any] = {}
    eps: Sequence[object] = EPS_OF_ONE if math.prod(others) == 1 else EPS
    if api.eps_at_most is not None and turn % 7:  # one in seven shows that more is refused
        most = api.eps_at_most
        eps = [value for value in eps if not isinstance(value, float) or value <= most]
    values = {
        "eps": eps[turn % len(eps)],
        "momentum": MOMENTUM[turn % len(MOMENTUM)],
        "channels": channels,
    }
    for role, value in values.items():
        name = api.roles.get(role, "")
        parameter = api.parameter(name)
        if value is _UNSET and parameter is not None and parameter.required:
            value = 0.1
        if name and value is not _UNSET:
            arguments[name] = value
    arguments = {**required(api), **arguments, **api.plain, **layout, **extra}
    plant = planted(api, channels, arguments, drawn, everything=turn % 3 > 0)
    observe = observed(api, arguments, plant)
    steps = tuple(_step(api, mode, batch(shape, axis, drawn)) for mode in pattern)
    given = api.roles.get("input", "") if api.kind == "functional" else ""
    name = f"{dict(arguments)} {shape} {'/'.join(pattern) or 'bare'} plant={sorted(plant)}"
    return Case(name, Experiment(path, api.kind, arguments, steps, plant, observe, given))


def batch(shape: tuple[int, ...], axis: int, drawn: Any) -> Array:
    """Return an input whose channels each have a mean near 3 and a variance between 1 and 9.

    Then no result is the small difference of large numbers, and float32 must show all its digits.
    """
    others = tuple(i for i in range(len(shape)) if i != axis)
    x = drawn.normal(0.0, 1.0, shape)
    x -= x.mean(others, keepdims=True)
    spread = x.std(others, keepdims=True)
    x /= np.where(spread == 0, 1.0, spread)
    wide = [1] * len(shape)
    wide[axis] = shape[axis]
    x = x * drawn.uniform(1.0, 3.0, wide) + drawn.normal(3.0, 1.0, wide)
    return np.asarray(x, np.float32)


def _step(api: Api, mode: str, x: Array) -> Step:
    if not mode or api.mode_switch == "none":
        return Step(x)
    if api.mode_switch in ("object", "global"):
        return Step(x, mode)
    for role in (TRAIN, INFER):
        if role in api.roles:
            return Step(x, "", {api.roles[role]: mode == role})
    raise AssertionError(f"{api.id}: no argument switches the mode")


def planted(
    api: Api, channels: int, arguments: dict[str, Any], drawn: Any, *, everything: bool
) -> dict[str, Array]:
    """Return random arrays for the state of a layer, or for the arguments of a function."""
    size = channels
    values = {
        "weight": drawn.normal(1.0, 0.5, size), "bias": drawn.normal(0.0, 1.0, size),
        "running_mean": drawn.normal(0.0, 2.0, size), "running_var": drawn.uniform(0.3, 5.0, size),
    }  # fmt: skip
    plant: dict[str, Array] = {}
    for role, name in _state_names(api, arguments).items():
        parameter = api.parameter(name)
        needed = role.startswith("running") and api.kind == "functional"
        if everything or needed or (parameter is not None and parameter.required):
            plant[name] = values[role].astype(np.float32)
    return plant


def _state_names(api: Api, arguments: dict[str, Any]) -> dict[str, str]:
    roles = ("weight", "bias", "running_mean", "running_var")
    if api.kind == "functional":
        return {role: api.roles[role] for role in roles if role in api.roles}
    names = [*(api.state.get("affine") or api.state["trainable"]), *api.state["statistics"]]
    found = dict(zip(roles, names, strict=True))
    for switch, off in (("affine", roles[:2]), ("scale", roles[:1]), ("center", roles[1:2])):
        name = api.roles.get(switch, "")
        parameter = api.parameter(name)
        default = parameter.default if parameter is not None else True
        if name and arguments.get(name, default) is False:
            for role in off if api.affine_off == "absent" else ():
                del found[role]
    if not keeps_statistics(api, arguments):
        del found["running_mean"], found["running_var"]
    return found


def keeps_statistics(api: Api, arguments: dict[str, Any]) -> bool:
    """Tell whether the layer has running statistics under these arguments."""
    statistics = api.statistics
    if not statistics.get("drops_statistics"):
        return True
    return bool(arguments.get(statistics["argument"], _UNSET) is not statistics["always_batch"])


def observed(api: Api, arguments: dict[str, Any], plant: dict[str, Array]) -> tuple[str, ...]:
    """Return the names to report after each step."""
    if not keeps_statistics(api, arguments):
        return ()
    names = statistics_of(api)
    if api.kind == "functional" and not all(name in plant for name in names):
        return ()
    # Others count what they have seen only if they are told to, or once for each statistic.
    return (*names, *{"num_batches_tracked"}.intersection(api.state.get("counter", ())))
