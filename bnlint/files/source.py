"""Bytes of a Python file to text and back, and the places in that text.

``decode`` follows PEP 263 as CPython does and adds nothing of its own: no guessing of encodings,
no translation of line ends. ``encode`` is its exact inverse. The text of a notebook, or of a page
with blocks of code, is its program.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right

from bnlint.files.documents import DOCUMENTS, NOTEBOOK
from bnlint.finding import Span
from bnlint.startup.patterns import lazy
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bnlint.files.documents import Document

__all__ = [
    "Lines", "Source", "Unreadable", "Unwritable", "as_written", "decode", "encode", "readable",
]  # fmt: skip

_BOM = codecs.BOM_UTF8
_WIDE_BOMS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_NEWLINE = lazy(r"\r\n?|\n")
_NEWLINE_BYTES = lazy(rb"\r\n?|\n")
_COOKIE = lazy(rb"[ \t\f]*#[^\r\n]*?coding[:=][ \t]*([-\w.]+)", re.ASCII)
_NO_CODE = lazy(rb"[ \t\f]*(?:#|\Z)")


class Unreadable(ValueError):
    """A file that holds no text bnlint can read.

    ``row`` and ``column`` are 1-based; the column counts code points up to the first byte that
    could not be read.
    """

    def __init__(self, path: str, message: str, row: int = 1, column: int = 1) -> None:
        super().__init__(f"{path}:{row}:{column}: {message}")
        self.path = path
        self.message = message
        self.row = row
        self.column = column


class Unwritable(ValueError):
    """A text that cannot be written in the encoding of the file it is meant for."""


class Source(NamedTuple):
    """The text of a file and what is needed to write it back.

    ``text`` has no byte order mark and keeps its line ends. ``encoding`` is Python's own name of
    the codec. ``exact`` is false for the few files (in UTF-7, or with characters that an Asian
    encoding can spell in two ways) whose bytes do not follow from their text: these can be
    linted, not fixed. ``document`` is what the text was found in, if it is the program of one.
    """

    path: str
    text: str
    encoding: str = "utf-8"
    bom: bool = False
    exact: bool = True
    document: Document | None = None


def encode(source: Source, text: str) -> bytes:
    """Return ``text`` as bytes of the file ``source`` was read from.

    Raises:
        Unwritable: the encoding of the file has no such character, or its bytes do not follow
            from its text.
    """
    if not source.exact:
        raise Unwritable(
            f"{source.path}: cannot be rewritten byte for byte in {source.encoding}; "
            "save it as UTF-8 to have it fixed"
        )
    if source.document is not None:
        text = _document_of(source, source.document, text)
    try:
        data = text.encode(source.encoding)
    except UnicodeEncodeError as error:
        character = text[error.start : error.start + 1]
        raise Unwritable(
            f"{source.path}: {character!r} cannot be written in {source.encoding}"
        ) from None
    return _BOM + data if source.bom else data


def decode(data: bytes, path: str) -> Source:
    """Return the text in ``data``, the bytes of the file displayed as ``path``.

    Raises:
        Unreadable: the bytes are not text in the encoding that the file declares (UTF-8 where it
            declares none), the declared encoding does not exist, or there are NUL bytes.
    """
    return _program(data, path) if path.endswith(DOCUMENTS) else _python(data, path)


def readable(data: bytes, path: str) -> str:
    """Return the text in ``data``, or what can be made of it if it holds none."""
    try:
        return decode(data, path).text
    except Unreadable:
        return data.decode("utf-8", "replace")


def as_written(text: str) -> bytes:
    """Return the bytes that a Python file with this ``text`` has, which need not be on a disk.

    Where it declares no encoding that there is, or one that lacks some of its characters, it is in
    UTF-8.
    """
    data = text.encode("utf-8", "replace")  # half a surrogate pair has no bytes
    declared = _declared(data)
    try:
        return text.encode(_codec("", *declared)) if declared else data
    except (Unreadable, UnicodeEncodeError):
        return data


def _program(data: bytes, path: str) -> Source:
    """Return the program of a document."""
    bom = data.startswith(_BOM)
    try:
        raw = data[len(_BOM) if bom else 0 :].decode("utf-8")
    except UnicodeDecodeError as error:
        row, column = _place(data, error.start, "utf-8")
        byte = f"byte 0x{data[error.start + (len(_BOM) if bom else 0)]:02x}"
        raise Unreadable(path, f"not UTF-8: {byte}", row, column) from None
    if path.endswith(NOTEBOOK):
        from bnlint.files import notebooks

        try:
            text, document = notebooks.read(raw)
        except notebooks.NotebookError as error:
            row, column = Lines(raw).place(error.offset)
            raise Unreadable(path, error.message, row, column) from None
    else:
        from bnlint.files import pages

        text, document = pages.read(raw, restructured=path.endswith(".rst"))
    return Source(path, text, bom=bom, document=document)


def _document_of(source: Source, document: Document, program: str) -> str:
    """Return the raw text of the document whose program is ``program``.

    Raises:
        Unwritable: the program does not fit into it.
    """
    from bnlint.files import documents, notebooks, pages

    try:
        found = documents.pieces(document, program)
    except ValueError as error:
        raise Unwritable(f"{source.path}: {error}") from None
    if found is None:
        raise Unwritable(f"{source.path}: its blocks of code would change places")
    write = notebooks.written if source.path.endswith(NOTEBOOK) else pages.written
    return write(document, found)


def _python(data: bytes, path: str) -> Source:
    """Return the text of a Python file."""
    bom = data.startswith(_BOM)
    if not bom:
        for mark, name in _WIDE_BOMS:
            if data.startswith(mark):
                raise Unreadable(path, f"{name} file; Python reads no {name}, save it as UTF-8")
    nul = data.find(b"\0")
    if nul >= 0:
        row, column = _place(data, nul, "latin-1")
        raise Unreadable(
            path,
            f"NUL byte at offset {nul}; this is no Python source, or UTF-16 without its mark",
            row,
            column,
        )
    body = data[len(_BOM) :] if bom else data
    declared = _declared(body)
    encoding = "utf-8"
    if declared:
        encoding = _codec(path, *declared)
        if bom and encoding != "utf-8":
            name, row = declared
            raise Unreadable(
                path, f"starts with the UTF-8 mark but declares the encoding {name}", row
            )
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        offset = error.start + (len(_BOM) if bom else 0)
        row, column = _place(data, offset, encoding)
        byte = f"byte 0x{data[offset]:02x} at offset {offset}"
        message = f"not UTF-8: {byte}; save it as UTF-8 or declare its encoding in the first line"
        if declared:
            message = f"not {declared[0]}, the encoding that line {declared[1]} declares: {byte}"
        raise Unreadable(path, message, row, column) from None
    except ValueError as error:
        name, row = declared or (encoding, 1)
        raise Unreadable(
            path, f"not {name}, the encoding that line {row} declares: {error}", row
        ) from None
    exact = encoding == "utf-8" or _encodes_to(text, encoding, body)
    return Source(path, text, encoding, bom, exact)


def _declared(body: bytes) -> tuple[str, int] | None:
    """Return the encoding that a comment in the first two lines declares, and the row of it."""
    end = body.find(b"\n", body.find(b"\n") + 1)
    if b"coding" not in (body[:end] if end >= 0 else body):
        return None
    for row, line in enumerate(_NEWLINE_BYTES.split(body, maxsplit=2)[:2], 1):
        found = _COOKIE.match(line)
        if found:
            return found[1].decode("ascii"), row
        if not _NO_CODE.match(line):
            return None
    return None


def _codec(path: str, name: str, row: int) -> str:
    """Return Python's name of the codec for the declared encoding ``name``."""
    # an editor's suffix for line ends (utf-8-unix) is dropped, as the tokenizer does
    plain = name[:12].lower().replace("_", "-")
    if plain.startswith("utf-8-"):
        return "utf-8"
    if plain.startswith(("latin-1-", "iso-8859-1-", "iso-latin-1-")):
        name = "latin-1"
    try:
        # rot13 and the like are codecs without being encodings; and what cannot spell its own
        # declaration (UTF-16, say) cannot be what the file is in
        if "coding".encode(name) == b"coding":
            return codecs.lookup(name).name
    except (LookupError, UnicodeError):
        pass
    raise Unreadable(path, f"unknown encoding {name}", row)


