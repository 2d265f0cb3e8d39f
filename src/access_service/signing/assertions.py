"""What a passkey signed over a batch of statements: put together, checked at signing, and checked again for ever.

One touch signs the root of a tree of statements (RFC 9162 section 2.1). Each signature keeps its statement's path,
so that it can be checked alone, offline, by anybody who has the passkey's public key (W3C Web Authentication
Level 2, section 7.2).
"""
# ruff: noqa: PLC0415
# webauthn brings its own parsers of keys; only whoever uses a passkey waits for them.

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from access_service.domain.documents import Assertion
from access_service.domain.errors import AccessServiceError, InvalidError
from access_service.domain.log import ProofError, Tree, climb_to_root, leaf_hash, root_of
from access_service.domain.shape import is_within
from access_service.signing.canonical import canonical
from access_service.signing.passkeys import DEEPEST, LONGEST_ANSWER, RelyingParty, site_of

CONTEXT = b"access-service/sign/2\n"
"""In front of the root, so that what a passkey signs here is good for nothing else."""
_PRESENT, _VERIFIED, _BACKED_UP = 0x01, 0x04, 0x10
_HEAD = 37
"""Bytes of authenticator data before anything optional: hash of the site, flags, counter."""


class AssertionFault(StrEnum):
    """Why what a passkey sent proves nothing."""

    SIGNATURE_BAD = "signature_bad"
    USER_NOT_VERIFIED = "user_not_verified"
    ORIGIN_WRONG = "origin_wrong"
    STATEMENT_MISMATCH = "statement_mismatch"


class BadAssertionError(AccessServiceError):
    """The passkey did not sign this statement on this site, with its holder verified."""

    def __init__(self, fault: AssertionFault, message: str) -> None:
        """`fault` is what failed first."""
        super().__init__(message)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class AssertionRead:
    """The parts of a browser's answer."""

    credential: str
    client_data: bytes
    authenticator_data: bytes
    signature: bytes

    @property
    def flags(self) -> int:
        """What the authenticator says that it did."""
        return self.authenticator_data[32]

    @property
    def count(self) -> int:
        """Its counter; 0 where it keeps none."""
        return int.from_bytes(self.authenticator_data[33:_HEAD], "big")


def batch_root(statements: Sequence[Mapping[str, Any]]) -> bytes:
    """The root over the canonical bytes of each statement, in order."""
    return root_of(_leaves(statements))


def challenge_for(root: bytes) -> str:
    """What a passkey is asked to sign for a batch, base64url."""
    return _text(hashlib.sha256(CONTEXT + root).digest())


def path_of(statements: Sequence[Mapping[str, Any]], index: int) -> tuple[str, ...]:
    """Hashes (hex) from one statement to the root; there are never more than one tile of them."""
    leaves = _leaves(statements)
    tree = Tree(len(leaves), lambda _level, _number, width: b"".join(leaves[:width]))
    return tuple(node.hex() for node in tree.inclusion(index, len(leaves)))


def read_answer(answer: Mapping[str, Any]) -> AssertionRead:
    """The parts of an AuthenticationResponseJSON; `BadAssertionError` for what is none."""
    response, id_ = answer.get("response"), answer.get("id")
    if not isinstance(response, Mapping) or not isinstance(id_, str):
        raise _bad("that is no answer of a passkey")
    parts = [response.get(name) for name in ("clientDataJSON", "authenticatorData", "signature")]
    client, data, signature = (_part(part) for part in parts)
    if len(data) < _HEAD:
        raise _bad("the authenticator's data are too short")
    return AssertionRead(id_, client, data, signature)


def keep(read: AssertionRead, key: str, statements: Sequence[Mapping[str, Any]], index: int) -> Assertion:
    """What one signature of a batch keeps of the touch; `key` is the SHA-256 (hex) of the COSE key."""
    return Assertion(
        key=key,
        index=index,
        size=len(statements),
        path=path_of(statements, index),
        client_data=_text(read.client_data),
        authenticator_data=_text(read.authenticator_data),
        signature=_text(read.signature),
        is_backed_up=bool(read.flags & _BACKED_UP),
    )


