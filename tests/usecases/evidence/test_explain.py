"""An explanation names everything a decision rests on, and what was recorded late."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete

from access_service.cli.explanation import write_explanation
from access_service.domain.accounts import Suspension
from access_service.domain.delegation import Authority, Grant
from access_service.domain.moves import AuthorityMove
from access_service.domain.names import AccountId, AuthorityId, Capacity, ClassId, SuspendableKind
from access_service.live.decision_point import DecisionPoint
from access_service.rendering.sheets import signed_as
from access_service.storage.keys import StoredPublicKey, keep_public_key
from access_service.storage.tables import PublicKeyRow, table
from access_service.usecases.evidence.explain import explain
from access_service.usecases.evidence.explanation import explanation_json
from access_service.usecases.handover import delegation
from usecases.deciding import School, ask, deciding, grant_of
from world import (
    CLASS_6A,
    CLASS_6B,
    SCHOOL,
    Someone,
    World,
)


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    with deciding(tmp_path) as made:
        yield made


def test_an_explanation_names_paper_signatures_heads_and_article(school: School) -> None:
    world, teacher, point = school
    seal = world.services.seal
    with world.services.db.engine.begin() as connection:
        for _ in range(2):  # the second time changes nothing
            keep_public_key(connection, StoredPublicKey(seal.id, "seal", seal.public_hex, world.clock.now))
    explained = explain(point, world.register, ask(teacher))
    assert explained.allowed
    assert explained.decision == point.decide(world.register, ask(teacher)).decision
    assert [u.id for u in explained.chain] == [SCHOOL, "00031001", "00031"]
    assert [u.head.position for u in explained.chain if u.head] == ["principal", "commune_chair", "director"]
    assert [a.unit for a in explained.authorities] == [SCHOOL, "00031001", "00031"]
    assert [d.kind for d in explained.documents] == ["handover_minutes", "commitment"]
    signatures = [s for d in explained.documents for s in d.signatures]
    assert [s.side for s in signatures] == ["giver", "receiver", "declarant"]
    assert all(s.verified for s in signatures)
    assert explained.rule is not None
    assert (explained.rule.role, explained.rule.effect) == ("homeroom_teacher", "allow")
    assert explained.rule.source.startswith("base/roles.csv:")
    assert explained.late == ()


def test_an_explanation_calls_the_signer_by_the_title_of_their_own_position(school: School) -> None:
    """A matrix and an explanation name the head of a school "Hiệu trưởng", as its papers do."""
    world, teacher, point = school
    told = explain(point, world.register, ask(teacher))
    assert [(s.side, s.title) for s in told.documents[0].signatures] == [("giver", "Hiệu trưởng"), ("receiver", "")]
    assert any("Người Thử head:0003101, HIỆU TRƯỞNG" in line for line in write_explanation(told))
    assert signed_as(Capacity.DEPUTY, "Phó hiệu trưởng") == "KT. – ký thay thủ trưởng, PHÓ HIỆU TRƯỞNG"


def test_an_explanation_says_that_a_right_was_given_without_an_end(school: School) -> None:
    """As the matrix does, by the same rule: such lines keep none, and whoever reads one is told."""
    world, teacher, point = school
    told = explain(point, world.register, ask(teacher))
    assert told.grant is not None
    assert told.grant.no_end is (told.grant.valid_to is None)
    with world.services.db.write(world.register, "operator") as tx:
        tx.put(replace(tx.require(Grant, told.grant.id), valid_to=None))
        tx.happened("grant.endless", told.grant.id)
        tx.touches(teacher.account)
    world.clock.forward(seconds=1)
    endless = explain(point, world.register, ask(teacher))
    assert explanation_json(endless)["grant"]["no_end"] is True
    assert any("không ghi ngày hết hiệu lực" in line for line in write_explanation(endless))


def test_a_confirmation_of_another_key_does_not_verify(school: School) -> None:
    world, teacher, point = school
    key = world.services.seal.id
    _forget_key(world)
    assert _first_signature(world, teacher, point) is None
    with world.services.db.engine.begin() as connection:
        keep_public_key(connection, StoredPublicKey(key, "seal", "00" * 32, world.clock.now))
    assert _first_signature(world, teacher, point) is False


def _first_signature(world: World, teacher: Someone, point: DecisionPoint) -> bool | None:
    return explain(point, world.register, ask(teacher)).documents[0].signatures[0].verified


def _forget_key(world: World) -> None:
    """As on a database that never saw this key."""
    with world.services.db.engine.begin() as connection:
        connection.execute(delete(table(PublicKeyRow)))


def test_a_key_retired_before_the_signature_does_not_count(school: School) -> None:
    world, teacher, point = school
    seal = world.services.seal
    _forget_key(world)
    retired = StoredPublicKey(seal.id, "seal", seal.public_hex, world.clock.now, datetime(2026, 1, 1, tzinfo=UTC))
    with world.services.db.engine.begin() as connection:
        keep_public_key(connection, retired)
    assert _first_signature(world, teacher, point) is False


def test_a_deny_explains_the_grant_that_got_furthest(school: School) -> None:
    world, teacher, point = school
    explained = explain(point, world.register, ask(teacher, CLASS_6B))
    assert (explained.allowed, explained.reason) == (False, "outside_class")
    assert explained.reason_vi == "Ngoài phạm vi lớp được phân công"
    assert explained.grant is not None
    assert explained.grant.role == "homeroom_teacher"
    assert explained.rule is None
    nobody = explain(point, world.register, ask(teacher, account=AccountId("acc_000"), class_id=ClassId("?")))
    assert (nobody.reason, nobody.grant, nobody.chain, nobody.pack) == ("resource_contradictory", None, (), None)


def test_what_was_recorded_late_is_flagged(school: School) -> None:
    world, teacher, point = school
    then = world.clock.now
    before = point.decide(world.register, ask(teacher))
    world.clock.forward(days=3)
    grant = grant_of(world, point, teacher)
    delegation.revoke_grant(world.services, world.admins[SCHOOL], grant, reason="thử")  # type: ignore[arg-type]
    assert explain(point, world.register, ask(teacher), at=then).late == ()
    with world.services.db.write(world.register, "operator") as tx:
        # Somebody records today that the account was suspended the day before `then`.
        late = Suspension(
            "sus_000", SuspendableKind.ACCOUNT, teacher.account, SCHOOL, "thử", then - timedelta(days=1)
        )
        tx.put(late)
        tx.happened("account.suspend", teacher.account)
        tx.touches(teacher.account)
        recorded = tx.now
    explained = explain(point, world.register, ask(teacher), at=then)
    assert explained.reason == "account_not_active"
    assert [(r.noun, r.id, r.recorded_at) for r in explained.late] == [("suspension", "sus_000", recorded)]
    known = explain(point, world.register, ask(teacher), at=then, known_at=before.revision)
    assert (known.decision, known.revision) == (before.decision, before.revision)


def test_an_authority_that_was_moved_is_explained_on_every_day_and_a_late_move_is_flagged(school: School) -> None:
    world, teacher, point = school
    then = world.clock.now
    own, above, _ = explain(point, world.register, ask(teacher)).authorities
    world.clock.forward(days=3)
    with world.services.db.write(world.register, "operator") as tx:
        # Somebody records today that the commune had another authority the day before `then`.
        former = tx.require(Authority, above.id)
        tx.put(replace(former, id=AuthorityId("aut_000")))
        tx.put(AuthorityMove("amv_000", own.id, AuthorityId("aut_000"), "thử", then - timedelta(days=1)))
        tx.happened("authority.move", own.id)
        tx.touches(teacher.account)
        recorded = tx.now
    explained = explain(point, world.register, ask(teacher), at=then)
    assert [a.id for a in explained.authorities][:2] == [own.id, "aut_000"]
    assert [(r.noun, r.id, r.recorded_at) for r in explained.late] == [
        ("authority", "aut_000", recorded),
        ("authority_move", "amv_000", recorded),
    ]


def test_an_explanation_renders_as_json(school: School) -> None:
    world, teacher, point = school
    decided = point.decide(world.register, ask(teacher))
    rendered = explanation_json(explain(point, world.register, ask(teacher), decided=decided))
    assert rendered["now"] == "2026-08-20T08:00:01+07:00"
    assert rendered["grant"]["scope"]["classes"] == [[CLASS_6A, ""]]
    assert rendered["documents"][0]["dated"] == "2026-08-20"
    assert (rendered["allowed"], rendered["reason"], rendered["lock"]) == (True, None, None)
    assert "decision" not in rendered


def test_every_event_of_a_register_names_the_policy_in_force(school: School) -> None:
    """A third once named none: an act that asked no pack left the reader to guess under which rules it was done."""
    world, _, _ = school
    with world.services.db.read(world.register) as reader:
        found = reader.connection.exec_driver_sql("select action, policy from events").all()
    assert found
    assert [action for action, policy in found if not policy] == []
