"""BN901: suppressions that suppress nothing."""

from __future__ import annotations

import pytest
from one_rule import Hazard, all_rules, check_clean, check_hazard, clean, hazard

from bnlint.engine.linter import Options, check
from bnlint.finding import RemoveComment

IMPORT = "import torch.nn as nn\n"
KIND = "warning high"
REMOVE = "safe: remove the comment"

HAZARD = [
    hazard(
        "a code that finds nothing here",
        "bn = nn.BatchNorm2d(64)  «# bnlint: ignore[BN101] converted»",
        "unused suppression (BN101): the code suppresses nothing",
        kind=KIND,
        fix=REMOVE,
    ),
    hazard(
        "a name that finds nothing here",
        "bn = nn.BatchNorm2d(64)  «# bnlint: ignore[momentum-convention]»",
        "unused suppression (momentum-convention): the code suppresses nothing",
        kind=KIND,
        fix=REMOVE,
    ),
    hazard(
        "everything, where there is nothing",
        "bn = nn.BatchNorm2d(64)  «# bnlint: ignore»",
        "unused suppression: it suppresses nothing",
        kind=KIND,
        fix=REMOVE,
    ),
    hazard(
        "one code of two",
        "bn = nn.BatchNorm2d(64, momentum=0.99)  «# bnlint: ignore[BN101, BN106] last batch»",
        "unused suppression (BN106): the code suppresses nothing",
        kind=KIND,
        fix="safe: write '# bnlint: ignore[BN101] last batch'",
    ),
    hazard(
        "two codes of three",
        "bn = nn.BatchNorm2d(64, momentum=0.99)  «# bnlint: ignore[BN106, bn101, BN108]»",
        "unused suppression (BN106, BN108): the codes suppress nothing",
        kind=KIND,
        fix="safe: write '# bnlint: ignore[bn101]'",
    ),
    hazard(
        "in noqa",
        "bn = nn.BatchNorm2d(64)  «# noqa: BN101»",
        "unused suppression (BN101): the code suppresses nothing",
        kind=KIND,
        fix=REMOVE,
    ),
    hazard(
        "in noqa, beside another tool's code, which stays",
        "bn = nn.BatchNorm2d(64)  «# noqa: E501,BN101»",
        "unused suppression (BN101): the code suppresses nothing",
        kind=KIND,
        fix="safe: write '# noqa: E501'",
    ),
    hazard(
        "for the whole file",
        "«# bnlint: ignore-file[BN101] generated»\nbn = nn.BatchNorm2d(64)",
        "unused suppression (BN101): the code suppresses nothing",
        kind=KIND,
        fix=REMOVE,
    ),
    hazard(
        "for the whole file, everything",
        "«# bnlint: ignore-file»\nbn = nn.BatchNorm2d(64)",
        "unused suppression: it suppresses nothing",
        kind=KIND,
        fix=REMOVE,
    ),
    hazard(
        "a second one for the same finding, on a line where it does not count",
        "«# bnlint: ignore[BN101]»\n\nbn = nn.BatchNorm2d(64, momentum=0.99)  # bnlint: ignore",
        "unused suppression (BN101)",
        kind=KIND,
        fix=REMOVE,
    ),
    hazard(
        "in a file without batch normalisation",
        "x = 1  «# bnlint: ignore[BN101]»",
        "unused suppression (BN101)",
        kind=KIND,
        fix=REMOVE,
    ),
    hazard(
        "another tool's comment beside it stays",
        "bn = nn.BatchNorm2d(64)  # type: ignore  «# bnlint: ignore[BN101]»  # noqa: E501",
        "unused suppression (BN101)",
        kind=KIND,
        fix=REMOVE,
    ),
]


@pytest.mark.parametrize("expected", HAZARD)
def test_hazard(expected: Hazard) -> None:
    finding = check_hazard("BN901", expected, IMPORT)
    assert finding.fix is not None
    (intent,) = finding.fix.intents
    assert isinstance(intent, RemoveComment)
    assert intent.target == finding.span
    assert expected.fix in (REMOVE, f"safe: write '{intent.text}'")


