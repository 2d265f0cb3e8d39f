"""How the values of `domain.tokens` stand in a JWT (RFC 9068, RFC 9396, RFC 8693, RFC 9449).

An absent member is a whole axis; a member that we do not know, or of another type, is an error: in a right to data
what is not understood must not be passed over, it might have been what narrows.
"""

import re
from collections.abc import Mapping
from typing import Any

from access_service.domain.members import show_member
from access_service.domain.names import UnitId
from access_service.domain.tokens import DETAIL_TYPE, AccessDetail, Actor, Claims, TokenError, TokenFault
from access_service.signing.jose import LONGEST_TEXT, instant, text

LONGEST_TOKEN_S = 3600
"""The longest life of an access token, in seconds, whatever the setting says."""
MOST_DETAILS = 64
MOST_VALUES = 512
"""The most values on one axis of a detail, and the most ids in one list."""
MOST_ACTORS = 8
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*")
"""RFC 6749 section 3.3: neither a quote nor a backslash, one space between two."""
_DETAIL_MEMBERS = frozenset(
    {"type", "unit", "levels", "grades", "classes", "subjects", "categories", "actions", "school_year", "grant"}
)


def detail_to_wire(detail: AccessDetail) -> dict[str, Any]:
    """One element of `authorization_details`, its sets in order."""
    found: dict[str, Any] = {
        "type": DETAIL_TYPE,
        "unit": detail.unit,
        "categories": sorted(detail.categories),
        "actions": sorted(detail.actions),
    }
    if detail.levels is not None:
        found["levels"] = sorted(detail.levels)
    if detail.grades is not None:
        found["grades"] = sorted(detail.grades)
    if detail.classes is not None:
        found["classes"] = sorted(detail.classes)
    if detail.subjects is not None:
        found["subjects"] = sorted(detail.subjects)
    if detail.school_year is not None:
        found["school_year"] = detail.school_year
    if detail.grant is not None:
        found["grant"] = detail.grant
    return found


def details_from_wire(value: object) -> tuple[AccessDetail, ...]:
    """`authorization_details` of a token or a request (already read from JSON).

    Raises `TokenError` (`invalid_claims`) for another type, an unknown member, an empty axis, or too much of it.
    """
    if type(value) is not list or not 0 < len(value) <= MOST_DETAILS:
        raise _wrong(f"`authorization_details` is no list of 1 to {MOST_DETAILS} objects")
    return tuple(_detail(item) for item in value)


def _detail(item: object) -> AccessDetail:
    if type(item) is not dict:
        raise _wrong("an authorization detail is no object")
    if item.get("type") != DETAIL_TYPE:
        raise _wrong(f"an authorization detail is not of the type `{DETAIL_TYPE}`")
    if not item.keys() <= _DETAIL_MEMBERS:
        name = show_member(min(item.keys() - _DETAIL_MEMBERS))
        raise _wrong(f"an authorization detail has the member `{name}`, which is not known")
    return AccessDetail(
        unit=UnitId(text(item, "unit")),
        levels=_values(item, "levels") if "levels" in item else None,
        grades=_values(item, "grades") if "grades" in item else None,
        classes=_values(item, "classes") if "classes" in item else None,
        subjects=_values(item, "subjects") if "subjects" in item else None,
        categories=_values(item, "categories"),
        actions=_values(item, "actions"),
        school_year=text(item, "school_year") if "school_year" in item else None,
        grant=text(item, "grant") if "grant" in item else None,
    )


def _values(item: Mapping[str, Any], name: str) -> frozenset[str]:
    values = _texts(item, name)
    found = frozenset(values)
    if not found or len(found) != len(values):
        raise _wrong(f"`{name}` is empty or names something twice")
    return found


