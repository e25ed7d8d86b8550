"""Rules of other distributions, and rules that crash."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from command_line import CLEAN, FAULTY, FINDING, ROOT, SUMMARY, Run, program, uncompared, write

#: A rule as another distribution would bring it; the check is filled in.
RULE = '''"""House rule against layers of 64 channels.

What it does
------------
It looks for 64 channels.

Why it matters
--------------
It is a rule of the house.

Example
-------
Hazard:

    bn = nn.BatchNorm2d(64)

Clean:

    bn = nn.BatchNorm2d(32)

Fix
---
None.

Numbers
-------
None.

References
----------
None.
"""

from bnlint.rule import Rule

RULE = Rule("XY100", "house-rule", "warning")


def check_site(site, context):
    {check}
'''
REPORTS = 'yield context.report(RULE, site.call, "this has 64 channels")'


def plugin(folder: Path, entry_points: str = "", **modules: str) -> dict[str, str]:
    """Make a distribution of ``modules``, and return the environment in which it is installed."""
    site = folder / "site"
    write(site, **{f"house_rules__{name}": text for name, text in modules.items()})
    (site / "house_rules").mkdir(parents=True, exist_ok=True)
    (site / "house_rules" / "__init__.py").touch()
    text = entry_points or "[bnlint.rules]\nhouse = house_rules\n"
    write(site / "house_rules-1.0.dist-info", **{"entry_points.txt": text, "METADATA": ""})
    return {"PYTHONPATH": f"{ROOT}{os.pathsep}{site}"}


def test_rule_of_another_distribution(tmp_path: Path) -> None:
    environment = plugin(tmp_path, sixty_four=RULE.format(check=REPORTS))
    write(tmp_path, m=CLEAN)
    found = "m.py:3:6: warning: XY100 this has 64 channels\n"

    def run(*arguments: str) -> Run:
        return program(tmp_path, *arguments, environment=environment)

    assert run("m.py") == Run(1, found, f"Found 1 warning in 1 file.\n{uncompared(1)}")
    assert run("-q", "--select", "XY", "m.py").out == found
    assert run("-q", "--select", "house-rule", "m.py").out == found
    assert run("--ignore", "XY100", "m.py") == Run(0, "", uncompared(1))
    assert run("--select", "BN", "m.py") == Run(0, "", uncompared(1))
    assert run("explain", "XY100").out.startswith("# house-rule (XY100)\n")
    assert "\nXY100  house-rule " in run("rules").out
    write(tmp_path, m=CLEAN.replace("0.01)", "0.01)  # bnlint: ignore[house-rule] ours"))
    assert run("m.py") == Run(0, "", uncompared(1))


@pytest.mark.parametrize(
    ("entry_points", "modules", "message"),
    [
        pytest.param("[bnlint.rules]\nx = absent_rules\n", {},
                     "plugin absent_rules cannot be imported (ModuleNotFoundError: No module ",
                     id="absent"),
        pytest.param("", {"broken": "1 / 0"},
                     "house_rules.broken cannot be imported (ZeroDivisionError: division by zero)",
                     id="crashes"),
        pytest.param("", {"broken": "x = = 1"}, "house_rules.broken cannot be imported (",
                     id="no Python"),
        pytest.param("", {"broken": "raise Exception('two\\nlines')"},
                     "house_rules.broken cannot be imported (Exception: two lines)",
                     id="message of two lines"),
        pytest.param("", {"broken": "raise SystemExit(0)"},
                     "house_rules.broken cannot be imported (SystemExit: 0)", id="exits"),
        pytest.param("", {"empty": "x = 1"},
                     "house_rules.empty is no rule: it needs RULE and a check function",
                     id="no rule"),
        pytest.param("", {"odd": RULE.format(check=REPORTS).replace('"warning"', '"warn"')},
                     'house_rules.odd: severity "warn"; accepted are error, warning, info\n',
                     id="severity there is not"),
        pytest.param("", {"odd": RULE.format(check=REPORTS).replace('"warning"', '"info", "sure"')},
                     'house_rules.odd: confidence "sure"; accepted are high, medium, low\n',
                     id="confidence there is not"),
        *(
            pytest.param("", {"odd": RULE.format(check=REPORTS).replace("XY100", code)},
                         f'house_rules.odd: code "{code}"; accepted are capital letters followed '
                         "by digits\n", id=f"code {code}")
            for code in ("XY", "100", "XY-100", "XY100A", "xy100", "ÄÖ100", "")
        ),
        pytest.param("", {"twin": RULE.format(check=REPORTS).replace("XY100", "BN101")},
                     "house_rules.twin and bnlint.rules.momentum_convention share a code or name",
                     id="code in use"),
        pytest.param("", {"twin": RULE.format(check=REPORTS).replace("house-rule", "eps-differs")},
                     "house_rules.twin and bnlint.rules.eps_differs share a code or name",
                     id="name in use"),
        pytest.param("[bnlint.rules]\nx = house_rules.one\n", {"one": RULE.format(check=REPORTS)},
                     "plugin house_rules.one is a module: name the package that holds it",
                     id="module"),
        pytest.param("[bnlint.rules]\nx = house_rules:RULES\n", {},
                     "plugin house_rules:RULES cannot be imported (", id="attribute"),
        pytest.param("[bnlint.rules]\nx = \n", {}, "plugin  cannot be imported (", id="nothing"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", [["m.py"], ["rules"], ["explain", "BN101"]], ids=" ".join)
def test_package_that_cannot_be_loaded(
    tmp_path: Path,
    entry_points: str,
    modules: dict[str, str],
    message: str,
    command: Sequence[str],
) -> None:
    """A rule that is installed and does not run must not be passed over."""
    write(tmp_path, m=FAULTY)
    run = program(tmp_path, *command, environment=plugin(tmp_path, entry_points, **modules))
    assert (run.code, run.out) == (2, "")
    (line,) = run.err.splitlines(keepends=True)
    assert line.startswith(f"bnlint: error: {message}")


@pytest.mark.parametrize(
    "entry_points",
    [
        pytest.param("[console_scripts]\nbnlint.rules = house_rules:main\n", id="another group"),
        pytest.param("[bnlint.rules.old]\nx = house_rules\n", id="a group named alike"),
        pytest.param("[bnlint.rules]\n# x = house_rules\n; y = house_rules\n", id="comments"),
    ],
)
def test_what_is_no_entry_point(tmp_path: Path, entry_points: str) -> None:
    environment = plugin(tmp_path, entry_points, broken="1 / 0")
    write(tmp_path, m=CLEAN)
    assert program(tmp_path, "m.py", environment=environment) == Run(0, "", uncompared(1))


CRASHED = "bnlint: error: m.py: rule XY100 crashed ("


@pytest.mark.parametrize(
    ("check", "message"),
    [
        pytest.param("return [1 / 0]", ": ZeroDivisionError: division by zero)",
                     id="exception"),
        pytest.param("raise KeyError('two\\nlines')", "KeyError: 'two\\nlines'", id="two lines"),
        pytest.param("raise ValueError('two\\nlines')", "ValueError: two lines", id="newline"),
        pytest.param("assert False", "AssertionError)", id="no message"),
        pytest.param("return check_site(site, context)", "RecursionError: maximum recursion",
                     id="recursion"),
        pytest.param("yield 'BN101'", "TypeError: a check gives findings, not str", id="a text"),
        pytest.param("return None", "TypeError: 'NoneType' object is not iterable", id="nothing"),
        pytest.param(f"{REPORTS}; 1 / 0", "ZeroDivisionError", id="after a finding"),
    ],
)  # fmt: skip
def test_rule_that_crashes(tmp_path: Path, check: str, message: str) -> None:
    """It costs its own findings on this file, and says so in a line."""
    environment = plugin(tmp_path, crash=RULE.format(check=check))
    write(tmp_path, m=FAULTY, n="x = 1\n")
    run = program(tmp_path, "m.py", "n.py", environment=environment)
    assert run.code == 2
    assert f"m.py:{FINDING}" in run.out.splitlines()
    *_, line = run.err.splitlines()
    assert line.startswith(CRASHED)
    assert message in line
    assert line.endswith("); please report this")
    assert program(tmp_path, "--ignore=XY", "m.py", environment=environment).code == 1


UNREADABLE = RULE.partition("def check_site")[0] + "def check_unreadable(failure):\n    {check}\n"


def test_rule_that_crashes_on_what_cannot_be_read(tmp_path: Path) -> None:
    environment = plugin(tmp_path, crash=UNREADABLE.format(check="1 / 0"))
    write(tmp_path, m=b"\xff", n=FAULTY)
    run = program(tmp_path, "m.py", "n.py", environment=environment)
    assert run.code == 2
    assert [line.split()[2] for line in run.out.splitlines()] == ["BN900", "BN101"]
    assert CRASHED in run.err


def test_interpreter_that_dies(tmp_path: Path) -> None:
    """Of a file that kills its process, the others do not suffer."""
    check = "import os; os._exit(9) if 'deadly' in context.module.path else None; return []"
    environment = plugin(tmp_path, deadly=RULE.format(check=check))
    padding = "# " + "x" * 150_000 + "\n"
    write(tmp_path, a=FAULTY + padding, deadly=FAULTY + padding, z=FAULTY + padding)
    run = program(tmp_path, "-j2", environment=environment)
    assert run.code == 2
    assert [line.partition(":")[0] for line in run.out.splitlines()] == ["a.py", "z.py"]
    assert run.err.endswith("deadly.py: reading it crashed the Python interpreter\n")


def test_documentation_that_breaks_the_form(tmp_path: Path) -> None:
    module = RULE.format(check=REPORTS).replace("Numbers\n", "Figures\n")
    environment = plugin(tmp_path, bad=module)
    assert program(tmp_path, "explain", "XY100", environment=environment) == Run(
        2, "", "bnlint: error: house_rules.bad: there is no section 'Figures'\n"
    )
    write(tmp_path, m=FAULTY)
    assert program(tmp_path, "--ignore=XY", "m.py", environment=environment) == Run(
        1, f"m.py:{FINDING}\n", SUMMARY
    )
