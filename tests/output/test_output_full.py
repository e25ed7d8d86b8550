"""The full format: headline, code, reference, advice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import bnlint, write
from output_samples import finding, fix, reference, span, written

from bnlint.finding import Edit

MODEL = """\
import torch.nn as nn
from keras import layers

reference = layers.BatchNormalization()


class Stem(nn.Module):
    def __init__(self):
        self.bn = nn.BatchNorm2d(64)
        self.act = nn.ReLU()
"""

EPS = finding(span(9, 19, 9, 37), help="write eps=0.001: outputs differ by a factor 3.16")


def test_a_finding_is_shown_with_its_code() -> None:
    """The shape of ruff's full format, with the severity in words."""
    assert written("full", EPS, text=MODEL) == (
        "BN103 error: BatchNorm2d leaves eps at 1e-05, the Keras default is 0.001\n"
        "  --> src/model.py:9:19\n"
        "   |\n"
        " 7 | class Stem(nn.Module):\n"
        " 8 |     def __init__(self):\n"
        " 9 |         self.bn = nn.BatchNorm2d(64)\n"
        "   |                   ^^^^^^^^^^^^^^^^^^\n"
        "10 |         self.act = nn.ReLU()\n"
        "   |\n"
        "help: write eps=0.001: outputs differ by a factor 3.16\n"
        "\n"
    )


def test_a_reference_in_the_file_is_shown_too() -> None:
    """With the name of what is called there marked, and why the fix is unsafe."""
    found = EPS._replace(
        fix=fix("unsafe", "which side is the port is not declared (--from would)"),
        reference=reference(4, 13),
    )
    assert written("full", found, text=MODEL).split("\n", 9)[9] == (
        "reference: Keras\n"
        " --> src/model.py:4:13\n"
        "  |\n"
        "4 | reference = layers.BatchNormalization()\n"
        "  |             -------------------------\n"
        "  |\n"
        "help: write eps=0.001: outputs differ by a factor 3.16\n"
        "note: the fix is unsafe: which side is the port is not declared (--from would)\n"
        "\n"
    )


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        pytest.param({}, "", id="no advice, no fix"),
        pytest.param({"fix": fix("safe")}, "help: write eps=0.001\n", id="a safe fix is advice"),
        pytest.param(
            {"fix": fix("safe"), "help": "do it"}, "help: do it\n", id="the longer advice counts"
        ),
        pytest.param(
            {"fix": fix("unsafe")},
            "help: write eps=0.001\nnote: the fix is unsafe\n",
            id="an unsafe fix without a reason",
        ),
        pytest.param(
            {"fix": fix("manual", "the layer is chosen elsewhere")},
            "help: write eps=0.001\n"
            "note: there is no automatic fix: the layer is chosen elsewhere\n",
            id="a fix to be made by hand",
        ),
        pytest.param(
            {"reference": reference(0, 0, None)}, "", id="a declared reference stands nowhere"
        ),
        pytest.param(
            {"reference": reference(7, 3, "ref/keras.py")},
            "reference: Keras\n--> ref/keras.py:7:3\n",
            id="a reference in a file whose text is not at hand",
        ),
    ],
)
def test_what_stands_below_the_frame(changes: dict[str, object], end: str) -> None:
    """In a file whose text is not at hand there is no frame."""
    found = finding(span(3, 1), message="m", **changes)
    start = "BN103 [*] error: m\n" if changes.get("fix") == fix("safe") else "BN103 error: m\n"
    assert written("full", found) == f"{start}--> src/model.py:3:1\n{end}\n"


def test_prose_is_wrapped_on_a_narrow_terminal() -> None:
    """At spaces, with the rest below the first line."""
    found = finding(message="one two three four five six", help="seven eight nine ten eleven")
    assert written("full", found, width=40) == (
        "BN103 error: one two three four five six\n"
        "--> src/model.py:18:19\n"
        "help: seven eight nine ten eleven\n"
        "\n"
    )
    assert written("full", found, width=30) == (
        "BN103 error: one two three\n"
        "      four five six\n"
        "--> src/model.py:18:19\n"
        "help: seven eight nine ten\n"
        "      eleven\n"
        "\n"
    )


