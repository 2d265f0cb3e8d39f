"""A warm decision point beside a cold one: whether what is kept says what a fresh reading says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from access_service.domain.accounts import Account
from access_service.domain.names import AccountId
from access_service.domain.org import SchoolClass, Unit
from access_service.engine.snapshots import Snapshot
from access_service.live.decision_point import DecisionPoint
from access_service.live.gathered import LockIndex, Reading
from access_service.live.view import RegisterView
from world import World


class Warm:
    """A decision point that was asked about every account, unit and class of a register."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.point = DecisionPoint(world.services.db)
        self.warm()

    @property
    def view(self) -> RegisterView:
        """What it keeps."""
        return self.point.feed.view(self.world.register)

    def warm(self) -> None:
        """Read everything and keep it, as decisions about everything would."""
        self.point.advance(self.world.register)
        reading = self._read()
        with self.view.lock:
            if reading.now.timestamp() < self.view.start:
                # The clock went back, as `decide` finds, too.
                self.view.start_again(reading.now.timestamp())
            self.view.keep(reading)

    def warm_in_bulk(self) -> None:
        """The same as it is done after a start."""
        self.point.warming.warm(self.world.register)

    def kept(self) -> frozenset[AccountId]:
        """The accounts that are kept now, after a look at the counter."""
        self.point.advance(self.world.register)
        return frozenset(account for account, _ in self.view.accounts.everything())

    def differences(self) -> list[str]:
        """Where memory, at this instant, says something else than a fresh reading; or would, as time passes."""
        self.point.advance(self.world.register)
        cold, view, now = self._read(), self.view, self.world.clock.now.timestamp()
        found = []
        if not view.start <= now:
            return found
        for account, kept in view.accounts.everything():
            fresh = cold.accounts.get(account)
            if now >= kept.until:
                continue
            if fresh is None or _said(kept) != _said(fresh) or kept.until > fresh.until:
                found.append(f"{account}: kept {kept}, fresh {fresh}")
        found += [f"{a}: kept as unknown" for a in view.accounts.absent if a in cold.accounts]
        if now < view.places.until:
            pairs: list[tuple[dict[Any, Any], dict[Any, Any]]] = [
                (dict(view.units.everything()), cold.units),
                (dict(view.sites.everything()), cold.sites),
            ]
            found += [
                f"{key}: kept {value}, fresh {fresh.get(key)}"
                for kept_places, fresh in pairs
                for key, value in kept_places.items()
                if fresh.get(key) != value
            ]
            found += [f"{c}: kept as unknown" for c in view.sites.absent if c in cold.sites]
            # The first turn of what is kept, and of nothing else.
            if (
                self._read([*view.units.keys(), *view.units.old], [*view.sites.keys(), *view.sites.old]).until
                < view.places.until
            ):
                found.append("a turn of the organisation is missed")
        return found

    def _read(self, units: Iterable[str] | None = None, classes: Iterable[str] | None = None) -> Reading:
        """Every account, and these units and classes: all of them where none are named."""
        with self.world.services.db.read(self.world.register) as reader:
            reading = Reading(reader, self.world.services.db.believed(self._recorded()), LockIndex())
            for account in reader.find_ids(Account):
                reading.snapshot(AccountId(account))
            for unit in reader.find_ids(Unit) if units is None else units:
                _touch(reading.units, unit)
            for class_id in reader.find_ids(SchoolClass) if classes is None else classes:
                _touch(reading.sites, class_id)
        return reading

    def _recorded(self) -> datetime:
        """When the newest revision was recorded."""
        return datetime.fromtimestamp(self.view.recorded_at, UTC)


def _touch(places: Any, key: str) -> None:
    try:
        places[key]
    except KeyError:
        return


def _said(snapshot: Snapshot) -> tuple[object, ...]:
    views = ((v.id, v.unit, v.shape, v.classes) for v in snapshot.views)
    return (snapshot.stopped, *views)
