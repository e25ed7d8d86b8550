"""Workers of frameworks that are made up."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from bnlint.confirm import worker

FOLDER = Path(worker.__file__).parent


def module(name: str, **content: Any) -> types.ModuleType:
    made = types.ModuleType(name)
    made.__spec__ = importlib.machinery.ModuleSpec(name, None)
    vars(made).update(content)
    return made


def loaded(monkeypatch: pytest.MonkeyPatch, name: str, *stubs: types.ModuleType) -> Any:
    """Return the worker of a framework that is made up, without what prepares a real one."""
    for gone in ("torch", "keras", "jax", "tensorflow", "paddle", "mindspore"):
        monkeypatch.setitem(sys.modules, gone, None)
    for stub in stubs:
        monkeypatch.setitem(sys.modules, stub.__name__, stub)
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made
