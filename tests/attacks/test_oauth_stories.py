"""Attacks on the authorization server, each a short story: the legitimate step, the attack, the refusal."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from oauth_scene import (
    ACCESS,
    ARCHIVE,
    ASSERTION,
    GRADEBOOK,
    SESSION,
    URL,
    Registered,
    Scene,
    assertion,
    detail,
    details,
    drawing,
    register,
    said,
    scene,
)
from sqlalchemy import delete

from access_service.domain.errors import RefusedError
from access_service.domain.reasons import Refusal
from access_service.signing.jose import encode, public_jwk
from access_service.storage.tables import table
from access_service.storage.tables_software import ClientRow
from access_service.usecases.handover import delegation
from access_service.usecases.third_party import clients, software
from software_world import enter
from world import CLASS_6A, CLASS_6B, REGISTER, SCHOOL, found


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path, register_name=REGISTER) as found_:
        yield found_


def keyed(stage: Scene, who: Registered) -> EllipticCurvePrivateKey:
    """The client changes over to a key."""
    key = generate_private_key(SECP256R1())
    jwks = {"keys": [{**public_jwk(key.public_key()), "kid": "k1"}]}
    clients.replace_keys(stage.world.services, stage.world.admins[SCHOOL], who.id, jwks)
    return key


def by_assertion(stage: Scene, signed: str, **more: str) -> Any:
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION, "client_assertion": signed}
    return stage.post("token", {**form, **more})


def proof(key: EllipticCurvePrivateKey, stage: Scene, path: str, jti: str, **more: Any) -> str:
    """A DPoP proof for a POST to one of our addresses."""
    claims = {"htm": "POST", "htu": URL + path, "iat": int(stage.world.clock.now.timestamp()), "jti": jti, **more}
    return jwt.encode(claims, key, "ES256", headers={"typ": "dpop+jwt", "jwk": {**public_jwk(key.public_key())}})


def ath(token: str) -> str:
    from hashlib import sha256

    return encode(sha256(token.encode()).digest())


def error(answer: Any, status: int = 400) -> str:
    assert answer.status_code == status, answer.text
    code: str = answer.json()["error"]
    return code


# -- who exchanges what


def test_a_token_that_was_taken_back_is_exchanged_for_nothing(stage: Scene) -> None:
    """The gradebook acts for a teacher. The school revokes; the gradebook hurries to change what it still has."""
    token = stage.exchanged(stage.gradebook, stage.session(), SESSION)
    grant = next(id_ for id_ in said(token)["grants"] if id_.startswith("grn_"))
    world = stage.world
    delegation.revoke_grant(world.services, world.admins[SCHOOL], grant, reason="thử")
    assert error(stage.exchange(stage.gradebook, token)) == "invalid_grant"
    assert error(stage.exchange(stage.archive, token)) == "invalid_grant"


def test_whoever_finds_a_token_that_was_not_meant_for_them_becomes_no_deputy(stage: Scene) -> None:
    """The archive may exchange what was addressed to it. A third service finds the same token in a log."""
    token = stage.exchanged(stage.gradebook, stage.session(), SESSION)
    assert stage.exchange(stage.archive, token).status_code == 200
    finder = drawing(stage.world, "Nhặt được", resource="https://khac.example")
    assert error(stage.exchange(finder, token)) == "invalid_grant"
    # And the archive has no use for what is addressed to somebody else.
    elsewhere = stage.token(drawing(stage.world, "Nơi khác", resource="https://khac.example"))
    assert error(stage.exchange(stage.archive, elsewhere)) == "invalid_grant"


def test_nobody_else_answers_at_an_address_that_is_taken(stage: Scene) -> None:
    """Software that registers itself at the gradebook's address would exchange what is sent there."""
    with pytest.raises(RefusedError) as refused:
        drawing(stage.world, "Giả danh", resource=ARCHIVE, serves=GRADEBOOK)
    assert refused.value.code is Refusal.DUPLICATE


