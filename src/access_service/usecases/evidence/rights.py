"""What one person may do, in sentences: by which right, who allowed it, on which paper, where it stands."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from access_service.domain.accounts import Account
from access_service.domain.delegation import Grant
from access_service.domain.errors import NotFoundError
from access_service.domain.names import AccountKind, PersonId
from access_service.domain.org import Assignment, Person
from access_service.domain.rights_said import SaidRight, place_of, say_rights
from access_service.domain.vocabulary import LEVEL_TEXT
from access_service.live.revisions import check_known
from access_service.storage.audit import recorded_at, revision_at
from access_service.storage.facts import Reader
from access_service.storage.standing import Gatherer
from access_service.usecases.evidence.matrix_lines import Line
from access_service.usecases.evidence.matrix_rows import Rows
from access_service.usecases.evidence.matrix_values import MatrixHead, MatrixRow
from access_service.usecases.evidence.reading_papers import acts_for
from access_service.usecases.evidence.who import THEN
from access_service.usecases.handover.inspection import inspects
from access_service.usecases.looks import Look, hash_parameters
from access_service.usecases.services import Caller, ReadView, Services, look


@dataclass(frozen=True, slots=True)
class PersonRight:
    """One right of a person with its sentences."""

    row: MatrixRow
    """Role, place, state, from when to when, paper, signer, who answers for it."""
    place: str
    said: tuple[SaidRight, ...]


@dataclass(frozen=True, slots=True)
class PersonRights:
    """Everything that a person may do, as the caller may see it."""

    person: Person
    at: datetime
    revision: int
    duties: tuple[Assignment, ...]
    rights: tuple[PersonRight, ...]
    """Those in force first, by unit and role."""


def rights_of(
    services: Services,
    caller: Caller,
    person: PersonId,
    *,
    at: datetime | None = None,
    known_at: int | Literal["then"] | None = None,
    include_ended: bool = False,
) -> PersonRights:
    """One's own rights; somebody else's for those who act for the issuing unit or inspect it, by what they may see.

    `at` is now when left out; `known_at` a revision, or what was known at that instant. Who reads another's rights
    stands in the log.
    """
    with look(services, caller) as seen:
        newest = revision_at(seen.reader.connection, caller.register)
        moment = at or seen.now
        known = revision_at(seen.reader.connection, caller.register, moment) if known_at == THEN else known_at
        assert known is None or isinstance(known, int)
        check_known(caller.register, newest, known)
        reader = seen.reader if known is None else Reader(seen.reader.connection, caller.register, known)
        found = reader.require(Person, person)
        lines, duties = _lines(reader, person)
        kept = [line for line in lines if _may_read(seen, person, line.grant)]
        mine = tuple(d for d in duties if person == caller.person or acts_for(seen, d.unit))
        if person != caller.person and not kept and not mine:
            _check_seen(seen, duties, person)
        rows = _rows(reader, kept, moment, newest if known is None else known, include_ended=include_ended)
        if person != caller.person:
            unit = kept[0].unit if kept else caller.unit
            asked = hash_parameters(person=person, at=moment, known_at=known)
            services.looks.tell(
                Look(caller.register, caller.doer, "rights.read", person, seen.now, unit, parameters=asked)
            )
        return PersonRights(found, moment, newest if known is None else known, mine, tuple(rows))


def _lines(reader: Reader, person: PersonId) -> tuple[list[Line], list[Assignment]]:
    accounts = reader.find(Account, person=person, kind=[str(AccountKind.USE), str(AccountKind.INSPECTOR)])
    duties = {d.id: d for d in reader.find(Assignment, person=person)}
    lines = []
    for grant in reader.find(Grant, account=[a.id for a in accounts]):
        duty = None if grant.assignment is None else duties.get(grant.assignment)
        lines.append(Line(grant.unit if duty is None else duty.unit, grant, duty, person))
    return sorted(lines, key=lambda x: (x.unit, x.grant.role, x.grant.valid_from, x.grant.id)), list(
        duties.values()
    )


def _may_read(seen: ReadView, person: PersonId, grant: Grant) -> bool:
    caller = seen.require_caller()
    return person == caller.person or acts_for(seen, grant.unit) or inspects(seen, caller.person, grant.unit)


def _check_seen(seen: ReadView, duties: Iterable[Assignment], person: PersonId) -> None:
    """Somebody of a unit the caller acts for, or not yet of any; to everybody else there is no such person."""
    caller = seen.require_caller()
    if any(True for _ in duties) or caller.kind is not AccountKind.ADMIN:
        raise NotFoundError("person", person)


def _rows(
    reader: Reader, lines: list[Line], at: datetime, revision: int, *, include_ended: bool
) -> list[PersonRight]:
    gather = Gatherer(reader)
    if not lines:
        return []
    head = MatrixHead(
        register=reader.register,
        unit=lines[0].unit,
        unit_name="",
        units=len({line.unit for line in lines}),
        at=at,
        revision=revision,
        recorded_at=recorded_at(reader.connection, reader.register, revision),
        packs=(),
        include_ended=include_ended,
    )
    rows = Rows(gather, head, sorted({line.unit for line in lines}))
    return [_say(rows, gather, row) for row in rows.rows_of(lines)]


def _say(rows: Rows, gather: Gatherer, row: MatrixRow) -> PersonRight:
    scope = row.scope
    if scope is None:
        raise RuntimeError("a right without a scope")
    unit = gather.org.unit(scope.unit)
    pack = rows.pack_of(scope.unit)
    whole = unit is not None and scope.levels == unit.levels
    levels = (
        () if whole or scope.levels is None else tuple(LEVEL_TEXT[x].vi for x in LEVEL_TEXT if x in scope.levels)
    )
    place = place_of(scope, unit.name if unit else scope.unit, row.class_names, levels)
    sensitive = frozenset(c.vi for c in pack.categories.values() if c.sensitive) if pack else frozenset()
    return PersonRight(
        row, place, say_rights(place, [(r.category_vi, r.actions_vi) for r in row.rights], sensitive)
    )
