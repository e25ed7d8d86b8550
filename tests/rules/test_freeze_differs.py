"""BN254: freezes that stop statistics on one side of a port, and leave them moving on the other."""

from __future__ import annotations

import pytest
from freezes import IMPORTS, KERAS, TORCH, keras, torch
from one_rule import Hazard, all_rules, check_hazard, hazard, plain, run
from pairs import run_pair

from bnlint.engine.facts import ReferenceFile
from bnlint.engine.linter import Options, check
from bnlint.porting.compare import Input, compare
from bnlint.trial import INFERENCE, STATISTICS, TRAINING, Layer, Trial

FIX = "unsafe: put the batch normalisation layers of model into inference mode here"

#: Ways to stop the statistics of a Keras model, and what the message calls them.
STOPS = {
    "the model": (KERAS, "base.trainable = False"),
    "its layers in a loop": (
        """
        base = keras.applications.ResNet50(include_top=False)
        for layer in base.layers:
            layer.trainable = False
        """,
        "layer.trainable = False",
    ),
    "its layers in a loop that counts": (
        """
        base = keras.applications.ResNet50(include_top=False)
        for i, layer in enumerate(base.layers):
            layer.trainable = False
        """,
        "layer.trainable = False",
    ),
    "layers that a function is given": (
        """
        model = keras.applications.ResNet50()

        def keep(layer):
            layer.trainable = not isinstance(layer, layers.BatchNormalization)
        """,
        "layer.trainable = not isinstance(layer, layers.BatchNormalization)",
    ),
    "its batch normalisation layers": (
        """
        model = keras.applications.ResNet50()
        for layer in model.layers:
            if isinstance(layer, layers.BatchNormalization):
                layer.trainable = False
        """,
        "layer.trainable = False",
    ),
    "by the name of their class": (
        """
        model = keras.applications.ResNet50()
        for layer in model.layers:
            if layer.__class__.__name__ == "BatchNormalization":
                layer.trainable = False
        """,
        "layer.trainable = False",
    ),
    "by a class of the file": (
        """
        class Norm(layers.BatchNormalization):
            pass

        base = keras.Sequential([layers.Conv2D(8, 3), Norm()])
        for layer in base.layers:
            if isinstance(layer, Norm):
                layer.trainable = False
        """,
        "layer.trainable = False",
    ),
    "all but which go on being trained": (
        """
        model = keras.applications.ResNet50()
        for layer in model.layers:
            layer.trainable = (
                not isinstance(layer, layers.BatchNormalization)
            )
        """,
        "layer.trainable = ( not isinstance(layer, layers.BatchNormalization) )",
    ),
    "again, after all was unfrozen": (
        """
        base = keras.applications.ResNet50()
        base.trainable = True
        for layer in base.layers:
            if isinstance(layer, layers.BatchNormalization):
                layer.trainable = False
        """,
        "layer.trainable = False",
    ),
    "while other layers are unfrozen": (
        """
        base = keras.applications.ResNet50()
        base.trainable = False
        head = layers.Dense(10)
        head.trainable = True
        for layer in base.layers:
            if not isinstance(layer, layers.BatchNormalization):
                layer.trainable = True
        """,
        "base.trainable = False",
    ),
    "part of a class": (
        """
        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.backbone = keras.applications.ResNet50(include_top=False)
                self.backbone.trainable = False
                self.head = layers.Dense(10)
        """,
        "self.backbone.trainable = False",
    ),
    "in a function": (
        """
        def build(size):
            base = tf.keras.applications.ResNet50(include_top=False)
            base.trainable = False
            inputs = tf.keras.Input((size, size, 3))
            return tf.keras.Model(inputs, layers.Dense(10)(base(inputs, training=False)))
        """,
        "base.trainable = False",
    ),
    "a model of the file": (
        """
        def block(x):
            return layers.BatchNormalization()(layers.Conv2D(8, 3)(x))

        inputs = keras.Input((32, 32, 3))
        base = keras.Model(inputs, block(inputs))
        base.trainable = False
        """,
        "base.trainable = False",
    ),
    "where the layers are built": (
        """
        base = keras.Sequential([
            layers.Conv2D(8, 3), layers.BatchNormalization(trainable=False),
            layers.Conv2D(8, 3), layers.BatchNormalization(trainable=False),
        ])
        """,
        "trainable=False",
    ),
}

