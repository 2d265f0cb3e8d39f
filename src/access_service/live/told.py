"""What a trace says of decisions that took the database: ids, outcome, reason and revision."""

from collections.abc import Sequence

from opentelemetry.trace import Span

from access_service.domain.access import Ask, Deny
from access_service.domain.reasons import Reason
from access_service.engine.decide import Verdict, as_decision
from access_service.storage.spans import CODE, OUTCOME


def tell_decisions(span: Span, items: Sequence[Ask | Reason], answers: Sequence[Verdict], revision: int) -> None:
    """Write them into a span. An account is named where a grant of its proves that it is no other text."""
    if not span.is_recording():
        return
    decisions = [*map(as_decision, answers)]
    told: dict[str, str | int] = {
        "access.revision": revision,
        "access.items": len(decisions),
        "access.allowed": sum(map(bool, decisions)),
        OUTCOME: "done",
    }
    if len(decisions) == 1:
        item, decision = items[0], decisions[0]
        told[OUTCOME] = "allow" if decision else "deny"
        if isinstance(decision, Deny):
            told[CODE] = decision.reason.value
        if decision.grant is not None:
            told["access.grant"] = decision.grant
            if not isinstance(item, Reason):
                told["access.account"] = item[0]
    span.set_attributes(told)
