"""Tables of code: pieces under a line that names them and says what must be read of them.

    --- an alias of the module => known 0.001
    import torch.nn as n
    n.BatchNorm2d(8, eps=0.001)

Several sites are separated by ``;``, and nothing after the arrow means that there is no site.
"""

from __future__ import annotations

import pytest
from reading import sites


def table(text: str) -> list[object]:
    """Return the pieces of a table as parameters: the code, and a list of what it must give."""
    made: list[object] = []
    for piece in text.strip("\n").removeprefix("--- ").split("\n--- "):
        head, _, code = piece.partition("\n")
        name, arrow, expected = head.partition(" =>")
        assert arrow, f"{name}: nothing expected"
        wanted = [part.strip() for part in expected.split(";")] if expected.strip() else []
        made.append(pytest.param(code, wanted, id=name))
    return made


def settings(code: str, role: str = "eps") -> list[str]:
    """Return what is known of ``role`` at each site: ``known 0.1``, ``unknown``."""
    values = [site.value(role) for site in sites(code)]
    return [f"{v.kind} {v.value}" if v.is_known else "unknown" for v in values]


def apis(code: str) -> list[str]:
    """Return the layers each site may be; a doubt or a presumption is marked with ``?``."""
    found = sites(code)
    names = [
        dict.fromkeys(f"{api.framework.name}.{api.short_name}" for api in site.apis)
        for site in found
    ]
    return [" | ".join(n) + (" ?" if s.presumed else "") for n, s in zip(names, found, strict=True)]
