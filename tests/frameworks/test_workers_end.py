"""When workers end, with interpreters that say what a test has them say."""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path

import numpy as np
import pytest

from bnlint.confirm import workers
from bnlint.confirm.workers import Experiment, RequestError, Step, Worker, WorkerError


def test_an_answer_may_take_two_minutes() -> None:
    """As the documentation has it."""
    assert Worker("torch").time_limit == workers.TIME_LIMIT == 120


def answering(folder: Path, *answers: str) -> str:
    """Return an interpreter that gives these answers, the last of them again and again."""
    program = folder / "python"
    given = "; ".join(f"read line; echo '{answer}'" for answer in answers)
    program.write_text(f"#!/bin/sh\n{given}\nwhile read line; do echo '{answers[-1]}'; done\n")
    program.chmod(0o755)
    return str(program)


@pytest.mark.skipif(os.name != "posix", reason="needs a script as interpreter")
def test_what_is_no_answer_ends_the_worker(tmp_path: Path) -> None:
    with Worker("torch", answering(tmp_path, '{"driver": "H"}', "[1]")) as worker:
        assert worker.use("cuda") == "H"
        assert worker.device == "cuda"
        with pytest.raises(WorkerError, match=r"^not an answer: "):
            worker.ask({"op": "devices"})
        assert worker.device == ""


@pytest.mark.skipif(os.name != "posix", reason="needs a script as interpreter")
def test_a_worker_ends_with_its_context(tmp_path: Path) -> None:
    with Worker("torch", answering(tmp_path, "{}")) as worker:
        assert worker.use("cuda") == ""
        assert worker.device == "cuda"
    assert worker.device == ""


@pytest.mark.skipif(os.name != "posix", reason="needs a script as interpreter")
def test_no_answer_in_time_ends_the_worker(tmp_path: Path) -> None:
    program = answering(tmp_path, "{}")
    Path(program).write_text("#!/bin/sh\nread line; echo '{}'\nread line; sleep 9\n")
    with Worker("torch", program, time_limit=0.5) as worker:
        worker.use("cuda")
        with pytest.raises(WorkerError, match=r"^no answer within 0\.5 seconds$"):
            worker.ask({"op": "devices"})
        assert worker.device == ""


@pytest.mark.skipif(os.name != "posix", reason="needs a script as interpreter")
def test_an_error_leaves_the_worker(tmp_path: Path) -> None:
    with Worker("torch", answering(tmp_path, "{}", '{"error": "no"}')) as worker:
        worker.use("cuda")
        with pytest.raises(RequestError, match=r"^no$"):
            worker.ask({"op": "devices"})
        assert worker.device == "cuda"


@pytest.mark.skipif(os.name != "posix", reason="needs a script as interpreter")
def test_what_is_no_answer_to_an_experiment_ends_the_worker(tmp_path: Path) -> None:
    with Worker("torch", answering(tmp_path, '{"outputs": []}')) as worker:
        worker.use("cuda")
        assert worker.device == "cuda"
        with pytest.raises(WorkerError, match=r"^not an answer to an experiment$"):
            worker.run(Experiment("", "layer", {}, ()))
        assert worker.device == ""


class Harmful:
    """Runs what a pickle of it says."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("harm",)


@pytest.mark.skipif(os.name != "posix", reason="needs a script as interpreter")
def test_an_answer_runs_nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrays of objects would be pickled: they are neither read nor sent."""
    monkeypatch.chdir(tmp_path)
    stream = io.BytesIO()
    np.save(stream, np.array([Harmful()], object), allow_pickle=True)
    text = base64.b64encode(stream.getvalue()).decode()
    program = answering(tmp_path, f'{{"outputs": [{{"npy": "{text}"}}], "states": []}}')
    with Worker("torch", program) as worker:
        with pytest.raises(WorkerError, match=r"^not an answer: "):
            worker.run(Experiment("", "layer", {}, ()))
        with pytest.raises(ValueError, match="Object arrays cannot be saved"):
            worker.run(Experiment("", "layer", {}, (Step(np.array([Harmful()], object)),)))
    assert not (tmp_path / "harm").exists()
