"""One line guards a route of a service written with FastAPI.

    Guard(client=AsyncAccessClient(…), verifier=AsyncTokenVerifier(…)).install(app)
    may_read = require("student:read", category="STU-ACA", class_="class_code")

    @app.get("/classes/{class_code}/marks", dependencies=[may_read])

Whatever cannot be decided is refused: 401 without an account, 403 with the reason's code, 503 when nobody answers;
each as a problem document (RFC 9457). A route whose application has no guard answers 500, never the data.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from inspect import isawaitable
from typing import Any, TypeVar

from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import ParamTypes
from fastapi.routing import APIRoute
from starlette.responses import JSONResponse, Response

from access_service.client.awaiting import AsyncAccessClient
from access_service.client.core import why_not
from access_service.client.errors import AccessRequestError, AccessUnavailableError, ClientError, TokenError
from access_service.client.tokens import Token
from access_service.client.values import TYPES, Allow, Decision, Deny, Question, Reason, Resource
from access_service.client.verify import AsyncTokenVerifier
from access_service.client.words import REFUSED, sentence

T = TypeVar("T")
Source = str | Callable[[Request], Awaitable[str | None] | str | None]
"""Where a value comes from: the name of a path or query parameter, or a function of the request."""
AccountOf = Callable[[Request], Awaitable[str | None] | str | None]
"""Whose request this is; None when nobody is signed in."""
_ARGUMENTS = {"class": "class_"}
"""Words of the wire that are another argument here."""
OldAnswerOf = Callable[[Request, Question], Awaitable[bool | None] | bool | None]
"""What the system in place answers to a question, while the service only observes; None: not told."""
LONGEST = 256
SHOWN = {"revoked": "token_revoked", "wrong_audience": "wrong_audience"}
"""The service's own codes for tokens that do not count; of every other it is said that nobody is signed in."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a guarded route is given when it asks for it: who may do what to which resource."""

    account: str
    action: str
    resource: Resource
    decision: Allow
    token: Token | None
    """The verified token of the request, where it carried one."""
    observed: bool = False
    """The service only observes there: it was let in by the system in place, whatever the service said."""


class AccessRefusedError(Exception):
    """A request that goes no further; rendered by the handler that `Guard.install` adds."""

    def __init__(self, status: int, reason: Reason, detail: str = "") -> None:
        super().__init__(reason.code)
        self.status, self.reason = status, reason
        self.code = reason.code
        self.detail = detail
        """What was wrong with this very request; holds no token, key or person's id."""


class Guard:
    """How an application knows who asks and who decides. One of three:

    - `verifier` alone: the person's access token is verified here and decides, without a call;
    - `verifier` and `client`: the token is verified and must cover the act, and the service must allow it now;
    - `account` and `client`: the application knows the account by its own means, and the service decides.
    """

    def __init__(
        self,
        *,
        client: AsyncAccessClient | None = None,
        verifier: AsyncTokenVerifier | None = None,
        account: AccountOf | None = None,
        above: Callable[[Resource], Collection[str]] | None = None,
        old_answer: OldAnswerOf | None = None,
    ) -> None:
        """`above` names the units that you know to stand above a resource's (`Token.permits`).

        `old_answer` is how the system that is being taken over answers. It is told to the service with every
        question, and counts at units where the service says that it only observes; nowhere else.
        """
        if (verifier is None) == (account is None):
            raise ValueError("a guard knows accounts by a verifier or by a function")
        if verifier is None and client is None:
            raise ValueError("without tokens the service decides: a client is needed")
        if old_answer is not None and client is None:
            raise ValueError("an old answer is compared with the service's: a client is needed")
        # The client for threads would stop the event loop at every question.
        if client is not None and not isinstance(client, AsyncAccessClient):
            raise TypeError("a guard asks through an AsyncAccessClient")
        if verifier is not None and not isinstance(verifier, AsyncTokenVerifier):
            raise TypeError("a guard verifies through an AsyncTokenVerifier")
        self._client, self._verifier, self._account = client, verifier, account
        self._above, self._old_answer = above, old_answer

    def install(self, app: FastAPI) -> None:
        """Make this the application's guard; a route that names a parameter it lacks then stops the start."""
        if not hasattr(app.state, "access_guard"):
            _checked_at_start(app)
        app.state.access_guard = self
        app.add_exception_handler(AccessRefusedError, _render)

    def begin_to_watch(self) -> None:
        """Follow what moves from the start on, where its client or its verifier watches."""
        for asking in (self._client, self._verifier):
            if asking is not None and asking.watching is not None:
                asking.watching.start()

    async def admit(self, request: Request, action: str, resource: Resource, function: str | None) -> Access:
        """Let the request through, or raise `AccessRefusedError`."""
        token = None
        if self._verifier is not None:
            token = await self._token(request, self._verifier, action, resource, function)
            account = token.sub
            above = () if self._above is None else self._above(resource)
            decision = token.permits(action, resource, above=above)
            if not decision:
                raise _denied(decision)
        else:
            account = await self._known(request)
            decision = Deny()
        if self._client is not None:
            question = Question(account, action, resource, function)
            old = None if self._old_answer is None else await _settled(self._old_answer(request, question))
            decision = await self._asked(self._client, replace(question, old_answer=old))
            if decision.observed:
                return _observed(question, decision, old, token)
        if not decision:
            raise _denied(decision)
        return Access(account, action, resource, decision, token)

    @staticmethod
    async def _asked(client: AsyncAccessClient, question: Question) -> Decision:
        """Also of a client that raises."""
        account, action, resource = question.account, question.action, question.resource
        try:
            return await client.check(
                account,
                action,
                resource,
                function=question.function,
                explain="code",
                old_answer=question.old_answer,
            )
        except ClientError as error:
            return Deny(why_not(error), error=error)

    async def _known(self, request: Request) -> str:
        if self._account is None:
            raise RuntimeError("a guard without a verifier has a function")
        try:
            account = await _settled(self._account(request))
        except ClientError as error:
            raise _nobody(error) from error
        if not account:
            raise AccessRefusedError(401, _said("not_authenticated"))
        return account

    async def _token(
        self, request: Request, verifier: AsyncTokenVerifier, action: str, resource: Resource, function: str | None
    ) -> Token:
        """The verified token. Where a right was taken back, the service is asked which: that is the reason."""
        bearer = bearer_of(request)
        if bearer is None:
            raise AccessRefusedError(401, _said("not_authenticated"))
        try:
            return await verifier.verify(bearer)
        except ClientError as error:
            subject = error.subject if isinstance(error, TokenError) else None
            if subject is not None and self._client is not None:
                decision = await self._asked(self._client, Question(subject, action, resource, function))
                if isinstance(decision, Deny) and decision.error is None and decision.reason is not None:
                    raise _denied(decision) from error
            raise _nobody(error) from error


