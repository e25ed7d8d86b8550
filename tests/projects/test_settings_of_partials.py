"""Settings that a partial holds are those of its file: what another one writes is said there."""

from __future__ import annotations

from pathlib import Path

from bnlint.engine.facts import Facts, facts_of, renew
from bnlint.semantics.layers.settings import settings_in

NET = """\
from functools import partial

from settings import NORM
from torch import nn

OWN = {"eps": 1e-3}
first = partial(nn.BatchNorm2d, **NORM)
second = partial(nn.BatchNorm2d, **OWN)
"""


def test_what_another_file_writes_is_no_setting_of_this_one(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "settings.py").write_text('NORM = {"eps": 1e-4}\n')
    path = tmp_path / "net.py"
    path.write_text(NET)
    renew()
    facts = facts_of(NET.encode(), str(path), str(tmp_path))
    assert isinstance(facts, Facts)
    found = settings_in(facts.project, facts.module, facts.sites, "eps")
    assert [(setting.where.lineno, setting.value.value) for setting in found] == [(6, 1e-3)]
