"""Compares the tables with the frameworks that are installed, so that no table rots unnoticed.

For each API of an installed framework: the signature as ``inspect`` sees it, the keywords its
constructor takes, and by number the momentum convention, the estimator of the running variance at
each rank, the channel axis and the mode of a bare call. For each neighbouring layer and each that
normalises otherwise than by batches: the signature, and of the latter the output. Every framework
runs in a worker process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from bnlint.frameworks.records import UNKNOWN, Api, Neighbour, Parameter, SourceText
from bnlint.frameworks.tables import Frameworks, catalogue

if TYPE_CHECKING:
    from bnlint.confirm.measure import Measured
    from bnlint.confirm.workers import Worker

AGREES, DIFFERS = "agrees", "differs"
NOT_INSTALLED, NOT_CHECKED = "not installed", "not checked"


class DriftRow(NamedTuple):
    """One field of one API: what the table says, and what is installed or why that is not known.

    ``api`` is the id of an API or the first import path of another layer.
    """

    api: str
    field: str
    table: str
    installed: str
    status: str


def check_installed(
    interpreter: str | None = None,
    frameworks: Frameworks | None = None,
    chosen: Mapping[str, str] | None = None,
) -> list[DriftRow]:
    """Compare ``frameworks`` (default: every table) with what ``interpreter`` has installed.

    The default interpreter is the running one; ``chosen`` has those of single workers, by name.
    What cannot be compared is a row of its own, with the reason in the place of the installed
    value; nothing is raised for it.
    """
    from bnlint.confirm.workers import Worker

    if frameworks is None:
        tables = catalogue()
        frameworks = tables.load(tables.described)
    rows: list[DriftRow] = []
    for name in sorted({framework.worker for framework in frameworks.frameworks.values()}):
        apis = [api for api in frameworks.apis.values() if api.framework.worker == name]
        if not name:
            rows += [DriftRow(api.id, "", "", "no worker runs it", NOT_CHECKED) for api in apis]
            continue
        every: dict[int, Neighbour | Api] = {id(n): n for n in frameworks.neighbours.values()}
        every.update((id(norm), norm) for norm in frameworks.norms.apis.values())
        given = interpreter if chosen is None else chosen.get(name, interpreter)
        with Worker(name, given) as worker:
            for api in apis:
                rows += _api_rows(worker, api, frameworks)
            rows += _other_rows(worker, (o for o in every.values() if o.framework.worker == name))
    return rows


def _api_rows(worker: Worker, api: Api, frameworks: Frameworks) -> list[DriftRow]:
    candidates = [dict(row) for row in api.installed] or [{"path": p} for p in api.aliases]
    path, reason, status = _found(worker, candidates)
    if not path:
        return [DriftRow(api.id, "", "", reason, status)]
    return [
        _signature_row(worker, api.id, path, "signature", api.signature),
        *_call_rows(worker, api, path, frameworks),
        *_keyword_rows(worker, api, path, frameworks),
        *_number_rows(worker, api, path),
    ]


def _other_rows(worker: Worker, others: Iterable[Neighbour | Api]) -> Iterator[DriftRow]:
    """Compare the signatures of other layers; those not installed share a row."""
    missing: dict[tuple[str, str], list[str]] = {}
    for other in others:
        name = other.aliases[0]
        about = other.framework.neighbours_from
        candidates = [{"path": alias, **about} for alias in other.aliases]
        path, reason, status = _found(worker, candidates)
        if path:
            yield _signature_row(worker, name, path, "signature", other.signature)
            if isinstance(other, Api) and other.reduces != UNKNOWN:
                yield _output_row(worker, other, path)
        else:
            missing.setdefault((reason, status), []).append(name)
    for (reason, status), names in missing.items():
        yield DriftRow(names[0], f"{len(names)} signatures", "", reason, status)


#: What a layer gives that does what its table says, and the rounding that it may have.
_AS_TOLD, _ROUNDING = "what the table says", 1e-4


def _output_row(worker: Worker, api: Api, path: str) -> DriftRow:
    """Compare the output of a layer that normalises otherwise with what its table makes of it."""
    from bnlint.confirm import oracle
    from bnlint.confirm.experiments import difference, experiment, rank_for
    from bnlint.confirm.other_experiments import MIN_CHANNELS
    from bnlint.confirm.unsuitable import Unsuitable
    from bnlint.trial import OUTPUT, Layer, Trial

    layer = Layer(api.id)
    trial = Trial(OUTPUT, layer, variances=(1.0, 1e-4), affine=True, channels=MIN_CHANNELS)
    try:
        asked = experiment(api, path, layer, trial._replace(rank=rank_for(api)))
        told = {"output": oracle.run(api, asked).outputs[0]}
    except (Unsuitable, oracle.OracleError) as error:
        return DriftRow(api.aliases[0], "output", UNKNOWN, str(error), NOT_CHECKED)
    result = _tried(worker.run, asked)
    if isinstance(result, _Failure):
        return _compared(api.aliases[0], "output", _AS_TOLD, result)
    apart = difference({"output": result.outputs[0]}, told)
    installed = _AS_TOLD if apart < _ROUNDING else f"{apart:.2g} apart"
    return _compared(api.aliases[0], "output", _AS_TOLD, installed)


def _found(worker: Worker, candidates: list[dict[str, str]]) -> tuple[str, str, str]:
    """Return the first path that is installed, else an empty one, the reason and the status."""
    answer = _tried(worker.ask, {"op": "find", "candidates": candidates})
    if isinstance(answer, _Failure):
        return "", answer.reason, NOT_CHECKED if answer.silent else NOT_INSTALLED
    if answer["path"] is None:
        return "", answer["reason"], NOT_INSTALLED
    return answer["path"], "", ""


def _signature_row(
    worker: Worker,
    subject: str,
    path: str,
    field: str,
    parameters: tuple[Parameter, ...],
    call: str | None = None,
) -> DriftRow:
    answer = _tried(worker.ask, {"op": "signature", "path": path, "call": call})
    installed = answer if isinstance(answer, _Failure) else _written(answer["rows"])
    return _compared(subject, field, _written(map(_plain, parameters)), installed)


def _plain(parameter: Parameter) -> tuple[str, str, list[Any] | None]:
    default: list[Any] | None = ["literal", parameter.default]
    if isinstance(parameter.default, SourceText):
        default = ["source", parameter.default.text]
    return parameter.name, parameter.kind, None if _no_default(parameter) else default


def _no_default(parameter: Parameter) -> bool:
    return parameter.required or parameter.kind == "extra"


def _written(rows: Iterable[Any]) -> str:
    """Write a parameter list out; a default that is no literal becomes three dots."""
    out: list[str] = []
    for name, kind, default in rows:
        if kind == "keyword" and "*" not in out:
            out.append("*")
        text = "**" + name if kind == "extra" else name
        if default is not None:
            text += "=" + (repr(_tupled(default[1])) if default[0] == "literal" else "...")
        out.append(text)
    return f"({', '.join(out)})"


def _tupled(value: Any) -> Any:
    return tuple(_tupled(item) for item in value) if isinstance(value, (list, tuple)) else value


def _call_rows(worker: Worker, api: Api, path: str, frameworks: Frameworks) -> Iterator[DriftRow]:
    """Compare the signature of the method that a call of the layer runs."""
    if not api.call_signature:
        return
    own, every = api.framework, frameworks.frameworks.values()
    methods = [m for m in frameworks.word("forward") if frameworks.shares(m, "forward", own)]
    methods = methods or [
        method
        for method in frameworks.word("forward")
        for other in every
        if other.ecosystem == own.ecosystem and frameworks.shares(method, "forward", other)
    ]
    for method in dict.fromkeys(methods):
        yield _signature_row(worker, api.id, path, "call signature", api.call_signature, method)


def _keyword_rows(
    worker: Worker, api: Api, path: str, frameworks: Frameworks
) -> Iterator[DriftRow]:
    """Try which keywords of any API a constructor with ``**kwargs`` takes."""
    if api.kind != "layer" or not any(p.kind == "extra" for p in api.signature):
        return
    every = {p.name for other in frameworks.apis.values() for p in other.signature}
    every |= {name for other in frameworks.apis.values() for name in other.extra_keywords}
    own = {p.name for p in api.signature}
    request = {"op": "accepts", "path": path, "arguments": {}, "keywords": sorted(every - own)}
    table = ", ".join(sorted(api.extra_keywords))
    answer = _tried(worker.ask, request)
    installed = answer if isinstance(answer, _Failure) else ", ".join(answer["accepted"])
    yield _compared(api.id, "extra keywords", table, installed)


def _number_rows(worker: Worker, api: Api, path: str) -> Iterator[DriftRow]:
    from bnlint.confirm import measure

    if api.kind == "functional" and api.convention == "none":
        return
    seen: dict[int, Measured] = {}
    failures: dict[int, _Failure] = {}
    given = _released(api)
    for rank in api.ranks if isinstance(api.ranks, tuple) else (2, 3, 4, 5):
        measured = _tried(measure.training_steps, worker, path, api, rank, given)
        if isinstance(measured, _Failure):
            failures[rank] = measured
        else:
            seen[rank] = measured
    if not seen:
        yield DriftRow(api.id, "numbers", "", failures.popitem()[1].reason, NOT_CHECKED)
        return
    for rank, failure in failures.items():
        status = DIFFERS if api.ranks != UNKNOWN and failure.is_rejection else NOT_CHECKED
        yield DriftRow(api.id, f"rank {rank}", "accepted", failure.reason, status)
    yield from _seen_rows(api, seen)
    first = next(iter(seen))
    there = api._replace(channel_axis=seen[first].channel_axis)
    if api.default_mode not in ("required", "none"):
        mode = _tried(measure.mode_of_call, worker, path, there, first, given)
        yield _compared(api.id, "mode of a bare call", api.default_mode, mode)
    rank = max((rank for rank in seen if rank < 5), default=first)
    there = api._replace(channel_axis=seen[rank].channel_axis)
    yield from _condition_rows(worker, there, path, rank)
    yield from _layout_rows(worker, api, path, rank)


def _released(api: Api) -> dict[str, Any]:
    """Return what lets a layer train whose default is to use its running statistics always."""
    statistics = api.statistics
    parameter = api.parameter(statistics.get("argument", ""))
    always = statistics.get("always_running", UNKNOWN)
    if parameter is None or "always_batch" not in statistics or parameter.default is not always:
        return {}
    return {parameter.name: statistics["always_batch"]}


def _seen_rows(api: Api, seen: dict[int, Measured]) -> Iterator[DriftRow]:
    """Compare what two training steps showed at each rank."""
    axes = {_axis_in_table(api, m.channel_axis, rank) for rank, m in seen.items()}
    yield _compared(api.id, "channel axis", str(api.channel_axis), _listed(axes))
    conventions = {m.convention for m in seen.values()}
    yield _compared(api.id, "convention", api.convention, _listed(conventions))
    divisors = {m.normalises_with for m in seen.values()}
    yield _compared(api.id, "normalises with", api.normalises_with, _listed(divisors))
    if api.convention != "none":
        updates = {m.running_update for m in seen.values()}
        yield _compared(api.id, "running update", api.running_update, _listed(updates))
        used = {m.training_statistics for m in seen.values()}
        yield _compared(api.id, "training statistics", api.training_statistics, _listed(used))
    for rank, measured in seen.items():
        table = api.estimator_at(rank)
        yield _compared(api.id, f"estimator at rank {rank}", table, measured.estimator)


def _axis_in_table(api: Api, axis: int, rank: int) -> str:
    """Return ``axis`` counted from the end if the table counts so."""
    from_the_end = isinstance(api.channel_axis, int) and api.channel_axis < 0
    return str(axis - rank if from_the_end else axis)


def _condition_rows(worker: Worker, api: Api, path: str, rank: int) -> Iterator[DriftRow]:
    """Compare what an argument changes: the estimator, the statistics used."""
    from bnlint.confirm import measure

    for row in api.estimator_when:
        field = f"estimator with {row['argument']}"
        if "value" not in row:
            yield DriftRow(api.id, field, row["estimator"], "any value", NOT_CHECKED)
            continue
        arguments = {row["argument"]: row["value"]}
        measured = _tried(measure.training_steps, worker, path, api, rank, arguments)
        installed = getattr(measured, "estimator", measured)
        yield _compared(api.id, f"{field}={row['value']!r}", row["estimator"], installed)
    for row in api.training_statistics_when:
        argument, value = row["argument"], row["value"]
        measured = _tried(measure.training_steps, worker, path, api, rank, {argument: value})
        for name in ("running_update", "training_statistics"):
            field = f"{name.replace('_', ' ')} with {argument}={value!r}"
            table = row.get(name, getattr(api, name))
            yield _compared(api.id, field, table, getattr(measured, name, measured))
    for always, used, mode in _STATISTICS:
        if always in api.statistics:
            argument, value = api.statistics["argument"], api.statistics[always]
            found = _tried(measure.mode_of_call, worker, path, api, rank, {argument: value}, mode)
            yield _compared(api.id, f"statistics with {argument}={value!r}", used, found)


def _layout_rows(worker: Worker, api: Api, path: str, rank: int) -> Iterator[DriftRow]:
    """Compare the channel axis under each data format: at its own rank, or else at ``rank``."""
    from bnlint.confirm import measure

    for value, axis in api.data_formats.items():
        there = api._replace(channel_axis=axis)
        arguments = {api.roles["data_format"]: value}
        for rank_there in (len(value) if value.isalpha() else rank, rank):
            measured = _tried(measure.training_steps, worker, path, there, rank_there, arguments)
            if not isinstance(measured, _Failure):
                measured = _axis_in_table(there, measured.channel_axis, rank_there)
                break
        yield _compared(api.id, f"channel axis for {value}", str(axis), measured)


#: Key of ``Api.statistics``, the mode in which the layer then always is, the mode it is set to.
_STATISTICS = (
    ("always_batch", "training", "inference"),
    ("always_running", "inference", "training"),
)


class _Failure(NamedTuple):
    """Why something could not be measured; ``silent`` if the worker gave no answer at all."""

    reason: str
    silent: bool

    @property
    def is_rejection(self) -> bool:
        """Whether the framework was there and refused, rather than not working."""
        return not self.silent and not self.reason.startswith(("ImportError", "ModuleNotFound"))


def _tried(measure: Callable[..., Any], *arguments: object) -> Any:
    """Return what ``measure`` returns, or a :class:`_Failure`."""
    from bnlint.confirm.workers import RequestError, WorkerError

    try:
        return measure(*arguments)
    except RequestError as error:
        return _Failure(str(error), False)
    except WorkerError as error:
        return _Failure(str(error), True)


def _compared(subject: str, field: str, table: str, installed: str | _Failure) -> DriftRow:
    if isinstance(installed, _Failure):
        return DriftRow(subject, field, table, installed.reason, NOT_CHECKED)
    if table == UNKNOWN:
        return DriftRow(subject, field, table, installed, NOT_CHECKED)
    return DriftRow(subject, field, table, installed, AGREES if table == installed else DIFFERS)


def _listed(values: Iterable[object]) -> str:
    return ", ".join(sorted(str(value) for value in values))
