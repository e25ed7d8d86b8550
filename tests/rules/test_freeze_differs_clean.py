"""BN254: sides whose freezes do the same, or of which too little is known."""

from __future__ import annotations

import pytest
from freezes import IMPORTS, KERAS, TORCH, keras, torch
from one_rule import cases, check_clean
from pairs import run_pair

PORT = TORCH.replace("«", "").replace("»", "")

#: References beside a PyTorch port that freezes weights alone and trains on.
REFERENCES = """
--- freezes nothing
base = keras.applications.ResNet50()
base.trainable = True
--- is unfrozen later
base = keras.applications.ResNet50()
base.trainable = False
model = keras.Sequential([base, layers.Dense(10)])
model.fit(dataset)
base.trainable = True
model.fit(dataset)
--- its last layers are unfrozen
base = keras.applications.ResNet50()
base.trainable = False
for layer in base.layers[-30:]:
    layer.trainable = True
--- is unfrozen, and another model frozen then
base = keras.applications.ResNet50()
base.trainable = False
base.trainable = True
critic = keras.applications.Xception()
critic.trainable = False
--- batch normalisation is frozen first, and then nothing is
base = keras.applications.ResNet50()
for layer in base.layers:
    if isinstance(layer, layers.BatchNormalization):
        layer.trainable = False
base.trainable = True
--- is unfrozen by a function, which another one may undo
base = keras.applications.ResNet50()
def unfreeze():
    base.trainable = True
def freeze():
    for layer in base.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
--- a flag decides
base = keras.applications.ResNet50()
base.trainable = args.fine_tune
--- only on a condition
base = keras.applications.ResNet50()
if args.freeze:
    base.trainable = False
--- some layers, and which is computed
base = keras.applications.ResNet50()
for i, layer in enumerate(base.layers):
    layer.trainable = i > 100
--- some layers, and which is tested
base = keras.applications.ResNet50()
for layer in base.layers:
    if layer.name.startswith("conv1"):
        layer.trainable = False
--- the first layers
base = keras.applications.ResNet50()
for layer in base.layers[:5]:
    layer.trainable = False
--- batch normalisation of the first layers
base = keras.applications.ResNet50()
for layer in base.layers[:5]:
    if isinstance(layer, layers.BatchNormalization):
        layer.trainable = False
--- batch normalisation of the last layers, by the value
base = keras.applications.ResNet50()
for layer in base.layers[-5:]:
    layer.trainable = not isinstance(layer, layers.BatchNormalization)
--- up to a layer
base = keras.applications.ResNet50()
for layer in base.layers:
    if layer.name == "conv5_block1_out":
        break
    layer.trainable = False
--- all but batch normalisation
base = keras.applications.ResNet50()
for layer in base.layers:
    if not isinstance(layer, layers.BatchNormalization):
        layer.trainable = False
--- all but batch normalisation, which is passed over
base = keras.applications.ResNet50()
for layer in base.layers:
    if isinstance(layer, keras.layers.BatchNormalization):
        continue
    layer.trainable = False
--- batch normalisation alone is trained
base = keras.applications.ResNet50()
for layer in base.layers:
    layer.trainable = isinstance(layer, layers.BatchNormalization)
--- batch normalisation is woken again
base = keras.applications.ResNet50()
base.trainable = False
for layer in base.layers:
    if isinstance(layer, layers.BatchNormalization):
        layer.trainable = True
--- some batch normalisation is woken again
base = keras.applications.ResNet50()
base.trainable = False
for layer in base.layers:
    if isinstance(layer, layers.BatchNormalization) and layer.name in tuned:
        layer.trainable = True
--- convolutions alone
base = keras.applications.ResNet50()
for layer in base.layers:
    if isinstance(layer, layers.Conv2D):
        layer.trainable = False
--- only the head
base = keras.applications.ResNet50(include_top=False)
head = layers.Dense(10)
head.trainable = False
model = keras.Sequential([base, head])
--- a model without batch normalisation
features = keras.applications.VGG16()
features.trainable = False
bn = layers.BatchNormalization()
--- a model that is not in view
from models import build
bn = layers.BatchNormalization()
base = build()
base.trainable = False
--- an embedding
base = keras.applications.ResNet50()
words = layers.Embedding(10, 4, trainable=False)
words.trainable = False
--- one of the layers is built frozen
model = keras.Sequential([layers.BatchNormalization(trainable=False), layers.BatchNormalization()])
--- a layer whose argument decides
def bn(train):
    return layers.BatchNormalization(trainable=train)
--- a variable
base = keras.applications.ResNet50()
count = tf.Variable(0, trainable=False)
--- a test of freezing
def test_frozen():
    base = keras.applications.ResNet50()
    base.trainable = False
--- a single layer
bn = layers.BatchNormalization()
bn.trainable = False
"""

