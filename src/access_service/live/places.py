"""Units and classes in memory, as decisions see them at one instant."""

from collections.abc import Mapping
from typing import Protocol

from access_service.domain.moved import Moved
from access_service.domain.names import ClassId, UnitId
from access_service.engine.decide import Place, Site
from access_service.engine.snapshots import NEVER
from access_service.live.keeper import Budget, Dropping, Recent

PLACE_BYTES, SITE_BYTES = 2048, 360
"""A unit with its chain; a class."""


class PlacesRead(Protocol):
    """Units and classes as read at one instant, and until when they are so."""

    until: float

    @property
    def units(self) -> Mapping[UnitId, Place]: ...  # noqa: D102
    @property
    def sites(self) -> Mapping[ClassId, Site]: ...  # noqa: D102


class KeptPlaces:
    """The units and classes of one register. Time changes them all at once, so that they are forgotten together."""

    def __init__(self, budget: Budget) -> None:
        self.units: Recent[UnitId, Place] = Recent(budget, lambda _: PLACE_BYTES)
        self.sites: Recent[ClassId, Site] = Recent(budget, lambda _: SITE_BYTES)
        self.until = NEVER
        """When time alone next changes something of what is kept."""

    def plan(self, moved: Moved | None) -> Dropping:
        """Units and classes with a name in their chain. A new one moves nobody; what did not exist may now."""
        if moved is None:
            return self.forget
        names = moved.units
        units: list[UnitId] = []
        sites: list[ClassId] = []
        if moved.moves_years:
            units, sites = [u for u, _ in self.units.everything()], [c for c, _ in self.sites.everything()]
        elif names:
            units = [u for u, place in self.units.everything() if not names.isdisjoint(place.chain)]
            sites = [c for c, s in self.sites.everything() if c in names or not names.isdisjoint(s.chain)]

        def drop() -> None:
            self.units.drop_all(units)
            self.sites.drop_all(sites)
            self.units.absent, self.sites.absent = set(), set()

        return drop

    def forget(self) -> None:
        """Drop everything."""
        self.units.forget()
        self.sites.forget()
        self.until = NEVER

    def keep(self, read: PlacesRead) -> None:
        """Keep what was read at one instant, together with what is kept."""
        self.until = min(self.until, read.until)
        for unit, place in read.units.items():
            self.units.keep(unit, place)
        for class_id, site in read.sites.items():
            # A class whose unit does not stand has no boundary to be kept until.
            if site.place is not None:
                self.sites.keep(class_id, site)
