"""What a project shows of the framework that its code was ported from, and for which files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import bnlint, passed, write

from bnlint.engine.facts import renew, resolver
from bnlint.semantics.origins import search
from bnlint.semantics.origins.search import hint_for, twins_of

MODEL = """
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)
"""
KERAS_MODEL = """
from tensorflow import keras

bn = keras.layers.BatchNormalization()
"""
READS = """
import h5py
import torch
from model import Net

def load(path, net):
    state = net.state_dict()
    with h5py.File(path) as file:
        for name in ["bn"]:
            state[name + ".running_mean"].copy_(file[name]["moving_mean:0"])
"""
LOADS = """
import torch
from tensorflow import keras
from model import Net

reference, net = keras.models.load_model("model.h5"), Net()
for layer in reference.layers:
    net.bn.weight.data = torch.from_numpy(layer.get_weights()[0])
torch.save(net.state_dict(), "net.pth")
"""

CARRIES = """
import tensorflow as tf

values = {
    name: tf.train.load_variable("model", name) for name, _ in tf.train.list_variables("model")
}
state = {}
for name in ["bn"]:
    state[f"{name}.running_mean"] = values[f"{name}/moving_mean"]
"""

ZOO = {f"model{i}": MODEL for i in range(13)}


def said(folder: Path, **files: str) -> dict[str, str]:
    """Return what BN103 says of the eps of each file of a project."""
    write(folder, **{"pyproject.toml": "", **files})
    run = bnlint(folder, "--select", "BN103", "--output-format", "json", "--no-cache")
    assert run.err == ""
    return {row["filename"]: row["message"] for row in json.loads(run.out)}


SHOWN = [
    pytest.param(
        {"model": MODEL, "load": READS},
        {"model.py": "load.py:10 reads moving_mean of TensorFlow"},
        id="a converter that reads statistics by the names of another framework",
    ),
    pytest.param(
        {"model": MODEL, "load": LOADS},
        {"model.py": "load.py:6 loads TensorFlow weights"},
        id="a converter that loads a model and fills the other",
    ),
    pytest.param(
        {"model": MODEL, "tools__keras2torch": "import torch\nfrom model import Net\n"},
        {"model.py": "tools/keras2torch.py:1 carries TensorFlow weights over"},
        id="a converter that is called so",
    ),
    pytest.param(
        {**ZOO, "net__model": MODEL, "net__api": "from .model import Net\n",
         "load": LOADS.replace("from model", "from net.api")},
        {"net/model.py": "load.py:6 loads TensorFlow weights"},
        id="a file stands between the converter and the model",
    ),
    pytest.param(
        {"model": MODEL.replace("\nclass", "\nimport load\n\nclass"),
         "load": LOADS.replace("from model import Net\n", "").replace("Net()", "make()")},
        {"model.py": "load.py:5 loads TensorFlow weights"},
        id="the model imports the converter",
    ),
    pytest.param(
        {"both": LOADS.replace("from model import Net", MODEL)},
        {"both.py": "line 13 loads TensorFlow weights"},
        id="the converter builds the model itself",
    ),
    pytest.param(
        {"model": '"""A PyTorch port of the Keras model."""\n' + MODEL},
        {"model.py": "line 1 says 'port of the Keras'"},
        id="a sentence at the head of the file",
    ),
    pytest.param(
        {"model": "# Converted to PyTorch\n# from the TensorFlow release.\n" + MODEL},
        {"model.py": "line 1 says 'Converted to PyTorch from the TensorFlow'"},
        id="a sentence in a comment of two lines",
    ),
    pytest.param(
        {"model": MODEL, "tf_to_torch__convert": "import tensorflow\nimport torch\n"},
        {"model.py": "tf_to_torch/convert.py:1 carries TensorFlow weights over"},
        id="a file with both in a folder that is called so",
    ),
    pytest.param(
        {"model": MODEL, "load": LOADS + "saver = tf.train.Saver()\nsaver.restore(s, path)\n"},
        {"model.py": "load.py:6 loads TensorFlow weights"},
        id="a saver that restores",
    ),
    pytest.param(
        {"model": MODEL, "read": CARRIES},
        {"model.py": "read.py:5 loads TensorFlow weights"},
        id="weights of the one framework under the names of the other, which is not imported",
    ),
    pytest.param(
        {"model": "# Weights were transferred from TensorFlow.\n" + MODEL},
        {"model.py": "line 1 says 'transferred from TensorFlow'"},
        id="weights that were transferred",
    ),
    pytest.param(
        {"model": MODEL.replace("class", "# Ported from TensorFlow.\nclass")},
        {"model.py": "line 4 says 'Ported from TensorFlow'"},
        id="a sentence above the class that builds the layers",
    ),
    pytest.param(
        {"model": '"""Ported from Keras."""\nURL = "https://host/v1/net.h5"\n' + MODEL},
        {"model.py": "line 1 says 'Ported from Keras'"},
        id="the address of weights of the framework that it was ported from",
    ),
    pytest.param(
        {"model": '"""Ported from Keras."""\nFILE = "weights/net.pth"\n' + MODEL},
        {"model.py": "line 1 says 'Ported from Keras'"},
        id="weights of its own that nobody published",
    ),
    pytest.param(
        {"model": '"""Ported from Keras, see https://host/net.pth.md"""\n' + MODEL},
        {"model.py": "line 1 says 'Ported from Keras'"},
        id="an address of something else",
    ),
    pytest.param(
        {"model": MODEL + '\nURL = "https://host/net.pth"\n', "load": LOADS},
        {"model.py": "load.py:6 loads TensorFlow weights"},
        id="a converter beside published weights",
    ),
    pytest.param(
        {"model": MODEL, "load": READS.replace("def load", "# decaffeinated\ndef load")},
        {"model.py": "load.py:11 reads moving_mean of TensorFlow"},
        id="no word for a third framework",
    ),
    pytest.param(
        {"model": KERAS_MODEL, "load": """
            import torch
            import keras
            from model import bn

            state = torch.load("net.pth")
            bn.set_weights([state["weight"].numpy()])
            """.replace("\n            ", "\n")},
        {"model.py": "load.py:6 loads PyTorch weights, and PyTorch's default is 1e-05"},
        id="the other way round",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("files", "expected"), SHOWN)
