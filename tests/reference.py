"""A decision the obvious way, from architecture section 3, and nothing of the engine: no standing, table or Casbin.

Dated facts in, (reason or None for allow, grant) out; the rows of `roles.csv` are gone through each time.
"""

from dataclasses import replace
from types import SimpleNamespace

from access_service.domain.org import chain_of
from access_service.domain.reasons import Reason
from access_service.domain.time import Interval
from reference_papers import papers, validity


def by_id(facts):
    return facts.grant.id


def decide(request, facts, org, pack, bound, now):
    unit, request = resolved(request, org, now)
    if unit is None:
        return request, None
    governed = bound & set(chain_of(org, unit.id, now))
    wrong = (governed and vocabulary(request, unit, org, pack)) or account(facts, now)
    wrong = wrong or (explicit(request, unit, pack, now) if governed else Reason.NO_POLICY)
    if wrong:
        return wrong, None
    if facts.account.kind == "service":
        return software(facts, request, unit, org, pack, now)
    found = [(g.grant.id, stopped(g, request, unit, org, pack, now)) for g in sorted(facts.grants, key=by_id)]
    return strongest(found) or (Reason.NO_GRANT, None)


def strongest(found):
    """An allow wins over whatever stopped the others, a role's deny included; then the furthest counts."""
    last = max((reason for _, reason in found if reason), key=list(Reason).index, default=None)
    for wanted in (None, last):
        for id_, reason in found:
            if reason is wanted:
                return reason, id_
    return None


def software(facts, request, unit, org, pack, now):
    """Rule 13: what no approval in force names is outside of it; where none is in force, it is missing."""
    found = []
    for paper in sorted(facts.approvals, key=lambda a: a.approval.id):
        for share in paper.shares if approved(paper, now) else ():
            if share.scope is None or now not in Interval(share.authority.valid_from, share.authority.valid_to):
                continue
            line = SimpleNamespace(
                grant=SimpleNamespace(role="software", scope=share.scope),
                unit_suspensions=share.unit_suspensions,
                authority_suspensions=share.authority_suspensions,
            )
            why = stopped(line, request, unit, org, pack, now)
            is_outside = why is Reason.ACTION_NOT_IN_ROLE or str(why).startswith("outside_")
            found.append((paper.approval.id, Reason.OUTSIDE_APPROVAL if is_outside else why))
    ids = sorted(a.approval.id for a in facts.approvals) or [None]
    return strongest(found) or (Reason.APPROVAL_MISSING, ids[0])


def approved(facts, now):
    paper, used = facts.approval, facts.software
    ends = [paper.valid_to, paper.withdrawn_at, used.valid_to, facts.year_closes_at]
    begins = [paper.valid_from, paper.recorded_at, used.valid_from]
    return facts.unmet is None and max(begins) <= now and all(end is None or now < end for end in ends)


def account(facts, now):
    if facts is None:
        return Reason.ACCOUNT_UNKNOWN
    begins, closed = facts.account.activated_at, facts.account.valid_to
    stops = (
        begins is None or now not in Interval(begins, closed) or any(now in s.interval for s in facts.suspensions)
    )
    return Reason.ACCOUNT_NOT_ACTIVE if stops else None


def explicit(request, unit, pack, now):
    """A lock of the period, or a row that denies everybody."""
    for lock in pack.locks:
        cells = {(kind, c, a) for kind in lock.unit_kinds for c in lock.categories for a in lock.actions}
        if (unit.kind, request.category, request.action) in cells and now in Interval(lock.start, lock.end):
            return Reason.PERIOD_LOCKED
    return Reason.DENIED_BY_RULE if rows(pack, "*", request, allow=False) else None


def resolved(request, org, now):
    """The unit, and the request with what the register knows of its class; or None and the reason."""
    class_id = request.resource_id if request.resource_type == "class" else request.class_id
    unit_id = request.resource_id if request.resource_type == "unit" else request.unit
    if request.class_id not in (None, class_id) or request.unit not in (None, unit_id):
        return None, Reason.RESOURCE_CONTRADICTORY
    found = org.school_class(class_id)
    if class_id is not None:
        if found is None or unit_id not in (None, found.school):
            return None, Reason.RESOURCE_CONTRADICTORY
        unit_id = found.school
    said = (request.level, request.grade, request.school_year)
    unplaced = request.resource_type == "student" and found is None
    if unit_id is None or request.category is None or (unplaced and None in said):
        return None, Reason.RESOURCE_INCOMPLETE
    unit = org.unit(unit_id)
    if unit is None or now not in Interval(unit.valid_from, unit.valid_to):
        return None, Reason.RESOURCE_CONTRADICTORY
    return unit, replace(request, unit=unit_id, class_id=class_id)


