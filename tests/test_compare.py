"""A port compared with a named reference: by ``compare``, by a comment, by configuration."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest

from bnlint.cli import main
from bnlint.compare import Input, compare
from bnlint.output import render_comparison
from bnlint.registry import load_rules

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
    assert main(["compare", f"{tmp_path}/ref.py::model", f"{tmp_path}/port.py"]) == 0
    assert "ref.py:4" in capsys.readouterr().out
    assert main(["compare", f"{tmp_path}/ref.py::other", f"{tmp_path}/port.py"]) == 1
    assert main(["compare", f"{tmp_path}/ref.py::gone", f"{tmp_path}/port.py"]) == 2
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
    assert "eps=1e-3" in port.read_text() or "eps=0.001" in port.read_text()


def test_reference_in_the_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ref.py").write_text(keras_layers("a "))
    (tmp_path / "port.py").write_text(torch_layers("a 8"))
    (tmp_path / "other.py").write_text(torch_layers("a 8"))
    (tmp_path / "bnlint.toml").write_text('[[port]]\npaths = ["port.py"]\nreference = "ref.py"\n')
    code, out, _ = run(tmp_path, capsys)
    assert code == 1
    assert [line.split(": ")[1][:5] for line in out.splitlines()] == ["BN102", "BN103"]
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
