"""Sign in and out, set a first password, and what the caller is."""

from fastapi import APIRouter, Request

from access_service.api.http.deps import AnyCallerDep, CallerDep, ServicesDep
from access_service.api.http.sign_in_gate import gate_of, source_of
from access_service.api.manage.accounts_bodies import MeOut
from access_service.api.manage.idempotency import ReadingRoute
from access_service.api.manage.routing import PROBLEMS, manage
from access_service.api.manage.sign_in_bodies import ActivatedOut, Activation, NewSession, SessionOut
from access_service.domain.errors import RefusedError
from access_service.usecases.evidence.reading import read_me, register_named
from access_service.usecases.identity import accounts
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
    try:
        account = await gate.run(source, lambda: accounts.activate(services, body.code, body.password))
    except RefusedError:
        gate.was_wrong(source)
        raise
    return ActivatedOut(account=account)


@router.delete("/sessions/current", status_code=204)
def sign_out(services: ServicesDep, caller: AnyCallerDep) -> None:
    """End the session."""
    opening.sign_out(services, caller)


@router.get("/me")
def me(services: ServicesDep, caller: CallerDep) -> MeOut:
    """The caller's account, person, unit, duties, grants, and the documents that wait for their signature."""
    return MeOut.of(read_me(services, caller))
