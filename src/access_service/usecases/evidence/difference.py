"""What changed in a unit between two instants: by which paper or act, through whom, and whether entered late."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from access_service.domain.accounts import Suspension
from access_service.domain.audit import Event
from access_service.domain.delegation import Grant
from access_service.domain.difference import Change, ChangeKind, RightLine, count_changes, find_changes
from access_service.domain.names import GrantEnd, GrantId
from access_service.domain.org import is_below
from access_service.domain.time import local
from access_service.storage.audit import events_about
from access_service.storage.standing import Gatherer
from access_service.usecases.evidence.endings import EndedBy, GrantEnding, endings_of
from access_service.usecases.evidence.matrix_values import ChangeCause, ChangeLine, Differences, MatrixRow, Note

_BEGAN = ("grant.activate",)
_STOPPED = ("grant.suspend", "account.suspend", "unit.suspend", "authority.suspend")
_RESUMED = ("grant.resume", "account.resume", "unit.resume", "authority.resume")
_BY_DOCUMENT = frozenset({GrantEnd.DOCUMENT_WITHDRAWN, GrantEnd.RETURNED, GrantEnd.SUPERSEDED, GrantEnd.CANCELLED})
_BY_DUTY = frozenset({GrantEnd.ASSIGNMENT_ENDED, EndedBy.DUTY})
_BY_TIME = frozenset({EndedBy.TERM})


@dataclass(frozen=True, slots=True)
class MatrixSide:
    """The rows of one instant that are compared, and the line made of each."""

    lines: list[RightLine]
    rows: dict[str, MatrixRow]


def read_side(rows: Iterable[MatrixRow]) -> MatrixSide:
    """The rights that stand at an instant, in force or suspended; what waits or is over is not compared."""
    lines: list[RightLine] = []
    by_id: dict[str, MatrixRow] = {}
    for row in rows:
        if row.grant is None or row.scope is None or row.state not in ("effective", "suspended"):
            continue
        number = sum(1 for id_ in by_id if id_.split("#")[0] == row.grant) if row.role == "software" else 0
        line = RightLine(
            id=f"{row.grant}#{number}" if number else row.grant,
            account=row.account,
            person=row.person,
            unit=row.unit,
            role=row.role or "",
            assignment=row.assignment,
            replaces=row.replaces,
            scope=row.scope,
            cells=frozenset((right.category, action) for right in row.rights for action in right.actions),
            is_usable=row.state == "effective" and row.account_state in ("", "active"),
        )
        lines.append(line)
        by_id[line.id] = row
    return MatrixSide(lines, by_id)


def compare_sides(
    gather: Gatherer, before: MatrixSide, after: MatrixSide, *, start: datetime, end: datetime, packs_changed: bool
) -> Differences:
    """Every change from one instant to the other, with its cause."""
    gone = sorted(
        {line.id.split("#")[0] for line in before.lines} - {line.id.split("#")[0] for line in after.lines}
    )
    grants = gather.reader.find(Grant, id=gone)
    endings = endings_of(gather.reader, gather.grants(grants, end), end)
    expired = frozenset(id_ for id_, ending in endings.items() if ending.how in (*_BY_TIME, GrantEnd.YEAR_CLOSED))
    changes = find_changes(
        before.lines,
        after.lines,
        is_below=lambda unit, root: is_below(gather.org, unit, root, end),
        expired=frozenset(map(str, expired)),
    )
    events = _events(gather, changes, start, end)
    stopped = [c.line for c in changes if c.kind is ChangeKind.SUSPENDED]
    targets = {target for line in stopped for target in (line.id.split("#")[0], line.account, line.unit)}
    laid_on = {s.target: s.reason for s in gather.reader.find(Suspension, target=targets) if s.valid_from <= end}
    kinds, units = count_changes(changes)
    lines = tuple(_line(change, before, after, endings, events, laid_on, packs_changed) for change in changes)
    return Differences(start, end, lines, kinds, units)


def _events(gather: Gatherer, changes: Sequence[Change], start: datetime, end: datetime) -> dict[str, list[Event]]:
    """What was done to the rights and accounts of the changes between the instants, by target."""
    targets: set[str] = set()
    for change in changes:
        targets |= {change.line.id.split("#")[0], change.line.account, change.line.unit}
    actions = (*_BEGAN, *_STOPPED, *_RESUMED)
    reader = gather.reader
    found: dict[str, list[Event]] = {}
    for event in events_about(reader.connection, reader.register, targets, actions, reader.known_at):
        if start < event.recorded_at <= end:
            found.setdefault(event.happening.target, []).append(event)
    return found


def _line(
    change: Change,
    before: MatrixSide,
    after: MatrixSide,
    endings: dict[GrantId, GrantEnding],
    events: dict[str, list[Event]],
    laid_on: dict[str, str],
    packs_changed: bool,
) -> ChangeLine:
    id_ = change.line.id
    row = after.rows.get(id_) or before.rows[change.before.id if change.before else id_]
    ending = endings.get(GrantId(id_.split("#")[0])) if change.after is None else None
    event = _event_of(change, events)
    at, recorded = _when(change, row, ending, event)
    return ChangeLine(
        kind=change.kind,
        unit=row.unit,
        unit_name=row.unit_name,
        person=row.person,
        person_name=row.person_name,
        username=row.username,
        role=row.role or "",
        role_vi=row.role_vi,
        grant_before=change.before.id if change.before else None,
        grant_after=change.after.id if change.after else None,
        removed=tuple(sorted(change.removed)),
        added=tuple(sorted(change.added)),
        scope_before=change.before.scope if change.before else None,
        scope_after=change.after.scope if change.after else None,
        at=at,
        cause=_cause(change, row, ending, packs_changed),
        actor=(ending.account if ending else event.actor if event else "") or None,
        actor_person=ending.person if ending else (event.person if event else None),
        reason=ending.reason if ending else laid_on.get(event.happening.target, "") if event else "",
        signer=row.signer if change.after is not None else None,
        signer_name=row.signer_name if change.after is not None else "",
        capacity=row.capacity if change.after is not None else None,
        seq=ending.seq if ending else (event.seq if event else None),
        late=Note.RECORDED_LATE in row.notes or _is_late(at, recorded),
    )


def _is_late(at: datetime | None, recorded: datetime | None) -> bool:
    """Was it recorded on a later day than the one from which it is so?"""
    return at is not None and recorded is not None and local(recorded).date() > local(at).date()


def _event_of(change: Change, events: dict[str, list[Event]]) -> Event | None:
    """The newest event of the change's kind about the right, its account or its unit."""
    wanted = {ChangeKind.SUSPENDED: _STOPPED, ChangeKind.RESUMED: _RESUMED}.get(change.kind, _BEGAN)
    line = change.line
    targets = (line.id.split("#")[0], line.account, line.unit)
    found = [e for target in targets for e in events.get(target, ()) if e.happening.action in wanted]
    return max(found, key=lambda e: e.seq, default=None)


