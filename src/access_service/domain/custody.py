"""Who operates a unit's admin account, and when somebody without a duty stops (rules 6 and 12).

Custody and the suspension of whoever has left are derived at the instant from the dated duties: nobody has to
write an end down for it to hold. What an act writes later is dated with the duty and changes no answer.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from access_service.domain.accounts import Account, Custody, Suspension
from access_service.domain.delegation import HEADS, LEADERS
from access_service.domain.errors import RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import (
    AccountKind,
    AssignmentId,
    DocumentId,
    PersonId,
    Rank,
    SuspendableKind,
    UnitId,
)
from access_service.domain.org import Assignment
from access_service.domain.policy import Pack
from access_service.domain.reasons import Refusal
from access_service.domain.time import Interval, local

OFFICER = "officer"
ALLOWED, FORBIDDEN = "allowed", "forbidden"

HOLDER_BY_RANK = {Rank.HEAD: "head", Rank.ACTING_HEAD: "head", Rank.DEPUTY_IN_CHARGE: "deputy_in_charge"}
"""As what somebody of that rank operates their unit's admin account; everybody else does as `officer`."""

HOLDERS = frozenset({*HOLDER_BY_RANK.values(), OFFICER})
"""Everything that the holder of a custody can be."""

LAST_DUTY = "last duty ended"
"""Why the service itself suspends an account (rule 12); an act resumes it only where a duty holds again."""

RankOf = Callable[[str], Rank | None]
"""The rank of a position by its id; None where the policy knows no such position."""


def ranks_in(pack: Pack) -> RankOf:
    """The ranks of a pack's positions."""
    return lambda position: pack.positions[position].rank if position in pack.positions else None


def runs(intervals: Iterable[Interval]) -> list[Interval]:
    """What the intervals cover together, without gaps inside, in order of time."""
    found: list[Interval] = []
    for interval in sorted(intervals, key=lambda i: i.start):
        if interval.end is not None and interval.end <= interval.start:
            continue
        last = found[-1] if found else None
        if last is None or (last.end is not None and last.end < interval.start):
            found.append(interval)
        elif last.end is not None and (interval.end is None or interval.end > last.end):
            found[-1] = Interval(last.start, interval.end)
    return found


# -- custody


def custody_duty(pack: Pack, assignments: Iterable[Assignment], now: datetime) -> tuple[Assignment, str] | None:
    """(6, #51) On which duty, and as what (`head`, `deputy_in_charge`, `officer`), a person may operate an account.

    `assignments` are the person's in the account's unit. The highest rank counts; None without a duty at `now`.
    """
    order = list(Rank)
    held = [
        (pack.positions[a.position].rank, a)
        for a in assignments
        if now in a.interval and a.position in pack.positions
    ]
    if not held:
        return None
    rank, duty = min(held, key=lambda pair: order.index(pair[0]))
    return duty, HOLDER_BY_RANK.get(rank, OFFICER)


def check_custody(
    pack: Pack, *, holder: str, giver: UnitId, unit: UnitId, manager: UnitId | None, current: Custody | None
) -> None:
    """(6, #51) Who may be given a unit's admin account, and by which office.

    The head and a deputy in charge receive it from the direct manager; an officer from the unit's own head.
    """
    if holder not in pack.custody_holders:
        raise RefusedError(
            Refusal.REDELEGATION_FORBIDDEN, f"this policy lets no `{holder}` operate it", holder=holder
        )
    if current is not None and holder == current.holder == OFFICER:
        raise RefusedError(Refusal.REDELEGATION_FORBIDDEN, "an officer may not hand the account on", unit=unit)
    # An officer takes over from the head in writing: that handover ends the head's own custody.
    if current is not None and holder != OFFICER:
        raise RefusedError(Refusal.CUSTODY_TAKEN, f"somebody operates the admin account of `{unit}`", unit=unit)
    expected = unit if holder == OFFICER else manager
    if giver != expected:
        raise RefusedError(Refusal.NOT_DIRECT_MANAGER, f"`{giver}` does not hand over that account", unit=unit)


