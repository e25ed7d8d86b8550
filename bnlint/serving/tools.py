"""What coding agents ask of bnlint: reports of files below one folder, as JSON. Nothing is written.

Paths are relative to that folder, the root. What lies elsewhere is not there, wherever links lead;
only the packages of this Python can be read beside it, as references.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from bnlint.config.checking import configurations
from bnlint.config.options import ConfigError, absolute, is_installed, suggested, suggestion
from bnlint.config.settings import Configs, Given, Selection
from bnlint.engine.basis import rows_of
from bnlint.engine.facts import renew
from bnlint.engine.installed import paths_of_python
from bnlint.engine.locating import located, texts_of
from bnlint.engine.registry import load_rules
from bnlint.files.source import Lines, readable
from bnlint.finding import Problem
from bnlint.frameworks.tables import catalogue
from bnlint.output import Report, remarks, render_comparison, render_rule, summary
from bnlint.output.json import dumps, finding_object
from bnlint.output.report import Style
from bnlint.output.sites import lines as site_lines
from bnlint.porting.compare import compare as compare_sides
from bnlint.porting.sides import SideError, as_shown, named, side
from bnlint.porting.translate import TranslateError
from bnlint.porting.translate import translate as translate_call
from bnlint.running.discovery import File, Found, read, walk
from bnlint.running.runner import options_for, run, with_references
from bnlint.serving.confined import Confined

#: Findings and layers that one answer has at most.
MOST = 200


class RefusedError(ValueError):
    """What is asked for cannot be had; the message says why, in one line."""


class Tools:
    """The tools of an agent that works below ``root``."""

    def __init__(self, root: str) -> None:
        self.root = absolute(os.path.realpath(root), os.getcwd())
        self.own = Confined([self.root])
        self.tree = Confined([self.root, *paths_of_python()])
        self.rules = load_rules()

    def check(self, paths: Sequence[str], from_framework: str | None, select: Sequence[str]) -> str:
        """Return the findings of files and folders, and what was compared with nothing.

        Raises:
            RefusedError: a path, a framework or a rule is not there.
        """
        given = Given(Selection(select=tuple(select) or None), from_family=_family(from_framework))
        configs, found = self._found(paths, given)
        results, problems = [], list(found.problems)
        for outcome in run(found.files, configs, self.rules, processes=1, tree=self.tree):
            if isinstance(outcome, Problem):
                problems.append(outcome)
            else:
                problems += outcome.problems
                results.append(located(outcome))
        findings = sorted(
            (finding for result in results for finding in result.findings),
            key=lambda finding: finding.sort_key,
        )
        report = Report(
            tuple(findings),
            texts_of(results),
            files=len(results),
            uncompared=sum(result.uncompared for result in results),
            offers=tuple(sorted({offer for result in results for offer in result.offers})),
        )
        lines = {path: Lines(text) for path, text in report.texts.items()}
        return dumps(
            {
                "summary": summary(report),
                "findings": [finding_object(finding, lines) for finding in findings[:MOST]],
                "left_out": max(len(findings) - MOST, 0),
                "remarks": [*remarks(report), *(notice.message for notice in found.notices)],
                "problems": _said(problems),
            }
        )

    def sites(self, paths: Sequence[str], from_framework: str | None) -> str:
        """Return every layer of files and folders, with what is known of it.

        Raises:
            RefusedError: a path or a framework is not there.
        """
        configs, found = self._found(paths, Given(from_family=_family(from_framework)))
        rows, problems = [], list(found.problems)
        for file in found.files:
            data = read(file, self.tree)
            if isinstance(data, Problem):
                problems.append(data)
                continue
            config = configs.of(file.path)
            options = options_for(config, file.path, ())
            text = readable(data, file.display)
            options, more = with_references(options, config, file, text)
            problems += more
            layers = rows_of(data, file.display, options)
            if isinstance(layers, Problem):
                problems.append(layers)
            else:
                rows += layers
        (text,) = site_lines(rows[:MOST], "json", Style())
        left_out = max(len(rows) - MOST, 0)
        return f'{{"layers": {text}, "left_out": {left_out}, "problems": {dumps(_said(problems))}}}'

    def compare(self, reference: str, port: str, from_framework: str | None) -> str:
        """Return the layers of a port beside those of its reference, and what is wrong.

        Raises:
            RefusedError: a side is not there, or holds no layer.
        """
        family = _family(from_framework)
        renew(self.tree)
        sides = []
        for name in (reference, port):
            if not is_installed(name):
                self._path(name.partition("::")[0])
            try:
                sides.append(side(name, self.root, paths_of_python(), self.tree))
            except SideError as error:
                raise RefusedError("; ".join(_said(error.problems))) from None
        theirs, mine = sides
        found = compare_sides(theirs, mine, self.rules, None, family, names=True)
        data = {item.path: item.data for item in (*theirs, *mine)}
        found = as_shown(named(found, self.root), data)
        return "".join(render_comparison(found, "json"))

    def translate(self, call: str, from_framework: str | None, to: Sequence[str]) -> str:
        """Return a call of a layer as it is written in other frameworks.

        Raises:
            RefusedError: it is no call of a known layer, or a framework is not known.
        """
        source, *targets = (_family(name) for name in (from_framework, *to))
        try:
            wrappers = Configs(self.root, tree=self.tree).of_folder(self.root).wrappers
            found = translate_call(call, source, [name for name in targets if name], wrappers)
        except (TranslateError, ConfigError) as error:
            raise RefusedError(str(error)) from None
        return dumps([translation._asdict() for translation in found])

    def explain(self, rule: str) -> str:
        """Return the page of a rule as Markdown.

        Raises:
            RefusedError: there is none.
        """
        for loaded in self.rules:
            if rule.upper() == loaded.code or rule.lower() == loaded.name:
                return "".join(render_rule(loaded))
        known = [word for loaded in self.rules for word in (loaded.code, loaded.name)]
        raise RefusedError(f"there is no rule {rule}{suggestion(rule, known)}")

    def _path(self, name: str) -> str:
        """Return the absolute path of what an agent names.

        Raises:
            RefusedError: it lies elsewhere, or is not there.
        """
        path = absolute(name, self.root)
        if not self.own.holds(path):
            raise RefusedError(f"{name} lies outside of {self.root}, which all paths are held to")
        if not self.own.kind(path):
            raise RefusedError(f"{name}: no such file or folder")
        return path

    def _found(self, paths: Sequence[str], given: Given) -> tuple[Configs, Found]:
        """Return the configurations, and the files that paths stand for.

        Raises:
            RefusedError: a path, or what is given, is not there.
        """
        checked = [self._path(name) for name in paths or ["."]]
        renew(self.tree)
        try:
            configs = configurations(self.root, given, self.rules, tree=self.tree)
        except ConfigError as error:
            raise RefusedError(str(error)) from None
        found = walk(checked, configs, self.root)
        files = tuple(File(f.path, f.display) for f in found.files if self.own.holds(f.path))
        return configs, found._replace(files=files)


def _family(name: str | None) -> str | None:
    """Return the family that an agent calls ``name``.

    Raises:
        RefusedError: there is none.
    """
    if name is None:
        return None
    family = catalogue().family(name)
    if family is None:
        known = catalogue().described
        raise RefusedError(f"unknown framework {name}{suggested(name, known)}")
    return family


def _said(problems: Sequence[Problem]) -> list[Any]:
    return [f"{found.path}: {found.message}" if found.path else found.message for found in problems]
