"""How much of what could be tried without end is tried: a sample for CI, many times that at night."""

from __future__ import annotations

import os

_TIMES = int(os.environ.get("ACCESS_SERVICE_TEST_TIMES", "1"))


def times(examples: int) -> int:
    """So many examples in CI, and `ACCESS_SERVICE_TEST_TIMES` as many where `scripts/night` asks."""
    return examples * _TIMES
