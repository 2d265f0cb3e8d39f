"""Who enters software and agrees that it draws, within what, and what of it stands (rule 13; A10).

Nothing here gives a right by itself: what an approval gives at an instant is worked out in `domain.software`.
"""

from collections.abc import Iterable

from access_service.domain.delegation import Authority, Office, check_within
from access_service.domain.edges import Holder
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import AccountKind, UnitId
from access_service.domain.org import SchoolClass, is_below, manager_of
from access_service.domain.policy import DEPARTMENT
from access_service.domain.reasons import Refusal
from access_service.domain.software import LEVELS, Approval, Software, SoftwareConfirmation
from access_service.domain.time import Interval

# -- who


def departments(ground: Ground) -> frozenset[UnitId]:
    """The department: the unit whose authority nobody in the register gave."""
    return frozenset(a.unit for a in ground.facts.find(Authority, parent=None) if ground.now in a.interval)


def is_department(ground: Ground, holder: Holder | None) -> bool:
    """Does the holder act with the department's admin account? None is the operator, who may do the same."""
    return holder is None or (holder.kind is AccountKind.ADMIN and holder.unit in departments(ground))


def check_department(ground: Ground, holder: Holder, unit: UnitId) -> None:
    """(13) That takes the department's admin account; `unit` is what it is about."""
    if not is_department(ground, holder):
        raise RefusedError(Refusal.FORBIDDEN, "that is for the department's admin account", unit=unit)


def approves(ground: Ground, holder: Holder, unit: UnitId) -> bool:
    """(13) Does the holder act with the admin account of whoever approves for `unit`: the pack's `[approvals] by`?

    The department, or the unit that manages the contracting one as the edges stand today.
    """
    if ground.pack_for(unit).approvals_by == DEPARTMENT:
        return is_department(ground, holder)
    manager = manager_of(ground.org, unit, ground.now)
    return holder.kind is AccountKind.ADMIN and holder.unit == (unit if manager is None else manager)


def check_approves(ground: Ground, holder: Holder, unit: UnitId) -> None:
    """(13) Only whom the pack names agrees that software of `unit` draws, or takes that back."""
    if approves(ground, holder, unit):
        return
    if ground.pack_for(unit).approvals_by == DEPARTMENT:
        check_department(ground, holder, unit)
    raise RefusedError(Refusal.NOT_DIRECT_MANAGER, "that is for the unit that manages it", unit=unit)


def check_approver(ground: Ground, office: UnitId, unit: UnitId) -> None:
    """(13) The office in whose name a letter was signed approves for the unit on that day."""
    if ground.pack_for(unit).approvals_by == DEPARTMENT:
        own = office in departments(ground)
    else:
        own = office == (manager_of(ground.org, unit, ground.now) or unit)
    if not own:
        raise RefusedError(Refusal.FORBIDDEN, "that office approves for the unit no more", unit=unit)


def entering_unit(ground: Ground, unit: UnitId) -> UnitId:
    """The unit whose admin account enters software for it: itself, or its manager where it has no admin account."""
    found = ground.org.unit(unit)
    kind = ground.pack_for(unit).unit_kinds.get(found.kind) if found is not None else None
    manager = manager_of(ground.org, unit, ground.now)
    return manager if kind is not None and not kind.has_admin_account and manager is not None else unit


# -- the entry


def check_level(level: int | None) -> None:
    """A security level is one of the decree's."""
    if level is not None and level not in LEVELS:
        raise InvalidError(f"a security level is {LEVELS[0]} to {LEVELS[-1]}", security_level=level)


def check_entry(ground: Ground, software: Software) -> None:
    """A unit enters software of one supplier once while it is in use."""
    check_level(software.security_level)
    for held in ground.facts.find(Software, unit=software.unit, name=software.name):
        if ground.now in held.interval and held.supplier == software.supplier:
            raise RefusedError(
                Refusal.DUPLICATE, f"`{software.unit}` has entered that software", unit=software.unit
            )


def check_changed(before: Software, after: Software) -> None:
    """Bringing an entry up to date says something new."""
    check_level(after.security_level)
    if before == after:
        raise InvalidError("nothing changes")


def check_in_use(ground: Ground, software: Software) -> None:
    """What rests on software is entered while it is in use."""
    if ground.now not in software.interval:
        raise RefusedError(Refusal.DOCUMENT_STATE, "the use of that software is over", software=software.id)


# -- its papers


def check_authority_covers(offices: Iterable[Office], unit: UnitId, approval: Approval) -> None:
    """(3) Some one authority of the contracting unit covers the approval on every axis, time included.

    `offices` are the unit with each of its authorities; what is said is what the last of them lacks.
    """
    refused = RefusedError(Refusal.WIDER_THAN_AUTHORITY, f"`{unit}` holds no authority now", unit=unit)
    for office in offices:
        if office.suspended:
            refused = RefusedError(Refusal.SUSPENDED, f"`{unit}` or its authority is suspended", unit=unit)
            continue
        try:
            check_within(office, approval.scope, Interval(approval.valid_from, approval.valid_to))
        except RefusedError as error:
            refused = error
        else:
            return
    raise refused


def reaches_class(ground: Ground, approval: Approval, school_class: SchoolClass) -> bool:
    """Is the class among those whose data the approval is about, as far as its paper goes?"""
    scope = approval.scope
    return (
        is_below(ground.org, school_class.school, scope.unit, ground.now)
        and (scope.levels is None or school_class.level in scope.levels)
        and (scope.grades is None or school_class.grade in scope.grades)
        and (scope.classes is None or school_class.id in scope.class_ids)
        and scope.school_year in (None, school_class.school_year)
    )


def check_approval_runs(ground: Ground, approval: Approval) -> None:
    """What has ended is not withdrawn again."""
    if approval.withdrawn_at is not None or approval.valid_to <= ground.now:
        raise RefusedError(Refusal.DOCUMENT_STATE, "the approval is over", approval=approval.id)


def check_confirmation_runs(ground: Ground, confirmation: SoftwareConfirmation) -> None:
    """What has ended, or was taken back, is not taken back again."""
    if ground.now not in confirmation.interval:
        raise RefusedError(Refusal.DOCUMENT_STATE, "the confirmation is over", confirmation=confirmation.id)
