"""A browser signs in at a guarded host: sent away, back with a code, out again. The proxy hands these requests on.

nginx asks for `sign-in` where a request was answered 401; Traefik and Caddy get the same answer from
`forward-auth` itself. `callback` and `sign-out` are what the host has below `/.access/`. Each takes the proxy's
key. docs/proxies.md.
"""

from fastapi import APIRouter, Request
from starlette.responses import Response

from access_service.api.forward.auth import admit_proxy, refuse_nobody
from access_service.api.forward.browser import (
    host_of,
    is_visit,
    let_in,
    let_out,
    path_to_return_to,
    read_cookie,
    rules_of,
    send_to_sign_in,
    stop,
)
from access_service.api.http.deps import services_of
from access_service.api.http.edge import edge_of
from access_service.api.http.errors import AUTHZEN, problem
from access_service.domain.errors import RefusedError
from access_service.domain.guarded_host import SESSION, WAY, GuardedHost, comes_from_there, path_of, read_way
from access_service.domain.reasons import Refusal
from access_service.usecases.identity.open_sessions import caller_from_token
from access_service.usecases.identity.sign_in import sign_out
from access_service.usecases.services import Services
from access_service.usecases.tokens.authorizing import redeem_code
from access_service.usecases.tokens.oauth_errors import OAuthError

router = APIRouter(include_in_schema=False)
GUARDED = f"{AUTHZEN}guarded/"
STOPPED, LEFT = "/dang-nhap/may-chu/khong-vao-duoc", "/dang-nhap/may-chu/da-ra"
"""Pages of ours that say why somebody was not let in, and that they left."""
LONGEST_CODE = 512


@router.get(GUARDED + "sign-in")
async def begin(request: Request) -> Response:
    """Send whoever opens a page to sign in; everybody else hears 401."""
    edge, rules, host = edge_of(request), rules_of(request), host_of(request)
    await admit_proxy(edge, request, GUARDED + "sign-in")
    if rules is None or host is None:
        return refuse_nobody()
    uris, methods = (request.headers.getlist(name) for name in (rules.uri_header, rules.method_header))
    if len(uris) != 1 or len(methods) != 1 or not is_visit(request, methods[0]):
        return refuse_nobody()
    return send_to_sign_in(edge.public_url, host, path_to_return_to(rules, uris[0]))


@router.get(GUARDED + "callback")
async def come_back(request: Request) -> Response:
    """Take the code for a session of this host, once; in the browser that began, and in no other."""
    edge, rules, host = edge_of(request), rules_of(request), host_of(request)
    await admit_proxy(edge, request, GUARDED + "callback")
    if rules is None or host is None:
        return refuse_nobody()
    code, state = _one(request, "code"), _one(request, "state")
    kept = read_cookie(request, WAY)
    way = read_way(kept, state)
    path = path_to_return_to(rules, path_of(state) or "/")
    if way is None and kept is not None and path_of(state) is not None:
        # Another tab began after this one: the code counts for nothing, and the person signs in all the same.
        return send_to_sign_in(edge.public_url, host, path)
    if way is None or code is None or not 0 < len(code) <= LONGEST_CODE:
        # Another browser's, or somebody sent it here: nothing of it counts, and what was open stays open.
        return stop(f"{edge.public_url}{STOPPED}")
    services = services_of(request)

    def redeem() -> str | None:
        try:
            found = redeem_code(
                services,
                code,
                audience=host.audience,
                redirect_uri=host.callback,
                verifier=way.verifier,
            )
        except OAuthError:
            return None
        return found.session

    token = await edge.in_pool(redeem)
    return stop(f"{edge.public_url}{STOPPED}") if token is None else let_in(path, token)


@router.get(GUARDED + "sign-out")
@router.post(GUARDED + "sign-out")
async def leave(request: Request) -> Response:
    """End this host's session, from a page of this host alone; the session of signing in goes on."""
    edge, host = edge_of(request), host_of(request)
    await admit_proxy(edge, request, GUARDED + "sign-out")
    if host is None:
        return refuse_nobody()
    headers = request.headers
    # A link of this host is opened as `same-origin`, a typed address as `none`; another site's as neither.
    site = headers.get("sec-fetch-site")
    if site != "none" and not comes_from_there("POST", site, headers.get("origin"), host):
        return problem(Refusal.FORBIDDEN, status=403, detail="sign out from a page of this host")
    token, services = read_cookie(request, SESSION), services_of(request)
    if token is not None:
        await edge.in_pool(lambda: _end(services, token, host))
    return let_out(f"{edge.public_url}{LEFT}")


def _end(services: Services, token: str, host: GuardedHost) -> None:
    try:
        caller = caller_from_token(services, token, meant_for=(host.audience,), even_if_due=True)
    except RefusedError:
        return
    sign_out(services, caller)


def _one(request: Request, name: str) -> str | None:
    values = request.query_params.getlist(name)
    return values[0] if len(values) == 1 else None
