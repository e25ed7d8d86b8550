"""Which fixes are made together, which wait, and which are allowed at all."""

from __future__ import annotations

import pytest
from changes import HEAD, all_rules, fixed, fixed_by, made, over, text_after

from bnlint.engine.linter import Options, check
from bnlint.finding import UNSAFE, Finding
from bnlint.fixing.rounds import allows, fix

IMPORT = "import torch.nn as nn\n"
FAULTY = f"{IMPORT}bn = nn.BatchNorm2d(64, momentum=0.99)\n"  # its fix is unsafe
MISNAMED = f"{IMPORT}bn = nn.BatchNorm2d(64, epsilon=0.001)\n"  # its fix is safe


def test_fixes_that_overlap_are_made_one_after_the_other() -> None:
    rules = [
        made("ONE", r"f\(bad\)", lambda m: [(2, 5, "good")]),
        made("TWO", r"\bbad\b", over("fine"), when="bad"),
    ]
    result = fixed_by(f"{HEAD}x = f(bad)\ny = bad\n", *rules)
    assert text_after(result) == f"{HEAD}x = f(good)\ny = fine\n"
    assert [(f.code, f.span.row) for f in result.fixed] == [("ONE", 2), ("TWO", 3)]


def test_fixes_that_touch_are_made_one_after_the_other() -> None:
    rules = [
        made("ONE", r"-a(?!c)", lambda m: [(2, 2, "c")]),
        made("TWO", r"(?<=-)a[c]*(?!.*d)", lambda m: [(len(m[0]), len(m[0]), "d")]),
    ]
    result = fixed_by(f"{HEAD}x = -a\n", *rules)
    assert text_after(result) == f"{HEAD}x = -acd\n"
    assert (result.findings, result.notices) == ((), ())


def test_edits_of_one_fix_are_all_made_or_none() -> None:
    rules = [
        made("ONE", r"f\(a, b\)", lambda m: [(2, 3, "c"), (5, 6, "d")]),
        made("TWO", r"(?<=, )b\b", over("other")),  # comes in the way of the second
    ]
    result = fixed_by(f"{HEAD}x = f(a, b)\n", *rules)
    assert text_after(result) == f"{HEAD}x = f(c, d)\n"
    rules = [made("AAA", r"\bf\(a, b\)", lambda m: [(5, 6, "other")]), rules[0]]
    result = fixed_by(f"{HEAD}x = f(a, b)\n", *rules)
    assert text_after(result) == f"{HEAD}x = f(a, other)\n"


def test_calls_within_calls() -> None:
    text = f"{IMPORT}bn = nn.BatchNorm2d(f(nn.BatchNorm2d(3), nn.BatchNorm2d(4)))\n"
    after = text.replace("3)", "3, eps=0.001)").replace("4)))", "4, eps=0.001)), eps=0.001)")
    result = fixed(text, from_family="keras", only=["BN103"])
    assert text_after(result) == after
    assert (result.findings, result.notices) == ((), ())


def test_fixing_twice_is_fixing_once() -> None:
    rules = [made("ONE", r"\bold\b", over("older")), made("TWO", r"\bolder\b", over("new"))]
    once = text_after(fixed_by(f"{HEAD}x = old\n", *rules))
    assert fixed_by(once, *rules).after is None


def test_more_findings_than_rounds() -> None:
    text = HEAD + "x = old\n" * 100
    assert text_after(fixed_by(text, made("ONE", r"\bold\b", over("new")))).count("new") == 100


# -------------------------------------------------------------------------- applicability


def test_unsafe_fixes_are_made_only_where_asked_for() -> None:
    assert fixed(FAULTY, unsafe=False).after is None
    assert b"momentum=0.01" in (fixed(FAULTY).after or b"")


