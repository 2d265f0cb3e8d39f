"""The minutes of a row as *Lập* would make them: made, read and undone, so that nothing is numbered or stored."""

from dataclasses import dataclass

from access_service.domain.documents import Document
from access_service.domain.drafting import check_decision, check_mended
from access_service.domain.drafting_ground import GridGround, RowMeaning, class_to_make
from access_service.domain.drafting_rules import understand_rows
from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.names import UnitId
from access_service.domain.powers import powerless
from access_service.evidence.html import render_sheet
from access_service.storage import drafts as stored
from access_service.usecases.drafts.grounds import grid_ground
from access_service.usecases.drafts.propose_many import make_row
from access_service.usecases.evidence.reading_papers import see_document
from access_service.usecases.organisation.org import enter_class
from access_service.usecases.paper_pages import PaperToShow, gather_paper
from access_service.usecases.services import Act, Caller, Services, act, rehearse


@dataclass(frozen=True, slots=True)
class RowPreview:
    """What one row would become."""

    meant: RowMeaning
    html: str
    """The minutes, every word escaped; empty where the row makes none, because its duties wait for somebody."""
    commits: bool
    """Would a commitment be made beside them?"""


@powerless("it is undone: nobody has been handed anything")
def preview_row(services: Services, caller: Caller, unit: UnitId, school_year: str, row: str) -> RowPreview:
    """Every rule of *Lập* is asked, under the register's lock; a refusal is the one that *Lập* would meet."""
    answer = rehearse(services, lambda s: _as_if_made(s, caller, unit, school_year, row)).answer
    meant, commits, found = answer
    return RowPreview(meant, "" if found is None else render_sheet(found.paper), commits)


def _as_if_made(
    services: Services, caller: Caller, unit: UnitId, school_year: str, row: str
) -> tuple[RowMeaning, bool, PaperToShow | None]:
    with act(services, caller, "draft.propose", row) as doing:
        doing.as_custodian(unit)
        connection, register = doing.tx.connection, caller.register
        draft = stored.draft_of(connection, register, unit, school_year)
        rows = stored.rows_of(connection, register, unit, school_year)
        if draft is None or all(known.id != row for known in rows):
            raise NotFoundError("row", row)
        number, day = check_decision(draft)
        on = grid_ground(doing, draft)
        known = {class_.id.rpartition(":")[2] for class_ in on.classes.values()}
        for code in draft.new_classes:
            if code not in known:
                _enter_class(doing, on, code)
        doing.refresh()
        on = grid_ground(doing, draft)
        [meant] = understand_rows(on, draft, rows, only=row)
        check_mended(meant.faults, meant.duties)
        made = make_row(doing, on, meant, number, day, is_draft=True)
        if made.document is None:
            return meant, made.commitment is not None, None
        doing.refresh()
        return (
            meant,
            made.commitment is not None,
            gather_paper(services, doing, see_document(doing, doing.tx.require(Document, made.document))),
        )


def _enter_class(doing: Act, on: GridGround, code: str) -> None:
    """A class that a rule refuses is left to the rows that name it."""
    planned = class_to_make(on, code)
    if planned is None:
        return
    try:
        enter_class(
            doing,
            school=planned.school,
            school_year=planned.school_year,
            code=code,
            name=planned.name,
            level=planned.level,
            grade=planned.grade,
        )
    except RefusedError:
        return
