"""Acts that change who has power over a unit and take somebody beside who does them: edges with several ends.

Who assigns a duty by which somebody signs for the unit, who puts it under another manager, who witnesses the
recovery of an account that an officer may only ask for. Each asks the guard that its use case asks, of every
account that acts for an office. Whom an act is for is not named: whoever prepares it names them, never themselves.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from access_service.domain.accounts import is_led
from access_service.domain.delegation import LEADERS
from access_service.domain.duties import Hand, hand_in_appointing
from access_service.domain.edges import may_approve_recovery, may_recover
from access_service.domain.errors import RefusedError
from access_service.domain.names import AccountId, AccountKind, PersonId, UnitId
from access_service.domain.org import manager_of
from access_service.domain.paths import PowerMap
from access_service.domain.recovery import Recovery, needs_second, offices_of
from access_service.domain.reorganising import Move, hand_in_moving
from access_service.domain.time import local
from access_service.domain.waiting import WaitingAct, WaitingKind, check_leader_confirms


class JointKind(StrEnum):
    """What is done together."""

    APPOINTING = "appointing"
    MOVING = "moving"
    WITNESSED = "witnessed"


@dataclass(frozen=True, slots=True)
class JointAct:
    """One account does it, one of the others signs or witnesses where that is needed, somebody receives it."""

    kind: JointKind
    unit: UnitId
    """Whose leadership is filled, which unit moves, or whose account is recovered."""
    prepares: AccountId
    seconds: tuple[AccountId, ...] = ()
    """One of these signs or witnesses; empty where the act is done at once."""
    positions: tuple[str, ...] = ()
    """What somebody can be appointed to, by its id."""
    manager: UnitId | None = None
    """The first of the units under which it can be put."""
    recovered: AccountId | None = None

    @property
    def people(self) -> int:
        """How many people take part at least: of a recovery nobody but the two; otherwise who receives it, too."""
        return 1 + bool(self.seconds) + (self.kind is not JointKind.WITNESSED)


@dataclass(frozen=True, slots=True)
class _Operator:
    """An account of the map in the hands of whoever uses it now."""

    account: AccountId
    kind: AccountKind
    person: PersonId
    unit: UnitId


def joint_acts(power: PowerMap, unit: UnitId, reading: Collection[AccountId]) -> tuple[JointAct, ...]:
    """All that concern the unit, those above it, and the accounts that are `reading`; the fewest people first."""
    found = [act for above in power.chain(unit) for act in (*appointings(power, above), *movings(power, above))]
    led = {a for p in power.leaders.get(unit, ()) if (a := power.use_of.get(p)) is not None}
    admin = power.admin_of.get(unit)
    targets = {*reading, *led} if admin is None else {*reading, *led, admin}
    found += [act for target in sorted(targets, key=power.name_of) for act in witnessings(power, target)]
    place = {kind: number for number, kind in enumerate(JointKind)}
    return tuple(sorted(found, key=lambda a: (a.people, place[a.kind])))


def _operator(power: PowerMap, account: AccountId | None) -> _Operator | None:
    """Somebody opens it, and acts for an office with it."""
    person = None if account is None or account not in power.offices else power.person_of(account)
    if account is None or person is None:
        return None
    found = power.accounts[account]
    return _Operator(account, found.kind, person, found.unit)


def appointings(power: PowerMap, unit: UnitId) -> Iterator[JointAct]:
    """(4, A1) Who enters a duty by which somebody signs for the unit: one edge an office and hand."""
    ground, found, pack = power.ground, power.ground.org.unit(unit), power.pack(unit)
    if found is None or pack is None:
        return
    leading = [p for p in pack.positions.values() if p.rank in LEADERS and found.kind in p.unit_kinds]
    for operated in (unit, manager_of(ground.org, unit, ground.now)):
        holder = None if operated is None else _operator(power, power.admin_of.get(operated))
        if operated is None or holder is None:
            continue
        by_hand: dict[Hand, list[str]] = {}
        for position in leading:
            hand = _asked(lambda p=position, o=operated: hand_in_appointing(ground, o, unit, p))  # type: ignore[misc]
            if hand is not None:
                by_hand.setdefault(hand, []).append(position.id)
        for hand, positions in by_hand.items():
            seconds = _confirming(power, operated, holder.person, WaitingKind.APPOINT)
            if hand is Hand.COMPLETES or seconds:
                signers = () if hand is Hand.COMPLETES else seconds
                yield JointAct(JointKind.APPOINTING, unit, holder.account, signers, tuple(positions))


def movings(power: PowerMap, unit: UnitId) -> Iterator[JointAct]:
    """(1, A1) Who puts the unit under another manager, at each height."""
    ground, chain = power.ground, power.chain(unit)
    on = local(ground.now).date()
    for above in chain[1:]:
        holder = _operator(power, power.admin_of.get(above))
        if holder is None:
            continue
        for manager in power.units:
            if manager in chain[:2] or above not in power.chain(manager):
                continue
            hand = _asked(lambda m=manager, h=holder: hand_in_moving(ground, h, Move(unit, m, "", on)))  # type: ignore[misc]
            if hand is None:
                continue
            seconds = _confirming(power, above, holder.person, WaitingKind.MOVE)
            if hand is Hand.COMPLETES or seconds:
                signers = () if hand is Hand.COMPLETES else seconds
                yield JointAct(JointKind.MOVING, unit, holder.account, signers, manager=manager)
            break


def _asked(guard: Callable[[], Hand]) -> Hand | None:
    try:
        return guard()
    except RefusedError:
        return None


def _confirming(power: PowerMap, office: UnitId, prepared_by: PersonId, kind: WaitingKind) -> tuple[AccountId, ...]:
    """(A1) The accounts of the office's leadership that may confirm what this person prepared."""
    now = power.ground.now
    act = WaitingAct(
        id="",
        kind=kind,
        target="",
        unit=office,
        office=office,
        body="",
        person=None,
        decision_number="",
        decision_date=None,
        issuer=None,
        decision_sha256=None,
        reason=None,
        prepared_by=prepared_by,
        operator=None,
        lapses_at=now + timedelta(days=1),
        valid_from=now,
    )
    found = []
    for person in power.leaders.get(office, ()):
        account = power.use_of.get(person)
        try:
            check_leader_confirms(act, person, leads=True, is_personal=True)
        except RefusedError:
            continue
        if account is not None and account in power.offices:
            found.append(account)
    return tuple(sorted(found, key=power.name_of))


