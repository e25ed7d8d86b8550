"""What figures say together, and what is run to get them."""

from __future__ import annotations

import numpy as np
import pytest
from bench import Bench, findings_of

from bnlint.confirm.pool import Installed, NotRun
from bnlint.confirm.verdicts import (
    COUNTS,
    GONE,
    HIGHEST_FLOOR,
    SMALLEST_FLOOR,
    Laboratory,
    verdict,
    without_refuted,
)
from bnlint.confirm.workers import Experiment, Result
from bnlint.finding import Confirmation
from bnlint.frameworks.records import Api
from bnlint.trial import (
    INFERENCE,
    OUTPUT,
    SMALL_VARIANCES,
    STATISTICS,
    TRAINING,
    Layer,
    Trial,
)

TORCH, KERAS, MINDSPORE = (
    "torch.nn.BatchNorm2d",
    "keras3.layers.BatchNormalization",
    "mindspore.mint.nn.BatchNorm2d",
)
EPS = Trial(
    OUTPUT,
    Layer(TORCH, (), INFERENCE),
    Layer(KERAS, (), INFERENCE),
    Layer(TORCH, (("eps", 1e-3),), INFERENCE),
    SMALL_VARIANCES,
    about="output in inference",
)
MOMENTUM = Trial(
    STATISTICS,
    Layer(TORCH, (("momentum", 0.99),), TRAINING),
    Layer(KERAS, (), TRAINING),
    Layer(TORCH, (("momentum", 0.01),), TRAINING),
    about="running statistics",
)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(COUNTS * 1e-7 * 1.01, GONE * 1e-7 * 0.99, "confirmed", id="there, then gone"),
        pytest.param(1.0, None, "confirmed", id="there, and no fix to build"),
        pytest.param(float("inf"), 0.0, "confirmed", id="no number before"),
        pytest.param(GONE * 1e-7 * 0.99, 1.0, "refuted", id="never there"),
        pytest.param(0.0, None, "refuted", id="nothing at all"),
        pytest.param(COUNTS * 1e-7 * 0.99, 0.0, "inconclusive", id="too small to count"),
        pytest.param(1.0, GONE * 1e-7 * 1.01, "inconclusive", id="still there after the fix"),
    ],
)
def test_verdict(before: float, after: float | None, expected: str) -> None:
    assert verdict(before, after, 1e-7) == expected


def test_a_framework_that_does_not_follow_its_table_proves_nothing() -> None:
    assert verdict(0.0, None, HIGHEST_FLOOR * 2) == "inconclusive"
    assert verdict(1.0, 0.0, HIGHEST_FLOOR * 2) == "inconclusive"


@pytest.mark.parametrize(
    ("families", "expected", "device"),
    [
        pytest.param(("torch", "keras"), "confirmed", "cpu", id="both are run"),
        pytest.param(("torch",), "confirmed", "cpu", id="the oracle is the reference"),
        pytest.param(("keras",), "confirmed", "cpu", id="the oracle is the port"),
        pytest.param((), "predicted", "", id="nothing is run"),
    ],
)
def test_oracle_takes_the_place_of_what_is_missing(
    families: tuple[str, ...], expected: str, device: str
) -> None:
    found = Laboratory(Bench(*families)).judge(EPS, "cpu")
    assert (found.verdict, found.device) == (expected, device)
    assert found.floor == SMALLEST_FLOOR
    for family, title, side in (
        ("torch", "PyTorch", found.port),
        ("keras", "Keras", found.reference),
    ):
        has = f"{title} 0.0"
        assert side == (
            has
            if family in families
            else f"bnlint's own computation for {title} (not on the bench)"
        )
    assert bool(found.reason) == (expected == "predicted")


def test_tables_alone_refute_nothing() -> None:
    """A finding must not disappear because the tables that gave it see no difference."""
    same = EPS._replace(port=Layer(TORCH, (("eps", 1e-3),), INFERENCE))
    assert Laboratory(Bench()).judge(same, "cpu").verdict == "inconclusive"
    assert Laboratory(Bench("torch")).judge(same, "cpu").verdict == "refuted"


def test_the_difference_is_that_of_the_formula() -> None:
    """At variance 1e-4 an output is 1/sqrt(1e-4 + eps) times its input, less the mean."""
    found = Laboratory(Bench("torch", "keras")).judge(EPS, "cpu")
    assert found.before == pytest.approx(np.sqrt(11 / 1.1) - 1, rel=1e-6)
    assert found.after is not None
    assert found.after < 1e-12


