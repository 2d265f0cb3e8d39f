"""*Lập*: persons, duties, accounts, classes and papers of every ticked row, each row by itself.

One row is one act in one transaction: whole, or not at all, and marked as made by the transaction that makes it. So
a job that is begun again, or a button pressed twice, makes nothing a second time, and a row that a rule refuses
says why while the others go on.
"""

import json
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from access_service.domain.drafting import GridRow, RowMade, check_decision, check_mended, check_version
from access_service.domain.drafting_ground import (
    GridGround,
    PlannedDuty,
    RowMeaning,
    class_to_make,
    planned_assignment,
)
from access_service.domain.drafting_rules import understand_rows
from access_service.domain.edges import leads
from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.jobs import Job
from access_service.domain.names import AccountKind, AssignmentId, UnitId
from access_service.domain.notation import fold
from access_service.domain.org import Assignment
from access_service.domain.powers import Power, ends, power, powerless, yields
from access_service.domain.time import local
from access_service.storage import drafts as stored
from access_service.usecases.drafts.grounds import grid_ground
from access_service.usecases.drafts.keeping import GridSeen, show_draft
from access_service.usecases.handover.documents import EnteredLine, prepare_handover
from access_service.usecases.identity.accounts import issue_within
from access_service.usecases.identity.usernames import usernames_taken
from access_service.usecases.jobs.asking import ask_job
from access_service.usecases.jobs.job_kinds import JobKind, JobResult, JobRun
from access_service.usecases.organisation.org import Duty, create_class, enter_duty, enter_person
from access_service.usecases.services import Act, Caller, Services, act, look

MOST_NAMESAKES = 99


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What *Lập* made of one row, or why it made nothing."""

    row: str
    made: RowMade | None
    refused: RefusedError | None = None


@power(yields(Power.OFFICE, Power.ACCOUNT) | ends(Power.OFFICE, Power.GRANT, Power.CUSTODY, Power.ACCOUNT))
def propose_row(services: Services, caller: Caller, unit: UnitId, school_year: str, row: str) -> RowMade:
    """Make everything of one row: whoever is new, duties, account, minutes and commitment. Again: what was made.

    What it means is worked out beside the other rows, under the register's lock. Nobody sees the code of an account
    that it issues: codes are drawn when they are handed out (`slips`).
    """
    with act(services, caller, "draft.propose", row) as doing:
        doing.as_custodian(unit)
        connection, register = doing.tx.connection, caller.register
        draft = stored.draft_of(connection, register, unit, school_year)
        rows = stored.rows_of(connection, register, unit, school_year)
        found = next((known for known in rows if known.id == row), None)
        if draft is None or found is None:
            raise NotFoundError("row", row)
        if found.made is not None and found.made.document is not None:
            doing.tx.happened("draft.propose", row, unit=unit, document=found.made.document)
            return found.made
        number, day = check_decision(draft)
        on = grid_ground(doing, draft)
        [meant] = understand_rows(on, draft, rows, only=row)
        check_mended(meant.faults, meant.duties)
        made = make_row(doing, on, meant, number, day)
        stands = stored.put_row(connection, register, draft, replace(found, made=made, refused=None))
        check_version(found.version if stands else found.version + 1, found.version, row=row)
        doing.tx.happened("draft.propose", row, unit=unit, document=made.document or "")
        return made


def make_row(
    doing: Act, on: GridGround, meant: RowMeaning, number: str, day: date, *, is_draft: bool = False
) -> RowMade:
    """Everything of one row, within an act of the custodian; papers that are drafts have no number."""
    person = meant.person
    if person is None:
        person = enter_person(doing, meant.row.cells.name).id
        doing.refresh()
    pairs: list[tuple[PlannedDuty, Assignment]] = []
    waiting: list[str] = []
    for duty in meant.duties:
        planned = planned_assignment(on, person, duty)
        if duty.existing is not None:
            pairs.append((duty, planned))
            continue
        entered = enter_duty(doing, _as_entered(planned, number, day, duty.replaces))
        if isinstance(entered, Assignment):
            pairs.append((duty, entered))
        else:
            waiting.append(entered.id)
    account = doing.use_account_of(person)
    is_new = account is None
    if account is None and pairs:
        name = _free_username(doing, meant.name, on.unit)
        account = issue_within(doing, unit=on.unit, kind=AccountKind.USE, person=person, username=name).account
    lines = [
        EnteredLine(duty.role, assignment.id, duty.scope(on.unit), max(doing.now, assignment.valid_from))
        for duty, assignment in pairs
        if duty.role is not None and not duty.is_held
    ]
    prepared = None
    if lines:
        prepared = prepare_handover(
            doing,
            unit=on.unit,
            receiver=person,
            number="",
            dated=local(doing.now).date(),
            lines=lines,
            is_draft=is_draft,
        )
    return RowMade(
        person=person,
        account=None if account is None else account.id,
        is_new_account=is_new and account is not None,
        duties=tuple(assignment.id for _, assignment in pairs),
        document=None if prepared is None else prepared.document.id,
        commitment=None if prepared is None or prepared.commitment is None else prepared.commitment.id,
        waiting=tuple(waiting),
    )


def _as_entered(planned: Assignment, number: str, day: date, replaces: AssignmentId | None) -> Duty:
    return Duty(
        person=planned.person,
        unit=planned.unit,
        position=planned.position,
        decision_number=number,
        decision_date=day,
        valid_from=planned.valid_from,
        valid_to=planned.valid_to,
        classes=planned.classes,
        subjects=planned.subjects,
        replaces=replaces,
    )


def _free_username(doing: Act, name: str, unit: UnitId) -> str:
    """`andd.0003101`: given name, the first letters of the others, the unit; a number where namesakes have it."""
    *before, given = fold(name).split() or ["gv"]
    stem = f"{given}{''.join(word[0] for word in before)}"[:40]
    for count in range(1, MOST_NAMESAKES):
        username = f"{stem}{'' if count == 1 else count}.{unit.lower()}"
        if not usernames_taken(doing, username):
            return username
    return f"{stem}.{doing.new_id('u')[2:12]}.{unit.lower()}"


# -- all ticked rows, in the background


@powerless("what the job does is declared by `propose_row`, which it calls for each row")
def ask_propose_many(services: Services, caller: Caller, unit: UnitId, school_year: str) -> Job:
    """Put *Lập* of every ticked row into the queue."""
    seen = show_draft(services, caller, unit, school_year)
    with look(services, caller) as view:
        view.as_custodian(unit)
        check_decision(seen.draft)
    return ask_job(services, caller, PROPOSE_MANY, unit, {"school_year": school_year})


class AfterProposing(StrEnum):
    """What comes next for whoever asked, once the job is done."""

    MEND = "mend"
    """Rows were refused and say why."""
    SIGN = "sign"
    """The same person leads the unit and signs in the personal session."""
    SENT = "sent"
    """The papers wait for the unit's leadership."""


