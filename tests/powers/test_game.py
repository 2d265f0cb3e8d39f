"""The game itself: that each act can be played, and a sequence again."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from powers.acts import called_by_routes, writes
from powers.browsing import FORMS
from powers.drawing import Dice, NothingThereError, arguments
from powers.game import advance, begin, unaccepted
from powers.habits import ACTS, NO_GAME
from powers.oracle import entering, see
from powers.remembering import facts_remembered
from powers.states import STATES, States
from world import PASSWORD, World

ACTS_OF_FORMS = 12
BY_CHANCE = 6
"""Sequences in which every act may be played."""


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> States:
    return States(tmp_path_factory.mktemp("states"))


@pytest.fixture
def demo(states: States, tmp_path: Path) -> World:
    return states("demo").open(tmp_path)


@pytest.mark.parametrize("name", sorted(STATES))
def test_every_golden_state_is_made_by_the_acts(states: States, tmp_path: Path, name: str) -> None:
    world = states(name).open(tmp_path)
    seen = see(world.services, world.register)
    assert len(seen.state.heads) >= 5
    assert len(seen.state.working) >= 1


def test_arguments_of_every_act_can_be_drawn(demo: World) -> None:
    seen = see(demo.services, demo.register)
    caller = entering(demo.services, demo.register, demo.people["director"].account)
    assert caller is not None
    for name in sorted(set(ACTS) - NO_GAME):
        act = ACTS[name]
        for seed in range(20):
            dice = Dice(Random(f"{name} {seed}"), seen, caller, PASSWORD, [])  # noqa: S311
            with suppress(NothingThereError):
                assert isinstance(arguments(act, dice), dict)


def test_one_number_is_one_sequence(states: States, tmp_path: Path) -> None:
    told = []
    for _ in range(2):
        name, game = begin(states, tmp_path, 7)
        for _ in range(6):
            game.attack()
            game.live()
        # Every print has a salt of its own, so no two papers have one hash.
        told.append((name, re.sub(r"sha256='[0-9a-f]{64}'", "", game.told())))
        game.world.services.db.close()
    assert told[0] == told[1]
    assert told[0][1]


WITHOUT_CALLER = {
    "accounts.activate": "opens an account with a code; the game does it with every code that somebody is shown",
    "entering.activate_and_enter": "opens an account with a code and signs in, as the two acts do",
    "open_sessions.caller_from_token": "writes down that a session is used",
    "open_sessions.session_from_token": "writes down that a session is used",
    "bearers.bearer_of": "writes down that a session is used",
    "introspect.revoke": "takes a client's own token back",
    "sign_in.sign_in": "opens a session of one's own; whom the coalition holds is signed in",
    "exchange.exchange": "gives software a token within its approval, and no office, account or right",
    "authorizing.redeem_code": "hands a service the sign-in its person agreed to, and no office or right",
    "openid.tokens_for_code": "redeems such a code for tokens within the service's approval",
    "openid.tokens_for_refresh": "renews such tokens; what they may do is asked again",
    "openid.revoke_refresh": "ends a sign-in of the client's own",
}
"""Acts of the route table that nobody signed in does, and how the game plays them."""


def test_every_act_of_the_route_table_is_one_that_the_game_plays() -> None:
    of_routes = {name for name, act in called_by_routes().items() if writes(act)}
    assert len(of_routes) > 50
    assert of_routes - set(ACTS) - set(WITHOUT_CALLER) == set()


def test_the_coalition_tries_every_act(states: States, tmp_path: Path) -> None:
    """By chance at first; what chance left out is then all that there is to play."""
    every, tried = set(ACTS) - NO_GAME, set[str]()
    with facts_remembered():
        for seed in range(60):
            _, game = begin(states, tmp_path, seed)
            if seed >= BY_CHANCE:
                game.acts = tuple(sorted(every - tried))
            advance(game, 12)
            game.world.services.db.close()
            tried |= game.tried
            if tried == every:
                break
    assert tried == every


def test_the_coalition_sends_every_form_of_the_pages(states: States, tmp_path: Path) -> None:
    """Each form is sent, tampered with or not; through those that are taken a dozen acts are reached."""
    sent: set[str] = set()
    reached: set[str] = set()
    with facts_remembered():
        for seed in range(60):
            _, game = begin(states, tmp_path, seed)
            for _ in range(6):
                game.browse()
                game.live()
            game.world.services.db.close()
            assert not unaccepted(game.found), game.told()
            sent |= set(game.forms)
            reached |= {name for move in game.moves for name in move.act.partition(": ")[2].split(", ") if name}
            if sent == set(FORMS) and len(reached) >= ACTS_OF_FORMS:
                break
    assert sent == set(FORMS)
    assert len(reached) >= ACTS_OF_FORMS, reached
