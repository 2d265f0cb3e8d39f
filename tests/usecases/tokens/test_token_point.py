"""Issuing, exchanging, asking about and revoking tokens, without HTTP, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_service.domain.names import UnitId
from access_service.domain.policy import PeriodLock
from access_service.domain.tokens import AccessDetail, covers
from access_service.live.decision_point import DecisionPoint
from access_service.live.held_rights import NotInStateError
from access_service.live.revoked import lineage
from access_service.signing.keyring import Keyring
from access_service.usecases.identity.service_sessions import open_service_session
from access_service.usecases.third_party import clients, software
from access_service.usecases.third_party.clients import NewClient
from access_service.usecases.tokens.exchange import ACCESS_TOKEN_TYPE, SESSION_TYPE, exchange
from access_service.usecases.tokens.introspect import introspect, revoke, session_sha256
from access_service.usecases.tokens.issue import TokenPoint, WantedToken, by_category, merge
from access_service.usecases.tokens.oauth_errors import OAuthCode, OAuthError
from access_service.usecases.tokens.once import UsedOnce
from software_world import approve, enter
from world import CLASS_6A, CLASS_6B, SCHOOL, World, hire_homeroom, homeroom_line

URL, GRADEBOOK = "http://127.0.0.1:8000", "https://so-diem.example"


@dataclass
class Stage:
    world: World
    point: TokenPoint
    gradebook: str
    guard: str
    approval: str

    def own(self, **wanted: object) -> str:
        wish = WantedToken(**wanted)  # type: ignore[arg-type]
        return self.point.waiting(lambda: self.point.client_credentials(self.gradebook, wish, may_wait=True)).token

    def exchanged(self, token: str, type_: str = ACCESS_TOKEN_TYPE) -> str:
        return self.point.waiting(
            lambda: exchange(self.point, self.gradebook, token, type_, WantedToken(), may_wait=True)
        ).token

    def session(self) -> str:
        caller = self.world.sign_in("000.gvcn").caller
        return open_service_session(self.world.services, caller, self.gradebook).token

    def is_active(self, token: str) -> bool:
        return self.point.waiting(lambda: introspect(self.point, self.guard, token)) is not None


@pytest.fixture
def stage(school_world: World, tmp_path: Path) -> Iterator[Stage]:
    world = school_world
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    point = DecisionPoint(world.services.db)
    world.services.committed.append(point.committed)
    keyring = Keyring(tmp_path / "tokens", algorithm="ES256", overlap_s=3600, now=world.clock.now)
    tokens = TokenPoint(world.services, point, keyring, issuer=URL, token_s=300)
    admin, root = world.admins[SCHOOL], world.admins[world.root]
    drawing = enter(world, name="Sổ điểm")
    approval = approve(world, drawing, categories=frozenset({"STU-ACA", "CUR"}))
    asking = enter(world, world.root, name="Cổng", is_enforcement_point=True)
    made = clients.create_client(world.services, admin, NewClient(drawing.id, resource=GRADEBOOK))
    guard = clients.create_client(
        world.services,
        root,
        NewClient(asking.id, pep_scopes=frozenset({"introspect"}), resource_types=frozenset({"student"})),
    )
    yield Stage(world, tokens, made.client.id, guard.client.id, approval.id)
    world.services.committed.remove(point.committed)


def test_what_memory_lacks_is_read_once_and_then_nothing_is(stage: Stage) -> None:
    with pytest.raises(NotInStateError):
        stage.point.client_credentials(stage.gradebook, WantedToken(), may_wait=False)
    stage.own()
    assert stage.point.client_credentials(stage.gradebook, WantedToken(), may_wait=False).claims.grants == (
        stage.approval,
    )


def test_an_exchange_and_its_end(stage: Stage) -> None:
    session = stage.session()
    token = stage.exchanged(session, SESSION_TYPE)
    below = stage.exchanged(token)
    assert stage.is_active(token)
    assert stage.is_active(below)
    world = stage.world
    software.withdraw_approval(
        world.services,
        world.admins[world.root],
        stage.approval,
        reason="thử",  # type: ignore[arg-type]
    )
    assert not stage.is_active(token)
    assert not stage.is_active(below)
    with pytest.raises(OAuthError) as refused:
        stage.own()
    assert refused.value.code is OAuthCode.UNAUTHORIZED_CLIENT


def test_a_revoked_token_takes_with_it_what_came_from_it(stage: Stage) -> None:
    token, other = stage.own(), stage.own()
    below = stage.exchanged(token)
    assert stage.point.waiting(lambda: revoke(stage.point, stage.gradebook, token))
    assert not stage.point.waiting(lambda: revoke(stage.point, stage.gradebook, token))
    assert [stage.is_active(t) for t in (token, below, other)] == [False, False, True]


def test_another_process_wrote_and_introspection_has_seen_it(stage: Stage) -> None:
    """Nothing tells this process of the commit; it looks before it answers."""
    token, world = stage.own(), stage.world
    assert stage.is_active(token)
    elsewhere = replace(world.services, committed=[])
    software.withdraw_approval(
        elsewhere,
        world.admins[world.root],
        stage.approval,
        reason="thử",  # type: ignore[arg-type]
    )
    assert not stage.is_active(token)


@pytest.mark.backends("sqlite")
def test_what_a_period_locks_is_in_no_token(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock of a reporting period beats every right (rule 2), in a token as in a decision."""
    from access_service.live import held_rights

    now = stage.world.clock.now
    lock = PeriodLock(
        "khoá",
        frozenset({"school"}),
        frozenset({"STU-ACA"}),
        frozenset({"read"}),
        now + timedelta(seconds=60),
        now + timedelta(seconds=120),
        "Khoá kỳ",
        "default",
    )
    found = held_rights._Cells._tables

    def locked(self: held_rights._Cells, grant: object) -> list[object]:
        return [replace(t, pack=replace(t.pack, locks=(lock,)), kinds={}) for t in found(self, grant)]  # type: ignore[arg-type]

    monkeypatch.setattr(held_rights._Cells, "_tables", locked)
    token = stage.own()
    claims = stage.point.verify(token, GRADEBOOK, now)
    assert claims.exp == int(now.timestamp()) + 60, "it ends when the period begins"
    stage.world.clock.forward(seconds=60)
    held = stage.point.verify(stage.own(), GRADEBOOK, stage.world.clock.now)
    assert {category for d in held.details for category in d.categories} == {"CUR"}
    stage.world.clock.forward(seconds=60)
    held = stage.point.verify(stage.own(), GRADEBOOK, stage.world.clock.now)
    assert {category for d in held.details for category in d.categories} == {"CUR", "STU-ACA"}


