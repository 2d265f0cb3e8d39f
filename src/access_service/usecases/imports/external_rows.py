"""Import of ids of other systems: each names one thing that the files or the register have."""

from collections.abc import Mapping

from access_service.domain.external_ids import (
    ExternalId,
    ExternalKind,
    check_kept_by,
    read_system,
    read_value,
    said_already,
)
from access_service.domain.names import UnitId
from access_service.usecases.imports.code_index import CodeIndex

_KINDS = frozenset(map(str, ExternalKind))


def check_external_ids(index: CodeIndex) -> None:
    """Sheet `external_ids`: what is called how elsewhere, by the unit whose it is."""
    named: Mapping[str, tuple[Mapping[str, object], str]] = {
        "person": (index.persons, "persons"),
        "account": (index.accounts, "accounts"),
        "unit": (index.units, "units"),
        "class": (index.classes, "classes"),
    }
    for row in index.rows("external_ids", has_code=False):
        kind = row.word("kind", _KINDS)
        unit = row.refers("unit", index.units, "units")
        begins = row.past("valid_from", index.now)
        system, value = row.read("system", read_system), row.read("value", read_value)
        if kind in named:
            row.refers("target", *named[kind])
        if not row.ok or unit is None:
            continue
        new = ExternalId(
            index.new_id("ext"), ExternalKind(kind), row["target"], UnitId(unit.id), system, value, begins
        )
        ground = index.ground(index.now)
        with row.rules():
            if said_already(ground, new) is not None:
                place = f"`{system}:{value}` is in the register, or in a row above"
                row.fault(place, "leave out what was imported before")
        if row["target"] in index.unsure:
            # Of whoever's duty could not be taken, the duty's row is told.
            continue
        if row.passes(check_kept_by, ground, new.kind, new.target, new.unit):
            index.facts.add(new)
            index.add(new)
