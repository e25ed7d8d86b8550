"""What the drift check compares, with tables and oracle in the place of installed frameworks."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from foretold import Foretold

from bnlint.confirm import drift, oracle, workers
from bnlint.confirm.drift import AGREES, DIFFERS, NOT_CHECKED, NOT_INSTALLED, DriftRow
from bnlint.confirm.workers import Experiment, RequestError, Result, WorkerError
from bnlint.frameworks.records import UNKNOWN, Api, Parameter
from bnlint.frameworks.tables import Frameworks, catalogue

RIGHT = catalogue().load(catalogue().described)
NONE = Frameworks(catalogue().tables, ())


@pytest.fixture(autouse=True)
def foretold(monkeypatch: pytest.MonkeyPatch) -> type[Foretold]:
    """Let what workers say be foretold; a test may have one that says something else."""

    class Own(Foretold):
        frameworks = RIGHT

    monkeypatch.setattr(workers, "Worker", Own)
    return Own


def alone(*apis: Api) -> Frameworks:
    """Return all frameworks with these entries and no other."""
    frameworks = copy.copy(RIGHT)
    workers = {api.framework.worker for api in apis}
    frameworks.frameworks = {n: f for n, f in RIGHT.frameworks.items() if f.worker in workers}
    frameworks.apis = {api.id: api for api in apis}
    frameworks.neighbours = {}
    frameworks.norms = NONE
    return frameworks


def rows(*apis: Api) -> list[DriftRow]:
    return drift.check_installed(None, alone(*apis))


def test_tables_agree_with_what_they_foretell() -> None:
    """What is not known, or run by no worker, is told as such; no row is missing."""
    found = drift.check_installed()
    assert [row for row in found if row.status == DIFFERS] == []
    assert [row for row in found if row.status == NOT_INSTALLED] == []
    unchecked = {(r.api, r.field, r.table, r.installed) for r in found if r.status == NOT_CHECKED}
    renorm = {
        (name, "estimator with renorm=True", "unknown", f"{name}: estimator: unknown")
        for name, api in RIGHT.apis.items()
        if any(row["argument"] == "renorm" for row in api.estimator_when)
    }
    workerless = {
        (name, "", "", "no worker runs it")
        for name, api in RIGHT.apis.items()
        if not api.framework.worker
    }
    slim = {"tf_slim.batch_norm", "tf.compat.v1.layers.batch_normalization"}
    slim |= {"tf.compat.v1.layers.BatchNormalization"}
    mint = {f"mindspore.mint.nn.BatchNorm{rank}d" for rank in (1, 2, 3)}
    old = ("keras_standalone", "keras1", "keras1_1", "keras1_0_7", "keras1_0")
    unranked = {*(f"{name}.layers.BatchNormalization" for name in old), "sonnet1.BatchNorm"}
    through_kwargs = {"tensorflow_addons.layers.InstanceNormalization", "timm.layers.GroupNorm1"}
    rest = {
        *((n, "output", UNKNOWN, f"{n}: eps_fixed: no argument sets eps") for n in through_kwargs),
        *((n, "rank 5", "accepted", f"{n}: estimator: unknown") for n in slim),
        *((n, "numbers", "", f"{n}: normalises_with: unknown") for n in mint),
        *((n, "numbers", "", f"{n}: ranks: unknown") for n in unranked),
        *((n, "numbers", "", f"{n}: estimator: unknown") for n in RIGHT.apis if "mindtorch" in n),
        (
            "keras2.layers.BatchNormalization", "estimator with virtual_batch_size", "biased",
            "any value",
        ),
    }  # fmt: skip
    assert len(workerless) >= 4
    assert len(renorm) > 5
    assert unchecked - workerless - rest <= renorm
    assert unchecked >= workerless | rest


def _expected_fields(api: Api) -> set[str]:
    """Return what is compared of an entry whose numbers are known."""
    ranks = api.ranks if isinstance(api.ranks, tuple) else (2, 3, 4, 5)
    fields = {"signature"}
    if api.call_signature:
        fields.add("call signature")
    if api.kind == "layer" and any(p.kind == "extra" for p in api.signature):
        fields.add("extra keywords")
    if api.kind == "functional" and api.convention == "none":
        return fields
    fields |= {"channel axis", "convention", "normalises with"}
    if api.convention != "none":
        fields |= {"running update", "training statistics"}
    fields |= {f"estimator at rank {rank}" for rank in ranks if api.estimator_at(rank) != UNKNOWN}
    if api.default_mode not in ("required", "none"):
        fields.add("mode of a bare call")
    for row in api.estimator_when:
        if row["estimator"] != UNKNOWN and "value" in row:
            fields.add(f"estimator with {row['argument']}={row['value']!r}")
    for row in api.training_statistics_when:
        for name in ("running_update", "training_statistics"):
            if name in row:
                about = f"{row['argument']}={row['value']!r}"
                fields.add(f"{name.replace('_', ' ')} with {about}")
    for key in ("always_batch", "always_running"):
        if key in api.statistics:
            fields.add(f"statistics with {api.statistics['argument']}={api.statistics[key]!r}")
    return fields | {f"channel axis for {value}" for value in api.data_formats}


@pytest.mark.parametrize("api", RIGHT.apis.values(), ids=RIGHT.apis)
def test_every_respect_of_an_entry_is_compared(api: Api) -> None:
    """So that agreement is never for want of looking."""
    found = rows(api)
    if {row.field for row in found} & {"", "numbers"}:
        assert {row.status for row in found} <= {NOT_CHECKED, AGREES}
        return
    assert {row.field for row in found if row.status == AGREES} == _expected_fields(api)
    assert {row.api for row in found} == {api.id}
    assert all(row.table == row.installed for row in found if row.status == AGREES)


OTHER = {
    "new-weight": "old-weight", "old-weight": "new-weight", "biased": "unbiased",
    "unbiased": "biased", "training": "inference", "inference": "training",
    "batch": "running", "running": "batch",
}  # fmt: skip

ENTRIES = (
    "torch.nn.BatchNorm2d", "torch.nn.functional.batch_norm", "keras3.layers.BatchNormalization",
    "paddle.nn.BatchNorm", "mindspore.nn.BatchNorm2d", "flax.linen.BatchNorm", "haiku.BatchNorm",
    "flax.nnx.BatchNorm", "equinox.nn.BatchNorm", "tf.nn.fused_batch_norm",
    "keras2.layers.BatchNormalization",
)  # fmt: skip


def _wrongs(api: Api) -> dict[str, tuple[dict[str, Any], str, str, str]]:
    """Return what may be wrong of an entry, and the row that differs then."""
    ranks = api.ranks if isinstance(api.ranks, tuple) else (2, 3, 4, 5)
    made: dict[str, tuple[dict[str, Any], str, str, str]] = {}
    for field in ("convention", "normalises_with", "training_statistics", "running_update"):
        value = getattr(api, field)
        other = OTHER.get(value) or ("zero-debiased" if value == "ema" else "ema")
        made[field] = {field: other}, field.replace("_", " "), other, value
    if api.default_mode in OTHER:
        other = OTHER[api.default_mode]
        made["mode"] = {"default_mode": other}, "mode of a bare call", other, api.default_mode
    estimators = {str(rank): api.estimator_at(rank) for rank in ranks}
    last = str(ranks[-1])
    if estimators[last] in OTHER:
        wrong = {**estimators, last: OTHER[estimators[last]]}
        made["estimator"] = (
            {"estimator": wrong}, f"estimator at rank {last}", wrong[last], estimators[last],
        )  # fmt: skip
    for index, row in enumerate(api.estimator_when):
        if row["estimator"] in OTHER and "value" in row:
            other = OTHER[row["estimator"]]
            when = [*api.estimator_when]
            when[index] = {**row, "estimator": other}
            field = f"estimator with {row['argument']}={row['value']!r}"
            made[field] = {"estimator_when": tuple(when)}, field, other, row["estimator"]
    return made


WRONGS = [
    pytest.param(RIGHT.apis[name], *row, id=f"{name}: {what}")
    for name in ENTRIES
    for what, row in _wrongs(RIGHT.apis[name]).items()
]


@pytest.mark.parametrize(("api", "fields", "field", "table", "installed"), WRONGS)
def test_one_wrong_field_is_one_row_that_differs(
    api: Api, fields: dict[str, Any], field: str, table: str, installed: str
) -> None:
    found = rows(api._replace(**fields))
    assert [row for row in found if row.status == DIFFERS] == [
        DriftRow(api.id, field, table, installed, DIFFERS)
    ]


def test_signatures_are_compared_to_the_last_default() -> None:
    """Names, their order, their kinds and their defaults, as Python writes them."""
    api = RIGHT.apis["torch.nn.BatchNorm2d"]
    signature = (
        Parameter("a", "positional", True, None),
        Parameter("b", "positional", False, 0.5),
        Parameter("c", "positional", False, None),
        Parameter("d", "keyword", False, (1, (2, 3))),
        Parameter("e", "keyword", True, None),
        Parameter("f", "extra", False, None),
    )
    row, *_ = rows(api._replace(signature=signature))
    assert row.table == "(a, b=0.5, c=None, *, d=(1, (2, 3)), e, **f)"
    assert row.status == DIFFERS
    assert row.installed.startswith("(num_features, eps=1e-05, momentum=0.1, affine=True")


def test_a_default_that_is_no_literal_is_shown_by_dots() -> None:
    """Only that there is one is compared."""
    api = RIGHT.apis["flax.linen.BatchNorm"]
    (row,) = (row for row in rows(api) if row.field == "signature")
    assert "use_running_average=None, axis=-1, momentum=0.99" in row.table
    assert "=..." in row.table


def changed(foretold: type[Foretold], change: Callable[[Experiment, Result], Result]) -> None:
    """Have what is run give something else."""
    run = foretold.run
    foretold.run = lambda self, asked: change(asked, run(self, asked))  # type: ignore[method-assign]


def _numbers(name: str) -> dict[str, str]:
    return {row.field: row.installed for row in rows(RIGHT.apis[name])}


def test_statistics_that_follow_no_batch_are_told(foretold: type[Foretold]) -> None:
    def change(_: Experiment, result: Result) -> Result:
        for state in result.states:
            if state:
                state["running_mean"][0] += 1
        return result

    changed(foretold, change)
    found = _numbers("torch.nn.BatchNorm2d")
    assert found["convention"] == "the running mean is no multiple of that of the batch"
    assert found["running update"] == "?"
    assert found["estimator at rank 4"] == "neither"


def test_another_weight_than_either_convention_has_is_told(foretold: type[Foretold]) -> None:
    def change(_: Experiment, result: Result) -> Result:
        for state in result.states:
            if state:
                state["running_mean"] *= 0.5
        return result

    changed(foretold, change)
    found = _numbers("torch.nn.BatchNorm2d")
    assert found["convention"] == "weight 0.15 of the new batch for momentum 0.3"


def test_statistics_of_another_shape_are_told(foretold: type[Foretold]) -> None:
    def change(_: Experiment, result: Result) -> Result:
        for state in result.states:
            if state:
                state["running_mean"] = state["running_mean"].reshape(2, -1)
        return result

    changed(foretold, change)
    assert _numbers("torch.nn.BatchNorm2d")["numbers"] == "the running statistics have shape (2, 2)"


def test_outputs_of_neither_mode_are_told(foretold: type[Foretold]) -> None:
    changed(foretold, lambda _, result: result._replace(outputs=[y + 1 for y in result.outputs]))
    found = _numbers("torch.nn.BatchNorm2d")
    assert found["normalises with"] == found["mode of a bare call"] == "neither"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        pytest.param(RequestError("ValueError: 5 axes"), DIFFERS, id="refused"),
        pytest.param(RequestError("ImportError: no kernel"), NOT_CHECKED, id="not there"),
        pytest.param(RequestError("ModuleNotFoundError: no x"), NOT_CHECKED, id="no module"),
        pytest.param(WorkerError("it died"), NOT_CHECKED, id="no answer"),
    ],
)
def test_a_rank_that_is_refused_differs(
    foretold: type[Foretold], error: Exception, status: str
) -> None:
    """Where nobody says which ranks there are, none is missed."""

    def change(asked: Experiment, result: Result) -> Result:
        if np.ndim(asked.steps[0].input) == 3:
            raise error
        return result

    changed(foretold, change)
    api = RIGHT.apis["torch.nn.BatchNorm1d"]
    expected = DriftRow(api.id, "rank 3", "accepted", str(error), status)
    assert [row for row in rows(api) if row.status != AGREES] == [expected]
    expected = expected._replace(status=NOT_CHECKED)
    unknown = rows(api._replace(ranks=UNKNOWN))
    assert [row for row in unknown if row.field == "rank 3"] == [expected]


def test_what_no_path_leads_to_is_not_installed(foretold: type[Foretold]) -> None:
    """A worker that gives no answer says nothing of that."""
    api = RIGHT.apis["torch.nn.BatchNorm2d"]._replace(aliases=("torch.nn.Other",))
    assert rows(api) == [DriftRow(api.id, "", "", "not foretold", NOT_INSTALLED)]

    def ask(self: Foretold, request: object) -> dict[str, Any]:
        raise WorkerError("it died")

    foretold.ask = ask  # type: ignore[assignment]
    assert rows(api) == [DriftRow(api.id, "", "", "it died", NOT_CHECKED)]


def test_an_unknown_field_is_shown_and_not_judged() -> None:
    api = RIGHT.apis["torch.nn.BatchNorm2d"]._replace(convention=UNKNOWN)
    assert [row for row in rows(api) if row.status != AGREES] == [
        DriftRow(api.id, "convention", UNKNOWN, "new-weight", NOT_CHECKED)
    ]


KERAS = RIGHT.apis["keras3.layers.BatchNormalization"]


@pytest.mark.parametrize(
    ("axis", "installed", "status"),
    [
        pytest.param(1, "1, 2, 3, 4", DIFFERS, id="wrong"),
        pytest.param(-2, "-1", DIFFERS, id="wrong, from the end"),
        pytest.param(UNKNOWN, "1, 2, 3, 4", NOT_CHECKED, id="not known"),
    ],
)
def test_an_axis_that_is_wrong_makes_nothing_else_differ(
    axis: int | str, installed: str, status: str
) -> None:
    """The mode and what arguments change are told with the axis that was found."""
    found = rows(KERAS._replace(channel_axis=axis, estimator_when=()))
    assert [row for row in found if row.status != AGREES] == [
        DriftRow(KERAS.id, "channel axis", str(axis), installed, status)
    ]
    assert {row.field for row in found} == _expected_fields(KERAS._replace(estimator_when=()))


def test_an_axis_that_is_wrong_is_not_that_of_the_mode() -> None:
    """Nor of a layer that must be told how many channels there are."""
    api = RIGHT.apis["torch.nn.BatchNorm2d"]
    found = rows(api._replace(channel_axis=-1))
    assert [row for row in found if row.status != AGREES] == [
        DriftRow(api.id, "channel axis", "-1", "-3", DIFFERS)
    ]
    assert {row.field for row in found} == _expected_fields(api)


@pytest.mark.parametrize(
    ("name", "rank"),
    [("keras2.layers.BatchNormalization", 4), ("torch.nn.BatchNorm1d", 3),
     ("torch.nn.BatchNorm3d", 5)],
)  # fmt: skip
def test_what_arguments_change_is_told_of_images(
    foretold: type[Foretold], name: str, rank: int
) -> None:
    """At the highest rank below 5 that was measured, or at the only one."""
    plain = RIGHT.apis[name]
    seen: dict[frozenset[str], set[int]] = {}

    def change(asked: Experiment, result: Result) -> Result:
        seen.setdefault(frozenset(asked.arguments), set()).add(np.ndim(asked.steps[0].input))
        return result

    changed(foretold, change)
    rows(plain)
    usual = max(seen, key=lambda names: len(seen[names]) - len(names))
    more = {key: ranks for key, ranks in seen.items() if key > usual}
    assert more
    assert all(ranks == {rank} for ranks in more.values())


def test_each_rank_is_tried_where_the_table_has_none(foretold: type[Foretold]) -> None:
    tried: set[int] = set()

    def change(asked: Experiment, result: Result) -> Result:
        tried.add(np.ndim(asked.steps[0].input))
        return result

    changed(foretold, change)
    found = rows(KERAS._replace(ranks="any"))
    assert tried == {2, 3, 4, 5}
    assert all(row.status != DIFFERS for row in found)


@pytest.mark.parametrize(
    ("apart", "installed"), [(0.0, "what the table says"), (9e-5, "what the table says"),
                             (2e-4, "0.0002 apart")],
)  # fmt: skip
def test_outputs_are_compared_within_rounding(
    foretold: type[Foretold], apart: float, installed: str
) -> None:
    """Relative to the largest value; one with gamma and beta is another."""
    api = RIGHT.norms.apis["torch.nn.GroupNorm"]
    frameworks = alone(RIGHT.apis["torch.nn.BatchNorm2d"])
    frameworks.norms = copy.copy(NONE)
    frameworks.norms.apis = {api.id: api}
    bare = False

    def change(asked: Experiment, result: Result) -> Result:
        if asked.path == foretold("torch")._key([{"path": alias} for alias in api.aliases]):
            (y,) = result.outputs
            first, second, *_ = asked.steps[0].input
            assert np.std(first) == pytest.approx(1.0, rel=0.1)  # and one at which eps shows
            assert np.std(second) == pytest.approx(0.01, rel=0.1)
            if bare:
                return oracle.run(api, asked._replace(plant={}))
            return Result([y + apart * np.abs(y).max()], [{}])
        return result

    changed(foretold, change)
    (row,) = (row for row in drift.check_installed(None, frameworks) if row.field == "output")
    assert (row.api, row.installed) == (api.aliases[0], installed)
    assert row.status == (DIFFERS if "apart" in installed else AGREES)
    bare = True
    (row,) = (row for row in drift.check_installed(None, frameworks) if row.field == "output")
    assert row.status == DIFFERS


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("keras3.layers.BatchNormalization", "call"), ("flax.linen.BatchNorm", "__call__"),
        ("paddle.nn.BatchNorm2D", "forward"), ("torch.nn.BatchNorm2d", "forward"),
        ("torch.nn.functional.batch_norm", None),
    ],
)  # fmt: skip
def test_the_method_that_a_call_runs_is_looked_at(
    foretold: type[Foretold], name: str, method: str | None
) -> None:
    """That of its own framework and no other, where the table has its signature."""
    asked = []
    ask = foretold.ask

    def noting(self: Foretold, request: Any) -> dict[str, Any]:
        asked.append(request.get("call"))
        return ask(self, request)

    foretold.ask = noting
    found = rows(RIGHT.apis[name])
    assert [call for call in asked if call] == ([method] if method else [])
    assert sum(row.field == "call signature" for row in found) == bool(method)
