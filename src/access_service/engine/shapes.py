"""What many grants have in common."""

import msgspec

from access_service.domain.reasons import Reason


class GrantShape(msgspec.Struct, frozen=True, eq=False):
    """What a grant is, apart from holder, unit and classes. One object for equal values: compared by identity."""

    role: str
    levels: frozenset[str] | None
    grades: frozenset[str] | None
    taught: frozenset[str] | None
    """Subjects granted in every class of the grant; None for whole classes, mixed ones, or no classes."""
    subjects: frozenset[str] | None
    school_year: str | None
    categories: frozenset[str] | None
    actions: frozenset[str] | None
    early: Reason | None
    late: Reason | None
    outside: Reason | None = None
    """What whatever lies outside of it is called, where that is not said axis by axis (software's approvals)."""
