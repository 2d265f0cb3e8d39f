"""Việc cần làm: what waits for somebody, derived from facts each time it is asked for, and never stored.

A task says what, how many, who is concerned, since and until when, by which article, and where it is done. Each
kind stands in one group, and groups and kinds are shown in the order in which they stand here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from access_service.domain.names import PersonId, UnitId
from access_service.domain.org import Assignment, SchoolYear
from access_service.domain.policy import DEFAULT, Pack

MOST_NAMES = 10
"""Names in one task; its number is exact."""
NEW_FOR = timedelta(days=7)
"""So long a new factor is told to its holder."""
PASSWORD_WARNING = timedelta(days=14)
"""So long before a password is due it is a task."""


class TaskGroup(StrEnum):
    """Under which heading a task stands."""

    SIGN = "sign"
    DECIDE = "decide"
    DUE = "due"
    KNOW = "know"


class TaskHat(StrEnum):
    """With which of one's accounts it is done."""

    PERSONAL = "personal"
    ADMIN = "admin"


class TaskKind(StrEnum):
    """What waits."""

    SIGN_AS_GIVER = "sign_as_giver"
    SIGN_AS_RECEIVER = "sign_as_receiver"
    RETURNED = "returned"
    DRAFTS = "drafts"
    CONFIRM_ACTS = "confirm_acts"
    CONFIRM_GRANTS = "confirm_grants"
    CUSTODY_VACANT = "custody_vacant"
    CUSTODY_AWAITING = "custody_awaiting"
    UNITS_LATE = "units_late"
    YEAR_TO_RENEW = "year_to_renew"
    WITHOUT_RIGHTS = "without_rights"
    ACTIVATIONS_UNUSED = "activations_unused"
    LEAVING_OPEN = "leaving_open"
    ANOMALIES = "anomalies"
    REMINDED = "reminded"
    PASSWORD_DUE = "password_due"  # noqa: S105 a word of the interface
    RECOVERY_TO_CONFIRM = "recovery_to_confirm"
    OWN_RECOVERY = "own_recovery"
    CODE_SEEN = "code_seen"
    NEW_FACTOR = "new_factor"
    JOB_OVER = "job_over"


GROUPS: Mapping[TaskKind, TaskGroup] = {
    TaskKind.SIGN_AS_GIVER: TaskGroup.SIGN,
    TaskKind.SIGN_AS_RECEIVER: TaskGroup.SIGN,
    TaskKind.RETURNED: TaskGroup.DECIDE,
    TaskKind.DRAFTS: TaskGroup.DECIDE,
    TaskKind.CONFIRM_ACTS: TaskGroup.DECIDE,
    TaskKind.CONFIRM_GRANTS: TaskGroup.DECIDE,
    TaskKind.CUSTODY_VACANT: TaskGroup.DECIDE,
    TaskKind.CUSTODY_AWAITING: TaskGroup.DECIDE,
    TaskKind.UNITS_LATE: TaskGroup.DECIDE,
    TaskKind.YEAR_TO_RENEW: TaskGroup.DECIDE,
    TaskKind.WITHOUT_RIGHTS: TaskGroup.DECIDE,
    TaskKind.ACTIVATIONS_UNUSED: TaskGroup.DECIDE,
    TaskKind.LEAVING_OPEN: TaskGroup.DECIDE,
    TaskKind.ANOMALIES: TaskGroup.DECIDE,
    TaskKind.REMINDED: TaskGroup.DUE,
    TaskKind.PASSWORD_DUE: TaskGroup.DUE,
    TaskKind.RECOVERY_TO_CONFIRM: TaskGroup.DECIDE,
    TaskKind.OWN_RECOVERY: TaskGroup.KNOW,
    TaskKind.CODE_SEEN: TaskGroup.KNOW,
    TaskKind.NEW_FACTOR: TaskGroup.KNOW,
    TaskKind.JOB_OVER: TaskGroup.KNOW,
}
_LIMITS: Mapping[TaskKind, str] = {
    TaskKind.SIGN_AS_GIVER: "document_lapse_days",
    TaskKind.SIGN_AS_RECEIVER: "document_lapse_days",
    TaskKind.CONFIRM_ACTS: "document_lapse_days",
    TaskKind.CONFIRM_GRANTS: "confirmation_days",
    TaskKind.CUSTODY_VACANT: "custody_vacant_days",
    TaskKind.CUSTODY_AWAITING: "document_lapse_days",
    TaskKind.WITHOUT_RIGHTS: "duty_missing_days",
    TaskKind.ACTIVATIONS_UNUSED: "activation_code_hours",
    TaskKind.LEAVING_OPEN: "hand_back_days",
    TaskKind.PASSWORD_DUE: "admin_password_days",
    TaskKind.RECOVERY_TO_CONFIRM: "recovery_wait_hours",
    TaskKind.OWN_RECOVERY: "recovery_wait_hours",
}
"""The limit of the pack on which a task's time rests, whose article it names."""


@dataclass(frozen=True, slots=True)
class Task:
    """Something that waits."""

    kind: TaskKind
    hat: TaskHat
    unit: UnitId
    """For which of one's units."""
    count: int
    names: tuple[str, ...]
    """People or units concerned, at most ten."""
    since: datetime | None
    """The oldest of them."""
    until: datetime | None
    """The first day on which it is too late; None where there is none."""
    article: str
    """By which place of which regulation, as an id of the pack."""
    leads_to: tuple[str, str]
    """(noun, id) of the page where it is done."""
    said: str = ""
    """What somebody wrote with it."""

    @property
    def group(self) -> TaskGroup:
        """Under which heading it stands."""
        return GROUPS[self.kind]


def article_of(kind: TaskKind, pack: Pack | None) -> str:
    """The article of the limit that a kind of task rests on; the product's own where the pack names none."""
    limit = None if pack is None or kind not in _LIMITS else pack.limits.get(_LIMITS[kind])
    return DEFAULT if limit is None else limit.article


def in_order(tasks: Iterable[Task]) -> list[Task]:
    """By group, then what is due first, then by kind and unit."""
    groups, kinds = list(TaskGroup), list(TaskKind)

    def key(task: Task) -> tuple[int, bool, float, int, str, str]:
        until = 0.0 if task.until is None else task.until.timestamp()
        place = (groups.index(task.group), task.until is None, until, kinds.index(task.kind))
        return (*place, task.unit, task.leads_to[1])

    return sorted(tasks, key=key)


RENEWED_FROM = timedelta(days=45)
"""How long before a school year begins its duties can be prepared from last year's."""


def year_to_renew(
    years: Iterable[SchoolYear], duties: Iterable[Assignment], now: datetime
) -> tuple[SchoolYear, frozenset[PersonId]] | None:
    """The school year that begins, to whose classes a unit has assigned nobody yet; and who was the year before."""
    known = sorted(years, key=lambda y: y.starts_at)
    coming = [y for y in known if y.starts_at - RENEWED_FROM <= now < y.closes_at]
    if not coming:
        return None
    before = [y.id for y in known if y.starts_at < coming[-1].starts_at][-1:]
    people: dict[str, set[PersonId]] = {}
    for duty in duties:
        for class_id, _ in duty.classes or ():
            people.setdefault(class_id.split(":")[1] if class_id.count(":") > 1 else "", set()).add(duty.person)
    if coming[-1].id in people or not before or before[0] not in people:
        return None
    return coming[-1], frozenset(people[before[0]])
