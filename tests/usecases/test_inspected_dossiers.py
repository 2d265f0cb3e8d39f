"""The dossier of an inspected unit: for whoever inspects it, of the days and units that their decision names."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from access_service.domain.documents import Document
from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.names import DocumentId, UnitId
from access_service.domain.reasons import Refusal
from access_service.evidence import fonts
from access_service.evidence.manifest import DossierFile
from access_service.rendering.dossier_sheets import SHEETS, make_sheet
from access_service.usecases import paper_pages
from access_service.usecases.dossiers import dossier_pages, online_pages
from access_service.usecases.dossiers.making import check_dossier
from access_service.usecases.handover import inspection
from access_service.usecases.handover.inspection import Team
from access_service.usecases.upkeep.writing_looks import write_looks
from usecases.test_dossiers import School, members
from world import LOWER, OFFICE, SCHOOL, Someone, World

pytestmark = pytest.mark.backends("sqlite")
MATRICES = {path: (about, "application/json") for path, (about, *_) in SHEETS.items()}


@pytest.fixture
def school(school_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> School:
    monkeypatch.setattr(paper_pages, "find_family", fonts.own_family)
    monkeypatch.setattr(dossier_pages, "find_family", fonts.own_family)
    return School(school_world, tmp_path)


def inspector(school: School, key: str = "kiểm tra") -> Someone:
    return school.world.hire(key, OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))


def decide(school: School, *who: Someone, of: str = SCHOOL, since: datetime | None = None) -> DocumentId:
    world = school.world
    team = Team(
        number="",
        dated=school.today,
        units=frozenset({UnitId(of)}),
        members=frozenset(one.person for one in who),
        content="Kiểm tra",
        valid_from=world.clock.now,
        valid_to=world.clock.now + timedelta(days=10),
        period_from=since or world.clock.now - timedelta(days=40),
    )
    decision = inspection.propose_inspection(world.services, world.admins[OFFICE], team)
    world.sign(world.people[f"head:{OFFICE}"], decision.id)
    return decision.id


def check(school: School, who: Someone, **more: object) -> None:
    check_dossier(school.services, who.caller, school.asked(**more))


def page(school: School, who: Someone, decision: DocumentId, path: str, unit: UnitId = SCHOOL) -> DossierFile:
    return online_pages.read_page(school.services, who.caller, decision, unit, path, MATRICES, make_sheet)


def pages(school: School, who: Someone, decision: DocumentId) -> list[str]:
    shown = online_pages.list_pages(school.services, who.caller, decision, SCHOOL, MATRICES)
    return [found.path for found in shown.pages]


def test_inspectors_have_the_dossier_between_the_dates_of_their_decision(school: School) -> None:
    world, one = school.world, inspector(school)
    team = undecided(school, one)
    with pytest.raises(RefusedError):
        check(school, one, inspection=team.id)
    world.sign(world.people[f"head:{OFFICE}"], team.id)
    check(school, one, inspection=team.id)
    check(school, one)
    world.clock.forward(days=11)
    with pytest.raises(RefusedError):
        check(school, one)
    for who in (one, world.head_of(SCHOOL)):
        with pytest.raises(RefusedError):
            check(school, who, inspection=team.id)


def undecided(school: School, who: Someone) -> Document:
    """A decision that is not signed yet."""
    world, now = school.world, school.world.clock.now
    team = Team(
        number="",
        dated=date(2026, 8, 20),
        units=frozenset({SCHOOL}),
        members=frozenset({who.person}),
        content="Kiểm tra",
        valid_from=now,
        valid_to=now + timedelta(days=10),
        period_from=now - timedelta(days=40),
    )
    return inspection.propose_inspection(world.services, world.admins[OFFICE], team)


def test_a_decision_gives_the_days_of_its_period_and_none_before(school: School) -> None:
    one = inspector(school)
    decision = decide(school, one, since=school.world.clock.now - timedelta(days=5))
    for named in (None, decision):
        with pytest.raises(InvalidError, match="period that begins later"):
            check(school, one, inspection=named)
        check(school, one, inspection=named, first=school.today - timedelta(days=5))
    with pytest.raises(InvalidError, match="period that begins later"):
        check(school, school.world.head_of(SCHOOL), inspection=decision)
    check(school, school.world.head_of(SCHOOL))


def test_nobody_names_a_decision_of_another_team_or_of_another_unit(school: School) -> None:
    world = school.world
    other = world.add_unit("0003102", "school", "Trường THCS Thử Hai", OFFICE, LOWER)
    world.give_authority(other, OFFICE, levels=frozenset({LOWER}))
    mine, theirs = inspector(school), inspector(school, "người khác")
    own, foreign, elsewhere = decide(school, mine), decide(school, theirs), decide(school, theirs, of=other)
    check(school, mine, inspection=own)
    for named in (foreign, elsewhere, school.minutes):
        with pytest.raises(NotFoundError):
            check(school, mine, inspection=named)
    check(school, world.head_of(SCHOOL), inspection=foreign)
    for named in (elsewhere, school.minutes):
        with pytest.raises(NotFoundError):
            check(school, world.head_of(SCHOOL), inspection=named)


def test_an_inspection_that_was_ended_is_no_ground(school: School) -> None:
    one = inspector(school)
    decision = decide(school, one)
    inspection.end_inspection(school.world.services, school.world.admins[OFFICE], decision, reason="xong")
    for who in (one, school.world.head_of(SCHOOL)):
        with pytest.raises(RefusedError):
            check(school, who, inspection=decision)


def test_the_team_reads_every_page_that_the_zip_has_and_each_is_an_event(school: School) -> None:
    one = inspector(school)
    decision = decide(school, one)
    seq = len(school.world.log())
    listed = pages(school, one, decision)
    read = {path: page(school, one, decision, path).data for path in listed}
    write_looks(school.services.db, school.services.looks, everything=True)
    seen = [e for e in school.world.log(seq) if e.happening.action == "dossier.page"]

    assert len(seen) == len(listed) + 1
    assert {(e.person, e.happening.unit) for e in seen} == {(one.person, SCHOOL)}
    found = members(school.make(school.head, first=school.today - timedelta(days=40))[0])
    same = [path for path in listed if path.startswith(("van-ban/", "uy-quyen/", "phan-mem/", "chi-dao/"))]
    assert any(path.endswith("van-ban.pdf") for path in same)
    assert {path: read[path] for path in same} == {path: found[path] for path in same}
    assert set(listed) <= set(found), "a page stands where the ZIP has it"
    assert json.loads(read["ma-tran/cuoi-ky.json"])["rows"]


def test_no_page_before_the_signature_after_the_last_day_for_others_or_of_other_units(school: School) -> None:
    world, one, stranger = school.world, inspector(school), inspector(school, "người khác")
    waits = undecided(school, one).id
    decision = decide(school, one)

    def missing(who: Someone, document: DocumentId, unit: UnitId = SCHOOL) -> str:
        answers = set()
        for ask in (
            lambda: online_pages.list_pages(school.services, who.caller, document, unit, MATRICES),
            lambda: page(school, who, document, "uy-quyen/chain.json", unit),
        ):
            with pytest.raises(NotFoundError) as refused:
                ask()
            answers.add(refused.value.message.replace(document, "ID"))
        (answer,) = answers
        return answer

    said = {
        missing(one, waits),
        missing(stranger, decision),
        missing(world.head_of(SCHOOL), decision),
        missing(one, decision, OFFICE),
        missing(one, DocumentId("doc_0")),
        missing(one, school.minutes),
    }
    world.clock.forward(days=9, hours=23)
    assert pages(school, one, decision)
    world.clock.forward(hours=2)
    assert said == {missing(one, decision)}


@pytest.mark.parametrize("path", ["", "nhat-ky/keys.json", "../keys.json", "van-ban/x/y/a.pdf", "verify.py"])
def test_what_is_no_page_is_none(school: School, path: str) -> None:
    one = inspector(school)
    with pytest.raises(NotFoundError) as refused:
        page(school, one, decide(school, one), path)
    assert refused.value.code is Refusal.NOT_FOUND
