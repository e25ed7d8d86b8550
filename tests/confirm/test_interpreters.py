"""Which Python runs which framework, and in which projects it may not be named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from command_line import write

from bnlint.confirm import interpreters as module
from bnlint.confirm.interpreters import (
    InterpreterError,
    interpreters,
    named,
    projects,
    user_configuration,
)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs programs with a mode")


def program(folder: Path, name: str = "python") -> str:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder for the configuration of the user, which has none yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "home"


@pytest.mark.parametrize(
    ("marks", "path", "root"),
    [
        pytest.param((), "a/b", "a/b", id="nothing marks it"),
        pytest.param((), "a/b/net.py", "a/b", id="nothing marks it, and it is a file"),
        pytest.param(("a/.git/HEAD",), "a/b/net.py", "a", id="a repository"),
        pytest.param(("a/.git",), "a/b/net.py", "a", id="a repository elsewhere"),
        pytest.param(("a/bnlint.toml",), "a/b/net.py", "a", id="a configuration"),
        pytest.param(("a/.bnlint.toml",), "a/b", "a", id="a hidden configuration"),
        pytest.param(("a/pyproject.toml",), "a/b/c/d.py", "a", id="a project, far above"),
        pytest.param(
            ("a/pyproject.toml", "a/b/pyproject.toml"), "a/b/net.py", "a/b", id="the nearest"
        ),
        pytest.param(
            ("a/.git/HEAD", "a/b/pyproject.toml"), "a/b/net.py", "a", id="a repository first"
        ),
        pytest.param(
            ("a/.git/HEAD", "a/b/.git/HEAD"), "a/b/net.py", "a/b", id="the nearest repository"
        ),
        pytest.param(("a/setup.py",), "a/b/net.py", "a/b", id="another file"),
    ],
)
def test_the_project_that_a_path_is_in(
    tmp_path: Path, marks: tuple[str, ...], path: str, root: str
) -> None:
    (tmp_path / "a/b/c").mkdir(parents=True)
    for file in (*marks, "a/b/net.py", "a/b/c/d.py"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("")
    assert projects([str(tmp_path / path)]) == (os.path.realpath(tmp_path / root),)


def test_projects_are_told_once_each_and_links_are_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("b", "a"):
        write(tmp_path / name, **{"pyproject.toml": "", "net.py": "", "more.py": ""})
    os.symlink(tmp_path / "a", tmp_path / "link")
    real = os.path.realpath(tmp_path)
    paths = [str(tmp_path / name) for name in ("b/net.py", "link/net.py", "a/more.py")]
    assert projects(paths) == (f"{real}/a", f"{real}/b")
    monkeypatch.chdir(tmp_path / "a")
    assert projects(()) == projects([""]) == projects(["."]) == (f"{real}/a",)


def test_configurations_are_those_of_the_user(home: Path) -> None:
    assert user_configuration() == str(home / "bnlint" / "config.toml")
    assert interpreters((), {}) == {}
    torch = program(home / "bin")
    write(home, **{"bnlint/config.toml": f'[interpreters]\ntorch = "{torch}"\n'})
    assert interpreters((), {}) == {"torch": torch}
    write(home, **{"bnlint/config.toml": ""})
    assert interpreters((), {}) == {}


@pytest.mark.parametrize("linted", ["project", "project/net.py", ""])
def test_a_configuration_in_the_project_is_refused(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, linted: str
) -> None:
    """Not one beside it, though its name begins alike; and not one that names nothing."""
    torch = program(tmp_path / "bin")
    for folder, refused in (("project", True), ("projects", False)):
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / folder))
        text = f'[interpreters]\ntorch = "{torch}"\n'
        write(tmp_path / folder, **{"bnlint/config.toml": text, "net.py": "", "bnlint.toml": ""})
        monkeypatch.chdir(tmp_path / "project")
        paths = [str(tmp_path / linted)] if linted else []
        if refused:
            with pytest.raises(InterpreterError, match="lies in the project that is checked"):
                interpreters((), {}, paths)
            (tmp_path / folder / "bnlint" / "config.toml").write_text("[interpreters]\n")
            assert interpreters((), {}, paths) == {}
        else:
            assert interpreters((), {}, paths) == {"torch": torch}


def test_the_stronger_word_wins_for_each_worker(tmp_path: Path, home: Path) -> None:
    first, second, third = (program(tmp_path / "bin", name) for name in ("one", "two", "three"))
    lines = "".join(f'{name} = "{first}"\n' for name in ("torch", "keras", "flax"))
    write(home, **{"bnlint/config.toml": f"[interpreters]\n{lines}"})
    variable = os.pathsep.join((f"torch={first}", f"torch={second}", "", f"keras={second}"))
    found = interpreters([f"torch={third}"], {"BNLINT_INTERPRETERS": variable})
    assert found == {"torch": third, "keras": second, "jax": first}
    assert named([f"torch={third}"]) == {"torch": third}
    assert named(()) == {}


@pytest.mark.parametrize(("name", "worker"), [("keras", "keras"), ("flax", "jax"), ("jax", "jax")])
def test_a_family_stands_for_its_worker(tmp_path: Path, name: str, worker: str) -> None:
    path = program(tmp_path)
    assert named([f"{name}={path}"]) == {worker: path}


def test_frameworks_that_can_be_named_are_listed_in_order() -> None:
    with pytest.raises(InterpreterError) as caught:
        named(["caffe=python"])
    head, _, names = str(caught.value).partition("; accepted are ")
    assert head == "--interpreter: unknown framework caffe"
    listed = names.split(", ")
    assert listed == sorted(set(listed))
    assert {"torch", "keras", "flax", "jax", "slim"} <= set(listed)
    assert not {"", "caffe", "darknet"} & set(listed)


@pytest.mark.parametrize("pair", ["torch", "=x", "torch=", "="])
def test_pairs_that_are_none(pair: str) -> None:
    with pytest.raises(InterpreterError, match=r"^--interpreter: expected NAME=PATH, found '"):
        named([pair])


def test_paths_are_made_absolute_where_they_are_given_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = program(tmp_path / "env")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for text in ("env/python", "./env/python", path, "~/env/python"):
        assert named([f"torch={text}"]) == {"torch": path}
    with pytest.raises(InterpreterError, match="expected an absolute path, since it holds in ev"):
        interpreters((), {"BNLINT_INTERPRETERS": "torch=env/python"})
    with pytest.raises(
        InterpreterError, match=r"^--interpreter: .*/env: there is no such program$"
    ):
        named([f"torch={tmp_path / 'env'}"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1\na = 2", "a: unknown key; there is [interpreters]"),
        ("[interpreters]\ntorch = 5", "interpreters.torch: expected a path"),
        ("interpreters = 5", "interpreters: expected a table of name = path"),
        ("[interpreters", "not valid TOML: "),
        ("[interpreters]\ntorch = './python'", "./python: expected an absolute path"),
        ("[interpreters]\nfortran = '/bin/sh'", "unknown framework fortran"),
    ],
)
def test_a_configuration_that_is_wrong_is_named(home: Path, text: str, says: str) -> None:
    write(home, **{"bnlint/config.toml": text})
    with pytest.raises(InterpreterError) as caught:
        interpreters((), {})
    assert str(caught.value).startswith(f"{home}/bnlint/config.toml: {says}")


def test_a_configuration_that_cannot_be_read(home: Path) -> None:
    (home / "bnlint/config.toml").mkdir(parents=True)
    with pytest.raises(InterpreterError, match=r"config.toml: cannot be read: Is a directory$"):
        interpreters((), {})
    (home / "bnlint/config.toml").rmdir()
    (home / "bnlint/config.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InterpreterError, match=r"config.toml: not valid TOML: "):
        interpreters((), {})
    (home / "bnlint/config.toml").unlink()
    (home / "bnlint").rmdir()
    (home / "bnlint").write_text("a file in the place of the folder")
    assert interpreters((), {}) == {}


def test_a_folder_that_is_not_absolute_holds_no_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text("this is no TOML")
    monkeypatch.setattr(module, "user_configuration", lambda: "config.toml")
    assert interpreters((), {}) == {}
