"""What every JOSE object here is read by, before PyJWT sees it: one spelling of each, and no surprises in the JSON.

PyJWT checks signatures. It accepts padding, duplicate members, UTF-16 and any header member it does not know; this
module does not. Everything that fails is a `TokenError`, whatever the bytes were.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from access_service.domain.shape import is_within
from access_service.domain.tokens import TokenError, TokenFault

LONGEST_TEXT = 256
"""Characters of an id, unless something else is said."""
_MARKS, _DEPTH = 4096, 16
"""Most strings, brackets and commas of a token's JSON, and its deepest nesting; counted before it is parsed."""
LATEST = 253_402_300_799
"""The last second of the year 9999; instants beyond it are refused."""
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_STANDARD = bytes.maketrans(b"-_+/=", b"+/!!!")
"""Into the alphabet that the standard library decodes; what is no letter of ours becomes no letter of that."""
_PADDING = (b"", b"", b"==", b"=")
_LAST = (_ALPHABET, b"", _ALPHABET[::16], _ALPHABET[::4])
"""By the length modulo 4, the letters that may come last: those whose bits to spare are zero."""
FOREIGN_KEYS = frozenset({"jwk", "jku", "x5u", "x5c"})
"""Header members by which a token brings its own key, or says where to fetch one (RFC 7515 section 4.1)."""
CHANGES_MEANING = frozenset({"crit", "b64", "zip", "enc", "epk", "p2c", "p2s"})
"""Header members that change how the rest is to be read, none of which is supported."""

ClaimOnce = Callable[[str, datetime], bool]
"""`claim_once(key, until)`: True the first time a key is seen, False when it was seen before and is still kept.

Keys are kept at least until `until`; the store must do both in one step.
"""
PublicKey = EllipticCurvePublicKey | Ed25519PublicKey | RSAPublicKey


@dataclass(frozen=True, slots=True)
class Compact:
    """A JWS in compact form (RFC 7515 section 7.1), read but not verified."""

    header: Mapping[str, Any]
    payload: bytes


def encode(raw: bytes) -> str:
    """Base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """The bytes of the one spelling that `encode` would give; `TokenError` for every other."""
    try:
        letters = text.encode("ascii")
        # The bits to spare in the last letter are zero: of these bytes there is no other text.
        if not letters or letters[-1] in _LAST[len(letters) % 4]:
            padded = letters.translate(_STANDARD) + _PADDING[len(letters) % 4]
            return binascii.a2b_base64(padded, strict_mode=True)
    except ValueError:
        pass
    raise TokenError(TokenFault.MALFORMED, "the token is not in canonical base64url")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise TokenError(TokenFault.MALFORMED, "the token names a member twice")
    return found


def _no_constant(_: str) -> Any:
    raise TokenError(TokenFault.MALFORMED, "the token holds a number that JSON does not know")


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_no_constant)


def json_object(raw: bytes) -> dict[str, Any]:
    """A JSON object in UTF-8, each member once; `TokenError` for everything else, however deep or large."""
    if not is_within(raw, marks=_MARKS, depth=_DEPTH):
        raise TokenError(TokenFault.MALFORMED, "the token holds too much, or is nested too deep")
    try:
        # `json.loads` would guess UTF-16 and UTF-32 from the bytes.
        value = _DECODER.decode(raw.decode("utf-8"))
    except TokenError:
        raise
    except (ValueError, RecursionError):
        raise TokenError(TokenFault.MALFORMED, "the token holds no JSON in UTF-8") from None
    if type(value) is not dict:
        raise TokenError(TokenFault.MALFORMED, "the token holds no JSON object")
    return value


def read_header(token: object, longest: int) -> dict[str, Any]:
    """The header of a token of three parts, at most `longest` characters; the other two are not looked at yet."""
    return json_object(decode(_parts(token, longest)[0]))


def read_compact(token: object, longest: int) -> Compact:
    """Header and payload of a token of exactly three canonical parts, at most `longest` characters."""
    head, payload, signature = _parts(token, longest)
    decode(signature)
    return Compact(json_object(decode(head)), decode(payload))


_FORM = re.compile(r"[A-Za-z0-9_.-]+")
"""The letters of base64url, and the full stops between parts: nothing else is passed over by any reader."""


def _parts(token: object, longest: int) -> list[str]:
    if type(token) is not str:
        raise TokenError(TokenFault.MALFORMED, "the token is no text")
    if len(token) > longest:
        raise TokenError(TokenFault.TOO_LONG, f"the token is longer than {longest} characters")
    parts = token.split(".", 3)
    if len(parts) != 3 or not all(parts):  # noqa: PLR2004
        raise TokenError(TokenFault.MALFORMED, "the token has not three parts")
    if _FORM.fullmatch(token) is None:
        raise TokenError(TokenFault.MALFORMED, "the token is not three parts in base64url")
    return parts


def check_type(header: Mapping[str, Any], expected: str) -> None:
    """`typ` is exactly this kind of token (RFC 8725 section 3.11), spelled as we spell it."""
    if header.get("typ") != expected:
        raise TokenError(TokenFault.WRONG_TYPE, f"the token is not of the type `{expected}`")


def check_header(header: Mapping[str, Any], *, may_hold: frozenset[str] = frozenset()) -> None:
    """No key of the sender's own and nothing that changes the meaning, but for what `may_hold` names."""
    if (FOREIGN_KEYS - may_hold) & header.keys():
        raise TokenError(TokenFault.UNKNOWN_KEY, "the token brings a key of its own")
    if CHANGES_MEANING & header.keys():
        raise TokenError(TokenFault.MALFORMED, "the token asks for an extension that is not supported")