@pytest.mark.parametrize("columns", [40, 60, 80, 140])
def test_a_change_is_in_view_at_any_width(columns: int) -> None:
    """Lines that are cut are cut around what changes."""
    line = (
        "        self.normalisation = nn.BatchNorm2d(channels, affine=True, momentum=0.99)  # why"
    )
    start = line.index("0.99")
    edit = Edit(start, start + 4, "0.01")
    found = EPS._replace(span=span(1, 30), fix=fix("safe")._replace(edits=(edit,)))
    text = written("full", found, text=f"{line}\n", width=columns)
    removed, added = (row for row in text.splitlines() if row[:3] in ("1 -", "1 +"))
    assert "0.99" in removed
    assert "0.01" in added
    assert max(map(len, (removed, added))) <= columns


def test_the_lines_that_a_fix_changes() -> None:
    text = "a = 1\nb = nn.BatchNorm2d(8)\nc = 3\n"
    edits = (Edit(0, 0, "import x\n"), Edit(26, 26, ", eps=0.001"))
    found = EPS._replace(span=span(2, 5), fix=fix("safe")._replace(edits=edits))
    assert "\n".join(
        [
            "  |",
            "1 + import x",
            "2 - b = nn.BatchNorm2d(8)",
            "3 + b = nn.BatchNorm2d(8, eps=0.001)",
            "  |",
        ]
    ) in written("full", found, text=text)
    by_hand = found._replace(fix=fix("manual")._replace(edits=edits))
    assert "2 - " not in written("full", by_hand, text=text)


def test_where_a_constant_is_defined(tmp_path: Path) -> None:
    """Beside the layer that takes it, in its own file and in another; not where both are one."""
    layer = "import torch.nn as nn\n{}\nbn = nn.BatchNorm2d(8, momentum={})\n"
    write(tmp_path, here=layer.format("M = 0.99", "M"), apart=layer.format("from c import N", "N"),
          c="N = 0.99\n", alone=layer.format("", 0.99))  # fmt: skip
    shown = bnlint(tmp_path, "--output-format", "full", "here.py").out
    assert "\ndefined here:\n --> here.py:2:5\n  |\n2 | M = 0.99\n  |     ----\n" in shown
    shown = bnlint(tmp_path, "--output-format", "full", "apart.py").out
    assert "\ndefined here:\n--> c.py:1:5\n" in shown
    assert "defined here" not in bnlint(tmp_path, "--output-format", "full", "alone.py").out
    report = json.loads(bnlint(tmp_path, "--output-format", "sarif", "apart.py").out)
    (result,) = report["runs"][0]["results"]
    (related,) = result["relatedLocations"]
    assert related["message"]["text"] == "Defined here"
    assert related["physicalLocation"]["region"] == {"startLine": 1, "startColumn": 5}


@pytest.mark.parametrize(
    ("others", "reason"),
    [
        pytest.param({}, "no other file of this project takes M, but others may", id="none"),
        pytest.param({"a": "from net import M\n"}, "a.py may take M too", id="one"),
        pytest.param({"a": "import net\nprint(net.M)\n", "b": "from net import M as N\n"},
                     "a.py and 1 more may take M too", id="two"),
        pytest.param({"a": "from net import N\n"},
                     "no other file of this project takes M, but others may", id="another name"),
    ],
)  # fmt: skip
def test_who_else_takes_a_constant(tmp_path: Path, others: dict[str, str], reason: str) -> None:
    net = "import torch.nn as nn\nM = 0.99\nN = 1\nbn = nn.BatchNorm2d(8, momentum=M)\n"
    write(tmp_path, net=net, **others)
    assert f"from the value; {reason}\n" in bnlint(tmp_path, "--output-format", "full").out