def _observed(question: Question, decision: Decision, old: bool | None, token: Token | None) -> Access:
    """Where the service only observes, the system in place counts; what it refuses is refused.

    Where nothing says how it answers, the application asks it elsewhere: the request goes on to it.
    """
    if old is False:
        raise AccessRefusedError(403, _said("forbidden"))
    allowed = decision if isinstance(decision, Allow) else Allow(decision.revision, observed=True)
    return Access(question.account, question.action, question.resource, allowed, token, observed=True)


def _nobody(error: ClientError) -> AccessRefusedError:
    """A token that does not count is 401, with what is wrong with it as `detail`; where nobody can know, 503."""
    if isinstance(error, TokenError):
        return AccessRefusedError(401, _said(SHOWN.get(error.code, "not_authenticated")), error.message)
    return _no_answer(error)


def _no_answer(error: ClientError) -> AccessRefusedError:
    """Nobody answered, or the service does not take this software's own key, token or scope: never the person's."""
    if isinstance(error, AccessRequestError):
        return AccessRefusedError(503, _said(REFUSED), f"{error.code}: {error.message}")
    return AccessRefusedError(503, _said("unavailable"), error.message)


def _said(code: str) -> Reason:
    return Reason(code, *sentence(code))


def bearer_of(request: Request) -> str | None:
    """The bearer of the one `Authorization` header (RFC 6750, 2.1); None for none, several, another scheme."""
    values = request.headers.getlist("authorization")
    scheme, _, token = values[0].partition(" ") if len(values) == 1 else ("", "", "")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


@dataclass(frozen=True, slots=True, eq=False)
class _Requirement:
    """The dependency that `require` makes: equal to itself only, as the framework keeps it once a request."""

    permission: str
    action: str
    type: str
    category: str
    sources: Mapping[str, Source | None]
    id: Source | None
    function: str | None
    guard: Guard | None

    async def __call__(self, request: Request) -> Access:
        """Let the request through, or raise."""
        route = request.scope.get("route")
        if isinstance(route, APIRoute):
            # Where no start of the application was seen (mounted, or served without a lifespan).
            self.check(route, request.path_params)
        chosen = self.guard if self.guard is not None else getattr(request.app.state, "access_guard", None)
        if not isinstance(chosen, Guard):
            raise RuntimeError("no guard is installed in this application")
        named = {n: await _value(request, source) for n, source in self.sources.items() if source is not None}
        id_ = await _value(request, self.id)
        resource = Resource(self.type, id_, {"category": self.category, **named})
        return await chosen.admit(request, self.action, resource, self.function)

    def check(self, route: APIRoute, more: Iterable[str] = ()) -> None:
        """`ValueError` when a parameter that is named here is none of the route's: it would be a deny for ever."""
        known = _parameters_of(route)
        for word, source in {**self.sources, "id": self.id}.items():
            if isinstance(source, str) and source not in known and source not in more:
                methods = "/".join(sorted(route.methods or ()))
                has = ", ".join(sorted({*known, *more})) or "none"
                raise ValueError(
                    f"`{methods} {route.path}`: `{_ARGUMENTS.get(word, word)}` of `{self.permission}` names"
                    f" `{source}`, which is no path or query parameter of the route: it has {has}"
                )


