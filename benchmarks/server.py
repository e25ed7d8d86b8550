"""How long the language server takes from a key to the findings, in a file of 2,000 lines.

Writes a project, opens one file of it as an editor does, and types into it: in the body of a
method, in the arguments of a layer, in a constant that layers use, in a line that imports
something. What is measured is the time until findings of that version arrive, and how long the
server worked meanwhile: on a machine that does other things too, only that one means something,
and that as a multiple of what Python takes to parse the file.

    python benchmarks/server.py [FILES ...] [--edits N] [--lines N]
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

from lsprotocol import types
from pygls.lsp.client import LanguageClient
from scale import write_project

HEAD = """\
import torch
import torch.nn as nn

from pkg.config import EPS, MOMENTUM
from ..layers import Norm

OWN_MOMENTUM = 0.99


"""
BLOCK = """\
class Block{i}(nn.Module):
    def __init__(self, n, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(n, n, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(n, eps=EPS, momentum=MOMENTUM)
        self.conv2 = nn.Conv2d(n, n, 3, padding=1, bias=False)
        self.bn2 = {bn2}
        self.act = nn.ReLU()
        self.scale = 1.0

    def forward(self, x):
        y = self.act(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        total = y * self.scale
        for step in range(3):
            total = total + step
        return self.act(total + x)

{methods}

"""
METHODS = "".join(
    f"    def part{i}(self, x, factor={i}):\n"
    f"        for step in range(factor):\n"
    f"            x = self.scale * x + step\n"
    f"        return self.act(x)\n\n"
    for i in range(16)
)
TAIL = """\
def evaluate(loader):
    net = Block0(8)
    net.eval()
    with torch.no_grad():
        return [net(x) for x, _ in loader]
"""


def program(lines: int) -> str:
    """Return a program of about so many lines, with a layer in 50 of them: twice what is usual."""
    text, i = HEAD, 0
    while text.count("\n") < lines - TAIL.count("\n"):
        faulty = "nn.BatchNorm2d(n, momentum=OWN_MOMENTUM)" if i % 5 == 0 else "Norm(n)"
        text += BLOCK.format(i=i, bn2=faulty, methods=METHODS)
        i += 1
    return text + TAIL


class Typist:
    """A client that types into one file and waits for the findings of each version."""

    def __init__(self, root: Path, file: Path, text: str) -> None:
        self.client = LanguageClient("typist", "1")
        self.root, self.uri, self.text, self.version = root, file.as_uri(), text, 1
        self.found: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()

        def take(findings: types.PublishDiagnosticsParams) -> None:  # a method cannot be marked
            self.found.put_nowait(findings)

        published = self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        published(take)

    async def begin(self) -> float:
        """Start the server and open the file; return how long the first findings took."""
        start = time.perf_counter()
        await self.client.start_io(sys.executable, "-m", "bnlint", "server")
        await self.client.initialize_async(
            types.InitializeParams(types.ClientCapabilities(), root_uri=self.root.as_uri())
        )
        self.client.initialized(types.InitializedParams())
        item = types.TextDocumentItem(self.uri, "python", self.version, self.text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        await self.findings()
        return time.perf_counter() - start

    async def findings(self) -> int:
        """Wait for the findings of the present version; return how many there are."""
        while True:
            found = await asyncio.wait_for(self.found.get(), 60)
            if found.version == self.version:
                return len(found.diagnostics)

    async def type(self, needle: str, occurrence: int, key: str) -> tuple[float, float]:
        """Put ``key`` behind an occurrence of ``needle``; return seconds, and seconds of work."""
        at = -1
        for _ in range(occurrence + 1):
            at = self.text.index(needle, at + 1)
        at += len(needle)
        line = self.text.count("\n", 0, at)
        place = types.Position(line, at - (self.text.rfind("\n", 0, at) + 1))
        self.text = f"{self.text[:at]}{key}{self.text[at:]}"
        self.version += 1
        worked, start = self.worked(), time.perf_counter()
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(self.version, self.uri),
                [types.TextDocumentContentChangePartial(types.Range(place, place), key)],
            )
        )
        await self.findings()
        return time.perf_counter() - start, self.worked() - worked

    def worked(self) -> float:
        """Return for how many seconds of a processor the server has worked."""
        server = self.client._server
        assert server is not None
        tasks = Path(f"/proc/{server.pid}/task")
        return sum(int((t / "schedstat").read_text().split()[0]) for t in tasks.iterdir()) / 1e9

    async def end(self) -> None:
        """Have the server end."""
        await self.client.shutdown_async(None)
        self.client.exit(None)
        await self.client.stop()


#: What is typed: where, and what. The last is half an import, which changes what leads where.
EDITS = (
    ("in a body", "        total = y * self.scale", " + 1"),
    ("a new line", "            total = total + step", "\n            total = total * 2"),
    ("in a layer", "nn.BatchNorm2d(n, eps=EPS", ", affine=True"),
    ("half a word", "        self.scale = 1.0", "\n        self."),
    ("a constant", "OWN_MOMENTUM = 0.9", "9"),
    ("an import", "import torch.nn as nn\n", "import os\n"),
)


def at(values: list[float], share: float) -> float:
    """Return the value that this share of ``values`` does not exceed."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


async def measure(files: int, lines: int, edits: int) -> None:
    """Print a row for each kind of edit in a project of so many files."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        if files:
            write_project(root, files)
        else:
            (root / "pkg" / "nets").mkdir(parents=True)
            (root / "pyproject.toml").write_text("")
        file = root / "pkg" / "nets" / "typed.py"
        text = program(lines)
        file.write_text(text)
        everything: list[tuple[float, float]] = []
        first = 0.0
        for what, needle, key in EDITS:
            typist = Typist(root, file, text)
            first = await typist.begin()
            chance = random.Random(what)
            times = []
            for _ in range(edits):
                times.append(await typist.type(needle, chance.randrange(text.count(needle)), key))
                if what == "half a word":  # and back to what can be parsed
                    typist.text = text
                    typist.version += 1
                    typist.client.text_document_did_change(
                        types.DidChangeTextDocumentParams(
                            types.VersionedTextDocumentIdentifier(typist.version, typist.uri),
                            [types.TextDocumentContentChangeWholeDocument(text)],
                        )
                    )
                    await typist.findings()
            await typist.end()
            everything += times[1:]
            _print(files, what, times[1:], parsed_in(text))
        _print(files, f"all (first findings after {first:.1f} s)", everything, parsed_in(text))


def parsed_in(text: str) -> float:
    """Return the seconds of a processor that parsing takes, right now."""
    times = []
    for _ in range(5):
        start = time.process_time()
        ast.parse(text)
        times.append(time.process_time() - start)
    return at(times, 0.5)


def _print(files: int, what: str, times: list[tuple[float, float]], parsed: float) -> None:
    cells = [
        f"{1000 * at([pair[side] for pair in times], share):.0f}"
        for side in (0, 1)
        for share in (0.5, 0.95)
    ]
    cells += [f"{at([pair[1] for pair in times], share) / parsed:.1f}" for share in (0.5, 0.95)]
    print(f"| {files} | {what} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=int, default=[0, 250])
    parser.add_argument("--edits", type=int, default=10)
    parser.add_argument("--lines", type=int, default=2000)
    given = parser.parse_args()
    head = "files | what is typed | ms, half | ms, 95 % | worked ms, half | worked ms, 95 %"
    print(f"| {head} | parsings, half | parsings, 95 % |")
    print(f"|{'---|' * 8}")
    for files in given.files:
        asyncio.run(measure(files, given.lines, given.edits))


if __name__ == "__main__":
    main()
