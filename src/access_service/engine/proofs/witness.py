"""A changed cell as a case of a `*_test.yaml`, and what the real engine answers to it under either pack.

The case has a world of its own: one unit of a kind that both packs know, somebody who holds the role there, at an
instant at which no lock of either pack shuts the cell. So an author can keep it beside the pack.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from access_service.domain import words
from access_service.domain.errors import Fault, PolicyError
from access_service.domain.names import EducationLevel
from access_service.domain.policy import ANY, Pack
from access_service.domain.software import ACTIONS_BY_METHOD, SOFTWARE_ROLE
from access_service.domain.time import local
from access_service.engine.cases.case_files import parse_case_file, run_case
from access_service.engine.compile import compile_roles
from access_service.engine.packs.files import sort_faults
from access_service.engine.proofs.pack_cells import CELL, FUNCTION, PackChange, PackDifference, breakpoints

DAY = timedelta(days=1)
ALLOW, NO_ROLE = "allow", "no such role"
HIGHEST_LEVEL = "5"
CaseLines = dict[str, Any]
"""A part of a case file, as it is written."""


@dataclass(frozen=True, slots=True)
class Witness:
    """One changed cell as a case: who asks what, when, and what each pack should answer."""

    change: PackChange
    name: str
    role: str
    world: Mapping[str, CaseLines]
    """Sections of `world:`, each with the entries that this case needs."""
    at: datetime
    ask: CaseLines
    allows: tuple[bool, bool]
    """Should the old pack allow it, and the new one?"""


@dataclass(frozen=True, slots=True)
class Replay:
    """What the engine answered to a witness."""

    witness: Witness
    before: str
    """`allow`, or `deny` with its reason."""
    after: str

    @property
    def is_as_said(self) -> bool:
        """Do both packs answer as the difference says?"""
        return (self.before == ALLOW, self.after == ALLOW) == self.witness.allows


@dataclass(frozen=True, slots=True)
class Replayed:
    """Every changed cell, played under both packs; the changes that no case could be written for."""

    replays: tuple[Replay, ...]
    unwritten: tuple[PackChange, ...]

    @property
    def is_as_said(self) -> bool:
        """Did every changed cell answer as the difference says?"""
        return not self.unwritten and all(replay.is_as_said for replay in self.replays)


class _Writer:
    """Writes the witnesses of one difference."""

    def __init__(self, difference: PackDifference) -> None:
        self._packs = difference.old, difference.new
        self._difference = difference

    def witnesses(self) -> tuple[list[Witness], list[PackChange]]:
        changes = [*self._difference.of(CELL), *self._difference.of(FUNCTION)]
        written: list[Witness] = []
        unwritten: list[PackChange] = []
        for change in changes:
            found = self._witness(change)
            if found is None:
                unwritten.append(change)
            else:
                written.append(found)
        return written, unwritten

    def _witness(self, change: PackChange) -> Witness | None:
        role, category, action, *named = change.what
        types = [p.categories[category].resource_types for p in self._packs if category in p.categories]
        for kind in self._kinds(role):
            at = self._instant(kind, category, action)
            if at is None:
                continue
            world, account = self._world(role, kind, category, action, at)
            if account is None:
                continue
            resource, classes = _resource(kind, category, frozenset.intersection(*types))
            ask: CaseLines = {"account": account, "action": action}
            ask |= {"function": named[0]} if named else {}
            said = f"{role} {action} {category}" + (f" in {named[0]}" if named else "")
            return Witness(
                change,
                said,
                role,
                world | ({"years": _YEARS, "classes": classes} if classes else {}),
                at,
                ask | {"resource": resource},
                (bool(change.before), bool(change.after)),
            )
        return None

    # -- where

    def _kinds(self, role: str) -> list[str]:
        """Kinds of units that both packs know: first those that the role is handed down in."""
        old, new = self._packs
        known = [kind for kind in new.unit_kinds if kind in old.unit_kinds]
        rows = [row for pack in (new, old) for row in pack.delegation if row.role == role]
        duties = [new.positions[row.position] for row in rows if row.position in new.positions]
        first = [kind for kind in known if any(kind in position.unit_kinds for position in duties)]
        first += [row.unit_kind for row in rows if row.unit_kind != ANY]
        return list(dict.fromkeys([kind for kind in (*first, *known) if kind in known]))

    # -- when

    @cached_property
    def _instants(self) -> list[datetime]:
        """One of each stretch between breakpoints, the last one first, from when there is a commitment to sign."""
        begins = [min(text.effective_from for text in pack.commitments) for pack in self._packs if pack.commitments]
        first = max(begins, default=datetime(2024, 1, 1).astimezone())
        cuts = [first, *(cut for cut in breakpoints(*self._packs) if cut > first)]
        later = [text.effective_from for pack in self._packs for text in pack.commitments]
        last = max([*cuts, *later]) + 2 * DAY
        found = [last, *(cut + 2 * DAY for cut in reversed(cuts))]
        return [at for at in found if local(at).year <= words.LAST_YEAR]

    def _instant(self, kind: str, category: str, action: str) -> datetime | None:
        """An instant at which no lock of either pack shuts the cell there."""
        locks = [
            lock
            for pack in self._packs
            for lock in pack.locks
            if kind in lock.unit_kinds and category in lock.categories and action in lock.actions
        ]
        free = (at for at in self._instants if not any(lock.start <= at < lock.end for lock in locks))
        return next(free, None)

    # -- who

    def _world(
        self, role: str, kind: str, category: str, action: str, at: datetime
    ) -> tuple[dict[str, CaseLines], str | None]:
        unit: CaseLines = {"kind": kind, "name": self._packs[1].unit_kinds[kind].vi}
        has_levels = any(pack.unit_kinds[kind].has_levels for pack in self._packs)
        unit |= {"levels": str(EducationLevel.LOWER_SECONDARY)} if has_levels else {}
        world: dict[str, CaseLines] = {"units": {kind: unit}}
        since = _written(at - DAY)
        name = f"{role}-{kind}-{at:%Y%m%d}".replace("_", "-")
        if role == SOFTWARE_ROLE:
            return world | _software(name, kind, category, action, since), _method(action) and name
        position = self._position(role, kind)
        person: CaseLines = {"unit": kind}
        if position is None:
            # Nobody holds a duty for it: an inspection rests on its decision alone (rule 14).
            grant: CaseLines = {"person": name, "duty": "none", "role": role, "by": kind, "from": since}
            return world | {"people": {name: person}, "grants": {f"{name}-inspection": grant}}, name
        person |= {"position": position, "from": since, "grant": {"role": role}}
        return world | {"people": {name: person}}, name

    def _position(self, role: str, kind: str) -> str | None:
        """A position that both packs have in that kind of unit: first one that the role rests on."""
        old, new = self._packs
        rows = [row for pack in self._packs for row in pack.delegation if row.role == role]
        if rows and all("inspection" in row.documents for row in rows):
            return None
        in_both = [p.id for p in new.positions.values() if kind in p.unit_kinds and p.id in old.positions]
        named = [row.position for row in rows if row.position in in_both]
        return next(iter([*named, *in_both]), None)


_YEARS: CaseLines = {"2025-2026": {"from": "2025-08-01", "to": "2026-08-31"}}


def _resource(kind: str, category: str, types: frozenset[str]) -> tuple[CaseLines, CaseLines]:
    """A record of the category in the unit, and the class that it is in."""
    class_id = f"{kind}:2025-2026:6A"
    if "unit" in types:
        return {"type": "unit", "unit": kind, "category": category}, {}
    if "staff" in types:
        return {"type": "staff", "unit": kind, "category": category}, {}
    type_ = "class" if "class" in types else "student"
    classes = {class_id: {"level": str(EducationLevel.LOWER_SECONDARY), "grade": "6"}}
    return {"type": type_, "class": class_id, "category": category}, classes


def _method(action: str) -> str | None:
    """By which method software would do it: `axis` meets every demand that a pack may make."""
    named = [str(method) for method, actions in ACTIONS_BY_METHOD.items() if action in actions]
    return next(iter(named), None)


def _software(name: str, kind: str, category: str, action: str, since: str) -> dict[str, CaseLines]:
    """Software with everything that a pack may demand of it, and its approval."""
    approval: CaseLines = {
        "software": name,
        "categories": category,
        "method": _method(action) or "axis",
        "from": since,
    }
    return {
        "accounts": {name: {"kind": "service", "unit": kind}},
        "software": {name: {"level": HIGHEST_LEVEL, "on_axis": "yes"}},
        "approvals": {f"{name}-{category}-{action}": approval},
    }


def _written(at: datetime) -> str:
    return local(at).isoformat()


def write_witnesses(difference: PackDifference) -> tuple[tuple[Witness, ...], tuple[PackChange, ...]]:
    """Each changed cell as a case, and those for which no common unit, position or free instant is found."""
    written, unwritten = _Writer(difference).witnesses()
    return tuple(written), tuple(unwritten)


def case_file(witnesses: Sequence[Witness], answers: Sequence[str] = ()) -> str:
    """The text of a `*_test.yaml` that demands these answers, `allow` or `deny` with its reason; or allows."""
    world: dict[str, CaseLines] = {}
    for witness in witnesses:
        for section, entries in witness.world.items():
            world.setdefault(section, {}).update(entries)
    since = min((witness.at for witness in witnesses), default=None)
    lines = ["world:"]
    if since is not None:
        lines.append(f"  since: {_flow(_written(since - 2 * DAY))}")
    for section in _SECTIONS:
        if section in world:
            lines.append(f"  {section}:")
            lines += [f"    {_flow(id_)}: {_flow(entry)}" for id_, entry in world[section].items()]
    lines += ["", "cases:"]
    for witness, answer in zip(witnesses, answers or [ALLOW] * len(witnesses), strict=True):
        wanted = answer if answer == ALLOW else "{deny: " + answer.removeprefix("deny ") + "}"
        lines += [
            f"  - name: {_flow(witness.name)}",
            f"    at: {_flow(_written(witness.at))}",
            f"    ask: {_flow(witness.ask)}",
            f"    expect: {wanted}",
        ]
    return "\n".join(lines) + "\n"


_SECTIONS = ("years", "units", "classes", "people", "accounts", "software", "approvals", "grants")


def _flow(value: Any) -> str:
    """A value in YAML's flow style, quoted where it is a text that YAML would read otherwise."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    text = str(value)
    plain = text.replace("_", "").replace("-", "").isalnum() and text.isascii() and not text[:1].isdigit()
    return text if plain else json.dumps(text, ensure_ascii=False)


