"""Holes that were closed in November 2026, each as the code stood before: patches to play against."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from access_service.domain import accounts as account_rules
from access_service.domain import custody as custody_rules
from access_service.domain import delegation, duties, moves, recovery
from access_service.domain.access import Deny
from access_service.domain.accounts import Custody
from access_service.domain.delegation import HEADS, Grant, Inspection
from access_service.domain.documents import Signature
from access_service.domain.duties import Hand
from access_service.domain.names import Capacity, GrantEnd, Rank, Side
from access_service.domain.org import Assignment, ManagementEdge
from access_service.domain.policy import PackBinding
from access_service.domain.reasons import Reason
from access_service.domain.sign_in import FactorKind
from access_service.engine import decide as engine
from access_service.storage.standing import Gatherer
from access_service.usecases import effects
from access_service.usecases import policy as binding
from access_service.usecases.handover import signatures
from access_service.usecases.handover.signatures import Signed, Turn
from access_service.usecases.identity import recoveries
from access_service.usecases.organisation import moving, org, succession
from access_service.usecases.services import act
from powers import game

Patch = Callable[[pytest.MonkeyPatch], None]


def everywhere(patch: pytest.MonkeyPatch, module: Any, name: str, value: Any) -> None:
    """Also where it was imported by name."""
    old = getattr(module, name)
    patch.setattr(module, name, value)
    for other in list(sys.modules.values()):
        is_ours = getattr(other, "__name__", "").startswith("access_service")
        if is_ours and getattr(other, name, None) is old:
            patch.setattr(other, name, value)


def _nothing(*_: Any, **__: Any) -> None:
    """A rule that is not asked."""


def officer_completes(patch: pytest.MonkeyPatch) -> None:
    """A1: what an officer does with the admin account is complete, at the root, too."""
    everywhere(patch, duties, "hand_over_signers", lambda *_: Hand.COMPLETES)
    everywhere(patch, duties, "is_operators", lambda *_: False)


def officer_dissolves(patch: pytest.MonkeyPatch) -> None:
    """A1: what an officer enters about the end of a unit is done at once, and its head's duty with it."""
    real = succession.hand_in_succeeding

    def hand(*said: Any) -> Hand:
        real(*said)
        return Hand.COMPLETES

    patch.setattr(succession, "hand_in_succeeding", hand)


def officer_moves(patch: pytest.MonkeyPatch) -> None:
    """A1: what an officer enters about the manager of a unit, who appoints its head, is done at once."""
    real = moving.hand_in_moving

    def hand(*said: Any) -> Hand:
        real(*said)
        return Hand.COMPLETES

    patch.setattr(moving, "hand_in_moving", hand)


def custodian_binds(patch: pytest.MonkeyPatch) -> None:
    """A1: whoever operates the root's admin account binds another pack to any unit."""

    def bind(services: Any, caller: Any, *, unit: Any) -> None:
        with act(services, caller, "policy.bind", unit) as doing:
            doing.as_custodian(services.db.registers()[0]["root"])
            doing.require_unit(unit)
            old = doing.tx.find(PackBinding)[0]
            doing.tx.put(replace(old, id=doing.new_id("bnd"), unit=unit, valid_from=doing.now))
            doing.tx.happened("policy.bind", unit)

    bind.__powers__ = binding.bind_pack.__powers__  # type: ignore[attr-defined]
    bind.__annotations__ = dict(binding.bind_pack.__annotations__)
    patch.setitem(game.ACTS, "policy.bind_pack", bind)


def home_by_duty(patch: pytest.MonkeyPatch) -> None:
    """A2: whose account it is follows from duties, the newest first; that unit has the code at once."""
    code_at_once(patch)

    def answers(ground: Any, account: Any) -> Any:
        held = [
            d
            for d in ground.facts.find(account_rules.Assignment, person=account.person)
            if ground.now in d.interval
        ]
        return max(held, key=lambda d: (d.valid_from, d.id)).unit if held else account.unit

    everywhere(patch, account_rules, "answers_for", answers)


