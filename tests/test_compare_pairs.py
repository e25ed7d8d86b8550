"""Which layers are compared with each other, which are not, and what is said of the rest."""

from __future__ import annotations

import random
import textwrap
from pathlib import Path

import pytest

from bnlint.cli.main import main
from bnlint.engine.registry import load_rules
from bnlint.output import render_comparison
from bnlint.porting.compare import Comparison, Input, compare

RULES = load_rules()

KERAS_HELPERS_LAST = """
    from keras import layers

    def Net(x):
        x = layers.BatchNormalization(name="stem_bn")(x)
        x = dense_block(transition_block(x))
        return layers.BatchNormalization(name="top_bn")(x)

    def transition_block(x):
        return layers.BatchNormalization(epsilon=1e-4, name="bn")(x)

    def dense_block(x):
        x = layers.BatchNormalization(epsilon=1e-5, name="0_bn")(x)
        return layers.BatchNormalization(epsilon=1e-5, name="1_bn")(x)
    """

TORCH_BLOCKS_FIRST = """
    from torch import nn

    class _DenseLayer(nn.Module):
        def __init__(self, c):
            super().__init__()
            self.norm1 = nn.BatchNorm2d(c)
            self.norm2 = nn.BatchNorm2d(c)

    class _Transition(nn.Module):
        def __init__(self, c):
            super().__init__()
            self.norm = nn.BatchNorm2d(c)

    class Net(nn.Module):
        def __init__(self, c):
            super().__init__()
            self.first = nn.BatchNorm2d(c)
            self.last = nn.BatchNorm2d(c)
    """


def plain(code: str) -> str:
    return textwrap.dedent(code).lstrip("\n")


def compared(reference: str, port: str, part: str = "") -> Comparison:
    found = compare(
        [Input("ref.py", plain(reference).encode())],
        [Input("port.py", plain(port).encode(), part)],
        RULES,
    )
    assert found.problems == ()
    return found


def table(found: Comparison) -> str:
    return "".join(render_comparison(found, "table"))


def pairs(reference: str, port: str) -> list[tuple[str, str, str]]:
    """Return name, name, and how they were paired."""
    return [
        (
            row.reference.name if row.reference else "-",
            row.port.name if row.port else "-",
            row.how,
        )
        for row in compared(reference, port).rows
    ]


SELF_OUTPUT_FIRST = """
    import torch.nn as nn

    class BertSelfOutput(nn.Module):
        def __init__(self, c):
            super().__init__()
            self.norm = nn.LayerNorm(c, eps=1e-12)

    class BertOutput(nn.Module):
        def __init__(self, c):
            super().__init__()
            self.norm = nn.LayerNorm(c, eps=1e-6)
    """

OUTPUT_FIRST = """
    from tinygrad import nn

    class BertOutput:
        def __init__(self, c):
            self.norm = nn.LayerNorm(c, eps=1e-6)

    class BertSelfOutput:
        def __init__(self, c):
            self.norm = nn.LayerNorm(c, eps=1e-12)
    """


def test_words_that_tell_little_tell_two_classes_apart() -> None:
    found = compared(SELF_OUTPUT_FIRST, OUTPUT_FIRST)
    assert [row.how for row in found.rows] == ["order", "order"]
    assert [row.differs for row in found.rows] == [(), ()]


def test_blocks_belong_together_wherever_they_stand() -> None:
    """By the words of their names, and what is left over in the order of the source."""
    assert pairs(KERAS_HELPERS_LAST, TORCH_BLOCKS_FIRST) == [
        ("0_bn", "norm1", "order"),
        ("1_bn", "norm2", "order"),
        ("bn", "norm", "order"),
        ("stem_bn", "first", "order"),
        ("top_bn", "last", "order"),
    ]


def test_names_count_within_a_block() -> None:
    port = TORCH_BLOCKS_FIRST.replace("self.first", "self.top").replace("self.last", "self.stem")
    assert pairs(KERAS_HELPERS_LAST, port)[3:] == [
        ("top_bn", "top", "order"),
        ("stem_bn", "stem", "order"),
    ]


def test_blocks_without_words_in_common_are_paired_as_they_stand() -> None:
    port = TORCH_BLOCKS_FIRST.replace("_Transition", "Shrink").replace("_DenseLayer", "Grow")
    assert [name for name, _, _ in pairs(KERAS_HELPERS_LAST, port)] == [
        "0_bn", "1_bn", "bn", "stem_bn", "top_bn",
    ]  # fmt: skip


