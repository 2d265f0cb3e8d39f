"""What a row of a unit's grid means: whom it is about, which duties, which rights, and what is wrong with it.

The duties and rights of a row are built as facts and put before the same rules as those that are entered one by one
(`duties.check_duty`, `delegation.check_grant`, separations): a grid knows no shorter rule. What is only the grid's
stands here: a name that nobody has, a class with two in charge, the head's own row (rule 7).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from access_service.domain.accounts import Account
from access_service.domain.delegation import Grant, check_grant, complete
from access_service.domain.drafting import GridDraft, GridFault, GridFaultKind, GridRow
from access_service.domain.drafting_faults import (
    class_unknown,
    custodian_row,
    duty_unknown,
    head_row,
    name_missing,
    person_ambiguous,
    person_twice,
    person_unknown,
    role_unclear,
    rule_fault,
    subject_unknown,
    subjects_missing,
    taken_by_row,
    taken_in_register,
)
from access_service.domain.drafting_ground import (
    NO_ACCOUNT,
    NOBODY,
    TEACHING,
    GridGround,
    GridRowState,
    PlannedDuty,
    RowMeaning,
    class_to_make,
    code_of,
    is_head,
    last_years,
    planned_assignment,
    roles_for,
    said_of,
    say_in_full,
)
from access_service.domain.duties import HOMEROOM, check_duty, whole_classes
from access_service.domain.errors import RefusedError
from access_service.domain.names import (
    HEAD_RANKS,
    AccountKind,
    AssignmentId,
    AuthorityId,
    ClassId,
    GrantId,
    PersonId,
)
from access_service.domain.notation import (
    class_key,
    fold,
    nearest,
    read_duties,
    read_teaching,
    split_classes,
)
from access_service.domain.org import Assignment, OrgView, SchoolClass
from access_service.domain.scope import ClassSubject
from access_service.domain.separations import check_separations
from access_service.domain.time import Interval
from access_service.domain.vietnamese import without_marks
from access_service.domain.wording import subject_in_words


class _WithNew:
    """The organisation with the classes that *Lập* makes first."""

    def __init__(self, org: OrgView, more: Iterable[SchoolClass]) -> None:
        self._org = org
        self._more = {c.id: c for c in more}
        self.unit, self.school_year, self.edges_of = org.unit, org.school_year, org.edges_of

    def school_class(self, id_: ClassId) -> SchoolClass | None:
        return self._more.get(id_) or self._org.school_class(id_)


@dataclass(slots=True)
class _Read:
    """A row while it is being understood."""

    row: GridRow
    person: PersonId | None = None
    name: str = ""
    is_new: bool = False
    faults: list[GridFault] = field(default_factory=list)
    homeroom: list[str] = field(default_factory=list)
    """Codes, as the register writes them."""
    duties: list[PlannedDuty] = field(default_factory=list)


def understand_rows(
    on: GridGround, draft: GridDraft, rows: Sequence[GridRow], only: str | None = None
) -> list[RowMeaning]:
    """What every row means, or `only` the one of that id, beside the others."""
    named = {code: made for code in draft.new_classes if (made := class_to_make(on, code)) is not None}
    wide = _WithNew(on.ground.org, named.values())
    by_key = {**{class_key(code): made for code, made in named.items()}, **on.classes}
    on = replace(on, ground=replace(on.ground, org=wide), office=replace(on.office, org=wide), classes=by_key)
    claimed = frozenset(p for row in rows if not row.is_left_out and (p := _plainly_meant(on, row)) is not None)
    read = [_read(on, row, claimed) for row in rows]
    _check_people(read)
    _check_homerooms(on, read)
    return [_finish(on, one) for one in read if only in (None, one.row.id)]


# -- one row -------------------------------------------------------------------------------------------------


def _read(on: GridGround, row: GridRow, claimed: Collection[PersonId]) -> _Read:
    one = _Read(row)
    if row.is_left_out:
        one.person, one.name = row.person, row.cells.name
        return one
    _find_person(on, one, claimed)
    _read_homeroom(on, one)
    _read_teaching(on, one)
    _read_others(on, one)
    return one


def _plainly_meant(on: GridGround, row: GridRow) -> PersonId | None:
    """Whoever papers were made for, or was chosen, or has the code, or alone bears exactly that name."""
    cells, code = row.cells, PersonId(row.cells.code)
    if row.made is not None:
        return row.made.person
    if row.person is not None and row.person in on.people:
        return row.person
    if row.is_new_person:
        return None
    if cells.code and code in on.people and nearest(cells.name, [(code, on.people[code])]):
        return code
    exact = [id_ for id_, name in on.people.items() if name.casefold() == cells.name.casefold()]
    return exact[0] if len(exact) == 1 else None


def _find_person(on: GridGround, one: _Read, claimed: Collection[PersonId]) -> None:
    """Whoever is plainly meant; somebody new where no name is near. Whom another row means is not near.

    A name typed without marks is that of whoever alone has it with them; with other marks it is another name.
    """
    row, cells = one.row, one.row.cells
    one.name, one.person = cells.name, _plainly_meant(on, row)
    if one.person is not None:
        one.name = on.people.get(one.person, cells.name)
        _check_not_given_here(on, one, one.person)
    elif row.is_new_person:
        one.is_new = True
    elif not fold(cells.name):
        one.faults.append(name_missing(row))
    else:
        _find_near(on, one, {id_: name for id_, name in on.people.items() if id_ not in claimed})


def _find_near(on: GridGround, one: _Read, free: Mapping[PersonId, str]) -> None:
    row, name = one.row, one.row.cells.name
    same = [(id_, other) for id_, other in free.items() if fold(other) == fold(name)]
    if len(same) == 1 and without_marks(name) == name.casefold():
        one.person, one.name = same[0]
        _check_not_given_here(on, one, one.person)
    elif same:
        one.faults.append(person_ambiguous(row, same))
    else:
        near = [(PersonId(id_), free[PersonId(id_)]) for id_ in nearest(name, free.items(), most=2)]
        one.is_new = not near
        if near:
            one.faults.append(person_unknown(row, near, len(on.people)))


def _check_not_given_here(on: GridGround, one: _Read, person: PersonId) -> None:
    """(7) The head receives from the direct manager, the custodian by the head's own hand."""
    if any(is_head(on, duty) for duty in on.duties if duty.person == person and on.ground.now in duty.interval):
        one.faults.append(head_row(one.row, on.ground, on.unit))
    elif person == on.custodian:
        one.faults.append(custodian_row(one.row))


