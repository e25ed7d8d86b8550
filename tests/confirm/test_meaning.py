"""What arguments of layers mean for experiments with them, as their tables have it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bnlint.confirm import experiments, interpreters, measure, oracle
from bnlint.confirm.experiments import estimator, experiment, keep_of, state_names, update_of
from bnlint.confirm.interpreters import InterpreterError, named
from bnlint.confirm.meaning import Given, meaning_of, names_of, tracks
from bnlint.confirm.unsuitable import Unsuitable
from bnlint.confirm.workers import Experiment, RequestError, Result, Step
from bnlint.frameworks.records import UNKNOWN
from bnlint.frameworks.tables import catalogue
from bnlint.trial import OUTPUT, STATISTICS, Layer, Trial

FRAMEWORKS = catalogue().load(catalogue().families)
APIS = {**FRAMEWORKS.apis, **FRAMEWORKS.norms.apis}
KERAS2, TORCH = "keras2.layers.BatchNormalization", "torch.nn.BatchNorm2d"
MINDSPORE = "mindspore.nn.BatchNorm2d"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, "unbiased", id="as it is"),
        pytest.param({"fused": False}, "biased", id="a value of the table"),
        pytest.param({"fused": True}, "unbiased", id="another value"),
        pytest.param({"virtual_batch_size": 8}, "biased", id="an argument of any value"),
    ],
)
def test_an_argument_decides_the_estimator(given: dict[str, Any], expected: str) -> None:
    assert estimator(APIS[KERAS2], Layer(KERAS2, tuple(given.items())), 4) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, "ema"), ({"trainable": True}, "ema"), ({"trainable": False}, "none")],
)
def test_an_argument_decides_the_update(given: dict[str, Any], expected: str) -> None:
    assert update_of(APIS[KERAS2], Layer(KERAS2, tuple(given.items()))) == expected


@pytest.mark.parametrize(
    ("api", "given", "expected"),
    [
        (TORCH, {}, 0.9),
        (TORCH, {"momentum": 0.3}, 0.7),
        (TORCH, {"momentum": None}, None),
        (TORCH, {"momentum": True}, None),
        ("tf.nn.batch_normalization", {}, None),
    ],
)
def test_how_much_of_the_old_is_kept(
    api: str, given: dict[str, Any], expected: float | None
) -> None:
    kept = keep_of(APIS[api], Layer(api, tuple(given.items())))
    assert kept == (None if expected is None else pytest.approx(expected))


def test_two_arguments_that_say_two_things_of_the_estimator() -> None:
    api = APIS[KERAS2]
    for given, word in (({"renorm": True, "fused": False}, None), ({"fused": False}, "biased")):
        arguments = Given(api, given, {"training": True})
        if word is None:
            with pytest.raises(oracle.OracleError, match="estimator: unknown"):
                meaning_of(arguments, 4, "")
        else:
            assert meaning_of(arguments, 4, "").estimator == word


@pytest.mark.parametrize(
    ("given", "takes"),
    [
        pytest.param({"virtual_batch_size": None}, True, id="nothing"),
        pytest.param({"gamma_initializer": "ones"}, True, id="its default"),
        pytest.param({"fused": False}, True, id="a value of the table"),
        pytest.param({"fused": True}, False, id="another value"),
        pytest.param({"virtual_batch_size": 8}, False, id="any value"),
    ],
)
def test_what_is_not_known_to_change_nothing(given: dict[str, Any], takes: bool) -> None:
    if takes:
        assert Given(APIS[KERAS2], given).values == given
    else:
        with pytest.raises(oracle.OracleError, match="inert"):
            Given(APIS[KERAS2], given)


@pytest.mark.parametrize(
    ("api", "given", "expected"),
    [
        pytest.param(TORCH, {}, ("weight", "bias"), id="as it is"),
        pytest.param(TORCH, {"affine": False}, ("", ""), id="left out"),
        pytest.param(TORCH, {"affine": 0}, ("", ""), id="left out by a number"),
        pytest.param(MINDSPORE, {"affine": False}, ("gamma", "beta"), id="there, and not trained"),
        pytest.param(KERAS2, {"scale": False}, ("", "beta"), id="one of them"),
    ],
)
def test_which_parameters_there_are(
    api: str, given: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert names_of(Given(APIS[api], given))[:2] == expected


def test_a_number_leaves_parameters_out_of_an_experiment() -> None:
    trial = Trial(OUTPUT, Layer(TORCH), variances=(1.0, 2.0), affine=True, channels=2)
    for affine, planted in ((1, {"weight", "bias"}), (0, set())):
        layer = Layer(TORCH, (("affine", affine),))
        asked = experiment(APIS[TORCH], "", layer, trial)
        assert asked.plant.keys() - {"running_mean", "running_var"} == planted


def test_a_function_is_given_what_a_layer_has() -> None:
    api = "torch.nn.functional.batch_norm"
    assert state_names(APIS[api]) == {
        "running_mean": "running_mean", "running_var": "running_var",
        "weight": "weight", "bias": "bias",
    }  # fmt: skip


def test_what_keeps_no_statistics_has_none_to_compare() -> None:
    api = "keras3.layers.BatchNormalization"
    trial = Trial(STATISTICS, Layer(api), variances=(1.0,), channels=2)
    bare = APIS[api]._replace(
        statistics={"argument": "trainable", "always_batch": True, "drops_statistics": True}
    )
    with pytest.raises(Unsuitable, match="keeps no running statistics"):
        experiment(bare, "", Layer(api, (("trainable", True),)), trial)
    assert experiment(APIS[api], "", Layer(api), trial).observe == (
        "moving_mean",
        "moving_variance",
    )


@pytest.mark.parametrize(
    ("api", "given", "expected"),
    [
        ("torch.nn.InstanceNorm2d", {"track_running_stats": True}, True),
        ("torch.nn.InstanceNorm2d", {}, False),
        ("torch.nn.GroupNorm", {}, False),
    ],
)
def test_which_other_layers_track_statistics(
    api: str, given: dict[str, Any], expected: bool
) -> None:
    assert tracks(Given(APIS[api], given)) is expected


# ---------------------------------------------------------------------------------- the oracle


def run(api: str, x: Any, plant: dict[str, Any] | None = None, **given: Any) -> Result:
    steps = [Step(np.asarray(x), "training")]
    return oracle.run(APIS[api], Experiment("", APIS[api].kind, given, steps, plant or {}))


def test_planted_arrays_have_the_shape_of_the_layer() -> None:
    x = np.arange(8.0).reshape(2, 2, 2, 1)
    assert run(TORCH, x, {"weight": np.ones(2)}, num_features=2).outputs[0].shape == x.shape
    with pytest.raises(RequestError, match=r"weight has shape \(2,\), not \(3,\)"):
        run(TORCH, x, {"weight": np.ones(3)}, num_features=2)


@pytest.mark.parametrize("shape", [(0, 2, 2, 2), (2, 2, 0, 2)])
def test_a_batch_of_no_values_is_not_known(shape: tuple[int, ...]) -> None:
    with pytest.raises(oracle.OracleError, match="no value per channel"):
        run(TORCH, np.zeros(shape), num_features=2)


def test_no_channels_are_no_values() -> None:
    with pytest.raises(oracle.OracleError, match="no value per channel"):
        run(TORCH, np.zeros((2, 0, 2, 2)), num_features=0)


# ------------------------------------------------------------------------------ what is measured


def test_a_running_mean_of_another_shape_cannot_be_read() -> None:
    class Odd:
        def run(self, asked: Experiment) -> Result:
            wide = {name: np.zeros(7) for name in asked.observe}
            return Result([step.input for step in asked.steps], [wide, wide])

    with pytest.raises(RequestError, match=r"the running statistics have shape \(7,\)"):
        measure.training_steps(Odd(), "", APIS[TORCH], 4, {})  # type: ignore[arg-type]


def test_ranks_that_nobody_knows_are_no_obstacle_for_other_layers() -> None:
    api = APIS["torch.nn.LayerNorm"]
    x = np.random.default_rng(0).normal(1.0, 2.0, (2, 3, 4))
    asked = Experiment("", "layer", {"normalized_shape": [4]}, [Step(x)])
    expected = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    for ranks in ("any", UNKNOWN, (3,)):
        (y,) = oracle.run(api._replace(ranks=ranks), asked).outputs
        assert np.allclose(y, expected)
    with pytest.raises(oracle.RejectedError, match="takes no input of rank 3"):
        oracle.run(api._replace(ranks=(4,)), asked)


def test_a_size_that_must_be_given_is_missed() -> None:
    x = np.zeros((2, 4, 3))
    with pytest.raises(oracle.RejectedError, match="num_groups is missing"):
        oracle.run(
            APIS["torch.nn.GroupNorm"], Experiment("", "layer", {"num_channels": 4}, [Step(x)])
        )


def test_batches_that_nobody_names_are_of_one_channel_at_least() -> None:
    trial = Trial(OUTPUT, Layer(TORCH), variances=(1.0,), channels=0)
    (x,) = experiments.batches(trial)
    assert x.shape[1] == 1


@pytest.mark.parametrize("missing", ["size", "alpha", "beta", "k"])
def test_a_response_has_numbers(missing: str) -> None:
    """x / (k + alpha / size * the sum of the squares of ``size`` channels) ** beta."""
    api = APIS["torch.nn.LocalResponseNorm"]
    x = np.arange(1.0, 7.0).reshape(1, 3, 2)
    given: dict[str, Any] = {"size": 1, "alpha": 0.5, "beta": 2.0, "k": 3.0}
    (y,) = oracle.run(api, Experiment("", "layer", given, [Step(x)])).outputs
    assert np.allclose(y, x / (3.0 + 0.5 * x * x) ** 2)
    with pytest.raises(oracle.RejectedError, match="no response"):
        oracle.run(api, Experiment("", "layer", {**given, missing: None}, [Step(x)]))


@pytest.mark.parametrize(
    ("axis", "why"),
    [
        pytest.param(-1, None, id="the last"),
        pytest.param(2, None, id="the last from the beginning"),
        pytest.param(-2, "takes no begin_norm_axis below -1", id="one that it refuses"),
    ],
)
def test_an_axis_that_a_framework_refuses(axis: int, why: str | None) -> None:
    api = APIS["mindspore.nn.LayerNorm"]._replace(ranks="any")
    x = np.random.default_rng(0).normal(1.0, 2.0, (2, 3, 4))
    given = {"normalized_shape": [4], "begin_norm_axis": axis, "begin_params_axis": axis}
    asked = Experiment("", "layer", given, [Step(x)])
    if why is None:
        (y,) = oracle.run(api, asked).outputs
        assert np.allclose(y.mean(-1), 0.0)
    else:
        with pytest.raises(oracle.RejectedError, match=why):
            oracle.run(api, asked)


def test_no_eps_is_no_number_unless_the_table_has_one_for_it() -> None:
    x = np.random.default_rng(0).normal(1.0, 2.0, (2, 4, 3))
    none = {"num_groups": 2, "num_channels": 4, "eps": None}
    with pytest.raises(oracle.RejectedError, match="eps=None is no number"):
        oracle.run(APIS["torch.nn.GroupNorm"], Experiment("", "layer", none, [Step(x)]))


def test_an_instance_norm_that_tracks_is_run_in_its_mode() -> None:
    api = "torch.nn.InstanceNorm2d"
    tracking = (("num_features", 4), ("track_running_stats", True))
    trial = Trial(OUTPUT, Layer(api), variances=(1.0,), channels=4)
    for mode, planted in (("inference", {"running_mean", "running_var"}), ("training", set())):
        asked = experiment(APIS[api], "", Layer(api, tracking, mode), trial)
        assert asked.steps[0].mode == (mode if planted else "")
        assert asked.plant.keys() == planted


# ------------------------------------------------------------------------------- interpreters


def test_a_name_on_the_path_may_stand_for_an_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "python-of-mine"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert named(["torch=python-of-mine"]) == {"torch": str(program)}
    given = {"BNLINT_INTERPRETERS": "keras=python-of-mine"}
    monkeypatch.setattr(interpreters, "user_configuration", lambda: "config.toml")
    assert interpreters.interpreters((), given) == {"keras": str(program)}


@pytest.mark.parametrize(
    ("pair", "why"),
    [
        ("torch=no-such-python", "torch: there is no such program"),
        ("fortran=python", "unknown framework fortran"),
    ],
)
def test_interpreters_that_there_are_not(pair: str, why: str) -> None:
    with pytest.raises(InterpreterError, match=why.replace("torch: ", "no-such-python: ")):
        named([pair])


def test_a_configuration_of_the_folder_at_hand_names_no_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config.toml").write_text('[interpreters]\ntorch = "python"\n')
    monkeypatch.setattr(interpreters, "user_configuration", lambda: "config.toml")
    assert interpreters.interpreters((), {}) == {}


@pytest.mark.skipif(os.name == "nt", reason="it is so there")
def test_windows_would_look_into_the_folder_at_hand_first(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue()
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", "nt")
        with pytest.raises(InterpreterError, match="python: expected a path"):
            named(["torch=python"])
