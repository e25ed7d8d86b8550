"""A port compared with a named reference: by ``compare``, by a comment, by configuration."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest

from bnlint.cli.main import main
from bnlint.engine.registry import load_rules
from bnlint.output import render_comparison
from bnlint.porting.compare import Input, compare

RULES = load_rules()

KERAS = """
from keras import layers

def stem(x):
    x = layers.BatchNormalization(name="stem_bn")(x)
    x = layers.BatchNormalization(epsilon=1e-5, name="head_bn")(x)
    return x
"""

TORCH = """
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem_bn = nn.BatchNorm2d(8, momentum=0.01)
        self.head_bn = nn.BatchNorm2d(8, momentum=0.01)
"""


def plain(code: str) -> str:
    return textwrap.dedent(code).lstrip("\n")


def pairs_of(reference: str, port: str) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """Return name and name, how they were paired, and what differs, for each row."""
    found = compare(
        [Input("ref.py", plain(reference).encode())],
        [Input("port.py", plain(port).encode())],
        RULES,
    )
    assert found.problems == ()
    return [
        (
            row.reference.name if row.reference else "-",
            row.port.name if row.port else "-",
            row.how,
            row.differs,
        )
        for row in found.rows
    ]


def findings_of(reference: str, port: str) -> list[tuple[int, str]]:
    found = compare(
        [Input("ref.py", plain(reference).encode())],
        [Input("port.py", plain(port).encode())],
        RULES,
    )
    return [(finding.span.row, finding.code) for finding in found.findings]


def torch_layers(*calls: str) -> str:
    lines = "\n".join(f"{name} = nn.BatchNorm2d({call})" for name, _, call in
                      (c.partition(" ") for c in calls))  # fmt: skip
    return f"import torch.nn as nn\n{lines}\n"


def keras_layers(*calls: str) -> str:
    lines = "\n".join(f"{name} = layers.BatchNormalization({call})" for name, _, call in
                      (c.partition(" ") for c in calls))  # fmt: skip
    return f"from keras import layers\n{lines}\n"


def test_same_names_are_paired_whatever_their_order() -> None:
    port = (
        TORCH.replace("stem_bn", "x")
        .replace("head_bn", "stem_bn")
        .replace("self.x", "self.head_bn")
    )
    assert pairs_of(KERAS, port) == [
        ("head_bn", "head_bn", "names", ()),
        ("stem_bn", "stem_bn", "names", ("eps",)),
    ]


def test_equal_numbers_are_paired_in_order() -> None:
    port = torch_layers("a 8, momentum=0.01", "b 8, momentum=0.01")
    assert pairs_of(KERAS, port) == [
        ("stem_bn", "a", "order", ("eps",)),
        ("head_bn", "b", "order", ()),
    ]


def test_a_uniform_reference_needs_no_partner_for_each() -> None:
    reference = keras_layers("a ", "b ", "c ")
    port = torch_layers("x 8, eps=1e-3, momentum=0.01", "y 8, momentum=0.01")
    assert pairs_of(reference, port) == [
        ("a", "x", "uniform", ()),
        ("a", "y", "uniform", ("eps",)),
    ]


def test_unlike_sides_are_paired_by_likeness_and_the_rest_stands_alone() -> None:
    reference = keras_layers("stem ", "block epsilon=1e-5", "head momentum=0.9")
    port = torch_layers("stem 8", "head 8")
    assert pairs_of(reference, port) == [
        ("stem", "stem", "likeness", ("eps", "decay")),
        ("block", "-", "", ()),
        ("head", "head", "likeness", ("eps",)),
    ]


@pytest.mark.parametrize(
    ("reference", "port", "expected"),
    [
        pytest.param(
            keras_layers("a "), torch_layers("a 8, eps=1e-5, momentum=0.01"), [(2, "BN103")],
            id="a number that is written down counts against a named reference",
        ),
        pytest.param(
            keras_layers("a "), torch_layers("a 8, eps=1e-3, momentum=0.01"), [],
            id="a right port",
        ),
        pytest.param(
            keras_layers("a epsilon=1.001e-5, momentum=0.9"), torch_layers("a 8"), [],
            id="the eps of old cuDNN",
        ),
        pytest.param(
            keras_layers("a scale=False"), torch_layers("a 8, eps=1e-3, momentum=0.01"),
            [(2, "BN104")], id="gamma on one side",
        ),
        pytest.param(
            "from keras import layers\ndef f(e): return layers.BatchNormalization(epsilon=e)\n",
            torch_layers("a 8, momentum=0.01"), [], id="an eps that is not known",
        ),
        pytest.param(
            torch_layers("a 8, eps=1e-3"), torch_layers("a 8"), [(2, "BN103")],
            id="two sides of one framework, since both are named",
        ),
    ],
)  # fmt: skip
def test_findings(reference: str, port: str, expected: list[tuple[int, str]]) -> None:
    assert findings_of(reference, port) == expected


def test_part_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``file.py::Class`` is the class and what it uses."""
    reference = """
        from keras import layers

        def block(x):
            return layers.BatchNormalization(epsilon=1e-5, momentum=0.9)(x)

        def other(x):
            return layers.BatchNormalization(epsilon=0.5)(x)

        def model(x):
            return block(x)
        """
    (tmp_path / "ref.py").write_text(plain(reference))
    (tmp_path / "port.py").write_text(torch_layers("a 8"))
    assert main(["compare", f"{tmp_path}/ref.py::model", f"{tmp_path}/port.py", "--all"]) == 0
    assert "ref.py:4" in capsys.readouterr().out
    assert main(["compare", f"{tmp_path}/ref.py::other", f"{tmp_path}/port.py", "--all"]) == 1
    assert main(["compare", f"{tmp_path}/ref.py::gone", f"{tmp_path}/port.py", "--all"]) == 2
    assert "there is no class or function gone in it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        pytest.param("gone.py", "gone.py: no such file or folder", id="missing"),
        pytest.param("empty", "there are no Python files to compare", id="folder without Python"),
        pytest.param("plain.py", "no batch normalisation layer is known in it", id="no layers"),
        pytest.param("empty::Net", "::NAME goes with a file", id="a part of a folder"),
    ],
)
def test_what_cannot_be_compared(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    reference: str,
    says: str,
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "plain.py").write_text("print(1)\n")
    (tmp_path / "port.py").write_text(torch_layers("a 8"))
    monkeypatch.chdir(tmp_path)
    assert main(["compare", reference, "port.py"]) == 2
    assert says in capsys.readouterr().err


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ref.py").write_text(keras_layers("a "))
    (tmp_path / "port.py").write_text(torch_layers("a 8, momentum=0.01"))
    arguments = ["compare", f"{tmp_path}/ref.py", f"{tmp_path}/port.py", "--output-format", "json"]
    assert main(arguments) == 1
    found = json.loads(capsys.readouterr().out)
    (pair,) = found["pairs"]
    assert (pair["reference"]["eps"], pair["port"]["eps"], pair["differs"]) == (1e-3, 1e-5, ["eps"])
    assert [finding["code"] for finding in found["findings"]] == ["BN103"]
    assert found["findings"][0]["reference"]["kind"] == "named"


