"""What is kept in memory never says anything else than the database: whatever act was done, by whomever.

Nobody plays against anybody here; the acts are those of the game of `powers`, because they are every act there is.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from powers.game import begin
from powers.states import STATES, States
from sampled import times
from warmth import Warm

STEPS = 14


@settings(
    max_examples=times(6),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(state=st.sampled_from(sorted(STATES)), seed=st.integers(0, 2**32 - 1))
def test_after_any_acts_memory_says_what_a_fresh_reading_says(state: str, seed: int) -> None:
    _, game = begin(_states(), _folder(), seed, state)
    try:
        warm = Warm(game.world)
        for step in range(STEPS):
            for act in (game.attack, game.live, game.bring if step % 3 == 0 else game.live):
                act()
                assert not warm.differences(), [str(move) for move in game.moves[-3:]]
            if step % 5 == 4:
                game.wait(minutes=24 * 60)
                assert not warm.differences()
            (warm.warm if step % 2 else warm.warm_in_bulk)()
    finally:
        game.world.services.db.close()


_made: list[States] = []


def _folder() -> Path:
    return _states().folder


def _states() -> States:
    if not _made:
        _made.append(States(Path(tempfile.mkdtemp())))
    return _made[0]