def _parameters_of(route: APIRoute) -> frozenset[str]:
    """The path and query parameters that a route declares, by the names they have in a request."""
    declared = get_flat_params(route.dependant)
    kinds = (ParamTypes.path, ParamTypes.query)
    return frozenset(route.param_convertors) | {
        p.alias for p in declared if getattr(p.field_info, "in_", None) in kinds
    }


def check_routes(app: FastAPI) -> None:
    """`ValueError` when some route's `require` names a parameter that the route does not have.

    The application's start does this by itself once a guard is installed; a test may do it without a start.
    """
    for route in app.routes:
        if isinstance(route, APIRoute):
            for requirement in _requirements_of(route.dependant):
                requirement.check(route)


def _requirements_of(dependant: Dependant) -> Iterator[_Requirement]:
    for inner in dependant.dependencies:
        if isinstance(inner.call, _Requirement):
            yield inner.call
        yield from _requirements_of(inner)


def _checked_at_start(app: FastAPI) -> None:
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def checked(started: Any) -> AsyncIterator[Any]:
        check_routes(app)
        async with inner(started) as state:
            app.state.access_guard.begin_to_watch()
            yield state

    app.router.lifespan_context = checked


def require(
    permission: str,
    *,
    category: str,
    class_: Source | None = None,
    unit: Source | None = None,
    id: Source | None = None,  # noqa: A002 the word of the wire
    subject: Source | None = None,
    level: Source | None = None,
    grade: Source | None = None,
    school_year: Source | None = None,
    function: str | None = None,
    guard: Guard | None = None,
) -> Any:
    """A dependency that lets a request through when its account may do this, and gives the route an `Access`.

    `permission` is `<resource type>:<action>`. The others name path or query parameters of the route, or are
    functions of the request; a value that is missing or comes twice is a deny, and a name that the route does not
    declare stops the application's start. Without `id`, `student` and `staff`
    mean everybody of the class or unit. `guard` is another one than the application's. Raises `ValueError` when the
    route is declared wrongly.
    """
    type_, _, action = permission.partition(":")
    if type_ not in TYPES or not action or not action.replace("_", "").isalnum():
        raise ValueError(f"`{permission}` is not `<resource type>:<action>`")
    if not category:
        raise ValueError("a category of data is named")
    whole = {"class": class_, "student": class_, "unit": unit, "staff": unit}[type_]
    if id is None and whole is None:
        raise ValueError(f"`{permission}` says neither which record nor which class or unit")
    sources: dict[str, Source | None] = {
        "class": class_,
        "unit": unit,
        "subject": subject,
        "level": level,
        "grade": grade,
        "school_year": school_year,
    }

    return Depends(
        _Requirement(permission, action, type_, category, sources, id if id is not None else whole, function, guard)
    )


async def _settled(found: Awaitable[T] | T) -> T:
    return await found if isawaitable(found) else found


async def _value(request: Request, source: Source | None) -> str:
    """One value, or a deny: nothing is guessed."""
    if source is None:
        raise _denied(_deny("resource_incomplete"))
    if isinstance(source, str):
        found = _parameter(request, source)
    else:
        found = await _settled(source(request))
    if not isinstance(found, str) or not 0 < len(found) <= LONGEST or not found.isprintable():
        raise _denied(_deny("resource_incomplete"))
    return found


def _parameter(request: Request, name: str) -> str | None:
    if name in request.path_params:
        return str(request.path_params[name])
    values = request.query_params.getlist(name)
    if len(values) > 1:
        # The route would read one of them, and who knows which.
        raise _denied(_deny("resource_contradictory"))
    return values[0] if values else None


def _deny(code: str) -> Deny:
    return Deny(_said(code))


def _denied(decision: Decision) -> AccessRefusedError:
    """A no is 403; no answer is 503, for the person cannot help it."""
    error = decision.error if isinstance(decision, Deny) else None
    reason = decision.reason if isinstance(decision, Deny) else None
    is_ours = isinstance(error, AccessRequestError) and error.status in (
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
    )
    if error is not None and (isinstance(error, AccessUnavailableError) or is_ours):
        return _no_answer(error)
    if reason is None:
        return AccessRefusedError(403, _said("forbidden"))
    return AccessRefusedError(403, reason, "" if error is None else error.message)


async def _render(_request: Request, error: Exception) -> Response:
    if not isinstance(error, AccessRefusedError):
        raise error
    headers: Mapping[str, str] = {"Cache-Control": "no-store"}
    if error.status == HTTPStatus.UNAUTHORIZED:
        is_missing = not error.detail
        challenge = "Bearer" if is_missing else 'Bearer error="invalid_token"'
        headers = {**headers, "WWW-Authenticate": challenge}
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers = {**headers, "Retry-After": "1"}
    body = {
        "status": error.status,
        "title": HTTPStatus(error.status).phrase,
        "code": error.code,
        "vi": error.reason.vi,
        "en": error.reason.en,
        **({"detail": error.detail} if error.detail else {}),
    }
    return JSONResponse(body, error.status, headers, "application/problem+json")
