"""An old system's list of accounts: read, matched with the unit's people, compared with paper, decided row by row.

The file is not kept, its rows are until they are dropped; what people said of rows stays, and is found again when
the same file or a newer one is read. Nothing here gives anybody a right.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from access_service.domain.accounts import Account
from access_service.domain.delegation import Grant
from access_service.domain.documents import Document
from access_service.domain.drafting import check_reads_draft
from access_service.domain.drafting_ground import pick_year, taught_in_words
from access_service.domain.errors import NotFoundError
from access_service.domain.external_ids import NATIONAL, ExternalId, ExternalKind, read_system
from access_service.domain.matching import (
    MatchStanding,
    RowMatch,
    check_choice,
    match_rows,
    place_rows,
    unit_keys,
)
from access_service.domain.names import AccountKind, GrantId, PersonId, UnitId
from access_service.domain.notation import class_key
from access_service.domain.old_rights import (
    OldGround,
    OldRightLine,
    PaperAlone,
    PaperState,
    compare_row,
    papers_alone,
)
from access_service.domain.old_rows import (
    OldChoice,
    OldDecision,
    OldExport,
    OldRow,
    join_accounts,
    rows_of_export,
)
from access_service.domain.org import Assignment, Person, SchoolClass, SchoolYear, Unit
from access_service.domain.powers import powerless
from access_service.domain.reasons import Refusal
from access_service.storage import old_exports as stored
from access_service.usecases.drafts.school_files import read_school_file, refuse_file
from access_service.usecases.services import Caller, ReadView, Services, look

WORK = "what another system says is nobody's right here"


@dataclass(frozen=True, slots=True)
class OldExportSeen:
    """An export beside the register as it stands."""

    export: OldExport
    unit_name: str
    matches: tuple[RowMatch, ...]
    lines: tuple[OldRightLine, ...]
    """Every right that the old system gives, and its paper."""
    alone: tuple[PaperAlone, ...]
    """Paper without a right in the old system."""
    names: Mapping[PersonId, str]
    """Of everybody who serves or served in the unit."""
    titles: Mapping[PersonId, str]
    """What they do there now, by which namesakes are told apart."""
    papers: Mapping[GrantId, str]
    """Numbers of the documents of the rights that are named."""
    deciders: Mapping[str, str]
    """By which username a decision was made."""
    may_change: bool = False

    def count(self) -> Mapping[MatchStanding, int]:
        """How many rows stand in which list."""
        return {s: sum(m.standing is s for m in self.matches) for s in MatchStanding}

    def count_papers(self) -> Mapping[PaperState, int]:
        """How many rights of the old system have which paper."""
        return {s: sum(line.paper is s for line in self.lines) for s in PaperState}

    @property
    def undecided(self) -> int:
        """Rows that wait for somebody to say whom they are about."""
        return sum(m.standing is MatchStanding.DOUBTFUL for m in self.matches)


def parse_export(unit: UnitId, system: str, name: str, content: bytes) -> OldExport:
    """The accounts of a file, `.xlsx` or `.csv`; refused with what to do about it."""
    sheets = read_school_file(name, content)
    read = [(sheet, rows_of_export(sheet)) for sheet in sheets.sheets]
    rows = [row for _, found in read for row in found or ()]
    if not any(found is not None for _, found in read):
        refuse_file(Refusal.SHEET_NO_HEADING, "no sheet has a heading with accounts or names, and what they may do")
    return OldExport(
        unit=unit,
        system=read_system(system),
        name=sheets.name,
        sha256=sheets.sha256,
        rows=join_accounts(rows),
        skipped=tuple(sheet.name for sheet, found in read if found is None and sheet.rows),
    )


@powerless(WORK)
def read_export(
    services: Services, caller: Caller, unit: UnitId, *, system: str, name: str, content: bytes
) -> OldExportSeen:
    """Read a list of accounts as the unit's custodian, in place of the one before."""
    with look(services, caller) as seen:
        seen.as_custodian(unit)
        now = seen.now
    export = parse_export(unit, system, name, content)
    with look(services, caller) as seen:
        export = keep_own(seen, export)
    with services.db.aside() as connection:
        stored.put_export(connection, caller.register, export, caller.account, now)
    return show_export(services, caller, unit)


