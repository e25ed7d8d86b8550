"""What the oracle makes of the calls of one experiment, step by step, computed by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bnlint.confirm import oracle
from bnlint.confirm.meaning import OracleError, RejectedError
from bnlint.confirm.workers import Experiment, RequestError, Result, Step
from bnlint.frameworks.records import UNKNOWN, Api
from bnlint.frameworks.tables import catalogue

FRAMEWORKS = catalogue().load(catalogue().families)
APIS = {**FRAMEWORKS.apis, **FRAMEWORKS.norms.apis}
TORCH, KERAS = APIS["torch.nn.BatchNorm1d"], APIS["keras3.layers.BatchNormalization"]
FUNCTION, HAIKU = APIS["torch.nn.functional.batch_norm"], APIS["haiku.BatchNorm"]
MINDSPORE = APIS["mindspore.nn.BatchNorm1d"]

STATE = ("running_mean", "running_var")

#: One channel: mean 1 and variance 1 over n, 4 and 9, 0 and 4.
A, B, C = np.array([[0.0], [2.0]]), np.array([[1.0], [7.0]]), np.array([[-2.0], [2.0]])


def run(api: Api, *steps: Step, observe: Any = None, plant: Any = None, **given: Any) -> Result:
    names = api.state["statistics"] if observe is None else observe
    return oracle.run(api, Experiment("", api.kind, given, steps, plant or {}, names, ""))


def numbers(result: Result, name: str) -> list[float]:
    return [round(float(state[name].item()), 6) for state in result.states]


def test_a_mode_lasts_until_it_is_switched() -> None:
    """The unbiased variances are 2 and 18: half of the old and half of the new."""
    found = run(
        TORCH, Step(A, "training"), Step(B), Step(A, "inference"), Step(B), Step(A, "training"),
        num_features=1, momentum=0.5, eps=0.0,
    )  # fmt: skip
    assert numbers(found, "running_mean") == [0.5, 2.25, 2.25, 2.25, 1.625]
    assert numbers(found, "running_var") == [1.5, 9.75, 9.75, 9.75, 5.875]
    assert np.allclose(found.outputs[1], [[-1.0], [1.0]])
    assert np.allclose(found.outputs[3], (B - 2.25) / np.sqrt(9.75))
    assert np.allclose(found.outputs[4], [[-1.0], [1.0]])


def test_each_call_has_its_own_arguments() -> None:
    steps = [Step(x, "", {"training": flag}) for x, flag in ((A, True), (B, False), (C, True))]
    found = run(KERAS, *steps, momentum=0.5, epsilon=1.0)
    assert numbers(found, "moving_mean") == [0.5, 0.5, 0.25]
    assert numbers(found, "moving_variance") == [1.0, 1.0, 2.5]
    assert np.allclose(found.outputs[1], (B - 0.5) / np.sqrt(2.0))
    assert np.allclose(found.outputs[2], C / np.sqrt(5.0))


def test_states_are_kept_as_they_were() -> None:
    found = run(TORCH, Step(A, "training"), Step(B), num_features=1, observe=(*STATE, "weight"))
    first, second = found.states
    assert list(first) == list(second) == [*STATE, "weight"]
    first["weight"][0] = 7.0
    assert second["weight"].tolist() == [1.0]


def test_the_cumulative_average_counts_from_what_is_planted() -> None:
    """A layer that has seen three batches gives the fourth a quarter."""
    names = (*STATE, "num_batches_tracked")
    found = run(
        TORCH, Step(A, "training"), Step(B), num_features=1, momentum=None, observe=names,
        plant={"num_batches_tracked": np.array(3.0), "running_mean": np.array([5.0])},
    )  # fmt: skip
    assert numbers(found, "num_batches_tracked") == [4.0, 5.0]
    assert numbers(found, "running_mean") == [4.0, 4.0]
    plain = run(TORCH, Step(A, "training"), Step(B), num_features=1, momentum=None, observe=names)
    assert numbers(plain, "running_mean") == [1.0, 2.5]
    assert numbers(plain, "running_var") == [2.0, 10.0]


def test_without_a_counter_steps_are_counted() -> None:
    api = TORCH._replace(state={**TORCH.state, "counter": ()})
    found = run(api, Step(A, "training"), Step(B), num_features=1, momentum=None)
    assert numbers(found, "running_mean") == [1.0, 2.5]


def test_a_layer_starts_where_its_table_says() -> None:
    inference = Step(A, "", {"is_training": False})
    arguments = {"create_scale": False, "create_offset": False, "eps": 1.0}
    for keep in (0.0, 0.5):
        found = run(HAIKU, inference, decay_rate=keep, **arguments)
        assert np.allclose(found.outputs[0], (A - 1.0) / np.sqrt(2.0))
    for start, variance in ({"variance": 3.0}, 3.0), ({"variance": "1-eps"}, 0.75), ({}, 1.0):
        api = TORCH._replace(initial_statistics=start)
        found = run(api, Step(A, "inference"), num_features=1, eps=0.25)
        assert numbers(found, "running_var") == [variance]
        assert np.allclose(found.outputs[0], A / np.sqrt(variance + 0.25))
    api = TORCH._replace(initial_statistics={"mean": 2.0})
    assert numbers(run(api, Step(A, "inference"), num_features=1), "running_mean") == [2.0]
    with pytest.raises(OracleError, match="initial_statistics"):
        run(TORCH._replace(initial_statistics={"variance": UNKNOWN}), Step(A), num_features=1)


@pytest.mark.parametrize(("mode", "start"), [("ema", 0.0), ("batch", 1.0)])
def test_an_argument_may_say_where_it_starts(mode: str, start: float) -> None:
    found = run(
        APIS["equinox.nn.BatchNorm"], Step(A, "", {"inference": True}), input_size=1,
        axis_name="batch", mode=mode,
    )  # fmt: skip
    assert numbers(found, APIS["equinox.nn.BatchNorm"].state["statistics"][1]) == [start]


def test_sizes_are_those_that_are_told_or_those_of_the_input() -> None:
    with pytest.raises(RejectedError, match=r"weight has shape \(3,\), the input wants \(1,\)"):
        run(TORCH, Step(A), num_features=3)
    assert run(KERAS, Step(A), observe=("gamma",)).states[0]["gamma"].shape == (1,)


def test_what_has_no_default_and_is_not_planted_is_missing() -> None:
    with pytest.raises(RejectedError, match=r"^torch.nn.BatchNorm1d: num_features is missing$"):
        run(TORCH, Step(A))
    mean = {"running_mean": np.zeros(1)}
    with pytest.raises(RejectedError, match="running_var is missing"):
        run(FUNCTION, Step(A), plant=mean, observe=())
    asked = Experiment("", "functional", {}, [Step(A)], {**mean, "running_var": np.ones(1)})
    assert np.allclose(oracle.run(FUNCTION, asked).outputs[0], A / np.sqrt(1 + 1e-5))


def test_a_function_is_run_with_the_arrays_it_is_given() -> None:
    arrays = {"running_mean": np.array([2.0]), "running_var": np.array([0.0])}
    more = {"weight": np.array([3.0]), "bias": np.array([5.0])}
    inference = run(FUNCTION, Step(A), plant=arrays, eps=4.0, observe=STATE)
    assert np.allclose(inference.outputs[0], (A - 2.0) / 2.0)
    assert numbers(inference, "running_mean") == [2.0]
    step = Step(A, "", {"training": True})
    found = run(FUNCTION, step, plant={**arrays, **more}, eps=3.0, momentum=0.5, observe=STATE)
    assert np.allclose(found.outputs[0], (A - 1.0) / 2.0 * 3.0 + 5.0)
    assert numbers(found, "running_mean") == [1.5]
    assert numbers(found, "running_var") == [1.0]
    with pytest.raises(RejectedError, match="has no 'weight'"):
        run(FUNCTION, step, plant=arrays, observe=("weight",))


@pytest.mark.parametrize("name", ["weight", "bias", *STATE])
def test_every_array_must_fit(name: str) -> None:
    plant = {key: np.ones(1) for key in (*STATE, "weight", "bias")}
    assert run(FUNCTION, Step(A), plant=plant, observe=()).outputs
    with pytest.raises(RejectedError, match=rf"{name} has shape \(2,\), the input wants \(1,\)"):
        run(FUNCTION, Step(A), plant={**plant, name: np.ones(2)}, observe=())


@pytest.mark.parametrize(
    ("word", "mode", "output"),
    [
        ("raises", "training", None), ("raises", "inference", 2.0),
        ("identity", "training", 2.0), ("identity", "inference", 2.0),
        ("zero-variance", "training", 0.0), ("zero-variance", "inference", 2.0),
        ("nan-variance", "training", 0.0), (UNKNOWN, "training", None),
        (UNKNOWN, "inference", 2.0),
    ],
)  # fmt: skip
def test_one_value_is_no_batch(word: str, mode: str, output: float | None) -> None:
    api = TORCH._replace(single_value=word)
    if output is None:
        with pytest.raises(OracleError) as caught:
            run(api, Step(A[1:], mode), num_features=1, eps=0.0)
        assert isinstance(caught.value, RequestError) is (word == "raises")
        return
    found = run(api, Step(A[1:], mode), num_features=1, eps=1e-12)
    assert np.allclose(found.outputs[0], output)
    moved = mode == "training" and word != "identity"
    assert (numbers(found, "running_mean") == [0.2]) is moved


def test_the_variance_that_normalises_may_be_the_unbiased_one() -> None:
    api = TORCH._replace(normalises_with="unbiased")
    found = run(api, Step(A, "training"), num_features=1, eps=0.0)
    assert np.allclose(found.outputs[0], (A - 1.0) / np.sqrt(2.0))
    assert numbers(found, "running_mean") == [0.1]


def test_an_update_by_a_rule_that_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(OracleError, match=r"^torch.nn.BatchNorm1d: running_update: other$"):
        run(TORCH._replace(running_update="other"), Step(A, "training"), num_features=1)


def test_statistics_of_the_batch_move_in_inference_where_the_table_says_so() -> None:
    arguments = {"num_features": 1, "momentum": 0.5, "eps": 0.0, "use_batch_statistics": True}
    found = run(MINDSPORE, Step(A, "inference"), **arguments)
    assert np.allclose(found.outputs[0], [[-1.0], [1.0]])
    assert numbers(found, "moving_mean") == [0.5]


def test_examples_are_normalised_by_themselves_and_their_statistics_averaged() -> None:
    """Two examples of one channel: means 1 and 4, unbiased variances 2 and 18."""
    x = np.stack([A.T, B.T])
    api = APIS["torch.nn.InstanceNorm1d"]
    arguments = {"num_features": 1, "eps": 0.0, "momentum": 0.5, "track_running_stats": True}
    found = run(api, Step(x, "training"), Step(x, "inference"), **arguments)
    assert np.allclose(found.outputs[0], [[[-1.0, 1.0]]] * 2)
    assert numbers(found, "running_mean") == [1.25, 1.25]
    assert numbers(found, "running_var") == [5.5, 5.5]
    assert np.allclose(found.outputs[1], (x - 1.25) / np.sqrt(5.5))
    plain = run(api, Step(x, "inference"), observe=(), num_features=1, eps=0.0)
    assert np.allclose(plain.outputs[0], [[[-1.0, 1.0]]] * 2)


@pytest.mark.filterwarnings("error")
def test_a_rule_that_divides_by_nothing_gives_no_number() -> None:
    found = run(
        HAIKU, Step(A, "", {"is_training": True}), create_scale=False, create_offset=False,
        decay_rate=1.0,
    )  # fmt: skip
    assert all(np.isnan(value).all() for state in found.states for value in state.values())


def test_what_has_no_convention_updates_nothing() -> None:
    api = TORCH._replace(convention="none")
    found = run(api, Step(A, "training"), num_features=1, momentum=0.5, eps=0.0)
    assert numbers(found, "running_mean") == [0.0]
    assert numbers(found, "running_var") == [1.0]
    assert np.allclose(found.outputs[0], [[-1.0], [1.0]])
