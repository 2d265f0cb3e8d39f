"""What waits for somebody, numbers of units, and reminders, as they are asked for and answered."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from access_service.api.manage.bodies import Id, Out, Prose, RequestBody
from access_service.domain.progress import CustodyMark
from access_service.domain.reminding import MOST_REMINDED
from access_service.domain.tasks import Task, TaskGroup, TaskHat, TaskKind
from access_service.usecases.tasks.units_below import Reminded, UnitLine, UnitsBelow
from access_service.usecases.tasks.waiting_for import TasksSeen


class NewReminder(RequestBody):
    """Remind these units."""

    units: Annotated[list[Id], Field(min_length=1, max_length=MOST_REMINDED)]
    about: Prose | None = None
    """What is expected, in one's own words; the numbers say it where this is left out."""


class ProgressOut(Out):
    """The numbers of a unit at one instant: each person counted once, by what is left to do."""

    unit: str
    people: int
    with_rights: int
    awaiting_receiver: int
    awaiting_giver: int
    to_mend: int
    without_rights: int
    custody: CustodyMark
    custodian: str | None
    custody_since: datetime | None
    """Since when the admin account is held, or vacant."""
    waiting_since: datetime | None
    """The oldest of what waits."""
    is_done: bool


class ReminderOut(Out):
    """A reminder."""

    id: str
    unit: str
    by: str
    about: str
    valid_from: datetime


class UnitLineOut(Out):
    """A unit below, with its numbers."""

    id: str
    name: str
    kind: str
    progress: ProgressOut
    custodian: str
    """Name of whoever operates its admin account."""
    is_late: bool
    reminded: ReminderOut | None

    @classmethod
    def of(cls, line: UnitLine) -> "UnitLineOut":
        """From the use case's value."""
        return cls(
            id=line.unit.id,
            name=line.unit.name,
            kind=line.unit.kind,
            progress=ProgressOut.model_validate(line.progress),
            custodian=line.custodian,
            is_late=line.is_late,
            reminded=None if line.reminded is None else ReminderOut.model_validate(line.reminded),
        )


class TotalsOut(Out):
    """Sums over all units that were found."""

    units: int
    vacant: int
    late: int
    done: int
    people: int
    with_rights: int
    awaiting_receiver: int
    awaiting_giver: int
    to_mend: int


class UnitsBelowOut(Out):
    """A page of units, the worst first."""

    units: list[UnitLineOut]
    total: int
    start: int
    sums: TotalsOut

    @classmethod
    def of(cls, found: UnitsBelow) -> "UnitsBelowOut":
        """From the use case's value."""
        return cls(
            units=[UnitLineOut.of(line) for line in found.items],
            total=found.total,
            start=found.start,
            sums=TotalsOut.model_validate(found.sums),
        )


class RemindedOut(Out):
    """Which units were reminded, and which had been within the day."""

    reminders: list[ReminderOut]
    already: list[str]

    @classmethod
    def of(cls, done: Reminded) -> "RemindedOut":
        """From the use case's value."""
        return cls(reminders=[ReminderOut.model_validate(r) for r in done.reminders], already=list(done.already))


class TaskOut(Out):
    """Something that waits."""

    kind: TaskKind
    group: TaskGroup
    hat: TaskHat
    """With which of one's accounts it is done."""
    unit: str
    unit_name: str
    count: int
    names: list[str]
    """Of people or units concerned, at most ten; `count` is exact."""
    since: datetime | None
    until: datetime | None
    article: str
    noun: str
    """What kind of thing it is done with, and in `id` which one."""
    id: str
    said: str

    @classmethod
    def of(cls, task: Task, unit_name: str) -> "TaskOut":
        """From the domain's value."""
        noun, id_ = task.leads_to
        plain = {n: getattr(task, n) for n in cls.model_fields if n not in ("unit_name", "names", "noun", "id")}
        return cls(**plain, unit_name=unit_name, names=list(task.names), noun=noun, id=id_)


class TasksOut(Out):
    """What waits, in the order in which it is shown."""

    tasks: list[TaskOut]

    @classmethod
    def of(cls, found: TasksSeen) -> "TasksOut":
        """From the use case's value."""
        return cls(tasks=[TaskOut.of(t, found.names.get(t.unit, "")) for t in found.tasks])
