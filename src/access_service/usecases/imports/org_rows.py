"""Import of the organisation: units, management edges, school years, classes, persons, accounts, assignments."""

from access_service.domain import register, words
from access_service.domain.accounts import Account, Home, check_only_account, issuer_of
from access_service.domain.duties import check_duty, check_entered
from access_service.domain.errors import RefusedError
from access_service.domain.lookalikes import fold, skeleton
from access_service.domain.names import (
    AccountId,
    AccountKind,
    AssignmentId,
    ClassId,
    EducationLevel,
    HomeHow,
    PersonId,
    UnitId,
)
from access_service.domain.org import Assignment, ManagementEdge, Person, SchoolClass, SchoolYear, Unit, check_edge
from access_service.domain.reasons import Refusal
from access_service.domain.scope import ClassSubject
from access_service.domain.vietnamese import name_key
from access_service.usecases.imports.code_index import CodeIndex
from access_service.usecases.imports.sheet_rows import HINTS, SheetRow

_LEVELS = frozenset(map(str, EducationLevel))
_KINDS = frozenset({str(AccountKind.ADMIN), str(AccountKind.USE)})
"""Software's accounts come by approval, never by import."""


def check_units(index: CodeIndex) -> None:
    """Sheet `units`. The root is the register's own: a row about it must agree, and changes nothing."""
    stored = frozenset(index.units)
    alike: dict[str, list[UnitId]] = {}
    for known in stored:
        alike.setdefault(skeleton(known), []).append(UnitId(known))
    managed = {r["unit"] for r in index.rows("edges", has_code=False)} | set(index.edges)
    for row in index.rows("units", known=stored - {index.root}):
        pack = index.pack_for(row["code"])
        kind = row.word("kind", pack.unit_kinds)
        levels = row.levels()
        begins, ends = row.interval()
        unit = Unit(UnitId(row.code()), kind, row.text("name"), levels or frozenset(), begins, ends)
        if row.ok:
            row.passes(register.check_unit, pack, unit)
        if unit.id == index.root and unit.id in stored:
            if index.units[unit.id].kind != kind:
                row.fault(f"the register's root is a {index.units[unit.id].kind}", "leave the row out")
            index.keep(row)
            continue
        if row.ok:
            row.passes(register.check_unit_code, unit.id, alike.get(skeleton(unit.id), ()))
        alike.setdefault(skeleton(unit.id), []).append(unit.id)
        if unit.id not in managed and unit.id != index.root:
            row.fault(f"nobody manages `{unit.id}`", "add its direct manager to sheet `edges`")
        if row.ok:
            index.units[unit.id] = unit
            index.add(unit)


def check_edges(index: CodeIndex) -> None:
    """Sheet `edges`: one direct manager at a time, no circle. Each edge walks one chain: linear in the rows."""
    rows: list[tuple[SheetRow, ManagementEdge]] = []
    for row in index.rows("edges", has_code=False):
        unit, manager = row.refers("unit", index.units, "units"), row.refers("manager", index.units, "units")
        begins, ends = row.interval()
        basis = row.text("basis")
        if unit is not None and unit.id == index.root:
            row.fault(f"nobody manages the root `{unit.id}`", "leave the row out")
        if not row.ok or unit is None or manager is None:
            continue
        edge = ManagementEdge(index.new_id("edg"), unit.id, manager.id, basis, begins, ends)
        rows.append((row, edge))
        index.edges[unit.id] = (*index.edges.get(unit.id, ()), edge)
    for row, edge in rows:
        with row.rules():
            check_edge(index.org, edge)
        if row.ok:
            index.add(edge)
    for row, edge in rows:
        if not row.ok:
            # What hangs on a wrong edge is checked as if it were not there, rather than along a circle.
            index.edges[edge.unit] = tuple(e for e in index.edges[edge.unit] if e is not edge)


def check_years(index: CodeIndex) -> None:
    """Sheet `school_years`."""
    for row in index.rows("school_years", known=index.years):
        begins = row.instant("starts_on")
        closes = row.instant("closes_on")
        year = SchoolYear(row.read("code", words.school_year), begins, closes)
        if row.ok:
            row.passes(register.check_school_year, index.years.values(), year)
        if row.ok:
            index.years[year.id] = year
            index.add(year)


