"""Units, school years, classes, people and duties."""

from typing import Annotated

from fastapi import Query

from access_service.api.http.deps import CallerDep, ServicesDep
from access_service.api.manage.accounts_bodies import SuspensionOut
from access_service.api.manage.bodies import SchoolYearCode
from access_service.api.manage.org_bodies import (
    AssignmentOut,
    AssignmentsOut,
    Because,
    ClassesOut,
    ClassOut,
    DutyEnd,
    EdgeOut,
    LeavingCaseOut,
    LeavingCasesOut,
    NewAbbreviation,
    NewAssignment,
    NewClass,
    NewManager,
    NewPerson,
    NewSchoolYear,
    NewSuccession,
    NewUnit,
    Noted,
    PersonOut,
    SchoolYearOut,
    SchoolYearsOut,
    SuccessionOut,
    UnitDetailOut,
    UnitOut,
    UnitsOut,
)
from access_service.api.manage.rehearsal import DryRun, RehearsedOut, done_or_told, resume, suspend
from access_service.api.manage.routing import manage
from access_service.api.manage.segments import PathId
from access_service.api.manage.waiting_bodies import WaitingActOut
from access_service.domain.delegation import LeavingCase
from access_service.domain.names import AssignmentId, PersonId, SuspendableKind, UnitId
from access_service.domain.org import Assignment, ManagementEdge, Succession
from access_service.domain.waiting import WaitingAct
from access_service.usecases.evidence import reading, reading_papers
from access_service.usecases.organisation import leaving, moving, org, succession, years
from access_service.usecases.services import Services

router = manage("organisation")


@router.post("/units", status_code=201)
def create_unit(services: ServicesDep, caller: CallerDep, body: NewUnit) -> UnitOut:
    """Register a unit under a direct manager; the manager's custodian does it."""
    unit = org.create_unit(
        services,
        caller,
        id_=UnitId(body.id),
        kind=body.kind,
        name=body.name,
        levels=frozenset(body.levels),
        manager=UnitId(body.manager),
        basis=body.basis,
        abbreviation=body.abbreviation,
    )
    return UnitOut.model_validate(unit)


@router.post("/units/{id}/abbreviation")
def abbreviate_unit(services: ServicesDep, caller: CallerDep, id: PathId, body: NewAbbreviation) -> UnitOut:  # noqa: A002
    """What stands in the numbers of the unit's papers from now on."""
    return UnitOut.model_validate(org.abbreviate_unit(services, caller, UnitId(id), body.abbreviation))


@router.get("/units/{id}")
def read_unit(services: ServicesDep, caller: CallerDep, id: PathId) -> UnitDetailOut:  # noqa: A002
    """A unit: its chain, custodian and head."""
    return UnitDetailOut.of(reading.read_unit(services, caller, UnitId(id)))


@router.get("/units/{id}/units")
def units_under(services: ServicesDep, caller: CallerDep, id: PathId) -> UnitsOut:  # noqa: A002
    """The units that it directly manages."""
    found = reading.units_under(services, caller, UnitId(id))
    return UnitsOut(units=[UnitOut.model_validate(u) for u in found])


@router.post("/units/{id}/manager")
def change_manager(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    body: NewManager,
    dry_run: DryRun,
) -> EdgeOut | WaitingActOut | RehearsedOut:
    """Another unit becomes the direct manager; a unit above both decides.

    Entered by an officer it waits for that unit's leadership: then a waiting act is the answer.
    """

    def run(services: Services) -> ManagementEdge | WaitingAct:
        return moving.change_manager(
            services, caller, unit=UnitId(id), manager=UnitId(body.manager), basis=body.basis, on=body.on
        )

    def shown(done: ManagementEdge | WaitingAct) -> EdgeOut | WaitingActOut:
        return WaitingActOut.of(done) if isinstance(done, WaitingAct) else EdgeOut.model_validate(done)

    return done_or_told(services, dry_run, run, shown)


@router.post("/units/{id}/succession")
def succeed_unit(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    body: NewSuccession,
    dry_run: DryRun,
) -> SuccessionOut | WaitingActOut | RehearsedOut:
    """Another unit takes its office; the unit that manages both decides.

    Entered by an officer it waits for that unit's leadership: then a waiting act is the answer.
    """

    def run(services: Services) -> Succession | WaitingAct:
        return succession.succeed_unit(
            services,
            caller,
            predecessor=UnitId(id),
            successor=UnitId(body.successor),
            basis=body.basis,
            on=body.on,
            schools=body.named(),
            archive=None if body.archive is None else UnitId(body.archive),
        )

    def shown(done: Succession | WaitingAct) -> SuccessionOut | WaitingActOut:
        return WaitingActOut.of(done) if isinstance(done, WaitingAct) else SuccessionOut.model_validate(done)

    return done_or_told(services, dry_run, run, shown)


@router.post("/units/{id}/suspend")
def suspend_unit(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    dry_run: DryRun,
    body: Noted | None = None,
) -> SuspensionOut | RehearsedOut:
    """Pause everything that rests on the unit, from above."""
    return suspend(services, caller, SuspendableKind.UNIT, id, body, dry_run)


