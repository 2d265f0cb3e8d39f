"""One draw: under an approval that is in force, as often as the paper says and no oftener (rule 13)."""

from collections.abc import Collection

from access_service.domain.errors import RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import ApprovalId
from access_service.domain.org import SchoolYear
from access_service.domain.reasons import Refusal
from access_service.domain.software import Approval, Draw, Software, period_of


def check_draw(
    ground: Ground, software: Software, approval: Approval, in_force: Collection[ApprovalId]
) -> str | None:
    """The period in which the draw counts, None where draws are not counted.

    `in_force` are the approvals that let the software draw at this instant. Asked under the register's lock: of two
    draws at once the second finds the first one's row.
    """
    if approval.id not in in_force:
        raise RefusedError(Refusal.APPROVAL_MISSING, "the approval is not in force", approval=approval.id)
    years, pack = ground.facts.find(SchoolYear), ground.pack_for(software.unit)
    period = period_of(approval.frequency, ground.now, years, pack)
    if period is not None and ground.facts.find(Draw, approval=approval.id, period=period):
        raise RefusedError(
            Refusal.FREQUENCY_EXCEEDED,
            f"drawn already in the period `{period}`",
            approval=approval.id,
            period=period,
        )
    return period
