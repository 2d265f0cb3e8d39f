"""Minutes to sign for many people at once: each person's by itself, prepared or refused."""

from collections.abc import Mapping, Sequence
from datetime import date

from access_service.domain.errors import RefusedError
from access_service.domain.names import PersonId, UnitId
from access_service.usecases.handover.documents import EnteredLine, Prepared, propose_handover
from access_service.usecases.handover.numbering import Numbering
from access_service.usecases.services import Caller, Services


def propose_each(
    wanted: Mapping[PersonId, Sequence[EnteredLine]],
    services: Services,
    caller: Caller,
    *,
    unit: UnitId,
    number_prefix: str,
    dated: date,
    out_of_order: str | None = None,
) -> list[Prepared | RefusedError]:
    """Minutes for each receiver, in the order of their ids; a refusal stands in its place and stops no other."""
    prepared: list[Prepared | RefusedError] = []
    numbering = Numbering(out_of_order, suffix=number_prefix or None)
    for person, lines in sorted(wanted.items()):
        try:
            prepared.append(
                propose_handover(
                    services,
                    caller,
                    unit=unit,
                    receiver=person,
                    number="",
                    dated=dated,
                    lines=lines,
                    numbering=numbering,
                )
            )
        except RefusedError as refused:
            prepared.append(refused)
    return prepared
