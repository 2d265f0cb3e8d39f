"""Golden states: small registers that ordinary life has grown, each made by the real use cases.

Every one begins as `province`: a department, two communes, three schools, their heads, a deputy, officers, a
teacher with a grant. What opens a way to power is what happened then: a handover, a move, a promotion.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from passlib.context import CryptContext
from sqlalchemy import event

from access_service.domain.names import AccountId, SuspendableKind, UnitId
from access_service.domain.scope import Scope
from access_service.domain.sign_in import FactorKind, SecondFactor
from access_service.signing import passwords
from access_service.signing.keys import load_or_create
from access_service.signing.vault import FactorKey
from access_service.storage import second_factor as stored
from access_service.storage.db import Database
from access_service.usecases.handover import delegation, inspection
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.identity import recoveries
from access_service.usecases.organisation import leaving, moving, succession
from access_service.usecases.services import Services
from databases import template
from powers.factors import SHOWN, factor_shown
from world import (
    LOWER,
    OFFICE,
    PASSWORD,
    PRIMARY,
    SCHOOL,
    Clock,
    Someone,
    World,
    found,
    hire_homeroom,
    homeroom_line,
    with_school,
)

OTHER_OFFICE, SECOND, THIRD = UnitId("00031002"), UnitId("0003102"), UnitId("0003103")
THIRD_OFFICE = UnitId("00031003")
DEMO = "demo"


def quick(db: Database) -> Database:
    """Nothing here survives a power cut, nor is a refusal kept: what was refused changed nothing."""
    db.refuse = lambda *_, **__: None  # type: ignore[method-assign]

    @event.listens_for(db.engine, "connect")
    def _relax(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    return db


@contextmanager
def cheap_passwords() -> Iterator[None]:
    """Argon2id at its least, for whoever plays outside of pytest."""
    kept, passwords._context = (
        passwords._context,
        CryptContext(
            schemes=["argon2"],
            argon2__type="ID",
            argon2__memory_cost=8,
            argon2__time_cost=1,
            argon2__parallelism=1,
        ),
    )
    try:
        yield
    finally:
        passwords._context = kept


def numbered() -> Callable[[str], str]:
    """Ids that look as ours do and are the same each time, so that a sequence can be played again."""
    random = Random(0)  # noqa: S311 no secret
    return lambda prefix: f"{prefix}_{random.getrandbits(80):020x}"


def second_factor(world: World, account: AccountId) -> None:
    """An authenticator for somebody, without the cost of setting one."""
    with world.services.db.aside() as connection:
        stored.add_factor(
            connection,
            SecondFactor(
                register=world.register,
                id=world.services.new_id("fac"),
                account=account,
                kind=FactorKind.TOTP,
                secret="",
                credential=None,
                counter=0,
                created_at=world.clock.now,
                confirmed_at=world.clock.now,
            ),
        )


def province(world: World) -> World:
    """What every other state begins as."""
    with_school(world)
    world.add_unit(OTHER_OFFICE, "commune", "UBND phường Thử", world.root)
    world.give_authority(OTHER_OFFICE, world.root, levels=frozenset({PRIMARY, LOWER}))
    world.appoint_head(f"head:{OTHER_OFFICE}", OTHER_OFFICE, "commune_chair", world.root)
    for school, level in ((SECOND, LOWER), (THIRD, PRIMARY)):
        manager = OTHER_OFFICE if school == SECOND else OFFICE
        world.add_unit(school, "school", f"Trường Thử {school}", manager, level)
        world.give_authority(school, manager, levels=frozenset({level}))
        world.appoint_head(f"head:{school}", school, "principal", manager)
    world.hire("phó", SCHOOL, "vice_principal", SCHOOL)
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    officer = world.hire("xã", OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    line = EnteredLine("level_officer", officer.duty, Scope(SCHOOL, levels=frozenset({LOWER})), world.clock.now)
    world.hand_over(OFFICE, officer, line)
    world.hire("sở", world.root, "it_officer", world.root)
    world.hire("y tế", SCHOOL, "school_health", SCHOOL)
    for who in (world.people["director"], world.people[f"head:{OFFICE}"]):
        second_factor(world, who.account)
    # Papers of today can be copied from a cabinet: whoever signed them was in office when the day began.
    world.clock.forward(days=1)
    return world


def officer_keeps(unit: UnitId | None) -> Callable[[World], World]:
    """An officer operates a unit's admin account (None: the root's) by ordinary handover."""

    def build(world: World) -> World:
        target = unit or world.root
        if target == world.root:
            world.hand_over_custody(target, world.people["sở"], target)
        else:
            world.people["keeper"] = world.hand_to_officer(target)
        world.clock.forward(hours=1)
        return world

    return build


def deputy_keeps(world: World) -> World:
    """A deputy operates the school's admin account for the head."""
    world.hand_over_custody(SCHOOL, world.people["phó"], SCHOOL)
    return world


