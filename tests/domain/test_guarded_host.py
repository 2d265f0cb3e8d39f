"""The way to a guarded host and back: one browser, one path of that host, one answer to the challenge."""

from __future__ import annotations

import base64
import hashlib

import pytest

from access_service.domain.guarded_host import (
    GuardedHost,
    begin_way,
    comes_from_there,
    find_guarded_host,
    is_own_path,
    path_of,
    read_way,
)

HOST = GuardedHost("https://so-diem.example", "https://so-diem.example")
SECRET, VERIFIER = "a" * 43, "b" * 43
OWN = "/lop/0003101/2026-2027/6A/diem?sort=ten"


@pytest.mark.parametrize(
    "path",
    [
        "https://xau.example/",
        "//xau.example/",
        "/\\xau.example/",
        "\\/xau.example",
        "javascript:alert(1)",
        "/a b",
        "/a\nSet-Cookie: x=1",
        "/a#b",
        "/ẻ",
        "",
        "lop",
        "/" + "a" * 2_000,
    ],
)
def test_what_could_lead_to_another_host_is_no_path_and_no_state(path: str) -> None:
    assert not is_own_path(path)
    assert path_of(begin_way(SECRET, VERIFIER, path).state) is None


def test_a_way_is_read_by_the_browser_that_began_it_and_by_no_other() -> None:
    way = begin_way(SECRET, VERIFIER, OWN)
    assert read_way(way.cookie, way.state) == way
    assert path_of(way.state) == OWN
    other = begin_way("c" * 43, VERIFIER, OWN)
    for cookie, state in (
        (way.cookie, other.state),
        (other.cookie, way.state),
        (None, way.state),
        (way.cookie, None),
        (way.state, way.state),
        (f"{way.state}~kurz", way.state),
        (way.cookie + "x", way.state),
        (way.cookie, way.state[:-4]),
        ("x" * 9_000, "x" * 9_000),
        ("~" + VERIFIER, ""),
    ):
        assert read_way(cookie, state) is None


def test_the_challenge_is_the_hash_of_the_verifier() -> None:
    """RFC 7636, appendix B."""
    way = begin_way(SECRET, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "/")
    assert way.challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert hashlib.sha256(way.verifier.encode()).digest() == base64.urlsafe_b64decode(way.challenge + "=")


@pytest.mark.parametrize(
    "audience",
    [
        "so-diem",
        "http://so-diem.example",
        "https://so-diem.example/diem",
        "https://ai@so-diem.example",
        "https://so-diem.example?x=1",
        "https://",
        "https://[so-diem",
        "https://sổ-điểm.example",
    ],
)
def test_only_the_address_of_a_host_has_people_sign_in_with_a_browser(audience: str) -> None:
    assert find_guarded_host(audience) is None


def test_a_host_has_one_address_to_come_back_to() -> None:
    for audience in ("https://so-diem.example", "https://so-diem.example/"):
        host = find_guarded_host(audience)
        assert host is not None
        assert (host.audience, host.callback) == (audience, "https://so-diem.example/.access/callback")
    assert find_guarded_host("http://127.0.0.1:8080") is not None


def test_a_cookie_speaks_for_a_change_only_from_a_page_of_its_host() -> None:
    assert comes_from_there("GET", "cross-site", None, HOST)
    assert comes_from_there("POST", "same-origin", None, HOST)
    assert comes_from_there("POST", None, HOST.origin, HOST)
    for site, origin in (
        ("same-site", HOST.origin),
        ("cross-site", None),
        (None, None),
        (None, "null"),
        ("none", None),
    ):
        assert not comes_from_there("POST", site, origin, HOST)
