"""Long work, dossiers, the log, inspections, recoveries and packs as pages, in a browser without scripts."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from visiting import Shown, Visitor, visiting

from access_service.domain.audit import Event
from access_service.domain.errors import NotFoundError
from access_service.domain.log_texts import read_log_proof
from access_service.domain.policy import PackCase
from access_service.domain.powers import EVENTS
from access_service.storage.audit import events
from access_service.usecases.identity import recoveries
from access_service.usecases.identity.second_factor import Second
from access_service.usecases.log.checkpoints import make_checkpoint
from access_service.usecases.policy import record_tests
from access_service.web.event_words import ACTIONS
from prepared import with_homeroom
from world import LOWER, OFFICE, PASSWORD, REGISTER, SCHOOL, World

DOSSIER = f"/don-vi/{SCHOOL}/ho-so"
DAYS = {"tu_ngay": "2026-08-01", "den_ngay": "2026-08-20"}


def furnish(world: World) -> None:
    with_homeroom(world)
    world.add_unit("0003102", "school", "Trường THCS Thử Hai", OFFICE, LOWER)
    world.appoint_head("head:0003102", "0003102", "principal", OFFICE)
    world.hire("kiem-tra", OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with visiting(tmp_path_factory.mktemp("pages"), furnish=furnish, job_workers=1) as found:
        yield found


@pytest.fixture
def visitor(service: Visitor) -> Visitor:
    return service.other()


def as_person(visitor: Visitor, key: str) -> Visitor:
    name = key if key == "director.00031" else f"000.{key}"
    visitor.sign_in(visitor.enrolled(name))
    return visitor


def as_office(visitor: Visitor) -> Visitor:
    as_person(visitor, f"head:{OFFICE}").put_on(visitor.enrolled(f"quantri.{OFFICE}"))
    return visitor


def alike(foreign: Shown, missing: Shown) -> None:
    """What is somebody else's, and what is nobody's, are one page: but for the address, which the reader typed."""
    assert foreign.status == missing.status == 404
    assert foreign.html.replace(foreign.address, "") == missing.html.replace(missing.address, "")


def log_of(visitor: Visitor) -> list[Event]:
    with visitor.world.services.db.connect() as connection:
        return [*events(connection, REGISTER, limit=None)]


def over(visitor: Visitor, page: Shown) -> Shown:
    """The page of long work, once it is over."""
    pause = threading.Event()
    for _ in range(3000):
        if "data-poll" not in page.html:
            return page
        assert '<noscript><meta http-equiv="refresh" content="3">' in page.html
        pause.wait(0.02)
        page = visitor.get(page.address)
    raise AssertionError("it is not over")


# -- dossiers and long work


def test_a_head_has_a_dossier_made_and_fetches_it(visitor: Visitor) -> None:
    page = visitor.as_head().get(DOSSIER)
    assert (page.status, "Lập hồ sơ theo kỳ" in page.words) == (200, True)
    page = over(visitor, visitor.send(page, DOSSIER, **DAYS))
    assert "Xong" in page.words
    answer = visitor.client.get(f"{page.address}/ket-qua")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as read:
        assert "verify.py" in read.namelist()
    assert "Từ 01/08/2026 đến 20/08/2026" in visitor.get(DOSSIER).words
    stranger = as_person(visitor.other(), "gvcn")
    assert stranger.get(page.address).status == stranger.get(f"{page.address}/ket-qua").status == 404


def test_days_that_are_refused_stand_there_again_as_they_were_typed(visitor: Visitor) -> None:
    page = visitor.as_head().get(DOSSIER)
    again = visitor.send(page, DOSSIER, tu_ngay="2026-08-19", den_ngay="2026-08-01", che_ten="1")
    assert again.status == 422
    kept = dict(again.form(DOSSIER).fields)
    assert (kept["tu_ngay"], kept["den_ngay"], kept["che_ten"]) == ("2026-08-19", "2026-08-01", "1")


def test_a_unit_of_others_has_no_dossier_and_no_page(visitor: Visitor) -> None:
    head = as_person(visitor, "head:0003102")
    missing = head.get("/don-vi/0009999/ho-so")
    foreign = head.get(DOSSIER)
    alike(foreign, missing)
    assert as_person(visitor.other(), "gvcn").get(DOSSIER).status == 403


# -- the log


def test_the_department_reads_the_log_newest_first_and_filters_it(visitor: Visitor) -> None:
    as_person(visitor, "director.00031")
    page = visitor.get("/nhat-ky")
    newest = log_of(visitor)[-1]
    assert page.status == 200
    assert f'href="/nhat-ky/{newest.seq}"' in page.html
    signed = visitor.get("/nhat-ky?viec=document.sign&nguoi=000.gvcn&tu_ngay=2026-08-01")
    assert "Ký văn bản" in signed.words
    assert "Người Thử gvcn" in signed.words
    assert signed.html.count('<th scope="row">') == 2
    none = visitor.get("/nhat-ky?tu_ngay=2020-01-01&den_ngay=2020-01-02")
    assert "Không có sự kiện nào" in none.words
    older = visitor.get("/nhat-ky?truoc=3")
    assert older.html.count('<th scope="row">') == 2


def test_a_filter_that_is_none_is_said_and_kept(visitor: Visitor) -> None:
    as_person(visitor, "director.00031")
    page = visitor.get("/nhat-ky?tu_ngay=hom-qua&nguoi=abc")
    assert page.status == 422
    assert 'value="hom-qua"' in page.html
    assert 'value="abc"' in page.html
    for wrong in ("x", "-1", "9" * 30):
        assert visitor.get(f"/nhat-ky?truoc={wrong}").status == 422
        assert visitor.get(f"/nhat-ky/{wrong}").status == 404


def test_an_event_is_shown_with_its_proof(visitor: Visitor) -> None:
    as_person(visitor, "director.00031")
    event = next(e for e in log_of(visitor) if e.happening.action == "document.sign")
    page = visitor.get(f"/nhat-ky/{event.seq}")
    assert event.hash in page.html
    assert "Ký văn bản" in page.words


def test_a_proof_is_a_file_that_any_verifier_reads(visitor: Visitor) -> None:
    as_person(visitor, "director.00031")
    make_checkpoint(visitor.client.app.state.services, REGISTER)  # type: ignore[attr-defined]
    answer = visitor.client.get("/nhat-ky/2/bang-chung")
    assert answer.headers["content-disposition"] == "attachment; filename=2.tlog-proof"
    assert read_log_proof(answer.text).index == 1
    assert answer.text.splitlines()[0] in visitor.get("/nhat-ky/2").html
    assert visitor.get("/nhat-ky/999999/bang-chung").status == 404


def test_the_file_of_the_log_is_recorded_and_has_what_the_filters_keep(visitor: Visitor) -> None:
    as_person(visitor, "director.00031")
    before = sum(e.happening.action == "log.export" for e in log_of(visitor))
    answer = visitor.client.get("/nhat-ky/tep?viec=document.sign")
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert {line.split(",")[4] for line in lines[1:]} == {"document.sign"}
    assert sum(e.happening.action == "log.export" for e in log_of(visitor)) == before + 1


def test_nobody_below_the_department_reads_the_log(visitor: Visitor) -> None:
    visitor.as_head()
    for path in ("/nhat-ky", "/nhat-ky/1", "/nhat-ky/1/bang-chung", "/nhat-ky/tep"):
        assert visitor.get(path).status in (403, 404), path


def test_every_act_has_words_in_the_log() -> None:
    assert sorted(EVENTS.keys() - ACTIONS.keys()) == []


# -- inspections


def decide(visitor: Visitor, **fields: Any) -> Shown:
    page = visitor.get("/doan-kiem-tra/moi")
    typed = {
        "ngay": "2026-08-20",
        "noi_dung": "Kiểm tra việc phân quyền",
        "tu_ngay": "2026-08-20",
        "den_ngay": "2026-08-30",
        "ky_tu": "2026-08-01",
        "don_vi": SCHOOL,
        "thanh_vien": "000.kiem-tra",
        **fields,
    }
    return visitor.send(page, "/doan-kiem-tra/moi", **typed)


def test_a_team_is_decided_reads_its_pages_and_is_ended(visitor: Visitor) -> None:
    office = as_office(visitor)
    page = decide(
        office,
        ky_tu="2026-08-05",
        ten_1="Người Thử Công An",
        co_quan_1="Công an tỉnh",
        quyet_dinh_1="15/QĐ",
        tai_khoan_1="000.congan",
    )
    assert "Đã lập quyết định" in page.words
    place = page.address
    document = place.rpartition("/")[2]
    assert "Cấp mã kích hoạt" not in page.words, "the head has not signed yet"
    office.world.sign(office.world.head_of(OFFICE), document)
    member = as_person(office.other(), "kiem-tra")
    shown = member.get("/doan-kiem-tra")
    assert place in shown.html
    shown = member.get(place)
    assert "Hồ sơ mở cho tôi đến hết 30/08/2026" in shown.words
    assert "Kết thúc kiểm tra" not in shown.words
    pages = member.get(f"{place}/{SCHOOL}")
    assert "Từ 05/08/2026 đến 20/08/2026" in pages.words
    file = member.client.get(f"{place}/{SCHOOL}/trang?tep=uy-quyen/chain.json")
    assert (file.status_code, file.headers["content-type"]) == (200, "application/json")
    assert member.client.get(f"{place}/{SCHOOL}/trang?tep=verify.py").status_code == 404
    for who in (as_person(office.other(), "gvcn"), as_person(office.other(), f"head:{SCHOOL}")):
        assert who.get(place).status == who.get(f"{place}/{SCHOOL}").status == 404
    asked = member.get(DOSSIER)
    assert dict(asked.form(DOSSIER).fields)["tu_ngay"] == "05/08/2026", "no day before the period is offered"
    assert f'value="{document}"' in asked.html
    shown = office.get(place)
    admit = next(f.action for f in shown.forms if "/tai-khoan/" in f.action)
    assert "Mã kích hoạt của 000.congan" in office.send(shown, admit).words
    nothing = office.send(shown, f"{place}/ket-thuc", ly_do="")
    assert nothing.status == 422
    ended = office.send(office.get(place), f"{place}/ket-thuc", ly_do="đã xong")
    assert "Đã kết thúc kiểm tra" in ended.words
    assert member.get(place).status == member.get(f"{place}/{SCHOOL}").status == 404


def test_what_was_typed_of_a_decision_is_not_lost(visitor: Visitor) -> None:
    office = as_office(visitor)
    again = decide(office, thanh_vien="000.khong-co", noi_dung="Nội dung rất dài đã gõ")
    assert again.status == 404
    kept = dict(again.form("/doan-kiem-tra/moi").fields)
    assert (kept["noi_dung"], kept["thanh_vien"], kept["ky_tu"]) == (
        "Nội dung rất dài đã gõ",
        "000.khong-co",
        "2026-08-01",
    )
    wrong = decide(office, den_ngay="2026-08-01")
    assert wrong.status == 422


def test_a_new_decision_takes_the_admin_hat(visitor: Visitor) -> None:
    assert as_person(visitor, "gvcn").get("/doan-kiem-tra/moi").address.startswith("/quan-tri/dang-nhap")
    assert "Chưa có quyết định nào" in visitor.get("/doan-kiem-tra").words


# -- recoveries


def asked_by_head(world: World) -> str:
    """The head asks for the teacher's account."""
    head = f"000.head:{SCHOOL}"
    if head not in world.authenticators:
        world.enrol(head)
    world.clock.forward(seconds=30)
    second = Second(totp=world.authenticators[head].next(world.clock.now))
    caller, teacher = world.head_of(SCHOOL).caller, world.people["gvcn"]
    found = recoveries.ask_recovery(world.services, caller, teacher.account, password=PASSWORD, second=second)
    return found.recovery.id