#: Ports beside a Keras reference whose model is frozen, statistics and all.
PORTS = """
--- freezes nothing
model = torchvision.models.resnet50()
model.train()
for x, y in loader:
    nn.functional.cross_entropy(model(x), y).backward()
with torch.no_grad():
    print(model(x))
--- batch normalisation put into inference mode after train()
model = torchvision.models.resnet50()
model.requires_grad_(False)
model.fc = nn.Linear(2048, 10)
model.train()
for m in model.modules():
    if isinstance(m, nn.BatchNorm2d):
        m.eval()
for x, y in loader:
    nn.functional.cross_entropy(model(x), y).backward()
--- trained in inference mode
model = torchvision.models.resnet50().eval()
model.requires_grad_(False)
model.fc = nn.Linear(2048, 10)
for x, y in loader:
    nn.functional.cross_entropy(model(x), y).backward()
--- an extractor of features
model = torchvision.models.resnet50().eval()
for p in model.parameters():
    p.requires_grad = False
features = torch.cat([model(x) for x, y in loader])
--- an extractor of features, without gradients
model = torchvision.models.resnet50()
for p in model.parameters():
    p.requires_grad = False
with torch.no_grad():
    features = [model(x) for x, y in loader]
--- only the head
model = torchvision.models.resnet50()
for p in model.fc.parameters():
    p.requires_grad = False
model.train()
for x, y in loader:
    nn.functional.cross_entropy(model(x), y).backward()
--- a part without batch normalisation
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
        self.body = nn.Sequential(nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8))
        for p in self.stem.parameters():
            p.requires_grad = False
--- some weights
model = torchvision.models.resnet50()
for name, p in model.named_parameters():
    if "layer4" not in name:
        p.requires_grad = False
model.train()
for x, y in loader:
    nn.functional.cross_entropy(model(x), y).backward()
--- unfrozen after some epochs
model = torchvision.models.resnet50()
for p in model.parameters():
    p.requires_grad = False
model.fc = nn.Linear(2048, 10)
model.train()
for epoch in range(9):
    if epoch == 3:
        for p in model.parameters():
            p.requires_grad = True
    nn.functional.cross_entropy(model(x), y).backward()
--- a discriminator that takes turns
D = torchvision.models.resnet18()
G = nn.Sequential(nn.Linear(9, 9), nn.BatchNorm1d(9))
for x in loader:
    D.requires_grad_(True)
    D(x).mean().backward()
    D.requires_grad_(False)
    D(G(x)).mean().backward()
--- train() overridden
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = torchvision.models.resnet50()
        self.backbone.requires_grad_(False)
        self.head = nn.Linear(1000, 10)

    def train(self, mode=True):
        super().train(mode)
        self.backbone.eval()
        return self
--- returned to whoever trains it
def build():
    model = torchvision.models.resnet50()
    model.requires_grad_(False)
    model.fc = nn.Linear(2048, 10)
    return model
--- trained by code that is not in view
from engine import fit
model = torchvision.models.resnet50()
model.requires_grad_(False)
fit(model)
--- layers frozen, weights and mode
def freeze_bn(m):
    if isinstance(m, nn.BatchNorm2d):
        m.eval()
        m.weight.requires_grad = False
        m.bias.requires_grad = False
model = torchvision.models.resnet50()
model.train()
model.apply(freeze_bn)
--- layers frozen, and their mode set by hand
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.requires_grad_(False)

    def forward(self, x):
        self.body[1].training = False
        return self.body(x)
--- layers frozen, in a class with a train() of its own
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.requires_grad_(False)

    def train(self, mode=True):
        return set_modes(self, mode)
--- layers frozen and put into inference mode, others woken by the same name
bn = nn.BatchNorm2d(3)
def train(model, loader):
    for m in model.modules():
        m.train()
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.eval()
            m.requires_grad_(False)
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
--- some weights of layers
bn = nn.BatchNorm2d(3)
def train(model, loader):
    model.train()
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            for name, p in m.named_parameters():
                if name in frozen:
                    p.requires_grad = False
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
--- a single layer, whose namesake is not frozen alone
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(8)
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
        self.bn1.requires_grad_(False)
--- layers frozen by a file that never trains
def freeze_affine(model):
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.weight.requires_grad = False
            m.bias.requires_grad = False
bn = nn.BatchNorm2d(3)
--- layers frozen, with help from another file
from utils import set_bn_eval
bn = nn.BatchNorm2d(3)
def train(model, loader):
    model.train()
    set_bn_eval(model)
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.requires_grad_(False)
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
--- layers frozen, in a model that stays in inference mode
bn = nn.BatchNorm2d(3)
def tune(model, loader):
    model.eval()
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.requires_grad_(False)
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
--- layers frozen, and trained again
bn = nn.BatchNorm2d(3)
def train(model, loader):
    model.train()
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.requires_grad_(False)
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.requires_grad_(True)
--- layers frozen, and trained again by a function above
bn = nn.BatchNorm2d(3)
def unfreeze(model):
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.requires_grad_(True)
def train(model, loader):
    model.train()
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.requires_grad_(False)
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
--- layers frozen, and all weights trained again
bn = nn.BatchNorm2d(3)
def train(model, loader):
    model.train()
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.requires_grad_(False)
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
    for p in model.parameters():
        p.requires_grad = True
--- layers frozen, of models in a list
bn = nn.BatchNorm2d(3)
def train(nets, loader):
    nets[0].train()
    nets[1].eval()
    for m in nets[1].modules():
        if isinstance(m, nn.BatchNorm2d):
            m.requires_grad_(False)
    for x, y in loader:
        nn.functional.cross_entropy(nets[0](nets[1](x)), y).backward()
--- layers of other classes
bn = nn.BatchNorm2d(3)
def train(model, loader):
    model.train()
    for m in model.modules():
        if not isinstance(m, nn.BatchNorm2d):
            m.requires_grad_(False)
        if isinstance(m, nn.Conv2d):
            m.weight.requires_grad = False
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
--- layers that another test chooses
bn = nn.BatchNorm2d(3)
def train(model, loader):
    model.train()
    for name, m in model.named_modules():
        if isinstance(m, nn.BatchNorm2d) and name in frozen:
            m.requires_grad_(False)
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
--- a flag decides
bn = nn.BatchNorm2d(3)
def train(model, loader, trained):
    model.train()
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.weight.requires_grad = trained
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
--- a momentum encoder
class MoCo(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder_q = torchvision.models.resnet50()
        self.encoder_k = torchvision.models.resnet50()
        for p in self.encoder_k.parameters():
            p.requires_grad = False
--- a test of layers
def test_frozen(model):
    model.train()
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.requires_grad_(False)
bn = nn.BatchNorm2d(3)
"""

