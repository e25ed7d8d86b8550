"""Wrappers that a configuration declares: what is wrong with a declaration, and what it means."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from command_line import bnlint, write

from bnlint.config.options import parse
from bnlint.config.settings import ConfigError
from bnlint.config.shown import show
from bnlint.config.wrappers import check_wrappers

tomllib = __import__("tomllib" if sys.version_info >= (3, 11) else "tomli")

NAME = "mypkg.layers.TFBatchNorm"
TORCH = 'like = "torch.nn.BatchNorm2d"\n'


def mistakes(text: str) -> list[str]:
    """Return what is wrong with a ``bnlint.toml`` that reads ``text``."""
    try:
        found = list(check_wrappers(parse(tomllib.loads(text), "bnlint.toml", "", "/p")))
    except ConfigError as error:
        found = list(error.mistakes)
    return [": ".join(mistake[1:]) for mistake in found]


@pytest.mark.parametrize(
    ("entry", "key", "message"),
    [
        ("eps = 1e-3", ".like", "missing: name the API it is like, as in "),
        ("like = 3", ".like", "expected the import path of an API, found 3"),
        (
            'like = "BatchNorm2d"',
            ".like",
            'expected the import path of an API, found "BatchNorm2d"',
        ),
        (
            'like = "torch.nn.BatchNrom2d"',
            ".like",
            'unknown API "torch.nn.BatchNrom2d"; did you mean torch.nn.BatchNorm2d?',
        ),
        (f'{TORCH}eps = "1e-3"', ".eps", 'expected a number, found "1e-3"'),
        (f"{TORCH}eps = true", ".eps", "expected a number, found true"),
        (f"{TORCH}eps = nan", ".eps", "expected a finite number, found nan"),
        (f"{TORCH}eps = [1]", ".eps", "expected a number, a string, true or false, found [1]"),
        (f"{TORCH}affine = 0", ".affine", "expected true or false, found 0"),
        (
            'like = "keras.layers.BatchNormalization"\naxis = 1.5',
            ".axis",
            "expected an integer, found 1.5",
        ),
        (
            'like = "tf_slim.batch_norm"\ndata_format = 1',
            ".data_format",
            "expected a string, found 1",
        ),
        (
            f"{TORCH}momentun = 0.1",
            ".momentun",
            "torch.nn.BatchNorm2d has no argument momentun; did you mean momentum?",
        ),
        (f"{TORCH}parameters = 1", ".parameters", "expected a table of names, such as "),
        (
            f"{TORCH}parameters = {{ eps = 1 }}",
            ".parameters.eps",
            "expected the name of a parameter, found 1",
        ),
        (
            f'{TORCH}parameters = {{ eps = "for" }}',
            ".parameters.eps",
            'expected the name of a parameter, found "for"',
        ),
        (
            f'{TORCH}parameters = {{ epsilom = "epsilon" }}',
            ".parameters.epsilom",
            "torch.nn.BatchNorm2d has no argument epsilom",
        ),
        (
            f'{TORCH}parameters = {{ eps = "momentum" }}',
            ".parameters.eps",
            '"momentum" is the name of momentum already',
        ),
        (f'{TORCH}positional = "eps"', ".positional", 'expected a list of names, found "eps"'),
        (f'{TORCH}positional = ["eps", 1]', ".positional[1]", "expected the name of an argument"),
        (f'{TORCH}positional = ["eps", "eps"]', ".positional[1]", "eps stands twice"),
        (f'{TORCH}positional = ["channels"]', ".positional[0]", "torch.nn.BatchNorm2d has no arg"),
    ],
)
def test_mistakes(entry: str, key: str, message: str) -> None:
    (found,) = mistakes(f'[apis."{NAME}"]\n{entry}')
    assert found.startswith(f'apis."{NAME}"{key}: {message}')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("apis = []", "apis: expected a table of wrappers, such as "),
        (f"[apis.mypkg.layers]\n{TORCH}", "apis.mypkg: expected a dotted import path, in quotes: "),
        (f"[apis.TFBatchNorm]\n{TORCH}", "apis.TFBatchNorm: expected a dotted import path, in "),
        (f'[apis."my-pkg.Norm"]\n{TORCH}', 'apis."my-pkg.Norm": expected a dotted import path, e'),
        (f'[apis."mypkg..Norm"]\n{TORCH}', 'apis."mypkg..Norm": expected a dotted import path, e'),
        (f'[apis."a.class"]\n{TORCH}', 'apis."a.class": expected a dotted import path, each part '),
        (f'[apis]\n"{NAME}" = 1', f'apis."{NAME}": expected a table, found 1'),
        (
            f'[apis."torch.nn.BatchNorm2d"]\n{TORCH}',
            'apis."torch.nn.BatchNorm2d": this is an API of a framework',
        ),
    ],
)
def test_mistaken_names(text: str, message: str) -> None:
    (found,) = mistakes(text)
    assert found.startswith(message)


@pytest.mark.parametrize(
    "entry",
    [
        TORCH,
        f"{TORCH}eps = 1\nmomentum = 0.01\naffine = false\nnum_features = 8",
        f'{TORCH}parameters = {{ eps = "momentum", momentum = "eps" }}',
        f'{TORCH}positional = []\nparameters = {{ eps = "epsilon" }}',
        'like = "keras.layers.BatchNormalization"\naxis = 1\nepsilon = 1e-5',
        'like = "torch.nn.functional.batch_norm"\ntraining = true',
    ],
)
def test_right_declarations(entry: str) -> None:
    """They are taken, and shown as they would be written."""
    text = f'[apis."{NAME}"]\n{entry}\n'
    assert mistakes(text) == []
    config = parse(tomllib.loads(text), "bnlint.toml", "", "/p")
    assert tomllib.loads(show(config))["apis"] == tomllib.loads(text)["apis"]


def test_mistakes_keep_the_run_from_starting(tmp_path: Path) -> None:
    write(tmp_path, **{"m.py": "x = 1\n", "pyproject.toml": f'[tool.bnlint.apis."{NAME}"]\n'})
    run = bnlint(tmp_path)
    assert run.code == 2
    assert f'pyproject.toml: tool.bnlint.apis."{NAME}".like: missing' in run.err


# ------------------------------------------------------------------------------ what it means

DECLARED = f"""\
[apis."{NAME}"]
like = "torch.nn.BatchNorm2d"
eps = 1e-3
momentum = 0.01
parameters = {{ eps = "epsilon" }}
"""


def sites(folder: Path, config: str = DECLARED, **files: str) -> list[dict[str, Any]]:
    """Return what ``bnlint sites`` lists for the ``files`` under ``config``."""
    texts = {name: textwrap.dedent(text) for name, text in files.items()}
    write(folder, **{"bnlint.toml": config, "mypkg__init__": "", **texts})
    (folder / "mypkg" / "__init__.py").write_text("")
    run = bnlint(folder, "sites", "--output-format", "json")
    assert run.code == 0, run.err
    found: list[dict[str, Any]] = json.loads(run.out)
    return found


def settings(site: dict[str, Any]) -> tuple[object, object]:
    return site["eps"]["value"], site["decay"]


@pytest.mark.parametrize(
    ("imports", "call"),
    [
        pytest.param("from mypkg.layers import TFBatchNorm", "TFBatchNorm(64)", id="from"),
        pytest.param("from mypkg.layers import TFBatchNorm as N", "N(64)", id="alias"),
        pytest.param("from mypkg import layers", "layers.TFBatchNorm(64)", id="module"),
        pytest.param("import mypkg.layers as L", "L.TFBatchNorm(64)", id="module alias"),
        pytest.param("import mypkg.layers", "mypkg.layers.TFBatchNorm(64)", id="whole path"),
        pytest.param("from .layers import TFBatchNorm", "TFBatchNorm(64)", id="relative"),
        pytest.param("from . import layers as L", "L.TFBatchNorm(64)", id="relative module"),
        pytest.param(
            "from functools import partial\nfrom .layers import TFBatchNorm",
            "partial(TFBatchNorm, num_features=64)()",
            id="partial",
        ),
        pytest.param(
            "from .layers import TFBatchNorm\nclass Mine(TFBatchNorm): pass", "Mine(64)", id="class"
        ),
    ],
)
def test_imports(tmp_path: Path, imports: str, call: str) -> None:
    """The wrapper is known wherever it is imported, whether or not its source is there."""
    (site,) = sites(tmp_path, mypkg__net=f"{imports}\nbn = {call}\n")
    assert (site["api"], site["channels"]) == (NAME, 64)
    assert settings(site) == (0.001, 0.99)


def test_declaration_wins_over_the_source(tmp_path: Path) -> None:
    """In the file that defines the wrapper, and in files that import it from there."""
    layers = """
        import torch.nn as nn

        class TFBatchNorm(nn.BatchNorm2d):
            def __init__(self, n, epsilon=0.5):
                super().__init__(n, epsilon, 0.5)

        class Block(nn.Module):
            def __init__(self):
                super().__init__()
                self.bn = TFBatchNorm(32)
        """
    net = "from mypkg.layers import TFBatchNorm\nbn = TFBatchNorm(64)\n"
    inner, own, other = sites(tmp_path, mypkg__layers=layers, mypkg__net=net)
    assert inner["api"] == "torch.nn.BatchNorm2d"  # the wrapper's own construction
    assert (own["api"], own["channels"], settings(own)) == (NAME, 32, (0.001, 0.99))
    assert (other["api"], other["channels"], settings(other)) == (NAME, 64, (0.001, 0.99))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param("other__net", "from .layers import TFBatchNorm", id="another package"),
        pytest.param("mypkg__net", "from mypkg.blocks import TFBatchNorm", id="another module"),
        pytest.param("mypkg__sub__net", "from .layers import TFBatchNorm", id="a package below"),
        pytest.param("mypkg__blocks", "class TFBatchNorm: pass", id="a class elsewhere"),
        pytest.param(
            "mypkg__layers", "def f():\n    class TFBatchNorm: pass\n    return 1", id="a local one"
        ),
    ],
)
def test_others_of_that_name(tmp_path: Path, path: str, text: str) -> None:
    """A name alone declares nothing."""
    for folder in ("other", "mypkg/sub"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "__init__.py").touch()
    code = f"import torch\n{text}\nbn = TFBatchNorm(64)\n"
    if "local" in text or "def f" in text:
        code = code.replace("return 1\nbn = TFBatchNorm(64)", "return TFBatchNorm(64)")
    assert not [s for s in sites(tmp_path, **{path: code}) if s["api"]]


@pytest.mark.parametrize(
    ("call", "eps", "decay"),
    [
        ("TFBatchNorm(64, epsilon=1e-5)", 1e-5, 0.99),
        ("TFBatchNorm(64, 1e-4, 0.2)", 1e-4, 0.8),
        ("TFBatchNorm(64, momentum=0.1)", 0.001, 0.9),
        ("TFBatchNorm(64, act='relu')", 0.001, 0.99),
        ("TFBatchNorm(64, eps=1e-5)", None, 0.99),  # what the wrapper's eps is was not declared
        ("TFBatchNorm(64, decay=0.9)", 0.001, None),  # nor this
        ("TFBatchNorm(64, **options)", None, None),
    ],
)
def test_arguments(tmp_path: Path, call: str, eps: float | None, decay: float | None) -> None:
    (site,) = sites(tmp_path, mypkg__net=f"from .layers import TFBatchNorm\nbn = {call}\n")
    assert settings(site) == (eps, decay)


def test_places(tmp_path: Path) -> None:
    """The order of the wrapper's own parameters, where it is declared."""
    config = f'{DECLARED}positional = ["num_features", "momentum", "eps"]\n'
    code = "from .layers import TFBatchNorm\nbn = TFBatchNorm(64, 0.2, 1e-4)\n"
    (site,) = sites(tmp_path, config, mypkg__net=code)
    assert settings(site) == (1e-4, 0.8)


