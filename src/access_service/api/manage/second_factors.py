"""The caller's own password and second factors, and the sessions that they open for services.

A session that has to set one of them first gets in here and nowhere else. The answers hold secrets or a new token:
these routes take no `Idempotency-Key`.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from access_service.api.forward.rules import ForwardRules
from access_service.api.http.deps import CallerDep, DueCallerDep, ServicesDep
from access_service.api.manage.bodies import Id
from access_service.api.manage.idempotency import ReadingRoute
from access_service.api.manage.routing import PROBLEMS
from access_service.api.manage.sign_in_bodies import (
    AgainShown,
    ConfirmedOut,
    NewPasskey,
    NewPassword,
    NewServiceSession,
    PasskeyOptionsOut,
    SecondFactorsOut,
    ServiceSessionOut,
    SessionOut,
    TotpCode,
    TotpOut,
)
from access_service.usecases.identity import codes, second_factor, service_sessions, sign_in

router = APIRouter(prefix="/v1/me", tags=["sessions"], route_class=ReadingRoute, responses=PROBLEMS)
FactorId = Annotated[Id, Path()]


@router.post("/password")
def change_password(services: ServicesDep, caller: DueCallerDep, body: NewPassword) -> SessionOut:
    """Set a new password with the old one; every session ends, and the answer is a new one."""
    return SessionOut.of(sign_in.change_password(services, caller, body.password, body.new_password))


@router.post("/sessions", status_code=201)
def open_service_session(
    request: Request, services: ServicesDep, caller: CallerDep, body: NewServiceSession
) -> ServiceSessionOut:
    """A session for one service: it opens nothing here, and nothing at any other service."""
    rules: ForwardRules | None = getattr(request.app.state, "forward_rules", None)
    guarded = () if rules is None else (rules.audience,)
    return ServiceSessionOut.of(service_sessions.open_service_session(services, caller, body.audience, guarded))


@router.get("/second-factors")
def list_factors(services: ServicesDep, caller: DueCallerDep) -> SecondFactorsOut:
    """The second factors that are asked for at sign-in."""
    return SecondFactorsOut.of(second_factor.list_factors(services, caller))


@router.post("/second-factors/totp", status_code=201)
def begin_totp(services: ServicesDep, caller: DueCallerDep, body: AgainShown) -> TotpOut:
    """A new secret for an authenticator, shown once; it counts once a code confirms it."""
    return TotpOut.model_validate(second_factor.begin_totp(services, caller, body.password, body.second))


@router.post("/second-factors/totp/confirm")
def confirm_totp(services: ServicesDep, caller: DueCallerDep, body: TotpCode) -> SessionOut:
    """The code that the authenticator shows; every session ends, and the answer is a new one."""
    return SessionOut.of(second_factor.confirm_totp(services, caller, body.totp))


@router.post("/second-factors/passkey", status_code=201)
def begin_passkey(services: ServicesDep, caller: DueCallerDep, body: AgainShown) -> PasskeyOptionsOut:
    """What the browser makes a passkey from (PublicKeyCredentialCreationOptionsJSON); once, within five minutes."""
    return PasskeyOptionsOut(options=second_factor.begin_passkey(services, caller, body.password, body.second))


@router.post("/second-factors/passkey/confirm")
def confirm_passkey(services: ServicesDep, caller: DueCallerDep, body: NewPasskey) -> SessionOut:
    """The browser's answer (RegistrationResponseJSON); every session ends, and the answer is a new one."""
    return SessionOut.of(second_factor.confirm_passkey(services, caller, body.passkey))


@router.post("/second-factors/{id}/remove")
def remove_factor(services: ServicesDep, caller: DueCallerDep, id: FactorId, body: AgainShown) -> SessionOut:  # noqa: A002
    """Use it no longer; an admin account keeps one. Every session ends, and the answer is a new one."""
    return SessionOut.of(second_factor.remove_factor(services, caller, id, body.password, body.second))


@router.post("/account/confirm")
def confirm_account(services: ServicesDep, caller: CallerDep, body: AgainShown) -> ConfirmedOut:
    """With a second factor of one's own: nobody else opens the account. The mark on papers goes."""
    done = codes.confirm_account(services, caller, body.password, body.second)
    return ConfirmedOut(seen_by=sorted({code.shown_to for code in done}))
