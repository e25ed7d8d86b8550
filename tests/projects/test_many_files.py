"""What is said where a project has more files than are looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnlint.engine.facts import Facts, facts_of, renew, resolver
from bnlint.semantics.project import project, users
from bnlint.semantics.project import resolver as resolving
from bnlint.semantics.values.value import Value

BLOCKS = """\
from torch import nn

def head(width, eps=1e-5):
    return nn.BatchNorm2d(width, eps=eps)
"""

HELPER = """\
from torch import nn

def as_in_keras(model):
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.eps = 1e-3
"""


def eps_of(folder: Path, **files: str) -> Value:
    """Return what is known of the eps of the layer in ``net.py``."""
    (folder / "pyproject.toml").touch()
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    renew()
    path = folder / "net.py"
    facts = facts_of(path.read_bytes(), str(path), str(folder))
    assert isinstance(facts, Facts)
    (site,) = facts.sites
    from bnlint.semantics.layers.external_writes import unsettled, without

    return without(site, unsettled(facts.project, site)).value("eps")


@pytest.mark.parametrize(
    ("number", "known"), [(3, True), (39, True), (40, False)], ids=["few", "most", "more"]
)
def test_a_helper_of_so_many_files_may_be_run_on_anything(
    tmp_path: Path, number: int, known: bool
) -> None:
    """However few of them import the layer."""
    use = "from port import as_in_keras\n\ndef main{}(model):\n    as_in_keras(model)\n"
    using = {f"main{at}": use.format(at) for at in range(number)}
    assert eps_of(tmp_path, net=BLOCKS, port=HELPER, **using).is_known is known


def uses(eps: str) -> str:
    return f"from net import head\n\nnorm = head(8, {eps})\n"


def test_of_so_many_files_the_import_graph_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert eps_of(tmp_path, net=BLOCKS, main=uses("1e-3")).value == 1e-3
    monkeypatch.setattr(users, "_MAX_FILES", 2)
    assert eps_of(tmp_path, net=BLOCKS, main=uses("1e-3")).value == 1e-3
    monkeypatch.setattr(users, "_MAX_FILES", 1)
    assert eps_of(tmp_path, net=BLOCKS, main=uses("1e-3")).value == 1e-5


def test_of_so_many_users_none_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    using = {f"main{at}": uses("1e-3") for at in range(3)}
    assert eps_of(tmp_path, net=BLOCKS, **using).value == 1e-3
    monkeypatch.setattr(users, "MAX_USERS", 2)
    assert eps_of(tmp_path, net=BLOCKS, **using).value == 1e-5
    monkeypatch.setattr(users, "MAX_USERS", 8)
    monkeypatch.setattr(users, "_MAX_PASSED", 2)
    assert eps_of(tmp_path, net=BLOCKS, **using).value == 1e-5


def test_so_much_of_other_files_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = "from norms import EPS\nfrom torch import nn\n\nnorm = nn.BatchNorm2d(8, eps=EPS)\n"
    assert eps_of(tmp_path, net=net, norms="EPS = 1e-3\n").value == 1e-3
    monkeypatch.setattr(project, "_MOST_READ", 0)
    assert not eps_of(tmp_path, net=net, norms="EPS = 1e-3\n").is_known


@pytest.mark.parametrize(("most", "names"), [(1, "b"), (2, "bc"), (3, "bcd"), (40, "bcde")])
def test_so_many_files_are_behind_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, names: str
) -> None:
    """The nearest first, and itself not."""
    imports = {"a": "b, c", "b": "a, d", "c": "d, b", "d": "e, a", "e": "f", "f": "a"}
    (tmp_path / "pyproject.toml").touch()
    for name, others in imports.items():
        (tmp_path / f"{name}.py").write_text(f"import {others}\n")
    renew()
    monkeypatch.setattr(resolving, "_MAX_BEHIND", most)
    found = resolver().behind(str(tmp_path / "a.py"))
    assert [Path(file).stem for file in found] == list(names)
