"""What is read of software: explanations, the access matrix, the report form's lines, periods of draws."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from access_service.cli.explanation import write_explanation
from access_service.domain.access import AccessRequest
from access_service.domain.errors import InvalidError
from access_service.domain.names import AccountKind, Confirmable, Frequency, GrantState
from access_service.domain.org import SchoolYear
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.software import Software, period_of
from access_service.domain.time import start_of_day
from access_service.engine.packs.load import load_pack
from access_service.live.decision_point import DecisionPoint
from access_service.usecases.evidence import software_seen
from access_service.usecases.evidence.explain import explain
from access_service.usecases.evidence.explanation import Explanation, explanation_json
from access_service.usecases.evidence.matrix import open_matrix
from access_service.usecases.evidence.matrix_values import MatrixRow, Note
from access_service.usecases.services import Services
from access_service.usecases.third_party import clients, software, software_papers
from access_service.usecases.third_party.clients import NewClient
from access_service.usecases.third_party.software import Changes
from software_world import ENTRY, approve, confirm, enter
from world import CLASS_6A, OFFICE, ROOT, SCHOOL, Clock, World, found, hire_homeroom, with_school

YEAR = SchoolYear("2026-2027", start_of_day(date(2026, 8, 1)), start_of_day(date(2027, 8, 1)))


def why(world: World, used: Software, category: str = "STU-ID", at: datetime | None = None) -> Explanation:
    request = AccessRequest(used.account, "read", "class", CLASS_6A, category=category)
    return explain(DecisionPoint(world.services.db), world.register, request, at=at)


def rows(world: World, *, include_ended: bool = False, at: datetime | None = None) -> list[MatrixRow]:
    """The matrix's rows of software, as the department sees them."""
    caller = world.admins[world.root]
    with open_matrix(world.services, caller, world.root, at=at, include_ended=include_ended) as found:
        return [row for row in found.rows if row.account_kind is AccountKind.SERVICE]


def test_an_explanation_names_the_approval_as_grant_and_document(school_world: World) -> None:
    world = school_world
    used = enter(world)
    one = approve(world, used)
    found = why(world, used)
    assert found.allowed
    assert found.holder is not None
    assert (found.holder.id, found.holder.name) == (used.id, used.name)
    assert found.grant is not None
    assert (found.grant.id, found.grant.role, found.grant.state) == (one.id, "software", GrantState.EFFECTIVE)
    [paper] = found.documents
    assert (paper.kind, paper.number, paper.dated, paper.sha256) == (
        "approval",
        one.number,
        one.dated,
        one.sha256,
    )
    assert [a.unit for a in found.authorities] == [SCHOOL, OFFICE, world.root]
    text = "\n".join(write_explanation(found))
    assert f"Văn bản đồng ý của Sở GDĐT số {one.number} ngày 19/08/2026, đã ký" in text
    assert explanation_json(found)["documents"][0]["number"] == one.number


def test_an_explanation_of_a_deny_names_what_got_furthest(school_world: World) -> None:
    world = school_world
    used = enter(world)
    bare = why(world, used)
    assert (bare.reason, bare.grant, bare.documents) == (Reason.APPROVAL_MISSING, None, ())
    one = approve(world, used)
    outside = why(world, used, "STU-ACA")
    assert (outside.reason, outside.grant and outside.grant.id) == (Reason.OUTSIDE_APPROVAL, one.id)
    before = world.clock.now
    world.clock.forward(days=1)
    software.withdraw_approval(world.services, world.admins[world.root], one.id, reason="hết hợp đồng")
    gone = why(world, used)
    assert (gone.reason, gone.grant and gone.grant.state) == (Reason.APPROVAL_MISSING, GrantState.ENDED)
    assert [d.state for d in gone.documents] == ["withdrawn"]
    assert "đã thu hồi" in "\n".join(write_explanation(gone))
    # As it was answered then.
    past = why(world, used, at=before)
    assert past.allowed
    assert [d.state for d in past.documents] == ["signed"]


def test_the_matrix_shows_software_with_its_paper(school_world: World) -> None:
    world = school_world
    used = enter(world)
    assert rows(world) == []
    one = approve(world, used, grades=frozenset({"6"}))
    [row] = rows(world)
    assert (row.unit, row.grant, row.role, row.document) == (SCHOOL, one.id, "software", one.id)
    assert (row.document_number, row.document_dated) == (one.number, one.dated)
    assert row.person_name == f"{used.name} ({used.supplier})"
    assert [(right.category, right.actions) for right in row.rights] == [("STU-ID", ("read",))]
    assert (row.starts_at, row.ends_at, row.state) == (world.clock.now, one.valid_to, GrantState.EFFECTIVE)
    assert row.answerable == world.people[f"head:{SCHOOL}"].person
    begun = world.clock.now
    world.clock.forward(days=1)
    software.end_software(world.services, world.admins[SCHOOL], used.id)
    assert rows(world) == []
    [over] = rows(world, include_ended=True)
    assert (over.state, over.ends_at, over.notes) == (
        GrantState.ENDED,
        world.clock.now,
        (Note.ACCOUNT_CLOSED,),
    )
    # As of the day before it was effective.
    assert [r.state for r in rows(world, at=begun)] == [GrantState.EFFECTIVE]


