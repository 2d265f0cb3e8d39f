"""Reads the `world:` of a case file: short lines with defaults into dated facts, every fault at once.

A world stays short because most of it is taken for granted: everything holds from `since`, papers are signed when a
grant begins, accounts are activated, every unit holds authority over itself under its manager's, and somebody
operates its admin account. A case says what differs. The format is docs/policy-packs.md.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from access_service.domain.accounts import Account, Custody, Suspension
from access_service.domain.custody import HOLDERS
from access_service.domain.delegation import Authority
from access_service.domain.errors import RefusedError
from access_service.domain.names import (
    AccountId,
    AccountKind,
    AssignmentId,
    AuthorityId,
    ClassId,
    EducationLevel,
    GrantId,
    PersonId,
    SuspendableKind,
    UnitId,
)
from access_service.domain.org import (
    Assignment,
    ManagementEdge,
    Organisation,
    SchoolClass,
    SchoolYear,
    Unit,
    check_edge,
)
from access_service.domain.policy import Pack
from access_service.domain.scope import Scope
from access_service.domain.software import ApprovalFacts
from access_service.domain.standing import GrantFacts
from access_service.domain.time import local
from access_service.engine.cases.grants import (
    BASIS,
    LEVELS,
    class_subjects,
    interval_of,
    levels_of,
    read_grant,
    realm,
    scope_of,
)
from access_service.engine.cases.world import World
from access_service.engine.cases.world_software import read_approval, read_software, unknown_software
from access_service.engine.cases.yaml_reader import Map
from access_service.engine.toml_reader import quote

VACANT = "vacant"
NO_DUTY = "none"
_CLASS_PARTS = 3
_UNIT_ACCOUNTS = frozenset({str(AccountKind.ADMIN), str(AccountKind.SERVICE)})
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class WorldReader:
    """One reading of one `world:`."""

    def __init__(self, top: Map, pack: Pack) -> None:
        self.world = World()
        self._top = top
        self._pack = pack
        self._since = _EPOCH
        self._people: set[str] = set()
        self._grants: list[tuple[str, str, AssignmentId | None, Map]] = []
        """Id, person, duty and line of each grant; read last, because they rest on everything else."""

    def read(self) -> World:
        """The world. When there are faults it holds no more than what was understood."""
        top, before = self._top, len(self._top.faults)
        top.text("since")
        self._since = top.start("since", _EPOCH)
        steps = {
            ("years", "units", "classes", "bound"): self._read_organisation,
            ("people", "duties", "accounts"): self._read_people,
            ("authorities", "custodies"): self._read_offices,
            ("suspensions", "grants"): self._read_grants,
            ("software", "approvals"): self._read_software,
        }
        for keys, step in steps.items():
            # What rests on a line that was not understood would only be blamed for it.
            if len(top.faults) == before:
                step()
            top.skip(*keys)
        top.done()
        return self.world

    def _put(self, **parts: Any) -> None:
        self.world = replace(self.world, **parts)

    def _interval(self, line: Map) -> tuple[datetime, datetime | None]:
        return interval_of(line, self._since)

    # -- units, years, classes

    def _read_organisation(self) -> None:
        top = self._top
        years = {}
        for id_, line in top.entries("years"):
            start, end = self._interval(line)
            years[id_] = SchoolYear(id_, start, end or start)
            if end is None:
                line.fault(None, "`to` is missing: when the school year closes")
            line.done()
        units: dict[UnitId, Unit] = {}
        edges: dict[UnitId, tuple[ManagementEdge, ...]] = {}
        lines: list[tuple[ManagementEdge, Map]] = []
        for id_, line in top.entries("units"):
            kind = line.word("kind", self._pack.unit_kinds, "kind of unit")
            start, end = self._interval(line)
            unit = Unit(UnitId(id_), kind, line.text("name"), levels_of(line) or frozenset(), start, end)
            found = [
                (self._edge(unit, number, row), row) for number, row in enumerate(line.rows("manager", "unit"))
            ]
            units[unit.id], edges[unit.id] = unit, tuple(edge for edge, _ in found)
            lines += found
            line.done()
        org = Organisation(units, edges, {}, years)
        for edge, row in lines:
            if row.check("unit", edge.manager, units, "unit"):
                _refused(row, partial(check_edge, org, edge))
        classes = {ClassId(id_): self._class(id_, line, org) for id_, line in top.entries("classes")}
        self._put(org=Organisation(units, edges, classes, years))
        bound = top.words("bound", units, "unit")
        roots = [unit for unit, found_edges in edges.items() if not found_edges]
        self._put(bound=frozenset(roots if bound is None else map(UnitId, bound)))

    def _edge(self, unit: Unit, number: int, row: Map) -> ManagementEdge:
        """`manager: so`, or a list of `{unit, from, to}` where it changed."""
        start, end = row.start("from", unit.valid_from), row.instant("to", unit.valid_to)
        edge = ManagementEdge(f"{unit.id}-{number}", unit.id, UnitId(row.text("unit")), BASIS, start, end)
        row.done()
        return edge

    def _class(self, id_: str, line: Map, org: Organisation) -> SchoolClass:
        parts = id_.split(":")
        if len(parts) != _CLASS_PARTS or parts[0] not in org.units or parts[1] not in org.years:
            line.fault(
                None, f"{quote(id_)} is no class", "<school>:<school year>:<class code>, the first two known"
            )
            parts = ["", "", ""]
        level = line.word("level", LEVELS, "level")
        read = SchoolClass(
            id=ClassId(id_),
            school=UnitId(parts[0]),
            school_year=parts[1],
            name=parts[2],
            level=EducationLevel(level if level in LEVELS else "primary"),
            grade=line.text("grade"),
            valid_from=self._since,
        )
        line.done()
        return read

    # -- people, duties, accounts

    def _read_people(self) -> None:
        top = self._top
        duties: dict[AssignmentId, Assignment] = {}
        accounts: dict[AccountId, Account] = {}
        standing_in: list[tuple[Map, str]] = []
        for id_, line in top.entries("people"):
            self._people.add(id_)
            unit = UnitId(line.word("unit", self.world.org.units, "unit"))
            accounts[AccountId(id_)] = self._account(id_, AccountKind.USE, unit, PersonId(id_), line)
            duty = None
            if line.has("position"):
                duty = AssignmentId(id_)
                duties[duty] = self._duty(duty, PersonId(id_), unit, line)
                standing_in.append((line, duties[duty].substitutes or ""))
            grant = line.child("grant", "role")
            if grant is not None:
                self._grants.append((id_, id_, duty, grant))
            line.done()
        for id_, line in top.entries("duties"):
            person = line.word("person", self._people, "person")
            unit = UnitId(line.word("unit", self.world.org.units, "unit"))
            if AssignmentId(id_) in duties:
                line.fault(None, f"a person's own duty is called {quote(id_)} already")
            duties[AssignmentId(id_)] = self._duty(AssignmentId(id_), PersonId(person), unit, line)
            standing_in.append((line, duties[AssignmentId(id_)].substitutes or ""))
            line.done()
        for line, absent in standing_in:
            if absent:
                line.check("substitutes", absent, duties, "duty")
        for id_, line in top.entries("accounts"):
            kind = AccountKind(line.word("kind", _UNIT_ACCOUNTS, "kind of account", default="admin"))
            unit = UnitId(line.word("unit", self.world.org.units, "unit"))
            if id_ in self._people:
                line.fault(None, f"a person is called {quote(id_)} already")
            accounts[AccountId(id_)] = self._account(id_, kind, unit, None, line)
            line.done()
        self._put(duties=duties, accounts=accounts)

    def _account(self, id_: str, kind: AccountKind, unit: UnitId, person: PersonId | None, line: Map) -> Account:
        return Account(
            id=AccountId(id_),
            kind=kind,
            unit=unit,
            person=person,
            username=f"000.{id_}",
            valid_from=self._since,
            activated_at=line.instant("activated", self._since),
            valid_to=line.instant("closed", None),
        )

    def _duty(self, id_: AssignmentId, person: PersonId, unit: UnitId, line: Map) -> Assignment:
        start, end = self._interval(line)
        subjects, absent = line.texts("subjects"), line.optional("substitutes")
        return Assignment(
            id=id_,
            person=person,
            unit=unit,
            position=line.word("position", self._pack.positions, "position"),
            decision_number=BASIS,
            decision_date=local(start).date(),
            decision_sha256=None,
            classes=class_subjects(line, self.world.org),
            subjects=None if subjects is None else frozenset(subjects),
            levels=levels_of(line),
            substitutes=None if absent is None else AssignmentId(absent),
            valid_from=start,
            valid_to=end,
        )

    # -- offices

    def _read_offices(self) -> None:
        org = self.world.org
        lines = dict(self._top.entries("authorities"))
        units = {
            id_: line.word("unit", org.units, "unit", id_ if id_ in org.units else None)
            for id_, line in lines.items()
        }
        # A unit holds the authority called after it, unless the world writes others for it.
        written = {UnitId(unit): AuthorityId(id_) for id_, unit in reversed(units.items())}
        held = {unit: written.get(unit, AuthorityId(unit)) for unit in org.units}
        found = {held[u]: self._authority(u, held[u], held, None) for u in org.units if u not in written}
        for id_, line in lines.items():
            if units[id_] in org.units:
                found[AuthorityId(id_)] = self._authority(UnitId(units[id_]), AuthorityId(id_), held, line)
            line.done()
        for id_, line in lines.items():
            authority = found.get(AuthorityId(id_))
            if authority is not None and authority.parent is not None:
                line.check("parent", authority.parent, found, "authority")
        self._put(authorities=found)
        self._read_custodies()

    def _read_custodies(self) -> None:
        org = self.world.org
        custodies = {
            unit: [self._custody(unit, PersonId(f"{unit} custodian"), "head")]
            for unit, entry in org.units.items()
            if self._pack.unit_kinds[entry.kind].has_admin_account
        }
        table = self._top.child("custodies")
        if table is not None:
            for unit_id in table.keys():  # noqa: SIM118 - not a dict
                if table.check(unit_id, unit_id, org.units, "unit"):
                    custodies[UnitId(unit_id)] = self._custodies(UnitId(unit_id), table)
        self._put(custodies=custodies)

    def _authority(
        self, unit: UnitId, id_: AuthorityId, held: dict[UnitId, AuthorityId], line: Map | None
    ) -> Authority:
        """Over the unit itself, under its manager's, unless the line says otherwise."""
        first = next(iter(self.world.org.edges_of(unit)), None)
        parent = held[first.manager] if first is not None else None
        own = Scope(unit=realm(self.world, self._pack, unit, self._since if first is None else first.valid_from))
        if line is None:
            return Authority(id_, unit, parent, own, BASIS, self._since)
        above = line.optional("parent")
        scope = scope_of(line, own.unit, self.world, self._pack)
        return Authority(id_, unit, AuthorityId(above) if above else parent, scope, BASIS, *self._interval(line))

    def _custody(
        self,
        unit: UnitId,
        person: PersonId,
        holder: str,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Custody:
        account = AccountId(f"{unit} admin")
        return Custody(f"{unit} {person}", unit, account, person, holder, None, start or self._since, end)

    def _custodies(self, unit: UnitId, table: Map) -> list[Custody]:
        found = []
        for line in table.rows(unit, "person"):
            person = line.word("person", self._people | {VACANT}, "person")
            holder = line.word("as", HOLDERS, "holder", default="head")
            start, end = self._interval(line)
            line.done()
            if person != VACANT:
                found.append(self._custody(unit, PersonId(person), holder, start, end))
        return found

    # -- suspensions and grants

    def _read_grants(self) -> None:
        targets: dict[SuspendableKind, Collection[str]] = {
            SuspendableKind.ACCOUNT: self.world.accounts,
            SuspendableKind.UNIT: self.world.org.units,
            SuspendableKind.AUTHORITY: self.world.authorities,
        }
        for id_, line in self._top.entries("grants"):
            person = line.word("person", self._people, "person")
            named = line.word("duty", {*self.world.duties, NO_DUTY}, "duty", default=person)
            duty = None if named == NO_DUTY else AssignmentId(named)
            if any(id_ == known for known, *_ in self._grants):
                line.fault(None, f"a person's own grant is called {quote(id_)} already")
            self._grants.append((id_, person, duty, line))
        targets[SuspendableKind.GRANT] = {id_ for id_, *_ in self._grants}
        self._put(suspensions=[self._suspension(line, targets) for line in self._top.rows("suspensions")])
        found: dict[AccountId, list[GrantFacts]] = {}
        for id_, person, duty, line in self._grants:
            facts = read_grant(GrantId(id_), PersonId(person), duty, line, self.world, self._pack, self._since)
            line.done()
            if facts is not None:
                found.setdefault(AccountId(person), []).append(facts)
        self._put(grants=found)

    def _read_software(self) -> None:
        service = {id_ for id_, a in self.world.accounts.items() if a.kind is AccountKind.SERVICE}
        entries = {
            AccountId(id_): read_software(id_, line, service, self.world, self._since)
            for id_, line in self._top.entries("software")
        }
        # A service account that no line describes is software of which nothing is known.
        for account in sorted(service - entries.keys()):
            entries[account] = unknown_software(self.world.accounts[account])
        self._put(software=entries)
        found: dict[AccountId, list[ApprovalFacts]] = {}
        for id_, line in self._top.entries("approvals"):
            facts = read_approval(id_, line, self.world, self._pack, self._since)
            if facts is not None:
                found.setdefault(facts.software.account, []).append(facts)
        self._put(approvals=found)

    def _suspension(self, line: Map, targets: Mapping[SuspendableKind, Collection[str]]) -> Suspension:
        named = [kind for kind in targets if line.has(kind)]
        if len(named) != 1:
            line.fault(None, "a suspension names one of account, unit, authority, grant")
            line.skip(*targets)
        kind = named[0] if named else SuspendableKind.GRANT
        target = line.word(kind, targets[kind], str(kind)) if named else ""
        start, end = self._interval(line)
        line.done()
        return Suspension(f"{kind} {target}", kind, target, UnitId(""), "", start, end)


def _refused(line: Map, check: Callable[[], None]) -> None:
    """Note what a rule of the domain refuses."""
    try:
        check()
    except RefusedError as error:
        line.fault(None, error.message)
