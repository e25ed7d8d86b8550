"""Digests that tell one content from another, without what cryptography needs.

Importing :mod:`hashlib` loads OpenSSL, which takes 6 ms; the module behind its BLAKE2 takes 0.2.
"""

from __future__ import annotations

try:
    from _blake2 import blake2b
except ImportError:  # a Python that has it elsewhere
    from hashlib import blake2b

__all__ = ["blake2b", "digest"]


def digest(data: bytes) -> str:
    """Return what tells ``data`` from any other bytes: 32 hexadecimal digits."""
    return blake2b(data, digest_size=16).hexdigest()