def custody_at(ground: Ground, unit: UnitId) -> Custody | None:
    """Who operates the unit's admin account at the ground's instant, derived from whatever facts the door has."""
    facts = ground.facts
    found = facts.find(Custody, unit=unit)
    if not found:
        return None
    pack = ground.pack_for(unit)
    return custodies_of(found, facts.find(Assignment, unit=unit), ranks_in(pack), pack.custody_holders).at(
        ground.now
    )


def custody_interval(custody: Custody, duties: Iterable[Assignment], rank_of: RankOf) -> Interval:
    """(A7) When the custody holds: as written, and no longer than duties that allow it follow without a gap.

    A head's (or a deputy in charge's) rests on heading that unit; an officer's on the duty that the minutes name,
    and on one of the same position that follows it. `duties` are those of the unit, anybody's.
    """
    own = [d for d in duties if d.person == custody.person and d.unit == custody.unit]
    if custody.holder != OFFICER:
        own = [d for d in own if rank_of(d.position) in HEADS]
    elif custody.assignment is not None:
        positions = {d.position for d in own if d.id == custody.assignment}
        own = [d for d in own if d.position in positions]
    start = custody.valid_from
    run = next((r for r in runs(d.interval for d in own) if start in r), None)
    ends = [end for end in (custody.valid_to, start if run is None else run.end) if end is not None]
    return Interval(start, max(start, min(ends)) if ends else None)


@dataclass(frozen=True, slots=True)
class CustodyStanding:
    """The custodies of one unit as they hold: each with the interval that its duties leave it."""

    held: Sequence[tuple[Custody, Interval]]

    def at(self, now: datetime) -> Custody | None:
        """Who operates the account at an instant; None where it is vacant."""
        return next((custody for custody, interval in self.held if now in interval), None)


def custodies_of(
    custodies: Iterable[Custody], duties: Sequence[Assignment], rank_of: RankOf, allowed: Iterable[str] = HOLDERS
) -> CustodyStanding:
    """(A7) Every custody of one unit with its derived interval, oldest first.

    Where an officer's ended and nobody took over, it went back to whoever heads the unit at that instant: that
    custody has no id until an act writes it down.
    """
    oldest_first = sorted(custodies, key=lambda c: (c.valid_from, c.id))
    found = [(c, custody_interval(c, duties, rank_of)) for c in oldest_first]
    last = max(found, key=_order, default=None)
    if last is not None and last[0].holder == OFFICER and last[1].end is not None:
        custody, end = last[0], last[1].end
        head = head_at(duties, rank_of, end, allowed)
        if head is not None:
            back = Custody(
                id="",
                unit=custody.unit,
                account=custody.account,
                person=head.person,
                holder=HOLDER_BY_RANK[rank_of(head.position) or Rank.HEAD],
                document=None,
                valid_from=end,
                assignment=head.id,
            )
            found.append((back, custody_interval(back, duties, rank_of)))
    return CustodyStanding(found)


def list_unwritten(standing: CustodyStanding, now: datetime) -> list[tuple[Custody, datetime | None]]:
    """(A7) Custodies that a duty's date began or ended, with no event yet, each with its end; None: it holds.

    A custody without an id is one that went back to the head.
    """
    found: list[tuple[Custody, datetime | None]] = []
    for custody, interval in standing.held:
        end = interval.end if interval.end is not None and interval.end <= now else None
        if custody.id:
            if end is not None and (custody.valid_to is None or end < custody.valid_to):
                found.append((custody, end))
        elif interval.start <= now:
            found.append((custody, end))
    return found


def _order(pair: tuple[Custody, Interval]) -> tuple[datetime, bool, datetime, bool]:
    """Which custody of an account is the latest: by beginning, then by end."""
    custody, interval = pair
    return interval.start, interval.end is None, interval.end or interval.start, custody.holder == OFFICER


