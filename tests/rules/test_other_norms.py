"""What rules say of layer, group, instance and RMS normalisation: like is compared with like."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest
from pairs import run_pair

from bnlint.cli.main import main
from bnlint.engine.linter import Options, check
from bnlint.engine.registry import load_rules
from bnlint.finding import Finding


def found(code: str, *rules: str, from_family: str | None = None) -> list[Finding]:
    """Return the findings of some rules on a piece of code."""
    source = textwrap.dedent(code).lstrip("\n").encode()
    options = Options(frozenset(rules), from_family=from_family)
    result = check(source, "x.py", load_rules(), options)
    assert result.problems == ()
    return list(result.findings)


def eps(code: str, from_family: str | None = None) -> list[tuple[int, float, float]]:
    """Return line, own and other eps of each finding of BN103."""
    return [
        (f.span.row, float(v.port), float(v.reference))  # type: ignore[arg-type]
        for f in found(code, "BN103", from_family=from_family)
        for v in f.values
    ]


DECLARED = [
    ("import torch.nn as nn\nnn.LayerNorm(8)", "keras", 1e-5, 1e-3),
    ("import torch.nn as nn\nnn.LayerNorm(8)", "flax", 1e-5, 1e-6),
    ("import torch.nn as nn\nnn.GroupNorm(4, 8)", "keras", 1e-5, 1e-3),
    ("import torch.nn as nn\nnn.RMSNorm(8)", "keras", 1.1920929e-07, 1e-6),
    ("from tensorflow import keras\nkeras.layers.LayerNormalization()", "torch", 1e-3, 1e-5),
    ("from flax import nnx\nnnx.LayerNorm(8, rngs=r)", "paddle", 1e-6, 1e-5),
    ("from mindspore import nn\nnn.LayerNorm((8,))", "torch", 1e-7, 1e-5),
    ("import mlx.nn as nn\nnn.RMSNorm(8)", "keras", 1e-5, 1e-6),
    ("from tinygrad import nn\nnn.RMSNorm(8)", "mlx", 1e-6, 1e-5),
    ("import haiku as hk\nhk.LayerNorm(-1, True, True)", "keras", 1e-5, 1e-3),
    ("import equinox as eqx\neqx.nn.LayerNorm(8)", "flax", 1e-5, 1e-6),
    ("import paddle\npaddle.nn.LayerNorm(8)", "keras", 1e-5, 1e-3),
    ("import chainer.links as L\nL.LayerNormalization(8)", "paddle", 1e-6, 1e-5),
    ("from mxnet.gluon import nn\nnn.InstanceNorm()", "flax", 1e-5, 1e-6),
    ("from timm.layers import LayerNorm2d\nLayerNorm2d(8)", "mindspore", 1e-6, 1e-7),
    ("from onnx import helper\nhelper.make_node('LayerNormalization', i, o)", "keras", 1e-5, 1e-3),
]


@pytest.mark.parametrize(("code", "family", "mine", "theirs"), DECLARED)
def test_another_default_is_reported(code: str, family: str, mine: float, theirs: float) -> None:
    assert eps(code, family) == [(2, mine, theirs)]


CLEAN = [
    pytest.param(
        "from flax import linen as nn\nnn.LayerNorm()", "torch",
        id="models in PyTorch set the eps of Flax as often as they leave it alone",
    ),
    pytest.param(
        "from flax import linen as nn\nnn.GroupNorm()", "torch", id="nor that of groups"
    ),
    pytest.param("import torch.nn as nn\nnn.LayerNorm(8)", "paddle", id="the same default"),
    pytest.param("import torch.nn as nn\nnn.LayerNorm(8, eps=1e-3)", "keras", id="as there"),
    pytest.param("import torch.nn as nn\nnn.LayerNorm(8, 1e-6)", "keras", id="written down"),
    pytest.param("import torch.nn as nn\nnn.LayerNorm(8, eps=e)", "keras", id="not known"),
    pytest.param("import torch.nn as nn\nnn.LayerNorm(8)", None, id="nothing to compare with"),
    pytest.param("import torch.nn as nn\nnn.LayerNorm(8)", "torch", id="no port"),
    pytest.param(
        "import mlx.nn as nn\nnn.RMSNorm(8)", "torch",
        id="models in PyTorch have RMS normalisation of their own, not the framework's",
    ),
    pytest.param(
        "import torch.nn as nn\nnn.InstanceNorm2d(8)", "keras", id="Keras has no such layer"
    ),
    pytest.param(
        "import torch.nn as nn\nnn.LayerNorm(8) if wide else nn.RMSNorm(8)", "mindspore",
        id="each kind by itself",
    ),
    pytest.param(
        "import torch.nn as nn\nclass LayerNorm(nn.Module):\n    pass\nLayerNorm(8)", "keras",
        id="a class of the project",
    ),
    pytest.param(
        "import torch.nn as nn\ndef f(norm=nn.LayerNorm, other=nn.GroupNorm):\n"
        "    return (norm if x else other)(8)", "keras", id="which kind it is is not known",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("code", "family"), CLEAN)
def test_no_difference_is_reported(code: str, family: str | None) -> None:
    if "wide" in code:  # of the two, MindSpore has a default for layer normalisation alone
        assert [(row, theirs) for row, _, theirs in eps(code, family)] == [(2, 1e-7)]
    else:
        assert eps(code, family) == []


def test_the_message_names_the_kind_both_numbers_and_what_to_write() -> None:
    (finding,) = found("import torch.nn as nn\nnn.LayerNorm(8)", "BN103", from_family="keras")
    assert finding.message == (
        "LayerNorm (layer normalisation) leaves eps at PyTorch's default 1e-05, the Keras default "
        "is 0.001, if the reference leaves epsilon at its default"
    )
    assert finding.help == (
        "write eps=0.001: where the variance of a sample is 0.0001, outputs now differ by a "
        "factor 3.16"
    )
    assert (finding.severity, finding.confidence) == ("warning", "medium")
    assert finding.fix is not None
    assert (finding.fix.applicability, finding.fix.edits[0].text) == ("unsafe", ", eps=0.001")


def test_where_values_are_small_so_is_the_variance_of_the_message() -> None:
    """At 1e-4, 1e-6 and 1e-7 give the same output; at 1e-6 they do not: sqrt(2 / 1.1) = 1.35."""
    (finding,) = found("import torch.nn as nn\nnn.RMSNorm(8)", "BN103", from_family="keras")
    assert "where the mean square is 1e-06, outputs now differ by a factor 1.34" in finding.help


BOTH = """
    import keras
    import torch.nn as nn
    from keras import layers

    class Reference(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.norm = layers.LayerNormalization(epsilon=1e-6)
            self.group = layers.GroupNormalization(8, scale=False)
            self.batch = layers.BatchNormalization()

    class Port(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.LayerNorm(64)
            self.group = nn.GroupNorm(8, 64, eps=1e-3)
            self.batch = nn.BatchNorm2d(64, 1e-3)
"""


def test_in_one_file_each_kind_is_compared_with_its_own() -> None:
    assert eps(BOTH) == [(15, 1e-5, 1e-6)]
    assert [f.span.row for f in found(BOTH, "BN104")] == [16]


@pytest.mark.parametrize(
    ("port", "row"),
    [
        ("nn.LayerNorm(64, 1e-6, bias=False)", 15),
        ("nn.LayerNorm(64, 1e-6, elementwise_affine=False)", 15),
        ("nn.LayerNorm(64, 1e-6)", None),
        ("nn.LayerNorm(64, 1e-6, True, True)", None),
    ],
)
def test_a_missing_scale_or_shift_is_reported(port: str, row: int | None) -> None:
    code = BOTH.replace("nn.LayerNorm(64)", port).replace(", scale=False", "")
    assert [f.span.row for f in found(code, "BN104")] == ([row] if row else [])


@pytest.mark.parametrize(
    ("port", "reference", "advice"),
    [
        ("nn.LayerNorm(64, bias=False)", "", "write bias=True"),
        ("nn.LayerNorm(64)", "center=False", "write bias=False"),
        ("nn.LayerNorm(64, elementwise_affine=False)", "", "write elementwise_affine=True"),
        ("nn.LayerNorm(64)", "center=False, scale=False", "write elementwise_affine=False"),
        (
            "nn.LayerNorm(64, elementwise_affine=False)",
            "center=False",
            "write elementwise_affine=True, bias=False",
        ),
    ],
)
def test_only_the_switches_that_are_wrong_are_written(
    port: str, reference: str, advice: str
) -> None:
    code = (
        "import torch.nn as nn\nfrom keras import layers\n"
        f"a = layers.LayerNormalization({reference})\nb = {port}\n"
    )
    (finding,) = found(code, "BN104")
    assert finding.help == advice


@pytest.mark.parametrize(
    ("call", "is_misplaced"),
    [
        ("nn.LayerNorm(64, False)", True),
        ("nn.GroupNorm(8, 64, True)", True),
        ("nn.LayerNorm(64, epsilon=1e-6)", True),
        ("nn.LayerNorm(64, 64)", True),
        ("nn.LayerNorm(64, 1e-6, False)", False),
        ("nn.LayerNorm(64, elementwise_affine=False)", False),
        ("nn.LayerNorm([64, 8, 8])", False),
        ("nn.LayerNorm(64, eps)", False),
        ("nn.GroupNorm(8, 64, 1e-6, True)", False),
        ("nn.InstanceNorm2d(64, affine=True)", False),
        ("nn.RMSNorm(64, eps=1e-6)", False),
    ],
)
def test_misplaced_arguments(call: str, is_misplaced: bool) -> None:
    code = f"import torch.nn as nn\nbn = nn.BatchNorm2d(8)\nnorm = {call}\n"
    assert [f.span.row for f in found(code, "BN108")] == ([3] if is_misplaced else [])


def test_an_axis_beyond_any_tensor_is_reported() -> None:
    code = """
        from tensorflow.keras import layers
        a = layers.LayerNormalization(64)
        b = layers.GroupNormalization(32, 64)
        c = layers.LayerNormalization(3)
        d = layers.GroupNormalization(32, -1)
        e = layers.LayerNormalization([1, 2])
        bn = layers.BatchNormalization()
    """
    assert [f.span.row for f in found(code, "BN108")] == [2, 3]


def test_a_setting_that_is_changed_later_counts() -> None:
    code = """
        import torch.nn as nn
        norm = nn.LayerNorm(8)
        norm.eps = 1e-3
        other = nn.LayerNorm(8)
    """
    assert [row for row, *_ in eps(code, "keras")] == [4]


@pytest.mark.parametrize(
    ("call", "rules"),
    [
        ("nn.InstanceNorm2d(8, momentum=0.99, track_running_stats=True)", ["BN101"]),
        ("nn.InstanceNorm2d(8, momentum=0, track_running_stats=True)", ["BN106"]),
        ("nn.InstanceNorm2d(8, momentum=0.01, track_running_stats=True)", []),
        ("nn.InstanceNorm2d(8, momentum=0.99)", []),
        ("nn.InstanceNorm2d(8, momentum=0.99, track_running_stats=False)", []),
        ("nn.InstanceNorm2d(8, track_running_stats=True)", []),
        ("nn.InstanceNorm2d(8, momentum=m, track_running_stats=True)", []),
        ("nn.InstanceNorm2d(8, momentum=None, track_running_stats=True)", ["BN107"]),
        ("nn.InstanceNorm2d(8, momentum=None, track_running_stats=tracks)", []),
        ("nn.InstanceNorm2d(8, momentum=None, track_running_stats=False)", []),
        ("nn.InstanceNorm2d(8, momentum=None)", []),
    ],
)
def test_momentum_of_instances_whose_statistics_are_tracked(call: str, rules: list[str]) -> None:
    code = f"import torch.nn as nn\nbn = nn.BatchNorm2d(8)\nnorm = {call}\n"
    assert [f.code for f in found(code, "BN101", "BN106", "BN107")] == rules
    if "track" in call:  # which is reason enough to look at a file that has nothing else
        assert [f.code for f in found(code.replace("Batch", "Linear"), *ALL)] == rules


ALL = ("BN101", "BN105", "BN106", "BN107")

TRACKED = "nn.InstanceNorm2d(8, track_running_stats=True)"


@pytest.mark.parametrize(
    ("reference", "port", "advice"),
    [
        ("mlx.nn.InstanceNorm(8)", TRACKED, "write track_running_stats=False"),
        ("mlx.nn.InstanceNorm(8)", f"{TRACKED[:-1]}, eps=small)",
         "write track_running_stats=False"),
        ("flax.linen.InstanceNorm()", "nn.LazyInstanceNorm2d()", "write track_running_stats=False"),
        ("paddle.nn.InstanceNorm2D(8)", TRACKED, "write track_running_stats=False"),
        (TRACKED, "mlx.nn.InstanceNorm(8)",
         "keep statistics by hand, or train the reference without"),
        (TRACKED, "paddle.nn.InstanceNorm2D(8)",
         "keep statistics by hand, or train the reference without"),
        ("mlx.nn.InstanceNorm(8)", "nn.InstanceNorm2d(8)", ""),
        ("mlx.nn.InstanceNorm(8)", "nn.InstanceNorm2d(8, affine=True)", ""),
        ("mlx.nn.InstanceNorm(8)", "nn.InstanceNorm2d(8, track_running_stats=False)", ""),
        ("mlx.nn.InstanceNorm(8)", "nn.InstanceNorm2d(8, track_running_stats=tracks)", ""),
        ("oneflow." + TRACKED, "nn.InstanceNorm2d(8)", "write track_running_stats=True"),
        (TRACKED, "mindspore.nn.InstanceNorm2d(8)", ""),  # nobody has measured what it does
        (TRACKED, "oneflow.nn.InstanceNorm2d(8, track_running_stats=True)", ""),
        ("nn.InstanceNorm2d(8)", "oneflow.nn.InstanceNorm2d(8)", ""),
        ("mlx.nn.LayerNorm(8)", TRACKED, ""),
    ],
)  # fmt: skip
def test_statistics_of_instances_on_one_side(reference: str, port: str, advice: str) -> None:
    imports = "import flax\nimport mindspore\nimport mlx.nn\nimport oneflow\nimport paddle\n"
    code = f"{imports}import torch.nn as nn\nreference = {reference}\nport = {port}\n"
    family = reference.partition(".")[0].replace("nn", "torch")
    findings = found(code, "BN105", from_family=family)
    assert [finding.help for finding in findings] == ([advice] if advice else [])
    assert all(finding.span.row == 8 for finding in findings)


def test_statistics_of_instances_in_a_named_reference() -> None:
    """Layers that are paired by likeness may be others; functions keep no statistics themselves."""
    reference = "import torch.nn as nn\nnorm = nn.InstanceNorm2d(8, track_running_stats={})\n"
    named = "import torch.nn as nn\nnorm = nn.InstanceNorm2d(8)\n"
    (finding,) = run_pair("BN105", reference.format(True), named)
    assert finding.confidence == "high"
    longer = f"{reference.format(True)}last = nn.InstanceNorm2d(16, eps=1e-3)\n"
    (finding,) = run_pair("BN105", longer, named)
    assert finding.confidence == "medium"
    function = """
        import torch.nn.functional as F

        def norm(x, mean, variance):
            return F.instance_norm(x, mean, variance, use_input_stats=False)
        """
    for tracks in (True, False):
        assert run_pair("BN105", reference.format(tracks), function) == []


def test_instances_are_not_spoken_of_without_a_reference_that_was_read() -> None:
    for family in ("mlx", None):
        assert found(f"import torch.nn as nn\nport = {TRACKED}\n", *ALL, from_family=family) == []


def test_momenta_of_instances_are_compared_where_both_sides_track() -> None:
    code = "import oneflow\nimport torch.nn as nn\nreference = {}\nport = {}\n"
    slow = "nn.InstanceNorm2d(8, momentum=0.01, track_running_stats={})"
    port = "oneflow.nn.InstanceNorm2d(8, track_running_stats={})"
    for tracks, count in (((True, True), 1), ((False, True), 0), ((True, False), 0)):
        text = code.format(slow.format(tracks[0]), port.format(tracks[1]))
        assert len(found(text, "BN102", from_family="torch")) == count


@pytest.mark.parametrize(
    ("call", "is_reported"),
    [
        ("nn.LayerNorm(8, eps=0)", True),
        ("nn.GroupNorm(4, 8, eps=-1e-5)", True),
        ("nn.RMSNorm(8, eps=0.0)", True),
        ("nn.LayerNorm(8, eps=1e-12)", False),
        ("nn.RMSNorm(8, eps=None)", False),
        ("nn.LayerNorm(8, eps=e)", False),
        ("nn.LayerNorm(8)", False),
    ],
)
def test_an_eps_that_is_not_positive(call: str, is_reported: bool) -> None:
    code = f"import torch.nn as nn\nbn = nn.BatchNorm2d(8)\nnorm = {call}\n"
    assert [f.span.row for f in found(code, "BN113")] == ([3] if is_reported else [])


def test_what_is_said_of_batch_normalisation_does_not_hang_on_other_kinds() -> None:
    batch = "import torch.nn as nn\nbn = nn.BatchNorm2d(8, momentum=0.99)\n"
    rules = ("BN101", "BN102", "BN103")
    alone = found(batch, *rules, from_family="keras")
    beside = found(batch + "ln = nn.LayerNorm(8)\n", *rules, from_family="keras")
    assert [f for f in beside if f.span.row == 2] == alone


# ---------------------------------------------------------------------------------- commands


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "ref.py").write_text(
        "from keras import layers\n"
        "def model(x):\n"
        "    x = layers.LayerNormalization(name='norm1')(x)\n"
        "    return layers.LayerNormalization(epsilon=1e-6, name='norm2')(x)\n"
    )
    (tmp_path / "port.py").write_text(
        "import torch.nn as nn\n"
        "class Model(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.norm1 = nn.LayerNorm(8)\n"
        "        self.norm2 = nn.LayerNorm(8, eps=1e-6)\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _output(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    main([*arguments])
    return json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("project")
def test_compare_pairs_them_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    answer = _output(capsys, "compare", "ref.py", "port.py", "--output-format", "json")
    rows = answer["pairs"]
    assert [(row["port"]["name"], row["port"]["norm"], row["differs"]) for row in rows] == [
        ("norm1", "layer", ["eps"]),
        ("norm2", "layer", []),
    ]
    assert [finding["code"] for finding in answer["findings"]] == ["BN103"]


@pytest.mark.usefixtures("project")
def test_sites_lists_them_where_it_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert _output(capsys, "sites", "port.py", "--output-format", "json") == []
    rows = _output(capsys, "sites", "port.py", "--other-norms", "--output-format", "json")
    assert [(row["api"], row["norm"], row["eps"]["value"]) for row in rows] == [
        ("torch.nn.LayerNorm", "layer", 1e-5),
        ("torch.nn.LayerNorm", "layer", 1e-6),
    ]


def test_each_kind_has_its_words_in_the_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.py"
    file.write_text(
        "import torch.nn as nn\n"
        "a = nn.GroupNorm(4, 8)\nb = nn.InstanceNorm2d(8)\nc = nn.RMSNorm(8)\n"
        "d = nn.BatchNorm2d(8)\n"
    )
    main(["sites", str(file), "--other-norms", "--output-format", "concise"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.rpartition("  ")[2].split(" eps=")[1] for line in lines][:3] == [
        "1e-05 (default) group normalisation",
        "1e-05 (default) instance normalisation",
        "1.1920929e-07 (default) RMS normalisation",
    ]
    assert "torch.nn.BatchNorm2d" in lines[3]