@router.post("/units/{id}/resume")
def resume_unit(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    dry_run: DryRun,
) -> SuspensionOut | RehearsedOut:
    """End the pause."""
    return resume(services, caller, SuspendableKind.UNIT, id, dry_run)


@router.get("/school-years")
def school_years(services: ServicesDep, caller: CallerDep) -> SchoolYearsOut:
    """Every school year of the register."""
    found = reading.school_years(services, caller)
    return SchoolYearsOut(school_years=[SchoolYearOut.model_validate(y) for y in found])


@router.post("/school-years", status_code=201)
def open_school_year(services: ServicesDep, caller: CallerDep, body: NewSchoolYear) -> SchoolYearOut:
    """A school year of the whole register; the department's custodian decides."""
    year = org.open_school_year(services, caller, id_=body.id, starts_on=body.starts_on, closes_on=body.closes_on)
    return SchoolYearOut.model_validate(year)


@router.post("/school-years/{id}/close")
def close_school_year(services: ServicesDep, caller: CallerDep, id: PathId, body: Because) -> WaitingActOut:  # noqa: A002
    """Close it before its date: a second person of the department's leadership confirms it."""
    return WaitingActOut.of(years.close_school_year(services, caller, id, reason=body.reason))


@router.post("/school-years/{id}/reopen")
def reopen_school_year(services: ServicesDep, caller: CallerDep, id: PathId, body: Because) -> WaitingActOut:  # noqa: A002
    """Undo its closing, within the pack's days: a second person of the department's leadership confirms it."""
    return WaitingActOut.of(years.reopen_school_year(services, caller, id, reason=body.reason))


@router.post("/classes", status_code=201)
def create_class(services: ServicesDep, caller: CallerDep, body: NewClass) -> ClassOut:
    """A class; the school's custodian enters it."""
    made = org.create_class(
        services,
        caller,
        school=UnitId(body.school),
        school_year=body.school_year,
        code=body.code,
        name=body.name,
        level=body.level,
        grade=body.grade,
    )
    return ClassOut.model_validate(made)


@router.get("/units/{id}/classes")
def classes_of(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    school_year: Annotated[SchoolYearCode | None, Query()] = None,
) -> ClassesOut:
    """The classes of a school, of one year or of all."""
    found = reading.classes_of(services, caller, UnitId(id), school_year)
    return ClassesOut(classes=[ClassOut.model_validate(c) for c in found])


@router.post("/persons", status_code=201)
def add_person(services: ServicesDep, caller: CallerDep, body: NewPerson) -> PersonOut:
    """Enter a person; any custodian may."""
    return PersonOut.model_validate(org.add_person(services, caller, name=body.name))


@router.get("/persons/{id}")
def read_person(services: ServicesDep, caller: CallerDep, id: PathId) -> PersonOut:  # noqa: A002
    """A person with a duty in a unit the caller sees."""
    return PersonOut.model_validate(reading.read_person(services, caller, PersonId(id)))


@router.post("/assignments", status_code=201)
def assign_duty(
    services: ServicesDep, caller: CallerDep, body: NewAssignment, dry_run: DryRun
) -> AssignmentOut | WaitingActOut | RehearsedOut:
    """Record a decision that assigns a duty; a head is appointed by the direct manager.

    Who signs, entered by an officer, waits for the office's leadership: then a waiting act is the answer. A duty
    that it replaces ends with its grants.
    """

    def shown(done: Assignment | WaitingAct) -> AssignmentOut | WaitingActOut:
        return WaitingActOut.of(done) if isinstance(done, WaitingAct) else AssignmentOut.of(done)

    return done_or_told(services, dry_run, lambda s: org.assign_duty(s, caller, body.duty()), shown)


@router.post("/assignments/{id}/end")
def end_duty(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    body: DutyEnd,
    dry_run: DryRun,
) -> LeavingCaseOut | WaitingActOut | RehearsedOut:
    """A duty ends at 00:00 of a day: its grants end then, and a leaving case opens.

    The release of who signs, entered by an officer, waits for the office's leadership.
    """

    def run(services: Services) -> LeavingCase | WaitingAct:
        return leaving.end_duty(
            services, caller, AssignmentId(id), on=body.on, decision_number=body.decision_number
        )

    def shown(done: LeavingCase | WaitingAct) -> LeavingCaseOut | WaitingActOut:
        return WaitingActOut.of(done) if isinstance(done, WaitingAct) else LeavingCaseOut.model_validate(done)

    return done_or_told(services, dry_run, run, shown)


@router.get("/units/{id}/assignments")
def assignments_of(services: ServicesDep, caller: CallerDep, id: PathId) -> AssignmentsOut:  # noqa: A002
    """Duties in a unit; one's own for those who do not act for it."""
    found = reading.assignments_of(services, caller, UnitId(id))
    return AssignmentsOut(assignments=[AssignmentOut.of(a) for a in found])


@router.get("/units/{id}/leaving-cases")
def leaving_cases_of(services: ServicesDep, caller: CallerDep, id: PathId) -> LeavingCasesOut:  # noqa: A002
    """Leaving cases of a unit; one's own for those who do not act for it."""
    found = reading_papers.leaving_cases_of(services, caller, UnitId(id))
    return LeavingCasesOut(leaving_cases=[LeavingCaseOut.model_validate(c) for c in found])
