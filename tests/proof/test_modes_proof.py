"""What a fix of a mode or an axis writes computes what its reference computes.

Whole programs are run, before and after the fix, beside a reference that is written here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from measured import codes, fixed, relative, run

pytestmark = [pytest.mark.torch, pytest.mark.tensorflow]

#: Rounding of float32 in what is compared here is far below this, the faults are far above.
ROUNDING = 1e-5

DRAWN = np.random.default_rng(0)
X = DRAWN.normal(2.0, 3.0, (64, 4)).astype(np.float32)
IMAGES = DRAWN.normal(3.0, 2.0, (16, 4, 8, 8)).astype(np.float32)


def both(text: str, *rules: str, from_family: str | None = None) -> tuple[dict[str, Any], ...]:
    """Return the names of a program and of what the fixes of ``rules`` make of it."""
    result = fixed(text, from_family)
    assert codes(result) == list(rules)
    return run(text), run(result.after or b"")


def inferred(x: np.ndarray, eps: float = 1e-5) -> np.ndarray:
    """Return what Keras gives in inference for a fresh layer."""
    import keras

    return np.asarray(keras.layers.BatchNormalization(epsilon=eps)(x, training=False))


def estimate_as_torch(layer: Any, n: int) -> None:
    """Make a Keras layer's variance after one step what n - 1 in the divisor gives."""
    kept, variance = layer.momentum, layer.moving_variance
    variance.assign(kept + (variance.numpy() - kept) * n / (n - 1))


def in_both_modes(module: Any, x: np.ndarray) -> list[np.ndarray]:
    """Return what a PyTorch module gives in a step of training, and in inference after it."""
    import torch

    found = []
    for training in (True, False):
        module.train(training)
        found.append(module(torch.from_numpy(x.copy())).detach().numpy())
    return found


MODEL = """
import torch
import torch.nn as nn

model = nn.Sequential(nn.BatchNorm1d(4))
"""


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        pytest.param(
            "BN201",
            "def predict(x):\n    with torch.no_grad():\n        return model(x)\n",
            id="under no_grad",
        ),
        pytest.param("BN201", "def predict(x):\n    return model(x).detach()\n", id="by its name"),
        pytest.param(
            "BN201",
            "def predict(x): return model(x).detach()\n",
            id="on the line of the function",
        ),
        pytest.param(
            "BN212",
            "model.eval\ndef predict(x):\n    return model(x).detach()\n",
            id="named and not called",
        ),
    ],
)
def test_inference_is_inference(rule: str, text: str) -> None:
    """The output is Keras's in inference, and a forward pass no longer moves the statistics."""
    import torch

    old, new = both(MODEL + text, rule)
    outputs = [names["predict"](torch.from_numpy(X)).numpy() for names in (old, new)]
    moved = [names["model"][0].running_mean.abs().max().item() for names in (old, new)]
    assert relative(outputs[0], inferred(X)) > 0.1
    assert relative(outputs[1], inferred(X)) < ROUNDING
    assert moved[0] > 0.1
    assert moved[1] == 0


def test_training_flag_of_the_call_decides() -> None:
    """A sample's prediction no longer depends on its batch, and is PyTorch's."""
    import torch

    text = """
from tensorflow import keras

class Block(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.bn = keras.layers.BatchNormalization()

    def call(self, x, training=None):
        return self.bn(x, training=True)

model = keras.Sequential([keras.layers.Input((4,)), Block()])
"""
    old, new = both(text, "BN203")
    torch_layer = torch.nn.BatchNorm1d(4, eps=1e-3).eval()
    expected = torch_layer(torch.from_numpy(X[:1])).detach().numpy()
    for names, is_wrong in ((old, True), (new, False)):
        predictions = [
            names["model"].predict(batch, verbose=0)[:1]
            for batch in (X[:8], np.concatenate([X[:1], X[8:15]]))
        ]
        apart = relative(predictions[1], predictions[0])
        assert apart > 0.1 if is_wrong else apart < ROUNDING
        wrong = relative(predictions[0], expected)
        assert wrong > 0.1 if is_wrong else wrong < ROUNDING
    for names in (old, new):  # told to train, it trains
        names["model"](X, training=True)
        block = names["model"].layers[-1]
        assert np.abs(block.bn.moving_mean.numpy()).max() > 0.01


