"""What an access token says (RFC 9068, 9396, 8693, 9449), read strictly, and what follows without a call."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from access_service.client.errors import TokenError
from access_service.client.values import Allow, Decision, Deny, Reason, Resource
from access_service.client.words import sentence

DETAIL_TYPE = "education_data"
TOKEN_TYPE = "at+jwt"  # noqa: S105 a media type
LONGEST_TOKEN = 16_384
"""Characters."""
LONGEST_LIFE_S = 3600
MOST_VALUES = 512
MOST_ACTORS = 8
LATEST = 253_402_300_799
"""The last second of the year 9999."""
HEADER = frozenset({"alg", "kid", "typ"})
"""All that a token of the service has in its header; whatever else stands there is an attempt at something."""
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*")
_OPEN_AXES = ("levels", "grades", "classes", "subjects")
_CLOSED_AXES = ("categories", "actions")
_DETAIL = frozenset({"type", "unit", "school_year", "grant", *_OPEN_AXES, *_CLOSED_AXES})


@dataclass(frozen=True, slots=True)
class AccessDetail:
    """One box of data and what may be done with it (RFC 9396); None on an axis is the whole axis."""

    unit: str
    """Everything in this unit and below it."""
    categories: frozenset[str]
    actions: frozenset[str]
    levels: frozenset[str] | None = None
    grades: frozenset[str] | None = None
    classes: frozenset[str] | None = None
    """`<school code>:<school year>:<class code>`."""
    subjects: frozenset[str] | None = None
    school_year: str | None = None
    grant: str | None = None
    """The grant or approval it rests on."""


@dataclass(frozen=True, slots=True)
class Token:
    """A verified access token. Instants are whole seconds since 1970."""

    sub: str
    """The account that the token is about."""
    client_id: str
    aud: str
    iat: int
    exp: int
    jti: str
    scope: frozenset[str]
    details: tuple[AccessDetail, ...]
    register: str
    revision: str
    policy: tuple[str, ...]
    grants: tuple[str, ...]
    documents: tuple[str, ...]
    actors: tuple[str, ...]
    """Accounts of those who act for the subject, the one that acts now first."""
    jkt: str | None

    def permits(self, action: str, resource: Resource, *, above: Collection[str] = ()) -> Decision:
        """Does the token itself cover this? Denies whatever it does not plainly say.

        `above` are codes of units that you know to stand above the resource's; without them a token for an office
        covers nothing in a school, and a question over the network decides. A lock of a reporting period is not in
        the token: ask for acts that change something.
        """
        if not self.details:
            return _deny("no_grant")
        deepest, reason = -1, "no_grant"
        for detail in self.details:
            at, code = _outside(detail, action, resource, above)
            if code is None:
                return Allow(self.revision)
            if at > deepest:
                deepest, reason = at, code
        return _deny(reason)


def _deny(code: str) -> Deny:
    return Deny(Reason(code, *sentence(code)))


def _outside(
    detail: AccessDetail, action: str, resource: Resource, above: Collection[str]
) -> tuple[int, str | None]:
    """How far the box held, and why it did not; None when everything lies in it."""
    said = resource.properties
    code, unit, year, fault = _place(resource)
    if fault is not None:
        return 0, fault
    axes = (
        (detail.actions, action, "action_not_in_role"),
        (detail.categories, said.get("category"), "outside_category"),
        (frozenset({detail.unit}), detail.unit if detail.unit in above else unit, "outside_unit"),
        (detail.levels, said.get("level"), "outside_level"),
        (detail.grades, said.get("grade"), "outside_grade"),
        (detail.classes, code, "outside_class"),
        (detail.subjects, said.get("subject"), "outside_subject"),
        (None if detail.school_year is None else frozenset({detail.school_year}), year, "outside_year"),
    )
    for depth, (allowed, value, reason) in enumerate(axes, start=1):
        if allowed is None:
            continue
        if value is None:
            # Of the classes that a token names the service has left out those of other levels and grades.
            if detail.classes is not None and reason in ("outside_level", "outside_grade"):
                continue
            return depth, "resource_incomplete"
        if value not in allowed:
            return depth, reason
    return len(axes) + 1, None


def _place(resource: Resource) -> tuple[str, str | None, str | None, str | None]:
    """Class (empty for what lies in none), unit and school year of what is asked about; last, what is wrong."""
    said = resource.properties
    unit, year = said.get("unit"), said.get("school_year")
    if resource.type == "unit":
        return "", resource.id, year, None if unit in (None, resource.id) else "resource_contradictory"
    if resource.type == "staff":
        return "", unit, year, None if unit else "resource_incomplete"
    code = resource.id if resource.type == "class" else said.get("class", "")
    parts = code.split(":")
    if resource.type not in ("class", "student") or len(parts) != 3 or not all(parts):  # noqa: PLR2004
        return "", None, None, "resource_incomplete"
    if unit not in (None, parts[0]) or year not in (None, parts[1]) or said.get("class", code) != code:
        return "", None, None, "resource_contradictory"
    return code, parts[0], parts[1], None


@dataclass(frozen=True, slots=True)
class Parts:
    """A token of exactly three canonical parts (RFC 7515 section 7.1), read but not verified."""

    header: Mapping[str, Any]
    payload: bytes
    signature: bytes
    signed: bytes
    """What the signature is over."""


def parts_of(token: str) -> Parts:
    """The parts of a token; `TokenError` for whatever is not exactly three of them."""
    found = _COMPACT.fullmatch(token)
    if found is None:
        raise TokenError("malformed", "the token is not three parts in base64url")
    head, payload, signature = found.groups()
    return Parts(
        json_of(_decoded(head)), _decoded(payload), _decoded(signature), token[: found.end(2)].encode("ascii")
    )


def _decoded(part: str) -> bytes:
    """The bytes of the one spelling that an encoder gives (RFC 4648 section 3.5)."""
    try:
        raw = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raise TokenError("malformed", "the token is not base64url") from None
    if urlsafe_b64encode(raw).rstrip(b"=") != part.encode():
        raise TokenError("malformed", "the token is not in its canonical spelling")
    return raw


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _never(_: str) -> Any:
    raise ValueError


_DECODE: Callable[[str], Any] = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_never).decode


def json_of(raw: bytes) -> dict[str, Any]:
    """One JSON object in UTF-8, each member once."""
    try:
        found = _DECODE(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        raise TokenError("malformed", "the token holds no JSON in UTF-8") from None
    if type(found) is not dict:
        raise TokenError("malformed", "the token holds no JSON object")
    return found


def token_of(found: Mapping[str, Any]) -> Token:
    """The claims, each of its type. Whose they are, and whether now, is checked by the verifier."""
    issued, expires = _instant(found, "iat"), _instant(found, "exp")
    if not 0 < expires - issued <= LONGEST_LIFE_S:
        raise _wrong(f"a token lives for at most {LONGEST_LIFE_S} seconds")
    if "nbf" in found:
        raise _wrong("a token of the service has no `nbf`")
    return Token(
        sub=_text(found, "sub"),
        client_id=_text(found, "client_id"),
        aud=_text(found, "aud", 512),
        iat=issued,
        exp=expires,
        jti=_text(found, "jti"),
        scope=_scope(found),
        details=_details(found),
        register=_text(found, "register"),
        revision=_text(found, "revision"),
        policy=_texts(found, "policy"),
        grants=_texts(found, "grants"),
        documents=_texts(found, "documents"),
        actors=_actors(found.get("act")) if "act" in found else (),
        jkt=_thumbprint(found["cnf"]) if "cnf" in found else None,
    )


def _wrong(message: str) -> TokenError:
    return TokenError("invalid_claims", message)


def _instant(found: Mapping[str, Any], name: str) -> int:
    value = found.get(name)
    if type(value) is not int or not 0 <= value <= LATEST:
        raise _wrong(f"the claim `{name}` is no instant in whole seconds")
    return value


def _text(found: Mapping[str, Any], name: str, longest: int = 256) -> str:
    value = found.get(name)
    if type(value) is not str or not 0 < len(value) <= longest:
        raise _wrong(f"the claim `{name}` is no text of 1 to {longest} characters")
    return value


def _texts(found: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = found.get(name)
    if type(values) is not list or len(values) > MOST_VALUES:
        raise _wrong(f"the claim `{name}` is no list of texts")
    for value in values:
        if type(value) is not str or not 0 < len(value) <= 256:  # noqa: PLR2004
            raise _wrong(f"the claim `{name}` is no list of texts")
    return tuple(values)


def _scope(found: Mapping[str, Any]) -> frozenset[str]:
    if "scope" not in found:
        return frozenset()
    value = found["scope"]
    if type(value) is not str or len(value) > LONGEST_TOKEN or _SCOPE.fullmatch(value) is None:
        raise _wrong("the claim `scope` is no list of words with one space between two")
    return frozenset(value.split(" "))


def _details(found: Mapping[str, Any]) -> tuple[AccessDetail, ...]:
    if "authorization_details" not in found:
        return ()
    items = found["authorization_details"]
    if type(items) is not list or not items:
        raise _wrong("`authorization_details` is no list of objects")
    return tuple(_detail(item) for item in items)


def _detail(item: object) -> AccessDetail:
    """A member that is not known might be one that narrows: it is not passed over."""
    if type(item) is not dict or item.get("type") != DETAIL_TYPE or not item.keys() <= _DETAIL:
        raise _wrong("an authorization detail is of another kind or has a member that is not known")
    axes = {name: frozenset(_texts(item, name)) for name in (*_OPEN_AXES, *_CLOSED_AXES) if name in item}
    if not all(axes.values()) or not axes.keys() >= set(_CLOSED_AXES):
        raise _wrong("an authorization detail leaves an axis empty")
    words = {name: _text(item, name) for name in ("school_year", "grant") if name in item}
    return AccessDetail(unit=_text(item, "unit"), **axes, **words)  # type: ignore[arg-type]


def _actors(found: object) -> tuple[str, ...]:
    actors: list[str] = []
    while found is not None:
        if type(found) is not dict or not found.keys() <= {"sub", "act"} or len(actors) == MOST_ACTORS:
            raise _wrong("the claim `act` is no chain of actors")
        actors.append(_text(found, "sub"))
        if "act" in found and found["act"] is None:
            raise _wrong("the claim `act` is no chain of actors")
        found = found.get("act")
    if not actors:
        raise _wrong("the claim `act` is no chain of actors")
    return tuple(actors)


def _thumbprint(found: object) -> str:
    """Only RFC 9449's `jkt`: a token that is bound by other means is not ours to take as if it were not."""
    if type(found) is not dict or set(found) != {"jkt"}:
        raise _wrong("the claim `cnf` names no key")
    return _text(found, "jkt")
