"""Words of the pack `base` that are used here; a test holds every one of them against the pack."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["preschool", "primary", "lower_secondary", "upper_secondary", "continuing"]
UnitKind = Literal["department", "division", "district_office", "commune", "school", "centre"]

HEAD, DEPUTY, ACTING = "head", "KT.", "Q."
"""Capacities in which a giver signs."""

COMMITMENT_TEXT = "1"
"""Version of the commitment's text that is signed."""


@dataclass(frozen=True, slots=True)
class Leaders:
    """Who leads one kind of unit, and what the head is given by the direct manager."""

    head: str
    deputy: str | None
    role: str | None
    """Role of the head's grant; None for the director, whom nobody above could give one."""


LEADERS: dict[UnitKind, Leaders] = {
    "department": Leaders("director", "deputy_director", None),
    "division": Leaders("division_head", None, "department_level_officer"),
    "district_office": Leaders("office_head", "office_deputy", "office_leader"),
    "commune": Leaders("commune_chair", "commune_deputy_chair", "office_leader"),
    "school": Leaders("principal", "vice_principal", "principal"),
    "centre": Leaders("centre_director", "centre_deputy", "principal"),
}

ACTING_HEADS: dict[UnitKind, str] = {"school": "acting_principal", "centre": "acting_centre_director"}
"""Where a few heads are acting ones (Q.)."""

OFFICER_IN_CHARGE, ACCOUNT_OFFICER = "officer_in_charge_of_admin_account", "account_officer"
"""Position and role of whoever operates the admin account for the head."""