#: Keras ports of a PyTorch reference that freezes weights alone and trains on.
KERAS_PORTS = """
--- never trained
base = keras.applications.ResNet50()
base.trainable = False
base.predict(images)
--- batch normalisation left trainable
base = keras.applications.ResNet50()
for layer in base.layers:
    if not isinstance(layer, layers.BatchNormalization):
        layer.trainable = False
base.fit(dataset)
--- batch normalisation woken, its weights kept
base = keras.applications.ResNet50()
base.trainable = False
for layer in base.layers:
    if isinstance(layer, layers.BatchNormalization):
        layer.trainable = True
        layer.gamma.trainable = layer.beta.trainable = False
base.fit(dataset)
--- freezes nothing
base = keras.applications.ResNet50()
base.compile("sgd", "mse")
base.fit(dataset)
--- unfrozen later
base = keras.applications.ResNet50()
base.trainable = False
base.fit(dataset)
base.trainable = True
base.fit(dataset)
"""

#: Both sides in one file.
IN_FILE = """
--- the same, with batch normalisation in inference mode
reference = keras.applications.ResNet50()
reference.trainable = False
model = torchvision.models.resnet50()
model.requires_grad_(False)
model.train()
for m in model.modules():
    if isinstance(m, nn.BatchNorm2d):
        m.eval()
for x, y in loader:
    model(x).sum().backward()
--- weights are carried over, and nothing is trained
reference = keras.applications.ResNet50()
reference.trainable = False
model = torchvision.models.resnet50()
for p in model.parameters():
    p.requires_grad = False
print(abs(reference(images) - model.eval()(images)).max())
--- several are frozen on one side: which is which is not known
first = keras.applications.ResNet50()
first.trainable = False
second = keras.applications.Xception()
second.trainable = False
model = torchvision.models.resnet50()
for p in model.parameters():
    p.requires_grad = False
for x, y in loader:
    model(x).sum().backward()
--- the Keras side is never trained
model = torchvision.models.resnet50()
for p in model.parameters():
    p.requires_grad = False
for x, y in loader:
    model(x).sum().backward()
port = keras.applications.ResNet50()
port.trainable = False
port.predict(images)
--- frozen on a condition by the reference alone
reference = keras.applications.ResNet50()
if args.freeze:
    reference.trainable = False
model = torchvision.models.resnet50()
for p in model.parameters():
    p.requires_grad = False
for x, y in loader:
    model(x).sum().backward()
--- one framework
model = torchvision.models.resnet50()
for p in model.parameters():
    p.requires_grad = False
for x, y in loader:
    model(x).sum().backward()
"""


