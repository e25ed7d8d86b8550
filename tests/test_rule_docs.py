"""The documentation of every rule holds: its examples give what they promise, and only that."""

from __future__ import annotations

import importlib.util
import re
import types
from pathlib import Path

import pytest

from bnlint.engine.documentation import DocumentationError, page
from bnlint.engine.linter import Options, check
from bnlint.engine.registry import LoadedRule, load_rules
from bnlint.output.rules import markdown, rule_table, seen, unproven

ROOT = Path(__file__).resolve().parent.parent
RULES = load_rules()
CODES = frozenset(loaded.code for loaded in RULES)

EXAMPLES = [
    pytest.param(
        loaded, example, id=f"{loaded.code} {'hazard' if example.hazard else 'clean'} {number}"
    )
    for loaded in RULES
    for number, example in enumerate(page(loaded.module).examples)
]


@pytest.mark.parametrize(("loaded", "example"), EXAMPLES)
def test_example_is_what_it_says(loaded: LoadedRule, example: object) -> None:
    """A hazard gives the rule's finding and no other; a clean example gives nothing."""
    options = Options(CODES, frozenset({loaded.code}), from_family=example.from_family)
    result = check(example.code.encode(), "example.py", RULES, options)
    assert result.problems == ()
    found = {finding.code for finding in result.findings}
    assert found == ({loaded.code} if example.hazard else set())


def test_codes_and_names_are_unique_and_sorted() -> None:
    codes = [loaded.code for loaded in RULES]
    names = [loaded.name for loaded in RULES]
    assert codes == sorted(set(codes))
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("loaded", RULES, ids=lambda loaded: loaded.code)
def test_file_is_called_as_the_rule(loaded: LoadedRule) -> None:
    assert Path(str(loaded.module.__file__)).stem == loaded.name.replace("-", "_")


@pytest.mark.parametrize("loaded", RULES, ids=lambda loaded: loaded.code)
def test_page_is_generated_from_the_docstring(loaded: LoadedRule) -> None:
    path = ROOT / "docs" / "rules" / f"{loaded.code}.md"
    assert path.read_text(encoding="utf-8") == markdown(loaded), (
        "run 'python docs/generate.py' to write the rule pages anew"
    )


@pytest.mark.parametrize("loaded", RULES, ids=lambda loaded: loaded.code)
def test_items_of_a_list_have_lines_of_their_own(loaded: LoadedRule) -> None:
    """An item that follows another in one line is text of the other, as Markdown shows it."""
    assert not re.search(r"[;.] +-\s", markdown(loaded))


def test_kinds_of_normalisation_are_listed_as_people_do() -> None:
    """A rule for one kind names it alone."""
    texts = [(ROOT / "docs" / "rules" / f"{rule.code}.md").read_text() for rule in RULES]
    said = [found for text in texts for found in re.findall(r"; (for [^;]*normalisation);", text)]
    assert "for local response normalisation" in said
    assert any(re.fullmatch(r"for \w[\w ]*(, \w[\w ]*)* and \w[\w ]*", text) for text in said)
    assert not any("  " in text or "for and" in text or ",  " in text for text in said)


def test_kinds_of_normalisation_are_those_that_a_rule_speaks_of() -> None:
    """A rule need not speak of batch normalisation; what all rules speak of is not worth a word."""
    heads = {loaded.code: markdown(loaded).split("## What it does")[0] for loaded in RULES}
    others = (
        "layer normalisation, group normalisation, instance normalisation and RMS normalisation"
    )
    assert f"; for {others};" in heads["BN305"]
    assert f"; for batch normalisation, {others};" in heads["BN103"]
    assert "; for batch normalisation and instance normalisation;" in heads["BN101"]
    assert "; for " not in heads["BN201"]


