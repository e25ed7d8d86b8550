"""BN501: strided convolutions that pad on another side than their reference."""

from __future__ import annotations

import pytest
from one_rule import check_clean, check_hazard, hazard, run
from pairs import run_pair

IMPORTS = """
import keras
import tensorflow.compat.v1 as tf1
import tf_slim as slim
import torch
import torch.nn.functional as F
from flax import linen
from keras import layers
from mindspore import nn as ms
from torch import nn

"""


def same_file(reference: str, port: str) -> str:
    """Return a file with both sides, each a convolution and its normalisation."""
    return f"""
        reference = keras.Sequential([{reference}, layers.BatchNormalization()])
        port = nn.Sequential({port}, nn.BatchNorm2d(8))
        """


SAME = "layers.Conv2D(8, 3, strides=2, padding='same')"
EVEN = "nn.Conv2d(3, 8, 3, stride=2, padding=«1»)"
KIND = "error medium"
BY_HAND = "manual: write F.pad(x, (0, 1, 0, 1)) in front of the convolution, and padding=0 in it"

HAZARD = [
    hazard(
        "one before and one after against one after",
        same_file(SAME, EVEN),
        "Conv2d pads 1 before and 1 after (padding=1), Conv2D of the Keras reference 0 before and "
        "1 after (padding='same') (line 11): kernel 3, stride 2, for even heights and widths",
        kind=KIND,
        fix=BY_HAND,
    ),
    hazard(
        "a larger kernel",
        same_file(
            "layers.Conv2D(8, 7, 2, 'same')",
            "nn.Conv2d(3, 8, kernel_size=7, stride=2, padding=«3»)",
        ),
        "pads 3 before and 3 after (padding=3), Conv2D of the Keras reference 2 before and 3 after",
        kind=KIND,
        fix=BY_HAND.replace("0, 1, 0, 1", "2, 3, 2, 3"),
    ),
    hazard(
        "computed from the kernel",
        same_file(SAME, "nn.Conv2d(3, 8, 3, 2, padding=«3 // 2»)"),
        "pads 1 before and 1 after (padding=1)",
        kind=KIND,
        fix=BY_HAND,
    ),
    hazard(
        "given by position and as tuples",
        same_file(
            "layers.Conv2D(8, (3, 3), (2, 2), 'same')", "nn.Conv2d(3, 8, (3, 3), (2, 2), «(1, 1)»)"
        ),
        "pads 1 before and 1 after (padding=(1, 1))",
        kind=KIND,
        fix=BY_HAND,
    ),
    hazard(
        "one axis",
        """
        reference = keras.Sequential([
            layers.Conv2D(8, (1, 5), strides=(1, 2), padding="same"), layers.BatchNormalization(),
        ])
        port = nn.Sequential(
            nn.Conv2d(3, 8, (1, 5), (1, 2), padding=«(0, 2)»), nn.BatchNorm2d(8)
        )
        """,
        "pads 2 before and 2 after (padding=(0, 2)), Conv2D of the Keras reference 1 before and 2 "
        "after (padding='same') (line 12): kernel 5, stride 2",
        kind=KIND,
        fix=BY_HAND.replace("0, 1, 0, 1", "1, 2, 0, 0"),
    ),
    hazard(
        "a depthwise convolution",
        same_file("layers.DepthwiseConv2D(3, 2, 'same')", EVEN),
        "DepthwiseConv2D of the Keras reference 0 before and 1 after",
        kind=KIND,
        fix=BY_HAND,
    ),
    hazard(
        "MindSpore's default against PyTorch's",
        """
        reference = nn.Sequential(nn.Conv2d(3, 8, 3, 2, padding=1), nn.BatchNorm2d(8))
        port = ms.SequentialCell([«ms.Conv2d(3, 8, 3, 2)», ms.BatchNorm2d(8)])
        """,
        "Conv2d pads 0 before and 1 after (pad_mode='same', the default), Conv2d of the PyTorch "
        "reference 1 before and 1 after (padding=1) (line 11)",
        kind=KIND,
        fix="manual: pad 1 and 1 in a layer of its own, and let the convolution pad nothing",
    ),
    hazard(
        "MindSpore's own number of rows",
        """
        reference = keras.Sequential([
            layers.Conv2D(8, 3, strides=2, padding="same"), layers.BatchNormalization(),
        ])
        port = ms.SequentialCell([
            ms.Conv2d(3, 8, 3, 2, pad_mode="pad", padding=«1»), ms.BatchNorm2d(8),
        ])
        """,
        "Conv2d pads 1 before and 1 after (padding=1), Conv2D of the Keras",
        kind=KIND,
        fix="manual: pad 0 and 1 in a layer of its own, and let the convolution pad nothing",
    ),
    hazard(
        "a layer for any number of axes",
        """
        reference = keras.Sequential([
            layers.Conv2D(8, 3, strides=2, padding="same"), layers.BatchNormalization(),
        ])

        def port(x, train):
            x = linen.Conv(8, (3, 3), strides=(2, 2), padding=«1»)(x)
            return linen.BatchNorm(use_running_average=not train)(x)
        """,
        "Conv pads 1 before and 1 after (padding=1), Conv2D of the Keras reference 0 before and 1",
        kind=KIND,
        fix="manual: pad 0 and 1 in a layer of its own, and let the convolution pad nothing",
    ),
    hazard(
        "layer functions of TensorFlow 1",
        """
        def reference(x):
            x = tf1.layers.conv2d(x, 8, 3, strides=2, padding="SAME")
            return tf1.layers.batch_normalization(x)

        port = nn.Sequential(nn.Conv2d(3, 8, 3, 2, «1»), nn.BatchNorm2d(8))
        """,
        "conv2d of the TensorFlow (tf.layers) reference 0 before and 1 after (padding='SAME')",
        kind=KIND,
        fix=BY_HAND,
    ),
    hazard(
        "a helper of the reference, whose kernel and stride its callers give",
        """
        def block(x, filters, kernel, stride):
            x = layers.Conv2D(filters, kernel, strides=stride, padding="same")(x)
            return layers.BatchNormalization()(x)

        port = nn.Sequential(nn.Conv2d(3, 8, 3, 2, «1»), nn.BatchNorm2d(8))
        """,
        "Conv2D of the Keras reference 0 before and 1 after",
        kind=KIND,
        fix=BY_HAND,
    ),
    hazard(
        "applied in forward, where the fix can pad",
        """
        reference = keras.Sequential([
            layers.Conv2D(8, 3, strides=2, padding="same"), layers.BatchNormalization(),
        ])

        class Port(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3, stride=2, padding=«1»)
                self.bn = nn.BatchNorm2d(8)

            def forward(self, x):
                return F.relu(self.bn(self.conv(x)))
        """,
        "pads 1 before and 1 after",
        kind=KIND,
        fix=BY_HAND.replace("manual", "unsafe"),
    ),
]


