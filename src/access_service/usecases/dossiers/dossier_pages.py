"""What a reader of a dossier begins with: the cover, the list of papers, the steps of an inspector."""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from access_service import evidence
from access_service.domain.documents import Document
from access_service.domain.errors import RefusedError
from access_service.domain.org import Unit
from access_service.domain.printing import short_date
from access_service.domain.time import local
from access_service.domain.wording import letterhead
from access_service.evidence.covers import (
    PAPER_LIST,
    DossierCover,
    IssuedBy,
    PaperSheet,
    SelfCheck,
    SignerPlace,
    render_cover,
    render_sheet,
)
from access_service.evidence.fonts import find_family
from access_service.evidence.manifest import DossierFile
from access_service.evidence.paper import Attachment
from access_service.usecases.dossiers.dossier_log import DossierLog
from access_service.usecases.dossiers.dossier_papers import DossierPaper, ListedPaper, name_of
from access_service.usecases.dossiers.dossier_request import DossierRequest
from access_service.usecases.services import ReadView

STEPS = (
    "Đối chiếu khoá nhật ký ở mục IV với khoá đã công bố trên giấy; ghi vào log-policy.txt của mình.",
    "Giải nén, chạy “python3 -I verify.py --policy log-policy.txt”, hoặc mở kiem-tra.html và thả tệp ZIP vào.",
    "Đưa thêm điểm mốc giữ từ lần kiểm tra trước (--checkpoint cu.note): nhật ký phải ghi nối tiếp.",
    "Đọc ma-tran/bat-thuong.json, rồi ma trận đầu kỳ và cuối kỳ, thay-doi.json.",
    "Chọn mẫu: mở van-ban.pdf của một dòng, so với bản giấy.",
    "Hỏi người có tên trên văn bản xem họ đã ký hay chưa.",
    "Ký biên bản kiểm tra và giữ lại tệp nhat-ky/checkpoint cho lần sau.",
)
REDACTED = (
    "\nBẢN CHE TÊN. Tên người trong các bảng được thay bằng số, lý do ghi trong các bảng thay bằng “(đã che)”; "
    "phần chữ và PDF của văn bản được bỏ ra.\n"
    "Nội dung đã ký (noi-dung.json) và sự kiện của nhật ký (nhat-ky/*.jsonl) giữ nguyên từng chữ, vì mã băm và "
    "chữ ký tính trên đó. Lý do, ghi chú do người dùng tự gõ nằm trong các tệp này, có thể nhắc đến tên người: "
    "hãy đọc các tệp ghi ở “free_text” của manifest.json trước khi giao hồ sơ cho người ngoài.\n"
)
IN_INK = "(Ký, ghi rõ họ tên)"
_HERE = Path(evidence.__file__).parent
MOST_LISTED = 2000


def list_files(listed: Sequence[ListedPaper], issued: IssuedBy, made_at: datetime) -> list[DossierFile]:
    """The list of papers as CSV and, while it can be turned over, as PDF."""
    rows = [[str(n), p.symbol, p.dated, p.subject, p.author, "", p.note] for n, p in enumerate(listed, 1)] or [
        ["", "", "", "Văn bản", issued.name, "", "chưa có"]
    ]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([heading for heading, _ in PAPER_LIST])
    writer.writerows([[_guarded(cell) for cell in row] for row in rows])
    files = [
        DossierFile(
            "muc-luc-van-ban.csv", ("\ufeff" + text.getvalue()).encode(), "text/csv", "Mục lục văn bản, dạng bảng"
        )
    ]
    if len(rows) <= MOST_LISTED:
        sheet = PaperSheet(
            issued_by=issued,
            type_line="MỤC LỤC VĂN BẢN",
            subject=("Hồ sơ phân quyền truy cập dữ liệu",),
            columns=PAPER_LIST,
            rows=rows,
            made_at=made_at,
        )
        files.append(
            DossierFile(
                "muc-luc-van-ban.pdf", render_sheet(sheet, find_family()), "application/pdf", "Mục lục văn bản"
            )
        )
    return files


