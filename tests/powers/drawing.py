"""Arguments for any act, drawn from what the register holds: by the type of each parameter, and some by its name.

What is drawn is mostly near to something that ordinary life would ask, and now and then is not. A parameter that
nothing here can draw fails by name, so that a new act does not go unplayed.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import types
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NewType, Union

from access_service.domain.accounts import Account
from access_service.domain.delegation import Authority, Grant, LeavingCase
from access_service.domain.documents import Document
from access_service.domain.errors import RefusedError
from access_service.domain.names import (
    AccountId,
    AccountKind,
    ApprovalId,
    AssignmentId,
    AuthorityId,
    ClassId,
    ClientId,
    DocumentId,
    DocumentState,
    GrantId,
    PersonId,
    SoftwareConfirmationId,
    SoftwareId,
    UnitId,
)
from access_service.domain.org import Assignment, Person, SchoolClass, Unit
from access_service.domain.policy import Pack
from access_service.domain.recovery import Recovery
from access_service.domain.scope import Scope
from access_service.domain.software import Approval, Client, Software, SoftwareConfirmation
from access_service.engine.packs.load import PackFiles
from access_service.engine.packs.load import read_pack_files as _read
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.handover.signatures import Presented
from access_service.usecases.organisation.org import Duty
from access_service.usecases.services import Caller
from powers.factors import SHOWN
from powers.oracle import Seen

ROOT = Path(__file__).parents[2]
NUMBERS = ("000/QĐ", "01/QĐ-SGDĐT", "02/BB")
OPEN = (DocumentState.AWAITING_GIVER, DocumentState.AWAITING_RECEIVER)


class UnknownParameterError(Exception):
    """Nothing here knows how to draw it."""


IDS: dict[Any, type] = {
    UnitId: Unit,
    PersonId: Person,
    AccountId: Account,
    AssignmentId: Assignment,
    AuthorityId: Authority,
    GrantId: Grant,
    DocumentId: Document,
    ClassId: SchoolClass,
    SoftwareId: Software,
    ApprovalId: Approval,
    SoftwareConfirmationId: SoftwareConfirmation,
    ClientId: Client,
}


class NothingThereError(Exception):
    """The register holds nothing of the kind."""


class Dice:
    """One throw: a caller, a register, and a source of chance."""

    def __init__(
        self, random: Random, seen: Seen, caller: Caller, password: str, favourites: Collection[str]
    ) -> None:
        self.random, self.seen, self.caller, self.password = random, seen, caller, password
        self.favourites = frozenset(favourites)
        """Ids that the coalition is interested in: its own people, what it made."""

    # -- ids

    def id(self, kind: type) -> Any:
        found = self.seen.of(kind)
        if not found:
            raise NothingThereError(kind.__name__)
        liked = [v.id for v in found if v.id in self.favourites]
        if liked and self.random.random() < 0.5:
            return self.random.choice(liked)
        if kind is Unit and self.random.random() < 0.5:
            return self.caller.unit
        newest = found[-6:] if self.random.random() < 0.3 else found
        return self.random.choice(newest).id

    # -- values by type

    def value(self, kind: Any, name: str) -> Any:
        made = getattr(self, f"_{name}", None)
        if made is not None and kind is not bool:
            return made()
        if kind in IDS:
            return self.id(IDS[kind])
        if isinstance(kind, NewType):
            return self.value(kind.__supertype__, name)
        origin, args = typing.get_origin(kind), typing.get_args(kind)
        if origin in (Union, types.UnionType):
            if type(None) in args and self.random.random() < 0.5:
                return None
            first = [a for a in args if a is not type(None)]
            return self.value(PackFiles if PackFiles in first else first[0], name)
        if origin in (frozenset, set, AbstractSet):
            return frozenset(self.value(args[0], name) for _ in range(self.random.choice((1, 1, 2))))
        if origin in (list, Sequence, Collection):
            return [self.value(args[0], name)]
        if origin is tuple:
            return tuple(self.value(a, name) for a in args if a is not Ellipsis)
        if origin in (dict, Mapping):
            return {}
        return self._plain(kind, name)

    def _plain(self, kind: Any, name: str) -> Any:
        simple: dict[Any, Callable[[], Any]] = {
            Scope: self.scope,
            Duty: self.duty,
            EnteredLine: lambda: self.line(self.id(Person)),
            Presented: self.presented,
            PackFiles: lambda: _read(ROOT / "policy", self.random.choice(("base", "hai-phong")), ROOT / "models"),
            datetime: self.instant,
            date: self.day,
            bool: lambda: self.random.random() < 0.5,
            int: lambda: self.random.choice((1, 2, 3)),
            str: lambda: self.random.choice(NUMBERS),
            bytes: "Họ và tên,CN,Dạy,Nhiệm vụ khác\nNguyễn Thử,6A,Toán 6A,Kế toán\n".encode,
        }
        if kind in simple:
            return simple[kind]()
        if inspect.isclass(kind) and issubclass(kind, enum.Enum):
            return self.random.choice(list(kind))
        if typing.get_origin(kind) is typing.Literal:
            return self.random.choice(typing.get_args(kind))
        if dataclasses.is_dataclass(kind):
            return self.dataclass(kind)
        raise UnknownParameterError(f"{name}: {kind}")

    def dataclass(self, kind: Any) -> Any:
        hints = typing.get_type_hints(kind)
        values = {}
        for field in dataclasses.fields(kind):
            has_default = field.default is not dataclasses.MISSING
            if field.init and not (has_default and self.random.random() < 0.6):
                values[field.name] = self.value(hints[field.name], field.name)
        return kind(**values)

    def day(self) -> date:
        return (self.instant() + timedelta(hours=7)).date()

    def instant(self) -> datetime:
        now, day = self.seen.now, timedelta(days=1)
        usual = (now, now, now, now + day, now + 30 * day, now - day)
        return self.random.choice(usual) if self.random.random() < 0.9 else datetime(1945, 1, 2, tzinfo=UTC)

    # -- strings that mean something, by the name of the parameter

    def _password(self) -> str:
        return self.password

    def _username(self) -> str:
        return f"000.{self.random.randrange(10**9)}"

    def _name(self) -> str:
        return f"Người Thử {self.random.randrange(1000)}"

    def _system(self) -> str:
        return self.random.choice(("smas", "csdl-gddt"))

    def _value(self) -> str:
        return self.random.choice(("gv.01", "gv.02"))

    def _reason(self) -> str:
        return "lý do thử"

    def _case(self) -> str:
        return str(self.id(LeavingCase))

    def _target(self) -> str:
        return str(self.id(self.random.choice((Account, Grant, Unit, Authority))))

    def _school_year(self) -> str:
        return "2026-2027"

    def _sha256(self) -> str:
        return "0" * 64

    def _code(self) -> str:
        return self.random.choice(("6C", "000000"))

    def _position(self) -> str:
        positions = self.pack_of(self.caller.unit).positions
        leading = [p for p, v in positions.items() if str(v.rank) != "staff"]
        return self.random.choice(leading if self.random.random() < 0.5 else list(positions))

    def _role(self) -> str:
        return self.random.choice(list(self.pack_of(self.caller.unit).roles))

    def scope(self) -> Scope:
        """That of something handed down, as it is, or for another unit, or with one axis less."""
        held = [*self.seen.of(Grant), *self.seen.of(Authority)]
        scope: Scope = self.random.choice(held).scope
        if self.random.random() < 0.3:
            scope = dataclasses.replace(scope, unit=self.id(Unit), classes=None)
        if self.random.random() < 0.4:
            levels = sorted(scope.levels or ()) or ["lower_secondary"]
            scope = dataclasses.replace(scope, levels=frozenset(levels[:1]))
        if self.random.random() < 0.3:
            scope = dataclasses.replace(scope, categories=frozenset({"STU-ID"}))
        return scope

    def duty(self) -> Duty:
        person, unit = self.id(Person), self.id(Unit)
        if self.random.random() < 0.6:
            unit = self.caller.unit
        positions = self.pack_of(self.caller.unit).positions
        kind = next((u.kind for u in self.seen.of(Unit) if u.id == unit), "")
        fitting = [p.id for p in positions.values() if kind in p.unit_kinds]
        leading = [p for p in fitting if str(positions[p].rank) != "staff"]
        there = [a for a in self.seen.of(Assignment) if a.unit == unit]
        heads = [a for a in there if a.person in self.seen.state.heads.get(unit, ())]
        replaces = None
        if self.random.random() < 0.4 and there:
            replaces = self.random.choice(heads or there).id
        if self.random.random() < 0.1 and there:
            return self.substitution(person, self.random.choice(there))
        return Duty(
            person=person,
            unit=unit,
            position=self.random.choice((leading if self.random.random() < 0.5 else fitting) or ["principal"]),
            decision_number=self.random.choice(NUMBERS),
            decision_date=date(2026, 8, 1) if self.random.random() < 0.9 else date(1945, 1, 2),
            valid_from=self.instant(),
            classes=frozenset({(self.id(SchoolClass), "")}) if self.random.random() < 0.2 else None,
            levels=self.levels_of(unit),
            replaces=replaces,
        )

    def substitution(self, person: PersonId, absent: Assignment) -> Duty:
        """Somebody stands in for a colleague: for a month, mostly in the same classes."""
        classes = absent.classes
        if self.random.random() < 0.5 and self.seen.of(SchoolClass):
            classes = frozenset({(self.id(SchoolClass), "")})
        return Duty(
            person=person,
            unit=absent.unit,
            position=absent.position,
            decision_number=self.random.choice(NUMBERS),
            decision_date=date(2026, 8, 1),
            valid_from=self.seen.now,
            valid_to=self.seen.now + timedelta(days=30),
            classes=classes,
            levels=absent.levels,
            substitutes=absent.id,
        )

    def id_of_person(self) -> PersonId:
        """Somebody; the coalition's own, and those whom it has in mind, more often."""
        person: PersonId = self.id(Person)
        return person

    def pack_of(self, unit: UnitId) -> Pack:
        """The pack of a unit; none is in force for one that is over, whose people still sign in to hand back."""
        try:
            return self.seen.ground.pack_for(unit)
        except RefusedError:
            raise NothingThereError("policy") from None

    def levels_of(self, unit: str) -> Any:
        levels = next((u.levels for u in self.seen.of(Unit) if u.id == unit), None)
        return levels if levels and self.random.random() < 0.2 else None

    def line(self, person: str, unit: str | None = None) -> EnteredLine:
        """What a duty of the person lets somebody hand to them, by a rule of the pack."""
        unit = unit or self.caller.unit
        duties = [a for a in self.seen.of(Assignment) if a.person == person]
        if not duties:
            raise NothingThereError("duty")
        duty = self.random.choice(duties)
        rules = [r for r in self.pack_of(UnitId(unit)).delegation if r.position in (duty.position, "*")]
        is_wild = self.random.random() < 0.2 or not rules
        role = self._role() if is_wild else self.random.choice(rules).role
        levels = duty.levels
        if levels is None and self.random.random() < 0.3:
            levels = frozenset(next((u.levels for u in self.seen.of(Unit) if u.id == duty.unit), ())) or None
        scope = Scope(unit=duty.unit, classes=duty.classes, levels=levels)
        if self.random.random() < 0.2:
            scope = self.scope()
        held = [g.id for g in self.seen.of(Grant) if g.unit == unit]
        return EnteredLine(
            role=role,
            assignment=duty.id,
            scope=scope,
            valid_from=self.seen.now,
            replaces=self.random.choice(held) if held and self.random.random() < 0.15 else None,
        )

    def presented(self) -> Presented:
        """A paper that waits, as it stands."""
        documents = [d for d in self.seen.of(Document) if d.state in OPEN] or self.seen.of(Document)
        if not documents:
            raise NothingThereError("document")
        shown = documents[-1] if self.random.random() < 0.5 else self.random.choice(documents)
        return Presented(shown.id, shown.version, shown.sha256)