def _known_class(on: GridGround, one: _Read, written: str, column: str) -> SchoolClass | None:
    found = on.classes.get(class_key(written))
    if found is None:
        one.faults.append(
            class_unknown(one.row, written, column, on.codes(), can_make=class_to_make(on, written) is not None)
        )
    return found


def _read_homeroom(on: GridGround, one: _Read) -> None:
    ids: list[ClassId] = []
    for written in split_classes(one.row.cells.homeroom, on.codes()):
        found = _known_class(on, one, written, "homeroom")
        if found is not None:
            ids.append(found.id)
            one.homeroom.append(code_of(found))
    if ids:
        one.duties.append(PlannedDuty(HOMEROOM, frozenset((id_, "") for id_ in ids), role=_role(on, HOMEROOM)))


def _read_teaching(on: GridGround, one: _Read) -> None:
    pairs: set[ClassSubject] = set()
    for taught in read_teaching(one.row.cells.teaching, on.codes()):
        if taught.subject is None:
            one.faults.append(subject_unknown(one.row, taught.text))
            continue
        for written in taught.classes:
            found = _known_class(on, one, written, "teaching")
            if found is not None:
                pairs.add((found.id, taught.subject))
    if pairs:
        one.duties.append(PlannedDuty(TEACHING, frozenset(pairs), role=_role(on, TEACHING)))


def _read_others(on: GridGround, one: _Read) -> None:
    taught = {subject for duty in one.duties for _, subject in duty.classes or () if subject}
    for named in read_duties(one.row.cells.other, on.pack, on.kind):
        position = None if named.position is None else on.pack.positions.get(named.position)
        if position is None:
            one.faults.append(duty_unknown(one.row, named.text, on.pack, on.kind))
            continue
        if position.rank in HEAD_RANKS:
            if not any(f.kind is GridFaultKind.OWN_HEAD for f in one.faults):
                one.faults.append(head_row(one.row, on.ground, on.unit))
            continue
        roles = roles_for(on.pack, position.id, on.kind)
        if named.role is None and len(roles) > 1:
            one.faults.append(role_unclear(one.row, named.text, [on.pack.roles[role] for role in roles]))
            continue
        role = named.role or (roles[0] if roles else None)
        subjects = None
        if role is not None and "subjects" in on.pack.roles[role].narrows_by:
            subjects = frozenset(named.subjects or taught)
            if named.unknown:
                one.faults.append(subject_unknown(one.row, named.unknown, "other"))
                continue
            if not subjects:
                one.faults.append(subjects_missing(one.row, named.text))
                continue
        one.duties.append(PlannedDuty(position.id, None, subjects, role))