def test_what_shows_it(tmp_path: Path, files: dict[str, str], expected: dict[str, str]) -> None:
    found = said(tmp_path, **files)
    assert found.keys() == expected.keys()
    for path, part in expected.items():
        assert part in found[path]
        assert found[path].endswith(": check the reference")


SILENT = [
    pytest.param({"model": MODEL}, id="nothing shows anything"),
    pytest.param(
        {"model": MODEL, "tests__load": LOADS, "test_load": LOADS}, id="only tests load weights"
    ),
    pytest.param(
        {"model": MODEL, "load": LOADS + 'layer.set_weights([])\n'},
        id="weights go both ways",
    ),
    pytest.param(
        {"model": MODEL, "load": LOADS + 'torch.onnx.export(net, x, "net.onnx")\n'},
        id="the model is written for other programs",
    ),
    pytest.param(
        {"model": MODEL, "check": LOADS.replace(".data = torch", " == torch")
         .replace("torch.save(net.state_dict(), ", "net.load_state_dict(*map(torch.load, [")
         .replace('"net.pth")', '"net.pth"]))')},
        id="two models are compared",
    ),
    pytest.param(
        {"model": MODEL, "load": READS.replace("def load", "# weights of darknet19\ndef load")},
        id="weights that came to the other framework from a third",
    ),
    pytest.param(
        {"model": MODEL + """
            # Ported from TensorFlow.
            class Other(nn.Module):
                def __init__(self):
                    self.conv = nn.Conv2d(8, 8, 3)
            """.replace("\n            ", "\n")},
        id="a sentence above a class without layers",
    ),
    pytest.param(
        {"resnet": MODEL, "load": READS.replace("from model", "from resnet")},
        id="residual networks often set their own eps in TensorFlow",
    ),
    pytest.param(
        {"model": MODEL, "load": LOADS + 'net.load_state_dict(torch.load("other.pth"))\n'},
        id="weights of both are loaded",
    ),
    pytest.param(
        {"model": '"""Weights ported from Keras: Prec@1 78.9"""\n' + MODEL
         + '\nURLS = {"net": "http://host/models/net-43020ad2.pth"}\n'},
        id="weights of its own framework were published with the layers as they stand",
    ),
    pytest.param(
        {"model": '"""Ported from Keras."""\n# wget https://host/net.pth?download=1\n' + MODEL},
        id="published weights in a comment",
    ),
    pytest.param(
        {"model": '"""Ported from PyTorch."""\nURL = "https://host/net.h5"\n' + KERAS_MODEL},
        id="published weights of Keras",
    ),
    pytest.param(
        {"model": MODEL + "\n\nclass Conv2dSame(nn.Conv2d):\n    pass\n"},
        id="a class that pads as another framework does tells little of eps",
    ),
    pytest.param(
        {"model": MODEL, "layers": """
            import torch
            from torch import nn

            class Norm(nn.Module):
                def __init__(self):
                    self.register_buffer("moving_mean", torch.zeros(1))
            """.replace("\n            ", "\n")},
        id="statistics of a layer of one's own",
    ),
    pytest.param(
        {**ZOO, "load": LOADS.replace("from model import Net", "")},
        id="a collection of models",
    ),
    pytest.param(
        {**ZOO, "other": "import torch\n", "load": LOADS.replace("from model", "from other")},
        id="a converter that has to do with none of them",
    ),
    pytest.param(
        {"model": '"""Ported from MindSpore."""\n' + MODEL, "load": LOADS},
        id="two sources for one file",
    ),
    pytest.param(
        {"yolo": '"""A port of the Keras model."""\n' + MODEL}, id="a model that sets its own eps"
    ),
    pytest.param(
        {"model": MODEL.replace("(8)", "(8, eps=1e-5)"), "load": LOADS}, id="eps is written down"
    ),
    pytest.param(
        {"model": '"""A port of the PyTorch model."""\n' + MODEL}, id="its own framework is named"
    ),
    pytest.param(
        {"model": '"""A reimplementation of ResNet in TensorFlow style."""\n' + MODEL},
        id="in, not from",
    ),
    pytest.param(
        {"model": MODEL + '\nTEXT = "ported from Keras"\n'}, id="the sentence is no comment"
    ),
    pytest.param(
        {"model": '"""Convert images from RGB. Keras does it too."""\n' + MODEL},
        id="another sentence names the framework",
    ),
    pytest.param(
        {name: text.replace("torch", "mindspore") for name, text in
         {"model": MODEL, "load": READS}.items()},
        id="its own statistics have these names too",
    ),
    pytest.param(
        {"model": MODEL, "adam": "import torch\nfrom model import Net\nstate['avg_var'] = 0\n"},
        id="a name that any code may have",
    ),
    pytest.param(
        {"model": MODEL + "\n\nclass SameScale(nn.Module):\n    pass\n"}, id="no padding"
    ),
    pytest.param(
        {"model": '"""Ported from MindSpore."""\n' + MODEL}, id="both have the same default"
    ),
    pytest.param(
        {"model": MODEL, "backbone_to_ms": READS.replace("import h5py", "import mindspore")},
        id="statistics that MindSpore names as TensorFlow does",
    ),
    pytest.param(
        {"model": "# import torch\n" + KERAS_MODEL}, id="code of another framework in a comment"
    ),
    pytest.param(
        {"model": "# Adapted from https://github.com/someone/nets-pytorch\n" + KERAS_MODEL},
        id="an address that is cited",
    ),
    pytest.param(
        {"model": KERAS_MODEL, "README.md": "Ported from PyTorch.\n"}, id="an introduction"
    ),
    pytest.param(
        {"model": '"""Ported from Keras."""\n' + MODEL, "bnlint.toml": "infer = false\n"},
        id="the configuration ends it",
    ),
    pytest.param(
        {"model": '"""Ported from Keras."""\n' + MODEL, "bnlint.toml": 'reference = "none"\n'},
        id="the configuration says that it is no port",
    ),
    pytest.param(
        {"model": '"""Ported from Keras."""\n' + MODEL, "bnlint.toml": 'from = "mindspore"\n'},
        id="the configuration says another framework",
    ),
]  # fmt: skip