#: Ways to freeze weights alone in a model that is trained: the code, with «» around the place that
#: is reported, what is frozen, and the advice.
MOVES = {
    "a script": (
        TORCH,
        "'model'",
        "call eval() of its batch normalisation layers after each train",
    ),
    "part of a class": (
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.backbone = torchvision.models.resnet18(weights="DEFAULT")
                self.head = nn.Linear(1000, 10)
                for p in «self.backbone.parameters()»:
                    p.requires_grad = False

            def forward(self, x):
                return self.head(self.backbone(x))
        """,
        "self.backbone",
        "override train() so that it calls self.backbone.eval()",
    ),
    "weights and biases of layers": (
        """
        def freeze_bn(model):
            for m in model.modules():
                if isinstance(m, nn.BatchNorm2d):
                    «m.weight.requires_grad» = False
                    m.bias.requires_grad = False

        def train(model, loader):
            freeze_bn(model)
            model.train()
            for x, y in loader:
                nn.functional.cross_entropy(model(x), y).backward()

        train(torchvision.models.resnet18(), loader)
        """,
        "the batch normalisation layers of 'model'",
        "call eval() of these layers too, after each train()",
    ),
    "weights of layers in a loop": (
        """
        def train(model, loader):
            for m in model.modules():
                if isinstance(m, (nn.BatchNorm2d, nn.SyncBatchNorm)):
                    for p in m.parameters():
                        «p.requires_grad» = False
            for x, y in loader:
                nn.functional.cross_entropy(model(x), y).backward()

        train(torchvision.models.resnet18(), loader)
        """,
        "the batch normalisation layers of 'model'",
        "call eval() of these layers too",
    ),
    "layers by apply()": (
        """
        def freeze_affine(m):
            if m.__class__.__name__.find("BatchNorm") != -1:
                «m.requires_grad_(False)»

        model = torchvision.models.resnet18()
        model.apply(freeze_affine)
        model.train()
        """,
        "the batch normalisation layers",
        "call eval() of these layers too",
    ),
    "layers of a class": (
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
                for m in self.modules():
                    if isinstance(m, nn.BatchNorm2d):
                        «m.requires_grad_(False)»
        """,
        "the batch normalisation layers of 'self'",
        "call eval() of these layers too",
    ),
    "evaluated in between, other weights unfrozen before": (
        """
        model = torchvision.models.resnet18()
        for p in model.parameters():
            p.requires_grad = True
        for m in model.modules():
            if isinstance(m, nn.BatchNorm2d):
                «m.requires_grad_(False)»
        for p in nn.Linear(2, 2).parameters():
            p.requires_grad = True
        for epoch in range(10):
            model.train()
            step(model)
            model.eval()
            validate(model)
        """,
        "the batch normalisation layers of 'model'",
        "call eval() of these layers too",
    ),
}


def marked(code: str) -> tuple[str, int]:
    """Return code without its marks, and the offset of the first."""
    code = plain(code)
    return code.replace("«", "").replace("»", ""), code.find("«")


@pytest.mark.parametrize("name", STOPS)
def test_reference_stops_statistics(name: str) -> None:
    reference, by = STOPS[name]
    (finding,) = run_pair("BN254", keras(reference), torch(marked(TORCH)[0]))
    assert finding.message.startswith(
        f"requires_grad freezes the weights of 'model' alone, {by} of the Keras reference "
        "(reference.py:"
    )
    assert "stops the statistics too: in training mode, batch normalisation here" in finding.message
    assert "10 steps take its statistics 65% of the way" in finding.message
    assert (finding.severity, finding.confidence) == ("error", "medium")
    assert finding.fix is not None
    assert f"{finding.fix.applicability}: {finding.fix.message}" == FIX
    assert finding.fix.edits


@pytest.mark.parametrize("name", MOVES)
def test_port_leaves_statistics_moving(name: str) -> None:
    code, owner, advice = MOVES[name]
    code, start = marked(code)
    (finding,) = run_pair("BN254", keras(KERAS), torch(code))
    assert f"freezes the weights of {owner} alone, base.trainable = False of" in finding.message
    assert finding.span.start == start + len(torch(""))
    assert finding.help.startswith(advice)
    assert (finding.fix is not None) is (name == "a script")
    found = finding.reference
    assert found is not None
    lines = keras(KERAS).splitlines()
    assert (found.kind, found.framework, found.path) == ("named", "Keras", "reference.py")
    assert lines[found.row - 1] == "base.trainable = False"


