"""One browser for all stories of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from story import sharing_a_browser


@pytest.fixture(scope="module", autouse=True)
def one_browser() -> Iterator[None]:
    """Opened by the first story that needs it, closed after the last test of the file."""
    with sharing_a_browser():
        yield