def code_at_once(patch: pytest.MonkeyPatch) -> None:
    """A3: whoever asks has the code at once, without a second factor of their own."""
    patch.setattr(recoveries, "wait_hours", lambda *_: 0)
    patch.setattr(recoveries, "factors_in", lambda *_: [SimpleNamespace(kind=FactorKind.TOTP)])
    patch.setattr(game.Game, "_has_factor", lambda *_: True)
    wait_opens_all(patch)


def wait_opens_all(patch: pytest.MonkeyPatch) -> None:
    """A3: a wait that nobody opposes opens to an officer the account of somebody who signs."""
    everywhere(patch, recovery, "needs_second", lambda *_: False)


def one_sided_duty(patch: pytest.MonkeyPatch) -> None:
    """A4: whoever is given a duty in a unit no longer inspects it."""
    put = org.put_duty

    def putting(doing: Any, duty: Any, *rest: Any) -> Any:
        done = put(doing, duty, *rest)
        account = doing.use_account_of(duty.person)
        for inspection in doing.tx.find(Inspection):
            if account is not None and duty.person in inspection.members and duty.unit in inspection.units:
                lines = doing.tx.find(Grant, document=inspection.document, account=account.id)
                effects.end_grants(doing, lines, GrantEnd.INSPECTION_ENDED)
        return done

    everywhere(patch, org, "put_duty", putting)


def ends_todays_custody(patch: pytest.MonkeyPatch) -> None:
    """A5: the end of a duty, also of yesterday, ends every custody of that person today."""

    def ending(doing: Any, duty: Assignment) -> None:
        at = duty.valid_to
        positions = doing.pack_for(duty.unit).positions
        left = [
            positions[a.position].rank if a.position in positions else Rank.STAFF
            for a in doing.tx.find(Assignment, person=duty.person, unit=duty.unit)
            if a.id != duty.id and (a.valid_to is None or a.valid_to > at)
        ]
        for custody in doing.tx.find(Custody, unit=duty.unit, person=duty.person):
            is_over = at is None or (custody.valid_to is not None and custody.valid_to <= at)
            if is_over or (left if custody.holder == custody_rules.OFFICER else HEADS & set(left)):
                continue
            doing.tx.put(replace(custody, valid_to=max(at, doing.now)))
            doing.tx.happened("custody.end", custody.id, unit=duty.unit, person=duty.person)

    everywhere(patch, effects, "end_custodies_of", ending)


def signs_for_witness(patch: pytest.MonkeyPatch) -> None:
    """A6: with the head's signature the witness's is made, too."""
    add = signatures.add_signature

    def adding(doing: Any, turn: Turn, made: Signature) -> Signed:
        done = add(doing, turn, made)
        witness = json.loads(turn.document.content).get("witness")
        if turn.side is not Side.GIVER or witness is None:
            return done
        given = (*turn.given, done.signature)
        more = {"side": Side.WITNESS, "capacity": Capacity.WITNESS}
        again = replace(turn, document=done.document, given=given, basis=None, **more)
        return add(doing, again, replace(made, person=witness, capacity_basis=None, **more))

    patch.setattr(signatures, "add_signature", adding)


def anybody_takes_back(patch: pytest.MonkeyPatch) -> None:
    """A7: a deputy takes the admin account back."""
    everywhere(patch, custody_rules, "check_taking_back", _nothing)


def leaver_is_let_in(patch: pytest.MonkeyPatch) -> None:
    """A7: whoever left is resumed without a duty."""
    everywhere(patch, custody_rules, "check_resuming", _nothing)
    everywhere(patch, custody_rules, "lapses", lambda *_: [])


def stopped_person_operates(patch: pytest.MonkeyPatch) -> None:
    """A7: whoever is suspended still operates the admin account."""
    patch.setattr(Gatherer, "is_stopped", lambda *_: False)