def nowhere(request, unit, org, pack):
    """(J) A pupil without a class of a level, grade or year that the school, the pack or the register lacks."""
    if request.resource_type != "student" or request.class_id is not None:
        return False
    grades = [g for level, names in pack.grades.items() if level == request.level for g in names]
    return request.level not in unit.levels or request.grade not in grades or request.school_year not in org.years


def vocabulary(request, unit, org, pack):
    if nowhere(request, unit, org, pack):
        return Reason.RESOURCE_INCOMPLETE
    category = pack.categories.get(request.category)
    if category is None or request.resource_type not in category.resource_types:
        return Reason.RESOURCE_CONTRADICTORY
    if request.action not in pack.actions:
        return Reason.UNKNOWN_ACTION
    if pack.function_required and request.function is None:
        return Reason.RESOURCE_INCOMPLETE
    said = {"level": request.level, "grade": request.grade, "school_year": request.school_year}
    if (found := org.school_class(request.class_id)) is not None:
        wrong = any(value not in (None, getattr(found, name)) for name, value in said.items())
    else:
        wrong = unit.levels and request.level is not None and request.level not in unit.levels
    return Reason.RESOURCE_CONTRADICTORY if wrong else None


def rows(pack, role, request, *, allow, category=None):
    """The rows about a role, or about every role, that allow or deny the action on the category."""
    cell = (category or request.category, request.action, allow)
    return [r for r in pack.rules if r.role in (role, "*") and (r.category, r.action, r.allow) == cell]


def permits(pack, role, request, category):
    """The rows that allow, where none about the same cell denies."""
    denied = rows(pack, role, request, allow=False, category=category)
    return [] if denied else rows(pack, role, request, allow=True, category=category)


def stopped(facts, request, unit, org, pack, now):
    """Why this grant does not allow the request; None when it does."""
    role, scope = facts.grant.role, facts.grant.scope
    early = Reason.AUTHORITY_SUSPENDED if any(now in i for i in facts.authority_suspensions) else None
    early = Reason.UNIT_SUSPENDED if any(now in i for i in facts.unit_suspensions) else early
    # An approval has been looked at before: it stands in for a grant whose papers are in order.
    late = papers(facts, now) or validity(facts, now) if hasattr(facts, "document") else None
    place = outside(scope, request, unit, org, now)
    if role in pack.roles and rows(pack, role, request, allow=False):
        return Reason.ACTION_NOT_IN_ROLE if early or late or place else Reason.DENIED_BY_RULE
    allowed = {c: r for c in pack.categories if (r := permits(pack, role, request, c))}
    actions = [replace(request, action=a) for a in pack.actions]
    covered = {c for c in pack.categories for r in actions if permits(pack, role, r, c)}
    if early or role not in pack.roles or not allowed or request.action not in (scope.actions or {request.action}):
        return early or Reason.ACTION_NOT_IN_ROLE
    if request.category not in (scope.categories or covered):
        return Reason.OUTSIDE_CATEGORY
    if request.category not in allowed:
        return Reason.ACTION_NOT_IN_ROLE
    if request.function not in {None, *(row.function for row in allowed[request.category])}:
        return Reason.ACTION_NOT_IN_ROLE
    return place or late


def outside(scope, request, unit, org, now):
    def one_of(granted, asked, reason):
        if granted is None or asked in granted:
            return None
        return Reason.RESOURCE_INCOMPLETE if asked is None else reason

    found = org.school_class(request.class_id) or request
    levels = {found.level} if found.level is not None else unit.levels
    if scope.unit not in chain_of(org, unit.id, now):
        return Reason.OUTSIDE_UNIT
    if scope.classes is None and scope.levels is not None and not (levels and levels <= scope.levels):
        return Reason.RESOURCE_INCOMPLETE if not levels or levels & scope.levels else Reason.OUTSIDE_LEVEL
    if scope.classes is None and (wrong := one_of(scope.grades, found.grade, Reason.OUTSIDE_GRADE)):
        return wrong
    taught = {subject for class_id, subject in scope.classes or () if class_id == request.class_id}
    if scope.classes is not None and not taught:
        return Reason.OUTSIDE_CLASS
    in_class = None if scope.classes is None or "" in taught else taught
    return (
        one_of(in_class, request.subject, Reason.OUTSIDE_SUBJECT)
        or one_of(scope.subjects, request.subject, Reason.OUTSIDE_SUBJECT)
        or one_of(scope.school_year and {scope.school_year}, found.school_year, Reason.OUTSIDE_YEAR)
    )
