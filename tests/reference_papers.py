"""The part of `reference.py` about papers and time: what stops a grant whatever is asked."""

from datetime import timedelta

from access_service.domain.names import GrantEnd
from access_service.domain.reasons import Reason


def papers(facts, now):
    never = now + timedelta(days=1)
    if facts.required & {"minutes", "inspection"} and now < (
        (facts.document and facts.document.signed_at) or never
    ):
        return Reason.MINUTES_UNSIGNED
    held = {d.text_version for d in facts.commitments if (d.signed_at or never) <= now < (d.ended_at or never)}
    if "commitment" not in facts.required or not held:
        return Reason.COMMITMENT_MISSING if "commitment" in facts.required else None
    texts = sorted((t for t in facts.texts if t.effective_from <= now), key=lambda t: t.effective_from)
    if not texts or texts[-1].version in held:
        return None
    older = (facts.grant.activated_at or never) < texts[-1].effective_from
    return (
        None if older and now - texts[-1].effective_from < texts[-1].resign_within else Reason.COMMITMENT_OUTDATED
    )


def validity(facts, now):
    grant, duty = facts.grant, facts.assignment
    if grant.ended_at is not None and now >= grant.ended_at:
        ends = {GrantEnd.ASSIGNMENT_ENDED: Reason.ASSIGNMENT_ENDED, GrantEnd.YEAR_CLOSED: Reason.EXPIRED}
        return ends.get(grant.ended_as, Reason.GRANT_ENDED)
    if any(end is not None and now >= end for end in (grant.valid_to, facts.year_closes_at)):
        return Reason.EXPIRED
    if facts.lapses_at is not None and now >= facts.lapses_at:
        return Reason.CONFIRMATION_LAPSED
    if grant.activated_at is None or now < grant.activated_at or now < grant.valid_from:
        return Reason.NOT_YET_VALID
    if duty is not None and now not in duty:
        return Reason.NOT_YET_VALID if now < duty.start else Reason.ASSIGNMENT_ENDED
    return Reason.GRANT_SUSPENDED if any(now in i for i in (*facts.suspensions, *facts.absences)) else None
