"""The oracle gives what each installed framework gives, within the rounding of float32.

Every API of the tables that is installed in the running interpreter is compared. PyTorch,
TensorFlow and Keras are part of every full run. A framework that needs an environment of its own
is compared there, for instance ``python -m pytest tests/confirm/test_oracle_matrix.py -m
mindspore`` with a Python that has MindSpore, NumPy, pytest and this checkout on its path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import oracle_matrix as matrix
import pytest

from bnlint.confirm.workers import Worker
from bnlint.frameworks.records import UNKNOWN, Api
from bnlint.frameworks.tables import catalogue

#: Layers of TensorFlow 1 build a graph per experiment: of these, every so many are run.
EVERY = {
    "tf.compat.v1.layers.batch_normalization": 7,
    "tf.compat.v1.layers.BatchNormalization": 7,
    "tf_slim.batch_norm": 5,
}

#: What a framework offers on other devices or with another backend only, by its own words.
NOT_HERE = re.compile(
    r"only support in GPU target|kernel BatchNormExt unregistered|kernel `sync_batch_norm` is not"
    r"|only supported with the TensorFlow backend"
)

MARKS = {"keras": "tensorflow"}

APIS = catalogue().load(catalogue().families).apis


def _parameters() -> Iterator[Any]:
    for api in APIS.values():
        worker = api.framework.worker
        if not worker:
            continue
        mark = getattr(pytest.mark, MARKS.get(worker, worker))
        yield pytest.param(api, "", marks=mark, id=api.id)
        if api.id == "keras3.layers.BatchNormalization":
            yield pytest.param(api, "torch", marks=[mark, pytest.mark.torch], id=f"{api.id}-torch")


@pytest.fixture(scope="module")
def workers() -> Iterator[dict[tuple[str, str], Worker]]:
    """Return the workers of this module by name and backend."""
    started: dict[tuple[str, str], Worker] = {}
    yield started
    for worker in started.values():
        worker.stop()


def _worker(workers: dict[tuple[str, str], Worker], name: str, backend: str) -> Worker:
    if (name, backend) not in workers:
        environment = {"KERAS_BACKEND": backend} if backend else {}
        workers[name, backend] = Worker(name, environment=environment)
    return workers[name, backend]


@pytest.mark.parametrize(("api", "backend"), list(_parameters()))
def test_oracle_agrees(api: Api, backend: str, workers: dict[tuple[str, str], Worker]) -> None:
    worker = _worker(workers, api.framework.worker, backend)
    path, reason = matrix.installed(worker, api)
    if not path:
        assert reason.startswith(("ModuleNotFoundError", "ImportError")), reason
        pytest.skip(reason)
    if not worker.device:
        worker.use("cpu")
    every = EVERY.get(api.id, 1)
    cases = list(matrix.cases(api, path))[::every]
    outcomes = [matrix.compare(worker, api, case) for case in cases]
    elsewhere = [o for o in outcomes if NOT_HERE.search(o.fault)]
    known = {o.fault for o in elsewhere}
    faults = [f"{o.case.name}: {o.fault}" for o in outcomes if o.fault and o.fault not in known]
    assert not faults, "\n".join(faults[:10])
    for unknown in {o.unknown for o in outcomes if o.unknown}:
        assert _is_unknown(api, unknown), unknown
    tolerance = (
        matrix.ONE_PASS
        if "one-pass" in (api.variance_formula, _backend(backend))
        else matrix.TOLERANCE
    )
    wrong = [
        f"{o.case.name}: {quantity} {error:.2g}"
        for o in outcomes
        for quantity, error in o.errors.items()
        if error > tolerance[quantity]
    ]
    assert not wrong, "\n".join(wrong[:10])
    offered = [o for o in outcomes if o.case.offered]
    assert elsewhere or len([o for o in offered if o.errors]) > len(offered) / 2


def _backend(backend: str) -> str:
    return "one-pass" if backend == "torch" else ""


def _is_unknown(api: Api, message: str) -> bool:
    """Tell whether the table leaves the field that ``message`` names unknown."""
    name, field, _ = message.split(": ", 2)
    fields = [getattr(api, field), getattr(api, f"{field}_when", "")]
    return name == api.id and any(f"'{UNKNOWN}'" in repr(value) for value in fields)


@pytest.mark.torch
@pytest.mark.parametrize(
    "wrong",
    [
        {"convention": "old-weight"},
        {"estimator": "biased"},
        {"normalises_with": "unbiased"},
        {"default_mode": "inference"},
        {"channel_axis": -1},
        {"momentum_none": "rejected"},
        {"statistics": {}},
        {"running_update": "first-then-ema"},
        {"training_statistics": "running"},
        {"single_value": "zero-variance"},
        {"initial_statistics": {"variance": 0.0}},
        {"ranks": (2, 3)},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_wrong_table_is_told(
    wrong: dict[str, Any], workers: dict[tuple[str, str], Worker]
) -> None:
    """Each field of an entry shows in the matrix."""
    api = APIS["torch.nn.BatchNorm2d"]
    worker = _worker(workers, "torch", "")
    path, _ = matrix.installed(worker, api)
    assert path
    outcomes = [
        matrix.compare(worker, api._replace(**wrong), case) for case in matrix.cases(api, path)
    ]
    assert any(
        o.fault or o.unknown or any(e > matrix.TOLERANCE[q] for q, e in o.errors.items())
        for o in outcomes
    )
