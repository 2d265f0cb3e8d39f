"""Who could come to read a unit's data, and how far an account reaches: paths of one revision, and their findings.

Nothing is changed but the log: a map of weak points is itself sensitive, so every question leaves an event. It is
for the unit's own leadership and those above, and for the operator at the command line; to others there is no such
unit.
"""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from datetime import datetime

from access_service.domain.audit import Happening, Json, instant
from access_service.domain.edges import acts_for
from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.joint_acts import JointAct, joint_acts
from access_service.domain.names import AccountId, PersonId, RegisterId, UnitId
from access_service.domain.org import Person, Unit
from access_service.domain.path_findings import PathFinding, path_findings
from access_service.domain.paths import PowerMap, WaysTo
from access_service.domain.reasons import Refusal
from access_service.domain.reorganising import change_at
from access_service.domain.supposing import OrdinaryAct, Supposed, suppose
from access_service.storage.audit import revision_at
from access_service.storage.db import Database
from access_service.storage.facts import Reader
from access_service.storage.second_factor import count_factors
from access_service.usecases.evidence.known_facts import KnownFacts
from access_service.usecases.services import Caller, ReadView, Services, look

OPERATOR, WAIT_HOURS = "operator", "recovery_wait_hours"
MOST_ACCOMPLICES = 2
"""Whoever prepares, signs and receives are three people at most."""


@dataclass(frozen=True, slots=True)
class NamedAccount:
    """An account as a reader knows it."""

    id: AccountId
    username: str
    kind: str
    person: str
    """Who uses it now; empty where nobody keeps an admin account."""
    unit: UnitId
    unit_name: str
    factors: int
    """How many things open it; 1 is a password alone."""


@dataclass(frozen=True, slots=True)
class PathsTo:
    """The answer about one unit and category."""

    at: datetime
    revision: int
    unit: UnitId
    unit_name: str
    category: str
    category_vi: str
    ways: WaysTo
    joint: tuple[JointAct, ...]
    """What others would do to come to power over the unit, with as many people as asked."""
    accounts: dict[AccountId, NamedAccount]
    people: dict[PersonId, str]
    units: dict[UnitId, str]
    """The units that coalitions and joint acts are about, by name."""
    roles: dict[str, str]
    """Roles of rights and coalitions, in Vietnamese."""
    positions: dict[str, str]
    """Positions that joint acts fill, in Vietnamese."""
    articles: dict[str, str]
    """What is written for the article of each coalition; empty where the pack cites none."""
    wait_hours: int
    """So long a recovery waits where nobody confirms it."""


@dataclass(frozen=True, slots=True)
class PathChoices:
    """What the question can be asked about."""

    unit: UnitId
    unit_name: str
    categories: tuple[tuple[str, str], ...]
    """Id and name, the sensitive ones first."""
    sensitive: int
    """So many of them are sensitive."""
    wait_hours: int


@dataclass(frozen=True, slots=True)
class ReachFrom:
    """How far one account reaches by recovering others."""

    at: datetime
    revision: int
    start: NamedAccount
    reached: dict[AccountId, int]
    """Accounts, and after how many acts."""
    accounts: dict[AccountId, NamedAccount]
    of: int
    """Accounts of the register that somebody could open."""


@dataclass(frozen=True, slots=True)
class PathsChecked:
    """Everything that looks wrong."""

    at: datetime
    revision: int
    findings: tuple[PathFinding, ...]


class PathsView:
    """A register read once, at one revision; with an act that is supposed, as it would stand on that act's day."""

    def __init__(self, reader: Reader, at: datetime, after: OrdinaryAct | None = None) -> None:
        self.revision = revision_at(reader.connection, reader.register)
        self.at = at if after is None else change_at(after.on, at)
        known, factors = KnownFacts(reader), count_factors(reader.connection, reader.register)
        self.without: PathsView | None = None
        """The same day without the act."""
        if after is not None:
            self.without = copy(self)
            self.without.stand_on(known, factors)
            supposed = _suppose(known, self.at, after)
            known, factors = known.laid(supposed.facts), {**factors, **dict.fromkeys(supposed.renewed, 1)}
        self.stand_on(known, factors)

    def stand_on(self, facts: KnownFacts, factors: Mapping[AccountId, int]) -> None:
        """See these facts, and so many things that open each account."""
        self.facts, self.map = facts, PowerMap(facts.ground(self.at), factors)

    def unit_name(self, unit: UnitId) -> str:
        """The unit as a reader knows it."""
        found = self.facts.org.unit(unit)
        return found.name if found is not None else unit

    def person_name(self, person: PersonId | None) -> str:
        """The person's name; empty where there is nobody."""
        found = None if person is None else self.facts.get(Person, person)
        return found.name if found is not None else ""

    def named(self, id_: AccountId) -> NamedAccount:
        """The account as a reader knows it."""
        account = self.map.accounts[id_]
        return NamedAccount(
            id=id_,
            username=account.username,
            kind=str(account.kind),
            person=self.person_name(self.map.person_of(id_)),
            unit=account.unit,
            unit_name=self.unit_name(account.unit),
            factors=self.map.factors.get(id_, 1),
        )


