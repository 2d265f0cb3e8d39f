"""The sessions of the caller's own account: what is open, and ending one of them."""

from dataclasses import dataclass
from datetime import datetime

from access_service.domain.errors import NotFoundError
from access_service.domain.powers import powerless
from access_service.domain.software import Client, Software
from access_service.storage import accounts as stored
from access_service.usecases.services import Caller, ReadView, Services, act, look

_SHOWN = 16
"""Letters of a session's hash by which its holder names it: nobody comes in with them."""


@dataclass(frozen=True, slots=True)
class OwnSession:
    """A session that is open."""

    id: str
    created_at: datetime
    used_at: datetime
    """When it was last used, give or take half a minute."""
    expires_at: datetime
    """When it ends unless it is used again."""
    audience: str | None
    """The service that it is good for; None: for signing in here."""
    is_current: bool
    software: str | None = None
    """Name of the software that the service is, where the service is a client's."""


def _named(session: stored.Session) -> str:
    return session.token_sha256[:_SHOWN]


def list_sessions(services: Services, caller: Caller) -> list[OwnSession]:
    """The account's sessions that are open, the last used first. Another holder's are none of theirs."""
    with look(services, caller) as seen:
        found = stored.sessions_of(seen.reader.connection, caller.register, caller.account)
        open_ = [s for s in found if s.person == caller.person and s.is_open(seen.now)]
        names = {s.audience: _software(seen, s.audience) for s in open_}
    shown = [
        OwnSession(
            *(_named(s), s.created_at, s.used_at, s.ends_at, s.audience, s.token_sha256 == caller.session),
            names[s.audience],
        )
        for s in open_
    ]
    return sorted(shown, key=lambda s: (not s.is_current, -s.used_at.timestamp(), s.id))


def _software(seen: ReadView, audience: str | None) -> str | None:
    client = None if audience is None else seen.reader.get(Client, audience)
    software = None if client is None else seen.reader.get(Software, client.software)
    return None if software is None else software.name


@powerless("it ends a session of the caller's own account")
def end_own_session(services: Services, caller: Caller, id_: str) -> None:
    """End one session of the account, the caller's own or another; what was opened in it for services ends, too."""
    with act(services, caller, "session.close", caller.account) as doing:
        found = stored.sessions_of(doing.tx.connection, caller.register, caller.account)
        named = [s for s in found if _named(s) == id_ and s.person == caller.person and s.is_open(doing.now)]
        if not named:
            raise NotFoundError("session", id_)
        for session in named:
            stored.end_session(doing.tx.connection, session.token_sha256)
        doing.tx.happened("session.close", caller.account, session=id_)
        doing.tx.touches()


@powerless("it ends the other sessions of the caller's own account")
def end_other_sessions(services: Services, caller: Caller) -> int:
    """End every other session of the account but those opened in this one; how many."""
    with act(services, caller, "session.close", caller.account) as doing:
        found = stored.sessions_of(doing.tx.connection, caller.register, caller.account)
        mine = caller.session
        others = [
            s
            for s in found
            if s.person == caller.person and mine not in (s.token_sha256, s.parent) and s.is_open(doing.now)
        ]
        for session in others:
            stored.end_session(doing.tx.connection, session.token_sha256)
        doing.tx.happened("session.close", caller.account, others=len(others))
        doing.tx.touches()
        return len(others)