def _texts(item: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = item.get(name)
    if type(values) is not list or len(values) > MOST_VALUES:
        raise _wrong(f"`{name}` is no list of at most {MOST_VALUES} texts")
    for value in values:
        # `is_text`, written out: a token holds hundreds of these.
        if type(value) is not str or not 0 < len(value) <= LONGEST_TEXT or not value.isprintable():
            raise _wrong(f"`{name}` holds something else than texts of 1 to {LONGEST_TEXT} characters")
    return tuple(values)


def claims_to_wire(claims: Claims) -> dict[str, Any]:
    """The payload of an access token.

    Raises `TokenError` (`invalid_claims`) for claims that `claims_from_wire` would not read back.
    """
    if len(claims.aud) != 1:
        raise _wrong("a token is for exactly one resource server")
    if not 0 < claims.exp - claims.iat <= LONGEST_TOKEN_S:
        raise _wrong(f"a token lives for 1 to {LONGEST_TOKEN_S} seconds")
    if len(claims.details) > MOST_DETAILS:
        raise _wrong(f"a token has at most {MOST_DETAILS} authorization details")
    found: dict[str, Any] = {
        "iss": claims.iss,
        "sub": claims.sub,
        "aud": claims.aud[0],
        "client_id": claims.client_id,
        "iat": claims.iat,
        "exp": claims.exp,
        "jti": claims.jti,
        "register": claims.register,
        "revision": claims.revision,
        "policy": list(claims.policy),
        "grants": list(claims.grants),
        "documents": list(claims.documents),
    }
    if claims.scope:
        found["scope"] = scope_to_wire(claims.scope)
    if claims.details:
        found["authorization_details"] = [detail_to_wire(detail) for detail in claims.details]
    if claims.act is not None:
        found["act"] = actor_to_wire(claims.act)
    if claims.jkt is not None:
        found["cnf"] = {"jkt": claims.jkt}
    return found


def claims_from_wire(found: Mapping[str, Any]) -> Claims:
    """The claims of a payload whose signature was verified; whose token it is and its times are checked elsewhere.

    Raises `TokenError` (`invalid_claims`) for a claim that is missing or of another type. Claims that we do not
    issue are passed over.
    """
    issued, expires = instant(found, "iat"), instant(found, "exp")
    if not 0 < expires - issued <= LONGEST_TOKEN_S:
        raise _wrong(f"a token lives for 1 to {LONGEST_TOKEN_S} seconds")
    return Claims(
        iss=text(found, "iss"),
        sub=text(found, "sub"),
        aud=(text(found, "aud", 512),),
        client_id=text(found, "client_id"),
        iat=issued,
        exp=expires,
        jti=text(found, "jti", 128),
        scope=scope_from_wire(found["scope"]) if "scope" in found else frozenset(),
        details=details_from_wire(found["authorization_details"]) if "authorization_details" in found else (),
        register=text(found, "register"),
        revision=text(found, "revision"),
        policy=_texts(found, "policy"),
        grants=_texts(found, "grants"),
        documents=_texts(found, "documents"),
        act=_actor(found["act"]) if "act" in found else None,
        jkt=_thumbprint(found["cnf"]) if "cnf" in found else None,
    )


def scope_to_wire(scope: frozenset[str]) -> str:
    """The words with one space between two, in order."""
    return " ".join(sorted(scope))


def scope_from_wire(value: object) -> frozenset[str]:
    """`scope` of a token or a request (RFC 6749 section 3.3): words with one space between two, none twice.

    Raises `TokenError` (`invalid_claims`) for everything else.
    """
    if type(value) is not str or len(value) > 1024 or _SCOPE.fullmatch(value) is None:  # noqa: PLR2004
        raise _wrong("`scope` is no list of words with one space between two")
    words = value.split(" ")
    if len(set(words)) != len(words):
        raise _wrong("`scope` names a word twice")
    return frozenset(words)


def actor_to_wire(actor: Actor) -> dict[str, Any]:
    """`act` with the actors before it nested in it (RFC 8693 section 4.1)."""
    chain = actor.chain()
    if len(chain) > MOST_ACTORS:
        raise _wrong(f"at most {MOST_ACTORS} services act for one another")
    found: dict[str, Any] = {}
    for sub in reversed(chain):
        found = {"sub": sub, "act": found} if found else {"sub": sub}
    return found


def _actor(value: object, before: int = 0) -> Actor:
    if type(value) is not dict or not value.keys() <= {"sub", "act"} or before >= MOST_ACTORS:
        raise _wrong(f"`act` is no chain of at most {MOST_ACTORS} actors")
    return Actor(text(value, "sub"), _actor(value["act"], before + 1) if "act" in value else None)


def _thumbprint(value: object) -> str:
    if type(value) is not dict or value.keys() != {"jkt"}:
        # A confirmation of another kind (RFC 7800) that was passed over would make a bound token a bearer token.
        raise _wrong("`cnf` confirms by something else than `jkt`")
    return text(value, "jkt", 64)


def _wrong(message: str) -> TokenError:
    return TokenError(TokenFault.INVALID_CLAIMS, message)
