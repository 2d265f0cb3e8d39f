"""A second factor, shown without the cost of one: whoever opens an account sets one whenever they like."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from access_service.usecases.identity import recoveries
from access_service.usecases.identity.second_factor import Second

SHOWN = Second(totp="000000")
"""What is shown; inside `factor_shown` it is right."""


@contextmanager
def factor_shown() -> Iterator[None]:
    """Whoever asks for a recovery shows the second factor that they have."""
    stands: dict[str, Any] = {
        "claim": lambda *_: None,
        "accept": lambda *_: None,
    }
    kept = {name: getattr(recoveries, name) for name in stands}
    for name, stand in stands.items():
        setattr(recoveries, name, stand)
    try:
        yield
    finally:
        for name, real in kept.items():
            setattr(recoveries, name, real)
