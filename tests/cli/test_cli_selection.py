"""Which rules run, and which of their findings are shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import CLEAN, FAULTY, Run, bnlint, write

#: Faults that BN101, BN106 and BN212 report, all of high confidence.
THREE = """\
import torch.nn as nn

a = nn.BatchNorm2d(64, momentum=0.99)
b = nn.BatchNorm2d(64, momentum=0.0)
nn.Sequential(b).eval
"""
ALL = ["BN101", "BN106", "BN212"]


def codes(folder: Path, *arguments: str) -> list[str]:
    """Return the codes that a run on everything in ``folder`` gives."""
    run = bnlint(folder, "-q", "--output-format", "json", *arguments)
    assert run.err == ""
    return [finding["code"] for finding in json.loads(run.out)]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param([], ALL, id="default"),
        pytest.param(["--select", "ALL"], ALL, id="all"),
        pytest.param(["--select", "BN101"], ["BN101"], id="code"),
        pytest.param(["--select", "BN1"], ["BN101", "BN106"], id="prefix"),
        pytest.param(["--select", "momentum-zero-or-one"], ["BN106"], id="name"),
        pytest.param(["--select", "BN3,BN106"], ["BN106"], id="list"),
        pytest.param(["--select", "BN3", "--select", "BN106"], ["BN106"], id="last holds"),
        pytest.param(["--select=BN3", "--extend-select=BN106"], ["BN106"], id="extended"),
        pytest.param(["--ignore", "BN1"], ["BN212"], id="ignored prefix"),
        pytest.param(["--ignore", "momentum-convention,BN212"], ["BN106"], id="ignored names"),
        pytest.param(["--select", "BN1", "--ignore", "BN101"], ["BN106"], id="both"),
        pytest.param(["--select", "BN101", "--ignore", "BN1"], ["BN101"], id="more specific"),
        pytest.param(["--select", "BN101", "--ignore", "BN101"], [], id="ignored between equals"),
        pytest.param(["--ignore", ""], ALL, id="nothing ignored"),
        pytest.param(["--per-file-ignores", "*.py:BN1"], ["BN212"], id="per file"),
        pytest.param(["--per-file-ignores", "m.py:BN101,m.py:BN106"], ["BN212"], id="two per file"),
        pytest.param(["--per-file-ignores", "other.py:BN1"], ALL, id="per other file"),
        pytest.param(["--per-file-ignores", "!m.py:ALL"], ALL, id="per file but this"),
        pytest.param(["--per-file-ignores", "!other.py:ALL"], [], id="per file but another"),
        pytest.param(["--extend-per-file-ignores", "*.py:BN1"], ["BN212"], id="per file, added"),
    ],
)
def test_selection(tmp_path: Path, arguments: list[str], expected: list[str]) -> None:
    write(tmp_path, m=THREE)
    assert codes(tmp_path, *arguments) == expected


def test_command_line_lies_over_the_configuration(tmp_path: Path) -> None:
    write(tmp_path, m=THREE, **{"bnlint.toml": 'select = ["BN101"]\nmin-confidence = "low"\n'})
    assert codes(tmp_path) == ["BN101"]
    assert codes(tmp_path, "--extend-select", "BN106") == ["BN101", "BN106"]
    assert codes(tmp_path, "--select", "BN106") == ["BN106"]
    assert codes(tmp_path, "--ignore", "BN101") == []
    assert codes(tmp_path, "--isolated") == ALL
    write(tmp_path, **{"other.toml": 'ignore = ["BN106"]\n'})
    assert codes(tmp_path, "--config", "other.toml") == ["BN101", "BN212"]


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--select", "BN999", 'unknown rule "BN999"'),
        ("--select", "eps-difers", 'unknown rule "eps-difers"; did you mean eps-differs?'),
        ("--select", "bn101x", 'unknown rule "bn101x"; did you mean BN101?'),
        ("--extend-select", "BN8", 'unknown rule "BN8"'),
        ("--ignore", "E501", 'unknown rule "E501"'),
        ("--per-file-ignores", "*.py:E501", 'unknown rule "E501"'),
    ],
)
def test_unknown_rule(tmp_path: Path, option: str, value: str, message: str) -> None:
    write(tmp_path, m=FAULTY)
    run = bnlint(tmp_path, option, value)
    assert (run.code, run.out) == (2, "")
    (line,) = run.err.splitlines()
    assert line.startswith(f"bnlint: error: command line: {option}: {message}")


def test_every_unknown_rule_is_named(tmp_path: Path) -> None:
    run = bnlint(tmp_path, "--select", "X1,X2", "--ignore", "X3")
    assert run.code == 2
    assert [line.split('"')[1] for line in run.err.splitlines()] == ["X1", "X2", "X3"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--select", ""], "argument --select: expected codes or names of rules, found ''"),
        (["--select", " , "], "argument --select: expected codes or names of rules, found ' , '"),
        (["--select"], "argument --select: expected one argument"),
        (["--per-file-ignores", "m.py"], "argument --per-file-ignores: expected GLOB:RULE"),
        (["--per-file-ignores", ":BN1"], "argument --per-file-ignores: expected GLOB:RULE"),
        (["--per-file-ignores", "m.py:"], "argument --per-file-ignores: expected GLOB:RULE"),
        (["--min-confidence", "certain"], "argument --min-confidence: invalid choice: 'certain'"),
        (["--output-format", "xml"], "argument --output-format: no output format 'xml'"),
        (["--jobs", "0"], "argument -j/--jobs: expected a number above 0, found '0'"),
        (["--jobs", "many"], "argument -j/--jobs: expected a number above 0, found 'many'"),
        (["--jobs=-1"], "argument -j/--jobs: expected a number above 0, found '-1'"),
        (["--oops"], "unrecognized arguments: --oops"),
        (["--fix=yes"], "argument --fix/--no-fix: ignored explicit argument 'yes'"),
    ],
)
def test_wrong_argument(tmp_path: Path, arguments: list[str], message: str) -> None:
    write(tmp_path, m=FAULTY)
    run = bnlint(tmp_path, *arguments)
    assert (run.code, run.out) == (2, "")
    (line,) = run.err.splitlines()
    assert line.startswith(("bnlint: error: ", "bnlint check: error: "))
    assert message in line
    assert line.endswith(" --help')")


#: The momentum is a parameter's default here: a caller may override it.
PRESUMED = """\
import torch.nn as nn