def instant(claims: Mapping[str, Any], name: str) -> int:
    """A claim that is whole seconds since 1970: an integer, neither a float nor text nor a truth value."""
    value = claims.get(name)
    if type(value) is not int or not 0 <= value <= LATEST:
        raise TokenError(TokenFault.INVALID_CLAIMS, f"the claim `{name}` is no instant in whole seconds")
    return value


def text(claims: Mapping[str, Any], name: str, longest: int = LONGEST_TEXT) -> str:
    """A claim that is text, neither empty nor longer than this many characters."""
    value = claims.get(name)
    if not is_text(value, longest):
        raise TokenError(TokenFault.INVALID_CLAIMS, f"the claim `{name}` is no text of 1 to {longest} characters")
    found: str = claims[name]
    return found


def is_text(value: object, longest: int) -> bool:
    """Text without control characters and without half a surrogate pair, which no encoder takes."""
    return type(value) is str and 0 < len(value) <= longest and value.isprintable()


def public_jwk(key: PublicKey) -> dict[str, str]:
    """The required members of a public key as a JWK (RFC 7518 section 6, RFC 8037 section 2), and no others."""
    if isinstance(key, Ed25519PublicKey):
        return {"crv": "Ed25519", "kty": "OKP", "x": encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw))}
    if isinstance(key, RSAPublicKey):
        numbers = key.public_numbers()
        return {"e": _number(numbers.e), "kty": "RSA", "n": _number(numbers.n)}
    if not isinstance(key.curve, SECP256R1):
        raise TokenError(TokenFault.WRONG_ALGORITHM, "only the curve P-256 is used")
    point = key.public_numbers()
    return {
        "crv": "P-256",
        "kty": "EC",
        "x": encode(point.x.to_bytes(32, "big")),
        "y": encode(point.y.to_bytes(32, "big")),
    }


def _number(value: int) -> str:
    return encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def thumbprint(key: PublicKey) -> str:
    """RFC 7638: SHA-256 over the required members in order, without spaces; 43 characters."""
    members = json.dumps(public_jwk(key), separators=(",", ":"), sort_keys=True)
    return encode(sha256(members.encode("ascii")).digest())
