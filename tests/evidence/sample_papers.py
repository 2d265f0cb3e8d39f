"""Papers of a school that does not exist, one of each kind, as `domain.printing` writes their words."""

import copy
import json
from typing import Any

from access_service.domain.printing import cite_bases
from access_service.evidence.paper import Attachment, PrintedPaper, SignedBlock, Stage

LETTERHEAD = {"parent": "UBND PHƯỜNG AN HẢI", "name": "TRƯỜNG THCS AN HẢI", "place": "An Hải"}
GIVER = {
    "title": "I. BÊN GIAO",
    "name": "Trần Thị Mẫu",
    "position": "Phó Hiệu trưởng, ký thay Hiệu trưởng",
    "basis": "Quyết định số 00018/QĐ-UBND ngày 12 tháng 8 năm 2024",
    "unit": "unt_000301301",
    "unit_name": "Trường THCS An Hải, mã 000301301",
}
RECEIVER = {
    "title": "II. BÊN NHẬN",
    "name": "Nguyễn Văn Ví Dụ",
    "position": "Giáo viên Toán, chủ nhiệm lớp 6A1",
    "basis": "",
    "unit": "unt_000301301",
    "unit_name": "Trường THCS An Hải, mã 000301301",
    "staff_code": "000123",
    "username": "gv.000123",
    "passkey": "",
}
BASES = list(
    cite_bases(
        [
            "Luật Bảo vệ dữ liệu cá nhân ngày 26 tháng 6 năm 2025",
            "Nghị định số 000/2026/NĐ-CP ngày 28 tháng 3 năm 2026 của Chính phủ quản lý dữ liệu giáo dục",
            "Quyết định số 00021/QĐ-THCSAH ngày 03 tháng 9 năm 2026 về việc phân công nhiệm vụ năm học 2026-2027",
        ]
    )
)
LINES = [
    {
        "grant": "grn_0000000001",
        "username": "gv.000123",
        "account_kind": "Tài khoản khai thác sử dụng",
        "role": "Giáo viên chủ nhiệm",
        "duty": "Quyết định 00021/QĐ-THCSAH, mục 6",
        "scope": "Lớp 6A1, cấp trung học cơ sở, năm học 2026-2027",
        "from": "05/9/2026",
        "to": "31/8/2027",
        "rights": [
            ["Định danh học sinh; liên hệ, gia đình học sinh", "xem, sửa", False],
            ["Chuyên cần, trạng thái học tập", "xem, sửa, gửi báo cáo", False],
            ["Sức khoẻ, y tế học đường, khuyết tật", "xem", True],
        ],
    },
    {
        "grant": "grn_0000000002",
        "username": "gv.000123",
        "account_kind": "Tài khoản khai thác sử dụng",
        "role": "Giáo viên bộ môn",
        "duty": "Quyết định 00021/QĐ-THCSAH, mục 14",
        "scope": "Môn Toán: lớp 6A1, 6A2, 7A3; năm học 2026-2027",
        "from": "05/9/2026",
        "to": "",
        "rights": [
            ["Định danh học sinh", "xem", False],
            ["Kết quả học tập, rèn luyện (môn Toán)", "xem, sửa", False],
        ],
    },
]
SYSTEM = "Hệ thống cơ sở dữ liệu ngành Giáo dục và Đào tạo"
HEAD = [{"side": "giver", "over": ["HIỆU TRƯỞNG"], "title": "", "name": "Phạm Văn Giả Định"}]


def base_print(kind: str, **changed: Any) -> dict[str, Any]:
    """A print of a kind with nothing in it but what every one has."""
    return {
        "format": 1,
        "salt": "0" * 43,
        "document": "doc_0000000000000007",
        "version": 1,
        "template": f"{kind}/1",
        "lang": "vi",
        "kind": kind,
        "letterhead": LETTERHEAD,
        "number": "05/BB-THCSAH",
        "dated": "2026-09-05",
        "type_line": "BIÊN BẢN",
        "subject": [],
        "bases": [],
        "to": [],
        "authority": "",
        "intro": "",
        "giver": None,
        "receiver": None,
        "sections": [],
        "lines": [],
        "closing": "",
        "recipients": [],
        "signers": [],
        "landscape": False,
        "annex": None,
    } | changed


