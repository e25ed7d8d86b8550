"""Talks to worker processes: start one per framework, ask it, stop it.

A worker runs ``worker.py`` under an interpreter of the user's choice, isolated (``-I``) and in an
empty temporary folder, so that nothing of the linted project is ever imported. Requests and
answers are data (see ``worker.py``). What goes wrong in a worker costs the request at hand only:
one that hangs or dies is replaced at the next request.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]

_SCRIPT = Path(__file__).with_name("worker.py")

#: Seconds a worker may take to answer; the first answer includes importing the framework.
TIME_LIMIT = 120.0

#: Bytes of an answer that are read at most.
_LONGEST = 1 << 28

#: Bytes that are kept of what a worker writes to standard error: 200, and the end of the line.
_TAIL = 201

#: Bytes of it that are read at once.
_PIECE = 1 << 14


class WorkerError(Exception):
    """No answer: the worker could not be started, died, hung or spoke nonsense (one line)."""


class RequestError(Exception):
    """The worker is well, but what it was asked for raised an exception (one line)."""


class Step(NamedTuple):
    """One call. ``mode`` switches the object first: ``training``, ``inference`` or empty."""

    input: Array
    mode: str = ""
    arguments: Mapping[str, Any] = {}


class Experiment(NamedTuple):
    """A layer to build, or a function, and the calls to make of it.

    ``kind`` is that of the API. ``arguments`` go to the constructor, or to each call of a
    function. ``plant`` holds arrays: for a layer the initial state by name, for a ``functional``
    API its array arguments by name; ``observe`` names those to report after each step. ``input``
    names the argument that takes the input of a functional API.
    """

    path: str
    kind: str
    arguments: Mapping[str, Any]
    steps: Sequence[Step]
    plant: Mapping[str, Array] = {}
    observe: Sequence[str] = ()
    input: str = ""


class Result(NamedTuple):
    """One output and one state (by name) per step of an experiment."""

    outputs: list[Array]
    states: list[dict[str, Array]]


_NOTHING: Mapping[str, str] = {}


class Worker:
    """One framework in a process of its own. Starts at the first request; use as a context.

    ``environment`` adds variables to those of this process, such as the one by which a framework
    chooses among its backends.
    """

    def __init__(
        self,
        name: str,
        interpreter: str | None = None,
        time_limit: float = TIME_LIMIT,
        environment: Mapping[str, str] = _NOTHING,
    ) -> None:
        self.name = name
        self.interpreter = interpreter or sys.executable
        self.time_limit = time_limit
        self.environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[bytes]
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._noise: bytearray
        self._device = ""

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to one request.

        Raises:
            WorkerError: there was no answer within the time limit, or none at all.
            RequestError: the answer was an error.
        """
        line = json.dumps(_encoded(request)).encode() + b"\n"
        process = self._started()
        # A worker that does not read would block us for ever: the pipe holds less than a request.
        threading.Thread(target=_send, args=(process, line), daemon=True).start()
        try:
            reply = self._answers.get(timeout=self.time_limit)
        except queue.Empty:
            self.stop()
            raise WorkerError(f"no answer within {self.time_limit:.3g} seconds") from None
        if not reply:
            raise WorkerError(self._how_it_died(process))
        try:
            answer = _decoded(json.loads(reply))
        except Exception:  # as many kinds as there is nonsense: depth, no text, no array, no memory
            answer = None
        if not isinstance(answer, dict):
            self.stop()
            raise WorkerError(f"not an answer: {reply[:80]!r}")
        if "error" in answer:
            raise RequestError(answer["error"])
        return answer

    def run(self, experiment: Experiment) -> Result:
        """Carry out an experiment.

        Raises:
            WorkerError: there was no answer.
            RequestError: the framework raised an exception.
        """
        request = {**experiment._asdict(), "steps": [step._asdict() for step in experiment.steps]}
        answer = self.ask({"op": "run", **request})
        try:
            return Result(answer["outputs"], answer["states"])
        except KeyError:
            self.stop()
            raise WorkerError("not an answer to an experiment") from None

    @property
    def device(self) -> str:
        """The device that the running process was told to use; empty before :meth:`use`."""
        running = self._process is not None and self._process.poll() is None
        return self._device if running else ""

    def use(self, device: str) -> str:
        """Compute on ``device`` from now on, and return what drives it.

        Raises:
            WorkerError: there was no answer.
            RequestError: the framework has no such device.
        """
        driver = str(self.ask({"op": "use", "device": device}).get("driver", ""))
        self._device = device
        return driver

    def stop(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            _kill(process)
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.stop()
        self._answers, self._noise, self._device = queue.SimpleQueue(), bytearray(), ""
        try:
            self._folder = tempfile.TemporaryDirectory(prefix="bnlint-", ignore_cleanup_errors=True)
        except OSError as error:
            raise WorkerError(f"no temporary folder to run in: {error.strerror}") from None
        try:
            process = subprocess.Popen(  # noqa: S603  # the interpreter is the user's choice
                [self.interpreter, "-I", str(_SCRIPT), self.name],
                cwd=self._folder.name,
                env={**os.environ, **self.environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=os.name == "posix",
            )
        except OSError as error:
            self.stop()
            raise WorkerError(f"cannot start {self.interpreter}: {error.strerror}") from None
        self._process = process
        threading.Thread(target=_listen, args=(process, self._answers), daemon=True).start()
        self._ear = threading.Thread(target=_overhear, args=(process, self._noise), daemon=True)
        self._ear.start()
        return process

    def _how_it_died(self, process: subprocess.Popen[bytes]) -> str:
        """Return why a process ended: its status and the last line it wrote to stderr."""
        code: int | None = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = process.wait(timeout=5)
        self._ear.join(timeout=1)
        written = self._noise.decode("utf-8", "replace").strip().splitlines()
        last = written[-1] if written else ""
        self.stop()
        how = f"with status {code}"
        if code is not None and code < 0:
            with contextlib.suppress(ValueError):
                how = f"by {signal.Signals(-code).name}"
        return f"the process of {self.interpreter} ended {how}" + (f": {last}" if last else "")


def _send(process: subprocess.Popen[bytes], line: bytes) -> None:
    assert process.stdin is not None
    with contextlib.suppress(OSError, ValueError):
        process.stdin.write(line)
        process.stdin.flush()


def _listen(process: subprocess.Popen[bytes], answers: queue.SimpleQueue[bytes]) -> None:
    assert process.stdout is not None
    with contextlib.suppress(OSError, ValueError), process.stdout as pipe:
        while line := pipe.readline(_LONGEST):
            answers.put(line)
    answers.put(b"")


def _overhear(process: subprocess.Popen[bytes], noise: bytearray) -> None:
    """Keep the end of what a worker writes to standard error."""
    assert process.stderr is not None
    with contextlib.suppress(OSError, ValueError), process.stderr as pipe:
        while piece := os.read(pipe.fileno(), _PIECE):
            noise += piece
            del noise[:-_TAIL]


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a worker and whatever it has started."""
    with contextlib.suppress(OSError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    assert process.stdin is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    process.wait()


def _encoded(value: Any) -> Any:
    import base64
    import io

    import numpy as np

    if isinstance(value, np.ndarray):
        buffer = io.BytesIO()
        np.save(buffer, value, allow_pickle=False)
        return {"npy": base64.b64encode(buffer.getvalue()).decode()}
    if isinstance(value, Mapping):
        return {key: _encoded(item) for key, item in value.items()}
    return [_encoded(item) for item in value] if isinstance(value, (list, tuple)) else value


def _decoded(value: Any) -> Any:
    import base64
    import io

    import numpy as np

    if isinstance(value, dict):
        if value.keys() == {"npy"}:
            return np.load(io.BytesIO(base64.b64decode(value["npy"])), allow_pickle=False)
        return {key: _decoded(item) for key, item in value.items()}
    return [_decoded(item) for item in value] if isinstance(value, list) else value
