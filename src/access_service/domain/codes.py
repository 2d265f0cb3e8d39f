"""Who was shown a code that opens somebody else's account, and which papers that marks (ruling A3).

Whoever has the code can act as the holder. A first code is no recovery, so nobody waits for it; but a paper whose
giver saw the receiver's code says so, until the receiver has a factor of their own and confirms.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from access_service.domain.accounts import Account, Suspension, state_of
from access_service.domain.documents import Document, Signature
from access_service.domain.names import AccountId, AccountKind, AccountState, PersonId, Side
from access_service.domain.time import Interval


@dataclass(frozen=True, slots=True)
class CodeShown:
    """Somebody was shown a code with which a person's use account is opened."""

    id: str
    account: AccountId
    holder: PersonId
    shown_to: PersonId
    valid_from: datetime
    valid_to: datetime | None = None
    """When the holder, with a factor of their own, confirmed that the account is theirs alone."""

    @property
    def interval(self) -> Interval:
        """While what was signed with the account may have been signed by whoever saw the code."""
        return Interval(self.valid_from, self.valid_to)


def may_have_another_first_code(account: Account, suspensions: Iterable[Suspension], now: datetime) -> bool:
    """May the code that opens it for the first time be drawn anew, without anybody's word?

    Only while nobody ever opened it: whatever was opened once is recovered, and that takes a second person (A3).
    """
    is_somebodys = account.kind in (AccountKind.USE, AccountKind.ADMIN)
    return is_somebodys and state_of(account, suspensions, now) is AccountState.INVITED


def is_seen_by_giver(
    document: Document, signatures: Iterable[Signature], shown: Iterable[CodeShown], now: datetime
) -> bool:
    """Did somebody who signed for the giver see the receiver's code, which the receiver has not outlived by then?

    What the receiver signed before the code was shown is the receiver's own.
    """
    given = [s for s in signatures if s.version == document.version and s.signed_at <= now]
    givers = {s.person for s in given if s.side is Side.GIVER}
    received = [s.signed_at for s in given if s.person == document.receiver and s.side is not Side.GIVER]
    return any(
        code.holder == document.receiver
        and code.shown_to in givers
        and now in code.interval
        and (not received or code.valid_from <= max(received))
        for code in shown
    )