def check_classes(index: CodeIndex) -> None:
    """Sheet `classes`: the id is `<school>:<school_year>:<code>`, so `code` alone is unique in neither."""
    first: dict[str, int] = {}
    twins: dict[str, list[ClassId]] = {}
    for known in index.classes_beside:
        twins.setdefault(fold(known), []).append(known)
    stored = frozenset(index.classes)
    for row in index.rows("classes", has_code=False):
        school = row.refers("school", index.units, "units")
        year = row.refers("school_year", index.years, "school_years")
        code = row.read("code", words.class_code)
        name, grade, level = row.text("name"), row.text("grade"), row.word("level", _LEVELS)
        id_ = register.class_id(UnitId(row["school"]), row["school_year"], code)
        if id_ in first:
            row.fault(f"`{id_}` stands in row {first[id_]} too", "one row a class")
        elif id_ in stored:
            row.fault(f"`{id_}` is in the register", "leave out what was imported before")
        elif row.ok:
            row.passes(register.check_class_code, id_, twins.get(fold(id_), ()))
        twins.setdefault(fold(id_), []).append(id_)
        first.setdefault(id_, row.number)
        if not row.ok or school is None or year is None:
            index.faults.broken["classes"].add(id_)
            continue
        found = SchoolClass(
            id_, school.id, year.id, name, EducationLevel(level), grade, year.starts_at, year.closes_at
        )
        if row.passes(register.check_class, index.ground(year.starts_at), found):
            index.classes[id_] = found
            index.add(found)
        else:
            index.faults.broken["classes"].add(id_)


def check_persons(index: CodeIndex) -> None:
    """Sheet `persons`, the only one with names."""
    for row in index.rows("persons", known=index.persons.keys() - index.founders):
        name = row.text("name")
        person = Person(PersonId(row.code()), name, name_key(name))
        is_right = row.ok and row.passes(register.check_person, index.ground(index.now), person)
        if person.id in index.founders:
            index.keep(row)
        elif is_right:
            index.persons[person.id] = person
            index.facts.add(person)
            index.add(person)


def check_accounts(index: CodeIndex) -> None:
    """Sheet `accounts`: one admin account a unit, one use account a person, every username once."""
    stored, codes = frozenset(index.accounts), dict[str, int]()
    for row in index.rows("accounts", known=stored):
        kind = row.word("kind", _KINDS)
        unit = row.refers("unit", index.units, "units")
        person = row.refers("person", index.persons, "persons") if kind != AccountKind.ADMIN else None
        held = _founding_account(index, kind, row)
        if held is not None and held.id in stored:
            index.accounts.setdefault(row["code"], held)
            index.keep(row)
            continue
        username = row.read("username", words.username)
        if row.ok:
            try:
                register.username_to_give(username, index.usernames.get(skeleton(username), ()))
            except RefusedError as error:
                row.fault(error.message, "choose another")
        index.usernames.setdefault(skeleton(username), []).append(username)
        if row["activation_code_sha256"]:
            digest = row.sha256("activation_code_sha256")
            if digest in codes:
                row.fault(f"the activation code is that of row {codes[digest]} too", "draw one for each account")
            codes.setdefault(digest, row.number)
        account = Account(
            id=AccountId(row.code()),
            kind=AccountKind(kind) if kind in _KINDS else AccountKind.USE,
            unit=unit.id if unit else index.root,
            person=person.id if person else None,
            username=username,
            valid_from=row.past("issued_on", index.now),
        )
        _check_only_account(index, row, account)
        if row.ok:
            index.accounts[account.id] = account
            index.facts.add(account)
            index.add(account)
            if row["activation_code_sha256"]:
                index.activations[account.id] = row.sha256("activation_code_sha256")


def _founding_account(index: CodeIndex, kind: str, row: SheetRow) -> Account | None:
    """The account that `init` issued for the root unit, or for the director or the focal point."""
    if kind == AccountKind.ADMIN:
        return index.admin_accounts.get(index.root) if row["unit"] == index.root else None
    code = index.account_of.get(row["person"]) if row["person"] in index.founders else None
    return index.accounts.get(code or "")


def _check_only_account(index: CodeIndex, row: SheetRow, account: Account) -> None:
    """One account a unit or a person, as of the day on which it was issued."""
    is_admin = account.kind is AccountKind.ADMIN
    if row.ok:
        person = (PersonId(row["person"]) if row["person"] else None) if is_admin else account.person
        try:
            check_only_account(index.ground(account.valid_from), account.unit, account.kind, person)
        except RefusedError as error:
            row.fault(error.message, "one admin account a unit, without a person; one use account a person")
    if is_admin:
        index.admin_accounts.setdefault(account.unit, account)


