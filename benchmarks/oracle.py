"""Prints how far each installed framework is from the oracle, by API and quantity.

Run from the root of a checkout: ``python benchmarks/oracle.py [--device DEVICE] [ID ...]``. An ID
is part of an API's id. Interpreters of frameworks in other environments come from
``BNLINT_INTERPRETERS``, as for ``bnlint --confirm``; ``KERAS_BACKEND`` chooses that of Keras 3.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "confirm")]

import oracle_matrix as matrix  # noqa: E402

from bnlint.confirm.interpreters import interpreters  # noqa: E402
from bnlint.confirm.workers import RequestError, Worker, WorkerError  # noqa: E402
from bnlint.frameworks.records import Api  # noqa: E402
from bnlint.frameworks.tables import catalogue  # noqa: E402

QUANTITIES = ("output", "mean", "variance", "counter")


def main(wanted: list[str], device: str) -> None:
    """Compare the APIs whose id has one of ``wanted`` in it (default: all) on ``device``."""
    tables = catalogue()
    apis = tables.load(tables.families).apis.values()
    chosen = interpreters([], os.environ)
    heads = ["API", "experiments", "refused by both", "not in the table", *QUANTITIES, "seconds"]
    print("| " + " | ".join(heads) + " |")
    print("|---" * len(heads) + "|")
    for name in sorted({api.framework.worker for api in apis} - {""}):
        mine = [api for api in apis if api.framework.worker == name]
        mine = [api for api in mine if any(word in api.id for word in wanted or [""])]
        with Worker(name, chosen.get(name)) as worker:
            for api in mine:
                print(row(worker, api, device), flush=True)


def row(worker: Worker, api: Api, device: str) -> str:
    """Return the line of one API."""
    try:
        path, reason = matrix.installed(worker, api)
        if path and worker.device != device:
            worker.use(device)
    except (RequestError, WorkerError) as error:
        path, reason = "", str(error)
    if not path:
        return f"| {api.id} | not installed: {reason} |"
    begun = time.perf_counter()
    outcomes = [matrix.compare(worker, api, case) for case in matrix.cases(api, path)]
    seconds = time.perf_counter() - begun
    largest = {q: max((o.errors.get(q, -1.0) for o in outcomes), default=-1.0) for q in QUANTITIES}
    figures = [f"{largest[q]:.1e}" if largest[q] >= 0 else "" for q in QUANTITIES]
    unknown = sum(bool(o.unknown) for o in outcomes)
    faults = {o.fault for o in outcomes if o.fault}
    refused = sum(not o.errors and not o.unknown and not o.fault for o in outcomes)
    cells = [api.id, str(len(outcomes)), str(refused), str(unknown), *figures, f"{seconds:.0f}"]
    return (
        "| " + " | ".join(cells) + " |" + "".join(f"\n|   differs: {fault} |" for fault in faults)
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Print how far frameworks are from the oracle.")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("wanted", metavar="ID", nargs="*")
    given = parser.parse_args()
    main(given.wanted, given.device)
