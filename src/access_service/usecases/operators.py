"""Operators with a credential of their own: what two of them do, nobody who runs the machine does alone (A1)."""

from dataclasses import dataclass

from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.names import RegisterId, UnitId
from access_service.domain.operators import check_new_operator, check_operator_name
from access_service.domain.reasons import Refusal
from access_service.domain.waiting import WaitingAct, WaitingKind
from access_service.signing import passwords
from access_service.storage.operators import keep_operator, operators_of
from access_service.usecases.services import Act, Services, operate
from access_service.usecases.waiting import leaders_of, prepare


@dataclass(frozen=True, slots=True)
class OperatorKey:
    """Who an operator says they are, and the secret that shows it."""

    name: str
    secret: str


@dataclass(frozen=True, slots=True)
class OperatorAdded:
    """A new operator's secret, shown once; it opens nothing while `waiting` waits for one of the leadership."""

    name: str
    secret: str
    waiting: WaitingAct | None


def root_of(services: Services, register: RegisterId) -> UnitId:
    """The unit at the top of a register. `NotFoundError` for an unknown one."""
    root = next((row["root"] for row in services.db.registers() if row["id"] == register), None)
    if root is None:
        raise NotFoundError("register", register)
    return UnitId(root)


def check_operator(doing: Act, key: OperatorKey) -> str:
    """The operator's name, where the secret is theirs."""
    known = operators_of(doing.tx.connection, doing.tx.register).get(key.name)
    if known is None or not passwords.is_same(known, passwords.digest(key.secret)):
        raise RefusedError(Refusal.CREDENTIALS_WRONG, "no operator of that name with that secret")
    return key.name


def add_operator(
    services: Services, register: RegisterId, name: str, by: OperatorKey | None = None
) -> OperatorAdded:
    """A named operator with a secret of their own.

    The first one is free, the next is let in by one who is known; without that it waits for the root's leadership.
    """
    root = root_of(services, register)
    check_operator_name(name)
    secret = passwords.new_secret()
    sha256 = passwords.digest(secret)
    with operate(services, register) as doing:
        known = operators_of(doing.tx.connection, register)
        check_new_operator(name, known)
        if known and by is None:
            body = {"name": name, "secret_sha256": sha256}
            kind = WaitingKind.ADD_OPERATOR
            return OperatorAdded(
                name, secret, prepare(doing, kind, target=name, unit=root, office=root, body=body, operator=name)
            )
        if by is not None:
            check_operator(doing, by)
        enter(doing, root, name, sha256, None if by is None else by.name)
        return OperatorAdded(name, secret, None)


def enter(doing: Act, root: UnitId, name: str, sha256: str, by: str | None) -> None:
    """Keep an operator; every leader at the root is told."""
    check_new_operator(name, operators_of(doing.tx.connection, doing.tx.register))
    keep_operator(doing.tx.connection, doing.tx.register, name, sha256, doing.now)
    doing.tx.happened("operator.add", name, by=by or "operator", told=leaders_of(doing, root))
    doing.tx.touches()
