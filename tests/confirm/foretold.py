"""Workers that need no framework: tables and oracle answer in the place of what is installed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bnlint.confirm import oracle
from bnlint.confirm.meaning import OracleError, RejectedError
from bnlint.confirm.workers import Experiment, Result, WorkerError
from bnlint.frameworks.records import BATCH, Api, Neighbour, Parameter, SourceText
from bnlint.frameworks.tables import Frameworks


def is_batch_norm(entry: Api | Neighbour) -> bool:
    """Tell whether an entry is of a kind whose numbers are compared."""
    return isinstance(entry, Api) and entry.norm == BATCH


def candidates_of(entry: Api | Neighbour) -> list[dict[str, str]]:
    """Return where an entry may be installed, as its table has it."""
    if is_batch_norm(entry) and entry.installed:
        return [dict(row) for row in entry.installed]
    about = {} if is_batch_norm(entry) else entry.framework.neighbours_from
    return [{"path": alias, **about} for alias in entry.aliases]


def rows_of(parameters: tuple[Parameter, ...]) -> list[list[Any]]:
    """Return a signature as a worker gives it."""
    rows = []
    for name, kind, required, default in parameters:
        literal = ["literal", list(default) if isinstance(default, tuple) else default]
        written = ["source", default.text] if isinstance(default, SourceText) else literal
        rows.append([name, kind, None if required or kind == "extra" else written])
    return rows


class Foretold:
    """Answers by the entries of ``frameworks``, as :class:`bnlint.confirm.workers.Worker` does."""

    frameworks: Frameworks

    def __init__(self, name: str, interpreter: str | None = None) -> None:
        self.entries: dict[str, Api | Neighbour] = {}
        for entry in (
            *self.frameworks.apis.values(),
            *self.frameworks.neighbours.values(),
            *self.frameworks.norms.apis.values(),
        ):
            if entry.framework.worker == name:
                self.entries.setdefault(self._key(candidates_of(entry)), entry)

    def __enter__(self) -> Foretold:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @staticmethod
    def _key(candidates: list[dict[str, str]]) -> str:
        return "|".join(
            f"{row['path']}{row.get('module', '')}{row.get('below', '')}" for row in candidates
        )

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if request["op"] == "find":
            key = self._key(request["candidates"])
            return {"path": key if key in self.entries else None, "reason": "not foretold"}
        entry = self.entries[request["path"]]
        if request["op"] == "signature":
            call = request["call"]
            assert call is None or isinstance(entry, Api)
            return {"rows": rows_of(entry.call_signature if call else entry.signature)}
        assert request["op"] == "accepts"
        assert isinstance(entry, Api)
        return {"accepted": [k for k in request["keywords"] if k in entry.extra_keywords]}

    def run(self, experiment: Experiment) -> Result:
        entry = self.entries[experiment.path]
        assert isinstance(entry, Api)
        try:
            return oracle.run(entry, experiment)
        except RejectedError:
            raise
        except OracleError as error:
            raise WorkerError(str(error)) from error
