"""An ordinary act of life, supposed: what it would write, by the rules that hold whoever does it.

Somebody's duty ends, a unit moves, an officer takes an admin account over: nobody chooses such a day for an attack,
and it may open a way all the same. `suppose` asks the rules of the act at its day and gives the facts as they would
stand; it stores nothing. Who may do the act is not asked: the question is what comes of it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from access_service.domain import words
from access_service.domain.accounts import Account, Custody, Home, Suspension, home_of, is_left, nearest_above
from access_service.domain.custody import LAST_DUTY, OFFICER, begins_same_day, custody_at, custody_duty
from access_service.domain.delegation import Authority, Grant
from access_service.domain.duties import check_duty, check_ends, check_replaced, cut_with
from access_service.domain.errors import InvalidError, NotFoundError
from access_service.domain.facts import Ground
from access_service.domain.moves import AuthorityMove, Fate, children_of, fate_of, lives
from access_service.domain.names import (
    AccountId,
    AccountKind,
    AssignmentId,
    AuthorityId,
    GrantId,
    HomeHow,
    PersonId,
    SuspendableKind,
    UnitId,
)
from access_service.domain.org import Assignment, Person, manager_of
from access_service.domain.preparing import admin_account_of, custody_terms
from access_service.domain.reorganising import Move, common_manager, edges_moving
from access_service.domain.taking import check_authority_stands, check_has_issuer
from access_service.domain.time import local

SUPPOSED = "supposed"
"""Stands where a decision has its number, and begins the id of what an act would enter."""
Lay = Callable[[Iterable[Any]], Ground]
"""The ground with these facts in place of those with the same id."""


class Ordinary(StrEnum):
    """What happens in an ordinary year."""

    BEGIN = "duty:begin"
    END = "duty:end"
    MOVE_PERSON = "person:move"
    MOVE_UNIT = "unit:move"
    HAND = "custody:hand"
    WITHDRAW = "authority:withdraw"


FORMS: dict[Ordinary, tuple[str, ...]] = {
    Ordinary.BEGIN: ("PERSON", "UNIT", "POSITION", "DAY", "[REPLACED]"),
    Ordinary.END: ("DUTY", "DAY"),
    Ordinary.MOVE_PERSON: ("PERSON", "UNIT", "POSITION", "DAY"),
    Ordinary.MOVE_UNIT: ("UNIT", "MANAGER", "DAY"),
    Ordinary.HAND: ("UNIT", "PERSON", "DAY"),
    Ordinary.WITHDRAW: ("AUTHORITY", "DAY"),
}
"""The words that follow each act, in their order."""


@dataclass(frozen=True, slots=True)
class OrdinaryAct:
    """One act, whom and what it is about, and from which day on."""

    kind: Ordinary
    about: tuple[str, ...]
    """The words but the day, in the order of `FORMS`."""
    on: date

    def __str__(self) -> str:
        return " ".join((str(self.kind), *self.about, f"{self.on:%d/%m/%Y}"))


def ordinary_act(text: str) -> OrdinaryAct:
    """Read an act as it is typed: its name, ids, a day, one blank between two."""
    name, *given = text.split()[:8] or [""]
    if name not in FORMS:
        raise InvalidError(f"`{name[:40]}` is no act: write one of {', '.join(FORMS)}")
    kind = Ordinary(name)
    form = FORMS[kind]
    least = sum(not word.startswith("[") for word in form)
    if not least <= len(given) <= len(form):
        raise InvalidError(f"write `{kind} {' '.join(form)}`")
    day = form.index("DAY")
    return OrdinaryAct(kind, (*given[:day], *given[day + 1 :]), words.day(given[day]))


@dataclass(frozen=True, slots=True)
class Supposed:
    """What an act would write."""

    facts: tuple[Any, ...]
    """As they would stand, new or in place of those with the same id."""
    renewed: frozenset[AccountId]
    """Accounts that somebody else opens from then on: what opened them before is gone."""


def suppose(ground: Ground, act: OrdinaryAct, lay: Lay) -> Supposed:
    """The act at the ground's instant. Raises what a rule refuses it with."""
    return _Supposing(ground, lay).act(act)