CONV = """
from keras import Input, layers
x = Input((8, 8, 3))
x = layers.Conv2D(4, 3)(x)
x = layers.BatchNormalization()(x)
"""


@pytest.mark.parametrize(
    ("reference", "total"),
    [
        pytest.param(CONV, 16, id="built once"),
        pytest.param(
            CONV + "for _ in range(3):\n    x = layers.BatchNormalization()(x)\n", None, id="a loop"
        ),
        pytest.param(
            CONV + "def f(x):\n    return layers.BatchNormalization()(x)\nf(f(x))\n", None,
            id="a helper that is called twice",
        ),
    ],
)  # fmt: skip
def test_totals_are_given_only_where_each_layer_is_built_once(
    reference: str, total: int | None
) -> None:
    port = torch_layers("a 4")
    found = compare([Input("ref.py", reference.encode())], [Input("port.py", port.encode())], RULES)
    assert [total.counted for total in found.totals] == [total, 8]


def test_totals_of_a_class_that_calls_the_constructor_above_it() -> None:
    """``super().__init__()`` builds no second model."""
    found = compare(
        [Input("ref.py", CONV.encode())], [Input("port.py", plain(TORCH).encode())], RULES
    )
    assert [total.counted for total in found.totals] == [16, 32]


def test_every_column_has_a_name_where_there_is_no_room_for_a_table() -> None:
    found = compare(
        [Input("ref.py", plain(KERAS).encode())], [Input("port.py", plain(TORCH).encode())], RULES
    )
    shown = "".join(render_comparison(found, "table", width=60))
    assert "difference eps\n" in shown


# ------------------------------------------------------------------ check against a named reference


