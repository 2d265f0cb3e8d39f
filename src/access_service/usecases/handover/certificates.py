"""Certificates of people and units: brought by whoever has the key, in their own session, and ended.

The service gives out a page that names who asked and a number used once; it comes back signed. Whoever registers a
certificate signs by it from then on, so that the password is entered again, as when a passkey is added.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from access_service.domain.certificates import (
    CHALLENGE,
    RegisteredCertificate,
    check_ends,
    check_not_taken,
    check_registers_own,
    read_basis,
)
from access_service.domain.errors import NotFoundError, RefusedError, UnavailableError
from access_service.domain.names import AccountKind, UnitId
from access_service.domain.org import Person
from access_service.domain.powers import Power, ends, power, powerless, yields
from access_service.domain.reasons import Refusal
from access_service.domain.statements import check_ceremony
from access_service.domain.time import local
from access_service.domain.waiting import check_reason
from access_service.evidence.covers import Challenge, render_challenge
from access_service.evidence.fonts import find_family
from access_service.evidence.layout import CONTENT_NAME
from access_service.signing.canonical import canonical
from access_service.signing.pdf_check import BadPdfError, ForeignSignature, GivenOut
from access_service.signing.pdf_fields import HOLDER_FIELD, FieldPlace, add_fields
from access_service.storage.ceremonies import OpenCeremony, look_up_ceremony, open_ceremony, take_ceremony
from access_service.usecases.handover.signatures import new_nonce, show_password
from access_service.usecases.services import Caller, ReadView, Services, act, as_missing, look, refusing

_ACT = "certificate.register"
_PLACE = FieldPlace(HOLDER_FIELD, "Chữ ký số của người đăng ký", 0, 320, 560, 200, 70)


@dataclass(frozen=True, slots=True)
class AskedForKey:
    """A page that waits to come back signed."""

    id: str
    expires_at: datetime


@powerless("a page is prepared; bringing it back signed registers")
def ask_for_key(
    services: Services,
    caller: Caller,
    password: str,
    *,
    code: str | None = None,
    unit: UnitId | None = None,
    basis: str = "",
) -> AskedForKey:
    """Prepare the page that the certificate's key signs: the caller's own, or with `unit` one of the unit's."""
    with refusing(services, caller, _ACT, caller.account):
        with look(services, caller) as view:
            _check_may(view, caller, unit)
            person, now = view.reader.get(Person, caller.person), view.now
        paper = "" if unit is None else read_basis(basis)
        show_password(services, caller, password, code)
    expires_at = now + CHALLENGE
    said = {
        "format": 1,
        "register": caller.register,
        "account": caller.account,
        "person": caller.person,
        "name": "" if person is None else person.name,
        "unit": unit,
        "basis": paper,
        "nonce": new_nonce(),
        "asked_at": now.isoformat(),
    }
    opened = OpenCeremony(services.new_id("cer"), canonical(said).decode(), "", expires_at)
    with services.db.aside() as connection:
        open_ceremony(connection, caller.register, caller.account, caller.session, opened, now)
    return AskedForKey(opened.id, expires_at)


def _check_may(view: ReadView, caller: Caller, unit: UnitId | None) -> None:
    if unit is None:
        check_registers_own(caller)
    else:
        view.as_custodian(unit)


@powerless("a page is shown to whoever asked for it")
def show_key_page(services: Services, caller: Caller, id_: str) -> bytes:
    """The page to be signed, the same bytes each time, for the session that asked."""
    return _given_out(_waiting(services, caller, id_)).pdf


def _waiting(services: Services, caller: Caller, id_: str) -> OpenCeremony:
    with look(services, caller) as view:
        found = view.reader.ask(lambda c: look_up_ceremony(c, caller.register, caller.account, caller.session, id_))
        if found is not None and not found.challenge:
            check_ceremony(True, found.expires_at, view.now)
            return found
    raise NotFoundError("page to be signed", id_)