def arguments(act: Callable[..., Any], dice: Dice) -> dict[str, Any]:
    """Arguments of an act but for the services and the caller."""
    hints = typing.get_type_hints(act)
    drawn: dict[str, Any] = {}
    for name, parameter in list(inspect.signature(act).parameters.items())[2:]:
        if name == "dry_run":
            continue
        has_default = parameter.default is not inspect.Parameter.empty
        if has_default and hints[name] is not bool and dice.random.random() < 0.6:
            continue
        drawn[name] = dice.value(hints[name], name)
    return _joined(act.__name__, drawn, dice)


def _joined(name: str, drawn: dict[str, Any], dice: Dice) -> dict[str, Any]:
    """What belongs together, mostly does."""
    if dice.random.random() < 0.1:
        return drawn
    if "kind" in drawn and "target" in drawn:
        of: dict[str, type] = {"account": Account, "unit": Unit, "authority": Authority, "grant": Grant}
        of |= {"person": Person, "class": SchoolClass}
        drawn["target"] = str(dice.id(of[str(drawn["kind"])]))
    if name == "propose_handover":
        drawn["unit"] = dice.caller.unit
        drawn["lines"] = [dice.line(drawn["receiver"])]
    if name == "ask_recovery":
        drawn["second"] = SHOWN
    if name in ("approve_recovery", "stop_recovery"):
        drawn["id_"] = dice.id(Recovery)
    if name == "issue_account":
        _account(drawn, dice)
    if name == "propose_custody":
        unit = drawn["unit"]
        there = [a.person for a in dice.seen.of(Assignment) if a.unit == unit]
        drawn["receiver"] = dice.random.choice(there) if there else drawn["receiver"]
    if name in ("narrow_grant", "narrow_authority"):
        held = {v.id: v for v in [*dice.seen.of(Grant), *dice.seen.of(Authority)]}
        scope = held[drawn["id_"]].scope
        drawn["scope"] = dataclasses.replace(scope, categories=frozenset({"STU-ID"}))
    if name == "create_unit":
        drawn |= {"id_": UnitId(f"0003{dice.random.randrange(1000, 9999)}"), "kind": "school"}
        drawn["manager"] = dice.caller.unit
    return drawn


def _account(drawn: dict[str, Any], dice: Dice) -> None:
    drawn["kind"] = AccountKind.USE
    without = {a.person for a in dice.seen.of(Assignment)} - {a.person for a in dice.seen.of(Account)}
    people = sorted(without)
    if people:
        drawn["person"] = dice.random.choice(people)
        duties = [a.unit for a in dice.seen.of(Assignment) if a.person == drawn["person"]]
        drawn["unit"] = duties[-1]
