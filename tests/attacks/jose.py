"""Attacks on signed tokens, as stories: each forges tokens from a legitimate one, and none may be accepted.

Nothing here knows a verifier. A test makes a `Scene` (the legitimate token, its key, its time), shows that its
verifier takes `scene.token`, and that it refuses everything that the stories of `ATTACKS` forge. `EVENTS` are the
other kind: the token stays as it is and the world changes; they act on the test's own `World`.

`FAMILIES` names the families of attack that every JOSE verifier must be held to.
"""

from attacks import jose_claims, jose_forms, jose_signatures
from attacks.jose_events import EVENTS, Event, World
from attacks.jose_scene import ATTACKS, FAMILIES, Attack, Scene

__all__ = ["ATTACKS", "EVENTS", "FAMILIES", "STORIES", "Attack", "Event", "Scene", "World"]

STORIES = (jose_signatures, jose_forms, jose_claims)
"""The modules that tell the stories; importing them is what fills `ATTACKS`."""