def _leave(world: World, who: Someone, by: UnitId) -> None:
    leaving.end_duty(
        world.services,
        world.admins[by],
        who.duty,
        on=(world.clock.now + timedelta(hours=7)).date() + timedelta(days=1),
        decision_number="03/QĐ",
    )
    world.clock.forward(days=1)


def moved(world: World) -> World:
    """The nurse left the school for another one, of another commune."""
    nurse = world.people["y tế"]
    world.assign(nurse.person, SECOND, "school_health", SECOND)
    _leave(world, nurse, SCHOOL)
    return world


def left(world: World) -> World:
    """The nurse left the school, and serves nowhere."""
    _leave(world, world.people["y tế"], SCHOOL)
    return world


def recoveries_wait(world: World) -> World:
    """Somebody asked for the teacher's account, and for the account of the school's head; both wait."""
    for unit, whose in ((SCHOOL, "gvcn"), (OFFICE, f"head:{SCHOOL}")):
        admin = world.admins[unit]
        second_factor(world, admin.account)
        with factor_shown():
            recoveries.ask_recovery(
                world.services, admin, world.people[whose].account, password=PASSWORD, second=SHOWN
            )
    return world


def promoted(world: World) -> World:
    """The nurse became an officer of the commune."""
    nurse = world.people["y tế"]
    world.assign(nurse.person, OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    _leave(world, nurse, SCHOOL)
    return world


def inspected(world: World) -> World:
    """The commune's officer inspects the school, by a decision of the commune."""
    decision = inspection.propose_inspection(
        world.services,
        world.admins[OFFICE],
        inspection.Team(
            number="",
            dated=date(2026, 8, 20),
            units=frozenset({SCHOOL}),
            members=frozenset({world.people["xã"].person}),
            content="Kiểm tra",
            valid_from=world.clock.now,
            valid_to=world.clock.now + timedelta(days=20),
        ),
    )
    world.sign(world.people[f"head:{OFFICE}"], decision.id)
    return world


def in_charge(world: World) -> World:
    """The school's head left, and a deputy in charge operates its admin account."""
    head = world.people[f"head:{SCHOOL}"]
    _leave(world, head, OFFICE)
    deputy = world.people["phó"]
    world.assign(deputy.person, SCHOOL, "vice_principal_in_charge", OFFICE)
    world.hand_over_custody(SCHOOL, deputy, OFFICE)
    world.people[f"head:{SCHOOL}"] = deputy
    return world


def school_moved(world: World) -> World:
    """The school has another commune as its manager."""
    today = (world.clock.now + timedelta(hours=7)).date()
    moving.change_manager(
        world.services,
        world.admins[world.root],
        unit=SCHOOL,
        manager=OTHER_OFFICE,
        basis="05/QĐ",
        on=today + timedelta(days=1),
    )
    world.clock.forward(days=1)
    return world


def succeeded(world: World) -> World:
    """One school took the office of another of the same commune."""
    today = (world.clock.now + timedelta(hours=7)).date()
    succession.succeed_unit(
        world.services, world.admins[OFFICE], predecessor=THIRD, successor=SCHOOL, basis="06/QĐ", on=today
    )
    return world


def office_dissolved(world: World) -> World:
    """A commune was dissolved: one of its schools is managed by a second one since, the others pass to a third."""
    school_moved(world)
    world.add_unit(THIRD_OFFICE, "commune", "UBND xã Thử Ba", world.root)
    world.give_authority(THIRD_OFFICE, world.root, levels=frozenset({PRIMARY, LOWER}))
    world.appoint_head(f"head:{THIRD_OFFICE}", THIRD_OFFICE, "commune_chair", world.root)
    second_factor(world, world.people[f"head:{THIRD_OFFICE}"].account)
    head = world.people[f"head:{THIRD}"]
    line = EnteredLine("principal", head.duty, Scope(THIRD, levels=frozenset({PRIMARY})), world.clock.now)
    world.propose(OFFICE, head, line)
    succession.succeed_unit(
        world.services,
        world.admins[world.root],
        predecessor=OFFICE,
        successor=THIRD_OFFICE,
        basis="07/QĐ",
        on=(world.clock.now + timedelta(hours=7)).date(),
    )
    return world


def looks_after_accounts(world: World) -> World:
    """The homeroom teacher looks after the school's accounts, too."""
    teacher = world.people["gvcn"]
    duty = world.assign(teacher.person, SCHOOL, "officer_in_charge_of_admin_account", SCHOOL)
    world.hand_over(SCHOOL, teacher, EnteredLine("account_officer", duty, Scope(SCHOOL), world.clock.now))
    return world


def on_leave(world: World) -> World:
    """The teacher is on leave: the account is suspended."""
    delegation.suspend(
        world.services,
        world.admins[SCHOOL],
        kind=SuspendableKind.ACCOUNT,
        target=world.people["gvcn"].account,
        reason="nghỉ thai sản",
    )
    return world


STATES: dict[str, Callable[[World], World]] = {
    DEMO: lambda world: world,
    "an officer keeps the root": officer_keeps(None),
    "an officer keeps a commune": officer_keeps(OFFICE),
    "an officer keeps a school": officer_keeps(SCHOOL),
    "a deputy keeps a school": deputy_keeps,
    "left": left,
    "moved": moved,
    "promoted": promoted,
    "inspected": inspected,
    "deputy in charge": in_charge,
    "school moved": school_moved,
    "unit succeeded": succeeded,
    "office dissolved": office_dissolved,
    "a teacher looks after accounts": looks_after_accounts,
    "leave": on_leave,
    "recoveries wait": recoveries_wait,
}
"""How each begins as `province`, and what ordinary life did then."""


@dataclass(frozen=True)
class Golden:
    """A state made once, to be opened as often as wanted."""

    path: Path
    world: World

    def open(self, folder: Path, name: str = "", inserted: str = "_n") -> World:
        """A copy that may be played in, with ids that show where they came to be; `close` it."""
        copy = folder / (name or f"{self.path.stem}-played.db")
        for suffix in ("", "-wal", "-shm"):
            Path(f"{copy}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(self.path, copy)
        clock = Clock(self.world.clock.now)
        new_id = numbered()
        services = replace(
            self.world.services,
            db=quick(Database(f"sqlite:///{copy}", clock)),
            new_id=lambda prefix: inserted.join(new_id(prefix).split("_")),
            committed=[],
        )
        return replace(
            self.world,
            services=services,
            clock=clock,
            admins=dict(self.world.admins),
            people=dict(self.world.people),
            authenticators={},
        )


class States:
    """The golden states in a folder; each is built when it is asked for first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.template = template()
        self._made: dict[str, Golden] = {}
        self._count = 0

    def __call__(self, name: str) -> Golden:
        if name not in self._made:
            self._count += 1
            file = f"{self._count}.db"
            world = self._province(self.folder / file) if name == DEMO else self(DEMO).open(self.folder, file, "_s")
            STATES[name](world)
            world.services.db.checkpoint()
            world.services.db.close()
            self._made[name] = Golden(Path(str(world.services.db.url.database)), world)
        return self._made[name]

    def _province(self, path: Path) -> World:
        shutil.copyfile(self.template, path)
        clock = Clock()
        db = quick(Database(f"sqlite:///{path}", clock))
        seal, factors = load_or_create(self.folder / "seal.key"), FactorKey.load(self.folder)
        return province(found(Services(db, seal, new_id=numbered(), factors=factors), clock))

    def forget(self, name: str) -> None:
        """Make it anew when it is asked for next: what makes it has changed. All begin with the province."""
        if name != DEMO:
            self._made.pop(name, None)