def test_branches_of_a_block_are_told_apart_by_their_length() -> None:
    port = """
        from torch import nn
        class Block(nn.Module):
            def __init__(self, c):
                self.main = nn.Sequential(
                    nn.Conv2d(c, c, 1), nn.BatchNorm2d(1),
                    nn.Conv2d(c, c, 3), nn.BatchNorm2d(2),
                    nn.Conv2d(c, c, 1), nn.BatchNorm2d(3),
                )
                self.side = nn.Sequential(nn.Conv2d(c, c, 3), nn.BatchNorm2d(4), nn.BatchNorm2d(5))
        """
    reference = """
        from torch import nn
        class Block(nn.Module):
            def __init__(self, c):
                side = [nn.Conv2d(c, c, 3), nn.BatchNorm2d(4), nn.BatchNorm2d(5, eps=1e-3)]
                main = [nn.Conv2d(c, c, 1), nn.BatchNorm2d(1), nn.Conv2d(c, c, 3),
                        nn.BatchNorm2d(2), nn.Conv2d(c, c, 1), nn.BatchNorm2d(3)]
                self.run = nn.Sequential(*side), nn.Sequential(*main)
        """
    found = compared(reference, port).rows
    assert [(row.reference.channels, row.port.channels) for row in found
            if row.reference and row.port] == [(n, n) for n in range(1, 6)]  # fmt: skip
    assert [row.differs for row in found] == [(), (), (), (), ("eps",)]


def test_a_block_that_is_divided_otherwise_is_paired_in_order() -> None:
    head = "from torch import nn\nclass Block(nn.Module):\n    def __init__(self):\n"
    port = f"{head}        self.a = nn.Sequential(nn.BatchNorm2d(1), nn.BatchNorm2d(2))\n"
    port += "        self.b = nn.BatchNorm2d(3)\n"
    reference = head + "".join(f"        self.x{n} = nn.BatchNorm2d({n})\n" for n in (1, 2, 3))
    rows = compared(reference, port).rows
    assert [(row.reference.channels, row.port.channels) for row in rows
            if row.reference and row.port] == [(n, n) for n in range(1, 4)]  # fmt: skip


def _made_up(chance: random.Random) -> list[tuple[str, list[str]]]:
    """Return classes and what their constructors build: no two layers have as many channels."""
    names = chance.sample(["Stem", "DenseBlock", "Transition", "Squeeze", "Head"], 3)
    channels = iter(range(1, 99))
    layer = "nn.BatchNorm2d({})".format
    found = []
    for name in names:
        lines = []
        for number in range(chance.randint(1, 4)):
            built = [layer(next(channels)) for _ in range(chance.choice((1, 1, 2, 3)))]
            value = built[0] if len(built) == 1 else f"nn.Sequential({', '.join(built)})"
            lines.append(f"        self.part{number} = {value}")
        found.append((name, lines))
    return found


def _written(classes: list[tuple[str, list[str]]]) -> str:
    head = "    def __init__(self):\n        super().__init__()\n"
    return "from torch import nn\n" + "".join(
        f"class {name}(nn.Module):\n{head}" + "\n".join(lines) + "\n" for name, lines in classes
    )


@pytest.mark.parametrize("seed", range(20))
def test_a_model_is_paired_with_itself_in_another_order(seed: int) -> None:
    """Each layer belongs to itself, wherever its class stands, and whatever that is a port of."""
    chance = random.Random(seed)
    classes = _made_up(chance)
    moved = chance.sample(classes, len(classes))
    rows = compared(_written(classes), _written(moved)).rows
    assert len(rows) == sum(line.count("BatchNorm") for _, lines in classes for line in lines)
    for row in rows:
        assert row.reference is not None
        assert row.port is not None
        assert row.reference.channels == row.port.channels


def test_how_sure_the_pairs_are() -> None:
    """One line for each way in which some were made."""
    text = table(compared(KERAS_HELPERS_LAST, TORCH_BLOCKS_FIRST))
    told = "\n".join(line for line in text.splitlines() if line.startswith("Paired by "))
    assert told == (
        "Paired by order: as they stand in the source, sure if both sides are written in the same "
        "order."
    )


