"""What sign-in asks for: the rules of security level 3 (TCVN 14423:2026, 5.5.2.2 and 5.6) as limits of the pack.

How long a session lasts, when an account is locked or asleep, what a password must be, who needs a second factor.
"""

import unicodedata
from collections.abc import Collection, Sequence, Sized
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from access_service.domain import words
from access_service.domain.common_passwords import check_not_common
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.names import AccountId, AccountKind, RegisterId
from access_service.domain.policy import Pack
from access_service.domain.reasons import Refusal

MANDATORY, OPTIONAL = "mandatory", "optional"
DEFAULTS: dict[str, int | str] = {
    "session_hours": 12,
    "admin_session_minutes": 5,
    "admin_session_hours": 1,
    "admin_second_factor": MANDATORY,
    "signer_second_factor": MANDATORY,
    "inactive_days": 45,
    "password_length": 14,
    "password_classes": 4,
    "password_length_with_factor": 8,
    "admin_password_days": 60,
    "admin_password_history": 10,
    "recovery_wait_hours": 24,
}
"""Limits that packs put in force earlier do not write: for them these hold."""
WITHOUT_PACK: dict[str, int | str] = {
    **DEFAULTS,
    "session_minutes": 15,
    "failed_logins": 5,
    "lockout_minutes": 720,
}
"""What holds while no pack is in force for the account's unit."""
LONGEST_PASSWORD = 256
MOST_FACTORS = 8
"""Second factors of one account."""
DUE_MINUTES = 15
"""Longest life of a session that may only set a password or a second factor."""


class FactorKind(StrEnum):
    """What is shown beside the password."""

    PASSKEY = "passkey"
    """A key of the holder's device (W3C Web Authentication Level 2)."""
    TOTP = "totp"
    """A code of six digits by the clock (RFC 6238)."""


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """What an account shows beside its password."""

    register: RegisterId
    id: str
    account: AccountId
    kind: FactorKind
    secret: str
    """TOTP: the secret, closed with the key of `signing.vault`. Passkey: its public key, base64url."""
    credential: str | None
    """A passkey's id, base64url."""
    counter: int
    """The last step of a code that was accepted, or the passkey's signature counter."""
    created_at: datetime
    confirmed_at: datetime | None = None
    """When the holder showed that it works; before, it counts for nothing."""


class Due(StrEnum):
    """What a session has to do first; until then it opens nothing else."""

    PASSWORD = "password"  # noqa: S105 a word of the interface
    SECOND_FACTOR = "second_factor"
    HAND_BACK = "hand_back"
    """The last duty is over: return minutes are prepared and signed, and nothing else (rule 12)."""


DUE_TEXT = {
    Due.PASSWORD: (Refusal.PASSWORD_DUE, "set a new password first: `POST /v1/me/password`"),
    Due.HAND_BACK: (Refusal.HAND_BACK_DUE, "the last duty is over; `POST /v1/returns` is what is left to do"),
    Due.SECOND_FACTOR: (Refusal.SECOND_FACTOR_DUE, "set a second factor first: `POST /v1/me/second-factors/totp`"),
}


def check_due(due: Due | None) -> None:
    """What has to be done first is done first."""
    if due is not None:
        code, says = DUE_TEXT[due]
        raise RefusedError(code, says)


def check_has_factor(factors: Sized) -> None:
    """(A3, A8) Who signs for an office, or is asked about an account, shows more than a password."""
    check_due(None if factors else Due.SECOND_FACTOR)


def check_room(held: Sized) -> None:
    """An account keeps some second factors and not too many."""
    if len(held) >= MOST_FACTORS:
        raise RefusedError(Refusal.DUPLICATE, f"an account has at most {MOST_FACTORS} second factors")


def check_new_passkey(*, is_known: bool) -> None:
    """A passkey is one account's."""
    if is_known:
        raise RefusedError(Refusal.DUPLICATE, "an account has that passkey")


def is_meant(audience: str | None, meant_for: Collection[str]) -> bool:
    """(A9) Is a session good here? One that was opened by signing in is for this service's own acts only.

    `audience` is the session's, `meant_for` the names of the service that was handed it; empty: this one itself.
    """
    return audience in meant_for if meant_for else audience is None


@dataclass(frozen=True, slots=True)
class SignInRules:
    """The limits as they stand for one account."""

    idle: timedelta
    """A session ends when it was not used for this long."""
    absolute: timedelta
    """A session ends this long after sign-in, used or not."""
    failed_logins: int
    """So many wrong ones in a row lock the account."""
    lockout: timedelta
    inactive: timedelta
    """Without a sign-in for this long, the account opens only after recovery by the manager above."""
    needs_factor: bool
    """Does sign-in without a second factor only serve to set one?"""
    length: int
    """Fewest characters of a password that stands alone."""
    classes: int
    """Fewest classes of characters in it: capitals, small letters, digits, others."""
    length_with_factor: int
    """Fewest characters of a password beside a second factor."""
    password_life: timedelta | None
    """After this long a new password is due; None: never."""
    history: int
    """So many of the last passwords are not taken again."""


