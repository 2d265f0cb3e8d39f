"""Who a person is that comes to another service through a proxy: by a session or a token for that service.

A session is as wide as what its account holds; a token never wider than its own boxes, whatever the account holds.
"""

from dataclasses import dataclass

from access_service.domain.errors import RefusedError
from access_service.domain.names import AccountId, RegisterId, UnitId
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.tokens import AccessDetail, Claims, TokenError, TokenFault, covers
from access_service.usecases.identity.open_sessions import caller_from_token
from access_service.usecases.services import Services
from access_service.usecases.tokens.introspect import why_over
from access_service.usecases.tokens.issue import TokenPoint
from access_service.usecases.tokens.oauth_errors import OAuthError

CLASS_PARTS = 3
"""`<school code>:<school year>:<class code>`."""


@dataclass(frozen=True, slots=True)
class AskedAccess:
    """What a request would do, as far as a token's boxes bear on it."""

    action: str
    category: str
    type: str
    id: str
    unit: str | None = None
    class_: str | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whose request it is."""

    account: AccountId
    register: RegisterId
    covers: bool
    """False when the request came with a token that does not reach so far."""
    over: Reason | None = None
    """The token was good until a right was taken back: the decision says whether there is another (K)."""


def bearer_of(
    services: Services, point: TokenPoint | None, token: str, audience: str, asked: AskedAccess
) -> Bearer:
    """Who holds a session's token, or an access token, for `audience`. Reads the database.

    `not_authenticated`, `wrong_audience` for what is good elsewhere (A9), `token_revoked` for what was taken back,
    and what has stopped the account.
    """
    if token.count(".") != 2:  # noqa: PLR2004 a session's token has no dots, a JWT two
        caller = caller_from_token(services, token, meant_for=(audience,))
        return Bearer(caller.account, caller.register, covers=True)
    if point is None:
        raise _unknown("access tokens are not taken here")
    try:
        claims = point.verify(token, audience, point.db.now())
        # A token that is bound to a key proves nothing without that key, and no proof comes through a proxy.
        if claims.jkt is not None:
            raise _unknown("the token is bound to a key")
        return point.waiting(lambda: _by_token(point, claims, asked))
    except TokenError as error:
        if error.code is TokenFault.WRONG_AUDIENCE:
            raise RefusedError(Refusal.WRONG_AUDIENCE, "the token is for another service") from error
        raise _unknown("the token does not hold") from error
    except OAuthError as error:
        raise _unknown("the token does not hold") from error


def _unknown(message: str) -> RefusedError:
    return RefusedError(Refusal.NOT_AUTHENTICATED, message)


def _by_token(point: TokenPoint, claims: Claims, asked: AskedAccess) -> Bearer:
    now, _ = point.known(claims.client_id)
    over = why_over(point, now, claims)
    if isinstance(over, Refusal):
        raise RefusedError(over, "the token no longer holds")

    def is_below(unit: UnitId, root: UnitId) -> bool:
        return now.state.is_below(unit, root, now.instant)

    box = _box(point, claims, asked)
    reaches = box is not None and covers(claims.details, (box,), is_below)
    return Bearer(AccountId(claims.sub), now.register, reaches, over)


def _box(point: TokenPoint, claims: Claims, asked: AskedAccess) -> AccessDetail | None:
    """The smallest box that the request lies in; None where it names no place that the register has."""
    unit: str | None = asked.id if asked.type == "unit" else asked.unit
    classes: frozenset[str] | None = None
    levels: frozenset[str] | None = None
    grades: frozenset[str] | None = None
    year: str | None = None
    code = asked.id if asked.type == "class" else asked.class_
    if asked.type in ("class", "student"):
        parts = (code or "").split(":")
        now, _ = point.known(claims.client_id)
        place = now.state.place_of(code or "") if len(parts) == CLASS_PARTS else None
        if code is None or place is None or unit not in (None, str(place.school)):
            return None
        unit, year = str(place.school), parts[1]
        classes, levels, grades = frozenset({code}), frozenset({place.level}), frozenset({place.grade})
    if unit is None:
        return None
    return AccessDetail(
        unit=UnitId(unit),
        levels=levels,
        classes=classes,
        subjects=frozenset({asked.subject}) if asked.subject is not None else None,
        categories=frozenset({asked.category}),
        actions=frozenset({asked.action}),
        school_year=year,
        grant=None,
        grades=grades,
    )