def test_an_exchange_does_not_widen(stage: Scene) -> None:
    """A narrow token comes back with a request for everything."""
    narrow = stage.exchanged(
        stage.gradebook, stage.session(), SESSION, authorization_details=details(detail(classes=[CLASS_6A]))
    )
    wide = details(
        detail(classes=[CLASS_6A, CLASS_6B], categories=["STU-ACA", "CUR"], actions=["read", "write", "export"])
    )
    (box,) = said(stage.exchanged(stage.gradebook, narrow, authorization_details=wide))["authorization_details"]
    assert (box["classes"], box["categories"], box["actions"]) == ([CLASS_6A], ["STU-ACA"], ["read"])
    assert error(stage.exchange(stage.gradebook, narrow, scope="write")) == "invalid_scope"
    other = details(detail(classes=[CLASS_6B]))
    assert (
        error(stage.exchange(stage.gradebook, narrow, authorization_details=other))
        == "invalid_authorization_details"
    )
    assert error(stage.exchange(stage.gradebook, narrow, resource=ARCHIVE)) == "invalid_target"


def test_an_enforcement_point_s_token_is_no_right_to_data(stage: Scene) -> None:
    token = stage.token(stage.guard)
    assert error(stage.exchange(stage.guard, token)) in {"invalid_target", "unauthorized_client"}
    assert error(stage.exchange(stage.gradebook, token)) == "invalid_grant"


def test_a_session_of_an_admin_account_gives_no_data(stage: Scene) -> None:
    """The custodian hands down rights and has none to data; a service acting for them has none either."""
    signed = stage.world.enrol(f"quantri.{SCHOOL}")
    assert error(stage.exchange(stage.gradebook, signed.token, SESSION)) == "invalid_grant"