def test_model_decides_where_no_flag_is_at_hand() -> None:
    """A functional model called without a flag infers, as PyTorch's does after eval()."""
    import torch

    text = """
from tensorflow import keras

inputs = keras.layers.Input((4,))
outputs = keras.layers.BatchNormalization()(inputs, training=True)
model = keras.Model(inputs, outputs)
"""
    old, new = both(text, "BN203")
    expected = torch.nn.BatchNorm1d(4, eps=1e-3).eval()(torch.from_numpy(X)).detach().numpy()
    assert relative(np.asarray(old["model"](X)), expected) > 0.1
    assert relative(np.asarray(new["model"](X)), expected) < ROUNDING


STEP = """
import tensorflow as tf
from tensorflow import keras

model = keras.Sequential([keras.layers.Input((4,)), keras.layers.BatchNormalization()])
optimizer = keras.optimizers.SGD(0.1)

def step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""

TRAIN_STEP = """
import tensorflow as tf
from tensorflow import keras

class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.bn = keras.layers.BatchNormalization()

    def call(self, x):
        return self.bn(x)

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self(x) - y) ** 2)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        return {"loss": loss}

model = Net()
model.build((None, 4))
model.compile(keras.optimizers.SGD(0.1))

def step(x, y):
    model.fit(x, y, batch_size=64, verbose=0)
"""


@pytest.mark.parametrize("text", [STEP, TRAIN_STEP], ids=["loop", "fit"])
def test_training_step_trains(text: str) -> None:
    """Gamma, beta and the moving mean after one step are those of the same step in PyTorch."""
    import torch

    y = X @ DRAWN.normal(0.0, 1.0, (4, 4)).astype(np.float32)
    port = torch.nn.BatchNorm1d(4, eps=1e-3, momentum=0.01)
    ((port(torch.from_numpy(X)) - torch.from_numpy(y)) ** 2).mean().backward()
    with torch.no_grad():
        expected = [(p - 0.1 * p.grad).numpy() for p in (port.weight, port.bias)]
    expected.append(port.running_mean.numpy())
    old, new = both(text, "BN204")
    for names, is_wrong in ((old, True), (new, False)):
        names["step"](X, y)
        bn = names["model"].layers[-1]
        found = [v.numpy() for v in (bn.gamma, bn.beta, bn.moving_mean)]
        wrong = [relative(f, e) for f, e in zip(found, expected, strict=True)]
        assert min(wrong) > 0.1 if is_wrong else max(wrong) < ROUNDING
        assert bool(found[2].any()) is not is_wrong


NORM = """
import torch
import torch.nn as nn
import torch.nn.functional as F

class Norm(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x):
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias{})

bn = Norm(4)
"""


@pytest.mark.parametrize("flag", ["", ", True", ", training=True"])
def test_functional_call_follows_the_module(flag: str) -> None:
    """Output and statistics in both modes are those of Keras's layer."""
    import keras

    old, new = both(NORM.format(flag), "BN205")
    reference = keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.9)
    trained = np.asarray(reference(X, training=True))
    estimate_as_torch(reference, len(X))
    infers = np.asarray(reference(X, training=False))
    expected = [trained, infers, reference.moving_mean.numpy()]
    for names, is_wrong in ((old, True), (new, False)):
        bn = names["bn"]
        found = in_both_modes(bn, X)
        found.append(bn.running_mean.numpy())
        wrong = [relative(f, e) for f, e in zip(found, expected, strict=True)]
        assert max(wrong) > 0.1 if is_wrong else max(wrong) < ROUNDING


def test_both_sides_run_in_one_mode() -> None:
    """Fresh layers given ones: 0.0 beside 0.999995 before, equal after."""
    text = """
import keras
import numpy as np
import torch

reference = keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.9)
port = torch.nn.BatchNorm1d(3)
x = np.ones((2, 3), "float32")
pair = np.asarray(reference(x)), port(torch.from_numpy(x)).detach().numpy()
"""
    old, new = both(text, "BN211")
    assert relative(old["pair"][1], old["pair"][0]) == pytest.approx(1, abs=ROUNDING)
    assert relative(new["pair"][1], new["pair"][0]) < ROUNDING
    assert new["pair"][0] == pytest.approx(0.999995, abs=1e-6)