def _when(
    change: Change, row: MatrixRow, ending: GrantEnding | None, event: Event | None
) -> tuple[datetime | None, datetime | None]:
    """From when on it is so, and when that was recorded."""
    if ending is not None:
        return ending.at, ending.recorded_at
    if change.kind in (ChangeKind.SUSPENDED, ChangeKind.RESUMED):
        return (event.recorded_at, event.recorded_at) if event else (None, None)
    if change.kind is ChangeKind.PACK_CHANGED:
        return None, None
    return row.starts_at, None


def _cause(change: Change, row: MatrixRow, ending: GrantEnding | None, packs_changed: bool) -> ChangeCause:
    if change.kind in (ChangeKind.SUSPENDED, ChangeKind.RESUMED):
        return ChangeCause("act", None)
    if change.kind is ChangeKind.PACK_CHANGED:
        return ChangeCause("pack" if packs_changed else "act", None)
    if change.after is not None:
        return ChangeCause("document", row.document)
    if ending is None:
        return ChangeCause("act", None)
    if ending.how == GrantEnd.YEAR_CLOSED:
        return ChangeCause("year_end", row.scope.school_year if row.scope else None)
    if ending.how in _BY_DUTY:
        return ChangeCause("assignment", row.assignment)
    if ending.how in _BY_TIME:
        return ChangeCause("expiry", None)
    return (
        ChangeCause("document", row.document) if ending.how in _BY_DOCUMENT else ChangeCause("act", ending.action)
    )
