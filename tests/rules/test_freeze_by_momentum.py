"""BN253: layers frozen by their momentum."""

from __future__ import annotations

import pytest
from one_rule import Hazard, cases, check_clean, check_hazard, hazard, run

IMPORTS = """
import torch
import torch.nn as nn
from tensorflow import keras
from tensorflow.keras import layers

"""

KEEPS = "keeps the running statistics and freezes nothing else"
REPLACES = "does not freeze: each batch replaces the running statistics"

HAZARDS = [
    hazard(
        "stored in each layer by a function that freezes",
        """
        def freeze_bn(model):
            for m in model.modules():
                if isinstance(m, nn.BatchNorm2d):
                    m.momentum = «0»
        """,
        "momentum=0 of BatchNorm2d keeps the running statistics and freezes nothing else",
        kind="warning high",
        fix="",
    ),
    hazard(
        "stored under a comment that speaks of freezing",
        """
        for m in model.modules():
            if isinstance(m, (nn.Conv2d, nn.BatchNorm2d)):
                # freeze the statistics
                m.momentum = «0.0»
        """,
        KEEPS,
        kind="warning high",
        fix="",
    ),
    hazard(
        "a base class in the test",
        """
        def frozen(m):
            if isinstance(m, torch.nn.modules.batchnorm._BatchNorm):
                m.momentum = «0.»
        """,
        KEEPS,
        kind="warning high",
        fix="",
    ),
    hazard(
        "given to a layer of a class that is named for it",
        """
        class FrozenBlock(nn.Module):
            def __init__(self, c):
                super().__init__()
                self.bn = nn.BatchNorm2d(c, momentum=«0.0»)
        """,
        KEEPS,
        kind="warning high",
        fix="",
    ),
    hazard(
        "in Keras",
        """
        def freeze(model):
            for layer in model.layers:
                if isinstance(layer, layers.BatchNormalization):
                    layer.momentum = «1.0»
        """,
        "momentum=1 of BatchNormalization keeps",
        kind="warning high",
        fix="",
    ),
    hazard(
        "the number of the other convention",
        """
        def freeze_bn(model):
            for m in model.modules():
                if isinstance(m, nn.BatchNorm2d):
                    m.momentum = «1.0»
        """,
        REPLACES,
        "(momentum=0 would keep them)",
        kind="warning high",
        fix="",
    ),
]

CLEAN = """
--- put into inference mode as well
def freeze_bn(model):
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.eval()
            m.momentum = 0.0
--- not trainable as well
def freeze(model):
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
            layer.momentum = 1.0
--- statistics recomputed on purpose
def update_statistics(model):
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.momentum = 1.0
--- folding
def fuse_frozen(conv):
    bn = nn.BatchNorm2d(8, momentum=0.0)
    return bn
--- no layer: an optimiser
def freeze_schedule(optimizer):
    optimizer.momentum = 0.0
--- a layer of another kind
def freeze(model):
    for m in model.modules():
        if isinstance(m, nn.InstanceNorm2d):
            m.momentum = 0.0
--- no number
def freeze_bn(model):
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.momentum = False
--- restored
def unfrozen(model, saved):
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.momentum = saved[m]
--- an ordinary momentum
def freeze_later(model):
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.momentum = 0.01
--- left as it is
def freeze_bn(model):
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.momentum += 0.0
--- no statistics are kept
class FrozenBlock(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.bn = nn.BatchNorm2d(c, momentum=0.0, track_running_stats=False)
--- a user's class of that name
class BatchNorm2d:
    pass

def freeze(model):
    for m in model.modules():
        if isinstance(m, BatchNorm2d):
            m.momentum = 0.0
"""


@pytest.mark.parametrize("expected", HAZARDS)
def test_hazard(expected: Hazard) -> None:
    check_hazard("BN253", expected, IMPORTS)


@pytest.mark.parametrize("code", cases(CLEAN))
def test_clean(code: str) -> None:
    check_clean("BN253", code, IMPORTS)


def test_a_store_that_reaches_a_layer_is_reported_once() -> None:
    code = """
    import torch.nn as nn
    bn = nn.BatchNorm2d(8)
    for m in [bn]:
        if isinstance(m, nn.BatchNorm2d):
            # freeze it
            m.momentum = 0.0
    """
    assert [f.code for rule in ("BN106", "BN253") for f in run(rule, code)] == ["BN253"]


@pytest.mark.parametrize(("name", "expected"), [("FrozenBlock", ["BN253"]), ("Block", ["BN106"])])
def test_one_rule_speaks_of_it(name: str, expected: list[str]) -> None:
    code = f"""
    import torch.nn as nn
    class {name}(nn.Module):
        def __init__(self, c):
            super().__init__()
            self.bn = nn.BatchNorm2d(c, momentum=0.0)
    """
    assert [f.code for rule in ("BN106", "BN253") for f in run(rule, code)] == expected


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (
            """
            import flax.linen as nn
            class FrozenBlock(nn.Module):
                @nn.compact
                def __call__(self, x, train):
                    return nn.BatchNorm(use_running_average=not train, momentum=1.0)(x)
            """,
            "run the layer in inference mode in training too",
        ),
        (
            """
            from keras import layers
            def freeze(model):
                for layer in model.layers:
                    if isinstance(layer, layers.BatchNormalization):
                        layer.momentum = 1.0
            """,
            "set trainable=False",
        ),
        (
            """
            import paddle.nn as nn
            def freeze(net):
                for m in net.sublayers():
                    if isinstance(m, nn.BatchNorm2D):
                        m._momentum = 1.0
            """,
            "call eval() of the layer after the model is switched to training",
        ),
    ],
)
def test_the_advice_is_for_the_framework(code: str, advice: str) -> None:
    assert [f.help for f in run("BN253", code)] == [advice]
