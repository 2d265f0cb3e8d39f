"""For reverse proxies: may this request pass? nginx `auth_request`, Traefik and Caddy forward-auth.

The proxy names the original request in two headers and itself by a key of its own; the person's bearer comes along
as `Authorization`. The answer is 200, 401 or 403, and nothing else lets a request through. Where the proxy observes
(0133), every request that a rule is about passes, and what it would have been answered is counted. docs/proxies.md.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from access_service.api.authzen.callers import EVALUATE, Asker, asker
from access_service.api.authzen.observe import count_observed
from access_service.api.authzen.schemas import Action, Context, Evaluation, Resource, ResourceProperties, Subject
from access_service.api.forward.browser import (
    host_of,
    is_visit,
    path_to_return_to,
    read_cookie,
    rules_of,
    send_to_sign_in,
)
from access_service.api.forward.rules import HEADERS, ForwardRules, Matched, UnclearPathError
from access_service.api.http.deps import bearer_token, services_of
from access_service.api.http.edge import Edge, edge_of
from access_service.api.http.errors import AUTHZEN, STATUS, Problem, problem
from access_service.api.http.openapi import READ_PROBLEMS
from access_service.api.pdp import BodyAnswers
from access_service.domain.errors import RefusedError
from access_service.domain.guarded_host import SESSION, GuardedHost, comes_from_there
from access_service.domain.observing import Mode, read_old_answer, unit_asked_about
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.text import REASON_TEXT
from access_service.usecases.observed import Watch
from access_service.usecases.tokens.bearers import AskedAccess, Bearer, bearer_of

router = APIRouter(tags=["access"])
PATH = f"{AUTHZEN}forward-auth"
KEY, OLD_ANSWER = "x-access-key", "x-access-old-answer"
"""The proxy's own key or access token, never the person's; and what the system in place answered."""
REWRITERS = frozenset(
    {
        *("x-http-method", "x-http-method-override", "x-method-override"),
        *("x-original-url", "x-rewrite-url", "x-override-url", "x-rewrite-uri"),
        *("x-original-path", "x-envoy-original-path", "x-forwarded-prefix"),
    }
)
"""By these some services take another method or path than the one that was checked."""
PAIRS = [name for pair in HEADERS.values() for name in pair]
OURS = frozenset({KEY, OLD_ANSWER, "x-access-account", "x-access-grant", "authorization", *PAIRS})
"""What a proxy, this service or the one behind reads; spelled with `_` many a server takes it for the same."""
PRINTABLE = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")


@router.get(
    PATH,
    summary="May the request that a proxy holds pass?",
    response_class=Response,
    openapi_extra={"security": [{"key": []}]},
    responses={
        200: {
            "description": "It may; `X-Access-Account` and `X-Access-Grant` say whose it is and by what right; "
            "`X-Access-Mode: observe` that nothing was enforced."
        },
        403: {"description": "It may not; `X-Access-Reason` says why."},
        **{status: described for status, described in READ_PROBLEMS.items() if status in (400, 401, 503)},
    },
)
async def forward_auth(request: Request) -> Response:
    """The decision about the original request."""
    edge = edge_of(request)
    rules = rules_of(request)
    who = await admit_proxy(edge, request, PATH)
    try:
        matched = _matched(request, rules)
        if matched.asked is None:
            return _nobody()
        who.check_types((matched.asked.type,))
    except UnclearPathError as error:
        return _refused(Refusal.FORBIDDEN, str(error))
    except RefusedError as error:
        return _refused_by(error)
    known: list[Bearer] = []
    try:
        response = await _decided(edge, request, matched.asked, matched, who, known)
    except RefusedError as error:
        response = _refused_by(error)
    if who.watch is not None:
        response = _observed(edge, request, who.watch, matched.asked, response, known)
    return _sent_to_sign_in(edge, request, rules, response)


def _sent_to_sign_in(edge: Edge, request: Request, rules: ForwardRules | None, response: Response) -> Response:
    """Whoever opens a page and is nobody signs in first, where the proxy hands our answer on (Traefik, Caddy)."""
    host = host_of(request)
    if response.status_code != HTTPStatus.UNAUTHORIZED or rules is None or host is None:
        return response
    if rules.uri_header != HEADERS["forwarded"][0] or not is_visit(request, _one(request, rules.method_header)):
        return response
    return send_to_sign_in(edge.public_url, host, path_to_return_to(rules, _one(request, rules.uri_header)))


def _refused_by(error: RefusedError) -> Response:
    """A proxy knows 401 and 403, and takes any other status for no answer."""
    is_nobody = STATUS[error.code] == HTTPStatus.UNAUTHORIZED
    return _refused(error.code, error.message, status=401 if is_nobody else 403)


def _observed(
    edge: Edge, request: Request, watch: Watch, asked: AskedAccess, response: Response, known: Sequence[Bearer]
) -> Response:
    """The answer as it is where the unit is enforced; where it is observed it is counted, and all pass."""
    unit = unit_asked_about(asked.type, asked.id, asked.unit, asked.class_)
    if unit is None or watch.mode(unit, edge.clock()) is not Mode.OBSERVE:
        return response
    said = request.headers.getlist(OLD_ANSWER)
    old = read_old_answer(said[0] if len(said) == 1 else None)
    is_allowed, reason = response.status_code == HTTPStatus.OK, response.headers.get("x-access-reason", "")
    words = (asked.category, asked.action)
    count_observed(edge, watch, unit, words, old, reason, is_allowed=is_allowed)
    if not is_allowed:
        response = _nobody()
        if known:
            response.headers["X-Access-Account"] = quote(known[0].account, safe=PRINTABLE)
    response.headers["X-Access-Mode"] = Mode.OBSERVE.value
    return response


router.head(PATH, include_in_schema=False)(forward_auth)


async def admit_proxy(edge: Edge, request: Request, path: str) -> Asker:
    """Whoever else sends these headers might say anything in them: a proxy proves that it is ours."""
    keys = request.headers.getlist(KEY)
    given = keys[0].encode("latin-1") if len(keys) == 1 else b""
    who = await asker(edge, path, {b"authorization": b"Bearer " + given})
    who.require(EVALUATE)
    return who


def _matched(request: Request, rules: ForwardRules | None) -> Matched:
    """Which question the request is; `forbidden` where no rule is about it."""
    if rules is None:
        raise RefusedError(Refusal.FORBIDDEN, "no rules are set up for requests through a proxy")
    # Two hosts or none: the proxy and whoever else stands between may each have meant another service.
    _one(request, "host")
    for name in request.headers:
        if "_" in name and name.replace("_", "-") in REWRITERS | OURS:
            raise UnclearPathError("a header is spelled so that servers read it in two ways")
        if name in REWRITERS:
            raise UnclearPathError("a header asks for another method or path")
    matched = rules.match(_one(request, rules.method_header), _one(request, rules.uri_header))
    if matched is None:
        raise RefusedError(Refusal.FORBIDDEN, "no rule is about this method and path")
    return matched


def _shown(request: Request, host: GuardedHost | None, method: str) -> str:
    """What the person shows: one bearer, or the session in their browser's cookie of this host; never both."""
    bearers, cookie = request.headers.getlist("authorization"), None
    if host is not None:
        cookie = read_cookie(request, SESSION)
    if bearers or cookie is None:
        token = bearer_token(request) if len(bearers) == 1 and cookie is None else None
        if token is None:
            raise RefusedError(Refusal.NOT_AUTHENTICATED, "sign in first")
        return token
    # An access token is no session, wherever it is put.
    if "." in cookie or host is None:
        raise RefusedError(Refusal.NOT_AUTHENTICATED, "sign in first")
    headers = request.headers
    if not comes_from_there(method, headers.get("sec-fetch-site"), headers.get("origin"), host):
        raise RefusedError(Refusal.FORBIDDEN, "a page of another host sent this with the person's cookie")
    return cookie


