"""OAuth 2.0 for services: tokens, introspection, revocation, metadata, keys, and the list of what was revoked.

What memory holds is answered on the event loop, what takes the database goes to the bounded pool. Errors are of
RFC 6749 section 5.2, never a page and never a redirect: there is no browser in any of this.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

import msgspec
from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from access_service.api.http.edge import Edge, edge_of
from access_service.api.http.errors import cause_of
from access_service.api.oauth.answers import (
    DESCRIBED,
    UNAVAILABLE,
    Introspected,
    KeySet,
    OAuthProblem,
    RevocationsOut,
    ServerMetadata,
    TokenAnswer,
    UserInfo,
    answer,
    form_body,
)
from access_service.api.oauth.forms import FORM, Form, credentials, read_form, wanted_details, wanted_scope
from access_service.domain.errors import UnavailableError
from access_service.domain.names import RegisterId
from access_service.domain.tokens import DETAIL_TYPE, Claims, TokenError
from access_service.live.held_rights import NotInStateError
from access_service.usecases.tokens.client_auth import authenticate
from access_service.usecases.tokens.exchange import ACCESS_TOKEN_TYPE, JWT_TYPE, SUBJECT_TYPES, exchange
from access_service.usecases.tokens.introspect import POLL_S, introspect, render_introspection, revoke
from access_service.usecases.tokens.issue import IssuedToken, TokenPoint, WantedToken
from access_service.usecases.tokens.oauth_errors import OAuthCode, OAuthError
from access_service.usecases.tokens.openid import (
    ACR,
    CLAIMS,
    SignedInTokens,
    revoke_refresh,
    tokens_for_code,
    tokens_for_refresh,
    userinfo,
)
from access_service.usecases.tokens.proofs import check_proof

T = TypeVar("T")
router = APIRouter(tags=["oauth"])
METADATA = "/.well-known/oauth-authorization-server"
OPENID_METADATA = "/.well-known/openid-configuration"
JWKS, TOKEN, INTROSPECT, REVOKE, REVOCATIONS = (
    f"/oauth2/{name}" for name in ("jwks.json", "token", "introspect", "revoke", "revocations")
)
AUTHORIZE, USERINFO, END = "/oauth2/authorize", "/oauth2/userinfo", "/oauth2/logout"
"""The first and the last are pages (`web.service_sign_in`)."""
CLIENT_CREDENTIALS = "client_credentials"
CODE, REFRESH = "authorization_code", "refresh_token"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
SIGNED_WITH = ("ES256", "EdDSA")
"""What the service's own keys sign with, whichever the operator chose."""
METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt")
KEYS_FOR_S = 60
"""How long, in seconds, the keys may be kept: less than the least overlap of two keys."""
CHALLENGE = 'Basic realm="access-service"'
_encoder = msgspec.json.Encoder()


@router.post(
    TOKEN,
    summary="An access token",
    response_class=Response,
    openapi_extra=form_body(
        *("grant_type", "scope", "resource", "authorization_details", "subject_token"),
        *("code", "redirect_uri", "code_verifier", "refresh_token"),
    ),
    responses={200: answer("The token, shown once.", TokenAnswer), **DESCRIBED},
)
async def token(request: Request) -> Response:
    """A code, a refresh token, client credentials (RFC 6749 sections 4.1, 6, 4.4), or an exchange (RFC 8693)."""
    return await _answered(request, _token)


@router.post(
    INTROSPECT,
    summary="Does this token hold now?",
    response_class=Response,
    openapi_extra=form_body("token"),
    responses={200: answer("What the token says, or only that it does not hold.", Introspected), **DESCRIBED},
)
async def introspection(request: Request) -> Response:
    """RFC 7662, for clients with the scope `introspect`."""
    return await _answered(request, _introspect)


@router.post(
    REVOKE,
    summary="This token is to hold no longer",
    response_class=Response,
    openapi_extra=form_body("token"),
    responses={200: {"description": "It does not, whether it did before or not."}, **DESCRIBED},
)
async def revocation(request: Request) -> Response:
    """RFC 7009, for the client to which it was issued."""
    return await _answered(request, _revoke)


@router.get(
    METADATA,
    summary="What this authorization server offers",
    response_class=Response,
    responses={200: answer("RFC 8414.", ServerMetadata)},
)
async def metadata(request: Request) -> Response:
    """Authorization server metadata (RFC 8414)."""
    return _metadata(edge_of(request))


