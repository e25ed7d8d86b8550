"""From trials to confirmations: runs each distinct experiment once and judges what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from bnlint.confirm import oracle
from bnlint.confirm.experiments import (
    STEPS,
    Array,
    corrected,
    difference,
    estimator,
    experiment,
    keep_of,
    measured,
    rank_for,
    stands_still,
    update_of,
)
from bnlint.confirm.other_experiments import channels_for
from bnlint.confirm.pool import ACCELERATORS, NotRun, Pool
from bnlint.confirm.unsuitable import Unsuitable
from bnlint.confirm.workers import Result
from bnlint.engine.crashes import crashed
from bnlint.finding import Confirmation, Finding
from bnlint.frameworks.records import BATCH, Api
from bnlint.frameworks.tables import catalogue
from bnlint.trial import STATISTICS, Layer, Trial

CONFIRMED, REFUTED, INCONCLUSIVE, NOT_RUN = "confirmed", "refuted", "inconclusive", "not run"

#: What the tables say of both sides, where no framework is there to run either.
PREDICTED = "predicted"

#: A difference counts from this many floors on, and has gone below the other.
COUNTS, GONE = 50, 5

#: The rounding of one float32 operation: no floor is below it.
SMALLEST_FLOOR = 2.0**-24

#: A floor above this is no rounding: a framework does something else than its table says.
HIGHEST_FLOOR = 1e-4

ORACLE = "bnlint's own computation"


class Side(NamedTuple):
    """What one layer gave: its values by name, and what gave them, where."""

    values: dict[str, Array]
    runner: str
    device: str = ""

    @property
    def was_run(self) -> bool:
        """Whether a framework gave the values, and not its table."""
        return bool(self.device)


class Laboratory:
    """Carries out trials; what was run once is not run again."""

    def __init__(
        self, pool: Pool, device: str = "auto", ran: Callable[[int], None] | None = None
    ) -> None:
        tables = catalogue()
        frameworks = tables.load(tables.families)
        self.apis = {**frameworks.apis, **frameworks.norms.apis}
        self.pool = pool
        self.device = device
        self.runs = 0
        self.ran = ran  # is told how many layers were run
        self._sides: dict[tuple[object, ...], Side | NotRun] = {}
        self._done: dict[tuple[Trial, str], Confirmation] = {}

    def confirm(
        self, findings: Sequence[Finding], advance: Callable[[int], None] | None = None
    ) -> list[Finding]:
        """Return ``findings``, each with what came of its experiment; without one, as it was."""
        done: list[Finding] = []
        for number, finding in enumerate(findings, 1):
            trial = finding.trial
            if trial is not None:
                first, *others = [self.judge(trial, d) for d in self.devices(trial)]
                finding = finding._replace(confirmation=first._replace(others=tuple(others)))
            done.append(finding)
            if advance is not None:
                advance(number)
        return done

    def devices(self, trial: Trial) -> Sequence[str]:
        """Return the devices to carry out ``trial`` on."""
        if self.device not in ("auto", "all"):
            return (self.device,)
        try:
            found = self.pool.find(self.apis[trial.port.api])
        except NotRun:
            return ("cpu",)
        if found is None:
            return ("cpu",)
        seen = self.pool.devices(self.apis[trial.port.api])
        if self.device == "all":
            return seen
        return (next((d for d in ACCELERATORS if d in seen), "cpu"),)

    def judge(self, trial: Trial, device: str) -> Confirmation:
        """Return what comes of ``trial`` on ``device``."""
        key = (trial, device)
        if key not in self._done:
            try:
                self._done[key] = self._judged(trial, device)
            except (NotRun, Unsuitable, oracle.OracleError) as error:
                self._done[key] = Confirmation(
                    NOT_RUN, trial.about, device=device, reason=str(error)
                )
            except Exception as error:
                told = crashed("the experiment", error).message
                self._done[key] = Confirmation(NOT_RUN, trial.about, device=device, reason=told)
        return self._done[key]

    def _judged(self, trial: Trial, device: str) -> Confirmation:
        port_api = self.apis[trial.port.api]
        against = trial.reference
        reference_api = self.apis[against.api] if against is not None else port_api
        if port_api.norm != BATCH:
            trial = trial._replace(channels=channels_for(self.apis, trial))
        trial = trial._replace(rank=rank_for(port_api, reference_api))
        port = self._side(trial, trial.port, device, must=True)
        if against is not None:
            reference = self._side(trial, against, device)
        elif trial.fixed is not None:
            against = trial.fixed
            reference = self._foretold(trial, against)
        else:
            raise NotRun("there is no reference, and no fix to compare with")
        sides = [(port, trial.port), (reference, against)]
        if trial.fixed is not None:
            sides.append((self._side(trial, trial.fixed, device, must=True), trial.fixed))
        floor = self._floor(trial, sides)
        before, remainder = self._difference(trial, trial.port, port, against, reference)
        after = None
        for fixed, layer in sides[2:]:
            after, also = self._difference(trial, layer, fixed, against, reference)
            remainder = remainder or also
        if floor > HIGHEST_FLOOR:
            remainder = "a floor this high is no rounding: see 'bnlint frameworks --check'"
        run = next((side for side in (port, reference) if side.was_run), None)
        runner = reference.runner
        if run is not None and reference.was_run and reference.device != run.device:
            runner += f" on {reference.device}"
        outcome = Confirmation(
            verdict(before, after, floor),
            trial.about,
            before,
            after,
            floor,
            self._device_title(port_api, run.device) if run is not None else "",
            port.runner,
            runner,
            "",
            remainder,
        )
        return outcome if run is not None else _by_the_tables(outcome)

    def _side(self, trial: Trial, layer: Layer, device: str, *, must: bool = False) -> Side:
        """Return what one layer gives; ``must``: on ``device``, not the CPU if that is missing."""
        where = self._where(self.apis[layer.api], device, must)
        key = (trial._replace(port=layer, reference=None, fixed=None, about=""), where)
        if key not in self._sides:
            try:
                self._sides[key] = self._run(trial, layer, where)
            except NotRun as error:
                self._sides[key] = error
        found = self._sides[key]
        if isinstance(found, NotRun):
            raise found
        return found

    def result(self, trial: Trial, layer: Layer, steps: int = STEPS[-1]) -> tuple[Result, str]:
        """Return all that one side of a trial gives in so many steps, and what ran it.

        Raises:
            NotRun, Unsuitable, OracleError: it cannot be run.
        """
        api = self.apis[layer.api]
        installed = self.pool.find(api)
        path = installed.path if installed is not None else api.id
        asked = experiment(api, path, layer, trial, steps)
        if installed is None:
            return oracle.run(api, asked), f"{ORACLE} for {api.framework.title}"
        return self.pool.run(api, asked, "cpu"), installed.title

    def _where(self, api: Api, device: str, must: bool) -> str:
        if device == "cpu" or self.pool.find(api) is None or device in self.pool.devices(api):
            return device
        if must:
            raise NotRun(f"{api.framework.title} sees no {device} here")
        return "cpu"

    def _run(self, trial: Trial, layer: Layer, device: str) -> Side:
        api = self.apis[layer.api]
        installed = self.pool.find(api)
        if installed is None:
            side = self._foretold(trial, layer)
            return side._replace(runner=f"{side.runner} ({self.pool.why_missing(api)})")
        self.runs += 1
        result = self.pool.run(api, experiment(api, installed.path, layer, trial), device)
        if self.ran is not None:
            self.ran(self.runs)
        try:
            return Side(measured(trial, layer, api, result), installed.title, device)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise NotRun(f"{installed.title} gave something else than arrays: {error}") from None

    def _foretold(self, trial: Trial, layer: Layer) -> Side:
        """Return what the table of the layer says it gives."""
        api = self.apis[layer.api]
        result = oracle.run(api, experiment(api, api.id, layer, trial))
        return Side(measured(trial, layer, api, result), f"{ORACLE} for {api.framework.title}")

    def _floor(self, trial: Trial, sides: Iterable[tuple[Side, Layer]]) -> float:
        """Return how far frameworks are from what their own tables say, by rounding alone."""
        floors = [
            difference(side.values, self._foretold(trial, layer).values)
            for side, layer in sides
            if side.was_run
        ]
        return max([SMALLEST_FLOOR, *floors])

    def _difference(
        self, trial: Trial, layer: Layer, mine: Side, against: Layer, theirs: Side
    ) -> tuple[float, str]:
        """Return the difference of two sides, and what it leaves out by design."""
        values, remainder = mine.values, ""
        api, other = self.apis[layer.api], self.apis[against.api]
        still = stands_still(api, layer) or stands_still(other, against)
        if trial.quantity == STATISTICS and not still:  # else there is nothing to correct
            keep = keep_of(api, layer)
            kinds = estimator(api, layer, trial.rank), estimator(other, against, trial.rank)
            rules = update_of(api, layer), update_of(other, against)
            if keep is not None and kinds[0] != kinds[1]:
                values = corrected(values, keep, *kinds, rules[0])
                remainder = (
                    f"{api.framework.title} keeps the {kinds[0]} variance, "
                    f"{other.framework.title} the {kinds[1]}: a factor n/(n-1), left out here"
                )
            if rules[0] != rules[1]:
                remainder += "; " if remainder else ""
                remainder += (
                    f"the first steps differ whatever the momentum: {api.framework.title} updates "
                    f"by the rule {rules[0]}, {other.framework.title} by {rules[1]}"
                )
        return difference(values, theirs.values), remainder

    def _device_title(self, api: Api, device: str) -> str:
        driver = self.pool.drivers.get((api.framework.worker, device), "")
        return f"{device} ({driver})" if driver else device


def verdict(before: float, after: float | None, floor: float) -> str:
    """Return what the three figures say together."""
    if floor > HIGHEST_FLOOR:
        return INCONCLUSIVE
    if before < GONE * floor:
        return REFUTED
    if before > COUNTS * floor and (after is None or after < GONE * floor):
        return CONFIRMED
    return INCONCLUSIVE


def _by_the_tables(outcome: Confirmation) -> Confirmation:
    """Return what an outcome is worth that no framework had a part in.

    The tables found the fault and cannot prove themselves; nor can they refute it.
    """
    as_found = outcome.verdict == CONFIRMED
    return outcome._replace(
        verdict=PREDICTED if as_found else INCONCLUSIVE, reason="by the tables; nothing was run"
    )


def without_refuted(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that no experiment refuted."""
    return [f for f in findings if f.confirmation is None or f.confirmation.verdict != REFUTED]