def refuse_nobody() -> Response:
    """401, as for every request of nobody."""
    return _refused(Refusal.NOT_AUTHENTICATED, "sign in first", status=401)


def _nobody() -> Response:
    """Who it is was not asked: the service behind is told of nobody, whatever bearer came along.

    The headers are there and empty, because Caddy writes a placeholder's name where one is missing.
    """
    nobody = {"X-Access-Account": "", "X-Access-Grant": ""}
    return Response(status_code=200, headers={**nobody, "Cache-Control": "no-store"})


async def _decided(
    edge: Edge, request: Request, asked: AskedAccess, matched: Matched, who: Asker, known: list[Bearer]
) -> Response:
    """The answer, as if it were enforced; whoever was found to ask is added to `known`."""
    rules: ForwardRules = request.app.state.forward_rules
    token = _shown(request, host_of(request), _one(request, rules.method_header))
    services = services_of(request)
    bearer = await edge.in_pool(lambda: bearer_of(services, edge.tokens, token, rules.audience, asked))
    if await edge.pdp.audience() != f"register {bearer.register}":
        raise RefusedError(Refusal.NOT_AUTHENTICATED, "sign in first")
    known.append(bearer)
    if not bearer.covers:
        return _refused(Refusal.INSUFFICIENT_SCOPE, "the token does not cover this")
    return await _asked(edge, request, bearer, asked, matched.properties, who)