def after_proposing(services: Services, caller: Caller, job: Job) -> AfterProposing:
    """Where a page goes on from a job that is done."""
    seen = show_draft(services, caller, job.unit, str(job.parameters["school_year"]))
    if any(meant.row.refused is not None for meant in seen.rows):
        return AfterProposing.MEND
    with look(services, caller) as view:
        is_leader = leads(view.ground, caller.person, job.unit)
    return AfterProposing.SIGN if is_leader else AfterProposing.SENT


def _check(services: Services, caller: Caller, job: Job) -> None:
    with look(services, caller) as seen:
        seen.as_custodian(job.unit)


def _run(run: JobRun) -> JobResult:
    services, caller, unit = run.services, run.caller, run.job.unit
    year = str(run.job.parameters["school_year"])
    seen = show_draft(services, caller, unit, year)
    classes = make_classes(services, caller, seen)
    ready = seen.ready
    run.progress(0, len(ready))
    outcomes: list[RowOutcome] = []
    for done, meant in enumerate(ready, 1):
        outcomes.append(_propose(services, caller, unit, year, meant))
        run.progress(done, len(ready))
    result = {
        "classes": classes,
        "rows": [
            {
                "row": o.row,
                "document": None if o.made is None else o.made.document,
                "commitment": None if o.made is None else o.made.commitment,
                "account": o.made.account if o.made is not None and o.made.is_new_account else None,
                "waiting": [] if o.made is None else list(o.made.waiting),
                "refused": None if o.refused is None else str(o.refused.code),
            }
            for o in outcomes
        ],
    }
    run.file.write(json.dumps(result, ensure_ascii=False, indent=1).encode())
    return JobResult(f"ket-qua-lap-{unit}-{year}.json", "application/json")


@powerless("a class gives nobody a right to it")
def make_classes(services: Services, caller: Caller, seen: GridSeen) -> list[str]:
    """The classes that the draft names and the register lacks; one that a rule refuses is left to its rows."""
    made: list[str] = []
    with look(services, caller) as view:
        on = grid_ground(view, seen.draft)
    for code in seen.new_classes:
        planned = class_to_make(on, code)
        if planned is None:
            continue
        try:
            create_class(
                services,
                caller,
                school=planned.school,
                school_year=planned.school_year,
                code=code,
                name=planned.name,
                level=planned.level,
                grade=planned.grade,
            )
        except RefusedError:
            continue
        made.append(code)
    return made


def _propose(services: Services, caller: Caller, unit: UnitId, year: str, meant: RowMeaning) -> RowOutcome:
    try:
        return RowOutcome(meant.row.id, propose_row(services, caller, unit, year, meant.row.id))
    except RefusedError as refused:
        _note(services, caller, unit, year, meant.row, str(refused.code))
        return RowOutcome(meant.row.id, None, refused)


def _note(services: Services, caller: Caller, unit: UnitId, year: str, row: GridRow, code: str) -> None:
    """The row says why nothing was made of it."""
    with services.db.aside() as connection:
        stored.hold_drafts(connection)
        draft = stored.draft_of(connection, caller.register, unit, year)
        found = stored.row_of(connection, caller.register, unit, year, row.id)
        if draft is not None and found is not None and found.made is None:
            stored.put_row(connection, caller.register, draft, replace(found, refused=code))


PROPOSE_MANY = JobKind("propose_many", _check, _run)
