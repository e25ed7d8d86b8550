"""What ``bnlint frameworks`` and ``bnlint translate`` print."""

from __future__ import annotations

import json
from typing import Any

import pytest
from output_samples import width, without_color

from bnlint.confirm.drift import AGREES, DIFFERS, NOT_CHECKED, NOT_INSTALLED, DriftRow
from bnlint.frameworks.tables import Frameworks, catalogue
from bnlint.output import FormatError, render_drift, render_frameworks, render_translations
from bnlint.porting.translate import Translation


@pytest.fixture(scope="module")
def frameworks() -> Frameworks:
    """Return every table."""
    tables = catalogue()
    return tables.load(tables.families)


def written(frameworks: Frameworks, output_format: str, **style: Any) -> str:
    """Return what the tables say in a format."""
    return "".join(render_frameworks(frameworks, output_format, **style))


def row(text: str, name: str) -> list[str]:
    """Return the columns of the row that starts with ``name``."""
    (found,) = [line for line in text.split("\n") if line.startswith(f"{name} ")]
    return found.split(maxsplit=8)[1:]


def test_the_table_has_a_row_for_each_api(frameworks: Frameworks) -> None:
    """eps, momentum, what it keeps, convention, mode, axis, variance, exceptions."""
    text = written(frameworks, "table")
    assert row(text, "torch.nn.BatchNorm2d") == [
        "1e-05", "0.1", "0.9", "new-weight", "training", "1", "unbiased"
    ]  # fmt: skip
    assert row(text, "keras3.layers.BatchNormalization") == [
        "0.001", "0.99", "0.99", "old-weight", "inference", "-1", "biased"
    ]  # fmt: skip
    assert row(text, "tf.nn.batch_normalization")[:4] == ["required", "-", "-", "none"]
    assert "biased at rank 2, 3; unbiased at rank 4, 5" in text
    assert "axis 1 for NCHW" in text
    for api in frameworks.apis.values():
        assert row(text, api.id)


def test_the_families_are_listed_first(frameworks: Frameworks) -> None:
    """With the words that ``--from`` takes."""
    head = written(frameworks, "table").split("\n\n")[0].split("\n")
    assert [line.split()[0] for line in head[1:]] == list(frameworks.frameworks)
    assert "torch.nn.BatchNorm2d" in next(line for line in head if line.startswith("torch "))


@pytest.mark.parametrize("columns", [40, 80, 120, 200])
def test_the_tables_fit_the_terminal(frameworks: Frameworks, columns: int) -> None:
    """A name that is longer than a line may run on; nothing else does."""
    plain = written(frameworks, "table", width=columns)
    headlines = {line for line in plain.split("\n") if " " not in line}
    families = {f"{f.name}  {f.title}" for f in frameworks.frameworks.values()}
    for line in plain.split("\n"):
        assert width(line) <= columns or line in headlines | families
    assert without_color(written(frameworks, "table", width=columns, color=True)) == plain


def test_frameworks_as_json(frameworks: Frameworks) -> None:
    """Every API of every family, with its decay."""
    read = {family["name"]: family for family in json.loads(written(frameworks, "json"))}
    assert set(read) == set(frameworks.frameworks)
    apis = {api["id"]: api for api in read["torch"]["apis"]}
    assert apis["torch.nn.BatchNorm2d"]["eps"] == 1e-05
    assert apis["torch.nn.BatchNorm2d"]["decay"] == 0.9
    assert apis["torch.batch_norm"]["eps"] is None
    assert "torch.nn.BatchNorm2d" in apis["torch.nn.BatchNorm2d"]["aliases"]


