"""The folders in which a user keeps what programs remember, and how they are set up."""

from __future__ import annotations

import os
import sys


def cache_folder() -> str:
    """Return the folder for what can be worked out again, whether or not it is there."""
    if sys.platform == "win32":
        return os.path.join(_local(), "bnlint", "Cache")
    if sys.platform == "darwin":
        return os.path.join(_home(), "Library", "Caches", "bnlint")
    return os.path.join(_xdg("XDG_CACHE_HOME", ".cache"), "bnlint")


def config_folder() -> str:
    """Return the folder for the user's own configuration, whether or not it is there."""
    if sys.platform == "win32":
        return os.path.join(_local(), "bnlint")
    if sys.platform == "darwin":
        return os.path.join(_home(), "Library", "Application Support", "bnlint")
    return os.path.join(_xdg("XDG_CONFIG_HOME", ".config"), "bnlint")


def _home() -> str:
    return os.path.expanduser("~")


def _xdg(variable: str, usual: str) -> str:
    """Return a folder of the XDG Base Directory Specification: a relative one does not count."""
    named = os.environ.get(variable, "").strip()
    return named if os.path.isabs(named) else os.path.join(_home(), usual)


def _local() -> str:
    """Return where Windows has what programs keep for a user on one machine."""
    named = os.environ.get("LOCALAPPDATA", "")
    return named if os.path.isabs(named) else os.path.join(_home(), "AppData", "Local")
