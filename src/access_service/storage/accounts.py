"""Credentials, the passwords before them, and sessions: rows that are not facts and are overwritten."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Dialect, RowMapping, bindparam, delete, insert, or_, select, update

from access_service.domain.lookalikes import fold, skeleton
from access_service.domain.names import AccountId, PersonId, RegisterId
from access_service.domain.sign_in import Due
from access_service.storage.bulk import ReadyRows, make_ready
from access_service.storage.codec import utc
from access_service.storage.tables import CredentialRow, PasswordHistoryRow, SessionRow, table
from access_service.storage.tables_accounts import KnownSourceRow

_credentials = table(CredentialRow)
_history = table(PasswordHistoryRow)
_sessions = table(SessionRow)
_sources = table(KnownSourceRow)
_CHUNK = 500
"""Values in one `IN (…)`."""


@dataclass(frozen=True, slots=True)
class Credential:
    """How an account signs in."""

    register: RegisterId
    account: AccountId
    username: str
    password: str | None
    """Argon2id hash; None until the first password is set."""
    activation_sha256: str | None = None
    activation_until: datetime | None = None
    failed: int = 0
    """Wrong ones in a row: passwords, and second factors after a right password."""
    locked_until: datetime | None = None
    password_set_at: datetime | None = None
    seen_at: datetime | None = None
    """When it last signed in, got its password, or was unlocked: inactivity counts from here."""

    def is_locked(self, now: datetime) -> bool:
        """Is the account locked after too many wrong passwords?"""
        return self.locked_until is not None and now < self.locked_until


@dataclass(frozen=True, slots=True)
class Session:
    """A bearer session, by the hash of its token."""

    token_sha256: str
    register: RegisterId
    account: AccountId
    person: PersonId
    created_at: datetime
    expires_at: datetime
    """When it ends however much it is used."""
    used_at: datetime
    idle: timedelta
    """It ends when it was not used for this long."""
    due: Due | None = None
    """What it serves to do first; until then it opens nothing else."""
    audience: str | None = None
    """The one service that it is good for; None: for signing in here, and for nothing else."""
    parent: str | None = None
    """The session in which its holder opened it for that service: both end together."""
    methods: str | None = None
    """By what its holder proved who they are: `password`, `password+totp`, `passkey`; None where nobody knows."""

    @property
    def ends_at(self) -> datetime:
        """When it ends unless it is used again."""
        return min(self.expires_at, self.used_at + self.idle)

    def is_open(self, now: datetime) -> bool:
        """Does the session still hold?"""
        return self.created_at <= now < self.ends_at


def _credential(connection: Connection, *conditions: object) -> Credential | None:
    return next(iter(_credentials_where(connection, *conditions)), None)


def _credentials_where(connection: Connection, *conditions: object) -> list[Credential]:
    rows = connection.execute(select(_credentials).where(*conditions)).mappings()  # type: ignore[arg-type]
    return [_as_credential(row) for row in rows]


def _as_credential(row: RowMapping) -> Credential:
    instants = {
        name: None if row[name] is None else utc(row[name])
        for name in ("activation_until", "locked_until", "password_set_at", "seen_at")
    }
    return Credential(
        register=RegisterId(row["register_id"]),
        account=AccountId(row["account"]),
        username=row["username"],
        password=row["password"],
        activation_sha256=row["activation_sha256"],
        failed=row["failed"],
        **instants,
    )


def credential_by_username(connection: Connection, register: RegisterId, username: str) -> Credential | None:
    """The credential that a username means: compared folded, so that capitals and width make no difference.

    Where names that were given before fold alike, each means its own only as it was given, letter by letter.
    """
    columns = _credentials.c
    found = _credentials_where(connection, columns.register_id == register, columns.folded == fold(username))
    if len(found) > 1:
        found = [credential for credential in found if credential.username == username]
    return next(iter(found), None)


def usernames_like(connection: Connection, register: RegisterId, names: Iterable[str]) -> list[str]:
    """Usernames of the register that look like one of these."""
    columns, wanted = _credentials.c, sorted({skeleton(name) for name in names})
    found: list[str] = []
    for start in range(0, len(wanted), _CHUNK):
        here = columns.skeleton.in_(wanted[start : start + _CHUNK])
        found += connection.execute(select(columns.username).where(columns.register_id == register, here)).scalars()
    return found


def credential_by_activation(connection: Connection, sha256: str) -> Credential | None:
    """The credential an activation code opens."""
    return _credential(connection, _credentials.c.activation_sha256 == sha256)


def credential_of(connection: Connection, register: RegisterId, account: AccountId) -> Credential | None:
    """The credential of an account."""
    return _credential(connection, _credentials.c.register_id == register, _credentials.c.account == account)


def still_opens(connection: Connection, checked: Credential, now: datetime) -> bool:
    """Is the credential the one whose password was checked, and not locked since?"""
    fresh = credential_of(connection, checked.register, checked.account)
    if fresh is None or fresh.password != checked.password:
        return False
    return not fresh.is_locked(now)


def still_opens_at(now: datetime) -> Callable[[Connection, Credential], bool]:
    """`still_opens` at an instant."""
    return lambda connection, checked: still_opens(connection, checked, now)


def is_same_password(connection: Connection, checked: Credential) -> bool:
    """Is the credential still the one whose password was checked, locked or not?"""
    fresh = credential_of(connection, checked.register, checked.account)
    return fresh is not None and fresh.password == checked.password


def is_known_source(connection: Connection, register: RegisterId, account: AccountId, source: str) -> bool:
    """Did somebody sign in to that account from there?"""
    columns = _sources.c
    return (
        connection.execute(
            select(columns.source).where(
                columns.register_id == register, columns.account == account, columns.source == source
            )
        ).first()
        is not None
    )


def know_source(
    connection: Connection, register: RegisterId, account: AccountId, source: str, now: datetime
) -> None:
    """Remember that somebody signed in to the account from that source."""
    forget_source(connection, register, account, source)
    connection.execute(insert(_sources).values(register_id=register, account=account, source=source, seen_at=now))


def forget_source(connection: Connection, register: RegisterId, account: AccountId, source: str) -> None:
    """Forget a source from which a wrong password came while the account was locked."""
    columns = _sources.c
    connection.execute(
        delete(_sources).where(
            columns.register_id == register, columns.account == account, columns.source == source
        )
    )


def save_credential(connection: Connection, credential: Credential) -> None:
    """Replace what the account signs in with."""
    connection.execute(
        delete(_credentials).where(
            _credentials.c.register_id == credential.register, _credentials.c.account == credential.account
        )
    )
    connection.execute(insert(_credentials), [_credential_row(credential)])


def _credential_row(c: Credential) -> dict[str, Any]:
    return {
        "register_id": c.register,
        "account": c.account,
        "username": c.username,
        "folded": fold(c.username),
        "skeleton": skeleton(c.username),
        "password": c.password,
        "activation_sha256": c.activation_sha256,
        "activation_until": c.activation_until,
        "failed": c.failed,
        "locked_until": c.locked_until,
        "password_set_at": c.password_set_at,
        "seen_at": c.seen_at,
    }


def ready_credentials(dialect: Dialect, credentials: Iterable[Credential], opens_for: timedelta) -> ReadyRows:
    """Credentials of new accounts, made ready; their codes open for so long from the instant they are stored."""
    return make_ready(dialect, _credentials, map(_credential_row, credentials), {"activation_until": opens_for})


def renew_codes(
    connection: Connection, register: RegisterId, codes: Iterable[tuple[AccountId, str, datetime]]
) -> None:
    """Another first code (its hash, and until when it opens) for accounts that have no password."""
    columns = _credentials.c
    statement = (
        update(_credentials)
        .where(columns.register_id == register, columns.account == bindparam("of"), columns.password.is_(None))
        .values(activation_sha256=bindparam("sha256"), activation_until=bindparam("until"))
    )
    rows = [{"of": account, "sha256": sha256, "until": until} for account, sha256, until in codes]
    if rows:
        connection.execute(statement, rows)


def count_failure(connection: Connection, credential: Credential, *, limit: int, locked_until: datetime) -> None:
    """Count one more wrong password; at the limit the account is locked until the instant given."""
    failed = credential.failed + 1
    is_locked = failed >= limit
    connection.execute(
        update(_credentials)
        .where(_credentials.c.register_id == credential.register, _credentials.c.account == credential.account)
        .values(
            failed=0 if is_locked else failed,
            locked_until=locked_until if is_locked else credential.locked_until,
        )
    )


def admit(
    connection: Connection,
    credential: Credential,
    *,
    now: datetime,
    password: str | None = None,
    unlocks: bool = True,
) -> None:
    """Everything was right: the count is wiped and the account is seen. `password` is the same one, hashed anew.

    Without `unlocks` a lock stays for everybody else: the holder came in from a source that is known.
    """
    renewed: dict[str, object] = {} if password is None else {"password": password}
    if unlocks:
        renewed["locked_until"] = None
    connection.execute(
        update(_credentials)
        .where(_credentials.c.register_id == credential.register, _credentials.c.account == credential.account)
        .values(failed=0, seen_at=now, **renewed)
    )


def last_passwords(connection: Connection, register: RegisterId, account: AccountId, most: int) -> list[str]:
    """Hashes of the account's last passwords, the newest first."""
    rows = connection.execute(
        select(_history.c.password)
        .where(_history.c.register_id == register, _history.c.account == account)
        .order_by(_history.c.revision.desc())
        .limit(most)
    )
    return [row.password for row in rows]