def rules_for(kind: AccountKind, pack: Pack | None, *, signs: bool = False) -> SignInRules:
    """The rules for a kind of account under the pack in force for its unit."""

    def number(limit: str) -> int:
        return int(WITHOUT_PACK[limit]) if pack is None else pack.number(limit)

    is_admin = kind is AccountKind.ADMIN
    # (A8) `signs`: the holder belongs to a leadership whose pack asks a second factor of whoever signs as giver.
    second = str(WITHOUT_PACK["admin_second_factor"]) if pack is None else pack.choice("admin_second_factor")
    return SignInRules(
        idle=timedelta(minutes=number("admin_session_minutes" if is_admin else "session_minutes")),
        absolute=timedelta(hours=number("admin_session_hours" if is_admin else "session_hours")),
        failed_logins=number("failed_logins"),
        lockout=timedelta(minutes=number("lockout_minutes")),
        inactive=timedelta(days=number("inactive_days")),
        needs_factor=signs or (is_admin and second == MANDATORY),
        length=number("password_length"),
        classes=number("password_classes"),
        length_with_factor=number("password_length_with_factor"),
        password_life=timedelta(days=number("admin_password_days")) if is_admin else None,
        history=number("admin_password_history") if is_admin else 0,
    )


def wait_hours(pack: Pack) -> int:
    """How long a recovery waits that no second person confirmed."""
    return pack.number("recovery_wait_hours")


def normalise_password(password: str) -> str:
    """The password in NFKC: Vietnamese keyboards compose differently. `InvalidError` if it is far too long."""
    return words.normalise_text(password, 4 * LONGEST_PASSWORD, "NFKC")


def classes_of(password: str) -> int:
    """How many of the four classes occur: capital letters, small letters, digits, everything else."""
    found = {unicodedata.category(character) for character in normalise_password(password)}
    # Marks and letters of scripts without capitals are no class of their own: they would make a word look mixed.
    others = {category for category in found if category[0] not in "LM" and category != "Nd"}
    return sum((bool(found & {"Lu", "Lt"}), "Ll" in found, "Nd" in found, bool(others)))


def check_password(password: str, rules: SignInRules, *, has_factor: bool) -> None:
    """Raise `InvalidError` for a password weaker than the rules ask; `has_factor`: one is set, or must be."""
    length = len(normalise_password(password))
    if has_factor:
        if length < rules.length_with_factor:
            raise InvalidError(
                f"a password beside a second factor has at least {rules.length_with_factor} characters"
            )
    elif length < rules.length or classes_of(password) < rules.classes:
        raise InvalidError(
            f"a password without a second factor has at least {rules.length} characters of {rules.classes} classes "
            "among capital letters, small letters, digits and others"
        )


def is_asleep(seen_at: datetime | None, rules: SignInRules, now: datetime) -> bool:
    """Has nobody signed in to the account for too long? An account without a known sign-in counts as asleep."""
    return seen_at is None or now >= seen_at + rules.inactive


def is_overdue(password_set_at: datetime | None, rules: SignInRules, now: datetime) -> bool:
    """Must the password be changed because of its age?"""
    if rules.password_life is None:
        return False
    return password_set_at is None or now >= password_set_at + rules.password_life


def due_at_sign_in(
    password: str,
    password_set_at: datetime | None,
    rules: SignInRules,
    factors: Sequence[FactorKind],
    now: datetime,
    about: Sequence[str] = (),
) -> Due | None:
    """What a session opened with this password must do first: the password before the factor.

    A password that was set under weaker rules, or whose second factor is gone, is found out here: only now is it
    known. So is one that is among the first that are tried (A11); `about`: the names at hand.
    """
    try:
        check_password(password, rules, has_factor=bool(factors) or rules.needs_factor)
        check_not_common(password, about)
    except InvalidError:
        return Due.PASSWORD
    if is_overdue(password_set_at, rules, now):
        return Due.PASSWORD
    return due_factor(rules, factors)


def check_keeps_factor(rules: SignInRules, held: Sized) -> None:
    """The last second factor stays where one is mandatory."""
    if rules.needs_factor and len(held) == 1:
        raise RefusedError(Refusal.FORBIDDEN, "this account keeps a second factor; set another one first")


def due_factor(rules: SignInRules, factors: Sequence[FactorKind]) -> Due | None:
    """Must a second factor be set first?"""
    return Due.SECOND_FACTOR if rules.needs_factor and not factors else None