def test_the_department_sums_up_what_schools_report(school_world: World) -> None:
    """(#6, #13) The report form's lines of a unit, and of everything below it."""
    world = school_world
    mine, office = enter(world), enter(world, OFFICE, name="Phần mềm quản lý thử")
    approve(world, mine)
    clients.create_client(world.services, world.admins[SCHOOL], NewClient(mine.id))
    here, root = world.services, world.admins[world.root]
    assert software_seen.software_of_unit(here, root, world.root) == []
    every = software_seen.software_of_unit(here, root, world.root, below=True)
    assert {s.software.id for s in every} == {mine.id, office.id}
    [line] = software_seen.software_of_unit(here, world.admins[SCHOOL], SCHOOL)
    entered = {name: getattr(line.software, name) for name in ENTRY.__dataclass_fields__}
    assert entered == {name: getattr(ENTRY, name) for name in ENTRY.__dataclass_fields__}
    assert [state for _, state in line.approvals] == [GrantState.EFFECTIVE]
    assert len(line.clients) == 1
    teacher = hire_homeroom(world)
    with pytest.raises(Exception, match=r"only `.*` or a unit above it may do that"):
        software_seen.read_software(here, teacher.caller, mine.id)


def test_an_entry_is_made_once_and_changed_where_it_may(school_world: World) -> None:
    world = school_world
    used = enter(world)
    with world.refuses(Refusal.DUPLICATE):
        enter(world)
    admin = world.admins[SCHOOL]
    for nothing in (Changes(), Changes(cost=used.cost), Changes(security_level=0)):
        with world.refuses(Refusal.INVALID):
            software.change_software(world.services, admin, used.id, nothing)
    changed = software.change_software(
        world.services, admin, used.id, Changes(security_level=3, security_standard="TCVN 11930:2017")
    )
    assert changed == replace(used, security_level=3, security_standard="TCVN 11930:2017")


def test_a_period_is_counted_on_a_vietnamese_clock() -> None:
    pack = load_pack(Path(ROOT / "policy"), "base", ROOT / "models")

    def period(frequency: Frequency, *when: int) -> str | None:
        return period_of(frequency, datetime(*when, tzinfo=UTC), [YEAR], pack)  # type: ignore[misc]

    assert period(Frequency.UNLIMITED, 2026, 9, 5) is None
    # 17:00 UTC is the next day's midnight.
    assert period(Frequency.ONCE_A_DAY, 2026, 9, 5, 16, 59) == "2026-09-05"
    assert period(Frequency.ONCE_A_DAY, 2026, 9, 5, 17) == "2026-09-06"
    assert period(Frequency.ONCE_A_SCHOOL_YEAR, 2027, 7, 1) == "2026-2027"
    # Between two years the one that began last still counts: closing it opens no second draw.
    assert period(Frequency.ONCE_A_SCHOOL_YEAR, 2027, 8, 2) == "2026-2027"
    assert period(Frequency.ONCE_A_TERM, 2026, 8, 1) == "2026-2027/1"
    assert period(Frequency.ONCE_A_TERM, 2027, 1, 17, 16, 59) == "2026-2027/1"
    assert period(Frequency.ONCE_A_TERM, 2027, 1, 17, 17) == "2026-2027/2"
    with pytest.raises(InvalidError, match="no school year has begun"):
        period(Frequency.ONCE_A_TERM, 2026, 7, 1)


def test_an_effective_approval_says_when_it_ends(school_world: World) -> None:
    """A token outlives neither the paper nor the authority that it is within."""
    world = school_world
    used = enter(world)
    approve(world, used, classes=frozenset({(CLASS_6A, "")}), valid_to=start_of_day(date(2028, 1, 1)))
    with world.services.db.read(world.register) as reader:
        [found] = software.effective_approvals(reader, used.id, world.clock.now)
    assert found.ends_at == YEAR.closes_at
    assert [scope.class_ids for scope in found.scopes] == [frozenset({CLASS_6A})]
    with world.services.db.read(world.register) as reader:
        assert software.effective_approvals(reader, used.id, YEAR.closes_at) == []
        assert software.effective_approvals(reader, used.id, world.clock.now - timedelta(seconds=1)) == []


def test_what_is_confirmed_and_what_is_not_is_told(services: Services, clock: Clock) -> None:
    """The list, the explanation and the matrix say what counts, by which paper, and what is lacking."""
    world = with_school(found(services, clock, pack="ho-chi-minh"))
    used = enter(world, security_level=3, security_standard="TCVN 11930:2017", on_axis=True)
    level = confirm(world, used, Confirmable.SECURITY_LEVEL, 3)
    axis = confirm(world, used, Confirmable.DATA_AXIS)
    one = approve(world, used)
    seen = software_seen.read_software(world.services, world.admins[SCHOOL], used.id)
    assert (seen.level, seen.on_axis, {c.id for c in seen.confirmations}) == (3, True, {level.id, axis.id})
    told = why(world, used)
    assert {d.id for d in told.documents} == {one.id, level.id, axis.id}
    text = "\n".join(write_explanation(told))
    assert f"Văn bản xác nhận cấp độ an toàn hệ thống thông tin số {level.number}" in text
    assert f"Văn bản xác nhận kết nối Trục dữ liệu số {axis.number}" in text
    [row] = rows(world)
    assert (row.state, row.notes) == (GrantState.EFFECTIVE, ())
    world.clock.forward(days=1)
    root = world.admins[world.root]
    software_papers.withdraw_confirmation(world.services, root, axis.id, reason="mất kết nối")
    gone = why(world, used)
    assert (gone.reason, gone.grant and gone.grant.unmet) == (Reason.APPROVAL_MISSING, "software_on_axis")
    assert "Chưa đáp ứng: Kết nối Trục dữ liệu chưa được Sở GDĐT xác nhận" in "\n".join(write_explanation(gone))
    [row] = rows(world)
    assert (row.state, row.notes) == (GrantState.PENDING, (Note.NOT_CONFIRMED,))
    after = software_seen.read_software(world.services, world.admins[SCHOOL], used.id)
    assert (after.level, after.on_axis) == (3, False)
