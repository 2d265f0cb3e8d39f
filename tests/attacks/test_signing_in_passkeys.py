"""Attacks on passkeys (W3C Web Authentication): challenge twice, another site, a copied key, hostile input."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from managing import Managed
from serving import serving

from soft_passkey import PRESENT, VERIFIED, SoftPasskey, text
from world import PASSWORD, SCHOOL

ORIGIN, RP_ID = "https://phanquyen.example.vn", "phanquyen.example.vn"
ADMIN, TEACHER = f"quantri.{SCHOOL}", "000.gvcn"


@pytest.fixture
def managed(tmp_path: Path) -> Iterator[Managed]:
    with serving(tmp_path, public_url=ORIGIN) as served:
        yield Managed(served)


def send(managed: Managed, path: str, body: Any, token: str | None = None) -> Any:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return managed.served.client.post(f"/v1/{path}", json=body, headers=headers)


def enter(managed: Managed, username: str = ADMIN, **second: Any) -> Any:
    return send(managed, "sessions", {"username": username, "password": PASSWORD, **second})


def begin(managed: Managed, username: str = ADMIN) -> tuple[str, dict[str, Any]]:
    """A session, and what a browser makes a passkey from."""
    token = enter(managed, username).json()["token"]
    answer = send(managed, "me/second-factors/passkey", {"password": PASSWORD}, token)
    assert answer.status_code == 201, answer.text
    options: dict[str, Any] = answer.json()["options"]
    return token, options


def confirm(managed: Managed, token: str, passkey: dict[str, Any]) -> Any:
    return send(managed, "me/second-factors/passkey/confirm", {"passkey": passkey}, token)


def enrolled(managed: Managed, **more: Any) -> SoftPasskey:
    passkey = SoftPasskey(ORIGIN, RP_ID, **more)
    token, options = begin(managed)
    answer = confirm(managed, token, passkey.make(options))
    assert (answer.status_code, answer.json()["due"]) == (200, None), answer.text
    return passkey


def asked(managed: Managed) -> dict[str, Any]:
    answer = enter(managed)
    assert (answer.status_code, answer.json()["code"]) == (401, "second_factor_required")
    details: dict[str, Any] = answer.json()["details"]
    return details


def is_wrong(answer: Any) -> bool:
    return (answer.status_code, answer.json()["code"]) == (401, "second_factor_wrong")


def test_a_passkey_is_set_and_opens(managed: Managed) -> None:
    token, options = begin(managed)
    assert (options["rp"]["id"], options["authenticatorSelection"]["userVerification"]) == (RP_ID, "required")
    assert options["user"]["name"] == ADMIN
    passkey = SoftPasskey(ORIGIN, RP_ID)
    full = confirm(managed, token, passkey.make(options))
    assert (full.status_code, full.json()["due"]) == (200, None), full.text
    details = asked(managed)
    assert details == {
        "factors": ["passkey"],
        "challenge": details["challenge"],
        "rp_id": RP_ID,
        "credentials": [text(passkey.id)],
    }
    opened = enter(managed, passkey=passkey.answer(details["challenge"]))
    assert (opened.status_code, opened.json()["due"]) == (201, None), opened.text
    bearer = {"Authorization": f"Bearer {opened.json()['token']}"}
    [listed] = managed.served.client.get("/v1/me/second-factors", headers=bearer).json()["second_factors"]
    assert listed["kind"] == "passkey"
    assert set(listed) == {"id", "kind", "created_at"}


def test_an_answer_that_was_recorded_opens_nothing_again(managed: Managed) -> None:
    passkey = enrolled(managed)
    recorded = passkey.answer(asked(managed)["challenge"])
    assert enter(managed, passkey=recorded).status_code == 201
    assert is_wrong(enter(managed, passkey=recorded))
    # Nor does a fresh signature over the challenge that was used.
    used = passkey.answer(asked(managed)["challenge"])
    assert enter(managed, passkey=used).status_code == 201


def test_a_challenge_is_good_once_even_if_the_answer_was_wrong(managed: Managed) -> None:
    passkey = enrolled(managed)
    challenge = asked(managed)["challenge"]
    assert is_wrong(enter(managed, passkey=passkey.answer(challenge, origin="https://phanquyen.example.net")))
    assert is_wrong(enter(managed, passkey=passkey.answer(challenge)))


def test_a_challenge_is_good_for_five_minutes(managed: Managed) -> None:
    passkey = enrolled(managed)
    challenge = asked(managed)["challenge"]
    managed.world.clock.forward(minutes=5)
    assert is_wrong(enter(managed, passkey=passkey.answer(challenge)))
    challenge = asked(managed)["challenge"]
    managed.world.clock.forward(minutes=5, seconds=-1)
    assert enter(managed, passkey=passkey.answer(challenge)).status_code == 201


def test_a_challenge_that_we_never_gave_is_none(managed: Managed) -> None:
    passkey = enrolled(managed)
    asked(managed)
    assert is_wrong(enter(managed, passkey=passkey.answer(text(bytes(32)))))


def test_a_challenge_for_setting_a_passkey_is_none_for_signing_in(managed: Managed) -> None:
    """And the other way round: what was signed for the one purpose serves the other in no way."""
    token, options = begin(managed)
    passkey = SoftPasskey(ORIGIN, RP_ID)
    assert confirm(managed, token, passkey.make(options)).status_code == 200
    full = enter(managed, passkey=passkey.answer(asked(managed)["challenge"])).json()["token"]
    shown = {"password": PASSWORD, "passkey": passkey.answer(asked(managed)["challenge"])}
    answer = send(managed, "me/second-factors/passkey", shown, full)
    assert is_wrong(enter(managed, passkey=passkey.answer(answer.json()["options"]["challenge"])))
    other = SoftPasskey(ORIGIN, RP_ID)
    full = enter(managed, passkey=passkey.answer(asked(managed)["challenge"])).json()["token"]
    assert is_wrong(confirm(managed, full, other.make({"challenge": asked(managed)["challenge"]})))


ELSEWHERE = {
    "another host": {"origin": "https://phanquyen.example.net"},
    "a host that begins alike": {"origin": "https://phanquyen.example.vn.example.net"},
    "plain http": {"origin": "http://phanquyen.example.vn"},
    "another port": {"origin": "https://phanquyen.example.vn:8443"},
    "a page below": {"origin": "https://x.phanquyen.example.vn"},
    "another ceremony": {"type": "webauthn.create"},
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_what_was_signed_elsewhere_opens_nothing_here(managed: Managed, name: str) -> None:
    """Phishing: the page looks like ours, the browser writes down where it really is."""
    passkey = enrolled(managed)
    assert is_wrong(enter(managed, passkey=passkey.answer(asked(managed)["challenge"], **ELSEWHERE[name])))


def test_a_passkey_for_another_site_is_none_of_ours(managed: Managed) -> None:
    passkey = enrolled(managed)
    passkey.rp_id = "example.net"
    assert is_wrong(enter(managed, passkey=passkey.answer(asked(managed)["challenge"])))


def test_an_authenticator_that_asked_nobody_is_not_enough(managed: Managed) -> None:
    """User verification: a key that was left in the machine would open it for whoever touches it."""
    passkey = enrolled(managed)
    for flags in (PRESENT, VERIFIED, 0):
        passkey.flags = flags
        assert is_wrong(enter(managed, passkey=passkey.answer(asked(managed)["challenge"]))), flags
    token, options = begin(managed, TEACHER)
    assert is_wrong(confirm(managed, token, SoftPasskey(ORIGIN, RP_ID, flags=PRESENT).make(options)))


def test_a_copied_authenticator_is_found_out_by_its_counter(managed: Managed) -> None:
    """The holder's key goes on counting; the copy, made earlier, is behind."""
    passkey = enrolled(managed)
    clone = copy.copy(passkey)
    for _ in range(2):
        assert enter(managed, passkey=passkey.answer(asked(managed)["challenge"])).status_code == 201
    assert is_wrong(enter(managed, passkey=clone.answer(asked(managed)["challenge"])))
    assert is_wrong(enter(managed, passkey=clone.answer(asked(managed)["challenge"])))
    assert enter(managed, passkey=passkey.answer(asked(managed)["challenge"])).status_code == 201