def check_issuers(index: CodeIndex) -> None:
    """Use accounts are issued by the unit of a duty, a head's by the direct manager, on that day (#90 to #94).

    That unit is the account's home: where it was issued, for a head the unit that they lead, as an act writes it.
    """
    new = {account.id for account in index.new.get(Account, ())}
    for row in index.rows("accounts", has_code=False):
        account = index.accounts.get(row["code"])
        if account is None or account.person is None or account.unit != row["unit"]:
            continue
        units = {duty.unit for duty in index.duties.get(account.person, ())}
        ground = index.ground_decided(account.valid_from)
        issuers = {unit: issuer_of(ground, unit, account.kind, account.person) for unit in units}
        mine = {unit for unit, issuer in issuers.items() if issuer == account.unit}
        if mine and account.id in new:
            home = account.unit if account.unit in mine else min(mine)
            index.add(Home(index.new_id("hom"), account.id, home, HomeHow.ISSUE, "", account.valid_from))
        if mine or row["person"] in index.unsure:
            continue
        if account.unit in units:
            issuer = min(str(issuer) for issuer in issuers.values())
            row.fault(f"`{issuer}` issues the account of `{account.person}`", HINTS[Refusal.NOT_DIRECT_MANAGER])
        else:
            message = f"`{account.person}` has no duty in `{account.unit}` or a unit that it manages"
            row.fault(message, "add the duty to sheet `assignments`, or correct `unit`")


def class_pairs(index: CodeIndex, row: SheetRow, unit: str) -> frozenset[ClassSubject] | None:
    """The column `classes`, local codes with or without a subject, as class ids of this unit and school year."""
    if not row["classes"]:
        return None
    year = row["school_year"]
    if not year:
        row.fault("classes without `school_year`", "fill it in")
        return None
    pairs = set[ClassSubject]()
    for part in row.words("classes") or ():
        code, colon, subject = part.partition(":")
        id_ = ClassId(f"{unit}:{year}:{code}")
        if id_ not in index.classes:
            if id_ in index.faults.broken["classes"]:
                row.ok = False
            elif part:
                row.fault(f"no class `{code}` in `{unit}` in {year}", "add it to sheet `classes`, or correct it")
        elif (colon and not subject) or ":" in subject:
            row.fault(f"`{part}` is no class and subject", "write `9A1` or `9A1:TOAN`")
        elif subject:
            row.passes(register.check_subjects, (subject,))
        pairs.add((id_, subject))
    return frozenset(pairs)


def check_assignments(index: CodeIndex) -> None:
    """Sheet `assignments`: duties by numbered decisions."""
    substitutes: list[tuple[SheetRow, Assignment]] = []
    for row in index.rows("assignments", known=index.assignments):
        person = row.refers("person", index.persons, "persons")
        unit = row.refers("unit", index.units, "units")
        position = row.word("position", index.pack_for(row["unit"]).positions)
        begins, ends = row.interval()
        duty = Assignment(
            id=AssignmentId(row.code()),
            person=person.id if person else PersonId(""),
            unit=unit.id if unit else index.root,
            position=position,
            decision_number=row.identifier("decision_number"),
            decision_date=row.day("decision_date"),
            decision_sha256=None,
            classes=class_pairs(index, row, row["unit"]),
            subjects=row.subjects(),
            levels=row.levels(),
            substitutes=AssignmentId(row["substitutes"]) if row["substitutes"] else None,
            leads=row.flag("leads"),
            valid_from=begins,
            valid_to=ends,
        )
        founding = index.founding_duties.get((duty.person, duty.unit, duty.position))
        if founding is not None and row.ok:
            index.assignments[duty.id] = founding
            index.keep(row)
            continue
        if row["school_year"] and not row["classes"]:
            row.fault("`school_year` without classes", "name the classes, or leave it empty")
        if duty.substitutes is not None:
            substitutes.append((row, duty))
        else:
            _take_duty(index, row, duty)
    for row, duty in substitutes:
        row.refers("substitutes", index.assignments, "assignments")
        _take_duty(index, row, duty)


def _take_duty(index: CodeIndex, row: SheetRow, duty: Assignment) -> None:
    """A duty beside those that stand before it; a substitute's after everybody's."""
    ground = index.ground(duty.valid_from)
    if row.ok and row.passes(check_duty, ground, duty) and row.passes(check_entered, ground, duty):
        index.add_duty(duty)
        index.add(duty)
    else:
        index.unsure.add(row["person"])
        index.faults.broken["assignments"].add(duty.id)
