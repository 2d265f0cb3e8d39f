"""Sign in and out, set a first password, and what the caller is."""

from fastapi import APIRouter, Request

from access_service.api.http.deps import AnyCallerDep, CallerDep, ServicesDep
from access_service.api.http.sign_in_gate import gate_of, source_of
from access_service.api.manage.accounts_bodies import MeOut
from access_service.api.manage.idempotency import ReadingRoute
from access_service.api.manage.lists_bodies import EndedOut, OwnSessionsOut
from access_service.api.manage.routing import PROBLEMS, manage
from access_service.api.manage.segments import PathId
from access_service.api.manage.sign_in_bodies import ActivatedOut, Activation, NewSession, SessionOut
from access_service.domain.errors import RefusedError
from access_service.usecases.evidence.reading import read_me, register_named
from access_service.usecases.identity import accounts, entering
from access_service.usecases.identity import own_sessions as own
from access_service.usecases.identity import sign_in as opening

open_router = APIRouter(prefix="/v1", tags=["sessions"], route_class=ReadingRoute, responses=PROBLEMS)
"""Before there is a session: an `Idempotency-Key` would have to keep secrets, so it is refused."""
router = manage("sessions")


@open_router.post("/sessions", status_code=201)
async def sign_in(request: Request, services: ServicesDep, body: NewSession) -> SessionOut:
    """Open a session. A wrong name, a wrong password and a locked account answer the same, at the same time.

    401 `second_factor_required` says in its details what else to show: `totp`, or a `passkey` over its challenge.
    """
    gate, source = gate_of(request), source_of(request)

    def work() -> SessionOut:
        register = register_named(services, body.register_ or request.app.state.settings.register_name)
        return SessionOut.of(opening.sign_in(services, register, body.username, body.password, body.second, source))

    return await gate.let_in(source, work)


@open_router.post("/activations")
async def activate(request: Request, services: ServicesDep, body: Activation) -> ActivatedOut:
    """Set the first password, or a new one after recovery. Waits in the line of those who sign in."""
    gate, source = gate_of(request), source_of(request)

    def work() -> ActivatedOut:
        if not body.open_session:
            return ActivatedOut(account=accounts.activate(services, body.code, body.password))
        entered = entering.activate_and_enter(services, body.code, body.password, source)
        signed = entered.signed_in
        return ActivatedOut(account=entered.account, session=None if signed is None else SessionOut.of(signed))

    try:
        return await gate.run(source, work)
    except RefusedError:
        gate.was_wrong(source)
        raise


@router.delete("/sessions/current", status_code=204)
def sign_out(services: ServicesDep, caller: AnyCallerDep) -> None:
    """End the session."""
    opening.sign_out(services, caller)


@router.get("/me/sessions")
def own_sessions(services: ServicesDep, caller: CallerDep) -> OwnSessionsOut:
    """The sessions of the caller's account that are open."""
    return OwnSessionsOut.of(own.list_sessions(services, caller))


@router.delete("/me/sessions/{id}", status_code=204)
def end_session(services: ServicesDep, caller: CallerDep, id: PathId) -> None:  # noqa: A002
    """End one of them, with what was opened in it for other services."""
    own.end_own_session(services, caller, id)


@router.post("/me/sessions/end-others")
def end_other_sessions(services: ServicesDep, caller: CallerDep) -> EndedOut:
    """End every other session of the account."""
    return EndedOut(ended=own.end_other_sessions(services, caller))


@router.get("/me")
def me(services: ServicesDep, caller: CallerDep) -> MeOut:
    """The caller's account, person, unit, duties, grants, and the documents that wait for their signature."""
    return MeOut.of(read_me(services, caller))
