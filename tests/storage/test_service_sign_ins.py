"""Codes and refresh tokens, on both databases: each is claimed once, and nothing counts that was spoilt."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from access_service.domain.service_sign_in import ServiceSignIn
from access_service.storage import service_sign_ins as kept
from world import World


def begun(world: World, name: str) -> ServiceSignIn:
    holder, now = world.people["director"], world.clock.now
    found = ServiceSignIn(
        id=f"sgn_000{name}",
        register=world.register,
        account=holder.account,
        person=holder.person,
        audience="cli_000",
        redirect_uri="https://so-diem.example/ve",
        scope=frozenset({"openid", "profile"}),
        resources=("https://du-lieu.example",),
        nonce=None,
        challenge="x" * 43,
        code_sha256=name,
        code_until=now + timedelta(seconds=60),
        parent="p",
        signed_in_at=now,
        methods="password",
        expires_at=now + timedelta(hours=12),
    )
    with world.services.db.aside() as connection:
        kept.keep_sign_in(connection, found, now)
    return found


def test_a_code_and_each_refresh_token_is_claimed_once(world: World) -> None:
    found, now = begun(world, "a"), world.clock.now
    with world.services.db.aside() as connection:
        assert kept.sign_in_by_code(connection, "a") == found
        assert kept.claim_code(connection, found.id, now)
        assert not kept.claim_code(connection, found.id, now)
        assert kept.join_session(connection, found.id, "s", "r1", now)
        assert kept.turn_refresh(connection, found.id, "r1", "r2")
        assert not kept.turn_refresh(connection, found.id, "r1", "r3")
        joined = replace(found, redeemed_at=now, session_sha256="s", refresh_sha256="r2")
        assert kept.sign_in_by_session(connection, "s") == joined


def test_what_is_spoilt_joins_no_session_and_turns_no_more(world: World) -> None:
    now = world.clock.now
    first, second = begun(world, "b"), begun(world, "c")
    with world.services.db.aside() as connection:
        assert kept.spoil_sign_in(connection, first.id, now) is None
        assert not kept.join_session(connection, first.id, "s1", "r1", now)
        assert kept.join_session(connection, second.id, "s2", "r2", now)
        assert kept.spoil_sign_in(connection, second.id, now) == "s2"
        assert not kept.turn_refresh(connection, second.id, "r2", "r3")


def test_what_a_person_was_told_adds_up(world: World) -> None:
    place = (world.register, world.people["director"].account, "cli_000")
    with world.services.db.aside() as connection:
        assert kept.told_scope(connection, *place) == set()
        kept.keep_told(connection, *place, frozenset({"openid"}), world.clock.now)
        kept.keep_told(connection, *place, frozenset({"profile"}), world.clock.now)
        assert kept.told_scope(connection, *place) == {"openid", "profile"}
        assert kept.told_scope(connection, *place[:2], "cli_001") == set()
