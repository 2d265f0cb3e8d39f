"""Ceremonies: statements put before a signer, and their answer: one touch of a passkey, or the password.

What will be confirmed is shown before it is signed, word for word, and is compared again when it is: whoever signs
with a passkey signs exactly these statements, and the service cannot put others in their place (evidence 3.2).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from access_service.domain import turns
from access_service.domain.acting import check_personal
from access_service.domain.documents import Signature
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.names import Capacity, DocumentId
from access_service.domain.powers import Power, ends, power, powerless, yields
from access_service.domain.reasons import Refusal
from access_service.domain.sign_in import FactorKind, SecondFactor
from access_service.domain.statements import CEREMONY, SigningWay, check_ceremony, check_same_statement
from access_service.signing import assertions, passkeys
from access_service.signing.assertions import AssertionFault, AssertionRead, BadAssertionError
from access_service.signing.canonical import canonical
from access_service.signing.documents import statement
from access_service.storage import accounts as stored_accounts
from access_service.storage import second_factor as stored_factors
from access_service.storage.ceremonies import OpenCeremony, open_ceremony, take_ceremony
from access_service.usecases.handover.signatures import (
    BatchAnswer,
    Presented,
    Signed,
    add_signature,
    describe_how,
    find_turn,
    make_signature,
    new_nonce,
    show_password,
    sign_each,
)
from access_service.usecases.identity.accounts import count_failure, factors_in
from access_service.usecases.identity.factor_events import passkey_of
from access_service.usecases.services import Act, Caller, ReadView, Services, look, refusing

_ACT = "document.sign"


@dataclass(frozen=True, slots=True)
class AskedToSign:
    """What was put before the signer."""

    ceremony: str
    expires_at: datetime
    way: SigningWay
    statements: tuple[dict[str, Any], ...]
    """Exactly what the service will confirm, in the order of the documents."""
    public_key: dict[str, Any] | None
    """PublicKeyCredentialRequestOptionsJSON for the browser; None where the password is asked for."""
    refused: tuple[tuple[DocumentId, RefusedError], ...]
    """Documents that were left out, each with why."""


@dataclass(frozen=True, slots=True)
class PasskeysHere:
    """Whether the account has a passkey that can sign here, and whether it could have one at all."""

    has_one: bool
    can_have_one: bool


@powerless("it asks; the answer signs")
def ask_to_sign(
    services: Services,
    caller: Caller,
    presented: Sequence[Presented],
    *,
    way: SigningWay | None = None,
    credential: str | None = None,
) -> AskedToSign:
    """Put statements before the signer. Left out, the way is the passkey where the account has one.

    A document that cannot be signed is left out with its reason; where none is left, the first reason is raised.
    """
    with refusing(services, caller, _ACT, presented[0].document if presented else ""):
        turns.check_batch(caller, presented)
        with look(services, caller) as view:
            key = _chosen(services, view, way, credential)
            way = SigningWay.PASSKEY if key is not None else way or SigningWay.PASSWORD
            said, refused = _statements(view, presented, way, None if key is None else key.credential)
            now = view.now
        if not said:
            raise refused[0][1]
    challenge = assertions.challenge_for(assertions.batch_root(said))
    opened = OpenCeremony(services.new_id("cer"), canonical(said).decode(), challenge, now + CEREMONY)
    with services.db.aside() as connection:
        open_ceremony(connection, caller.register, caller.account, caller.session, opened, now)
    return AskedToSign(
        opened.id,
        opened.expires_at,
        _way_of(said),
        tuple(said),
        None if key is None else _public_key(services, challenge, key),
        tuple(refused),
    )


def passkeys_here(services: Services, caller: Caller) -> PasskeysHere:
    """Could the caller sign by touching a passkey here, or could they add one?"""
    with look(services, caller) as view:
        held = factors_in(view.reader, caller.account)
    can = passkeys.has_site(services.public_url)
    return PasskeysHere(can and any(f.kind is FactorKind.PASSKEY for f in held), can)


def _chosen(
    services: Services, view: ReadView, way: SigningWay | None, credential: str | None
) -> SecondFactor | None:
    """The passkey that is to sign: the one named, else the newest; None where the password is to be entered."""
    if way not in (None, SigningWay.PASSKEY):
        return None
    held = [f for f in factors_in(view.reader, view.require_caller().account) if f.kind is FactorKind.PASSKEY]
    if credential is not None:
        held = [f for f in held if f.credential == credential]
    if held and passkeys.has_site(services.public_url):
        return held[-1]
    if way is SigningWay.PASSKEY or credential is not None:
        raise RefusedError(Refusal.CREDENTIAL_UNKNOWN, "the account has no such passkey here")
    return None


def _statements(
    view: ReadView, presented: Sequence[Presented], way: SigningWay, credential: str | None
) -> tuple[list[dict[str, Any]], list[tuple[DocumentId, RefusedError]]]:
    said: list[dict[str, Any]] = []
    refused: list[tuple[DocumentId, RefusedError]] = []
    for item in presented:
        try:
            made = _made(view, item, way, credential, new_nonce(), view.now)
        except RefusedError as error:
            refused.append((item.document, error))
        else:
            said.append(statement(view.reader.register, made))
    return said, refused


def _made(
    view: ReadView, item: Presented, way: SigningWay, credential: str | None, nonce: str, at: datetime
) -> Signature:
    turn = find_turn(view, item)
    how = describe_how(turn, way, nonce=nonce, credential=credential)
    return make_signature(view, turn, way, how, at)


def _public_key(services: Services, challenge: str, key: SecondFactor) -> dict[str, Any]:
    return {
        "challenge": challenge,
        "rpId": passkeys.site_of(services.public_url).id,
        "allowCredentials": [{"type": "public-key", "id": key.credential}],
        "userVerification": "required",
        "timeout": passkeys.TIMEOUT_S * 1000,
    }


@power(
    yields(Power.PAPER, Power.OFFICE, Power.GRANT, Power.CUSTODY, Power.ACCOUNT)
    | ends(Power.PAPER, Power.OFFICE, Power.GRANT, Power.CUSTODY, Power.ACCOUNT)
)
def answer_ceremony(
    services: Services,
    caller: Caller,
    ceremony: str,
    *,
    password: str | None = None,
    code: str | None = None,
    passkey: Mapping[str, Any] | None = None,
) -> list[tuple[DocumentId, BatchAnswer]]:
    """The signer's answer to what was put before them: each document is signed or refused by itself.

    The ceremony is used up by the attempt, whatever comes of it.
    """
    with refusing(services, caller, _ACT, ceremony):
        check_personal(caller, "a person signs in their own session, never as an admin account")
        with services.db.aside() as connection:
            taken = take_ceremony(connection, caller.register, caller.account, caller.session, ceremony)
        check_ceremony(taken is not None, None if taken is None else taken.expires_at, services.db.now())
    if taken is None:
        raise RuntimeError("a ceremony that was checked and is none")
    said: list[dict[str, Any]] = json.loads(taken.statements)
    way, key, read = _shown(services, caller, said, taken.challenge, password, code, passkey)
    items = [_presented(one) for one in said]
    places = {item.document: place for place, item in enumerate(items)}
    answers = sign_each(
        services,
        caller,
        items,
        lambda doing, item: _sign_asked(doing, item, way, said, places[item.document], key, read),
    )
    return [(item.document, answer) for item, answer in zip(items, answers, strict=True)]


def _shown(
    services: Services,
    caller: Caller,
    said: Sequence[Mapping[str, Any]],
    challenge: str,
    password: str | None,
    code: str | None,
    passkey: Mapping[str, Any] | None,
) -> tuple[SigningWay, str, AssertionRead | None]:
    """The way that was asked for, shown; of a passkey also its key's hash and what it signed."""
    asked = _way_of(said)
    if asked is SigningWay.PASSKEY:
        if passkey is None:
            raise InvalidError("the statements wait for a passkey: send `credential`")
        return (asked, *_touched(services, caller, str(said[0]["credential"]), challenge, passkey))
    if password is None or (code is None) is (asked is SigningWay.PASSWORD_AND_CODE):
        raise InvalidError("the statements wait for the password, and for a one-time code only where they say so")
    return show_password(services, caller, password, code), "", None


