"""What a run of ``check`` does beyond checking: fixes, suppressions, baselines, experiments."""

from __future__ import annotations

import argparse
import os

from bnlint.cli.prepare import STDIN, Failed, wants_trials
from bnlint.config.options import Config
from bnlint.files.display import current, displayed
from bnlint.finding import Problem
from bnlint.running.treatment import Treatment
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bnlint.fixing.baseline import Baseline


class Plan(NamedTuple):
    """What a run does beyond checking: ``baseline`` is in use, ``record`` is the one to write."""

    fix: bool
    diff: bool
    only: bool
    unsafe: bool
    reason: str | None
    baseline: Baseline | None
    record: str | None
    trials: bool

    @property
    def changes_files(self) -> bool:
        """Whether files are written."""
        return (self.fix and not self.diff) or self.reason is not None

    def treatment(self, path: str, config: Config) -> Treatment:
        """Return what to do with the file at the absolute ``path``."""
        accepted = self.baseline.files.get(path, {}) if self.baseline is not None else {}
        return Treatment(
            self.fix,
            config.unsafe_fixes,
            accepted if self.record is None else {},
            self.reason,
            self.trials,
        )


def plan_of(parsed: argparse.Namespace, config: Config) -> Plan:
    """Return what the run is to do.

    Raises:
        Failed: what is asked for does not go together, or the baseline cannot be used.
    """
    trials = wants_trials(parsed)
    fix = config.fix or parsed.diff or parsed.fix_only
    asked = parsed.fix or parsed.diff or parsed.fix_only
    if parsed.add_ignore is not None:
        if asked:
            raise Failed(Problem("--add-ignore suppresses what --fix would fix: choose one"))
        if os.path.lexists(parsed.add_ignore):  # else everything below '.' would be suppressed
            raise Failed(
                Problem(f"--add-ignore=REASON needs a reason, and {parsed.add_ignore} is a path")
            )
        fix = False
    if parsed.write_baseline:
        if asked or parsed.add_ignore is not None:
            raise Failed(Problem("--write-baseline records what is found: it changes no files"))
        if config.baseline is None:
            raise Failed(Problem("--write-baseline needs --baseline FILE to say where"))
        if STDIN in parsed.paths:
            raise Failed(Problem("--write-baseline records files, and '-' is none"))
        fix = False
    if parsed.diff_base is not None and (fix or parsed.add_ignore or parsed.write_baseline):
        raise Failed(Problem("--diff-base is about what is reported: it changes no files"))
    if parsed.diff_base is not None and STDIN in parsed.paths:
        raise Failed(Problem("--diff-base compares files with a revision, and '-' is none"))
    baseline = None
    if config.baseline is not None and (
        not parsed.write_baseline or os.path.lexists(config.baseline)
    ):
        from bnlint.fixing.baseline import BaselineError, load

        try:
            baseline = load(config.baseline)
        except BaselineError as error:
            raise Failed(Problem(str(error), displayed(config.baseline, current()))) from None
    return Plan(
        fix,
        parsed.diff,
        parsed.fix_only,
        config.unsafe_fixes,
        parsed.add_ignore,
        baseline,
        config.baseline if parsed.write_baseline else None,
        trials,
    )
