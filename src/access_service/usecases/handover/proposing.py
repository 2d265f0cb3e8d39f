"""Minutes to sign for many people at once: each person's by itself, prepared or refused."""

from collections.abc import Mapping, Sequence
from datetime import date

from access_service.domain.errors import RefusedError
from access_service.domain.names import PersonId, UnitId
from access_service.usecases.handover.documents import EnteredLine, Prepared, propose_handover
from access_service.usecases.services import Caller, Services


def propose_each(
    wanted: Mapping[PersonId, Sequence[EnteredLine]],
    services: Services,
    caller: Caller,
    *,
    unit: UnitId,
    number_prefix: str,
    dated: date,
) -> list[Prepared | RefusedError]:
    """Minutes for each receiver, in the order of their ids; a refusal stands in its place and stops no other."""
    prepared: list[Prepared | RefusedError] = []
    for order, (person, lines) in enumerate(sorted(wanted.items()), start=1):
        try:
            prepared.append(
                propose_handover(
                    services,
                    caller,
                    unit=unit,
                    receiver=person,
                    number=f"{order:02d}/{number_prefix}" if number_prefix else "",
                    dated=dated,
                    lines=lines,
                )
            )
        except RefusedError as refused:
            prepared.append(refused)
    return prepared