def test_what_was_seen_is_what_the_tables_say() -> None:
    """Each page says the counts; a rule on bnlint itself that nobody saw has none."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None and spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert seen() == generate.counted([loaded.code for loaded in RULES]), "run docs/generate.py"
    pages = {loaded.code: markdown(loaded) for loaded in RULES}
    assert "Seen on public code: 8 true, 0 false.\n" in pages["BN204"]
    assert "Seen on public code: 0 true, 1 false, as they were first run." in pages["BN207"]
    assert "Seen on public code: nothing yet, true or false." in pages["BN402"]
    assert "Seen" not in pages["BN901"]
    assert "BN402" in unproven(RULES) and "BN208" not in unproven(RULES)


def test_rule_table_is_generated() -> None:
    index = (ROOT / "docs" / "rules" / "README.md").read_text(encoding="utf-8")
    assert rule_table(RULES) in index, "run 'python docs/generate.py'"
    assert unproven(RULES) in index, "run 'python docs/generate.py'"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert rule_table(RULES, "docs/rules/") in readme, "run 'python docs/generate.py'"


@pytest.mark.parametrize("loaded", RULES, ids=lambda loaded: loaded.code)
def test_page_tells_of_the_fixes_that_the_rule_makes(loaded: LoadedRule) -> None:
    """A rule that never says SAFE makes no safe fix, and one that does has a page that says so."""
    made = {kind for kind in ("safe", "unsafe") if hasattr(loaded.module, kind.upper())}
    assert set(page(loaded.module).fixes) == made


SECTIONS = {
    "What it does": "A",
    "Why it matters": "B",
    "Example": "Hazard:\n\n    x\n\nClean:\n\n    y",
    "Fix": "Writes it.",
    "Fix safety": "Safe always.",
}


def documented(**changes: str) -> types.ModuleType:
    """Return a module whose docstring has the sections above, but for the changes."""
    sections = SECTIONS | {title.replace("_", " "): text for title, text in changes.items()}
    module = types.ModuleType("broken")
    module.__doc__ = "One.\n\n" + "\n\n".join(
        f"{title}\n{'-' * len(title)}\n{text}" for title, text in sections.items() if text
    )
    return module


@pytest.mark.parametrize(
    ("changes", "fixes"),
    [
        ({}, ("safe",)),
        ({"Fix": "None.", "Fix_safety": ""}, ()),
        ({"Fix_safety": "Unsafe here.\n\nSafe there."}, ("safe", "unsafe")),
        ({"Fix_safety": "Unsafe, though it is\nsafe to look.\n\nNot written."}, ("unsafe",)),
    ],
)
def test_fixes_of_a_page(changes: dict[str, str], fixes: tuple[str, ...]) -> None:
    assert page(documented(**changes)).fixes == fixes


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"Example": "Hazard:\n\n    x"}, "a hazard and a clean one"),
        ({"Fix_safety": ""}, "'Fix safety' is missing"),
        ({"Fix": "None."}, "'Fix safety' is there, and nothing is written"),
        ({"Fix_safety": "Safe.\n\nElse it is not."}, "begins with Safe, Unsafe, Not written"),
        ({"Why_it_matters": ""}, "'Why it matters' is missing"),
        ({"Advice": "None."}, "there is no section 'Advice'"),
    ],
)
def test_docstring_of_another_form_is_refused(changes: dict[str, str], says: str) -> None:
    with pytest.raises(DocumentationError, match=says):
        page(documented(**changes))


def test_kinds_name_each_rule_and_say_whether_it_runs_unasked() -> None:
    """The table of kinds of faults has every rule, but for those on bnlint's own comments."""
    text = (ROOT / "docs" / "accuracy" / "kinds.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| [^|]+\| (BN\d+)? ?\| (yes|no)? ?\| (.*)\|$", text, re.MULTILINE)
    told = {code: default for code, default, _ in rows if code}
    alone = {"BN901", "BN902"}
    assert told == {r.code: "yes" if r.default else "no" for r in RULES if r.code not in alone}
    assert all(why.strip() for code, default, why in rows if not code or default == "no")
