"""The steps that a file may cost."""

from __future__ import annotations

from bnlint.semantics.values.budget import Budget


def test_the_step_that_is_not_there_spends_it() -> None:
    budget = Budget(2)
    assert budget.spend()
    assert budget.spend()
    assert not budget.is_spent
    assert not budget.spend()
    assert budget.is_spent
