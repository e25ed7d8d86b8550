"""BN902: comments that talk to bnlint and say nothing it understands."""

from __future__ import annotations

from pathlib import Path

import pytest
from one_rule import Hazard, check_clean, check_hazard, clean, hazard, run

IMPORT = "import torch.nn as nn\n"


def _hazard(name: str, comment: str, says: str) -> object:
    code = f"bn = nn.BatchNorm2d(64)  «{comment}»\n"
    return hazard(name, code, f"invalid directive: {says}", kind="warning high", fix="")


HAZARD = [
    _hazard("a code there is not", "# bnlint: ignore[BN999]", "there is no rule BN999"),
    _hazard("a prefix", "# bnlint: ignore[BN1]", "there is no rule BN1"),
    _hazard("another tool's code", "# bnlint: ignore[E501]", "there is no rule E501"),
    _hazard("a name there is not", "# bnlint: ignore[eps-differ]", "there is no rule eps-differ"),
    _hazard("a name in capitals", "# bnlint: ignore[EPS-DIFFERS]", "there is no rule EPS-DIFFERS"),
    _hazard("for the whole file", "# bnlint: ignore-file[BN999]", "there is no rule BN999"),
    _hazard("one code of two", "# bnlint: ignore[BN103, BN999]", "there is no rule BN999"),
    _hazard("another word", "# bnlint: disable", "'disable' is no directive: there are ignore,"),
    _hazard("a misspelt word", "# bnlint: ingore[BN101]", "'ingore' is no directive"),
    _hazard("nothing", "# bnlint:", "nothing follows 'bnlint:'"),
    _hazard("no closing bracket", "# bnlint: ignore[BN101", "a '[' without its ']'"),
    _hazard("empty brackets", "# bnlint: ignore[]", "the brackets are empty"),
    _hazard("no brackets", "# bnlint: ignore BN101", "codes stand in brackets: 'ignore[BN101]'"),
    _hazard("no path", "# bnlint: port-of", "port-of needs the path of a file"),
]


@pytest.mark.parametrize("expected", HAZARD)
def test_hazard(expected: Hazard) -> None:
    check_hazard("BN902", expected, IMPORT)


def test_two_unknown_codes_are_two_findings() -> None:
    code = f"{IMPORT}bn = nn.BatchNorm2d(64)  # bnlint: ignore[BN998, BN999]\n"
    assert [f.message[-5:] for f in run("BN902", code)] == ["BN998", "BN999"]


CLEAN = [
    clean("a code", "a = 1  # bnlint: ignore[BN101]"),
    clean("a code in lower case", "a = 1  # bnlint: ignore[bn101]"),
    clean("a name", "a = 1  # bnlint: ignore[eps-differs]"),
    clean("no code: everything", "a = 1  # bnlint: ignore"),
    clean("a reason in words", "a = 1  # bnlint: ignore the paper has it so"),
    clean("a reason after a colon", "a = 1  # bnlint: ignore: the paper has it so"),
    clean("a reason in quotes", 'a = 1  # bnlint: ignore[BN101] "as in the paper"'),
    clean("brackets in the reason", "a = 1  # bnlint: ignore[BN101] see [3]"),
    clean("other letter case", "a = 1  # BNLINT: IGNORE[BN101]"),
    clean("the whole file", "# bnlint: ignore-file[BN101]\na = 1"),
    clean("noqa with any code: other tools share it", "a = 1  # noqa: BN999, XYZ1"),
    clean("noqa with words", "a = 1  # noqa: whatever"),
    clean("the name of the program in words", "a = 1  # run bnlint: it finds this"),
    clean("text", "s = '# bnlint: skip'"),
    clean("suppressed itself", "a = 1  # bnlint: ignore[BN999, BN902]"),
    clean("suppressed from the line above", "# bnlint: ignore[BN902]\na = 1  # bnlint: skip"),
]


@pytest.mark.parametrize("code", CLEAN)
def test_clean(code: str) -> None:
    check_clean("BN902", code, IMPORT)


@pytest.mark.parametrize(
    ("target", "says"),
    [
        pytest.param("reference.py", "", id="beside the file"),
        pytest.param("ref/model_keras.py", "", id="in a folder below"),
        pytest.param("ref/../reference.py", "", id="by way of another folder"),
        pytest.param("ref/a model.py", "", id="a space in the name"),
        pytest.param("reference.py::Net", "", id="a class of the file"),
        pytest.param("keras.applications.ResNet50", "", id="an installed model"),
        pytest.param("missing.py::Net", "missing.py::Net does not exist", id="of no file"),
        pytest.param("missing.py", "the reference missing.py does not exist", id="not there"),
        pytest.param("ref", "the reference ref does not exist", id="a folder, not a file"),
        pytest.param("x" * 4000, "does not exist", id="a name that no file can have"),
    ],
)
def test_reference_file(tmp_path: Path, target: str, says: str) -> None:
    (tmp_path / "ref").mkdir()
    for name in ("reference.py", "ref/model_keras.py", "ref/a model.py"):
        (tmp_path / name).touch()
    code = f"{IMPORT}# bnlint: port-of {target}\nbn = nn.BatchNorm2d(64)\n"
    found = run("BN902", code, folder=str(tmp_path))
    assert len(found) == bool(says)
    for finding in found:
        assert says in finding.message
        assert finding.help == "give the path from the folder of this file"


def test_reference_of_a_text_without_a_folder_is_not_looked_for() -> None:
    """Standard input lies nowhere."""
    assert run("BN902", f"{IMPORT}# bnlint: port-of missing.py\nbn = nn.BatchNorm2d(64)\n") == []
