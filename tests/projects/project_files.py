"""Projects of a few files, and what finds the files of their imports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bnlint.engine.packages import Packages
from bnlint.frameworks.tables import catalogue
from bnlint.semantics.project.resolver import Place, Resolver

Project = Callable[..., "Files"]

#: As much of a file as makes it one that builds batch normalisation.
BUILDS = "from torch import nn\nbn = nn.BatchNorm2d(8)\n"


class Files:
    """The files of a project, by what they are called without their ending."""

    def __init__(self, folder: Path, files: dict[str, str]) -> None:
        self.folder = folder.as_posix()
        self.files = files
        (folder / "pyproject.toml").write_text("")
        for name, text in files.items():
            path = folder / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        self.resolver = Resolver(Packages(), frozenset(catalogue().imports))

    def path(self, name: str) -> str:
        return f"{self.folder}/{name}.py"

    def name(self, path: str | None) -> str | None:
        return None if path is None else path.removeprefix(f"{self.folder}/").removesuffix(".py")

    def place(self, name: str) -> Place:
        return self.resolver.place(self.path(name))


def projects_in(folder: Path) -> Project:
    """Return what makes a project of files by name, ``/`` written ``__``."""

    def made(**files: str) -> Files:
        named = {
            name.replace("__", "/").replace("INIT", "__init__"): t for name, t in files.items()
        }
        return Files(folder, named)

    return made
