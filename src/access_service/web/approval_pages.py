"""What software is allowed to draw: the approvals of a unit or class, one beside what was asked, a new one."""

import hashlib
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from access_service.domain import words
from access_service.domain.correcting import read_charge
from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.names import (
    ApprovalId,
    ClassId,
    DrawMethod,
    EducationLevel,
    Frequency,
    GrantState,
    ReceiverRole,
    SoftwareId,
    UnitId,
)
from access_service.domain.scope import Scope
from access_service.domain.time import start_of_day
from access_service.usecases.evidence.one_approval import (
    ApprovalGround,
    approval_ground,
    approvals_of_unit,
    see_approval,
)
from access_service.usecases.evidence.software_seen import SoftwareSeen, read_software
from access_service.usecases.third_party.software import ApprovalPaper, record_approval
from access_service.usecases.third_party.software_papers import DeletionPaper, confirm_deletion
from access_service.web.cookies import Hat
from access_service.web.page import PageRouter, Visit
from access_service.web.software_pages import FREQUENCIES, METHODS, UNMET

router = PageRouter()
LIST, ONE, NEW = "/don-vi/{dv}/dong-y", "/dong-y/{id}", "/phan-mem/{id}/dong-y"
DELETION = "/dong-y/{id}/xoa-du-lieu"
RECEIVERS = {
    ReceiverRole.PROCESSOR: "bên xử lý dữ liệu",
    ReceiverRole.CONTROLLER: "bên kiểm soát dữ liệu",
    ReceiverRole.CONTROLLER_AND_PROCESSOR: "bên kiểm soát và xử lý dữ liệu",
    ReceiverRole.THIRD_PARTY: "bên thứ ba",
}
SHA256_LETTERS = 64
PAPERS = (("tep", "ma_bam"), ("tep_hop_dong", "ma_bam_hop_dong"))
"""Fields of the two papers: the file, and the hash that stands for it."""


@router.show(LIST)
def show_list(visit: Visit) -> Response:
    """Every approval of software used at the unit or below, or of those about one class."""
    state = next((s for s in GrantState if s == visit.query.get("chi")), None)
    class_id = visit.query.get("lop")
    found = approvals_of_unit(
        visit.services,
        visit.caller,
        UnitId(visit.at["dv"]),
        class_id=ClassId(class_id) if class_id else None,
        state=state,
    )
    return visit.render(
        "approvals/list.html",
        found=found,
        chosen=state,
        states=[s for s in GrantState if found.counts.get(s)],
        frequencies=FREQUENCIES,
        methods=METHODS,
    )


@router.show(ONE)
def show_approval(visit: Visit) -> Response:
    """What was asked, what is agreed to, and what of it the unit's authority leaves now."""
    return visit.render("approvals/one.html", **_one(visit))


def _one(visit: Visit) -> dict[str, Any]:
    return {
        "found": see_approval(visit.services, visit.caller, ApprovalId(visit.at["id"])),
        "frequencies": FREQUENCIES,
        "methods": METHODS,
        "receivers": RECEIVERS,
        "unmet": UNMET,
        "hashes": {"ma_bam": _known_hash(visit, "tep", "ma_bam")},
    }


@router.act(DELETION, hat=Hat.ADMIN)
def confirm_deleted(visit: Visit) -> Response:
    """The written word that the data is gone."""
    form, id_ = visit.form, ApprovalId(visit.at["id"])
    try:
        paper = DeletionPaper(
            approval=id_,
            number=words.identifier(form.text("so")),
            dated=words.day(form.text("ngay")),
            sha256=_hash_of(visit, "tep", "ma_bam"),
        )
        confirm_deletion(visit.services, visit.caller, paper)
    except NotFoundError:
        raise
    except RefusedError as error:
        return visit.again("approvals/one.html", error, **_one(visit))
    return visit.redirect(f"/dong-y/{id_}", "Đã ghi xác nhận xoá, huỷ dữ liệu.")