@router.get(
    OPENID_METADATA,
    summary="The same, where OpenID Connect looks for it",
    response_class=Response,
    responses={200: answer("OpenID Connect Discovery 1.0.", ServerMetadata)},
)
async def openid_metadata(request: Request) -> Response:
    """OpenID provider metadata: the same document."""
    return _metadata(edge_of(request))


def _metadata(edge: Edge) -> Response:
    url = edge.public_url
    return _json(
        ServerMetadata(
            issuer=url,
            authorization_endpoint=url + AUTHORIZE,
            token_endpoint=url + TOKEN,
            userinfo_endpoint=url + USERINFO,
            end_session_endpoint=url + END,
            jwks_uri=url + JWKS,
            introspection_endpoint=url + INTROSPECT,
            revocation_endpoint=url + REVOKE,
            revocation_list_endpoint=url + REVOCATIONS,
            grant_types_supported=(CODE, REFRESH, CLIENT_CREDENTIALS, EXCHANGE),
            token_endpoint_auth_methods_supported=METHODS,
            introspection_endpoint_auth_methods_supported=METHODS,
            revocation_endpoint_auth_methods_supported=METHODS,
            authorization_details_types_supported=(DETAIL_TYPE,),
            id_token_signing_alg_values_supported=SIGNED_WITH,
            acr_values_supported=tuple(ACR.values()),
            claims_supported=CLAIMS,
        ),
        KEYS_FOR_S,
    )


@router.post(AUTHORIZE, include_in_schema=False)
@router.post(END, include_in_schema=False)
async def by_get(request: Request) -> Response:
    """A form that a client's page sends is read as the same parameters in the address (OpenID Connect 3.1.2.1).

    A browser brings its cookies along on the way that follows, and not on the form of another site.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        body = await _body(request) if kind == FORM.decode() else b"\xff"
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=64)
    except (ValueError, OAuthError):
        return _refusal(OAuthError(OAuthCode.INVALID_REQUEST, "the form cannot be read"))
    headers = {"Location": f"{request.url.path}?{urlencode(pairs)}", "Cache-Control": "no-store"}
    return Response(status_code=303, headers=headers)


@router.get(
    USERINFO,
    summary="Who signed in",
    response_class=Response,
    openapi_extra={"security": [{"token": []}]},
    responses={200: answer("What the client learns.", UserInfo), 401: DESCRIBED[401], **UNAVAILABLE},
)
async def user_info(request: Request) -> Response:
    """OpenID Connect Core 1.0 section 5.3, for an access token of a sign-in with the scope `openid`."""
    return await _user_info(request)


router.post(USERINFO, include_in_schema=False)(user_info)


async def _user_info(request: Request) -> Response:
    edge = edge_of(request)
    point = _tokens(edge)
    given = request.headers.getlist("authorization")
    scheme, _, text = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    text = text.strip()
    try:
        claims = await _shown(request, edge, point, scheme.lower(), text)
        found = await edge.in_pool(lambda: point.waiting(lambda: userinfo(point, claims)))
    except (TokenError, OAuthError) as error:
        edge.metrics.refused[OAuthCode.INVALID_TOKEN] += 1
        refused = OAuthError(OAuthCode.INVALID_TOKEN, error.message.replace("`", ""))
        said = f', error="{OAuthCode.INVALID_TOKEN}"' if text else ""
        way = "DPoP" if scheme.lower() == "dpop" else "Bearer"
        return _json(_problem(refused), 0, 401, {"WWW-Authenticate": f'{way} realm="access-service"{said}'})
    return _json(found)


async def _shown(request: Request, edge: Edge, point: TokenPoint, scheme: str, text: str) -> Claims:
    """What the access token of a request says that is for this service; with its key's proof where it is bound."""
    if not text or scheme not in ("bearer", "dpop"):
        raise OAuthError(OAuthCode.INVALID_TOKEN, "send the access token in the header Authorization")
    claims = point.verify(text, point.issuer, edge.clock())
    if (claims.jkt is not None) != (scheme == "dpop"):
        raise OAuthError(OAuthCode.INVALID_TOKEN, "a token that is bound to a key is sent as DPoP, no other is")
    if claims.jkt is not None:
        await _proved(request, edge, USERINFO, access_token=text, jkt=claims.jkt)
    return claims


@router.get(
    JWKS,
    summary="The keys that access tokens are signed with",
    response_class=Response,
    responses={200: answer("RFC 7517: next, current and retiring keys.", KeySet), **UNAVAILABLE},
)
async def jwks(request: Request) -> Response:
    """The public keys; each stands here before it signs and for as long as what it signed may be in use."""
    edge = edge_of(request)
    return _json(_tokens(edge).keyring.jwks(edge.clock()), KEYS_FOR_S)


