"""Nobody takes what was not handed to them: a coalition plays every act, while honest people live on.

Hypothesis chooses the golden state, the coalition and the order; the acts and their arguments are thrown by a seed,
so that a sequence that found something shrinks to the steps that matter. `scripts/attack` plays it for longer.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from powers.game import Game, begin, unaccepted
from powers.remembering import facts_remembered
from powers.states import STATES, States
from sampled import times

SEEDS = st.integers(0, 2**32 - 1)
_folder = Path(tempfile.mkdtemp())
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
_made: list[States] = []


def _states() -> States:
    if not _made:
        _made.append(States(_folder))
    return _made[0]


class NobodyTakes(RuleBasedStateMachine):
    """One register, grown by whoever acts in it."""

    game: Game | None = None

    def __init__(self) -> None:
        super().__init__()
        self._memory = facts_remembered()
        self._memory.__enter__()

    @initialize(state=st.sampled_from(sorted(STATES)), seed=SEEDS)
    def begin(self, state: str, seed: int) -> None:
        _, self.game = begin(_states(), _folder, seed, state)

    @rule(seed=SEEDS)
    def the_coalition_acts(self, seed: int) -> None:
        self._at(seed).attack()

    @rule(seed=SEEDS)
    def the_coalition_acts_again(self, seed: int) -> None:
        self._at(seed).attack()

    @rule(seed=SEEDS)
    def the_coalition_sends_forms_of_the_pages(self, seed: int) -> None:
        self._at(seed).browse(tries=3)

    @rule(seed=SEEDS)
    def somebody_lives(self, seed: int) -> None:
        self._at(seed).live()

    @rule(seed=SEEDS)
    def somebody_imports_a_file(self, seed: int) -> None:
        self._at(seed).bring()

    @rule(minutes=st.sampled_from((5, 24 * 60, 48 * 60)))
    def time_passes(self, minutes: int) -> None:
        self._at(0).wait(minutes=minutes)

    def _at(self, seed: int) -> Game:
        assert self.game is not None
        self.game.random.seed(seed)
        return self.game

    @invariant()
    def nobody_has_taken_anything(self) -> None:
        if self.game is not None:
            found = unaccepted(self.game.found)
            assert not found, self.game.told()

    def teardown(self) -> None:
        if self.game is not None:
            self.game.world.services.db.close()
        self._memory.__exit__(None, None, None)


TestNobodyTakes = NobodyTakes.TestCase
TestNobodyTakes.settings = settings(
    max_examples=times(60),
    stateful_step_count=16,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
