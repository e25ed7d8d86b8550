"""What ``bnlint rules`` and ``bnlint explain`` print, and the pages of the documentation."""

from __future__ import annotations

import json
import re
from types import ModuleType

import pytest
from output_samples import unprintable, width, without_color

from bnlint.engine.documentation import DocumentationError, page
from bnlint.engine.registry import LoadedRule, load_rules
from bnlint.output import FormatError, render_rule, render_rules
from bnlint.output.rules import markdown, rule_table
from bnlint.rule import Rule

DOCUMENTATION = '''
A layer called ``bn`` | or not.

What it does
------------
Looks at m*batch + (1-m)*running, at ``__init__`` and _this_, but not at a_name.

Why it matters
--------------
It does.

Example
-------
Hazard (from keras):

    import torch


    bn = torch.nn.BatchNorm2d(3)

Clean:

    x = """
      kept
    """

As a remark, ``y`` is clean too.

Clean:

    y = 1

Fix
---
Writes it.

Fix safety
----------
Safe where it is known.

Unsafe elsewhere.

Not written where it can't be safe.
'''

MODULE = ModuleType("made_up")
MODULE.__doc__ = DOCUMENTATION
RULE = LoadedRule(Rule("BN999", "made-up", "warning", needs_reference=True), MODULE, {})

UNDOCUMENTED = LoadedRule(
    Rule("PLUG1", "plugged-in", "error", default=False), ModuleType("plugin"), {}
)

RULES = load_rules()


def test_a_rules_page() -> None:
    """Title, summary, what it is set to, then the sections; code in fences."""
    assert markdown(RULE) == (
        "# made-up (BN999)\n"
        "\n"
        "A layer called `bn` | or not.\n"
        "\n"
        "*Severity: warning; confidence: high; on by default; needs a reference; "
        "fix: safe or unsafe.*\n"
        "\n"
        "## What it does\n"
        "\n"
        "Looks at m\\*batch + (1-m)\\*running, at `__init__` and \\_this\\_, but not at a_name.\n"
        "\n"
        "## Why it matters\n"
        "\n"
        "It does.\n"
        "\n"
        "## Example\n"
        "\n"
        "**Hazard** (with `--from keras`):\n"
        "\n"
        "```python\n"
        "import torch\n"
        "\n"
        "\n"
        "bn = torch.nn.BatchNorm2d(3)\n"
        "```\n"
        "\n"
        "**Clean**:\n"
        "\n"
        "```python\n"
        'x = """\n'
        "  kept\n"
        '"""\n'
        "```\n"
        "\n"
        "As a remark, `y` is clean too.\n"
        "\n"
        "**Clean**:\n"
        "\n"
        "```python\n"
        "y = 1\n"
        "```\n"
        "\n"
        "## Fix\n"
        "\n"
        "Writes it.\n"
        "\n"
        "## Fix safety\n"
        "\n"
        "Safe where it is known.\n"
        "\n"
        "Unsafe elsewhere.\n"
        "\n"
        "Not written where it can't be safe.\n"
    )


def test_the_page_is_markdown_where_there_is_no_terminal() -> None:
    """The same text."""
    assert "".join(render_rule(RULE)) == markdown(RULE)


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("loaded", RULES, ids=[rule.code for rule in RULES])
def test_every_page_can_be_set_for_a_terminal(loaded: LoadedRule, columns: int) -> None:
    """It fits, and colour is only colour."""
    plain = "".join(render_rule(loaded, width=columns))
    assert all(width(line) <= min(columns, 100) for line in plain.split("\n"))
    assert not unprintable(plain.replace("\n", ""))
    assert loaded.code in plain
    colored = "".join(render_rule(loaded, width=columns, color=True))
    assert "\x1b[" in colored
    assert without_color(colored).split() == plain.split()


@pytest.mark.parametrize("loaded", RULES, ids=[rule.code for rule in RULES])
def test_the_examples_of_a_page_are_those_that_are_tested(loaded: LoadedRule) -> None:
    """All of them, unchanged."""
    fences = re.findall(r"```python\n(.*?)```", markdown(loaded), re.DOTALL)
    assert fences == [example.code for example in page(loaded.module).examples]


def test_the_rule_table() -> None:
    """For the README and the index; a bar in a text does not end its cell."""
    assert rule_table([RULE], "docs/rules/") == (
        "| Code | Name | Severity | Default | Fix | What is wrong |\n"
        "|---|---|---|---|---|---|\n"
        "| [BN999](docs/rules/BN999.md) | made-up | warning | on | safe or unsafe "
        "| A layer called `bn` \\| or not. |\n"
    )


def test_the_list_of_rules() -> None:
    """A plug-in's rule without documentation is listed too."""
    assert "".join(render_rules([RULE, UNDOCUMENTED], "table")) == (
        "code   name        severity  default  fix             what is wrong\n"
        "BN999  made-up     warning   on       safe or unsafe  A layer called bn | or not.\n"
        "PLUG1  plugged-in  error     off      none\n"
    )


def test_the_list_of_rules_on_a_narrow_terminal() -> None:
    """One below the other."""
    assert "".join(render_rules([RULE], "table", width=40)) == (
        "BN999  made-up\n"
        "    warning, default on,\n"
        "    fix safe or unsafe\n"
        "    A layer called bn | or not.\n"
    )


def test_the_list_of_rules_as_json() -> None:
    """With kinds of fixes as a list."""
    assert json.loads("".join(render_rules([RULE, UNDOCUMENTED], "json"))) == [
        {
            "code": "BN999",
            "name": "made-up",
            "severity": "warning",
            "confidence": "high",
            "default": True,
            "needs_reference": True,
            "norms": ["batch"],
            "fix": ["safe", "unsafe"],
            "summary": "A layer called bn | or not.",
        },
        {
            "code": "PLUG1",
            "name": "plugged-in",
            "severity": "error",
            "confidence": "high",
            "default": False,
            "needs_reference": False,
            "norms": ["batch"],
            "fix": [],
            "summary": None,
        },
    ]


def test_a_rule_without_documentation_cannot_be_explained() -> None:
    """The error names its module."""
    with pytest.raises(DocumentationError, match="plugin"):
        render_rule(UNDOCUMENTED)


def test_a_format_that_is_not_there() -> None:
    """The message says which there are."""
    with pytest.raises(FormatError, match="rules can be written as table, json, not as csv"):
        render_rules([RULE], "csv")
