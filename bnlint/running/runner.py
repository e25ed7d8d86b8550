"""Many files: each under its own configuration, in several processes where that pays.

The result of a file does not depend on the number of processes, on the order in which files are
named, or on which other files are named.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

from bnlint import FOLDER
from bnlint.config.settings import Config, Configs
from bnlint.engine.facts import is_interesting
from bnlint.engine.options import Options
from bnlint.engine.packages import PACKAGES, OutlineMemory, Packed
from bnlint.engine.registry import LoadedRule
from bnlint.engine.result import Result
from bnlint.files.noted import Noted
from bnlint.files.source import Unreadable, decode
from bnlint.files.tree import Tree
from bnlint.finding import Problem
from bnlint.running.deciding import options_for, with_references
from bnlint.running.discovery import File, read
from bnlint.running.treatment import Treatment, treat
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bnlint.running.cache import Basis, Cache

#: Below this many bytes of files worth parsing, starting processes costs more than it saves.
PARALLEL_FROM = 400_000

#: How many times as fast a file is outlined as one that is parsed is checked.
_OUTLINED = 8


class Job(NamedTuple):
    """One file to check, read already; ``weight`` is how much of it is likely to be parsed.

    ``key`` is what it is remembered by, empty where nothing is to be remembered.
    """

    data: bytes
    display: str
    options: Options
    path: str = ""
    treatment: Treatment = Treatment()
    problems: tuple[Problem, ...] = ()
    weight: int = 0
    key: str = ""


class Done(NamedTuple):
    """What came of a job, and on what it rests, if that is to be remembered.

    ``noted`` is what another process has looked at meanwhile, if that is noted.
    """

    result: Result
    basis: Basis | None = None
    outlines: Mapping[str, Packed] = {}
    noted: Noted | None = None


def run(
    files: Sequence[File],
    configs: Configs,
    rules: Sequence[LoadedRule],
    *,
    processes: int | None = 1,
    advance: Callable[[int], None] | None = None,
    treatment_for: Callable[[str, Config], Treatment] | None = None,
    cache: Cache | None = None,
    tree: Tree | None = None,
) -> Iterator[Result | Problem]:
    """Check ``files``; yields a result, or a problem, for each in order.

    ``advance`` is told how many files are done. ``treatment_for`` says what to do with the file
    at an absolute path, under its configuration, beyond checking it. There are as many
    ``processes`` as processors where ``None`` is said. What ``cache`` remembers to
    be clean is not checked again. The files are read from ``tree``, if that is another one than
    the configurations are read from. Where it takes notes, it has those of all processes at last.
    """
    jobs: list[Job | Result | Problem] = []
    size = 0
    for file in files:
        job = _job(file, configs, rules, treatment_for, cache, tree or configs.tree)
        if isinstance(job, Job):
            size += job.weight
        jobs.append(job)
    work = [job for job in jobs if isinstance(job, Job)]
    if processes is None:
        processes = default_processes()
    outcomes = _outcomes(work, rules, processes if size >= PARALLEL_FROM else 1)
    for done, job in enumerate(jobs, 1):
        outcome: Done | Result | Problem = next(outcomes) if isinstance(job, Job) else job
        if isinstance(outcome, Done):
            if outcome.noted is not None and isinstance(tree, Noted):
                tree.take(outcome.noted)
            if cache is not None and isinstance(job, Job):
                cache.outlines.take(outcome.outlines)
                if outcome.basis is not None:
                    cache.remember(job.path, job.key, outcome.result, outcome.basis)
            outcome = outcome.result
        yield outcome
        if advance is not None:
            advance(done)
    if cache is not None:
        cache.save()


def _job(
    file: File,
    configs: Configs,
    rules: Sequence[LoadedRule],
    treatment_for: Callable[[str, Config], Treatment] | None,
    cache: Cache | None,
    tree: Tree,
) -> Job | Result | Problem:
    """Read a file; what holds nothing for bnlint is done with here, before any process starts.

    Whether a file that names no API uses one by way of the files it imports is left to those.
    """
    data = read(file, tree)
    if isinstance(data, Problem):
        return data
    path = file.path
    config = configs.of(path)
    treatment = treatment_for(path, config) if treatment_for is not None else Treatment()
    options: Options | None = None
    key = ""
    if cache is not None and not config.ports and b"port-of" not in data:
        options = options_for(config, path, rules)
        key = cache.key(path, file.display, data, options)
        known = cache.recall(path, file.display, key, data)
        if known is not None and (treatment == Treatment() or not known.findings):
            return known
    text, mentions = "", False
    with contextlib.suppress(Unreadable):  # that is to be reported, and not here
        text = decode(data, file.display).text
        mentions = is_interesting(text, config.wrappers)
        if not mentions and "import" not in text:
            return Result(file.display, ())
    options = options or options_for(config, path, rules)
    options, problems = with_references(options, config, file, text)
    weight = len(data) if mentions else len(data) // _OUTLINED
    return Job(data, file.display, options, path, treatment, problems, weight, key)


def _outcomes(
    work: Sequence[Job], rules: Sequence[LoadedRule], processes: int
) -> Iterator[Done | Problem]:
    if processes < 2 or len(work) < 2:
        for job in work:
            yield _done(job, rules)
        return
    yield from _parallel(work, rules, processes)


#: How many bytes of source are worked through between two collections of garbage, where the
#: collector is off. Of most files there is none: the evaluator forgets what it has read.
_COLLECT_AFTER = 20_000_000

_since_collection = 0


def _done(job: Job, rules: Sequence[LoadedRule]) -> Done:
    if not job.key:
        return Done(_treated(job, rules))
    from bnlint.running.cache import basis_of

    with PACKAGES.noting() as grounds:
        result = _treated(job, rules)
    made = PACKAGES.memory.drain() if PACKAGES.memory is not None else {}
    is_whole = job.treatment == Treatment() or not result.findings
    return Done(result, basis_of(PACKAGES, grounds) if is_whole else None, made)


def _treated(job: Job, rules: Sequence[LoadedRule]) -> Result:
    global _since_collection
    result = treat(job.data, job.display, rules, job.options, job.treatment)
    if job.problems:
        result = result._replace(problems=(*job.problems, *result.problems))
    _since_collection += len(job.data)
    if _since_collection > _COLLECT_AFTER and not gc.isenabled():
        gc.collect()
        _since_collection = 0
    return result


_RULES: Sequence[LoadedRule] = ()
_JOBS: Sequence[Job] = ()


def _start(
    rules: Sequence[LoadedRule] | None,
    jobs: Sequence[Job],
    memory: OutlineMemory | None,
    tree: Tree,
) -> None:
    global _RULES, _JOBS
    _end_with_parent()
    if rules is None:
        from bnlint.engine.registry import load_rules

        rules = load_rules()
    _RULES, _JOBS = rules, jobs
    if PACKAGES.tree is not tree:  # in no fork, which has all that was seen so far
        PACKAGES.renew(tree)
    PACKAGES.remembers = any(job.key for job in jobs)
    PACKAGES.memory = memory
    import signal  # whose names are enums, which take long to make

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process ends this one
    gc.disable()
    gc.freeze()  # what has been loaded so far is no garbage, and needs no looking through


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, whatever ended that.

    Else a killed run leaves its processes waiting for work for ever, with the pipe open that its
    output goes to. The parent's end shows where the operating system closes what only the parent
    holds open, so that SIGKILL is seen like any other way to go. Processes that were forked later
    hold it open for those before them: the last one ends first, and the others follow.
    """
    import multiprocessing
    import threading

    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)  # neither handlers nor buffers: nobody is there to read what would come

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _work(start: int, end: int) -> list[Done]:
    done = [_done(job, _RULES) for job in _JOBS[start:end]]
    if isinstance(PACKAGES.tree, Noted):
        done[-1] = done[-1]._replace(noted=PACKAGES.tree.drain())
    return done