def test_a_session_shown_as_an_access_token_and_the_reverse_are_nothing(stage: Scene) -> None:
    session, token = stage.session(), stage.token(stage.gradebook)
    assert error(stage.exchange(stage.gradebook, session, ACCESS)) == "invalid_grant"
    assert error(stage.exchange(stage.gradebook, token, SESSION)) == "invalid_grant"
    assert stage.served.client.get("/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert stage.evaluate(session).status_code == 401


# -- tokens in other hands


def test_a_token_of_one_client_is_revoked_by_no_other(stage: Scene) -> None:
    token = stage.token(stage.gradebook)
    assert error(stage.post("revoke", {"token": token}, stage.archive.basic)) == "unauthorized_client"
    assert error(stage.post("revoke", {"token": token}), 401) == "invalid_client"
    assert stage.is_active(token)


def test_a_token_for_another_audience_opens_nothing_here(stage: Scene) -> None:
    """Software with data to draw presents its token to the decision point, which it was never issued for."""
    assert stage.evaluate(stage.token(stage.gradebook)).status_code == 401


def test_a_token_signed_by_a_key_of_the_attacker_s_opens_nothing(stage: Scene) -> None:
    token = stage.token(stage.guard)
    head, key = jwt.get_unverified_header(token), generate_private_key(SECP256R1())
    for header in (
        head,
        {**head, "jku": "http://127.0.0.1:9/jwks.json"},
        {**head, "jwk": public_jwk(key.public_key())},
    ):
        forged = jwt.encode(said(token), key, "ES256", headers=header)
        assert stage.evaluate(forged).status_code == 401
        assert stage.introspect(forged) == {"active": False}
        assert error(stage.exchange(stage.gradebook, forged)) == "invalid_grant"


def test_a_token_says_of_another_register_what_it_likes(stage: Scene) -> None:
    """Signed by our own key, as if another register of the same database had been asked."""
    point = stage.served.client.app.state.edge.tokens  # type: ignore[attr-defined]
    from dataclasses import replace

    token = stage.token(stage.guard)
    claims = point.verify(token, URL, stage.world.clock.now)
    for register_ in ("khac", f"{REGISTER}\0", ""):
        foreign = point._signer.issue(replace(claims, register=register_))
        assert stage.evaluate(foreign).status_code in {401, 403}
        assert stage.introspect(foreign) == {"active": False}


def test_a_second_register_s_clients_are_strangers_here(stage: Scene) -> None:
    """Both registers live in one database; the second one's enforcement point comes to the first one's door."""
    world = found(stage.world.services, stage.world.clock, name="thu-hai")
    guard_software = enter(world, world.root, name="Cổng bên kia", is_enforcement_point=True)
    other = register(
        world,
        guard_software,
        pep_scopes=frozenset({"evaluate", "introspect"}),
        resource_types=frozenset({"student"}),
    )
    token = stage.token(other)
    assert said(token)["register"] == world.register != REGISTER
    answer = stage.evaluate(token)
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    ours = stage.token(stage.gradebook)
    assert stage.introspect(ours, other) == {"active": False}
    assert stage.introspect(token) == {"active": False}
    assert error(stage.exchange(stage.gradebook, token)) == "invalid_grant"
    assert error(stage.post("revoke", {"token": ours}, other.basic)) == "unauthorized_client"


def test_a_token_whose_client_is_gone_is_no_fault_of_whoever_asks_about_it(stage: Scene) -> None:
    """A copy from before the client was entered was put back; its tokens are still about."""
    world = stage.world
    gone = drawing(world, "Sổ bị quên", resource="https://so-bi-quen.example")
    token, clients_ = stage.token(gone), table(ClientRow)
    assert stage.is_active(token)
    with world.services.db.write(world.register, "operator") as tx:
        tx.connection.execute(delete(clients_).where(clients_.c.id == gone.id))
        tx.happened("register.restore", world.register)
        tx.touches_everybody()
    world.services.after_commit(world.register)
    assert stage.introspect(token) == {"active": False}
    assert error(stage.exchange(stage.gradebook, token)) == "invalid_grant"
    # Whoever it is that comes is told so; and the one who asked is who they were.
    assert error(stage.ask(gone), 401) == "invalid_client"
    assert stage.is_active(stage.token(stage.gradebook))


# -- who the client is


def test_an_assertion_opens_the_door_once(stage: Scene) -> None:
    key = keyed(stage, stage.gradebook)
    signed = assertion(key, stage.gradebook.id, stage.world.clock.now, "k1")
    assert by_assertion(stage, signed).status_code == 200
    assert error(by_assertion(stage, signed), 401) == "invalid_client"
    # Not after the memory of the process is gone, and not at another endpoint, either.
    form = {"token": "x", "client_assertion_type": ASSERTION, "client_assertion": signed}
    assert error(stage.post("revoke", form), 401) == "invalid_client"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://khac.example"},
        {"aud": [URL, "https://khac.example"]},
        {"iss": "cli_khac"},
        {"sub": "cli_khac"},
        {"exp": 1},
        {"exp": 2**40},
        {"jti": ""},
        {"exp": "9999999999"},
    ],
)
def test_an_assertion_about_something_else_opens_nothing(stage: Scene, changes: dict[str, Any]) -> None:
    key = keyed(stage, stage.gradebook)
    signed = assertion(key, stage.gradebook.id, stage.world.clock.now, "k1", **changes)
    assert error(by_assertion(stage, signed), 401) == "invalid_client"


def test_a_client_with_a_key_is_not_let_in_by_less(stage: Scene) -> None:
    """Downgrade: the secret that it had, the identity alone, an unsigned assertion, the key as a shared secret."""
    who = stage.gradebook
    key = keyed(stage, who)
    assert error(stage.ask(who), 401) == "invalid_client"
    assert (
        error(stage.post("token", {"grant_type": "client_credentials", "client_id": who.id}), 401)
        == "invalid_client"
    )
    good = assertion(key, who.id, stage.world.clock.now, "k1")
    payload = good.split(".")[1]
    unsigned = encode(json.dumps({"alg": "none"}).encode()) + f".{payload}."
    assert error(by_assertion(stage, unsigned), 401) == "invalid_client"
    # The public key as a shared secret: PyJWT will not sign like that, an attacker will.
    body = encode(json.dumps({"alg": "HS256", "kid": "k1"}).encode()) + f".{payload}"
    secret = json.dumps(public_jwk(key.public_key())).encode()
    confused = f"{body}.{encode(hmac.digest(secret, body.encode(), 'sha256'))}"
    assert error(by_assertion(stage, confused), 401) == "invalid_client"
    assert by_assertion(stage, good).status_code == 200