def _role(on: GridGround, position: str) -> str | None:
    roles = roles_for(on.pack, position, on.kind)
    return roles[0] if roles else None


# -- one beside the others -----------------------------------------------------------------------------------


def _check_people(read: Sequence[_Read]) -> None:
    """A person has one row: the later one is joined to the first, or left out."""
    first: dict[str, GridRow] = {}
    # Papers were made of some: their rows stand.
    for one in sorted(read, key=lambda found: found.row.made is None):
        if one.row.is_left_out or (one.person is None and not one.is_new):
            continue
        key = one.person or f"new {fold(one.name)}"
        if key in first and one.row.made is None and (one.person is not None or not one.row.is_new_person):
            one.faults.append(person_twice(one.row, first[key]))
        first.setdefault(key, one.row)


def _check_homerooms(on: GridGround, read: Sequence[_Read]) -> None:
    """A class has one in charge where its level has one: among the rows, and beside whoever has it today."""
    claims: dict[str, list[_Read]] = {}
    for one in read:
        for code in one.homeroom:
            found = on.classes.get(class_key(code))
            if found is not None and on.pack.homeroom(found.level).holders == "one":
                claims.setdefault(code, []).append(one)
    persons: dict[PersonId | None, _Read] = {
        one.person: one for one in read if one.person is not None and not one.row.is_left_out
    }
    for code, ones in claims.items():
        for one in ones[1:] if len(ones) > 1 else ():
            one.faults.append(taken_by_row(one.row, code, ones[0].row, ones[0].name))
        for one in ones:
            _replace_holder(on, one, code, persons)


def _replace_holder(on: GridGround, one: _Read, code: str, persons: Mapping[PersonId | None, _Read]) -> None:
    """Whoever has the class today gives it up, where their own row says so or somebody has chosen it."""
    id_ = on.classes[class_key(code)].id
    for held in on.duties:
        at_stake = held.position == HOMEROOM and held.substitutes is None and held.person != one.person
        if not at_stake or id_ not in whole_classes(held) or not held.interval.overlaps(Interval(on.start, None)):
            continue
        other = persons.get(held.person)
        gives_up = other is not None and code not in other.homeroom
        if gives_up or code in one.row.takes:
            one.duties = [replace(d, replaces=held.id) if d.position == HOMEROOM else d for d in one.duties]
        elif other is None:
            one.faults.append(taken_in_register(one.row, code, on.people.get(held.person, "")))


# -- as the register's rules see it --------------------------------------------------------------------------


def _finish(on: GridGround, one: _Read) -> RowMeaning:
    account = None if one.person is None else on.accounts.get(one.person)
    duties = tuple(_beside_held(on, one.person, account, duty) for duty in one.duties)
    if not one.faults and not one.row.is_left_out and one.row.made is None:
        one.faults += _ask_rules(on, one, account, duties)
    state, changes = _state(on, one, duties)
    said = [said_of(on, duty) for duty in duties if duty.role is not None]
    return RowMeaning(
        row=one.row,
        person=one.person,
        name=one.name,
        duties=duties,
        rights=tuple(said),
        details=tuple(say_in_full(on, duty) for duty in duties if duty.role is not None),
        faults=tuple(one.faults),
        state=state,
        changes=changes,
        makes_person=one.is_new and one.row.made is None,
        makes_account=account is None and one.row.made is None,
        dropped=_dropped(on, one),
    )


