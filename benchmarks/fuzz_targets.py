"""What `fuzz.py` throws bytes at, and the promises it holds bnlint to.

A target takes any bytes. What it raises is a fault: an exception that got out of bnlint, or a
:class:`Broken` promise. `SEEDS` has inputs of each target from which others are made.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path

from bnlint.config.options import Config, ConfigError, Mistake
from bnlint.config.selection import check_families, check_selectors
from bnlint.config.settings import Configs, excluded, idle_globs
from bnlint.config.shown import show
from bnlint.config.wrappers import check_wrappers
from bnlint.engine.documentation import page
from bnlint.engine.facts import renew
from bnlint.engine.linter import Options, Result, check
from bnlint.engine.packages import Packages
from bnlint.engine.registry import load_rules
from bnlint.files.source import Unreadable, Unwritable, decode, encode
from bnlint.files.tree import DISK, Overlay
from bnlint.fixing import baseline
from bnlint.fixing.ignoring import suppress_all
from bnlint.fixing.rounds import fix
from bnlint.running.cache import Basis, Cache
from bnlint.running.deciding import options_for
from bnlint.running.discovery import walk
from bnlint.running.kept import unpacked
from bnlint.running.outlines import Outlines

RULES = load_rules()
ALL = frozenset(rule.code for rule in RULES)

#: All rules, all they have to say, beside a reference.
OPTIONS = Options(ALL, ALL, "low", "keras")

#: A folder that is in memory only.
HERE = "/fuzzed"


class Broken(Exception):  # says what was promised
    """A promise that does not hold."""


def _held(result: Result) -> Result:
    """Return a result in which nothing crashed, and whose findings lie in their file."""
    if result.problems:
        raise Broken(result.problems[0].message)
    for finding in result.findings:
        start, end = finding.span.start, finding.span.end
        if result.text is not None and not 0 <= start <= end <= len(result.text):
            raise Broken(f"{finding.code} lies outside of its file")
    return result


def _parses(data: bytes, name: str = "m.py") -> bool:
    try:
        ast.parse(decode(data, name).text)
    except (Unreadable, SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


# ---------------------------------------------------------------------------------- targets


def reader(data: bytes) -> None:
    """Any bytes are decoded or refused; what was decoded is written back byte for byte."""
    try:
        source = decode(data, "m.py")
    except Unreadable:
        return
    try:
        written = encode(source, source.text)
    except Unwritable:
        return
    if written != data:
        raise Broken("what was read is not what is written back")


def program(data: bytes) -> None:
    """One file, all rules: values, sites, modes."""
    _held(check(data, "m.py", RULES, OPTIONS))


def project(data: bytes) -> None:
    """Files that import one another: the histories of models and values across them."""
    _, *parts = re.split(rb"^# file: ([a-z_./]{1,40})\n", data, flags=re.MULTILINE)
    texts = {
        os.path.normpath(f"{HERE}/{name.decode()}"): text
        for name, text in zip(parts[::2], parts[1::2], strict=True)
        if name.endswith(b".py")
    }
    renew(Overlay(DISK, {**texts, f"{HERE}/pyproject.toml": b""}))
    for path, text in texts.items():
        folder, _, name = path.rpartition("/")
        _held(check(text, name, RULES, OPTIONS._replace(folder=folder)))


def fixers(data: bytes) -> None:
    """Hold fixes to their promise: what was fixed parses, and fixing it again changes nothing."""
    _fixed(data, "m.py")


def _fixed(data: bytes, name: str) -> bytes | None:
    result = _held(fix(data, name, RULES, OPTIONS, unsafe=True))
    if result.after is None:
        return None
    if not _parses(result.after, name):
        raise Broken("what was fixed does not parse")
    if _held(fix(result.after, name, RULES, OPTIONS, unsafe=True)).after is not None:
        raise Broken("fixing again changes more")
    return result.after


def notebooks(data: bytes) -> None:
    """Notebooks: refused or written back byte for byte, and fixed in the source of cells alone."""
    _document(data, "m.ipynb")


def pages(data: bytes) -> None:
    """Pages of Markdown and reStructuredText: the same."""
    _document(data, "m.md")
    _document(data, "m.rst")


def _document(data: bytes, name: str) -> None:
    try:
        source = decode(data, name)
    except Unreadable:
        _held(check(data, name, RULES, OPTIONS))
        return
    if encode(source, source.text) != data:
        raise Broken("what was read is not what is written back")
    after = _fixed(data, name)
    if after is None or source.document is None:
        return
    fixed = decode(after, name).document
    if fixed is None or fixed.around != source.document.around:
        raise Broken("something beside the code was changed")


def directives(data: bytes) -> None:
    """Comments that talk to bnlint: read, and written for what was found."""

    def recheck(changed: bytes) -> Result:
        return check(changed, "m.py", RULES, OPTIONS)

    result = _held(suppress_all(data, _held(recheck(data)), "why", recheck))
    if result.after is not None and not _parses(result.after):
        raise Broken("what was suppressed does not parse")


def configuration(data: bytes) -> None:
    """Take a configuration and a `.gitignore` of the linted tree, or refuse them with a reason."""
    text, _, ignored = data.partition(b"\n# gitignore\n")
    tree = Overlay(
        DISK,
        {
            f"{HERE}/bnlint.toml": text,
            f"{HERE}/.gitignore": ignored,
            f"{HERE}/{'a' * 60}/[x]/b.py": b"",
            f"{HERE}/src/net.py": b"import torch\n",
        },
    )
    renew(tree)

    def mistakes(config: Config) -> Iterator[Mistake]:
        yield from check_selectors(config, RULES)
        yield from check_families(config)
        yield from check_wrappers(config)

    configs = Configs(HERE, check=mistakes, tree=tree)
    found = walk([HERE], configs, HERE)
    try:
        config = configs.of_folder(HERE)
    except ConfigError as error:
        if not all(mistake.problem.message for mistake in error.mistakes):
            raise Broken("refused without a reason") from None
        return
    show(config)
    idle_globs(config, [file.path for file in found.files])
    for file in found.files:
        if excluded(config, file.path):
            raise Broken(f"{file.path} is excluded, and found")
        check(tree.read(file.path), file.display, RULES, options_for(config, file.path, RULES))


def cache(data: bytes) -> None:
    """Ignore a memory of another run that is damaged or made up, and write it anew."""
    with contextlib.suppress(ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
        for entry in json.loads(data)["entries"].values():
            found = unpacked(entry[1])
            if found is not None:
                _held(found)
    for whole in (data, blake2b(data, digest_size=16).hexdigest().encode() + b"\n" + data):
        _remembered(whole)


def _remembered(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bnlint-results-0123456789abcdef.json")
        path.write_bytes(data)
        Path(str(path).replace("-results-", "-outlines-")).write_bytes(data)
        packages = Packages()
        memory = Cache(str(path), "id", packages)
        options = OPTIONS._replace(folder=folder)
        for name in ("/fuzzed/a.py", "a.py", ""):
            memory.recall(name, "a.py", "key", b"")
        key = memory.key(f"{folder}/a.py", "a.py", b"", options)
        if memory.recall(f"{folder}/a.py", "a.py", key, b"") is not None:
            raise Broken("a memory that was made up is believed")
        outlines = Outlines(memory.outlines.path, "id")
        for digest in ("d", "", "0"):
            outlines.recall(digest, "import torch\n")
        memory.remember(f"{folder}/a.py", key, Result("a.py", ()), Basis((), (), (), "state"))
        memory.save()
        Cache(str(path), "id", packages)


def baselines(data: bytes) -> None:
    """Take the baseline of a project, or refuse it with a reason."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "baseline.json")
        path.write_bytes(data)
        try:
            loaded = baseline.load(str(path))
        except baseline.BaselineError as error:
            if not str(error):
                raise Broken("refused without a reason") from None
            return
        for entries in loaded.files.values():
            result = check(SEEDS["program"][0], "m.py", RULES, OPTIONS)
            _held(baseline.accept(result, entries))
        list(baseline.stale(loaded, {}))