def test_a_key_of_ones_own_under_the_victims_id_opens_nothing(managed: Managed) -> None:
    passkey = enrolled(managed)
    forged = SoftPasskey(ORIGIN, RP_ID, id=passkey.id, count=100)
    assert is_wrong(enter(managed, passkey=forged.answer(asked(managed)["challenge"])))


def test_a_passkey_of_another_account_opens_nothing(managed: Managed) -> None:
    enrolled(managed)
    token, options = begin(managed, TEACHER)
    theirs = SoftPasskey(ORIGIN, RP_ID)
    assert confirm(managed, token, theirs.make(options)).status_code == 200
    assert is_wrong(enter(managed, passkey=theirs.answer(asked(managed)["challenge"])))


def test_a_passkey_belongs_to_one_account(managed: Managed) -> None:
    """Two accounts with one key would be one person behind two names."""
    passkey = enrolled(managed)
    token, options = begin(managed, TEACHER)
    answer = confirm(managed, token, passkey.make(options))
    assert (answer.status_code, answer.json()["code"]) == (409, "duplicate")


def test_guessing_with_passkeys_locks_as_well(managed: Managed) -> None:
    passkey = enrolled(managed)
    for _ in range(5):
        assert is_wrong(enter(managed, passkey=passkey.answer(text(bytes(32)))))
    assert enter(managed).json()["code"] == "credentials_wrong"