def remember_password(
    connection: Connection, register: RegisterId, account: AccountId, *, revision: int, password: str, most: int
) -> None:
    """Keep a password's hash among the last ones, and forget those beyond `most`."""
    of_account = (_history.c.register_id == register, _history.c.account == account)
    connection.execute(
        insert(_history).values(register_id=register, account=account, revision=revision, password=password)
    )
    kept = select(_history.c.revision).where(*of_account).order_by(_history.c.revision.desc()).limit(most)
    found = [row.revision for row in connection.execute(kept)]
    connection.execute(delete(_history).where(*of_account, _history.c.revision.not_in(found)))


def forget_passwords(connection: Connection, register: RegisterId, account: AccountId) -> None:
    """Forget the account's earlier passwords: somebody else operates it now, and they are not theirs to know."""
    connection.execute(delete(_history).where(_history.c.register_id == register, _history.c.account == account))


def open_session(connection: Connection, session: Session) -> None:
    """Store a new session, and drop those of the account that have expired."""
    connection.execute(
        delete(_sessions).where(
            _sessions.c.register_id == session.register,
            _sessions.c.account == session.account,
            _sessions.c.expires_at <= session.created_at,
        )
    )
    connection.execute(
        insert(_sessions).values(
            token_sha256=session.token_sha256,
            register_id=session.register,
            account=session.account,
            person=session.person,
            created_at=session.created_at,
            expires_at=session.expires_at,
            used_at=session.used_at,
            idle_s=int(session.idle.total_seconds()),
            due=session.due,
            audience=session.audience,
            parent=session.parent,
            methods=session.methods,
        )
    )


