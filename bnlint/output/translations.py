"""What ``bnlint translate`` prints: the equal call in other frameworks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bnlint.files.display import clean
from bnlint.output.report import FormatError, Style
from bnlint.output.text import paint, wrapped

if TYPE_CHECKING:
    from bnlint.porting.translate import Translation

#: The formats of the list.
FORMATS = ("text", "json")


def lines(found: Sequence[Translation], format: str, style: Style) -> Iterator[str]:  # noqa: A002
    """Return the lines of the translations in one of :data:`FORMATS`.

    As text, a call stands alone on its line, to be copied; notes are comments below it.

    Raises:
        FormatError: there is no such format.
    """
    if format == "text":
        return _text(found, style)
    if format == "json":
        return _json(found)
    raise FormatError(f"translations can be written as {', '.join(FORMATS)}, not as {format}")


def _text(found: Sequence[Translation], style: Style) -> Iterator[str]:
    for i, translation in enumerate(found):
        if i:
            yield ""
        if len(found) > 1:
            yield paint([(f"# {clean(translation.title)}", "bold")], style.color)
        yield clean(translation.call)
        for note in translation.notes:
            head, *rest = wrapped(clean(note), style.width and style.width - 6)
            yield paint([("#   ", ""), (head, "dim")], style.color)
            for line in rest:
                yield paint([("#     ", ""), (line, "dim")], style.color)
        if translation.checked is not None:
            yield paint([("# ", ""), (clean(_outcome(translation.checked)), "bold")], style.color)


def _outcome(checked: Mapping[str, Any]) -> str:
    """Return the line that says what came of running a call and its translation."""
    if checked["status"] == "not checked":
        return f"not checked: {checked['reason']}"
    both = " and ".join(dict.fromkeys(checked["runners"]))
    return (
        f"{checked['status']}: {checked['apart']:.2g} apart, of the largest value "
        f"({both}; rounding makes {checked['rounding']:.2g})"
    )


def _json(found: Sequence[Translation]) -> Iterator[str]:
    from bnlint.output.json import dumps

    yield dumps(
        [
            {key: value for key, value in translation._asdict().items() if value is not None}
            for translation in found
        ]
    )
