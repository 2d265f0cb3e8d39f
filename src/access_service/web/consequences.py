"""Before something is taken back: what falls, what stays, from when, whether it can be undone (web.md 4.7).

One page for every such act, made of what the rehearsed act itself says. The form carries the digest of the list,
and the act is held to it: where the list is another by now, it is shown anew with everything typed still there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.responses import Response

from access_service.domain import words
from access_service.domain.consequences import How, Matter
from access_service.domain.errors import RefusedError
from access_service.domain.names import (
    AccountId,
    ApprovalId,
    AssignmentId,
    AuthorityId,
    ClientId,
    DocumentId,
    DocumentKind,
    GrantId,
    SoftwareId,
    SuspendableKind,
    UnitId,
)
from access_service.domain.reasons import Refusal
from access_service.domain.time import local
from access_service.usecases.consequences import as_shown, consequences_of
from access_service.usecases.handover import delegation, documents
from access_service.usecases.identity import closing
from access_service.usecases.organisation import leaving
from access_service.usecases.services import Services
from access_service.usecases.third_party import clients, software
from access_service.web.labels import label
from access_service.web.page import PageRouter, Visit

router = PageRouter()

MATTERS: Mapping[Matter, str] = {
    Matter.PERSON: "người",
    Matter.GRANT: "quyền",
    Matter.AUTHORITY: "thẩm quyền phân cấp",
    Matter.DUTY: "phân công nhiệm vụ",
    Matter.CUSTODY: "việc quản lý tài khoản quản trị",
    Matter.ACCOUNT: "tài khoản",
    Matter.DOCUMENT: "văn bản",
    Matter.UNIT: "đơn vị",
    Matter.YEAR: "năm học",
    Matter.SOFTWARE: "phần mềm",
    Matter.APPROVAL: "văn bản đồng ý",
    Matter.CLIENT: "máy khách của phần mềm",
    Matter.TOKENS: "tài khoản có mã truy cập hết hiệu lực ngay",
    Matter.SESSION: "phiên đăng nhập",
}
HOWS: Mapping[How, str] = {
    How.ENDS: "chấm dứt",
    How.NARROWS: "bị thu hẹp",
    How.PAUSES: "tạm khoá",
    How.RESUMES: "hoạt động trở lại",
    How.STAYS: "giữ nguyên",
}
ASKED_WITH = "hỏi trước"
"""In place of a reason, while an act is only asked what it would do; it is never kept."""


@dataclass(frozen=True, slots=True)
class Taking:
    """An act that takes back, as a page: its words, what it asks for, and how it is done."""

    title: str
    verb: str
    """On the button; it names the effect."""
    done: str
    run: Callable[[Visit, Services, "Typed"], object]
    back: Callable[[Visit], str]
    reason: bool = True
    decision: bool = False
    """Does it rest on a decision, with a number and a day?"""


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form holds, or stands for it while nothing was typed."""

    reason: str
    number: str
    day: str

    @classmethod
    def of(cls, visit: Visit, now: str) -> "Typed":
        """From the form; a question asks as of today."""
        form = visit.form
        if visit.request.method != "POST":
            return cls(ASKED_WITH, "0", now)
        return cls(form.text("ly_do"), form.text("so"), form.text("ngay") or now)


def _today(visit: Visit) -> str:
    return f"{local(visit.services.db.now()):%d/%m/%Y}"


def _taking_at(visit: Visit) -> Taking:
    return TAKINGS[visit.request.scope["route"].path]


def show_consequences(visit: Visit) -> Response:
    """The page: what would happen now, and the form that does it."""
    return _show(visit, None)


def _show(visit: Visit, error: RefusedError | None) -> Response:
    taking = _taking_at(visit)
    asked = Typed(ASKED_WITH, "0", _today(visit))
    found = consequences_of(visit.services, lambda s: taking.run(visit, s, asked))
    values: dict[str, Any] = {
        "taking": taking,
        "found": found,
        "matters": MATTERS,
        "hows": HOWS,
        "kinds": {str(kind): label(kind) for kind in DocumentKind},
        "back": taking.back(visit),
        "today": _today(visit),
        "target": visit.request.url.path,
    }
    if error is None:
        return visit.render("ends/confirm.html", **values)
    return visit.again("ends/confirm.html", error, **values)


