"""The workers of a run: each started once, asked for all its experiments, and ended.

An API whose framework is not installed is left to the oracle. What goes wrong in a worker costs the
experiment at hand; a worker that died or hung twice is not started again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, NamedTuple

from bnlint.confirm.workers import Experiment, RequestError, Result, Worker, WorkerError
from bnlint.frameworks.records import Api

#: Seconds for one experiment, the import of its framework included, and for all of them.
EACH, TOTAL = 120.0, 1800.0

#: Failures after which a worker is given up.
_TRIES = 2

#: What ``--device`` takes, in the order in which ``auto`` chooses.
ACCELERATORS = ("cuda", "mps")


class NotRun(Exception):  # noqa: N818  # an outcome, told to the user
    """An experiment that could not be carried out; the message says why."""


class Installed(NamedTuple):
    """An API as it is installed: its import path there, and name and version of its package."""

    path: str
    title: str


class Pool:
    """Workers by name, under the interpreters that the user chose. Use as a context."""

    def __init__(
        self, interpreters: Mapping[str, str], *, each: float = EACH, total: float = TOTAL
    ) -> None:
        self.interpreters = interpreters
        self.each = each
        self.deadline = time.monotonic() + total
        self.total = total
        self._workers: dict[str, Worker] = {}
        self._failures: dict[str, int] = {}
        self._reasons: dict[str, str] = {}
        self._found: dict[str, Installed | None] = {}
        self._devices: dict[str, tuple[str, ...]] = {}
        self._using: dict[str, str] = {}
        self.drivers: dict[tuple[str, str], str] = {}

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self._workers.values():
            worker.stop()

    def find(self, api: Api) -> Installed | None:
        """Return where ``api`` is installed; ``None`` if it is not, or no worker knows it.

        Raises:
            NotRun: the worker gave no answer.
        """
        if not api.framework.worker:
            return None
        if api.id not in self._found:
            candidates = [dict(row) for row in api.installed] or [{"path": p} for p in api.aliases]
            try:
                answer = self._ask(api, {"op": "find", "candidates": candidates})
            except RequestError as error:
                self._reasons[api.id] = str(error)
                self._found[api.id] = None
                return None
            path = answer.get("path")
            self._reasons[api.id] = str(answer.get("reason", ""))
            title = f"{str(path).partition('.')[0]} {answer.get('version', '')}".strip()
            self._found[api.id] = Installed(str(path), title) if path else None
        return self._found[api.id]

    def why_missing(self, api: Api) -> str:
        """Return why ``api`` was not found."""
        return self._reasons.get(api.id, "no worker runs it")

    def devices(self, api: Api) -> tuple[str, ...]:
        """Return the devices that the framework of ``api`` sees; ``cpu`` is always among them."""
        name = api.framework.worker
        if name not in self._devices:
            try:
                answer = self._ask(api, {"op": "devices"})
                self._devices[name] = tuple(str(d) for d in answer.get("devices", ("cpu",)))
            except (RequestError, NotRun):
                self._devices[name] = ("cpu",)
        return self._devices[name]

    def run(self, api: Api, experiment: Experiment, device: str) -> Result:
        """Carry out an experiment on ``device``.

        Raises:
            NotRun: the framework raised an exception, died, hung, or has no such device.
        """
        name = api.framework.worker
        try:
            if self._using.get(name, "cpu") != device:
                answer = self._ask(api, {"op": "use", "device": device})
                self._using[name] = device
                self.drivers[name, device] = str(answer.get("driver", ""))
            worker = self._worker(api)
            return worker.run(experiment)
        except RequestError as error:
            raise NotRun(f"{api.framework.title}: {error}") from None
        except WorkerError as error:
            self._failed(name)
            raise NotRun(f"{api.framework.title}: {error}") from None

    def _ask(self, api: Api, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self._worker(api).ask(request)
        except WorkerError as error:
            self._failed(api.framework.worker)
            raise NotRun(f"{api.framework.title}: {error}") from None

    def _worker(self, api: Api) -> Worker:
        name = api.framework.worker
        if self._failures.get(name, 0) >= _TRIES:
            raise NotRun(f"{api.framework.title}: its process failed {_TRIES} times")
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise NotRun(f"the time for all experiments ({self.total:g} seconds) is used up")
        worker = self._workers.get(name)
        if worker is None:
            worker = Worker(name, self.interpreters.get(name))
            self._workers[name] = worker
        worker.time_limit = min(self.each, left)
        return worker

    def _failed(self, name: str) -> None:
        self._failures[name] = self._failures.get(name, 0) + 1
        self._using.pop(name, None)
