"""The dossier of a school: whole, the same each time, for those who may have it, proved by `verify.py` alone."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from access_service.domain.delegation import Grant
from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.names import UnitId
from access_service.domain.reasons import Refusal
from access_service.domain.scope import Scope
from access_service.domain.time import local
from access_service.evidence import fonts, zipper
from access_service.evidence.manifest import DossierFile, to_json
from access_service.evidence.paper import PrintedPaper
from access_service.evidence.render import render_pdf
from access_service.rendering.dossier_sheets import make_sheets
from access_service.storage.audit import LogFilter, events
from access_service.storage.paper_pages import FileStore
from access_service.storage.tables import EventRow, PersonRow, table
from access_service.usecases import paper_pages
from access_service.usecases.dossiers import dossier_pages, making
from access_service.usecases.dossiers.dossier_request import DossierRequest
from access_service.usecases.dossiers.making import MadeDossier, check_dossier, make_dossier
from access_service.usecases.handover import ceremonies, delegation, inspection
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.handover.inspection import Team
from access_service.usecases.handover.signatures import Presented
from access_service.usecases.identity import second_factor
from access_service.usecases.looks import Looks
from access_service.usecases.services import Caller, Services
from evidence.made_dossier import VERIFY
from evidence.pages_read import words_of
from evidence.test_verify_dossier import broken
from soft_passkey import SoftPasskey
from world import LOWER, OFFICE, PASSWORD, REGISTER, SCHOOL, World, hire_homeroom, homeroom_line

pytestmark = pytest.mark.backends("sqlite")


class School:
    """A school whose teacher has signed minutes and a commitment, and services that sign the log."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder = world, folder
        self.services: Services = replace(
            world.services,
            files=FileStore(folder / "files"),
            keys_dir=folder / "keys",
            public_url="https://000.example.vn",
            looks=Looks(),
        )
        (folder / "keys").mkdir()
        self.teacher = hire_homeroom(world)
        prepared = world.propose(SCHOOL, self.teacher, homeroom_line(world, self.teacher))
        self.minutes, self.commitment = prepared.document.id, prepared.commitment
        world.sign(world.head_of(SCHOOL), self.minutes)
        world.sign(self.teacher, self.minutes)
        if self.commitment is not None:
            world.sign(self.teacher, self.commitment.id)
        self.head: Caller = world.head_of(SCHOOL).caller

    @property
    def today(self) -> date:
        return local(self.world.clock()).date()

    def asked(self, **more: object) -> DossierRequest:
        return replace(DossierRequest(SCHOOL, self.today - timedelta(days=30), self.today), **more)

    def make(self, caller: Caller | None = None, **more: object) -> tuple[bytes, MadeDossier]:
        stream = io.BytesIO()
        made = make_dossier(self.services, REGISTER, caller, self.asked(**more), make_sheets, stream)
        return stream.getvalue(), made

    def check(self, data: bytes, *arguments: str) -> dict[str, object]:
        place = self.folder / "empty"
        place.mkdir(exist_ok=True)
        (place / "ho-so.zip").write_bytes(data)
        run = subprocess.run(
            [sys.executable, "-I", "-S", str(VERIFY), "ho-so.zip", "--json", *arguments],
            cwd=place,
            env={"PATH": os.defpath},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.stdout, run.stderr
        said: dict[str, object] = json.loads(run.stdout)
        return said


@pytest.fixture
def school(school_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> School:
    monkeypatch.setattr(paper_pages, "find_family", fonts.own_family)
    monkeypatch.setattr(dossier_pages, "find_family", fonts.own_family)
    return School(school_world, tmp_path)


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as read:
        return {name: read.read(name) for name in read.namelist()}


def codes(said: dict[str, object], severity: str) -> list[str]:
    findings = said["findings"]
    assert isinstance(findings, list)
    return [f["code"] for f in findings if f["severity"] == severity]


def test_a_dossier_proves_itself_in_an_empty_folder_to_python_alone(school: School) -> None:
    data, made = school.make(school.head)
    said = school.check(data)

    assert codes(said, "broken") == []
    assert said["exit"] == 3
    found = members(data)
    assert len(found) == made.files
    figures = said["figures"]
    assert isinstance(figures, dict)
    assert figures["documents"] == 2
    for path in (
        "bia-ho-so.pdf",
        "muc-luc-van-ban.csv",
        "muc-luc-van-ban.pdf",
        "ma-tran/dau-ky.xlsx",
        "ma-tran/cuoi-ky.json",
        "ma-tran/thay-doi.json",
        "ma-tran/bat-thuong.json",
        "uy-quyen/chain.json",
        "chi-dao/muc-luc.csv",
        "phan-mem/danh-sach.json",
        "nhat-ky/checkpoint",
        "verify.py",
        "kiem-tra.html",
        "README.txt",
    ):
        assert path in found, path
    assert any(path.endswith("van-ban.pdf") and path.startswith("van-ban/handover_minutes/") for path in found)
    assert "chưa có" in found["chi-dao/muc-luc.csv"].decode()
    rows = list(csv.reader(io.StringIO(found["muc-luc-van-ban.csv"].decode("utf-8-sig"))))
    assert rows[0][:4] == ["STT", "Số, ký hiệu", "Ngày tháng", "Tên loại và trích yếu"]


def test_the_same_question_has_the_same_body_and_its_own_event(school: School) -> None:
    first, one = school.make(school.head)
    second, two = school.make(school.head)

    assert one.sha256_of_body == two.sha256_of_body
    lines = members(second)["nhat-ky/su-kien.jsonl"].splitlines()
    assert [json.loads(line)["action"] for line in lines].count("dossier.make") == 2
    assert members(first)["ma-tran/cuoi-ky.xlsx"] == members(second)["ma-tran/cuoi-ky.xlsx"]


def test_the_checkpoint_of_the_visit_before_is_continued_and_a_foreign_one_is_not(school: School) -> None:
    _, before = school.make(school.head)
    note = school.folder / "before.note"
    note.write_text(before.checkpoint)
    school.world.clock.forward(days=1)
    data, _ = school.make(school.head)

    assert codes(school.check(data, "--checkpoint", str(note)), "broken") == []
    note.write_text(before.checkpoint.replace("\n", "\n1", 1))
    assert codes(school.check(data, "--checkpoint", str(note)), "broken") == ["checkpoint_signature"]


def test_a_redacted_dossier_names_nobody(school: School) -> None:
    data, _ = school.make(school.head, is_redacted=True)
    said = school.check(data)

    assert codes(said, "broken") == []
    assert "redacted" in codes(said, "look")
    for path, content in members(data).items():
        if path.startswith(("ma-tran/", "van-ban/", "uy-quyen/", "muc-luc")):
            assert b"gvcn" not in content, path
            assert not path.endswith(("/phan-chu.json", "/van-ban.pdf"))
    assert "Người 01" in members(data)["ma-tran/cuoi-ky.json"].decode()


def test_a_redacted_dossier_does_not_name_who_holds_no_right(school: School) -> None:
    """Whoever stands only among what looks wrong: an account that nobody has given anything."""
    school.world.hire("rảnh", SCHOOL, "clerk", SCHOOL)
    school.world.clock.forward(days=200)
    found = members(school.make(None, is_redacted=True)[0])
    found |= {f"cuoi-ky.xlsx/{name}": data for name, data in members(found["ma-tran/cuoi-ky.xlsx"]).items()}
    for path, content in found.items():
        assert "Người Thử rảnh".encode() not in content, path
        assert "000.rảnh".encode() not in content, path


def test_the_cover_says_of_the_chain_what_was_looked_at(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event that was put into another unit's chain is missed by the cover, as `verify.py` misses it."""
    covers: list[list[bool]] = []
    write = making.cover_file

    def noting(*said: Any) -> DossierFile:
        covers.append([check.is_good for check in said[4]])
        return write(*said)

    monkeypatch.setattr(making, "cover_file", noting)
    rows = table(EventRow)
    with school.services.db.connect() as connection:
        event = [*events(connection, REGISTER, limit=None, wanted=LogFilter(unit=SCHOOL))][2]
    taken = replace(event, happening=replace(event.happening, unit=OFFICE), unit_seq=999)
    with school.services.db.aside() as connection:
        of = rows.c.register_id == REGISTER, rows.c.seq == event.seq
        connection.execute(update(rows).where(*of).values(unit=OFFICE, unit_seq=999, leaf=taken.leaf))
    data, _ = school.make(school.head)

    assert codes(school.check(data), "broken") == ["unit_chain_broken"]
    assert covers == [[True, True, False]]


def test_the_page_of_a_signed_paper_is_the_file_that_was_kept_and_is_not_set_again(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = paper_pages.show_pdf(school.services, school.head, school.minutes)
    set_again: list[str] = []

    def setting(paper: PrintedPaper, family: fonts.FontFamily) -> bytes:
        set_again.append(paper.kind)
        return render_pdf(paper, family)

    monkeypatch.setattr(paper_pages, "render_pdf", setting)
    found = members(school.make(school.head)[0])
    (path,) = [path for path in found if school.minutes.lower() in path and path.endswith("van-ban.pdf")]

    assert found[path] == first
    assert set_again == ["commitment"], "that one nobody had asked for yet"
    kept = [e for e in school.world.log() if e.happening.action == "document.file"]
    assert (kept[0].happening.details or {})["pdf_sha256"] == hashlib.sha256(first).hexdigest()


def test_a_redacted_dossier_hides_reasons_and_says_where_words_remain(school: School) -> None:
    """A reason may name somebody whom no list of names has: sheets hide it, hashed files are said to have it."""
    world = school.world
    world.clock.forward(days=1)
    with world.services.db.read(REGISTER) as reader:
        (grant,) = reader.find(Grant, account=school.teacher.account)
    delegation.revoke_grant(world.services, school.head, grant.id, reason="theo lời bà Thử Hàng Xóm")
    plain, hidden = (
        members(school.make(school.head, first=school.today, is_redacted=is_hidden)[0])
        for is_hidden in (False, True)
    )

    assert "Hàng Xóm" in plain["ma-tran/thay-doi.json"].decode()
    says = {path for path, data in hidden.items() if "Hàng Xóm" in data.decode("utf-8", "ignore")}
    manifest = json.loads(hidden["manifest.json"])
    assert says == {"nhat-ky/su-kien.jsonl"}
    assert says <= set(manifest["free_text"])
    assert "(đã che)" in hidden["ma-tran/thay-doi.json"].decode()
    assert "free_text" in hidden["README.txt"].decode()
    assert "free_text" not in plain["README.txt"].decode()
    assert json.loads(plain["manifest.json"])["free_text"] == []
    assert {path for path in hidden if path.endswith("/noi-dung.json")} < set(manifest["free_text"])


def test_a_name_that_changes_later_changes_no_paper(school: School) -> None:
    """Words and page stand as they were signed; the lists, which name people as of now, have the new name."""
    before = members(school.make(school.head)[0])
    persons = table(PersonRow)
    with school.services.db.aside() as connection:
        connection.execute(
            update(persons).where(persons.c.id == school.teacher.person).values(name="Người Thử Tên Mới")
        )
    data, _ = school.make(school.head)
    after = members(data)

    papers = {path for path in before if path.startswith("van-ban/")}
    assert {path: after[path] for path in papers} == {path: before[path] for path in papers}
    assert "Tên Mới" in after["ma-tran/cuoi-ky.json"].decode()
    assert codes(school.check(data), "broken") == []


def test_the_cover_names_the_decision_by_its_number_and_whose_it_is(school: School) -> None:
    world = school.world
    inspector = world.hire("kiểm tra", OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    team = Team(
        number="07/QĐ-UBND",
        dated=school.today,
        units=frozenset({SCHOOL}),
        members=frozenset({inspector.person}),
        content="Kiểm tra",
        valid_from=world.clock.now,
        valid_to=world.clock.now + timedelta(days=10),
        period_from=world.clock.now - timedelta(days=40),
    )
    decision = inspection.propose_inspection(world.services, world.admins[OFFICE], team).id
    world.sign(world.head_of(OFFICE), decision)
    cover = words_of(members(school.make(school.head, inspection=decision)[0])["bia-ho-so.pdf"])

    assert "Đoàn kiểm tra theo Quyết định số 07/QĐ-UBND" in " ".join(cover.split())
    assert decision not in cover


def test_only_leadership_units_above_and_inspectors_have_it(school: School) -> None:
    world = school.world
    for caller in (school.head, world.head_of(OFFICE).caller):
        check_dossier(school.services, caller, school.asked())
    with pytest.raises(RefusedError) as refused:
        check_dossier(school.services, school.teacher.caller, school.asked())
    assert refused.value.code is Refusal.FORBIDDEN
    with pytest.raises(NotFoundError):
        check_dossier(school.services, school.head, school.asked(unit=UnitId("0009999")))


def test_days_of_the_future_and_in_the_wrong_order_are_refused(school: School) -> None:
    for first, last in (
        (school.today, school.today + timedelta(days=1)),
        (school.today, school.today - timedelta(days=1)),
        (date(2000, 1, 1), school.today),
    ):
        with pytest.raises(InvalidError):
            check_dossier(school.services, school.head, school.asked(first=first, last=last))


def test_a_decision_that_is_none_is_no_ground(school: School) -> None:
    with pytest.raises(NotFoundError):
        check_dossier(school.services, school.head, school.asked(inspection=school.minutes))


def test_a_dossier_that_nobody_could_open_is_not_written(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipper, "MOST_BYTES", 1000)
    with pytest.raises(InvalidError):
        school.make(school.head)


def test_what_a_passkey_signed_is_proved_without_the_service(school: School) -> None:
    world = school.world
    services = replace(school.services, public_url="https://phanquyen.example.vn")
    school.services = services
    head = world.head_of(SCHOOL)
    key = SoftPasskey("https://phanquyen.example.vn", "phanquyen.example.vn")
    options = second_factor.begin_passkey(services, head.caller, PASSWORD)
    second_factor.confirm_passkey(services, head.caller, key.make(options))
    clerk = world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    line = EnteredLine("clerk", clerk.duty, Scope(unit=SCHOOL), world.clock.now)
    paper = world.show(head, world.propose(SCHOOL, clerk, line).document.id)
    asked = ceremonies.ask_to_sign(services, head.caller, [Presented(paper.id, paper.version, paper.sha256)])
    assert asked.public_key is not None
    touch = key.answer(asked.public_key["challenge"])
    ceremonies.answer_ceremony(services, head.caller, asked.ceremony, passkey=touch)
    data, _ = school.make(school.head)
    found = members(data)
    (signed,) = [c for p, c in found.items() if paper.id in p and p.endswith("xac-nhan.json")]
    assert json.loads(signed)[0]["statement"]["auth"] == "passkey"
    said = school.check(data)

    assert codes(said, "broken") == []
    # The folder is empty of `cryptography`: what is on P-256 is said not to be checked.
    assert codes(said, "info").count("not_checked") == 2
    assert broken(found, trusted=None) == set()
    bad = json.loads(signed)
    bad[0]["assertion"]["signature"] = bad[0]["assertion"]["signature"][:-6] + "AAAAAA"
    path = next(p for p, c in found.items() if c == signed)
    assert "passkey_bad" in broken(found | {path: to_json(bad)}, trusted=None)