def units_named(seen: ReadView, rows: Iterable[OldRow]) -> dict[str, set[UnitId]]:
    """Which units of the register are called as a list writes them, by code or by name."""
    written = {text: unit_keys(text) for text in {row.unit for row in rows if row.unit}}
    asked = sorted({key for keys in written.values() for key in keys})
    found: dict[str, set[UnitId]] = {}
    for unit in (*seen.reader.find(Unit, id=asked), *seen.reader.find(Unit, name=asked)):
        found.setdefault(unit.id, set()).add(unit.id)
        found.setdefault(unit.name, set()).add(unit.id)
    return {text: set().union(*(found.get(key, ()) for key in keys)) for text, keys in written.items()}


def keep_own(seen: ReadView, export: OldExport) -> OldExport:
    """The export without the rows of other units."""
    rows, elsewhere = place_rows(export.rows, units_named(seen, export.rows), export.unit)
    return replace(export, rows=tuple(rows), elsewhere=elsewhere)


def show_export(services: Services, caller: Caller, unit: UnitId) -> OldExportSeen:
    """What was read last, matched and compared as of now; for the unit's custodian and its head."""
    found = find_export(services, caller, unit)
    if found is None:
        raise NotFoundError("export of an old system of unit", unit)
    return found


def find_export(services: Services, caller: Caller, unit: UnitId) -> OldExportSeen | None:
    """The same; None where the unit has read none."""
    with look(services, caller) as seen:
        seen.check_visible(unit)
        check_reads_draft(seen.ground, seen.require_caller(), unit, seen.custody_of(unit))
        export = stored.export_of(seen.reader.connection, caller.register, unit)
        if export is None:
            return None
        decisions = stored.decisions_of(seen.reader.connection, caller.register, unit)
        may_change = caller.unit == unit and caller.kind is AccountKind.ADMIN
        return see_export(seen, export, decisions, may_change=may_change)


def require_export(seen: ReadView, unit: UnitId) -> OldExport:
    """What the unit has read, or `not_found`."""
    export = stored.export_of(seen.reader.connection, seen.reader.register, unit)
    if export is None:
        raise NotFoundError("export of an old system of unit", unit)
    return export


def see_export(
    seen: ReadView, export: OldExport, decisions: Mapping[str, OldDecision], *, may_change: bool = False
) -> OldExportSeen:
    """An export over the register as this view has it."""
    on = old_ground(seen, export)
    matches = match_rows(on, export, decisions)
    lines = [line for m in matches for line in compare_row(on, m.row, m.person)]
    alone = papers_alone(on, [(m.row, m.person) for m in matches])
    named = {id_ for line in lines for id_ in line.grants} | {line.grant for line in alone}
    return OldExportSeen(
        export=export,
        unit_name=on.unit.name,
        matches=tuple(matches),
        lines=tuple(lines),
        alone=tuple(alone),
        names=on.people,
        titles=_titles(on),
        papers=_papers(seen, on, named),
        deciders=_deciders(seen, matches),
        may_change=may_change,
    )


def old_ground(seen: ReadView, export: OldExport) -> OldGround:
    """Everything that the rows of an export may be about, read once."""
    reader, unit = seen.reader, seen.require_unit(export.unit)
    duties = reader.find(Assignment, unit=export.unit)
    people = sorted({duty.person for duty in duties})
    year = pick_year([y for y in reader.find(SchoolYear) if y.closes_at > seen.now], seen.now)
    classes = [] if year is None else reader.find(SchoolClass, school=export.unit, school_year=year)
    accounts = reader.find(Account, person=people, kind=str(AccountKind.USE)) if people else []
    holder = {a.id: a.person for a in accounts}
    grants: dict[PersonId, list[Grant]] = {}
    for grant in reader.find(Grant, account=sorted(holder)):
        person = holder[grant.account]
        if person is not None and grant.scope.unit == export.unit:
            grants.setdefault(person, []).append(grant)
    return OldGround(
        unit=unit,
        pack=seen.pack_for(export.unit),
        now=seen.now,
        people={p.id: p.name for p in reader.find(Person, id=people)},
        duties=duties,
        classes={class_key(c.id.rpartition(":")[2]): c for c in classes},
        grants=grants,
        ids=_known_ids(seen, export, people),
    )


