"""Bytes to text and back, and places in the text."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bnlint.files.source import Lines, Source, Unreadable, Unwritable, decode, encode

ROOT = Path(__file__).parent.parent
BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    ("data", "text", "encoding"),
    [
        pytest.param(b"", "", "utf-8", id="an empty file"),
        pytest.param(b"x = 1\n", "x = 1\n", "utf-8", id="ASCII"),
        pytest.param("x = 'é日'\n".encode(), "x = 'é日'\n", "utf-8", id="UTF-8, undeclared"),
        pytest.param(b"x = 1\r\ny = 2\r\n", "x = 1\r\ny = 2\r\n", "utf-8", id="CRLF is kept"),
        pytest.param(b"x = 1\ry = 2\r\nz", "x = 1\ry = 2\r\nz", "utf-8", id="mixed line ends"),
        pytest.param(
            b"# coding: latin-1\n# \xe9", "# coding: latin-1\n# é", "iso8859-1", id="latin-1"
        ),
        pytest.param(
            b"#!/usr/bin/python\n# -*- coding: cp1252 -*-\n# \x80",
            "#!/usr/bin/python\n# -*- coding: cp1252 -*-\n# €",
            "cp1252",
            id="declared in the second line",
        ),
        pytest.param(
            b"#!/x\r# vim: set fileencoding=latin-1 :\r# \xe9",
            "#!/x\r# vim: set fileencoding=latin-1 :\r# é",
            "iso8859-1",
            id="declared in the second line, lines ending in CR alone",
        ),
        pytest.param(
            "# coding: euc-jp\nx = '日本'".encode("euc-jp"),
            "# coding: euc-jp\nx = '日本'",
            "euc_jp",
            id="a multibyte encoding",
        ),
        pytest.param(
            "# coding: utf-8-unix\n# é".encode(),
            "# coding: utf-8-unix\n# é",
            "utf-8",
            id="an editor's suffix for line ends",
        ),
        pytest.param(
            b"# coding: latin-1-dos\r\n# \xe9",
            "# coding: latin-1-dos\r\n# é",
            "iso8859-1",
            id="such a suffix on latin-1",
        ),
        pytest.param(
            "# coding: utf-8-sig\n# é".encode(),
            "# coding: utf-8-sig\n# é",
            "utf-8",
            id="utf-8-sig declared, no mark there",
        ),
        pytest.param(
            "x = 1\n# coding: latin-1\n# é".encode(),
            "x = 1\n# coding: latin-1\n# é",
            "utf-8",
            id="a declaration after code is none",
        ),
        pytest.param(
            "\n\n# coding: latin-1\n# é".encode(),
            "\n\n# coding: latin-1\n# é",
            "utf-8",
            id="a declaration in the third line is none",
        ),
        pytest.param(
            "# about encoding\n\n# coding: latin-1\n# é".encode(),
            "# about encoding\n\n# coding: latin-1\n# é",
            "utf-8",
            id="not even if the first line speaks of coding",
        ),
        pytest.param(
            "x = '# coding: latin-1 é'".encode(),
            "x = '# coding: latin-1 é'",
            "utf-8",
            id="a declaration in a string is none",
        ),
    ],
)
def test_text_and_back(data: bytes, text: str, encoding: str) -> None:
    """Decoding follows PEP 263; encoding gives the same bytes again."""
    source = decode(data, "m.py")
    assert source == Source("m.py", text, encoding, bom=False, exact=True)
    assert encode(source, text) == data


@pytest.mark.parametrize("declaration", ["", "# coding: utf-8\n", "# coding: utf8\n"])
def test_byte_order_mark(declaration: str) -> None:
    """A UTF-8 mark is no part of the text, and is there again in the bytes."""
    data = BOM + f"{declaration}x = 'é'".encode()
    source = decode(data, "m.py")
    assert (source.text, source.bom) == (f"{declaration}x = 'é'", True)
    assert encode(source, source.text) == data


@pytest.mark.parametrize(
    ("data", "row", "column", "words"),
    [
        pytest.param(b"x = 1\ny = '\xe9'\n", 2, 6, "not UTF-8: byte 0xe9 at offset 11", id="UTF-8"),
        pytest.param(
            "é = 'é".encode() + b"\xff", 1, 7, "byte 0xff at offset 8", id="column in code points"
        ),
        pytest.param(BOM + b"\xff", 1, 1, "offset 3", id="offset counts the mark"),
        pytest.param(b"a\r\rb\xff", 3, 2, "offset 4", id="lines ending in CR"),
        pytest.param(
            b"# coding: ascii\n\xe9",
            2,
            1,
            "not ascii, the encoding that line 1 declares: byte 0xe9",
            id="not what it declares",
        ),
        pytest.param(
            b"\n# coding: klingon\n", 2, 1, "unknown encoding klingon", id="unknown encoding"
        ),
        pytest.param(b"# coding: rot13\n", 1, 1, "unknown encoding rot13", id="no encoding at all"),
        pytest.param(
            b"# coding: utf-16\nx=1", 1, 1, "unknown encoding utf-16", id="UTF-16 in ASCII"
        ),
        pytest.param(
            BOM + b"\n# coding: latin-1\n", 2, 1, "declares the encoding latin-1", id="a BOM"
        ),
        pytest.param("x = 1".encode("utf-16"), 1, 1, "UTF-16", id="UTF-16"),
        pytest.param(b"\xfe\xff\0x", 1, 1, "UTF-16", id="UTF-16, big end first"),
        pytest.param("x = 1".encode("utf-32"), 1, 1, "UTF-32", id="UTF-32"),
        pytest.param(b"x\ny\0", 2, 2, "NUL byte at offset 3", id="a NUL byte"),
        pytest.param(
            "x".encode("utf-16-le"), 1, 2, "NUL byte at offset 1", id="UTF-16 without its mark"
        ),
    ],
)
def test_unreadable(data: bytes, row: int, column: int, words: str) -> None:
    """What is no text is named, with its place."""
    with pytest.raises(Unreadable) as raised:
        decode(data, "m.py")
    assert words in raised.value.message
    assert (raised.value.row, raised.value.column) == (row, column)
    assert str(raised.value) == f"m.py:{row}:{column}: {raised.value.message}"


def test_character_that_the_encoding_lacks() -> None:
    """A text that the file cannot hold is refused, not mangled."""
    source = decode(b"# coding: latin-1\n", "m.py")
    with pytest.raises(Unwritable, match=r"m\.py: '€' cannot be written in iso8859-1"):
        encode(source, "# coding: latin-1\n# €")


def test_bytes_that_do_not_follow_from_the_text() -> None:
    """UTF-7 spells one text in several ways: readable, but never rewritten."""
    source = decode(b"# coding: utf-7\nx = '+AGE-'", "m.py")
    assert source.text.endswith("x = 'a'")
    assert not source.exact
    with pytest.raises(Unwritable, match="save it as UTF-8"):
        encode(source, source.text)


COOKIES = ["", *(f"# coding: {name}\n" for name in ("utf-8", "latin-1", "cp1252", "shift_jis"))]


@given(st.sampled_from([b"", BOM]), st.sampled_from(COOKIES), st.binary(max_size=60))
@example(b"", "# coding: cp1252\n", b"\x81")
def test_bytes_come_back_exactly(mark: bytes, cookie: str, body: bytes) -> None:
    """Whatever decodes gives its own bytes back, or is marked as not exact; UTF-8 always does."""
    data = mark + cookie.encode() + body
    try:
        source = decode(data, "m.py")
    except Unreadable:
        return
    if source.exact:
        assert encode(source, source.text) == data
    if source.encoding == "utf-8":
        assert source.exact


HEADS = st.lists(
    st.sampled_from(
        [
            "#",
            " ",
            "coding",
            ":",
            "=",
            "latin-1",
            "utf-8",
            "\n",
            "\r\n",
            "\r",
            "\f",
            "x = 1",
            "'",
            "é",
        ]
    ),
    max_size=8,
)


@given(HEADS)
@example(["#", "\r", "#", "coding", ":", "latin-1", "\n", "x = 1"])
def test_declaration_as_python_reads_it(head: list[str]) -> None:
    """Where Python itself reads a file, the decoded text has the same syntax tree."""
    data = "".join(head).encode() + "\n'''é'''\n".encode()
    try:
        tree = compile(data, "m.py", "exec", flags=ast.PyCF_ONLY_AST)
    except SyntaxError:
        return
    assert ast.dump(ast.parse(decode(data, "m.py").text)) == ast.dump(tree)


def test_decoding_imports_little() -> None:
    """Neither tokenize nor what it brings along is imported."""
    code = (
        "import sys; from bnlint.files.source import decode; decode(b'x', 'm.py');"
        "assert not {'tokenize', 'inspect', 'dataclasses'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-S", "-c", code], check=True, cwd=ROOT)


# No line ends for Python, though str.splitlines takes them for such.
WITHIN_A_LINE = ["\f", "\x0b", "\x1c", "\x85", "\u2028", "\u2029"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param("", [""], id="empty"),
        pytest.param("a", ["a"], id="no line end"),
        pytest.param("a\n", ["a", ""], id="a line end"),
        pytest.param("a\r\nb\rc\n\nd", ["a", "b", "c", "", "d"], id="all three"),
        pytest.param("a\r\r\nb", ["a", "", "b"], id="CR before CRLF"),
        *(
            pytest.param(f"a{c}b\nc", [f"a{c}b", "c"], id=f"{c!r} ends no line")
            for c in WITHIN_A_LINE
        ),
    ],
)
def test_line_ends(text: str, lines: list[str]) -> None:
    """Lines end where Python ends them."""
    found = Lines(text)
    assert [found.line(row) for row in range(1, len(found.starts) + 1)] == lines
    assert found.line(0) == found.line(len(lines) + 1) == ""


WORDS = ["a", "é", "日本", "😀", "\t", " ", *WITHIN_A_LINE]
CONTENTS = st.lists(st.sampled_from(WORDS), max_size=5).map("".join)


@given(
    st.lists(st.tuples(CONTENTS, CONTENTS, st.sampled_from(["\n", "\r\n", "\r"])), max_size=6),
    st.booleans(),
)
def test_span_of_a_node(statements: list[tuple[str, str, str]], blank: bool) -> None:
    """The span made of the places in a syntax tree holds the text of the node."""
    pieces, places = [], []
    for first, second, end in statements:
        expected = f'"""{first}{end}{second}"""'
        head = "( '日' , " if blank else "("
        pieces += [head, expected, ", 1)", end]
        places.append((len("".join(pieces[:-3])), expected))
    text = "".join(pieces)
    lines = Lines(text)
    for node, (start, expected) in zip(ast.parse(text).body, places, strict=True):
        literal = node.value.elts[-2]  # type: ignore[attr-defined]
        span = lines.span(
            literal.lineno, literal.col_offset, literal.end_lineno, literal.end_col_offset
        )
        assert text[span.start : span.end] == expected
        assert span.start == start
        assert lines.place(span.start) == (span.row, span.column)
        assert lines.place(span.end) == (span.end_row, span.end_column)
        assert lines.line(span.row)[span.column - 1 :].startswith('"""')
        assert lines.between(span.start, span.end) == span


@pytest.mark.parametrize("text", ["ab\ncd", "ab\r\ncd", "éb\ncd"], ids=["LF", "CRLF", "not ASCII"])
@pytest.mark.parametrize(
    ("lineno", "col_offset", "expected"),
    [
        pytest.param(0, 0, "ab", id="before the text"),
        pytest.param(1, 99, "", id="beyond the end of a line"),
        pytest.param(2, 99, "", id="beyond the end of the last line"),
        pytest.param(9, 0, "", id="beyond the end of the text"),
    ],
)
def test_place_that_is_not_there(text: str, lineno: int, col_offset: int, expected: str) -> None:
    """A place beyond a line or the text counts as the end of it."""
    offset = Lines(text).offset(lineno, col_offset)
    rest = text[offset:].splitlines()
    assert (rest[0].replace("é", "a") if rest else "") == expected
    if lineno == 1:
        assert text[offset:].strip() == "cd"


def test_place_inside_a_character() -> None:
    """It counts as the character's start."""
    assert [Lines("aéb").offset(1, column) for column in range(5)] == [0, 1, 1, 2, 3]