@pytest.mark.parametrize("expected", HAZARD)
def test_hazard(expected: object) -> None:
    check_hazard("BN501", expected, IMPORTS)  # type: ignore[arg-type]  # a parameter's value


def pair(name: str, reference: str, port: str) -> object:
    return pytest.param(same_file(reference, port), id=name)


CLEAN = [
    pair("stride 1", "layers.Conv2D(8, 3, padding='same')", "nn.Conv2d(3, 8, 3, padding=1)"),
    pair("a kernel of 1", "layers.Conv2D(8, 1, 2, 'same')", "nn.Conv2d(3, 8, 1, 2)"),
    pair("an even kernel", "layers.Conv2D(8, 4, 2, 'same')", "nn.Conv2d(3, 8, 4, 2, 1)"),
    pair("a kernel of 2", "layers.Conv2D(8, 2, 2, 'same')", "nn.Conv2d(3, 8, 2, 2)"),
    pair("no padding on either side", "layers.Conv2D(8, 3, 2)", "nn.Conv2d(3, 8, 3, 2)"),
    pair("no padding here, which gives another shape", SAME, "nn.Conv2d(3, 8, 3, 2)"),
    pair("more padding, which gives another shape", SAME, "nn.Conv2d(3, 8, 3, 2, 2)"),
    pair("another kernel", SAME, "nn.Conv2d(3, 8, 5, 2, 2)"),
    pair("another stride", SAME, "nn.Conv2d(3, 8, 3, 3, 1)"),
    pair("a dilated kernel", SAME, "nn.Conv2d(3, 8, 3, 2, 1, dilation=2)"),
    pair("padding not known", SAME, "nn.Conv2d(3, 8, 3, 2, padding=PADDING)"),
    pair("stride not known", SAME, "nn.Conv2d(3, 8, 3, STRIDE, padding=1)"),
    pair("kernel not known", SAME, "nn.Conv2d(3, 8, KERNEL, 2, padding=1)"),
    pair(
        "the reference's padding not known",
        SAME.replace("'same'", "PAD"),
        "nn.Conv2d(3, 8, 3, 2, 1)",
    ),
    pair("the reference pads nothing", SAME.replace("same", "valid"), "nn.Conv2d(3, 8, 3, 2, 1)"),
    pair(
        "padding in a layer of its own", SAME, "nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 8, 3, 2)"
    ),
    pair(
        "padding by hand somewhere near",
        SAME,
        "nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 8, 3, 2, 1)",
    ),
    pair("a transposed convolution", SAME, "nn.ConvTranspose2d(3, 8, 3, 2, 1)"),
    pair("a layer of the project", SAME, "Conv2dSame(3, 8, 3, 2, padding=1)"),
    pair("something in between that is not known", SAME, "nn.Conv2d(3, 8, 3, 2, 1), Block()"),
    pair("one axis against two", SAME.replace("2D", "1D"), "nn.Conv2d(3, 8, 3, 2, 1)"),
    pytest.param(
        """
        reference = keras.Sequential([
            layers.ZeroPadding2D(1), layers.Conv2D(8, 3, strides=2), layers.BatchNormalization(),
        ])
        port = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8))
        """,
        id="the reference pads evenly by hand",
    ),
    pytest.param(
        """
        reference = keras.Sequential([
            layers.Conv2D(8, 3, strides=2, padding="same"), layers.BatchNormalization(),
            layers.ZeroPadding2D(1), layers.Conv2D(8, 3, strides=2), layers.BatchNormalization(),
        ])
        port = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8))
        """,
        id="the reference pads in several ways",
    ),
    pytest.param(
        """
        def block(x, filters, kernel, stride, padding):
            x = layers.Conv2D(filters, kernel, strides=stride, padding=padding)(x)
            return layers.BatchNormalization()(x)

        port = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8))
        """,
        id="a helper of the reference that takes its padding",
    ),
    pytest.param(
        "port = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8))", id="no reference"
    ),
    pytest.param(
        """
        reference = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8))
        port = ms.SequentialCell([
            ms.Conv2d(3, 8, 3, 2, pad_mode="pad", padding=1), ms.BatchNorm2d(8),
        ])
        """,
        id="the same rows in other words",
    ),
    pytest.param(
        """
        reference = keras.Sequential([layers.Dense(8), layers.BatchNormalization()])
        port = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8))
        """,
        id="no convolution in the reference",
    ),
]


