"""The formats of findings that people read, and what holds for all formats."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from output_samples import REPORTS, finding, fix, span, unprintable, without_color, written

import bnlint.output
from bnlint.config.options import FORMATS
from bnlint.finding import Finding
from bnlint.output import FormatError, Report, render, summary

ROOT = Path(__file__).parents[2]

# ---------------------------------------------------------------------------------- concise


@pytest.mark.parametrize(
    ("found", "unsafe_fixes", "line"),
    [
        pytest.param(
            finding(message="m"), False, "src/model.py:18:19: error: BN103 m\n", id="without a fix"
        ),
        pytest.param(
            finding(message="m", fix=fix("safe")),
            False,
            "src/model.py:18:19: error: BN103 [*] m\n",
            id="a safe fix is marked",
        ),
        pytest.param(
            finding(message="m", fix=fix("unsafe")),
            False,
            "src/model.py:18:19: error: BN103 m\n",
            id="an unsafe fix is not marked",
        ),
        pytest.param(
            finding(message="m", fix=fix("unsafe")),
            True,
            "src/model.py:18:19: error: BN103 [*] m\n",
            id="an unsafe fix is marked where unsafe ones are applied",
        ),
        pytest.param(
            finding(message="m", fix=fix("manual")),
            True,
            "src/model.py:18:19: error: BN103 m\n",
            id="a fix to be made by hand is never marked",
        ),
        pytest.param(
            finding(message="m", fix=fix("safe")._replace(intents=())),
            True,
            "src/model.py:18:19: error: BN103 m\n",
            id="a fix that says nothing to do is not marked",
        ),
        pytest.param(
            finding(message="a\nb\tc\x1b[31m", path="a\nb.py"),
            False,
            "a␊b.py:18:19: error: BN103 a␊b␉c␛[31m\n",
            id="line ends and control characters do not break the line",
        ),
        pytest.param(
            finding(path="\udcff.py", message="m"),
            False,
            "\ufffd.py:18:19: error: BN103 m\n",
            id="a byte of a file name that is no text is replaced",
        ),
        pytest.param(
            finding(path="src/模型.py", message="日本"),
            False,
            "src/模型.py:18:19: error: BN103 日本\n",
            id="other scripts are left as they are",
        ),
    ],
)
def test_a_concise_line(found: Finding, unsafe_fixes: bool, line: str) -> None:
    """Ruff's concise format, which editors know."""
    assert written("concise", found, unsafe_fixes=unsafe_fixes) == line


def test_a_concise_line_is_never_wrapped() -> None:
    """An editor reads one line for a finding."""
    assert written("concise", finding(message="word " * 50), width=40).count("\n") == 1


@given(REPORTS)
def test_concise_gives_one_line_for_each_finding(report: Report) -> None:
    """Whatever stands in it."""
    text = "".join(render(report, "concise"))
    assert len(text.splitlines()) == len(report.findings)


# ---------------------------------------------------------------------------------- grouped


def test_grouped_findings_stand_in_columns_below_their_file() -> None:
    """The shape of ruff's grouped format."""
    text = written(
        "grouped",
        finding(span(9, 105), path="a.py", message="one"),
        finding(span(12, 3), path="a.py", message="two", fix=fix("safe")),
        finding(span(1, 1), path="b.py", code="PLUG1234", message="three"),
        finding(span(2, 1), path="b.py", message="four"),
    )
    assert text == (
        "a.py:\n"
        "   9:105 BN103 one\n"
        "  12:3   BN103 [*] two\n"
        "\n"
        "b.py:\n"
        "  1:1 PLUG1234 three\n"
        "  2:1 BN103    four\n"
        "\n"
    )


def test_grouped_messages_are_wrapped_on_a_narrow_terminal() -> None:
    """With the rest of a message below its beginning."""
    text = written("grouped", finding(message="one two three four five six"), width=37)
    assert text == ("src/model.py:\n  18:19 BN103 one two three four five\n              six\n\n")


# ------------------------------------------------------------------------------- statistics


SEVERAL = (
    finding(code="BN101", name="momentum-convention", fix=fix("safe")),
    finding(code="BN101", name="momentum-convention", fix=fix("unsafe")),
    *[finding(fix=fix("safe"))] * 10,
    finding(code="BN206", name="set-train-missing"),
)


def test_statistics_count_the_findings_of_each_rule() -> None:
    """The most common first; marked where all ``*`` or some ``-`` can be fixed."""
    assert "".join(render(Report(SEVERAL), "full", statistics=True)) == (
        "10\tBN103\t[*] eps-differs\n"
        "2 \tBN101\t[-] momentum-convention\n"
        "1 \tBN206\t[ ] set-train-missing\n"
    )


def test_statistics_have_no_marks_where_nothing_can_be_fixed() -> None:
    """As in ruff's."""
    report = Report((finding(),))
    assert "".join(render(report, "concise", statistics=True)) == "1\tBN103\teps-differs\n"


def test_statistics_as_json() -> None:
    """``fixable`` tells that all of them are."""
    read = json.loads("".join(render(Report(SEVERAL), "json", statistics=True)))
    assert [(row["code"], row["count"], row["fixable"], row["fixable_count"]) for row in read] == [
        ("BN103", 10, True, 10),
        ("BN101", 2, False, 1),
        ("BN206", 1, False, 0),
    ]
    assert set(read[0]) == {"code", "name", "severity", "count", "fixable", "fixable_count"}


