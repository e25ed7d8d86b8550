"""One import path means different layers in different releases: what a project requires decides."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnlint.cli.main import main
from bnlint.frameworks.releases import of_releases
from bnlint.frameworks.tables import catalogue
from bnlint.semantics.project.releases import newest_in
from bnlint.semantics.syntax.module import parse

KERAS = "from keras.layers import BatchNormalization\nbn = BatchNormalization({})\n"
TF_KERAS = "import tensorflow as tf\nbn = tf.keras.layers.BatchNormalization()\n"
SONNET = "import sonnet as snt\nbn = snt.BatchNorm(True, True)\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def apis(capsys: pytest.CaptureFixture[str], file: str = "net.py") -> list[str]:
    """Return the families of releases that the layer of ``net.py`` may be of."""
    assert main(["sites", "--output-format", "json", file]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    return [name.partition(".")[0] for name in row["apis"]]


ALL = ["keras3", "keras2", "keras_standalone"]
OLD = ["keras1", "keras1_1", "keras1_0_7", "keras1_0"]


@pytest.mark.parametrize(
    ("name", "text", "meant"),
    [
        ("requirements.txt", "keras==2.2.4\n", ["keras_standalone"]),
        ("requirements.txt", "Keras == 2.2.4  # as in the paper\n", ["keras_standalone"]),
        ("requirements.txt", "keras==1.2.2\n", ["keras1"]),
        ("requirements.txt", "keras==1.1.0\n", ["keras1_1"]),
        ("requirements.txt", "keras==1.0.7\n", ["keras1_0_7"]),
        ("requirements.txt", "keras==1.0.3\n", ["keras1_0"]),
        ("requirements.txt", "keras<2\n", OLD),
        ("requirements.txt", "keras>=1.2\n", ALL),
        ("requirements.txt", "keras>=2.2.4,<2.6\n", ["keras2", "keras_standalone"]),
        ("requirements.txt", "keras~=2.6\n", ["keras2"]),
        ("requirements.txt", "keras>2.15\n", ["keras3", "keras2"]),
        ("requirements.txt", "keras>=3\n", ["keras3"]),
        ("requirements.txt", "keras\n", ALL),
        ("requirements.txt", "keras-applications==1.0.8\n", ALL),
        ("requirements.txt", "keras==2.6.* --hash=sha256:0\n", ["keras2"]),
        ("requirements.txt", "# keras==1.2.2\n-r other.txt\n???\n", ALL),
        (
            "requirements.txt",
            "keras==1.2; python_version < '3'\nkeras==2.2\n",
            ["keras_standalone"],
        ),
        ("requirements.txt", "keras==0.3\n", ALL),
        ("requirements-gpu.txt", "keras==2.2.4\n", ["keras_standalone"]),
        ("dev_requirements.in", "keras==2.2.4\n", ["keras_standalone"]),
        ("notes.txt", "keras==2.2.4\n", ALL),
        (
            "setup.py",
            "setup(install_requires=['keras>=2.0,<2.3', 'numpy'])\n",
            ["keras_standalone"],
        ),
        ("setup.cfg", "[options]\ninstall_requires =\n    keras==2.2.4\n", ["keras_standalone"]),
        ("pyproject.toml", "[project]\ndependencies = ['keras[x]==2.9']\n", ["keras2"]),
        ("pyproject.toml", "[project.optional-dependencies]\na = ['keras==3.1']\n", ["keras3"]),
        ("pyproject.toml", "[tool.poetry.dependencies]\nkeras = '^2.2.4'\n", ALL[1:]),
        ("pyproject.toml", "[tool.poetry.dependencies]\nkeras = '~2.2'\n", ["keras_standalone"]),
        ("pyproject.toml", "[tool.poetry.dependencies]\nkeras = {version = '2.2.*'}\n", ALL[2:]),
        ("pyproject.toml", "[tool.poetry.dependencies]\nkeras = '^0.3'\n", ALL),
        ("pyproject.toml", "[tool.poetry.dependencies]\nkeras = '^0.0'\n", ALL),
        ("pyproject.toml", "[tool.poetry.dependencies]\nkeras = '^0'\n", ALL),
        ("pyproject.toml", "[tool.poetry.dependencies]\nkeras = '*'\n", ALL),
        ("pyproject.toml", "[tool.poetry.dependencies]\nkeras = '2.2.4 || 3'\n", ALL),
        ("pyproject.toml", "keras = = 1\n", ALL),
        ("Pipfile", "[packages]\nkeras = '==2.2.4'\n", ["keras_standalone"]),
        ("poetry.lock", '[[package]]\nname = "keras"\nversion = "2.15.0"\n', ["keras2"]),
        ("uv.lock", '[[package]]\nname = "keras"\nversion = "3.3.0"\n', ["keras3"]),
        ("environment.yml", "dependencies:\n  - keras=2.2\n", ["keras_standalone"]),
        ("environment.yml", "dependencies:\n  - keras=2.2.4=py36_0\n", ["keras_standalone"]),
        ("environment.yml", "dependencies:\n  - pip:\n    - keras==2.9.0\n", ["keras2"]),
        ("conda-env.yaml", 'dependencies:\n  - "keras>=3"\n', ["keras3"]),
    ],
)
def test_what_files_of_installers_say(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, meant: list[str]
) -> None:
    """A release that nothing allows is taken for a mistake, and then all are considered."""
    (folder / "net.py").write_text(KERAS.format(""))
    (folder / name).write_text(text)
    assert apis(capsys) == meant


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("requirements.txt", "keras==" + "1" * 5000, id="a long number"),
        pytest.param("requirements.txt", "keras==1.2.3 or so\n" * 90_000, id="many lines"),
        pytest.param("requirements.txt", "keras==2.2\xff\x00", id="no text"),
        pytest.param("requirements.txt", "keras===foo\nkeras @ file:///x\n", id="odd ones"),
        pytest.param("pyproject.toml", "keras = " + "[" * 3000, id="deep"),
        pytest.param(
            "pyproject.toml", f"[a]\nkeras = '^{'9' * 5000}'", id="a long number of Poetry"
        ),
        pytest.param(
            "environment.yml", f"- keras{' ' * 100_000}x\nkeras={'1' * 100_000}!", id="long"
        ),
        pytest.param("setup.py", "'keras==1\n" * 1000, id="quotes that do not end"),
        pytest.param("uv.lock", 'name = "keras"\nversion = "??"\n', id="a version that is none"),
    ],
)
def test_files_that_nobody_wrote_by_hand(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, text: str
) -> None:
    """What cannot be a requirement allows every release, in no time."""
    (folder / "net.py").write_text(KERAS.format(""))
    (folder / name).write_text(text, encoding="latin-1")
    assert apis(capsys) == ALL


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("tensorflow==2.15\n", ["keras2"]),
        ("tensorflow-gpu==1.14\n", ["keras2"]),
        ("tensorflow_cpu~=2.17\n", ["keras3"]),
        ("tensorflow>=2.16\ntf-keras\n", ["keras3", "keras2"]),
        ("tensorflow>=2.0\n", ["keras3", "keras2"]),
        ("keras==2.2.4\n", ["keras3", "keras2"]),
    ],
)
def test_keras_inside_of_tensorflow_goes_by_tensorflow(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, meant: list[str]
) -> None:
    """With tf-keras beside it, a setting of the environment brings the old one back."""
    (folder / "net.py").write_text(TF_KERAS)
    (folder / "requirements.txt").write_text(text)
    assert apis(capsys) == meant


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        ("", ALL),
        ("mode=2", OLD),
        ("mode=1, axis=1", OLD),
        ("mode=0, axis=1", ["keras_standalone"]),
        ("beta_init='zero'", ["keras_standalone"]),
        ("1", ["keras3", "keras2"]),
        ("fused=True", ["keras2"]),
        ("gamma_initializer='ones', epsilon=1e-5", ALL),
        ("nonsense=1", ALL),
    ],
)
def test_a_call_means_the_releases_that_take_it(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: str, meant: list[str]
) -> None:
    """Releases before 2 are meant only by calls that later ones refuse."""
    (folder / "net.py").write_text(KERAS.format(arguments))
    assert apis(capsys) == meant


def test_the_nearest_folder_that_speaks_of_a_package_decides(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What lies above the project, or beside the file's folder, says nothing."""
    inner = folder / "models"
    inner.mkdir()
    (folder / "other").mkdir()
    (folder / "other" / "requirements.txt").write_text("keras==1.2.2\n")
    (folder / "requirements.txt").write_text("keras>=3\n")
    (inner / "net.py").write_text(KERAS.format(""))
    assert apis(capsys, "models/net.py") == ["keras3"]
    (inner / "requirements.txt").write_text("numpy\n")
    assert apis(capsys, "models/net.py") == ["keras3"]
    (inner / "requirements.txt").write_text("keras==2.2\n")
    assert apis(capsys, "models/net.py") == ["keras_standalone"]
    (inner / "setup.py").write_text("setup(install_requires=['keras>=2.2,<3'])\n")
    assert apis(capsys, "models/net.py") == ["keras_standalone"]


