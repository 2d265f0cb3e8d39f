"""The example province, built through the same acts as a real one: appointed, handed over, signed.

Only what lies in the past (units, edges, the year's classes) is entered as an import would; every right that the
example shows was proposed by a custodian and signed by both sides with their passwords.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from access_service.demonstration import data
from access_service.demonstration.software import DemoClient, add_services
from access_service.domain.access import AccessRequest
from access_service.domain.documents import Document
from access_service.domain.names import (
    AccountId,
    AccountKind,
    AssignmentId,
    ClassId,
    EducationLevel,
    GrantId,
    PersonId,
    RegisterId,
    SuspendableKind,
    UnitId,
)
from access_service.domain.org import ManagementEdge, SchoolClass, SchoolYear, Unit
from access_service.domain.policy import PackBinding
from access_service.domain.scope import ClassSubject, Scope
from access_service.domain.time import local, start_of_day
from access_service.domain.waiting import WaitingAct
from access_service.engine.packs.load import PackFiles
from access_service.signing.passwords import new_password
from access_service.signing.totp import code_at
from access_service.storage.paper_pages import keep_shown
from access_service.storage.policy import store_pack
from access_service.storage.standing import Gatherer
from access_service.usecases import register
from access_service.usecases.handover import delegation, documents, signatures
from access_service.usecases.handover.documents import EnteredLine, Prepared
from access_service.usecases.identity import accounts, second_factor
from access_service.usecases.organisation import org
from access_service.usecases.services import Caller, Services, operate

REGISTER = RegisterId("minh-hoa")
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account of the example with its password, for the file that the demonstration writes."""

    id: AccountId
    username: str
    password: str
    kind: AccountKind
    position: str
    unit: UnitId
    unit_name: str
    totp_secret: str | None = None
    """Of an admin account: sign-in asks for a code of it."""


@dataclass(frozen=True, slots=True)
class DemoDecision:
    """A question with the answer it must have."""

    name: str
    request: dict[str, Any]
    expected: bool
    reason: str | None = None


@dataclass
class Member:
    """Somebody in the example."""

    person: PersonId
    duty: AssignmentId
    position: str
    unit: UnitId
    account: AccountId
    username: str
    password: str
    caller: Caller


@dataclass
class Demo:
    """The built example."""

    accounts: list[DemoAccount] = field(default_factory=list)
    decisions: list[DemoDecision] = field(default_factory=list)
    revocable: dict[str, Any] = field(default_factory=dict)
    clients: list[DemoClient] = field(default_factory=list)
    begin_with: str = ""
    """The name of an account whose first page has papers to sign."""


def build_demo(services: Services, packs: dict[str, PackFiles], progress: Tell = lambda _: None) -> Demo:
    """Build the example province in an empty database; `packs` are hai-phong and hai-duong by name."""
    builder = _Builder(services, progress)
    builder.found(packs["hai-phong"])
    builder.lay_out(packs["hai-duong"])
    builder.appoint("commune_chair", [unit for unit, _ in data.COMMUNES], data.ROOT)
    for manager in (data.ROOT, *(unit for unit, _ in data.COMMUNES)):
        schools = [s for s in data.SCHOOLS if s.manager == manager]
        builder.appoint("principal", [s.id for s in schools if s.kind == "school"], manager)
        builder.appoint("centre_director", [s.id for s in schools if s.kind == "centre"], manager)
    builder.staff_main_school()
    builder.staff_office()
    builder.staff_schools()
    progress("Đăng ký phần mềm, văn bản đồng ý của Sở")
    builder.demo.clients = add_services(services, builder.admins)
    return builder.demo