def custody_outlives_duty(patch: pytest.MonkeyPatch) -> None:
    """A7: a duty that ends by its own date ends neither custody nor account."""
    stopped_person_operates(patch)
    everywhere(patch, custody_rules, "lapses", lambda *_: [])
    everywhere(patch, custody_rules, "custody_interval", lambda custody, *_: custody.interval)


def preparer_signs(patch: pytest.MonkeyPatch) -> None:
    """A8: a deputy who operates the admin account prepares a paper and signs it KT."""
    everywhere(patch, custody_rules, "check_giver_prepared_nothing", _nothing)


def stays_open(patch: pytest.MonkeyPatch) -> None:
    """H: what lies outside its giver's authority after a move stays."""
    everywhere(patch, moves, "fate_of", lambda *_, **__: moves.Fate((), (), ()))


def former_manager_passes_on(patch: pytest.MonkeyPatch) -> None:
    """H: a dissolved office's successor receives every school that it ever managed."""

    def passing(doing: Any, predecessor: Any, successor: Any, basis: str, schools: Any) -> None:
        for edge in doing.tx.find(ManagementEdge, manager=predecessor):
            doing.tx.put(replace(edge, valid_to=edge.valid_to or doing.now))
            heir = schools.get(edge.unit, successor)
            doing.tx.put(ManagementEdge(doing.new_id("edg"), edge.unit, heir, basis, doing.now))
        for edge in doing.tx.find(ManagementEdge, unit=predecessor):
            doing.tx.put(replace(edge, valid_to=edge.valid_to or doing.now))

    patch.setattr(succession, "_pass_units", passing)


def ends_all(patch: pytest.MonkeyPatch) -> None:
    """I: what exceeds a narrowed authority ends whole."""
    cuts = moves.cuts_below

    def cutting(ground: Any, authority: Any) -> Any:
        children, found = cuts(ground, authority)
        return children, [replace(cut, rest=None) for cut in found]

    everywhere(patch, moves, "cuts_below", cutting)


def deny_reaches_all(patch: pytest.MonkeyPatch) -> None:
    """I: what the role of who looks after accounts denies, it denies of the whole account, as far as it reaches."""
    real = engine.decide

    def deciding(request: Any, snapshot: Any, places: Any, now: Any) -> Any:
        views = () if snapshot is None else snapshot.views
        denies = any(
            v.shape.role == "account_officer"
            and not (v.shape.early or v.shape.late)
            and (v.shape.levels is None or "lower_secondary" in v.shape.levels)
            and (v.shape.categories is None or request.category in v.shape.categories)
            for v in views
        )
        if denies and (request.category, request.action) == ("STU-ID", "write"):
            return Deny(Reason.DENIED_BY_RULE)
        return real(request, snapshot, places, now)

    patch.setattr(engine, "decide", deciding)


def substitute_takes_more(patch: pytest.MonkeyPatch) -> None:
    """B: a substitute takes another class, for as long as they like."""
    everywhere(patch, duties, "check_substitution", _nothing)


def two_heads(patch: pytest.MonkeyPatch) -> None:
    """B: a second principal beside the first."""
    everywhere(patch, duties, "check_only_one", _nothing)


def head_receives_at_home(patch: pytest.MonkeyPatch) -> None:
    """B: a head's right from the own school, under another duty there, signed KT. by the deputy."""
    everywhere(patch, delegation, "check_own_head", _nothing)


def never_ends(patch: pytest.MonkeyPatch) -> None:
    """B: the longest time holds only for a right that names an end."""
    complete = delegation.complete

    def completing(office: Any, grant: Grant, assignment: Any = None) -> Grant:
        done = complete(office, grant, assignment)
        return replace(done, valid_to=grant.valid_to) if grant.scope.classes is None else done

    everywhere(patch, delegation, "complete", completing)


def school_issues_its_head(patch: pytest.MonkeyPatch) -> None:
    """B: a principal's account issued by the own school."""
    everywhere(patch, account_rules, "issuer_of", lambda _ground, unit, *_: unit)