def test_the_estimator_is_named_and_left_out() -> None:
    """PyTorch divides by n - 1 and Keras by n: no argument changes that."""
    found = Laboratory(Bench("torch", "keras")).judge(MOMENTUM, "cpu")
    assert found.verdict == "confirmed"
    assert found.after is not None
    assert found.after < 1e-12
    assert "n/(n-1)" in found.remainder
    same = MOMENTUM._replace(reference=Layer(MINDSPORE, (), TRAINING))
    assert Laboratory(Bench("torch")).judge(same, "cpu").remainder == ""


def test_statistics_that_stand_still_are_not_corrected() -> None:
    """They are of no estimator: the two are as they started, and nothing is left out."""
    still = Layer(KERAS, (("trainable", False),), TRAINING)
    moving, stopped = (Layer(TORCH, (), mode) for mode in (TRAINING, INFERENCE))
    freeze = Trial(STATISTICS, moving, still, stopped)
    found = Laboratory(Bench("torch", "keras")).judge(freeze, "cpu")
    assert (found.verdict, found.after, found.remainder) == ("confirmed", 0, "")
    turned = Trial(STATISTICS, still, moving, Layer(KERAS, (("momentum", 0.9),), TRAINING))
    found = Laboratory(Bench("torch", "keras")).judge(turned, "cpu")
    assert found.verdict == "confirmed"
    assert "n/(n-1)" in found.remainder


@pytest.mark.parametrize(
    ("port", "reference"),
    [
        pytest.param((TORCH, 0.6), (KERAS, 0.4), id="the same decay in two conventions"),
        pytest.param((KERAS, 0.3), (KERAS, 0.3), id="the same layer"),
    ],
)
def test_right_code_is_refuted(port: tuple[str, float], reference: tuple[str, float]) -> None:
    sides = [Layer(api, (("momentum", m),), TRAINING) for api, m in (port, reference)]
    trial = MOMENTUM._replace(port=sides[0], reference=sides[1], fixed=None)
    assert Laboratory(Bench("torch", "keras")).judge(trial, "cpu").verdict == "refuted"


def test_five_hundred_findings_of_three_settings_are_three_experiments() -> None:
    """Three ports, three fixed ones, three references: each is run once."""
    momenta = (0.99, 0.999, 0.9)
    lines = [f"    nn.BatchNorm2d({c}, momentum={momenta[c % 3]})," for c in range(1, 501)]
    text = "import torch.nn as nn\n\nlayers = [\n" + "\n".join(lines) + "\n]\n"
    findings = findings_of(text, code="BN101")
    assert len(findings) == 500
    assert len({finding.trial for finding in findings}) == 3
    bench = Bench("torch", "keras")
    confirmed = Laboratory(bench).confirm(findings)
    assert [f.confirmation.verdict for f in confirmed if f.confirmation] == ["confirmed"] * 500
    asked = [(api.id, str(experiment.arguments)) for api, experiment, _ in bench.ran]
    assert len(asked) == len(set(asked)) == 9


def test_what_fails_costs_the_experiments_that_need_it() -> None:
    laboratory = Laboratory(Bench("torch", "keras", fails="keras"))
    lost = laboratory.judge(EPS, "cpu")
    assert (lost.verdict, lost.reason) == ("not run", "Keras: out of luck")
    alone = EPS._replace(reference=None)
    assert laboratory.judge(alone, "cpu").verdict == "confirmed"


@pytest.mark.parametrize(
    ("wish", "gpus", "devices", "reference"),
    [
        pytest.param("auto", (), ["cpu"], "Keras 0.0", id="auto, none"),
        pytest.param("auto", ("torch",), ["cuda"], "Keras 0.0 on cpu", id="auto, the port's"),
        pytest.param("auto", ("torch", "keras"), ["cuda"], "Keras 0.0", id="auto, both"),
        pytest.param("cpu", ("torch", "keras"), ["cpu"], "Keras 0.0", id="cpu"),
        pytest.param("cuda", ("torch",), ["cuda"], "Keras 0.0 on cpu", id="cuda"),
        pytest.param("all", ("torch",), ["cpu", "cuda"], "Keras 0.0", id="all"),
    ],
)
def test_devices(wish: str, gpus: tuple[str, ...], devices: list[str], reference: str) -> None:
    [finding] = findings_of("import torch.nn as nn\n\nbn = nn.BatchNorm2d(4)\n", "keras", "BN103")
    bench = Bench("torch", "keras", gpus=gpus)
    [done] = Laboratory(bench, wish).confirm([finding])
    found = done.confirmation
    assert found is not None
    outcomes = (found, *found.others)
    assert [outcome.device for outcome in outcomes] == devices
    assert {outcome.verdict for outcome in outcomes} == {"confirmed"}
    assert found.reference == reference
    assert {device for api, _, device in bench.ran if api.id == TORCH} == set(devices)


def test_a_device_that_is_not_there() -> None:
    found = Laboratory(Bench("torch", "keras", gpus=("keras",)), "cuda").judge(EPS, "cuda")
    assert (found.verdict, found.reason) == ("not run", "PyTorch sees no cuda here")


