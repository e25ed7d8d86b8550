"""Calls a method that was only named."""

from __future__ import annotations

from bnlint.finding import AddCall, Edit
from bnlint.semantics.syntax.module import Module

INTENT = AddCall


def edits(intent: AddCall, module: Module) -> tuple[Edit, ...]:  # noqa: ARG001  # one signature
    """Return the edit that puts ``()`` after the expression at ``target``."""
    return (Edit(intent.target.end, intent.target.end, "()"),)
