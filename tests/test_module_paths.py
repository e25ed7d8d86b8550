"""What compare calls layers in JSON, against what the frameworks themselves call them."""

from __future__ import annotations

import json
import textwrap
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from bnlint.cli.main import main

KERAS = """
    from keras import layers
    import keras

    def block(x, size, name):
        x = layers.Conv2D(size, 3, padding="same", name=name + "_conv")(x)
        x = layers.BatchNormalization(name=name + "_bn")(x)
        x = layers.BatchNormalization(name=f"{name}-again")(x)
        return layers.BatchNormalization(name="%s.last" % name)(x)

    def build():
        image = keras.Input((8, 8, 3))
        x = layers.BatchNormalization(name="stem_bn")(image)
        for i in range(2):
            x = block(x, 3, name=f"stage{i}")
        x = layers.BatchNormalization()(x)
        x = layers.BatchNormalization()(x)
        return keras.Model(image, x)
    """

TORCH = """
    from collections import OrderedDict
    from torch import nn

    def conv_bn(size):
        return nn.Sequential(nn.Conv2d(size, size, 1), nn.BatchNorm2d(size), nn.ReLU())

    def many(size):
        layers = []
        for _ in range(2):
            layers += [nn.Conv2d(size, size, 1), nn.BatchNorm2d(size, eps=0.1)]
        return nn.Sequential(*layers)

    class Basic(nn.Module):
        def __init__(self, size, downsample=None):
            super().__init__()
            self.bn1 = nn.BatchNorm2d(size)
            bn2 = nn.BatchNorm2d(size)
            self.second = bn2
            self.downsample = downsample

    class Bottleneck(nn.Module):
        def __init__(self, size, downsample=None):
            super().__init__()
            self.bn3 = nn.BatchNorm2d(size)
            self.shortcut = downsample

    class Dense(nn.Sequential):
        def __init__(self, size):
            super().__init__()
            self.add_module("norm", nn.BatchNorm2d(size))

    class Never(nn.Module):
        def __init__(self):
            super().__init__()
            self.other = nn.BatchNorm2d(3)

    class Net(nn.Module):
        def __init__(self, block=Basic, size=4):
            super().__init__()
            self.stem = nn.Sequential(nn.Conv2d(3, size, 1), nn.BatchNorm2d(size))
            self.named = nn.Sequential(OrderedDict([("conv", nn.Conv2d(3, size, 1)),
                                                    ("norm", nn.BatchNorm2d(size))]))
            self.layer1 = self._make(block, size, 2)
            self.layer2 = self._make(block, size, 1)
            self.last = Bottleneck(size, nn.BatchNorm2d(size))
            self.dense = Dense(size)
            self.neck = conv_bn(size)
            self.tail = many(size)
            self.heads = nn.ModuleList([nn.BatchNorm1d(size), nn.BatchNorm1d(size, eps=0.2)])
            self.more = nn.ModuleList([nn.BatchNorm1d(size) for _ in range(2)])
            self.grown = nn.ModuleList()
            for _ in range(2):
                self.grown.append(nn.BatchNorm1d(size))
            self.kept = nn.ModuleDict({"a": nn.BatchNorm1d(size), "b": nn.BatchNorm1d(size)})
            branch = nn.Sequential()
            branch.add_module("bn", nn.BatchNorm2d(size))
            self.branch = branch
            for i in range(2):
                setattr(self, f"norm{i}", nn.BatchNorm2d(size))
            self.chosen = nn.BatchNorm2d(size) if size > 2 else nn.Identity()

        def _make(self, block, size, count):
            downsample = nn.Sequential(nn.Conv2d(size, size, 1), nn.BatchNorm2d(size, eps=0.3))
            layers = [block(size, downsample)]
            for _ in range(1, count):
                layers.append(block(size))
            return nn.Sequential(*layers)

    if __name__ == "__main__":
        Basic(3)
        print(Net())
    """


