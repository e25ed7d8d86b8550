"""The data of pictures, and what a worker that ended says: without a command line around them."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from bnlint.confirm import oracle
from bnlint.confirm.experiments import DEVIATION, MEAN, STEPS, experiment
from bnlint.confirm.pictures import VARIANCES, Pictures, pictures_of
from bnlint.confirm.pool import Installed
from bnlint.confirm.unsuitable import Unsuitable
from bnlint.confirm.verdicts import (
    CONFIRMED,
    INCONCLUSIVE,
    ORACLE,
    REFUTED,
    Laboratory,
    verdict,
)
from bnlint.confirm.workers import Experiment, Result, Worker, WorkerError
from bnlint.finding import Confirmation
from bnlint.frameworks.records import Api
from bnlint.frameworks.tables import catalogue
from bnlint.trial import OUTPUT, SMALL_VARIANCES, STATISTICS, Layer, Trial

FRAMEWORKS = catalogue().load(catalogue().families)
APIS = {**FRAMEWORKS.apis, **FRAMEWORKS.norms.apis}
TORCH, KERAS = "torch.nn.BatchNorm2d", "keras3.layers.BatchNormalization"


class Tables:
    """A laboratory that has the tables alone."""

    apis = APIS

    def result(self, trial: Trial, layer: Layer, steps: int = STEPS[-1]) -> tuple[Result, str]:
        if layer.api == "nobody":
            raise Unsuitable("nothing to see")
        api = APIS[layer.api]
        return oracle.run(api, experiment(api, "", layer, trial, steps)), api.framework.title


def finding(trial: Trial | None, port: str = "torch 2", before: float | None = 1.0) -> Any:
    confirmation = SimpleNamespace(port=port, before=before)
    return SimpleNamespace(
        code="BN101", path=f"{port}.py", span=SimpleNamespace(row=3), trial=trial,
        confirmation=confirmation,
    )  # fmt: skip


def drawn(*findings: Any) -> Pictures:
    return pictures_of(findings, cast("Any", Tables()))


MOMENTA = Trial(
    STATISTICS,
    Layer(TORCH, (("momentum", 0.9),)),
    Layer(KERAS, (("momentum", 0.9),), "training"),
    Layer(TORCH, (("momentum", 0.1),)),
    variances=(1.0,),
    channels=2,
)
EPS = Trial(
    OUTPUT, Layer(TORCH, (("eps", 1e-5),), "inference"), Layer(KERAS, (), "inference"),
    variances=SMALL_VARIANCES, channels=2,
)  # fmt: skip


def test_statistics_arrive_where_the_momentum_takes_them() -> None:
    pictures = drawn(finding(MOMENTA))
    assert pictures.mean is not None
    assert pictures.variance is not None
    assert pictures.output is None
    assert (pictures.mean.truth, pictures.variance.truth) == (MEAN, DEVIATION**2)
    assert [line.label.partition(":")[0] for line in pictures.mean.lines] == [
        "port", "fixed", "reference",
    ]  # fmt: skip
    port, fixed, reference = (line.values for line in pictures.mean.lines)
    assert port[0] == fixed[0] == 0.0
    assert pictures.variance.lines[0].values[0] == 1.0
    # The port takes a tenth of what was before, both others nine tenths.
    assert port[1] == pytest.approx(9 * fixed[1])
    assert np.allclose(fixed, reference)
    assert fixed[-1] == pytest.approx(MEAN, abs=0.1)
    for panel in (pictures.mean, pictures.variance):
        assert panel.x.tolist() == list(range(501))  # as the documentation has it
        assert panel.x.dtype == np.float64
        assert {len(line.values) for line in panel.lines} == {501}
        assert panel.lines[2].label == "reference: Keras, momentum=0.9, in training"
        assert panel.lines[0].label == "port: PyTorch, momentum=0.9, called as it is"


@pytest.mark.parametrize(("channels", "drawn_of"), [(2, 2), (4, 4), (5, 4), (64, 4)])
def test_statistics_are_drawn_of_a_few_channels(channels: int, drawn_of: int) -> None:
    seen = []

    class Seeing(Tables):
        def result(self, trial: Trial, layer: Layer, steps: int = 0) -> tuple[Result, str]:
            seen.append((trial.channels, steps))
            return super().result(trial, layer, steps)

    found = finding(MOMENTA._replace(channels=channels))
    assert pictures_of([found], cast("Any", Seeing())).mean is not None
    assert seen == [(drawn_of, 500)] * 3


def test_variances_are_those_of_a_wide_range() -> None:
    output = drawn(finding(EPS)).output
    assert output is not None
    assert (output.x[0], output.x[-1], len(output.x)) == (1e-6, 10.0, 64)
    assert np.allclose(output.x[1:] / output.x[:-1], output.x[1] / output.x[0])


def test_what_differs_in_nothing_is_drawn_at_the_bottom() -> None:
    same = finding(EPS._replace(port=Layer(TORCH, (("eps", 1e-3),), "inference")))
    output = drawn(same).output
    assert output is not None
    assert output.lines[0].values.tolist() == [1e-9] * 64
    assert output.x.tolist() == list(VARIANCES)


def test_statistics_at_small_variances_are_drawn_as_such() -> None:
    """And a second of these as the outputs that they give."""
    trial = MOMENTA._replace(variances=SMALL_VARIANCES)
    assert drawn(finding(trial)).output is None
    pictures = drawn(finding(trial), finding(trial, "keras 3"))
    assert pictures.mean is not None
    assert pictures.output is not None
    assert pictures.mean.about == "BN101, torch 2.py:3"
    assert pictures.output.about == "BN101, keras 3.py:3"


def test_eps_counts_where_variances_are_small() -> None:
    pictures = drawn(finding(EPS))
    assert pictures.mean is None
    assert pictures.output is not None
    (line,) = pictures.output.lines
    port, reference = "PyTorch, eps=1e-05, in inference", "Keras, defaults, in inference"
    assert line.label == f"port: {port} against {reference}"
    # Of a value over the root of v + eps, the eps of the port and that of the reference.
    v = np.array(VARIANCES)
    expected = np.abs(np.sqrt(v + 1e-3) / np.sqrt(v + 1e-5) - 1)
    assert np.allclose(line.values, np.maximum(expected, 1e-9), rtol=1e-3)


def test_there_is_a_picture_of_the_first_that_was_run() -> None:
    told, ran = finding(MOMENTA, ORACLE), finding(MOMENTA, "torch 2")
    mean = drawn(told, ran).mean
    assert mean is not None
    assert mean.about == "BN101, torch 2.py:3"
    assert drawn(told).mean is not None
    later = finding(MOMENTA._replace(port=Layer(KERAS)), "keras 3")
    both = drawn(ran, later).mean
    assert both is not None
    assert both.about == mean.about
    first = drawn(finding(EPS), finding(EPS, "keras 3")).output
    assert first is not None
    assert first.about == "BN101, torch 2.py:3"


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(finding(None), id="nothing to try"),
        pytest.param(finding(MOMENTA, before=None), id="nothing came of it"),
        pytest.param(
            SimpleNamespace(trial=MOMENTA, confirmation=None), id="it was not tried"
        ),
        pytest.param(finding(EPS._replace(variances=(1.0,))), id="eps is not what it is about"),
        pytest.param(
            finding(EPS._replace(port=Layer("torch.nn.LayerNorm"))), id="no running variances"
        ),
        pytest.param(finding(MOMENTA._replace(port=Layer("nobody"))), id="it cannot be tried"),
    ],
)  # fmt: skip
def test_there_is_no_picture(one: Any) -> None:
    assert drawn(one) == Pictures()


@pytest.mark.parametrize(
    ("before", "after", "floor", "expected"),
    [
        (1.0, None, 1e-7, CONFIRMED),
        (1.0, 1e-7, 1e-7, CONFIRMED),
        (1.0, 0.5, 1e-7, INCONCLUSIVE),
        (1e-7, None, 1e-7, REFUTED),
        (2e-6, None, 1e-7, INCONCLUSIVE),
        (1.0, None, 2e-4, INCONCLUSIVE),
        (1e-4, None, 1e-4, REFUTED),
    ],
)
def test_verdicts(before: float, after: float | None, floor: float, expected: str) -> None:
    assert verdict(before, after, floor) == expected


# ---------------------------------------------------------------------------------- workers


@pytest.mark.skipif(sys.platform == "win32", reason="the interpreter is a shell script")
@pytest.mark.parametrize(
    ("script", "how"),
    [
        pytest.param("exit 3", "ended with status 3", id="a status"),
        pytest.param(
            "echo one >&2; echo boom >&2; exit 3", "ended with status 3: boom", id="a line"
        ),
        pytest.param("kill -9 $$", "ended by SIGKILL", id="a signal"),
    ],
)
def test_how_a_worker_died(tmp_path: Path, script: str, how: str) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    with Worker("torch", str(program)) as worker:
        assert worker.device == ""
        with pytest.raises(WorkerError) as caught:
            worker.ask({"op": "find"})
        assert str(caught.value) == f"the process of {program} {how}"
        assert worker.device == ""


@pytest.mark.skipif(sys.platform == "win32", reason="the interpreter is a shell script")
@pytest.mark.parametrize(("answer", "driver"), [("{}", ""), ('{"driver": "CUDA 12"}', "CUDA 12")])
def test_a_worker_has_its_device_until_it_dies(tmp_path: Path, answer: str, driver: str) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\nread line\necho '{answer}'\nread line\n")
    program.chmod(0o755)
    with Worker("torch", str(program)) as worker:
        assert worker.use("cuda") == driver
        assert worker.device == "cuda"
        with pytest.raises(WorkerError, match="ended with status 0"):
            worker.ask({"op": "find"})
        assert worker.device == ""


@pytest.mark.skipif(sys.platform == "win32", reason="the interpreter is a shell script")
def test_a_worker_that_ended_by_itself_is_replaced(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nread line\necho '{}'\n")
    program.chmod(0o755)
    with Worker("torch", str(program)) as worker:
        worker.use("cuda")
        first = worker._process
        assert first is not None
        first.wait(timeout=30)
        assert worker.device == ""
        assert worker.ask({"op": "find"}) == {}
        assert worker._process is not first


# ------------------------------------------------------------------------------- laboratories


class Shifted:
    """A pool whose framework gives what the tables say, and so much more."""

    def __init__(self, apart: float, installed: bool = True, driver: str = "") -> None:
        self.apart, self.installed = apart, installed
        self.drivers = {("torch", "cuda"): driver}

    def find(self, api: Api) -> Installed | None:
        return Installed(api.id, "torch 2") if self.installed else None

    def why_missing(self, api: Api) -> str:
        return "torch is not installed here"

    def devices(self, api: Api) -> tuple[str, ...]:
        return ("cpu", "cuda")

    def run(self, api: Api, asked: Experiment, device: str) -> Result:
        result = oracle.run(api, asked)
        return Result([output + self.apart for output in result.outputs], result.states)


TRIAL = Trial(
    OUTPUT, Layer(TORCH, (("eps", 1e-3),), "inference"), Layer(TORCH, (), "inference"),
    variances=(1e-4,), channels=2,
)  # fmt: skip


def judged(pool: Shifted, trial: Trial = TRIAL, device: str = "cuda") -> Confirmation:
    return Laboratory(cast("Any", pool), device).judge(trial, device)


def test_what_is_far_from_its_table_proves_nothing() -> None:
    near, far = judged(Shifted(0.0)), judged(Shifted(1.0))
    assert near.verdict == CONFIRMED
    assert far.verdict == INCONCLUSIVE
    assert "a floor this high is no rounding" in far.remainder
    assert "a floor" not in near.remainder


def test_a_device_is_named_with_what_drives_it() -> None:
    assert judged(Shifted(0.0)).device == "cuda"
    assert judged(Shifted(0.0, driver="CUDA 12")).device == "cuda (CUDA 12)"


def test_what_is_not_installed_is_on_every_device() -> None:
    found = judged(Shifted(0.0, installed=False), device="mps")
    assert found.device == ""
    assert found.port == f"{ORACLE} for PyTorch (torch is not installed here)"
    assert judged(Shifted(0.0), device="mps").reason == "PyTorch sees no mps here"


def test_a_fix_is_what_there_is_to_compare_with() -> None:
    fixed = TRIAL._replace(reference=None, fixed=TRIAL.reference)
    assert judged(Shifted(0.0), fixed).verdict == CONFIRMED
    assert judged(Shifted(0.0), fixed._replace(fixed=None)).reason == (
        "there is no reference, and no fix to compare with"
    )
    pictures = drawn(finding(fixed._replace(variances=SMALL_VARIANCES)))
    assert pictures.output is not None
    assert [line.label.partition(":")[0] for line in pictures.output.lines] == ["port", "fixed"]
