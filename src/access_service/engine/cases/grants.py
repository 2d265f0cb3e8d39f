"""Reads a grant of a case file, and the axes that grants, duties and authorities share.

What a line leaves out follows from the duty it rests on; papers are signed when the grant begins.
"""

from dataclasses import replace
from datetime import datetime

from access_service.domain.delegation import DIRECT_MANAGER, HEADS, OWN_UNIT, Grant
from access_service.domain.documents import Document
from access_service.domain.errors import RefusedError
from access_service.domain.names import (
    AccountId,
    AssignmentId,
    AuthorityId,
    ClassId,
    DocumentId,
    DocumentKind,
    DocumentState,
    EducationLevel,
    GrantEnd,
    GrantId,
    Method,
    PersonId,
    SuspendableKind,
    UnitId,
)
from access_service.domain.org import (
    Assignment,
    Organisation,
    manager_of,
    normalise,
)
from access_service.domain.policy import Pack
from access_service.domain.scope import ClassSubject, Scope
from access_service.domain.standing import GrantFacts
from access_service.domain.time import local
from access_service.engine.cases.world import World
from access_service.engine.cases.yaml_reader import Map

AXES = ("levels", "grades", "classes", "subjects", "year", "categories", "actions")
LEVELS = frozenset(map(str, EducationLevel))
BASIS = "000/QĐ"
"""The number of every decision: a world has no other papers than those it names."""
_ENDS = frozenset(map(str, GrantEnd))


def interval_of(line: Map, default: datetime) -> tuple[datetime, datetime | None]:
    """`from` and `to` of a line."""
    start, end = line.start("from", default), line.instant("to", None)
    if end is not None and end <= start:
        line.fault("to", "it ends before it begins")
    return start, end


def class_subjects(line: Map, org: Organisation) -> frozenset[ClassSubject] | None:
    """`classes: [id, …]` for whole classes, `classes: {id: [subject, …]}` for subjects taught there."""
    if not line.is_map("classes"):
        whole = line.words("classes", org.classes, "class")
        return None if whole is None else frozenset((ClassId(id_), "") for id_ in whole)
    found: set[ClassSubject] = set()
    taught = line.child("classes")
    for id_ in taught.keys() if taught is not None else ():
        if taught is not None and taught.check(id_, id_, org.classes, "class"):
            found.update((ClassId(id_), subject) for subject in taught.texts(id_) or ())
    return frozenset(found)


def levels_of(line: Map) -> frozenset[EducationLevel] | None:
    """Education levels, or None when left out."""
    found = line.words("levels", LEVELS, "level")
    return None if found is None else frozenset(EducationLevel(level) for level in found & LEVELS)


def scope_of(line: Map, over: UnitId, world: World, pack: Pack) -> Scope:
    """The axes that a line names; `over` is the unit where it names none."""
    grades, subjects = line.texts("grades"), line.texts("subjects")
    return Scope(
        unit=UnitId(line.word("over", world.org.units, "unit", default=over)),
        levels=levels_of(line),
        grades=None if grades is None else frozenset(grades),
        classes=class_subjects(line, world.org),
        subjects=None if subjects is None else frozenset(subjects),
        school_year=line.word("year", world.org.years, "school year") if line.has("year") else None,
        categories=line.words("categories", pack.categories, "category"),
        actions=line.words("actions", pack.actions, "action"),
    )


def realm(world: World, pack: Pack, unit: UnitId, at: datetime) -> UnitId:
    """The unit whose data the people of a unit work on (see `domain.delegation.realm_of`)."""
    found = world.org.unit(unit)
    if found is None or not pack.unit_kinds[found.kind].part_of_manager:
        return unit
    return manager_of(world.org, unit, at) or unit


def issuer_of(world: World, pack: Pack, duty: Assignment, at: datetime) -> UnitId:
    """The unit that a holder receives from: a head's direct manager, everybody else's own unit (rule 4)."""
    if pack.positions[duty.position].rank in HEADS:
        return manager_of(world.org, duty.unit, at) or duty.unit
    return duty.unit