CLEAN = [
    clean("it suppresses", "bn = nn.BatchNorm2d(64, momentum=0.99)  # bnlint: ignore[BN101]"),
    clean(
        "by its name",
        "bn = nn.BatchNorm2d(64, momentum=0.99)  # bnlint: ignore[momentum-convention]",
    ),
    clean("in lower case", "bn = nn.BatchNorm2d(64, momentum=0.99)  # bnlint: ignore[bn101]"),
    clean(
        "code and name of one rule, twice the same",
        "bn = nn.BatchNorm2d(64, momentum=0.99)  # bnlint: ignore[BN101, momentum-convention]",
    ),
    clean(
        "both of two codes",
        "bn = nn.BatchNorm2d(64, 0.99, momentum=0.99)  # bnlint: ignore[BN101, BN108]",
    ),
    clean("the whole file", "# bnlint: ignore-file[BN101]\nbn = nn.BatchNorm2d(64, momentum=0.99)"),
    clean(
        "two that both count for one finding",
        "# bnlint: ignore[BN101]\nbn = nn.BatchNorm2d(64, momentum=0.99)  # noqa: BN101",
    ),
    clean("in noqa", "bn = nn.BatchNorm2d(64, momentum=0.99)  # noqa: E501, BN101"),
    clean("a bare noqa is other tools' business", "bn = nn.BatchNorm2d(64)  # noqa"),
    clean("codes of other tools", "bn = nn.BatchNorm2d(64)  # noqa: E501, PLR0913"),
    clean(
        "a code there is not: an invalid directive",
        "bn = nn.BatchNorm2d(64)  # bnlint: ignore[BN999]",
    ),
    clean(
        "a code that compares, where there is nothing to compare with",
        "bn = nn.BatchNorm2d(64)  # bnlint: ignore[BN103]",
    ),
    clean("this rule itself", "bn = nn.BatchNorm2d(64)  # bnlint: ignore[BN901]"),
    clean(
        "a rule about bnlint's comments, which is judged after this one",
        "bn = nn.BatchNorm2d(64)  # bnlint: ignore[BN999, BN902]",
    ),
    clean("suppressed itself", "bn = nn.BatchNorm2d(64)  # bnlint: ignore[BN101, BN901]"),
    clean("text", "s = '# bnlint: ignore[BN101]'\nbn = nn.BatchNorm2d(64)"),
    clean("malformed: an invalid directive", "bn = nn.BatchNorm2d(64)  # bnlint: ignore[BN101"),
    clean("no suppression", "bn = nn.BatchNorm2d(64)  # bnlint: port-of ref.py"),
]


@pytest.mark.parametrize("code", CLEAN)
def test_clean(code: str) -> None:
    check_clean("BN901", code, IMPORT)


@pytest.mark.parametrize(
    ("from_family", "codes"),
    [
        pytest.param(None, [], id="nothing to compare with: it could not have fired"),
        pytest.param("torch", ["BN901"], id="a source it equals: it could, and did not"),
        pytest.param("keras", [], id="a source it differs from: it suppresses"),
    ],
)
def test_a_code_that_compares(from_family: str | None, codes: list[str]) -> None:
    data = f"{IMPORT}bn = nn.BatchNorm2d(64, momentum=0.01)  # bnlint: ignore[BN103]\n".encode()
    every = frozenset(rule.code for rule in all_rules())
    result = check(data, "m.py", all_rules(), Options(every, from_family=from_family))
    assert [finding.code for finding in result.findings] == codes


def test_a_rule_that_is_not_selected_could_not_have_fired() -> None:
    data = f"{IMPORT}bn = nn.BatchNorm2d(64)  # bnlint: ignore[BN101]\n".encode()
    result = check(data, "m.py", all_rules(), Options(frozenset({"BN901", "BN103"})))
    assert result.findings == ()