def check_touch(read: AssertionRead, challenge: str, key_hex: str, site: RelyingParty) -> None:
    """The passkey with this COSE key (hex) signed this challenge on this site, its holder present and verified."""
    told = _client_data(read.client_data)
    if told.get("type") != "webauthn.get" or told.get("challenge") != challenge:
        raise BadAssertionError(AssertionFault.STATEMENT_MISMATCH, "it was signed over other statements")
    on_site = hashlib.sha256(site.id.encode()).digest() == read.authenticator_data[:32]
    if told.get("origin") != site.origin or told.get("crossOrigin") is True or not on_site:
        raise BadAssertionError(AssertionFault.ORIGIN_WRONG, "it was signed for another site")
    if not read.flags & _PRESENT or not read.flags & _VERIFIED:
        raise BadAssertionError(AssertionFault.USER_NOT_VERIFIED, "the authenticator did not verify its holder")
    _check_signature(key_hex, read)


def check_count(read: AssertionRead, known: int) -> None:
    """A counter that does not go up means two authenticators with one key (section 6.1.1)."""
    if read.count <= known and (read.count, known) != (0, 0):
        raise _bad("its counter did not go up: two have its key")


def check_kept(statement: Mapping[str, Any], kept: Assertion, key_hex: str, site: RelyingParty) -> None:
    """The same from what a signature keeps: statement, path, root, challenge, flags, signature. Years later too."""
    try:
        path = [bytes.fromhex(node) for node in kept.path]
        root = climb_to_root(leaf_hash(canonical(statement)), kept.index, kept.size, path)
    except (ValueError, ProofError) as error:
        raise BadAssertionError(AssertionFault.STATEMENT_MISMATCH, "its path leads to no root") from error
    read = AssertionRead("", _part(kept.client_data), _part(kept.authenticator_data), _part(kept.signature))
    if len(read.authenticator_data) < _HEAD or hashlib.sha256(bytes.fromhex(key_hex)).hexdigest() != kept.key:
        raise _bad("another key, or no data of an authenticator")
    check_touch(read, challenge_for(root), key_hex, site)


def site_said(kept: Assertion) -> RelyingParty:
    """The site that a kept touch names: years later, whatever the service's address is by then."""
    origin = _client_data(_part(kept.client_data)).get("origin")
    try:
        return site_of(origin if isinstance(origin, str) else "")
    except (InvalidError, ValueError) as error:
        raise BadAssertionError(AssertionFault.ORIGIN_WRONG, "it names no site") from error


def _check_signature(key_hex: str, read: AssertionRead) -> None:
    from webauthn.helpers import decode_credential_public_key, decoded_public_key_to_cryptography, verify_signature

    signed = read.authenticator_data + hashlib.sha256(read.client_data).digest()
    try:
        decoded = decode_credential_public_key(bytes.fromhex(key_hex))
        verify_signature(
            public_key=decoded_public_key_to_cryptography(decoded),
            signature_alg=decoded.alg,
            signature=read.signature,
            data=signed,
        )
    # The library reads CBOR and COSE; whatever it stumbles over is no signature.
    except Exception as error:
        raise _bad("the signature is not that key's over these data") from error


def _client_data(raw: bytes) -> dict[str, Any]:
    try:
        told = json.loads(raw) if is_within(raw, marks=LONGEST_ANSWER, depth=DEEPEST) else None
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise _bad("the browser's data cannot be read")
    return told


def _leaves(statements: Sequence[Mapping[str, Any]]) -> list[bytes]:
    return [leaf_hash(canonical(statement)) for statement in statements]


def _bad(message: str) -> BadAssertionError:
    return BadAssertionError(AssertionFault.SIGNATURE_BAD, message)


def _part(text: object) -> bytes:
    if not isinstance(text, str) or len(text) > LONGEST_ANSWER:
        raise _bad("that is no base64url")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise _bad("that is no base64url") from error


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
