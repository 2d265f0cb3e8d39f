"""What a reviewer should look at twice: each kind is a story of a school, and what clears it clears it."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from access_service.domain import words
from access_service.domain.accounts import Custody
from access_service.domain.anomalies import (
    ANOMALY_LIMITS,
    CLEARED_BY,
    Anomaly,
    AnomalyCode,
    AnomalySeverity,
    ExaminedUnit,
)
from access_service.domain.anomaly_rules import examine_unit
from access_service.domain.delegation import Grant
from access_service.domain.documents import Document
from access_service.domain.names import DocumentId, GrantId, Method, UnitId
from access_service.domain.org import Assignment
from access_service.domain.scope import Scope
from access_service.domain.time import local
from access_service.engine.packs.sections import LATER_LIMITS, LIMITS
from access_service.rendering.anomaly_words import ANOMALY_WORDS
from access_service.rendering.matrix_files import write_csv
from access_service.storage.standing import Gatherer
from access_service.storage.uses import add_uses
from access_service.usecases.evidence.matrix import read_matrix
from access_service.usecases.evidence.matrix_values import MatrixFilters, MatrixRow, MatrixShape
from access_service.usecases.handover import delegation
from access_service.usecases.organisation.leaving import end_duty
from prepared import as_it_is, copied
from software_world import approve, enter
from world import CLASS_6A, CLASS_6B, OFFICE, SCHOOL, Someone, World, hire_homeroom, homeroom_line


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    school, _ = copied(tmp_path, as_it_is)
    yield school
    school.services.db.close()


def found(world: World, code: AnomalyCode, unit: UnitId = SCHOOL, **asked: Any) -> list[Anomaly]:
    with read_matrix(world.services.db, world.register, unit, **asked) as matrix:
        lines = [line for batch in matrix.batches for line in batch.anomalies]
    return [line.anomaly for line in lines if line.anomaly.code is code]


def codes_of(world: World, grant: str) -> tuple[str, ...]:
    with read_matrix(world.services.db, world.register, SCHOOL) as matrix:
        [row] = [row for row in matrix.rows if row.grant == grant]
    return row.anomalies


def put(world: World, *facts: Any) -> None:
    """As somebody would who writes into the database, or as an older version of the program did."""
    with world.services.db.write(world.register, "operator") as tx:
        tx.put(*facts)
        tx.happened("test", facts[0].id)
        tx.touches_everybody()


def a_teacher(world: World, key: str = "gvcn", class_id: Any = CLASS_6A) -> tuple[Someone, GrantId]:
    teacher = hire_homeroom(world, key, class_id)
    return teacher, world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher, class_id)).grants[0].id


def test_whoever_signed_the_minutes_and_not_the_commitment_is_named(world: World) -> None:
    teacher = hire_homeroom(world)
    prepared = world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    world.sign(world.head_of(SCHOOL), prepared.document.id)
    world.sign(teacher, prepared.document.id)
    [one] = found(world, AnomalyCode.COMMITMENT_MISSING)
    assert (one.person, one.grant, one.severity) == (teacher.person, prepared.grants[0].id, AnomalySeverity.FIX)
    assert prepared.commitment is not None
    world.sign(teacher, prepared.commitment.id)
    assert not found(world, AnomalyCode.COMMITMENT_MISSING)


def test_a_commitment_to_an_older_text_is_to_be_signed_again(world: World) -> None:
    _, grant = a_teacher(world)
    assert not found(world, AnomalyCode.COMMITMENT_OUTDATED)
    with world.services.db.read(world.register) as reader:
        [commitment] = [d for d in reader.find(Document) if d.text_version]
    put(world, replace(commitment, text_version="0"))
    [one] = found(world, AnomalyCode.COMMITMENT_OUTDATED)
    assert one.grant == grant
    assert "mẫu cũ" in one.vi


def test_minutes_that_lack_a_side_are_no_minutes(world: World) -> None:
    """Somebody put a right in force by SQL: its paper has no signature of the receiver."""
    teacher = hire_homeroom(world)
    prepared = world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    world.sign(world.head_of(SCHOOL), prepared.document.id)
    document = world.get(Document, prepared.document.id)
    grant = world.get(Grant, prepared.grants[0].id)
    assert prepared.commitment is not None
    world.sign(teacher, prepared.commitment.id)
    put(world, replace(document, signed_at=world.clock.now), replace(grant, activated_at=world.clock.now))
    [one] = found(world, AnomalyCode.MINUTES_MISSING)
    assert one.grant == grant.id
    assert "chữ ký bên nhận" in one.vi


def test_attested_paper_without_a_place_where_it_lies(world: World) -> None:
    _, grant = a_teacher(world)
    document = world.get(Document, world.get(Grant, grant).document or "")
    put(world, replace(document, method=Method.ATTESTED, reference="kệ 3"))
    assert not found(world, AnomalyCode.MINUTES_MISSING)
    put(world, replace(document, method=Method.ATTESTED, reference=None))
    [one] = found(world, AnomalyCode.MINUTES_MISSING)
    assert "nơi lưu bản giấy" in one.vi


def test_paper_alone_is_told_after_a_year(world: World) -> None:
    _, grant = a_teacher(world)
    document = world.get(Document, world.get(Grant, grant).document or "")
    put(world, replace(document, method=Method.ATTESTED, reference="kệ 3"))
    assert not found(world, AnomalyCode.PAPER_ONLY)
    put(world, replace(document, method=Method.ATTESTED, reference="kệ 3", dated=date(2025, 8, 1)))
    assert [a.grant for a in found(world, AnomalyCode.PAPER_ONLY)] == [grant]


def test_a_right_that_nobody_used_for_six_weeks_or_ever(world: World) -> None:
    _, used = a_teacher(world)
    _, never = a_teacher(world, "gvcn hai", CLASS_6B)
    assert not found(world, AnomalyCode.NEVER_USED, at=world.clock.now + timedelta(days=300)), (
        "nothing is counted yet"
    )
    today = local(world.clock.now).date()
    with world.services.db.aside() as connection:
        add_uses(connection, world.register, [used], today)
        add_uses(connection, world.register, [used], today + timedelta(days=10))
    soon, later = world.clock.now + timedelta(days=44), world.clock.now + timedelta(days=60)
    assert not found(world, AnomalyCode.NEVER_USED, at=soon)
    assert [a.grant for a in found(world, AnomalyCode.NEVER_USED, at=later)] == [never]
    assert [a.grant for a in found(world, AnomalyCode.UNUSED, at=later)] == [used]
    assert not found(world, AnomalyCode.UNUSED, at=soon)


def test_the_last_use_is_that_of_the_instant_asked_about(world: World) -> None:
    _, grant = a_teacher(world)
    first = local(world.clock.now).date()
    with world.services.db.aside() as connection:
        for days in (0, 3, 40):
            add_uses(connection, world.register, [grant], first + timedelta(days=days))

    def last(days: int) -> date | None:
        at = world.clock.now + timedelta(days=days)
        with read_matrix(world.services.db, world.register, SCHOOL, at=at) as matrix:
            return next(row.last_used for row in matrix.rows if row.grant == grant)

    assert [last(d) for d in (0, 2, 3, 39, 40, 90)] == [first + timedelta(days=d) for d in (0, 0, 3, 3, 40, 40)]


def test_an_account_officer_who_enters_marks_is_two_duties_in_one(world: World) -> None:
    teacher, grant = a_teacher(world)
    assert not found(world, AnomalyCode.CONFLICTING_DUTIES)
    held = world.get(Grant, grant)
    put(world, replace(held, id=GrantId("grn_000"), role="account_officer", scope=Scope(unit=SCHOOL)))
    both = found(world, AnomalyCode.CONFLICTING_DUTIES)
    assert {a.person for a in both} == {teacher.person}
    assert any("tài khoản" in a.vi for a in both)


def test_an_officer_who_operates_the_admin_account_on_no_paper(world: World) -> None:
    officer = world.hand_to_officer(SCHOOL)
    assert not found(world, AnomalyCode.ADMIN_WITHOUT_HANDOVER)
    with world.services.db.read(world.register) as reader:
        [custody] = reader.find(Custody, person=officer.person)
    put(world, replace(custody, document=None))
    [one] = found(world, AnomalyCode.ADMIN_WITHOUT_HANDOVER)
    assert one.person == officer.person


def test_an_admin_account_that_nobody_operates_is_told_after_a_week(world: World) -> None:
    head = world.head_of(SCHOOL)
    world.clock.forward(days=1)
    end_duty(world.services, world.admins[OFFICE], head.duty, on=words.day("21/08/2026"), decision_number="9/QĐ")
    assert not found(world, AnomalyCode.CUSTODY_VACANT, at=world.clock.now + timedelta(days=5))
    [one] = found(world, AnomalyCode.CUSTODY_VACANT, at=world.clock.now + timedelta(days=8))
    assert one.since is not None
    assert local(one.since).date() == date(2026, 8, 21)


def test_an_admin_account_without_a_second_factor(world: World) -> None:
    [one] = found(world, AnomalyCode.ADMIN_WITHOUT_FACTOR)
    assert one.person == world.head_of(SCHOOL).person
    world.proof(world.admins[SCHOOL])
    assert not found(world, AnomalyCode.ADMIN_WITHOUT_FACTOR)


def test_a_new_head_who_has_not_confirmed_within_a_month(world: World) -> None:
    _, grant = a_teacher(world)
    world.clock.forward(days=1)
    old = world.head_of(SCHOOL)
    end_duty(world.services, world.admins[OFFICE], old.duty, on=words.day("21/08/2026"), decision_number="9/QĐ")
    world.clock.forward(hours=1)
    new = world.hire("moi", SCHOOL, "principal", OFFICE)
    assert not found(world, AnomalyCode.ISSUER_LEFT, at=world.clock.now + timedelta(days=20))
    late = world.clock.now + timedelta(days=31)
    assert [a.grant for a in found(world, AnomalyCode.ISSUER_LEFT, at=late)] == [grant]
    world.clock.forward(hours=1)
    delegation.confirm_grants(world.services, new.caller, SCHOOL)
    assert not found(world, AnomalyCode.ISSUER_LEFT, at=late)


def test_a_class_with_two_teachers_in_charge_and_one_with_none(world: World) -> None:
    teacher, grant = a_teacher(world)
    assert {a.class_id for a in found(world, AnomalyCode.HOMEROOM_NONE)} == {CLASS_6B}
    assert not found(world, AnomalyCode.HOMEROOM_NONE, at=words.instant("10/08/2026"))
    assert not found(world, AnomalyCode.HOMEROOM_TWICE)
    other, second = a_teacher(world, "gvcn hai", CLASS_6B)
    moved = world.get(Grant, second)
    duty = world.get(Assignment, other.duty)
    put(
        world,
        replace(moved, scope=world.get(Grant, grant).scope),
        replace(duty, classes=frozenset({(CLASS_6A, "")})),
    )
    [one] = found(world, AnomalyCode.HOMEROOM_TWICE)
    assert one.class_id == CLASS_6A
    assert "2 người" in one.vi
    assert teacher.person


def test_a_right_for_another_class_than_the_duty(world: World) -> None:
    teacher, grant = a_teacher(world)
    assert not found(world, AnomalyCode.BEYOND_DUTY)
    put(world, replace(world.get(Assignment, teacher.duty), classes=frozenset({(CLASS_6B, "")})))
    [one] = found(world, AnomalyCode.BEYOND_DUTY)
    assert (one.grant, one.vi.endswith("lớp")) == (grant, True)
    assert AnomalyCode.BEYOND_DUTY in codes_of(world, grant)


def test_an_account_that_has_had_no_right_for_long(world: World) -> None:
    idle = hire_homeroom(world)
    assert not found(world, AnomalyCode.DUTY_MISSING)
    later = world.clock.now + timedelta(days=46)
    assert idle.account in {a.account for a in found(world, AnomalyCode.DUTY_MISSING, at=later)}
    world.hand_over(SCHOOL, idle, homeroom_line(world, idle))
    assert idle.account not in {a.account for a in found(world, AnomalyCode.DUTY_MISSING, at=later)}


def test_many_people_with_sensitive_data_of_the_whole_school(world: World) -> None:
    """Those in charge of one class are not counted: that is what the letters want."""
    a_teacher(world)
    for n in range(ANOMALY_LIMITS["sensitive_holders"]):
        world.hire_granted(f"kế toán {n}", "accountant")
    assert not found(world, AnomalyCode.SENSITIVE_MANY)
    world.hire_granted("kế toán cuối", "accountant")
    many = found(world, AnomalyCode.SENSITIVE_MANY)
    assert many
    assert all(a.vi.startswith("6 người") for a in many)


def test_what_is_only_told_marks_no_row(world: World) -> None:
    world.hire_granted("giaovu")
    told = found(world, AnomalyCode.EXPORT_SENSITIVE)
    assert all(a.severity is AnomalySeverity.INFO and a.grant is None for a in told)
    with read_matrix(world.services.db, world.register, SCHOOL) as matrix:
        assert all(AnomalyCode.EXPORT_SENSITIVE not in row.anomalies for row in matrix.rows)


def test_a_duty_that_is_recorded_weeks_after_it_began(world: World) -> None:
    began = world.clock.now
    world.clock.forward(days=14)
    classes = frozenset({(CLASS_6A, "")})
    late = world.hire("muon", SCHOOL, "homeroom", SCHOOL, classes=classes, valid_from=began)
    world.hand_over(SCHOOL, late, replace(homeroom_line(world, late), valid_from=began))
    a_teacher(world, "kip", CLASS_6B)
    [one] = found(world, AnomalyCode.RECORDED_LATE)
    assert (one.person, one.severity) == (late.person, AnomalySeverity.INFO)


def test_an_approval_that_ends_within_a_month(world: World) -> None:
    used = enter(world)
    paper = approve(world, used)
    paper = replace(paper, valid_to=paper.valid_from + timedelta(days=100))
    put(world, paper)
    assert not found(world, AnomalyCode.APPROVAL_ENDING)
    [one] = found(world, AnomalyCode.APPROVAL_ENDING, at=paper.valid_to - timedelta(days=10))
    assert (one.document, one.account) == (paper.id, used.account)
    assert not found(world, AnomalyCode.APPROVAL_ENDING, at=paper.valid_to + timedelta(days=1))


def test_two_papers_of_a_year_with_one_number_are_to_be_mended(world: World) -> None:
    _, grant = a_teacher(world)
    paper = world.get(Document, world.get(Grant, grant).document)
    assert not found(world, AnomalyCode.NUMBER_DUPLICATE)
    put(world, replace(paper, id=DocumentId("doc_cu"), dated=date(2026, 8, 3)))
    [one] = found(world, AnomalyCode.NUMBER_DUPLICATE)
    assert (one.severity, one.document, one.unit) == (AnomalySeverity.FIX, paper.id, SCHOOL)
    assert one.vi == f"Số {paper.number} năm 2026 đứng trên 2 văn bản, đề ngày 03/08/2026; 20/08/2026"
    put(world, replace(paper, id=DocumentId("doc_cu"), dated=date(2025, 8, 3)))
    assert not found(world, AnomalyCode.NUMBER_DUPLICATE), "each year begins anew"


def test_a_number_whose_paper_somebody_removed_leaves_a_hole(world: World) -> None:
    grants = [a_teacher(world, key, class_id)[1] for key, class_id in (("a", CLASS_6A), ("b", CLASS_6B))]
    third = world.hire_granted("giáo vụ")[1]
    numbers = [world.get(Document, world.get(Grant, id_).document).number for id_ in (*grants, third.id)]
    assert [number[:2] for number in numbers] == ["01", "02", "03"]
    assert not found(world, AnomalyCode.NUMBER_GAP)
    paper = world.get(Grant, grants[1]).document
    with world.services.db.engine.begin() as connection:
        connection.execute(text("DELETE FROM document_numbers WHERE document = :id"), {"id": paper})
        connection.execute(text("UPDATE documents SET number = '' WHERE id = :id"), {"id": paper})
    [one] = found(world, AnomalyCode.NUMBER_GAP)
    assert one.severity is AnomalySeverity.LOOK
    assert one.vi == f"Sổ BB năm 2026 không có văn bản mang số 02, sau số {numbers[0]} ngày 20/08/2026"


def test_what_the_office_numbered_elsewhere_before_is_no_hole(world: World) -> None:
    _, grant = a_teacher(world)
    paper = world.get(Document, world.get(Grant, grant).document)
    for n in (2, 9):
        put(world, replace(paper, id=DocumentId(f"doc_cu{n}"), number=f"{n:02}/BB-X", dated=date(2025, 8, n)))
    assert not found(world, AnomalyCode.NUMBER_GAP)


def test_everything_has_a_name_a_way_out_and_a_limit_that_packs_may_set() -> None:
    assert set(CLEARED_BY) == set(AnomalyCode) == set(ANOMALY_WORDS)
    assert set(ANOMALY_LIMITS) <= set(LIMITS)
    assert set(ANOMALY_LIMITS) <= set(LATER_LIMITS)


def test_the_table_says_who_what_since_when_by_what_and_how_it_is_cleared(world: World) -> None:
    teacher, _ = a_teacher(world)
    put(world, replace(world.get(Assignment, teacher.duty), classes=frozenset({(CLASS_6B, "")})))
    stream = io.BytesIO()
    with read_matrix(world.services.db, world.register, SCHOOL) as matrix:
        write_csv(matrix, stream, MatrixShape.ANOMALY)
    lines = list(csv.DictReader(io.StringIO(stream.getvalue().decode("utf-8-sig"))))
    [line] = [line for line in lines if line["Mã loại"] == "beyond_duty"]
    assert line["Loại"] == "Quyền vượt nhiệm vụ được phân công"
    assert (line["Mức"], line["Họ và tên"], line["Tài khoản"]) == ("Phải khắc phục", "Người Thử gvcn", "000.gvcn")
    assert line["Cách khắc phục"]
    assert line["Từ ngày"] == "20/08/2026"


def test_with_a_filter_only_what_is_about_the_rows_that_are_left(world: World) -> None:
    teacher, _ = a_teacher(world)
    put(world, replace(world.get(Assignment, teacher.duty), classes=frozenset({(CLASS_6B, "")})))
    assert found(world, AnomalyCode.BEYOND_DUTY, filters=MatrixFilters(role="homeroom_teacher"))
    assert not found(world, AnomalyCode.BEYOND_DUTY, filters=MatrixFilters(role="principal"))


def test_a_school_in_order_has_nothing_to_fix_but_what_the_test_world_leaves_out(world: World) -> None:
    a_teacher(world)
    with read_matrix(world.services.db, world.register, SCHOOL) as matrix:
        rows: list[MatrixRow] = list(matrix.rows)
    assert {code for row in rows for code in row.anomalies} == {AnomalyCode.ADMIN_WITHOUT_FACTOR}


def test_software_whose_preconditions_are_gone_is_named(world: World) -> None:
    used = enter(world)
    approve(world, used)
    assert not found(world, AnomalyCode.SOFTWARE_UNFIT)
    with world.services.db.read(world.register) as reader:
        gather = Gatherer(reader)
        [facts] = gather.approvals([used], world.clock.now)
        unit, tables = gather.org.unit(SCHOOL), gather.tables_for(SCHOOL, world.clock.now)
    assert unit is not None
    assert tables is not None
    unmet = replace(facts, unmet="software_security_level")
    codes = [a.code for a in examine_unit(ExaminedUnit(unit, tables.pack, world.clock.now, approvals=(unmet,)))]
    assert AnomalyCode.SOFTWARE_UNFIT in codes
