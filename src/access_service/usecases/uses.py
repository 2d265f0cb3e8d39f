"""Which rights the service allowed something by today, until it is written down.

A decision adds a right to a set, which costs it less than a tenth of a microsecond; `usecases.upkeep.writing_uses`
writes the sets down beside the requests, every minute and when the process stops.
"""

import threading
from collections.abc import Iterable, Mapping

from access_service.domain.names import RegisterId


class UsedRights:
    """The rights of one register that were used since they were last taken."""

    __slots__ = ("grants",)

    def __init__(self) -> None:
        self.grants: set[str] = set()
        """Ids of grants, and of approvals of software; whoever allows something adds to it."""


class Uses:
    """The used rights of one process, register by register."""

    def __init__(self) -> None:
        self._making = threading.Lock()
        self._registers: dict[RegisterId, UsedRights] = {}

    def of(self, register: RegisterId) -> UsedRights:
        """Where the used rights of a register are added; always the same."""
        found = self._registers.get(register)
        if found is None:
            with self._making:
                found = self._registers.setdefault(register, UsedRights())
        return found

    def take(self) -> Mapping[RegisterId, frozenset[str]]:
        """What was used since the last time; from now on it begins anew."""
        taken = {}
        for register, used in list(self._registers.items()):
            grants, used.grants = used.grants, set()
            # One step for the interpreter: whoever still adds to the old set adds before or after it.
            taken[register] = frozenset(grants.copy())
        return {register: grants for register, grants in taken.items() if grants}

    def put_back(self, taken: Mapping[RegisterId, Iterable[str]]) -> None:
        """What could not be written waits for the next time."""
        for register, grants in taken.items():
            self.of(register).grants.update(grants)
