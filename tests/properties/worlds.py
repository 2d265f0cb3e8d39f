"""Random small worlds: two departments, three schools, five classes, a pack of a few rows, one account.

Small enough that everything meets: a handful of instants, so that boundaries coincide; two roles, so that rows,
grants and requests are about the same cells. A world is values only; nothing in it knows an answer.

Each is built from a number by plain dice: drawing every value through Hypothesis takes tens of milliseconds a world
and leaves most of them alike. What is lost is shrinking, and a world is small already.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random

from hypothesis import strategies as st

import reference
from access_service.domain.access import AccessRequest
from access_service.domain.accounts import Account, Suspension
from access_service.domain.delegation import Authority, Grant
from access_service.domain.documents import Document
from access_service.domain.names import (
    AccountKind,
    DocumentKind,
    DocumentState,
    DrawMethod,
    EducationLevel,
    Frequency,
    GrantEnd,
    Method,
    SuspendableKind,
)
from access_service.domain.org import ManagementEdge, Organisation, SchoolClass, SchoolYear, Unit
from access_service.domain.policy import (
    Category,
    CommitmentText,
    Pack,
    PeriodLock,
    Role,
    RoleRule,
)
from access_service.domain.scope import Scope
from access_service.domain.software import (
    SOFTWARE_ROLE,
    Approval,
    ApprovalFacts,
    Share,
    Software,
    as_grant,
)
from access_service.domain.standing import AccountFacts, GrantFacts
from access_service.domain.time import Interval

MODEL = (Path(__file__).parents[2] / "models" / "delegation.conf").read_text(encoding="utf-8")
T0 = datetime(2026, 9, 1, tzinfo=UTC)
HOURS = 8
PRIMARY, LOWER = EducationLevel.PRIMARY, EducationLevel.LOWER_SECONDARY
ROLES, GHOST = ("giao-vien", "can-bo"), "vai-tro-la"
CATEGORIES, ACTIONS, FUNCTIONS = ("HOC", "BAO"), ("read", "write"), ("so-diem", "bao-cao")
SUBJECTS = ("toan", "ngu-van")
UNITS = ("so", "so-khac", "lien-cap", "tieu-hoc", "ngoai")
CLASSES = (
    ("lien-cap", "2026", "6A", LOWER, "6"),
    ("lien-cap", "2026", "6B", LOWER, "6"),
    ("lien-cap", "2025", "6A", LOWER, "6"),
    ("lien-cap", "2026", "1A", PRIMARY, "1"),
    ("tieu-hoc", "2026", "1A", PRIMARY, "1"),
)
CLASS_IDS = tuple(":".join(parts[:3]) for parts in CLASSES)


@dataclass(frozen=True)
class Asked:
    """One question in one world at one instant."""

    pack: Pack
    org: Organisation
    bound: frozenset[str]
    facts: AccountFacts | None
    request: AccessRequest
    now: datetime


class Dice(Random):
    """Choices in the words of a world."""

    def seldom(self) -> bool:
        """Most of a world is in order, or every answer would be the first thing that is wrong with it."""
        return self.random() < 0.08

    def instant(self) -> datetime:
        return at(self.randint(0, HOURS))

    def instant_or_never(self) -> datetime | None:
        return self.choice([None, self.instant()])

    def interval(self) -> Interval:
        start = self.randint(0, HOURS)
        return Interval(at(start), self.choice([None, at(self.randint(start + 1, HOURS + 1))]))

    def few(self) -> tuple[Interval, ...]:
        return (self.interval(),) if self.seldom() else ()

    def some(self, values):
        """A part of the values, never empty."""
        return frozenset(self.sample(values, self.randint(1, len(values))))

    def narrowed(self, values):
        return self.some(values) if self.seldom() else None


def at(hour: int) -> datetime:
    return T0 + timedelta(hours=hour)


def rule(dice: Dice) -> RoleRule:
    role = "*" if dice.seldom() else dice.choice(ROLES)
    return RoleRule(
        role=role,
        function=dice.choice(FUNCTIONS),
        category=dice.choice(CATEGORIES),
        action=dice.choice(ACTIONS),
        allow=role != "*" and dice.random() < 0.9,
        article="default",
        source="world/roles.csv:2",
    )


def lock(dice: Dice) -> PeriodLock:
    span = dice.interval()
    kinds, cell = frozenset({dice.choice(["school", "department"])}), frozenset({dice.choice(CATEGORIES)})
    return PeriodLock("khoa", kinds, cell, frozenset({"write"}), span.start, span.end or at(99), "", "default")


def pack(dice: Dice) -> Pack:
    types = frozenset({"unit", "class", "student", "staff"})
    return Pack(
        name="world",
        version="1",
        title="",
        model="delegation",
        model_text=MODEL,
        digest="0",
        articles={},
        actions=dict.fromkeys(ACTIONS, ""),
        functions=dict.fromkeys(FUNCTIONS, ""),
        categories={c: Category(c, "", "", types, False, "default") for c in CATEGORIES},
        roles={r: Role(r, "", "", frozenset(), "default") for r in ROLES},
        positions={},
        unit_kinds={},
        rules=tuple(dict.fromkeys(rule(dice) for _ in range(dice.randint(0, 12)))),
        delegation=(),
        locks=(lock(dice),) if dice.random() < 0.2 else (),
        commitments=(
            CommitmentText("1", at(-99), timedelta(0), "", "default"),
            CommitmentText("2", at(4), timedelta(hours=2), "", "default"),
        ),
        limits={},
        signing_capacities=frozenset(),
        custody_holders=frozenset(),
        function_required=dice.seldom(),
        grades={PRIMARY: ("1",), LOWER: ("6",)},
    )


def organisation(dice: Dice) -> Organisation:
    """The primary school changes its manager once; the school of two levels may be over early."""
    moved, ended = dice.instant(), dice.instant() if dice.seldom() else None
    levels = {"lien-cap": {PRIMARY, LOWER}, "tieu-hoc": {PRIMARY}, "ngoai": {PRIMARY}}
    units = {}
    for id_ in UNITS:
        kind, end = "school" if id_ in levels else "department", ended if id_ == "lien-cap" else None
        units[id_] = Unit(id_, kind, id_, frozenset(levels.get(id_, ())), at(-999), end)
    edges = {
        "lien-cap": (ManagementEdge("1", "lien-cap", "so", "", at(-999)),),
        "tieu-hoc": (
            ManagementEdge("2", "tieu-hoc", "so", "", at(-999), moved),
            ManagementEdge("3", "tieu-hoc", "so-khac", "", moved),
        ),
    }
    classes = {
        id_: SchoolClass(id_, school, year, name, level, grade, at(-999))
        for id_, (school, year, name, level, grade) in zip(CLASS_IDS, CLASSES, strict=True)
    }
    return Organisation(units, edges, classes, {y: SchoolYear(y, at(-999), at(99)) for y in ("2025", "2026")})


def scope(dice: Dice) -> Scope:
    year = "2026" if dice.random() < 0.3 else None
    if dice.random() < 0.5:
        pairs = [(class_id, subject) for class_id in CLASS_IDS[:4] for subject in ("", *SUBJECTS)]
        return Scope("lien-cap", classes=frozenset(dice.sample(pairs, dice.randint(1, 3))), school_year=year)
    return Scope(
        unit=dice.choice(UNITS[:4]),
        levels=dice.some([PRIMARY, LOWER]) if dice.random() < 0.4 else None,
        grades=dice.some(["1", "6"]) if dice.random() < 0.2 else None,
        subjects=dice.narrowed(SUBJECTS),
        school_year=year,
        categories=dice.narrowed(CATEGORIES),
        actions=dice.narrowed(ACTIONS),
    )


def document(kind: DocumentKind, signed: datetime | None, ended: datetime | None, text: str | None) -> Document:
    state = DocumentState.AWAITING_RECEIVER if signed is None else DocumentState.SIGNED
    return Document(
        id=str(kind),
        kind=kind,
        unit="so",
        number="",
        dated=date(2026, 9, 1),
        version=1,
        state=state,
        receiver="000-nguoi",
        prepared_by=None,
        content="",
        sha256="",
        method=Method.ATTESTED,
        valid_from=at(-9),
        state_since=at(-9),
        text_version=text,
        signed_at=signed,
        ended_at=ended,
    )


def papers(dice: Dice) -> dict[str, object]:
    minutes = document(
        DocumentKind.HANDOVER_MINUTES, dice.instant_or_never() if dice.seldom() else at(0), None, None
    )
    commitments = [
        document(
            DocumentKind.COMMITMENT,
            dice.instant() if dice.seldom() else at(0),
            dice.instant() if dice.seldom() else None,
            dice.choice(["1", "2", "2"]),
        )
        for _ in range(0 if dice.seldom() else dice.randint(1, 2))
    ]
    required = dice.choice(
        [{"minutes", "commitment"}, {"minutes", "commitment"}, {"minutes"}, {"inspection"}, set()]
    )
    return {"required": frozenset(required), "document": minutes, "commitments": tuple(commitments)}


def grant_facts(dice: Dice, id_: str, of: Pack) -> GrantFacts:
    span, ended = dice.interval(), dice.instant() if dice.seldom() else None
    grant = Grant(
        id=id_,
        account="000-nguoi",
        role=GHOST if dice.seldom() else dice.choice(ROLES),
        scope=scope(dice),
        unit="so",
        authority="so",
        assignment="000-viec",
        document=None,
        valid_from=span.start if dice.seldom() else at(0),
        valid_to=span.end if dice.seldom() else None,
        activated_at=dice.instant_or_never() if dice.seldom() else at(0),
        ended_at=ended,
        ended_as=dice.choice(list(GrantEnd)) if ended else None,
    )
    return GrantFacts(
        grant=grant,
        texts=of.commitments,
        assignment=dice.choice([None, dice.interval()]) if dice.seldom() else Interval(at(-9)),
        absences=dice.few(),
        suspensions=dice.few(),
        unit_suspensions=dice.few(),
        authority_suspensions=dice.few(),
        lapses_at=dice.instant() if dice.seldom() else None,
        year_closes_at=dice.instant() if dice.seldom() else None,
        **papers(dice),
    )


def account_facts(dice: Dice, of: Pack) -> AccountFacts:
    account = Account(
        id="000-nguoi",
        kind=AccountKind.USE,
        unit="so",
        person="000-nguoi",
        username="000.nguoi",
        valid_from=at(-9),
        activated_at=dice.instant_or_never() if dice.seldom() else at(-9),
        valid_to=dice.instant() if dice.seldom() else None,
    )
    laid_on = [Suspension("s", SuspendableKind.ACCOUNT, account.id, "so", "", i.start, i.end) for i in dice.few()]
    number = dice.choice([0, 1, 1, 2, 2, 3])
    return AccountFacts(account, tuple(laid_on), tuple(grant_facts(dice, f"g{n}", of) for n in range(number)))


def request(dice: Dice) -> AccessRequest:
    kind = dice.choice(["class", "class", "student", "unit", "staff"])
    class_id = "khong-co" if dice.seldom() else dice.choice(CLASS_IDS) if kind in ("class", "student") else None
    unit = "khong-co" if dice.seldom() else dice.choice(UNITS) if kind in ("unit", "staff") else None
    said = {"level": [PRIMARY, LOWER], "grade": ["1", "6"], "school_year": ["2025", "2026"]}
    # A unit has no class to say its level, grade and year for it.
    often = 0.4 if kind in ("unit", "staff") else 0.05
    if kind == "student" and dice.random() < 0.1:
        # A pupil who has no class yet.
        class_id, unit, often = None, dice.choice(UNITS), 0.9
    says_unit = kind == "staff" or (kind == "student" and class_id is None)
    return AccessRequest(
        account="000-nguoi",
        action="xem" if dice.random() < 0.02 else dice.choice(ACTIONS),
        resource_type=kind,
        resource_id={"class": class_id, "unit": unit}.get(kind) or "000",
        category=dice.choice(["KHAC", None]) if dice.random() < 0.04 else dice.choice(CATEGORIES),
        unit=unit if says_unit else dice.choice(UNITS) if dice.seldom() else None,
        class_id=class_id if kind == "student" and not dice.seldom() else None,
        subject=dice.choice([None, *SUBJECTS, *SUBJECTS]),
        function=dice.choice(FUNCTIONS) if dice.random() < 0.3 else None,
        **{axis: dice.choice(values) if dice.random() < often else None for axis, values in said.items()},
    )


def aimed(dice: Dice, asked: AccessRequest, facts: AccountFacts, of: Pack) -> AccessRequest:
    """The request turned towards one of the grants: its classes, and a row about its role."""
    grant = dice.choice(facts.grants).grant
    rows = [row for row in of.rules if row.role == grant.role]
    if rows:
        row = dice.choice(rows)
        asked = replace(asked, category=row.category, action=row.action)
    if grant.scope.classes is not None:
        class_id, subject = dice.choice(sorted(grant.scope.classes))
        subject = subject or asked.subject
        asked = replace(
            asked, resource_type="class", resource_id=class_id, class_id=None, unit=None, subject=subject
        )
    return asked


def world(seed: int) -> Asked:
    """The world of that number, always the same one."""
    dice = Dice(seed)
    of = pack(dice)
    facts = None if dice.random() < 0.03 else account_facts(dice, of)
    asked = request(dice)
    return Asked(
        pack=of,
        org=organisation(dice),
        bound=frozenset({"so"}) if dice.seldom() else frozenset({"so", "so-khac", "ngoai"}),
        facts=facts,
        request=aimed(dice, asked, facts, of)
        if facts is not None and facts.grants and dice.random() < 0.6
        else asked,
        now=dice.instant() + (timedelta(minutes=30) if dice.random() < 0.5 else timedelta(0)),
    )


def with_software(of: Pack) -> Pack:
    """The same pack, in which software may be approved for what one of the roles may do."""
    rows = tuple(replace(row, role=SOFTWARE_ROLE) for row in of.rules if row.role == ROLES[1])
    role = Role(SOFTWARE_ROLE, "", "", frozenset(), "default")
    return replace(of, roles={**of.roles, SOFTWARE_ROLE: role}, rules=tuple(dict.fromkeys((*of.rules, *rows))))


def software(dice: Dice, account: str = "000-nguoi") -> Software:
    end = dice.instant() if dice.seldom() else None
    words = dict.fromkeys(
        ("name", "supplier", "data_fields", "data_scope", "frequency", "method", "cost", "legal_standing"), ""
    )
    return Software(
        id="000-pm",
        unit="so",
        account=account,
        security_level=None,
        security_standard=None,
        on_axis=False,
        is_enforcement_point=False,
        valid_from=at(-9),
        valid_to=end,
        **words,
    )


def approval(dice: Dice, id_: str) -> Approval:
    return Approval(
        id=id_,
        software="000-pm",
        number="",
        dated=date(2026, 9, 1),
        sha256="",
        scope=scope(dice),
        frequency=Frequency.UNLIMITED,
        method=DrawMethod.API,
        valid_from=dice.instant() if dice.seldom() else at(0),
        valid_to=dice.instant() if dice.random() < 0.2 else at(99),
        recorded_at=dice.instant() if dice.seldom() else at(0),
        withdrawn_at=dice.instant() if dice.random() < 0.2 else None,
    )


def approval_facts(dice: Dice, id_: str, used: Software) -> ApprovalFacts:
    paper = approval(dice, id_)
    shares = []
    for number in range(0 if dice.seldom() else dice.choice([1, 1, 2])):
        span = dice.interval() if dice.seldom() else Interval(at(-9))
        authority = Authority(f"{id_}-{number}", "so", None, Scope("so"), "", span.start, span.end)
        left = replace(paper.scope, actions=dice.narrowed(ACTIONS), categories=dice.narrowed(CATEGORIES))
        shares.append(Share(authority, None if dice.seldom() else left, dice.few(), dice.few()))
    return ApprovalFacts(
        approval=paper,
        software=used,
        unmet="software_on_axis" if dice.seldom() else None,
        shares=tuple(shares),
        year_closes_at=dice.instant() if dice.seldom() else None,
    )


def software_world(seed: int) -> Asked:
    """A world whose account is a service account, always the same one (rule 13)."""
    dice = Dice(seed)
    of, used = with_software(pack(dice)), software(dice)
    held = tuple(approval_facts(dice, f"a{n}", used) for n in range(dice.choice([0, 1, 1, 1, 2, 2, 3])))
    account = replace(account_facts(dice, of).account, kind=AccountKind.SERVICE, person=None)
    asked = request(dice)
    lines = [GrantFacts(as_grant(a, s)) for a in held for s in a.shares]
    if lines and dice.random() < 0.6:
        asked = aimed(dice, asked, AccountFacts(account, (), tuple(lines)), of)
    return Asked(
        pack=of,
        org=organisation(dice),
        bound=frozenset({"so", "so-khac", "ngoai"}),
        facts=AccountFacts(account, (), approvals=held),
        request=asked,
        now=dice.instant() + (timedelta(minutes=30) if dice.random() < 0.5 else timedelta(0)),
    )


def is_allowed(asked: Asked) -> bool:
    reason, _ = reference.decide(asked.request, asked.facts, asked.org, asked.pack, asked.bound, asked.now)
    return reason is None


def worlds() -> st.SearchStrategy[Asked]:
    """Any world."""
    return st.integers(0, 2**40).map(world)


def allowing_worlds() -> st.SearchStrategy[Asked]:
    """Worlds in which the answer is allow: the first one from a number on."""
    return st.integers(0, 2**40).map(lambda seed: next(filter(is_allowed, map(world, count(seed)))))


def software_worlds() -> st.SearchStrategy[Asked]:
    """Any world of a service account."""
    return st.integers(0, 2**40).map(software_world)
