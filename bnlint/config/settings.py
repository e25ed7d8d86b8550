"""Which configuration holds for a file, and what it says about that file.

The configuration of a file is the nearest one upwards from it, whatever folder bnlint is started
in and whatever other files are named with it. Options from the command line are laid over each.

What the rest of bnlint needs of configurations can be had from here, but for what shows them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

from bnlint.config import globs
from bnlint.config.options import (
    COMMAND_LINE,
    FORMATS,
    NO_REFERENCE,
    OPTIONS,
    Config,
    ConfigError,
    Mistake,
    Port,
    Selection,
    absolute,
    parse,
    toml,
)
from bnlint.config.selection import (
    FixChoice,
    RuleLike,
    check_families,
    check_selectors,
    ignored_for,
    resolve,
    resolve_fixes,
)
from bnlint.files.tree import DISK, Tree
from bnlint.startup.patterns import lazy
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "FORMATS",
    "Config",
    "ConfigError",
    "Configs",
    "FixChoice",
    "Given",
    "Mistake",
    "Port",
    "RuleLike",
    "Selection",
    "check_families",
    "check_selectors",
    "excluded",
    "from_for",
    "idle_globs",
    "ignored_for",
    "is_native",
    "override",
    "reference_for",
    "resolve",
    "resolve_fixes",
]

_PYPROJECT = "pyproject.toml"
#: A configuration file of more bytes than this is none: it comes with the linted project.
_LONGEST = 1_000_000

#: The time that a key takes to be read grows with the square of its dots: no line may have more.
_MOST_DOTS = 200
_QUOTED = lazy(r"\"[^\"\n]*\"|'[^'\n]*'")
_NAMES = (".bnlint.toml", "bnlint.toml", _PYPROJECT)  # the first of a folder holds


class Given(NamedTuple):
    """Options given on the command line; ``None`` and ``()`` where they are not.

    What ``extend_`` begins adds to what the configuration says, the
    selection is a layer of its own, all others replace. Globs and paths are relative to the
    current folder.
    """

    selection: Selection = Selection()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] | None = None
    extend_per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    min_confidence: str | None = None
    from_family: str | None = None
    baseline: str | None = None
    fix: bool | None = None
    unsafe_fixes: bool | None = None
    include: tuple[str, ...] | None = None
    include_docs: bool | None = None
    exclude: tuple[str, ...] | None = None
    extend_exclude: tuple[str, ...] = ()
    extend_reference_paths: tuple[str, ...] = ()
    force_exclude: bool | None = None
    respect_gitignore: bool | None = None
    output_format: str | None = None
    fail_on: str | None = None


class Configs:
    """The configurations of a run, each found and read once.

    Args:
        cwd: the absolute current folder: what the command line is relative to.
        file: the one configuration file to use for all (``--config``).
        isolated: use no configuration file at all (``--isolated``).
        given: what the command line says, laid over every configuration.
        check: what else may be wrong with a configuration (unknown rules, unknown frameworks).
        tree: where files are read from.

    Raises:
        ConfigError: ``file`` cannot be used, or ``given`` holds a pattern that is no glob.
    """

    def __init__(
        self,
        cwd: str,
        *,
        file: str | None = None,
        isolated: bool = False,
        given: Given | None = None,
        check: Callable[[Config], Iterable[Mistake]] | None = None,
        tree: Tree = DISK,
    ) -> None:
        self.tree = tree
        self._cwd = absolute(cwd, "")
        self._given = given or Given()
        self._check = check
        self._folders: dict[str, Config | ConfigError] = {}
        self._default = override(Config(self._cwd), self._given, self._cwd)
        self._for_all: Config | None = self._default if isolated else None
        if file is not None and not isolated:
            path = absolute(file, self._cwd)
            self._for_all = self._read(path, named=True)

    def of_folder(self, folder: str) -> Config:
        """Return the configuration of the files in the absolute ``folder``.

        For all folders under one configuration file this is one and the same object.

        Raises:
            ConfigError: the configuration that holds there cannot be used.
        """
        if self._for_all is not None:
            return self._for_all
        passed: list[str] = []
        found: Config | ConfigError | None = self._default
        while folder not in self._folders:
            passed.append(folder)
            found = self._in_folder(folder)
            above = folder.rpartition("/")[0] or "/"
            if found is not None or above == folder:
                break
            folder = above
        else:
            found = self._folders[folder]
        found = self._default if found is None else found
        self._folders.update(dict.fromkeys(passed, found))
        if isinstance(found, ConfigError):
            raise ConfigError(*found.mistakes)
        return found

    def of(self, path: str) -> Config:
        """Return the configuration of the file at the absolute ``path``.

        Raises:
            ConfigError: the configuration that holds there cannot be used.
        """
        return self.of_folder(path.rpartition("/")[0] or "/")

    def _in_folder(self, folder: str) -> Config | ConfigError | None:
        for name in _NAMES:
            try:
                config = self._read(f"{folder.rstrip('/')}/{name}")
            except ConfigError as error:
                return error
            if config is not None:
                return config
        return None

    def _read(self, path: str, *, named: bool = False) -> Config | None:
        """Return the configuration in the file at ``path``, or ``None`` if it holds none.

        A file that is ``named`` must hold one.
        """
        display = path.removeprefix(f"{self._cwd.rstrip('/')}/")
        try:
            data = self.tree.read(path, _LONGEST)
        except (FileNotFoundError, NotADirectoryError):
            if not named:
                return None
            raise ConfigError(Mistake(display, "", "no such file")) from None
        except OSError as error:
            # a folder that must not be searched hides whether there is such a file in it
            if not named and not self.tree.kind(path):
                return None
            message = f"cannot be read: {error.strerror or error}"
            raise ConfigError(Mistake(display, "", message)) from None
        table, prefix = _table(data, path, display)
        if table is None:
            if not named:
                return None
            raise ConfigError(Mistake(display, "tool.bnlint", "missing: no such table"))
        config = parse(table, display, prefix, path.rpartition("/")[0] or "/")
        mistakes = tuple(self._check(config)) if self._check else ()
        if mistakes:
            raise ConfigError(*mistakes)
        return override(config, self._given, self._cwd)


def _table(data: bytes, path: str, display: str) -> tuple[Any, str]:
    """Return the table with bnlint's options in a file, and what stands before its keys."""
    in_pyproject = path.endswith(f"/{_PYPROJECT}")
    if in_pyproject and b"bnlint" not in data:
        return None, ""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        text = data.decode("utf-8-sig")
        for row, line in enumerate(_QUOTED.sub("", text).split("\n"), 1):
            if line.count(".") > _MOST_DOTS:
                message = f"not valid TOML: more than {_MOST_DOTS} dots in line {row}"
                raise ConfigError(Mistake(display, "", message))
        table = tomllib.loads(text)
    except UnicodeDecodeError as error:
        message = f"not UTF-8: byte 0x{data[error.start]:02x} at offset {error.start}"
        raise ConfigError(Mistake(display, "", message)) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(Mistake(display, "", f"not valid TOML: {error}")) from None
    if not in_pyproject:
        if "tool" in table:
            message = "without [tool.bnlint] here: in this file the options stand at the top"
            raise ConfigError(Mistake(display, "tool", message))
        return table, ""
    tools = table.get("tool")
    return (tools.get("bnlint") if isinstance(tools, dict) else None), "tool.bnlint."