@pytest.mark.parametrize("name", STOPS)
def test_port_stops_statistics_too(name: str) -> None:
    port, by = STOPS[name]
    fit = 'model.compile("sgd", "mse")\nmodel.fit(dataset)\n'
    (finding,) = run_pair("BN254", torch(marked(TORCH)[0]), keras(port) + fit)
    assert finding.message.startswith(f"{by} stops the statistics of ")
    assert "too, requires_grad of the PyTorch reference (reference.py:" in finding.message
    assert "freezes the weights of 'model' alone: in training mode, batch" in finding.message
    assert (finding.severity, finding.fix) == ("warning", None)
    assert finding.help.startswith(
        "leave trainable = True for its BatchNormalization layers and keep their gamma and beta out"
    )


@pytest.mark.parametrize("name", MOVES)
def test_reference_leaves_statistics_moving(name: str) -> None:
    code, owner, _ = MOVES[name]
    (finding,) = run_pair("BN254", torch(marked(code)[0]), keras(KERAS) + "model.fit(dataset)\n")
    assert f"freezes the weights of {owner} alone: in training mode" in finding.message


# ---------------------------------------------------------------------------------- one file

KIND = "error medium"

IN_FILE = [
    hazard(
        "the reference stands first",
        KERAS + TORCH,
        "base.trainable = False of the Keras reference (line 9) stops the statistics too",
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "the port stands first",
        marked(TORCH)[0] + KERAS.replace("base.trainable", "«base.trainable»") + "base.fit(data)\n",
        "base.trainable = False stops the statistics of 'base' too, requires_grad of the PyTorch "
        "reference (line 9)",
        kind="warning medium",
        fix="",
    ),
]


@pytest.mark.parametrize("expected", IN_FILE)
def test_in_one_file(expected: Hazard) -> None:
    finding = check_hazard("BN254", expected, IMPORTS)
    assert finding.reference is not None
    assert finding.reference.kind == "same-file"


def test_the_declared_framework_is_the_reference() -> None:
    code = IMPORTS + marked(TORCH)[0] + KERAS + "base.fit(data)\n"
    (first,) = run("BN254", code)
    assert first.message.startswith("base.trainable = False stops")
    (declared,) = run("BN254", code, from_family="keras")
    assert declared.message.startswith("requires_grad freezes the weights of 'model' alone, base")


@pytest.mark.parametrize(
    "port",
    [
        """
        import mindspore as ms
        from mindspore import nn
        net = nn.SequentialCell(nn.Dense(4, 8), nn.BatchNorm1d(8))
        for p in net.get_parameters():
            p.requires_grad = False
        net.set_train()
        step = ms.value_and_grad(lambda x: net(x).sum(), None, head.trainable_params())
        """,
        """
        import paddle
        net = paddle.nn.Sequential(paddle.nn.Linear(4, 8), paddle.nn.BatchNorm1D(8))
        for p in net.parameters():
            p.stop_gradient = True
        net.train()
        for x, y in loader:
            paddle.nn.functional.mse_loss(head(net(x)), y).backward()
        """,
        """
        import paddle
        net = paddle.nn.Sequential(paddle.nn.Linear(4, 8), paddle.nn.BatchNorm1D(8))
        for p in net.parameters():
            p.trainable = False
        for x, y in loader:
            paddle.nn.functional.mse_loss(head(net(x)), y).backward()
        """,
    ],
    ids=["mindspore", "paddle stop_gradient", "paddle trainable"],
)
def test_others_of_the_kind_of_pytorch(port: str) -> None:
    (finding,) = run_pair("BN254", keras(KERAS), port)
    assert "freezes the weights of 'net' alone, base.trainable = False" in finding.message


# ---------------------------------------------------------------------------------- with others


def codes(reference: str, port: str, part: str = "", **options: object) -> set[str]:
    """Return the codes of all rules that find something in a port of (a part of) a reference."""
    rules = all_rules()
    files = (ReferenceFile("reference.py", reference.encode(), part),)
    chosen = Options(frozenset(r.code for r in rules), references=files)._replace(**options)
    result = check(port.encode(), "port.py", rules, chosen)
    assert result.problems == ()
    return {finding.code for finding in result.findings}


