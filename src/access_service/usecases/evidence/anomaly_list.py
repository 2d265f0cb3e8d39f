"""What looks wrong in a unit and what is below it, some units at a time: a province's list is no page."""

from dataclasses import dataclass
from datetime import datetime

from access_service.domain import edges
from access_service.domain.errors import InvalidError
from access_service.domain.names import UnitId
from access_service.storage.facts import Reader
from access_service.storage.path_findings import last_check
from access_service.storage.standing import Gatherer
from access_service.usecases.evidence.anomalies import Examiner
from access_service.usecases.evidence.matrix import head_of_units, units_in_order
from access_service.usecases.evidence.matrix_marks import name_anomalies
from access_service.usecases.evidence.matrix_rows import UNITS_AT_ONCE, Rows
from access_service.usecases.evidence.matrix_values import AnomalyLine
from access_service.usecases.handover.inspection import inspects
from access_service.usecases.services import Caller, Services, look


@dataclass(frozen=True, slots=True)
class AnomalyList:
    """What looks wrong in some units, of how many."""

    unit: UnitId
    unit_name: str
    at: datetime
    lines: tuple[AnomalyLine, ...]
    first: int
    """Number of the first unit that was examined."""
    last: int
    units: int
    pages: int
    may_see_paths: bool
    """May the caller ask who could come to power there, too? To others nothing of it is told."""
    paths_checked: datetime | None
    """When the whole register was checked for paths to power last; None before the first time."""


def list_anomalies(
    services: Services, caller: Caller, unit: UnitId, *, page: int = 1, at: datetime | None = None
) -> AnomalyList:
    """For whoever may have the unit's matrix; the units from the top, each manager before what it manages."""
    if page < 1:
        raise InvalidError("a page is a number from 1", field="page")
    with look(services, caller) as view:
        if not inspects(view, caller.person, unit):
            view.as_above(unit)
        may_see_paths = edges.acts_for(view.ground, view.require_caller(), unit)
        reader: Reader = view.reader
        moment = at or view.now
        everything = units_in_order(reader, unit, moment)
        some = everything[(page - 1) * UNITS_AT_ONCE : page * UNITS_AT_ONCE]
        gather = Gatherer(reader)
        head = head_of_units(gather, unit, some, moment)
        checked = last_check(reader.connection, reader.register, moment)
        lines: list[AnomalyLine] = []
        rows = Rows(gather, head, some)
        examiner = Examiner(gather, head, rows, tells_paths=may_see_paths)
        for batch in rows.batches():
            used = examiner.read_last_uses(row.grant for row in batch.rows if row.grant is not None)
            found = [anomaly for wrong in examiner.examine(batch, used).values() for anomaly in wrong]
            lines += name_anomalies(found, batch.rows, gather, None)
    start = (page - 1) * UNITS_AT_ONCE
    return AnomalyList(
        unit=unit,
        unit_name=head.unit_name,
        at=moment,
        lines=tuple(lines),
        first=start + 1 if some else 0,
        last=start + len(some),
        units=len(everything),
        pages=-(-len(everything) // UNITS_AT_ONCE),
        may_see_paths=may_see_paths,
        paths_checked=checked if may_see_paths else None,
    )
