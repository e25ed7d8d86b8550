"""Which blocks of two sides belong together, and which of their layers."""

from __future__ import annotations

import pytest
from test_compare_pairs import compared, pairs


def rows_of(code: str) -> list[tuple[str, str]]:
    """Return the pairs of a port, as ``reference`` and ``port`` divide ``code``, by their names."""
    reference, port = code.split("# port\n")
    head = "from torch import nn\n"
    return [pair[:2] for pair in pairs(head + reference, head + port)]


def columns_of(code: str) -> list[tuple[int, int]]:
    """Return the pairs of a port by the columns that their layers stand in."""
    reference, port = code.split("# port\n")
    head = "from torch import nn\n"
    rows = compared(head + reference, head + port).rows
    return [(row.reference.column, row.port.column) for row in rows if row.reference and row.port]


def how_of(code: str) -> set[str]:
    reference, port = code.split("# port\n")
    head = "from torch import nn\n"
    return {how for _, _, how in pairs(head + reference, head + port)}


def block(name: str, **layers: str) -> str:
    """Return a class with layers of these names and arguments."""
    lines = "".join(f"        self.{own} = {made}\n" for own, made in layers.items())
    return f"class {name}(nn.Module):\n    def __init__(self, k):\n{lines}"


BN, SLOW = "nn.BatchNorm2d(8)", "nn.BatchNorm2d(8, momentum=0.5)"


def seq(*kernels: int | str) -> str:
    made = "".join(f"nn.Conv2d(8, 8, {kernel}), {BN}, " for kernel in kernels)
    return f"nn.Sequential({made})"


@pytest.mark.parametrize(
    ("reference", "port"),
    [
        pytest.param(("a", "b", "b"), ("a", "b"), id="twice in the reference"),
        pytest.param(("a", "b"), ("a", "b", "b"), id="twice in the port"),
    ],
)
def test_names_that_occur_twice_pair_nothing(
    reference: tuple[str, ...], port: tuple[str, ...]
) -> None:
    code = "\n".join(
        [*(f"{name} = nn.BatchNorm2d(8, {n + 1}e-3)" for n, name in enumerate(reference)), "# port"]
        + [f"{name} = {BN}" for name in port]
    )
    assert how_of(f"{code}\n") - {""} == {"likeness"}


def test_one_layer_without_a_name_is_paired_by_its_place() -> None:
    assert how_of(f"bn = {BN}\n# port\nnorm = {BN}\n") == {"order"}
    assert how_of(f"bn, bn1 = {BN}, 0\nbn1 = {BN}\nbn = {SLOW}\n# port\nbn1 = {BN}\n") != {"names"}
    assert how_of(f"bn = {BN}\nbn1 = {BN}\n# port\nnorm1 = {BN}\nnorm = {BN}\n") == {"names"}
    assert how_of(f"stem = {BN}\n# port\nstem_bn = {BN}\n") == {"names"}


def test_settings_that_are_not_known_are_not_those_that_are_none() -> None:
    """Layers of which one averages over all steps, and one as a caller wants."""
    of_none = "nn.BatchNorm2d(8, momentum=None)"
    open_ = f"def layers(m):\n    a = {of_none}\n    b = nn.BatchNorm2d(8, momentum=m)\n"
    port = f"# port\nc = {BN}\nd = {BN}\ne = {BN}\n"
    assert "uniform" not in how_of(open_ + port)
    assert how_of(open_.replace("=m", "=None") + port) == {"uniform"}
    assert how_of(open_.replace("=None", "=m") + port) == {"uniform"}


def test_a_function_beside_a_layer_is_as_uniform_as_what_both_have() -> None:
    code = (
        f"import torch.nn.functional as F\na = {BN}\ndef run(x, m, v):\n"
        f"    return F.batch_norm(x, m, v, training=True)\n# port\nc = {BN}\nd = {BN}\ne = {BN}\n"
    )
    assert how_of(code) == {"uniform"}


def test_the_most_alike_blocks_are_paired_first_and_each_once() -> None:
    """``Tail`` shares no word: it gets what is left when ``DenseBlock`` has its own."""
    code = block("DenseBlock", a=BN, b=BN) + block("DenseEnd", c=BN, d=BN) + "# port\n"
    code += block("Tail", e=BN, f=BN) + block("DenseBlock", g=BN, h=BN)
    assert rows_of(code) == [("c", "e"), ("d", "f"), ("a", "g"), ("b", "h")]