def test_predict_is_a_run_in_inference_that_leaves_arrays() -> None:
    text = """
import keras
import numpy as np
import torch

reference = keras.Sequential([keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.9)])
port = torch.nn.BatchNorm1d(3)
x = np.ones((2, 3), "float32")
pair = reference.predict(x), port(torch.from_numpy(x)).detach().numpy()
"""
    old, new = both(text, "BN211")
    assert isinstance(old["pair"][0], np.ndarray)
    assert relative(old["pair"][1], old["pair"][0]) == pytest.approx(1, abs=ROUNDING)
    assert relative(new["pair"][1], new["pair"][0]) < ROUNDING


@pytest.mark.parametrize(
    ("layout", "written"),
    [("channels_first", ""), ("channels_first", "axis=-1"), ("channels_last", "axis=1")],
)
def test_layer_normalises_the_channels(layout: str, written: str) -> None:
    """One gamma per channel, and PyTorch's output in training and inference."""
    import torch

    text = f"""
from tensorflow import keras
from tensorflow.keras import layers

model = keras.Sequential([
    layers.Conv2D(4, 1, data_format="{layout}", name="conv"),
    layers.BatchNormalization({written}{", " if written else ""}name="bn"),
])
"""
    old, new = both(text, "BN301")
    first = layout == "channels_first"
    images = IMAGES if first else IMAGES.transpose(0, 2, 3, 1)
    for names, is_wrong in ((old, True), (new, False)):
        model = names["model"]
        model.build(images.shape)
        layer = model.get_layer("bn")
        assert layer.gamma.shape == ((8,) if is_wrong else (4,))
        convolved = np.asarray(model.get_layer("conv")(images))
        found = [np.asarray(model(images, training=True))]
        if not is_wrong:
            estimate_as_torch(layer, IMAGES.size // 4)
        found.append(np.asarray(model(images, training=False)))
        if not first:
            convolved = convolved.transpose(0, 3, 1, 2)
            found = [output.transpose(0, 3, 1, 2) for output in found]
        port = torch.nn.BatchNorm2d(4, eps=1e-3, momentum=0.01)
        expected = in_both_modes(port, convolved)
        wrong = [relative(f, e) for f, e in zip(found, expected, strict=True)]
        assert wrong[0] > 0.05 if is_wrong else wrong[0] < ROUNDING
        assert wrong[1] > 1e-3 if is_wrong else wrong[1] < ROUNDING


def test_validation_inside_of_training_leaves_training_as_it_was() -> None:
    """Validation moves no statistics any more and is inference; the epochs after it train."""
    text = (
        MODEL
        + """
optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
x = torch.arange(32.0).reshape(8, 4)
seen = []
for epoch in range(2):
    for batch in [x, x + 1]:
        optimizer.zero_grad()
        model(batch).sum().backward()
        optimizer.step()
    trained = model[0].running_mean.clone()
    for batch in [x - 100]:
        with torch.no_grad():
            out = model(batch)
            seen.append(out.argmax().item())
    moved = (model[0].running_mean - trained).abs().max()
    seen.append(moved.item())
"""
    )
    old, new = both(text, "BN201")
    moved = [names["seen"][1::2] for names in (old, new)]
    assert min(moved[0]) > 1
    assert moved[1] == [0, 0]
    assert new["model"].training
    assert new["trained"].abs().max() > 1  # the second epoch went on moving them


EVALUATED = {
    "held-out data in the loop": """
for epoch in range(2):
    train(x)
    trained = model[0].running_mean.clone()
    for batch in valid_loader:
        out = model(batch)
        seen.append(out.argmax().item())
    moved.append((model[0].running_mean - trained).abs().max().item())
train(x)
""",
    "phases": """
def run(batches, is_train):
    for batch in batches:
        loss = model(batch).sum()
        if is_train:
            loss.backward()
            optimizer.step()

for epoch in range(2):
    run([x], True)
    trained = model[0].running_mean.clone()
    run(valid_loader, False)
    moved.append((model[0].running_mean - trained).abs().max().item())
run([x], True)
""",
    "phases of a loop": """
for epoch in range(2):
    for phase in ("train", "val"):
        trained = model[0].running_mean.clone()
        for batch in {"train": [x], "val": valid_loader}[phase]:
            loss = model(batch).sum()
            if phase == "train":
                loss.backward()
                optimizer.step()
        if phase == "val":
            moved.append((model[0].running_mean - trained).abs().max().item())
train(x)
""",
    "held-out data, trained by a function out of a table": """
steps = {"train": train}
for epoch in range(2):
    steps["train"](x)
    trained = model[0].running_mean.clone()
    for batch in valid_loader:
        out = model(batch)
        seen.append(out.argmax().item())
    moved.append((model[0].running_mean - trained).abs().max().item())
steps["train"](x)
""",
    "a method beside it": """
class Scorer:
    def __init__(self):
        self.net = nn.Sequential(nn.BatchNorm1d(4))

    def predict(self, batch):
        self.net.eval()
        return self.net(batch).argmax(1)

    def predict_scores(self, batch):
        return self.net(batch).softmax(1)

scorer = Scorer()
before = scorer.net[0].running_mean.clone()
scorer.predict_scores(valid_loader[0])
moved.append((scorer.net[0].running_mean - before).abs().max().item())
train(x)
""",
}


@pytest.mark.parametrize("text", EVALUATED.values(), ids=EVALUATED.keys())
def test_evaluation_leaves_statistics_alone_and_training_moves_them(text: str) -> None:
    """However inference is told: the fix holds there, and training goes on after it."""
    start = """
optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
x = torch.arange(32.0).reshape(8, 4)
valid_loader, seen, moved = [x - 100], [], []

def train(batch):
    optimizer.zero_grad()
    model(batch).sum().backward()
    optimizer.step()
"""
    old, new = both(MODEL + start + text, "BN201")
    assert min(old["moved"]) > 1
    assert set(new["moved"]) == {0}
    assert new["model"].training
    assert new["model"][0].num_batches_tracked > old["model"][0].num_batches_tracked // 3


def test_a_model_made_in_each_pass_is_switched_in_each() -> None:
    """Above the loop the switch would be of a model that the loop replaces."""
    text = """
import torch
import torch.nn as nn

class Holder:
    def __init__(self):
        self.moved = []

    def predict(self, batches):
        for batch in batches:
            model = nn.Sequential(nn.BatchNorm1d(4))
            with torch.no_grad():
                out = model(batch)
            self.moved.append(model[0].running_mean.abs().max().item())
            print(out.mean())

holder = Holder()
holder.predict([torch.ones(8, 4) * 3, torch.ones(8, 4) * 5])
"""
    old, new = both(text, "BN201")
    assert min(old["holder"].moved) > 0.1
    assert new["holder"].moved == [0, 0]


DRY_RUNS = """
import torch
import torch.nn as nn

weights = nn.Sequential(nn.BatchNorm1d(4)).state_dict()
weights["0.running_mean"] += 3.0
model = nn.Sequential(nn.BatchNorm1d(4))
model.load_state_dict(weights)
x = torch.zeros(8, 4)
for _ in range(2):
    model(x)
"""


def test_dry_runs_leave_the_statistics_that_were_loaded() -> None:
    text = DRY_RUNS + "model.eval()\nprint(model(torch.arange(8.0).reshape(2, 4)).argmax(1))\n"
    old, new = (names["model"][0].running_mean for names in both(text, "BN209"))
    assert (old - 3).abs().max() > 0.5
    assert (new - 3).abs().max() == 0


def test_export_is_of_the_statistics_that_were_loaded() -> None:
    """The switch stands before what runs the model, not between that and the export."""
    import torch

    text = DRY_RUNS.replace("zeros(8, 4)", "arange(32.0).reshape(8, 4)")
    text = text.replace("model(x)\n", "shape = model(x).shape\n")
    old, new = both(text + "traced = torch.jit.trace(model, x)\n", "BN604")
    for names, is_right in ((old, False), (new, True)):
        loaded = torch.nn.Sequential(torch.nn.BatchNorm1d(4)).eval()
        loaded.load_state_dict(names["weights"])
        images = torch.from_numpy(IMAGES[:, :, 0, 0].copy()).float()
        wrong = (names["traced"](images) - loaded(images)).abs().max()
        assert (wrong == 0) if is_right else (wrong > 0.1)


def test_statistics_that_are_collected_are_exported() -> None:
    text = DRY_RUNS.replace("zeros(8, 4)", "arange(32.0).reshape(8, 4)")
    _, new = both(text + "traced = torch.jit.trace(model, x)\n", "BN604")
    assert (new["model"][0].running_mean - 3).abs().max() > 0.5