@pytest.mark.parametrize(
    ("more", "how", "applicability", "confidence"),
    [
        ("", "order", "safe", "high"),
        ("c = nn.BatchNorm2d(8, eps=1e-5)", "likeness", "unsafe", "medium"),
    ],
)  # fmt: skip
def test_a_fix_after_a_partner_that_is_guessed_is_unsafe(
    more: str, how: str, applicability: str, confidence: str
) -> None:
    reference = """
        from torch import nn
        stem = nn.BatchNorm2d(8, eps=1e-3)
        b = nn.BatchNorm2d(8)
        """
    port = "from torch import nn\nstem = nn.BatchNorm2d(8)\nhead = nn.BatchNorm2d(8)\n" + more
    found = compared(reference, port)
    assert found.rows[0].how == how
    (finding,) = found.findings
    assert finding.fix is not None
    assert (finding.span.row, finding.code) == (2, "BN103")
    assert (finding.fix.applicability, finding.confidence) == (applicability, confidence)


def test_sides_that_are_divided_otherwise_are_paired_in_the_order_of_the_source() -> None:
    port = """
        from torch import nn
        a, b, c, d, e = (nn.BatchNorm2d(8), nn.BatchNorm2d(8), nn.BatchNorm2d(8),
                         nn.BatchNorm2d(8), nn.BatchNorm2d(8))
        """
    assert [name for name, _, _ in pairs(KERAS_HELPERS_LAST, port)] == [
        "stem_bn", "top_bn", "bn", "0_bn", "1_bn",
    ]  # fmt: skip


# ----------------------------------------------------------------------- what a caller may override

SIZED = """
    from keras import layers

    def block(x, filters=16):
        x = layers.Conv2D(filters, 3)(x)
        return layers.BatchNormalization(name="bn")(x)
    """


def test_a_size_that_a_caller_may_override_is_no_difference() -> None:
    found = compared(SIZED, "from torch import nn\nbn = nn.BatchNorm2d(32)\n")
    assert [row.differs for row in found.rows] == [("eps", "decay")]
    assert "64? = 4C | 64 = 2C" in table(found)
    assert [total.counted for total in found.totals] == [None, 64]


def test_a_size_that_is_written_down_is_one() -> None:
    found = compared(
        SIZED.replace("filters, 3", "16, 3"), "from torch import nn\nbn = nn.BatchNorm2d(32)\n"
    )
    assert [row.differs for row in found.rows] == [("eps", "decay", "channels")]


def test_a_momentum_that_a_caller_may_override_is_marked() -> None:
    reference = """
        from keras import layers

        def block(x, momentum=0.9):
            return layers.BatchNormalization(momentum=momentum)(x)
        """
    assert " 0.9? | 0.9 " in table(
        compared(reference, "from torch import nn\nbn = nn.BatchNorm2d(32)\n")
    )


# ----------------------------------------------------------------------------- what is not compared


def test_what_is_not_known_is_not_called_equal() -> None:
    port = """
        from torch import nn

        def block(eps, **more):
            return nn.BatchNorm2d(8, eps, momentum=0.01), nn.BatchNorm2d(8, **more)
        """
    reference = "from keras import layers\na = layers.BatchNormalization()\n"
    text = table(compared(reference, port))
    assert "2 pairs, none of them differs." in text
    assert text.endswith(
        "Not compared, since a side is not known: eps in all pairs, decay in 1 pair, parameters in "
        "1 pair.\n"
    )


def test_where_all_is_known_there_is_nothing_to_add() -> None:
    text = table(compared(KERAS_HELPERS_LAST, TORCH_BLOCKS_FIRST))
    assert "Not" not in text


def test_calls_that_are_not_resolved_are_counted() -> None:
    found = compared(KERAS_HELPERS_LAST, plain(TORCH_BLOCKS_FIRST) + UNRESOLVED)
    assert [(unseen.path, len(unseen.unresolved)) for unseen in found.unseen] == [("port.py", 1)]
    assert table(found).endswith(
        "Not compared: 1 call that may build layers and could not be resolved, in port.py "
        "('bnlint sites' says why).\n"
    )
    found = compared(KERAS_HELPERS_LAST, plain(TORCH_BLOCKS_FIRST) + UNRESOLVED, "Net")
    assert found.unseen == ()


UNRESOLVED = """
def head(c, norm_layer=None):
    return norm_layer(c)
other = elsewhere(norm_layer=nn.BatchNorm2d)
"""


