"""A change drops what it may have changed and nothing else: act by act, counted over a province kept whole."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from access_service.domain.accounts import Account
from access_service.domain.delegation import Authority, Grant
from access_service.domain.moved import MOST_NAMED, Moved
from access_service.domain.names import (
    AccountId,
    AssignmentId,
    AuthorityId,
    EducationLevel,
    GrantId,
    PersonId,
    SuspendableKind,
    UnitId,
)
from access_service.domain.org import Assignment, Person
from access_service.domain.policy import PackBinding
from access_service.engine.packs.load import read_pack_files
from access_service.storage.audit import moved_in
from access_service.storage.policy import store_pack
from access_service.storage.tables import RevisionRow, table
from access_service.usecases.handover import delegation
from access_service.usecases.imports.store import listen
from access_service.usecases.organisation import correcting, moving, org
from powers.states import OTHER_OFFICE, SECOND, THIRD, States
from warmth import Warm
from world import CLASS_6A, LOWER, OFFICE, ROOT, SCHOOL, World


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> States:
    return States(tmp_path_factory.mktemp("moves"))


@pytest.fixture
def warm(made: States, tmp_path: Path) -> Iterator[Warm]:
    world = made("demo").open(tmp_path)
    world.clock.forward(seconds=1)
    yield Warm(world)
    world.services.db.close()


def dropped(warm: Warm, act: Callable[[], object]) -> frozenset[AccountId]:
    """The accounts that were kept before and are not after; what is kept is right."""
    before = warm.kept()
    assert before == _all(warm.world)
    act()
    after = warm.kept()
    assert not warm.differences()
    return before - after


def _all(world: World) -> frozenset[AccountId]:
    with world.services.db.read(world.register) as reader:
        return frozenset(AccountId(id_) for id_ in reader.find_ids(Account))


def resting_on(warm: Warm, *names: str) -> frozenset[AccountId]:
    """Who rests on one of these, by what is kept."""
    return frozenset(a for a, s in warm.view.accounts.everything() if not {*names}.isdisjoint(s.rests))


def _holders(world: World, *keys: str) -> frozenset[AccountId]:
    return frozenset(world.people[key].account for key in keys)


def _authority(world: World, unit: UnitId) -> AuthorityId:
    with world.services.db.read(world.register) as reader:
        return next(a.id for a in reader.find(Authority, unit=unit))


def test_what_comes_new_drops_nobody(warm: Warm) -> None:
    world, office = warm.world, warm.world.admins[OFFICE]
    new = UnitId("0003199")
    acts: list[Callable[[], object]] = [
        lambda: world.add_unit(new, "school", "Trường Mới", OFFICE, LOWER),
        lambda: world.give_authority(new, OFFICE, levels=frozenset({LOWER})),
        lambda: org.create_class(
            world.services,
            world.admins[SCHOOL],
            school=SCHOOL,
            school_year="2026-2027",
            code="6C",
            name="6C",
            level=EducationLevel.LOWER_SECONDARY,
            grade="6",
        ),
        lambda: org.open_school_year(
            world.services,
            world.admins[world.root],
            id_="2027-2028",
            starts_on=date(2027, 9, 1),
            closes_on=date(2028, 6, 1),
        ),
        lambda: correcting.correct_class(
            world.services, world.admins[SCHOOL], CLASS_6A, reason="gõ sai", name="6A1"
        ),
        lambda: org.abbreviate_unit(world.services, office, OFFICE, "XAN"),
    ]
    for act in acts:
        assert dropped(warm, act) == frozenset()


def test_a_suspended_unit_drops_those_below_it_and_so_does_its_return(warm: Warm) -> None:
    world, kind = warm.world, SuspendableKind.UNIT
    below = resting_on(warm, SCHOOL)
    assert _holders(world, "gvcn") <= below
    assert below < _all(world)
    admin = world.admins[OFFICE]
    for act in (
        lambda: delegation.suspend(world.services, admin, kind=kind, target=SCHOOL, reason="thử nghiệm"),
        lambda: delegation.resume(world.services, admin, kind=kind, target=SCHOOL),
    ):
        assert dropped(warm, act) == below
        warm.warm()
    assert dropped(
        warm, lambda: delegation.suspend(world.services, admin, kind=kind, target=THIRD, reason="thử nghiệm")
    ) == resting_on(warm, THIRD)


def test_a_narrowed_or_withdrawn_authority_drops_those_under_it(warm: Warm) -> None:
    world = warm.world
    held = _authority(world, SCHOOL)
    under = resting_on(warm, held)
    assert under
    assert under < _all(world)
    assert dropped(warm, lambda: delegation.withdraw_authority(world.services, world.admins[OFFICE], held)) == under


def test_a_moved_school_drops_those_of_the_school(warm: Warm) -> None:
    world = warm.world
    of_school = resting_on(warm, SCHOOL)
    moved = dropped(
        warm,
        lambda: moving.change_manager(
            world.services,
            world.admins[world.root],
            unit=SCHOOL,
            manager=OTHER_OFFICE,
            basis="QĐ 1/QĐ-UBND",
            on=world.clock.now.date() + timedelta(days=3),
        ),
    )
    assert moved >= of_school & _holders(world, "gvcn")
    assert not moved & _holders(world, f"head:{SECOND}", f"head:{THIRD}", "y tế")


def test_a_confirmation_drops_nobody_where_silence_ends_nothing(warm: Warm) -> None:
    world = warm.world
    head = world.head_of(SCHOOL)
    with world.services.db.write(world.register, "operator") as tx:
        tx.happened("grants.confirm", SCHOOL, unit=SCHOOL)
    assert dropped(warm, lambda: delegation.confirm_grants(world.services, head.caller, SCHOOL)) == frozenset()


def test_a_version_before_this_one_hears_of_everybody_where_units_moved(warm: Warm) -> None:
    """Both stand beside each other during an upgrade: the old one knows one column, and drops more."""
    world, columns = warm.world, table(RevisionRow).c
    delegation.suspend(
        world.services, world.admins[OFFICE], kind=SuspendableKind.UNIT, target=SCHOOL, reason="thử nghiệm"
    )
    with world.services.db.connect() as connection:
        accounts, moved = connection.execute(
            select(columns.accounts, columns.moved).order_by(columns.n.desc()).limit(1)
        ).one()
    assert accounts is None
    assert moved_in(accounts, moved) == Moved(units=frozenset({SCHOOL}))
    assert moved_in(None, None) is None
    assert moved_in('["acc_1"]', None) == Moved(frozenset({AccountId("acc_1")}))


def test_imported_files_drop_those_whom_they_add_something_to(warm: Warm) -> None:
    """A thousand new people are a thousand that nobody has kept."""
    world = warm.world
    with world.services.db.read(world.register) as reader:
        accounts = {a.id: a for a in reader.find(Account)}
        grant = next(iter(reader.find(Grant, account=world.people["gvcn"].account)))
        duty = world.get(Assignment, world.people["y tế"].duty)
    new = replace(accounts[grant.account], id=AccountId("acc_new"), person=PersonId("per_new"))
    person = Person(PersonId("per_new"), "Người Mới", "người mới")
    facts = {
        Account: [new],
        Person: [person],
        Assignment: [
            replace(duty, id=AssignmentId("asg_1"), person=person.id),
            replace(duty, id=AssignmentId("asg_2")),
        ],
        Grant: [replace(grant, id=GrantId("grn_1"), account=new.id), replace(grant, id=GrantId("grn_2"))],
    }
    with world.services.db.read(world.register) as reader:
        found = listen(facts, []).found(reader, world.revision, world.clock.now)
    assert found == Moved(_holders(world, "gvcn", "y tế"))
    assert listen({Person: [person] * (MOST_NAMED + 1)}, []).found(reader, 0, world.clock.now) is None


def test_a_bound_pack_drops_those_below_the_unit(warm: Warm) -> None:
    world = warm.world

    def bind() -> None:
        with world.services.db.write(world.register, "operator") as tx:
            tables = store_pack(tx.connection, read_pack_files(ROOT / "policy", "hai-phong", ROOT / "models"))
            tx.put(PackBinding("bnd_000", OFFICE, "hai-phong", tables.pack.digest, world.clock.now))
            tx.happened("policy.bind", OFFICE)

    below = resting_on(warm, OFFICE, SCHOOL)
    assert _holders(world, "gvcn", "xã") <= below < _all(world)
    assert below <= dropped(warm, bind) < _all(world)
