"""A worker keeps its framework's trouble to itself: noise, crashes, hangs and foreign modules."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bnlint.confirm import worker as worker_script
from bnlint.confirm import workers
from bnlint.confirm.workers import Experiment, RequestError, Step, Worker, WorkerError

FRAMEWORK = '''
"""A framework that normalises nothing."""
import os, signal, subprocess, sys, time, types, typing


class Anything(type):
    def __call__(cls, *args, **options):
        return super().__call__(*args, **options)


class Made(metaclass=Anything):
    def __init__(self, size, *, eps=0.1):
        pass


class Overloaded:
    @typing.overload
    def __init__(self, size, *, eps=0.1): ...
    @typing.overload
    def __init__(self, size, *, epsilon): ...
    def __init__(self, *args, **options):
        pass


def anything(*args, **options):
    pass


sys.modules["toys"] = types.SimpleNamespace(
    Made=Made, Overloaded=Overloaded, anything=anything
)


def prepare():
    print("a banner on standard output")
    os.write(1, b"and one from C\\n")
    print("a warning", file=sys.stderr)


def run(target, request):
    trouble = request["arguments"].get("trouble")
    if trouble == "crash":
        print("out of luck", file=sys.stderr, flush=True)
        os._exit(3)
    if trouble == "long":
        for _ in range(200):
            print("noise " * 200, file=sys.stderr)
        print("first " + "x" * 300, file=sys.stderr, flush=True)
        os._exit(3)
    if trouble == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if trouble == "child":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        return {"outputs": [child.pid], "states": []}
    if trouble == "path":
        return {"outputs": [sys.path], "states": []}
    if trouble == "hang":
        time.sleep(60)
    if trouble == "exit":
        sys.exit("no licence")
    if trouble == "noise":
        print('{"outputs": ["forged"]}', flush=True)
        os.write(1, b'{"outputs": ["forged"]}\\n')
    if trouble == "where":
        return {"outputs": [os.getcwd(), os.listdir("."), sys.flags.isolated], "states": []}
    if trouble == "backend":
        return {"outputs": [os.environ.get("TOY_BACKEND", "none")], "states": []}
    if trouble == "stdin":
        return {"outputs": [sys.stdin.read()], "states": []}
    steps = request["steps"]
    return {"outputs": [step["input"] * 2 for step in steps], "states": [request["plant"]]}
'''


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    """Return a worker for a made-up framework."""
    script = Path(workers.__file__).with_name("worker.py")
    (tmp_path / "worker.py").write_bytes(script.read_bytes())
    (tmp_path / "worker_toy.py").write_text(FRAMEWORK, encoding="utf-8")
    monkeypatch.setattr(workers, "_SCRIPT", tmp_path / "worker.py")
    with Worker("toy", time_limit=20) as started:
        yield started


def _experiment(trouble: str = "") -> Experiment:
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    return Experiment("json.dumps", "layer", {"trouble": trouble}, [Step(x)], {"mean": x[0]})


def _works(worker: Worker) -> bool:
    result = worker.run(_experiment())
    x = _experiment().steps[0].input
    return (
        result.outputs[0].dtype == np.float32
        and np.array_equal(result.outputs[0], x * 2)
        and np.array_equal(result.states[0]["mean"], x[0])
    )


def test_arrays_go_there_and_back_with_shape_and_type(worker: Worker) -> None:
    """Bit for bit, as data."""
    assert _works(worker)
    assert _works(worker)


def test_what_a_framework_prints_is_not_taken_for_an_answer(worker: Worker) -> None:
    """Neither what Python prints nor what C writes."""
    result = worker.run(_experiment("noise"))
    assert np.array_equal(result.outputs[0], _experiment().steps[0].input * 2)


def test_a_worker_that_dies_costs_its_own_request_only(worker: Worker) -> None:
    """The reason is its status and its last words; the next request gets a new process."""
    with pytest.raises(WorkerError, match=r"status 3: out of luck"):
        worker.run(_experiment("crash"))
    assert _works(worker)


def test_a_long_last_line_is_cut(worker: Worker) -> None:
    """However much was written before."""
    with pytest.raises(WorkerError, match=r"ended with status 3: x{200}$"):
        worker.run(_experiment("long"))


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_a_worker_that_is_killed_says_by_what(worker: Worker) -> None:
    with pytest.raises(WorkerError, match=r"ended by SIGKILL(: .*)?$"):
        worker.run(_experiment("kill"))
    assert _works(worker)


@pytest.mark.skipif(os.name != "posix", reason="needs groups of processes")
def test_what_a_framework_has_started_ends_with_it(worker: Worker) -> None:
    child = int(str(worker.run(_experiment("child")).outputs[0]))
    os.kill(child, 0)
    worker.stop()
    for _ in range(100):  # until whoever inherits it has seen its end
        try:
            os.kill(child, 0)
            if Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except OSError:
            return
        time.sleep(0.05)
    raise AssertionError("it lives on")


def test_a_worker_is_told_what_is_linted(worker: Worker) -> None:
    """What lies there is not on its path, but for what Python is made of."""
    everything = list(worker.run(_experiment("path")).outputs[0])
    linted = os.pathsep.join(["/nowhere", os.path.abspath(os.sep)])
    with Worker("toy", environment={"BNLINT_LINTED": linted}) as other:
        kept = list(other.run(_experiment("path")).outputs[0])
    assert [path for path in everything if str(path).endswith(".zip")]
    assert not [path for path in kept if str(path).endswith(".zip")]
    assert kept


def test_a_worker_that_hangs_is_ended_at_the_time_limit(worker: Worker) -> None:
    """And replaced like one that died."""
    assert _works(worker)
    worker.time_limit = 0.3
    with pytest.raises(WorkerError, match=r"no answer within 0\.3 seconds"):
        worker.run(_experiment("hang"))
    worker.time_limit = 20
    assert _works(worker)


def test_an_exception_is_an_answer_on_one_line(worker: Worker) -> None:
    """The process lives on."""
    with pytest.raises(RequestError, match=r"^SystemExit: no licence$"):
        worker.run(_experiment("exit"))
    with pytest.raises(RequestError, match=r"^ModuleNotFoundError: No module named 'nowhere'$"):
        worker.run(_experiment()._replace(path="nowhere.Layer"))
    with pytest.raises(RequestError, match=r"^ValueError: unknown op 'dance'$"):
        worker.ask({"op": "dance", "path": "json.dumps"})
    assert _works(worker)


def test_a_worker_runs_isolated_in_an_empty_folder(
    worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module in the current folder or on PYTHONPATH must never be imported."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "nowhere.py").write_text("raise SystemExit('imported')")
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "project"))
    folder, entries, isolated = worker.run(_experiment("where")).outputs
    assert Path(str(folder)).resolve() != Path.cwd()
    assert list(entries) == []
    assert isolated == 1
    assert worker.ask({"op": "find", "candidates": [{"path": "nowhere.x"}]})["path"] is None


def test_the_folder_of_a_worker_is_gone_when_it_stops(worker: Worker) -> None:
    """Nothing is left behind."""
    folder = str(worker.run(_experiment("where")).outputs[0])
    assert os.path.isdir(folder)
    assert os.path.basename(folder).startswith("bnlint-")
    assert worker.run(_experiment("where")).outputs[0] == folder  # it is the same process
    worker.stop()
    assert not os.path.exists(folder)
    worker.stop()


def test_a_worker_ends_with_its_requests_though_its_folder_is_gone(tmp_path: Path) -> None:
    """Whoever started it may have died, and somebody tidied up."""
    folder = tmp_path / "bnlint-gone"
    folder.mkdir()
    command = [sys.executable, "-I", str(Path(worker_script.__file__)), "torch"]
    with subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as process:
        shutil.rmtree(folder)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(60) == 0


@pytest.mark.parametrize(("name", "stays"), [("bnlint-made", False), ("made", True)])
def test_a_worker_that_nobody_asks_takes_its_folder_with_it(
    tmp_path: Path, name: str, stays: bool
) -> None:
    """Another one is not its own."""
    folder = tmp_path / name
    folder.mkdir()
    command = [sys.executable, "-I", str(Path(worker_script.__file__)), "torch"]
    subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, check=True, timeout=60)
    assert folder.exists() is stays


def test_the_device_is_that_of_the_running_process(worker: Worker) -> None:
    assert worker.device == ""
    assert worker.use("cpu") == ""
    assert worker.device == "cpu"
    with pytest.raises(RequestError, match=r"no way is known to use cuda here$"):
        worker.use("cuda")
    assert worker.device == "cpu"
    worker.stop()
    assert worker.device == ""


def test_a_framework_cannot_read_the_requests(worker: Worker) -> None:
    """Its standard input is empty."""
    assert worker.run(_experiment("stdin")).outputs == [""]
    assert _works(worker)


def test_a_worker_is_started_with_the_backend_it_is_given(worker: Worker) -> None:
    """An environment variable chooses it; without one the framework does."""
    assert worker.run(_experiment("backend")).outputs == ["none"]
    with Worker("toy", environment={"TOY_BACKEND": "other"}) as other:
        assert other.run(_experiment("backend")).outputs == ["other"]
    assert "TOY_BACKEND" not in os.environ


def test_an_interpreter_that_does_not_exist_is_named() -> None:
    """One line that says what could not be started."""
    with (
        Worker("torch", "/no/such/python") as worker,
        pytest.raises(WorkerError, match=r"^cannot start /no/such/python: No such file"),
    ):
        worker.ask({"op": "find", "candidates": []})


@pytest.mark.skipif(os.name != "posix", reason="needs a script as interpreter")
@pytest.mark.parametrize("words", ["hello", "[1]", '"outputs"', "x" * 200])
def test_an_interpreter_that_speaks_nonsense_is_no_answer(tmp_path: Path, words: str) -> None:
    """It is ended, whatever it is."""
    program = tmp_path / "python"
    program.write_text(f"#!{sys.executable}\nprint({words!r})\ninput()\n")
    program.chmod(0o755)
    with (
        Worker("torch", str(program)) as worker,
        pytest.raises(WorkerError, match=r"^not an answer: b'.{3,80}'$"),
    ):
        worker.ask({"op": "find", "candidates": []})


@pytest.mark.parametrize(
    ("candidates", "path"),
    [
        pytest.param([{"path": "json.dumps"}], "json.dumps", id="it is there"),
        pytest.param(
            [{"path": "json.nothing"}, {"path": "os.path.join"}], "os.path.join", id="2nd"
        ),
        pytest.param([{"path": "numpy.zeros", "at_least": "1"}], "numpy.zeros", id="new enough"),
        pytest.param([{"path": "numpy.zeros", "below": "1"}], None, id="too new"),
        pytest.param([{"path": "numpy.zeros", "at_least": "99"}], None, id="too old"),
        pytest.param([{"path": "json.dumps", "module": "numpy", "below": "1"}], None, id="other"),
        pytest.param([], None, id="nowhere to look"),
    ],
)
def test_the_first_candidate_in_its_range_of_versions_is_found(
    worker: Worker, candidates: list[dict[str, str]], path: str | None
) -> None:
    """The version of another module may decide."""
    assert worker.ask({"op": "find", "candidates": candidates})["path"] == path


def test_a_signature_comes_as_in_a_table(worker: Worker) -> None:
    """Positional, keyword and extra parameters, with literal defaults and others."""
    rows = worker.ask({"op": "signature", "path": "json.dumps"})["rows"]
    assert rows[0] == ["obj", "positional", None]
    assert ["skipkeys", "keyword", ["literal", False]] in rows
    assert rows[-1] == ["kw", "extra", None]
    method = worker.ask({"op": "signature", "path": "json.JSONEncoder", "call": "encode"})["rows"]
    assert method == [["o", "positional", None]]


def test_the_signature_of_a_class_is_that_of_its_constructor(worker: Worker) -> None:
    """Some metaclasses take anything, and some constructors have their signature in an overload."""
    for path in ("toys.Made", "toys.Overloaded"):
        rows = worker.ask({"op": "signature", "path": path})["rows"]
        expected = [["size", "positional", None], ["eps", "keyword", ["literal", 0.1]]]
        if path == "toys.Overloaded" and sys.version_info < (3, 11):  # where none is kept
            expected = [["options", "extra", None]]
        assert rows == expected
    rows = worker.ask({"op": "signature", "path": "toys.anything"})["rows"]
    assert rows == [["options", "extra", None]]


def test_a_keyword_counts_as_taken_whatever_is_wrong_with_its_value(worker: Worker) -> None:
    """Only a complaint that it is unknown counts against it."""
    request = {
        "op": "accepts",
        "path": "json.JSONEncoder",
        "arguments": {},
        "keywords": ["indent", "momentum", "separators"],
    }
    assert worker.ask(request)["accepted"] == ["indent", "separators"]
