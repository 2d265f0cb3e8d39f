"""The test world: a province in a database, its people, their sessions, and a clock that the test moves.

Names are invented; ids begin with 000. Everything goes through the use cases, as a caller would.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from access_service.domain.access import AccessRequest, Decision, Deny
from access_service.domain.accounts import Account
from access_service.domain.audit import Event
from access_service.domain.delegation import Grant
from access_service.domain.documents import Document
from access_service.domain.errors import RefusedError
from access_service.domain.names import (
    AccountId,
    AccountKind,
    AssignmentId,
    ClassId,
    EducationLevel,
    PersonId,
    RegisterId,
    UnitId,
)
from access_service.domain.org import Assignment
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.scope import Scope
from access_service.engine.decide import decide
from access_service.engine.packs.load import read_pack_files
from access_service.live.gathered import LockIndex, Reading
from access_service.signing.keys import load_or_create
from access_service.signing.totp import STEP_S, code_at
from access_service.signing.vault import FactorKey
from access_service.storage import accounts as stored
from access_service.storage.audit import events
from access_service.storage.db import Database
from access_service.storage.paper_pages import keep_shown
from access_service.storage.standing import Gatherer
from access_service.usecases import register
from access_service.usecases.handover import delegation, documents, signatures
from access_service.usecases.handover.documents import EnteredLine, Prepared
from access_service.usecases.handover.signatures import Presented, Signed
from access_service.usecases.identity import accounts, recoveries, second_factor, sign_in
from access_service.usecases.operators import OperatorKey
from access_service.usecases.organisation import org
from access_service.usecases.organisation.org import Duty
from access_service.usecases.services import Caller, Services
from databases import give_schema
from second_person import SecondPerson

T = TypeVar("T")
ROOT = Path(__file__).parents[1]
PASSWORD = "Mật khẩu thử 000"
RENEWED = "Cây phượng đỏ 000 bên sông"
CHEAP = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$"
PRIMARY, LOWER, PRESCHOOL = EducationLevel.PRIMARY, EducationLevel.LOWER_SECONDARY, EducationLevel.PRESCHOOL
YEAR = "2026-2027"
REGISTER, DEPARTMENT = RegisterId("thu-nghiem"), UnitId("00031")
CLASS_6A, CLASS_6B = ClassId("0003101:2026-2027:6A"), ClassId("0003101:2026-2027:6B")
START = datetime(2026, 8, 20, 1, 0, tzinfo=UTC)


class Clock:
    """A clock that stands still until the test moves it."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@dataclass
class Someone:
    """A person with a use account and a session."""

    person: PersonId
    account: AccountId
    caller: Caller
    duty: AssignmentId


@dataclass
class Authenticator:
    """Somebody's telephone. Each code is shown once: a clock that stands still has three, then tests move it."""

    secret: str
    last: int = -1

    def next(self, now: datetime) -> str:
        present = int(now.timestamp()) // STEP_S
        self.last = max(self.last + 1, present - 1)
        assert self.last <= present + 1, "no code is left at this instant; move the clock"
        return code_at(self.secret, now, self.last - present)


