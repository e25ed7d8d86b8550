"""What a wheel knows of its rules before it imports them is what they say themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bnlint.engine import registry
from bnlint.engine.registry import compile_rules, load_rules

RULES = load_rules()


@pytest.fixture
def compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "compiled.json").write_text(json.dumps(compile_rules()))
    monkeypatch.setattr(registry, "home", lambda kind: str(tmp_path))


@pytest.mark.usefixtures("compiled")
def test_compiled_rules_are_the_same() -> None:
    found = load_rules()
    assert [loaded.rule for loaded in found] == [loaded.rule for loaded in RULES]
    for ours, theirs in zip(found, RULES, strict=True):
        assert isinstance(ours.source, str)
        assert ours.module is theirs.module
        assert dict(ours.checks) == theirs.checks
        assert ours.is_own
        assert theirs.is_own


@pytest.mark.usefixtures("compiled")
def test_a_check_that_a_rule_has_not_is_none() -> None:
    for loaded in load_rules():
        assert "check_nothing" not in loaded.checks
        assert loaded.checks.get("check_nothing") is None


@pytest.mark.usefixtures("compiled")
def test_a_rule_is_imported_when_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def noted(name: str) -> object:
        asked.append(name)
        return original(name)

    original = registry.importlib.import_module
    monkeypatch.setattr(registry.importlib, "import_module", noted)
    found = {loaded.code: loaded for loaded in load_rules()}
    assert "check_site" in found["BN103"].checks
    assert not [name for name in asked if name.startswith("bnlint.rules.")]
    assert callable(found["BN103"].checks["check_site"])
    assert asked == ["bnlint.rules.eps_differs"]
