"""Which files a port is compared with: what its configuration and its comments name."""

from __future__ import annotations

import os
import re

from bnlint.config import Config, reference_for
from bnlint.files import displayed
from bnlint.finding import Problem
from bnlint.linter import ReferenceFile
from bnlint.options import absolute

_PORT_OF = re.compile(r"#[ \t]*bnlint:[ \t]*port-of[ \t]+([^#\r\n]+)", re.IGNORECASE)


def references_of(
    config: Config, path: str, display: str, text: str, cwd: str
) -> tuple[tuple[ReferenceFile, ...], list[Problem]]:
    """Return the references of the file at the absolute ``path``, and which cannot be had.

    A ``port-of`` comment names files relative to the file it stands in, and is stronger than the
    configuration.
    """
    folder = path.rpartition("/")[0]
    marks = [match[1].strip() for match in _PORT_OF.finditer(text)] if "port-of" in text else []
    named = [split(mark, folder) for mark in marks]
    if not named:
        configured = reference_for(config, path)
        if configured is None:
            return (), []
        named = [split(configured, folder)]
    found: list[ReferenceFile] = []
    problems: list[Problem] = []
    for reference, part in named:
        try:
            with open(reference, "rb") as stream:
                found.append(ReferenceFile(displayed(reference, cwd), stream.read(), part))
        except OSError as error:
            shown = displayed(reference, cwd)
            message = f"its reference {shown} cannot be read: {error.strerror or error}"
            problems.append(Problem(message, display))
    return tuple(found), problems


def split(name: str, folder: str) -> tuple[str, str]:
    """Return the absolute path and the part of ``file.py::Class``, relative to ``folder``."""
    file, _, part = name.partition("::")
    return absolute(file, folder).replace(os.sep, "/"), part