def _suppose(known: KnownFacts, at: datetime, act: OrdinaryAct) -> Supposed:
    """What the act would write. A rule that refuses it is named by its code."""
    if all(unit.valid_from > at for unit in known.find(Unit)):
        raise InvalidError("the record begins later than that day", on=act.on.isoformat())
    try:
        return suppose(known.ground(at), act, lambda facts: known.laid(facts).ground(at))
    except RefusedError as refused:
        if refused.code in (Refusal.INVALID, Refusal.NOT_FOUND):
            raise
        message = f"`{act.kind}` is refused then, {refused.code}: {refused.message}"
        raise RefusedError(refused.code, message, **refused.details) from None


def path_choices(services: Services, caller: Caller, unit: UnitId) -> PathChoices:
    """For whoever may ask: the categories of the pack in force there, the sensitive ones first."""
    with look(services, caller) as view:
        _check_may_ask(view, unit)
        pack, found = view.ground.pack_for(unit), view.reader.require(Unit, unit)
    categories = sorted(pack.categories.values(), key=lambda c: not c.sensitive)
    return PathChoices(
        unit=unit,
        unit_name=found.name,
        categories=tuple((c.id, c.vi) for c in categories),
        sensitive=sum(c.sensitive for c in categories),
        wait_hours=pack.number(WAIT_HOURS),
    )


def _check_may_ask(view: ReadView, unit: UnitId) -> None:
    """Whoever acts for the unit or for one above it; a map of weak points does not even exist for others."""
    if not acts_for(view.ground, view.require_caller(), unit):
        raise NotFoundError("unit", unit)


def ask_paths_to(
    services: Services,
    caller: Caller,
    unit: UnitId,
    category: str,
    *,
    accomplices: int = 0,
    at: datetime | None = None,
) -> PathsTo:
    """For the leadership of the unit and of units above it. `NotFoundError` for everybody else, as for no unit."""
    with services.db.connect() as connection:
        now = services.db.now_in(connection, caller.register)
        view = ReadView(Reader(connection, caller.register), caller, now)
        _check_may_ask(view, unit)
        answer = paths_to(PathsView(view.reader, at or now), unit, category, accomplices)
    _record(services.db, caller.register, caller.account, answer)
    return answer


def read_paths_to(
    db: Database,
    register: RegisterId,
    unit: UnitId,
    category: str,
    *,
    accomplices: int = 0,
    at: datetime | None = None,
    after: OrdinaryAct | None = None,
) -> PathsTo:
    """The same for the operator, who needs no account; `after` an act that is supposed, on its day."""
    with db.read(register) as reader:
        now = db.now_in(reader.connection, register)
        answer = paths_to(PathsView(reader, at or now, after), unit, category, accomplices)
    _record(db, register, OPERATOR, answer, after)
    return answer


def paths_to(view: PathsView, unit: UnitId, category: str, accomplices: int) -> PathsTo:
    """The answer from what was read."""
    if view.facts.get(Unit, unit) is None:
        raise NotFoundError("unit", unit)
    if not 0 <= accomplices <= MOST_ACCOMPLICES:
        raise InvalidError(f"at most {MOST_ACCOMPLICES} others", limit=MOST_ACCOMPLICES)
    pack = view.map.pack(unit)
    if pack is None or category not in pack.categories:
        raise InvalidError("the pack has no such category", field="category")
    ways = view.map.ways_to(unit, category, accomplices)
    joint = _joint(view, ways, unit, accomplices)
    shown = {h.account for h in ways.held} | {p.start for p in ways.paths}
    shown |= {step.to for path in ways.paths for step in path.steps}
    shown |= {a for act in joint for a in (act.prepares, *act.seconds)}
    shown |= {act.recovered for act in joint if act.recovered is not None}
    people = {person for coalition in ways.coalitions for person in coalition.people}
    issuers = {coalition.unit for coalition in ways.coalitions} | {act.unit for act in joint}
    issuers |= {act.manager for act in joint if act.manager is not None}
    return PathsTo(
        at=view.at,
        revision=view.revision,
        unit=unit,
        unit_name=view.unit_name(unit),
        category=category,
        category_vi=pack.categories[category].vi,
        ways=ways,
        joint=joint,
        accounts={id_: view.named(id_) for id_ in sorted(shown)},
        people={person: view.person_name(person) for person in sorted(people)},
        units={issuer: view.unit_name(issuer) for issuer in sorted(issuers)},
        roles=_role_names(view, ways),
        positions=_position_names(view, joint),
        articles={c.article: article_said(view, c.unit, c.article) for c in ways.coalitions},
        wait_hours=pack.number(WAIT_HOURS),
    )


