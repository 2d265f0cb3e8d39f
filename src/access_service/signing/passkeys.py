"""Passkeys (W3C Web Authentication Level 2): the only user of webauthn.

User verification is required: the authenticator asks for its PIN, finger or face. Attestation is not: which make of
authenticator somebody uses is no concern of ours, and asking would tell one person's accounts from another's.
"""
# ruff: noqa: PLC0415
# webauthn brings its own parsers of certificates; only whoever uses a passkey waits for them.

import base64
import binascii
import hashlib
import ipaddress
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from access_service.domain.errors import AccessServiceError, InvalidError
from access_service.domain.shape import is_within

CHALLENGE_BYTES = 32
LONGEST_ANSWER, DEEPEST = 1 << 14, 16
"""Of what an authenticator signs: characters, marks and nesting."""
TIMEOUT_S = 300
"""How long a ceremony may take."""
_DEFAULT_PORT = {"http": 80, "https": 443}


class PasskeyError(AccessServiceError):
    """What was sent is not the answer of the passkey asked for, to this challenge, on this site."""


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Where passkeys belong: the relying party."""

    id: str
    """Host of the public address."""
    origin: str
    """The public address as browsers write it."""


@dataclass(frozen=True, slots=True)
class Passkey:
    """The public half of a passkey."""

    credential: str
    """Its id, base64url."""
    public_key: str
    """COSE key, base64url."""
    count: int
    """Signature counter; 0 where the authenticator keeps none."""

    @property
    def key_sha256(self) -> str:
        """SHA-256 (hex) of the COSE key: how the log names it, and its id among public keys."""
        return hashlib.sha256(_bytes(self.public_key)).hexdigest()

    @property
    def key_hex(self) -> str:
        """The COSE key, as public keys are kept."""
        return _bytes(self.public_key).hex()


def site_of(public_url: str) -> RelyingParty:
    """The relying party of a public address; `InvalidError` for one that names no host but a number."""
    parts = urlsplit(public_url)
    host = parts.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        raise InvalidError("passkeys need a host name in the public address of the service, not a number")
    port = "" if parts.port in (None, _DEFAULT_PORT.get(parts.scheme)) else f":{parts.port}"
    return RelyingParty(host, f"{parts.scheme}://{host}{port}")


def has_site(public_url: str) -> bool:
    """Can passkeys be used at this address?"""
    try:
        site_of(public_url)
    except InvalidError:
        return False
    return True


def new_challenge() -> str:
    """256 random bits, base64url."""
    return secrets.token_urlsafe(CHALLENGE_BYTES)


def creation_options(
    site: RelyingParty, *, challenge: str, user: str, username: str, known: Sequence[str]
) -> dict[str, Any]:
    """PublicKeyCredentialCreationOptionsJSON for a new passkey; `known` ids are not to be made once more."""
    import webauthn
    from webauthn.helpers import structs

    options = webauthn.generate_registration_options(
        rp_id=site.id,
        rp_name=site.id,
        user_id=user.encode(),
        user_name=username,
        challenge=_bytes(challenge),
        timeout=TIMEOUT_S * 1000,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.PREFERRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=_bytes(id_)) for id_ in known],
    )
    found: dict[str, Any] = json.loads(webauthn.options_to_json(options))
    return found


def challenge_of(answer: Mapping[str, Any]) -> str:
    """The challenge that an answer says it is to, not yet believed; `PasskeyError` if it says none."""
    response = answer.get("response")
    said = response.get("clientDataJSON") if isinstance(response, Mapping) else None
    try:
        raw = _bytes(said) if isinstance(said, str) and len(said) <= LONGEST_ANSWER else b""
        told = json.loads(raw) if is_within(raw, marks=LONGEST_ANSWER, depth=DEEPEST) else None
    except (ValueError, RecursionError):
        told = None
    challenge = told.get("challenge") if isinstance(told, dict) else None
    if not isinstance(challenge, str) or not (challenge.isascii() and challenge.isprintable()):
        raise PasskeyError("the answer names no challenge")
    return challenge


def verify_registration(site: RelyingParty, answer: Mapping[str, Any], challenge: str) -> Passkey:
    """The new passkey of an answer (section 7.1); `PasskeyError` for any other answer."""
    import webauthn

    try:
        found = webauthn.verify_registration_response(
            credential=dict(answer),
            expected_challenge=_bytes(challenge),
            expected_rp_id=site.id,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    # The library reads CBOR, COSE and certificates of whoever asks; whatever it stumbles over is a bad answer.
    except Exception as error:
        raise PasskeyError("that is no passkey made for this site and challenge") from error
    return Passkey(_text(found.credential_id), _text(found.credential_public_key), found.sign_count)


def verify_assertion(site: RelyingParty, answer: Mapping[str, Any], challenge: str, known: Passkey) -> int:
    """The passkey's new counter if it signed this challenge on this site (section 7.2), else `PasskeyError`.

    A counter that does not go up means two authenticators with one key (section 6.1.1): that is refused.
    """
    import webauthn

    try:
        found = webauthn.verify_authentication_response(
            credential=dict(answer),
            expected_challenge=_bytes(challenge),
            expected_rp_id=site.id,
            expected_origin=site.origin,
            credential_public_key=_bytes(known.public_key),
            credential_current_sign_count=known.count,
            require_user_verification=True,
        )
    # As above: nothing that a caller sends may be more than a refusal.
    except Exception as error:
        raise PasskeyError("the passkey did not sign this challenge on this site") from error
    return found.new_sign_count


def _bytes(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise PasskeyError("that is no base64url") from error


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