def _without(*path: str) -> Callable[[dict[str, Any]], None]:
    def spoil(answer: dict[str, Any]) -> None:
        inner = answer
        for name in path[:-1]:
            inner = inner[name]
        del inner[path[-1]]

    return spoil


def _with(value: Any, *path: str) -> Callable[[dict[str, Any]], None]:
    def spoil(answer: dict[str, Any]) -> None:
        inner = answer
        for name in path[:-1]:
            inner = inner[name]
        inner[path[-1]] = value

    return spoil


HOSTILE: dict[str, Callable[[dict[str, Any]], None]] = {
    "no response": _without("response"),
    "a response that is none": _with([], "response"),
    "no client data": _without("response", "clientDataJSON"),
    "client data that is a number": _with(7, "response", "clientDataJSON"),
    "client data that is no base64": _with("é", "response", "clientDataJSON"),
    "client data that is no JSON": _with(text(b"{"), "response", "clientDataJSON"),
    "client data that is a list": _with(text(b"[]"), "response", "clientDataJSON"),
    "deep client data": _with(text(b"[" * 4000), "response", "clientDataJSON"),
    "no authenticator data": _without("response", "authenticatorData"),
    "short authenticator data": _with(text(b"x"), "response", "authenticatorData"),
    "no signature": _without("response", "signature"),
    "a signature that is none": _with(text(b"x"), "response", "signature"),
    "a signature of another type": _with({}, "response", "signature"),
    "no id": _without("id"),
    "an id that is a list": _with([], "id"),
    "another id": _with(text(b"x" * 16), "id"),
    "no raw id": _without("rawId"),
    "another type": _with("password", "type"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_an_answer_that_cannot_be_read_is_wrong(managed: Managed, name: str) -> None:
    passkey = enrolled(managed)
    answer = passkey.answer(asked(managed)["challenge"])
    HOSTILE[name](answer)
    assert is_wrong(enter(managed, passkey=answer)), name


MADE: dict[str, Callable[[dict[str, Any]], None]] = {
    "no response": _without("response"),
    "no attestation": _without("response", "attestationObject"),
    "an attestation that is no CBOR": _with(text(b"\xff"), "response", "attestationObject"),
    "an attestation of another shape": _with(text(b"\xa0"), "response", "attestationObject"),
    "an attestation that is a number": _with(text(b"\x07"), "response", "attestationObject"),
    "a bomb": _with(text(b"\x9b" + b"\xff" * 8), "response", "attestationObject"),
    "deep CBOR": _with(text(b"\x81" * 3000), "response", "attestationObject"),
    "no client data": _without("response", "clientDataJSON"),
    "another id": _with(text(b"x" * 16), "id"),
}


@pytest.mark.parametrize("name", MADE)
def test_a_new_passkey_that_cannot_be_read_is_none(managed: Managed, name: str) -> None:
    token, options = begin(managed)
    made = SoftPasskey(ORIGIN, RP_ID).make(options)
    MADE[name](made)
    assert is_wrong(confirm(managed, token, made)), name


def test_without_a_host_name_there_are_no_passkeys(tmp_path: Path) -> None:
    """A browser binds passkeys to names; on a bare number one-time codes are what there is."""
    with serving(tmp_path, public_url="http://127.0.0.1:8000") as served:
        managed = Managed(served)
        token = enter(managed).json()["token"]
        answer = send(managed, "me/second-factors/passkey", {"password": PASSWORD}, token)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
