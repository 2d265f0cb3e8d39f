"""`paths --after ACT`: the questions as if an ordinary act were done, what it opens and closes, and bad input."""

from __future__ import annotations

import json
from typing import Any

import pytest

from access_service.domain.accounts import Account
from access_service.domain.delegation import Authority
from access_service.domain.names import AccountKind
from access_service.domain.org import Assignment
from access_service.storage.audit import events
from cli.test_commands import run, school, url
from world import OFFICE, SCHOOL, World

__all__ = ["run", "school", "url"]


def facts_of(world: World) -> dict[str, Any]:
    """Ids of what the acts name."""
    with world.services.db.read(world.register) as reader:
        duties = {(d.person, d.unit): d.id for d in reader.find(Assignment)}
        authorities = {a.unit: a.id for a in reader.find(Authority)}
    people = {name: someone.person for name, someone in world.people.items()}
    return {"duty": duties, "authority": authorities, "person": people}


def changed(run: Any, act: str, *more: str) -> Any:
    ran = run("paths", "--after", act, "--diff", "--json", *more)
    assert ran.status in (0, 1), ran.err
    return json.loads(ran.out)


def said(held: list[dict[str, str]], kind: str) -> set[tuple[str, str]]:
    return {(h["who"], h["what"]) for h in held if h["kind"] == kind}


def test_a_duty_that_ends_closes_the_right_that_rests_on_it_and_every_path_to_it(run: Any, school: World) -> None:
    known = facts_of(school)
    teacher = known["duty"][known["person"]["gvcn"], SCHOOL]
    act = f"duty:end {teacher} 15/10/2026"
    asked = ("--to", SCHOOL, "--read", "STU-HEA")
    found = changed(run, act, *asked)
    assert [h["who"] for h in found["lost"] if h["kind"] == "right"] == ["000.gvcn"]
    assert not found["after"]
    assert found["before"]["path"] == len(said(found["lost"], "path")) > 3
    assert found["gained"] == []
    assert "Đang được xem: 0" in run("paths", *asked, "--after", act).out
    assert "Đang được xem: 1" in run("paths", *asked).out


def test_a_head_who_goes_leads_and_keeps_nothing_and_reaches_nobody(run: Any, school: World) -> None:
    known = facts_of(school)
    duty = known["duty"][known["person"][f"head:{OFFICE}"], OFFICE]
    found = changed(run, f"duty:end {duty} 15/10/2026")
    head = f"000.head:{OFFICE}"
    assert [who for who, _ in said(found["lost"], "leads")] == [head]
    assert [who for who, _ in said(found["lost"], "keeps")] == [head]
    assert (head, "000.gvcn") in said(found["lost"], "recovers")
    assert all(h["rule"] for h in found["lost"])
    assert next(h["paper"] for h in found["lost"] if h["kind"] == "leads")
    assert changed(run, f"duty:end {duty} 15/10/2026", "--from", head)["after"] == {}


def test_a_second_head_is_refused_by_its_code_and_a_replaced_one_passes(run: Any, school: World) -> None:
    known = facts_of(school)
    teacher, head = known["person"]["gvcn"], known["person"][f"head:{SCHOOL}"]
    ran = run("paths", "--after", f"duty:begin {teacher} {SCHOOL} principal 15/10/2026", "--diff")
    assert (ran.status, "duplicate" in ran.err) == (1, True)
    act = f"duty:begin {teacher} {SCHOOL} principal 15/10/2026 {known['duty'][head, SCHOOL]}"
    found = changed(run, act)
    assert [who for who, _ in said(found["gained"], "leads")] == ["000.gvcn"]
    assert [who for who, _ in said(found["lost"], "leads")] == [f"000.head:{SCHOOL}"]


def test_a_school_that_moves_is_out_of_reach_of_the_former_office(run: Any, school: World) -> None:
    other = school.add_unit("00031002", "commune", "UBND xã Thử Hai", school.root)
    head = school.appoint_head(f"head:{other}", other, "commune_chair", school.root)
    found = changed(run, f"unit:move {SCHOOL} {other} 15/10/2026")
    assert (f"000.head:{OFFICE}", f"000.head:{SCHOOL}") in said(found["lost"], "recovers")
    assert head.person in facts_of(school)["person"].values()
    assert (f"000.head:{other}", f"000.head:{SCHOOL}") in said(found["gained"], "recovers")