DRIFT = (
    DriftRow("torch.nn.BatchNorm2d", "signature", "(n, eps=1e-05)", "(n, eps=0.001)", DIFFERS),
    DriftRow("torch.nn.BatchNorm2d", "convention", "new-weight", "new-weight", AGREES),
    DriftRow("torch.nn.BatchNorm2d", "channel axis", "1", "1", AGREES),
    DriftRow("ms.nn.BatchNorm2d", "", "", "No module named 'ms'", NOT_INSTALLED),
    DriftRow("ms.nn.BatchNorm1d", "", "", "No module named 'ms'", NOT_INSTALLED),
    DriftRow("slim.batch_norm", "estimator at rank 5", "unknown", "unbiased", NOT_CHECKED),
    DriftRow("slim.batch_norm", "numbers", "", "the worker died", NOT_CHECKED),
)


def test_what_differs_from_what_is_installed_comes_first() -> None:
    """Then what was not compared, by reason; what agrees is counted."""
    assert "".join(render_drift(DRIFT, "table")) == (
        "torch.nn.BatchNorm2d signature differs\n"
        "    table      (n, eps=1e-05)\n"
        "    installed  (n, eps=0.001)\n"
        "\n"
        "not installed: No module named 'ms'\n"
        "    ms.nn.BatchNorm2d, ms.nn.BatchNorm1d\n"
        "not checked: the table does not say, measured is unbiased\n"
        "    slim.batch_norm estimator at rank 5\n"
        "not checked: the worker died\n"
        "    slim.batch_norm numbers\n"
        "2 fields agree, 1 differs, 2 not installed, 2 not checked.\n"
    )


def test_nothing_differs() -> None:
    """One line."""
    assert "".join(render_drift(DRIFT[1:2], "table")) == "1 field agrees, 0 differ.\n"


def test_drift_fits_the_terminal_and_is_only_coloured() -> None:
    """Long signatures are wrapped below their beginning."""
    long = DRIFT[0]._replace(table="(" + "argument=1, " * 20 + ")")
    plain = "".join(render_drift([long, *DRIFT[1:]], "table", width=44))
    assert all(width(line) <= 44 for line in plain.split("\n"))
    colored = "".join(render_drift([long, *DRIFT[1:]], "table", width=44, color=True))
    assert "\x1b[" in colored
    assert without_color(colored) == plain


def test_drift_as_json() -> None:
    """Every row, those that agree too."""
    read = json.loads("".join(render_drift(DRIFT, "json")))
    assert read == [row._asdict() for row in DRIFT]


TRANSLATIONS = (
    Translation("torch", "PyTorch", "torch.nn.BatchNorm2d", "torch.nn.BatchNorm2d(<channels>)", ()),
    Translation("ms", "MindSpore", "ms.BatchNorm2d", "ms.BatchNorm2d()", ("one note", "two")),
)


def test_a_call_in_one_framework_stands_alone() -> None:
    """To be copied."""
    text = "".join(render_translations(TRANSLATIONS[:1], "text"))
    assert text == "torch.nn.BatchNorm2d(<channels>)\n"


def test_calls_in_several_frameworks_have_titles() -> None:
    """Titles and notes are comments; notes are wrapped, calls never."""
    assert "".join(render_translations(TRANSLATIONS, "text", width=14)) == (
        "# PyTorch\n"
        "torch.nn.BatchNorm2d(<channels>)\n"
        "\n"
        "# MindSpore\n"
        "ms.BatchNorm2d()\n"
        "#   one note\n"
        "#   two\n"
    )
    narrow = "".join(render_translations(TRANSLATIONS[1:], "text", width=12))
    assert narrow == "ms.BatchNorm2d()\n#   one\n#     note\n#   two\n"


def test_translations_as_json() -> None:
    """Every field."""
    read = json.loads("".join(render_translations(TRANSLATIONS, "json")))
    assert read[1]["notes"] == ["one note", "two"]


def test_formats_that_are_not_there(frameworks: Frameworks) -> None:
    """The messages say which there are."""
    with pytest.raises(FormatError, match="frameworks can be written as table, json, not as csv"):
        written(frameworks, "csv")
    with pytest.raises(FormatError, match="can be written as table, json, not as csv"):
        render_drift(DRIFT, "csv")
    with pytest.raises(FormatError, match="translations can be written as text, json, not as csv"):
        render_translations(TRANSLATIONS, "csv")