def head_at(
    duties: Iterable[Assignment], rank_of: RankOf, now: datetime, allowed: Iterable[str] = HOLDERS
) -> Assignment | None:
    """The duty by which somebody heads the unit at an instant and may operate its account; by rank, then date."""
    order, may = list(Rank), frozenset(allowed)
    heads = [
        (order.index(rank), d.valid_from, d.id, d)
        for d in duties
        if now in d.interval and (rank := rank_of(d.position)) in HEADS and HOLDER_BY_RANK[rank] in may
    ]
    return min(heads)[3] if heads else None


def check_opening(custody: Custody | None, person: PersonId, unit: UnitId, *, is_opened: bool) -> None:
    """(A7) The head opens the account that went back to the head, once, in their own session."""
    if custody is None:
        raise RefusedError(Refusal.CUSTODY_VACANT, f"nobody operates the admin account of `{unit}`", unit=unit)
    if custody.person != person:
        raise RefusedError(Refusal.CUSTODY_TAKEN, f"somebody operates the admin account of `{unit}`", unit=unit)
    if custody.document is not None or is_opened:
        raise RefusedError(Refusal.DOCUMENT_STATE, "the account did not come back unopened", unit=unit)


def check_taking_back(
    custody: Custody | None, person: PersonId, unit: UnitId, *, is_head: bool, is_above: bool
) -> None:
    """(6, A7) Only the head or a unit above takes custody back; from the head only a unit above; a deputy never."""
    if custody is None:
        raise RefusedError(Refusal.CUSTODY_VACANT, f"nobody operates the account of `{unit}`", unit=unit)
    if custody.person == person:
        raise RefusedError(Refusal.SELF_SERVICE, "hand it over in writing instead", unit=unit)
    if is_above or (is_head and custody.holder == OFFICER):
        return
    raise RefusedError(Refusal.FORBIDDEN, f"only the head of `{unit}` or a unit above takes it back", unit=unit)


# -- the last duty


def is_without_duty(duties: Iterable[Assignment], now: datetime) -> bool:
    """(A7) Has the person's last duty ended? Whoever never had one, or only one to come, has not left."""
    held = [d.interval for d in duties]
    return not any(now in i for i in held) and any(i.end is not None and i.end <= now for i in held)


def left_by_date(duties: Iterable[Assignment], now: datetime) -> list[Assignment]:
    """(A7) The duties with which the person left a unit: the last of those that follow there without a gap."""
    found: list[Assignment] = []
    held = list(duties)
    for unit in sorted({d.unit for d in held}):
        own = [d for d in held if d.unit == unit]
        ends = {run.end for run in runs(d.interval for d in own) if run.end is not None and run.end <= now}
        found += [min((d for d in own if d.valid_to == end), key=lambda d: d.id) for end in sorted(ends)]
    return found


def list_left_unwritten(
    duties: Iterable[Assignment], cases: Iterable[AssignmentId], now: datetime
) -> list[Assignment]:
    """(A7) Duties with which the person left a unit, and for which no leaving case stands."""
    known = frozenset(cases)
    return [duty for duty in left_by_date(duties, now) if duty.id not in known]


def lapse_unwritten(
    account: Account, duties: Sequence[Assignment], laid_on: Iterable[Suspension], now: datetime
) -> Suspension | None:
    """(A7) The standstill of whose last duty ended, where no act has written it down (`laid_on`: what was)."""
    if not is_without_duty(duties, now):
        return None
    lapse = next((s for s in lapses(account, duties) if now in s.interval), None)
    written = any(s.id and s.reason == LAST_DUTY and now in s.interval for s in laid_on)
    return None if written else lapse


def lapses(account: Account, duties: Iterable[Assignment]) -> list[Suspension]:
    """(A7, 12) When a use account stands still because no duty holds: from each end of duties to the next begin.

    Derived, so without an id. It says nothing of what an act laid on, which lasts until an act resumes it.
    """
    if account.kind is not AccountKind.USE:
        return []
    held = runs(d.interval for d in duties)
    following = [*(r.start for r in held[1:]), None][: len(held)]
    return [
        Suspension("", SuspendableKind.ACCOUNT, account.id, account.unit, LAST_DUTY, run.end, next_start)
        for run, next_start in zip(held, following, strict=True)
        if run.end is not None
    ]