def test_words_of_every_layer_do_not_bring_blocks_together() -> None:
    """All that two of the blocks share is ``layer``: they are paired as they stand."""
    code = block("AlphaLayer", a=BN, b=SLOW) + block("Beta", c=BN, d=SLOW) + "# port\n"
    code += block("Gamma", e=BN, f=SLOW) + block("DeltaLayer", g=BN, h=SLOW)
    assert rows_of(code) == [("a", "e"), ("b", "f"), ("c", "g"), ("d", "h")]


@pytest.mark.parametrize("method", ["__init__", "build", "forward", "__call__"])
def test_methods_that_all_models_have_do_not_bring_blocks_together(method: str) -> None:
    """``Delta`` has fewer words than ``GammaRay``, and no more in common with ``Beta``."""
    code = block("AlphaWave", a=BN) + block("Beta", c=BN) + "# port\n"
    code += block("Delta", e=BN) + block("GammaRay", g=BN)
    code = code.replace("__init__", method) + "self.more = nn.Linear(8, 8)\n"
    assert rows_of(code) == [("a", "e"), ("c", "g")]


def test_layers_of_all_methods_of_a_class_are_one_block() -> None:
    code = block("Body", a=BN, b=SLOW) + block("Head", c=BN) + "# port\n"
    more = f"    def widen(self):\n        self.f = {SLOW}\n"
    code += block("Head", d=BN) + block("Body", e=BN) + more
    assert rows_of(code) == [("c", "d"), ("a", "e"), ("b", "f")]


def test_layers_behind_convolutions_that_are_not_known_are_paired_as_they_stand() -> None:
    code = block("Net", a=seq("k", 1)) + "# port\n" + block("Net", b=seq(1, "k"))
    assert columns_of(code) == [(52, 52), (91, 91)]


def test_lists_of_layers_are_paired_with_those_of_their_length() -> None:
    code = block("Net", a=seq("k", "k"), b=seq("k")) + "# port\n"
    code += block("Net", c=seq("k"), d=seq("k", "k"))
    assert sorted(columns_of(code)) == [(52, 52), (52, 52), (91, 91)]


@pytest.mark.parametrize(
    ("layer", "given"),
    [
        ("BatchNorm2d(8, {})", "eps=1e-4"),
        ("BatchNorm2d(8, {})", "momentum=0.2"),
        ("BatchNorm2d(8, {})", "affine=False"),
        ("keras.layers.BatchNormalization({})", "scale=False"),
        ("keras.layers.BatchNormalization({})", "center=False"),
        ("LocalResponseNorm({})", "5"),
        ("LocalResponseNorm(3, {})", "alpha=0.1"),
        ("LocalResponseNorm(3, {})", "beta=0.5"),
        ("LocalResponseNorm(3, {})", "k=2.0"),
    ],
)
def test_layers_that_differ_in_any_setting_are_not_uniform(layer: str, given: str) -> None:
    head = "from torch.nn import BatchNorm2d, LocalResponseNorm\nimport keras\n"
    plain_one = layer.format("3" if given == "5" else "").replace(", )", ")")
    one, two = (
        f"{head}a = {plain_one}\nb = {other}\n" for other in (plain_one, layer.format(given))
    )
    port = f"{head}c = {plain_one}\nd = {plain_one}\ne = {plain_one}\n"
    assert {how for _, _, how in pairs(one, port)} == {"uniform"}
    assert "uniform" not in {how for _, _, how in pairs(two, port)}


def test_the_most_alike_in_order_are_paired_and_the_rest_stands_alone() -> None:
    """Of sides that are no block for block: by names, by what is around, and by place."""
    reference = f"stem = {BN}\nmid = {SLOW}\nhead = {BN}\n"
    port = f"first = {BN}\nstem = {BN}\nsecond = {BN}\nthird = {BN}\nhead = {BN}\n"
    assert rows_of(f"{reference}# port\n{port}") == [
        ("-", "first"), ("stem", "stem"), ("mid", "second"), ("-", "third"), ("head", "head"),
    ]  # fmt: skip
    assert rows_of(f"{port}lost = {SLOW}\n# port\n{reference}") == [
        ("first", "-"), ("stem", "stem"), ("second", "mid"), ("third", "-"), ("head", "head"),
        ("lost", "-"),
    ]  # fmt: skip


def test_layers_of_functions_are_blocks_too() -> None:
    code = f"def body():\n    a = {BN}\n    b = {SLOW}\ndef head():\n    c = {BN}\n# port\n"
    code += f"def head():\n    d = {BN}\ndef body():\n    e = {BN}\n    f = {SLOW}\n"
    assert rows_of(code) == [("c", "d"), ("a", "e"), ("b", "f")]
