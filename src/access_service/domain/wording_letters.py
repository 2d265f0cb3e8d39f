"""The words of letters about software and of the report of the form."""

from access_service.domain.facts import Ground
from access_service.domain.letters import ApprovalBody, ReportBody
from access_service.domain.names import DrawMethod, Frequency, ReceiverRole, UnitId
from access_service.domain.policy import Pack
from access_service.domain.printing import Annex, PrintedTable, begin_day, last_day, long_date
from access_service.domain.software import Approval, Software
from access_service.domain.wording import plain, scope_in_words, unit_name

FREQUENCIES = {
    Frequency.UNLIMITED: "liên tục",
    Frequency.ONCE_A_SCHOOL_YEAR: "01 lần trong năm học",
    Frequency.ONCE_A_TERM: "01 lần trong học kỳ",
    Frequency.ONCE_A_DAY: "01 lần trong ngày",
}
WAYS = {
    DrawMethod.AXIS: "qua Trục dữ liệu",
    DrawMethod.API: "tự động lấy dữ liệu",
    DrawMethod.FILE: "nhập dữ liệu từ tệp",
}
ROLES = {
    ReceiverRole.CONTROLLER: "bên kiểm soát dữ liệu",
    ReceiverRole.PROCESSOR: "bên xử lý dữ liệu",
    ReceiverRole.CONTROLLER_AND_PROCESSOR: "bên kiểm soát và xử lý dữ liệu",
    ReceiverRole.THIRD_PARTY: "bên thứ ba",
}
NIL = "Đơn vị không sử dụng phần mềm nào khai thác dữ liệu từ CSDL ngành."
REPORT_COLUMNS = (
    "Stt",
    "Phần mềm",
    "Đơn vị cung cấp",
    "Diễn tả quy mô dữ liệu cần chia sẻ (Chi tiết các trường dữ liệu, phạm vi: khối, lớp...)",
    "Tần suất lấy dữ liệu",
    "Hình thức lấy dữ liệu",
    "Chi phí sử dụng phần mềm",
    "Tính pháp lý của phần mềm",
)
REPORT_WIDTHS = (9, 28, 28, 62, 26, 28, 28, 40)
ANNEX_COLUMNS = ("Stt", "Phần mềm", "Cấp độ an toàn", "Căn cứ cấp độ", "Kết nối Trục dữ liệu", "Văn bản đồng ý")
ANNEX_WIDTHS = (9, 50, 30, 60, 40, 60)
ANNEX_TITLE = "PHỤ LỤC: Cấp độ an toàn, kết nối Trục dữ liệu và văn bản đồng ý"


def letter_values(ground: Ground, pack: Pack, body: ApprovalBody) -> dict[str, str]:
    """The fields of a letter."""
    software = ground.facts.get(Software, body.software)
    if software is None:
        raise RuntimeError("a letter about software that nobody entered")
    categories = [
        category.vi
        for category in pack.categories.values()
        if body.scope.categories is None or category.id in body.scope.categories
    ]
    asked = body.request_number is not None and body.request_dated is not None
    contracting = unit_name(ground, software.unit)
    return {
        "agreement_date": long_date(body.agreement_dated),
        "agreement_number": body.agreement_number,
        "begin": begin_day(body.valid_from),
        "categories": ", ".join(categories),
        "contracting_unit": contracting,
        "deletion": body.deletion,
        "end": last_day(body.valid_to),
        "fields": software.data_fields,
        "frequency": FREQUENCIES[body.frequency],
        "method": WAYS[body.method],
        "no_request": "" if asked else contracting,
        "purpose": body.purpose,
        "receiver_role": ROLES[body.receiver_role],
        "request_date": long_date(body.request_dated) if body.request_dated is not None and asked else "",
        "request_number": body.request_number or "" if asked else "",
        "retention": body.retention,
        "scope": scope_in_words(ground, software.unit, body.scope),
        "software": software.name,
        "supplier": software.supplier,
    }


def report_table(body: ReportBody) -> PrintedTable | None:
    """Exactly the eight columns of the form; none where there is nothing to report."""
    rows = tuple(
        (
            str(number),
            *map(plain, (r.name, r.supplier, r.data, r.frequency, r.method, r.cost, r.legal)),
        )
        for number, r in enumerate(body.rows, start=1)
    )
    return PrintedTable(REPORT_COLUMNS, REPORT_WIDTHS, rows) if rows else None


def report_annex(ground: Ground, body: ReportBody) -> Annex | None:
    """What the form has no column for: level, standard, axis, the letter that agreed."""
    rows = []
    for number, row in enumerate(body.rows, start=1):
        approval = None if row.approval is None else ground.facts.get(Approval, row.approval)
        agreed = "" if approval is None else f"Số {approval.number} {long_date(approval.dated)}"
        level = "" if row.security_level is None else f"Cấp độ {row.security_level}"
        axis = "Đã kết nối" if row.on_axis else "Chưa kết nối"
        rows.append((str(number), *map(plain, (row.name, level, row.standard or "", axis, agreed))))
    return Annex(ANNEX_TITLE, PrintedTable(ANNEX_COLUMNS, ANNEX_WIDTHS, tuple(rows))) if rows else None


def report_letterhead(ground: Ground, unit: UnitId) -> str:
    """What stands on the left of the form."""
    return f"ĐƠN VỊ {unit_name(ground, unit).upper()}"
