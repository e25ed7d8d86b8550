"""Builds the wheel and the sdist; what is static stands in pyproject.toml."""

from __future__ import annotations

import gzip
import json
import os
import re
import sys
import tarfile
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).resolve().parent


class CompilingBuild(build_py):
    """Checks the framework tables and the rules, and adds what is known of them to the build.

    Reading the TOML and importing all rules at each start would cost more than linting a file. The
    source tree is left alone, and an editable installation reads what may be edited.
    """

    def run(self) -> None:
        """Build, then write a ``compiled.json`` beside the tables, and one beside the rules."""
        super().run()
        if not self.editable_mode:
            sys.path.insert(0, str(ROOT))
            from bnlint.engine.registry import compile_rules
            from bnlint.frameworks.compiling import compile_tables

            tables = compile_tables(str(ROOT / "bnlint" / "frameworks"))
            for path, data in zip(self._compiled, (tables, compile_rules()), strict=True):
                text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """Return the files that a build writes."""
        outputs: list[str] = super().get_outputs(include_bytecode)
        return outputs if self.editable_mode else [*outputs, *map(str, self._compiled)]

    @property
    def _compiled(self) -> list[Path]:
        folder = Path(self.build_lib, "bnlint")
        return [folder / room / "compiled.json" for room in ("frameworks", "rules")]


class ReproducibleSdist(sdist):
    """Packs the same bytes each time: in order, without owners, all of one time."""

    def make_archive(self, base_name: str, format: str, **options: object) -> str:  # noqa: A002
        """Pack the folder ``base_dir``, if a time is set for all and it is a gzipped tar."""
        moment = os.environ.get("SOURCE_DATE_EPOCH")
        if format != "gztar" or moment is None:
            return str(super().make_archive(base_name, format, **options))

        def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            entry.mtime = int(moment)
            entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
            return entry

        path = f"{base_name}.tar.gz"
        folder = str(options["base_dir"])
        paths = sorted(Path(folder).rglob("*"))
        with (
            open(path, "wb") as raw,
            gzip.GzipFile("", "wb", mtime=int(moment), fileobj=raw) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for found in (Path(folder), *paths):
                tar.add(found, str(found), recursive=False, filter=plain)
        return path


def _home() -> str | None:
    text = (ROOT / "bnlint" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^HOME_URL: str \| None = "([^"]+)"$', text, re.MULTILINE)
    return found[1] if found else None


def _readme(home: str | None) -> str:
    """Return the README with links that hold outside of the repository, where it has a place."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    link = re.compile(r"\[([^\]]+)\]\((?!https?:|#|mailto:)([^)]+)\)")
    return link.sub(rf"[\1]({home}/blob/main/\2)" if home else r"\1", text)


def _urls(home: str | None) -> dict[str, str]:
    if home is None:
        return {}
    return {
        "Homepage": home,
        "Documentation": f"{home}/tree/main/docs",
        "Changelog": f"{home}/blob/main/CHANGELOG.md",
        "Issues": f"{home}/issues",
    }


setup(
    cmdclass={"build_py": CompilingBuild, "sdist": ReproducibleSdist},
    long_description=_readme(_home()),
    long_description_content_type="text/markdown",
    project_urls=_urls(_home()),
)
