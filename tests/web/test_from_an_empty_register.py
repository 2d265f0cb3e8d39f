"""From an empty database to a class teacher's first allowed decision, in a real browser, and back to none.

The operator founds the register and imports what the department's lists say: units, classes, people, appointments,
authorities. Everything else is done by those whose act it is, on the pages, by what stands on them (`guide`).
"""

from __future__ import annotations

import csv
import json
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from demonstrated import Running
from guide import COPIED, Follower
from pydantic import SecretStr
from story import EVERY_WAY, SIZES, browsing

from access_service.app import create_app
from access_service.cli import main
from access_service.demonstration.data import school_year_of
from access_service.domain.accounts import Account
from access_service.domain.names import RegisterId
from access_service.domain.time import local
from access_service.settings import Settings
from access_service.storage.db import Database
from access_service.usecases.imports.csv_files import COLUMNS
from access_service.usecases.services import system_clock
from usecases.drafts.grids import workbook

KEY = "000-khoa-cua-diem-thi-hanh"
COMMUNE, SCHOOL = "3111383", "311138301"
PASSWORDS = {
    "mật khẩu giám đốc": "Sông Cấm 000 xanh",
    "mật khẩu quản trị Sở": "Núi Voi 000 đứng",
    "mật khẩu chủ tịch": "Bến Bính 000 đông",
    "mật khẩu quản trị phường": "Cầu Rào 000 dài",
    "mật khẩu hiệu trưởng": "Hoa phượng 000 đỏ",
    "mật khẩu quản trị trường": "Sân trường 000 rộng",
    "mật khẩu giáo viên": "Bảng đen 000 phấn",
}


def rows_of(today: date) -> dict[str, list[tuple[str, ...]]]:
    """The lists of a department: one commune, one school with two classes, who leads each, and by what decision."""
    year, first, last = school_year_of(today)
    long_ago, appointed = "01/08/2020", f"{today - timedelta(days=3):%d/%m/%Y}"
    return {
        "units": [
            (COMMUNE, "UBND phường Lê Chân", "commune", "", long_ago, ""),
            (SCHOOL, "Trường THCS Lê Chân", "school", "lower_secondary", long_ago, ""),
        ],
        "edges": [(COMMUNE, "31", "000/QĐ", long_ago, ""), (SCHOOL, COMMUNE, "000/QĐ", long_ago, "")],
        "school_years": [(year, f"{first:%d/%m/%Y}", f"{last:%d/%m/%Y}")],
        "classes": [(SCHOOL, year, code, f"Lớp {code}", "lower_secondary", "6") for code in ("6A1", "6A2")],
        "persons": [("000000000101", "Phạm Văn Chủ"), ("000000000102", "Lê Thị Trưởng")],
        "accounts": [
            ("tk-chu", "use", "chutich", "000000000101", "31", appointed, ""),
            ("tk-truong", "use", "hieutruong", "000000000102", COMMUNE, appointed, ""),
            ("tk-qt-phuong", "admin", f"quantri.{COMMUNE}", "", COMMUNE, appointed, ""),
            ("tk-qt-truong", "admin", f"quantri.{SCHOOL}", "", SCHOOL, appointed, ""),
        ],
        "assignments": [
            (code, person, unit, position, "000/QĐ", appointed, appointed, *[""] * 6, "")
            for code, person, unit, position in (
                ("bn-chu", "000000000101", COMMUNE, "commune_chair"),
                ("bn-truong", "000000000102", SCHOOL, "principal"),
            )
        ],
        "authorities": [
            ("tq-so", "31", "", "", "", "", "", "", "000/QĐ", long_ago, ""),
            ("tq-phuong", COMMUNE, "tq-so", "lower_secondary", "", "", "", "", "000/QĐ", long_ago, ""),
            ("tq-truong", SCHOOL, "tq-phuong", "lower_secondary", "", "", "", "", "000/QĐ", long_ago, ""),
        ],
    }


@dataclass
class Opened:
    """The service over what the operator founded, and what each person was handed in an envelope."""

    address: str
    clock: Running
    known: dict[str, Any]
    accounts: dict[str, str]


def _command(*arguments: str) -> None:
    assert main(list(arguments)) == 0, arguments


