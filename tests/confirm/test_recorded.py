"""The workers and the tables against what the frameworks answered.

Most frameworks need environments of their own, which a test run does not have, and the others are
slow to start: what they were asked and answered is recorded (`recording.py` says how that is
renewed).
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any
from unittest import mock

import numpy as np
import oracle_matrix as matrix
import pytest
import recording

from bnlint.confirm import oracle
from bnlint.confirm.workers import Experiment
from bnlint.frameworks.tables import catalogue

APIS = catalogue().load(catalogue().families).apis

ROWS = [
    pytest.param(name, row, id=f"{row['api']} {row['case']}")
    for name in recording.PACKAGES
    for row in json.loads((recording.FOLDER / f"{name}.json").read_text(encoding="utf-8"))
]

#: What no CPU runs, and what was not installed where the rest was recorded.
NOT_RECORDED = (
    "mindspore.mint.nn.BatchNorm", "paddle.nn.SyncBatchNorm", "x2paddle.torch2paddle.",
    "msadapter.", "mindtorch.", "timm.", "torchvision.", "detectron2.", "sonnet1.",
    "keras1", "keras_standalone.",
)  # fmt: skip


@cache
def experiments(api: str, path: str) -> list[Experiment]:
    return [case.experiment for case in recording.chosen(APIS[api], path)]


def experiment(row: dict[str, Any]) -> Experiment:
    return experiments(row["api"], row["path"])[row["case"]]


@pytest.mark.parametrize(("name", "row"), ROWS)
def test_worker_does_what_it_did(name: str, row: dict[str, Any]) -> None:
    """It builds, plants, switches, calls and reads as it did, to the end, and answers the same."""
    player = recording.Player(row["events"])
    with mock.patch.dict(os.environ):  # some workers set what their framework is to be told
        answer = recording.run(name, player, experiment(row))
    assert player.left == []
    assert json.loads(json.dumps(player.answer(answer))) == row["answer"]


@pytest.mark.parametrize(("name", "row"), ROWS)
def test_oracle_agrees_with_what_was_answered(name: str, row: dict[str, Any]) -> None:
    api, asked = APIS[row["api"]], experiment(row)
    theirs = recording.Player([]).given(row["answer"])
    ours = oracle.run(api, asked)
    assert len(theirs["outputs"]) == len(theirs["states"]) == len(asked.steps)
    for mine, other in zip(ours.outputs, theirs["outputs"], strict=True):
        assert matrix.distance(mine, other) <= matrix.TOLERANCE["output"]
    for mine_by_name, other_by_name in zip(ours.states, theirs["states"], strict=True):
        assert mine_by_name.keys() == other_by_name.keys() == set(asked.observe)
        for observed, other in other_by_name.items():
            quantity = matrix.quantity_of(api, observed)
            error = matrix.distance(mine_by_name[observed], np.asarray(other))
            assert error <= matrix.TOLERANCE[quantity]


def test_every_api_that_runs_on_a_cpu_is_recorded() -> None:
    recorded = {row.values[1]["api"] for row in ROWS}
    assert recorded == {
        api.id
        for api in APIS.values()
        if api.framework.worker in recording.PACKAGES and not api.id.startswith(NOT_RECORDED)
    }
