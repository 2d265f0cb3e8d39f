"""Until its day the end of a duty that an act recorded is undone: the duty goes on as before (rule 12)."""

from access_service.domain.acting import check_not_oneself
from access_service.domain.appointing import hand_in_duty
from access_service.domain.delegation import LeavingCase
from access_service.domain.duties import Hand
from access_service.domain.edges import Holder, is_related
from access_service.domain.errors import RefusedError
from access_service.domain.facts import Ground
from access_service.domain.org import Assignment
from access_service.domain.reasons import Refusal


def coming_end(ground: Ground, duty: Assignment) -> LeavingCase | None:
    """The case that was opened for an end still to come; None where no act recorded it, or its day has come."""
    if duty.valid_to is None or duty.valid_to <= ground.now:
        return None
    cases = ground.facts.find(LeavingCase, assignment=duty.id)
    return next((c for c in cases if c.valid_to is None and c.valid_from == duty.valid_to), None)


def check_end_undone(ground: Ground, holder: Holder, duty: Assignment, before: Assignment) -> None:
    """(4, 7, A1) Whoever may assign the duty alone undoes its end; `before` is the duty without that end.

    What takes a second person to give is not given back by one: then the duty is assigned anew.
    """
    if coming_end(ground, duty) is None:
        raise RefusedError(Refusal.DOCUMENT_STATE, "no end that was recorded is still to come", assignment=duty.id)
    check_not_oneself(holder, duty.person, "nobody undoes the end of their own duty")
    if hand_in_duty(ground, holder, before, None) is not Hand.COMPLETES:
        raise RefusedError(
            Refusal.FORBIDDEN, "that takes a second person: assign the duty anew", assignment=duty.id
        )


def may_undo_end(ground: Ground, holder: Holder, duty: Assignment) -> bool:
    """Is there an end that the holder could undo, as far as the duty itself says?"""
    if coming_end(ground, duty) is None or not is_related(ground, holder, duty.unit):
        return False
    try:
        check_end_undone(ground, holder, duty, duty)
    except RefusedError:
        return False
    return True


def is_kept(case: LeavingCase) -> bool:
    """Does the case count? One whose end was undone is over before it begins."""
    return case.valid_to is None or case.valid_to > case.valid_from
