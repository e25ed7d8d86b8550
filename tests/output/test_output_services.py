"""The formats that services read, held to their published schemas and to their readers."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt
from output_samples import REPORTS, finding, fix, reference, span, written

from bnlint.finding import Edit, Finding
from bnlint.output import Report, render

#: Reports take long to draw.
slowly = settings(max_examples=40)

SCHEMAS = Path(__file__).parent / "schemas"
TEXT = "é = 1\nbn = nn.BatchNorm2d(64)  # 日本\n"
PLACE = span(2, 6, 2, 24)
MESSAGE = "BatchNorm2d leaves eps at 1e-05"
FIX = fix("safe")._replace(edits=(Edit(28, 28, ", eps=0.001"),))
FOUND = finding(PLACE, message=MESSAGE, help="write eps=0.001", fix=FIX, reference=reference(1, 3))
CELL = FOUND._replace(path="n.ipynb", cell=3, line=41, reference=None)


def validator(name: str) -> Any:
    schema = json.loads((SCHEMAS / name).read_text(encoding="utf-8"))
    jsonschema.Draft4Validator.check_schema(schema)
    return jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())


SARIF = validator("sarif-2.1.0.json")
RDJSON = validator("rdjson.json")


def report_of(name: str, *findings: Finding) -> str:
    return written(name, *findings, text=TEXT)


def log(*findings: Finding) -> dict[str, Any]:
    content = json.loads(report_of("sarif", *findings) if findings else written("sarif"))
    SARIF.validate(content)
    (run,) = content["runs"]
    return dict(run)


# ----------------------------------------------------------------------------------- SARIF


@slowly
@given(report=REPORTS)
def test_any_report_is_valid_sarif(report: Report) -> None:
    SARIF.validate(json.loads("".join(render(report, "sarif"))))


def test_a_schema_that_holds_nothing_would_be_no_test() -> None:
    content = json.loads(report_of("sarif", FOUND))
    content["runs"][0]["results"][0]["level"] = "fatal"
    assert not SARIF.is_valid(content)


def test_sarif_of_a_finding() -> None:
    run = log(FOUND)
    assert run["columnKind"] == "unicodeCodePoints"
    (rule,) = run["tool"]["driver"]["rules"]
    assert (rule["id"], rule["name"]) == ("BN103", "EpsDiffers")
    assert rule["help"]["markdown"].startswith("# eps-differs (BN103)\n")
    assert rule["shortDescription"]["text"].endswith(".")
    assert rule["defaultConfiguration"]["level"] in ("error", "warning")
    (result,) = run["results"]
    assert (result["ruleId"], result["ruleIndex"], result["level"]) == ("BN103", 0, "error")
    assert result["message"]["text"] == f"{MESSAGE}\nhelp: write eps=0.001"
    (location,) = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "src/model.py", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 2, "startColumn": 6, "endLine": 2, "endColumn": 24},
    }
    (related,) = result["relatedLocations"]
    assert related["physicalLocation"]["region"] == {"startLine": 1, "startColumn": 3}
    assert related["message"]["text"] == "The Keras reference"
    (fixed,) = result["fixes"]
    (replacement,) = fixed["artifactChanges"][0]["replacements"]
    assert replacement["insertedContent"] == {"text": ", eps=0.001"}
    region = {"startLine": 2, "startColumn": 23, "endLine": 2, "endColumn": 23}
    assert replacement["deletedRegion"] == region


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("a b/ü#1.py", "a%20b/%C3%BC%231.py"),
        ("100%.py", "100%25.py"),
        ("../a.py", "../a.py"),
        ("/opt/a.py", "file:///opt/a.py"),
        ("C:/x y/a.py", "file:///C:/x%20y/a.py"),
    ],
)
def test_paths_in_sarif_are_uris(path: str, uri: str) -> None:
    (result,) = log(FOUND._replace(path=path, reference=None))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_fingerprints_do_not_count_lines() -> None:
    def prints(text: str, *rows: int) -> list[str]:
        findings = [FOUND._replace(span=span(row, 6, row, 24)) for row in rows]
        report = Report(tuple(findings), {FOUND.path: text})
        content = json.loads("".join(render(report, "sarif")))
        results = content["runs"][0]["results"]
        return [result["partialFingerprints"]["bnlint/v1"] for result in results]

    (first,) = prints(TEXT, 2)
    assert prints(f"\n\n{TEXT}", 4) == [first]
    assert prints(f"{TEXT}{TEXT}", 2, 4)[0] == first
    assert len(set(prints(f"{TEXT}{TEXT}", 2, 4))) == 2
    assert prints(TEXT.replace("64", "32"), 2) != [first]
    assert prints(TEXT.replace("= nn", "=  nn"), 2) == [first]


def test_fingerprints_tell_rules_of_one_line_apart_in_any_order() -> None:
    def prints(*codes: str) -> list[str]:
        results = log(*(FOUND._replace(code=code) for code in codes))["results"]
        return [result["partialFingerprints"]["bnlint/v1"] for result in results]

    assert prints("BN102", "BN103")[1] == prints("BN103")[0]


def test_a_notebook_is_told_by_the_line_of_its_json() -> None:
    (result,) = log(CELL)["results"]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 41}
    assert result["message"]["text"].startswith("Cell 3, line 2: ")
    assert "fixes" not in result


def test_a_run_without_findings_is_a_run() -> None:
    assert log()["results"] == []


# ---------------------------------------------------------------------------------- rdjson


@slowly
@given(report=REPORTS)
def test_any_report_is_valid_for_reviewdog(report: Report) -> None:
    RDJSON.validate(json.loads("".join(render(report, "rdjson"))))


def test_columns_for_reviewdog_count_bytes() -> None:
    found = FOUND._replace(span=span(1, 5, 1, 6), fix=None)
    content = json.loads(report_of("rdjson", found))
    RDJSON.validate(content)
    (diagnostic,) = content["diagnostics"]
    start, end = diagnostic["location"]["range"]["start"], diagnostic["location"]["range"]["end"]
    assert (start, end) == ({"line": 1, "column": 6}, {"line": 1, "column": 7})
    beyond = json.loads(report_of("rdjson", found._replace(span=span(1, 5, 1, 10))))
    place = beyond["diagnostics"][0]["location"]["range"]["end"]
    assert place == {"line": 1, "column": 11}


def test_reviewdog_is_given_suggestions() -> None:
    (diagnostic,) = json.loads(report_of("rdjson", FOUND))["diagnostics"]
    place = {"line": 2, "column": 23}
    assert diagnostic["suggestions"] == [
        {"range": {"start": place, "end": place}, "text": ", eps=0.001"}
    ]
    (diagnostic,) = json.loads(report_of("rdjson", CELL))["diagnostics"]
    assert diagnostic["location"]["range"] == {"start": {"line": 41}}


# ---------------------------------------------------------------------------------- GitLab


@slowly
@given(report=REPORTS)
def test_gitlab_has_what_it_requires(report: Report) -> None:
    """As GitLab documents: these fields, one of these severities, and no fingerprint twice."""
    content = json.loads("".join(render(report, "gitlab")))
    assert len({entry["fingerprint"] for entry in content}) == len(report.findings)
    assert len(content) == len(report.findings)
    for entry in content:
        assert entry["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert type(entry["location"]["lines"]["begin"]) is int
        assert isinstance(entry["description"], str)
        assert isinstance(entry["location"]["path"], str)


def test_gitlab_is_told_what_to_write() -> None:
    (entry,) = json.loads(report_of("gitlab", CELL))
    assert entry["description"] == f"cell 3, line 2: {MESSAGE}; help: write eps=0.001"
    assert entry["location"] == {"path": "n.ipynb", "lines": {"begin": 41}}


# ----------------------------------------------------------------------------------- JUnit


@slowly
@given(report=REPORTS)
def test_junit_counts_what_it_lists(report: Report) -> None:
    root = ET.fromstring("".join(render(report, "junit")))
    cases = root.findall("testsuite/testcase")
    failures = root.findall("testsuite/testcase/failure")
    assert root.tag == "testsuites"
    assert int(root.attrib["tests"]) == len(cases) == max(len(report.findings), 1)
    assert int(root.attrib["failures"]) == len(failures) == len(report.findings)


def test_junit_of_a_finding() -> None:
    root = ET.fromstring(report_of("junit", FOUND._replace(message='a < "b" & c')))
    (case,) = root.findall("testsuite/testcase")
    assert case.attrib == {
        "name": "BN103 (src/model.py:2:6)", "classname": "src/model", "file": "src/model.py",
        "line": "2",
    }  # fmt: skip
    (failure,) = case
    assert failure.attrib == {"message": 'a < "b" & c', "type": "BN103 eps-differs"}
    assert failure.text == 'src/model.py:2:6: BN103 a < "b" & c\nhelp: write eps=0.001'


# ---------------------------------------------------------------------- lines and Markdown

#: How the parser of Jenkins' warnings plugin reads pylint's parseable format.
_PYLINT = re.compile(r"(?P<path>[^:]*):(?P<line>\d+): \[(?P<type>[A-Z]\w*)[^\]]*\] (?P<message>.*)")

#: A logging command, as the agent of Azure Pipelines takes it apart.
_AZURE = re.compile(r"##vso\[(?P<name>[^ \]]+) (?P<properties>[^\]]*)\](?P<message>.*)")


def test_pylints_line_is_read_by_its_readers() -> None:
    read = _PYLINT.fullmatch(report_of("pylint", FOUND).rstrip("\n"))
    assert read is not None
    assert (read["path"], read["line"]) == ("src/model.py", "2")
    assert read["type"] == "BN103"
    assert read["message"] == f"{MESSAGE}; help: write eps=0.001"


def test_a_command_for_azure() -> None:
    found = FOUND._replace(path="a];b.py", message="100% ]; ##vso[task.complete]x", help="")
    read = _AZURE.fullmatch(report_of("azure", found).rstrip("\n"))
    assert read is not None
    assert read["name"] == "task.logissue"
    pairs = (part.partition("=") for part in read["properties"].rstrip(";").split(";"))
    properties = {
        name: value.replace("%3B", ";").replace("%5D", "]").replace("%AZP25", "%")
        for name, _, value in pairs
    }
    assert properties == {
        "type": "error", "sourcepath": "a];b.py", "linenumber": "2", "columnnumber": "6",
        "code": "BN103",
    }  # fmt: skip
    assert read["message"].replace("%AZP25", "%").startswith("100% ]; ")
    assert "##vso" not in read["message"]


@slowly
@given(report=REPORTS)
def test_each_line_of_jsonl_is_a_finding_of_json(report: Report) -> None:
    whole = json.loads("".join(render(report, "json")))
    lines = "".join(render(report, "jsonl")).splitlines()
    assert [json.loads(line) for line in lines] == whole


@slowly
@given(report=REPORTS)
def test_markdown_is_one_table(report: Report) -> None:
    text = "".join(render(report, "markdown"))
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    rows = sum(token.type == "tr_open" for token in tokens)
    assert rows == (len(report.findings) + 1 if report.findings else 0)
    assert not any(token.type.startswith("html") for token in tokens)
    inline = [child for token in tokens for child in token.children or ()]
    assert not any(child.type in ("html_inline", "image", "link_open") for child in inline)


def test_markdown_shows_messages_as_they_are() -> None:
    message = "a|b *c* <d> `e` [f](g) _h_"
    text = report_of("markdown", FOUND._replace(message=message))
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    cells = [t for t in tokens if t.type == "inline"]
    shown = ["".join(child.content for child in cell.children or ()) for cell in cells]
    assert message in shown
