"""Our engine on the benchmarks' province: facts → standing → snapshot, kept in the decision point's own view.

What is measured is `DecisionPoint.warm`, the call that the evaluation route makes: decoded request to decision,
at one revision, with one clock read. Grants carry no paper here: what documents and suspensions decide is in
the snapshot before any question is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

import dataset
from access_service.api.authzen.schemas import ReasonText
from access_service.domain.access import AccessRequest, Ask, Topic
from access_service.domain.accounts import Account, Suspension
from access_service.domain.delegation import Grant
from access_service.domain.names import (
    AccountId,
    AccountKind,
    AuthorityId,
    ClassId,
    EducationLevel,
    GrantId,
    PersonId,
    RegisterId,
    SuspendableKind,
    UnitId,
)
from access_service.domain.scope import Scope
from access_service.domain.standing import AccountFacts, GrantFacts, standing
from access_service.domain.text import REASON_TEXT
from access_service.engine.compile import compile_pack
from access_service.engine.compiled_pack import CompiledPack, locks_by_cell
from access_service.engine.decide import Place, Short, Site, class_site
from access_service.engine.memory import Memory
from access_service.engine.packs.load import load_pack
from access_service.engine.snapshots import ALWAYS, NEVER, Snapshot, flatten
from access_service.live.decision_point import DecisionPoint
from access_service.live.keeper import MIB, Budget
from access_service.live.view import RegisterView
from access_service.storage.db import Database
from access_service.usecases.services import system_clock
from dataset import Province, Request, Rule, SchoolClass, Unit

ROOT = Path(__file__).resolve().parents[1]
PACK = "hai-phong"
REGISTER = RegisterId("bench")
UNBOUNDED_MIB = 1 << 20
"""A bound that nothing here reaches."""
PUPIL = "000000000001"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def tables(memory: Memory) -> CompiledPack:
    """The pack, compiled."""
    return compile_pack(load_pack(ROOT / "policy", PACK, ROOT / "models"), memory)


def rules() -> list[Rule]:
    """What the pack allows; the peers are given the same."""
    pack = load_pack(ROOT / "policy", PACK, ROOT / "models")
    denying = {rule.role for rule in pack.rules if not rule.allow}
    if denying & dataset.ROLES or not set(pack.roles) >= dataset.ROLES:
        raise RuntimeError("the province's roles are not those of the pack")
    return sorted({(r.role, r.category, r.action) for r in pack.rules if r.allow and r.role in dataset.ROLES})


def instant(seconds: int) -> datetime:
    """Seconds since the epoch as the domain writes instants."""
    return datetime.fromtimestamp(seconds, UTC)


def scope_of(grant: dataset.Grant) -> Scope:
    """The grant's scope in the words of the domain."""
    return Scope(
        unit=UnitId(grant.unit),
        levels=None if grant.levels is None else frozenset(map(EducationLevel, grant.levels)),
        classes=None if grant.classes is None else frozenset((ClassId(c), "") for c in grant.classes),
        school_year=grant.year,
    )


def facts_of(account: dataset.Account) -> AccountFacts:
    """The account as storage would give it."""
    id_, unit = AccountId(account.id), UnitId(account.unit)
    stops = [] if account.suspended is None else [tuple(map(instant, account.suspended))]
    return AccountFacts(
        account=Account(id_, AccountKind.USE, unit, PersonId(""), "", LONG_AGO, LONG_AGO),
        suspensions=[Suspension("", SuspendableKind.ACCOUNT, id_, unit, "", *stop) for stop in stops],
        grants=[
            GrantFacts(
                Grant(
                    id=GrantId(g.id),
                    account=id_,
                    role=g.role,
                    scope=scope_of(g),
                    unit=UnitId(g.unit),
                    authority=AuthorityId(""),
                    assignment=None,
                    document=None,
                    valid_from=instant(g.start),
                    valid_to=instant(g.end),
                    activated_at=instant(g.start),
                )
            )
            for g in account.grants
        ],
    )


def snapshots(
    accounts: Iterable[dataset.Account], now: datetime, memory: Memory
) -> Iterator[tuple[AccountId, Snapshot]]:
    """What is kept of each account, one after the other."""
    for account in accounts:
        found = standing(facts_of(account), now)
        until = NEVER if found.until is None else found.until.timestamp()
        yield AccountId(account.id), flatten(found, memory, until)