def test_two_proofs_of_identity_are_one_too_many(stage: Scene) -> None:
    """A proxy adds its own credentials to a request that has some: it is refused rather than guessed about."""
    who, other = stage.gradebook, stage.archive
    form = {"grant_type": "client_credentials", "client_id": other.id, "client_secret": other.secret}
    assert error(stage.post("token", form, who.basic)) == "invalid_request"
    form = {"grant_type": "client_credentials", "client_id": other.id}
    assert error(stage.post("token", form, who.basic), 401) == "invalid_client"


def test_an_assertion_names_an_address_and_nobody_goes_there(stage: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """SSRF: a key's address in the header, in the claims, in the token. The process opens no connection at all."""
    import socket

    key = keyed(stage, stage.gradebook)
    said_ = {"jku": "http://169.254.169.254/jwks", "x5u": "http://169.254.169.254/x"}
    claims = {
        "iss": stage.gradebook.id,
        "sub": stage.gradebook.id,
        "aud": URL,
        "exp": int(stage.world.clock.now.timestamp()) + 60,
        "jti": "000",
        **said_,
    }
    reached: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _self, address: reached.append(address))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address, **_: reached.append(address) or [])
    for header in ({"kid": "k1", **said_}, {"kid": "http://169.254.169.254/k1"}):
        signed = jwt.encode(claims, key, "ES256", headers=header)
        assert error(by_assertion(stage, signed), 401) == "invalid_client"
        assert error(stage.exchange(stage.archive, signed)) == "invalid_grant"
    assert reached == []


# -- DPoP


def test_a_bound_token_that_was_stolen_opens_nothing(stage: Scene) -> None:
    """The enforcement point binds its token to a key. A thief has the token, not the key."""
    key, thief = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    answer = stage.post(
        "token",
        {"grant_type": "client_credentials"},
        {**stage.guard.basic, "DPoP": proof(key, stage, "/oauth2/token", "1")},
    ).json()
    token, path = answer["access_token"], "/access/v1/evaluation"
    assert answer["token_type"] == "DPoP"

    def use(shown: str | None, scheme: str = "DPoP") -> int:
        return stage.evaluate(token, scheme=scheme, headers={} if shown is None else {"DPoP": shown}).status_code

    assert use(proof(key, stage, path, "2", ath=ath(token))) == 200
    assert use(proof(key, stage, path, "2", ath=ath(token))) == 401, "replayed"
    assert use(None, "Bearer") == 401
    assert use(None) == 401
    assert use(proof(thief, stage, path, "3", ath=ath(token))) == 401
    assert use(proof(key, stage, path, "4")) == 401, "made for no token"
    assert use(proof(key, stage, path, "5", ath=ath("x"))) == 401
    assert use(proof(key, stage, "/access/v1/evaluations", "6", ath=ath(token))) == 401
    assert use(proof(key, stage, path, "7", ath=ath(token), htm="GET")) == 401
    assert use(proof(key, stage, path, "8", ath=ath(token), iat=1)) == 401
    assert use(proof(key, stage, path, "9", ath=ath(token)), "Bearer") == 401
    assert stage.introspect(token)["cnf"] == {"jkt": said(token)["cnf"]["jkt"]}


def test_a_plain_token_does_not_become_a_bound_one(stage: Scene) -> None:
    key, token = generate_private_key(SECP256R1()), stage.token(stage.guard)
    shown = proof(key, stage, "/access/v1/evaluation", "1", ath=ath(token))
    assert stage.evaluate(token, scheme="DPoP", headers={"DPoP": shown}).status_code == 401


