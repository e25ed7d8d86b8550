"""What a configuration says about a file, and what the command line changes in it."""

from __future__ import annotations

from typing import ClassVar

import pytest

from bnlint.config.options import parse
from bnlint.config.settings import (
    Config,
    ConfigError,
    Given,
    Port,
    Selection,
    excluded,
    from_for,
    override,
    reference_for,
)
from bnlint.config.shown import show


class TestAsking:
    """What a configuration says about a file."""

    TABLE: ClassVar = {
        "from": "keras",
        "port": [
            {"paths": ["src/resnet.py"], "reference": "ref/resnet.py"},
            {"paths": ["src/seg"], "from": "slim"},
            {"paths": ["**/*_port.py"], "reference": "../up.py", "from": "tf"},
            {"paths": ["src", "ref"], "reference": "ref/all.py"},
        ],
    }

    @pytest.mark.parametrize(
        ("path", "family", "reference"),
        [
            pytest.param("/p/m.py", "keras", None, id="no port"),
            pytest.param("/p/src/resnet.py", None, "/p/ref/resnet.py", id="a file"),
            pytest.param("/p/x/resnet.py", "keras", None, id="a file of that name elsewhere"),
            pytest.param("/p/src/seg/a/m.py", "slim", None, id="in a folder, at any depth"),
            pytest.param("/p/x/a_port.py", "tensorflow", "/up.py", id="a glob, both given"),
            pytest.param("/p/src/m.py", None, "/p/ref/all.py", id="the last"),
            pytest.param("/p/src/seg/a_port.py", "slim", None, id="the first that matches decides"),
            pytest.param("/p/ref/all.py", "keras", None, id="a reference is no port of itself"),
            pytest.param("/q/src/m.py", "keras", None, id="outside"),
        ],
    )
    def test_ports(self, path: str, family: str | None, reference: str | None) -> None:
        """The first port with the file decides; --from wins over all, references stay."""
        config = parse(self.TABLE, "f.toml", "", "/p")
        assert from_for(config, path) == family
        assert reference_for(config, path) == reference
        given = override(config, Given(from_family="paddle"), "/p")
        assert from_for(given, path) == "paddle"
        assert reference_for(given, path) == reference

    def test_excluded(self) -> None:
        """A file is excluded with the folders it is in, up to the configuration's own."""
        config = parse({"extend-exclude": ["gen", "x/*.py"]}, "f.toml", "", "/build/p")
        for path in ("/build/p/gen/a/m.py", "/build/p/x/y/m.py", "/build/p/a/dist/m.py"):
            assert excluded(config, path)
        for path in ("/build/p/m.py", "/build/p/generated/m.py", "/build/p/y/x/m.py"):
            assert not excluded(config, path)

    def test_baseline(self) -> None:
        """It is relative to the configuration, or to the folder of the command line."""
        config = parse({"baseline": "b/known.json"}, "f.toml", "", "/p")
        assert config.baseline == "/p/b/known.json"
        assert override(config, Given(baseline="k.json"), "/q").baseline == "/q/k.json"


class TestCommandLine:
    """Options that are given are laid over each configuration."""

    def test_nothing_given(self) -> None:
        """The configuration stays as it is."""
        config = parse({"fix": True, "extend-exclude": ["a"]}, "f.toml", "", "/p")
        assert override(config, Given(), "/q") == config

    def test_false_is_given(self) -> None:
        """--no-fix is not the absence of --fix."""
        config = parse({"fix": True, "respect-gitignore": False}, "f.toml", "", "/p")
        given = override(config, Given(fix=False, respect_gitignore=True), "/q")
        assert (given.fix, given.respect_gitignore) == (False, True)
        assert given.origins == {"fix": "command line", "respect-gitignore": "command line"}

    def test_lists(self) -> None:
        """What replaces and what adds: exclude replaces, the two that extend add."""
        config = parse(
            {"exclude": ["a"], "extend-exclude": ["b"], "per-file-ignores": {"c": ["BN1"]}},
            "f.toml",
            "",
            "/p",
        )
        added = Given(extend_exclude=("x",), extend_per_file_ignores=(("y", ("BN2",)),))
        given = override(config, added, "/q")
        assert (given.exclude, given.extend_exclude) == (("a",), ("b", "x"))
        assert given.per_file_ignores == (("c", ("BN1",)), ("y", ("BN2",)))
        given = override(config, Given(exclude=("x",), per_file_ignores=()), "/q")
        assert (given.exclude, given.extend_exclude) == (("x",), ("b",))
        assert given.per_file_ignores == ()

    def test_patterns_belong_to_the_current_folder(self) -> None:
        """Also where its name has characters that mean something in a glob."""
        config = Config("/p")
        given = override(config, Given(extend_exclude=("a/*.py", "b")), "/q[1]*/r")
        assert excluded(given, "/q[1]*/r/a/m.py")
        assert not excluded(given, "/q1x/r/a/m.py")
        assert not excluded(given, "/p/a/m.py")
        assert excluded(given, "/p/b/m.py")

    def test_patterns_that_are_none(self) -> None:
        """They are errors of the command line."""
        with pytest.raises(ConfigError) as raised:
            override(Config(), Given(extend_exclude=("[",)), "/q")
        assert str(raised.value).startswith("command line: --extend-exclude: expected a glob")


def test_show() -> None:
    """The settings read as TOML, each with where it comes from."""
    table = {"select": ["BN1"], "per-file-ignores": {"a b.py": ["ALL"]}, **TestAsking.TABLE}
    config = override(
        parse(table, "f.toml", "", "/p"), Given(Selection(ignore=("BN2",)), fix=True), "/p"
    )
    text = show(config)
    lines = text.splitlines()
    assert lines[0] == "# configuration file: f.toml"
    assert 'select = ["BN1"]  # f.toml' in lines
    assert 'ignore = ["BN2"]  # command line' in lines
    assert 'per-file-ignores = {"a b.py" = ["ALL"]}  # f.toml' in lines
    assert "fix = true  # command line" in lines
    assert 'min-confidence = "medium"  # default' in lines
    assert "# output-format is not set" in lines
    assert config.ports[0] == Port(("src/resnet.py",), "/p/ref/resnet.py")
    assert 'reference = "/p/ref/resnet.py"' in lines
    assert text.endswith("\n")
