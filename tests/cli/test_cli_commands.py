"""The commands beside check: sites, explain, rules, frameworks, translate; and help."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from command_line import CLEAN, FAULTY, bnlint, program, write

from bnlint.confirm.drift import DriftRow
from bnlint.frameworks.tables import Frameworks, catalogue

COMMANDS = ("check", "sites", "explain", "rules", "frameworks", "translate")
FAMILIES = catalogue().described

# -------------------------------------------------------------------------------- help


def test_help_names_the_commands(tmp_path: Path) -> None:
    run = bnlint(tmp_path, "--help")
    assert (run.code, run.err) == (0, "")
    for command in COMMANDS:
        assert f"\n    {command} " in run.out
    assert bnlint(tmp_path, "-h") == run


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(tmp_path: Path, command: str) -> None:
    run = program(tmp_path, command, "--help")
    assert (run.code, run.err) == (0, "")
    assert run.out.startswith(f"usage: bnlint {command} ")
    if "--from" in run.out:
        for family in FAMILIES:
            assert f"{family} (" in " ".join(run.out.split())


def test_help_of_check_is_that_of_paths(tmp_path: Path) -> None:
    assert program(tmp_path, "src", "--help") == program(tmp_path, "check", "--help")


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_version(tmp_path: Path, option: str) -> None:
    from bnlint import __version__

    run = bnlint(tmp_path, option)
    assert (run.code, run.err) == (0, "")
    assert run.out.startswith(f"bnlint {__version__} (Python 3.")
    assert "libcst" in run.out
    assert run.out.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["explain"], "bnlint explain: error: the following arguments are required: RULE"),
        (["explain", "BN101", "BN102"], "unrecognized arguments: BN102"),
        (["explain", "BN999"], "bnlint: error: there is no rule BN999; 'bnlint rules' lists them"),
        (["explain", "eps-difers"], "there is no rule eps-difers; did you mean eps-differs?"),
        (["explain", "qqqqqqqq"], "there is no rule qqqqqqqq; 'bnlint rules' lists them"),
        (["explain", ""], "there is no rule ; 'bnlint rules' lists them"),
        (["rules", "BN101"], "unrecognized arguments: BN101"),
        (["rules", "--output-format", "csv"], "invalid choice: 'csv'"),
        (["frameworks", "torhc"], "error: there is no framework torhc; did you mean torch?"),
        (["frameworks", "torch", "Keras"], "there is no framework Keras; did you mean keras?"),
        (["frameworks", "--check", "theano"], "there is no framework theano; accepted are caffe, "),
        (["frameworks", "--interpreter", "python3"], "--interpreter goes with --check"),
        (["frameworks", "--check", "--interpreter", "/no/python"], "nothing was compared: no "),
        (["frameworks", "--check", "--interpreter", "torhc=python3"], "unknown framework torhc"),
        (["frameworks", "--check", "--interpreter", "torch=/no/python"], "no such program"),
        (["frameworks", "--output-format", "csv"], "invalid choice: 'csv'"),
        (["translate"], "bnlint translate: error: the following arguments are required: CALL"),
        (["translate", "x", "y"], "unrecognized arguments: y"),
        (["translate", "x("], "not a Python expression: 'x('"),
        (["translate", "nn.ReLU()"], "nn.ReLU is no normalisation API known"),
        (["translate", "torch.nn.BatchNorm2d(4)", "--to", "caffe"], "unknown framework caffe;"),
        (["sites", "--output-format", "full"], "invalid choice: 'full'"),
        (["sites", "--select", "BN1"], "unrecognized arguments: --select"),
        (["sites", "gone"], "bnlint: error: gone: no such file or folder"),
    ],
)
def test_wrong_arguments(tmp_path: Path, arguments: list[str], message: str) -> None:
    run = bnlint(tmp_path, *arguments)
    assert run.code == 2
    assert run.out == "" or "--check" in arguments
    line = run.err.splitlines()[-1]
    assert message in line
    assert line.startswith("bnlint")
    assert len(run.err.splitlines()) == 1 or arguments == ["sites", "gone"]


# -------------------------------------------------------------------------------- sites


def test_sites(tmp_path: Path) -> None:
    """Every layer is listed, and that some are faulty is not sites' business."""
    write(tmp_path, a=FAULTY, b=CLEAN, c="x = 1\n")
    run = bnlint(tmp_path, "sites")
    assert (run.code, run.err) == (0, "")
    lines = run.out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["a.py", "b.py"]
    for line, momentum, decay in zip(lines, ("0.99", "0.01"), ("0.01", "0.99"), strict=True):
        assert ":3:6: torch.nn.BatchNorm2d bn: eps=1e-05 (default) " in line
        assert f" momentum={momentum} decay={decay} " in line