@dataclass
class World(SecondPerson):
    """A register with a department, and what the test adds."""

    services: Services
    clock: Clock
    register: RegisterId = REGISTER
    root: UnitId = DEPARTMENT
    admins: dict[UnitId, Caller] = field(default_factory=dict)
    people: dict[str, Someone] = field(default_factory=dict)
    root_authority: str = ""
    authenticators: dict[str, Authenticator] = field(default_factory=dict)
    keys: list[OperatorKey] = field(default_factory=list)

    def activate(self, code: str) -> AccountId:
        """Set the one password everybody has here."""
        return accounts.activate(self.services, code, PASSWORD)

    def enter(self, account: AccountId) -> Caller:
        """A caller without the cost of a sign-in; `sign_in` has tests of its own."""
        with self.services.db.read(self.register) as reader:
            return accounts.caller_of(Gatherer(reader), account, self.clock.now)

    def add_unit(self, id_: str, kind: str, name: str, manager: UnitId, *levels: EducationLevel) -> UnitId:
        org.create_unit(
            self.services,
            self.admins[manager],
            id_=UnitId(id_),
            kind=kind,
            name=name,
            levels=frozenset(levels),
            manager=manager,
            basis="QĐ 01/QĐ",
        )
        return UnitId(id_)

    def give_authority(self, unit: UnitId, manager: UnitId, **axes: object) -> str:
        return delegation.give_authority(
            self.services,
            self.admins[manager],
            unit=unit,
            scope=Scope(unit=unit, **axes),  # type: ignore[arg-type]
            basis="QĐ 02/QĐ",
        ).id

    def hire(self, key: str, unit: UnitId, position: str, by: UnitId, **duty: object) -> Someone:
        """A new person with a duty in a unit and an activated use account; `by` enters them."""
        admin = self.admins[by]
        person = org.add_person(self.services, admin, name=f"Người Thử {key}").id
        assignment = self.assign(person, unit, position, by, **duty)
        issued = (
            accounts.issue_account(
                self.services, admin, unit=by, kind=AccountKind.USE, person=person, username=f"000.{key}"
            )
            if by == unit
            else accounts.issue_account(
                self.services, admin, unit=unit, kind=AccountKind.USE, person=person, username=f"000.{key}"
            )
        )
        account = self.activate(issued.activation_code)
        self.people[key] = Someone(person, account, self.enter(account), assignment)
        return self.people[key]

    def hire_granted(self, key: str, position: str = "academic_registrar", **duty: object) -> tuple[Someone, Grant]:
        """Somebody of the school with a duty and an effective grant of the role of that name there."""
        who = self.hire(key, SCHOOL, position, SCHOOL, **duty)
        line = EnteredLine(position, who.duty, Scope(unit=SCHOOL), self.clock.now)
        return who, self.hand_over(SCHOOL, who, line).grants[0]

    def assign(self, person: PersonId, unit: UnitId, position: str, by: UnitId, **duty: object) -> AssignmentId:
        done = org.assign_duty(
            self.services,
            self.admins[by],
            Duty(
                person=person,
                unit=unit,
                position=position,
                decision_number="000/QĐ",
                decision_date=date(2026, 8, 1),
                valid_from=duty.pop("valid_from", self.clock.now),  # type: ignore[arg-type]
                **duty,  # type: ignore[arg-type]
            ),
        )
        assert isinstance(done, Assignment), "it waits for the leadership"
        return done.id

    def appoint_head(self, key: str, unit: UnitId, position: str, manager: UnitId) -> Someone:
        """The direct manager appoints a head and hands over the unit's admin account on signed paper."""
        head = self.hire(key, unit, position, manager)
        accounts.issue_account(
            self.services,
            self.admins[manager],
            unit=unit,
            kind=AccountKind.ADMIN,
            person=None,
            username=f"quantri.{unit}",
        )
        self.hand_over_custody(unit, head, manager)
        return head

    def hand_over_custody(self, unit: UnitId, to: Someone, giver: UnitId) -> None:
        minutes = documents.propose_custody(
            self.services,
            self.admins[giver],
            unit=unit,
            receiver=to.person,
            number="",
            dated=date(2026, 8, 20),
        )
        self.sign(self.head_of(giver), minutes.id)
        code = self.sign(to, minutes.id).activation_code
        assert code is not None
        self.admins[unit] = self.enter(self.activate(code))

    def hand_to_officer(self, unit: UnitId) -> Someone:
        """An officer of the unit operates its admin account for the head, by written handover."""
        officer = self.hire("cán bộ", unit, "officer_in_charge_of_admin_account", unit)
        self.hand_over_custody(unit, officer, unit)
        return officer

    def head_of(self, unit: UnitId) -> Someone:
        return self.people[f"head:{unit}"] if f"head:{unit}" in self.people else self.people["director"]

    def get(self, value_type: type[T], id_: str) -> T:
        """One fact as known now."""
        with self.services.db.read(self.register) as reader:
            return reader.require(value_type, id_)

    def show(self, who: Someone | AccountId, document: str) -> Document:
        """The newest version, as if the signer had opened its page (`usecases.paper_pages` writes the same row)."""
        shown, account = self.get(Document, document), who if isinstance(who, str) else who.caller.account
        with self.services.db.aside() as connection:
            keep_shown(connection, self.register, [(shown.id, shown.version)], account, self.clock.now)
        return shown

    def sign(self, who: Someone, document: str, capacity: object = None) -> Signed:
        """Show one document to its signer and have them sign it, or raise what the service refused."""
        shown = self.show(who, document)
        item = Presented(shown.id, shown.version, shown.sha256, capacity)  # type: ignore[arg-type]
        [answer] = signatures.sign_batch(self.services, who.caller, PASSWORD, [item])
        if not isinstance(answer, Signed):
            raise answer
        return answer

    def propose(self, unit: UnitId, to: Someone, *lines: EnteredLine) -> Prepared:
        return documents.propose_handover(
            self.services,
            self.admins[unit],
            unit=unit,
            receiver=to.person,
            number="",
            dated=date(2026, 8, 20),
            lines=lines,
        )

    def hand_over(self, unit: UnitId, to: Someone, *lines: EnteredLine) -> Prepared:
        """Propose, and have everybody sign: giver, receiver, and the receiver's commitment."""
        prepared = self.propose(unit, to, *lines)
        self.sign(self.head_of(unit), prepared.document.id)
        self.sign(to, prepared.document.id)
        if prepared.commitment is not None:
            self.sign(to, prepared.commitment.id)
        return prepared

    def ask(
        self,
        who: Someone | AccountId,
        action: str = "read",
        class_id: ClassId | None = CLASS_6A,
        category: str = "STU-ID",
        *,
        unit: UnitId | None = None,
        at: datetime | None = None,
        known_at: int | None = None,
    ) -> Decision:
        """A decision about a class (or, with `class_id` None, a unit), from facts straight out of the database."""
        account = who.account if isinstance(who, Someone) else who
        request = AccessRequest(
            account=account,
            action=action,
            resource_type="unit" if class_id is None else "class",
            resource_id=unit if class_id is None and unit is not None else class_id or "",
            category=category,
            unit=unit,
        )
        now = at or self.clock.now
        with self.services.db.read(self.register, known_at) as reader:
            reading = Reading(reader, now, LockIndex())
            return decide(request, reading.snapshot(account), reading, now)

    def why(
        self, who: Someone | AccountId, action: str = "read", class_id: ClassId | None = CLASS_6A, **more: Any
    ) -> Reason:
        """Why it is denied; an allow is an error."""
        decision = self.ask(who, action, class_id, **more)
        assert isinstance(decision, Deny), decision
        return decision.reason

    @property
    def revision(self) -> int:
        """The newest revision."""
        counter = self.services.db.counter(self.register)
        assert counter is not None
        return counter.revision

    def log(self, after: int = 0) -> list[Event]:
        """The audit log from the one after `after`."""
        with self.services.db.connect() as connection:
            return list(events(connection, self.register, after=after, limit=100_000))

    @contextmanager
    def refuses(self, code: Refusal) -> Iterator[None]:
        """The block is refused with this code, changes nothing, and leaves exactly one event.

        What never reached a rule (unreadable, or nothing there) leaves none.
        """
        before, seq = self.revision, len(self.log())
        try:
            yield
        except RefusedError as error:
            assert error.code is code, f"{error.code}: {error.message}"  # noqa: PT017 a context manager of our own
        else:
            raise AssertionError(f"not refused with {code}")
        assert self.revision == before
        unrecorded = code in (Refusal.INVALID, Refusal.NOT_FOUND)
        recorded = [(e.happening.outcome, e.happening.code) for e in self.log(seq)]
        assert recorded == ([] if unrecorded else [("refused", str(code))])

    def sign_in(self, username: str, password: str = PASSWORD) -> accounts.SignedIn:
        """A session as people open one: with a one-time code where the account has a second factor."""
        second = None
        if username in self.authenticators:
            second = second_factor.Second(totp=self.authenticators[username].next(self.clock.now))
        return sign_in.sign_in(self.services, self.register, username, password, second)

    def enrol(self, username: str, password: str = PASSWORD) -> accounts.SignedIn:
        """Sign in for the first time and set a one-time code; `sign_in` shows one from then on."""
        caller = sign_in.sign_in(self.services, self.register, username, password).caller
        secret = second_factor.begin_totp(self.services, caller, password).secret
        self.authenticators[username] = Authenticator(secret)
        return second_factor.confirm_totp(self.services, caller, self.authenticators[username].next(self.clock.now))

    def proof(self, caller: Caller) -> second_factor.Second:
        """A new one-time code device of the caller's account, and what it shows."""
        known = self.authenticators.get(self.get(Account, caller.account).username)
        first = None if known is None else second_factor.Second(totp=known.next(self.clock.now))
        secret = second_factor.begin_totp(self.services, caller, PASSWORD, first).secret
        shown = Authenticator(secret)
        second_factor.confirm_totp(self.services, caller, shown.next(self.clock.now))
        self.authenticators[self.get(Account, caller.account).username] = shown
        return second_factor.Second(totp=shown.next(self.clock.now))

    def ask_recovery(
        self,
        by: Caller,
        account: AccountId,
        *,
        reset_second_factor: bool = False,
        second: second_factor.Second | None = None,
    ) -> recoveries.AskedRecovery:
        """A recovery that waits; `by` shows `second`, or a second factor that is set for this."""
        return recoveries.ask_recovery(
            self.services,
            by,
            account,
            password=PASSWORD,
            second=second or self.proof(by),
            reset_second_factor=reset_second_factor,
        )

    def recover(
        self, by: Caller, account: AccountId, *, reset_second_factor: bool = False
    ) -> recoveries.AskedRecovery:
        """A recovery whose code is open: a leader other than the asker confirms it, or a day goes by."""
        asked = self.ask_recovery(by, account, reset_second_factor=reset_second_factor)
        for key, leader in self.people.items():
            if key.startswith("head:") or key == "director":
                try:
                    recoveries.approve_recovery(self.services, leader.caller, asked.recovery.id, password=PASSWORD)
                except RefusedError:
                    continue
                return asked
        self.clock.forward(hours=24)
        return asked

    def renew(self, by: Caller, account: AccountId) -> AccountId:
        """Somebody is let in again: another password, and nothing that was open before."""
        code = self.recover(by, account).activation_code
        return accounts.activate(self.services, code, RENEWED)

    def credentials(self, username: str) -> stored.Credential | None:
        with self.services.db.connect() as connection:
            return stored.credential_by_username(connection, self.register, username)