TARGETS: dict[str, Callable[[bytes], None]] = {
    "program": program,
    "project": project,
    "fixers": fixers,
    "notebooks": notebooks,
    "pages": pages,
    "directives": directives,
    "configuration": configuration,
    "reader": reader,
    "cache": cache,
    "baselines": baselines,
}

# ---------------------------------------------------------------------------------- seeds

_CASES = Path(__file__).resolve().parent.parent / "tests" / "cases"


def _texts(folder: str, pattern: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((_CASES / folder).glob(pattern))]


_EXAMPLES = [example.code.encode() for rule in RULES for example in page(rule.module).examples]
_PROGRAMS = [*_EXAMPLES, *_texts("modes", "*.py")]
_COMMENTS = (
    b"# bnlint: ignore[BN101, eps-differs] why", b"# noqa: BN103", b"# noqa", b"# bnlint: ignore",
    b"# bnlint: ignore-file[BN101]", b"# bnlint: port-of ref.py", b"# bnlint: nonsense",
    b"# BNLINT:Ignore [bn101 BN103] # type: ignore", b"# bnlint: ignore[",
)  # fmt: skip
_CONFIGURATION = b"""\
select = ["ALL"]
ignore = ["BN106", "eps-differs"]
min-confidence = "low"
from = "keras"
exclude = ["*a*a*a*a*b", "{a,b{c,d}}/**", "[!x]", "src/../x"]
fixable = ["BN1"]
baseline = "x.json"
infer = false
[per-file-ignores]
"tests/**" = ["BN2"]
[[port]]
paths = ["src/**", "**/[[:alpha:]]?.py"]
from = "torch"
reference = "ref.py"
[apis."my.Norm"]
like = "torch.nn.BatchNorm2d"
eps = 0.001
parameters = { eps = "epsilon" }
positional = ["num_features"]
# gitignore
*.pyc
!a/**/b
/[a-z]*/
a*a*a*a*a*
"""
_RESULTS = (
    b'{"identity":"id","files":["/fuzzed/a.py"],"imports":[["/fuzzed","torch"]],'
    b'"questions":[["users","/fuzzed/a.py","Net"],["search","/fuzzed","eval"],["root","/fuzzed"]],'
    b'"entries":{"/fuzzed/a.py":["key",["Result","a.py",[0,["Finding","BN101","n","error","high",'
    b'"a.py",["Span",1,1,1,2,0,1],"m"]]],"state",[0],[0],[0,1,2]]}}'
)
_OUTLINES = (
    b'{"identity":"id","outlines":{"d":[{"a":[["torch","nn"]]},{"t":["torch"]},["x"],'
    b'{"f":[[0,["g"],0,9]]},true]}}'
)
_BASELINE = (
    b'{"version": 1, "findings": [{"path": "a.py", "code": "BN101", '
    b'"statement": "bn = nn.BatchNorm2d(8, momentum=0.99)", "count": 1}]}'
)
_ENCODED = (
    b"\xef\xbb\xbf# x\r\nx = 1\r\n", b"# -*- coding: latin-1 -*-\nx = '\xe9'\n", b"x\0y",
    b"#!/usr/bin/python\n# vim: set fileencoding=utf-16 :\n", b"\xff\xfe",
    b"# coding: utf-7\n+ACI-",    b"\x0cx = 1\r# coding: rot13\n",
)  # fmt: skip
#: What stands in notebooks beside Python.
_MAGICS = (
    "%matplotlib inline\n",
    "!pip install torch \\\n  keras\n",
    "%%time\n",
    "nn.Linear?\n",
    "",
)


