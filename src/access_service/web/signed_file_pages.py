"""Signing in another program: one's certificates, and a paper that goes out, is signed and comes back."""

from typing import Any

from starlette.responses import Response

from access_service.domain.documents import check_waits
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.names import AccountKind, DocumentId
from access_service.usecases import signed_elsewhere
from access_service.usecases.forms_given_out import show_form
from access_service.usecases.handover import certificates
from access_service.usecases.paper_pages import PDF
from access_service.usecases.paper_sheets import show_sheet
from access_service.web.page import PageRouter, Visit
from access_service.web.phrases import t
from access_service.web.rendered import HEADERS

router = PageRouter()
OWN = "/toi/chung-thu"
PLACES = {
    "ben-giao": "Bên giao",
    "ben-nhan": "Bên nhận",
    "declarant": "Người cam kết",
    "witness": "Người làm chứng",
    "co-quan": "Cơ quan, đơn vị",
}


def list_words() -> list[str]:
    """Every word, for the test that English is complete."""
    return [*PLACES.values()]


# -- certificates


@router.show(OWN)
def show_certificates(visit: Visit) -> Response:
    """What is registered; with `phieu` what to do with the page that waits to come back signed."""
    return _certificates(visit, visit.query.get("phieu", ""))


def _certificates(visit: Visit, page: str, error: RefusedError | None = None) -> Response:
    values: dict[str, Any] = {
        "found": certificates.list_certificates(visit.services, visit.caller),
        "page": page,
        "of_unit": visit.caller.kind is AccountKind.ADMIN,
    }
    if error is not None:
        return visit.again("certificates/own.html", error, **values)
    return visit.render("certificates/own.html", **values)


@router.act("/toi/chung-thu/phieu", is_once=False)
def ask_for_page(visit: Visit) -> Response:
    """The page that the certificate's key signs."""
    form = visit.form
    unit = visit.caller.unit if visit.caller.kind is AccountKind.ADMIN else None
    try:
        asked = certificates.ask_for_key(
            visit.services,
            visit.caller,
            form.text("mat_khau"),
            code=form.text("ma").replace(" ", "") or None,
            unit=unit,
            basis=form.text("can_cu"),
        )
    except RefusedError as error:
        return _certificates(visit, "", error)
    return visit.redirect(f"{OWN}?phieu={asked.id}", "Đã lập phiếu đăng ký.")


@router.show("/toi/chung-thu/phieu/{id}/phieu.pdf")
def show_page(visit: Visit) -> Response:
    """The page as a file."""
    id_ = visit.at["id"]
    data = certificates.show_key_page(visit.services, visit.caller, id_)
    named = {"Content-Disposition": f'attachment; filename="phieu-dang-ky-{id_}.pdf"'}
    return Response(data, 200, {**HEADERS, **named}, PDF)


@router.act("/toi/chung-thu/phieu/{id}/phieu-da-ky", is_once=False)
def bring_page(visit: Visit) -> Response:
    """The page came back signed."""
    id_, file = visit.at["id"], visit.form.file("tep")
    try:
        if file is None:
            raise InvalidError("choose the signed file")
        certificates.register_certificate(visit.services, visit.caller, id_, file.data)
    except RefusedError as error:
        return _certificates(visit, id_, error)
    return visit.redirect(OWN, "Đã đăng ký chứng thư.")


@router.act("/toi/chung-thu/{id}/thoi")
def end_one(visit: Visit) -> Response:
    """Nobody signs by it from now on."""
    reason = visit.form.text("ly_do")
    try:
        certificates.end_certificate(visit.services, visit.caller, visit.at["id"], reason=reason)
    except InvalidError as error:
        return _certificates(visit, "", error)
    return visit.redirect(OWN, "Chứng thư không còn dùng để ký.")


# -- papers


@router.show("/van-ban/{id}/ky-ngoai", leaving=True)
def show_elsewhere(visit: Visit) -> Response:
    """Take the form, sign it in one's program, bring it back."""
    return _elsewhere(visit)


def _elsewhere(visit: Visit, error: RefusedError | None = None, **more: Any) -> Response:
    sheet = show_sheet(visit.services, visit.caller, DocumentId(visit.at["id"]), None)
    values: dict[str, Any] = {"sheet": sheet, "taken": None, "place": _place} | more
    if error is not None:
        return visit.again("papers/elsewhere.html", error, **values)
    if values["taken"] is None:
        check_waits(sheet.state, sheet.document)
    return visit.render("papers/elsewhere.html", **values)


def _place(field: str) -> str:
    return t(PLACES.get(field, field))


@router.show("/van-ban/{id}/ky-ngoai/ban-de-ky.pdf", leaving=True)
def show_form_file(visit: Visit) -> Response:
    """The form as a file."""
    id_ = DocumentId(visit.at["id"])
    data = show_form(visit.services, visit.caller, id_)
    named = {"Content-Disposition": f'attachment; filename="{id_}-de-ky.pdf"'}
    return Response(data, 200, {**HEADERS, **named}, PDF)


@router.act("/van-ban/{id}/ky-ngoai", leaving=True, is_once=False)
def bring_back(visit: Visit) -> Response:
    """The form came back signed: what was found in it is shown."""
    file, version = visit.form.file("tep"), visit.form.text("ban")
    id_ = DocumentId(visit.at["id"])
    try:
        if file is None or not version.isascii() or not version.isdigit() or len(version) > 6:  # noqa: PLR2004
            raise InvalidError("choose the signed file")
        taken = signed_elsewhere.take_signed_pdf(visit.services, visit.caller, id_, int(version), file.data)
    except RefusedError as error:
        return _elsewhere(visit, error)
    return _elsewhere(visit, taken=taken)