def test_the_holder_sees_who_asked_for_their_account_and_stops_it(visitor: Visitor) -> None:
    recovery = asked_by_head(visitor.world)
    teacher = as_person(visitor, "gvcn")
    page = teacher.get(f"/khoi-phuc/{recovery}")
    assert "Chủ tài khoản không nhờ thì dừng ngay" in page.words
    assert f"Người Thử head:{SCHOOL}" in page.words
    assert "Xác nhận là người thứ hai" not in page.words
    page = teacher.send(page, f"/khoi-phuc/{recovery}/dung", ly_do="Tôi không nhờ ai")
    assert "Đã dừng việc khôi phục" in page.words
    assert "Tôi không nhờ ai" in page.words
    assert all("khoi-phuc" not in form.action for form in page.forms)


def test_a_second_person_confirms_with_their_own_password(visitor: Visitor) -> None:
    recovery = asked_by_head(visitor.world)
    above = as_person(visitor, f"head:{OFFICE}")
    page = above.get(f"/khoi-phuc/{recovery}")
    wrong = above.send(page, f"/khoi-phuc/{recovery}/xac-nhan", mat_khau="không phải")
    assert wrong.status == 401
    done = above.send(wrong, f"/khoi-phuc/{recovery}/xac-nhan", mat_khau=PASSWORD)
    assert "Mã kích hoạt dùng được từ bây giờ" in done.words