@router.get(
    REVOCATIONS,
    summary="What was taken back in the last life of a token",
    response_class=Response,
    responses={200: answer("For those who verify without a call.", RevocationsOut), **UNAVAILABLE},
)
async def revocations(request: Request) -> Response:
    """The list of the register that this service answers for."""
    edge = edge_of(request)
    revoked = edge.revoked
    if revoked is None:
        raise UnavailableError("this application issues no tokens")
    id_ = RegisterId((await edge.pdp.audience()).removeprefix("register "))
    try:
        found = revoked.kept(id_)
    except NotInStateError:
        found = await edge.in_pool(lambda: revoked.make(id_))
    body = RevocationsOut(found.as_of, POLL_S, found.tokens, found.subjects, found.all_before, id_)
    return _json(body, POLL_S)


# -- the three posts


async def _token(request: Request, edge: Edge, point: TokenPoint, form: Form) -> Response:
    began = time.perf_counter()
    grant_type = form.require("grant_type")
    if grant_type not in (CLIENT_CREDENTIALS, EXCHANGE, CODE, REFRESH):
        raise OAuthError(OAuthCode.UNSUPPORTED_GRANT_TYPE, "the grant type is not supported")
    client = await _client(request, edge, point, form, TOKEN)
    wanted = WantedToken(
        scope=wanted_scope(form),
        details=wanted_details(form),
        resources=(*form.all("resource"), *form.all("audience")),
        jkt=await _proved(request, edge, TOKEN),
    )
    if grant_type in (CODE, REFRESH):
        given = await _of_sign_in(edge, point, client, form, wanted)
        edge.metrics.issued[grant_type].observe(time.perf_counter() - began)
        edge.issuance.note_issued(request.state.request_id, grant_type, given.access.claims)
        answered = _token_answer(given.access, is_exchange=False)
        answered.id_token, answered.refresh_token = given.id_token, given.refresh
        return _json(answered)
    if grant_type == CLIENT_CREDENTIALS:
        issued = await _quickly(
            edge, point, lambda may_wait: point.client_credentials(client, wanted, may_wait=may_wait)
        )
    else:
        subject, type_ = _subject_of(form)
        issued = await _quickly(
            edge,
            point,
            lambda may_wait: exchange(point, client, subject, type_, wanted, may_wait=may_wait),
        )
    edge.metrics.issued[grant_type.rpartition(":")[2]].observe(time.perf_counter() - began)
    edge.issuance.note_issued(request.state.request_id, grant_type.rpartition(":")[2], issued.claims)
    return _json(_token_answer(issued, is_exchange=grant_type == EXCHANGE))


async def _of_sign_in(
    edge: Edge, point: TokenPoint, client: str, form: Form, wanted: WantedToken
) -> SignedInTokens:
    """The tokens of a person who signed in: for a code, or for the refresh token before."""
    if form.get("grant_type") == REFRESH:
        shown = form.require("refresh_token")
        return await edge.in_pool(lambda: tokens_for_refresh(point, client, shown, wanted))
    code, back, verifier = (form.require(name) for name in ("code", "redirect_uri", "code_verifier"))
    if wanted.scope is not None:
        raise OAuthError(OAuthCode.INVALID_REQUEST, "the scope was asked for with the code")
    return await edge.in_pool(lambda: tokens_for_code(point, client, code, back, verifier, wanted))


def _token_answer(issued: IssuedToken, *, is_exchange: bool) -> TokenAnswer:
    claims = issued.claims
    return TokenAnswer(
        access_token=issued.token,
        token_type="Bearer" if claims.jkt is None else "DPoP",
        expires_in=max(1, int(claims.exp - issued.instant)),
        scope=issued.scope_text,
        authorization_details=issued.details or None,
        issued_token_type=ACCESS_TOKEN_TYPE if is_exchange else None,
    )


def _subject_of(form: Form) -> tuple[str, str]:
    """Subject token and its type. The client is the actor: it has authenticated and needs no token about itself."""
    if form.get("actor_token") is not None or form.get("actor_token_type") is not None:
        raise OAuthError(OAuthCode.INVALID_REQUEST, "the actor is the client itself; send no actor_token")
    if form.get("requested_token_type") not in (None, ACCESS_TOKEN_TYPE, JWT_TYPE):
        raise OAuthError(OAuthCode.INVALID_REQUEST, "only access tokens are issued")
    type_ = form.require("subject_token_type")
    if type_ not in SUBJECT_TYPES:
        raise OAuthError(OAuthCode.INVALID_REQUEST, "the type of the subject token is not supported")
    return form.require("subject_token"), type_


