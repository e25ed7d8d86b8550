"""Times ``bnlint --confirm`` on 500 findings of the same three settings against 1 finding and 3.

Run from the root of a checkout: ``python benchmarks/confirm.py [ROUNDS]``. Interpreters of the
frameworks (PyTorch, Keras) come from ``BNLINT_INTERPRETERS``, as for ``bnlint --confirm``. Whole
processes are timed, in turn; the experiments that reach the workers are counted in a run of
their own.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bnlint.confirm.interpreters import interpreters  # noqa: E402
from bnlint.confirm.pool import Pool  # noqa: E402
from bnlint.confirm.verdicts import Laboratory  # noqa: E402
from bnlint.confirm.workers import Experiment, Result  # noqa: E402
from bnlint.engine.linter import Options, check  # noqa: E402
from bnlint.engine.registry import load_rules  # noqa: E402
from bnlint.frameworks.records import Api  # noqa: E402

MOMENTA = (0.99, 0.999, 0.9)


def main(rounds: int) -> None:
    """Print a table: seconds of each program, with experiments and without."""
    programs = {number: program(number) for number in (1, 3, 500)}
    seconds: dict[tuple[int, bool], list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, text in programs.items():
            (Path(folder) / f"findings_{number}.py").write_text(text, encoding="utf-8")
        for _ in range(rounds):
            for number in programs:
                for confirmed in (False, True):
                    taken = timed(folder, f"findings_{number}.py", confirmed=confirmed)
                    seconds.setdefault((number, confirmed), []).append(taken)
    medians = {key: statistics.median(values) for key, values in seconds.items()}
    print(f"Medians of {rounds} runs in turn, seconds.\n")
    print("| findings | settings | experiments | verdicts | lint | lint and --confirm | ratio |")
    print("|---|---|---|---|---|---|---|")
    for number, text in programs.items():
        asked, verdicts = counted(text)
        ratio = medians[number, True] / medians[1, True]
        lint, both = medians[number, False], medians[number, True]
        settings = min(number, len(MOMENTA))
        figures = f"{lint:.2f} | {both:.2f} | {ratio:.2f}"
        print(f"| {number} | {settings} | {asked} | {verdicts} | {figures} |")


def program(number: int) -> str:
    """Return a program with this many layers, each of which is a finding."""
    layers = [
        f"    nn.BatchNorm2d({c + 1}, momentum={MOMENTA[c % len(MOMENTA)]}),\n"
        for c in range(number)
    ]
    return "import torch.nn as nn\n\nlayers = [\n" + "".join(layers) + "]\n"


def timed(folder: str, name: str, *, confirmed: bool) -> float:
    """Return how long a run of its own process takes."""
    command = [sys.executable, "-m", "bnlint", "--isolated", "-q", name]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    begun = time.perf_counter()
    subprocess.run(
        command + ["--confirm"] * confirmed, cwd=folder, env=environment,
        stdout=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    return time.perf_counter() - begun


class Counting(Pool):
    """Counts what is asked of workers."""

    asked = 0

    def run(self, api: Api, experiment: Experiment, device: str) -> Result:
        """Carry out an experiment."""
        self.asked += 1
        return super().run(api, experiment, device)


def counted(text: str) -> tuple[int, str]:
    """Return how many experiments reach the workers, and how many findings have which verdict."""
    rules = load_rules()
    codes = frozenset(loaded.code for loaded in rules)
    findings = check(text.encode(), "model.py", rules, Options(codes, trials=True)).findings
    pool = Counting(interpreters([], os.environ))
    with pool:
        done = Laboratory(pool).confirm(findings)
    verdicts = [f.confirmation.verdict for f in done if f.confirmation is not None]
    told = ", ".join(f"{verdicts.count(v)} {v}" for v in dict.fromkeys(verdicts))
    return pool.asked, told


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 5)
