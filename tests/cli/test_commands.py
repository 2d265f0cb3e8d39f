"""Every command on a real database: what it prints, where, and with which exit status."""

import csv
import io
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from access_service.cli import main
from access_service.domain.names import RegisterId
from access_service.live.revisions import revision_text
from access_service.signing.keys import load_or_create
from access_service.storage.db import Database
from access_service.storage.migrate import HEAD, upgrade
from access_service.usecases.identity.accounts import activate
from access_service.usecases.services import Services, system_clock
from databases import give_schema
from world import (
    CLASS_6A,
    PASSWORD,
    SCHOOL,
    Clock,
    World,
    found,
    hire_homeroom,
    homeroom_line,
    with_school,
)

ROOT = Path(__file__).parents[2]
FOUNDING = {
    "--register": "thu",
    "--unit": "00031",
    "--name": "Sở Giáo dục và Đào tạo thử nghiệm",
    "--director": "Người Thử Giám Đốc",
    "--decision-number": "000/QĐ-UBND",
    "--decision-date": "02/01/2024",
    "--focal-point": "Người Thử Đầu Mối",
}


@pytest.fixture(autouse=True)
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An address of a database that is not there yet; nothing of the machine's own environment."""
    for name in [name for name in os.environ if name.startswith("ACCESS_SERVICE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ACCESS_SERVICE_KEYS_DIR", str(tmp_path / "keys"))
    monkeypatch.setenv("ACCESS_SERVICE_POLICY_DIR", str(ROOT / "policy"))
    monkeypatch.setenv("ACCESS_SERVICE_MODELS_DIR", str(ROOT / "models"))
    address = f"sqlite:///{tmp_path}/thu.db"
    monkeypatch.setenv("ACCESS_SERVICE_DATABASE_URL", address)
    return address


def init(*more: str, **changed: str) -> int:
    options = FOUNDING | {f"--{name.replace('_', '-')}": value for name, value in changed.items()}
    return main(["init", *(part for pair in options.items() for part in pair), *more])


class Ran:
    """What a command said."""

    def __init__(self, status: int, captured: Any) -> None:
        self.status, self.out, self.err = status, captured.out, captured.err

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        return json.loads(self.err)["error"]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command and captures what it says."""

    def call(*arguments: str) -> Ran:
        capsys.readouterr()
        status = main(list(arguments))
        return Ran(status, capsys.readouterr())

    return call


@pytest.fixture
def school(url: str, tmp_path: Path) -> Iterator[World]:
    """A school with a homeroom teacher of 6A who holds a grant."""
    give_schema(url)
    clock = Clock()
    services = Services(Database(url, clock), load_or_create(tmp_path / "keys" / "seal.key"))
    world = with_school(found(services, clock, name="thu"))
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    yield world
    services.db.close()


# -- init


def test_init_makes_the_database_and_prints_links_that_open_the_accounts(
    run: Any, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert init("--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [account["role"] for account in told["accounts"]] == ["admin", "director", "focal_point"]
    links = [account["activation_url"] for account in told["accounts"]]
    assert all(link.startswith("http://127.0.0.1:8000/activate#code=") for link in links)
    services = Services(Database(url, system_clock), load_or_create(tmp_path / "keys" / "seal.key"))
    opened = [activate(services, link.partition("#code=")[2], PASSWORD) for link in links]
    services.db.close()
    assert opened == [account["account"] for account in told["accounts"]]


def test_init_refuses_a_register_that_exists(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert init() == 0
    assert "một lần" in capsys.readouterr().out
    assert init() == 1
    assert capsys.readouterr().err == "access-service: there is a register `thu`\n"
    assert init("--json") == 1
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "duplicate"


def test_init_names_every_option_that_is_missing_where_nobody_can_be_asked(run: Any, tmp_path: Path) -> None:
    ran = run("init", "--register", "thu", "--unit", "00031", "--json")
    assert ran.status == 2
    assert ran.error["message"].startswith("missing --name, --director")
    assert not (tmp_path / "thu.db").exists()


def test_init_keeps_the_hash_of_the_decision_and_the_codes_of_the_people(
    run: Any, tmp_path: Path, url: str
) -> None:
    from access_service.domain.org import Assignment

    paper = tmp_path / "qd.pdf"
    paper.write_bytes(b"abc")
    assert init("--decision-file", str(paper), "--director-id", "000000000001") == 0
    db = Database(url, system_clock)
    with db.read(RegisterId("thu")) as reader:
        [duty] = reader.find(Assignment, person="000000000001")
    db.close()
    assert duty.decision_sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_init_with_a_pack_that_is_not_there_or_a_day_that_is_none(
    run: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert init("--policy", "khong-co") == 1
    assert capsys.readouterr().err == "access-service: no pack `khong-co`\n"
    assert init(decision_date="31/02/2024") == 2
    assert "31/02/2024" in capsys.readouterr().err


# -- check and explain


def question(world: World, command: str, *more: str, class_id: str = CLASS_6A) -> list[str]:
    return [
        command,
        *("--subject", world.people["gvcn"].account, "--action", "read", "--resource", "student:000000000001"),
        *("--property", f"class={class_id}", "--property", "category=STU-ACA"),
        *("--at", "20/08/2026 08:30", *more),
    ]


def test_check_says_allow_with_status_0_and_deny_with_status_1(school: World, run: Any) -> None:
    allowed = run(*question(school, "check"))
    assert (allowed.status, allowed.err) == (0, "")
    assert allowed.out.startswith("Được phép / allowed")
    denied = run(*question(school, "check", class_id="0003101:2026-2027:6B"))
    assert denied.status == 1
    assert "outside_class" in denied.out
    assert "Ngoài phạm vi lớp được phân công" in denied.out


def test_check_in_json_carries_decision_reason_instant_and_revision(school: World, run: Any) -> None:
    allowed = run(*question(school, "check", "--json")).json
    assert allowed["decision"] is True
    assert allowed["grant"].startswith("grn_")
    assert allowed["now"] == "2026-08-20T08:30:00+07:00"
    revision = allowed["revision"]
    assert run(*question(school, "check", "--json", "--known-at", revision)).json == allowed
    before = run(*question(school, "check", "--json", "--known-at", revision_text(1))).json
    # At the first revision there was a department and nothing else.
    assert (before["decision"], before["reason"]["code"]) == (False, "resource_contradictory")


def test_explain_names_grant_heads_signatures_rule_and_article(school: World, run: Any) -> None:
    ran = run(*question(school, "explain"))
    assert ran.status == 0
    for expected in (
        "ĐƯỢC PHÉP: tài khoản",
        "Allowed: account",
        "vai trò Giáo viên chủ nhiệm, đang hiệu lực",
        "0003101 Trường THCS Thử: Hiệu trưởng Người Thử head:0003101, quyết định 000/QĐ ngày 01/08/2026",
        "00031 Sở Giáo dục và Đào tạo thử nghiệm: Giám đốc Sở Người Thử Giám Đốc",
        "Biên bản bàn giao số 01/BB-THCST ngày 20/08/2026, đã ký",
        "xác nhận bằng phương tiện điện tử; không phải chữ ký điện tử, chữ ký số và không thay con dấu",
        "bên giao: Người Thử head:0003101, HIỆU TRƯỞNG",
        "xác nhận đúng",
        "Quy tắc: Giáo viên chủ nhiệm được xem – Kết quả học tập, rèn luyện; Sổ điểm, đánh giá (",
        "Căn cứ: Mặc định của sản phẩm",
        "Bộ quy tắc: base",
    ):
        assert expected in ran.out, expected
    denied = run(*question(school, "explain", class_id="0003101:2026-2027:6B"))
    assert denied.status == 1
    assert denied.out.startswith("KHÔNG ĐƯỢC PHÉP: Ngoài phạm vi lớp được phân công (outside_class)\nDenied: ")


def test_explain_in_json_is_the_explanation(school: World, run: Any) -> None:
    told = run(*question(school, "explain", "--json")).json
    assert told["allowed"] is True
    assert told["rule"]["article"] == "default"
    assert [unit["id"] for unit in told["chain"]] == [SCHOOL, "00031001", "00031"]
    assert told["revision"].startswith("r")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (["--resource", "student"], "`student` is no resource"),
        (["--property", "clas=6A"], "no property `clas`"),
        (["--property", "unit"], "`unit` is no property"),
        (["--property", "category=STU-ACA"], "given twice"),
        (["--at", "2026-08-20"], "is no instant"),
        (["--known-at", "17"], "`17` is no revision"),
        (["--known-at", "rzzz"], "no revision"),
    ],
)
def test_a_question_that_cannot_be_read_is_bad_usage(
    school: World, run: Any, changed: list[str], message: str
) -> None:
    ran = run(*question(school, "check"), *changed)
    assert (ran.status, ran.out) == (2, "")
    assert message in ran.err
    assert ran.err.count("\n") == 1


# -- matrix


def test_matrix_goes_to_standard_output_or_to_a_file_by_its_name(school: World, run: Any, tmp_path: Path) -> None:
    target = tmp_path / "m.csv"
    ran = run("matrix", SCHOOL, "--at", "20/08/2026 08:30", "--output", str(target))
    assert ran.status == 0
    rows = list(csv.reader(io.StringIO(target.read_bytes().decode("utf-8-sig"))))
    assert len(rows) == 3
    assert rows[2][6] == "Giáo viên chủ nhiệm"
    assert run("matrix", SCHOOL, "--output", str(tmp_path / "m.xlsx")).status == 0
    assert (tmp_path / "m.xlsx").read_bytes().startswith(b"PK")
    assert not list(tmp_path.glob(".*.part"))
    shown = run("matrix", SCHOOL, "--at", "20/08/2026 08:30").out
    assert shown.encode("utf-8") == target.read_bytes()


def test_each_matrix_of_the_command_line_stands_in_the_log(school: World, run: Any, tmp_path: Path) -> None:
    seq = len(school.log())
    run("matrix", SCHOOL, "--output", str(tmp_path / "m.xlsx"))
    run("matrix", SCHOOL)
    run("matrix", SCHOOL, "--output", str(tmp_path / "no" / "m.csv"))
    told = [e for e in school.log(seq) if e.happening.action == "matrix.export"]
    assert [(e.actor, e.happening.target, (e.happening.details or {})["format"]) for e in told] == [
        ("operator", SCHOOL, "xlsx"),
        ("operator", SCHOOL, "csv"),
    ]


def test_matrix_of_nothing_leaves_no_file(school: World, run: Any, tmp_path: Path) -> None:
    ran = run("matrix", "khong-co", "--output", str(tmp_path / "m.csv"))
    assert (ran.status, ran.err) == (1, "access-service: no unit `khong-co`\n")
    assert not (tmp_path / "m.csv").exists()
    assert run("matrix", SCHOOL, "--format", "docx").status == 2
    assert run("matrix", SCHOOL, "--output", str(tmp_path / "no" / "m.csv")).status == 1


# -- database and registers


def test_a_database_that_is_not_there_is_not_made_by_asking(run: Any, tmp_path: Path) -> None:
    ran = run("matrix", "00031")
    assert ran.status == 1
    assert "access-service init" in ran.err
    assert not (tmp_path / "thu.db").exists()


def test_a_database_without_schema_says_what_to_do(run: Any, tmp_path: Path) -> None:
    (tmp_path / "thu.db").touch()
    ran = run("matrix", "00031", "--json")
    assert ran.status == 1
    assert ran.error["code"] == "unavailable"
    assert "access-service migrate" in ran.error["message"]
    assert run("migrate").status == 0
    assert run("migrate", "--json").json == {"schema": HEAD}
    assert "no register" in run("matrix", "00031").err


def test_with_several_registers_one_must_be_named(run: Any) -> None:
    assert init() == 0
    assert init(register="khac", unit="00099") == 0
    ran = run("matrix", "00031")
    assert (ran.status, ran.err) == (
        2,
        "access-service: the database has 2 registers; name one with --register\n",
    )
    assert run("matrix", "00031", "--register", "thu").status == 0
    assert run("matrix", "00031", "--register", "khac").status == 1
    assert run("matrix", "00031", "--register", "la").err == "access-service: no register `la`\n"


@pytest.mark.parametrize("address", ["thu.db", "oracle://x/y", "nothing://x"])
def test_an_address_that_is_none_is_bad_usage(run: Any, address: str) -> None:
    ran = run("migrate", "--database", address)
    assert ran.status == 2
    assert ran.err.startswith("access-service: the database URL cannot be used")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "no such command `nothing`"),
        (["matrix"], "missing argument `unit`"),
        (["matrix", "1", "--nothing"], "no such option: --nothing"),
        (["serve", "--port", "x"], "--port"),
        (["import"], "name what to import"),
        (["import", "/nothing/at/all"], "does not exist"),
    ],
)
def test_bad_usage_is_one_line_and_status_2(run: Any, arguments: list[str], message: str) -> None:
    ran = run(*arguments)
    assert ran.status == 2
    assert ran.err.startswith("access-service: ")
    assert message in ran.err
    assert ran.err.count("\n") == 1
    if arguments[0] != "serve":
        assert run(*arguments, "--json").error["code"] == "usage"


def test_without_a_command_it_shows_the_help(run: Any) -> None:
    ran = run()
    assert ran.status == 2
    assert "Commands:" in ran.err


# -- policy


def test_policy_check_lists_every_fault_with_file_and_line(run: Any, tmp_path: Path) -> None:
    for name in ("base", "hai-phong"):
        shutil.copytree(ROOT / "policy" / name, tmp_path / "policy" / name)
    assert run("policy", "check", str(tmp_path / "policy" / "hai-phong")).status == 0
    roles = tmp_path / "policy" / "base" / "roles.csv"
    roles.write_text(roles.read_text("utf-8") + "principal,marks,NOT-ONE,read,allow,default\nx,y\n", "utf-8")
    ran = run("policy", "check", str(tmp_path / "policy" / "hai-phong"))
    assert ran.status == 1
    lines = ran.err.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("access-service: base/roles.csv:") for line in lines)
    faults = run("policy", "check", str(tmp_path / "policy" / "hai-phong"), "--json").error["faults"]
    assert [fault["place"] for fault in faults] == [line.split(": ")[1] for line in lines]


def test_policy_check_of_our_own_packs(run: Any) -> None:
    folders = sorted(str(path.parent) for path in (ROOT / "policy").glob("*/pack.toml"))
    told = run("policy", "check", *folders, "--json").json
    assert [pack["name"] for pack in told] == [Path(folder).name for folder in folders]


def test_policy_test_of_a_pack_without_cases_is_no_success(run: Any, tmp_path: Path) -> None:
    folder = tmp_path / "policy" / "base"
    shutil.copytree(ROOT / "policy" / "base", folder, ignore=shutil.ignore_patterns("*_test.yaml"))
    ran = run("policy", "test", str(folder))
    assert (ran.status, ran.out) == (1, "0 cases, 0 failed\n")


# -- import


def test_import_writes_a_template_and_reads_it_back(run: Any, tmp_path: Path) -> None:
    template = tmp_path / "mau.xlsx"
    assert run("import", "--template", str(template)).status == 0
    assert template.read_bytes().startswith(b"PK")
    assert run("import", "--template", str(template)).status == 2


def test_import_lists_bad_rows_one_line_each(run: Any, tmp_path: Path) -> None:
    assert init() == 0
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "persons.csv").write_text("code,name\n,Không Mã\n,Không Mã\n", "utf-8")
    ran = run("import", str(folder))
    assert ran.status == 1
    assert len(ran.err.splitlines()) >= 2
    assert all(line.startswith("access-service: persons.csv:") for line in ran.err.splitlines())
    assert run("import", str(folder), "--json").error["faults"]


def test_import_dry_run_stores_nothing_and_import_stores(run: Any, tmp_path: Path) -> None:
    assert init() == 0
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "persons.csv").write_text("code,name\n000000000009,Người Thử Chín\n", "utf-8")
    checked = run("import", str(folder), "--dry-run", "--json").json
    assert (checked["dry_run"], checked["counts"]["persons"]) == (True, 1)
    codes = tmp_path / "codes.csv"
    stored = run("import", str(folder), "--codes", str(codes), "--json").json
    assert (stored["dry_run"], stored["counts"]["persons"]) == (False, 1)
    assert stored["revision"] != checked["revision"]
    assert stat.S_IMODE(codes.stat().st_mode) == 0o600
    assert codes.read_text("utf-8") == "account,activation_url\n"
    again = run("import", str(folder), "--codes", str(codes))
    assert again.status == 1
    assert "file exists" in again.err


# -- serve


def test_serve_refuses_a_demonstration_and_a_schema_that_is_not_ours(run: Any, url: str, tmp_path: Path) -> None:
    (tmp_path / "thu.db").touch()
    assert "access-service migrate" in run("serve").err
    upgrade(url)
    db = Database(url, system_clock)
    with db.create_register(RegisterId("demo"), "00031", demo=True) as tx:
        tx.happened("register.init", "demo")
    db.close()
    ran = run("serve")
    assert ran.status == 1
    assert "demonstration" in ran.err


def test_serve_refuses_http_off_loopback(run: Any) -> None:
    assert init() == 0
    ran = run("serve", "--public-url", "http://pdp.example.invalid")
    assert ran.status == 2
    assert "http is only for loopback" in ran.err


def test_serve_answers_and_stops_when_told(run: Any, tmp_path: Path) -> None:
    import signal
    import socket
    import time
    import urllib.error
    import urllib.request

    assert init() == 0
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "access_service", "serve", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        ready = False
        deadline = time.monotonic() + 180
        while not ready and time.monotonic() < deadline and process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=60) as answer:
                    ready = answer.status == 200
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        taken = run("serve", "--port", str(port))
    finally:
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=30)
    assert ready, error.decode()
    assert (taken.status, f"port {port}" in taken.err) == (1, True)
    assert process.returncode in (0, -signal.SIGTERM)
    assert b"Traceback" not in error
