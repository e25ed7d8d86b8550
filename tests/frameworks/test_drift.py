"""The tables agree with the frameworks that are installed, and drift would be seen."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from bnlint.confirm.drift import (
    AGREES,
    DIFFERS,
    NOT_CHECKED,
    NOT_INSTALLED,
    DriftRow,
    check_installed,
)
from bnlint.frameworks.records import Api, Parameter
from bnlint.frameworks.tables import Frameworks, catalogue

GROUPS = {
    "torch": ("torch",),
    "tensorflow": ("keras", "slim", "tensorflow"),
    "mindspore": ("mindspore",),
    "paddle": ("paddle",),
    "jax": ("equinox", "flax", "haiku", "nnx"),
}

#: What is compared by number of an API whose running statistics move.
NUMBERS = {
    "channel axis", "convention", "normalises with", "running update", "training statistics",
}  # fmt: skip


@cache
def rows_of(group: str) -> tuple[DriftRow, ...]:
    """Return the drift check of one group of tables; it is slow, so it runs once."""
    return tuple(check_installed(None, catalogue().load(GROUPS[group])))


def _marked(group: str, *values: str) -> Any:
    return pytest.param(group, *values, marks=getattr(pytest.mark, group))


def _installed_keras() -> Api:
    """Return the Keras layer that is installed: that of Keras 3, else that of Keras 2."""
    missing = {row.api for row in rows_of("tensorflow") if row.status == NOT_INSTALLED}
    apis = catalogue().load(GROUPS["tensorflow"]).apis
    names = ("keras3.layers.BatchNormalization", "keras2.layers.BatchNormalization")
    return next(apis[name] for name in names if name not in missing)


@pytest.mark.parametrize("group", [_marked(group) for group in GROUPS])
def test_no_installed_framework_differs_from_its_table(group: str) -> None:
    """A row says what the table has and what is installed."""
    assert [row for row in rows_of(group) if row.status == DIFFERS] == []


@pytest.mark.parametrize(
    ("group", "identity"),
    [
        _marked("torch", "torch.nn.BatchNorm1d"),
        _marked("torch", "torch.nn.BatchNorm2d"),
        _marked("torch", "torch.nn.BatchNorm3d"),
        _marked("torch", "torch.nn.LazyBatchNorm2d"),
        _marked("torch", "torch.nn.SyncBatchNorm"),
        _marked("torch", "torch.nn.functional.batch_norm"),
        _marked("tensorflow", "the installed Keras"),
        _marked("tensorflow", "tf.nn.fused_batch_norm"),
        _marked("mindspore", "mindspore.nn.BatchNorm1d"),
        _marked("mindspore", "mindspore.nn.BatchNorm2d"),
        _marked("mindspore", "mindspore.nn.BatchNorm3d"),
        _marked("mindspore", "mindspore.ops.batch_norm"),
        _marked("paddle", "paddle.nn.BatchNorm1D"),
        _marked("paddle", "paddle.nn.BatchNorm2D"),
        _marked("paddle", "paddle.nn.BatchNorm3D"),
        _marked("paddle", "paddle.nn.BatchNorm"),
        _marked("paddle", "paddle.nn.functional.batch_norm"),
        _marked("paddle", "paddle.static.nn.batch_norm"),
        _marked("jax", "flax.linen.BatchNorm"),
        _marked("jax", "flax.nnx.BatchNorm"),
        _marked("jax", "haiku.BatchNorm"),
        _marked("jax", "equinox.nn.BatchNorm"),
    ],
)
def test_an_installed_api_is_compared_in_every_respect(group: str, identity: str) -> None:
    """So that agreement is never for want of looking."""
    apis = catalogue().load(GROUPS[group]).apis
    api = _installed_keras() if identity == "the installed Keras" else apis[identity]
    agreed = {row.field for row in rows_of(group) if (row.api, row.status) == (api.id, AGREES)}
    ranks = api.ranks if isinstance(api.ranks, tuple) else (2, 3, 4, 5)
    assert agreed >= NUMBERS | {"signature"} | {f"estimator at rank {r}" for r in ranks}
    assert ("mode of a bare call" in agreed) == (api.default_mode != "required")
    assert ("call signature" in agreed) == (api.kind == "layer")


@pytest.mark.jax
def test_what_an_argument_changes_is_compared() -> None:
    """By a training step with each value that the table names."""
    fields = {row.field for row in rows_of("jax") if row.api == "equinox.nn.BatchNorm"}
    for mode in ("batch", "ema"):
        assert f"running update with mode='{mode}'" in fields
        assert f"training statistics with mode='{mode}'" in fields


@pytest.mark.tensorflow
def test_the_keywords_of_a_constructor_with_kwargs_are_tried() -> None:
    """Its signature does not tell what it takes."""
    fields = {row.field for row in rows_of("tensorflow") if row.api == _installed_keras().id}
    assert "extra keywords" in fields


def _alone(tampered: Mapping[str, Api], family: str) -> Frameworks:
    """Return a framework with the given entries in the place of its own."""
    frameworks = Frameworks(catalogue().tables, (family,))
    frameworks.apis = dict(tampered)
    frameworks.neighbours = {}
    frameworks.norms = Frameworks(catalogue().tables, ())
    return frameworks


def _tampered(api: Api, **fields: Any) -> dict[str, Api]:
    """Return one copy of ``api`` per field, each under the name of the field."""
    return {name: api._replace(id=name, **{name: value}) for name, value in fields.items()}


def _with_default(api: Api, name: str, default: object) -> tuple[Parameter, ...]:
    return tuple(p._replace(default=default) if p.name == name else p for p in api.signature)


@pytest.mark.torch
def test_tampering_with_a_table_is_seen() -> None:
    """Each entry below is wrong in one respect, and that respect alone differs."""
    right = catalogue().load(("torch",)).apis["torch.nn.BatchNorm2d"]
    wrong = _tampered(
        right,
        convention="old-weight",
        estimator="biased",
        normalises_with="unbiased",
        running_update="zero-debiased",
        training_statistics="running",
        default_mode="inference",
        channel_axis=-1,
        signature=_with_default(right, "eps", 1e-3),
        call_signature=(Parameter("x", "positional", True, None),),
        ranks=(4, 5),
        statistics={"argument": "track_running_stats", "always_batch": True},
    )
    order = (right.signature[0], right.signature[2], right.signature[1], *right.signature[3:])
    wrong["order"] = right._replace(id="order", signature=order)
    rows = check_installed(None, _alone({**wrong, "right": right}, "torch"))
    differing: dict[str, list[tuple[str, str, str]]] = {}
    for row in rows:
        assert row.status in (AGREES, DIFFERS), row
        if row.status == DIFFERS:
            differing.setdefault(row.api, []).append((row.field, row.table, row.installed))
    assert differing.pop("signature")[0][0] == differing.pop("order")[0][0] == "signature"
    assert differing.pop("ranks")[0][:2] == ("rank 5", "accepted")
    assert differing == {
        "convention": [("convention", "old-weight", "new-weight")],
        "estimator": [("estimator at rank 4", "biased", "unbiased")],
        "normalises_with": [("normalises with", "unbiased", "biased")],
        "running_update": [("running update", "zero-debiased", "ema")],
        "training_statistics": [("training statistics", "running", "batch")],
        "default_mode": [("mode of a bare call", "inference", "training")],
        "channel_axis": [("channel axis", "-1", "-3")],
        "call_signature": [("call signature", "(x)", "(input)")],
        "statistics": [("statistics with track_running_stats=True", "training", "inference")],
    }


@pytest.mark.torch
def test_tampering_with_a_layer_that_normalises_otherwise_is_seen() -> None:
    """Of these the signature is compared, as it is of neighbours, and the output."""
    frameworks = _alone({}, "torch")
    right = catalogue().load(("torch",)).norms.apis["torch.nn.LayerNorm"]
    wrong = right._replace(signature=_with_default(right, "eps", 1e-6))
    for differing, api in (
        ([], right),
        (["signature", "output"], wrong),
        (["output"], right._replace(place="outside")),
        (["output"], right._replace(norm="rms")),
        (["output"], right._replace(weight_offset=1.0)),
    ):
        frameworks.norms.apis = {api.id: api}
        rows = check_installed(None, frameworks)
        assert [(row.api, row.field, row.status) for row in rows] == [
            ("torch.nn.LayerNorm", field, DIFFERS if field in differing else AGREES)
            for field in ("signature", "output")
        ]
    frameworks.norms.apis = {right.id: right._replace(reduces="unknown")}
    (row,) = check_installed(None, frameworks)
    assert (row.field, row.status) == ("signature", AGREES)


@pytest.mark.tensorflow
def test_tampering_with_keywords_and_conditions_is_seen() -> None:
    """Keras hides both behind ``**kwargs``."""
    right = _installed_keras()
    wrong = _tampered(
        right,
        extra_keywords=right.extra_keywords - {"name"},
        estimator={str(rank): right.estimator_at(rank) for rank in (3, 4, 5)} | {"2": "unbiased"},
        estimator_when=({"argument": "dtype", "value": "float64", "estimator": "unbiased"},),
    )
    rows = check_installed(None, _alone(wrong, "keras"))
    differing = {(row.api, row.field) for row in rows if row.status == DIFFERS}
    assert differing == {
        ("extra_keywords", "extra keywords"),
        ("estimator", "estimator at rank 2"),
        ("estimator_when", "estimator with dtype='float64'"),
    }


@pytest.mark.torch
def test_what_the_table_calls_unknown_is_shown_but_not_judged() -> None:
    """The installed value stands there for whoever wants to fill the table in."""
    right = catalogue().load(("torch",)).apis["torch.nn.BatchNorm2d"]
    unknown = {"unknown": right._replace(id="unknown", estimator="unknown")}
    rows = check_installed(None, _alone(unknown, "torch"))
    assert [row for row in rows if row.status != AGREES] == [
        DriftRow("unknown", "estimator at rank 4", "unknown", "unbiased", NOT_CHECKED)
    ]


@pytest.mark.torch
def test_another_release_than_the_table_is_about_is_not_installed() -> None:
    """A range of versions says which release an entry describes."""
    right = catalogue().load(("torch",)).apis["torch.nn.BatchNorm2d"]
    found = ({"path": "torch.nn.BatchNorm2d", "module": "torch", "below": "1"},)
    rows = check_installed(None, _alone({"old": right._replace(installed=found)}, "torch"))
    assert [row.status for row in rows] == [NOT_INSTALLED]
    assert "not older than 1" in rows[0].installed


def test_a_framework_that_is_not_there_is_not_installed() -> None:
    """An API is looked for under each of its paths; the reason is that for the last."""
    right = catalogue().load(("torch",)).apis["torch.nn.BatchNorm2d"]
    gone = right._replace(framework=right.framework._replace(worker="no_such_worker"))
    frameworks = _alone({"gone": gone}, "torch")
    frameworks.frameworks = {"torch": gone.framework}
    (row,) = check_installed(None, frameworks)
    assert (row.api, row.status) == (gone.id, NOT_INSTALLED)


def test_an_interpreter_that_does_not_exist_is_reported_for_each_api() -> None:
    """Nothing is raised, and nothing is said to agree."""
    rows = check_installed("/no/such/python", catalogue().load(("slim",)))
    assert {row.status for row in rows} == {NOT_CHECKED}
    assert all("/no/such/python" in row.installed for row in rows)


def test_a_framework_without_a_worker_is_not_checked() -> None:
    """Its table is still listed."""
    right = catalogue().load(("torch",)).apis["torch.nn.BatchNorm2d"]
    framework = right.framework._replace(worker="")
    frameworks = _alone({"lonely": right._replace(framework=framework)}, "torch")
    frameworks.frameworks = {"torch": framework}
    (row,) = check_installed(None, frameworks)
    assert row.status == NOT_CHECKED
