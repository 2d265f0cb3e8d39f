"""What a management route is given: the services, and the caller of a bearer session."""

from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from access_service.domain.errors import RefusedError
from access_service.domain.reasons import Refusal
from access_service.usecases.identity.open_sessions import caller_from_token
from access_service.usecases.services import Caller, Services

_bearer = HTTPBearer(
    auto_error=False, scheme_name="session", description="The token of `POST /v1/sessions`; never an API key."
)


def services_of(request: Request) -> Services:
    """The application's services."""
    return cast("Services", request.app.state.services)


def bearer_token(request: Request) -> str | None:
    """The token of the one `Authorization` header, or None; where two stand, nobody knows whose request it is."""
    given = request.headers.getlist("authorization")
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _shown_by(request: Request) -> str:
    token = bearer_token(request)
    if token is None:
        raise RefusedError(Refusal.NOT_AUTHENTICATED, "sign in first")
    return token


def _noted(request: Request, caller: Caller) -> Caller:
    """The caller, whose account stands in the log's line of this request where the operator asks for it."""
    request.state.account = caller.account
    return caller


def caller_of_request(
    request: Request, _shown: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    """The signed-in caller, or `not_authenticated`. An API key opens no session: it manages and signs nothing."""
    return _noted(request, caller_from_token(services_of(request), _shown_by(request)))


def caller_of_leaving(
    request: Request, _shown: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    """The same, where whoever's last duty ended gets in to hand back."""
    return _noted(request, caller_from_token(services_of(request), _shown_by(request), to_hand_back=True))


def caller_of_any(
    request: Request, _shown: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    """The same, whatever the session has to do first: signing out is open to all."""
    return _noted(
        request, caller_from_token(services_of(request), _shown_by(request), even_if_due=True, to_hand_back=True)
    )


def caller_of_due(
    request: Request, _shown: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    """The same, where a session gets in that has to set a password or a second factor first."""
    return _noted(request, caller_from_token(services_of(request), _shown_by(request), even_if_due=True))


ServicesDep = Annotated[Services, Depends(services_of)]
CallerDep = Annotated[Caller, Depends(caller_of_request)]
LeavingCallerDep = Annotated[Caller, Depends(caller_of_leaving)]
AnyCallerDep = Annotated[Caller, Depends(caller_of_any)]
DueCallerDep = Annotated[Caller, Depends(caller_of_due)]