def names_in_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], reference: str, port: str, part: str = ""
) -> tuple[list[list[str]], list[list[str]]]:
    """Return what compare calls the layers of both sides."""
    for name, code in (("ref.py", reference), ("port.py", port)):
        (tmp_path / name).write_text(textwrap.dedent(code))
    sides = [str(tmp_path / "ref.py"), str(tmp_path / "port.py") + part]
    main(["compare", *sides, "--output-format", "json", "--exit-zero"])
    pairs = json.loads(capsys.readouterr().out)["pairs"]
    left, right = (
        {json.dumps(pair[side]): pair[side] for pair in pairs if pair[side]}.values()
        for side in ("reference", "port")
    )
    return [item["modules"] for item in left], [item["modules"] for item in right]


def held_together(patterns: list[list[str]], names: set[str]) -> tuple[set[str], set[str]]:
    """Return the patterns that match no name, and the names that no pattern matches."""
    told = {pattern for found in patterns for pattern in found}
    return (
        {pattern for pattern in told if not any(fnmatchcase(name, pattern) for name in names)},
        {name for name in names if not any(fnmatchcase(name, pattern) for pattern in told)},
    )


ONE = "from torch import nn\nbn = nn.BatchNorm2d(3)\n"


def test_names_of_pytorch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nn = pytest.importorskip("torch").nn
    space: dict[str, object] = {"__name__": "net"}
    exec(textwrap.dedent(TORCH), space)
    net = space["Net"]()  # type: ignore[operator]
    real = {
        name
        for name, layer in net.named_modules()
        if isinstance(layer, nn.modules.batchnorm._BatchNorm)
    }
    _, found = names_in_json(tmp_path, capsys, KERAS, TORCH, "::Net")
    unreal, missed = held_together(found, real)
    assert (unreal, missed) == (set(), set())
    exact = {name for names in found for name in names if "*" not in name}
    assert {
        "stem.1", "named.norm", "neck.1", "dense.norm", "heads.0", "heads.1", "kept.a", "kept.b",
        "branch.bn", "chosen",
    } <= exact  # fmt: skip
    assert ["layer1.*.bn1", "layer2.*.bn1"] in found
    assert ["last.bn3"] in found
    assert ["last.shortcut"] in found
    assert ["norm*"] in found
    assert ["layer1.*.downsample.1", "layer2.*.downsample.1"] in found


def test_names_of_keras(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keras = pytest.importorskip("keras")
    keras.backend.clear_session()
    space: dict[str, object] = {}
    exec(textwrap.dedent(KERAS), space)
    model = space["build"]()  # type: ignore[operator]
    real = {
        layer.name for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)
    }
    found, _ = names_in_json(tmp_path, capsys, KERAS, ONE)
    assert held_together(found, real) == (set(), set())
    (names,) = found  # they are all alike, so that one stands for them
    assert {"stem_bn", "batch_normalization*"} <= set(names)


def test_a_class_that_others_hold_in_other_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port = tmp_path / "port"
    port.mkdir()
    (port / "blocks.py").write_text(
        "from torch import nn\nclass Block(nn.Module):\n    def __init__(self):\n"
        "        self.bn = nn.BatchNorm2d(3)\n"
    )
    (port / "net.py").write_text(
        "from torch import nn\nfrom blocks import Block\nclass Net(nn.Module):\n"
        "    def __init__(self):\n        self.first = Block()\n        self.last = Block()\n"
        "        self.own = nn.BatchNorm2d(3)\n"
    )
    (tmp_path / "ref.py").write_text(textwrap.dedent(KERAS))
    sides = [str(tmp_path / "ref.py"), str(port)]
    main(["compare", *sides, "--output-format", "json", "--exit-zero"])
    pairs = json.loads(capsys.readouterr().out)["pairs"]
    found = [pair["port"]["modules"] for pair in pairs if pair["port"]]
    assert ["first.bn", "last.bn"] in found
    assert ["own"] in found