@pytest.mark.parametrize("code", cases(REFERENCES))
def test_reference(code: str) -> None:
    assert run_pair("BN254", keras(code), torch(PORT)) == []


@pytest.mark.parametrize("code", cases(PORTS))
def test_port(code: str) -> None:
    assert run_pair("BN254", keras(KERAS), torch(code)) == []


@pytest.mark.parametrize("code", cases(PORTS))
def test_no_difference_the_other_way_round(code: str) -> None:
    """What leaves no statistics moving for sure is no reference for a port that stops them."""
    assert run_pair("BN254", torch(code), keras(KERAS) + "base.fit(dataset)\n") == []


@pytest.mark.parametrize("code", cases(KERAS_PORTS))
def test_keras_port(code: str) -> None:
    assert run_pair("BN254", torch(PORT), keras(code)) == []


@pytest.mark.parametrize("code", cases(IN_FILE))
def test_in_one_file(code: str) -> None:
    check_clean("BN254", code, IMPORTS)


def test_the_same_kind_on_both_sides() -> None:
    assert run_pair("BN254", keras(KERAS), keras(KERAS) + "base.fit(dataset)\n") == []
    assert run_pair("BN254", torch(PORT), torch(PORT)) == []


@pytest.mark.parametrize(("switch", "count"), [("net.set_train()", 1), ("", 0)])
def test_mindspore_starts_in_inference_mode(switch: str, count: int) -> None:
    port = f"""
    from mindspore import nn, value_and_grad
    net = nn.SequentialCell(nn.Dense(4, 8), nn.BatchNorm1d(8))
    for name, cell in net.cells_and_names():
        if isinstance(cell, nn.BatchNorm1d):
            cell.gamma.requires_grad = False
            cell.beta.requires_grad = False
    {switch}
    step = value_and_grad(lambda x: net(x).sum(), None, net.trainable_params())
    """
    assert len(run_pair("BN254", keras(KERAS), port)) == count


def test_a_condition_on_both_sides_is_one() -> None:
    """Frozen under a flag by the reference: to be reported, the port has to ask as well."""
    reference = keras(KERAS.replace("base.trainable", "if args.freeze:\n    base.trainable"))
    port = torch(
        PORT.replace("for p", "if args.freeze:\n  for p").replace("    p.req", "      p.req")
    )
    assert run_pair("BN254", reference, torch(PORT)) == []
    assert len(run_pair("BN254", reference, port)) == 1
    assert len(run_pair("BN254", keras(KERAS), port)) == 1


def test_two_models_under_two_names() -> None:
    """Each side has an encoder and a critic, and each freezes the other one."""
    reference = """
    critic = keras.applications.Xception()
    encoder = keras.applications.ResNet50()
    encoder.trainable = False
    """
    port = PORT.replace("model", "critic") + "encoder = torchvision.models.resnet50()\n"
    assert run_pair("BN254", keras(reference), torch(port)) == []
    assert len(run_pair("BN254", keras(reference), torch(PORT))) == 1


def test_a_second_reference_file_that_unfreezes() -> None:
    tuned = keras("base = keras.applications.ResNet50()\nbase.trainable = args.tune\n")
    assert len(run_pair("BN254", keras(KERAS), torch(PORT))) == 1
    assert run_pair("BN254", keras(KERAS), torch(PORT), tuned) == []