def test_files_of_a_folder_are_counted_together() -> None:
    port = (plain(TORCH_BLOCKS_FIRST) + UNRESOLVED).encode()
    found = compare(
        [Input("ref.py", plain(KERAS_HELPERS_LAST).encode())],
        [Input(f"p/{name}.py", port + UNRESOLVED.encode() * (name == "d")) for name in "abcde"],
        RULES,
    )
    text = table(found)
    assert "6 calls that may build layers and could not be resolved, in " in text
    assert " in d.py, a.py, b.py and 2 other files ('bnlint sites' says why)." in text


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(plain(text))


HELPER = """
    from torch import nn

    def conv_bn(c):
        return nn.Sequential(nn.Conv2d(c, c, 3), nn.BatchNorm2d(c))

    def unused(c):
        return nn.BatchNorm2d(c)
    """

USER = """
    from torch import nn
    from helper import conv_bn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = conv_bn(8)
            {more}
    """


@pytest.mark.parametrize(
    ("more", "pairs"),
    [("self.bn = nn.BatchNorm2d(8)", "2 pairs, all"), ("pass", "1 pair, 1")],
    ids=["beside layers of its own", "alone"],
)
def test_layers_that_another_file_builds_are_compared(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: str,
    pairs: str,
) -> None:
    write(tmp_path, ref=KERAS_HELPERS_LAST, port=USER.replace("{more}", more), helper=HELPER)
    monkeypatch.chdir(tmp_path)
    assert main(["compare", "ref.py", "port.py"]) == 1
    out = capsys.readouterr().out
    assert "helper.py:4:" in out  # the one that is used
    assert "helper.py:7:" not in out
    assert "Not compared" not in out
    assert "counts" not in out  # totals would need to know how often each is built


BLOCKS = """
    from torch import nn

    class ConvNorm(nn.Sequential):
        def __init__(self, c, norm_layer=nn.BatchNorm2d, use_norm=True):
            layers = [nn.Conv2d(c, c, 3)]
            if use_norm:
                layers.append(norm_layer(c))
            super().__init__(*layers)

    class Wide(ConvNorm):
        def __init__(self, c, **kwargs):
            super().__init__(2 * c, **kwargs)
    """

MODELS = """
    from functools import partial
    from torch import nn
    from blocks import ConvNorm, Wide

    class Net(nn.Module):
        def __init__(self, norm_layer=None, block=None):
            super().__init__()
            if norm_layer is None:
                norm_layer = nn.BatchNorm2d
            if block is None:
                block = Wide
            self.stem = ConvNorm(8, norm_layer=norm_layer)
            self.body = nn.Sequential(*[block(8, norm_layer=norm_layer) for _ in range(3)])

    class Mixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.one = ConvNorm(8, partial(nn.BatchNorm2d, eps=1e-3))
            self.two = ConvNorm(8)

    class Chosen(nn.Module):
        def __init__(self, wide=False):
            super().__init__()
            self.bn = nn.BatchNorm2d(8)
            self.one = BLOCKS[read("block")](8)

    BLOCKS = {"narrow": ConvNorm, "wide": Wide}

    class Bare(nn.Module):
        def __init__(self):
            super().__init__()
            self.one = ConvNorm(8, use_norm=False)

    def as_keras():
        return Net(norm_layer=partial(nn.BatchNorm2d, eps=1e-3, momentum=0.01))

    def as_torch():
        return Net()
    """


@pytest.mark.parametrize(
    ("part", "says"),
    [
        pytest.param("as_keras", "1 pair, none of them differs.", id="as it is given"),
        pytest.param("as_torch", "eps      0.001      1e-05", id="as it is by default"),
        pytest.param("Mixed", "a side is not known: eps in 1 pair", id="one way and another"),
        pytest.param("Chosen", "1 pair, 1 of them differs", id="one of several that is not known"),
        pytest.param("Bare", "no batch normalisation layer is known in it", id="switched off"),
    ],
)
def test_layers_of_other_files_have_the_settings_that_a_model_gives_them(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    part: str,
    says: str,
) -> None:
    reference = "from keras import layers\na = layers.BatchNormalization()\n"
    write(tmp_path, ref=reference, models=MODELS, blocks=BLOCKS)
    monkeypatch.chdir(tmp_path)
    main(["compare", "ref.py", f"models.py::{part}"])
    assert says in "".join(capsys.readouterr())