@pytest.mark.parametrize("files", SILENT)
def test_what_shows_nothing(tmp_path: Path, files: dict[str, str]) -> None:
    assert said(tmp_path, **files) == {}


def test_only_eps_is_judged(tmp_path: Path) -> None:
    write(tmp_path, **{"pyproject.toml": "", "model": MODEL, "load": LOADS})
    (row,) = json.loads(bnlint(tmp_path, "--output-format", "json", "model.py").out)
    assert (row["code"], row["severity"], row["confidence"]) == ("BN103", "warning", "medium")
    assert row["fix"]["applicability"] == "unsafe"
    assert row["reference"]["kind"] == "inferred"


def test_a_run_that_remembers_sees_a_new_converter(tmp_path: Path) -> None:
    many = {
        f"other{i}": "import torch.nn as nn\nbn = nn.BatchNorm2d(1, eps=1)\n" for i in range(60)
    }
    write(tmp_path, **{"pyproject.toml": "", "model": MODEL, **many})
    command = ("--select", "BN103", "--cache-dir", str(tmp_path / "cache"))
    assert bnlint(tmp_path, *command).out == ""
    assert bnlint(tmp_path, *command).out == ""
    write(tmp_path, load=LOADS)
    assert "load.py:6 loads TensorFlow weights" in bnlint(tmp_path, *command).out
    (tmp_path / "load.py").unlink()
    assert bnlint(tmp_path, *command).out == ""


