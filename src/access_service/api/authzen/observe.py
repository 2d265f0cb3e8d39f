"""Answers to an enforcement point that observes: marked as not enforced, and counted beside the old system's."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from access_service.api.authzen.schemas import Answer, AnswerContext, Evaluation, render
from access_service.api.http.edge import Edge
from access_service.api.pdp import BodyAnswers
from access_service.domain.names import UnitId
from access_service.domain.observing import Mode, ObservedAnswer, OldAnswer, read_old_answer, unit_asked_about
from access_service.usecases.observed import Watch

_decode = msgspec.json.Decoder(Answer).decode


def unit_of(item: Evaluation) -> UnitId | None:
    """At which unit the record of a question lies."""
    resource = item.resource
    if resource is None:
        return None
    said = resource.properties
    unit, class_id = (None, None) if said is None else (said.unit, said.class_)
    return unit_asked_about(resource.type, resource.id, unit, class_id)


def mark_observed(
    edge: Edge, watch: Watch, items: Sequence[Evaluation], answered: BodyAnswers, now: datetime
) -> BodyAnswers:
    """The same answers, each that is not enforced marked so; what they would have been is counted."""
    answers = list(answered.answers)
    records = iter(answered.records)
    for place, (item, text) in enumerate(zip(items, answered.answers, strict=False)):
        answer = _decode(text)
        # The log has every decision or the refusals alone, in their order.
        is_logged = edge.log_decisions == "all" or (edge.log_decisions == "deny" and not answer.decision)
        record: dict[str, Any] | None = next(records, None) if is_logged else None
        unit = unit_of(item)
        if unit is None or watch.mode(unit, now) is not Mode.OBSERVE:
            continue
        old = read_old_answer(None if item.context is None else item.context.old_answer)
        context = answer.context or AnswerContext()
        context.mode = "observe"
        answers[place] = render(Answer(answer.decision, context))
        count_observed(
            edge,
            watch,
            unit,
            (
                ""
                if item.resource is None or item.resource.properties is None
                else item.resource.properties.category,
                None if item.action is None else item.action.name,
            ),
            old,
            "" if answer.decision else "" if context.reason is None else context.reason.code,
            is_allowed=answer.decision,
        )
        if record is not None:
            record["mode"], record["old"] = "observe", str(old) or None
    return answered._replace(answers=answers)


def count_observed(
    edge: Edge,
    watch: Watch,
    unit: UnitId,
    words: tuple[str | None, str | None],
    old: OldAnswer,
    reason: str,
    *,
    is_allowed: bool,
) -> None:
    """One more answer that is not enforced; `words` are the category of data and the action."""
    category, action = words
    answer = ObservedAnswer(watch.client, unit, category or "", action or "", old, is_allowed, reason)
    edge.observed.count(watch.register, answer)
    edge.metrics.observed[answer.difference.value] += 1