async def _introspect(request: Request, edge: Edge, point: TokenPoint, form: Form) -> Response:
    client = await _client(request, edge, point, form, INTROSPECT)
    text = form.require("token")
    claims = await edge.in_pool(lambda: point.waiting(lambda: introspect(point, client, text)))
    if claims is None:
        return _json({"active": False})
    return _json(render_introspection(claims))


async def _revoke(request: Request, edge: Edge, point: TokenPoint, form: Form) -> Response:
    client = await _client(request, edge, point, form, REVOKE)
    text = form.require("token")
    if text.count(".") == 1:  # A refresh token; a JWT has two full stops.
        await edge.in_pool(lambda: revoke_refresh(point, client, text))
    else:
        await edge.in_pool(lambda: point.waiting(lambda: revoke(point, client, text)))
    return Response(status_code=200)


async def _client(request: Request, edge: Edge, point: TokenPoint, form: Form, path: str) -> str:
    """The authenticated client."""
    named = [value for name, value in request.headers.raw if name == b"authorization"]
    if len(named) > 1:
        raise OAuthError(OAuthCode.INVALID_REQUEST, "the header Authorization stands twice")
    given = credentials(named[0] if named else None, form)
    audiences = (point.issuer, point.issuer + TOKEN, point.issuer + path)
    return await _quickly(edge, point, lambda may_wait: authenticate(point, given, audiences, may_wait=may_wait))


async def _proved(
    request: Request, edge: Edge, path: str, *, access_token: str | None = None, jkt: str | None = None
) -> str | None:
    """Thumbprint of the key that the request's DPoP proof shows; None without a proof where none is due."""
    named = [value for name, value in request.headers.raw if name == b"dpop"]
    if not named and jkt is None:
        return None
    if len(named) != 1:
        raise OAuthError(OAuthCode.INVALID_DPOP_PROOF, "the header DPoP stands once")
    try:
        text, url = named[0].decode("latin-1"), edge.public_url + path
        proof = await check_proof(
            text, request.method, url, edge.used, edge.clock(), access_token=access_token, jkt=jkt
        )
        edge.check_made_here(proof.iat)
    except TokenError as error:
        raise OAuthError(OAuthCode.INVALID_DPOP_PROOF, error.message.replace("`", "")) from error
    return proof.jkt


async def _quickly(edge: Edge, point: TokenPoint, work: Callable[[bool], T]) -> T:
    """From memory on the loop, else in the pool where the database may be waited for."""
    try:
        return work(False)
    except NotInStateError:
        return await edge.in_pool(lambda: point.waiting(lambda: work(True)))


# -- answers


async def _answered(
    request: Request, work: Callable[[Request, Edge, TokenPoint, Form], Awaitable[Response]]
) -> Response:
    edge = edge_of(request)
    try:
        form = read_form(request.headers.get("content-type", "").encode("latin-1"), await _body(request))
        return await work(request, edge, _tokens(edge), form)
    except OAuthError as error:
        edge.metrics.refused[error.code] += 1
        return _refusal(error)
    except UnavailableError as error:
        edge.log_unavailable(cause_of(error), request.state.request_id)
        return _json(
            OAuthProblem("temporarily_unavailable", str(error).replace("`", "")), 0, 503, {"Retry-After": "1"}
        )


async def _body(request: Request) -> bytes:
    try:
        return await request.body()
    except HTTPException as error:
        raise OAuthError(OAuthCode.INVALID_REQUEST, error.detail) from None


def _refusal(error: OAuthError) -> Response:
    body = _problem(error)
    if error.code is OAuthCode.INVALID_CLIENT:
        return _json(body, 0, 401, {"WWW-Authenticate": CHALLENGE})
    return _json(body, 0, 400)


def _problem(error: OAuthError) -> OAuthProblem:
    reason = None if error.reason is None else str(error.reason)
    return OAuthProblem(error.code, error.message, reason, error.text.vi, error.text.en)


def _json(
    body: msgspec.Struct | Mapping[str, Any],
    keep_s: int = 0,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    kept = f"public, max-age={keep_s}" if keep_s else "no-store"
    return Response(_encoder.encode(body), status, {"Cache-Control": kept, **(headers or {})}, "application/json")


def _tokens(edge: Edge) -> TokenPoint:
    if edge.tokens is None:
        raise UnavailableError("this application issues no tokens")
    return edge.tokens