def _encodes_to(text: str, encoding: str, data: bytes) -> bool:
    try:
        return text.encode(encoding) == data
    except UnicodeError:
        return False


def _place(data: bytes, offset: int, encoding: str) -> tuple[int, int]:
    """Return the 1-based row and column of the byte at ``offset``."""
    start = len(_BOM) if data.startswith(_BOM) else 0
    row = 1
    for newline in _NEWLINE_BYTES.finditer(data, start, offset):
        row, start = row + 1, newline.end()
    try:
        return row, len(data[start:offset].decode(encoding, "replace")) + 1
    except UnicodeError:  # a codec that knows no replacing
        return row, offset - start + 1


class Lines:
    r"""The lines of a text, and the way from a place in one unit to the same place in another.

    A line ends at ``\n``, ``\r\n`` or ``\r`` and nowhere else, as for Python's own parser.
    Places beyond the end of a line or of the text (older versions of ``ast`` give such for the
    inside of f-strings) count as that end.
    """

    __slots__ = ("_ascii", "_starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._ascii = text.isascii()
        self._starts: list[int] | None = None

    @property
    def starts(self) -> list[int]:
        """The offset at which each line starts."""
        if self._starts is None:
            starts = [0]
            if "\r" in self.text:
                starts += [newline.end() for newline in _NEWLINE.finditer(self.text)]
            else:
                offset = 0
                for line in self.text.split("\n"):
                    offset += len(line) + 1
                    starts.append(offset)
                starts.pop()
            self._starts = starts
        return self._starts

    def line(self, row: int) -> str:
        """Return the line at the 1-based ``row`` without its line end; empty past the last."""
        starts = self.starts
        if not 1 <= row <= len(starts):
            return ""
        end = starts[row] if row < len(starts) else len(self.text)
        return self.text[starts[row - 1] : end].rstrip("\r\n")

    def offset(self, lineno: int, col_offset: int) -> int:
        """Return the offset in code points of a place in ``ast``'s terms.

        ``lineno`` is 1-based, ``col_offset`` counts UTF-8 bytes from the start of the line.
        """
        starts = self.starts
        if lineno < 1:
            return 0
        if lineno > len(starts):
            return len(self.text)
        start = starts[lineno - 1]
        if self._ascii and lineno < len(starts) and start + col_offset < starts[lineno] - 1:
            return start + col_offset
        line = self.line(lineno)
        if line.isascii():
            return start + min(col_offset, len(line))
        return start + len(line.encode()[:col_offset].decode(errors="ignore"))

    def place(self, offset: int) -> tuple[int, int]:
        """Return the 1-based row and column (in code points) of ``offset``."""
        starts = self.starts
        offset = max(0, min(offset, len(self.text)))
        row = bisect_right(starts, offset)
        return row, offset - starts[row - 1] + 1

    def between(self, start: int, end: int) -> Span:
        """Return the span from the offset ``start`` to the offset ``end``."""
        row, column = self.place(start)
        end_row, end_column = self.place(end)
        return Span(row, column, end_row, end_column, start, end)

    def span(self, lineno: int, col_offset: int, end_lineno: int, end_col_offset: int) -> Span:
        """Return the span of an ``ast`` node, given its four place attributes."""
        start = self.offset(lineno, col_offset)
        return self.between(start, max(start, self.offset(end_lineno, end_col_offset)))