def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str, str]:
    code = main(["check", "--output-format", "concise", str(tmp_path), *more])
    out, err = capsys.readouterr()
    return code, out, err


def test_port_of_comment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The comment makes the direction known, so the fix is safe and nothing else is needed."""
    (tmp_path / "ref").mkdir()
    (tmp_path / "ref" / "model.py").write_text(keras_layers("a "))
    port = tmp_path / "port.py"
    port.write_text(
        "# bnlint: port-of ref/model.py\n" + torch_layers("a 8, eps=1e-5, momentum=0.01")
    )
    code, out, _ = run(tmp_path, capsys)
    assert code == 1
    assert "port.py:3" in out
    assert "BN103 [*]" in out
    assert "model.py:2)" in out
    code, out, _ = run(tmp_path, capsys, "--fix")
    assert (code, out) == (0, "")
    written = torch_layers("a 8, eps=0.001, momentum=0.01")
    assert port.read_text() == f"# bnlint: port-of ref/model.py\n{written}"


def test_reference_in_the_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ref.py").write_text(keras_layers("a "))
    (tmp_path / "port.py").write_text(torch_layers("a 8"))
    (tmp_path / "other.py").write_text(torch_layers("a 8"))
    (tmp_path / "bnlint.toml").write_text('[[port]]\npaths = ["port.py"]\nreference = "ref.py"\n')
    code, out, _ = run(tmp_path, capsys)
    assert code == 1
    assert [line.split(": ")[2][:5] for line in out.splitlines()] == ["BN102", "BN103"]
    assert "other.py" not in out


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(None, "cannot be read: No such file or directory", id="missing"),
        pytest.param("x = 1\n", "it has no batch normalisation layer", id="no layers"),
        pytest.param("from keras import BatchNormalization\nx = (\n", "line ", id="not Python"),
    ],
)
def test_reference_that_is_no_use_is_a_problem_and_the_rest_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, says: str
) -> None:
    if content is not None:
        (tmp_path / "ref.py").write_text(content)
    faulty = torch_layers("a 8, momentum=0.99")
    (tmp_path / "port.py").write_text("# bnlint: port-of ref.py\n" + faulty)
    code, out, err = run(tmp_path, capsys)
    assert code == 2
    assert says in err
    assert "BN101" in out
    assert "Traceback" not in err
    assert "not compared with" not in err


def test_a_docstring_names_no_reference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = '"""Write so:\n\n    # bnlint: port-of ref.py\n"""\n'
    (tmp_path / "port.py").write_text(text + torch_layers("a 8"))
    assert run(tmp_path, capsys)[0] == 0


# ------------------------------------------------------------------------------ the layers before

SAME = "x = layers.Conv2D(8, 3, {options})(x)\n    x = layers.BatchNormalization(name='bn')(x)"


def before(reference: str, port: str) -> tuple[str, ...]:
    """Return what differs between two convolutions with their layers, beside eps and decay."""
    keras = f"from keras import layers\ndef f(x):\n    {reference}\n"
    torch = (
        "import torch.nn as nn\nimport torch.nn.functional as F\nclass Net(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n"
        f"        self.conv = nn.Conv2d(3, 8, {port})\n        self.bn = nn.BatchNorm2d(8)\n"
    )
    forward = "    def forward(self, x):\n        return self.bn({}(self.conv(x)))\n"
    act = "F.relu" if "ACT" in port else ""
    torch = torch.replace("ACT, ", "") + forward.format(act)
    found = compare([Input("ref.py", keras.encode())], [Input("port.py", torch.encode())], RULES)
    (row,) = found.rows
    return tuple(name for name in row.differs if name not in ("eps", "decay"))


@pytest.mark.parametrize(
    ("options", "port", "differs"),
    [
        ("padding='same'", "3, padding=1", ()),
        ("strides=2, padding='same'", "3, 2, padding=1", ("padding",)),
        ("strides=2, padding='same'", "3, padding=1", ("stride",)),
        ("strides=S, padding='same'", "3, 2, padding=1", ()),
        ("strides=S, padding='same'", "3, S, padding=1", ()),
        ("padding='same'", "3", ("padding",)),
        ("padding='same'", "5, padding=2", ("kernel",)),
        ("padding=P", "3, padding=1", ()),
        ("use_bias=False", "3", ("bias",)),
        ("use_bias=False", "3, bias=False", ()),
        ("use_bias=B", "3, bias=False", ()),
        ("activation='relu'", "3", ("activation",)),
        ("activation='relu'", "ACT, 3", ()),
        ("activation=A", "3", ()),
    ],
)
def test_what_stands_before(options: str, port: str, differs: tuple[str, ...]) -> None:
    assert before(SAME.format(options=options), port) == differs