def _joint(view: PathsView, ways: WaysTo, unit: UnitId, accomplices: int) -> tuple[JointAct, ...]:
    if accomplices == 0:
        return ()
    found = joint_acts(view.map, unit, dict.fromkeys(h.account for h in ways.held))
    return tuple(act for act in found if act.people <= accomplices + 1)


def _position_names(view: PathsView, joint: tuple[JointAct, ...]) -> dict[str, str]:
    found = {}
    for act in joint:
        pack = view.map.pack(act.unit)
        for id_ in act.positions:
            found[id_] = id_ if pack is None else pack.positions[id_].vi
    return found


def _role_names(view: PathsView, ways: WaysTo) -> dict[str, str]:
    named = {(h.grant.unit, h.grant.role) for h in ways.held} | {(c.unit, c.role) for c in ways.coalitions}
    found = {}
    for unit, id_ in sorted(named):
        pack = view.map.pack(unit)
        role = None if pack is None else pack.roles.get(id_)
        found[id_] = id_ if role is None else role.vi
    return found


def article_said(view: PathsView, unit: UnitId, id_: str) -> str:
    """What is written for an article of the pack in force there; empty where the pack cites none."""
    pack = view.map.pack(unit)
    article = None if pack is None else pack.articles.get(id_)
    return "" if article is None else ", ".join(part for part in (article.place, article.document) if part)


def _record(
    db: Database, register: RegisterId, actor: str, answer: PathsTo, after: OrdinaryAct | None = None
) -> None:
    details: dict[str, Json] = {
        "at": instant(answer.at),
        "category": answer.category,
        "known_at": answer.revision,
        "paths": len(answer.ways.paths),
        **supposed_json(after),
    }
    db.note(register, actor, Happening("paths.read", answer.unit, details=details, unit=answer.unit))


def supposed_json(after: OrdinaryAct | None) -> dict[str, Json]:
    """What the log says of a question about an act that is supposed."""
    return {} if after is None else {"after": str(after)}


def account_called(view: PathsView, username: str) -> NamedAccount:
    """The account of that name, where somebody could open it."""
    found = next((a for a in view.map.accounts.values() if a.username == username), None)
    if found is None:
        raise NotFoundError("account", username)
    return view.named(found.id)


def read_reach(
    db: Database,
    register: RegisterId,
    username: str,
    *,
    at: datetime | None = None,
    after: OrdinaryAct | None = None,
) -> ReachFrom:
    """How far somebody comes who opens this account, for the operator."""
    with db.read(register) as reader:
        now = db.now_in(reader.connection, register)
        view = PathsView(reader, at or now, after)
        start = account_called(view, username)
        reached = view.map.reach(start.id)
        answer = ReachFrom(
            at=view.at,
            revision=view.revision,
            start=start,
            reached=dict(reached),
            accounts={id_: view.named(id_) for id_ in reached},
            of=len(view.map.accounts) - 1,
        )
    details: dict[str, Json] = {
        "at": instant(answer.at),
        "known_at": answer.revision,
        "reached": len(reached),
        **supposed_json(after),
    }
    db.note(register, OPERATOR, Happening("paths.read", start.id, details=details, unit=start.unit))
    return answer


def check_paths(
    db: Database, register: RegisterId, *, at: datetime | None = None, after: OrdinaryAct | None = None
) -> PathsChecked:
    """Everything that looks wrong in the whole register, for the operator."""
    with db.read(register) as reader:
        answer = check_of(reader, at or db.now_in(reader.connection, register), after)
    record_check(db, register, answer, after)
    return answer


def check_of(reader: Reader, at: datetime, after: OrdinaryAct | None) -> PathsChecked:
    """What looks wrong at an instant, as if the act were done where there is one; nothing is recorded."""
    view = PathsView(reader, at, after)
    return PathsChecked(view.at, view.revision, findings_of(view))


def record_check(db: Database, register: RegisterId, answer: PathsChecked, after: OrdinaryAct | None) -> None:
    """Write down that it was asked, and how much was found."""
    details: dict[str, Json] = {
        "at": instant(answer.at),
        "known_at": answer.revision,
        "found": len(answer.findings),
        **supposed_json(after),
    }
    db.note(register, OPERATOR, Happening("paths.read", register, details=details))


def findings_of(view: PathsView) -> tuple[PathFinding, ...]:
    """Everything that looks wrong in what was read."""
    return path_findings(view.map)