def _notebook(code: bytes, number: int) -> bytes:
    """Return a notebook with ``code`` in two cells, laid out in one of several ways."""
    lines = code.decode().splitlines(keepends=True)
    at = next((n for n, line in enumerate(lines) if n > 2 and line[:1].strip()), len(lines))
    texts = ["".join(lines[:at]), _MAGICS[number % len(_MAGICS)] + "".join(lines[at:])]
    sources = [text.splitlines(keepends=True) if number % 3 else text for text in texts]
    cells = [
        {"cell_type": "markdown", "source": ["# Gr\u00f6\u00dfe\n"]},
        *({"cell_type": "code", "metadata": {}, "outputs": [], "source": s} for s in sources),
    ]
    content = {"cells": cells, "metadata": {"language_info": {"name": "python"}}, "nbformat": 4}
    return json.dumps(content, indent=number % 2 or None, ensure_ascii=number % 5 > 0).encode()


def _page(code: bytes, number: int) -> bytes:
    """Return a page with ``code`` in a block of Markdown or of reStructuredText."""
    if number % 2:
        return b"# Net\n\n```python\n" + code + b"```\n\n```\nno code\n```\n"
    body = b"".join(b"    " + line for line in code.splitlines(keepends=True))
    return b"Net\n===\n\n.. code-block:: python\n\n" + body + b"\nMore.\n"


#: Inputs to begin with, by target.
SEEDS: dict[str, list[bytes]] = {
    "program": _PROGRAMS,
    "project": _texts("mode_projects", "*.txt"),
    "fixers": _PROGRAMS,
    "notebooks": [_notebook(code, n) for n, code in enumerate(_PROGRAMS[::3])],
    "pages": [_page(code, n) for n, code in enumerate(_PROGRAMS[::3])],
    "directives": [
        *(code.replace(b"\n", b"  " + c + b"\n") for c in _COMMENTS for code in _EXAMPLES)
    ],
    "configuration": [_CONFIGURATION],
    "reader": [*_ENCODED, *_EXAMPLES],
    "cache": [_RESULTS, _OUTLINES],
    "baselines": [_BASELINE],
}