#: Bytes of source that a process is given at a time: to ask for a file takes as long as to check
#: one that holds little.
_PORTION = 50_000


def _portions(work: Sequence[Job], start: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield the bounds of portions of the jobs from ``start`` on, of ``size`` bytes or one job."""
    held = 0
    for index in range(start, len(work)):
        held += len(work[index].data)
        if held >= size or index == len(work) - 1:
            yield start, index + 1
            start, held = index + 1, 0


def _parallel(
    work: Sequence[Job], rules: Sequence[LoadedRule], processes: int
) -> Iterator[Done | Problem]:
    """Check jobs in a pool; a process that dies costs only the file it died of.

    Each process has all jobs from the start, and is told which are its own: to send them one by one
    takes longer, and before Python 3.12 a pool hangs if a process dies while its queue is full.
    """
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    forks = "fork" in multiprocessing.get_all_start_methods() and sys.platform != "darwin"
    context = multiprocessing.get_context("fork" if forks else "spawn")
    given = (rules if forks else None, work, PACKAGES.memory, PACKAGES.tree)
    done, pool_size, size = 0, processes, _PORTION
    while done < len(work):
        with contextlib.ExitStack() as stack:
            with _started_elsewhere(forks):
                pool = stack.enter_context(ProcessPoolExecutor(pool_size, context, _start, given))
                futures = [pool.submit(_work, *bounds) for bounds in _portions(work, done, size)]
            try:
                for future in futures:
                    results = future.result()
                    done += len(results)
                    yield from results
            except KeyboardInterrupt:
                # Else the pool would first finish what it has begun, which may be all there is.
                for process in list((pool._processes or {}).values()):
                    process.kill()
                raise
            except BrokenProcessPool:
                if pool_size == 1:
                    yield Problem("reading it crashed the Python interpreter", work[done].display)
                    done += 1
                # The rest goes on one file at a time, so that the culprit is known.
                pool_size, size = 1, 0


@contextlib.contextmanager
def _started_elsewhere(forks: bool) -> Iterator[None]:
    """See to it that new processes find bnlint, and nothing in the current folder.

    Where they are no forks, they are started as ``python -c``, which looks for all modules there
    first: a ``multiprocessing.py`` in a linted project must never be imported.
    """
    if forks:
        yield
        return
    root = os.path.dirname(FOLDER)
    if root not in sys.path:  # a plain checkout, whose folder was taken off the path
        sys.path.insert(0, root)
    before = os.getcwd()
    os.chdir(sys.base_prefix)
    try:
        yield
    finally:
        os.chdir(before)


def default_processes() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
