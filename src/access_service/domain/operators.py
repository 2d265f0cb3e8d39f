"""Operators with a credential of their own: what two of them do, nobody who runs the machine does alone (A1)."""

from collections.abc import Container

from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.reasons import Refusal

LONGEST_NAME = 64


def check_operator_name(name: str) -> None:
    """An operator is named in every decision that they enter: one line that can be read."""
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or name != name.strip():
        raise InvalidError("an operator's name is one line", name=name)


def check_new_operator(name: str, known: Container[str]) -> None:
    """Who was let in is not let in again with another secret."""
    if name in known:
        raise RefusedError(Refusal.DUPLICATE, f"there is an operator `{name}`")