def test_only_the_refuted_are_left_out() -> None:
    [finding] = findings_of("import torch.nn as nn\n\nbn = nn.BatchNorm2d(4, momentum=0.99)\n")
    outcomes = ("confirmed", "predicted", "refuted", "inconclusive", "not run")
    findings = [finding._replace(confirmation=Confirmation(name)) for name in outcomes]
    findings.append(finding._replace(confirmation=None))
    kept = [f.confirmation.verdict if f.confirmation else "" for f in without_refuted(findings)]
    assert kept == ["confirmed", "predicted", "inconclusive", "not run", ""]


FLOOR = 2.0**-20


@pytest.mark.parametrize(
    ("before", "after", "floor", "expected"),
    [
        (50 * FLOOR, None, FLOOR, "inconclusive"), (51 * FLOOR, None, FLOOR, "confirmed"),
        (5 * FLOOR, None, FLOOR, "inconclusive"), (4 * FLOOR, None, FLOOR, "refuted"),
        (1.0, 5 * FLOOR, FLOOR, "inconclusive"), (1.0, 4 * FLOOR, FLOOR, "confirmed"),
        (1.0, 0.0, 1e-4, "confirmed"), (1.0, 0.0, 1.1e-4, "inconclusive"),
    ],
)  # fmt: skip
def test_bounds_are_those_of_the_documentation(
    before: float, after: float | None, floor: float, expected: str
) -> None:
    assert verdict(before, after, floor) == expected


class Mute(Bench):
    """A bench whose workers give no answer."""

    def find(self, api: Api) -> Installed | None:
        raise NotRun("it died")


@pytest.mark.parametrize("wish", ["auto", "all"])
def test_what_gives_no_answer_has_the_device_that_there_always_is(wish: str) -> None:
    laboratory = Laboratory(Mute("torch", gpus=("torch",)), wish)
    assert laboratory.devices(EPS) == ("cpu",)
    assert laboratory.judge(EPS, "cpu").reason == "it died"
    assert Laboratory(Bench("keras", gpus=("torch",)), wish).devices(EPS) == ("cpu",)
    assert Laboratory(Mute("torch"), "mps").devices(EPS) == ("mps",)


@pytest.mark.parametrize(
    ("gpus", "place"), [(("torch", "keras"), "port"), (("keras",), "reference")]
)
def test_only_the_reference_may_run_elsewhere(gpus: tuple[str, ...], place: str) -> None:
    bench = Bench("torch", "keras", gpus=gpus)
    found = Laboratory(bench, "cuda").judge(EPS, "cuda")
    if place == "port":
        assert [(api.id, device) for api, _, device in bench.ran] == [
            (TORCH, "cuda"), (KERAS, "cuda"), (TORCH, "cuda"),
        ]  # fmt: skip
        fix = EPS._replace(fixed=EPS.fixed and EPS.fixed._replace(api=MINDSPORE))
        assert Laboratory(bench, "cuda").judge(fix, "cuda").verdict == "confirmed"
        without = Bench("torch", "keras", "mindspore", gpus=gpus)
        lost = Laboratory(without, "cuda").judge(fix, "cuda")
        assert (lost.verdict, lost.reason) == ("not run", "MindSpore sees no cuda here")
    else:
        assert (found.verdict, found.reason) == ("not run", "PyTorch sees no cuda here")
        assert found.device == "cuda"
        assert found.about == EPS.about
        without = Laboratory(bench, "cuda").judge(EPS._replace(fixed=None), "cuda")
        assert without.reason == "PyTorch sees no cuda here"


def test_each_step_of_the_way_is_told() -> None:
    """How many findings are done, and how many layers were run."""
    [finding] = findings_of("import torch.nn as nn\n\nbn = nn.BatchNorm2d(4, momentum=0.99)\n")
    plain = finding._replace(trial=None)
    seen: list[int] = []
    ran: list[int] = []
    laboratory = Laboratory(Bench("torch", "keras"), ran=ran.append)
    done = laboratory.confirm([plain, finding, finding], seen.append)
    assert seen == [1, 2, 3]
    assert [found.confirmation is None for found in done] == [True, False, False]
    assert ran == [*range(1, laboratory.runs + 1)] != []
    assert laboratory.runs == len(laboratory.pool.ran)


