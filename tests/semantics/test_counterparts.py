"""What is known of a reference of which the framework alone is in view."""

from __future__ import annotations

from bnlint.frameworks.tables import catalogue
from bnlint.semantics.layers.references import DECLARED, Counterpart
from bnlint.semantics.values.value import DEFAULT


def test_a_default_that_is_no_literal_is_not_known() -> None:
    tables = catalogue().load(("haiku",)).norms
    api = next(api for api in tables.apis.values() if api.id == "haiku.GroupNorm")
    reference = Counterpart(DECLARED, api, None, directed=True)
    assert reference.value("eps").kind == DEFAULT
    assert reference.value("reduced axis").why == "GroupNorm has no default for it"
    assert not reference.value("reduced axis").is_known