def read_grant(
    id_: GrantId,
    person: PersonId,
    duty_id: AssignmentId | None,
    line: Map,
    world: World,
    pack: Pack,
    since: datetime,
) -> GrantFacts | None:
    """A grant with its papers; what the line leaves out follows from the duty it rests on."""
    duty = world.duties.get(duty_id) if duty_id is not None else None
    role = line.word("role", pack.roles, "role")
    start, end = interval_of(line, duty.valid_from if duty is not None else since)
    unit = issuer_of(world, pack, duty, start) if duty is not None else None
    if line.has("by") or unit is None:
        unit = UnitId(line.word("by", world.org.units, "unit"))
    default = world.authority_of(unit) if unit in world.org.units else None
    authority = AuthorityId(line.word("authority", world.authorities, "authority", default))
    if authority not in world.authorities or unit not in world.org.units or role not in pack.roles:
        line.skip(*AXES, "over", "minutes", "commitment", "activated", "ended", "as", "unconfirmed")
        return None
    scope = scope_of(line, realm(world, pack, duty.unit if duty is not None else unit, start), world, pack)
    if duty is not None:
        scope = _as_assigned(scope, duty)
    try:
        scope = normalise(world.org, scope)
    except RefusedError as error:
        line.fault("classes", error.message)
    year = world.org.years.get(scope.school_year or "")
    closes = year.closes_at if year is not None and scope.classes is not None else None
    grant = Grant(
        id=id_,
        account=AccountId(person),
        role=role,
        scope=scope,
        unit=unit,
        authority=authority,
        assignment=duty_id,
        document=DocumentId(f"{id_} minutes"),
        valid_from=start,
        valid_to=end or closes,
        activated_at=None,
        ended_at=line.instant("ended", None),
        ended_as=GrantEnd(line.word("as", _ENDS, "end", "revoked")) if line.has("ended") else None,
    )
    return _facts(grant, duty, closes, line, world, pack)


def _facts(
    grant: Grant, duty: Assignment | None, closes: datetime | None, line: Map, world: World, pack: Pack
) -> GrantFacts:
    units, authorities = world.laid_above(world.chain_of_authority(grant.authority))
    person = PersonId(grant.account)
    signed = line.instant("minutes", grant.valid_from)
    minutes = _document(DocumentKind.HANDOVER_MINUTES, grant, person, signed, None)
    commitments = _commitments(grant, person, line, pack)
    # Effective from the latest of its start and the last signature; each is recorded as it is given.
    first = min((d.signed_at for d in commitments if d.signed_at is not None), default=grant.valid_from)
    ready = max(grant.valid_from, signed or grant.valid_from, first)
    return GrantFacts(
        grant=replace(grant, activated_at=line.instant("activated", ready)),
        required=required_papers(world, pack, grant, duty),
        document=minutes,
        commitments=commitments,
        texts=pack.commitments,
        assignment=duty.interval if duty is not None else None,
        absences=tuple(
            d.interval
            for d in world.duties.values()
            if duty and d.substitutes == duty.id and pack.flag("substitute_pauses")
        ),
        suspensions=world.laid_on(SuspendableKind.GRANT, [grant.id]),
        unit_suspensions=units,
        authority_suspensions=authorities,
        lapses_at=line.instant("unconfirmed", None) if line.has("unconfirmed") else None,
        year_closes_at=closes,
    )


def _commitments(grant: Grant, person: PersonId, line: Map, pack: Pack) -> tuple[Document, ...]:
    """What the holder committed to the issuing unit: by default once, to the text in force at the start."""
    rows = line.rows("commitment", "signed") if line.has("commitment") else [None]
    found = []
    for row in rows:
        signed = grant.valid_from if row is None else row.instant("signed", grant.valid_from)
        text = pack.commitment_in_force(signed or grant.valid_from)
        version = row.optional("text") if row is not None else None
        document = _document(
            DocumentKind.COMMITMENT, grant, person, signed, version or (text.version if text else None)
        )
        found.append(replace(document, ended_at=row.instant("ended", None)) if row is not None else document)
        if row is not None:
            row.done()
    return tuple(found)


def required_papers(world: World, pack: Pack, grant: Grant, duty: Assignment | None) -> frozenset[str]:
    """The papers that the pack asks for; an inspection rests on its decision alone (rule 14)."""
    if duty is None:
        return frozenset({"inspection"})
    relation = OWN_UNIT if duty.unit == grant.unit else DIRECT_MANAGER
    rule = pack.delegation_rule(grant.role, duty.position, world.org.units[grant.unit].kind, relation)
    return rule.documents if rule is not None else frozenset({"minutes", "commitment"})


def _as_assigned(scope: Scope, duty: Assignment) -> Scope:
    """The axes that the line leaves out are those of the duty."""
    return replace(
        scope,
        levels=duty.levels if scope.levels is None else scope.levels,
        classes=duty.classes if scope.classes is None else scope.classes,
        subjects=duty.subjects if scope.subjects is None else scope.subjects,
    )


def _document(
    kind: DocumentKind, grant: Grant, person: PersonId, signed: datetime | None, text: str | None
) -> Document:
    return Document(
        id=DocumentId(f"{grant.id} {kind}"),
        kind=kind,
        unit=grant.unit,
        number=BASIS,
        dated=local(grant.valid_from).date(),
        version=1,
        state=DocumentState.AWAITING_RECEIVER if signed is None else DocumentState.SIGNED,
        receiver=person,
        prepared_by=None,
        content="",
        sha256="",
        method=Method.ATTESTED,
        valid_from=grant.valid_from,
        state_since=signed or grant.valid_from,
        text_version=text,
        signed_at=signed,
    )