def _way_of(said: Sequence[Mapping[str, Any]]) -> SigningWay:
    """What statements wait for. One of format 1 names no way: it goes with the others, or with the password."""
    return SigningWay(next((one["auth"] for one in said if "auth" in one), SigningWay.PASSWORD))


def _touched(
    services: Services, caller: Caller, asked: str, challenge: str, answer: Mapping[str, Any]
) -> tuple[str, AssertionRead]:
    """The passkey signed these statements here, its holder verified; its counter goes up. A wrong one counts."""
    try:
        read = assertions.read_answer(answer)
        with services.db.write(caller.register, caller.doer) as tx:
            held = [f for f in factors_in(tx, caller.account) if f.credential == read.credential == asked]
            if not held:
                raise RefusedError(Refusal.CREDENTIAL_UNKNOWN, "the statements name another passkey")
            key = passkey_of(held[0])
            assertions.check_touch(read, challenge, key.key_hex, passkeys.site_of(services.public_url))
            assertions.check_count(read, key.count)
            stored_factors.count_use(tx.connection, held[0], read.count)
            tx.happened("factor.show", caller.account)
            tx.touches()
    except BadAssertionError as error:
        _count(services, caller)
        raise RefusedError(_CODES[error.fault], str(error)) from None
    services.after_commit(caller.register)
    return key.key_sha256, read


_CODES = {
    AssertionFault.SIGNATURE_BAD: Refusal.SIGNATURE_BAD,
    AssertionFault.USER_NOT_VERIFIED: Refusal.USER_NOT_VERIFIED,
    AssertionFault.ORIGIN_WRONG: Refusal.ORIGIN_WRONG,
    AssertionFault.STATEMENT_MISMATCH: Refusal.STATEMENT_CHANGED,
}


def _count(services: Services, caller: Caller) -> None:
    with services.db.connect() as connection:
        credential = stored_accounts.credential_of(connection, caller.register, caller.account)
    if credential is not None:
        count_failure(services, credential, factor="wrong")


def _presented(said: Mapping[str, Any]) -> Presented:
    capacity = Capacity(said["capacity"]) if said["side"] == "giver" else None
    return Presented(DocumentId(said["document"]), said["document_version"], said["sha256"], capacity)


def _sign_asked(
    doing: Act,
    item: Presented,
    way: SigningWay,
    said: Sequence[Mapping[str, Any]],
    place: int,
    key: str,
    read: AssertionRead | None,
) -> Signed:
    """Sign one document of the batch, if what would be confirmed is still what was asked, word for word."""
    asked = said[place]
    turn = find_turn(doing, item)
    how = describe_how(turn, way, nonce=str(asked.get("nonce", "")), credential=asked.get("credential"))
    made = make_signature(doing, turn, way, how, datetime.fromisoformat(asked["signed_at"]))
    check_same_statement(item.document, asked, statement(doing.tx.register, made))
    if read is not None and made.how is not None:
        kept = assertions.keep(read, key, said, place)
        made = replace(made, how=replace(made.how, assertion=kept))
    return add_signature(doing, turn, made)