@contextmanager
def founded(folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    """The operator's part: found, import, serve."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        address = f"http://localhost:{listening.getsockname()[1]}"
        for name, value in (
            ("DATABASE_URL", f"sqlite:///{folder / 'rong.db'}"),
            ("KEYS_DIR", str(folder / "keys")),
        ):
            monkeypatch.setenv(f"ACCESS_SERVICE_{name}", value)
        monkeypatch.setenv("ACCESS_SERVICE_FILES_DIR", str(folder / "files"))
        monkeypatch.setenv("ACCESS_SERVICE_PUBLIC_URL", address)
        capsys.readouterr()
        _command("init", "--json", *(part for pair in FOUNDING.items() for part in pair))
        links = {one["role"]: one["activation_url"] for one in json.loads(capsys.readouterr().out)["accounts"]}
        lists = folder / "danh-sach"
        lists.mkdir()
        for sheet, rows in rows_of(local(system_clock()).date()).items():
            with (lists / f"{sheet}.csv").open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([COLUMNS[sheet], *rows])
        _command("import", str(lists), "--codes", str(folder / "phieu.csv"))
        with (folder / "phieu.csv").open(encoding="utf-8", newline="") as file:
            links |= {row["account"]: row["activation_url"] for row in csv.DictReader(file)}
        codes = {f"mã {name}": links[role].partition("#code=")[2] for name, role in ENVELOPES.items()}
        clock = Running()
        settings = Settings(api_key=SecretStr(KEY), job_workers=1, staleness_s=60.0, log_decisions="none")
        server = uvicorn.Server(uvicorn.Config(create_app(settings, clock=clock), log_level="error", lifespan="on"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.05)
        try:
            yield Opened(address, clock, codes | PASSWORDS, {})
        finally:
            server.should_exit = True
            thread.join()


FOUNDING = {
    "--register": "hai-phong",
    "--unit": "31",
    "--name": "Sở GDĐT Hải Phòng (thử)",
    "--director": "Nguyễn Văn Giám",
    "--focal-point": "Trần Văn Mối",
    "--decision-number": "000/QĐ-UBND",
    "--decision-date": "01/01/2019",
    "--policy": "hai-phong",
}
ENVELOPES = {"giám đốc": "director", "quản trị Sở": "admin", "chủ tịch": "tk-chu", "hiệu trưởng": "tk-truong"}


def activating(whose: str, code: str) -> str:
    """The sentences by which somebody opens an account that must have a second factor."""
    return f"""
1. Mở trang «/activate». Điền {code} vào ô «Mã kích hoạt». Bấm «Tiếp tục».
2. Điền mật khẩu {whose} vào ô «Mật khẩu mới». Điền mật khẩu {whose} vào ô «Nhập lại mật khẩu mới».
   Bấm «Đặt mật khẩu». Thấy «Tài khoản này phải dùng xác thực hai yếu tố.».
3. Bấm «Thêm mã dùng một lần». Điền mật khẩu {whose} vào ô «Mật khẩu đang dùng» ở mục «Xác thực hai yếu tố».
   Bấm «Tiếp tục». Quét hình vuông. Điền mã trên điện thoại vào ô «Mã dùng một lần». Bấm «Xác nhận mã».
   Thấy «Mã dùng một lần, từ».
"""


SIGN_ONE = """
1. Mở trang «/ky». Điền mật khẩu {whose} vào ô «Mật khẩu». Bấm «Ký 1 văn bản bằng mật khẩu».
   Thấy «Đã ký 1 văn bản.».
"""
GIVE_CUSTODY = """
1. Mở trang «/viec». Bấm «Xem 1 đơn vị». Bấm «Chưa có người quản lý…» ở dòng «{unit}».
   Chọn «{receiver}…» ở ô «Giao cho». Bấm «Lập biên bản giao». Thấy «Đã lập biên bản».
"""
RECEIVE_CUSTODY = (
    SIGN_ONE
    + """
2. Chép chữ đứng sau «chỉ hiện lần này:».
"""
)

FROM_EXCEL = """
1. Bấm «Phân quyền năm học». Chọn tệp phân công ở ô «Chọn tệp…». Nếu thấy «Đọc tệp» thì bấm «Đọc tệp».
2. Bấm «Dùng cách ghép này». Thấy «2 biên bản và bản cam kết». Bấm «Lập 2 biên bản». Thấy «Ký 2 văn bản».
3. Cuộn đến cuối trang. Điền mật khẩu hiệu trưởng vào ô «Mật khẩu». Bấm «Ký 2 văn bản bằng mật khẩu».
   Thấy «Đã ký 2 văn bản.».
"""
SLIPS = """
1. Bấm «Phân quyền năm học». Bấm «Phiếu kích hoạt». Bấm «In phiếu cho người đã chọn».
   Chép chữ đứng sau «anhdn.311138301 Mã kích hoạt».
"""
FIRST_TIME = """
1. Điền mật khẩu giáo viên vào ô «Mật khẩu mới». Điền mật khẩu giáo viên vào ô «Nhập lại mật khẩu mới».
   Bấm «Đặt mật khẩu». Thấy «Nhận bàn giao quyền».
2. Điền mật khẩu giáo viên vào ô «Mật khẩu». Bấm «Ký 2 văn bản bằng mật khẩu». Thấy «Đang hiệu lực».
"""
REVOKE = """
1. Bấm «Người và quyền». Bấm «Đặng Ngọc Ánh». Bấm «Thu hồi Giáo viên chủ nhiệm…».
   Thấy «1 quyền chấm dứt». Thấy «Đặng Ngọc Ánh (Giáo viên chủ nhiệm)».
   Thấy «Không. Muốn có lại phải lập văn bản mới.».
2. Điền «Nghỉ ốm dài ngày» vào ô «Lý do». Bấm «Thu hồi quyền». Thấy «Đã thu hồi».
"""
DOSSIER = """
1. Đến máy của chủ tịch. Mở trang «/viec». Bấm «Xem đơn vị trực thuộc». Bấm «Trường THCS Lê Chân».
   Bấm «Hồ sơ kiểm tra». Bấm «Lập hồ sơ». Thấy «Tải về».
"""


@dataclass
class Walk:
    """Who does what, and what each part cost in interactions."""

    opened: Opened
    follower: Follower
    is_scripted: bool
    year: str

    def do(self, sentences: str, **words: str) -> int:
        """So many interactions."""
        before = self.follower.interactions
        self.follower.follow(sentences.format(**words))
        return self.follower.interactions - before

    def may(self, code: str) -> dict[str, Any]:
        """What the enforcement point is told: may the teacher read a pupil's results in that class?"""
        question = {
            "subject": {"type": "account", "id": self.opened.accounts["giáo viên"]},
            "action": {"name": "read"},
            "resource": {
                "type": "student",
                "id": "000000000001",
                "properties": {"category": "STU-ACA", "class": f"{SCHOOL}:{self.year}:{code}"},
            },
        }
        asked = httpx2.post(
            f"{self.opened.address}/access/v1/evaluation", json=question, headers={"Authorization": f"Bearer {KEY}"}
        )
        return asked.json()

    def hand_down(self) -> None:
        """From the department to the commune, and on to the school: each on paper that both sides sign."""
        self.do(activating("giám đốc", "mã giám đốc") + activating("quản trị Sở", "mã quản trị Sở"))
        giver = "giám đốc"
        for receiver, kept, unit, name in (
            ("chủ tịch", "phường", "UBND phường Lê Chân", "Phạm Văn Chủ"),
            ("hiệu trưởng", "trường", "Trường THCS Lê Chân", "Lê Thị Trưởng"),
        ):
            assert self.do(GIVE_CUSTODY, unit=unit, receiver=name) <= 5
            assert self.do(SIGN_ONE, whose=giver) <= 3
            self.do("1. Đến máy của " + receiver + "." + activating(receiver, f"mã {receiver}"))
            assert self.do(RECEIVE_CUSTODY, whose=receiver) <= 3
            self.do(activating(f"quản trị {kept}", "chữ đã chép"))
            giver = receiver

    def delegate(self) -> None:
        """The head's errand: from the school's own sheet to signed minutes and printed slips."""
        file = Path(str(self.opened.known["tệp phân công"]))
        file.write_bytes(workbook(SHEET))
        # A file that a script sends by itself costs one click less.
        assert self.do(FROM_EXCEL) == (6 if self.is_scripted else 7)
        self.do(SLIPS)

    def receive(self) -> None:
        """A teacher on a telephone, for the first time: the link, a password twice, two papers."""
        code = str(self.opened.known[COPIED])
        self.do(f"1. Đến máy của giáo viên. Mở trang «/activate#code={code}».")
        if not self.is_scripted:
            self.do("1. Điền chữ đã chép vào ô «Mã kích hoạt». Bấm «Tiếp tục».")
        assert self.do(FIRST_TIME) == 5


SHEET = (
    ("TRƯỜNG THCS LÊ CHÂN",),
    ("(Kèm theo Quyết định số 41/QĐ-THCSLC ngày 20/08/2026 của Hiệu trưởng)",),
    ("STT", "Họ và tên", "Chủ nhiệm", "Dạy"),
    ("1", "Đặng Ngọc Ánh", "6A1", "Ngữ văn 6A1"),
    ("2", "Vũ Đức Bình", "6A2", "Toán 6A2"),
)


@contextmanager
def browsers(opened: Opened, *, scripts: bool = True) -> Iterator[Follower]:
    """Everybody's own browser; the teacher's is a telephone."""
    with ExitStack() as stack:

        def page_of(who: str) -> Any:
            width, height = SIZES["phone" if who == "giáo viên" else "laptop"]
            more = {"viewport": {"width": width, "height": height}, "java_script_enabled": scripts}
            return stack.enter_context(browsing(locale="vi-VN", **more)).new_page()

        forward = partial(opened.clock.forward, seconds=30)
        yield Follower(opened.address, page_of, opened.clock, "giám đốc", opened.known, forward=forward)


@pytest.mark.parametrize("is_scripted", [True, False] if EVERY_WAY else [False])
def test_from_an_empty_register_to_the_first_allowed_decision(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, is_scripted: bool
) -> None:
    with founded(tmp_path, capsys, monkeypatch) as opened, browsers(opened, scripts=is_scripted) as follower:
        opened.known["tệp phân công"] = tmp_path / "PC.xlsx"
        walk = Walk(opened, follower, is_scripted, school_year_of(local(opened.clock()).date())[0])
        walk.hand_down()
        walk.delegate()
        opened.accounts["giáo viên"] = account_of(tmp_path, "anhdn.311138301")
        assert walk.may("6A1")["context"]["reason"]["code"] == "account_not_active"
        walk.receive()
        assert walk.may("6A1") == {"decision": True}
        assert walk.may("6A2")["context"]["reason"]["code"] == "outside_class"

        walk.do("1. Đến máy của hiệu trưởng.")
        assert walk.do(REVOKE) == 5
        assert not walk.may("6A1")["decision"]
        walk.do(DOSSIER)
        with follower.page.expect_download() as found:
            walk.do("1. Bấm «Tải về».")
        found.value.save_as(tmp_path / "ho-so.zip")
    check_as_reviewer(tmp_path)


def check_as_reviewer(folder: Path) -> None:
    """On another machine: the verifier out of the dossier, and the log's key as it was published on paper."""
    _command("log", "key", "--policy", str(folder / "log-policy.txt"))
    with zipfile.ZipFile(folder / "ho-so.zip") as dossier:
        (folder / "verify.py").write_bytes(dossier.read("verify.py"))
    checked = subprocess.run(
        [sys.executable, "-I", "verify.py", "ho-so.zip", "--policy", "log-policy.txt", "--json"],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    told = json.loads(checked.stdout)
    assert {finding["severity"] for finding in told["findings"]} <= {"look", "info"}, told
    assert (told["figures"]["documents"], told["figures"]["signatures"]) == (3, 4), told


def account_of(folder: Path, username: str) -> str:
    """Whom the enforcement point asks about: it knows ids of accounts, as the register tells them to it."""
    db = Database(f"sqlite:///{folder / 'rong.db'}", system_clock)
    try:
        with db.read(RegisterId("hai-phong")) as reader:
            return str(next(iter(reader.find(Account, username=username))).id)
    finally:
        db.close()