def test_a_reference_whose_layers_another_file_builds_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    port = """
        # bnlint: port-of models.py::as_keras
        from keras import layers
        def net(x):
            return layers.BatchNormalization(epsilon=1e-5)(x)
        """
    write(tmp_path, port=port, models=MODELS, blocks=BLOCKS)
    monkeypatch.chdir(tmp_path)
    assert main(["port.py", "--no-cache"]) == 1
    out = capsys.readouterr().out
    assert "BN103" in out
    assert "blocks.py:7" in out
    assert "BN902" not in out


def test_files_of_a_side_are_not_named_as_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = USER.replace("{more}", "self.bn = nn.BatchNorm2d(8)")
    write(tmp_path, ref=KERAS_HELPERS_LAST, port__port=own, port__helper=HELPER)
    monkeypatch.chdir(tmp_path)
    assert main(["compare", "ref.py", "port"]) == 1
    assert "Not compared" not in capsys.readouterr().out


# ------------------------------------------------------------------------------------------- totals

NET = """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)
"""


@pytest.mark.parametrize(
    ("more", "counted"),
    [
        pytest.param("", 16, id="a class that nobody calls"),
        pytest.param(
            "if __name__ == '__main__':\n    for _ in range(2):\n        Net()\n", 16,
            id="a script that tries it out",
        ),
        pytest.param(
            "def net(pretrained):\n    if pretrained:\n        model = Net()\n"
            "    else:\n        model = Net()\n    return model\n", 16,
            id="a factory with two ways through it",
        ),
        pytest.param(
            "def net(pretrained):\n    if pretrained:\n        return Net()\n    return Net()\n",
            16, id="a factory that returns early",
        ),
        pytest.param(
            "def small():\n    return Net()\ndef large():\n    return Net()\n", 16,
            id="two factories",
        ),
        pytest.param(
            "def two():\n    a = Net()\n    b = Net()\n    return nn.Sequential(a, b)\n", None,
            id="two parts of one model",
        ),
        pytest.param(
            "def a():\n    return Net()\ndef b():\n    return Net()\n"
            "def both():\n    return nn.Sequential(a(), b())\n", None,
            id="two functions that make parts of one model",
        ),
        pytest.param(
            "def two():\n    return nn.Sequential(Net(), Net())\n", None, id="twice in a row",
        ),
        pytest.param(
            "def some(flag):\n    if flag:\n        return Net()\n", None, id="perhaps",
        ),
        pytest.param(
            "def many(n):\n    for i in range(n):\n        model = Net()\n", None, id="a loop",
        ),
    ],
)  # fmt: skip
def test_a_model_is_built_once_however_many_make_one(more: str, counted: int | None) -> None:
    found = compared("from keras import layers\na = layers.BatchNormalization()\n", NET + more)
    assert found.totals[1].counted == counted


def test_a_part_that_is_named_is_the_model() -> None:
    two = NET + "def two():\n    return nn.Sequential(Net(), Net())\n"
    found = compared("from keras import layers\na = layers.BatchNormalization()\n", two, "Net")
    assert found.totals[1].counted == 16


def test_totals_that_differ_are_explained() -> None:
    reference = """
        from keras import layers
        def net(x):
            x = layers.Conv2D(8, 3)(x)
            return layers.BatchNormalization(name="bn")(x)
        """
    text = table(compared(reference, NET))
    assert text.endswith(
        "Keras counts 32 parameters, 16 trainable.\n"
        "PyTorch counts 16 parameters, 16 trainable.\n"
        "The totals differ by 16: Keras counts the running mean and variance as parameters (4C for "
        "a layer of C channels), PyTorch does not (2C). The trainable parameters agree.\n"
    )


# ---------------------------------------------------------------------------------- differences


def told(found: Comparison, width: int | None = None) -> str:
    return "".join(render_comparison(found, "differences", width=width))


UNLIKE = """
    from torch import nn
    class Net(nn.Module):
        def __init__(self):
            self.stem = nn.BatchNorm2d(8)
            self.head = nn.BatchNorm2d(8, momentum=0.2)
            self.tail = nn.BatchNorm2d(8)
    """
LAYERS = """
    from keras import layers
    stem = layers.BatchNormalization(name="stem")
    head = layers.BatchNormalization(name="head")
    tail = layers.BatchNormalization(name="tail", epsilon=1e-5)
    """