class _Supposing:
    """Facts of one act, gathered one after the other: each rule stands on those before it."""

    def __init__(self, ground: Ground, lay: Lay) -> None:
        self.ground, self.at, self._lay = ground, ground.now, lay
        self._laid: dict[tuple[type[Any], str], Any] = {}
        self._renewed: set[AccountId] = set()

    def act(self, act: OrdinaryAct) -> Supposed:
        match act.kind, act.about:
            case Ordinary.END, (duty,):
                self._end(self._require(Assignment, "assignment", duty))
            case Ordinary.BEGIN, (person, unit, position, *replaced):
                self._begin(self._duty(person, unit, position), AssignmentId(replaced[0]) if replaced else None)
            case Ordinary.MOVE_PERSON, (person, unit, position):
                self._move_person(self._duty(person, unit, position))
            case Ordinary.MOVE_UNIT, (unit, manager):
                self._move_unit(Move(UnitId(unit), UnitId(manager), SUPPOSED, act.on))
            case Ordinary.HAND, (unit, person):
                self._hand(UnitId(unit), PersonId(person))
            case Ordinary.WITHDRAW, (authority,):
                self._withdraw(self._require(Authority, "authority", authority))
        return Supposed(tuple(self._laid.values()), frozenset(self._renewed))

    def _put(self, *facts: Any) -> None:
        self._laid |= {(type(fact), fact.id): fact for fact in facts}
        self.ground = self._lay(self._laid.values())

    def _new_id(self, noun: str) -> str:
        return f"{SUPPOSED}_{noun}_{len(self._laid)}"

    def _require(self, value_type: type[Any], noun: str, id_: str) -> Any:
        found = self.ground.facts.get(value_type, id_)
        if found is None:
            raise NotFoundError(noun, id_)
        return found

    def _unit(self, id_: UnitId) -> UnitId:
        if self.ground.org.unit(id_) is None:
            raise NotFoundError("unit", id_)
        return id_

    # -- duties

    def _duty(self, person: str, unit: str, position: str) -> Assignment:
        self._require(Person, "person", person)
        return Assignment(
            id=AssignmentId(self._new_id("asg")),
            person=PersonId(person),
            unit=self._unit(UnitId(unit)),
            position=position,
            decision_number=SUPPOSED,
            decision_date=local(self.at).date(),
            decision_sha256=None,
            classes=None,
            subjects=None,
            levels=None,
            substitutes=None,
            valid_from=self.at,
        )

    def _end(self, duty: Assignment) -> None:
        """(11, 12) With the duty end its grants, those who stand in, and with the last one the account."""
        check_ends(duty, self.at)
        self._end_duty(duty)
        self._stop_if_last(duty.person)

    def _end_duty(self, duty: Assignment) -> None:
        end = max(self.at, duty.valid_from)
        ended = replace(duty, valid_to=end)
        self._put(ended)
        self._end_grants(self.ground.facts.find(Grant, assignment=duty.id), end)
        for substitution in cut_with(self.ground, ended):
            self._end_duty(substitution)
            self._stop_if_last(substitution.person)

    def _begin(self, duty: Assignment, replaced: AssignmentId | None) -> None:
        """(11) It may take the place of another one, which ends then."""
        old = None if replaced is None else self._require(Assignment, "assignment", replaced)
        if old is not None:
            check_replaced(old, duty)
        check_duty(self.ground, duty, replaced)
        if old is not None:
            self._end_duty(old)
        self._enter(duty)
        if old is not None:
            self._stop_if_last(old.person)

    def _enter(self, duty: Assignment) -> None:
        account = self._account(duty.person)
        if account is not None and home_of(self.ground, account) == duty.unit and is_left(self.ground, account):
            # A former unit does not get the account back by assigning a duty.
            above = nearest_above(self.ground, duty.unit)
            if above != duty.unit:
                self._put(Home(self._new_id("hom"), account.id, above, HomeHow.VACATED, "", self.at))
        self._put(duty)
        if account is not None:
            for stop in self.ground.facts.find(Suspension, kind=SuspendableKind.ACCOUNT, target=account.id):
                if stop.valid_to is None and begins_same_day(stop, duty):
                    self._put(replace(stop, valid_to=max(stop.valid_from, self.at)))

    def _move_person(self, duty: Assignment) -> None:
        """What the person does elsewhere ends on the day on which the new duty begins."""
        held = self.ground.facts.find(Assignment, person=duty.person)
        check_duty(self.ground, duty)
        self._enter(duty)
        for old in held:
            if self.at in old.interval:
                self._end_duty(old)

    def _stop_if_last(self, person: PersonId) -> None:
        held = self.ground.facts.find(Assignment, person=person)
        account = self._account(person)
        if account is not None and not any(d.valid_to is None or d.valid_to > self.at for d in held):
            kind, unit = SuspendableKind.ACCOUNT, account.unit
            self._put(Suspension(self._new_id("sus"), kind, account.id, unit, LAST_DUTY, self.at))

    def _account(self, person: PersonId) -> Account | None:
        found = self.ground.facts.find(Account, person=person)
        return next((a for a in found if a.kind is AccountKind.USE and a.valid_to is None), None)

    # -- units

    def _move_unit(self, move: Move) -> None:
        """(1, 3) A unit above both decides; what then lies outside its giver's authority ends or passes."""
        self._unit(move.unit), self._unit(move.manager)
        common_manager(self.ground, move.unit, move.manager)
        ended, edge = edges_moving(self.ground, move, self._new_id("edg"))
        self._put(*ended, edge)
        fate = fate_of(self.ground, move.unit, self.at, basis=SUPPOSED, new_id=self._new_id)
        self._apply(fate)

    def _apply(self, fate: Fate) -> None:
        for number, cut in enumerate(fate.cut):
            self._end_grants([cut.grant], self.at)
            if cut.rest is not None and cut.grant.activated_at is not None:
                id_, start = GrantId(f"{self._new_id('grn')}_{number}"), max(cut.grant.valid_from, self.at)
                self._put(replace(cut.rest, id=id_, valid_from=start, replaces=cut.grant.id))
        for authority in fate.ended:
            self._close(authority, self.at)
        self._put(*(replace(m, id=f"{m.id}_{n}") for n, m in enumerate(fate.moved)))

    # -- what was handed down

    def _end_grants(self, grants: Iterable[Grant], at: datetime) -> None:
        ended = []
        for grant in grants:
            end = at if grant.activated_at is None else max(at, grant.activated_at)
            if grant.ended_at is None or grant.ended_at > end:
                ended.append(replace(grant, ended_at=end))
        if ended:
            self._put(*ended)

    def _withdraw(self, authority: Authority) -> None:
        """(3, 10) With it everything below, for good."""
        check_has_issuer(authority)
        check_authority_stands(self.ground, authority)
        self._close(authority, self.at)

    def _close(self, authority: Authority, at: datetime) -> None:
        facts = self.ground.facts
        end = max(at, authority.valid_from)
        below = children_of(facts, AuthorityId(authority.id), end)
        coming = [m for m in facts.find(AuthorityMove, parent=authority.id) if m.valid_from > end]
        self._put(replace(authority, valid_to=end))
        self._end_grants(facts.find(Grant, authority=authority.id), end)
        for child in below:
            self._close(child, end)
        for move in coming:
            child = self._require(Authority, "authority", move.authority)
            if lives(child, move.valid_from):
                self._close(child, move.valid_from)

    # -- custody

    def _hand(self, unit: UnitId, person: PersonId) -> None:
        """(6) The person operates the unit's admin account from then on: by the unit's head, or from above."""
        self._unit(unit)
        self._require(Person, "person", person)
        facts, pack, current = self.ground.facts, self.ground.pack_for(unit), custody_at(self.ground, unit)
        found = custody_duty(pack, facts.find(Assignment, person=person, unit=unit), self.at)
        manager = manager_of(self.ground.org, unit, self.at)
        giver = unit if found is None or found[1] == OFFICER or manager is None else manager
        duty, holder = custody_terms(self.ground, unit, giver=giver, receiver=person, current=current)
        account = admin_account_of(self.ground, unit)
        if current is not None and current.id:
            self._put(replace(current, valid_to=self.at))
        self._put(Custody(self._new_id("cus"), unit, account.id, person, holder, None, self.at, None, duty.id))
        self._renewed.add(account.id)