def test_reference_says_what_is_shown_and_what_says_it_for_good(tmp_path: Path) -> None:
    write(tmp_path, **{"pyproject.toml": "", "model": MODEL, "load": LOADS, "k": KERAS_MODEL})
    shown = (
        "k.py\n"
        "  1 Keras layer: nothing: no reference is known\n"
        "model.py\n"
        "  1 PyTorch layer: TensorFlow's default of eps, which is inferred\n"
        "    load.py:6 loads TensorFlow weights\n"
        "\n"
        "In pyproject.toml, these lines say it for good:\n"
        "\n"
    )
    lines = '[[tool.bnlint.port]]\npaths = ["model.py"]\nfrom = "keras"\n'
    assert bnlint(tmp_path, "reference").out == shown + lines
    assert "#     load.py:6 loads TensorFlow weights\n" in bnlint(tmp_path, "--show-settings").out
    (row,) = json.loads(bnlint(tmp_path, "sites", "--output-format", "json", "model.py").out)
    assert row["reference"].endswith("inferred: load.py:6 loads TensorFlow weights")
    write(tmp_path, **{"pyproject.toml": lines})
    assert "Keras's defaults, as is declared" in bnlint(tmp_path, "reference", "model.py").out


README = "# Net\n\nA PyTorch port of the TensorFlow model.\n"


@pytest.mark.parametrize(
    ("files", "shown"),
    [
        pytest.param({"model": MODEL, "README.md": README}, True, id="it says so"),
        pytest.param({"model": MODEL, "README.md": "A PyTorch model.\n"}, False, id="it does not"),
        pytest.param({"model": KERAS_MODEL, "README.md": README}, False, id="the same framework"),
        pytest.param(
            {"model": MODEL.replace("(8)", "(8, eps=1e-4)"), "README.md": README}, False,
            id="eps is written down",
        ),
        pytest.param(
            {"model": MODEL, "README.md": README + "\nConverted from MindSpore.\n"}, False,
            id="two are named",
        ),
        pytest.param(
            {**{f"m{i}": MODEL for i in range(61)}, "README.md": README}, False,
            id="a collection of models",
        ),
        pytest.param(
            {"model": MODEL, "README.md": README, "bnlint.toml": "infer = false\n"}, False,
            id="the configuration ends it",
        ),
    ],
)  # fmt: skip
def test_an_introduction_is_a_hint(tmp_path: Path, files: dict[str, str], *, shown: bool) -> None:
    write(tmp_path, **{"pyproject.toml": "", **files})
    run = bnlint(tmp_path)
    assert run.out == ""
    hint = (
        "hint: README.md:3 says 'port of the TensorFlow'; if that is so, eps differs in 1 layer: "
        "try --from tensorflow\n"
    )
    assert (hint in run.err) is shown


PADS = [
    pytest.param("class Conv2dSame(nn.Conv2d):\n    pass\n", "line 8", "Conv2dSame", id="a class"),
    pytest.param("from .layers import conv2d_same\n", "line 8", "conv2d_same", id="an import"),
]


