"""Notebooks to run bnlint on, written as Jupyter writes them."""

from __future__ import annotations

import json
from typing import Any


def notebook(
    *cells: str | dict[str, Any],
    language: str = "python",
    indent: int | None = 1,
    listed: bool = True,
    escaped: bool = False,
) -> bytes:
    """Return the JSON of a notebook of code cells, with an output each."""
    made: list[dict[str, Any]] = []
    for cell in cells:
        given = cell if isinstance(cell, dict) else {"source": cell}
        text = given["source"]
        made.append(
            {
                "cell_type": "code",
                "execution_count": 1,
                "metadata": {},
                "outputs": [{"output_type": "stream", "name": "stdout", "text": ["Größe \\n\n"]}],
                **given,
                "source": text.splitlines(keepends=True) if listed else text,
            }
        )
    content = {
        "cells": made,
        "metadata": {"language_info": {"name": language}},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
    return f"{json.dumps(content, indent=indent, ensure_ascii=escaped)}\n".encode()


def markdown(text: str) -> dict[str, Any]:
    """Return a cell of prose."""
    return {"cell_type": "markdown", "source": text}
