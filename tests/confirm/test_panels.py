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
from bnlint.confirm.unsuitable import Unsuitable
from bnlint.confirm.verdicts import CONFIRMED, INCONCLUSIVE, ORACLE, REFUTED, verdict
from bnlint.confirm.workers import Result, Worker, WorkerError
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
def test_a_worker_that_says_nothing_of_a_driver_has_its_device_until_it_dies(
    tmp_path: Path,
) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nread line\necho '{}'\nread line\n")
    program.chmod(0o755)
    with Worker("torch", str(program)) as worker:
        assert worker.use("cuda") == ""
        assert worker.device == "cuda"
        with pytest.raises(WorkerError, match="ended with status 0"):
            worker.ask({"op": "find"})
        assert worker.device == ""
