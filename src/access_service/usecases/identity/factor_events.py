"""What the log says of second factors: a passkey by its id and its key's hash, as long as the log is kept.

What a passkey signed can then be checked by anybody, also when the account no longer has it: its public half is
kept for ever, and the log says from when to when it was the account's.
"""

from access_service.domain.names import AccountId
from access_service.domain.sign_in import FactorKind, SecondFactor
from access_service.signing.passkeys import Passkey
from access_service.storage.keys import PASSKEY_KEYS, StoredPublicKey, end_public_key, keep_public_key
from access_service.storage.second_factor import drop_factors, factors_of
from access_service.usecases.services import Act


def passkey_of(factor: SecondFactor) -> Passkey:
    """The public half of a factor that is a passkey."""
    return Passkey(factor.credential or "", factor.secret, factor.counter)


def log_added(doing: Act, factor: SecondFactor, unit: str = "") -> None:
    """It counts from now on; of a passkey the public half is kept."""
    doing.tx.happened("factor.add", factor.account, unit=unit, **_named(factor))
    if factor.kind is FactorKind.PASSKEY:
        key = passkey_of(factor)
        keep_public_key(doing.tx.connection, StoredPublicKey(key.key_sha256, PASSKEY_KEYS, key.key_hex, doing.now))


def log_removed(doing: Act, factor: SecondFactor, unit: str = "") -> None:
    """It counts no longer."""
    doing.tx.happened("factor.remove", factor.account, unit=unit, **_named(factor))
    if factor.kind is FactorKind.PASSKEY:
        end_public_key(doing.tx.connection, passkey_of(factor).key_sha256, doing.now)


def _named(factor: SecondFactor) -> dict[str, str]:
    said = {"factor": factor.id, "kind": str(factor.kind)}
    if factor.kind is FactorKind.PASSKEY:
        key = passkey_of(factor)
        said |= {"credential": key.credential, "key_sha256": key.key_sha256}
    return said


def forget_factors(doing: Act, account: AccountId, unit: str) -> int:
    """Every factor of an account goes, with what it was asked to sign; those that counted are named. How many."""
    tx = doing.tx
    held = factors_of(tx.connection, tx.register, account)
    for factor in held:
        if factor.confirmed_at is not None:
            log_removed(doing, factor, unit)
    drop_factors(tx.connection, tx.register, account)
    return len(held)
