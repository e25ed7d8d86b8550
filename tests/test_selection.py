"""Which rules run where, and which of their fixes are applied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnlint.config.options import parse
from bnlint.config.settings import (
    Config,
    Given,
    Selection,
    check_families,
    check_selectors,
    ignored_for,
    override,
    resolve,
    resolve_fixes,
)


class Rule(NamedTuple):
    """A rule, as far as selection looks at it."""

    code: str
    name: str
    default: bool = True


RULES = (
    Rule("BN101", "momentum-convention"),
    Rule("BN102", "momentum-differs"),
    Rule("BN103", "eps-differs"),
    Rule("BN105", "statistics-not-tracked", default=False),
    Rule("BN201", "missing-eval"),
    Rule("BN256", "frozen-statistics", default=False),
    Rule("BNX10", "of-a-plugin"),
)
DEFAULT = "BN101 BN102 BN103 BN201 BNX10"
ALL = "BN101 BN102 BN103 BN105 BN201 BN256 BNX10"


def config(**table: Any) -> Config:
    """Return the configuration with the options in ``table``."""
    table = {key.replace("_", "-"): value for key, value in table.items()}
    return parse(table, "pyproject.toml", "tool.bnlint.", "/p")


def codes(chosen: frozenset[str]) -> str:
    """Return the codes as one readable string."""
    return " ".join(sorted(chosen))


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        pytest.param({}, DEFAULT, id="nothing selected"),
        pytest.param({"select": []}, "", id="an empty selection"),
        pytest.param({"select": ["BN103"]}, "BN103", id="a code"),
        pytest.param({"select": ["eps-differs"]}, "BN103", id="a name"),
        pytest.param({"select": ["BN10"]}, "BN101 BN102 BN103 BN105", id="a prefix"),
        pytest.param(
            {"select": ["BN"]}, "BN101 BN102 BN103 BN105 BN201 BN256", id="not a plugin's letters"
        ),
        pytest.param({"select": ["BNX"]}, "BNX10", id="a plugin's letters"),
        pytest.param({"select": ["ALL"]}, ALL, id="all, with those off by default"),
        pytest.param({"select": ["BN105"]}, "BN105", id="off by default, by code"),
        pytest.param({"extend-select": ["BN2"]}, f"{DEFAULT} BN256", id="more than the default"),
        pytest.param({"ignore": ["BN1"]}, "BN201 BNX10", id="less than the default"),
        pytest.param({"ignore": ["ALL"]}, "", id="nothing"),
        pytest.param(
            {"select": ["BN1"], "ignore": ["eps-differs"]}, "BN101 BN102 BN105", id="but one"
        ),
        pytest.param({"select": ["BN103"], "ignore": ["BN1"]}, "BN103", id="the longer one wins"),
        pytest.param({"select": ["BN1"], "ignore": ["BN1"]}, "", id="ignore wins between equals"),
        pytest.param({"select": ["BN103"], "ignore": ["eps-differs"]}, "", id="code and name"),
        pytest.param({"select": ["ALL"], "ignore": ["BN"]}, "BNX10", id="ALL comes last"),
        pytest.param({"select": ["BN2"], "extend-select": ["BN103"], "ignore": ["BN10"]},
                     "BN103 BN201 BN256", id="extend-select counts like select"),
        pytest.param({"select": ["BN105"], "ignore": ["BN10"], "extend-select": ["BN1"]},
                     "BN105", id="three lengths"),
    ],
)  # fmt: skip
def test_resolve(table: dict[str, Any], expected: str) -> None:
    """The most specific selector decides."""
    assert codes(resolve(config(**table), RULES)) == " ".join(sorted(expected.split()))


@pytest.mark.parametrize(
    ("table", "given", "expected"),
    [
        pytest.param({"ignore": ["BN103"]}, Selection(select=("BN1",)),
                     "BN101 BN102 BN103 BN105", id="--select forgets what the file ignores"),
        pytest.param({"select": ["BN103"]}, Selection(ignore=("BN1",)), "", id="--ignore wins"),
        pytest.param({"ignore": ["BN103"]}, Selection(extend_select=("BN1",)),
                     f"{DEFAULT} BN105", id="--extend-select wins"),
        pytest.param({"select": ["BN2"]}, Selection(extend_select=("BN103",)),
                     "BN103 BN201 BN256", id="--extend-select adds"),
        pytest.param({"select": ["BN2"]}, Selection(), "BN201 BN256", id="nothing given"),
        pytest.param({"select": ["BN2"]}, Selection(select=()), "", id="an empty --select"),
    ],
)  # fmt: skip
def test_resolve_with_command_line(table: dict[str, Any], given: Selection, expected: str) -> None:
    """The command line decides over the file, however specific the file is (as in ruff)."""
    both = override(config(**table), Given(given), "/p")
    assert codes(resolve(both, RULES)) == " ".join(sorted(expected.split()))


SELECTORS = st.lists(
    st.sampled_from(["ALL", "BN", "BN1", "BN10", "BN103", "eps-differs", "BN2", "BNX"]), max_size=4
)


@given(SELECTORS, SELECTORS, SELECTORS, st.permutations(RULES))
def test_resolve_does_not_depend_on_order(
    select: list[str], extend: list[str], ignore: list[str], rules: Sequence[Rule]
) -> None:
    """Nor on repetition, or on which of the two lists a selector stands in."""
    first = resolve(config(select=select, extend_select=extend, ignore=ignore), RULES)
    second = resolve(
        config(select=[*extend, *select[::-1], *extend], extend_select=[], ignore=ignore * 2), rules
    )
    assert first == second


@given(SELECTORS, SELECTORS)
def test_resolve_a_code_by_itself(select: list[str], ignore: list[str]) -> None:
    """A code that is selected and not ignored by code or name runs; and the other way round."""
    assert ("BN103" in resolve(config(select=[*select, "BN103"], ignore=ignore), RULES)) == (
        not {"BN103", "eps-differs"} & set(ignore)
    )
    assert "BN103" not in resolve(config(select=select, ignore=[*ignore, "BN103"]), RULES)


@pytest.mark.parametrize(
    ("patterns", "path", "expected"),
    [
        pytest.param({"m.py": ["BN103"]}, "/p/a/m.py", "BN103", id="a name, at any depth"),
        pytest.param({"m.py": ["BN103"]}, "/p/a/n.py", "", id="another name"),
        pytest.param({"a": ["BN103"]}, "/p/a/m.py", "", id="a folder's name is no file's"),
        pytest.param({"a/*": ["BN1"]}, "/p/a/b/m.py", "BN101 BN102 BN103 BN105", id="in a folder"),
        pytest.param({"a/*": ["BN1"]}, "/p/b/a/m.py", "", id="not in one of the same name"),
        pytest.param({"**/a/*": ["BN2"]}, "/p/b/a/m.py", "BN201 BN256", id="unless it says so"),
        pytest.param({"!a/*": ["BN103"]}, "/p/m.py", "BN103", id="all but a folder"),
        pytest.param({"!a/*": ["BN103"]}, "/p/a/m.py", "", id="the folder"),
        pytest.param({"*.py": ["eps-differs"], "m.*": ["BN201"]}, "/p/m.py", "BN103 BN201",
                     id="two patterns add up"),
        pytest.param({"*": ["ALL"]}, "/p/m.py", ALL, id="everything"),
        pytest.param({}, "/p/m.py", "", id="no pattern"),
    ],
)  # fmt: skip
def test_ignored_for(patterns: dict[str, list[str]], path: str, expected: str) -> None:
    """Patterns mean what they mean to ruff."""
    assert codes(ignored_for(config(per_file_ignores=patterns), path, RULES)) == expected


def test_ignored_for_on_command_line() -> None:
    """There, patterns begin in the current folder; a negation stays one."""
    given = Given(extend_per_file_ignores=(("!a/*", ("BN103",)),))
    both = override(config(), given, "/q")
    assert codes(ignored_for(both, "/q/a/m.py", RULES)) == ""
    assert codes(ignored_for(both, "/p/a/m.py", RULES)) == "BN103"


@pytest.mark.parametrize(
    ("table", "given", "fixable"),
    [
        pytest.param({}, Selection(), ALL, id="everything"),
        pytest.param({"unfixable": ["BN1"]}, Selection(), "BN201 BN256 BNX10", id="but"),
        pytest.param({"fixable": ["BN1"], "unfixable": ["BN103"]}, Selection(),
                     "BN101 BN102 BN105", id="only, but"),
        pytest.param({"fixable": []}, Selection(), "", id="nothing"),
        pytest.param({"unfixable": ["BN103"]}, Selection(fixable=("BN1",)),
                     "BN101 BN102 BN103 BN105", id="--fixable replaces"),
        pytest.param({"fixable": ["BN1"]}, Selection(unfixable=("BN10",)), "", id="--unfixable"),
    ],
)  # fmt: skip
def test_resolve_fixes(table: dict[str, Any], given: Selection, fixable: str) -> None:
    """Which rules may be fixed at all."""
    both = override(config(**table), Given(given), "/p")
    assert codes(resolve_fixes(both, RULES).fixable) == fixable


def test_resolve_fixes_safety() -> None:
    """The more specific selector decides, and caution between equals."""
    choice = resolve_fixes(
        config(extend_safe_fixes=["BN1", "BN201"], extend_unsafe_fixes=["BN103", "BN201"]), RULES
    )
    assert codes(choice.safe) == "BN101 BN102 BN105"
    assert codes(choice.unsafe) == "BN103 BN201"


@pytest.mark.parametrize(
    "selector", ["ALL", "BN", "BN1", "BN10", "BN103", "BNX", "eps-differs", "of-a-plugin"]
)
def test_check_selectors_known(selector: str) -> None:
    """What answers to a rule is no mistake."""
    assert check_selectors(config(select=[selector], ignore=[selector]), RULES) == ()


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("BN9", 'unknown rule "BN9"'),
        ("BN1033", 'unknown rule "BN1033"; did you mean BN103?'),
        ("bn103", 'unknown rule "bn103"; did you mean BN103?'),
        ("eps-difers", 'unknown rule "eps-difers"; did you mean eps-differs?'),
        ("B", 'unknown rule "B"'),
        ("E501", 'unknown rule "E501"'),
        ("all", 'unknown rule "all"; did you mean ALL?'),
        ("", 'unknown rule ""'),
    ],
)
def test_check_selectors_unknown(selector: str, message: str) -> None:
    """What answers to none is, with the nearest that does."""
    (mistake,) = check_selectors(config(ignore=[selector]), RULES)
    assert str(mistake) == f"pyproject.toml: tool.bnlint.ignore: {message}"


def test_check_selectors_everywhere() -> None:
    """All lists of selectors are looked at, and all mistakes told."""
    fields = (*Selection._fields, "extend_safe_fixes", "extend_unsafe_fixes")
    table: dict[str, Any] = {key: ["zz"] for key in fields}
    both = override(
        config(**table, per_file_ignores={"a.py": ["zz"]}), Given(Selection(ignore=("zz",))), "/p"
    )
    keys = [(mistake.path, mistake.key) for mistake in check_selectors(both, RULES)]
    assert keys == [
        *(("pyproject.toml", f"tool.bnlint.{key.replace('_', '-')}") for key in fields[:5]),
        ("command line", "--ignore"),
        ("pyproject.toml", "tool.bnlint.extend-safe-fixes"),
        ("pyproject.toml", "tool.bnlint.extend-unsafe-fixes"),
        ("pyproject.toml", 'tool.bnlint.per-file-ignores."a.py"'),
    ]


def test_check_families() -> None:
    """Each framework named must be one that there is a table of."""
    ports = [
        {"paths": ["a"], "from": "slim"},
        {"paths": ["b"], "from": "klingon"},
        {"paths": ["c"], "reference": "d.py"},
    ]
    assert check_families(config()) == ()
    assert check_families(config(**{"from": "Keras"}, port=ports[:1])) == ()
    (mistake,) = check_families(config(port=ports))
    assert mistake.key == "tool.bnlint.port[1].from"
    assert mistake.message.startswith('unknown framework "klingon"; accepted are caffe, chainer, ')
    given = override(config(**{"from": "slim"}), Given(from_family="kears"), "/p")
    assert [str(mistake) for mistake in check_families(given)] == [
        'command line: --from: unknown framework "kears"; did you mean keras?'
    ]
