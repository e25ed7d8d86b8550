"""What docs/configuration.md says of calls of packages that bnlint does not know."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnlint.engine.linter import Options, check
from bnlint.engine.registry import load_rules

ROOT = Path(__file__).resolve().parent.parent
TEXT = " ".join((ROOT / "docs" / "configuration.md").read_text(encoding="utf-8").split())

SUMMARY, PART, COUNT = (
    "foo.summary(model)",
    "foo.summary(model.fc)",
    "foo.count(model.parameters())",
)

MADE = """\
import foo
import torch
import torchvision

def main(loader, optimizer, image):
    model = torchvision.models.resnet18()
    CALL
"""
TRAINS = """\
        for x, y in loader:
            loss = torch.nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
"""
CASES = {
    "BN201": f"{MADE}    with torch.no_grad():\n        return model(image)\n",
    "BN202": f"{MADE}    for epoch in range(3):\n{TRAINS}        model.eval()\n"
    "        with torch.no_grad():\n            print(model(image))\n",
    "BN251": f"{MADE}    for p in model.parameters():\n        p.requires_grad = False\n"
    "    model.fc = torch.nn.Linear(512, 10)\n    model.train()\n"
    f"    for epoch in range(3):\n{TRAINS}",
    "BN604": f"{MADE}    return torch.jit.trace(model, image)\n",
    "BN101": f"{MADE}    model.bn1 = torch.nn.BatchNorm2d(64, momentum=0.99)\n",
}


def found(code: str, call: str) -> bool:
    rules = load_rules()
    text = CASES[code].replace("CALL", call)
    result = check(text.encode(), "m.py", rules, Options(frozenset(r.code for r in rules)))
    assert result.problems == ()
    return code in {finding.code for finding in result.findings}


@pytest.mark.parametrize("code", ["BN201", "BN202", "BN251", "BN604"])
def test_a_model_that_is_given_away_is_left_alone(code: str) -> None:
    assert found(code, "pass")
    assert found(code, COUNT)
    assert not found(code, SUMMARY)
    assert not found(code, PART)


def test_values_are_reported_all_the_same() -> None:
    assert all(found("BN101", call) for call in ("pass", COUNT, SUMMARY, PART))


def test_the_page_says_so() -> None:
    (sentences,) = (part for part in TEXT.split("# ") if f"`{SUMMARY}`" in part)
    assert f"`{COUNT}` is no such call" in sentences
    assert all(code in sentences for code in CASES)
