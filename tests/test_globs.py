"""What the glob patterns of the configuration match."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnlint.config import globs

FILES = ("/p/a.py", "/p/ab.py", "/p/a/b.py", "/p/a/b/c.py", "/p/x,y.py", "/p/[z].py", "/q/a.py")


def matched(pattern: str) -> str:
    """Return which of ``FILES`` a pattern in ``/p`` matches, as one readable string."""
    patterns = globs.compiled((pattern,), "/p")
    return " ".join(
        path.removeprefix("/p/") for path in FILES if patterns.match(path, path.rpartition("/")[2])
    )


# The files below /p are those that ruff 0.17 leaves out of a run in /p for exclude = [pattern],
# but for empty alternatives, which it drops.
@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param("a.py", "a.py /q/a.py", id="a name, in any folder"),
        pytest.param("a", "", id="a name is the whole name"),
        pytest.param("/p/a.py", "a.py", id="an absolute path"),
        pytest.param("./a.py", "a.py", id="a path in the folder itself"),
        pytest.param("../q/a.py", "/q/a.py", id="a path above"),
        pytest.param("../q/*", "/q/a.py", id="a glob above"),
        pytest.param("a/b.py", "a/b.py", id="a path"),
        pytest.param("a/b.py/", "a/b.py", id="a slash at the end"),
        pytest.param("p/a.py", "", id="a path begins in the folder of the configuration"),
        pytest.param("a/*", "a/b.py a/b/c.py", id="a star matches slashes"),
        pytest.param("a*.py", "a.py ab.py a/b.py a/b/c.py /q/a.py", id="in names without one too"),
        pytest.param("a?b.py", "a/b.py", id="a question mark matches a slash"),
        pytest.param("a?", "", id="and needs a character"),
        pytest.param("**/b.py", "a/b.py", id="any number of folders"),
        pytest.param("**/a.py", "a.py", id="none is a number"),
        pytest.param("a/**/c.py", "a/b/c.py", id="in the middle"),
        pytest.param("a/**/b.py", "a/b.py", id="none in the middle"),
        pytest.param("a/**", "a/b.py a/b/c.py", id="everything below"),
        pytest.param("a**", "a.py ab.py a/b.py a/b/c.py /q/a.py", id="two stars beside a name"),
        pytest.param("{a,ab}.py", "a.py ab.py /q/a.py", id="alternatives"),
        pytest.param("{a,a/b}.py", "a.py a/b.py", id="alternatives with slashes are paths"),
        pytest.param("a{,b}.py", "a.py ab.py /q/a.py", id="an empty alternative"),
        pytest.param("{a{,b},x}*", "a.py ab.py a/b.py a/b/c.py x,y.py /q/a.py", id="nested"),
        pytest.param("x,y.py", "x,y.py", id="a comma outside of braces is itself"),
        pytest.param("x,*", "x,y.py", id="beside a star too"),
        pytest.param("[ab].py", "a.py a/b.py /q/a.py", id="a set"),
        pytest.param("[a-c].py", "a.py a/b.py a/b/c.py /q/a.py", id="a range"),
        pytest.param("[!a].py", "a/b.py a/b/c.py", id="not in a set"),
        pytest.param("a/[!b].py", "", id="not in a set, in a path"),
        pytest.param("[[]z].py", "[z].py", id="a bracket in a set"),
        pytest.param("[]z[]z].py", "[z].py", id="a closing bracket first in a set"),
        pytest.param("[[]z[]].py", "[z].py", id="and alone in one"),
        pytest.param("[-a].py", "a.py /q/a.py", id="a hyphen first in a set"),
        pytest.param("a.p[y-]", "a.py /q/a.py", id="and last"),
    ],
)
def test_match(pattern: str, expected: str) -> None:
    """Patterns mean what they mean to ruff."""
    assert matched(pattern) == expected


@pytest.mark.skipif(globs.os.sep == "\\", reason="a backslash separates folders there")
def test_backslash() -> None:
    """It takes the meaning from the next character."""
    assert matched("\\[z\\].py") == "[z].py"
    assert matched("\\a.py") == "a.py /q/a.py"
    with pytest.raises(globs.GlobError, match="nothing after the last"):
        globs.check("a\\")


def test_newline_in_a_name() -> None:
    """A star matches it as well."""
    assert globs.compiled(("a*.py",), "/p").match("/p/a\n.py", "a\n.py")


def test_match_within() -> None:
    """The folders above a file count, up to the given one."""
    patterns = globs.compiled(("gen", "p"), "/p")
    assert patterns.match_within("/p/gen/a/m.py", "/p")
    assert patterns.match_within("/p/a/gen", "/p")
    assert not patterns.match_within("/p/a/m.py", "/p")
    assert not patterns.match_within("/gen/m.py", "/p")
    assert patterns.match_within("/gen/m.py", "/")


PATTERNS = st.lists(st.sampled_from(["a", "/", "*", "**", "?", "[ab]", "{a,b}", ".", "b"])).map(
    "".join
)
PATHS = st.lists(st.sampled_from(["a", "b", "ab", "a.b"]), min_size=1, max_size=4)


@given(PATTERNS.filter(lambda text: text.strip("/.")), PATHS)
def test_anchored(pattern: str, parts: list[str]) -> None:
    """A pattern taken to another folder matches there what it matched at home."""
    home = "/h[1]{x}/q"
    path = "/".join([home, *parts])
    there = globs.compiled((globs.anchored(pattern, home),), "/other")
    if "/" in pattern:
        assert there.match(path, parts[-1]) == globs.compiled((pattern,), home).match(
            path, parts[-1]
        )
    else:
        assert globs.anchored(pattern, home) == pattern


@pytest.mark.parametrize(
    "pattern", ["*a" * 12 + "b", "**/" * 12 + "b", "{a,aa,aaa}" * 40 + "b", "{a*,*a}" * 20 + "b"]
)
def test_no_pattern_takes_long(pattern: str) -> None:
    """Each character of a name is looked at once: a matcher that goes back would take years."""
    assert not globs.compiled((pattern,), "/p").match("/p/" + "a/" * 30 + "a" * 60, "a" * 60)


def test_braces_in_braces() -> None:
    """However deep they are, nothing recurses."""
    assert globs.compiled(("{" * 5000 + "a" + "}" * 5000,), "/p").match("/p/a", "a")


@given(
    st.lists(
        st.sampled_from(["a", "b", "/", "*", "?", "[ab]", "[!a]", "{a,b}", "{a,", "b}", "**/"])
    )
    .map(lambda parts: "".join(parts).strip("/"))
    .filter(bool),
    st.text("ab/", min_size=1, max_size=6),
)
def test_says_what_a_regular_expression_says(pattern: str, name: str) -> None:
    """A second way to the same answer: alternatives written out, and a regular expression each."""
    try:
        globs.check(pattern)
    except globs.GlobError:
        return
    found = globs.compiled((f"/{pattern}",), "/").match(f"/{name}", "")
    parts = {"*": ".*", "**/": "(?:.*/)?", "?": ".", "[ab]": "[ab]", "[!a]": "[^a]", "{": "(?:",
             "}": ")", ",": "|"}  # fmt: skip
    depth, regex = 0, ""
    for token in re.findall(r"(?<![^/{,])\*\*/|\*+|\[[^]]*\]|.", pattern.rstrip("/")):
        depth += (token == "{") - (token == "}")
        one = "," if token == "," and not depth else parts.get(token, re.escape(token))
        regex += ".*" if token.strip("*") == "" else one
    assert found is (re.fullmatch(f"/{regex}", f"/{name}", re.DOTALL) is not None)