def test_only_one_rule_speaks_of_a_freeze() -> None:
    """With a reference that stops statistics BN254 does, with one that does not BN251."""
    port = torch(marked(TORCH)[0])
    assert codes(keras(KERAS), port) == {"BN254"}
    unfrozen = KERAS.replace("trainable = False", "trainable = True")
    assert codes(keras(unfrozen), port) == {"BN251"}
    others = frozenset(r.code for r in all_rules()) - {"BN254"}
    assert codes(keras(KERAS), port, codes=others) == {"BN251"}


def test_only_the_part_that_is_named_counts() -> None:
    reference = keras(
        """
        def plain():
            return keras.applications.ResNet50()

        def frozen():
            base = keras.applications.ResNet50()
            base.trainable = False
            return base

        def wrapped():
            return frozen()
        """
    )
    port = torch(marked(TORCH)[0])
    assert codes(reference, port, "frozen") == {"BN254"}
    assert codes(reference, port, "wrapped") == {"BN254"}
    assert codes(reference, port, "plain") == {"BN251"}


def test_a_part_without_batch_normalisation_is_no_reference() -> None:
    reference = keras(KERAS) + "def head():\n    return layers.Dense(10)\n"
    files = (ReferenceFile("reference.py", reference.encode(), "head"),)
    options = Options(frozenset({"BN254"}), references=files)
    result = check(torch(marked(TORCH)[0]).encode(), "port.py", all_rules(), options)
    assert [p.message for p in result.problems] == ["no batch normalisation layer is known in head"]
    assert result.findings == ()


@pytest.mark.parametrize("name", ["a script", "weights of layers in a loop"])
def test_only_the_part_of_the_reference_that_is_named_moves(name: str) -> None:
    reference = torch("bn = nn.BatchNorm2d(3)\n\n") + marked(MOVES[name][0])[0]
    reference += "\n\nclass Other(nn.Module):\n    bn = nn.BatchNorm2d(3)\n"
    port = keras(KERAS) + "base.fit(dataset)\n"
    assert codes(reference, port) == {"BN254"}
    assert codes(reference, port, "Other") == set()


def test_the_freeze_of_the_same_name_is_the_reference() -> None:
    reference = keras(
        """
        first = keras.applications.ResNet50()
        first.trainable = False
        model = keras.applications.ResNet50()
        model.trainable = False
        """
    )
    (finding,) = run_pair("BN254", reference, torch(marked(TORCH)[0]))
    assert "model.trainable = False of the Keras reference" in finding.message


def test_a_single_layer_is_compared_with_its_namesake() -> None:
    reference = keras(
        """
        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.bn1 = layers.BatchNormalization()
                self.bn2 = layers.BatchNormalization()
                self.bn1.trainable = False
        """
    )
    port = torch(
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3)
                self.bn1 = nn.BatchNorm2d(8)
                self.bn2 = nn.BatchNorm2d(8)
                self.bn1.requires_grad_(False)
        """
    )
    (finding,) = run_pair("BN254", reference, port)
    assert "freezes the weights of self.bn1 alone, self.bn1.trainable = False" in finding.message
    assert run_pair("BN254", reference, port.replace("bn1.requires", "bn2.requires")) == []


def test_compare_shows_it_too() -> None:
    """Between sides that have layers to show."""
    code, owner, _ = MOVES["layers of a class"]
    reference, port = keras(STOPS["a model of the file"][0]), torch(marked(code)[0])
    sides = [Input("reference.py", reference.encode())], [Input("port.py", port.encode())]
    (finding,) = [f for f in compare(*sides, all_rules()).findings if f.code == "BN254"]
    assert f"freezes the weights of {owner} alone, base.trainable" in finding.message


def test_experiment() -> None:
    """Both sides train on, at the speed at which the side that moves does by default."""
    code = keras(KERAS), torch(marked(TORCH)[0])
    (port,), (turned,) = (
        run_pair("BN254", reference, port + more)
        for reference, port, more in ((*code, ""), (*code[::-1], "base.fit(dataset)\n"))
    )
    norm, layer = "torch.nn.BatchNorm2d", "keras3.layers.BatchNormalization"
    still = (("trainable", False),)
    assert port.trial == Trial(
        STATISTICS,
        Layer(norm, (), TRAINING),
        Layer(layer, still, TRAINING),
        Layer(norm, (), INFERENCE),
        about="running statistics",
    )
    assert turned.trial == Trial(
        STATISTICS,
        Layer(layer, (("momentum", 0.9), *still), TRAINING),
        Layer(norm, (), TRAINING),
        Layer(layer, (("momentum", 0.9),), TRAINING),
        about="running statistics",
    )
