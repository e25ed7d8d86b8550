"""A pool that needs no framework: the oracle answers in its place, and every run is counted."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bnlint.confirm import oracle
from bnlint.confirm.pool import Installed, NotRun, Pool
from bnlint.confirm.workers import Experiment, Result
from bnlint.engine.linter import Options, check
from bnlint.engine.registry import load_rules
from bnlint.finding import Finding
from bnlint.frameworks.records import Api

RULES = load_rules()
CODES = frozenset(loaded.code for loaded in RULES)


class Bench(Pool):
    """Has the frameworks of these families; ``gpus`` are the families that see a GPU."""

    def __init__(self, *families: str, gpus: Collection[str] = (), fails: str = "") -> None:
        super().__init__({})
        self.families, self.gpus, self.fails = families, gpus, fails
        self.ran: list[tuple[Api, Experiment, str]] = []

    def find(self, api: Api) -> Installed | None:
        has = api.framework.name in self.families
        return Installed(api.id, f"{api.framework.title} 0.0") if has else None

    def why_missing(self, api: Api) -> str:
        return "not on the bench"

    def devices(self, api: Api) -> tuple[str, ...]:
        return ("cpu", "cuda") if api.framework.name in self.gpus else ("cpu",)

    def run(self, api: Api, experiment: Experiment, device: str) -> Result:
        if api.framework.name == self.fails:
            raise NotRun(f"{api.framework.title}: out of luck")
        self.ran.append((api, experiment, device))
        return oracle.run(api, experiment)


def findings_of(text: str, from_family: str | None = None, code: str = "") -> Sequence[Finding]:
    """Return the findings of a program with their experiments, all or those of one rule."""
    result = check(
        text.encode(), "port.py", RULES, Options(CODES, from_family=from_family, trials=True)
    )
    assert result.problems == ()
    return [finding for finding in result.findings if not code or finding.code == code]