@pytest.mark.parametrize("code", CLEAN)
def test_clean(code: str) -> None:
    check_clean("BN501", code, IMPORTS)


def test_declared_family_is_no_reference() -> None:
    """A framework's default padding is nobody's decision about a convolution with a stride."""
    code = IMPORTS + "port = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8))\n"
    assert run("BN501", code, from_family="keras") == []


REFERENCE = """
    from keras import layers

    def model(x):
        x = layers.Conv2D(8, 3, strides=2, padding="{stem}", use_bias=False)(x)
        x = layers.BatchNormalization(name="stem_bn")(x)
        x = layers.ZeroPadding2D(1)(x) if {pads} else x
        x = layers.Conv2D(8, 3, strides=2, padding="{body}", use_bias=False)(x)
        return layers.BatchNormalization(name="body_bn")(x)
    """

PORT = """
    from torch import nn

    class Port(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False)
            self.stem_bn = nn.BatchNorm2d(8, eps=1e-3, momentum=0.01)
            self.body = nn.Conv2d(8, 8, 3, stride=2, padding=1, bias=False)
            self.body_bn = nn.BatchNorm2d(8, eps=1e-3, momentum=0.01)

        def forward(self, x):
            return self.body_bn(self.body(self.stem_bn(self.stem(x))))
    """