def test_statistics_of_nothing_are_nothing() -> None:
    """Not even a heading."""
    assert list(render(Report(), "full", statistics=True)) == []


def test_statistics_cannot_be_annotations() -> None:
    """They have no place in a file."""
    with pytest.raises(FormatError, match="as text or as json, not as github"):
        render(Report(), "github", statistics=True)


# ---------------------------------------------------------------------------------- summary


@pytest.mark.parametrize(
    ("report", "options", "line"),
    [
        pytest.param(Report(files=0), {}, "No files were checked.", id="nothing to check"),
        pytest.param(
            Report(files=1), {}, "All checks passed (1 file, no layers).", id="one clean file"
        ),
        pytest.param(
            Report(files=12, layers=5),
            {},
            "All checks passed (12 files, 5 batch normalisation layers).",
            id="clean files",
        ),
        pytest.param(Report((finding(),), {}, 1), {}, "Found 1 error in 1 file.", id="one error"),
        pytest.param(
            Report(
                (
                    finding(fix=fix("safe")),
                    finding(path="b.py", severity="warning", fix=fix("unsafe")),
                    finding(path="b.py", severity="warning"),
                ),
                {},
                7,
            ),
            {},
            "Found 1 error and 2 warnings in 2 of 7 files.",
            id="nothing is said of fixes where none can be made",
        ),
        pytest.param(
            Report((finding(fix=fix("safe")), finding(fix=fix("unsafe"))), {}, 1),
            {"can_fix": True},
            "Found 2 errors in 1 file (1 fixable with --fix, 1 more with --fix --unsafe-fixes).",
            id="safe and unsafe fixes",
        ),
        pytest.param(
            Report((finding(fix=fix("unsafe")), finding(fix=fix("manual"))), {}, 1),
            {"can_fix": True},
            "Found 2 errors in 1 file (1 fixable with --fix --unsafe-fixes).",
            id="unsafe fixes only",
        ),
        pytest.param(
            Report((finding(fix=fix("unsafe")),), {}, 1),
            {"can_fix": True, "unsafe_fixes": True},
            "Found 1 error in 1 file (1 fixable with --fix).",
            id="unsafe fixes where they are asked for",
        ),
        pytest.param(
            Report((finding(fix=fix("manual")),), {}, 1),
            {"can_fix": True},
            "Found 1 error in 1 file.",
            id="fixes to be made by hand are not counted",
        ),
        pytest.param(
            Report(
                (finding(), finding(severity="warning"), *[finding(severity="info")] * 2), {}, 1
            ),
            {},
            "Found 1 error, 1 warning and 2 info in 1 file.",
            id="all severities",
        ),
    ],
)
def test_the_summary(report: Report, options: dict[str, bool], line: str) -> None:
    """One line for a person."""
    assert summary(report, **options) == line


# ------------------------------------------------------------------------------ all formats


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_of_the_configuration_is_written(name: str) -> None:
    """What a configuration may name, the program can do."""
    assert "BN103" in "".join(render(Report((finding(),)), name))


def test_each_module_that_writes_findings_is_a_format() -> None:
    modules = [module.name for module in pkgutil.iter_modules(bnlint.output.__path__)]
    writers = [
        name for name in modules if hasattr(import_module(f"bnlint.output.{name}"), "render")
    ]
    assert sorted(writers) == sorted(FORMATS)


@pytest.mark.parametrize("name", ["yaml", "frame", "", "sites"])
def test_a_format_that_is_not_there(name: str) -> None:
    """Neither an unknown name nor that of a module which writes no findings is taken."""
    with pytest.raises(FormatError, match=r"there is no output format .*; there are full, concise"):
        render(Report(), name)


@pytest.mark.parametrize("name", FORMATS)
@given(report=REPORTS, width=st.none() | st.integers(10, 200))
def test_no_format_passes_on_what_must_not_be_printed(
    name: str, report: Report, width: int | None
) -> None:
    """Control characters and lone surrogates of a file's name, a message or a text."""
    text = "".join(render(report, name, width=width))
    assert not unprintable(text.replace("\n", ""))
    text.encode()


@pytest.mark.parametrize("name", FORMATS)
@given(report=REPORTS, width=st.none() | st.integers(10, 200))
def test_colour_changes_nothing_but_the_colour(
    name: str, report: Report, width: int | None
) -> None:
    """And without it there is none."""
    plain = "".join(render(report, name, width=width))
    assert "\x1b" not in plain
    colored = "".join(render(report, name, width=width, color=True))
    assert [line.rstrip() for line in without_color(colored).split("\n")] == [
        line.rstrip() for line in plain.split("\n")
    ]


@pytest.mark.parametrize("name", ["full", "concise", "grouped"])
def test_text_formats_are_coloured_if_asked(name: str) -> None:
    """Code and place."""
    assert "\x1b[" in written(name, finding(), color=True)


@pytest.mark.parametrize("name", FORMATS)
def test_a_clean_run_loads_nothing_heavy(name: str) -> None:
    """A run without findings must not pay for drawing them."""
    code = (
        "import sys; from bnlint.output import Report, render, summary\n"
        f"list(render(Report(files=1), {name!r}, color=True, width=80)); summary(Report(files=1))\n"
        "heavy = ('rich', 'libcst', 'numpy', 'dataclasses', 'inspect')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout == "[]\n"
