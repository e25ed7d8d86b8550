"""Glob patterns of the configuration, with the meaning they have for ruff.

``*`` and ``?`` match slashes too; ``**/`` is any number of folders, ``/**`` everything below;
``[ab]``, ``[!ab]`` and ``{a,b}`` work as in a shell. A pattern is held against the whole path,
relative to the folder of the configuration file, and, where it has no slash, against the last
component as well. Paths are absolute and have forward slashes on every system.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import lru_cache

from bnlint.config.automaton import Automaton, Taken, anything, one_of
from bnlint.startup.patterns import lazy

__all__ = ["GlobError", "Globs", "anchored", "check", "compiled"]

_WILD = frozenset("*?[]{}\\")
_SUFFIX = lazy(r"\*(\.\w+)")


class GlobError(ValueError):
    """A pattern that is no glob. The message says why."""


class Globs:
    """The patterns of one list, ready to match. Made by :func:`compiled`."""

    __slots__ = ("_literal_names", "_literal_paths", "_names", "_paths", "_suffixes")

    def __init__(self, patterns: Sequence[str], folder: str) -> None:
        suffixes, literal_names, literal_paths = [], set(), set()
        self._names: Automaton | None = None
        self._paths: Automaton | None = None
        for pattern in patterns:
            suffix = _SUFFIX.fullmatch(pattern)
            if suffix:
                suffixes.append(suffix[1])
                continue
            bare = "/" not in _slashes(pattern)
            root, rest = _rooted(pattern, folder)
            if _WILD.isdisjoint(rest):
                literal_paths.add(root + rest)
                if bare:
                    literal_names.add(rest)
            else:
                self._paths = _added(self._paths, root, rest)
                if bare:
                    self._names = _added(self._names, "", rest)
        self._suffixes = tuple(suffixes)
        self._literal_names = frozenset(literal_names)
        self._literal_paths = frozenset(literal_paths)

    def match(self, path: str, name: str) -> bool:
        """Tell whether a pattern matches the absolute ``path`` or its last component, ``name``."""
        return (
            name in self._literal_names
            or name.endswith(self._suffixes)
            or path in self._literal_paths
            or (self._names is not None and self._names.last(name) is not None)
            or (self._paths is not None and self._paths.last(path) is not None)
        )

    def match_within(self, path: str, folder: str) -> bool:
        """Tell whether a pattern matches ``path`` or a folder between it and ``folder``."""
        inside = folder.rstrip("/") + "/"
        while True:
            above, _, name = path.rpartition("/")
            if self.match(path, name):
                return True
            if not above.startswith(inside):
                return False
            path = above


@lru_cache(maxsize=512)
def compiled(patterns: tuple[str, ...], folder: str) -> Globs:
    """Return ``patterns``, relative to the absolute ``folder``, ready to match.

    Raises:
        GlobError: a pattern is no glob.
    """
    return Globs(patterns, folder)


def check(pattern: str) -> None:
    """Do nothing if ``pattern`` is a glob.

    Raises:
        GlobError: it is none.
    """
    if not pattern.strip():
        raise GlobError("an empty pattern")
    _added(None, "", _slashes(pattern))


def anchored(pattern: str, folder: str) -> str:
    """Return ``pattern`` so that it keeps its meaning in ``folder`` when used in another one."""
    if "/" not in _slashes(pattern):
        return pattern
    root, rest = _rooted(pattern, folder)
    return re.sub(r"[*?\[\]{}]", r"[\g<0>]", root) + rest


def _slashes(pattern: str) -> str:
    # a backslash is a separator where paths have it, an escape where they do not
    return pattern if os.sep == "/" else pattern.replace(os.sep, "/")


def _rooted(pattern: str, folder: str) -> tuple[str, str]:
    """Split ``pattern`` into the literal folder it starts from (with a slash) and the rest."""
    pattern = _slashes(pattern)
    if pattern.startswith("/") or re.match(r"[A-Za-z]:/", pattern):
        return "", pattern.rstrip("/")
    while pattern.startswith(("./", "../")):
        if pattern.startswith("../"):
            folder = folder.rpartition("/")[0]
        pattern = pattern.partition("/")[2]
    return folder.rstrip("/") + "/", pattern.rstrip("/")


def _added(automaton: Automaton | None, root: str, pattern: str) -> Automaton:
    """Return ``automaton`` (a new one, if there is none) with ``pattern`` below ``root``."""
    automaton = Automaton() if automaton is None else automaton
    state = automaton.state(after=(0,))
    for character in root:
        state = automaton.step(state, character)
    around: list[tuple[int, int]] = []  # the braces that are open: where they begin and end
    i = 0
    while i < len(pattern):
        character = pattern[i]
        if character == "*":
            end = i
            while pattern[end : end + 1] == "*":
                end += 1
            alone = end - i == 2 and pattern[i - 1 : i] in ("", "/", *("{," if around else ""))
            passed = automaton.loop(state, anything)
            if alone and pattern[end : end + 1] == "/":
                passed = automaton.step(passed, "/")
                automaton.join(state, passed)
                end += 1
            state, i = passed, end
            continue
        if character == "[":
            i, taken = _class(pattern, i)
            state = automaton.step(state, taken)
        elif character == "?":
            state = automaton.step(state, anything)
        elif character == "{":
            around.append((state, automaton.state()))
            state = automaton.state(after=(state,))
        elif character == "}":
            if not around:
                raise GlobError("} without {")
            _, end = around.pop()
            automaton.join(state, end)
            state = end
        elif character == "," and around:
            start, end = around[-1]
            automaton.join(state, end)
            state = automaton.state(after=(start,))
        else:
            if character == "\\":
                i += 1
                if i == len(pattern):
                    raise GlobError("nothing after the last \\")
            state = automaton.step(state, pattern[i])
        i += 1
    if around:
        raise GlobError("{ without }")
    automaton.accept(state, 0)
    return automaton


def _class(pattern: str, start: int) -> tuple[int, Taken]:
    """Return where the ``[...]`` that opens at ``start`` closes, and the test of what it takes."""
    first = start + 1
    negated = pattern.startswith(("!", "^"), first)
    first += negated
    end = pattern.find("]", first + 1)
    if end < 0:
        raise GlobError("[ without ]")
    body = pattern[first:end]
    single: set[str] = set()
    ranges: list[tuple[str, str]] = []
    i = 0
    while i < len(body):
        if body[i + 1 : i + 2] == "-" and i + 2 < len(body):
            if body[i] > body[i + 2]:
                raise GlobError(f"{body[i : i + 3]} is no range")
            ranges.append((body[i], body[i + 2]))
            i += 3
        else:
            single.add(body[i])
            i += 1
    return end, one_of(single, ranges, negated=negated)
