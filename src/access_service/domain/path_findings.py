"""What looks wrong about who could come to power in a whole register, told to the units concerned and those above.

One function a kind, over a `PowerMap`: `paths --check` and the daily check ask the same. A finding has a name that
stays the same from day to day, so that it is told once, stands, and may be accepted. That a deny hangs on one grant
(narrow it, and the same person writes again) is no kind: a role's deny row stops the grants of that role and no
others, and what should not meet in one person is a separation.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from access_service.domain.anomalies import Anomaly, AnomalyCode, AnomalySeverity, day_vi, limit_article
from access_service.domain.delegation import Authority, Grant, working_unit
from access_service.domain.documents import Document, Signature
from access_service.domain.moves import AuthorityMove, box_of, chain_at, rest_of_grant
from access_service.domain.names import AccountId, AuthorityId, GrantId, PersonId, UnitId
from access_service.domain.org import Assignment, Person
from access_service.domain.paths import PowerMap
from access_service.domain.policy import DEFAULT
from access_service.domain.recovery import Recovery
from access_service.domain.scope import Scope
from access_service.domain.separations import Meeting, meetings

SIGNED_SOON = timedelta(hours=1)
"""A recovered account that signs so soon may be in the hands of whoever recovered it."""
SHOWN_FOR = timedelta(days=30)
"""So long a signature after a recovery is shown: it stays in the log, and nobody mends it later."""


@dataclass(frozen=True, slots=True)
class PathFinding:
    """Something that a reviewer should see, by a name that stays the same from day to day."""

    code: AnomalyCode
    target: str
    """Id of what it is about."""
    units: tuple[UnitId, ...]
    """Whom it concerns: it is told to these and to those above them."""
    severity: AnomalySeverity
    vi: str
    en: str
    article: str = DEFAULT
    person: PersonId | None = None
    account: AccountId | None = None
    grant: GrantId | None = None
    document: str | None = None

    @property
    def name(self) -> str:
        """How a baseline calls it."""
        return f"{self.code.replace('_', '-')}:{self.target}"

    def anomalies(self) -> Iterator[Anomaly]:
        """The same as an anomaly of each unit concerned."""
        for unit in self.units:
            yield Anomaly(
                code=self.code,
                severity=self.severity,
                unit=unit,
                vi=self.vi,
                en=self.en,
                article=self.article,
                person=self.person,
                account=self.account,
                grant=self.grant,
                document=self.document,
            )


PATH_CODES = (
    AnomalyCode.PASSWORD_OPENS_FACTORS,
    AnomalyCode.REACH_BEYOND,
    AnomalyCode.TWO_BRANCHES,
    AnomalyCode.OUTSIDE_AUTHORITY,
    AnomalyCode.RECOVERED_THEN_SIGNED,
    AnomalyCode.DUTIES_MEET,
)
"""The kinds that are found in a whole register, and stored by the daily check."""


def path_findings(power: PowerMap) -> tuple[PathFinding, ...]:
    """Everything that looks wrong, in the order of the kinds, then by what it is about."""
    found = [finding for rule in RULES for finding in rule(power)]
    return tuple(sorted(found, key=lambda f: (PATH_CODES.index(f.code), power.said_as(f.target), f.target)))


# -- names


def _unit_name(power: PowerMap, unit: UnitId) -> str:
    found = power.ground.org.unit(unit)
    return found.name if found is not None else unit


def _person_name(power: PowerMap, person: PersonId | None) -> str:
    found = power.ground.facts.get(Person, person) if person is not None else None
    return found.name if found is not None else ""


def _units_named(power: PowerMap, units: Iterable[UnitId]) -> str:
    return ", ".join(_unit_name(power, unit) for unit in units)


def _role_name(power: PowerMap, unit: UnitId, role: str) -> str:
    pack = power.pack(unit)
    known = pack.roles.get(role) if pack is not None else None
    return known.vi if known is not None else role


def _told(power: PowerMap, account: AccountId) -> tuple[UnitId, ...]:
    """The units that an account acts for, or where nobody acts with it the one that issued it."""
    return tuple(sorted(power.offices.get(account, ()))) or (power.accounts[account].unit,)


# -- the rules


def find_passwords(power: PowerMap) -> Iterator[PathFinding]:
    """(I3) An account that a password opens alone recovers one that takes more."""
    strong = {account for account, count in power.factors.items() if count > 1}
    for account, targets in power.recovered.items():
        count = 0 if account in strong else sum(target in strong for target in targets)
        if not count:
            continue
        found, units = power.accounts[account], _told(power, account)
        pack = power.pack(units[0])
        yield PathFinding(
            code=AnomalyCode.PASSWORD_OPENS_FACTORS,
            target=account,
            units=units,
            severity=AnomalySeverity.LOOK,
            vi=f"Chỉ với mật khẩu của {found.username} có thể xin khôi phục {count} tài khoản có xác thực hai "
            "yếu tố (quy tắc 4)",
            en=f"The password of {found.username} alone may ask to recover {count} accounts with a second factor "
            "(rule 4)",
            article=DEFAULT if pack is None else limit_article(pack, "admin_second_factor"),
            person=power.person_of(account),
            account=account,
        )


def find_reach_beyond(power: PowerMap) -> Iterator[PathFinding]:
    """(I2) Whoever recovers an account opens a right of its holder in a unit that is none of their own office."""
    beyond: defaultdict[AccountId, list[tuple[AccountId, UnitId]]] = defaultdict(list)
    for account, places in sorted(_rights_elsewhere(power).items()):
        for path in power.paths_to([account]):
            work = {_works_on(power, unit) for unit in power.offices.get(path.start, ())}
            beyond[path.start] += [(account, place) for place in places if not work & set(power.chain(place))]
    for start, reached in sorted(beyond.items()):
        if not reached:
            continue
        account, place = reached[0]
        opened, there = power.accounts[account].username, _unit_name(power, place)
        more_vi = f" và {len(reached) - 1} quyền khác ngoài phạm vi" if len(reached) > 1 else ""
        more_en = f", and {len(reached) - 1} more rights outside its office" if len(reached) > 1 else ""
        own = power.accounts[start].username
        yield PathFinding(
            code=AnomalyCode.REACH_BEYOND,
            target=start,
            units=_told(power, start),
            severity=AnomalySeverity.LOOK,
            vi=f"Tài khoản {own} khôi phục được tài khoản {opened}, người có quyền tại {there} là nơi {own} không "
            f"phụ trách (quy tắc 4){more_vi}",
            en=f"{own} may recover {opened}, whose holder has a right at {there}, which {own} does not answer for "
            f"(rule 4){more_en}",
            person=power.person_of(start),
            account=start,
        )


def _rights_elsewhere(power: PowerMap) -> Mapping[AccountId, Collection[UnitId]]:
    """Accounts with a right in force in units that whoever answers for the account does not stand above."""
    found: defaultdict[AccountId, dict[UnitId, None]] = defaultdict(dict)
    for grant in power.rights:
        answering, place = power.answering.get(grant.account), grant.scope.unit
        if answering is None or answering[0] in power.chain(place):
            continue
        if not any(_works_on(power, unit) in power.chain(place) for unit in answering):
            found[grant.account][place] = None
    return found


def _works_on(power: PowerMap, unit: UnitId) -> UnitId:
    """The unit whose data the people of a unit work on."""
    pack = power.pack(unit)
    return unit if pack is None else working_unit(power.ground.org, pack, power.ground.now, unit)


def find_two_branches(power: PowerMap) -> Iterator[PathFinding]:
    """Whoever leads units of which neither lies above the other holds two offices that should watch each other."""
    led: defaultdict[PersonId, set[UnitId]] = defaultdict(set)
    for unit, people in power.leaders.items():
        for person in people:
            led[person].add(unit)
    for person, units in led.items():
        apart = [
            (a, b) for a in units for b in units if a < b and a not in power.chain(b) and b not in power.chain(a)
        ]
        if not apart:
            continue
        concerned = tuple(sorted({unit for pair in apart for unit in pair}))
        names = _units_named(power, concerned)
        yield PathFinding(
            code=AnomalyCode.TWO_BRANCHES,
            target=person,
            units=concerned,
            severity=AnomalySeverity.LOOK,
            vi=f"Cùng lãnh đạo các đơn vị không thuộc nhau: {names} (quy tắc 12)",
            en=f"Leads units of which neither is above the other: {names} (rule 12)",
            person=person,
            account=power.use_of.get(person),
        )


def find_outside_authority(power: PowerMap) -> Iterator[PathFinding]:
    """(P1) Rights in force wider than what their giver has today (rule 3); decisions leave the rest out."""
    facts, org, at = power.ground.facts, power.ground.org, power.ground.now
    moves, boxes = facts.find(AuthorityMove), dict[AuthorityId, Scope | None]()
    for grant in power.rights:
        if grant.authority not in boxes:
            boxes[grant.authority] = box_of(
                org, chain_at(lambda id_: facts.get(Authority, id_), moves, grant.authority, at), at
            )
        if rest_of_grant(org, power.pack(grant.unit), at, grant, boxes[grant.authority], None) is grant:
            continue
        role, giver = _role_name(power, grant.unit, grant.role), _unit_name(power, grant.unit)
        yield PathFinding(
            code=AnomalyCode.OUTSIDE_AUTHORITY,
            target=grant.id,
            units=tuple(sorted({grant.unit, grant.scope.unit})),
            severity=AnomalySeverity.FIX,
            vi=f"Quyền “{role}” rộng hơn quyền {giver} được giao hiện nay (quy tắc 3); phần vượt không có hiệu lực",
            en=f"The right “{role}” is wider than what {giver} has today (rule 3); the rest has no effect",
            person=power.accounts[grant.account].person,
            account=grant.account,
            grant=grant.id,
            document=grant.document,
        )


def find_recovered_then_signed(power: PowerMap) -> Iterator[PathFinding]:
    """An account that somebody else had recovered, and that signed a paper within an hour of being opened."""
    facts, now = power.ground.facts, power.ground.now
    recovered = [
        r
        for r in facts.find(Recovery)
        if r.used_at is not None and now - SHOWN_FOR < r.used_at <= now and r.account in power.accounts
    ]
    people = {r.account: p for r in recovered if (p := power.person_of(r.account)) is not None}
    if not people:
        return
    signed: defaultdict[AccountId, list[Signature]] = defaultdict(list)
    for signature in facts.find(Signature, person=sorted(set(people.values()))):
        if signature.account is not None and signature.signed_at <= now:
            signed[signature.account].append(signature)
    for recovery in recovered:
        opened = recovery.used_at
        for found in signed.get(recovery.account, ()):
            if opened is None or not opened <= found.signed_at <= opened + SIGNED_SOON:
                continue
            account, document = power.accounts[recovery.account], facts.get(Document, found.document)
            number = document.number if document is not None and document.number else found.document
            asker = _person_name(power, recovery.asker) or recovery.asked_by
            minutes = int((found.signed_at - opened).total_seconds() // 60)
            yield PathFinding(
                code=AnomalyCode.RECOVERED_THEN_SIGNED,
                target=found.id,
                units=(account.unit,),
                severity=AnomalySeverity.LOOK,
                vi=f"Tài khoản {account.username} ký văn bản {number} ngày {day_vi(found.signed_at)}, {minutes} "
                f"phút sau khi được mở lại theo yêu cầu của {asker} (quy tắc 4)",
                en=f"{account.username} signed {number} on {day_vi(found.signed_at)}, {minutes} minutes after it "
                f"was opened anew at the request of {asker} (rule 4)",
                person=found.person,
                account=account.id,
                document=found.document,
            )


def find_duties_meeting(power: PowerMap) -> Iterator[PathFinding]:
    """Duties of one person in several units that a separation would have in two; in one unit it is told there."""
    held: defaultdict[PersonId, dict[UnitId, set[str]]] = defaultdict(lambda: defaultdict(set))
    several = _people_with_rights_in_several_units(power)
    for person, unit, grant in several:
        held[person][unit].add(grant.role)
    for person, by_unit in sorted(held.items()):
        roles = set().union(*by_unit.values())
        seen: dict[Meeting, None] = {}
        for unit in sorted(by_unit):
            pack = power.pack(unit)
            seen.update(dict.fromkeys(meetings(pack, roles) if pack is not None else ()))
        for meeting in seen:
            pair = set(meeting.roles.split("+"))
            if any(pair <= here for here in by_unit.values()):
                continue
            where = tuple(unit for unit in sorted(by_unit) if by_unit[unit] & pair)
            said = " + ".join(
                f"{_role_name(power, unit, role)} ({_unit_name(power, unit)})"
                for unit in where
                for role in sorted(by_unit[unit] & pair)
            )
            yield PathFinding(
                code=AnomalyCode.DUTIES_MEET,
                target=f"{person}:{meeting.separation.id}:{meeting.roles}",
                units=where,
                severity=AnomalySeverity.LOOK,
                vi=f"{said}: {meeting.separation.because}",
                en=f"{said}: two duties of one person that should be apart",
                article=meeting.separation.article,
                person=person,
                account=power.use_of.get(person),
            )


def _people_with_rights_in_several_units(power: PowerMap) -> list[tuple[PersonId, UnitId, Grant]]:
    """Each right in force of somebody who has one in another unit, too, with the unit where the duty lies."""
    facts = power.ground.facts
    found: defaultdict[AccountId, list[tuple[UnitId, Grant]]] = defaultdict(list)
    for grant in power.rights:
        duty = facts.get(Assignment, grant.assignment) if grant.assignment is not None else None
        found[grant.account].append((grant.scope.unit if duty is None else duty.unit, grant))
    several = []
    for account, rights in found.items():
        person = power.accounts[account].person
        if person is not None and len({unit for unit, _ in rights}) > 1:
            several += [(person, unit, grant) for unit, grant in rights]
    return several


RULES: tuple[Callable[[PowerMap], Iterable[PathFinding]], ...] = (
    find_passwords,
    find_reach_beyond,
    find_two_branches,
    find_outside_authority,
    find_recovered_then_signed,
    find_duties_meeting,
)


# -- from one day to the next


@dataclass(frozen=True, slots=True)
class FindingsMoved:
    """What a check found, against the one before."""

    new: tuple[PathFinding, ...]
    standing: tuple[PathFinding, ...]
    """They were told before, and are there still."""
    gone: tuple[str, ...]
    """Names of those that are there no more."""


def compare_findings(before: Collection[str], found: Iterable[PathFinding]) -> FindingsMoved:
    """What is new since the check before, by the names of what that found."""
    now = tuple(found)
    names = {finding.name for finding in now}
    return FindingsMoved(
        new=tuple(f for f in now if f.name not in before),
        standing=tuple(f for f in now if f.name in before),
        gone=tuple(sorted(set(before) - names)),
    )