def test_activation_between_on_one_side() -> None:
    reference = SAME.format(options="padding='same'")
    assert before(reference, "ACT, 3, padding=1") == ("activation",)


def test_layers_before_that_are_not_in_view() -> None:
    assert before("x = layers.BatchNormalization(name='bn')(x)", "3, bias=False") == ()


def shown(tmp_path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """Return what ``compare ref port`` prints in the folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        main(["compare", "--all", "ref", "port", "--exit-zero", *options])
    out, err = capsys.readouterr()
    assert "error:" not in err
    return out


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_json_has_the_layers_before(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keras = "from keras import layers\ndef f(x):\n    "
    write(
        tmp_path,
        ref__a=keras + SAME.format(options="strides=2, padding='same'"),
        port__a="from torch import nn\nm = nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.BatchNorm2d(8))",
    )
    (pair,) = json.loads(shown(tmp_path, capsys, "--output-format", "json"))["pairs"]
    assert pair["before"] == [
        {"layer": "Conv2D", "kernel": [3, 3], "stride": [2, 2], "padding": "same", "bias": True,
         "activation": False},
        {"layer": "Conv2d", "kernel": [3, 3], "stride": [2, 2], "padding": "0", "bias": True,
         "activation": False},
    ]  # fmt: skip


# ----------------------------------------------------------------------------------------- folders


def test_files_of_one_name_are_compared_with_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever their order, and whatever else the folders hold."""
    write(
        tmp_path,
        ref__a_net_keras=keras_layers("x epsilon=1e-5, momentum=0.9"),
        ref__BNet=keras_layers("x ", "y epsilon=1e-4"),
        ref__rest=keras_layers("x "),
        port__b_net=torch_layers("q 8, eps=1e-3, momentum=0.01", "p 8, eps=1e-4, momentum=0.01"),
        port__torch_a_net=torch_layers("u 8"),
        port__rest2=torch_layers("v 8, eps=1e-3, momentum=0.01"),
    )
    out = shown(tmp_path, capsys)
    pairs = [
        line.split()[:4] for line in out.splitlines() if line.startswith(("BNet", "a_net", "r"))
    ]
    assert pairs == [
        ["reference", "port", "eps", "decay"],
        ["ref/BNet.py", "|", "port/b_net.py"],
        ["BNet.py:2", "x", "b_net.py:2", "q"],
        ["BNet.py:3", "y", "b_net.py:3", "p"],
        ["ref/a_net_keras.py", "|", "port/torch_a_net.py"],
        ["a_net_keras.py:2", "x", "torch_a_net.py:2", "u"],
        ["rest.py:2", "x", "rest2.py:2", "v"],
    ]
    assert "4 pairs, none of them differs." in out


def test_files_without_a_partner_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where some have partners by name, what several others hold is not paired at random."""
    for name in ("a", "b", "c"):
        write(tmp_path, **{f"ref__{name}": keras_layers("x ", "y ")})
    for name in ("a", "k", "l"):
        write(tmp_path, **{f"port__{name}": torch_layers("x 8, eps=1e-3, momentum=0.01")})
    out = shown(tmp_path, capsys)
    alone = "b.py (2 layers), c.py (2 layers), k.py (1 layer), l.py (1 layer)"
    assert f"Files without a partner: {alone}." in out
    assert "1 pair, none of them differs, 6 layers without a partner." in out
    assert "all 2 alike" in out


def test_a_narrow_terminal(tmp_path: Path) -> None:
    """No word is cut, and no line is longer than the terminal."""
    keras = "from keras import layers\ndef f(x):\n    "
    port = (
        "from torch import nn\nm = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.ReLU(), {})\n"
    )
    found = compare(
        [Input("ref.py", (keras + SAME.format(options="padding='same'")).encode())],
        [Input("port.py", port.format("nn.BatchNorm2d(8)").encode())],
        RULES,
    )
    text = "".join(render_comparison(found, "table", width=44))
    assert max(map(len, text.splitlines())) <= 44
    words = "before it Conv2D 3x3 same, bias | Conv2d 3x3 pad 0, no bias, activation, paired by"
    assert words in " ".join(text.split())


def test_without_a_common_name_all_is_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(
        tmp_path,
        ref__a=keras_layers("x "),
        ref__b=keras_layers("y epsilon=1e-4"),
        port__k=torch_layers("x 8, eps=1e-3, momentum=0.01"),
        port__l=torch_layers("y 8, eps=1e-4, momentum=0.01"),
    )
    assert "2 pairs, none of them differs." in shown(tmp_path, capsys)


def test_totals_say_why_they_differ(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keras = "from keras import layers\n\n\ndef model(x):\n    x = layers.Conv2D(8, 3)(x)\n"
    keras += "    return layers.BatchNormalization({})(x)\n"
    write(tmp_path, ref__m=keras.format(""), port__m=torch_layers("x 8, eps=1e-3, momentum=0.01"))
    assert (
        "Keras counts 32 parameters, 16 trainable.\nPyTorch counts 16 parameters, 16 trainable.\n"
        "The totals differ by 16: Keras counts the running mean and variance as parameters (4C "
        "for a layer of C channels), PyTorch does not (2C). The trainable parameters agree.\n"
    ) in shown(tmp_path, capsys)
    write(tmp_path, ref__m=keras.format("scale=False"))
    assert "The totals differ by 8, and the trainable parameters differ as well" in (
        shown(tmp_path, capsys)
    )


def test_wrappers_of_the_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(
        tmp_path,
        ref__m=keras_layers("x "),
        port__m="from ops.layers import Norm\nx = Norm(8)\n",
    )
    declared = '[apis."ops.layers.Norm"]\nlike = "torch.nn.BatchNorm2d"\neps = 1e-3\n'
    (tmp_path / "bnlint.toml").write_text(declared)
    out = shown(tmp_path, capsys)
    assert "1 pair, 1 of them differs." in out
    assert "BN102" in out
    assert "BN103" not in out


FIXED = """
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.BatchNorm2d(8, eps=0.001, momentum=0.01)
"""


def test_fix_makes_the_port_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    port = tmp_path / "port.py"
    before = FIXED.replace(", eps=0.001, momentum=0.01", "")
    port.write_text(before)
    (tmp_path / "ref.py").write_text(keras_layers("a "))
    command = ["compare", str(tmp_path / "ref.py"), str(port)]
    assert main([*command, "--diff"]) == 1
    out, err = capsys.readouterr()
    assert "+        self.a = nn.BatchNorm2d(8, momentum=0.01, eps=0.001)" in out
    assert "Would fix 2 findings; none remains.\n" in err
    assert port.read_text() == before
    assert main([*command, "--fix", "--select", "BN103"]) == 0
    assert port.read_text() == before.replace("(8)", "(8, eps=0.001)")
    assert main([*command, "--fix"]) == 0
    assert port.read_text() == FIXED
    assert main(command) == 0


def test_fix_goes_with_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, ref=keras_layers("a "), port=torch_layers("a 8"), other=torch_layers("a 8"))
    ref, port = (str(tmp_path / name) for name in ("ref.py", "port.py"))
    for sides in ([str(tmp_path), port], [ref, str(tmp_path)], [ref, f"{port}::Net"]):
        assert main(["compare", *sides, "--fix"]) == 2
        assert "error: " in capsys.readouterr().err
    assert (tmp_path / "port.py").read_text() == torch_layers("a 8")
    assert main(["compare", ref, port, "--select", "BN9x"]) == 2
    assert 'unknown rule "BN9x"' in capsys.readouterr().err


SHORTCUT = """
    from torch import nn
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8, 1e-3, 0.01))
            self.around = nn.Sequential(nn.Conv2d(8, 8, 1), nn.BatchNorm2d(8, 1e-3, 0.01))
    """


@pytest.mark.parametrize(
    ("first", "second", "rows"),
    [
        pytest.param(1, 3, [("one", 6), ("two", 5)], id="the shortcut is built first"),
        pytest.param(3, 1, [("one", 5), ("two", 6)], id="the shortcut is built last"),
    ],
)
def test_what_follows_a_shortcut_is_paired_with_its_like(
    first: int, second: int, rows: list[tuple[str, int]]
) -> None:
    reference = f"""
        from keras import layers
        def block(x):
            y = layers.Conv2D(8, {first})(x)
            y = layers.BatchNormalization(name="one")(y)
            x = layers.Conv2D(8, {second})(x)
            x = layers.BatchNormalization(epsilon=1e-5, name="two")(x)
            return x + y
        """
    found = compare(
        [Input("ref.py", plain(reference).encode())],
        [Input("port.py", plain(SHORTCUT).encode())],
        RULES,
    )
    made = [(row.reference.name, row.port.row) for row in found.rows if row.reference and row.port]
    assert sorted(made) == rows
    assert {row.how for row in found.rows} == {"order"}


def test_a_shortcut_without_its_like_has_no_partner() -> None:
    reference = """
        from keras import layers
        def block(x):
            x = layers.Conv2D(8, 3)(x)
            x = layers.BatchNormalization(name="one")(x)
            x = layers.Conv2D(8, 3)(x)
            return layers.BatchNormalization(epsilon=1e-5, name="two")(x)
        """
    made = pairs_of(reference, SHORTCUT)
    assert sorted((one, how) for one, _, how, _ in made if how) == [("one", "likeness")]


BOTH = """
    from keras import layers
    from torch import nn
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.one = nn.BatchNorm2d(8)
    one = layers.BatchNormalization(name="one")
    """


def test_the_family_of_the_reference_tells_the_sides_of_one_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "both.py").write_text(plain(BOTH))
    name = str(tmp_path / "both.py")
    assert main(["compare", name, name, "--from", "tf.keras", "--select", "BN103"]) == 1
    out = capsys.readouterr().out
    assert "both.py:6 one (both.py:7)" in out
    assert "1 pair, 1 of them differs." in out
    assert main(["compare", name, name, "--from", "kears"]) == 2
    assert "unknown framework kears; did you mean keras?" in capsys.readouterr().err


def test_experiments_confirm_what_compare_finds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    (tmp_path / "ref.py").write_text(plain(KERAS))
    (tmp_path / "port.py").write_text(plain(TORCH))
    sides = [str(tmp_path / "ref.py"), str(tmp_path / "port.py")]
    assert main(["compare", *sides, "--select", "BN103", "--confirm", "--device", "cpu"]) == 1
    assert "Experiments: 1 confirmed" in capsys.readouterr().out
    assert main(["compare", *sides, "--device", "cpu"]) == 2
    assert "--device is about experiments: it needs --confirm" in capsys.readouterr().err


RESPONSES = (
    """
    import torch.nn as nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.lrn = nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=2.0)
    """,
    """
    import mindspore.nn as nn

    class Net(nn.Cell):
        def __init__(self):
            super().__init__()
            self.lrn = nn.LRN({}bias=2.0, beta=0.75)
    """,
)


@pytest.mark.parametrize(
    ("arguments", "differing"),
    [
        # A radius of 2 is a window of 5, and 1e-4 divided by 5 is 2e-5.
        ("depth_radius=2, alpha=2e-5, ", ()),
        ("depth_radius=5, alpha=2e-5, ", ("window",)),
        ("depth_radius=2, alpha=1e-4, ", ("alpha",)),
        ("depth_radius=r, alpha=2e-5, ", ()),
    ],
)
def test_windows_of_local_response_layers_are_compared(
    arguments: str, differing: tuple[str, ...]
) -> None:
    reference, port = map(textwrap.dedent, RESPONSES)
    assert pairs_of(reference, port.format(arguments)) == [("lrn", "lrn", "names", differing)]


def test_what_differs_of_local_response_layers_is_shown_as_it_is_computed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    reference, port = map(textwrap.dedent, RESPONSES)
    Path("ref.py").write_text(reference)
    Path("port.py").write_text(port.format("depth_radius=5, alpha=1e-4, ").replace("0.75", "0.5"))
    assert main(["compare", "ref.py", "port.py"]) == 1
    out = capsys.readouterr().out
    rows = {line.split("  ")[0]: " ".join(line.split()) for line in out.splitlines()}
    place = "port.py:7 lrn (ref.py:7)"
    assert rows["window"] == f"window 2 before, 2 after 5 before, 5 after {place}"
    assert rows["alpha"] == f"alpha 2e-05 0.0001 {place}"
    assert rows["beta"] == f"beta 0.75 0.5 {place}"
    assert "eps" not in out.partition("port.py:7:")[0]
    main(["compare", "ref.py", "port.py", "--output-format", "json"])
    (pair,) = json.loads(capsys.readouterr().out)["pairs"]
    assert pair["differs"] == ["window", "alpha", "beta"]
    assert pair["reference"]["response"] == {
        "before": 2, "after": 2, "alpha": 2e-5, "beta": 0.75, "k": 2.0,
    }  # fmt: skip
