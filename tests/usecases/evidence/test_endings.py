"""An ended right says how, by whom and why, and an end that was entered late contradicts no date."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from access_service.cli.explanation import write_explanation
from access_service.domain.delegation import Grant
from access_service.domain.names import AssignmentId, GrantId
from access_service.domain.time import local, start_of_day
from access_service.storage.facts import Reader
from access_service.storage.standing import Gatherer
from access_service.usecases.evidence.endings import EndedBy, GrantEnding, endings_of
from access_service.usecases.evidence.explain import explain
from access_service.usecases.evidence.explanation import explanation_json
from access_service.usecases.handover import delegation, documents
from access_service.usecases.organisation import leaving
from usecases.deciding import School, ask, deciding
from world import OFFICE, SCHOOL, World


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    with deciding(tmp_path) as made:
        yield made


def ending(world: World, grant: str, known_at: int | None = None) -> GrantEnding | None:
    with world.services.db.read(world.register, known_at) as reader:
        return found_in(reader, world, [grant]).get(GrantId(grant))


def found_in(reader: Reader, world: World, ids: list[str]) -> dict[GrantId, GrantEnding]:
    facts = Gatherer(reader).grants(reader.find(Grant, id=ids), world.clock.now)
    return endings_of(reader, facts, world.clock.now)


def granted(school: School) -> Grant:
    """The teacher's right."""
    world, teacher, _ = school
    with world.services.db.read(world.register) as reader:
        [grant] = reader.find(Grant, account=teacher.account)
    return grant


def test_a_right_that_stands_has_no_ending(school: School) -> None:
    world, teacher, point = school
    assert ending(world, granted(school).id) is None
    explained = explain(point, world.register, ask(teacher))
    assert explained.grant is not None
    assert explained.grant.ending is None


def test_a_revoked_right_says_by_whom_and_for_which_reason(school: School) -> None:
    world, teacher, point = school
    grant, before = granted(school).id, world.revision
    world.clock.forward(days=1)
    delegation.revoke_grant(world.services, world.admins[OFFICE], grant, reason="Sai phạm vi được giao")
    found, admin = ending(world, grant), world.admins[OFFICE]
    assert found is not None
    assert (found.how, found.action, found.reason) == ("revoked", "grant.revoke", "Sai phạm vi được giao")
    assert (found.account, found.person, found.at) == (admin.account, admin.person, world.clock.now)
    assert found.recorded_at == found.at
    assert found.seq == world.log()[-1].seq
    assert ending(world, grant, before) is None, "as it was known then it stood"
    told = "\n".join(write_explanation(explain(point, world.register, ask(teacher))))
    assert "(bị thu hồi)" in told
    assert "Lý do, căn cứ: Sai phạm vi được giao" in told
    assert "Người chấm dứt: Người Thử" in told


def test_an_end_that_was_entered_late_says_both_days(school: School) -> None:
    world, teacher, point = school
    duty, last = granted(school).assignment, date(2026, 9, 1)
    # Another duty keeps the account open.
    world.assign(teacher.person, SCHOOL, "clerk", SCHOOL)
    world.clock.now = start_of_day(date(2026, 9, 10))
    case = leaving.end_duty(
        world.services, world.admins[SCHOOL], AssignmentId(str(duty)), on=last, decision_number="12/QĐ-THCS"
    )
    assert case.id
    found = ending(world, granted(school).id)
    assert found is not None
    assert (found.how, found.action, found.reason) == ("assignment_ended", "duty.end", "12/QĐ-THCS")
    assert found.at == start_of_day(last)
    assert found.recorded_at == world.clock.now
    between = start_of_day(date(2026, 9, 3))
    explained = explain(point, world.register, ask(teacher), at=between)
    assert not explained.allowed
    assert explained.grant is not None
    assert explained.grant.ending is not None
    assert explained.grant.ending.at == explained.grant.ended_at == start_of_day(last)
    assert explained.grant.ending.recorded_at == world.clock.now
    shown = explanation_json(explained)["grant"]["ending"]
    assert (shown["at"][:10], shown["recorded_at"][:10], shown["reason"]) == (
        "2026-09-01",
        "2026-09-10",
        "12/QĐ-THCS",
    )
    lines = "\n".join(write_explanation(explained))
    assert "Chấm dứt: 01/09/2026 00:00 (phân công nhiệm vụ kết thúc)" in lines
    assert "ghi nhận 10/09/2026 00:00" in lines


def test_before_its_end_a_right_says_nothing_of_how_it_ended(school: School) -> None:
    """Asked about a day on which it stood, the end that came later is no ending of that day."""
    world, teacher, point = school
    then = world.clock.now
    world.clock.forward(days=3)
    delegation.revoke_grant(world.services, world.admins[SCHOOL], granted(school).id, reason="Đổi việc")
    explained = explain(point, world.register, ask(teacher), at=then)
    assert explained.allowed
    assert explained.grant is not None
    assert explained.grant.ending is None


def test_a_withdrawn_paper_gives_its_reason(school: School) -> None:
    world, _, _ = school
    grant = granted(school)
    assert grant.document is not None
    documents.withdraw(world.services, world.admins[OFFICE], grant.document, reason="Lập sai biên bản")
    found = ending(world, grant.id)
    assert found is not None
    assert (found.how, found.action, found.reason) == ("document_withdrawn", "document.close", "Lập sai biên bản")


def test_what_ends_with_an_authority_names_the_office_that_took_it_back(school: School) -> None:
    world, _, _ = school
    grant = granted(school)
    delegation.withdraw_authority(world.services, world.admins[OFFICE], grant.authority)
    found = ending(world, grant.id)
    assert found is not None
    assert (found.how, found.action) == ("authority_withdrawn", "authority.end")
    assert found.person == world.admins[OFFICE].person


def test_a_date_that_ends_a_right_is_its_ending_and_nobody_did_it(school: School) -> None:
    world, teacher, point = school
    grant = granted(school)
    assert grant.valid_to is not None
    world.clock.now = grant.valid_to + timedelta(days=1)
    found = ending(world, grant.id)
    assert found == GrantEnding(EndedBy.TERM, found.at if found else None, None, "", "", None, "", None)
    assert found is not None
    assert found.at is not None
    assert found.at <= grant.valid_to
    told = "\n".join(write_explanation(explain(point, world.register, ask(teacher))))
    assert f"Chấm dứt: {local(found.at):%d/%m/%Y %H:%M} (hết thời hạn)" in told


def test_many_rights_are_asked_about_in_as_few_questions_as_one(school_world: World) -> None:
    world, ids = school_world, list[str]()
    for n in range(6):
        _, grant = world.hire_granted(f"vt{n}")
        ids.append(grant.id)
    for id_ in ids[:5]:
        delegation.revoke_grant(world.services, world.admins[SCHOOL], GrantId(id_), reason=f"Lý do {id_}")
    with world.services.db.read(world.register) as reader:
        found = found_in(reader, world, ids)
        many = reader.asked
    with world.services.db.read(world.register) as reader:
        assert found_in(reader, world, ids[:1]) == {GrantId(ids[0]): found[GrantId(ids[0])]}
        assert reader.asked <= many
    assert {id_: e.reason for id_, e in found.items()} == {id_: f"Lý do {id_}" for id_ in ids[:5]}
