"""What a client of software may be: its scopes, its addresses, what it proves itself by (rule 13)."""

from collections.abc import Collection
from urllib.parse import urlsplit

from access_service.domain.access import RESOURCE_TYPES
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.reasons import Refusal
from access_service.domain.software import PEP_SCOPES, Client, Software

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def check_scopes(software: Software, scopes: Collection[str], types: Collection[str]) -> None:
    """Only an enforcement point is let in to ask, and it says about what."""
    for noun, words, known in (("scope", scopes, PEP_SCOPES), ("resource type", types, RESOURCE_TYPES)):
        for word in sorted(set(words) - known):
            raise InvalidError(f"there is no {noun} `{word[:40]}`")
    if not software.is_enforcement_point and (scopes or types):
        raise RefusedError(
            Refusal.FORBIDDEN, "only an enforcement point is given these scopes", software=software.id
        )
    if software.is_enforcement_point and not (scopes and types):
        raise InvalidError("an enforcement point's client names its scopes and its resource types")


def check_resource(text: str | None) -> None:
    """An absolute URL without a fragment (RFC 8707 section 2), https except on this machine; or none."""
    if text is None:
        return
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
    is_plain = text.isascii() and text.isprintable() and not set(text) & set(' #"<>\\') and "@" not in parts.netloc
    if not host or not is_safe or not is_plain:
        raise InvalidError("a resource is an https URL without a fragment")


def check_enabled(ground: Ground, client: Client) -> None:
    """A client that was disabled is disabled for good."""
    if not client.is_enabled(ground.now):
        raise RefusedError(Refusal.DOCUMENT_STATE, "the client is disabled", client=client.id)


def check_has_secret(client: Client) -> None:
    """Only a secret is rotated; keys are replaced."""
    if client.secret_sha256 is None:
        raise InvalidError("this client proves itself by a key; give it other keys")


def check_has_address(client: Client) -> None:
    """Only an address that was approved is taken back."""
    if client.address is None:
        raise RefusedError(Refusal.DOCUMENT_STATE, "the client has no address that was approved", client=client.id)
