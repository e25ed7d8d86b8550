"""Every fix that is written for a case of ``tests/cases/variants`` takes its finding away.

What is fixed is checked again as it is after each ``bnlint --fix``: a fix that leaves its finding,
or brings another, is rolled back with a notice. Few are, and each is known.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from changes import all_rules
from test_variants import CASES, CODES, Case

from bnlint.engine.facts import ReferenceFile, renew
from bnlint.engine.linter import Options, Result
from bnlint.fixing.rounds import fix

#: Cases in which a fix is rolled back, and what it would have left or brought.
ROLLED_BACK = {
    "BN102 safe with a direction: another number": "BN106",  # the right number is 0
    "BN103 one side always uses the batch: all in test_it()": "BN211",
    "BN103 one side always uses the batch: all in forward()": "BN211",
    "BN103 affine by position: another number": "BN108",
    "BN103 both are synchronised: another number": "BN104",
    "BN103 a reference without gamma and beta: another number": "BN113",
    "BN105 a reference of the same framework is none: track_running_stats more": "BN102",
    "BN110 the default of X2Paddle's layer: not called": "BN110",
    "BN213 a flag set for a scope: a keyword less": "BN104",
    "BN215 two optimisers of a GAN: a keyword less": "BN603",
    "flags a flag that is handed to a layer as its mask, which is told to infer": "BN213",
    "flags a model whose layer is told to train": "BN204",
    "flags_of_modes a block that tells only its dropout": "BN215",
    "freezing a freeze asks for the statistics too, and the model is trained": "BN251",
    "freezing what freezes stands in a function that a loop defines": "BN256",
    "freezing a layer that keeps no statistics, in a class that is named for a freeze": "BN253",
    "freezing_elsewhere a MindSpore model that is never switched to training": "BN251",
    "implicit_arguments a layer that always trains in a test of scopes": "BN104",
    "layers a flag set for a scope: the first of it": "BN104",
    "layers a layer that keeps no statistics: unpacked": "BN102",
    "layers a flag set for a scope: with slim.arg_scope()(slim.batch_norm, is_traini": "BN104",
    "layers an argument scope that is not resolved may set it: with slim.batch_norm(scope):": (
        "BN104"
    ),
    "layers the model's layers are told to train: model = (not Net)()": "BN204",
    "origins layers of two frameworks, into one of which a converter carries weights": "BN103",
    "rates_of_both_sides layers whose momentum does nothing, beside those that keep statistics": (
        "BN104"
    ),
}

FIXED = [
    name
    for name, case in CASES.items()
    if any(line.lstrip().startswith(("safe fix", "unsafe fix")) for line in case.said)
]


@pytest.mark.parametrize("name", FIXED)
def test_what_is_fixed_is_gone(name: str, tmp_path: Path) -> None:
    """No fix is left over; what it leaves is Python, and holds nothing that it should not bring."""
    result = _fixed(CASES[name], tmp_path)
    assert result.problems == ()
    if name in ROLLED_BACK:
        (notice,) = result.notices
        assert "was rolled back" in notice
        assert ROLLED_BACK[name] in notice
        return
    assert result.notices == ()
    assert [f.code for f in result.findings if f.fix is not None and f.fix.edits] == []
    assert result.fixed
    assert result.after is not None
    ast.parse(result.after)


def _fixed(case: Case, folder: Path) -> Result:
    """Return what comes of fixing the first file of a case, with fixes that are unsafe too."""
    (path, text), *others = case.files.items()
    place = str((folder / path).parent) if others else None
    for name, other in case.files.items() if others else ():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(other, "utf-8")
    renew()
    references = tuple(
        ReferenceFile(name, other.encode())
        for name, other in others
        if name.startswith("reference")
    )
    options = Options(CODES, CODES, "low", case.family, place, references=references)
    return fix(text.encode(), path, all_rules(), options, unsafe=True)
