"""What was handed down is taken back or passes on: authorities close, grants end, and what is left stands anew.

What ends and what is left is `domain.moves`; here it is stored, written into the log, and told.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from access_service.domain.accounts import Account, Suspension
from access_service.domain.delegation import HEADS, Authority, Grant
from access_service.domain.documents import Document, state_at
from access_service.domain.moves import AuthorityMove, Cut, Fate, children_of, cuts_below, lives
from access_service.domain.names import DocumentState, GrantEnd, GrantId, SuspendableKind, UnitId
from access_service.domain.org import Assignment
from access_service.usecases.effects import end_grants
from access_service.usecases.services import Act

OPEN = frozenset(
    {
        DocumentState.DRAFT,
        DocumentState.AWAITING_GIVER,
        DocumentState.AWAITING_RECEIVER,
        DocumentState.RETURNED,
    }
)


def close_authority(doing: Act, authority: Authority, how: GrantEnd, at: datetime | None = None) -> None:
    """An authority is over from `at` (now when left out), with everything below it (rule 3)."""
    end = max(at or doing.now, authority.valid_from)
    below = children_of(doing.tx, authority.id, end)
    # What was to hang under it from a later day on finds nothing there.
    coming = [m for m in doing.tx.find(AuthorityMove, parent=authority.id) if m.valid_from > end]
    doing.tx.put(replace(authority, valid_to=end))
    doing.tx.happened("authority.end", authority.id, unit=authority.unit, how=str(how))
    end_grants(doing, doing.tx.find(Grant, authority=authority.id), how, end)
    for child in below:
        close_authority(doing, child, how, end)
    for move in coming:
        child = doing.tx.require(Authority, move.authority)
        if lives(child, move.valid_from):
            close_authority(doing, child, how, move.valid_from)


def cut_below(doing: Act, authority: Authority) -> None:
    """(3) What no longer lies within a narrowed authority ends for good, and only that; what does is untouched."""
    children, cuts = cuts_below(doing.ground, authority)
    for child, rest in children:
        if rest is None:
            close_authority(doing, child, GrantEnd.AUTHORITY_WITHDRAWN)
            continue
        doing.tx.put(rest)
        doing.tx.happened("authority.narrow", child.id, unit=child.unit, by=authority.id)
        cut_below(doing, rest)
    store_cuts(doing, cuts, doing.now, by=authority.id)


def store_cuts(doing: Act, cuts: Iterable[Cut], at: datetime, *, by: str) -> None:
    """End what a cut ends, from `at`, put what is left beside it, and tell the holder and the head."""
    cancelled: set[str] = set()
    for cut in cuts:
        grant = cut.grant
        if grant.activated_at is None and _cancel(doing, grant, by):
            cancelled.add(grant.document or "")
            continue
        if grant.document in cancelled or not end_grants(doing, [grant], cut.how, at):
            continue
        rest = None if cut.rest is None else _stand(doing, grant, cut.rest, at)
        tell(doing, grant, rest, by)


def _cancel(doing: Act, grant: Grant, by: str) -> bool:
    """A line that not everybody has signed goes with its paper: what stands on it is not what would be given."""
    paper = None if grant.document is None else doing.tx.get(Document, grant.document)
    if paper is None or state_at(paper, now=doing.now, lapse_after=doing.lapse_after(paper.unit)) not in OPEN:
        return False
    lines = doing.tx.find(Grant, document=paper.id)
    end_grants(doing, lines, GrantEnd.CANCELLED)
    doing.tx.put(replace(paper, state=DocumentState.CANCELLED, state_since=doing.now, reason=by))
    doing.tx.happened("document.cancel", paper.id, unit=paper.office, by=by)
    for line in lines:
        tell(doing, line, None, by)
    return True


def _stand(doing: Act, old: Grant, rest: Grant, at: datetime) -> GrantId:
    """What is left is a line of its own on the same paper, so that yesterday stays answerable (record 0010)."""
    new = replace(
        rest,
        id=GrantId(doing.new_id("grn")),
        valid_from=max(old.valid_from, at),
        replaces=old.id,
        ended_at=None,
        ended_as=None,
    )
    doing.tx.put(new)
    carry_suspensions(doing, old, new)
    doing.tx.happened("grant.narrow", old.id, unit=old.unit, narrower=new.id)
    return new.id


def carry_suspensions(doing: Act, old: Grant, new: Grant) -> None:
    """A paused grant stays paused when a new line takes its place."""
    for suspension in doing.tx.find(Suspension, kind=str(SuspendableKind.GRANT), target=old.id):
        if doing.now in suspension.interval:
            doing.tx.put(replace(suspension, id=doing.new_id("sus"), target=new.id, valid_from=doing.now))


def tell(doing: Act, grant: Grant, rest: GrantId | None, by: str) -> None:
    """(10) The holder and the head of the unit are told what is left: the event names whom."""
    account = doing.tx.get(Account, grant.account)
    told = {str(h) for h in heads_of(doing, grant.unit)}
    if account is not None and account.person is not None:
        told.add(str(account.person))
    doing.tx.happened("grant.tell", grant.id, unit=grant.unit, to=sorted(told), left=rest, by=by)


def heads_of(doing: Act, unit: UnitId) -> list[str]:
    """Who heads the unit now; nobody where no policy is in force."""
    if doing.org.binding_for(unit, doing.now) is None:
        return []
    positions = doing.pack_for(unit).positions
    return [
        a.person
        for a in doing.tx.find(Assignment, unit=unit)
        if doing.now in a.interval and a.position in positions and positions[a.position].rank in HEADS
    ]


def apply_fate(doing: Act, fate: Fate, at: datetime, *, by: str) -> None:
    """Store what an act that moves edges does to what was handed down, from its day."""
    store_cuts(doing, fate.cut, at, by=by)
    for authority in fate.ended:
        close_authority(doing, authority, GrantEnd.UNIT_MOVED, at)
    for move in fate.moved:
        doing.tx.put(move)
        doing.tx.happened(
            "authority.pass",
            move.authority,
            unit=doing.tx.require(Authority, move.authority).unit,
            parent=move.parent,
        )
