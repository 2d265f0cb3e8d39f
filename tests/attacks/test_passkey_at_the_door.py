"""Attacks on signing in by a passkey alone: one key opens, at this site, to this service's question, once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from access_service.domain.errors import RefusedError
from access_service.domain.names import RegisterId, SuspendableKind
from access_service.domain.reasons import Refusal
from access_service.storage import accounts as stored
from access_service.storage.second_factor import drop_factor
from access_service.usecases.handover import delegation
from access_service.usecases.identity import open_sessions, second_factor
from access_service.usecases.identity.passkey_sign_in import (
    ABOUT,
    challenge_of_ticket,
    offer_door,
    sign_in_by_passkey,
)
from access_service.usecases.services import Services
from attacks.test_passkey_signatures import ORIGIN, give_passkey
from soft_passkey import PRESENT, SoftPasskey
from world import SCHOOL, Someone, World


@dataclass
class Porch:
    """A clerk with a passkey before the door."""

    world: World
    services: Services
    clerk: Someone
    key: SoftPasskey

    def ticket(self) -> str:
        door = offer_door(self.services)
        assert door is not None
        return door.ticket

    def answer(self, ticket: str, key: SoftPasskey | None = None, **said: str) -> dict[str, Any]:
        return (key or self.key).answer(challenge_of_ticket(ticket), **said)

    def enter(self, ticket: str, answer: dict[str, Any], register: str | None = None) -> Any:
        where = RegisterId(register or str(self.world.register))
        return sign_in_by_passkey(self.services, where, ticket, answer, "203.0.113.9")

    def is_refused(self, act: Callable[[], Any]) -> None:
        with pytest.raises(RefusedError) as refused:
            act()
        assert refused.value.code is Refusal.CREDENTIALS_WRONG
        assert refused.value.details == {}


@pytest.fixture
def porch(school_world: World) -> Porch:
    clerk = school_world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    services = replace(school_world.services, public_url=ORIGIN)
    key = give_passkey(services, clerk)
    return Porch(school_world, services, clerk, key)


def test_the_key_opens_once_and_the_log_says_how(porch: Porch) -> None:
    ticket = porch.ticket()
    answer = porch.answer(ticket)
    signed = porch.enter(ticket, answer)
    caller = open_sessions.caller_from_token(porch.services, signed.token)
    assert caller.account == porch.clerk.account
    opened = [e.happening.details or {} for e in porch.world.log() if e.happening.action == "session.open"][-1]
    assert (opened["factor"], opened["alone"]) == ("passkey", "yes")
    porch.is_refused(lambda: porch.enter(ticket, answer))
    porch.is_refused(lambda: porch.enter(ticket, porch.answer(ticket)))


def test_a_ticket_that_we_did_not_write_opens_nothing(porch: Porch) -> None:
    assert porch.services.factors is not None
    closed = porch.services.factors.close("x", ABOUT)
    for ticket in ("", "x", "A" * 600, porch.ticket()[:-4] + "AAAA", closed):
        porch.is_refused(partial(porch.enter, ticket, porch.answer(ticket)))


def test_an_answer_to_another_ticket_opens_nothing(porch: Porch) -> None:
    answer = porch.answer(porch.ticket())
    porch.is_refused(lambda: porch.enter(porch.ticket(), answer))


def test_a_ticket_is_good_for_five_minutes(porch: Porch) -> None:
    ticket = porch.ticket()
    answer = porch.answer(ticket)
    porch.world.clock.forward(minutes=5)
    porch.is_refused(lambda: porch.enter(ticket, answer))


def test_a_strangers_key_another_site_and_an_unverified_touch_open_nothing(porch: Porch) -> None:
    ticket = porch.ticket()
    stranger = replace(porch.key, key=SoftPasskey(ORIGIN, "x").key)
    porch.is_refused(lambda: porch.enter(ticket, porch.answer(ticket, stranger)))
    porch.is_refused(lambda: porch.enter(ticket, porch.answer(ticket, origin="https://ke-gian.example")))
    porch.is_refused(lambda: porch.enter(ticket, porch.answer(ticket, replace(porch.key, flags=PRESENT))))
    porch.is_refused(lambda: porch.enter(ticket, porch.answer(ticket, SoftPasskey(ORIGIN, porch.key.rp_id))))


def test_another_register_knows_no_such_key(porch: Porch) -> None:
    ticket = porch.ticket()
    porch.is_refused(lambda: porch.enter(ticket, porch.answer(ticket), register="khac"))


def test_who_is_locked_out_does_not_enter(porch: Porch) -> None:
    with porch.services.db.aside() as connection:
        credential = stored.credential_of(connection, porch.world.register, porch.clerk.account)
        assert credential is not None
    for _ in range(10):
        with pytest.raises(RefusedError):
            porch.world.sign_in(credential.username, "Sai mật khẩu 000")
    ticket = porch.ticket()
    porch.is_refused(lambda: porch.enter(ticket, porch.answer(ticket)))


def test_a_suspension_shuts_this_door_too(porch: Porch) -> None:
    delegation.suspend(
        porch.services,
        porch.world.admins[SCHOOL],
        kind=SuspendableKind.ACCOUNT,
        target=porch.clerk.account,
        reason="thử",
    )
    ticket = porch.ticket()
    porch.is_refused(lambda: porch.enter(ticket, porch.answer(ticket)))


def test_a_key_that_was_removed_opens_nothing(porch: Porch) -> None:
    [factor] = second_factor.list_factors(porch.services, porch.clerk.caller)
    with porch.services.db.write(porch.world.register, porch.clerk.account) as tx:
        drop_factor(tx.connection, factor)
        tx.happened("factor.remove", porch.clerk.account)
        tx.touches()
    ticket = porch.ticket()
    porch.is_refused(lambda: porch.enter(ticket, porch.answer(ticket)))
