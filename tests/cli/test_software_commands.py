"""`access-service software …`: what an operator enters, and what is refused."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from test_commands import Ran, run, school, url

from access_service.domain.time import local
from world import CLASS_6A, SCHOOL, World

__all__ = ["run", "school", "url"]
ADD = {
    "--name": "Phần mềm nhắn tin thử",
    "--supplier": "Công ty A",
    "--data-fields": "Họ và tên, lớp, số điện thoại phụ huynh",
    "--data-scope": "Học sinh khối 6",
    "--frequency": "1 lần đầu năm học",
    "--method": "Tự động lấy dữ liệu",
    "--cost": "Nhà trường ký hợp đồng",
    "--legal-standing": "Nhà trường tự ký hợp đồng",
}


def options(given: dict[str, str]) -> list[str]:
    return [part for pair in given.items() for part in pair]


@pytest.fixture
def added(run: Any, school: World) -> Any:
    ran = run("software", "add", SCHOOL, *options(ADD), "--json")
    assert ran.status == 0, ran.err
    return ran.json


@pytest.fixture
def approve(run: Any, added: Any, tmp_path: Path) -> Any:
    paper = tmp_path / "dong-y.pdf"
    paper.write_bytes(b"000")

    def call(*more: str, **changed: str) -> Ran:
        given = {
            "--number": "000/SGDĐT-VP",
            "--dated": "20/08/2026",
            "--file": str(paper),
            "--category": "STU-CON",
            "--until": "31/05/2099",
            "--purpose": "Nhắn tin cho phụ huynh",
            "--agreement-number": "01/HĐ-A",
            "--agreement-dated": "01/08/2026",
            "--agreement-file": str(paper),
            "--receiver-role": "processor",
            "--retention": "Đến hết năm học",
            "--deletion": "Xoá khỏi máy chủ, có biên bản",
        }
        given |= {f"--{name}": value for name, value in changed.items()}
        result: Ran = run("software", "approve", added["id"], *options(given), *more)
        return result

    return call


def test_software_is_entered_approved_and_asked_about(run: Any, added: Any, approve: Any) -> None:
    # The operator's clock is the machine's, years after the world's: nothing here asks for an instant before.
    asked = ("--subject", added["account"], "--action", "read", "--resource", f"class:{CLASS_6A}")
    check = ("check", *asked, "--property", "category=STU-CON")
    assert "approval_missing" in run(*check).out
    ran = approve("--grade", "6", "--json")
    assert ran.status == 0, ran.err
    # SHA-256 of what stands in the file (RFC 6234).
    assert ran.json["sha256"] == "2ac9a6746aca543af8dff39894cfe8173afba21eb01c6fae33d52947222855ef"
    assert ran.json["scope"] == {
        "unit": SCHOOL,
        "levels": ["lower_secondary"],
        "grades": ["6"],
        "categories": ["STU-CON"],
        "actions": ["read"],
    }
    assert run(*check).status == 0
    explained = run("explain", *asked, "--property", "category=STU-CON")
    assert "Văn bản đồng ý của Sở GDĐT số 000/SGDĐT-VP" in explained.out
    listed = run("software", "list", "--unit", SCHOOL)
    assert added["id"] in listed.out
    assert ": đang hiệu lực" in listed.out
    gone = run("software", "withdraw", ran.json["id"], "--reason", "hết hợp đồng")
    assert (gone.status, gone.out.startswith(f"{ran.json['id']}: thu hồi")) == (0, True)
    assert run(*check).status == 1
    again = run("software", "withdraw", ran.json["id"])
    assert (again.status, again.err.count("\n")) == (1, 1)


def test_the_department_confirms_and_deletion_is_confirmed(
    run: Any, added: Any, approve: Any, tmp_path: Path
) -> None:
    paper = tmp_path / "xac-nhan.pdf"
    paper.write_bytes(b"000")
    given = {"--number": "001/SGDĐT", "--dated": "20/08/2026", "--file": str(paper)}
    said = options({**given, "--issuer": "Sở GDĐT", "--until": "31/05/2099"})
    confirm = ("software", "confirm", added["id"], *said)
    ran = run(*confirm, "--subject", "security_level", "--level", "3", "--json")
    assert (ran.status, ran.json["level"], ran.json["subject"]) == (0, 3, "security_level")
    assert run(*confirm, "--subject", "data_axis", "--level", "3", "--json").error["code"] == "invalid"
    assert run(*confirm, "--subject", "cloud", "--json").error["code"] == "usage"
    # The entry states no level itself: what nobody states does not count, whatever is confirmed.
    assert run("software", "list", "--json").json[0]["counted_level"] is None
    gone = run("software", "unconfirm", ran.json["id"], "--reason", "thử")
    assert (gone.status, ": thu hồi" in gone.out) == (0, True)
    assert run("software", "unconfirm", ran.json["id"]).status == 1
    recorded = approve("--json").json
    approval = recorded["id"]
    # The operator's clock is the machine's: the paper is of the day on which this runs.
    today = local(datetime.fromisoformat(recorded["recorded_at"])).strftime("%d/%m/%Y")
    deleted = ("software", "deleted", approval, *options({**given, "--dated": today}))
    assert run(*deleted, "--json").error["code"] == "document_state"
    assert run("software", "withdraw", approval).status == 0
    assert "chưa xác nhận đã xoá, huỷ dữ liệu" in run("software", "list").out
    done = run(*deleted)
    assert (done.status, "xác nhận đã xoá, huỷ dữ liệu" in done.out) == (0, True), done.err
    assert "chưa xác nhận" not in run("software", "list").out


def test_what_cannot_be_is_refused_in_one_line(run: Any, added: Any, approve: Any) -> None:
    for ran, status, code in (
        (approve("--json", until="hôm nay"), 2, "invalid"),
        (approve("--json", method="fax"), 2, "usage"),
        (approve("--json", frequency="often"), 2, "usage"),
        (approve("--json", **{"receiver-role": "friend"}), 2, "usage"),
        (approve("--json", "--level", "university"), 2, "usage"),
        (approve("--json", "--level", "primary"), 1, "wider_than_authority"),
        (approve("--json", "--unit", "khong-co"), 1, "wider_than_authority"),
        (approve("--json", category="KHAC"), 2, "invalid"),
        (approve("--json", file="/khong/co"), 1, "unavailable"),
        (run("software", "add", "khong-co", *options(ADD), "--json"), 1, "not_found"),
        (run("software", "add", SCHOOL, *options(ADD | {"--name": "a\nb"}), "--json"), 2, "usage"),
        (run("software", "add", SCHOOL, *options(ADD), "--json"), 1, "duplicate"),
        (run("software", "client", "sof_khong_co", "--json"), 1, "not_found"),
        (run("software", "client", added["id"], "--scope", "evaluate", "--json"), 1, "forbidden"),
        (run("software", "rotate", "cli_khong_co", "--json"), 1, "not_found"),
    ):
        assert (ran.status, ran.error["code"]) == (status, code), ran.err
        assert ran.out == ""


def test_clients_are_made_rotated_and_disabled(run: Any, added: Any, tmp_path: Path) -> None:
    plain = run("software", "client", added["id"], "--resource", "https://sodiem.example/")
    assert plain.status == 0
    assert "client_secret" in plain.out
    made = run("software", "client", added["id"], "--json").json
    rotated = run("software", "rotate", made["client_id"], "--at-once", "--json").json
    assert rotated["client_secret"] != made["client_secret"]
    back = ("--redirect", "https://sodiem.example/ve")
    signing = run("software", "sign-in", made["client_id"], *back, "--post-logout", "https://sodiem.example/")
    assert signing.out == f"{made['client_id']}: https://sodiem.example/ve\n"
    assert run("software", "sign-in", made["client_id"], "--redirect", "https://sodiem.example/#a").status == 2
    listed = run("software", "sign-in", made["client_id"], *back, "--json").json
    assert (listed["redirect_uris"], listed["post_logout_uris"]) == (["https://sodiem.example/ve"], [])
    assert "không đăng nhập cho ai" in run("software", "sign-in", made["client_id"]).out
    assert run("software", "disable", made["client_id"]).status == 0
    assert run("software", "rotate", made["client_id"]).status == 1
    keys = tmp_path / "keys.json"
    for content in ("", "[]", "[" * 5000, json.dumps({"keys": [{"kty": "oct", "k": "AAAA"}]})):
        keys.write_text(content, encoding="utf-8")
        assert run("software", "client", added["id"], "--jwks", str(keys)).status == 2
    # Neither a list nor an ended entry tells a secret.
    listed = run("software", "list", "--json")
    assert not {"secret_sha256", "client_secret"} & listed.json[0]["clients"][0].keys()
    assert run("software", "end", added["id"]).status == 0
    assert run("software", "client", added["id"]).status == 1
    assert "ngừng sử dụng" in run("software", "list").out