def section(title: str, *paragraphs: str, table: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"title": title, "paragraphs": list(paragraphs), "table": table}


def table_of(columns: list[str], rows: list[list[str]], widths: list[int] | None = None) -> dict[str, Any]:
    return {"columns": columns, "widths": widths or [1] * len(columns), "rows": rows, "note": ""}


def handover(kind: str = "handover_minutes") -> dict[str, Any]:
    return base_print(
        kind,
        subject=["Bàn giao tài khoản và quyền truy cập Hệ thống cơ sở dữ liệu", "ngành Giáo dục và Đào tạo"],
        bases=BASES,
        intro="Hôm nay, ngày 05 tháng 9 năm 2026, tại Trường THCS An Hải, chúng tôi gồm:",
        giver=GIVER,
        receiver=RECEIVER,
        sections=[
            section(
                "III. NỘI DUNG BÀN GIAO",
                f"Bên giao bàn giao, Bên nhận tiếp nhận tài khoản và quyền truy cập {SYSTEM} như sau:",
                "Biên bản này không ghi mật khẩu. Bên nhận tự đặt mật khẩu bằng mã kích hoạt dùng một lần.",
            ),
            section(
                "IV. TRÁCH NHIỆM CỦA CÁC BÊN",
                "1. Bên giao bảo đảm quyền được giao không rộng hơn thẩm quyền phân cấp của đơn vị.",
                "2. Bên nhận chịu trách nhiệm trước Thủ trưởng đơn vị về mọi thao tác bằng tài khoản của mình.",
            ),
        ],
        lines=copy.deepcopy(LINES),
        closing="Biên bản được lập bằng bản điện tử; mỗi bên giữ 01 bản, 01 bản lưu tại hồ sơ phân quyền./.",
        recipients=["Bên giao, Bên nhận;", "Lưu: VT, hồ sơ phân quyền."],
        signers=[
            {
                "side": "giver",
                "over": ["KT. HIỆU TRƯỞNG", "PHÓ HIỆU TRƯỞNG"],
                "title": "ĐẠI DIỆN BÊN GIAO",
                "name": "Trần Thị Mẫu",
            },
            {"side": "receiver", "over": [], "title": "BÊN NHẬN", "name": "Nguyễn Văn Ví Dụ"},
        ],
    )


def supplementary() -> dict[str, Any]:
    changed = table_of(
        ["TT", "Quyền cũ", "Quyền mới", "Lý do"],
        [["1", "Giáo viên bộ môn: lớp 6A1", "Giáo viên bộ môn: lớp 6A1, 6A2", "Phân công thêm lớp"]],
        [9, 50, 60, 46],
    )
    return handover("supplementary_minutes") | {
        "subject": ["Bổ sung, điều chỉnh quyền truy cập Hệ thống cơ sở dữ liệu", "ngành Giáo dục và Đào tạo"],
        "sections": [section("III. NỘI DUNG", "Biên bản này bổ sung Biên bản số 05/BB-THCSAH.", table=changed)],
    }


def custody() -> dict[str, Any]:
    return handover("custody_minutes") | {
        "subject": ["Bàn giao quản lý tài khoản quản trị của đơn vị"],
        "lines": [],
        "sections": [
            section("III. NỘI DUNG", "1. Bên nhận thay mặt Thủ trưởng đơn vị quản lý tài khoản quản trị.")
        ],
    }


def giving_back() -> dict[str, Any]:
    ended = table_of(
        ["TT", "Tài khoản", "Vai trò", "Chấm dứt từ"], [["1", "gv.000123", "Giáo viên bộ môn", "30/6/2027"]]
    )
    return handover("return_minutes") | {
        "subject": ["Bàn giao lại tài khoản và quyền truy cập Hệ thống"],
        "sections": [section("III. NỘI DUNG", "Lý do bàn giao: chuyển công tác.", table=ended)],
        "lines": [],
        "signers": [
            {"side": "receiver", "over": [], "title": "NGƯỜI BÀN GIAO", "name": "Nguyễn Văn Ví Dụ"},
            {"side": "giver", "over": ["HIỆU TRƯỞNG"], "title": "", "name": "Phạm Văn Giả Định"},
        ],
    }