def _digest_shown(visit: Visit) -> str:
    if not visit.form.has("da_xem"):
        raise RefusedError(Refusal.CONSEQUENCES_CHANGED, "what it takes was not shown")
    return visit.form.text("da_xem")


def take_back(visit: Visit) -> Response:
    """Do it, if it still takes what was shown; else the page anew, with what was typed."""
    taking = _taking_at(visit)
    try:
        held = as_shown(visit.services, _digest_shown(visit))
        taking.run(visit, held, Typed.of(visit, _today(visit)))
    except RefusedError as error:
        if error.code not in (Refusal.CONSEQUENCES_CHANGED, Refusal.INVALID):
            raise
        return _show(visit, error)
    return visit.redirect(taking.back(visit), taking.done)


def _suspend(kind: SuspendableKind, name: str, visit: Visit, services: Services, typed: Typed) -> object:
    return delegation.suspend(services, visit.caller, kind=kind, target=visit.at[name], reason=typed.reason)


def _resume(kind: SuspendableKind, name: str, visit: Visit, services: Services, _: Typed) -> object:
    return delegation.resume(services, visit.caller, kind=kind, target=visit.at[name])


def _to(pattern: str) -> Callable[[Visit], str]:
    return lambda visit: pattern.format(**visit.at)


def _back_from(default: str) -> Callable[[Visit], str]:
    """To the page of the person whom it is about, where the address says whose; else where such things stand."""

    def find(visit: Visit) -> str:
        person = visit.query.get("nguoi", "")
        return f"/nguoi/{person}" if person.replace("_", "").isalnum() else default.format(**visit.at)

    return find


def _to_authorities(visit: Visit) -> str:
    unit = visit.query.get("dv", "")
    return f"/don-vi/{unit}/tham-quyen" if unit.replace("-", "").isalnum() else "/viec"


def _pauses(kind: SuspendableKind, name: str, what: str, back: Callable[[Visit], str]) -> tuple[Taking, Taking]:
    return (
        Taking(
            f"Tạm khoá {what}?", f"Tạm khoá {what}", f"Đã tạm khoá {what}.", partial(_suspend, kind, name), back
        ),
        Taking(
            f"Mở lại {what}?",
            f"Mở lại {what}",
            f"Đã mở lại {what}.",
            partial(_resume, kind, name),
            back,
            reason=False,
        ),
    )


_ONE_GRANT, _ONE_ACCOUNT, _ONE_UNIT = _to("/quyen/{id}"), _back_from("/tai-khoan/{id}"), _to("/don-vi/{dv}")
_GRANT_PAUSES = _pauses(SuspendableKind.GRANT, "id", "quyền", _ONE_GRANT)
_ACCOUNT_PAUSES = _pauses(SuspendableKind.ACCOUNT, "id", "tài khoản", _ONE_ACCOUNT)
_UNIT_PAUSES = _pauses(SuspendableKind.UNIT, "dv", "đơn vị", _ONE_UNIT)
_AUTHORITY_PAUSES = _pauses(SuspendableKind.AUTHORITY, "id", "thẩm quyền", _to_authorities)

