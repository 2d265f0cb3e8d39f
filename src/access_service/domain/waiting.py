"""Acts that one person prepares and another confirms (rulings A1, J): who signs, where units stand, packs, years.

What waits is a fact with its decision; it does nothing until it is confirmed, and then every rule is asked again.
Who prepared it never confirms it, nor whom it appoints.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.names import AssignmentId, ClassId, EducationLevel, PersonId, UnitId
from access_service.domain.org import Assignment
from access_service.domain.reasons import Refusal
from access_service.domain.time import start_of_day


class WaitingKind(StrEnum):
    """What waits."""

    APPOINT = "appoint"
    RELEASE = "release"
    MOVE = "move"
    SUCCEED = "succeed"
    BIND = "bind"
    CLOSE_YEAR = "close_year"
    REOPEN_YEAR = "reopen_year"
    ADD_OPERATOR = "add_operator"
    CORRECT_YEAR = "correct_year"
    CORRECT_DUTY = "correct_duty"


class Outcome(StrEnum):
    """How the waiting ended; an act that nobody confirmed in time has none and has lapsed."""

    CONFIRMED = "confirmed"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class WrittenDecision:
    """The decision of the authority that appoints."""

    number: str
    dated: date
    issuer: str | None = None
    sha256: str | None = None
    """Hash of its file."""


@dataclass(frozen=True, slots=True)
class WaitingAct:
    """An act that was prepared. `valid_from` is when; `valid_to` is when it was confirmed or declined."""

    id: str
    kind: WaitingKind
    target: str
    """What it is about: an assignment, a unit, a school year, an operator's name."""
    unit: UnitId
    office: UnitId
    """The unit whose leadership may confirm it."""
    body: str
    """What will be done, as JSON; the kind says how to read it."""
    person: PersonId | None
    """Whom it appoints or releases; they do not confirm it."""
    decision_number: str
    decision_date: date | None
    issuer: str | None
    decision_sha256: str | None
    reason: str | None
    prepared_by: PersonId | None
    operator: str | None
    """The operator who prepared it, by name; then another operator may confirm it, too."""
    lapses_at: datetime
    valid_from: datetime
    valid_to: datetime | None = None
    outcome: Outcome | None = None
    ended_by: str | None = None
    """The person, or the operator by name, who confirmed or declined it."""
    result: str | None = None
    """What it made: an assignment, a leaving case, an edge, a succession, a binding."""


def is_waiting(act: WaitingAct, now: datetime) -> bool:
    """Can the act still be confirmed?"""
    return act.valid_to is None and now < act.lapses_at


def check_waiting(act: WaitingAct, now: datetime) -> None:
    """Refuse what was confirmed, declined, or has waited too long."""
    if not is_waiting(act, now):
        state = "lapsed" if act.outcome is None else str(act.outcome)
        raise RefusedError(Refusal.DOCUMENT_STATE, f"it waits no more: {state}", waiting=act.id)


def check_leader_confirms(act: WaitingAct, person: PersonId, *, leads: bool, is_personal: bool) -> None:
    """(A1) One of the office's leadership, in a personal session; neither who prepared it nor whom it is about."""
    if not is_personal or not leads:
        raise RefusedError(
            Refusal.SIGNER_NOT_LEADER, f"one of the leadership of `{act.office}` confirms it", unit=act.office
        )
    if person in (act.prepared_by, act.person):
        raise RefusedError(Refusal.SELF_SERVICE, "a second person confirms it", waiting=act.id)


def check_operator_confirms(act: WaitingAct, name: str) -> None:
    """(A1) A second operator, for what an operator prepared; an office's own acts are its leadership's."""
    if act.operator is None or act.kind is WaitingKind.ADD_OPERATOR:
        raise RefusedError(
            Refusal.SIGNER_NOT_LEADER, f"one of the leadership of `{act.office}` confirms it", unit=act.office
        )
    if act.operator == name:
        raise RefusedError(Refusal.SELF_SERVICE, "a second operator confirms it", waiting=act.id)


# -- bodies


def duty_body(duty: Assignment, replaces: AssignmentId | None) -> dict[str, Any]:
    """A duty as plain JSON values; read back by `duty_in`."""
    return {
        "person": duty.person,
        "unit": duty.unit,
        "position": duty.position,
        "decision_number": duty.decision_number,
        "decision_date": duty.decision_date.isoformat(),
        "decision_sha256": duty.decision_sha256,
        "classes": None if duty.classes is None else sorted(map(list, duty.classes)),
        "subjects": None if duty.subjects is None else sorted(duty.subjects),
        "levels": None if duty.levels is None else sorted(duty.levels),
        "substitutes": duty.substitutes,
        "valid_from": duty.valid_from.isoformat(),
        "valid_to": None if duty.valid_to is None else duty.valid_to.isoformat(),
        "leads": duty.leads,
        "replaces": replaces,
    }


def duty_in(body: Mapping[str, Any], id_: AssignmentId, now: datetime) -> tuple[Assignment, AssignmentId | None]:
    """The duty, confirmed at `now`, and which one it replaces: nothing begins in the past."""
    end = body["valid_to"]
    duty = Assignment(
        id=id_,
        person=PersonId(body["person"]),
        unit=UnitId(body["unit"]),
        position=body["position"],
        decision_number=body["decision_number"],
        decision_date=date.fromisoformat(body["decision_date"]),
        decision_sha256=body["decision_sha256"],
        classes=None if body["classes"] is None else frozenset((ClassId(c), s) for c, s in body["classes"]),
        subjects=None if body["subjects"] is None else frozenset(body["subjects"]),
        levels=None if body["levels"] is None else frozenset(map(EducationLevel, body["levels"])),
        substitutes=AssignmentId(body["substitutes"]) if body["substitutes"] else None,
        valid_from=max(now, datetime.fromisoformat(body["valid_from"])),
        valid_to=None if end is None else datetime.fromisoformat(end),
        leads=body["leads"],
    )
    return duty, AssignmentId(body["replaces"]) if body["replaces"] else None


def check_reason(reason: str) -> str:
    """The reason, which is asked for."""
    if not reason.strip():
        raise InvalidError("say why", reason="missing")
    return reason.strip()


def check_one_named(name: str | None, person: PersonId | None) -> None:
    """(A1) An appointment names a new person, or one whom the register knows."""
    if (name is None) == (person is None):
        raise InvalidError("name a new person or one of the register, one of them")


def check_appointed(act: WaitingAct) -> None:
    """(A1) Codes are fetched for an operator's appointment that a second person confirmed, and for nothing else."""
    if act.kind is not WaitingKind.APPOINT or act.operator is None or act.outcome is not Outcome.CONFIRMED:
        raise RefusedError(Refusal.DOCUMENT_STATE, "no confirmed appointment of an operator", waiting=act.id)


def check_decision(decision: WrittenDecision, now: datetime) -> None:
    """(A1) What the operator enters rests on a decision with a number, an issuer and a file, not of the future."""
    if not decision.number or not decision.issuer or not decision.sha256:
        raise InvalidError("the decision has a number, an issuer and a file")
    if start_of_day(decision.dated) > now:
        raise InvalidError("the decision is not of the future", decision_date=decision.dated.isoformat())