def test_safe_fixes_are_made_beside_unsafe_ones() -> None:
    text = FAULTY + "b = nn.BatchNorm2d(64, epsilon=0.001)\n"
    result = fixed(text, unsafe=False)
    assert text_after(result) == text.replace("epsilon", "eps")
    assert [(f.code, f.fix and f.fix.applicability) for f in result.findings] == [("BN101", UNSAFE)]


def test_findings_to_keep_are_not_fixed() -> None:
    text = MISNAMED + "b = nn.BatchNorm2d(64, epsilon=0.001)\n"
    options = Options(frozenset(r.code for r in all_rules()))
    first, _ = check(text.encode(), "f.py", all_rules(), options).findings
    result = fix(text.encode(), "f.py", all_rules(), options, keep=[first])
    assert text_after(result) == MISNAMED + "b = nn.BatchNorm2d(64, eps=0.001)\n"


def _with(text: str, **options: frozenset[str]) -> tuple[bool, Finding]:
    codes = frozenset(r.code for r in all_rules())
    result = check(text.encode(), "f.py", all_rules(), Options(codes, **options))  # type: ignore[arg-type]
    (finding,) = result.findings
    made = fix(text.encode(), "f.py", all_rules(), Options(codes, **options))  # type: ignore[arg-type]
    assert (made.after is not None) == allows(finding, unsafe=False)
    return allows(finding, unsafe=False), finding


@pytest.mark.parametrize(
    ("text", "options", "safe", "reason"),
    [
        pytest.param(
            FAULTY, {}, False, "the other convention is inferred from the value", id="as is"
        ),
        pytest.param(FAULTY, {"safe_fixes": {"BN101"}}, True, "", id="promoted"),
        pytest.param(MISNAMED, {}, True, "", id="safe as is"),
        pytest.param(
            MISNAMED,
            {"unsafe_fixes": {"BN108"}},
            False,
            "the configuration has it as unsafe",
            id="demoted",
        ),
        pytest.param(
            MISNAMED,
            {"unfixable": {"BN108"}},
            False,
            "the configuration keeps it from being fixed",
            id="unfixable",
        ),
        pytest.param(
            MISNAMED,
            {"unfixable": {"BN108"}, "safe_fixes": {"BN108"}},
            False,
            "the configuration keeps it from being fixed",
            id="unfixable though promoted",
        ),
    ],
)
def test_configuration(text: str, options: dict[str, set[str]], safe: bool, reason: str) -> None:
    allowed, finding = _with(text, **{name: frozenset(codes) for name, codes in options.items()})
    assert allowed == safe
    assert finding.fix is not None
    assert finding.fix.reason == reason


def test_what_was_rolled_back_is_tried_beside_what_was_changed_since() -> None:
    """To copy the variance too would tell of arrays in the wrong order, while they are."""
    text = (
        "import tensorflow as tf\nimport torch\n\n\n"
        "def copy(k: tf.keras.layers.Layer, t: torch.nn.BatchNorm2d):\n"
        "    gamma, beta, {} = k.get_weights()\n"
        "    t.weight.data = torch.from_numpy(gamma)\n"
        "    t.bias.data = torch.from_numpy(beta)\n"
        "    t.running_mean.data = torch.from_numpy(mean)\n"
    )
    result = fixed(text.format("var, mean"), only=["BN401", "BN404"])
    assert text_after(result).startswith(text.format("mean, var"))
    assert "t.running_var.data = torch.from_numpy(var)" in text_after(result)
    assert (result.findings, result.notices) == ((), ())


def test_what_is_rolled_back_for_good_is_told_once() -> None:
    rules = [
        made("ONE", r"\bone\b", over("1")),
        made("TWO", r"\btwo\b", over("2")),
        made("NEW", r"\b1\b", None),
    ]
    result = fixed_by(f"{HEAD}x = one\ny = two\n", *rules)
    assert text_after(result) == f"{HEAD}x = one\ny = 2\n"
    (notice,) = result.notices
    assert notice.startswith("the fix of ONE")