def commitment() -> dict[str, Any]:
    return base_print(
        "commitment",
        number="",
        type_line="BẢN CAM KẾT",
        subject=["Đảm bảo an ninh dữ liệu khi khai thác, sử dụng", SYSTEM],
        to=["Hiệu trưởng Trường THCS An Hải"],
        bases=[BASES[0], BASES[2]],
        intro="Tôi là người ký tên dưới đây:",
        receiver=RECEIVER | {"title": "", "passkey": "00aa11bb22cc33dd"},
        sections=[
            section(
                "",
                "Khi được giao tài khoản và quyền truy cập Hệ thống, tôi cam kết:",
                "1. Chỉ dùng tài khoản được cấp cho đúng mục đích và nhiệm vụ được phân công.",
                "2. Giữ bí mật tài khoản, mật khẩu và dữ liệu, không chia sẻ cho người khác.",
                "3. Tiếp tục giữ bí mật sau khi thôi nhiệm vụ và chịu trách nhiệm trước pháp luật nếu vi phạm.",
            )
        ],
        closing="Cam kết này có hiệu lực từ khi ký./.",
        recipients=["Như trên;", "Lưu: VT, hồ sơ phân quyền."],
        signers=[{"side": "receiver", "over": [], "title": "NGƯỜI CAM KẾT", "name": "Nguyễn Văn Ví Dụ"}],
    )


def decision(kind: str = "assignment_decision") -> dict[str, Any]:
    subject = {
        "assignment_decision": [
            "Về việc phân công phụ trách, quản lý, khai thác",
            "tài khoản Hệ thống cơ sở dữ liệu ngành Giáo dục và Đào tạo",
        ],
        "inspection_decision": ["Về việc thành lập Đoàn kiểm tra công tác phân quyền,", "an toàn, an ninh dữ liệu"],
    }[kind]
    people = table_of(
        ["TT", "Họ và tên", "Chức vụ", "Lớp, môn phụ trách"],
        [["1", "Nguyễn Văn Ví Dụ", "Giáo viên", "Chủ nhiệm 6A1"], ["2", "Lê Thị Thử Nghiệm", "Nhân viên", ""]],
        [9, 50, 46, 60],
    )
    return base_print(
        kind,
        number="21/QĐ-THCSAH",
        type_line="QUYẾT ĐỊNH",
        subject=subject,
        authority="HIỆU TRƯỞNG TRƯỜNG TRUNG HỌC CƠ SỞ AN HẢI",
        bases=[BASES[0], BASES[2]],
        intro="Theo đề nghị của cán bộ phụ trách tài khoản quản trị.",
        sections=[
            section("Điều 1.", "Phân công các ông (bà) có tên tại Phụ lục kèm theo phụ trách tài khoản Hệ thống."),
            section("Điều 2.", "Tài khoản chỉ sử dụng sau khi ký biên bản bàn giao và bản cam kết."),
            section("Điều 3.", "Quyết định này có hiệu lực kể từ ngày ký."),
            section("Điều 4."),
        ],
        closing="Các ông (bà) có tên tại Điều 1 chịu trách nhiệm thi hành Quyết định này./.",
        recipients=["Như Điều 4;", "Lưu: VT."],
        signers=copy.deepcopy(HEAD),
        annex={"title": "PHỤ LỤC: Danh sách phân công", "table": people},
    )


def letter() -> dict[str, Any]:
    return base_print(
        "approval_letter",
        letterhead={
            "parent": "UBND THÀNH PHỐ VÍ DỤ",
            "name": "SỞ GIÁO DỤC VÀ ĐÀO TẠO",
            "place": "Ví Dụ",
        },
        number="00345/SGDĐT-CĐS",
        type_line="",
        subject=[
            "V/v đồng ý chia sẻ dữ liệu từ Hệ thống",
            "CSDL ngành cho phần mềm Sổ liên lạc mẫu",
        ],
        to=["Trường THCS An Hải"],
        intro="Xét đề nghị của Trường THCS An Hải, Sở Giáo dục và Đào tạo có ý kiến như sau:",
        sections=[
            section(
                "",
                "1. Đồng ý để Trường THCS An Hải chia sẻ dữ liệu cho phần mềm Sổ liên lạc mẫu của Công ty Ví Dụ.",
                "2. Thủ trưởng đơn vị chịu trách nhiệm trực tiếp về an ninh dữ liệu.",
                "3. Sở thu hồi văn bản này khi phần mềm không còn đáp ứng yêu cầu về an ninh dữ liệu.",
            )
        ],
        closing="Sở Giáo dục và Đào tạo thông báo để đơn vị biết, thực hiện./.",
        recipients=["Như trên;", "Lưu: VT, P.CĐS."],
        signers=[
            {"side": "giver", "over": ["KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC"], "title": "", "name": "Đỗ Văn Không Có"}
        ],
    )