def places_of(units: Iterable[Unit], pack: CompiledPack) -> dict[UnitId, Place]:
    """Units as decisions see them."""
    locks = {kind: locks_by_cell(pack.pack, kind) for kind in pack.pack.unit_kinds}
    return {
        UnitId(u.id): Place(
            unit=UnitId(u.id),
            kind=u.kind,
            levels=frozenset(u.levels),
            chain=frozenset(map(UnitId, u.chain)),
            tables=pack,
            locks=locks[u.kind],
        )
        for u in units
    }


def sites_of(
    classes: Iterable[SchoolClass], places: Mapping[UnitId, Place], memory: Memory
) -> Iterator[tuple[ClassId, Site]]:
    """Classes as decisions see them."""
    for c in classes:
        school, class_id = UnitId(c.school), ClassId(c.id)
        yield class_id, class_site(school, places[school], class_id, c.level, c.grade, c.year, memory=memory)


@dataclass(frozen=True)
class Organisation:
    """Units and classes as a reading of the whole province would bring them."""

    units: Mapping[UnitId, Place]
    sites: Mapping[ClassId, Site]
    start: float = ALWAYS
    until: float = NEVER


def memory_within(limit_mib: int) -> Memory:
    """What the engine remembers beside a view within that bound."""
    return Memory(limit_mib * MIB // 8)


def bounded_view(limit_mib: int) -> RegisterView:
    """An empty view of a register within a bound: the one line that the memory benchmark plugs in."""
    return RegisterView(1, "", LONG_AGO, 0.0, Budget(limit_mib * MIB // 2))


class Ours:
    """A decision point whose view holds the whole province."""

    name = "ours"

    def __init__(self, _province: Province) -> None:
        self.view = bounded_view(UNBOUNDED_MIB)
        self.memory = memory_within(UNBOUNDED_MIB)
        self.point = DecisionPoint(Database("sqlite://", system_clock, memory=self.memory), cache_mib=UNBOUNDED_MIB)
        self.point.feed.views[REGISTER] = self.view

    def organisation(self, units: Iterable[Unit], classes: Iterable[SchoolClass], _rules: list[Rule]) -> None:
        """Pack, units and classes into the view."""
        places = places_of(units, tables(self.memory))
        found = Organisation(places, dict(sites_of(classes, places, self.memory)))
        self.view.keep_places(system_clock().timestamp(), found)

    def accounts(self, accounts: Iterable[dataset.Account]) -> None:
        """Snapshots into the view."""
        self.view.keep_accounts(snapshots(accounts, system_clock(), self.memory))

    def prepare(self, requests: list[Request]) -> list[Ask]:
        """Decoded questions, as the route makes them."""
        asks = [request_of(request).ask for request in requests]
        return [(account, self._topic(topic), *rest) for account, topic, *rest in asks]

    def _topic(self, topic: Topic) -> Topic:
        """The one object for that topic."""
        return self.memory.topic(
            topic.action,
            topic.resource_type,
            topic.category,
            topic.subject,
            topic.level,
            topic.grade,
            topic.school_year,
            topic.function,
        )

    def decider(self) -> Callable[[Ask], bool]:
        """As the route decides, from memory. What the view does not hold exists nowhere in this province."""
        at_once = self.point.at_once

        def decide(ask: Ask) -> bool:
            found = at_once(REGISTER, ask)
            return found is not None and type(found[0]) is tuple

        return decide

    def versions(self) -> dict[str, str]:
        """Our own comes with the machine's."""
        return {}

    def close(self) -> None:
        """Nothing is open."""


def request_of(request: Request) -> AccessRequest:
    """A question in the words of the domain."""
    return AccessRequest(
        account=AccountId(request.account),
        action=request.action,
        resource_type="student",
        resource_id=PUPIL,
        category=request.category,
        class_id=ClassId(request.class_id),
    )


class WithReason(Ours):
    """The same, with the reason of a deny as the route renders it."""

    name = "reason"

    def decider(self) -> Callable[[Ask], bool]:
        """Decide, work the reason out and find its rendered form."""
        at_once = self.point.at_once
        rendered_for = {
            reason.value: msgspec.json.encode(ReasonText(reason.value, text.en, text.vi))
            for reason, text in REASON_TEXT.items()
        }

        def decide(ask: Ask) -> bool:
            found = at_once(REGISTER, ask)
            if found is None:
                return False
            answer = found[0]
            if type(answer) is tuple:
                return True
            deny = answer.deny() if isinstance(answer, Short) else answer
            return not rendered_for[deny.reason.value]

        return decide
