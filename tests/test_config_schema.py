"""The JSON Schema of the configuration, and the reference that is made of it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import generate
import jsonschema
import pytest
from command_line import bnlint

from bnlint.config.described import DESCRIBED, schema
from bnlint.config.options import OPTIONS, ConfigError, parse

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
SCHEMA = schema()
EXAMPLES = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def accepts(table: dict[str, Any]) -> tuple[bool, bool]:
    """Return whether the schema takes a table, and whether bnlint does."""
    try:
        parse(table, "bnlint.toml", "", "/p")
    except ConfigError:
        taken = False
    else:
        taken = True
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(table), taken


def test_command_prints_it(tmp_path: Path) -> None:
    run = bnlint(tmp_path, "config", "schema")
    assert (run.code, run.err) == (0, "")
    assert json.loads(run.out) == SCHEMA
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_option_is_in_it() -> None:
    assert list(SCHEMA["properties"]) == list(DESCRIBED) == [option.key for option in OPTIONS]
    assert all(entry["description"] for entry in SCHEMA["properties"].values())
    assert "](" not in json.dumps(SCHEMA)


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_of_the_page_are_valid(example: str) -> None:
    table = tomllib.loads(example)
    table = table.get("tool", {}).get("bnlint", table)
    assert accepts(table) == (True, True)


def test_defaults_are_valid() -> None:
    for key, entry in SCHEMA["properties"].items():
        if "default" in entry:
            assert accepts({key: entry["default"]}) == (True, True)


@pytest.mark.parametrize("key", list(DESCRIBED))
@pytest.mark.parametrize("value", [3.5, True, "", "surely none of them", [1], [[]], {"a": 1}])
def test_what_is_of_another_type_is_refused_by_both(key: str, value: object) -> None:
    """What is text in the schema may still be no glob and no framework; bnlint says so."""
    valid, taken = accepts({key: value})
    assert valid >= taken
    if not valid:
        assert not taken


@pytest.mark.parametrize(
    "table",
    [
        pytest.param({"ingore": []}, id="unknown key"),
        pytest.param({"port": [{"paths": ["a"]}]}, id="port of nothing"),
        pytest.param({"port": [{"from": "keras"}]}, id="port without paths"),
        pytest.param({"port": [{"paths": [], "from": "keras"}]}, id="port of no files"),
        pytest.param({"port": [{"paths": ["a"], "from": "keras", "to": "torch"}]}, id="more"),
        pytest.param({"apis": {"a.b": {"eps": 1e-3}}}, id="wrapper like nothing"),
        pytest.param({"apis": {"a.b": {"like": "c.d", "eps": [1]}}}, id="default that is a list"),
        pytest.param({"fail-on": "fatal"}, id="unknown severity"),
        pytest.param({"reference": "model.py"}, id="reference outside of a port"),
        pytest.param({"per-file-ignores": {"a.py": "BN1"}}, id="selectors that are no list"),
    ],
)
def test_mistakes_are_refused_by_both(table: dict[str, Any]) -> None:
    assert accepts(table) == (False, False)


def test_reference_is_made_of_it() -> None:
    assert generate.option_reference(PAGE) == PAGE, "run 'python docs/generate.py'"