@pytest.mark.parametrize(("more", "line", "name"), PADS)
def test_what_pads_shows_the_framework(tmp_path: Path, more: str, line: str, name: str) -> None:
    write(tmp_path, **{"pyproject.toml": "", "model": MODEL + more})
    sign = f"{line} pads as TensorFlow does ({name})"
    assert sign in bnlint(tmp_path, "reference", ".").out
    low = bnlint(tmp_path, "--min-confidence", "low", "--select", "BN103", "--no-cache")
    assert sign in low.out
    usual = bnlint(tmp_path, "--select", "BN103", "--no-cache")
    assert "1 batch normalisation layer; eps and momentum compared with nothing" in (
        usual.out + usual.err
    )


def test_pooling_that_pads_shows_nothing(tmp_path: Path) -> None:
    more = "from .layers import AvgPool2dSame\n"
    write(tmp_path, **{"pyproject.toml": "", "model": MODEL + more})
    assert "no reference is known" in bnlint(tmp_path, "reference", ".").out


def test_where_eps_is_written_down_the_source_is_said(tmp_path: Path) -> None:
    model = MODEL.replace("(8)", "(8, eps=1e-4)")
    write(tmp_path, **{"pyproject.toml": "", "model": model, "load": READS})
    out = bnlint(tmp_path, "reference", ".").out
    assert "nothing: eps is written down. It is inferred that TensorFlow is the source" in out
    assert "load.py:10 reads moving_mean of TensorFlow" in out
    run = bnlint(tmp_path, "--no-cache")
    assert "1 batch normalisation layer; eps and momentum compared with nothing" in run.err


def test_the_eps_of_the_source_in_writing_is_no_layer_that_was_compared_with_nothing(
    tmp_path: Path,
) -> None:
    model = MODEL.replace("(8)", "(8, eps=1e-3)")
    write(tmp_path, **{"pyproject.toml": "", "model": model, "load": READS})
    out = bnlint(tmp_path, "reference", ".").out
    assert "TensorFlow's default of eps, which is inferred, and is written down" in out
    assert "load.py:10 reads moving_mean of TensorFlow" in out
    assert bnlint(tmp_path, "--no-cache") == (0, "", passed(2, 1))


@pytest.mark.parametrize(
    ("text", "family", "expected"),
    [
        pytest.param("Ported from Keras.\n", "torch", "keras", id="a sentence"),
        pytest.param("Ported from Keras.\n", "slim", None, id="the same ecosystem"),
        pytest.param("Ported from MindSpore.\n", "torch", None, id="the same default"),
        pytest.param("Ported from Darknet.\n", "keras", None, id="ports set their own numbers"),
        pytest.param(
            "Credits: https://github.com/someone/nets-keras\n", "torch", None, id="an address"
        ),
        pytest.param("A network.\n", "torch", None, id="nothing"),
    ],
)
def test_what_an_introduction_says(
    tmp_path: Path, text: str, family: str, expected: str | None
) -> None:
    write(tmp_path, **{"pyproject.toml": "", "README.md": text, "model": MODEL})
    (tmp_path / "no_text.py").write_bytes(b"import torch  # caf\xe9\n")
    renew()
    hint = hint_for(resolver(), str(tmp_path / "model.py"), family)
    assert (None if hint is None else hint.family) == expected


def test_files_that_are_no_text_show_nothing(tmp_path: Path) -> None:
    (tmp_path / "no_text.py").write_bytes(LOADS.encode() + b"# caf\xe9\n")
    assert said(tmp_path, model=MODEL).keys() == {"no_text.py"}
    assert said(tmp_path, load=LOADS).keys() == {"no_text.py", "model.py"}


def test_a_project_of_too_many_files_is_not_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_MAX_PROJECT", 2)
    assert said(tmp_path, model=MODEL, load=LOADS).keys() == {"model.py"}
    assert said(tmp_path, other="") == {}


def test_files_of_one_name_are_twins_where_they_are_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, **{"pyproject.toml": "", "net": MODEL, "keras__net_keras": KERAS_MODEL})
    renew()
    net, twin = str(tmp_path / "net.py"), str(tmp_path / "keras/net_keras.py")
    assert twins_of(resolver(), net) == [twin]
    monkeypatch.setattr(search, "MAX_FILES", 1)
    assert twins_of(resolver(), net) == ()
