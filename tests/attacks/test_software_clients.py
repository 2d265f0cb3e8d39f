"""Clients of software that is over, stopped or disabled: nobody lets them in (rule 13)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from access_service.domain.names import ClientId, SuspendableKind, UnitId
from access_service.domain.reasons import Refusal
from access_service.domain.software import Client, Software
from access_service.live.decision_point import DecisionPoint
from access_service.signing.keyring import Keyring
from access_service.usecases.handover import delegation
from access_service.usecases.third_party import clients, software
from access_service.usecases.third_party.clients import NewClient
from access_service.usecases.tokens.client_auth import Credentials, authenticate
from access_service.usecases.tokens.issue import TokenPoint, WantedToken
from access_service.usecases.tokens.oauth_errors import OAuthError
from software_world import approve, enter
from world import (
    SCHOOL,
    World,
)


def drawing(world: World, used: Software, by: UnitId = SCHOOL) -> clients.IssuedClient:
    """A client that calls a resource server, so that it may be given tokens."""
    wanted = NewClient(used.id, resource="https://so-diem.example")
    return clients.create_client(world.services, world.admins[by], wanted)


@pytest.fixture
def point(school_world: World, tmp_path: Path) -> Iterator[TokenPoint]:
    world = school_world
    decisions = DecisionPoint(world.services.db)
    world.services.committed.append(decisions.committed)
    keyring = Keyring(tmp_path / "tokens", algorithm="ES256", overlap_s=3600, now=world.clock.now)
    yield TokenPoint(world.services, decisions, keyring, issuer="http://127.0.0.1:8000", token_s=300)
    world.services.committed.remove(decisions.committed)


def is_let_in(point: TokenPoint, issued: clients.IssuedClient) -> bool:
    """Is the client given a token for the secret that it was shown?"""
    given = Credentials(issued.client.id, secret=issued.secret)

    def drawn() -> str:
        client = authenticate(point, given, (point.issuer,), may_wait=True)
        return point.client_credentials(client, WantedToken(), may_wait=True).token

    try:
        return bool(point.waiting(drawn))
    except OAuthError:
        return False


def client_of(world: World, used: Software, by: UnitId = SCHOOL) -> clients.IssuedClient:
    return clients.create_client(world.services, world.admins[by], NewClient(used.id))


def effective(world: World, used: Software) -> list[str]:
    with world.services.db.read(world.register) as reader:
        return [e.approval.id for e in software.effective_approvals(reader, used.id, world.clock.now)]


def test_a_client_of_ended_or_stopped_software_is_let_in_no_more(school_world: World, point: TokenPoint) -> None:
    world = school_world
    used = enter(world)
    approve(world, used)
    issued = drawing(world, used)
    assert issued.secret is not None
    assert is_let_in(point, issued)
    how = {"kind": SuspendableKind.ACCOUNT, "target": used.account}
    delegation.suspend(world.services, world.admins[SCHOOL], reason="sự cố", **how)  # type: ignore[arg-type]
    assert not is_let_in(point, issued)
    assert effective(world, used) == []
    delegation.resume(world.services, world.admins[SCHOOL], **how)  # type: ignore[arg-type]
    assert is_let_in(point, issued)
    software.end_software(world.services, world.admins[SCHOOL], used.id)
    assert not is_let_in(point, issued)
    assert not world.get(Client, issued.client.id).is_enabled(world.clock.now)
    with world.refuses(Refusal.DOCUMENT_STATE):
        client_of(world, used)


def test_a_disabled_client_stays_out(school_world: World, point: TokenPoint) -> None:
    world = school_world
    used = enter(world)
    approve(world, used)
    issued, other = drawing(world, used), drawing(world, used, world.root)
    assert is_let_in(point, issued)
    clients.disable_client(world.services, world.admins[SCHOOL], issued.client.id)
    assert not is_let_in(point, issued)
    assert is_let_in(point, other)
    with world.refuses(Refusal.DOCUMENT_STATE):
        clients.rotate_secret(world.services, world.admins[SCHOOL], issued.client.id)
    unknown = replace(other, client=replace(other.client, id=ClientId("cli_khong_co")))
    assert not is_let_in(point, unknown)
