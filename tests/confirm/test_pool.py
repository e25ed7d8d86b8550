"""What the pool makes of the answers of its workers, and of none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from bnlint.confirm import pool as pools
from bnlint.confirm.pool import Installed, NotRun, Pool
from bnlint.confirm.workers import Experiment, RequestError, Result, WorkerError
from bnlint.frameworks.tables import catalogue

APIS = catalogue().load(catalogue().described).apis
API = APIS["torch.nn.BatchNorm2d"]
OTHER = APIS["torch.nn.BatchNorm1d"]
KERAS = APIS["keras3.layers.BatchNormalization"]
TIMM = APIS["timm.layers.BatchNormAct2d"]
LONELY = APIS["oneflow.nn.BatchNorm2d"]

EXPERIMENT = Experiment("", "layer", {}, (), {}, ())


class Scripted:
    """A worker that says what the test has it say, or raises that."""

    made: list[Scripted]
    says: Callable[[Mapping[str, Any]], Any]

    def __init__(self, name: str, interpreter: str | None, environment: Mapping[str, str]) -> None:
        self.name, self.interpreter, self.environment = name, interpreter, environment
        self.device = ""
        self.asked: list[Mapping[str, Any]] = []
        self.limits: list[float] = []
        self.time_limit = 0.0
        self.is_stopped = False
        self.made.append(self)

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append(request)
        self.limits.append(self.time_limit)
        said = type(self).says(request)
        if isinstance(said, Exception):
            raise said
        answer: dict[str, Any] = said
        return answer

    def run(self, experiment: Experiment) -> Result:
        self.ask({"op": "run", "path": experiment.path})
        return Result([], [])

    def use(self, device: str) -> str:
        driver = str(self.ask({"op": "use", "device": device})["driver"])
        self.device = device
        return driver

    def stop(self) -> None:
        self.is_stopped = True


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Callable[..., type[Scripted]]:
    """Return what sets what workers say: an answer, or a function of the request."""

    def say(said: Any) -> type[Scripted]:
        class Own(Scripted):
            made: list[Scripted] = []  # noqa: RUF012
            says = staticmethod(said if callable(said) else lambda _: said)

        monkeypatch.setattr(pools, "Worker", Own)
        return Own

    return say


def test_an_api_is_found_once_where_it_is_installed(script: Any) -> None:
    own = script({"path": "torch.nn.BatchNorm2d", "version": "2.1"})
    with Pool({}) as pool:
        assert pool.find(API) == Installed("torch.nn.BatchNorm2d", "torch 2.1")
        assert pool.find(API) == Installed("torch.nn.BatchNorm2d", "torch 2.1")
        (worker,) = own.made
        aliases = [{"path": alias} for alias in API.aliases]
        assert worker.asked == [{"op": "find", "candidates": aliases}]
        assert not worker.is_stopped
    assert worker.is_stopped


def test_releases_that_an_entry_names_are_asked_for(script: Any) -> None:
    own = script({"path": "keras.layers.BatchNormalization"})
    with Pool({}) as pool:
        assert pool.find(KERAS) == Installed("keras.layers.BatchNormalization", "keras")
    assert own.made[0].asked[0]["candidates"] == [dict(row) for row in KERAS.installed]


def test_a_framework_without_a_worker_is_not_asked_for(script: Any) -> None:
    own = script({})
    with Pool({}) as pool:
        assert pool.find(LONELY) is None
        assert pool.why_missing(LONELY) == "no worker knows it"
    assert own.made == []


@pytest.mark.parametrize(
    ("said", "chosen", "why"),
    [
        pytest.param(
            {"path": None, "reason": "ModuleNotFoundError: No module named 'torch'"},
            {},
            "torch is not installed here",
            id="not installed",
        ),
        pytest.param(
            RequestError("ModuleNotFoundError: No module named 'torch'"),
            {"torch": "/env/python"},
            "torch is not installed for /env/python",
            id="not installed in another interpreter",
        ),
        pytest.param(
            {"path": "", "reason": "ModuleNotFoundError: No module named 'timm'"},
            {},
            "timm is not installed here",
            id="something else is not installed",
        ),
        pytest.param(
            {"path": None, "reason": "OSError: no CUDA"},
            {"torch": "/env/python"},
            "cannot be used for /env/python: OSError: no CUDA",
            id="it fails",
        ),
        pytest.param({"path": 7}, {}, "cannot be used here: ", id="nonsense"),
    ],
)
def test_what_is_missing_has_its_reason(
    script: Any, said: Any, chosen: dict[str, str], why: str
) -> None:
    own = script(said)
    with Pool(chosen) as pool:
        assert pool.find(API) is None
        assert pool.find(API) is None
        assert pool.why_missing(API) == why
    assert len(own.made[0].asked) == 1
    assert own.made[0].interpreter == chosen.get("torch")


def test_a_package_on_a_framework_is_named_by_itself(script: Any) -> None:
    script({"path": None, "reason": "ModuleNotFoundError: No module named 'timm'"})
    with Pool({}) as pool:
        assert pool.find(TIMM) is None
        assert pool.why_missing(TIMM) == "timm is not installed here"


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        pytest.param({"devices": ["cpu", "cuda"]}, ("cpu", "cuda"), id="two"),
        pytest.param({"devices": []}, ("cpu",), id="none"),
        pytest.param({"devices": "cuda"}, ("cpu",), id="no list"),
        pytest.param({"devices": ["cpu", 3]}, ("cpu",), id="no names"),
        pytest.param({}, ("cpu",), id="nothing"),
        pytest.param(RequestError("no"), ("cpu",), id="an error"),
        pytest.param(WorkerError("it died"), ("cpu",), id="no answer"),
    ],
)
def test_devices_are_asked_for_once(script: Any, said: Any, seen: tuple[str, ...]) -> None:
    own = script(said)
    with Pool({}) as pool:
        assert pool.devices(API) == seen
        assert pool.devices(OTHER) == seen
    assert [request["op"] for request in own.made[0].asked] == ["devices"]


def test_a_worker_is_told_its_device_when_that_changes(script: Any) -> None:
    own = script({"driver": "H1"})
    with Pool({}, linted=["/a", "/b"]) as pool:
        pool.run(API, EXPERIMENT, "cpu")
        pool.run(API, EXPERIMENT, "cpu")
        pool.run(OTHER, EXPERIMENT, "cuda")
        assert pool.drivers == {("torch", "cpu"): "H1", ("torch", "cuda"): "H1"}
    (worker,) = own.made
    assert [(r["op"], r.get("device", "")) for r in worker.asked] == [
        ("use", "cpu"), ("run", ""), ("run", ""), ("use", "cuda"), ("run", ""),
    ]  # fmt: skip
    assert worker.environment == {"BNLINT_LINTED": "/a:/b"}


def test_a_time_limit_is_that_of_an_experiment_or_what_is_left(script: Any) -> None:
    own = script({"driver": ""})
    with Pool({}, each=5, total=1000) as pool:
        pool.run(API, EXPERIMENT, "cpu")
    with Pool({}, each=1000, total=5) as pool:
        pool.run(API, EXPERIMENT, "cpu")
    first, second = (worker.limits[-1] for worker in own.made)
    assert first == 5
    assert 0 < second < 5


def test_limits_are_those_of_the_documentation(script: Any) -> None:
    """And what is left is used to its end."""
    assert (pools.EACH, pools.TOTAL) == (120, 1800)
    own = script({"driver": ""})
    with Pool({}, total=0.9) as pool:
        pool.run(API, EXPERIMENT, "cpu")
    assert 0 < own.made[0].limits[-1] <= 0.9
    with Pool({}) as pool:
        pool.run(API, EXPERIMENT, "cpu")
    assert own.made[1].limits[-1] == 120


def test_no_time_is_left(script: Any) -> None:
    own = script({"driver": ""})
    why = r"^the time for all experiments \(0 seconds\) is used up$"
    with Pool({}, total=0) as pool:
        with pytest.raises(NotRun, match=why):
            pool.run(API, EXPERIMENT, "cpu")
        with pytest.raises(NotRun, match=why):
            pool.find(API)
    assert own.made == []


def test_time_is_used_up_while_a_worker_works(script: Any) -> None:
    """It is not the worker that failed then."""

    def late(request: Mapping[str, Any]) -> Any:
        pool.deadline = 0.0
        return WorkerError("no answer within 5 seconds")

    script(late)
    with Pool({}, total=5) as pool, pytest.raises(NotRun, match=r"\(5 seconds\) is used up"):
        pool.run(API, EXPERIMENT, "cpu")


def _said(pool: Pool, times: int) -> list[str]:
    said = []
    for _ in range(times):
        with pytest.raises(NotRun) as told:
            pool.run(API, EXPERIMENT, "cpu")
        said.append(str(told.value))
    return said


def test_a_worker_that_never_answered_is_given_up_at_once(script: Any) -> None:
    own = script(WorkerError("it died"))
    with Pool({}) as pool:
        assert _said(pool, 3) == ["PyTorch: it died"] * 3
    assert len(own.made[0].asked) == 1


def test_a_worker_that_has_answered_is_given_up_after_three_failures(script: Any) -> None:
    fails = False

    def say(request: Mapping[str, Any]) -> Any:
        return WorkerError("it died") if fails else {"driver": "", "path": "torch.x"}

    own = script(say)
    with Pool({}) as pool:
        pool.find(API)
        fails = True
        last = "PyTorch: given up after 3 failures in a row, the last: it died"
        assert _said(pool, 5) == ["PyTorch: it died"] * 3 + [last] * 2
    assert len(own.made[0].asked) == 1 + 3


def test_failures_in_a_row_are_counted(script: Any) -> None:
    fails = False

    def say(request: Mapping[str, Any]) -> Any:
        return WorkerError("it died") if fails else {"driver": "", "path": "torch.x"}

    script(say)
    with Pool({}) as pool:
        pool.find(API)
        for _ in range(4):
            fails = True
            assert _said(pool, 2) == ["PyTorch: it died"] * 2
            fails = False
            pool.run(API, EXPERIMENT, "cpu")


def test_what_a_framework_refuses_is_no_failure_of_its_worker(script: Any) -> None:
    own = script(RequestError("ValueError: no"))
    with Pool({}) as pool:
        assert _said(pool, 5) == ["PyTorch: ValueError: no"] * 5
    assert len(own.made[0].asked) == 5


def test_each_framework_has_a_worker_of_its_own(script: Any) -> None:
    own = script({"driver": ""})
    with Pool({"keras": "/k", "torch": "/t"}) as pool:
        for api in (API, KERAS, OTHER):
            pool.run(api, EXPERIMENT, "cpu")
    assert [(worker.name, worker.interpreter) for worker in own.made] == [
        ("torch", "/t"), ("keras", "/k"),
    ]  # fmt: skip
    assert all(worker.is_stopped for worker in own.made)