@pytest.mark.parametrize(
    ("stem", "body", "rows"),
    [
        ("same", "same", [6, 8]),
        ("same", "valid", [6]),
        ("valid", "same", [8]),
        ("valid",) * 2 + ([],),
    ],
)
def test_layers_paired_by_name(stem: str, body: str, rows: list[int]) -> None:
    """The partner's convolution counts, whatever the others do."""
    reference = REFERENCE.format(stem=stem, body=body, pads=False).replace(
        "        x = layers.ZeroPadding2D(1)(x) if False else x\n", ""
    )
    found = run_pair("BN501", reference, PORT)
    assert [finding.span.row for finding in found] == rows
    assert all("(reference.py:" in finding.message for finding in found)


def test_a_norm_that_a_caller_may_choose() -> None:
    """The convolution before it pads as it does, whatever normalises."""
    port = PORT.replace("__init__(self)", "__init__(self, norm=nn.BatchNorm2d)", 1)
    port = port.replace("nn.BatchNorm2d(8,", "norm(8,")
    pads = "        x = layers.ZeroPadding2D(1)(x) if {pads} else x\n"
    reference = REFERENCE.replace(pads, "").format(stem="same", body="valid")
    assert [finding.span.row for finding in run_pair("BN501", reference, port)] == [6]


def test_a_reference_that_pads_by_hand() -> None:
    assert run_pair("BN501", REFERENCE.format(stem="same", body="same", pads=True), PORT) == []


def test_what_several_files_agree_on_says_little() -> None:
    """They may be other models; one file that all layers are compared with is enough."""
    one = """
        from keras import layers

        def stem(x):
            x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x)
            return layers.BatchNormalization()(x)
        """
    assert [finding.span.row for finding in run_pair("BN501", one, PORT)] == [6, 8]
    others = [one.replace("stem", name) for name in ("body", "head")]
    assert run_pair("BN501", one, PORT, *others) == []


@pytest.mark.parametrize(
    ("imports", "pad"),
    [
        pytest.param("import torch.nn.functional as F", "F.pad", id="the module by another name"),
        pytest.param("from torch.nn.functional import pad, relu", "pad", id="the function"),
        pytest.param("from torch.nn.functional import pad as p", "p", id="by another name"),
        pytest.param("from torch.nn.functional import relu", "tn.functional.pad", id="another one"),
        pytest.param("from torch.nn import functional", "functional.pad", id="the module"),
        pytest.param("from .nn import functional", "tn.functional.pad", id="one of the project"),
        pytest.param("import torch", "tn.functional.pad", id="the shortest of two"),
    ],
)
def test_the_fix_pads_by_a_name_that_the_file_has(imports: str, pad: str) -> None:
    code = f"""
{imports}
import keras
import torch.nn as tn
from keras import layers

reference = keras.Sequential([
    layers.Conv2D(8, 3, strides=2, padding="same"), layers.BatchNormalization(),
])


class Port(tn.Module):
    def __init__(self):
        super().__init__()
        self.conv = tn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.bn = tn.BatchNorm2d(8)

    def forward(self, x):
        return self.bn(self.conv(x))

"""
    (finding,) = run("BN501", code)
    assert finding.fix is not None
    assert [edit.text for edit in finding.fix.edits] == ["0", f"{pad}(x, (0, 1, 0, 1))"]
