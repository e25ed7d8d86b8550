"""The sides of a comparison: from what people name to files, and how these are shown."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from bnlint.config.options import ConfigError, absolute, is_installed
from bnlint.config.settings import Configs
from bnlint.config.wrappers import check_wrappers
from bnlint.engine.inventory import SiteRow
from bnlint.engine.inventory import located as located_row
from bnlint.engine.locating import located, texts_of
from bnlint.engine.ports import installed_model
from bnlint.engine.result import Result
from bnlint.files.display import displayed
from bnlint.files.documents import DOCUMENTS
from bnlint.files.source import decode
from bnlint.files.tree import DISK, Tree
from bnlint.finding import Problem
from bnlint.porting.compare import Comparison, Input
from bnlint.running.discovery import read, walk


class SideError(ValueError):
    """One side of a comparison cannot be had; ``problems`` say why."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems


def side(name: str, cwd: str, folders: Sequence[str] = (), tree: Tree = DISK) -> list[Input]:
    """Return the files of what ``name`` stands for: a file, part of one, a folder or a model.

    An installed model is looked for in ``folders``, and where the configuration says.

    Raises:
        SideError: there is nothing to read.
    """
    configs = Configs(cwd, check=check_wrappers, tree=tree)
    try:
        if is_installed(name) and not os.path.lexists(absolute(name, cwd)):
            more = configs.of_folder(cwd).reference_paths
            model = installed_model(name, [*folders, *more])
            if isinstance(model, Problem):
                raise SideError(model)
            return [Input(model.path, model.data, model.part, model.folder)]
        path, _, part = name.partition("::")
        found = walk([path], Configs(cwd, isolated=True, tree=tree), cwd)
        if found.problems:
            raise SideError(*found.problems)
        if part and len(found.files) != 1:
            raise SideError(Problem("::NAME goes with a file", path))
        inputs: list[Input] = []
        for file in found.files:
            data = read(file, tree)
            if isinstance(data, Problem):
                raise SideError(data)
            folder = file.path.rpartition("/")[0] or "/"
            inputs.append(Input(file.display, data, part, folder, configs.of(file.path).wrappers))
    except ConfigError as error:
        raise SideError(*(mistake.problem for mistake in error.mistakes)) from None
    if not inputs:
        raise SideError(Problem("there are no Python files to compare", path))
    return inputs


def named(found: Comparison, cwd: str) -> Comparison:
    """Return a comparison with the files that it did not look at as they are shown."""
    unseen = tuple(
        item._replace(elsewhere={displayed(file, cwd): n for file, n in item.elsewhere.items()})
        for item in found.unseen
    )
    return found._replace(unseen=unseen)


def as_shown(found: Comparison, data: Mapping[str, bytes]) -> Comparison:
    """Return a comparison with what stands in documents told by their places.

    ``data`` are the bytes of the files by what these are called.
    """
    documents = {
        path: decode(given, path).document
        for path, given in data.items()
        if path.endswith(DOCUMENTS) and path in found.texts
    }
    if not documents:
        return found

    def moved(row: SiteRow | None) -> SiteRow | None:
        return None if row is None else located_row(row, documents.get(row.path))

    rows = [r._replace(reference=moved(r.reference), port=moved(r.port)) for r in found.rows]
    results = [
        Result(
            path,
            tuple(finding for finding in found.findings if finding.path == path),
            text=text,
            document=documents.get(path),
        )
        for path, text in found.texts.items()
    ]
    findings = [finding for result in map(located, results) for finding in result.findings]
    return found._replace(
        rows=tuple(rows),
        findings=tuple(sorted(findings, key=lambda finding: finding.sort_key)),
        texts=texts_of(results),
    )