def override(config: Config, given: Given, cwd: str) -> Config:
    """Return ``config`` with the options ``given`` on the command line in ``cwd`` laid over it.

    Raises:
        ConfigError: a pattern given on the command line is no glob.
    """
    changes: dict[str, Any] = {
        field: value for field, value in given._asdict().items() if value is not None
    }
    for field in (
        "selection", "extend_exclude", "extend_per_file_ignores", "extend_reference_paths",
    ):  # fmt: skip
        del changes[field]
    if given.extend_reference_paths:
        more = given.extend_reference_paths
        changes["reference_paths"] = (*config.reference_paths, *more)
    if given.baseline is not None:
        changes["baseline"] = absolute(given.baseline, cwd)
    if given.include is not None:
        changes["include"] = _here(given.include, "--include", cwd)
    if given.exclude is not None:
        changes["exclude"] = _here(given.exclude, "--exclude", cwd)
    if given.extend_exclude:
        more = _here(given.extend_exclude, "--extend-exclude", cwd)
        changes["extend_exclude"] = (*config.extend_exclude, *more)
    if given.per_file_ignores is not None or given.extend_per_file_ignores:
        ignores = config.per_file_ignores
        if given.per_file_ignores is not None:
            ignores = _ignores_here(given.per_file_ignores, "--per-file-ignores", cwd)
        further = _ignores_here(given.extend_per_file_ignores, "--extend-per-file-ignores", cwd)
        changes["per_file_ignores"] = (*ignores, *further)
    keys = [option.key for option in OPTIONS if option.field in changes]
    return config._replace(
        chosen_on_command_line=given.selection,
        origins={**config.origins, **dict.fromkeys(keys, COMMAND_LINE)},
        **changes,
    )