def play(text: str, pack: Pack, roles: Iterable[str]) -> list[str]:
    """What the engine answers to each case of a file under a pack: `allow`, or `deny` with its reason.

    Raises `PolicyError` where the file does not fit the pack: then whoever wrote it is at fault.
    """
    faults: list[Fault] = []
    read = parse_case_file("witness_test.yaml", text.encode(), pack, faults)
    if read is None or faults:
        raise PolicyError(sort_faults(faults))
    tables = compile_roles(pack, frozenset(roles))
    return [run_case(case, read.world, tables).got.partition(",")[0] for case in read.cases]


def replay(difference: PackDifference) -> Replayed:
    """Every changed cell, asked of the real engine under both packs."""
    witnesses, unwritten = write_witnesses(difference)
    before, after = (_answers(pack, witnesses) for pack in (difference.old, difference.new))
    replays = [Replay(*told) for told in zip(witnesses, before, after, strict=True)]
    return Replayed(tuple(replays), unwritten)


def kept_cases(replayed: Replayed) -> str:
    """The cases as the new pack answers them: what its author puts beside it, so that nobody changes it unseen."""
    kept = [r for r in replayed.replays if r.after != NO_ROLE]
    return case_file([r.witness for r in kept], [r.after for r in kept])


def _answers(pack: Pack, witnesses: Sequence[Witness]) -> list[str]:
    """A role that a pack does not have cannot be held there, so nobody asks."""
    known = [witness for witness in witnesses if witness.role in pack.roles]
    told = iter(play(case_file(known), pack, {witness.role for witness in known}) if known else ())
    return [next(told) if witness.role in pack.roles else NO_ROLE for witness in witnesses]
