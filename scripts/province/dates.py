"""The dates of one school year's delegation, in the order "paper first" demands.

Going down the management edges each step waits for the one above: a unit's admin account and authority, the minutes
that give the admin account to its head, and only then accounts, assignments, minutes and grants of its people.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from province.places import TWO_TIERS_FROM

_STEP = timedelta(days=7)
"""From one step of the management chain to the next."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The school year that begins in `year`. All dates are Vietnamese days; ends are exclusive."""

    year: int
    two_tiers: bool

    @property
    def school_year(self) -> str:
        """`2024-2025`."""
        return f"{self.year}-{self.year + 1}"

    @property
    def starts_on(self) -> date:
        """Khai giảng: 5 September."""
        return date(self.year, 9, 5)

    @property
    def closes_on(self) -> date:
        """After re-examinations and roll-over, when class grants end."""
        return date(self.year + 1, 8, 15)

    @property
    def duties_end(self) -> date:
        """When the year's duty assignments end; later than any grant that rests on them."""
        return date(self.year + 1, 8, 31)

    @property
    def units_from(self) -> date:
        """When the network of schools is known from."""
        return date(2016, 1, 1)

    @property
    def offices_from(self) -> date:
        """When the offices below the department, and whom they manage, are known from."""
        return TWO_TIERS_FROM if self.two_tiers else self.units_from

    def authority_from(self, depth: int) -> date:
        """Authority and admin account of a unit `depth` steps below the department."""
        return date(self.year, 7, 1) + depth * _STEP

    def custody_from(self, depth: int) -> date:
        """When the head operates the unit's admin account; the minutes are signed in the days before."""
        return self.authority_from(depth) + timedelta(days=5)

    @property
    def officer_custody_from(self) -> date:
        """When an officer in charge takes the admin account over from the head, in the units that have one."""
        return date(self.year, 8, 5)

    @property
    def heads_sign_from(self) -> date:
        """First day of the week in which heads receive what their direct manager gives them."""
        return date(self.year, 8, 8)

    @property
    def deputies_sign_from(self) -> date:
        """First day of the week in which deputies do."""
        return date(self.year, 8, 16)

    @property
    def duties_decided(self) -> date:
        """The decisions that assign the year's duties."""
        return date(self.year, 8, 20)

    @property
    def staff_sign_from(self) -> date:
        """First day of the week in which everybody else signs; the last signature is given by 31 August."""
        return date(self.year, 8, 24)


def calendar_of(as_of: date) -> Calendar:
    """The school year that `as_of` lies in; it changes on 16 August, the day after the old one has closed.

    The commune offices begin with the school year 2025-2026: what they handed down starts there.
    """
    two_tiers = as_of >= TWO_TIERS_FROM
    year = as_of.year if (as_of.month, as_of.day) >= (8, 16) else as_of.year - 1
    return Calendar(max(year, TWO_TIERS_FROM.year) if two_tiers else year, two_tiers)