def test_sites_formats(tmp_path: Path) -> None:
    write(tmp_path, a=FAULTY, b=CLEAN)
    read = json.loads(bnlint(tmp_path, "sites", "--output-format", "json").out)
    rows = list(csv.DictReader(io.StringIO(bnlint(tmp_path, "sites", "--output-format=csv").out)))
    assert len(read) == len(rows) == 2
    table = bnlint(tmp_path, "sites", "--output-format", "table").out
    assert table.count("BatchNorm2d") == 2


@pytest.mark.parametrize("command", ["sites", "reference"])
def test_no_layers_in_one_file(tmp_path: Path, command: str) -> None:
    """One file is one file."""
    write(tmp_path, c="x = 1\n")
    run = bnlint(tmp_path, command)
    assert (run.code, run.err) == (0, "no batch normalisation is known in 1 file\n")


@pytest.mark.parametrize(
    ("output_format", "lines"), [("json", ["[]"]), ("concise", []), ("table", []), ("csv", None)]
)
def test_no_sites(tmp_path: Path, output_format: str, lines: list[str] | None) -> None:
    """Programs get an empty list, a person is told."""
    write(tmp_path, c="x = 1\n", d="import torch.nn as nn\n")
    run = bnlint(tmp_path, "sites", "--output-format", output_format)
    assert (run.code, run.err) == (0, "no batch normalisation is known in 2 files\n")
    if lines is None:
        assert list(csv.DictReader(io.StringIO(run.out))) == []
        assert run.out.startswith("filename,row,column,api,")
    else:
        assert run.out.splitlines() == lines


def test_sites_of_a_project(tmp_path: Path) -> None:
    """The table ends in what most layers have in common, and where the others are."""
    port = "import torch.nn as nn\n\nbn = nn.BatchNorm2d(8, eps=1e-3, momentum=0.01)\n"
    for name in ("a", "b", "c"):
        write(tmp_path, **{f"net__{name}": port})
    write(tmp_path, net__odd=port.replace("eps=1e-3, ", ""))
    write(tmp_path, ref="from keras import layers\n\nbn = layers.BatchNormalization()\n")
    run = bnlint(tmp_path, "sites", "--output-format", "table")
    assert (run.code, run.err) == (0, "")
    assert (
        "Keras: 1 site\n  1  eps=0.001 decay=0.99\n\nPyTorch: 4 sites\n"
        "  3  eps=0.001 decay=0.99\n  1  eps=1e-05 decay=0.99  <- odd ones out\n     net/odd.py:3\n"
    ) in run.out


def test_sites_of_standard_input(tmp_path: Path) -> None:
    run = bnlint(tmp_path, "sites", "-", "--stdin-filename", "n.py", stdin=FAULTY.encode())
    assert (run.code, run.err) == (0, "")
    assert run.out.startswith("n.py:3:6: torch.nn.BatchNorm2d bn: ")


def test_sites_says_why_a_value_is_not_known(tmp_path: Path) -> None:
    write(tmp_path, m="import torch.nn as nn\n\nbn = nn.BatchNorm2d(64, eps=load())\n")
    (site,) = json.loads(bnlint(tmp_path, "sites", "--output-format", "json").out)
    assert "eps" in json.dumps(site)
    assert "unknown" in json.dumps(site)


# -------------------------------------------------------------------------- rules, explain


def listed(folder: Path) -> list[dict[str, object]]:
    return list(json.loads(bnlint(folder, "rules", "--output-format", "json").out))


def test_rules(tmp_path: Path) -> None:
    run = bnlint(tmp_path, "rules")
    assert (run.code, run.err) == (0, "")
    rules = listed(tmp_path)
    assert [rule["code"] for rule in rules] == sorted({str(rule["code"]) for rule in rules})
    header, *lines = run.out.splitlines()
    assert header.split()[:2] == ["code", "name"]
    assert [line.split()[:2] for line in lines] == [[r["code"], r["name"]] for r in rules]


def test_explain_takes_code_and_name(tmp_path: Path) -> None:
    for rule in listed(tmp_path):
        code, name = str(rule["code"]), str(rule["name"])
        run = bnlint(tmp_path, "explain", code)
        assert (run.code, run.err) == (0, "")
        assert run.out.startswith(f"# {name} ({code})\n")
        assert "\n## What it does\n" in run.out
        assert bnlint(tmp_path, "explain", name.upper()) == run
        assert bnlint(tmp_path, "explain", code.lower()) == run


