"""Runs bnlint as people do, and the small programs to run it on."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from bnlint.cli.main import main

ROOT = Path(__file__).resolve().parent.parent.parent

#: What runs remember is kept from the memory of whoever runs the tests.
_FOLDER = tempfile.TemporaryDirectory(prefix="bnlint-tests-", ignore_cleanup_errors=True)
_MEMORY = {"BNLINT_CACHE_DIR": _FOLDER.name}

#: One layer, and what is said of it where it stands alone in a file.
FAULTY = "import torch.nn as nn\n\nbn = nn.BatchNorm2d(64, momentum=0.99)\n"
CLEAN = "import torch.nn as nn\n\nbn = nn.BatchNorm2d(64, momentum=0.01)\n"
FINDING = (
    "3:34: error: BN101 momentum=0.99 of BatchNorm2d is the weight of the new batch in PyTorch: "
    "each step keeps 0.01 of the old running value; help: write momentum=0.01, which is what Keras "
    "calls 0.99"
)


def uncompared(layers: int) -> str:
    """Return the line that says that so many layers were compared with nothing."""
    return (
        f"{layers} batch normalisation layer{'' if layers == 1 else 's'}; eps and momentum "
        "compared with nothing: no reference known. For a port, --from FAMILY or 'bnlint compare "
        "REF PORT' "
        'gives one; reference = "none" in the configuration declares native code\n'
    )


def passed(files: int, layers: int) -> str:
    """Return the line that says that nothing was found in so many files and layers."""
    counted = "no layers"
    if layers:
        counted = f"{layers} batch normalisation layer{'' if layers == 1 else 's'}"
    return f"All checks passed ({files} file{'' if files == 1 else 's'}, {counted}).\n"


SUMMARY = f"Found 1 error in 1 file (1 fixable with --fix --unsafe-fixes).\n{uncompared(1)}"

#: Runs bnlint so that the modes of files hold for it, which root may otherwise pass over: root
#: gives its capabilities up (capset(2), version 3 of its structures) and stays their owner.
UNPRIVILEGED = """
import ctypes, os, struct, sys
if os.geteuid() == 0:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.capset(struct.pack("=Ii", 0x20080522, 0), bytes(24)) != 0:
        sys.exit(f"capset: {os.strerror(ctypes.get_errno())}")
from bnlint.cli.main import main
sys.exit(main())
"""


class Run(NamedTuple):
    """What a run came to."""

    code: int
    out: str
    err: str


def write(folder: Path, **files: str | bytes) -> None:
    """Write files; in their names ``__`` is a slash, ``.py`` is added to those without a dot."""
    for name, content in files.items():
        path = folder / name.replace("__", "/")
        if not path.suffix and not path.name.startswith("."):
            path = path.with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def bnlint(
    folder: Path, *arguments: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None
) -> Run:
    """Run the command line in this process, as if started in ``folder``."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="") for _ in range(2))
    with (
        _in(folder),
        mock.patch.dict(
            os.environ, {"PATH": os.defpath, **_MEMORY, **(environment or {})}, clear=True
        ),
        mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin))),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            code = main(arguments)
        except SystemExit as exit_:
            code = int(exit_.code or 0)
    return Run(code, _text(out), _text(err))


def program(
    folder: Path,
    *arguments: str,
    before: Sequence[str] = ("-m", "bnlint"),
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> Run:
    """Run ``python -m bnlint`` in ``folder``, in a process and an environment of its own."""
    result = subprocess.run(
        [sys.executable, *before, *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        env=_environment(environment),
        check=False,
    )
    return Run(result.returncode, result.stdout.decode(), result.stderr.decode())


def shell(folder: Path, command: str) -> Run:
    """Run a line of bash, in which ``$bnlint`` is the program; the code is that of the program."""
    result = subprocess.run(
        ["bash", "-c", f"{command}\nexit ${{PIPESTATUS[0]}}"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=_environment({"bnlint": f"{sys.executable} -m bnlint"}),
        check=False,
    )
    return Run(result.returncode, result.stdout.decode(), result.stderr.decode())


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **_MEMORY, **(more or {})}


@contextlib.contextmanager
def _in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode()