def test_a_row_for_each_difference() -> None:
    assert told(compared(LAYERS, UNLIKE)) == (
        "differs  reference  port   layers\n"
        "eps      0.001      1e-05  2: port.py:4 stem (ref.py:2), port.py:5 head "
        "(ref.py:3)\n"
        "decay    0.99       0.9    2: port.py:4 stem (ref.py:2), port.py:6 tail "
        "(ref.py:4)\n"
        "decay    0.99       0.8    port.py:5 head (ref.py:3)\n"
        "\n"
        "decay: how much of the old running value an update keeps, whatever momentum means.\n"
        "3 pairs, 3 of them differ.\n"
        "Paired by names: the same names on both sides, sure.\n"
        "PyTorch counts 48 parameters, 48 trainable.\n"
        "--all shows each pair of layers, and all their settings.\n"
    )


def test_modes_of_new_layers_are_no_difference() -> None:
    reference = LAYERS.replace("epsilon=1e-5", "epsilon=1e-3")
    same = UNLIKE.replace("(8", "(8, eps=1e-3, momentum=0.01").replace(", momentum=0.2", "")
    text = told(compared(reference, same))
    assert text.startswith("3 pairs, none of them differs.\n")
    assert "inference" not in text


def test_what_has_no_partner_is_a_row() -> None:
    more = UNLIKE + "        self.more = nn.BatchNorm2d(8, eps=0.5, momentum=0.5)\n"
    lines = told(compared(LAYERS, more)).splitlines()
    assert [line.split()[-2:] for line in lines if line.startswith("no partner")] == [
        ["port.py:7", "more"]
    ]


@pytest.mark.parametrize("width", [44, 80, 140])
def test_differences_fit_the_terminal(width: int) -> None:
    assert max(map(len, told(compared(LAYERS, UNLIKE), width).splitlines())) <= width


def test_padding_by_hand_is_not_called_equal() -> None:
    reference = """
        from keras import layers
        def block(x):
            x = layers.ZeroPadding2D(1)(x)
            x = layers.Conv2D(8, 3, 2)(x)
            return layers.BatchNormalization()(x)
        """
    port = """
        from torch import nn
        class Block(nn.Module):
            def __init__(self):
                self.run = nn.Sequential(nn.Conv2d(8, 8, 3, 2, 1), nn.BatchNorm2d(8))
        """
    text = told(compared(reference, port))
    assert "Not compared, since something pads by hand: padding in 1 pair.\n" in text


def test_convolutions_are_compared_by_their_numbers() -> None:
    reference = """
        from keras import layers
        def block(x):
            return layers.BatchNormalization()(layers.Conv2D(8, 3, use_bias=False)(x))
        """
    port = """
        from torch import nn
        class Block(nn.Module):
            def __init__(self):
                self.run = nn.Sequential(nn.Conv2d(8, 8, 5), nn.BatchNorm2d(8, 1e-3, 0.01))
        """
    lines = told(compared(reference, port)).splitlines()
    assert [line.split()[:3] for line in lines[1:3]] == [
        ["kernel", "3x3", "5x5"],
        ["bias", "no", "yes"],
    ]


@pytest.mark.parametrize(
    ("reference", "differs"),
    [
        pytest.param("layers.BatchNormalization()(x)", False, id="both follow their model"),
        pytest.param("layers.BatchNormalization()(x, training=flag)", False, id="by a flag"),
        pytest.param("layers.BatchNormalization()(x, training=True)", True, id="always training"),
        pytest.param("layers.BatchNormalization()(x, training=False)", True, id="always inference"),
    ],
)
def test_modes_differ_where_the_two_run_differently(reference: str, differs: bool) -> None:
    code = f"""
        from keras import layers
        def block(x, flag=None):
            return {reference}
        """
    port = """
        from torch import nn
        bn = nn.BatchNorm2d(8, 1e-3, 0.01)
        """
    (row,) = compared(code, port).rows
    assert ("mode" in row.differs) is differs


def test_a_flag_that_nobody_sets_is_a_mode() -> None:
    reference = """
        import tensorflow.compat.v1 as tf
        def block(x):
            return tf.layers.batch_normalization(x)
        """
    port = """
        from torch import nn
        bn = nn.BatchNorm2d(8, 1e-3, 0.01, track_running_stats=False)
        """
    (row,) = compared(reference, port).rows
    assert row.modes == ("always inference", "always training")
