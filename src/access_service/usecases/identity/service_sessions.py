"""What a person hands to a service: a session that is good for that service and for nothing else (A9).

The session of signing in never leaves this service. In it the holder opens another one for the service that they
name; the service exchanges it for a token or shows it at its proxy. It ends with the session that it came from, and
never later than that.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.facts import Facts
from access_service.domain.powers import powerless
from access_service.domain.reasons import Refusal
from access_service.domain.software import Client, Software
from access_service.signing import passwords
from access_service.storage import accounts as stored
from access_service.usecases.services import Caller, Services, act


@dataclass(frozen=True, slots=True)
class ServiceSession:
    """A session for one service. `token` is shown once; only its SHA-256 is kept."""

    token: str
    audience: str
    software: str | None
    """Whose that name is: the software as its unit entered it; None for a service behind a proxy."""
    expires_at: datetime
    ends_at: datetime


@powerless("it lends one service what the caller's own session may, there and nowhere else")
def open_service_session(
    services: Services, caller: Caller, audience: str, guarded: Collection[str] = ()
) -> ServiceSession:
    """Open a session for the service of that name: a client's id, or an address that is approved as its own.

    `guarded` are the addresses of services behind a proxy, as the operator has written them into the rules.
    `NotFoundError` for a name that nobody has: what is meant for nobody might be taken by anybody later.
    """
    with act(services, caller, "session.open", caller.account) as doing:
        software = _whose(doing.tx, audience, doing.now)
        if software is None and audience not in guarded:
            raise NotFoundError("service", audience)
        parent = stored.session_by_token(doing.tx.connection, caller.session or "")
        if parent is None or not parent.is_open(doing.now):
            raise RefusedError(Refusal.NOT_AUTHENTICATED, "sign in first")
        token = passwords.new_secret()
        session = stored.Session(
            token_sha256=passwords.digest(token),
            register=parent.register,
            account=parent.account,
            person=parent.person,
            created_at=doing.now,
            expires_at=parent.expires_at,
            used_at=doing.now,
            idle=parent.idle,
            audience=audience,
            parent=parent.token_sha256,
        )
        stored.open_session(doing.tx.connection, session)
        doing.tx.happened("session.open", caller.account, audience=audience)
        doing.tx.touches()
        name = None if software is None else software.name
        return ServiceSession(token, audience, name, session.ends_at, session.expires_at)


def _whose(facts: Facts, audience: str, now: datetime) -> Software | None:
    """The software that is let in under that name today."""
    by_id = facts.get(Client, audience)
    for client in [by_id] if by_id is not None else facts.find(Client, serves=audience):
        software = facts.get(Software, client.software)
        if audience not in client.names() or not client.is_enabled(now) or software is None:
            continue
        if now in software.interval:
            return software
    return None