def test_what_is_left_out_is_told_of_either_difference() -> None:
    """The rule of the update too, whatever the estimator; with both, one after the other."""
    haiku = Layer("haiku.BatchNorm", (("decay_rate", 0.9),), TRAINING)
    keras = Layer(KERAS, (("momentum", 0.9),), TRAINING)
    torch = Layer(TORCH, (("momentum", 0.9),), TRAINING)
    laboratory = Laboratory(Bench("torch", "keras", "haiku"))
    rules = (
        "the first steps differ whatever the momentum: Keras updates by the rule ema, "
        "Haiku by zero-debiased"
    )
    estimators = (
        "PyTorch keeps the unbiased variance, Haiku the biased: a factor n/(n-1), left out here; "
    )
    assert laboratory.judge(Trial(STATISTICS, keras, haiku), "cpu").remainder == rules
    both = laboratory.judge(Trial(STATISTICS, torch, haiku), "cpu")
    assert both.remainder == estimators + rules.replace("Keras", "PyTorch")
    # Of the fix, where the port differs in neither.
    fixed = Trial(STATISTICS, keras, Layer(KERAS, (), TRAINING), haiku)
    turned = "updates by the rule zero-debiased, Keras by ema"
    assert laboratory.judge(fixed, "cpu").remainder.endswith(turned)
    assert laboratory.judge(Trial(OUTPUT, torch, keras), "cpu").remainder == ""


def test_a_side_is_run_once_whatever_it_is_compared_with() -> None:
    bench = Bench("torch", "keras")
    laboratory = Laboratory(bench)
    first = laboratory.judge(EPS, "cpu")
    assert len(bench.ran) == 3
    assert laboratory.judge(EPS, "cpu") is first
    laboratory.judge(EPS._replace(about="another", fixed=None), "cpu")
    assert len(bench.ran) == 3
    laboratory.judge(EPS._replace(channels=5), "cpu")
    assert len(bench.ran) == 6


def test_what_fails_fails_once() -> None:
    class Counting(Bench):
        tries = 0

        def run(self, api: Api, experiment: Experiment, device: str) -> Result:
            self.tries += 1
            raise NotRun("out of luck")

    bench = Counting("torch")
    laboratory = Laboratory(bench)
    for about in ("one", "other"):
        assert laboratory.judge(EPS._replace(about=about), "cpu").reason == "out of luck"
    assert bench.tries == 1


@pytest.mark.parametrize(
    ("result", "says"),
    [
        (Result([], [{}]), "PyTorch 0.0 gave something else than arrays: list index out of range"),
        (Result(["text"], [{}]), "PyTorch 0.0 gave something else than arrays: could not"),
    ],
)
def test_what_gives_no_arrays_is_named(result: Result, says: str) -> None:
    class Odd(Bench):
        def run(self, api: Api, experiment: Experiment, device: str) -> Result:
            return result

    found = Laboratory(Odd("torch")).judge(EPS, "cpu")
    assert found.verdict == "not run"
    assert found.reason.startswith(says)


def test_a_crash_of_its_own_is_told_and_costs_one_experiment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("a bug")

    laboratory = Laboratory(Bench("torch"))
    monkeypatch.setattr(laboratory, "_floor", crash)
    found = laboratory.judge(EPS, "cpu")
    assert (found.verdict, found.about, found.device) == ("not run", EPS.about, "cpu")
    assert "the experiment" in found.reason
    assert "a bug" in found.reason


def test_the_result_of_a_side_can_be_had_by_itself() -> None:
    bench = Bench("torch", gpus=("torch",))
    laboratory = Laboratory(bench)
    found, runner = laboratory.result(MOMENTUM, MOMENTUM.port, 7)
    assert (len(found.states), runner) == (7, "PyTorch 0.0")
    assert [device for _, _, device in bench.ran] == ["cpu"]
    told, runner = laboratory.result(MOMENTUM, Layer(KERAS, (), TRAINING), 7)
    assert (len(told.states), runner) == (7, "bnlint's own computation for Keras")
    assert len(bench.ran) == 1


@pytest.mark.parametrize(
    ("port", "reference", "rank"),
    [
        ("torch.nn.BatchNorm1d", KERAS, 2), (TORCH, KERAS, 4), ("torch.nn.BatchNorm3d", KERAS, 5),
        (KERAS, "torch.nn.BatchNorm3d", 5), (KERAS, KERAS, 4),
    ],
)  # fmt: skip
def test_inputs_have_a_rank_that_both_sides_take(port: str, reference: str, rank: int) -> None:
    bench = Bench("torch", "keras")
    eps = {TORCH: "eps", "torch.nn.BatchNorm1d": "eps", "torch.nn.BatchNorm3d": "eps"}
    layer = Layer(port, ((eps.get(port, "epsilon"), 0.5),), INFERENCE)
    trial = EPS._replace(port=layer, reference=Layer(reference, (), INFERENCE), fixed=None)
    assert Laboratory(bench).judge(trial, "cpu").verdict == "confirmed"
    assert {step.input.ndim for _, asked, _ in bench.ran for step in asked.steps} == {rank}