# ----------------------------------------------------------------------- frameworks


def test_frameworks(tmp_path: Path) -> None:
    run = bnlint(tmp_path, "frameworks")
    assert (run.code, run.err) == (0, "")
    for title in ("PyTorch", "Keras", "MindSpore"):
        assert title in run.out
    read = json.loads(bnlint(tmp_path, "frameworks", "--output-format", "json").out)
    assert "torch.nn.BatchNorm2d" in json.dumps(read)


@pytest.mark.parametrize("names", [["torch"], ["torch", "keras"], ["keras", "torch", "keras"]])
def test_frameworks_by_name(tmp_path: Path, names: list[str]) -> None:
    """They are listed once each, in the order in which all are listed."""
    run = bnlint(tmp_path, "frameworks", *names, "--output-format", "json")
    assert (run.code, run.err) == (0, "")
    assert [entry["name"] for entry in json.loads(run.out)] == sorted(set(names))
    head = bnlint(tmp_path, "frameworks", *names).out.split("\n\n")[0]
    assert [line.split()[0] for line in head.splitlines()[1:]] == sorted(set(names))


def test_frameworks_compared_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No other table is compared, and no other framework started."""
    compared: list[str] = []

    def check(_: object, frameworks: Frameworks, chosen: object) -> list[DriftRow]:
        compared.extend(frameworks.frameworks)
        return [DriftRow("toy.Norm", "signature", "()", "()", "agrees")]

    monkeypatch.setattr("bnlint.confirm.drift.check_installed", check)
    assert bnlint(tmp_path, "frameworks", "--check", "torch", "flax").code == 0
    assert compared == ["flax", "torch"]


def test_help_of_frameworks_names_them(tmp_path: Path) -> None:
    text = " ".join(program(tmp_path, "frameworks", "--help").out.split())
    assert "usage: bnlint frameworks [-h]" in text
    assert "[NAME ...]" in text
    assert all(f"{family} (" in text for family in FAMILIES)


@pytest.mark.torch
def test_frameworks_that_are_installed(tmp_path: Path) -> None:
    run = program(tmp_path, "frameworks", "--check")
    assert (run.code, run.err) == (0, "")
    assert " 0 differ" in run.out.splitlines()[-1]


# ------------------------------------------------------------------------- translate

OTHERS = sorted(set(FAMILIES) - {"torch"})


@pytest.mark.parametrize(
    ("arguments", "families"),
    [
        pytest.param([], OTHERS, id="all others"),
        pytest.param(["--to", "keras"], ["keras"], id="one"),
        pytest.param(["--to", "slim,keras"], ["slim", "keras"], id="list"),
        pytest.param(["--to", "slim", "--to", "keras"], ["slim", "keras"], id="two options"),
        pytest.param(["--to", "torch", "--from", "torch"], ["torch"], id="itself"),
    ],
)
def test_translate(tmp_path: Path, arguments: list[str], families: list[str]) -> None:
    call = "torch.nn.BatchNorm2d(64, momentum=0.1)"
    run = bnlint(tmp_path, "translate", call, *arguments, "--output-format", "json")
    assert (run.code, run.err) == (0, "")
    assert [entry["family"] for entry in json.loads(run.out)] == families
    assert bnlint(tmp_path, "translate", call, *arguments).code == 0


@pytest.mark.torch
@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("call", "family", "status", "code"),
    [
        ("torch.nn.LayerNorm(8)", "keras", "agrees", 0),
        ("torch.nn.BatchNorm2d(8, eps=0.01)", "keras", "agrees", 0),
        ("torch.nn.LayerNorm(8)", "slim", "differs", 1),  # whose eps no argument sets
        ("torch.nn.LayerNorm(8, eps=e)", "keras", "not checked", 0),
    ],
)
def test_translations_are_run(
    tmp_path: Path, call: str, family: str, status: str, code: int
) -> None:
    run = bnlint(tmp_path, "translate", call, "--to", family, "--check", "--output-format", "json")
    assert (run.code, run.err) == (code, "")
    (entry,) = json.loads(run.out)
    assert entry["checked"]["status"] == status
    text = bnlint(tmp_path, "translate", call, "--to", family, "--check")
    assert text.out.splitlines()[-1].startswith(f"# {status}: ")


def test_an_interpreter_is_for_checks(tmp_path: Path) -> None:
    run = bnlint(tmp_path, "translate", "torch.nn.LayerNorm(8)", "--interpreter", "torch=python")
    assert (run.code, run.out) == (2, "")
    assert run.err == "bnlint: error: --interpreter goes with --check\n"
