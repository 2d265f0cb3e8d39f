"""Attacks on signing in for other services: at the browser, at the client, at the token endpoint."""

from __future__ import annotations

import pytest

from access_service.domain.errors import InvalidError
from access_service.domain.service_sign_in import check_return_addresses


def test_a_client_does_not_name_any_number_of_addresses() -> None:
    with pytest.raises(InvalidError):
        check_return_addresses(frozenset(f"https://so-diem.example/{n}" for n in range(17)))
