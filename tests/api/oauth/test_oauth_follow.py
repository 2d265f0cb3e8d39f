"""Tokens follow the grant: what they rest on is taken back, and they stop at the next question."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from oauth_scene import ARCHIVE, GRADEBOOK, SESSION, Scene, drawing, guarding, said, scene
from serving import AUTHORIZATION

from access_service.domain.names import SuspendableKind
from access_service.signing.passwords import digest
from access_service.storage import accounts as stored_accounts
from access_service.storage.facts import Reader
from access_service.usecases.handover import delegation, documents
from access_service.usecases.identity.service_sessions import open_service_session
from access_service.usecases.identity.sign_in import sign_out
from access_service.usecases.third_party import clients, software
from world import CLASS_6A, SCHOOL


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path) as found:
        yield found


def grant_of(stage: Scene, token: str) -> str:
    found: str = next(id_ for id_ in said(token)["grants"] if id_.startswith("grn_"))
    return found


def revoke_grant(stage: Scene, token: str) -> None:
    world = stage.world
    delegation.revoke_grant(world.services, world.admins[SCHOOL], grant_of(stage, token), reason="thử")


def suspend_person(stage: Scene, token: str) -> None:
    suspend(stage, SuspendableKind.ACCOUNT, said(token)["sub"])


def suspend_unit(stage: Scene, token: str) -> None:
    world = stage.world
    delegation.suspend(
        world.services, world.admins[world.root], kind=SuspendableKind.UNIT, target=SCHOOL, reason="thử"
    )


def suspend_grant(stage: Scene, token: str) -> None:
    suspend(stage, SuspendableKind.GRANT, grant_of(stage, token))


def suspend(stage: Scene, kind: SuspendableKind, target: str) -> None:
    world = stage.world
    delegation.suspend(world.services, world.admins[SCHOOL], kind=kind, target=target, reason="thử")


def withdraw_minutes(stage: Scene, token: str) -> None:
    world = stage.world
    with world.services.db.read(world.register) as reader:
        from access_service.domain.delegation import Grant

        paper = reader.require(Grant, grant_of(stage, token)).document
    documents.withdraw(world.services, world.admins[SCHOOL], paper, reason="thử")


def withdraw_approval(stage: Scene, token: str) -> None:
    world = stage.world
    software.withdraw_approval(
        world.services,
        world.admins[world.root],
        stage.gradebook.approval.id,
        reason="thử",  # type: ignore[union-attr]
    )


def end_software(stage: Scene, token: str) -> None:
    world = stage.world
    software.end_software(world.services, world.admins[SCHOOL], stage.gradebook.software.id)


def disable_client(stage: Scene, token: str) -> None:
    world = stage.world
    clients.disable_client(world.services, world.admins[SCHOOL], stage.gradebook.id)


def end_session(stage: Scene, token: str) -> None:
    world = stage.world
    with world.services.db.engine.begin() as connection:
        stored_accounts.end_sessions_of(connection, world.register, said(token)["sub"])


def revoke_token(stage: Scene, token: str) -> None:
    assert stage.post("revoke", {"token": token}, stage.gradebook.basic).status_code == 200


TAKEN_BACK = [
    revoke_grant,
    suspend_person,
    suspend_unit,
    suspend_grant,
    withdraw_minutes,
    withdraw_approval,
    end_software,
    disable_client,
    end_session,
    revoke_token,
]


@pytest.mark.parametrize("take_back", TAKEN_BACK)
def test_a_token_and_everything_exchanged_from_it_stop_at_once(
    stage: Scene, take_back: Callable[[Scene, str], None]
) -> None:
    token = stage.exchanged(stage.gradebook, stage.session(), SESSION)
    below = stage.exchanged(stage.archive, token)
    assert stage.is_active(token)
    assert stage.is_active(below)
    take_back(stage, token)
    assert stage.introspect(token) == {"active": False}
    assert stage.introspect(below) == {"active": False}
    answer = stage.exchange(stage.archive, token)
    # With the school's unit the archive's own approval is suspended, too.
    expected = "unauthorized_client" if take_back is suspend_unit else "invalid_grant"
    assert (answer.status_code, answer.json()["error"]) == (400, expected)


@pytest.mark.parametrize("take_back", TAKEN_BACK)
def test_who_verifies_without_a_call_hears_of_it_in_the_list(
    stage: Scene, take_back: Callable[[Scene, str], None]
) -> None:
    stage.world.clock.forward(hours=1)
    token = stage.exchanged(stage.gradebook, stage.session(), SESSION)
    claims = said(token)
    assert not listed(stage, claims)
    stage.world.clock.forward(seconds=2)
    take_back(stage, token)
    stage.world.clock.forward(seconds=2)
    # The end of a session says nothing of the account: such a token ends within its short life.
    assert listed(stage, claims) == (take_back is not end_session)


def listed(stage: Scene, claims: dict[str, Any]) -> bool:
    """What an offline verifier makes of the list."""
    told = stage.served.client.get("/oauth2/revocations")
    assert told.headers["cache-control"] == "public, max-age=5"
    body = told.json()
    accounts, act = [claims["sub"]], claims.get("act")
    while act:
        accounts.append(act["sub"])
        act = act.get("act")
    return (
        any(claims["jti"] == jti or claims["jti"].startswith(f"{jti}.") for jti in body["tokens"])
        or any(claims["iat"] < body["subjects"].get(account, 0) for account in accounts)
        or (body["all_before"] is not None and claims["iat"] < body["all_before"])
    )


def test_signing_out_stops_what_acts_for_the_person(stage: Scene) -> None:
    """The session of the service ends with the one that it was opened in."""
    signed = stage.world.sign_in("000.gvcn")
    handed = open_service_session(stage.world.services, signed.caller, stage.gradebook.id)
    token = stage.exchanged(stage.gradebook, handed.token, SESSION)
    sign_out(stage.world.services, signed.caller)
    assert stage.introspect(token) == {"active": False}
    assert stage.exchange(stage.gradebook, handed.token, SESSION).status_code == 400
    assert digest(signed.token)[:8] not in token


def test_a_leaked_secret_that_is_replaced_at_once_takes_its_tokens_with_it(stage: Scene) -> None:
    token = stage.token(stage.gradebook)
    stage.world.clock.forward(seconds=1)
    world = stage.world
    clients.rotate_secret(world.services, world.admins[SCHOOL], stage.gradebook.id, at_once=True)
    assert stage.introspect(token) == {"active": False}
    assert stage.ask(stage.gradebook).status_code == 401


def test_a_narrowed_right_stops_the_token_that_was_wider(stage: Scene) -> None:
    token = stage.exchanged(stage.gradebook, stage.session(), SESSION)
    world = stage.world
    with world.services.db.read(world.register) as reader:
        from access_service.domain.delegation import Grant

        held = reader.require(Grant, grant_of(stage, token))
    narrower = type(held.scope)(
        unit=held.scope.unit,
        levels=held.scope.levels,
        grades=held.scope.grades,
        classes=held.scope.classes,
        school_year=held.scope.school_year,
        categories=frozenset({"STU-ACA"}),
    )
    delegation.narrow_grant(world.services, world.admins[SCHOOL], held.id, scope=narrower, valid_to=held.valid_to)
    assert stage.introspect(token) == {"active": False}
    box = said(stage.exchanged(stage.gradebook, stage.session(), SESSION))["authorization_details"][0]
    assert box["categories"] == ["STU-ACA"]


# -- introspection and revocation


def test_introspection_says_what_the_token_says(stage: Scene) -> None:
    token = stage.token(stage.gradebook)
    told = stage.introspect(token)
    assert told == {"active": True, "token_type": "Bearer", **said(token)}


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "eyJhbGciOiJub25lIn0.e30.", "x" * 9000])
def test_what_is_no_token_of_ours_is_not_active(stage: Scene, token: str) -> None:
    answer = stage.post("introspect", {"token": token}, stage.guard.basic)
    if token:
        assert answer.json() == {"active": False}
    else:
        assert answer.json()["error"] == "invalid_request"


def test_only_who_may_introspect_is_answered(stage: Scene) -> None:
    token = stage.token(stage.gradebook)
    other = guarding(stage.world, "Cổng hỏi", pep_scopes=frozenset({"evaluate"}))
    for who in (stage.gradebook, other):
        answer = stage.post("introspect", {"token": token}, who.basic)
        assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
    assert stage.post("introspect", {"token": token}).status_code == 401


def test_an_expired_token_is_not_active_and_revoking_it_is_no_error(stage: Scene) -> None:
    token = stage.token(stage.gradebook)
    stage.world.clock.forward(seconds=300)
    assert stage.introspect(token) == {"active": False}
    for text in (token, "x", "a.b.c"):
        assert stage.post("revoke", {"token": text}, stage.gradebook.basic).status_code == 200


def test_revoking_one_token_leaves_the_others(stage: Scene) -> None:
    one, other = stage.token(stage.gradebook), stage.token(stage.gradebook)
    revoke_token(stage, one)
    revoke_token(stage, one)
    assert not stage.is_active(one)
    assert stage.is_active(other)
    happened = [e.happening for e in stage.world.log() if e.happening.action == "token.revoke"]
    assert [h.target for h in happened] == [said(one)["jti"]]


# -- our own endpoints


def test_an_enforcement_point_asks_within_its_scopes(stage: Scene) -> None:
    token = stage.token(stage.guard)
    assert stage.evaluate(token).json() == {"decision": True}
    batch = {"evaluations": [stage.served.question()] * 2}
    assert len(stage.evaluate(token, "evaluations", body=batch).json()["evaluations"]) == 2
    search = {
        "subject": {"type": "account", "id": stage.served.teacher.account},
        "action": {"name": "read"},
        "resource": {"type": "class", "properties": {"category": "STU-ACA"}},
    }
    found = stage.evaluate(token, "search/resource", body=search)
    assert [r["type"] for r in found.json()["results"]] == ["class"]
    full = stage.evaluate(token, changes={"context": {"explain": "full"}})
    assert "explanation" in full.json()["context"]


@pytest.mark.parametrize(
    ("scope", "path", "changes"),
    [
        ("search", "evaluation", {}),
        ("search", "evaluations", {}),
        ("evaluate", "search/resource", {"resource": {"type": "class", "properties": {"category": "STU-ACA"}}}),
        ("evaluate", "evaluation", {"context": {"explain": "full"}}),
        ("evaluate", "evaluation", {"resource": {"type": "staff", "id": "000-1", "properties": {"unit": SCHOOL}}}),
        ("search", "search/resource", {"resource": {"type": "unit", "properties": {"category": "SCH"}}}),
        ("introspect", "evaluation", {}),
    ],
)
def test_outside_its_scopes_and_types_it_is_forbidden(
    stage: Scene, scope: str, path: str, changes: dict[str, Any]
) -> None:
    answer = stage.evaluate(stage.token(stage.guard, scope=scope), path, changes=changes)
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope"'


def test_one_item_outside_forbids_the_batch(stage: Scene) -> None:
    token = stage.token(stage.guard)
    body = {"evaluations": [stage.served.question(), stage.served.question(resource={"type": "staff", "id": "0"})]}
    assert stage.evaluate(token, "evaluations", body=body).status_code == 403


def test_software_that_draws_data_asks_for_no_decisions(stage: Scene) -> None:
    assert stage.evaluate(stage.token(stage.gradebook)).status_code == 401
    assert stage.evaluate(stage.exchanged(stage.gradebook, stage.session(), SESSION)).status_code == 401


def test_an_enforcement_point_that_was_stopped_gets_nothing_at_the_next_request(stage: Scene) -> None:
    world = stage.world
    token = stage.token(stage.guard)
    assert stage.evaluate(token).status_code == 200
    clients.disable_client(world.services, world.admins[world.root], stage.guard.id)
    answer = stage.evaluate(token)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_revoked")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_an_enforcement_point_whose_account_is_stopped_hears_that(stage: Scene) -> None:
    """(K) Its key is right and its token was good: what stopped it is the reason."""
    world = stage.world
    token = stage.token(stage.guard)
    assert stage.evaluate(token).status_code == 200
    delegation.suspend(
        world.services,
        world.admins[world.root],
        kind=SuspendableKind.ACCOUNT,
        target=stage.guard.software.account,
        reason="thử",
    )
    answer = stage.evaluate(token)
    assert (answer.status_code, answer.json()["code"]) == (403, "account_not_active")


def test_a_token_of_an_enforcement_point_that_was_revoked_opens_nothing(stage: Scene) -> None:
    token, other = stage.token(stage.guard), stage.token(stage.guard)
    assert stage.evaluate(token).status_code == 200
    assert stage.post("revoke", {"token": token}, stage.guard.basic).status_code == 200
    answer = stage.evaluate(token)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_revoked")
    assert stage.evaluate(other).status_code == 200


def test_pages_belong_to_the_client_that_asked(stage: Scene) -> None:
    other = guarding(stage.world, "Cổng thứ hai")
    search = {
        "subject": {"type": "account", "id": stage.served.teacher.account},
        "action": {"name": "read"},
        "resource": {"type": "class", "id": CLASS_6A, "properties": {"category": "STU-ACA"}},
        "page": {"limit": 1},
    }
    first = stage.evaluate(stage.token(stage.guard), "search/action", body=search).json()
    assert first["page"]["next_token"]
    next_ = {**search, "page": {"token": first["page"]["next_token"]}}
    assert stage.evaluate(stage.token(stage.guard), "search/action", body=next_).status_code == 200
    answer = stage.evaluate(stage.token(other), "search/action", body=next_)
    assert (answer.status_code, answer.json()["code"]) == (400, "page_token")


def test_the_static_key_still_opens_what_it_did(stage: Scene) -> None:
    answer = stage.served.client.post("/access/v1/evaluation", json=stage.served.question(), headers=AUTHORIZATION)
    assert answer.json() == {"decision": True}


def test_a_restart_forgets_no_revocation(tmp_path: Path) -> None:
    from serving import settings_for
    from starlette.testclient import TestClient

    from access_service.app import create_app

    with scene(tmp_path) as stage:
        kept, gone = stage.token(stage.guard), stage.token(stage.guard)
        assert stage.post("revoke", {"token": gone}, stage.guard.basic).status_code == 200
        again = create_app(settings_for(tmp_path), clock=stage.world.clock)
        with TestClient(again) as client:
            asked = [
                client.post(
                    "/access/v1/evaluation",
                    json=stage.served.question(),
                    headers={"Authorization": f"Bearer {token}"},
                ).status_code
                for token in (kept, gone)
            ]
        assert asked == [200, 401]


def test_two_resources_two_tokens(stage: Scene) -> None:
    both = drawing(stage.world, "Hai nơi", resource=ARCHIVE)
    assert said(stage.token(both))["aud"] == ARCHIVE != GRADEBOOK
    with stage.world.services.db.connect() as connection:
        assert Reader(connection, stage.world.register).register == stage.world.register
