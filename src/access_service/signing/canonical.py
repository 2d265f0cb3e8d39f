"""Canonical bytes: RFC 8785 JSON of values that hold ids, words, numbers and instants as text."""

import hashlib
from typing import Any

import rfc8785


def canonical(value: Any) -> bytes:
    """RFC 8785 bytes of a JSON value; raises `ValueError` for what has no canonical form."""
    encoded: bytes = rfc8785.dumps(value)
    return encoded


def sha256_hex(data: bytes) -> str:
    """SHA-256 as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