def test_an_officer_who_takes_the_account_over_recovers_no_signer_alone(run: Any, school: World) -> None:
    officer = school.hire("cán bộ", OFFICE, "officer_in_charge_of_admin_account", OFFICE)
    found = changed(run, f"custody:hand {OFFICE} {officer.person} 15/10/2026")
    with school.services.db.read(school.register) as reader:
        admin = next(a.username for a in reader.find(Account, unit=OFFICE) if a.kind is AccountKind.ADMIN)
    assert (admin, f"000.head:{SCHOOL}") in said(found["lost"], "recovers")
    assert [who for who, _ in said(found["gained"], "keeps")] == ["000.cán bộ"]
    school.hand_over_custody(OFFICE, officer, OFFICE)
    again = run("paths", "--after", f"custody:hand {OFFICE} {officer.person} 31/12/2098", "--diff")
    assert (again.status, "redelegation_forbidden" in again.err) == (1, True)


def test_an_authority_that_is_withdrawn_ends_what_was_handed_down(run: Any, school: World) -> None:
    known = facts_of(school)
    found = changed(
        run, f"authority:withdraw {known['authority'][SCHOOL]} 15/10/2026", "--to", SCHOOL, "--read", "STU-HEA"
    )
    assert found["before"]["right"] == 1
    assert "right" not in found["after"]
    ran = run("paths", "--after", f"authority:withdraw {known['authority'][school.root]} 15/10/2026", "--diff")
    assert (ran.status, "forbidden" in ran.err) == (1, True)


def test_who_moves_to_another_unit_leads_there_and_no_more_here(run: Any, school: World) -> None:
    known = facts_of(school)
    mover = known["person"][f"head:{SCHOOL}"]
    found = changed(run, f"person:move {mover} {OFFICE} commune_deputy_chair 15/10/2026")
    assert len(said(found["lost"], "leads")) == len(said(found["gained"], "leads")) == 1


def test_a_finding_that_the_act_would_make_is_new_and_the_status_says_so(run: Any, school: World) -> None:
    other = school.add_unit("00031002", "commune", "UBND xã Thử Hai", school.root)
    known = facts_of(school)
    head = known["person"][f"head:{OFFICE}"]
    act = f"duty:begin {head} {other} commune_chair 15/10/2026"
    ran = run("paths", "--check", "--after", act, "--diff")
    assert ran.status == 1
    assert f"+ two-branches:{head}" in ran.out
    assert run("paths", "--after", act, "--diff").status == 0


def test_nothing_is_stored_but_that_it_was_asked(run: Any, school: World) -> None:
    known = facts_of(school)
    act = f"duty:end {known['duty'][known['person']['gvcn'], SCHOOL]} 15/10/2026"
    before = school.revision
    ran = run("paths", "--after", act, "--diff")
    assert ran.status == 0, ran.err
    assert "không ghi gì" in ran.out
    assert school.revision == before
    with school.services.db.connect() as connection:
        last = list(events(connection, school.register, after=0, limit=10_000))[-1].happening
    assert (last.action, last.details["after"]) == ("paths.read", act)


@pytest.mark.parametrize(
    ("act", "status"),
    [
        ("", 2),
        ("duty:burn x 1/1/2030", 2),
        ("duty:end x", 2),
        ("duty:end x y z 1/1/2030", 2),
        ("duty:end x 40/1/2030", 2),
        ("duty:end x 1/1/2030", 1),
        ("duty:begin x 00031001 principal 1/1/2030", 1),
        ("unit:move 000 00031001 1/1/2030", 1),
        ("unit:move 0003101 000 1/1/2030", 1),
        ("unit:move 00031001 0003101 1/1/2030", 1),
        ("custody:hand 000 x 1/1/2030", 1),
        ("authority:withdraw x 1/1/2030", 1),
        ("person:move x 0003101 teacher 1/1/2030", 1),
        ("unit:move 0003101 00031 1/1/1990", 2),
    ],
)
def test_bad_acts_are_told_apart(run: Any, school: World, act: str, status: int) -> None:
    ran = run("paths", "--after", act, "--diff")
    assert ran.status == status, ran.err
    assert ran.err.startswith("access-service: ")


@pytest.mark.parametrize("more", [("--diff",), ("--after", "duty:end x 1/1/2030"), ("--check", "--diff")])
def test_a_difference_and_an_act_belong_together(run: Any, school: World, more: tuple[str, ...]) -> None:
    assert run("paths", *more).status == 2
    assert run("paths", "--check", "--after", "duty:end x 1/1/2030", "--at", "1/1/2030").status == 2
