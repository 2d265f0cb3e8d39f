"""Every event says who acted beside the account, whose dossier it belongs to, and which pack was in force."""

from __future__ import annotations

from access_service.domain.accounts import Account
from access_service.domain.audit import GENESIS
from access_service.domain.names import AccountKind, UnitId
from access_service.domain.reasons import Refusal
from access_service.usecases.handover import delegation
from world import SCHOOL, World, hire_homeroom, homeroom_line


def test_an_admin_accounts_event_names_the_person_who_operates_it(school_world: World) -> None:
    seq = len(school_world.log())
    teacher = hire_homeroom(school_world)
    school_world.hand_over(SCHOOL, teacher, homeroom_line(school_world, teacher))
    admin = school_world.admins[SCHOOL]
    done = [e for e in school_world.log(seq) if e.actor == admin.account]
    assert done
    assert {e.person for e in done} == {admin.person}
    assert school_world.get(Account, admin.account).person is None


def test_every_event_of_an_account_names_a_person_and_a_pack(school_world: World) -> None:
    teacher = hire_homeroom(school_world)
    school_world.hand_over(SCHOOL, teacher, homeroom_line(school_world, teacher))
    log = school_world.log()
    accounts = [e for e in log if e.actor.startswith("acc_")]
    assert len(accounts) > 20
    assert [e for e in accounts if e.person is None] == []
    assert [e for e in log if not e.policy] == []
    assert [e for e in log if not e.happening.unit] == []


def test_what_an_office_grants_belongs_to_the_office_and_not_to_who_signs(school_world: World) -> None:
    """The school's officer's custody is given by the school; the head's by the office above."""
    seq = len(school_world.log())
    teacher = hire_homeroom(school_world)
    school_world.hand_over(SCHOOL, teacher, homeroom_line(school_world, teacher))
    log = school_world.log(seq)
    papers = [e for e in log if e.happening.action in ("document.prepare", "document.sign", "grant.activate")]
    assert len(papers) > 3
    assert {e.happening.unit for e in papers} == {SCHOOL}
    # An account belongs to its unit, whoever issued it.
    heads = [e for e in school_world.log() if e.happening.action == "custody.begin"]
    assert {e.happening.unit for e in heads} >= {SCHOOL}


def test_a_refusal_stands_in_the_dossier_of_what_was_asked_for(school_world: World) -> None:
    root, admin = school_world.root, school_world.admins[SCHOOL]
    teacher = hire_homeroom(school_world)
    prepared = school_world.hand_over(SCHOOL, teacher, homeroom_line(school_world, teacher))
    [grant] = prepared.grants
    above = school_world.admins[root]
    delegation.revoke_grant(school_world.services, above, grant.id, reason="thu hồi")
    seq = len(school_world.log())
    with school_world.refuses(Refusal.GRANT_ENDED):
        delegation.revoke_grant(school_world.services, above, grant.id, reason="thu hồi")
    [refused] = school_world.log(seq)
    assert (refused.happening.unit, refused.person) == (SCHOOL, above.person)
    assert refused.person != admin.person


def test_a_units_events_are_all_there_by_their_numbers(school_world: World) -> None:
    mine = [e for e in school_world.log() if e.happening.unit == SCHOOL]
    assert [e.unit_seq for e in mine] == list(range(1, len(mine) + 1))
    assert [e.unit_previous for e in mine] == [GENESIS, *(e.hash for e in mine[:-1])]
    assert {AccountKind.ADMIN} == {school_world.admins[UnitId(SCHOOL)].kind}
