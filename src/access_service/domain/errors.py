"""The error tree.

    AccessServiceError
    ├── RefusedError        a rule said no; carries a `Refusal` code, changes nothing
    │   ├── InvalidError    what was sent cannot be read as what the act needs
    │   └── NotFoundError   missing, or belongs to somebody else: the same answer for both
    ├── PolicyError         a policy pack cannot be read; lists every fault with file:line
    ├── ImportRefusedError  an import file cannot be taken; lists every bad row
    ├── StaleRevisionError  this node cannot answer as of the revision asked for
    ├── RestartError        the pages of a search cannot be continued: what they rest on has changed
    ├── PageTokenError      what was sent as a page token is none of ours, or another search's, or too old
    ├── TokenError          an access token, client assertion or proof is not accepted (`domain.tokens`)
    └── UnavailableError    this process cannot do its work now (database unreachable, keys missing)
        └── ClockError      the machine's clock cannot be believed (`domain.clock`)

Messages are lower case without a full stop, with user input in backticks. Only `api/http/errors.py` knows HTTP.
"""

from dataclasses import dataclass

from access_service.domain.reasons import Refusal


class AccessServiceError(Exception):
    """The root of every error of ours that is not caller misuse (which is `RuntimeError`)."""


class RefusedError(AccessServiceError):
    """An act that a rule refuses. `code` is stable; `details` hold ids and limits, never names."""

    def __init__(self, code: Refusal, message: str, **details: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details


class InvalidError(RefusedError):
    """What was sent cannot be understood: wrong type, unreadable date, unknown word."""

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(Refusal.INVALID, message, **details)


class NotFoundError(RefusedError):
    """No such thing here. Foreign and missing look the same (rule: no leak across units or registers)."""

    def __init__(self, noun: str, id_: str) -> None:
        super().__init__(Refusal.NOT_FOUND, f"no {noun} `{id_}`")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a file that somebody wrote."""

    place: str
    """`file:line`, or `file:sheet:row`."""
    message: str
    hint: str = ""
    """What to do about it, where that is not plain from the message."""

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class _FaultsError(AccessServiceError):
    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class PolicyError(_FaultsError):
    """A pack that does not load. Every fault at once; nothing of the pack is used."""


class ImportRefusedError(_FaultsError):
    """Import files that are not taken. Every bad row at once; nothing is imported."""


class StaleRevisionError(AccessServiceError):
    """This node has not seen the revision the caller demands (503 past two seconds)."""


class RestartError(AccessServiceError):
    """A list that was handed out in part is no longer the answer; the caller begins it again (409)."""


class PageTokenError(AccessServiceError):
    """A page token that was altered, belongs to another query or caller, or has outlived its time."""


class UnavailableError(AccessServiceError):
    """This process cannot answer now; the caller must treat it as deny."""


class ClockError(UnavailableError):
    """The clock leapt, or contradicts the database's or what is recorded: nothing is decided or recorded by it."""
