"""Second factors and the challenges that passkeys sign: rows that are not facts and are overwritten."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from access_service.domain.names import AccountId, RegisterId
from access_service.domain.sign_in import FactorKind, SecondFactor
from access_service.storage.codec import utc
from access_service.storage.tables import ChallengeRow, SecondFactorRow, table

_factors = table(SecondFactorRow)
_challenges = table(ChallengeRow)
ANSWERED = "answered"
"""The purpose of a challenge that is kept so that nobody answers it again."""


def factors_of(connection: Connection, register: RegisterId, account: AccountId) -> list[SecondFactor]:
    """Every second factor of an account, confirmed or not, the oldest first."""
    rows = connection.execute(
        select(_factors)
        .where(_factors.c.register_id == register, _factors.c.account == account)
        .order_by(_factors.c.created_at, _factors.c.id)
    ).mappings()
    return [_factor(row) for row in rows]


def _factor(row: Any) -> SecondFactor:
    return SecondFactor(
        register=RegisterId(row["register_id"]),
        id=row["id"],
        account=AccountId(row["account"]),
        kind=FactorKind(row["kind"]),
        secret=row["secret"],
        credential=row["credential"],
        counter=row["counter"],
        created_at=utc(row["created_at"]),
        confirmed_at=None if row["confirmed_at"] is None else utc(row["confirmed_at"]),
    )


def count_factors(connection: Connection, register: RegisterId) -> dict[AccountId, int]:
    """How many things open each account that has a second factor, its password included."""
    found = (
        select(_factors.c.account, func.count())
        .where(_factors.c.register_id == register, _factors.c.confirmed_at.is_not(None))
        .group_by(_factors.c.account)
    )
    return {AccountId(account): 1 + int(count) for account, count in connection.execute(found)}


def accounts_with_factor(connection: Connection, register: RegisterId, by: datetime) -> frozenset[AccountId]:
    """The accounts that had a second factor which worked by then, and have it still."""
    statement = select(_factors.c.account).where(
        _factors.c.register_id == register, _factors.c.confirmed_at.is_not(None), _factors.c.confirmed_at <= by
    )
    return frozenset(AccountId(account) for (account,) in connection.execute(statement))


def is_known(connection: Connection, register: RegisterId, credential: str) -> bool:
    """Does an account of the register have this passkey?"""
    found = select(_factors.c.id).where(_factors.c.register_id == register, _factors.c.credential == credential)
    return connection.execute(found).first() is not None


def add_factor(connection: Connection, factor: SecondFactor) -> None:
    """Store a new second factor."""
    connection.execute(
        insert(_factors).values(
            register_id=factor.register,
            id=factor.id,
            account=factor.account,
            kind=factor.kind,
            secret=factor.secret,
            credential=factor.credential,
            counter=factor.counter,
            created_at=factor.created_at,
            confirmed_at=factor.confirmed_at,
        )
    )


def confirm_factor(connection: Connection, factor: SecondFactor, *, now: datetime, counter: int) -> None:
    """Write down that the factor works: from now on sign-in asks for it."""
    connection.execute(_of(factor).values(confirmed_at=now, counter=counter))


def count_use(connection: Connection, factor: SecondFactor, counter: int) -> None:
    """The step or the signature counter that was accepted last; under the register's lock."""
    connection.execute(_of(factor).values(counter=counter))


def _of(factor: SecondFactor) -> Any:
    return update(_factors).where(_factors.c.register_id == factor.register, _factors.c.id == factor.id)


def drop_factor(connection: Connection, factor: SecondFactor) -> None:
    """Remove a second factor."""
    connection.execute(
        delete(_factors).where(_factors.c.register_id == factor.register, _factors.c.id == factor.id)
    )


def drop_factors(connection: Connection, register: RegisterId, account: AccountId) -> int:
    """Remove every second factor of an account and its challenges. Returns how many factors there were."""
    owner = (register, account)
    connection.execute(
        delete(_challenges).where(_challenges.c.register_id == owner[0], _challenges.c.account == owner[1])
    )
    found = connection.execute(
        delete(_factors).where(_factors.c.register_id == owner[0], _factors.c.account == owner[1])
    )
    return int(found.rowcount)


def factor_by_credential(connection: Connection, register: RegisterId, credential: str) -> SecondFactor | None:
    """The passkey with that id, if it counts."""
    found = select(_factors).where(
        _factors.c.register_id == register,
        _factors.c.credential == credential,
        _factors.c.confirmed_at.is_not(None),
    )
    row = connection.execute(found).mappings().first()
    return None if row is None else _factor(row)


def answer_door(
    connection: Connection, register: RegisterId, account: AccountId, challenge: str, now: datetime, until: datetime
) -> bool:
    """Take down a challenge that was made for nobody and is answered now; False where it was answered before."""
    if connection.execute(select(_challenges.c.challenge).where(_challenges.c.challenge == challenge)).first():
        return False
    add_challenge(connection, register, account, ANSWERED, challenge=challenge, now=now, expires_at=until)
    return True


def add_challenge(
    connection: Connection,
    register: RegisterId,
    account: AccountId,
    purpose: str,
    *,
    challenge: str,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Remember what a passkey is asked to sign, and forget what the account was asked too long ago."""
    connection.execute(
        delete(_challenges).where(
            _challenges.c.register_id == register,
            _challenges.c.account == account,
            _challenges.c.expires_at <= now,
        )
    )
    connection.execute(
        insert(_challenges).values(
            challenge=challenge,
            register_id=register,
            account=account,
            purpose=purpose,
            expires_at=expires_at,
        )
    )


def take_challenge(
    connection: Connection, register: RegisterId, account: AccountId, purpose: str, *, challenge: str, now: datetime
) -> bool:
    """Was this challenge given to this account for this purpose, lately? It is used up whatever the answer."""
    row = connection.execute(
        delete(_challenges)
        .where(
            _challenges.c.challenge == challenge,
            _challenges.c.register_id == register,
            _challenges.c.account == account,
            _challenges.c.purpose == purpose,
        )
        .returning(_challenges.c.expires_at)
    ).first()
    return row is not None and now < utc(row.expires_at)


def describe_secret(register: RegisterId, account: AccountId, id_: str) -> str:
    """What a secret belongs to, as it is closed with it."""
    return f"{register}/{account}/{id_}"


def newest_closed(connection: Connection) -> SecondFactor | None:
    """The one-time code that was set last, of all registers."""
    row = connection.execute(_closed().order_by(_factors.c.created_at.desc()).limit(1)).mappings().first()
    return None if row is None else _factor(row)


def recloses(connection: Connection, closed_anew: Callable[[str, str], str]) -> int:
    """Replace every secret by the same one closed with the new key. Returns how many there were."""
    found = [_factor(row) for row in connection.execute(_closed()).mappings()]
    for factor in found:
        secret = closed_anew(factor.secret, describe_secret(factor.register, factor.account, factor.id))
        connection.execute(_of(factor).values(secret=secret))
    return len(found)


def _closed() -> Any:
    return select(_factors).where(_factors.c.kind == FactorKind.TOTP)