def _hash_of(visit: Visit, file: str, typed: str) -> str:
    """The SHA-256 of the paper that was chosen; of its file nothing else is kept."""
    sent = visit.form.file(file)
    if sent is not None and sent.data:
        return hashlib.sha256(sent.data).hexdigest()
    text = visit.form.text(typed).lower().replace(" ", "")
    if len(text) != SHA256_LETTERS or not set(text) <= set("0123456789abcdef"):
        raise InvalidError("choose the file of the paper, or type its SHA-256")
    return text


# -- a new one


@router.show(NEW, hat=Hat.ADMIN)
def show_new(visit: Visit) -> Response:
    """The form, beside what the unit asks for."""
    return visit.render("approvals/new.html", **_new(visit))


def _new(visit: Visit) -> dict[str, Any]:
    asked: SoftwareSeen = read_software(visit.services, visit.caller, SoftwareId(visit.at["id"]))
    ground: ApprovalGround = approval_ground(visit.services, visit.caller, asked)
    return {
        "asked": asked,
        "ground": ground,
        "levels": [level for level in EducationLevel if level in ground.unit.levels],
        "frequencies": FREQUENCIES,
        "methods": METHODS,
        "receivers": RECEIVERS,
        "hashes": {typed: _known_hash(visit, file, typed) for file, typed in PAPERS},
    }


def _known_hash(visit: Visit, file: str, typed: str) -> str:
    """What stands for a file when the form comes again: a browser does not choose it anew."""
    sent = visit.form.file(file)
    return hashlib.sha256(sent.data).hexdigest() if sent is not None and sent.data else visit.form.text(typed)


@router.act(NEW, hat=Hat.ADMIN)
def record(visit: Visit) -> Response:
    """Record the signed paper: from now on the software may draw what it says."""
    values = _new(visit)
    ground: ApprovalGround = values["ground"]
    try:
        made = record_approval(visit.services, visit.caller, _paper(visit, ground))
    except NotFoundError:
        raise
    except RefusedError as error:
        return visit.again("approvals/new.html", error, **values)
    return visit.redirect(f"/dong-y/{made.id}", "Đã ghi văn bản đồng ý.")


def _paper(visit: Visit, ground: ApprovalGround) -> ApprovalPaper:
    form = visit.form
    frequency = next((f for f in Frequency if f == form.text("tan_suat")), None)
    method = next((m for m in DrawMethod if m == form.text("hinh_thuc")), None)
    receiver = next((r for r in ReceiverRole if r == form.text("vai_tro")), None)
    if frequency is None or method is None or receiver is None:
        raise InvalidError("choose how often, how, and as what the data is received")
    return ApprovalPaper(
        software=ground.software.id,
        number=words.identifier(form.text("so")),
        dated=words.day(form.text("ngay")),
        sha256=_hash_of(visit, "tep", "ma_bam"),
        scope=_scope(visit, ground),
        frequency=frequency,
        method=method,
        valid_from=start_of_day(words.day(form.text("tu_ngay"))),
        valid_to=start_of_day(words.day(form.text("den_ngay")) + timedelta(days=1)),
        purpose=words.prose(form.text("muc_dich")),
        agreement_number=words.identifier(form.text("so_hop_dong")),
        agreement_dated=words.day(form.text("ngay_hop_dong")),
        agreement_sha256=_hash_of(visit, "tep_hop_dong", "ma_bam_hop_dong"),
        receiver_role=receiver,
        retention=words.prose(form.text("luu_giu")),
        deletion=words.prose(form.text("xoa")),
    )


def _scope(visit: Visit, ground: ApprovalGround) -> Scope:
    """What was ticked; an axis of which nothing was named is not narrowed."""
    form = visit.form
    categories = frozenset(form.all("nhom"))
    if not categories:
        raise InvalidError("say which categories of data")
    classes = read_charge(form.text("lop"), "", ground.classes) if form.has("lop") else None
    grades = frozenset(g.strip() for g in form.text("khoi").replace(";", ",").split(",") if g.strip())
    levels = frozenset(level for level in EducationLevel if level in form.all("cap"))
    return Scope(
        unit=ground.unit.id,
        categories=categories,
        levels=levels or None,
        grades=grades or None,
        classes=classes,
        school_year=next(iter({c.school_year for c in ground.classes}), None) if classes else None,
    )


def list_words() -> list[str]:
    """Every word, for the test that English is complete."""
    return [*RECEIVERS.values()]
