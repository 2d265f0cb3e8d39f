"""Clients of software: made, their secret or keys changed, where they send people back, stopped."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.names import ClientId, SoftwareId
from access_service.usecases.evidence.one_approval import see_client
from access_service.usecases.evidence.one_software import SoftwarePage, see_software
from access_service.usecases.third_party import clients
from access_service.usecases.third_party.clients import IssuedClient, NewClient
from access_service.web.cookies import Hat
from access_service.web.page import PageRouter, Visit

router = PageRouter()
ONE, NEW = "/may-khach/{id}", "/phan-mem/{id}/may-khach"
SCOPES = {
    "evaluate": "hỏi được phép hay không",
    "search": "tìm ai, gì, làm gì",
    "explain": "hỏi vì sao",
    "introspect": "kiểm tra mã truy cập",
}
TYPES = {"unit": "đơn vị", "class": "lớp", "student": "học sinh", "staff": "nhân sự"}
"""Words for what an enforcement point may be let in for, and about what."""


@router.show(NEW, hat=Hat.ADMIN)
def show_new(visit: Visit) -> Response:
    """The form of a new client."""
    return visit.render("clients/new.html", **_new(visit))


def _new(visit: Visit) -> dict[str, Any]:
    found: SoftwarePage = see_software(visit.services, visit.caller, SoftwareId(visit.at["id"]))
    return {"software": found.line.seen.software, "can": found.can, "scopes": SCOPES, "types": TYPES}


@router.act(NEW, hat=Hat.ADMIN, is_once=False)
def make(visit: Visit) -> Response:
    """Make it; a secret is shown on the page that answers and nowhere again."""
    form = visit.form
    try:
        made = clients.create_client(
            visit.services,
            visit.caller,
            NewClient(
                software=SoftwareId(visit.at["id"]),
                pep_scopes=frozenset(form.all("quyen")),
                resource_types=frozenset(form.all("loai")),
                resource=form.text("goi_den") or None,
                serves=form.text("duoc_goi") or None,
                jwks=_keys(form.text("khoa_cong_khai")) if form.has("khoa_cong_khai") else None,
                redirect_uris=_lines(form.text("ve")),
                post_logout_uris=_lines(form.text("ra")),
            ),
        )
    except NotFoundError:
        raise
    except RefusedError as error:
        return visit.again("clients/new.html", error, **_new(visit))
    return _made(visit, made, "Đã tạo máy khách.")


def _made(visit: Visit, made: IssuedClient, said: str) -> Response:
    if made.secret is None:
        return visit.redirect(f"/may-khach/{made.client.id}", said)
    return visit.render("clients/secret.html", client=made.client, secret=made.secret)


def _lines(text: str) -> frozenset[str]:
    return frozenset(line.strip() for line in text.splitlines() if line.strip())


def _keys(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidError("the keys are no JSON") from None
    if not isinstance(found, dict):
        raise InvalidError("the keys are no JSON object")
    return found


@router.show(ONE)
def show_client(visit: Visit) -> Response:
    """One client: what it is, where it sends people back, and what can be done with it."""
    return _show(visit, None)


def _show(visit: Visit, error: RefusedError | None) -> Response:
    found = see_client(visit.services, visit.caller, ClientId(visit.at["id"]))
    values = {"found": found, "scopes": SCOPES, "types": TYPES}
    if error is not None:
        return visit.again("clients/one.html", error, **values)
    return visit.render("clients/one.html", **values)


@router.act("/may-khach/{id}/doi-ma", hat=Hat.ADMIN, is_once=False)
def rotate(visit: Visit) -> Response:
    """Another secret; the one before goes on for the pack's hours, or is worth nothing from now."""
    try:
        made = clients.rotate_secret(
            visit.services, visit.caller, ClientId(visit.at["id"]), at_once=visit.form.has("lo")
        )
    except NotFoundError:
        raise
    except RefusedError as error:
        return _show(visit, error)
    return _made(visit, made, "Đã đổi mã bí mật.")


@router.act("/may-khach/{id}/khoa-cong-khai", hat=Hat.ADMIN)
def replace_keys(visit: Visit) -> Response:
    """Other public keys; a secret it had ends."""
    try:
        clients.replace_keys(
            visit.services, visit.caller, ClientId(visit.at["id"]), _keys(visit.form.text("khoa_cong_khai"))
        )
    except NotFoundError:
        raise
    except RefusedError as error:
        return _show(visit, error)
    return visit.redirect(f"/may-khach/{visit.at['id']}", "Đã thay khoá công khai. Mã bí mật cũ hết hiệu lực.")


@router.act("/may-khach/{id}/dia-chi-ve", hat=Hat.ADMIN)
def change_sign_in(visit: Visit) -> Response:
    """Where people are sent back to who signed in, or out."""
    form = visit.form
    try:
        clients.change_sign_in(
            visit.services, visit.caller, ClientId(visit.at["id"]), _lines(form.text("ve")), _lines(form.text("ra"))
        )
    except NotFoundError:
        raise
    except RefusedError as error:
        return _show(visit, error)
    return visit.redirect(f"/may-khach/{visit.at['id']}", "Đã thay địa chỉ đăng nhập.")


@router.act("/may-khach/{id}/duyet-dia-chi", hat=Hat.ADMIN)
def approve_address(visit: Visit) -> Response:
    """The department says that the address is the software's own."""
    try:
        clients.approve_address(visit.services, visit.caller, ClientId(visit.at["id"]))
    except NotFoundError:
        raise
    except RefusedError as error:
        return _show(visit, error)
    return visit.redirect(f"/may-khach/{visit.at['id']}", "Đã xác nhận địa chỉ của phần mềm.")


def list_words() -> list[str]:
    """Every word, for the test that English is complete."""
    return [*SCOPES.values(), *TYPES.values()]