def session_by_token(connection: Connection, token_sha256: str) -> Session | None:
    """The session of a token's hash, expired or not."""
    row = connection.execute(select(_sessions).where(_sessions.c.token_sha256 == token_sha256)).mappings().first()
    return None if row is None else _as_session(row)


def sessions_of(connection: Connection, register: RegisterId, account: AccountId) -> list[Session]:
    """Every session of an account, expired or not."""
    here = select(_sessions).where(_sessions.c.register_id == register, _sessions.c.account == account)
    return [_as_session(row) for row in connection.execute(here).mappings()]


def _as_session(row: RowMapping) -> Session:
    return Session(
        token_sha256=row["token_sha256"],
        register=RegisterId(row["register_id"]),
        account=AccountId(row["account"]),
        person=PersonId(row["person"]),
        created_at=utc(row["created_at"]),
        expires_at=utc(row["expires_at"]),
        used_at=utc(row["used_at"]),
        idle=timedelta(seconds=row["idle_s"]),
        due=None if row["due"] is None else Due(row["due"]),
        audience=row["audience"],
        parent=row["parent"],
        methods=row["methods"],
    )


def mark_used(connection: Connection, token_sha256: str, now: datetime) -> None:
    """Write down that the session was used now."""
    connection.execute(
        update(_sessions)
        .where(_sessions.c.token_sha256 == token_sha256, _sessions.c.used_at < now)
        .values(used_at=now)
    )


def end_session(connection: Connection, token_sha256: str) -> None:
    """Sign out; what was opened for services in that session ends with it."""
    connection.execute(
        delete(_sessions).where(or_(_sessions.c.token_sha256 == token_sha256, _sessions.c.parent == token_sha256))
    )


def end_sessions_of(connection: Connection, register: RegisterId, account: AccountId) -> None:
    """End every session of an account: suspension, change of custody, recovery."""
    connection.execute(delete(_sessions).where(_sessions.c.register_id == register, _sessions.c.account == account))


def count_sessions(connection: Connection, register: RegisterId, accounts: Collection[str], now: datetime) -> int:
    """How many sessions of these accounts are open at an instant."""
    wanted, found = sorted(accounts), 0
    for start in range(0, len(wanted), _CHUNK):
        here = _sessions.c.account.in_(wanted[start : start + _CHUNK])
        rows = connection.execute(select(_sessions).where(_sessions.c.register_id == register, here)).mappings()
        found += sum(1 for row in rows if _as_session(row).is_open(now))
    return found
