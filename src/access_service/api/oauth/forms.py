"""Bodies of the OAuth endpoints: forms, read strictly, and who the client says it is.

A parameter stands once, an empty one counts as left out (RFC 6749 section 3.2). What the query string says is never
looked at: secrets do not belong there.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, unquote_plus

from access_service.api.http.limits import OPEN_BYTES, clean, read_object
from access_service.domain.errors import InvalidError
from access_service.domain.members import is_near, show_member
from access_service.domain.names import UnitId
from access_service.domain.tokens import AccessDetail, TokenError
from access_service.usecases.tokens.client_auth import ASSERTION_TYPE, Credentials, by_assertion, refuse_client
from access_service.usecases.tokens.oauth_errors import OAuthCode, OAuthError
from access_service.usecases.tokens.token_request import read_details, read_scope

FORM = b"application/x-www-form-urlencoded"
MEMBERS = 32
"""Most parameters of a form."""
REPEATABLE = frozenset({"resource", "audience"})
"""RFC 8707 section 2, RFC 8693 section 2.1."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form's parameters."""

    one: Mapping[str, str]
    many: Mapping[str, tuple[str, ...]]

    def get(self, name: str) -> str | None:
        """A parameter, or None where it is missing or empty."""
        return self.one.get(name)

    def require(self, name: str) -> str:
        """A parameter that must be there; `invalid_request`."""
        value = self.one.get(name)
        if value is None:
            raise OAuthError(OAuthCode.INVALID_REQUEST, f"the parameter {name} is missing")
        return value

    def all(self, name: str) -> tuple[str, ...]:
        """A parameter that may stand several times."""
        return self.many.get(name, ())


KNOWN = frozenset(
    {
        *("grant_type", "scope", "resource", "audience", "authorization_details"),
        *("subject_token", "subject_token_type", "actor_token", "actor_token_type", "requested_token_type"),
        *("code", "redirect_uri", "code_verifier", "refresh_token"),
        *("client_id", "client_secret", "client_assertion", "client_assertion_type", "token", "token_type_hint"),
    }
)
"""Parameters of the three endpoints. Others are ignored (RFC 6749 section 3.2), but for what was meant as one."""


def read_form(content_type: bytes, body: bytes) -> Form:
    """The form that a body holds; `invalid_request` for anything else."""
    if content_type.partition(b";")[0].strip().lower() != FORM:
        raise OAuthError(OAuthCode.INVALID_REQUEST, f"the content type must be {FORM.decode()}")
    if len(body) > OPEN_BYTES:
        raise OAuthError(OAuthCode.INVALID_REQUEST, f"a body has at most {OPEN_BYTES} bytes")
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MEMBERS, separator="&"
        )
    except ValueError:
        raise OAuthError(OAuthCode.INVALID_REQUEST, "the body is no form in UTF-8, or holds too much") from None
    if any("\0" in text for pair in pairs for text in pair):
        # No parameter has one (RFC 6749 appendix A), and PostgreSQL looks nothing up by one.
        raise OAuthError(OAuthCode.INVALID_REQUEST, "a parameter holds a character that none may hold")
    one: dict[str, str] = {}
    many: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        if name in REPEATABLE:
            many[name] = (*many.get(name, ()), value) if value else many.get(name, ())
        elif name not in KNOWN and is_near(name, KNOWN):
            raise OAuthError(OAuthCode.INVALID_REQUEST, f"the parameter {_shown(name)} is not known")
        elif name in one:
            raise OAuthError(OAuthCode.INVALID_REQUEST, "a parameter stands twice")
        else:
            one[name] = value
    return Form({name: value for name, value in one.items() if value}, many)


def _shown(name: str) -> str:
    """A name as RFC 6749 section 5.2 lets an error description hold it."""
    return show_member(name).replace("\\", "/").replace('"', "'")


def credentials(authorization: bytes | None, form: Form) -> Credentials:
    """Who the client says it is: in exactly one of the three ways (RFC 6749 section 2.3)."""
    ways = [
        authorization is not None,
        form.get("client_secret") is not None,
        form.get("client_assertion") is not None or form.get("client_assertion_type") is not None,
    ]
    if sum(ways) > 1:
        raise OAuthError(OAuthCode.INVALID_REQUEST, "the client proves itself in one way at a time")
    if authorization is not None:
        return _basic(authorization, form.get("client_id"))
    secret, client_id = form.get("client_secret"), form.get("client_id")
    if secret is not None and client_id is not None:
        return Credentials(client_id, secret=secret)
    assertion = form.get("client_assertion")
    if assertion is not None and form.get("client_assertion_type") == ASSERTION_TYPE:
        return by_assertion(assertion, client_id)
    raise refuse_client()


def _basic(authorization: bytes, client_id: str | None) -> Credentials:
    """Both halves are form-encoded before they are joined (RFC 6749 section 2.3.1)."""
    scheme, _, given = authorization.partition(b" ")
    if scheme.lower() != b"basic":
        raise refuse_client()
    try:
        text = base64.b64decode(given.strip(), validate=True).decode("utf-8")
        name, colon, secret = text.partition(":")
        name, secret = (unquote_plus(part, errors="strict") for part in (name, secret))
    except (binascii.Error, ValueError):
        raise refuse_client() from None
    if not colon or not name or not secret or client_id not in (None, name):
        raise refuse_client()
    return Credentials(name, secret=secret)


def wanted_scope(form: Form) -> frozenset[str] | None:
    """`scope`, as words; None where it is left out."""
    text = form.get("scope")
    return None if text is None else read_scope(text)


def wanted_details(form: Form) -> tuple[AccessDetail, ...] | None:
    """`authorization_details` (RFC 9396 section 2), as boxes; None where it is left out."""
    text = form.get("authorization_details")
    if text is None:
        return None
    try:
        # One reader of JSON for everything that is sent: depth, doubles and numbers are its business.
        found = read_object(f'{{"_":{text}}}'.encode())
        # A second member would have come out of the text: it was no JSON.
        return tuple(map(_cleaned, read_details(found["_"] if len(found) == 1 else None)))
    except InvalidError:
        message = "authorization_details is no JSON, or holds control characters"
    except TokenError as error:
        message = error.message.replace("`", "")
    raise OAuthError(OAuthCode.INVALID_AUTHORIZATION_DETAILS, message)


def _cleaned(detail: AccessDetail) -> AccessDetail:
    """Every word in NFC and without control characters: units and classes are looked up."""
    return replace(
        detail,
        unit=UnitId(clean(detail.unit, "unit")),
        classes=None if detail.classes is None else frozenset(clean(c, "classes") for c in detail.classes),
    )
