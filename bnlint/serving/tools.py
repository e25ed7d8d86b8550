"""What coding agents ask of bnlint: reports of files below one folder, as JSON. Nothing is written.

Paths are relative to that folder, the root. What lies elsewhere is not there, wherever links lead;
only the packages of this Python can be read beside it, as references.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from bnlint.config.checking import configurations, family_named
from bnlint.config.options import ConfigError, absolute, is_installed
from bnlint.config.settings import Configs, Given, Selection
from bnlint.config.wrappers import check_wrappers
from bnlint.engine.basis import rows_of
from bnlint.engine.documentation import DocumentationError
from bnlint.engine.facts import renew
from bnlint.engine.installed import paths_of_python
from bnlint.engine.locating import located
from bnlint.engine.registry import load_rules, rule_called
from bnlint.engine.result import Result
from bnlint.files.source import Lines
from bnlint.finding import Problem
from bnlint.output import remarks, render_rule, report_of, summary
from bnlint.output.comparison import without_layers
from bnlint.output.comparison_json import comparison_object
from bnlint.output.json import dumps, finding_object
from bnlint.output.report import Style
from bnlint.output.sites import lines as site_lines
from bnlint.porting.compare import compare as compare_sides
from bnlint.porting.sides import SideError, as_shown, named, side
from bnlint.porting.translate import TranslateError
from bnlint.porting.translate import translate as translate_call
from bnlint.running.deciding import options_of
from bnlint.running.discovery import File, Found, Notice, read, walk
from bnlint.running.runner import run
from bnlint.running.shared import gathered
from bnlint.serving.accepted import Accepted
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
            ConfigError: a baseline cannot be used.
        """
        given = Given(Selection(select=tuple(select) or None), from_family=from_framework)
        configs, found = self._found(paths, given)
        results: list[Result] = []
        problems = list(found.problems)
        for outcome in run(
            found.files, configs, self.rules, processes=1, tree=self.tree,
            treatment_for=Accepted(self.tree).treatment,
        ):  # fmt: skip
            if isinstance(outcome, Problem):
                problems.append(outcome)
            else:
                problems += outcome.problems
                results.append(outcome)
        results = gathered(results, found.files, configs, self.rules)
        report = report_of([located(result) for result in results])
        lines = {path: Lines(text) for path, text in report.texts.items()}
        notices = [*found.notices, *(Notice(said, path) for path, said in report.notices)]
        return dumps(
            {
                "summary": summary(report),
                "findings": [finding_object(found, lines) for found in report.findings[:MOST]],
                "left_out": max(len(report.findings) - MOST, 0),
                "remarks": [*remarks(report), *_said(notices)],
                "problems": _said(problems),
            }
        )

    def sites(self, paths: Sequence[str], from_framework: str | None) -> str:
        """Return every layer of files and folders, with what is known of it.

        Raises:
            RefusedError: a path or a framework is not there.
        """
        configs, found = self._found(paths, Given(from_family=from_framework))
        rows, problems = [], list(found.problems)
        for file in found.files:
            data = read(file, self.tree)
            if isinstance(data, Problem):
                problems.append(data)
                continue
            options, more = options_of(data, file, configs.of(file.path), ())
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
            ConfigError: there is no such framework.
        """
        family = None if from_framework is None else family_named(from_framework)
        renew(self.tree)
        sides = []
        for name in (reference, port):
            if not is_installed(name):
                self._path(name.partition("::")[0])
            try:
                sides.append((name, side(name, self.root, paths_of_python(), self.tree)))
            except SideError as error:
                raise RefusedError("; ".join(_said(error.problems))) from None
        (_, theirs), (_, mine) = sides
        found = compare_sides(theirs, mine, self.rules, None, family, names=True)
        found = named(found, self.root)
        nothing = without_layers(found, sides)
        if nothing is not None:
            raise RefusedError(*_said([nothing]))
        found = as_shown(found, {item.path: item.data for item in (*theirs, *mine)})
        rows, findings = found.rows, found.findings
        shown = found._replace(rows=rows[:MOST], findings=findings[:MOST])
        left_out = max(len(rows) - MOST, 0) + max(len(findings) - MOST, 0)
        problems = _said(found.problems)
        return dumps({**comparison_object(shown), "left_out": left_out, "problems": problems})

    def translate(self, call: str, from_framework: str | None, to: Sequence[str]) -> str:
        """Return a call of a layer as it is written in other frameworks.

        Raises:
            RefusedError: it is no call of a known layer.
            ConfigError: there is no such framework, or the configuration cannot be used.
        """
        try:
            source, *targets = (
                None if name is None else family_named(name) for name in (from_framework, *to)
            )
            configs = Configs(self.root, check=check_wrappers, tree=self.tree)
            wrappers = configs.of_folder(self.root).wrappers
            found = translate_call(call, source, [name for name in targets if name], wrappers)
        except TranslateError as error:
            raise RefusedError(str(error)) from None
        return dumps([translation._asdict() for translation in found])

    def explain(self, rule: str) -> str:
        """Return the page of a rule as Markdown.

        Raises:
            RefusedError: there is none.
        """
        try:
            return "".join(render_rule(rule_called(rule, self.rules)))
        except (LookupError, DocumentationError) as error:
            raise RefusedError(str(error)) from None

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
        except ConfigError as error:  # which knows only of a command line
            raise RefusedError("; ".join(mistake.message for mistake in error.mistakes)) from None
        found = walk(checked, configs, self.root)
        files = tuple(File(f.path, f.display) for f in found.files if self.own.holds(f.path))
        return configs, found._replace(files=files)


def _said(found: Iterable[Problem | Notice]) -> list[str]:
    """Return what is to be said of files, each in a line."""
    return [f"{one.path}: {one.message}" if one.path else one.message for one in found]
