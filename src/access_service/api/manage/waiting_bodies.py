"""Answers about what waits for a second person."""

import json
from datetime import date, datetime
from typing import Any

from access_service.api.manage.bodies import Out
from access_service.domain.waiting import WaitingAct, WaitingKind


class WaitingActOut(Out):
    """An act that was prepared; nothing is done until it is confirmed."""

    id: str
    kind: WaitingKind
    target: str
    unit: str
    office: str
    """The unit whose leadership confirms it."""
    what: dict[str, Any]
    """What will be done."""
    person: str | None
    decision_number: str
    decision_date: date | None
    issuer: str | None
    decision_sha256: str | None
    reason: str | None
    prepared_by: str | None
    operator: str | None
    prepared_at: datetime
    lapses_at: datetime
    ended_at: datetime | None
    outcome: str | None
    """`confirmed` or `declined`; null while it waits, and after it lapsed."""
    ended_by: str | None
    result: str | None

    @classmethod
    def of(cls, act: WaitingAct) -> "WaitingActOut":
        """From the domain's value."""
        plain = {name: getattr(act, name, None) for name in cls.model_fields if name != "what"}
        what = {} if act.kind is WaitingKind.ADD_OPERATOR else json.loads(act.body)
        return cls(**(plain | {"what": what, "prepared_at": act.valid_from, "ended_at": act.valid_to}))


class WaitingActsOut(Out):
    """Waiting acts, by id."""

    waiting_acts: list[WaitingActOut]