TAKINGS: Mapping[str, Taking] = {
    "/quyen/{id}/thu-hoi": Taking(
        "Thu hồi quyền?",
        "Thu hồi quyền",
        "Đã thu hồi quyền.",
        lambda v, s, typed: delegation.revoke_grant(s, v.caller, GrantId(v.at["id"]), reason=typed.reason),
        _ONE_GRANT,
    ),
    "/quyen/{id}/tam-khoa": _GRANT_PAUSES[0],
    "/quyen/{id}/mo-lai": _GRANT_PAUSES[1],
    "/tai-khoan/{id}/tam-khoa": _ACCOUNT_PAUSES[0],
    "/tai-khoan/{id}/mo-lai": _ACCOUNT_PAUSES[1],
    "/tai-khoan/{id}/dong": Taking(
        "Đóng tài khoản?",
        "Đóng tài khoản",
        "Đã đóng tài khoản.",
        lambda v, s, typed: closing.close_account(s, v.caller, AccountId(v.at["id"]), reason=typed.reason),
        _ONE_ACCOUNT,
    ),
    "/phan-cong/{id}/thoi": Taking(
        "Thôi nhiệm vụ?",
        "Thôi nhiệm vụ",
        "Đã ghi nhận thôi nhiệm vụ.",
        lambda v, s, typed: leaving.end_duty(
            s,
            v.caller,
            AssignmentId(v.at["id"]),
            on=words.day(typed.day),
            decision_number=words.identifier(typed.number),
        ),
        _back_from("/viec"),
        reason=False,
        decision=True,
    ),
    "/don-vi/{dv}/tam-khoa": _UNIT_PAUSES[0],
    "/don-vi/{dv}/mo-lai": _UNIT_PAUSES[1],
    "/don-vi/{dv}/tai-khoan-quan-tri/thu-hoi": Taking(
        "Thu hồi tài khoản quản trị?",
        "Thu hồi tài khoản quản trị",
        "Đã thu hồi tài khoản quản trị.",
        lambda v, s, _: leaving.take_back_custody(s, v.caller, UnitId(v.at["dv"])),
        _to("/don-vi/{dv}/tai-khoan-quan-tri"),
        reason=False,
    ),
    "/tham-quyen/{id}/thu-hoi": Taking(
        "Thu hồi thẩm quyền phân cấp?",
        "Thu hồi thẩm quyền",
        "Đã thu hồi thẩm quyền phân cấp.",
        lambda v, s, _: delegation.withdraw_authority(s, v.caller, AuthorityId(v.at["id"])),
        _to_authorities,
        reason=False,
    ),
    "/tham-quyen/{id}/tam-khoa": _AUTHORITY_PAUSES[0],
    "/tham-quyen/{id}/mo-lai": _AUTHORITY_PAUSES[1],
    "/van-ban/{id}/thu-hoi": Taking(
        "Thu hồi văn bản?",
        "Thu hồi văn bản",
        "Đã thu hồi văn bản.",
        lambda v, s, typed: documents.withdraw(s, v.caller, DocumentId(v.at["id"]), reason=typed.reason),
        _to("/van-ban/{id}"),
    ),
    "/phan-mem/{id}/cham-dut": Taking(
        "Chấm dứt sử dụng phần mềm?",
        "Chấm dứt sử dụng",
        "Đã chấm dứt sử dụng phần mềm.",
        lambda v, s, _: software.end_software(s, v.caller, SoftwareId(v.at["id"])),
        _to("/phan-mem/{id}"),
        reason=False,
    ),
    "/may-khach/{id}/ngung": Taking(
        "Ngừng máy khách?",
        "Ngừng máy khách",
        "Đã ngừng máy khách.",
        lambda v, s, _: clients.disable_client(s, v.caller, ClientId(v.at["id"])),
        _to("/may-khach/{id}"),
        reason=False,
    ),
    "/may-khach/{id}/thu-hoi-dia-chi": Taking(
        "Thu hồi địa chỉ của máy khách?",
        "Thu hồi địa chỉ",
        "Đã thu hồi địa chỉ của máy khách.",
        lambda v, s, _: clients.withdraw_address(s, v.caller, ClientId(v.at["id"])),
        _to("/may-khach/{id}"),
        reason=False,
    ),
    "/dong-y/{id}/thu-hoi": Taking(
        "Thu hồi văn bản đồng ý?",
        "Thu hồi văn bản đồng ý",
        "Đã thu hồi văn bản đồng ý.",
        lambda v, s, typed: software.withdraw_approval(s, v.caller, ApprovalId(v.at["id"]), reason=typed.reason),
        _to("/dong-y/{id}"),
    ),
}
"""Every act that takes back, by its address."""

for _address in TAKINGS:
    router.show(_address)(show_consequences)
    router.act(_address)(take_back)


def list_words() -> list[str]:
    """Every word, for the test that English is complete."""
    said = [word for one in TAKINGS.values() for word in (one.title, one.verb, one.done)]
    return [*MATTERS.values(), *HOWS.values(), *said]
