"""Unified diffs that ``patch -p1`` and ``git apply`` take."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from bnlint.files.display import clean, encoded

_COLORS = {b"+": "32", b"-": "31", b"@": "36"}
_QUOTED = {
    ord('"'): '\\"', ord("\\"): "\\\\", ord("#"): "\\043", 9: "\\t", 10: "\\n", 13: "\\r",
}  # fmt: skip


def unified(
    path: str, before: bytes, after: bytes, *, color: bool = False, shown: bool = False
) -> Iterator[bytes]:
    r"""Yield the lines of the diff that turns ``before`` into ``after``, line ends included.

    ``path`` is relative to where the diff will be applied. Bytes are kept as they are, so that
    files in other encodings than UTF-8 can be patched; only where the diff is ``shown`` or in
    ``color``, so that no tool can apply it, its text is clean. Lines end at ``\n`` and nowhere
    else.
    """
    old, new = (name_of(prefix, path) for prefix in ("a", "b"))
    lines = difflib.diff_bytes(
        difflib.unified_diff, _lines(before), _lines(after), old, new, lineterm=b"\n"
    )
    for number, line in enumerate(lines):
        code = "1" if number < 2 else _COLORS.get(line[:1], "")
        text, newline = (line[:-1], b"\n") if line.endswith(b"\n") else (line, b"")
        if shown or color:
            text = clean(text.decode("utf-8", "surrogateescape")).encode()
        yield b"\x1b[%sm%s\x1b[0m" % (code.encode(), text) if color and code else text
        yield newline or b"\n\\ No newline at end of file\n"


def name_of(prefix: str, path: str) -> bytes:
    """Return the name of a file as the head of a diff has it, quoted as git does where needed."""
    name = encoded(f"{prefix}/{path}")
    if any(byte in (34, 92) for byte in name) or clean(f"{prefix}/{path}") != f"{prefix}/{path}":
        quoted = "".join(
            _QUOTED.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}")
            for byte in name
        )
        return f'"{quoted}"'.encode("ascii")
    # git ends a name that has a space with a tab, so that patch does not cut it off there
    return name + b"\t" if b" " in name else name


def _lines(data: bytes) -> list[bytes]:
    lines = [line + b"\n" for line in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]
