"""Proof that the machine can find: each hole that was closed is opened again by a patch, and must be found.

A hole names the golden state that ordinary life has to have brought about, who attacks, whom they have in mind, and
which sentences may find it; nothing says how. Sequences are counted from seed 0 until one finds it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from access_service.domain import accounts as account_rules
from access_service.domain import custody as custody_rules
from access_service.domain import duties, moves
from access_service.domain.delegation import Grant, Inspection
from access_service.domain.duties import Hand
from access_service.domain.names import GrantEnd
from access_service.usecases import effects, org
from powers.game import advance, begin
from powers.states import States
from world import OFFICE, SCHOOL

MOST = 60
"""Sequences after which a hole counts as not found."""
Patch = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Hole:
    """What was open once."""

    letter: str
    state: str
    members: tuple[str, ...]
    sentences: frozenset[str]
    opened: Patch
    in_mind: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()
    """Left empty: every act of the product."""
    steps: int = 10


def _everywhere(patch: pytest.MonkeyPatch, module: Any, name: str, value: Any) -> None:
    """Also where it was imported by name."""
    old = getattr(module, name)
    patch.setattr(module, name, value)
    for other in list(sys.modules.values()):
        is_ours = getattr(other, "__name__", "").startswith("access_service")
        if is_ours and getattr(other, name, None) is old:
            patch.setattr(other, name, value)


def _officer_completes(patch: pytest.MonkeyPatch) -> None:
    """A1: what an officer does with the admin account is complete, at the root, too."""
    _everywhere(patch, duties, "hand_over_signers", lambda *_: Hand.COMPLETES)
    _everywhere(patch, duties, "is_operators", lambda *_: False)


def _home_by_duty(patch: pytest.MonkeyPatch) -> None:
    """A2: whose account it is follows from duties, the newest first."""

    def answers(ground: Any, account: Any) -> Any:
        held = [
            d
            for d in ground.facts.find(account_rules.Assignment, person=account.person)
            if ground.now in d.interval
        ]
        return max(held, key=lambda d: (d.valid_from, d.id)).unit if held else account.unit

    _everywhere(patch, account_rules, "answers_for", answers)


def _anybody_takes_back(patch: pytest.MonkeyPatch) -> None:
    """A7: a deputy takes the admin account back."""
    _everywhere(patch, custody_rules, "check_taking_back", lambda *_, **__: None)


def _one_sided_duty(patch: pytest.MonkeyPatch) -> None:
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

    _everywhere(patch, org, "put_duty", putting)


def _ends_all(patch: pytest.MonkeyPatch) -> None:
    """I: what exceeds a narrowed authority ends whole."""
    cuts = moves.cuts_below

    def cutting(ground: Any, authority: Any) -> Any:
        children, found = cuts(ground, authority)
        return children, [replace(cut, rest=None) for cut in found]

    _everywhere(patch, moves, "cuts_below", cutting)


def _stays_open(patch: pytest.MonkeyPatch) -> None:
    """H: what lies outside its giver's authority after a move stays."""

    def none(*_: Any, **__: Any) -> Any:
        return moves.Fate((), (), ())

    _everywhere(patch, moves, "fate_of", none)


HOLES = (
    Hole("A1 below", "an officer keeps a commune", ("keeper",), frozenset({"I1", "I4"}), _officer_completes),
    Hole(
        "A2 moved",
        "moved",
        (f"head:{SCHOOL}",),
        frozenset({"I2"}),
        _home_by_duty,
        ("y tế",),
        ("org.assign_duty", "recoveries.ask_recovery"),
    ),
    Hole(
        "A7 deputy",
        "an officer keeps a school",
        ("phó",),
        frozenset({"I4"}),
        _anybody_takes_back,
        ("keeper",),
    ),
    Hole(
        "A4",
        "inspected",
        (f"head:{SCHOOL}",),
        frozenset({"I4"}),
        _one_sided_duty,
        ("xã",),
        ("org.assign_duty", "leaving.end_duty"),
    ),
    Hole("H", "school moved", (f"head:{OFFICE}",), frozenset({"chain"}), _stays_open),
    Hole("I", "demo", (f"head:{OFFICE}",), frozenset({"narrowing"}), _ends_all, ("gvcn",)),
)


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> States:
    return States(tmp_path_factory.mktemp("reopened"))


def hunt(states: States, folder: Path, hole: Hole) -> tuple[int, str]:
    """How many sequences it took to find the hole, and what was found."""
    for seed in range(MOST):
        _, game = begin(states, folder, seed, hole.state, hole.members)
        if hole.in_mind:
            game.victims = [game.world.people[key].person for key in hole.in_mind]
        game.acts = hole.acts
        advance(game, hole.steps)
        game.world.services.db.close()
        if any(f.sentence in hole.sentences for f in game.found):
            return seed + 1, game.told()
    return 0, ""


@pytest.mark.parametrize("hole", HOLES, ids=lambda hole: hole.letter)
def test_a_hole_that_is_opened_again_is_found(
    states: States, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hole: Hole
) -> None:
    states.forget(hole.state)
    hole.opened(monkeypatch)
    sequences, told = hunt(states, tmp_path, hole)
    states.forget(hole.state)
    assert sequences, f"{hole.letter} was opened again and not found in {MOST} sequences"
    assert "FOUND" in told
    print(f"{hole.letter}: {sequences} sequences\n{told}")  # noqa: T201 the record of the proof
