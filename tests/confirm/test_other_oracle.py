"""The oracle gives what installed layers give that normalise otherwise than by batches.

Every entry that is installed in the running interpreter is compared, under every rank that it takes
and by turns every setting of its arguments. A framework that needs an environment of its own is
compared there, as in ``test_oracle_matrix.py``.
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
from bnlint.frameworks.tables import catalogue
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
