"""Who enters a duty, and how far that goes: one function for the act and for whoever asks about every pair."""

from access_service.domain.acting import check_not_oneself, check_operates, operated_by
from access_service.domain.correcting import check_duty_runs
from access_service.domain.custody import custody_at
from access_service.domain.duties import (
    Hand,
    appointing_unit,
    check_duty,
    check_replaced,
    hand_in_appointing,
    position_of,
)
from access_service.domain.edges import Holder, check_ending, is_related
from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import AssignmentId, UnitId
from access_service.domain.org import Assignment, Person
from access_service.domain.policy import Position
from access_service.domain.reasons import Refusal


def hand_in_duty(ground: Ground, holder: Holder, duty: Assignment, replaces: AssignmentId | None) -> Hand:
    """(4, 7, 11, A1) How far the holder comes with assigning the duty: it is done, or prepared for a second person.

    Nobody assigns themselves, or ends what they hold; only who may appoint to the old duty may end it.
    """
    hands = [_hand(ground, holder, duty.unit, position_of(ground, duty))]
    if ground.facts.get(Person, duty.person) is None:
        raise NotFoundError("person", duty.person)
    check_not_oneself(holder, duty.person, "nobody assigns a duty to themselves")
    if duty.substitutes is not None:
        _known(ground, duty.substitutes)
    if replaces is not None:
        old = _known(ground, replaces)
        check_replaced(old, duty)
        check_not_oneself(holder, old.person, "nobody ends their own duty")
        check_ending(ground, holder, old)
        position = ground.pack_for(duty.unit).positions.get(old.position)
        if position is not None:
            hands.append(_hand(ground, holder, old.unit, position))
    check_duty(ground, duty, replaces)
    return Hand.PREPARES if Hand.PREPARES in hands else Hand.COMPLETES


def _hand(ground: Ground, holder: Holder, unit: UnitId, position: Position) -> Hand:
    """(K) Whoever leads the office hears that somebody else operates its account."""
    try:
        return hand_in_appointing(ground, operated_by(holder), unit, position)
    except RefusedError as refused:
        if refused.code is Refusal.NOT_CUSTODIAN:
            meant = appointing_unit(ground, unit, position)
            check_operates(ground, holder, meant, custody_at(ground, meant))
        raise


def _known(ground: Ground, id_: AssignmentId) -> Assignment:
    found = ground.facts.get(Assignment, id_)
    if found is None:
        raise NotFoundError("assignment", id_)
    return found


def check_corrects_duty(ground: Ground, holder: Holder, duty: Assignment) -> None:
    """(A1) Whoever may assign the duty sets right how it was recorded, while it is not over."""
    check_duty_runs(ground, duty)
    check_not_oneself(holder, duty.person, "nobody assigns a duty to themselves")
    _hand(ground, holder, duty.unit, position_of(ground, duty))


def may_correct_duty(ground: Ground, holder: Holder, duty: Assignment) -> bool:
    """Would `check_corrects_duty` let the holder?"""
    if not is_related(ground, holder, duty.unit):
        return False
    try:
        check_corrects_duty(ground, holder, duty)
    except RefusedError:
        return False
    return True


def may_appoint(
    ground: Ground, holder: Holder, duty: Assignment, replaces: AssignmentId | None = None
) -> Hand | None:
    """How far the holder comes with assigning the duty; None where a rule refuses them."""
    if ground.org.unit(duty.unit) is None or not is_related(ground, holder, duty.unit):
        return None
    try:
        return hand_in_duty(ground, holder, duty, replaces)
    except RefusedError:
        return None
