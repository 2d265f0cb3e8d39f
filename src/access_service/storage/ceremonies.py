"""Ceremonies: what was put before a signer, until it is answered once or its time is over."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from access_service.domain.names import AccountId, RegisterId
from access_service.storage.codec import utc
from access_service.storage.tables import table
from access_service.storage.tables_pages import CeremonyRow

_ceremonies = table(CeremonyRow)


@dataclass(frozen=True, slots=True)
class OpenCeremony:
    """What one session was asked to sign."""

    id: str
    statements: str
    """JSON list, in the order of the tree."""
    challenge: str
    """What a passkey is asked to sign, base64url."""
    expires_at: datetime


def open_ceremony(
    connection: Connection,
    register: RegisterId,
    account: AccountId,
    session: str,
    ceremony: OpenCeremony,
    now: datetime,
) -> None:
    """Keep it, and forget what the account was asked too long ago."""
    connection.execute(
        delete(_ceremonies).where(
            _ceremonies.c.register_id == register,
            _ceremonies.c.account == account,
            _ceremonies.c.expires_at <= now,
        )
    )
    connection.execute(
        insert(_ceremonies).values(
            register_id=register,
            id=ceremony.id,
            account=account,
            session=session,
            statements=ceremony.statements,
            challenge=ceremony.challenge,
            expires_at=ceremony.expires_at,
        )
    )


def look_up_ceremony(
    connection: Connection, register: RegisterId, account: AccountId, session: str, id_: str
) -> OpenCeremony | None:
    """What this session was asked under that id, which goes on waiting. None for anybody else's."""
    row = connection.execute(
        select(_ceremonies.c.statements, _ceremonies.c.challenge, _ceremonies.c.expires_at).where(
            _ceremonies.c.register_id == register,
            _ceremonies.c.id == id_,
            _ceremonies.c.account == account,
            _ceremonies.c.session == session,
        )
    ).first()
    return None if row is None else OpenCeremony(id_, row.statements, row.challenge, utc(row.expires_at))


def take_ceremony(
    connection: Connection, register: RegisterId, account: AccountId, session: str, id_: str
) -> OpenCeremony | None:
    """What this session was asked under that id, once: used up whatever the answer. None for anybody else's."""
    row = connection.execute(
        delete(_ceremonies)
        .where(
            _ceremonies.c.register_id == register,
            _ceremonies.c.id == id_,
            _ceremonies.c.account == account,
            _ceremonies.c.session == session,
        )
        .returning(_ceremonies.c.statements, _ceremonies.c.challenge, _ceremonies.c.expires_at)
    ).first()
    return None if row is None else OpenCeremony(id_, row.statements, row.challenge, utc(row.expires_at))
