"""Lets these tests use what runs the command line in its own tests, and interpreters made up."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "cli"))

from made_up import Interpreter, made


@pytest.fixture(scope="session")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Interpreter:
    """Return an interpreter that has NumPy and no framework; ``.having`` gives it packages."""
    return made(tmp_path_factory.mktemp("made-up"))
