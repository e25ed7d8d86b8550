"""What ``bnlint frameworks --check`` says where a framework does not do what it is asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bnlint.confirm import workers
from bnlint.confirm.drift import (
    DIFFERS,
    NOT_CHECKED,
    NOT_INSTALLED,
    DriftRow,
    check_installed,
)
from bnlint.confirm.workers import Experiment, RequestError, Result
from bnlint.frameworks.records import UNKNOWN
from bnlint.frameworks.tables import catalogue


class Troubled:
    """A worker that finds everything, and raises an exception at all else."""

    finds = True
    outputs: Any = None

    def __init__(self, name: str, interpreter: str | None = None) -> None:
        self.name, self.interpreter = name, interpreter

    def __enter__(self) -> Troubled:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["op"] == "find" and self.finds:
            return {"path": request["candidates"][0]["path"]}
        raise RequestError(f"{request['op']} fails under {self.interpreter}")

    def run(self, experiment: Experiment) -> Result:
        if self.outputs is None or experiment.observe:
            raise RequestError("run fails")
        return Result([np.zeros_like(step.input) for step in experiment.steps], [])


def rows(monkeypatch: pytest.MonkeyPatch, **how: Any) -> list[DriftRow]:
    monkeypatch.setattr(workers, "Worker", type("Trouble", (Troubled,), how))
    return check_installed(None, catalogue().load(("keras",)), {"keras": "/my/python"})


def test_each_failure_is_a_row_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    found = rows(monkeypatch)
    assert {row.status for row in found} == {NOT_CHECKED}
    told = {(row.field, row.installed.partition(" under ")[0]) for row in found}
    assert told >= {
        ("signature", "signature fails"),
        ("call signature", "signature fails"),
        ("extra keywords", "accepts fails"),
        ("numbers", "run fails"),
        ("output", "run fails"),
    }


def test_the_interpreter_that_was_named_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    (worker,) = {f.worker for f in catalogue().load(("keras",)).frameworks.values()}
    monkeypatch.setattr(workers, "Worker", Troubled)
    for chosen, name in (({worker: "/my/python"}, "/my/python"), ({}, "/other"), (None, "/other")):
        found = check_installed("/other", catalogue().load(("keras",)), chosen)
        assert {r.installed for r in found if r.field == "signature"} == {
            f"signature fails under {name}"
        }


def test_what_is_not_there_shares_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    found = rows(monkeypatch, finds=False)
    assert {row.status for row in found} == {NOT_INSTALLED}
    frameworks = catalogue().load(("keras",))
    names = {id(entry): entry.aliases[0] for entry in (
        *frameworks.neighbours.values(), *frameworks.norms.apis.values(),
    )}  # fmt: skip
    first, *_ = names.values()
    (row,) = (row for row in found if row.field)
    assert (row.api, row.field) == (first, f"{len(names)} signatures")
    assert row.installed.startswith("find fails")
    assert {row.api for row in found if not row.field} == set(frameworks.apis)


def test_an_output_that_differs_is_told_with_how_much(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [row for row in rows(monkeypatch, outputs=()) if row.field == "output"]
    differing = [row for row in found if row.status == DIFFERS]
    assert differing
    assert {row.installed for row in differing} == {"1 apart"}
    apis = catalogue().load(("keras",)).norms.apis.values()
    named = {api.aliases[0] for api in apis if api.reduces != UNKNOWN}
    assert {row.api for row in found} == named
    assert {row.table for row in differing} == {"what the table says"}


def test_an_output_that_cannot_be_had_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [row for row in rows(monkeypatch) if row.field == "output"]
    apis = catalogue().load(("keras",)).norms.apis.values()
    assert {row.api for row in found} == {a.aliases[0] for a in apis if a.reduces != UNKNOWN}
    assert {row.table for row in found} == {"what the table says", UNKNOWN}
