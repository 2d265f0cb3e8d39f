"""A document's content and its words: composed together, canonical, hashed, frozen by the first signature."""

import base64
import secrets
from dataclasses import replace

from access_service.domain import papers
from access_service.domain.composing import DATED_WHEN_SIGNED, compose_print, find_office_signer
from access_service.domain.documents import Document
from access_service.domain.names import DocumentKind, PersonId
from access_service.domain.papers import Envelope, PaperBody, Printed
from access_service.domain.sign_in import FactorKind
from access_service.signing.canonical import canonical, sha256_hex
from access_service.storage.prints import StoredPrint, keep_print
from access_service.storage.second_factor import factors_of
from access_service.usecases.services import Act

SALT_BYTES = 32
KEY_DIGITS = 16
"""Of the hash of a passkey, as a commitment names it."""


def compose(doing: Act, document: Document, body: PaperBody, signer: PersonId | None = None) -> Document:
    """The document with its canonical content (RFC 8785) and hash; its print is stored beside it.

    `signer` is whom the paper names for the office; left out, whoever comes first there today.
    """
    named = find_office_signer(doing.ground, document, body, signer) if signer is not None else None
    named = named or find_office_signer(doing.ground, document, body)
    printed = compose_print(
        doing.ground,
        document,
        body,
        salt=secrets.token_urlsafe(SALT_BYTES),
        signer=named,
        passkey=_passkey(doing, document),
    )
    # What was asked of other units' packs on the way is not what the paper rests on.
    doing.pack_for(document.office)
    words = None
    if printed is not None:
        body_of_print = canonical(printed.json())
        words = Printed(
            template=printed.template,
            sha256=sha256_hex(body_of_print),
            signer=None if named is None else named.person,
            has_date=document.kind not in DATED_WHEN_SIGNED,
        )
        stored = StoredPrint(document.id, document.version, words.sha256, body_of_print.decode())
        keep_print(doing.tx.connection, doing.tx.register, stored)
    envelope = Envelope(
        document=document.id,
        kind=document.kind,
        unit=document.unit,
        number=document.number,
        dated=document.dated,
        version=document.version,
        receiver=document.receiver,
        register=doing.tx.register,
        policy=doing.tx.policy,
    )
    content = canonical(papers.compose(envelope, body, printed=words))
    return replace(document, content=content.decode(), sha256=sha256_hex(content))


def _passkey(doing: Act, document: Document) -> str:
    """What a commitment says of the key of whoever makes it: they are told by paper which key signs for them."""
    account = None
    if document.kind is DocumentKind.COMMITMENT and document.receiver is not None:
        account = doing.use_account_of(document.receiver)
    if account is None:
        return ""
    found = factors_of(doing.tx.connection, doing.tx.register, account.id)
    keys = [f.secret for f in found if f.kind is FactorKind.PASSKEY and f.confirmed_at is not None]
    if not keys:
        return ""
    key = base64.urlsafe_b64decode(keys[0] + "=" * (-len(keys[0]) % 4))
    return sha256_hex(key)[:KEY_DIGITS]
