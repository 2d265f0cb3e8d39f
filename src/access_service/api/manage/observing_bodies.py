"""Bodies and answers about observing: where an enforcement point's answers are not enforced yet."""

from datetime import datetime

from access_service.api.manage.bodies import Id, Instant, Out, RequestBody, Some
from access_service.domain.names import UnitId
from access_service.domain.observing import Difference, Mode, Observation
from access_service.usecases.evidence.observed_units import ObservedUnit, ObservingReport


class NewObservations(RequestBody):
    """Where a client is to observe, and until when."""

    units: Some[Id]
    until: Instant


class UnitsToCutOver(RequestBody):
    """Where its answers are to be enforced from now on."""

    units: Some[Id]

    def wanted(self) -> frozenset[UnitId]:
        """The units."""
        return frozenset(map(UnitId, self.units))


class ObservationOut(Out):
    """One client observes at one unit."""

    id: str
    client: str
    software: str
    unit: str
    valid_from: datetime
    valid_to: datetime
    """From here on it is enforced."""


class ObservationsOut(Out):
    """What was begun, by unit."""

    observations: list[ObservationOut]

    @classmethod
    def of(cls, found: tuple[Observation, ...]) -> "ObservationsOut":
        """From what the use case began."""
        return cls(observations=[ObservationOut.model_validate(one) for one in found])


class ObservedDifferenceOut(Out):
    """Answers of one kind in which old and new differ."""

    difference: Difference
    category: str
    action: str
    reason: str
    number: int


class ObservedUnitOut(Out):
    """What observing has shown of one client at one unit."""

    client: str
    unit: str
    unit_name: str
    mode: Mode
    until: datetime
    agreed: int
    old_allowed: int
    """The old system let through what would be refused."""
    old_denied: int
    untold: int
    differences: list[ObservedDifferenceOut]


class ObservingOut(Out):
    """Where the clients of a piece of software observe, and what the last days have shown."""

    software: str
    days: int
    units: list[ObservedUnitOut]

    @classmethod
    def of(cls, found: ObservingReport) -> "ObservingOut":
        """From what the use case found."""
        units = [ObservedUnitOut.model_validate(unit) for unit in found.units]
        return cls(software=found.software.id, days=found.days, units=units)


class CutOverOut(Out):
    """The cut-over, done or only asked: the units with what the last days have shown of them."""

    dry_run: bool
    units: list[ObservedUnitOut]

    @classmethod
    def of(cls, ended: tuple[Observation, ...], before: ObservingReport, *, is_dry_run: bool) -> "CutOverOut":
        """From what the cut-over ends, and the report as it stood before."""
        wanted: set[tuple[str, str]] = {(one.client, one.unit) for one in ended}
        units: list[ObservedUnit] = [u for u in before.units if (u.client, u.unit) in wanted]
        return cls(dry_run=is_dry_run, units=[ObservedUnitOut.model_validate(unit) for unit in units])
