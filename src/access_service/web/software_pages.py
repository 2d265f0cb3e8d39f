"""The software that uses a unit's data: the report's lines, one entry with its approvals, a new entry."""

from typing import Any

from starlette.responses import Response

from access_service.domain import words
from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.names import DrawMethod, Frequency, SoftwareId, UnitId
from access_service.usecases.evidence.one_software import (
    SoftwareStanding,
    list_with_below,
    see_software,
    unit_to_enter_for,
)
from access_service.usecases.third_party.software import Entry, register_software
from access_service.web.cookies import Hat
from access_service.web.page import PageRouter, Visit

router = PageRouter()
STANDINGS = {
    SoftwareStanding.MISSING: ("Chưa có văn bản đồng ý", "bad", "alert"),
    SoftwareStanding.ENDING: ("Sắp hết hạn", "wait", "clock"),
    SoftwareStanding.APPROVED: ("Đang được đồng ý", "ok", "check"),
    SoftwareStanding.OVER: ("Đã ngừng dùng", "off", "cross"),
}
FREQUENCIES = {
    Frequency.UNLIMITED: "liên tục",
    Frequency.ONCE_A_SCHOOL_YEAR: "mỗi năm học một lần",
    Frequency.ONCE_A_TERM: "mỗi học kỳ một lần",
    Frequency.ONCE_A_DAY: "mỗi ngày một lần",
}
METHODS = {
    DrawMethod.AXIS: "qua Trục dữ liệu",
    DrawMethod.API: "tự động lấy dữ liệu",
    DrawMethod.FILE: "nhập từ tệp",
}
UNMET = {
    "software_security_level": "chưa đạt cấp độ an toàn thông tin",
    "software_on_axis": "chưa nối Trục dữ liệu",
    "software_raw_files": "không được lấy tệp thô",
    "no_policy": "chưa có bộ quy tắc phân quyền",
}
COLUMNS = (
    ("ten", "Tên phần mềm", ""),
    ("nha_cung_cap", "Đơn vị cung cấp", ""),
    ("du_lieu", "Các trường dữ liệu", "Ví dụ: họ và tên, lớp, điểm danh."),
    ("pham_vi", "Phạm vi dữ liệu", "Ví dụ: học sinh khối 6."),
    ("tan_suat", "Tần suất lấy dữ liệu", "Ví dụ: mỗi ngày một lần."),
    ("hinh_thuc", "Hình thức lấy dữ liệu", "Ví dụ: qua Trục dữ liệu."),
    ("chi_phi", "Chi phí sử dụng", ""),
    ("phap_ly", "Tính pháp lý", "Hợp đồng, thoả thuận hoặc văn bản cho phép."),
)
"""The columns of the report form of 2023, as the entry's fields."""


@router.show("/don-vi/{dv}/phan-mem")
def show_list(visit: Visit) -> Response:
    """Everything in use at the unit or below, what lacks an approval first."""
    query = visit.query.get("q", "").strip()
    standing = next((s for s in SoftwareStanding if s == visit.query.get("chi")), None)
    found = list_with_below(visit.services, visit.caller, UnitId(visit.at["dv"]), text=query, standing=standing)
    return visit.render("software/list.html", found=found, query=query, standing=standing, standings=STANDINGS)


@router.show("/don-vi/{dv}/phan-mem/khai", hat=Hat.ADMIN)
def show_entry(visit: Visit) -> Response:
    """The form of eight columns."""
    unit = unit_to_enter_for(visit.services, visit.caller, UnitId(visit.at["dv"]))
    return visit.render("software/enter.html", unit=unit.id, columns=COLUMNS)


@router.act("/don-vi/{dv}/phan-mem/khai", hat=Hat.ADMIN)
def enter(visit: Visit) -> Response:
    """Enter it: it gets a service account and no right."""
    form = visit.form
    level = form.text("cap_do")
    try:
        said: dict[str, Any] = {name: words.prose(form.text(name)) for name, _, _ in COLUMNS}
        made = register_software(
            visit.services,
            visit.caller,
            Entry(
                unit=UnitId(visit.at["dv"]),
                name=words.line(said["ten"]),
                supplier=words.line(said["nha_cung_cap"]),
                data_fields=said["du_lieu"],
                data_scope=said["pham_vi"],
                frequency=said["tan_suat"],
                method=said["hinh_thuc"],
                cost=said["chi_phi"],
                legal_standing=said["phap_ly"],
                security_level=int(level) if level in "12345" and len(level) == 1 else None,
                security_standard=form.text("quyet_dinh_cap_do") or None,
                on_axis=form.has("noi_truc"),
            ),
        )
    except NotFoundError:
        raise
    except RefusedError as error:
        return visit.again("software/enter.html", error, unit=visit.at["dv"], columns=COLUMNS)
    said_so = "Đã khai phần mềm. Chưa được lấy dữ liệu khi chưa có văn bản đồng ý."
    return visit.redirect(f"/phan-mem/{made.id}", said_so)


@router.show("/phan-mem/{id}")
def show_software(visit: Visit) -> Response:
    """One entry with conditions, approvals, clients and what is still owed."""
    found = see_software(visit.services, visit.caller, SoftwareId(visit.at["id"]))
    said = found.line.seen.software
    columns = zip(
        (word for _, word, _ in COLUMNS),
        (
            said.name,
            said.supplier,
            said.data_fields,
            said.data_scope,
            said.frequency,
            said.method,
            said.cost,
            said.legal_standing,
        ),
        strict=True,
    )
    return visit.render(
        "software/one.html",
        found=found,
        columns=list(columns),
        standings=STANDINGS,
        frequencies=FREQUENCIES,
        methods=METHODS,
        unmet=UNMET,
    )


def list_words() -> list[str]:
    """Every word, for the test that English is complete."""
    shown = [word for word, _, _ in STANDINGS.values()]
    form = [word for _, word, hint in COLUMNS for word in (word, hint) if word]
    return [*shown, *FREQUENCIES.values(), *METHODS.values(), *UNMET.values(), *form]