REPORT_COLUMNS = [
    "Stt",
    "Phần mềm",
    "Đơn vị cung cấp",
    "Diễn tả quy mô dữ liệu cần chia sẻ (Chi tiết các trường dữ liệu, phạm vi: khối, lớp...)",
    "Tần suất lấy dữ liệu",
    "Hình thức lấy dữ liệu",
    "Chi phí sử dụng phần mềm",
    "Tính pháp lý của phần mềm",
]


def report(*, is_nil: bool = False) -> dict[str, Any]:
    rows = [
        [
            "1",
            "Sổ liên lạc mẫu",
            "Công ty Ví Dụ",
            "Họ và tên, lớp; học sinh khối 6",
            "1 lần đầu năm học",
            "Tệp Excel",
            "Miễn phí",
            "Văn bản số 00345/SGDĐT-CĐS",
        ]
    ]
    annex = {
        "title": "PHỤ LỤC: Cấp độ an toàn, kết nối và văn bản đồng ý",
        "table": table_of(["Stt", "Phần mềm", "Cấp độ", "Trục"], [["1", "Sổ liên lạc mẫu", "3", "Đã kết nối"]]),
    }
    nil = "Đơn vị không sử dụng phần mềm nào khai thác dữ liệu từ CSDL ngành."
    told = (
        section("", nil)
        if is_nil
        else section("", table=table_of(REPORT_COLUMNS, rows, [9, 28, 28, 62, 26, 28, 28, 40]))
    )
    return base_print(
        "software_report",
        letterhead=LETTERHEAD | {"name": "ĐƠN VỊ TRƯỜNG THCS AN HẢI"},
        number="",
        type_line="BÁO CÁO CÁC PHẦN MỀM SỬ DỤNG CÓ KHAI THÁC DỮ LIỆU TỪ CSDL NGÀNH",
        sections=[told],
        signers=[
            {
                "side": "giver",
                "over": ["(Ký tên và đóng dấu)"],
                "title": "Thủ trưởng đơn vị",
                "name": "Phạm Văn Giả Định",
            }
        ],
        landscape=True,
        annex=None if is_nil else annex,
    )


PRINTS = {
    "handover_minutes": handover,
    "supplementary_minutes": supplementary,
    "custody_minutes": custody,
    "return_minutes": giving_back,
    "commitment": commitment,
    "assignment_decision": decision,
    "inspection_decision": lambda: decision("inspection_decision"),
    "approval_letter": letter,
    "software_report": report,
}


def blocks_for(words: dict[str, Any]) -> tuple[SignedBlock, ...]:
    """A confirmation of everybody who signs."""
    return tuple(
        SignedBlock(
            place["side"],
            "XÁC NHẬN CỦA HỆ THỐNG",
            f"2026-09-05T08:{41 + n}:09+07:00",
            "Nhập lại mật khẩu trong phiên của mình",
            f"sig_00000000000000a{n}",
            place["name"],
        )
        for n, place in enumerate(words["signers"], 1)
    )


def sample(kind: str, stage: Stage = "final", words: dict[str, Any] | None = None) -> PrintedPaper:
    words = PRINTS[kind]() if words is None else words
    content = json.dumps({"document": words["document"], "kind": kind}, sort_keys=True).encode()
    return PrintedPaper(
        kind=kind,
        stage=stage,
        print=words,
        content=content,
        signatures=blocks_for(words) if stage == "final" else (),
        qr="https://000.example.vn/k/doc_0000000000000007.1#" + "A" * 43,
        attachments=(
            Attachment("phan-chu.json", json.dumps(words).encode(), "application/json", "supplement", "Phần chữ"),
            Attachment("xac-nhan.json", b"[]", "application/json", "supplement", "Xác nhận và khoá công khai"),
        ),
        policy="hai-phong 2024.1",
        policy_digest="0007c1d2e3f4" * 5,
    )