def _given_out(waiting: OpenCeremony) -> GivenOut:
    content = waiting.statements.encode()
    said = json.loads(content)
    asked_at = datetime.fromisoformat(said["asked_at"])
    page = Challenge(
        rows=(
            ("Mã đăng ký dùng một lần", said["nonce"]),
            ("Hệ thống", said["register"]),
            ("Tài khoản", said["account"]),
            ("Người đăng ký", f"{said['name']} ({said['person']})"),
            ("Đơn vị sử dụng chứng thư", said["unit"] or "Chứng thư của cá nhân"),
            ("Văn bản giao chứng thư", said["basis"] or "Không có"),
            ("Thời điểm lập", local(asked_at).strftime("%H:%M ngày %d/%m/%Y")),
        ),
        made_at=asked_at,
        content=content,
    )
    form = add_fields(render_challenge(page, find_family()), [_PLACE])
    return GivenOut(form, content, CONTENT_NAME, frozenset({HOLDER_FIELD}))


@power(yields(Power.FACTORS))
def register_certificate(services: Services, caller: Caller, id_: str, pdf: bytes) -> RegisteredCertificate:
    """The page came back signed: the certificate is the caller's from now on, or the unit's."""
    with refusing(services, caller, _ACT, caller.account):
        waiting = _waiting(services, caller, id_)
        (signature,) = check_file(services, pdf, _given_out(waiting), needs_revocation=False)
    said = json.loads(waiting.statements)
    unit = None if said["unit"] is None else UnitId(said["unit"])
    with act(services, caller, _ACT, caller.account) as doing:
        _check_may(doing, caller, unit)
        taken = doing.tx.ask(
            lambda c: take_ceremony(c, caller.register, caller.account, caller.session, waiting.id)
        )
        check_ceremony(taken is not None, waiting.expires_at, doing.now)
        shown = signature.certificate
        check_not_taken(doing.tx.find(RegisteredCertificate, sha256=shown.sha256), doing.now)
        made = RegisteredCertificate(
            id=doing.new_id("crt"),
            person=caller.person if unit is None else None,
            unit=caller.unit if unit is None else unit,
            is_of_unit=unit is not None,
            sha256=shown.sha256,
            subject=shown.subject,
            issuer=shown.issuer,
            serial=shown.serial,
            not_before=shown.not_before,
            not_after=shown.not_after,
            basis=said["basis"],
            valid_from=doing.now,
        )
        doing.tx.put(made)
        whose = {"person": made.person} if made.person is not None else {"of_unit": made.unit, "basis": made.basis}
        doing.tx.happened(_ACT, made.id, unit=made.unit, sha256=made.sha256, **whose)
        return made


def check_file(
    services: Services, pdf: bytes, given: GivenOut, *, needs_revocation: bool
) -> tuple[ForeignSignature, ...]:
    """Every signature of a file that came back; the first fault is a refusal with its code and place."""
    if services.pdf_workers is None:
        raise UnavailableError("files signed elsewhere are taken by `serve` alone")
    try:
        return services.pdf_workers.check(pdf, given, services.db.now(), needs_revocation=needs_revocation)
    except BadPdfError as bad:
        raise RefusedError(Refusal(str(bad.fault)), str(bad), where=bad.where) from bad


@power(ends(Power.FACTORS))
def end_certificate(services: Services, caller: Caller, id_: str, *, reason: str) -> RegisteredCertificate:
    """Nobody signs by it from now on: its holder's act, or of whoever acts for the unit. What it signed stands."""
    with act(services, caller, "certificate.end", id_) as doing:
        found = doing.tx.require(RegisteredCertificate, id_)
        if found.person is None or found.person != caller.person:
            with as_missing("certificate", id_):
                doing.as_above(found.unit)
        check_ends(found, doing.now)
        ended = replace(found, valid_to=doing.now)
        doing.tx.put(ended)
        doing.tx.happened("certificate.end", id_, unit=found.unit, sha256=found.sha256, reason=check_reason(reason))
        return ended


def list_certificates(services: Services, caller: Caller) -> Sequence[RegisteredCertificate]:
    """The caller's own, newest first; in an admin account the unit's."""
    with look(services, caller) as view:
        if caller.kind is AccountKind.ADMIN:
            found = [c for c in view.reader.find(RegisteredCertificate, unit=caller.unit) if c.is_of_unit]
        else:
            found = view.reader.find(RegisteredCertificate, person=caller.person)
        return sorted(found, key=lambda c: (c.valid_from, c.id), reverse=True)
