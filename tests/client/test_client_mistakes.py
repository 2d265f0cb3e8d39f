"""Mistakes of whoever uses the client: refused where they are written, or answered with what was wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from fake_service import AUDIENCE, CLASS, KEY, URL, Fake, told

from access_service.client import (
    AccessClient,
    AccessRequestError,
    AsyncAccessClient,
    AsyncTokenVerifier,
    ClientCredentials,
    Question,
    Resource,
    StaticKey,
    TokenVerifier,
    school_class,
    staff,
    student,
    unit,
)
from access_service.client.fastapi import Guard

PUPIL = student("000000000001", class_=CLASS, category="STU-ACA")


def pem(key: Any) -> str:
    said = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return str(said.decode())


P256, P384, EDWARDS = (
    pem(key)
    for key in (
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        ed25519.Ed25519PrivateKey.generate(),
    )
)
AT_ONCE: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "a key as text": (lambda: AccessClient(URL, KEY), TypeError, r"StaticKey\(key\) or ClientCredentials"),  # type: ignore[arg-type]
    "the same, awaited": (lambda: AsyncAccessClient(URL, KEY), TypeError, "StaticKey"),  # type: ignore[arg-type]
    "no credentials": (lambda: AccessClient(URL, None), TypeError, "StaticKey"),  # type: ignore[arg-type]
    "the two the wrong way round": (lambda: AccessClient(StaticKey(KEY), URL), TypeError, "StaticKey"),  # type: ignore[arg-type]
    "an address that is none": (lambda: AccessClient(7, StaticKey(KEY)), TypeError, "the address is text"),  # type: ignore[arg-type]
    "an unknown way to fail": (
        lambda: AccessClient(URL, StaticKey(KEY), on_failure="allow"),  # type: ignore[arg-type]
        ValueError,
        "`on_failure` is one of 'deny', 'raise', not 'allow'",
    ),
    "an unknown explanation": (
        lambda: AccessClient(URL, StaticKey(KEY), explain="all"),  # type: ignore[arg-type]
        ValueError,
        "`explain` is one of",
    ),
    "a number for a pupil": (lambda: student(1, class_=CLASS, category="X"), TypeError, "`id` is text, not int: 1"),  # type: ignore[arg-type]
    "a number for a member of staff": (lambda: staff(1, unit="31", category="X"), TypeError, "`id` is text"),  # type: ignore[arg-type]
    "a number for a class": (lambda: school_class(6, category="X"), TypeError, "`id` is text"),  # type: ignore[arg-type]
    "a number for a unit": (lambda: unit(31, category="X"), TypeError, "`id` is text"),  # type: ignore[arg-type]
    "a number for a unit's code": (lambda: staff("1", unit=31, category="X"), TypeError, "`unit` is text"),  # type: ignore[arg-type]
    "no pupil": (lambda: student(None, class_=CLASS, category="X"), TypeError, "`id` is text, not NoneType"),  # type: ignore[arg-type]
    "a kind that is none": (lambda: Resource(3, "1"), TypeError, "`type` is text"),  # type: ignore[arg-type]
    "nobody who asks": (lambda: Question(None, "read", PUPIL), TypeError, "`account` is text"),  # type: ignore[arg-type]
    "several verbs": (lambda: Question("acc_1", ("read",), PUPIL), TypeError, "`action` is text"),  # type: ignore[arg-type]
    "a body in place of a resource": (lambda: Question("acc_1", "read", {"type": "unit"}), TypeError, "a resource"),  # type: ignore[arg-type]
    "a function that is called": (lambda: Question("acc_1", "read", PUPIL, print), TypeError, "`function` is text"),  # type: ignore[arg-type]
    "a key of bytes": (lambda: StaticKey(b"000"), TypeError, "a key is text"),  # type: ignore[arg-type]
    "a scope as text": (lambda: ClientCredentials("cli_1", "s", scope="evaluate"), TypeError, "several words"),  # type: ignore[arg-type]
    "no client id": (lambda: ClientCredentials(None, "s"), TypeError, "`client_id` is text"),  # type: ignore[arg-type]
    "a path in place of a key": (
        lambda: ClientCredentials("cli_1", private_key="/etc/key.pem"),
        ValueError,
        "a private key in PEM",
    ),
    "a key of another curve": (lambda: ClientCredentials("cli_1", private_key=P384), ValueError, "ES256"),
    "a key of another kind": (lambda: ClientCredentials("cli_1", private_key=EDWARDS), ValueError, "ES256"),
    "an algorithm that is none": (
        lambda: ClientCredentials("cli_1", private_key=P256, algorithm="HS256"),  # type: ignore[arg-type]
        ValueError,
        "`algorithm` is one of",
    ),
    "no audience": (lambda: TokenVerifier(URL, ""), ValueError, "an audience is the address"),
    "several audiences": (lambda: AsyncTokenVerifier(URL, [AUDIENCE]), TypeError, "`audience` is text"),  # type: ignore[arg-type]
    "a guard that would stop the event loop": (
        lambda: Guard(account=lambda _: None, client=AccessClient(URL, StaticKey(KEY))),  # type: ignore[arg-type]
        TypeError,
        "AsyncAccessClient",
    ),
    "the same with its verifier": (
        lambda: Guard(verifier=TokenVerifier(URL, AUDIENCE)),  # type: ignore[arg-type]
        TypeError,
        "AsyncTokenVerifier",
    ),
}


@pytest.mark.parametrize("mistake", AT_ONCE)
def test_a_mistake_is_refused_where_it_is_written(mistake: str) -> None:
    make, kind, said = AT_ONCE[mistake]
    with pytest.raises(kind, match=said) as caught:
        make()
    assert KEY not in str(caught.value)


def test_what_fits_is_taken() -> None:
    assert ClientCredentials("cli_1", private_key=P256).algorithm == "ES256"
    assert ClientCredentials("cli_1", private_key=EDWARDS, algorithm="EdDSA").key_id is None
    assert ClientCredentials("cli_1", "s", scope=("evaluate", "search")).scope == ("evaluate", "search")


def test_a_mistake_in_a_question_is_refused_before_anything_is_sent(client: Any, fake: Fake) -> None:
    asking = client()
    for ask in (
        lambda: asking.check(None, "read", PUPIL),
        lambda: asking.check("acc_1", "read", "000000000001"),
        lambda: asking.check_many([("acc_1", "read", PUPIL)]),
        lambda: asking.search_subjects("read", {"type": "unit"}),
        lambda: asking.search_actions(7, PUPIL),
        lambda: asking.search_actions("acc_1", "x"),
        lambda: asking.search_resources(7, "read", "class", category="STU-ACA"),
        lambda: client(ClientCredentials("cli_1", "s")).exchange(None),
    ):
        with pytest.raises(TypeError, match=r"text|resource|Question"):
            ask()
    for ask in (
        lambda: asking.check("acc_1", "read", PUPIL, explain="ful"),
        lambda: asking.check_many([Question("acc_1", "read", PUPIL)], explain="ful"),
    ):
        with pytest.raises(ValueError, match="`explain` is one of"):
            ask()
    assert fake.seen == []


ANSWERED = {
    "a wrong secret": (401, {"error": "invalid_client", "error_description": "unknown client"}, "invalid_client"),
    "a scope that is lacking": (
        400,
        {"error": "invalid_scope", "error_description": "not granted"},
        "invalid_scope",
    ),
    "another service's address": (400, {"error": "invalid_target", "error_description": "no"}, "invalid_target"),
}


@pytest.mark.parametrize("mistake", ANSWERED)
def test_a_refusal_says_what_was_refused_and_not_that_nobody_answered(
    client: Any, fake: Fake, mistake: str, caplog: pytest.LogCaptureFixture
) -> None:
    status, body, code = ANSWERED[mistake]
    fake.answers = [told({**body, "vi": "Câu của dịch vụ", "en": "The service's sentence"}, status)]
    decision = client(ClientCredentials("cli_1", "s")).check("acc_1", "read", PUPIL)
    assert (bool(decision), decision.code, decision.is_answer) == (False, code, False)
    assert (decision.reason.vi, decision.reason.en) == ("Câu của dịch vụ", "The service's sentence")
    assert isinstance(decision.error, AccessRequestError)
    assert decision.error.message == body["error_description"]
    assert code in caplog.text
    fake.answers = [told(body, status)]
    silent = client(ClientCredentials("cli_1", "s")).check("acc_1", "read", PUPIL)
    assert silent.reason.en == "The access service does not accept this software; tell whoever runs it"


def test_no_answer_is_told_from_a_refusal(client: Any, fake: Fake) -> None:
    fake.answers = [told({"code": "insufficient_scope", "vi": "Mã …", "en": "The token …"}, 403)]
    refused = client().check("acc_1", "read", PUPIL)
    fake.answers = [httpx2.ReadTimeout("late")]
    silent = client().check("acc_1", "read", PUPIL)
    fake.answers = [told([])]
    unreadable = client().check("acc_1", "read", PUPIL)
    assert [d.code for d in (refused, silent, unreadable)] == ["insufficient_scope", "unavailable", "unreadable"]
    assert [d.reason.en for d in (refused, silent, unreadable)] == [
        "The token …",
        "The service cannot answer now",
        "The access service's answer cannot be read",
    ]