def _one(request: Request, name: str) -> str:
    """The value of a header that comes exactly once."""
    values = request.headers.getlist(name)
    if len(values) != 1:
        raise UnclearPathError(f"the proxy sends one header `{name}`")
    return values[0]


async def _asked(
    edge: Edge, request: Request, bearer: Bearer, asked: AskedAccess, more: Mapping[str, str], who: Asker
) -> Response:
    answered = await edge.pdp.evaluate(
        (_question(bearer, asked, more),), stop_at=None, explain="none", log="all", is_clean=False
    )
    (record,) = answered.records
    edge.count(answered.counts)
    is_allowed = record["decision"] == "allow"
    if edge.log_decisions == "all" or (edge.log_decisions == "deny" and not is_allowed):
        edge.log_decided(request.state.request_id, answered, who.client)
    if not is_allowed:
        return _denied(record["reason"], answered)
    if bearer.over is not None:
        return _refused(Refusal.TOKEN_REVOKED, "the right that the token rests on is gone; get another", status=401)
    headers = {
        "X-Access-Account": quote(bearer.account, safe=PRINTABLE),
        "X-Access-Grant": quote(str(record["grant"]), safe=PRINTABLE),
        "X-Access-Revision": answered.revision,
        "Cache-Control": "no-store",
    }
    return Response(status_code=200, headers=headers)


def _question(bearer: Bearer, asked: AskedAccess, more: Mapping[str, str]) -> Evaluation:
    function = more.get("function")
    named = {name: value for name, value in more.items() if name != "function"}
    properties = ResourceProperties(
        category=asked.category, unit=asked.unit, class_=asked.class_, subject=asked.subject, **named
    )
    return Evaluation(
        subject=Subject(type="account", id=bearer.account),
        action=Action(name=asked.action),
        resource=Resource(type=asked.type, id=asked.id, properties=properties),
        context=Context(function=function) if function is not None else None,
    )


def _denied(reason: Reason, answered: BodyAnswers) -> Response:
    text = REASON_TEXT[reason]
    body = Problem(status=403, title="Forbidden", code=reason.value, vi=text.vi, en=text.en)
    headers = {
        "X-Access-Reason": reason.value,
        "X-Access-Revision": answered.revision,
        "Cache-Control": "no-store",
    }
    return Response(msgspec.json.encode(body), 403, headers, "application/problem+json")


def _refused(code: Refusal, detail: str, status: int = 403) -> Response:
    response = problem(code, status=status, detail=detail)
    response.headers["X-Access-Reason"] = code.value
    return response
