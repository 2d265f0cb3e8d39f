"""A request that is repeated: the key that it has, and what was done under it."""

from dataclasses import dataclass

from access_service.domain.names import AccountId, RegisterId


@dataclass(frozen=True, slots=True)
class Taken:
    """The key of a request, with whose request it is."""

    register: RegisterId
    account: AccountId
    key: str
    attempt: str
    """Tells this request from every other one under the key: no two attempts are alike."""


@dataclass(frozen=True, slots=True)
class DoneUnderKey:
    """One event of what was done under a key."""

    revision: int
    action: str
    target: str