class _Builder:
    """Walks the province from the top down. One batch of signatures a signer, as people work."""

    def __init__(self, services: Services, progress: Tell) -> None:
        self.services = services
        self.progress = progress
        self.demo = Demo()
        self.admins: dict[UnitId, Caller] = {}
        self.heads: dict[UnitId, Member] = {}
        self.names: dict[UnitId, str] = {data.ROOT: data.ROOT_NAME}
        self.count = 0
        self.year = ""

    @property
    def now(self) -> datetime:
        return self.services.db.now()

    # -- the top ---------------------------------------------------------------------------------------------------

    def found(self, pack: PackFiles) -> None:
        """`init`: the department, its director and its IT focal point."""
        self.progress("Khởi tạo sổ đăng ký của Sở")
        founded = register.init_register(
            self.services,
            register.Founding(
                register=REGISTER,
                unit=data.ROOT,
                name=data.ROOT_NAME,
                director=data.invented_name(900),
                decision_number="000/QĐ-UBND",
                decision_date=data.LONG_AGO,
                decision_sha256=None,
                focal_point=data.invented_name(901),
                is_demo=True,
            ),
            pack,
        )
        director = self._activate(founded.director, "director", data.ROOT)
        self.heads[data.ROOT] = Member(founded.director_id, AssignmentId(""), "director", data.ROOT, *director)
        self._activate(founded.focal_point, "it_officer", data.ROOT)
        self._activate_admin(founded.admin, data.ROOT, "director")

    def lay_out(self, hai_duong: PackFiles) -> None:
        """Units and edges with their history, the school year, the classes, the second regulation."""
        self.progress("Nhập đơn vị, phân cấp quản lý, năm học, lớp học")
        now, ended = self.now, start_of_day(data.DISTRICTS_ENDED)
        past = start_of_day(data.LONG_AGO)
        self.year, starts, closes = data.school_year_of(local(now).date())
        with operate(self.services, REGISTER, "import") as doing:
            edge = doing.new_id
            for id_, name in data.COMMUNES:
                self.names[id_] = name
                doing.tx.put(
                    Unit(id_, "commune", name, frozenset(), ended),
                    ManagementEdge(edge("edg"), id_, data.ROOT, data.DECREE, ended),
                )
            doing.tx.put(
                Unit(data.DISTRICT, "district_office", data.DISTRICT_NAME, frozenset(), past, ended),
                ManagementEdge(edge("edg"), data.DISTRICT, data.ROOT, "QĐ 000/QĐ-UBND", past, ended),
                SchoolYear(self.year, start_of_day(starts), start_of_day(closes)),
            )
            for school in data.SCHOOLS:
                self.names[school.id] = school.name
                has_history = school.id in data.CLOSED_EDGES
                begins = ended if has_history or school.manager != data.ROOT else past
                doing.tx.put(
                    Unit(school.id, school.kind, school.name, school.levels, past),
                    ManagementEdge(edge("edg"), school.id, school.manager, data.DECREE, begins),
                )
                if has_history:
                    doing.tx.put(
                        ManagementEdge(edge("edg"), school.id, data.DISTRICT, "QĐ 000/QĐ-UBND", past, ended)
                    )
                doing.tx.put(*self._classes_of(school, start_of_day(starts), start_of_day(closes)))
            tables = store_pack(doing.tx.connection, hai_duong)
            for unit in data.HAI_DUONG:
                doing.tx.put(PackBinding(edge("bnd"), unit, tables.pack.name, hai_duong.digest, ended))
            doing.tx.happened("demo.lay_out", REGISTER, schools=len(data.SCHOOLS))
            doing.tx.touches_everybody()

    def _classes_of(self, school: data.DemoSchool, starts: datetime, closes: datetime) -> list[SchoolClass]:
        return [
            SchoolClass(self.class_id(school.id, code), school.id, self.year, code, level, grade, starts, closes)
            for code, level, grade in school.classes
        ]

    def class_id(self, school: UnitId, code: str) -> ClassId:
        return ClassId(f"{school}:{self.year}:{code}")

    # -- people ----------------------------------------------------------------------------------------------------

    def _activate(
        self, issued: accounts.IssuedAccount, position: str, unit: UnitId
    ) -> tuple[AccountId, str, str, Caller]:
        return self._use_code(issued.activation_code, issued.account.username, issued.account.kind, position, unit)

    def _use_code(
        self, code: str, username: str, kind: AccountKind, position: str, unit: UnitId
    ) -> tuple[AccountId, str, str, Caller]:
        """Set a password, and for an admin account a second factor, as its holder would."""
        password = new_password()
        id_ = accounts.activate(self.services, code, password)
        caller, secret = self._enter(id_), None
        if kind is AccountKind.ADMIN:
            secret = second_factor.begin_totp(self.services, caller, password).secret
            second_factor.confirm_totp(self.services, caller, code_at(secret, self.now, steps=-1))
        self.demo.accounts.append(
            DemoAccount(id_, username, password, kind, position, unit, self.names[unit], secret)
        )
        return id_, username, password, caller

    def _enter(self, account: AccountId) -> Caller:
        with self.services.db.read(REGISTER) as reader:
            return accounts.caller_of(Gatherer(reader), account, self.now)

    def _activate_admin(self, issued: accounts.IssuedAccount, unit: UnitId, position: str) -> None:
        _, _, _, caller = self._activate(issued, position, unit)
        self.admins[unit] = caller

    def hire(
        self,
        unit: UnitId,
        position: str,
        by: UnitId,
        *,
        classes: Iterable[ClassSubject] | None = None,
        levels: Iterable[EducationLevel] | None = None,
        **duty: Any,
    ) -> Member:
        """A person with a duty in a unit and an activated use account."""
        self.count += 1
        admin = self.admins[by]
        person = org.add_person(self.services, admin, name=data.invented_name(self.count)).id
        assignment = org.assign_duty(
            self.services,
            admin,
            org.Duty(
                person=person,
                unit=unit,
                position=position,
                decision_number=f"{self.count:03d}/QĐ",
                decision_date=(local(self.now) - timedelta(days=3)).date(),
                valid_from=self.now - timedelta(days=2),
                classes=None if classes is None else frozenset(classes),
                levels=None if levels is None else frozenset(levels),
                **duty,
            ),
        )
        if isinstance(assignment, WaitingAct):
            raise RuntimeError("in the example every unit is kept by its head")
        prefix = "cbql" if by != unit else "gv"
        issued = accounts.issue_account(
            self.services,
            admin,
            unit=unit,
            kind=AccountKind.USE,
            person=person,
            username=f"{prefix}.000{self.count:04d}",
        )
        return Member(person, assignment.id, position, unit, *self._activate(issued, position, unit))

    def sign(self, who: Member, papers: Sequence[Document]) -> list[signatures.Signed]:
        """Every paper as if its page had been opened, one re-authentication; a refusal is a mistake of ours."""
        with self.services.db.aside() as connection:
            for paper in papers:
                keep_shown(
                    connection, who.caller.register, [(paper.id, paper.version)], who.caller.account, self.now
                )
        answers = signatures.sign_batch(
            self.services,
            who.caller,
            who.password,
            [signatures.Presented(d.id, d.version, d.sha256) for d in papers],
        )
        refused = [a for a in answers if isinstance(a, Exception)]
        if refused:
            raise refused[0]
        return [a for a in answers if isinstance(a, signatures.Signed)]

    # -- handing down ----------------------------------------------------------------------------------------------

    def appoint(self, position: str, units: Sequence[UnitId], manager: UnitId) -> None:
        """The manager appoints heads, gives authority, and hands over admin accounts and rights on signed paper."""
        if not units:
            return
        self.progress(f"Bổ nhiệm, bàn giao tài khoản quản trị: {self.names[manager]}")
        admin, today = self.admins[manager], local(self.now).date()
        custody: dict[UnitId, Document] = {}
        rights: dict[UnitId, Prepared] = {}
        for number, unit in enumerate(units, start=1):
            head = self.heads[unit] = self.hire(unit, position, manager)
            accounts.issue_account(
                self.services, admin, unit=unit, kind=AccountKind.ADMIN, person=None, username=f"quantri.{unit}"
            )
            delegation.give_authority(
                self.services, admin, unit=unit, scope=self._scope_of(unit), basis=f"{number:02d}/QĐ-PC"
            )
            custody[unit] = documents.propose_custody(
                self.services, admin, unit=unit, receiver=head.person, number="", dated=today
            )
            role = "office_leader" if position == "commune_chair" else "principal"
            rights[unit] = self.propose(manager, head, EnteredLine(role, head.duty, Scope(unit=unit), self.now))
        giver = self.heads[manager]
        self.sign(giver, [*custody.values(), *(p.document for p in rights.values())])
        for unit in units:
            papers = [custody[unit], rights[unit].document]
            if (commitment := rights[unit].commitment) is not None:
                papers.append(commitment)
            code = next(s.activation_code for s in self.sign(self.heads[unit], papers) if s.activation_code)
            self._set_admin_password(unit, code, position)

    def _set_admin_password(self, unit: UnitId, code: str, position: str) -> None:
        _, _, _, caller = self._use_code(code, f"quantri.{unit}", AccountKind.ADMIN, position, unit)
        self.admins[unit] = caller

    def _scope_of(self, unit: UnitId) -> Scope:
        school = next((s for s in data.SCHOOLS if s.id == unit), None)
        below = [s for s in data.SCHOOLS if s.manager == unit]
        levels = school.levels if school else frozenset(level for s in below for level in s.levels)
        return Scope(unit=unit, levels=levels)

    def propose(self, unit: UnitId, to: Member, *lines: EnteredLine) -> Prepared:
        """The unit's custodian prepares minutes for one person."""
        return documents.propose_handover(
            self.services,
            self.admins[unit],
            unit=unit,
            receiver=to.person,
            number="",
            dated=local(self.now).date(),
            lines=lines,
        )

    def sign_all(self, unit: UnitId, prepared: Sequence[tuple[Member, Prepared]]) -> None:
        """The head signs every paper at once, then each receiver theirs."""
        self.sign(self.heads[unit], [p.document for _, p in prepared])
        for member, paper in prepared:
            own = [paper.document] + ([paper.commitment] if paper.commitment else [])
            self.sign(member, own)

    def homeroom(self, unit: UnitId, code: str, **duty: Any) -> tuple[Member, EnteredLine]:
        """A homeroom teacher and the line that grants their class."""
        pair = (self.class_id(unit, code), "")
        member = self.hire(unit, "homeroom", unit, classes=[pair], **duty)
        scope = Scope(unit=unit, classes=frozenset([pair]))
        return member, EnteredLine("homeroom_teacher", member.duty, scope, self.now)

    def staff_schools(self) -> None:
        """One homeroom teacher in every other school."""
        self.progress("Phân công, bàn giao quyền cho giáo viên chủ nhiệm")
        for school in data.SCHOOLS:
            if school.id == data.MAIN:
                continue
            member, line = self.homeroom(school.id, school.classes[0][0])
            paper = self.propose(school.id, member, line)
            self.sign_all(school.id, [(member, paper)])

    def staff_office(self) -> None:
        """An officer for primary schools in a commune that has both levels (#53)."""
        office = UnitId("3111383")
        primary = frozenset([EducationLevel.PRIMARY])
        officer = self.hire(office, "level_officer", office, levels=primary)
        line = EnteredLine("level_officer", officer.duty, Scope(unit=office, levels=primary), self.now)
        self.sign_all(office, [(officer, self.propose(office, officer, line))])
        self.ask({"primary_officer": officer})

    # -- the school in which everything is shown -------------------------------------------------------------------

    def staff_main_school(self) -> None:
        """Every stage of a grant's life, and a question for each."""
        self.progress(f"Bàn giao và ký tại {self.names[data.MAIN]}")
        school = data.MAIN
        teacher, line = self.homeroom(school, "6A1")
        revocable, line_revocable = self.homeroom(school, "7A1")
        unsigned, line_unsigned = self.homeroom(school, "9A3")
        pair = (self.class_id(school, "6A1"), "TOAN")
        subject = self.hire(school, "subject_teaching", school, classes=[pair])
        line_subject = EnteredLine(
            "subject_teacher", subject.duty, Scope(unit=school, classes=frozenset([pair])), self.now
        )
        nurse = self.hire(school, "school_health", school)
        registrar = self.hire(school, "academic_registrar", school)
        clerk = self.hire(school, "clerk", school)
        absent = self.hire(school, "accountant", school)
        lines = [
            (teacher, line),
            (revocable, line_revocable),
            (subject, line_subject),
            *(
                (m, EnteredLine(m.position, m.duty, Scope(unit=school), self.now))
                for m in (nurse, registrar, clerk, absent)
            ),
        ]
        papers = [(member, self.propose(school, member, line)) for member, line in lines]
        pending = self.propose(school, unsigned, line_unsigned)
        self.sign(self.heads[school], [pending.document])
        self.sign_all(school, papers)
        grants = {member.account: paper.grants[0].id for member, paper in papers}
        self._end_some(grants, registrar, clerk, absent)
        self.demo.begin_with = unsigned.username
        members = {
            "homeroom": teacher,
            "subject": subject,
            "health": nurse,
            "unsigned": unsigned,
            "revoked": registrar,
            "suspended": clerk,
            "locked": absent,
            "head": self.heads[school],
        }
        self.ask(members)
        self.demo.revocable = {
            "grant": grants[revocable.account],
            "actor": self.admins[school].account,
            "request": self.request(revocable, data.REVOCABLE),
        }

    def _end_some(
        self, grants: dict[AccountId, GrantId], revoked: Member, suspended: Member, locked: Member
    ) -> None:
        admin = self.admins[data.MAIN]
        delegation.revoke_grant(self.services, admin, grants[revoked.account], reason="chuyển nhiệm vụ")
        delegation.suspend(
            self.services, admin, kind=SuspendableKind.GRANT, target=grants[suspended.account], reason="rà soát"
        )
        delegation.suspend(
            self.services, admin, kind=SuspendableKind.ACCOUNT, target=locked.account, reason="nghỉ phép"
        )

    def ask(self, members: dict[str, Member]) -> None:
        """Write down the questions whose asker is among the members, with the answers they must have."""
        for question in data.QUESTIONS:
            if question.who in members:
                request = self.request(members[question.who], question)
                self.demo.decisions.append(
                    DemoDecision(question.name, request, question.reason is None, question.reason)
                )

    def request(self, who: Member, question: data.Question) -> dict[str, Any]:
        """An AuthZEN evaluation: a pupil's record, or a unit's."""
        told: dict[str, str] = {"category": question.category, **dict(question.properties)}
        if question.class_code is not None:
            told["class"] = self.class_id(question.school, question.class_code)
        kind, id_ = ("unit", question.unit) if question.unit else ("student", data.PUPIL)
        return {
            "subject": {"type": "account", "id": who.account},
            "action": {"name": question.action},
            "resource": {"type": kind, "id": id_, "properties": told},
        }


def question_of(request: dict[str, Any]) -> AccessRequest:
    """The question in a request of the example, as the decision point takes it."""
    resource = request["resource"]
    told = {("class_id" if k == "class" else k): v for k, v in resource["properties"].items()}
    return AccessRequest(
        account=AccountId(request["subject"]["id"]),
        action=request["action"]["name"],
        resource_type=resource["type"],
        resource_id=resource["id"],
        **told,
    )