def pack_variant(folder: Path, name: str, text: str) -> Path:
    """A folder of packs: those of the project, and one named `name` that extends `base` by `text` (TOML)."""
    packs = folder / "policy"
    shutil.copytree(ROOT / "policy" / "base", packs / "base")
    (packs / name).mkdir()
    head = f'name = "{name}"\nversion = "1.0"\ntitle = "Quy tắc thử"\nextends = "base"\n'
    (packs / name / "pack.toml").write_text(head + text, encoding="utf-8")
    return packs


def make_services(url: str, folder: Path, clock: Clock) -> Services:
    give_schema(url)
    db = Database(url, clock)
    return Services(db, load_or_create(folder / "seal.key"), factors=FactorKey.load(folder))


def found(
    services: Services,
    clock: Clock,
    *,
    pack: str = "base",
    name: str = "thu-nghiem",
    policy: Path = ROOT / "policy",
) -> World:
    """A register with its department, director and focal point, all signed in."""
    files = read_pack_files(policy, pack, ROOT / "models")
    founded = register.init_register(
        services,
        register.Founding(
            register=RegisterId(name),
            unit=UnitId("00031"),
            name="Sở Giáo dục và Đào tạo thử nghiệm",
            director="Người Thử Giám Đốc",
            decision_number="000/QĐ-UBND",
            decision_date=date(2024, 1, 2),
            decision_sha256=None,
            focal_point="Người Thử Đầu Mối",
        ),
        files,
    )
    world = World(services, clock, register=RegisterId(name), root_authority=founded.authority)
    world.admins[world.root] = world.enter(world.activate(founded.admin.activation_code))
    for key, issued, person in (
        ("director", founded.director, founded.director_id),
        ("focal", founded.focal_point, founded.focal_point_id),
    ):
        account = world.activate(issued.activation_code)
        world.people[key] = Someone(person, account, world.enter(account), AssignmentId(""))
    return world