def witnessings(power: PowerMap, target: AccountId) -> Iterator[JointAct]:
    """(A1, A3) An officer asks for the account of somebody who signs, and a second person bears witness to it."""
    ground, account = power.ground, power.accounts[target]
    if target not in power.answering or not is_led(ground, account, LEADERS):
        return
    offices = sorted(offices_of(ground, account))
    near = [a for office in offices for a in power.by_office.get(office, ())]
    for by in dict.fromkeys(a for a in near if a in power.officers):
        asker = _operator(power, by)
        if (
            asker is None
            or not needs_second(ground, account, asker.unit)
            or not may_recover(ground, asker, account)
        ):
            continue
        recovery = _waiting_recovery(target, asker, ground.now)
        seconds = [
            other
            for other in dict.fromkeys(near)
            if (holder := _operator(power, other)) is not None and may_approve_recovery(ground, holder, recovery)
        ]
        if seconds:
            signers = tuple(sorted(seconds, key=power.name_of))
            yield JointAct(JointKind.WITNESSED, account.unit, by, signers, recovered=target)


def _waiting_recovery(target: AccountId, asker: _Operator, now: datetime) -> Recovery:
    return Recovery(
        id="",
        account=target,
        asked_by=asker.account,
        asker=asker.person,
        code_sha256="",
        code_hours=1,
        resets_factor=False,
        opens_at=now + timedelta(days=1),
        valid_from=now,
        needs_second=True,
    )
