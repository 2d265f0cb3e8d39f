"""Who asks for decisions: whoever has the static key, or an enforcement point with an access token.

A token opens what its scopes say, in its own register, about its client's types of resources. It is verified once
and then remembered (`signing.tokens`); whether it still holds is asked of memory at every request, so that a client
that was disabled, an account that was suspended or a token that was revoked gets nothing at the next one.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from access_service.api.http.edge import Edge
from access_service.api.pdp import KEY
from access_service.domain.errors import RefusedError
from access_service.domain.names import ClientId
from access_service.domain.reasons import Refusal
from access_service.domain.tokens import Claims, TokenError
from access_service.live.held_rights import NotInStateError
from access_service.usecases.observed import Watch
from access_service.usecases.tokens.introspect import EnforcementPoint, enforcement_point
from access_service.usecases.tokens.oauth_errors import OAuthError
from access_service.usecases.tokens.proofs import check_proof

EVALUATE, SEARCH, EXPLAIN = "evaluate", "search", "explain"


class Asker(NamedTuple):
    """Who asks, and what it may ask."""

    id: str
    """Bound into page tokens: `key`, or the client's id."""
    client: str | None
    """None for the static key."""
    scopes: frozenset[str]
    resource_types: frozenset[str] | None
    """None: all."""
    watch: Watch | None = None
    """Where its answers are not enforced; None: everywhere they are."""

    def require(self, scope: str) -> None:
        """Raise `insufficient_scope` unless it may."""
        if scope in self.scopes:
            return
        if self.client is None:
            raise RefusedError(Refusal.FORBIDDEN, "the static key may not search")
        raise RefusedError(Refusal.INSUFFICIENT_SCOPE, f"the token lacks the scope `{scope}`", scope=scope)

    def check_types(self, types: Collection[str | None]) -> None:
        """Raise `insufficient_scope` for a type of resource that it was not registered for."""
        if self.resource_types is None:
            return
        for type_ in types:
            if type_ and type_ not in self.resource_types:
                raise RefusedError(
                    Refusal.INSUFFICIENT_SCOPE, "the client is not registered for that type of resource"
                )

    def check_items(self, items: Collection[Any]) -> None:
        """The same for what is evaluated, and `explain` where an item asks for everything."""
        if self.client is None:
            return
        self.check_types([None if i.resource is None else i.resource.type for i in items])
        if any(i.context is not None and i.context.explain == "full" for i in items):
            self.require(EXPLAIN)


_KEY = Asker(KEY, None, frozenset({EVALUATE, EXPLAIN}), None)
_KEY_SEARCH = _KEY._replace(scopes=frozenset({EVALUATE, EXPLAIN, SEARCH}))


async def asker(edge: Edge, path: str, headers: Mapping[bytes, bytes], method: str = "POST") -> Asker:
    """Who sent a request with these headers to this path; `not_authenticated` for nobody that we know."""
    scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
    scheme, token = scheme.lower(), given.strip().decode("utf-8", "replace")
    if scheme == b"bearer" and edge.is_key(token):
        return _KEY_SEARCH if edge.api_key_search else _KEY
    if edge.tokens is None or scheme not in (b"bearer", b"dpop") or token.count(".") != 2:  # noqa: PLR2004
        raise RefusedError(
            Refusal.NOT_AUTHENTICATED, "a key or an access token is needed, in the header `Authorization: Bearer …`"
        )
    try:
        claims = edge.tokens.verify(token, edge.tokens.issuer, edge.clock())
        await _check_proof(edge, scheme, (method, path), headers, token, claims)
        found = await _enforcement_point(edge, claims)
    except (TokenError, OAuthError) as error:
        raise _unknown(scheme, str(error)) from error
    except RefusedError as error:
        if error.code is Refusal.TOKEN_REVOKED and scheme == b"dpop":
            raise RefusedError(error.code, error.message, scheme="DPoP") from error
        raise
    if found is None:
        raise _unknown(scheme, "the token is for data, and asks for no decisions")
    if await edge.pdp.audience() != f"register {found.register}":
        raise RefusedError(Refusal.INSUFFICIENT_SCOPE, "the token is of another register")
    watch = Watch(found.register, ClientId(found.client), found.observed) if found.observed else None
    return Asker(found.client, found.client, found.scopes, found.resource_types, watch)


def _unknown(scheme: bytes, message: str) -> RefusedError:
    told = {"scheme": "DPoP"} if scheme == b"dpop" else {}
    return RefusedError(Refusal.NOT_AUTHENTICATED, message, **told)


async def _check_proof(
    edge: Edge,
    scheme: bytes,
    where: tuple[str, str],
    headers: Mapping[bytes, bytes],
    token: str,
    claims: Claims,
) -> None:
    """A token that is bound to a key comes with a proof by that key, and no other token does (RFC 9449)."""
    if (claims.jkt is not None) != (scheme == b"dpop"):
        raise _unknown(scheme, "a token that is bound to a key is sent as `DPoP`, no other is")
    if claims.jkt is None:
        return
    text, (method, path) = headers.get(b"dpop", b"").decode("latin-1"), where
    proof = await check_proof(
        text, method, edge.public_url + path, edge.used, edge.clock(), access_token=token, jkt=claims.jkt
    )
    edge.check_made_here(proof.iat)


async def _enforcement_point(edge: Edge, claims: Claims) -> EnforcementPoint | None:
    point = edge.tokens
    if point is None:
        return None
    try:
        return enforcement_point(point, claims)
    except NotInStateError:
        return await edge.in_pool(lambda: point.waiting(lambda: enforcement_point(point, claims)))
