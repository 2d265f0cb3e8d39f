"""Codes, refresh tokens, and what people were told of a service: rows that are not facts, secrets as SHA-256."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from access_service.domain.names import AccountId, PersonId, RegisterId
from access_service.domain.service_sign_in import ServiceSignIn
from access_service.storage.codec import utc
from access_service.storage.tables import table
from access_service.storage.tables_accounts import ServiceSignInRow, ToldServiceRow

_handed_on = table(ServiceSignInRow)
_told = table(ToldServiceRow)


def keep_sign_in(connection: Connection, found: ServiceSignIn, now: datetime) -> None:
    """Store one that begins, and drop those of the account that are over."""
    columns = _handed_on.c
    over = (columns.register_id == found.register) & (columns.account == found.account)
    connection.execute(delete(_handed_on).where(over, columns.expires_at <= now))
    connection.execute(
        insert(_handed_on).values(
            id=found.id,
            register_id=found.register,
            account=found.account,
            person=found.person,
            audience=found.audience,
            redirect_uri=found.redirect_uri,
            scope=" ".join(sorted(found.scope)),
            resources=json.dumps(found.resources),
            nonce=found.nonce,
            challenge=found.challenge,
            code_sha256=found.code_sha256,
            code_until=found.code_until,
            parent=found.parent,
            signed_in_at=found.signed_in_at,
            methods=found.methods,
            expires_at=found.expires_at,
        )
    )


def sign_in_by_code(connection: Connection, code_sha256: str) -> ServiceSignIn | None:
    """The one that a code began, redeemed or not."""
    return _first(connection, _handed_on.c.code_sha256 == code_sha256)


def sign_in_by_id(connection: Connection, id_: str) -> ServiceSignIn | None:
    """The one of that id."""
    return _first(connection, _handed_on.c.id == id_)


def sign_in_by_session(connection: Connection, session_sha256: str) -> ServiceSignIn | None:
    """The one for which a service got that session."""
    return _first(connection, _handed_on.c.session_sha256 == session_sha256)


def _first(connection: Connection, where: ColumnElement[bool]) -> ServiceSignIn | None:
    row = connection.execute(select(_handed_on).where(where)).mappings().first()
    if row is None:
        return None
    plain: dict[str, Any] = dict(row)
    for name in ("code_until", "signed_in_at", "expires_at", "redeemed_at"):
        plain[name] = None if plain[name] is None else utc(plain[name])
    return ServiceSignIn(
        register=RegisterId(plain.pop("register_id")),
        account=AccountId(plain.pop("account")),
        person=PersonId(plain.pop("person")),
        scope=frozenset(plain.pop("scope").split()),
        resources=tuple(json.loads(plain.pop("resources"))),
        **plain,
    )


def claim_code(connection: Connection, id_: str, now: datetime) -> bool:
    """Use the code up: true for the first who does, on all nodes together."""
    columns = _handed_on.c
    done = connection.execute(
        update(_handed_on).where(columns.id == id_, columns.redeemed_at.is_(None)).values(redeemed_at=now)
    )
    return done.rowcount == 1


def join_session(
    connection: Connection, id_: str, session_sha256: str, refresh_sha256: str | None, now: datetime
) -> bool:
    """Say what the code was redeemed for; False where it came again meanwhile (`spoil_sign_in`)."""
    columns = _handed_on.c
    values = {"session_sha256": session_sha256, "refresh_sha256": refresh_sha256}
    done = connection.execute(
        update(_handed_on).where(columns.id == id_, columns.expires_at > now).values(**values)
    )
    return done.rowcount == 1


def spoil_sign_in(connection: Connection, id_: str, now: datetime) -> str | None:
    """It comes to nothing any more, also where it is being redeemed now. The session that it has, if it has one."""
    columns = _handed_on.c
    values = {"expires_at": now, "refresh_sha256": None}
    connection.execute(update(_handed_on).where(columns.id == id_, columns.expires_at > now).values(**values))
    return connection.execute(select(columns.session_sha256).where(columns.id == id_)).scalar()


def turn_refresh(connection: Connection, id_: str, before: str, after: str) -> bool:
    """Put the next refresh token in place of the one before: true for the first who does, on all nodes together."""
    columns = _handed_on.c
    done = connection.execute(
        update(_handed_on).where(columns.id == id_, columns.refresh_sha256 == before).values(refresh_sha256=after)
    )
    return done.rowcount == 1


def told_scope(connection: Connection, register: RegisterId, account: AccountId, audience: str) -> frozenset[str]:
    """What the person was told that a service learns; empty where they were told nothing."""
    columns = _told.c
    where = (columns.register_id == register, columns.account == account, columns.audience == audience)
    found = connection.execute(select(columns.scope).where(*where)).scalar()
    return frozenset((found or "").split())


def keep_told(
    connection: Connection,
    register: RegisterId,
    account: AccountId,
    audience: str,
    scope: frozenset[str],
    now: datetime,
) -> None:
    """Remember what the person was told, together with what they were told before."""
    columns = _told.c
    where = (columns.register_id == register, columns.account == account, columns.audience == audience)
    both = {"scope": " ".join(sorted(scope | told_scope(connection, register, account, audience))), "told_at": now}
    if connection.execute(update(_told).where(*where).values(**both)).rowcount:
        return
    try:
        with connection.begin_nested():
            connection.execute(
                insert(_told).values(register_id=register, account=account, audience=audience, **both)
            )
    except IntegrityError:
        # Somebody was told the same in another window meanwhile.
        connection.execute(update(_told).where(*where).values(**both))