def begins_same_day(suspension: Suspension, duty: Assignment) -> bool:
    """(A7, J) Does the duty begin on the day on which the last one ended? Then nobody has to resume the account."""
    day = local(suspension.valid_from).date()
    return (
        suspension.reason == LAST_DUTY
        and local(duty.valid_from).date() <= day
        and (duty.valid_to is None or duty.valid_to > suspension.valid_from)
    )


def is_only_left(laid_on: Iterable[Suspension], now: datetime) -> bool:
    """Does the account stand still for the end of the last duty alone, and for nothing that an act laid on?"""
    return {s.reason for s in laid_on if now in s.interval} == {LAST_DUTY}


def check_resuming(duties: Iterable[Assignment], now: datetime) -> None:
    """(A7) Whoever left is not let in again without a new duty."""
    if is_without_duty(duties, now):
        raise RefusedError(Refusal.ASSIGNMENT_MISSING, "the last duty ended; a new one comes first")


# -- the custodian's own rights (A8)


def has_operated(
    custodies: Iterable[Custody], person: PersonId, account: str, interval: Interval, *, as_officer: bool
) -> bool:
    """Did the person operate the account at some instant of the interval (as an officer, or in whatever way)?"""
    return any(
        c.person == person
        and c.account == account
        and (c.holder == OFFICER or not as_officer)
        and (c.interval.overlaps(interval) or interval.start in c.interval)
        for c in custodies
    )


def check_giver_prepared_nothing(
    custodies: Iterable[Custody],
    person: PersonId,
    prepared_by: str | None,
    prepared: Interval,
    document: DocumentId,
) -> None:
    """(A8) Who operates the account for the head signs nothing as giver that was prepared while they did."""
    if prepared_by and has_operated(custodies, person, prepared_by, prepared, as_officer=True):
        raise RefusedError(
            Refusal.SELF_SERVICE, "who operated the admin account then does not sign as giver", document=document
        )


def check_not_for_themselves(custody: Custody | None, receiver: PersonId | None) -> None:
    """(7) With the admin account nobody prepares a right for themselves; the head prepares it (A8)."""
    if custody is not None and custody.person == receiver:
        raise RefusedError(Refusal.SELF_SERVICE, "a custodian prepares nothing for themselves")


def check_preparer(
    custody: Custody | None, receiver: PersonId, unit: UnitId, *, person: PersonId, heads: Iterable[PersonId]
) -> None:
    """(A8) In the personal session the head prepares, and only what concerns the one person who is custodian."""
    if custody is None:
        raise RefusedError(Refusal.CUSTODY_VACANT, f"nobody operates the admin account of `{unit}`", unit=unit)
    if person not in heads or custody.person == person or custody.person != receiver:
        raise RefusedError(Refusal.NOT_CUSTODIAN, f"that takes the admin account of `{unit}`", unit=unit)


def tell_instead(ground: Ground, unit: UnitId, person: PersonId) -> list[PersonId]:
    """(A8) Whom to tell where the pack lets a school's one other leader sign what was prepared while they kept it.

    The head is told. Empty: it stays refused, because the pack says so, somebody else could sign, or nobody leads.
    """
    pack, found = ground.pack_for(unit), ground.org.unit(unit)
    if pack.choice("sole_leader_signs") != ALLOWED or found is None or not found.levels:
        return []
    rank_of = ranks_in(pack)
    leading = [
        (rank, d.person)
        for d in ground.facts.find(Assignment, unit=unit)
        if ground.now in d.interval and (rank := rank_of(d.position)) in LEADERS
    ]
    if any(rank not in HEADS and other != person for rank, other in leading):
        return []
    return sorted({other for rank, other in leading if rank in HEADS and other != person})


def as_assignment(body: object) -> AssignmentId | None:
    """The duty that the body of custody minutes names."""
    found = body.get("assignment") if isinstance(body, dict) else None
    return AssignmentId(found) if isinstance(found, str) else None
