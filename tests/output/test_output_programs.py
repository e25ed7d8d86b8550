"""The formats of findings that programs read."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st
from output_samples import REPORTS, finding, fix, reference, span, written

from bnlint.finding import Comparison, Reference
from bnlint.output import Report, render
from bnlint.output.github import escape, escape_property

# ------------------------------------------------------------------------------------- json


def test_json_has_the_shape_of_ruffs_with_more_keys() -> None:
    """Every key, with what is in it."""
    found = finding(
        message="m",
        help="write eps=0.001: it matters",
        fix=fix("unsafe", "not declared"),
        reference=reference(9, 31),
        values=(Comparison("eps", 1e-05, 0.001),),
    )
    assert json.loads(written("json", found)) == [
        {
            "filename": "src/model.py",
            "code": "BN103",
            "name": "eps-differs",
            "message": "m",
            "severity": "error",
            "url": None,
            "location": {"row": 18, "column": 19},
            "end_location": {"row": 18, "column": 37},
            "cell": None,
            "fix": {
                "applicability": "unsafe",
                "message": "write eps=0.001",
                "edits": [],
                "reason": "not declared",
            },
            "help": "write eps=0.001: it matters",
            "confidence": "high",
            "reference": {
                "kind": "same-file",
                "framework": "Keras",
                "api": "keras3.layers.BatchNormalization",
                "filename": "src/model.py",
                "location": {"row": 9, "column": 31},
                "cell": None,
            },
            "values": [{"argument": "eps", "port": 1e-05, "reference": 0.001, "unit": None}],
            "confirmation": None,
        }
    ]


def test_json_has_the_keys_that_the_documentation_lists() -> None:
    """Each once, and in the order in which it lists them."""
    page = (Path(__file__).parents[2] / "docs" / "output.md").read_text(encoding="utf-8")
    rows = page.partition("\n### json\n")[2].partition("\n### ")[0]
    heads = re.findall(r"^\| (`.*?) \|", rows, re.MULTILINE)
    (found,) = json.loads(written("json", finding(help="write it")))
    assert re.findall(r"`(\w+)`", " ".join(heads)) == list(found)


def test_json_of_nothing_is_an_empty_array() -> None:
    """A reader need not treat a clean run specially."""
    assert "".join(render(Report(files=3), "json")) == "[]\n"


def test_json_says_null_for_what_is_not_there() -> None:
    """No fix, no help; a declared reference stands in no file."""
    declared = Reference("declared", "Keras", "keras3.layers.BatchNormalization")
    (found,) = json.loads(written("json", finding(reference=declared)))
    assert (found["fix"], found["help"]) == (None, None)
    assert (found["reference"]["filename"], found["reference"]["location"]) == (None, None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(math.nan, "nan", id="not a number"),
        pytest.param(-math.inf, "-inf", id="infinity"),
        pytest.param(2**64 - 1, 2**64 - 1, id="64 bits are a number"),
        pytest.param(2**64, "0x10000000000000000", id="more are not"),
        pytest.param(1 << 20000, hex(1 << 20000), id="more digits than Python writes in decimal"),
        pytest.param((1, ("a", None)), [1, ["a", None]], id="tuples are arrays"),
        pytest.param(b"\xff", "b'\\xff'", id="bytes"),
        pytest.param(2j, "2j", id="complex numbers"),
        pytest.param("\udcff.py", "\ufffd.py", id="half a surrogate pair"),
        pytest.param(True, True, id="true is not 1"),
    ],
)
def test_json_has_a_string_for_what_json_cannot_say(value: object, expected: object) -> None:
    """So that the text is always JSON."""
    found = finding(values=(Comparison("eps", value, None),))
    (read,) = json.loads(written("json", found))
    port = read["values"][0]["port"]
    assert (port, type(port)) == (expected, type(expected))


def _rejected(text: str) -> NoReturn:
    raise AssertionError(f"{text} is not JSON")


@given(REPORTS)
def test_json_can_always_be_read_back(report: Report) -> None:
    """As ASCII, without Python's NaN, and without halves of surrogate pairs."""
    text = "".join(render(report, "json"))
    assert text.isascii()
    read: Any = json.loads(text, parse_constant=_rejected)
    json.dumps(read, ensure_ascii=False).encode()  # fails on half a surrogate pair
    expected = [
        "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in found.message)
        for found in report.findings
    ]
    assert [item["message"] for item in read if item["code"] is not None] == expected
    assert len(read) == len(expected) + len(report.notices)


# ----------------------------------------------------------------------------------- github


def test_a_github_command_names_the_place_of_a_finding() -> None:
    """As ruff writes them; the level is that of the finding."""
    found = finding(message="eps is 100% wrong", help="write eps=0.001", severity="warning")
    assert written("github", found) == (
        "::warning title=bnlint (BN103),file=src/model.py,line=18,col=19,endLine=18,endColumn=37"
        "::src/model.py:18:19: BN103 eps is 100%25 wrong%0A  help: write eps=0.001\n"
    )


def test_a_github_command_of_several_lines_has_no_columns() -> None:
    """GitHub takes columns only of an annotation that starts and ends on one line."""
    found = finding(span(3, 5, 4, 2), message="m", severity="info")
    assert written("github", found) == (
        "::notice title=bnlint (BN103),file=src/model.py,line=3,endLine=4"
        "::src/model.py:3:5: BN103 m\n"
    )


def test_github_properties_cannot_be_left_by_a_file_name() -> None:
    """A comma or a colon in a name would end the property."""
    text = written("github", finding(path="a,b:c%\n.py", message="m"))
    assert "file=a%2Cb%3Ac%25%0A.py,line=18" in text
    assert text.endswith("::a,b:c%25%0A.py:18:19: BN103 m\n")


def _unescaped(text: str, *more: tuple[str, str]) -> str:
    """Undo the escaping in the order in which GitHub's runner does."""
    for escaped, character in (("%0D", "\r"), ("%0A", "\n"), *more, ("%25", "%")):
        text = text.replace(escaped, character)
    return text


@given(st.text(st.sampled_from("%\r\n:,025ADC x日")))
def test_github_escapes_can_be_undone(text: str) -> None:
    """Nothing is lost, and nothing ends a message or a property."""
    assert _unescaped(escape(text)) == text
    assert _unescaped(escape_property(text), ("%3A", ":"), ("%2C", ",")) == text
    assert not set("\r\n:,") & set(escape_property(text))


@given(REPORTS)
def test_github_gives_one_line_for_each_finding(report: Report) -> None:
    """A command ends with its line."""
    text = "".join(render(report, "github"))
    assert len(text.splitlines()) == len(report.findings)
    assert all(
        line.startswith(("::error ", "::warning ", "::notice ")) for line in text.splitlines()
    )
