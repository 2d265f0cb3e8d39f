"""The token stays as it is, and the world changes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from attacks.jose_scene import Scene


class World(Protocol):
    """What a test makes of its verifier's surroundings, so that the events below can happen to it."""

    def revoke(self, jti: str) -> None:
        """One token is revoked."""

    def disable(self, account: str) -> None:
        """An account is suspended: everything issued for it until now is void."""

    def retire_key(self) -> None:
        """The key that signed is rotated away, its overlap is over."""

    def replace_key(self) -> None:
        """Another key stands behind the same `kid`."""

    def forward(self, seconds: int) -> None:
        """Time passes; negative: the verifier's clock was set back."""


@dataclass(frozen=True)
class Event:
    """One story: what happens between the first look at the token, which is accepted, and the second."""

    happen: Callable[[Scene, World], None]

    @property
    def name(self) -> str:
        return self.happen.__name__


EVENTS: list[Event] = []


def event(happen: Callable[[Scene, World], None]) -> Callable[[Scene, World], None]:
    EVENTS.append(Event(happen))
    return happen


@event
def the_token_is_revoked(scene: Scene, world: World) -> None:
    world.revoke(scene.claims["jti"])


@event
def the_subject_is_suspended(scene: Scene, world: World) -> None:
    world.disable(scene.claims["sub"])


@event
def the_service_that_acts_is_suspended(scene: Scene, world: World) -> None:
    world.disable(scene.claims["act"]["sub"])


@event
def a_service_that_acted_before_is_suspended(scene: Scene, world: World) -> None:
    world.disable(scene.claims["act"]["act"]["sub"])


@event
def the_key_is_rotated_away(scene: Scene, world: World) -> None:
    world.retire_key()


@event
def the_key_is_another_under_the_same_name(scene: Scene, world: World) -> None:
    world.replace_key()


@event
def the_token_has_expired(scene: Scene, world: World) -> None:
    world.forward(scene.claims["exp"] - scene.now)


@event
def the_clock_was_an_hour_fast(scene: Scene, world: World) -> None:
    world.forward(-3600)
