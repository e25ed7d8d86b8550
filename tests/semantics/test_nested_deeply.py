"""Code that is nested more deeply than Python recurses: unknown where it stands, and no crash."""

from __future__ import annotations

import ast

import pytest

from bnlint.engine.linter import Options, check
from bnlint.engine.registry import load_rules
from bnlint.finding import Finding
from bnlint.fixing.rounds import fix
from bnlint.rule import Context

RULES = load_rules()
ALL = frozenset(rule.code for rule in RULES)
EVERYTHING = Options(ALL, ALL, min_confidence="low", from_family="keras")

IMPORTS = "import torch\nimport torch.nn as nn\nimport keras\n"
NET = """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8, eps=0.001)

    def forward(self, x):
        return self.bn(x)
"""
RUN = "model.load_state_dict(torch.load('w'))\nwith torch.no_grad():\n    y = model(x)\n"
PLAIN = "other = nn.BatchNorm2d(8, momentum=0.99)\n"


def programs(depth: int) -> dict[str, str]:
    """Return programs that are nested in one place, each before a layer that is plain."""
    return {
        "attributes": f"bn = nn.BatchNorm2d(8, momentum=cfg{'.a' * depth})\n",
        "a chain of calls": f"{NET}model = Net(){'.cuda()' * depth}\n{RUN}",
        "a sum": f"bn = nn.BatchNorm2d(8, momentum=0.9{' + 0.0' * depth})\n",
        "signs": f"bn = nn.BatchNorm2d(8, momentum={'- ' * depth}0.9)\n",
        "elements": f"{NET}model = Net()\nmodel{'[0]' * depth}.eval()\n{RUN}",
        "conditions": f"bn = nn.BatchNorm2d(8, momentum={'0.9 if q else ' * depth}0.8)\n",
        "functions": f"f = {'lambda: ' * depth}nn.BatchNorm2d(8, momentum=0.9)\n",
        "a sum of lists": f"s = nn.Sequential(*{'[r] + ' * depth}[nn.BatchNorm2d(8)])\n",
        "a flag": "z = nn.functional.batch_norm(x, m, v, training=q" + " + 1" * depth + ")\n",
        "parameters of parts": (
            f"{NET}model = Net()\nfor p in model{'.a' * depth}.parameters():\n"
            "    p.requires_grad = False\nmodel.train()\nfor x in d:\n    model(x).backward()\n"
        ),
        "a store": f"bn = nn.BatchNorm2d(8)\nbn{'.a' * depth}.eps = 1e-3\nbn.momentum = 0.99\n",
    }


@pytest.mark.parametrize("depth", [150, 400])
@pytest.mark.parametrize("name", programs(1))
def test_no_rule_and_no_fixer_crashes(name: str, depth: int) -> None:
    """What stands beside is still found, and fixed; the deep place costs nothing but itself."""
    text = f"{IMPORTS}{programs(depth)[name]}{PLAIN}"
    result = check(text.encode(), "x.py", RULES, EVERYTHING)
    assert result.problems == ()
    plain = text.count("\n")
    assert "BN101" in {f.code for f in result.findings if f.span.row == plain}
    fixed = fix(text.encode(), "x.py", RULES, EVERYTHING, unsafe=True)
    assert fixed.problems == ()
    assert fixed.after is not None
    assert b"momentum=0.01" in fixed.after.splitlines()[-1]


def test_a_rule_that_gives_up_tells_so() -> None:
    """That it says nothing more must not look like all is well, nor like a fault of its own."""

    def depth(node: ast.AST) -> int:
        return 1 + max(map(depth, ast.iter_child_nodes(node)), default=0)

    def check_file(context: Context) -> list[Finding]:
        assert depth(context.module.tree)
        return []

    rule = next(rule for rule in RULES if rule.code == "BN201")
    deep = f"x = y{'.a' * 1500}\n"
    result = check(
        f"{IMPORTS}{PLAIN}{deep}".encode(), "x.py",
        [rule._replace(checks={"check_file": check_file})], EVERYTHING,
    )  # fmt: skip
    assert result.problems == ()
    assert result.notices == ("nested too deeply in places: BN201 does not speak of them",)