def _beside_held(
    on: GridGround, person: PersonId | None, account: Account | None, duty: PlannedDuty
) -> PlannedDuty:
    """The duty as far as it is new: the same one in force is used again, and of classes only those to come."""
    mine = [a for a in on.duties if a.person == person and a.position == duty.position and a.substitutes is None]
    mine = [a for a in mine if a.interval.overlaps(Interval(on.start, None))]
    same = next(
        (a for a in mine if a.classes == duty.classes and (duty.subjects or None) == (a.subjects or None)), None
    )
    if same is None and duty.classes is not None and duty.position == TEACHING:
        has = {pair for a in mine for pair in a.classes or ()}
        left = duty.classes - has
        whole = next((a for a in mine if a.classes is not None and duty.classes <= a.classes), None)
        if whole is not None:
            same = whole
        elif left and left != duty.classes:
            duty = replace(duty, classes=left)
    if same is None:
        return duty
    return replace(duty, existing=same.id, is_held=_is_held(on, account, same.id, duty))


def _is_held(on: GridGround, account: Account | None, assignment: AssignmentId, duty: PlannedDuty) -> bool:
    grants = () if account is None else on.grants.get(account.id, ())
    return any(
        g.assignment == assignment and g.role == duty.role and (g.ended_at is None or g.ended_at > on.ground.now)
        for g in grants
    )


def _ask_rules(
    on: GridGround, one: _Read, account: Account | None, duties: Sequence[PlannedDuty]
) -> list[GridFault]:
    faults: list[GridFault] = []
    person = one.person or NOBODY
    holder = account or Account(NO_ACCOUNT, AccountKind.USE, on.unit, person, "", on.ground.now)
    mine = [a for a in on.duties if a.person == person]
    for duty in duties:
        assignment = planned_assignment(on, person, duty)
        try:
            if duty.existing is None:
                check_duty(on.ground, assignment, duty.replaces)
            if duty.role is None or duty.is_held:
                continue
            grant = Grant(
                id=GrantId(""),
                account=holder.id,
                role=duty.role,
                scope=duty.scope(on.unit),
                unit=on.unit,
                authority=on.office.authorities[0].id if on.office.authorities else AuthorityId(""),
                assignment=assignment.id,
                document=None,
                valid_from=assignment.valid_from,
                valid_to=None,
            )
            check_grant(
                on.office, complete(on.office, grant, assignment), holder, assignment, held=[*mine, assignment]
            )
        except RefusedError as refused:
            faults.append(rule_fault(one.row, refused, said_of(on, duty)))
    roles = [duty.role for duty in duties if duty.role is not None]
    try:
        check_separations(on.ground, on.pack, holder.id, roles)
    except RefusedError as refused:
        faults.append(rule_fault(one.row, refused, ""))
    return faults


# -- compared with last year ---------------------------------------------------------------------------------


def _keys(duty: PlannedDuty | Assignment) -> set[tuple[str, str, str]]:
    """A duty's parts by codes that mean the same in every year."""
    if duty.classes:
        return {(duty.position, class_key(id_.rpartition(":")[2]), subject) for id_, subject in duty.classes}
    return {(duty.position, "", subject) for subject in duty.subjects or {""}}


def _state(on: GridGround, one: _Read, duties: Sequence[PlannedDuty]) -> tuple[GridRowState, int]:
    if one.row.made is not None and one.row.made.document is not None:
        return GridRowState.MADE, 0
    if one.row.is_left_out:
        return GridRowState.LEFT_OUT, 0
    if one.faults:
        return GridRowState.TO_MEND, 0
    handed = [duty for duty in duties if duty.role is not None]
    if handed and all(duty.is_held for duty in handed):
        return GridRowState.HELD, 0
    before = {key for duty in (last_years(on, one.person) if one.person else ()) for key in _keys(duty)}
    now = {key for duty in one.duties for key in _keys(duty)}
    if not before:
        return GridRowState.NEW, len(now)
    return (GridRowState.AS_BEFORE, 0) if before == now else (GridRowState.CHANGED, len(before ^ now))


def _dropped(on: GridGround, one: _Read) -> tuple[str, ...]:
    """Class duties of this year that the row leaves out."""
    if one.person is None or one.row.is_left_out:
        return ()
    wanted = {key for duty in one.duties for key in _keys(duty)}
    ids = {c.id for c in on.classes.values()}
    found = []
    for duty in on.duties:
        is_now = duty.person == one.person and duty.interval.overlaps(Interval(on.start, None))
        for id_, subject in sorted(duty.classes or ()) if is_now and duty.substitutes is None else ():
            key = (duty.position, class_key(id_.rpartition(":")[2]), subject)
            if id_ in ids and key not in wanted:
                found.append(f"{subject_in_words(subject) if subject else 'chủ nhiệm'} {id_.rpartition(':')[2]}")
    return tuple(found)
