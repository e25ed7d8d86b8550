"""Values that layers of several files take: one finding for each, where the value is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bnlint.config.settings import Configs
from bnlint.engine.merging import takers
from bnlint.engine.registry import LoadedRule
from bnlint.engine.result import Result
from bnlint.files.source import readable
from bnlint.finding import SAFE, Finding
from bnlint.running.deciding import options_for
from bnlint.running.discovery import File, read
from bnlint.semantics.layers.references import SAME_FILE


def gathered(
    results: Sequence[Result], files: Sequence[File], configs: Configs, rules: Sequence[LoadedRule]
) -> list[Result]:
    """Return ``results`` with one finding for each value that layers of several files take.

    It stands where the value is written, and says how many layers take it. Where that file is not
    among ``files``, or its configuration leaves the rule out, the first of the findings remains.
    """
    groups: dict[tuple[str, str, int], list[Finding]] = {}
    for result in results:
        for finding in result.findings:
            if finding.definition is not None:
                path, span, _ = finding.definition
                groups.setdefault((finding.code, path, span.start), []).append(finding)
    by_name = {result.path: result for result in results}
    homes = {file.path: file for file in files}
    for (code, path, _), found in groups.items():
        found.sort(key=lambda finding: finding.sort_key)
        layers = sum(f.definition.layers for f in found if f.definition is not None)
        home = homes.get(path)
        if home is not None and not _may_hold(by_name, home, code, configs, rules):
            home = None
        paths = {finding.path for finding in found}
        if layers < 2 or (len(paths) == 1 and (home is None or home.display in paths)):
            continue
        for name in paths:
            kept = [f for f in by_name[name].findings if not any(f is one for one in found)]
            by_name[name] = by_name[name]._replace(findings=tuple(kept))
        one = _with_takers(found[0], layers, len(paths))
        if home is None or _is_bound_to_its_file(one):
            _add(by_name, one)
        else:
            rows = by_name[one.path].document is None  # those of a program are none of a notebook
            where = f"{one.path}:{one.span.row}" if rows else one.path
            _put(by_name, _moved(one, home.display, where), home, configs)
    return list(by_name.values())


def _may_hold(
    by_name: Mapping[str, Result],
    file: File,
    code: str,
    configs: Configs,
    rules: Sequence[LoadedRule],
) -> bool:
    """Tell whether findings of ``code`` may stand in a file, and its text is as others saw it."""
    result = by_name.get(file.display)
    if result is None or result.after not in (None, result.before):
        return False
    return code in options_for(configs.of(file.path), file.path, rules).codes


def _with_takers(finding: Finding, layers: int, files: int) -> Finding:
    """Return the finding that stands for all that are about one definition."""
    assert finding.definition is not None
    alone = finding.message.partition(takers(finding.definition.layers))[0]
    where = f", in {files} files" if files > 1 else ""
    return finding._replace(message=alone + takers(layers) + where)


def _is_bound_to_its_file(finding: Finding) -> bool:
    """Tell whether a message speaks of lines of the file of the finding."""
    return finding.reference is not None and finding.reference.kind == SAME_FILE


def _moved(finding: Finding, name: str, where: str) -> Finding:
    """Return a finding as one of the file ``name``, in which the value is written.

    ``where`` is how a message names the place that it had.
    """
    assert finding.definition is not None
    if finding.path == name:
        return finding._replace(span=finding.definition.span)
    advice, fix = finding.help, finding.fix
    if fix is not None and fix.edits:
        flag = "--fix" if fix.applicability == SAFE else "--fix --unsafe-fixes"
        advice += f"; {flag} does so where layers take it"
    return finding._replace(
        path=name,
        span=finding.definition.span,
        message=f"{finding.message}, the first at {where}",
        help=advice,
        fix=None,
    )


def _add(by_name: dict[str, Result], finding: Finding) -> None:
    result = by_name[finding.path]
    found = sorted((*result.findings, finding), key=lambda one: one.sort_key)
    by_name[finding.path] = result._replace(findings=tuple(found))


def _put(by_name: dict[str, Result], finding: Finding, home: File, configs: Configs) -> None:
    """Add a finding to the file in which the value is written.

    A finding of that file about the same place is the same.
    """
    result = by_name[home.display]
    if any(f.code == finding.code and f.span == finding.span for f in result.findings):
        return
    data = read(home, configs.tree)
    if not isinstance(data, bytes):
        return
    by_name[home.display] = result._replace(text=readable(data, home.display))
    _add(by_name, finding)