def test_sonnet(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Sonnet 1 and 2 share an import path and differ in eps."""
    (folder / "net.py").write_text(SONNET)
    assert apis(capsys) == ["sonnet", "sonnet1"]
    (folder / "requirements.txt").write_text("dm-sonnet<2\n")
    assert apis(capsys) == ["sonnet1"]


REFERENCE = (
    "from keras.layers import BatchNormalization\n\ndef bn():\n    return BatchNormalization()\n"
)
PORT = "from torch import nn\n\n\ndef bn():\n    return nn.BatchNorm2d(8)\n"


@pytest.mark.parametrize(
    ("required", "eps"),
    [("keras==1.1.0", ""), ("keras==1.0.7", "1e-06"), ("keras==1.2.2", "0.001"), ("", "0.001")],
)
def test_a_port_is_compared_with_the_release_that_is_required(
    folder: Path, capsys: pytest.CaptureFixture[str], required: str, eps: str
) -> None:
    """Keras 1.0 to 1.2 had three defaults of epsilon, one of which is that of PyTorch."""
    (folder / "ref.py").write_text(REFERENCE)
    (folder / "port.py").write_text(PORT)
    (folder / "requirements.txt").write_text(required)
    port = "[[port]]\npaths = ['port.py']\nreference = 'ref.py'\n"
    (folder / "bnlint.toml").write_text(port)
    main(["check", "--select", "BN103", "--output-format", "json", "port.py"])
    found = json.loads(capsys.readouterr().out)
    assert [f"eps is {eps}" in f["message"] or eps in f["message"] for f in found] == [True] * bool(
        eps
    )


def test_an_argument_that_the_required_release_refuses(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What another release takes is a fault where the project requires this one."""
    (folder / "net.py").write_text(KERAS.format("fused=True"))
    assert main(["check", "net.py"]) == 0
    (folder / "requirements.txt").write_text("keras>=3\n")
    assert main(["check", "--output-format", "concise", "net.py"]) == 1
    assert (
        "BatchNormalization of Keras 3 does not take fused=, and the project requires that release"
        in capsys.readouterr().out
    )


def test_results_are_forgotten_when_requirements_change(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A cached result rests on what the project requires."""
    (folder / "net.py").write_text(KERAS.format("fused=True"))
    command = ["check", "--cache-dir", str(folder / "cache"), "net.py"]
    (folder / "requirements.txt").write_text("keras>=3\n")
    assert (main(command), main(command)) == (1, 1)
    (folder / "requirements.txt").write_text("keras<3\n")
    assert (main(command), main(command)) == (0, 0)


_NUMBERS = st.lists(st.integers(0, 4), min_size=1, max_size=3).map(lambda n: ".".join(map(str, n)))
_SPECIFIERS = st.lists(
    st.builds("{}{}".format, st.sampled_from(["==", ">=", "<=", "<", ">", "~=1.", "!="]), _NUMBERS),
    max_size=3,
).map(",".join)


@given(_SPECIFIERS, st.sampled_from(["0.5", "1.0.7", "1.1", "1.2.2", "2.2.4", "2.9", "3.4"]))
def test_a_release_that_is_allowed_is_never_left_out(specifier: str, version: str) -> None:
    """Narrowing leaves at least the API of each version that the specifier allows."""
    from packaging.specifiers import SpecifierSet

    tables = catalogue().load(("keras",))
    meant = {
        "1.0.7": "keras1_0_7", "1.1": "keras1_1", "1.2.2": "keras1", "2.2.4": "keras_standalone",
        "2.9": "keras2", "3.4": "keras3",
    }  # fmt: skip
    left = of_releases(tables, (("keras", ((specifier,),)),)).by_alias[
        "keras.layers.BatchNormalization"
    ]
    names = {api.id.partition(".")[0] for api in left}
    assert names
    if version in meant and SpecifierSet(specifier).contains(version):
        assert meant[version] in names or not names & {
            "keras1",
            "keras1_1",
            "keras1_0_7",
            "keras1_0",
        }


@pytest.mark.parametrize(
    ("code", "newest"),
    [
        ("from keras import ops", True),
        ("from keras.ops import mean", True),
        ("import keras.ops", True),
        ("import keras.ops.numpy as n", True),
        ("import keras\nx = keras.ops.mean(y)", True),
        ("from keras import ops as o", True),
        ("from keras.ops import *", True),
        ("from keras import Variable", True),
        ("from keras import layers", False),
        ("from keras import operations", False),
        ("import keras.opsy", False),
        ("from .keras import ops", False),
        ("from .keras.ops import mean", False),
        ("from . import ops", False),
        ("import keras\nx = keras.other.ops", False),
        ("x = ops", False),
        ("try:\n    from keras import ops\nexcept ImportError:\n    ops = None", False),
        ("from keras import layers, ops", True),
    ],
)
def test_what_only_the_newest_release_has(code: str, newest: bool) -> None:
    """Where it may fail, another release may do without."""
    found = newest_in(parse("x.py", f"{code}\n"), catalogue().load(("keras",)))
    assert found == (frozenset({"keras"}) if newest else frozenset())