def _guarded(cell: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def tool_files(*, is_redacted: bool) -> list[DossierFile]:
    """What checks the dossier, and how; of a redacted one, what was not taken out of it."""
    steps = "".join(f"{n}. {step}\n" for n, step in enumerate(STEPS, 1))
    text = (
        "HỒ SƠ PHÂN QUYỀN TRUY CẬP DỮ LIỆU: CÁCH KIỂM TRA\n\n"
        f"{steps}\n"
        "Mã kết thúc của verify.py: 0 không có gì, 1 có sai lệch, 3 không sai lệch nhưng có điều chưa chứng minh "
        "được (chưa có dấu thời gian, phần chữ đã xoá, bản che tên).\n"
        "Công cụ khác: sha256sum -c SHA256SUMS; mọi bộ kiểm tra C2SP tlog-proof đọc được nhat-ky/proofs/*.\n"
        "Ai lập hồ sơ giả thì verify.py bên trong cũng có thể giả: hãy dùng bản của mình.\n"
        f"{REDACTED if is_redacted else ''}"
    )
    return [
        DossierFile("README.txt", text.encode(), "text/plain", "Cách kiểm tra hồ sơ"),
        DossierFile("verify.py", (_HERE / "verify.py").read_bytes(), "text/x-python", "Công cụ kiểm tra (Python)"),
        DossierFile("kiem-tra.html", (_HERE / "kiem_tra.html").read_bytes(), "text/html", "Công cụ kiểm tra"),
    ]


def issued_by(view: ReadView, asked: DossierRequest, name: str) -> IssuedBy:
    """Whose pages these are, in the words of its letterhead."""
    day = asked.last
    try:
        head = letterhead(view.ground, asked.unit)
    except RefusedError:
        # No rules are in force there: its own name is all that can be said.
        return IssuedBy("", name.upper(), "", day, number_label="")
    return IssuedBy(head.parent, head.name, head.place, day, number_label="")


def purpose_of(view: ReadView, asked: DossierRequest) -> str:
    """What the dossier is made for, as the cover says it: a decision by its number, day and whose it is."""
    decision = None if asked.inspection is None else view.reader.get(Document, asked.inspection)
    if decision is None:
        return "kiểm tra, lưu hồ sơ"
    unit = view.reader.get(Unit, decision.office)
    of = "" if unit is None else f" của {unit.name}"
    return f"Đoàn kiểm tra theo Quyết định số {decision.number} ngày {short_date(decision.dated)}{of}"


def cover_file(
    asked: DossierRequest,
    issued: IssuedBy,
    papers: list[DossierPaper],
    log: DossierLog,
    checks: Sequence[SelfCheck],
    files: Sequence[DossierFile],
    body: bytes,
    made_at: datetime,
    purpose: str,
) -> DossierFile:
    """The cover, with the list of the body inside it."""
    kinds = Counter(p.document.kind for p in papers)
    signatures = sum(len(p.signatures) for p in papers)
    cover = DossierCover(
        issued_by=issued,
        subject=("Phân quyền truy cập dữ liệu", f"từ {short_date(asked.first)} đến {short_date(asked.last)}"),
        facts=(
            ("Đơn vị:", f"{issued.name} ({asked.unit})"),
            ("Phục vụ:", purpose),
            ("Lập lúc:", f"{local(made_at):%d/%m/%Y %H:%M}"),
        ),
        checks=tuple(checks),
        figures=(
            (str(len(papers)), "văn bản"),
            (str(signatures), "xác nhận"),
            (str(len(log.chain)), "sự kiện"),
            (str(len(files)), "tệp"),
        ),
        contents=(
            ("Ma trận đầu kỳ, cuối kỳ, thay đổi, bất thường", str(_count(files, "ma-tran/")), "ma-tran/"),
            *((name_of(kind), str(count), f"van-ban/{kind}/") for kind, count in sorted(kinds.items())),
            ("Chuỗi uỷ quyền", "1", "uy-quyen/"),
            ("Văn bản chỉ đạo, quy chế", "chưa có", "chi-dao/"),
            ("Phần mềm", "1", "phan-mem/"),
            ("Nhật ký và bằng chứng", str(_count(files, "nhat-ky/")), "nhat-ky/"),
            ("Bộ quy tắc", str(_count(files, "bo-quy-tac/")), "bo-quy-tac/"),
        ),
        marks=(
            ("Số sự kiện của nhật ký:", str(log.checkpoint.size)),
            ("Mã băm gốc của nhật ký:", log.checkpoint.root.hex()),
            ("Khoá nhật ký:", log.key),
        ),
        steps=STEPS,
        signers=(
            SignerPlace("maker", ("NGƯỜI LẬP HỒ SƠ", IN_INK), ""),
            SignerPlace("head", ("THỦ TRƯỞNG ĐƠN VỊ", IN_INK), ""),
        ),
        manifest_sha256=hashlib.sha256(body).hexdigest(),
        made_at=made_at,
        attachments=(Attachment("ban-ke.json", body, "application/json", "data", "Bản kê tệp của hồ sơ"),),
    )
    data = render_cover(cover, find_family())
    return DossierFile("bia-ho-so.pdf", data, "application/pdf", "Bìa hồ sơ", in_body=False)


def _count(files: Sequence[DossierFile], folder: str) -> int:
    return sum(1 for file in files if file.path.startswith(folder))