def test_parameter_counts(tmp_path: Path) -> None:
    """A default that switches gamma and beta off counts as if it were written at the call."""
    config = f"{DECLARED}affine = false\n"
    code = "from .layers import TFBatchNorm\na = TFBatchNorm(8)\nb = TFBatchNorm(8, affine=True)\n"
    without, with_ = sites(tmp_path, config, mypkg__net=code)
    assert without["parameters"]["counted_number"] == 0
    assert with_["parameters"]["counted_number"] == 16


def findings(folder: Path, code: str, *arguments: str, config: str = DECLARED) -> list[Any]:
    write(folder, **{"bnlint.toml": config, "mypkg__net": textwrap.dedent(code)})
    (folder / "mypkg" / "__init__.py").touch()
    run = bnlint(folder, "--output-format", "json", *arguments)
    assert run.code in (0, 1), run.err
    return list(json.loads(run.out))


KERAS = """\
    from tensorflow import keras
    from .layers import TFBatchNorm

    reference = keras.layers.BatchNormalization({reference})
    port = TFBatchNorm({port})
    """


@pytest.mark.parametrize(
    ("reference", "port", "codes"),
    [
        pytest.param("", "64", [], id="the declared defaults are those of Keras"),
        pytest.param("epsilon=1e-5", "64", ["BN103"], id="declared eps differs"),
        pytest.param("epsilon=1e-5", "64, epsilon=1e-5", [], id="given"),
        pytest.param("momentum=0.9", "64", ["BN102"], id="declared momentum differs"),
        pytest.param("epsilon=1e-5", "64, eps=1e-5", [], id="an argument nobody declared"),
    ],
)
def test_findings(tmp_path: Path, reference: str, port: str, codes: list[str]) -> None:
    """What is declared is compared, and left to whoever declared it."""
    found = findings(tmp_path, KERAS.format(reference=reference, port=port))
    assert [f["code"] for f in found] == codes
    assert all(f["fix"] is None or f["fix"]["edits"] == [] for f in found)


