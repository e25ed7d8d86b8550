"""Builds the wheel; everything static stands in pyproject.toml."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent


class BuildWithTables(build_py):
    """Checks the framework tables and adds them, compiled, to the build.

    Reading the TOML at each start would cost more than linting a file. The source tree is left
    alone, and an editable installation reads the TOML, which may be edited.
    """

    def run(self) -> None:
        """Build, then write ``compiled.json`` beside the tables."""
        super().run()
        if not self.editable_mode:
            sys.path.insert(0, str(ROOT))
            from bnlint.frameworks.tables import compile_tables

            data = compile_tables(str(ROOT / "bnlint" / "frameworks"))
            text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
            self._compiled.parent.mkdir(parents=True, exist_ok=True)
            self._compiled.write_text(text, encoding="utf-8")

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """Return the files that a build writes."""
        outputs: list[str] = super().get_outputs(include_bytecode)
        return outputs if self.editable_mode else [*outputs, str(self._compiled)]

    @property
    def _compiled(self) -> Path:
        return Path(self.build_lib, "bnlint", "frameworks", "compiled.json")


setup(cmdclass={"build_py": BuildWithTables})
