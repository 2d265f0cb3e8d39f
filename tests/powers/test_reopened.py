"""Proof that the machine can find: each hole that was closed is opened again by a patch, and must be found.

A hole names the golden state that ordinary life has to have brought about, who attacks, whom they have in mind, and
which sentences may find it; nothing says how. Sequences are counted from seed 0 until one finds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import pytest

from powers import opened
from powers.game import advance, begin
from powers.opened import Patch
from powers.remembering import facts_remembered
from powers.states import DEMO, States
from world import OFFICE, SCHOOL

MOST = 200
"""Sequences after which a hole counts as not found."""
RECOVERY = ("recoveries.ask_recovery",)
SIGNING = ("documents.propose_handover", "naming.name_signer", "signatures.sign_batch")
HEAD, ABOVE = f"head:{SCHOOL}", f"head:{OFFICE}"


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
    files: float = 0.0
    """How often somebody imports a file."""


def hole(letter: str, state: str, members: str, sentences: str, opened: Patch, **more: object) -> Hole:
    """A hole, its words apart by blanks."""
    people = tuple({"HEAD": HEAD, "ABOVE": ABOVE}.get(m, m.replace("_", " ")) for m in members.split())
    return Hole(letter, state, people, frozenset(sentences.split()), opened, **more)  # type: ignore[arg-type]


HOLES = (
    hole("A1 at the root", "an officer keeps the root", "sở", "I1 I4", opened.officer_completes),
    hole("A1 below", "an officer keeps a commune", "keeper", "I1 I4", opened.officer_completes),
    hole(
        "A1 a unit that ends",
        "an officer keeps a commune",
        "keeper",
        "I4",
        opened.officer_dissolves,
        acts=("succession.succeed_unit",),
    ),
    hole(
        "A1 a unit that moves",
        "an officer keeps the root",
        "sở",
        "I4",
        opened.officer_moves,
        acts=("moving.change_manager",),
    ),
    hole("A1 a pack", "an officer keeps the root", "sở", "I4", opened.custodian_binds),
    hole(
        "A2 moved",
        "moved",
        "HEAD",
        "I2",
        opened.home_by_duty,
        in_mind=("y tế",),
        acts=("org.assign_duty", "recoveries.ask_recovery"),
    ),
    hole(
        "A2 promoted",
        "promoted",
        "HEAD",
        "I2",
        opened.home_by_duty,
        in_mind=("y tế",),
        acts=("org.assign_duty", "recoveries.ask_recovery"),
    ),
    hole("A3 no second factor", "an officer keeps the root", "sở", "I3", opened.code_at_once, acts=RECOVERY),
    hole("A3 no second person", "an officer keeps a commune", "keeper", "I1", opened.code_at_once, in_mind=(HEAD,)),
    hole("A3 by waiting", "an officer keeps a commune", "keeper", "I1", opened.wait_opens_all, in_mind=(HEAD,)),
    hole(
        "A4",
        "inspected",
        "HEAD",
        "I4",
        opened.one_sided_duty,
        in_mind=("xã",),
        acts=("org.assign_duty", "leaving.end_duty"),
    ),
    hole("A5", "an officer keeps a school", "ABOVE", "custody", opened.ends_todays_custody, in_mind=(HEAD,)),
    hole("A6", "left", "HEAD", "signature", opened.signs_for_witness, in_mind=("phó", "gvcn")),
    hole("A7 deputy", "an officer keeps a school", "phó", "I4", opened.anybody_takes_back, in_mind=("keeper",)),
    hole("A7 left", "left", "ABOVE", "custody", opened.leaver_is_let_in, acts=("delegation.resume",)),
    hole(
        "A7 stopped",
        "an officer keeps a school",
        "HEAD keeper",
        "custody",
        opened.stopped_person_operates,
        in_mind=("keeper",),
        acts=("delegation.suspend", "org.add_person", "org.create_class"),
    ),
    hole(
        "A7 by date",
        "an officer keeps a school",
        "HEAD keeper",
        "custody",
        opened.custody_outlives_duty,
        in_mind=("keeper",),
        steps=16,
    ),
    hole(
        "A8",
        "a deputy keeps a school",
        "phó",
        "paper",
        opened.preparer_signs,
        in_mind=("y tế",),
        acts=SIGNING,
        steps=16,
    ),
    hole("H moved", "school moved", "ABOVE", "chain", opened.stays_open),
    hole(
        "H dissolved",
        "school moved",
        "director",
        "manager",
        opened.former_manager_passes_on,
        acts=("succession.succeed_unit", "moving.change_manager"),
    ),
    hole("I", "demo", "ABOVE", "narrowing", opened.ends_all, acts=("delegation.narrow_authority",)),
    hole(
        "I widening",
        "a teacher looks after accounts",
        "HEAD",
        "widening",
        opened.deny_reaches_all,
        in_mind=("gvcn",),
        acts=("delegation.revoke_grant", "delegation.suspend", "delegation.narrow_grant"),
    ),
    hole("B substitute", "demo", "HEAD", "substitute", opened.substitute_takes_more, acts=("org.assign_duty",)),
    hole("B substitute, by a file", "demo", "gvcn", "substitute", opened.substitute_takes_more, files=0.8),
    hole("B second head", "demo", "ABOVE", "head", opened.two_heads, acts=("org.assign_duty",)),
    hole("B second head, by a file", "demo", "phó", "head", opened.two_heads, files=0.8),
    hole(
        "B own head, by a file",
        "demo",
        "HEAD",
        "receiver",
        opened.head_receives_at_home,
        files=0.9,
        steps=24,
    ),
    hole(
        "B without an end",
        "demo",
        "HEAD y_tế",
        "end",
        opened.never_ends,
        in_mind=("y tế",),
        acts=SIGNING,
        steps=20,
    ),
    hole("B without an end, by a file", "demo", "HEAD", "end", opened.never_ends, files=0.8, steps=16),
    hole(
        "B own issuer",
        "an officer keeps a school",
        "ABOVE keeper",
        "issuer",
        opened.school_issues_its_head,
        acts=("org.add_person", "org.assign_duty", "accounts.issue_account"),
        steps=24,
    ),
)


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[States]:
    with facts_remembered():
        made = States(tmp_path_factory.mktemp("reopened"))
        made(DEMO)
        yield made


def hunt(states: States, folder: Path, hole: Hole) -> tuple[int, str]:
    """How many sequences it took to find the hole, and what was found."""
    for seed in range(MOST):
        _, game = begin(states, folder, seed, hole.state, hole.members)
        if hole.in_mind:
            game.victims = [game.world.people[key].person for key in hole.in_mind]
        # The holes are in the acts; a page would only call them.
        game.acts, game.files, game.pages = hole.acts, hole.files, 0.0
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
    began = process_time()
    sequences, told = hunt(states, tmp_path, hole)
    states.forget(hole.state)
    assert sequences, f"{hole.letter} was opened again and not found in {MOST} sequences"
    assert "FOUND" in told
    took = process_time() - began
    print(f"{hole.letter}: {sequences} sequences, {took:.1f} s\n{told}")  # noqa: T201 the record of the proof