def test_from_leaves_declared_defaults_alone(tmp_path: Path) -> None:
    """They are somebody's decision; what the declaration leaves open is the API's default."""
    code = "from .layers import TFBatchNorm\nbn = TFBatchNorm(64)\n"
    assert findings(tmp_path, code, "--from", "mindspore") == []
    config = f'[apis."{NAME}"]\n{TORCH}'
    (found,) = findings(tmp_path, code, "--from", "keras", "--select", "BN103", config=config)
    assert found["code"] == "BN103"
    unsure = "is declared without saying that it takes eps"
    assert unsure in found["fix"]["reason"]
    config += 'parameters = { eps = "epsilon" }\n'
    (found,) = findings(tmp_path, code, "--from", "keras", "--select", "BN103", config=config)
    assert unsure not in found["fix"]["reason"]
    assert "epsilon=0.001" in found["fix"]["message"]


def test_places_of_wrappers_are_their_own(tmp_path: Path) -> None:
    """What is no eps of PyTorch may be anything in the place of a wrapper's parameter."""
    code = "from .layers import TFBatchNorm\nbn = TFBatchNorm(64, 0.99, epsilon=1e-3)\n"
    assert findings(tmp_path, code, "--select", "BN108") == []


def test_stores_reach_wrappers(tmp_path: Path) -> None:
    """A class test for the API that a wrapper is like reaches it."""
    code = """
        import torch.nn as nn
        from .layers import TFBatchNorm

        bn = TFBatchNorm(64)
        bn.epsilon = 1e-4
        """
    (site,) = sites(tmp_path, mypkg__net=code)
    assert settings(site) == (1e-4, 0.99)


def test_a_name_that_says_nothing_of_batch_normalisation(tmp_path: Path) -> None:
    """The triage lets files through that spell the name of a wrapper."""
    config = f'[apis."mypkg.ops.Norm"]\n{TORCH}eps = 1e-3\n'
    (site,) = sites(tmp_path, config, mypkg__net="from mypkg.ops import Norm\nbn = Norm(64)\n")
    assert settings(site) == (0.001, 0.9)


def test_several_entries_of_one_path(tmp_path: Path) -> None:
    """What Keras 2 and 3 both call so is like both."""
    config = f'[apis."{NAME}"]\nlike = "keras.layers.BatchNormalization"\nepsilon = 1e-5\n'
    (site,) = sites(tmp_path, config, mypkg__net="from .layers import TFBatchNorm\nTFBatchNorm()\n")
    assert settings(site) == (1e-5, 0.99)
