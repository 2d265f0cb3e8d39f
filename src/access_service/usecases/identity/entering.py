"""From a one-time code to an open session: whose code it is, the first password, and signing in with it."""

from dataclasses import dataclass

from access_service.domain.accounts import Account
from access_service.domain.errors import RefusedError
from access_service.domain.names import AccountId, RegisterId
from access_service.domain.reasons import Refusal
from access_service.domain.recovery import Recovery, check_opens
from access_service.signing import passwords
from access_service.storage import accounts as stored
from access_service.storage.facts import Reader
from access_service.storage.recoveries import place_of_code
from access_service.usecases.identity.accounts import CODE_WRONG, SignedIn, activate
from access_service.usecases.identity.sign_in import sign_in
from access_service.usecases.services import Services


@dataclass(frozen=True, slots=True)
class Invited:
    """Whose account a code opens; its holder reads the name with which they will sign in."""

    register: RegisterId
    account: AccountId
    username: str


@dataclass(frozen=True, slots=True)
class EnteredAccount:
    """An account that was opened; in the session that began, unless something more than a password is asked for."""

    account: AccountId
    signed_in: SignedIn | None


def find_invited(services: Services, code: str) -> Invited:
    """Whose code that is, while it opens; it stays good until a password is set. `credentials_wrong` else."""
    wrong = RefusedError(Refusal.CREDENTIALS_WRONG, CODE_WRONG)
    sha256 = passwords.digest(code)
    with services.db.connect() as connection:
        credential = stored.credential_by_activation(connection, sha256)
        place = place_of_code(connection, sha256) if credential is None else None
        if place is not None:
            reader = Reader(connection, place[0])
            recovery = reader.require(Recovery, place[1])
            check_opens(recovery, services.db.now_in(connection, place[0]), CODE_WRONG)
            account = reader.require(Account, recovery.account)
            return Invited(place[0], account.id, account.username)
    now = services.db.now()
    if credential is None or credential.activation_until is None or now >= credential.activation_until:
        raise wrong
    return Invited(credential.register, credential.account, credential.username)


def activate_and_enter(
    services: Services, code: str, password: str, source: str | None = None, audience: str | None = None
) -> EnteredAccount:
    """Set the password, then sign in with it by the rules of every sign-in.

    Where a second factor is asked for, or the account may not enter yet, it is opened and no session begins.
    """
    invited = find_invited(services, code)
    account = activate(services, code, password)
    try:
        signed = sign_in(services, invited.register, invited.username, password, None, source, audience)
    except RefusedError:
        signed = None
    return EnteredAccount(account, signed)