@pytest.mark.backends("sqlite")
def test_a_token_is_never_wider_than_decisions(stage: Stage) -> None:
    """What the token of somebody says may be done, a decision about the same person allows."""
    session = stage.session()
    claims = stage.point.verify(stage.exchanged(session, SESSION_TYPE), GRADEBOOK, stage.world.clock.now)
    teacher = stage.world.people["gvcn"]
    said = {(c, a) for d in claims.details for c in d.categories for a in d.actions if c.startswith("STU-")}
    assert {d.classes for d in claims.details} == {frozenset({CLASS_6A})}
    assert ("STU-ACA", "read") in said
    for category, action in said:
        assert stage.world.ask(teacher, action, CLASS_6A, category=category), (category, action)
        assert not stage.world.ask(teacher, action, CLASS_6B, category=category)


def test_ids_say_where_a_token_came_from() -> None:
    assert list(lineage("a.b.c")) == ["a", "a.b", "a.b.c"]
    assert list(lineage("a")) == ["a"]
    assert session_sha256("a.b") is None
    assert session_sha256("ses_" + "A" * 43 + ".b") == "0" * 64


BOXES = st.builds(
    AccessDetail,
    unit=st.sampled_from([UnitId("1"), UnitId("2")]),
    levels=st.none() | st.just(frozenset({"primary"})),
    classes=st.none(),
    subjects=st.none(),
    categories=st.frozensets(st.sampled_from(["A", "B", "C"]), min_size=1),
    actions=st.frozensets(st.sampled_from(["read", "write"]), min_size=1),
    school_year=st.none(),
    grant=st.sampled_from(["g1", "g2"]),
)


@given(st.lists(BOXES, max_size=6))
def test_merging_boxes_neither_adds_nor_takes(boxes: list[AccessDetail]) -> None:
    same: Callable[[UnitId, UnitId], bool] = lambda unit, root: unit == root  # noqa: E731
    assert covers(boxes, by_category(merge(boxes)), same)
    assert covers(merge(boxes), boxes, same)


def test_what_was_used_is_remembered_for_as_long_as_it_could_be_used_again(stage: Stage) -> None:
    now, once = stage.world.clock.now, UsedOnce(most=2)
    assert once.claim("a", now + timedelta(seconds=1), now)
    assert not once.claim("a", now + timedelta(seconds=1), now)
    assert once.claim("b", now + timedelta(seconds=2), now)
    later = now + timedelta(seconds=1)
    assert once.claim("c", later + timedelta(seconds=9), later)
    from access_service.domain.errors import UnavailableError

    with pytest.raises(UnavailableError):
        once.claim("d", later, later)