def test_a_recovery_of_others_is_none(visitor: Visitor) -> None:
    recovery = asked_by_head(visitor.world)
    other = as_person(visitor, "head:0003102")
    foreign, missing = other.get(f"/khoi-phuc/{recovery}"), other.get("/khoi-phuc/rec_0")
    alike(foreign, missing)


# -- packs


def test_the_rules_in_force_are_read_with_their_articles(visitor: Visitor) -> None:
    as_person(visitor, "gvcn")
    page = visitor.get("/quy-tac")
    assert "đang áp dụng" in page.words
    address = page.html.split('href="/quy-tac/')[1].split('"')[0]
    shown = visitor.get(f"/quy-tac/{address}")
    assert "Giáo viên chủ nhiệm" in shown.words
    assert "Thời hạn và mức" in shown.words
    assert "Chưa ghi kết quả kiểm thử nào" in shown.words
    cases = [PackCase("giáo viên xem điểm", "base_test.yaml:3", "được", "được", is_good=True)]
    cases.append(PackCase("văn thư xem sức khoẻ", "base_test.yaml:9", "không", "được", is_good=False))
    record_tests(visitor.world.services, REGISTER, address, cases)
    shown = visitor.get(f"/quy-tac/{address}")
    assert "2 trường hợp, 1 không đạt" in shown.words
    assert "văn thư xem sức khoẻ" in shown.words
    with pytest.raises(NotFoundError):
        record_tests(visitor.world.services, REGISTER, "0" * 64, cases)
    assert visitor.get("/quy-tac/" + "0" * 64).status == 404
    assert visitor.get(f"/quy-tac/{address}?so_voi={'0' * 64}").status == 404
