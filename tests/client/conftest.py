"""What tests of the client share: a fake service, and either client before it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fake_service import Either, Fake


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture(params=["blocking", "awaiting"])
def client(request: pytest.FixtureRequest, fake: Fake) -> Iterator[Callable[..., Any]]:
    """Makes the client that threads use, or the one for an event loop; both must do the same."""
    made: list[Either] = []

    def make(credentials: Any = None, **options: Any) -> Either:
        made.append(Either(fake, request.param == "awaiting", credentials, **options))
        return made[-1]

    yield make
    for either in made:
        either.end()
