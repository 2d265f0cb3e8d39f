"""One-time codes as RFC 6238 computes them, the key that closes their secrets, and the passwords we invent."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest

from access_service.domain.errors import InvalidError, UnavailableError
from access_service.domain.names import AccountKind
from access_service.domain.sign_in import check_password, rules_for
from access_service.signing import passkeys, passwords, totp
from access_service.signing.vault import FACTOR_KEY, FactorKey

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
RFC_CODES = {59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037"}
"""RFC 6238 Appendix B, SHA-1: the last six of the eight digits printed there."""


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize(("seconds", "code"), RFC_CODES.items())
def test_the_codes_of_the_rfc(seconds: int, code: str) -> None:
    assert totp.code_at(RFC_SECRET, at(seconds)) == code
    step = seconds // totp.STEP_S
    assert totp.accepted_step(RFC_SECRET, code, at(seconds), totp.NEVER) == step
    assert totp.accepted_step(RFC_SECRET, code, at(seconds + totp.STEP_S), totp.NEVER) == step
    assert totp.accepted_step(RFC_SECRET, code, at(seconds + 2 * totp.STEP_S), totp.NEVER) is None
    assert totp.accepted_step(RFC_SECRET, code, at(seconds), step) is None
    assert totp.accepted_step(RFC_SECRET, code, at(seconds), step - 1) == step


def test_a_secret_has_160_bits_and_no_two_are_alike() -> None:
    first, second = totp.new_totp_secret(), totp.new_totp_secret()
    assert len(base64.b32decode(first)) == 20
    assert first != second


def test_a_secret_opens_for_what_it_was_closed_for(tmp_path: Path) -> None:
    key = FactorKey.load(tmp_path)
    closed = key.close("bí mật", "r/a/1")
    assert key.close("bí mật", "r/a/1") != closed
    assert FactorKey.load(tmp_path).open(closed, "r/a/1") == "bí mật"
    for spoilt, about in ((closed, "r/a/2"), (closed[:-8], "r/a/1"), ("", "r/a/1"), ("é", "r/a/1")):
        with pytest.raises(UnavailableError):
            key.open(spoilt, about)
    with pytest.raises(UnavailableError):
        FactorKey.load(tmp_path / "other").open(closed, "r/a/1")


def test_the_key_is_nobody_elses(tmp_path: Path) -> None:
    FactorKey.load(tmp_path)
    path = tmp_path / FACTOR_KEY
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == [FACTOR_KEY]
    path.chmod(0o640)
    with pytest.raises(UnavailableError, match="can be read by others"):
        FactorKey.load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\xff", b"x" * 44, base64.b64encode(b"x" * 31)])
def test_a_key_file_that_holds_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / FACTOR_KEY
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(UnavailableError, match="cannot be read"):
        FactorKey.load(tmp_path)


def test_a_password_we_invent_meets_every_rule() -> None:
    for _ in range(50):
        check_password(passwords.new_password(), rules_for(AccountKind.USE, None), has_factor=False)


def test_other_parameters_are_taken_only_when_they_are_other(monkeypatch: pytest.MonkeyPatch) -> None:
    before = passwords._context
    monkeypatch.setattr(passwords, "_context", before)
    passwords.choose(passwords.MEMORY_KIB, passwords.PASSES)
    assert passwords._context is before
    passwords.choose(passwords.MEMORY_KIB + 1, 3)
    assert passwords.hash_password("tám chữ!").startswith("$argon2id$v=19$m=19457,t=3,p=1$")


@pytest.mark.parametrize(
    ("url", "id_", "origin"),
    [
        ("https://phanquyen.example.vn", "phanquyen.example.vn", "https://phanquyen.example.vn"),
        ("https://PhanQuyen.example.vn:443", "phanquyen.example.vn", "https://phanquyen.example.vn"),
        ("https://phanquyen.example.vn:8443", "phanquyen.example.vn", "https://phanquyen.example.vn:8443"),
        ("http://localhost:8000", "localhost", "http://localhost:8000"),
    ],
)
def test_passkeys_belong_to_the_public_address(url: str, id_: str, origin: str) -> None:
    assert passkeys.site_of(url) == passkeys.RelyingParty(id_, origin)
    assert passkeys.has_site(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://[::1]:8000", "https://192.0.2.1"])
def test_a_number_is_no_site(url: str) -> None:
    assert not passkeys.has_site(url)
    with pytest.raises(InvalidError):
        passkeys.site_of(url)
