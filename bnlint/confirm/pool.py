"""The workers of a run: each started once, asked for all its experiments, and ended.

An API whose framework is not installed is left to the oracle. What goes wrong in a worker costs the
experiment at hand; a worker that died or hung three times in a row is not started again.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple

from bnlint.confirm.workers import Experiment, RequestError, Result, Worker, WorkerError
from bnlint.frameworks.records import Api

#: Seconds for one experiment, the import of its framework included, and for all of them.
EACH, TOTAL = 120.0, 1800.0

#: Failures in a row after which a worker is given up.
_TRIES = 3

#: What ``--device`` takes, in the order in which ``auto`` chooses.
ACCELERATORS = ("cuda", "mps")


class NotRun(Exception):  # an outcome, told to the user
    """An experiment that could not be carried out; the message says why."""


class Installed(NamedTuple):
    """An API as it is installed: its import path there, and name and version of its package."""

    path: str
    title: str


class Pool:
    """Workers by name, under the interpreters that the user chose. Use as a context.

    ``linted`` are the folders of the projects from which they are to import nothing.
    """

    def __init__(
        self,
        interpreters: Mapping[str, str],
        *,
        each: float = EACH,
        total: float = TOTAL,
        linted: Sequence[str] = (),
    ) -> None:
        self.interpreters = interpreters
        self.each = each
        self.environment = {"BNLINT_LINTED": os.pathsep.join(linted)}
        self.deadline = time.monotonic() + total
        self.total = total
        self._workers: dict[str, Worker] = {}
        self._failures: dict[str, int] = {}
        self._reasons: dict[str, str] = {}
        self._found: dict[str, Installed | None] = {}
        self._last: dict[str, str] = {}
        self._answered: set[str] = set()
        self._devices: dict[str, tuple[str, ...]] = {}
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
            found = isinstance(path, str) and path
            self._found[api.id] = Installed(str(path), title) if found else None
        return self._found[api.id]

    def why_missing(self, api: Api) -> str:
        """Return why ``api`` was not found, in a few words."""
        reason = self._reasons.get(api.id)
        if reason is None:
            return "no worker knows it"
        chosen = self.interpreters.get(api.framework.worker)
        where = f"for {chosen}" if chosen else "here"
        missing = re.fullmatch(r"ModuleNotFoundError: No module named '(\w+)'", reason)
        if missing is not None:  # the package of the API, or one that it needs
            return f"{missing[1]} is not installed {where}"
        return f"cannot be used {where}: {reason}"

    def devices(self, api: Api) -> tuple[str, ...]:
        """Return the devices that the framework of ``api`` sees; ``cpu`` is always among them."""
        name = api.framework.worker
        if name not in self._devices:
            try:
                seen = self._ask(api, {"op": "devices"}).get("devices")
            except (RequestError, NotRun):
                seen = None
            named = [d for d in seen if isinstance(d, str)] if isinstance(seen, list) else []
            self._devices[name] = tuple(named) or ("cpu",)
        return self._devices[name]

    def run(self, api: Api, experiment: Experiment, device: str) -> Result:
        """Carry out an experiment on ``device``.

        Raises:
            NotRun: the framework raised an exception, died, hung, or has no such device.
        """
        name = api.framework.worker
        try:
            worker = self._worker(api)
            if worker.device != device:  # cpu too: some take a GPU unasked where there is one
                self.drivers[name, device] = worker.use(device)
            result = worker.run(experiment)
        except RequestError as error:
            raise NotRun(f"{api.framework.title}: {error}") from None
        except WorkerError as error:
            raise self._failed(api, error) from None
        self._failures.pop(name, None)
        return result

    def _ask(self, api: Api, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            answer = self._worker(api).ask(request)
        except WorkerError as error:
            raise self._failed(api, error) from None
        self._answered.add(api.framework.worker)
        return answer

    def _worker(self, api: Api) -> Worker:
        name = api.framework.worker
        if self._failures.get(name, 0) >= _TRIES:
            raise NotRun(f"{api.framework.title}: {self._last[name]}")
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise self._used_up()
        worker = self._workers.get(name)
        if worker is None:
            worker = Worker(name, self.interpreters.get(name), environment=self.environment)
            self._workers[name] = worker
        worker.time_limit = min(self.each, left)
        return worker

    def _failed(self, api: Api, error: WorkerError) -> NotRun:
        if time.monotonic() >= self.deadline:
            return self._used_up()
        name = api.framework.worker
        # What has never answered will not do so at the next try either.
        known = name in self._answered
        self._failures[name] = self._failures.get(name, 0) + 1 if known else _TRIES
        times = f"given up after {_TRIES} failures in a row, the last: " if known else ""
        self._last[name] = f"{times}{error}"
        return NotRun(f"{api.framework.title}: {error}")

    def _used_up(self) -> NotRun:
        return NotRun(f"the time for all experiments ({self.total:g} seconds) is used up")
