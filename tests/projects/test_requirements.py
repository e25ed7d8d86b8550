"""What each kind of file says of the releases that a project needs, to the last specifier."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnlint.engine.packages import Packages
from bnlint.frameworks.tables import catalogue
from bnlint.semantics.project.requirements import required_by
from bnlint.semantics.project.resolver import Resolver


def required(folder: Path, files: dict[str, str], inside: str = "") -> dict[str, object]:
    """Return what a project with these files needs, as seen from one of its folders."""
    for name, text in {"pyproject.toml": "", **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    resolver = Resolver(Packages(), frozenset(catalogue().imports))
    return dict(required_by(resolver, f"{folder.as_posix()}/{inside}".rstrip("/")))


@pytest.mark.parametrize(
    ("line", "specifier"),
    [
        ("keras==2.2.4", "==2.2.4"), ("keras", ""), ("Keras >= 2, < 3", "<3,>=2"),
        ("keras[x]~=2.6  # why", "~=2.6"), ("- keras==2", "==2"), ("  'keras==2',", None),
        ('  "keras==2"', "==2"), ("keras==2 --hash=sha256:0", "==2"), ("keras==2 ; a", None),
        ("keras==2; python_version < '3'", "==2"), ("-r other.txt", None), ("# keras==2", None),
        ("keras-tuner==1", None), ("== keras", None), ("keras @ https://x.y/z.whl", ""),
    ],
)  # fmt: skip
def test_lines_of_requirements(tmp_path: Path, line: str, specifier: str | None) -> None:
    found = required(tmp_path, {"requirements.txt": f"numpy\n{line}\nscipy>=1\n"})
    assert found == ({} if specifier is None else {"keras": ((specifier,),)})


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("requirements.txt", True), ("requirement.txt", True), ("requirements.in", True),
        ("constraints.txt", True), ("constraint.in", True), ("my-requirements_gpu.v2.txt", True),
        ("requirements.md", False), ("Requirements.TXT", True), ("setup.cfg", True),
        ("setup.cfg.bak", False), ("requirements.txt.old", False), ("other.txt", False),
        ("require.txt", False),
    ],
)  # fmt: skip
def test_files_that_have_a_requirement_on_each_line(tmp_path: Path, name: str, read: bool) -> None:
    assert bool(required(tmp_path, {name: "keras==2.2.4\n"})) is read


@pytest.mark.parametrize(
    ("line", "specifier"),
    [
        ("- keras=2.2", "==2.2.*"), ("- keras=2.2.4=py36_0", "==2.2.4.*"),
        ("- keras 2.2", "==2.2.*"), ("- keras = 2.2", "==2.2.*"), ("- keras=2.2.*", "==2.2.*"),
        ("- keras==2.2", "==2.2"), ("- keras>=3", ">=3"), ('- "keras=2.2"', "==2.2.*"),
        ("- keras", ""), ("- conda-forge::keras=2", None), ("- keras=a", None),
    ],
)  # fmt: skip
def test_lines_of_conda(tmp_path: Path, line: str, specifier: str | None) -> None:
    text = f"name: x\ndependencies:\n  {line}\n"
    for number, name in enumerate(("environment.yml", "conda.yaml", "my_env.v1.yml")):
        found = required(tmp_path / str(number), {name: text})
        assert found == ({} if specifier is None else {"keras": ((specifier,),)})
    assert required(tmp_path / "other", {"config.yml": text}) == {}
    assert required(tmp_path / "more", {"requirements.txt": "keras=2.2\n"}) == {}


@pytest.mark.parametrize(
    ("version", "specifier"),
    [
        ("^2.2.4", ">=2.2.4,<3"), ("^0.3", ">=0.3,<0.4"), ("^0.0.3", ">=0.0.3,<0.0.4"),
        ("^0", ">=0,<1"), ("^0.0", ">=0.0,<0.1"), ("^1", ">=1,<2"), ("~2.2", ">=2.2,<2.3"),
        ("~2", ">=2,<3"), ("~2.2.4", ">=2.2.4,<2.3"), ("~0.2.4", ">=0.2.4,<0.3"),
        (" ^ 2.2 ", ">=2.2,<3"), ("2.2.4", "==2.2.4"), ("2.2.*", "==2.2.*"), (" 2 ", "==2"),
        ("*", ""), (">=2,<3", ">=2,<3"), ("^2 || 3", "^2 || 3"), ("==2.*", "==2."),
        ("^" + "1" * 199, f">={'1' * 199},<{'1' * 198}2"), ("^" + "1" * 200, None),
    ],
)  # fmt: skip
def test_versions_of_poetry_and_pipenv(tmp_path: Path, version: str, specifier: str | None) -> None:
    """What is longer than any that somebody wrote says nothing."""
    if len(version) == 200:
        specifier = None  # what it means is longer
    wanted = {} if specifier is None else {"keras": ((specifier,),)}
    for number, (name, text) in enumerate((
        ("pyproject.toml", f"[tool.poetry.dependencies]\nkeras = '{version}'\n"),
        ("pyproject.toml", f"[tool.poetry.dependencies]\nkeras = {{version = '{version}'}}\n"),
        ("Pipfile", f"[packages]\nkeras = '{version}'\n"),
        ("pipfile", f"[dev-packages]\nKeras = '{version}'\n"),
    )):  # fmt: skip
        assert required(tmp_path / str(number), {name: text}) == wanted


@pytest.mark.parametrize(
    ("text", "specifiers"),
    [
        ("[project]\ndependencies = ['keras==2.9', 'numpy']\n", ("==2.9",)),
        ("[project.optional-dependencies]\na = ['keras>=2']\nb = ['keras<3']\n", (">=2", "<3")),
        ("[dependency-groups]\na = [['keras==2'], {keras = '^3'}]\n", ("==2", ">=3,<4")),
        ("[project]\nkeras = 3\n", ()), ("[project]\nkeras = {git = 'x'}\n", ()),
        ("[project]\nkeras = = 3\n", ()), ("[project]\nname = 'keras'\n", ()),
        ("[project]\ndependencies = ['keras ???']\n", ()),
    ],
)  # fmt: skip
def test_tables(tmp_path: Path, text: str, specifiers: tuple[str, ...]) -> None:
    found = required(tmp_path, {"pyproject.toml": text})
    assert found == ({"keras": (specifiers,)} if specifiers else {})


@pytest.mark.parametrize(
    ("text", "specifiers"),
    [
        ("setup(install_requires=['keras>=2', \"numpy\"])", (">=2",)),
        ("setup(name='keras')", ("",)),
        ("setup(x='keras 2')", ()),
        ("x = keras", ()),
        ("setup(x='keras==" + "1" * 113 + "')", ("==" + "1" * 113,)),
        ("setup(x='keras==" + "1" * 115 + "')", ()),
    ],
)
def test_scripts(tmp_path: Path, text: str, specifiers: tuple[str, ...]) -> None:
    found = required(tmp_path, {"setup.py": text})
    assert found == ({"keras": (specifiers,)} if specifiers else {})


@pytest.mark.parametrize("name", ["poetry.lock", "pdm.lock", "uv.lock"])
def test_lock_files(tmp_path: Path, name: str) -> None:
    text = '[[package]]\nname = "NAME"\nversion = "2.15.0"\n'
    found = required(tmp_path, {name: text.replace("NAME", "keras")})
    assert found == {"keras": (("==2.15.0",),)}
    assert required(tmp_path / "a", {name: text.replace("NAME", "numpy") + "# keras"}) == {}
    assert required(tmp_path / "b", {"other.lock": text.replace("NAME", "keras")}) == {}


@pytest.mark.parametrize(
    "name", ["tensorflow", "TensorFlow", "dm-sonnet", "dm_sonnet", "DM.Sonnet"]
)
def test_names_are_written_in_many_ways(tmp_path: Path, name: str) -> None:
    wanted = "tensorflow" if name.lower() == "tensorflow" else "dm-sonnet"
    assert required(tmp_path, {"requirements.txt": f"{name}==2\n"}) == {wanted: (("==2",),)}


def test_a_marker_may_end_in_a_quote(tmp_path: Path) -> None:
    """Which of two lines holds is not looked at: what either allows may be meant."""
    text = "keras==1.2; python_version < '3'\nkeras==2.2; python_version >= \"3\"\n"
    assert required(tmp_path, {"requirements.txt": text}) == {"keras": (("==1.2", "==2.2"),)}


def test_each_file_of_a_folder_speaks_and_the_nearest_folder_decides(tmp_path: Path) -> None:
    files = {
        "requirements.txt": "keras==2\ntensorflow==2.1\n", "setup.py": "setup(a=['keras>=1'])",
        "task/requirements.txt": "keras==3\nkeras<4\n", "task/step/net.py": "",
    }  # fmt: skip
    assert required(tmp_path, files) == {
        "keras": (("==2",), (">=1",)), "tensorflow": (("==2.1",),),
    }  # fmt: skip
    for inside in ("task", "task/step"):
        assert required(tmp_path, files, inside) == {
            "keras": (("==3", "<4"),), "tensorflow": (("==2.1",),),
        }  # fmt: skip


@pytest.mark.parametrize(("before", "read"), [(4999, True), (5000, False)])
def test_no_more_than_five_thousand_requirements_are_read(
    tmp_path: Path, before: int, read: bool
) -> None:
    text = "a\n" * before + "keras==2\n"
    assert bool(required(tmp_path, {"requirements.txt": text})) is read


@pytest.mark.parametrize(("length", "read"), [(200, True), (201, False)])
def test_no_longer_specifier_counts(tmp_path: Path, length: int, read: bool) -> None:
    specifier = "==" + "1" * (length - 2)
    assert bool(required(tmp_path, {"requirements.txt": f"keras{specifier}\n"})) is read
