"""Values of a configuration as they would be written in TOML."""

from __future__ import annotations

from collections.abc import Mapping

from bnlint.files.display import clean


def toml(value: object) -> str:
    """Return ``value`` as it would be written in TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        import json

        # what must not be printed is escaped, which TOML does as JSON does: all below U+10000
        text = json.dumps(value, ensure_ascii=False)
        if text == clean(text):
            return text
        text = "".join(c if c == clean(c) else f"\\u{ord(c):04x}" for c in text)
        return text.replace("##", "#\\u0023")
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(toml(item) for item in value)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name} = {toml(item)}' for name, item in value.items())}}}"
    return str(value)
