"""What was looked at, until the log is told: other people's papers one by one, pages counted for ten minutes.

Whoever reads never waits for the register's lock: a look is remembered here and written beside the requests
(`usecases.upkeep.writing_looks`), every so often and when the process stops.
"""

import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from access_service.domain.audit import Doer
from access_service.domain.names import RegisterId

WINDOW = timedelta(minutes=10)
"""How long one reader's views of pages are counted before they become an event."""
MOST = 20_000
"""Most looks and most windows that wait; what is more is counted, and told as `read.lost`."""
MOST_TARGETS = 1000
"""Most things in one window that are told apart."""


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody read something."""

    register: RegisterId
    reader: Doer
    action: str
    """`<noun>.read`, or `explain`."""
    target: str
    at: datetime
    unit: str = ""
    """Whose dossier what was read belongs to; left out, it is found by the target."""
    parameters: str = ""
    """SHA-256 of what was asked for, where a question has parameters (`hash_parameters`)."""
    file: str = ""
    """SHA-256 of the bytes that were handed out, where there was a file."""


@dataclass(slots=True)
class Window:
    """Views of one reader, counted."""

    register: RegisterId
    reader: Doer
    action: str
    began: datetime
    until: datetime
    views: dict[tuple[str, str], int] = field(default_factory=dict)
    """How often each target was seen, with its unit where it is known."""
    parameters: set[str] = field(default_factory=set)

    def count(self, look: Look) -> None:
        """One more view."""
        key = (look.unit, look.target)
        if key not in self.views and len(self.views) >= MOST_TARGETS:
            key = (look.unit, "")
        self.views[key] = self.views.get(key, 0) + 1
        self.until = max(self.until, look.at)
        if look.parameters and len(self.parameters) < MOST_TARGETS:
            self.parameters.add(look.parameters)


def hash_parameters(**asked: object) -> str:
    """SHA-256 of what a question asked for, as sorted JSON: whoever knows the question can show it was this."""
    said = {name: value for name, value in asked.items() if value is not None}
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is to be written now."""

    looks: Sequence[Look] = ()
    windows: Sequence[Window] = ()
    lost: Mapping[RegisterId, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Is there anything?"""
        return bool(self.looks or self.windows or self.lost)


class Looks:
    """The looks of one process."""

    def __init__(self) -> None:
        """Nothing was looked at yet."""
        self._lock = threading.Lock()
        self._looks: list[Look] = []
        self._windows: dict[tuple[RegisterId, Doer, str], Window] = {}
        self._lost: dict[RegisterId, int] = {}

    def tell(self, look: Look) -> None:
        """One event of its own: somebody else's document or explanation."""
        with self._lock:
            if len(self._looks) >= MOST:
                self._lose(look.register, 1)
            else:
                self._looks.append(look)

    def count(self, look: Look) -> None:
        """A page: counted with the reader's others of ten minutes."""
        key = (look.register, look.reader, look.action)
        with self._lock:
            window = self._windows.get(key)
            if window is None:
                if len(self._windows) >= MOST:
                    self._lose(look.register, 1)
                    return
                window = Window(look.register, look.reader, look.action, look.at, look.at)
                self._windows[key] = window
            window.count(look)

    def _lose(self, register: RegisterId, views: int) -> None:
        self._lost[register] = self._lost.get(register, 0) + views

    def take(self, now: datetime | None) -> Waiting:
        """What is due at an instant, taken out; everything without one."""
        with self._lock:
            due = [key for key, w in self._windows.items() if now is None or now - w.began >= WINDOW]
            windows = [self._windows.pop(key) for key in due]
            waiting = Waiting(self._looks, windows, self._lost)
            self._looks, self._lost = [], {}
        return waiting

    def put_back(self, waiting: Waiting) -> None:
        """It could not be written: it waits on, before what came meanwhile."""
        with self._lock:
            room = MOST - len(self._looks)
            self._looks = [*waiting.looks[:room], *self._looks]
            for look in waiting.looks[room:]:
                self._lose(look.register, 1)
            for window in waiting.windows:
                key = (window.register, window.reader, window.action)
                newer = self._windows.get(key)
                if newer is not None:
                    for seen, views in newer.views.items():
                        window.views[seen] = window.views.get(seen, 0) + views
                    window.parameters |= newer.parameters
                    window.until = max(window.until, newer.until)
                self._windows[key] = window
            for register, views in waiting.lost.items():
                self._lose(register, views)