def test_a_replayed_proof_gets_no_token(stage: Scene) -> None:
    shown = proof(generate_private_key(SECP256R1()), stage, "/oauth2/token", "1")
    form = {"grant_type": "client_credentials"}
    assert stage.post("token", form, {**stage.guard.basic, "DPoP": shown}).status_code == 200
    assert error(stage.post("token", form, {**stage.guard.basic, "DPoP": shown})) == "invalid_dpop_proof"
    assert error(stage.post("token", form, {**stage.guard.basic, "DPoP": "x"})) == "invalid_dpop_proof"


def test_a_proof_made_before_the_service_began_may_have_been_used_then(stage: Scene) -> None:
    before = int(stage.world.clock.now.timestamp()) - 5
    shown = proof(generate_private_key(SECP256R1()), stage, "/oauth2/token", "1", iat=before)
    answer = stage.post("token", {"grant_type": "client_credentials"}, {**stage.guard.basic, "DPoP": shown})
    assert error(answer) == "invalid_dpop_proof"


def test_a_bound_token_is_exchanged_by_its_holder_only(stage: Scene) -> None:
    """The thief even has the client's secret, but not the key."""
    key = generate_private_key(SECP256R1())
    form = {"grant_type": "client_credentials"}
    headers = {**stage.gradebook.basic, "DPoP": proof(key, stage, "/oauth2/token", "1")}
    token = stage.post("token", form, headers).json()["access_token"]
    assert error(stage.exchange(stage.gradebook, token)) == "invalid_grant"


# -- what clients send


@pytest.mark.parametrize("name", ["client_id", "scope", "resource", "subject_token", "grant_type", "token"])
@pytest.mark.parametrize(
    "value",
    [
        "a\r\nSet-Cookie: x=1",
        "a\0b",
        "ấ" * 400,
        "../../etc/passwd",
        "' OR '1'='1",
        "$(id)",
        "\ud83d".encode("utf-8", "replace").decode(),
    ],
)
def test_nothing_in_a_parameter_becomes_a_header_or_a_fault(stage: Scene, name: str, value: str) -> None:
    for path in ("token", "introspect", "revoke"):
        form = {"grant_type": "client_credentials", "token": "x", name: value}
        for headers in (stage.guard.basic, {}):
            answer = stage.post(path, form, headers)
            assert answer.status_code in {200, 400, 401}
            assert "set-cookie" not in answer.headers
            assert not 300 <= answer.status_code < 400, "nobody is sent anywhere"


def test_no_answer_is_a_redirect_or_a_page(stage: Scene) -> None:
    for uri in ("https://khac.example", "//khac.example", "javascript:alert(1)"):
        form = {"grant_type": "client_credentials", "redirect_uri": uri, "state": uri}
        answer = stage.post("token", form, stage.gradebook.basic)
        assert answer.status_code == 200
        assert "location" not in answer.headers
        assert uri not in answer.text
    asked = stage.served.client.get("/oauth2/authorize", follow_redirects=False)
    assert asked.status_code == 400, "whoever names no client is sent nowhere (test_signing_in_for_services)"
    assert stage.served.client.get("/oauth2/token").status_code == 405


def test_thousands_of_brackets_are_not_followed(stage: Scene) -> None:
    text = "[" * 4000
    assert error(stage.ask(stage.gradebook, authorization_details=text)) == "invalid_authorization_details"


def test_what_leaves_the_approval_between_two_requests_is_not_in_the_second(stage: Scene) -> None:
    """The clock steps back to before the withdrawal; what was taken back does not come back with it."""
    world = stage.world
    token = stage.token(stage.gradebook)
    world.clock.forward(seconds=10)
    assert stage.gradebook.approval is not None
    software.withdraw_approval(world.services, world.admins[world.root], stage.gradebook.approval.id, reason="thử")
    world.clock.forward(seconds=-10)
    assert stage.introspect(token) == {"active": False}
    assert error(stage.ask(stage.gradebook)) == "unauthorized_client"
    assert said(token)["aud"] == GRADEBOOK