def _known_ids(
    seen: ReadView, export: OldExport, people: Sequence[PersonId]
) -> dict[tuple[str, str], frozenset[PersonId]]:
    """Who is meant by the ids in the file, or has others of that system: persons, and holders of named accounts."""
    values = {value for row in export.rows for value in (row.account, row.national) if value}
    said = [
        f
        for f in (
            *seen.reader.find(ExternalId, value=sorted(values)),
            *seen.reader.find(ExternalId, target=list(people)),
        )
        if f.system in (export.system, NATIONAL) and seen.now in f.interval
    ]
    accounts = [f.target for f in said if f.kind is ExternalKind.ACCOUNT]
    holders = {a.id: a.person for a in seen.reader.find(Account, id=accounts)}
    found: dict[tuple[str, str], set[PersonId]] = {}
    for f in said:
        if f.kind is ExternalKind.PERSON:
            found.setdefault((f.system, f.value), set()).add(PersonId(f.target))
        elif f.kind is ExternalKind.ACCOUNT and (person := holders.get(f.target)) is not None:  # type: ignore[call-overload]
            found.setdefault((f.system, f.value), set()).add(person)
    return {named: frozenset(persons) for named, persons in found.items()}


def _titles(on: OldGround) -> dict[PersonId, str]:
    found: dict[PersonId, set[str]] = {}
    for duty in on.duties:
        if on.now in duty.interval:
            position = on.pack.positions.get(duty.position)
            title = duty.position if position is None else position.vi
            about = taught_in_words(duty.classes or ()).strip()
            found.setdefault(duty.person, set()).add(" ".join(filter(None, (title, about))))
    return {person: "; ".join(sorted(titles)) for person, titles in found.items()}


def _papers(seen: ReadView, on: OldGround, named: Iterable[GrantId]) -> dict[GrantId, str]:
    wanted = set(named)
    grants = [g for held in on.grants.values() for g in held if g.id in wanted and g.document is not None]
    documents = seen.reader.find(Document, id=sorted({str(g.document) for g in grants}))
    numbers = {d.id: d.number for d in documents}
    return {g.id: numbers.get(g.document, "") for g in grants if g.document is not None}


def _deciders(seen: ReadView, matches: Sequence[RowMatch]) -> dict[str, str]:
    ids = sorted({m.decision.by for m in matches if m.decision is not None})
    return {a.id: a.username for a in seen.reader.find(Account, id=ids)}


@dataclass(frozen=True, slots=True)
class SaidOfRow:
    """What somebody says of one row; no choice takes back what was said."""

    key: str
    choice: OldChoice | None
    person: PersonId | None = None


@powerless(WORK)
def decide_rows(services: Services, caller: Caller, unit: UnitId, said: Sequence[SaidOfRow]) -> OldExportSeen:
    """Say whom rows are about, all of them or none. Kept with who and when; the unit's custodian says it."""
    with look(services, caller) as seen:
        seen.as_custodian(unit)
        now, export = seen.now, require_export(seen, unit)
        on = old_ground(seen, export)
        keys = {row.key(export.system) for row in export.rows}
        for one in said:
            if one.key not in keys:
                raise NotFoundError("row", one.key)
            if one.choice is not None:
                check_choice(on, one.choice, one.person)
    with services.db.aside() as connection:
        for one in said:
            if one.choice is None:
                stored.drop_decision(connection, caller.register, unit, one.key)
            else:
                decision = OldDecision(one.key, one.choice, one.person, caller.account, now)
                stored.put_decision(connection, caller.register, unit, decision)
    return show_export(services, caller, unit)


@powerless(WORK)
def drop_export(services: Services, caller: Caller, unit: UnitId) -> None:
    """Forget the rows, with the birth dates in them, once they have served; what was decided stays as keys."""
    with look(services, caller) as seen:
        seen.as_custodian(unit)
        require_export(seen, unit)
    with services.db.aside() as connection:
        stored.drop_export(connection, caller.register, unit)
