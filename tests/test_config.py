"""Finding, reading and asking the configuration."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnlint.config.options import OPTIONS, parse
from bnlint.config.settings import (
    Config,
    ConfigError,
    Configs,
    Mistake,
)
from bnlint.config.shown import show
from bnlint.config.spelling import toml

ROOT = Path(__file__).parent.parent
tomllib = __import__("tomllib" if sys.version_info >= (3, 11) else "tomli")


WORDS = st.sampled_from(["", "BN1", "high", "json", "a/*.py", "[", "!x", 'say "é"'])
VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(0, 9), WORDS, st.lists(WORDS, max_size=2)),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(WORDS, inner, max_size=2)),
    max_leaves=4,
)


def write(root: Path, **texts: str) -> None:
    """Write files below ``root``; in the names, ``__`` is a slash and ``_toml`` the ending."""
    for name, text in texts.items():
        path = root / name.replace("__", "/").replace("dot_", ".").replace("_toml", ".toml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def configs(root: Path, **options: Any) -> Configs:
    """Return the configurations as a run in ``root`` sees them."""
    return Configs(root.as_posix(), **options)


def found(root: Path, path: str = "m.py", **options: Any) -> str | None:
    """Return which file configures ``path``, after seeing that its contents were read."""
    config = configs(root, **options).of((root / path).as_posix())
    if config.file is not None:
        assert config.from_family == Path(config.file).parent.name + Path(config.file).stem
        assert config.folder == (root / config.file).parent.as_posix()
    return config.file


def mistakes(root: Path, text: str) -> list[str]:
    """Return what is wrong with a ``bnlint.toml`` that reads ``text``."""
    write(root, bnlint_toml=text)
    with pytest.raises(ConfigError) as raised:
        configs(root).of((root / "m.py").as_posix())
    assert {mistake.path for mistake in raised.value.mistakes} == {"bnlint.toml"}
    return [": ".join(mistake[1:]) for mistake in raised.value.mistakes]


class TestWhichFileHolds:
    """The nearest configuration upwards from a file."""

    def test_none(self, tmp_path: Path) -> None:
        """Without any file, and with a pyproject.toml of others, all is at its default."""
        write(tmp_path, pyproject_toml="[tool.black]\nline-length = 100\n# not bnlint\n")
        config = configs(tmp_path).of((tmp_path / "m.py").as_posix())
        assert config == Config(tmp_path.as_posix())

    def test_order_in_a_folder(self, tmp_path: Path) -> None:
        """The file with the dot comes first, then the one without, then pyproject.toml."""
        write(tmp_path, pyproject_toml='[tool.bnlint]\nfrom = "pyproject"\n')
        assert found(tmp_path) == "pyproject.toml"
        write(tmp_path, bnlint_toml='from = "bnlint"\n')
        assert found(tmp_path) == "bnlint.toml"
        write(tmp_path, dot_bnlint_toml='from = ".bnlint"\n')
        assert found(tmp_path) == ".bnlint.toml"

    def test_the_nearest_holds_alone(self, tmp_path: Path) -> None:
        """Nothing is merged from further up; what has no table is passed over."""
        write(
            tmp_path,
            bnlint_toml='from = "bnlint"\nfix = true\n',
            a__bnlint_toml='from = "abnlint"\n',
            a__b__pyproject_toml="[tool.other]\nbnlint = 1\n",
            a__b__c__pyproject_toml='[tool.bnlint]\nfrom = "cpyproject"\n',
        )
        assert found(tmp_path, "m.py") == "bnlint.toml"
        assert found(tmp_path, "x/y/m.py") == "bnlint.toml"
        assert found(tmp_path, "a/m.py") == "a/bnlint.toml"
        assert found(tmp_path, "a/b/m.py") == "a/bnlint.toml"
        assert found(tmp_path, "a/b/c/d/m.py") == "a/b/c/pyproject.toml"
        assert not configs(tmp_path).of((tmp_path / "a/m.py").as_posix()).fix

    def test_the_order_of_questions_changes_nothing(self, tmp_path: Path) -> None:
        """One and the same object for all folders under one file, in whatever order."""
        write(tmp_path, bnlint_toml="", a__bnlint_toml="")
        paths = [(tmp_path / name / "m.py").as_posix() for name in ("", "a", "a/b/c", "b", "a/b")]
        for order in (paths, paths[::-1]):
            run = configs(tmp_path)
            answers = {path: run.of(path) for path in order}
            assert [answers[path].file for path in paths] == [
                "bnlint.toml",
                "a/bnlint.toml",
                "a/bnlint.toml",
                "bnlint.toml",
                "a/bnlint.toml",
            ]
            assert len({id(config) for config in answers.values()}) == 2

    def test_the_current_folder_does_not_matter(self, tmp_path: Path) -> None:
        """Only the way the file is displayed depends on it."""
        write(tmp_path, a__bnlint_toml='exclude = ["x/*.py"]\n[[port]]\npaths=["m"]\nfrom="f"')
        path = (tmp_path / "a/m.py").as_posix()
        here, there = configs(tmp_path).of(path), configs(tmp_path / "a" / "b").of(path)
        assert there.file == (tmp_path / "a/bnlint.toml").as_posix()
        assert here._replace(file="", origins={}) == there._replace(file="", origins={})

    def test_config_for_all(self, tmp_path: Path) -> None:
        """--config FILE holds everywhere, relative to its own folder."""
        write(tmp_path, a__bnlint_toml="fix = 1", c__my_toml='from = "cmy"\n')
        assert found(tmp_path, "a/m.py", file="c/my.toml") == "c/my.toml"

    def test_isolated(self, tmp_path: Path) -> None:
        """--isolated reads nothing, broken or not."""
        write(tmp_path, bnlint_toml="fix = 1", c_toml="fix = 1")
        assert found(tmp_path, isolated=True, file="c.toml") is None

    @pytest.mark.parametrize(
        ("file", "message"),
        [
            ("gone.toml", "gone.toml: no such file"),
            ("pyproject.toml", "pyproject.toml: tool.bnlint: missing: no such table"),
            ("folder", "folder: cannot be read: Is a directory"),
        ],
    )
    def test_config_that_is_none(self, tmp_path: Path, file: str, message: str) -> None:
        """A file that is named must be a configuration."""
        write(tmp_path, pyproject_toml="[tool.black]\n", folder__x_toml="")
        with pytest.raises(ConfigError) as raised:
            configs(tmp_path, file=file)
        assert str(raised.value) == message

    def test_little_is_imported(self, tmp_path: Path) -> None:
        """No TOML reader without a file to read; none for a file that never says bnlint."""
        write(tmp_path, pyproject_toml="[tool.black]\n")
        code = (
            "import sys; from bnlint.config.settings import Configs;"
            f"Configs({str(tmp_path)!r}).of_folder({tmp_path.as_posix()!r});"
            "heavy = {'tomllib', 'tomli', 'difflib', 'dataclasses', 'inspect'};"
            "assert not heavy & set(sys.modules)"
        )
        subprocess.run([sys.executable, "-S", "-c", code], check=True, cwd=ROOT)


class TestMistakes:
    """Everything that is wrong with a file is said, by key."""

    def test_all_at_once(self, tmp_path: Path) -> None:
        """One run shows them all, in the order of the file."""
        text = 'fix = "yes"\nselct = []\nmin-confidence = "hi"\nignore = "BN1"\nbaseline = 3\n'
        assert mistakes(tmp_path, text) == [
            'fix: expected true or false, found "yes"',
            "selct: unknown key; did you mean select?",
            'min-confidence: expected one of high, medium, low, found "hi"',
            'ignore: expected a list of strings, found "BN1"',
            "baseline: expected a path, found 3",
        ]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("select = [1, 'BN1']", "select[0]: expected a string, found 1"),
            ("fix = 1", "fix: expected true or false, found 1"),
            ("from = ''", 'from: expected a name, found ""'),
            ("from = ['a']", 'from: expected a name, found ["a"]'),
            ("extend_select = []", "extend_select: unknown key; did you mean extend-select?"),
            ("lint = {}", "lint: unknown key"),
            ("interpreter = 'python'", "interpreter: unknown key"),
            ("'a\\nb' = 1", '"a\\\\nb": unknown key'),
            ("exclude = ['[a']", 'exclude[0]: expected a glob pattern, found "[a" ([ without ])'),
            ("exclude = ['{a']", 'exclude[0]: expected a glob pattern, found "{a" ({ without })'),
            ("include = ['a}']", 'include[0]: expected a glob pattern, found "a}" (} without {)'),
            (
                "include = ['[b-a]']",
                'include[0]: expected a glob pattern, found "[b-a]" (b-a is no range)',
            ),
            (
                "exclude = ['']",
                'exclude[0]: expected a glob pattern, found "" (an empty pattern)',
            ),
            (
                "per-file-ignores = []",
                "per-file-ignores: expected a table of glob = [rules], found []",
            ),
            (
                "[per-file-ignores]\n'a' = 'B'",
                'per-file-ignores."a": expected a list of strings, found "B"',
            ),
            ("port = {}", "port: expected an array of tables ([[port]]), found {}"),
            ("port = [1]", "port[0]: expected a table, found 1"),
            (
                "[[port]]\nfrom = 'a'",
                "port[0].paths: missing: name the ported files by at least one glob",
            ),
            (
                "[[port]]\npaths = ['a']",
                "port[0]: needs a reference (a file, or none), a from (a framework) or both",
            ),
            (
                "[[port]]\npaths = []\nfrom = 'a'",
                "port[0].paths: missing: name the ported files by at least one glob",
            ),
            (
                "[per-file-ignores]\n'!' = []",
                'per-file-ignores."!": expected a glob pattern, found "" (an empty pattern)',
            ),
            (
                "[[port]]\npaths=['a']\nfrom='b'\nform='c'",
                "port[0].form: unknown key; did you mean from?",
            ),
            (
                "[tool.bnlint]\nfix = true",
                "tool: without [tool.bnlint] here: in this file the options stand at the top",
            ),
            (
                "baseline = [" + "1," * 50 + "]",
                "baseline: expected a path, found [" + "1, " * 19 + "1,...",
            ),
        ],
    )
    def test_one(self, tmp_path: Path, text: str, message: str) -> None:
        """Key, what was expected, what was found."""
        assert mistakes(tmp_path, text) == [message]

    def test_not_toml(self, tmp_path: Path) -> None:
        """A syntax error comes with its line."""
        (message,) = mistakes(tmp_path, "fix = true\nselect = [\n'a'\n")
        assert message.startswith(": not valid TOML: ")
        assert "line" in message or "end of document" in message

    def test_in_pyproject(self, tmp_path: Path) -> None:
        """Keys are given in full, so that they can be found among those of other tools."""
        write(tmp_path, pyproject_toml="[tool.bnlint]\nfix = 1\n")
        with pytest.raises(ConfigError) as raised:
            configs(tmp_path).of((tmp_path / "m.py").as_posix())
        assert (raised.value.path, raised.value.key) == ("pyproject.toml", "tool.bnlint.fix")
        assert str(raised.value) == (
            "pyproject.toml: tool.bnlint.fix: expected true or false, found 1"
        )
        write(tmp_path, pyproject_toml="[tool]\nbnlint = 1\n")
        with pytest.raises(ConfigError, match=r"tool\.bnlint: expected a table, found 1"):
            configs(tmp_path).of((tmp_path / "m.py").as_posix())

    def test_not_text(self, tmp_path: Path) -> None:
        """A file that is not UTF-8 is named as such; a byte order mark does no harm."""
        (tmp_path / "bnlint.toml").write_bytes(b"\xef\xbb\xbffix = true\r\n")
        assert configs(tmp_path).of((tmp_path / "m.py").as_posix()).fix
        (tmp_path / "bnlint.toml").write_bytes(b"# \xe9\n")
        with pytest.raises(ConfigError, match="not UTF-8: byte 0xe9 at offset 2"):
            configs(tmp_path).of((tmp_path / "m.py").as_posix())

    def test_everywhere_below(self, tmp_path: Path) -> None:
        """A broken file is broken for each folder below it, and never replaced by one above."""
        write(tmp_path, bnlint_toml="fix = true", a__bnlint_toml="fix = 1")
        run = configs(tmp_path)
        for folder in ("a/b/c", "a", "a/b", "a/b/c"):
            with pytest.raises(ConfigError):
                run.of_folder((tmp_path / folder).as_posix())
        assert run.of_folder(tmp_path.as_posix()).fix

    def test_further_checks(self, tmp_path: Path) -> None:
        """What the engine finds wrong (unknown rules) is an error of the file as well."""
        write(tmp_path, bnlint_toml="from = 'klingon'")
        run = configs(tmp_path, check=lambda config: [Mistake("f", "k", str(config.from_family))])
        with pytest.raises(ConfigError, match="f: k: klingon"):
            run.of((tmp_path / "m.py").as_posix())

    @given(st.dictionaries(st.sampled_from([option.key for option in OPTIONS]), VALUES))
    def test_no_value_goes_unchecked(self, table: dict[str, Any]) -> None:
        """Whatever stands in a file, it is either taken as it should be or named."""
        try:
            config = parse(table, "f.toml", "", "/p")
        except ConfigError as error:
            assert error.mistakes
            assert all(
                mistake.key.split(".")[0].split("[")[0] in table for mistake in error.mistakes
            )
        else:
            again = tomllib.loads(show(config))
            for option in OPTIONS:
                resolved = ("baseline", "reference-paths", "port", "apis")  # paths become absolute
                if option.key in table and option.key not in resolved:
                    assert again[option.key] == table[option.key]


def documented() -> dict[str, str]:
    """Return the section of each option in docs/configuration.md."""
    text = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    sections = text.split("\n### ")[1:]
    return {section.split("\n")[0]: section.split("\n## ")[0] for section in sections}


def test_every_option_is_documented() -> None:
    """And nothing else is, in the same order."""
    assert list(documented()) == [option.key for option in OPTIONS]


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.key)
def test_documentation(option: Any) -> None:
    """The default is the one in force, and the example sets the option without a mistake."""
    section = documented()[option.key]
    config = Config()
    default = getattr(config.chosen if option.of_selection else config, option.field)
    if default is None:
        assert "- Default: not set" in section
    else:
        if option.key in ("per-file-ignores", "apis"):
            default = dict(default)
        assert f"- Default: `{toml(default)}`" in section
    example = section.split("```toml\n")[1].split("```")[0]
    parsed = parse(tomllib.loads(example), "f.toml", "", "/p")
    assert option.key in parsed.origins
