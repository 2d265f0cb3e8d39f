"""How many things look wrong in a unit: finding them reads all its rights, so that the number is remembered."""

from access_service.domain.anomalies import AnomalySeverity
from access_service.domain.names import UnitId
from access_service.storage.standing import Gatherer
from access_service.usecases.counts import RememberedCounts
from access_service.usecases.evidence.anomalies import Examiner
from access_service.usecases.evidence.matrix import head_of_units
from access_service.usecases.evidence.matrix_rows import Rows
from access_service.usecases.services import ReadView


def count_anomalies(counts: RememberedCounts, seen: ReadView, unit: UnitId) -> int:
    """What has to be mended or looked at in the unit itself, as of now or some minutes ago."""
    return counts.get(seen.reader.register, unit, seen.now, lambda: _count(seen, unit))


def _count(seen: ReadView, unit: UnitId) -> int:
    gather = Gatherer(seen.reader)
    head = head_of_units(gather, unit, [unit], seen.now)
    rows = Rows(gather, head, [unit])
    examiner = Examiner(gather, head, rows, tells_paths=True)
    number = 0
    for batch in rows.batches():
        used = examiner.read_last_uses(row.grant for row in batch.rows if row.grant is not None)
        for found in examiner.examine(batch, used).values():
            number += sum(anomaly.severity is not AnomalySeverity.INFO for anomaly in found)
    return number