def block(channels, momentum=0.99):
    return nn.BatchNorm2d(channels, momentum=momentum)
"""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["BN101", "BN101"]),
        (["--min-confidence", "low"], ["BN101", "BN101"]),
        (["--min-confidence", "medium"], ["BN101", "BN101"]),
        (["--min-confidence", "high"], ["BN101"]),
    ],
)
def test_confidence(tmp_path: Path, arguments: list[str], expected: list[str]) -> None:
    write(tmp_path, sure=FAULTY, unsure=PRESUMED)
    assert codes(tmp_path, *arguments) == expected
    write(tmp_path, **{"bnlint.toml": 'min-confidence = "high"\n'})
    assert codes(tmp_path, *(arguments or ["--min-confidence", "medium"])) == expected
    assert codes(tmp_path) == ["BN101"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param([], [], id="none"),
        pytest.param(["--from", "keras"], ["BN103"], id="keras"),
        pytest.param(["--from", "tensorflow"], ["BN103"], id="tf.layers"),
        pytest.param(["--from", "slim"], ["BN103"], id="slim"),
        pytest.param(["--from", "mindspore"], [], id="the same default"),
        pytest.param(["--from", "torch"], [], id="its own"),
    ],
)
def test_declared_source(tmp_path: Path, arguments: list[str], expected: list[str]) -> None:
    write(tmp_path, m=CLEAN)
    assert codes(tmp_path, *arguments, "--select", "BN103") == expected


@pytest.mark.parametrize(
    ("family", "end"),
    [
        ("kears", "; did you mean keras?"),
        ("klingon", ", sonnet, tensorflow, tinygrad, torch"),
        ("", ", sonnet, tensorflow, tinygrad, torch"),
    ],
)
@pytest.mark.parametrize("command", [["m.py"], ["translate", "torch.nn.BatchNorm2d(4)"]])
def test_unknown_family(tmp_path: Path, command: list[str], family: str, end: str) -> None:
    write(tmp_path, m=CLEAN)
    run = bnlint(tmp_path, *command, "--from", family)
    assert (run.code, run.out) == (2, "")
    (line,) = run.err.splitlines()
    assert "unknown framework" in line
    # From and to families whose layers are known only: Darknet is a reference.
    assert ("darknet" in line) is (command[0] != "translate" and "accepted" in line)
    assert line.endswith(end)


@pytest.mark.parametrize("family", ["Keras", "tf.keras", "KERAS"])
def test_other_names_of_a_family(tmp_path: Path, family: str) -> None:
    write(tmp_path, m=CLEAN)
    assert codes(tmp_path, "--from", family, "--select", "BN103") == ["BN103"]
    call = "torch.nn.BatchNorm2d(4)"
    assert bnlint(tmp_path, "translate", call, "--to", family).code == 0


def test_ports_of_the_configuration(tmp_path: Path) -> None:
    port = '[[port]]\npaths = ["ported"]\nfrom = "keras"\n'
    write(tmp_path, ported__m=CLEAN, own__m=CLEAN, **{"bnlint.toml": port})
    assert codes(tmp_path, "--select=BN103") == ["BN103"]
    assert codes(tmp_path, "--select=BN103", "--from", "mindspore") == []
    assert codes(tmp_path, "--select=BN103", "--from", "keras") == ["BN103", "BN103"]


# ------------------------------------------------------------------------------ statistics


def test_statistics(tmp_path: Path) -> None:
    """They take the place of the findings, the summary among them."""
    write(tmp_path, a=THREE, b=FAULTY)
    run = bnlint(tmp_path, "--statistics")
    assert (run.code, run.err) == (1, "")
    rows = [line.split() for line in run.out.splitlines()]
    assert [(row[0], row[1]) for row in rows] == [("2", "BN101"), ("1", "BN106"), ("1", "BN212")]
    assert bnlint(tmp_path, "--statistics", "--select", "BN3") == Run(0, "", "")


def test_statistics_as_json(tmp_path: Path) -> None:
    write(tmp_path, a=THREE, b=FAULTY)
    run = bnlint(tmp_path, "--statistics", "--output-format", "json")
    counts = {entry["code"]: entry["count"] for entry in json.loads(run.out)}
    assert counts == {"BN101": 2, "BN106": 1, "BN212": 1}
    assert bnlint(tmp_path, "--statistics", "--output-format=json", "--select=BN3").out == "[]\n"