def with_school(world: World, *, pack_year: str = YEAR) -> World:
    """Department → commune office → lower-secondary school, each admin account handed over, two classes."""
    org.open_school_year(
        world.services,
        world.admins[world.root],
        id_=pack_year,
        starts_on=date(2026, 8, 1),
        closes_on=date(2027, 8, 1),
    )
    office = world.add_unit("00031001", "commune", "UBND xã Thử", world.root)
    world.give_authority(office, world.root, levels=frozenset({PRESCHOOL, PRIMARY, LOWER}))
    world.appoint_head(f"head:{office}", office, "commune_chair", world.root)
    school = world.add_unit("0003101", "school", "Trường THCS Thử", office, LOWER)
    world.give_authority(school, office, levels=frozenset({LOWER}))
    world.appoint_head(f"head:{school}", school, "principal", office)
    for code in ("6A", "6B"):
        org.create_class(
            world.services,
            world.admins[school],
            school=school,
            school_year=pack_year,
            code=code,
            name=code,
            level=LOWER,
            grade="6",
        )
    return world


OFFICE, SCHOOL = UnitId("00031001"), UnitId("0003101")


def homeroom_line(world: World, teacher: Someone, class_id: ClassId = CLASS_6A) -> EnteredLine:
    """One grant line: homeroom teacher of one class, from now to the end of its year."""
    return EnteredLine(
        role="homeroom_teacher",
        assignment=teacher.duty,
        scope=Scope(unit=SCHOOL, classes=frozenset({(class_id, "")})),
        valid_from=world.clock.now,
    )


def hire_homeroom(world: World, key: str = "gvcn", class_id: ClassId = CLASS_6A) -> Someone:
    """A homeroom teacher of one class, without any grant."""
    return world.hire(key, SCHOOL, "homeroom", SCHOOL, classes=frozenset({(class_id, "")}))