def _here(patterns: tuple[str, ...], option: str, cwd: str) -> tuple[str, ...]:
    """Return ``patterns``, given on the command line in ``cwd``, so that they hold anywhere."""
    for pattern in patterns:
        try:
            globs.check(pattern)
        except globs.GlobError as error:
            message = f"expected a glob pattern, found {toml(pattern)} ({error})"
            raise ConfigError(Mistake(COMMAND_LINE, option, message)) from None
    return tuple(globs.anchored(pattern, cwd) for pattern in patterns)


def _ignores_here(
    ignores: tuple[tuple[str, tuple[str, ...]], ...], option: str, cwd: str
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return ``ignores`` with their patterns as :func:`_here` makes them."""
    result = []
    for pattern, selectors in ignores:
        (bare,) = _here((pattern.removeprefix("!"),), option, cwd)
        result.append((f"!{bare}" if pattern.startswith("!") else bare, selectors))
    return tuple(result)


def excluded(config: Config, path: str) -> bool:
    """Tell whether the file or folder at the absolute ``path``, or one it is in, is excluded.

    The folder of the configuration, and what is above it, never is.
    """
    if path == config.folder:
        return False
    patterns = globs.compiled((*config.exclude, *config.extend_exclude), config.folder)
    return patterns.match_within(path, config.folder)


def from_for(config: Config, path: str) -> str | None:
    """Return the framework family that the file at the absolute ``path`` is ported from.

    It is given by the name of its table, whatever it is called. ``--from`` wins. Else the first
    ``[[port]]`` with the file among its paths decides, and if it names a reference only, nothing is
    declared; else ``from`` holds.
    """
    name = config.from_family
    if config.origins.get("from") != COMMAND_LINE:
        port = _port(config, path)
        if port is not None:
            name = port.from_family
    if name is None:
        return None
    from bnlint.frameworks.tables import catalogue  # which a run need not know otherwise

    return catalogue().family(name)


def reference_for(config: Config, path: str) -> str | None:
    """Return what the file at ``path`` is a port of, if configured: an absolute path, or a name.

    Whether there is such a file is not looked at.
    """
    port = _port(config, path)
    return port.reference if port is not None and port.reference != NO_REFERENCE else None


def is_native(config: Config, path: str) -> bool:
    """Tell whether the configuration declares the file at the absolute ``path`` to be no port.

    ``--from`` on the command line says that it is one, and the entry of a ``[[port]]`` comes
    before what is said of all files.
    """
    if config.origins.get("from") == COMMAND_LINE:
        return False
    port = _port(config, path)
    if port is not None:
        return port.reference == NO_REFERENCE
    return config.reference == NO_REFERENCE


def idle_globs(config: Config, files: Iterable[str]) -> list[tuple[int, str]]:
    """Return the globs of ``[[port]]`` entries that match none of ``files``, with their entry."""
    known = list(files)
    return [
        (number, pattern)
        for number, port in enumerate(config.ports)
        for pattern in port.paths
        if not any(
            globs.compiled((pattern,), config.folder).match_within(file, config.folder)
            for file in known
        )
    ]


def _port(config: Config, path: str) -> Port | None:
    for port in config.ports:
        # a pattern may well take in the reference itself, which is no port of its own
        if port.reference != path and globs.compiled(port.paths, config.folder).match_within(
            path, config.folder
        ):
            return port
    return None
