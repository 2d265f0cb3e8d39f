"""What a reader is shown of a paper, and the one file that a signed paper becomes."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from access_service.domain.documents import Assertion, Document, Signature, SignedHow
from access_service.domain.errors import NotFoundError, UnavailableError
from access_service.domain.names import DocumentState
from access_service.evidence.fonts import OWN, FontFamily, find_family, own_family
from access_service.evidence.layout import CONTENT_NAME
from access_service.signing.canonical import canonical, sha256_hex
from access_service.signing.keys import verify
from access_service.signing.pdf_check import GivenOut, check_signed_pdf
from access_service.signing.pdf_fields import GIVER_FIELD, OFFICE_FIELD, RECEIVER_FIELD
from access_service.signing.pdf_seal import make_seal_key, read_pdf_seal, sign_itself
from access_service.storage.audit import LogFilter, events, steps_back
from access_service.storage.keys import StoredPublicKey
from access_service.storage.paper_pages import FileKind, FileStore, files_of, shown_at
from access_service.storage.tables import table
from access_service.storage.tables_pages import DocumentFileRow
from access_service.usecases import forms_given_out, paper_pages
from access_service.usecases.evidence import reading_papers
from access_service.usecases.forms_given_out import show_form
from access_service.usecases.handover import composing, documents
from access_service.usecases.looks import Looks
from access_service.usecases.paper_pages import file_paper, look_up_paper, print_paper, show_html, show_pdf
from access_service.usecases.services import Caller, ReadView, Services
from access_service.usecases.upkeep.verifying import verify_register
from access_service.usecases.upkeep.verifying_files import KeptFiles
from evidence.pages_read import opened, words_of
from signing.pki import Authority, sign_elsewhere
from world import CLASS_6B, OFFICE, REGISTER, SCHOOL, World, hire_homeroom, homeroom_line

pytestmark = pytest.mark.backends("sqlite")


class Papers:
    """Minutes of a teacher's rights, and services that keep files."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.files = FileStore(folder)
        self.services: Services = replace(world.services, files=self.files, public_url="https://000.example.vn")
        self.teacher = hire_homeroom(world)
        prepared = world.propose(SCHOOL, self.teacher, homeroom_line(world, self.teacher))
        self.minutes, self.commitment = prepared.document.id, prepared.commitment
        self.head: Caller = world.head_of(SCHOOL).caller
        self.receiver: Caller = self.teacher.caller

    def sign(self) -> None:
        self.world.sign(self.world.head_of(SCHOOL), self.minutes)
        self.world.sign(self.teacher, self.minutes)

    def filed(self) -> list[dict[str, object]]:
        with self.services.db.connect() as connection:
            found = list(events(connection, REGISTER, limit=None, wanted=LogFilter(action="document.file")))
            assert steps_back(connection, REGISTER) == []
        return [dict(event.happening.details or {}) for event in found]

    def rows(self) -> int:
        with self.services.db.connect() as connection:
            return len(connection.execute(select(table(DocumentFileRow))).all())

    def forget_files(self) -> None:
        for path in [p for p in self.files.folder.rglob("*") if p.is_file()]:
            path.unlink()


@pytest.fixture
def kept(school_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Papers:
    for module in (paper_pages, forms_given_out):
        monkeypatch.setattr(module, "find_family", own_family)
    return Papers(school_world, tmp_path / "files")


def test_a_signer_reads_names_roles_and_days_and_that_it_was_shown_is_known(kept: Papers) -> None:
    def when() -> object:
        with kept.services.db.connect() as connection:
            return shown_at(connection, REGISTER, kept.minutes, 1, kept.head.account)

    reading_papers.read_document(kept.services, kept.head, kept.minutes)
    assert when() is None
    page = show_html(kept.services, kept.head, kept.minutes)
    for words in ("Người Thử gvcn", "Giáo viên chủ nhiệm", "Lớp 6A", "DỰ THẢO", "xem, sửa"):
        assert words in page
    assert when() == kept.world.clock()
    assert kept.rows() == 0


def test_a_signed_paper_is_the_same_file_for_everybody_whatever_type_there_is_later(
    kept: Papers, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.sign()
    first = show_pdf(kept.services, kept.receiver, kept.minutes)
    monkeypatch.setattr(paper_pages, "render_pdf", lambda *_: b"another one")
    assert show_pdf(kept.services, kept.head, kept.minutes) == first
    assert print_paper(kept.services, REGISTER, kept.minutes) == first
    [said] = kept.filed()
    assert (said["pdf_sha256"], said["size"]) == (sha256_hex(first), len(first))
    assert (said["font"], said["template"]) == (own_family().sha256, "handover_minutes/1")
    assert "XÁC NHẬN CỦA HỆ THỐNG" in words_of(first)
    assert "DỰ THẢO" not in words_of(first)


def test_what_was_confirmed_travels_inside_and_is_checked_without_the_service(kept: Papers) -> None:
    kept.sign()
    with opened(show_pdf(kept.services, kept.head, kept.minutes)) as pdf:
        inside = {name: spec.get_file().read_bytes() for name, spec in pdf.attachments.items()}
    content = json.loads(inside["noi-dung.json"])
    assert sha256_hex(inside["phan-chu.json"]) == content["print_sha256"]
    signed = json.loads(inside["xac-nhan.json"])
    assert [one["statement"]["side"] for one in signed] == ["giver", "receiver"]
    for one in signed:
        assert one["statement"]["sha256"] == sha256_hex(inside["noi-dung.json"])
        verify(one["public"], one["confirmation"], canonical(one["statement"]))


def test_what_a_passkey_signed_travels_inside_with_its_public_key(
    kept: Papers, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.sign()
    with kept.services.db.read(REGISTER) as reader:
        view = ReadView(reader, None, kept.world.clock.now)
        signed = reader.find(Signature, document=kept.minutes)[0]
    touch = Assertion("ab" * 32, 0, 1, (), "e30", "AA", "AA")
    known = StoredPublicKey("ab" * 32, "passkey", "cose", kept.world.clock.now)
    monkeypatch.setattr(paper_pages, "public_key", lambda _connection, key: known if key == touch.key else None)
    for assertion, found in ((touch, {"assertion": asdict(touch), "passkey": "cose"}), (None, {})):
        how = SignedHow("passkey", "00", "00", assertion=assertion)
        assert paper_pages._assertion(view, replace(signed, how=how)) == found


def test_who_reads_a_paper_of_others_stands_in_the_log_with_the_hash_of_what_they_got(kept: Papers) -> None:
    kept.sign()
    services = replace(kept.services, looks=Looks())
    data = show_pdf(services, kept.receiver, kept.minutes)
    assert show_pdf(services, kept.world.head_of(OFFICE).caller, kept.minutes) == data
    assert [(look.action, look.target, look.file) for look in services.looks.take(None).looks] == [
        ("document.read", kept.minutes, sha256_hex(data))
    ]
    assert print_paper(kept.services, REGISTER, kept.minutes) == data
    last = kept.world.log()[-1]
    assert (last.actor, last.happening.action, last.happening.unit) == ("operator", "document.read", SCHOOL)
    assert (last.happening.details or {})["file"] == sha256_hex(data)


def test_a_paper_is_filed_with_what_was_signed_and_the_one_file_of_its_page(kept: Papers) -> None:
    kept.sign()
    first = show_pdf(kept.services, kept.head, kept.minutes)
    seq = len(kept.world.log())
    filed = file_paper(kept.services, REGISTER, "operator", kept.minutes)
    assert filed.is_final
    assert set(filed.files) == {"noi-dung.json", "phan-chu.json", "xac-nhan.json", "van-ban.pdf"}
    assert filed.files["van-ban.pdf"] == first
    assert sha256_hex(filed.files["noi-dung.json"]) == filed.document.sha256
    assert len(kept.world.log()) == seq


def test_of_two_nodes_that_render_at_once_the_first_is_kept(kept: Papers, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.sign()
    first = show_pdf(kept.services, kept.head, kept.minutes)
    monkeypatch.setattr(paper_pages, "_kept", lambda *_: None)
    monkeypatch.setattr(paper_pages, "render_pdf", lambda *_: b"%PDF-1.7 of the slower node")
    assert show_pdf(kept.services, kept.receiver, kept.minutes) == first
    assert len(kept.filed()) == kept.rows() == 1


def test_whoever_is_killed_before_a_page_is_kept_leaves_no_event_and_the_next_one_keeps_it(
    kept: Papers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes lie in the folder already, and nothing names them: nobody has had them."""
    kept.sign()
    with monkeypatch.context() as killing:
        killing.setattr(paper_pages, "add_file", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            show_pdf(kept.services, kept.head, kept.minutes)
    left = [path.name for path in kept.files.folder.rglob("*") if path.is_file()]
    assert (kept.filed(), kept.rows(), len(left)) == ([], 0, 1)
    assert verify_register(kept.services.db, REGISTER, files=kept.files).findings == ()
    data = show_pdf(kept.services, kept.head, kept.minutes)
    assert left == [sha256_hex(data)]
    assert [said["pdf_sha256"] for said in kept.filed()] == left


def test_a_file_that_is_lost_is_made_anew_only_when_it_is_the_same(
    kept: Papers, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.sign()
    first = show_pdf(kept.services, kept.head, kept.minutes)
    kept.forget_files()
    assert show_pdf(kept.services, kept.head, kept.minutes) == first
    kept.forget_files()
    monkeypatch.setattr(paper_pages, "render_pdf", lambda *_: b"%PDF-1.7 of other type")
    with pytest.raises(UnavailableError, match=sha256_hex(first)):
        show_pdf(kept.services, kept.head, kept.minutes)
    assert len(kept.filed()) == kept.rows() == 1


def test_verify_finds_a_file_that_was_changed_lost_or_named_by_nobody(kept: Papers) -> None:
    def found(files: FileStore | None = kept.files) -> list[tuple[str, str]]:
        told = verify_register(kept.services.db, REGISTER, files=files)
        return [(str(finding.code), finding.message) for finding in told.findings]

    kept.sign()
    data = show_pdf(kept.services, kept.head, kept.minutes)
    assert found() == []
    assert verify_register(kept.services.db, REGISTER).files == 1
    [path] = [p for p in kept.files.folder.rglob("*") if p.is_file()]
    for place in (0, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert [code for code, _ in found()] == ["pdf_hash"]
    path.write_bytes(data + b"\n")
    assert [code for code, _ in found()] == ["pdf_hash"]
    kept.forget_files()
    assert [code for code, _ in found()] == ["pdf_hash"]
    assert found(None) == []
    rows = table(DocumentFileRow)
    with kept.services.db.aside() as connection:
        connection.execute(update(rows).values(document="doc_000"))
    assert "no event" in found(None)[0][1]
    with kept.services.db.aside() as connection:
        connection.execute(delete(rows))
    assert "its row is gone" in found(None)[0][1]


def test_who_may_not_read_a_paper_is_shown_no_page(kept: Papers) -> None:
    stranger = hire_homeroom(kept.world, "other", CLASS_6B).caller
    for show in (show_html, show_pdf):
        with pytest.raises(NotFoundError):
            show(kept.services, stranger, kept.minutes)
    assert show_html(kept.services, kept.world.head_of(OFFICE).caller, kept.minutes)


def test_a_page_that_could_not_be_made_was_shown_to_nobody(kept: Papers, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> bytes:
        raise UnavailableError("no type")

    monkeypatch.setattr(paper_pages, "render_pdf", fails)
    with pytest.raises(UnavailableError):
        show_pdf(kept.services, kept.head, kept.minutes)
    with kept.services.db.connect() as connection:
        assert shown_at(connection, REGISTER, kept.minutes, 1, kept.head.account) is None


def test_an_earlier_version_is_shown_as_the_draft_it_was(kept: Papers) -> None:
    world = kept.world
    documents.return_document(kept.services, kept.head, kept.minutes, reason="sai số")
    old = world.get(Document, kept.minutes)
    documents.revise(kept.services, world.admins[SCHOOL], kept.minutes, number="09/BB", dated=old.dated, version=1)
    kept.sign()
    assert "09/BB" in show_html(kept.services, kept.head, kept.minutes)
    first = show_html(kept.services, kept.head, kept.minutes, 1)
    assert "09/BB" not in first
    assert "DỰ THẢO" in first
    with pytest.raises(NotFoundError):
        show_html(kept.services, kept.head, kept.minutes, 3)
    one, two = (look_up_paper(kept.services, f"{kept.minutes}.{n}") for n in (1, 2))
    assert one is not None
    assert two is not None
    assert (one.is_newest, two.is_newest) == (False, True)
    assert one.sha256 != two.sha256


def test_a_promise_is_dated_by_its_signature(kept: Papers) -> None:
    assert kept.commitment is not None
    assert "ngày …… tháng …… năm ……" in show_html(kept.services, kept.receiver, kept.commitment.id)
    kept.world.sign(kept.teacher, kept.commitment.id)
    assert "ngày 20 tháng 8 năm 2026" in words_of(show_pdf(kept.services, kept.receiver, kept.commitment.id))


def test_words_that_were_not_signed_say_so(
    school_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before_there_were_prints:
        before_there_were_prints.setattr(composing, "compose_print", lambda *_, **__: None)
        kept = Papers(school_world, tmp_path)
    assert json.loads(school_world.get(Document, kept.minutes).content)["format"] == 1
    page = show_html(kept.services, kept.head, kept.minutes)
    assert "không nằm trong nội dung đã xác nhận" in page
    assert "Người Thử gvcn" in page


def test_a_paper_whose_words_are_gone_has_no_page(kept: Papers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper_pages, "print_in", lambda *_: None)
    with pytest.raises(NotFoundError, match="page of document"):
        show_html(kept.services, kept.head, kept.minutes)


def test_a_declined_paper_says_that_it_was_not_issued(kept: Papers) -> None:
    kept.world.sign(kept.world.head_of(SCHOOL), kept.minutes)
    assert "XÁC NHẬN CỦA HỆ THỐNG" in show_html(kept.services, kept.receiver, kept.minutes)
    documents.decline(kept.services, kept.receiver, kept.minutes, reason="không nhận")
    page = show_html(kept.services, kept.receiver, kept.minutes)
    assert "Văn bản không được ban hành." in page
    assert "DỰ THẢO" in page


def test_a_square_leads_to_the_state_and_to_no_name(kept: Papers) -> None:
    kept.sign()
    document = kept.world.get(Document, kept.minutes)
    found = look_up_paper(kept.services, f"{kept.minutes}.1")
    assert found is not None
    assert (found.state, found.year, found.sha256) == (DocumentState.SIGNED, 2026, document.sha256)
    said = paper_pages.address_of("https://000.example.vn", REGISTER, document)
    assert said.startswith(f"https://000.example.vn/k/{kept.minutes}.1#")
    assert len(said.partition("#")[2]) == 43
    inside = paper_pages.address_of("http://127.0.0.1:8000", REGISTER, document)
    assert inside.startswith(f"access-service:{REGISTER}/{kept.minutes}.1#")
    for wrong in (
        "doc_000.1",
        f"{kept.minutes}",
        f"{kept.minutes}.2",
        f"{kept.minutes}.01",
        "../etc",
        "",
        "x" * 400,
    ):
        assert look_up_paper(kept.services, wrong) is None


def test_type_that_the_operator_names_and_that_is_none_ends_the_start(tmp_path: Path) -> None:
    paper_pages.choose_type(None)
    with pytest.raises(UnavailableError, match="prints Vietnamese"):
        paper_pages.choose_type(tmp_path)
    paper_pages.choose_type(None)
    assert isinstance(find_family(), FontFamily)
    assert own_family().name == OWN


def test_a_signed_paper_is_sealed_once_where_there_is_a_seal_and_the_log_says_by_which(
    kept: Papers, tmp_path: Path
) -> None:
    folder = tmp_path / "keys"
    make_seal_key(folder)
    sign_itself(folder, "Sở thử 000", kept.world.clock())
    seal = read_pdf_seal(folder)
    assert seal is not None
    sealed = replace(kept.services, pdf_seal=seal)
    draft = show_pdf(sealed, kept.receiver, kept.minutes)
    assert b"/ETSI.CAdES.detached" not in draft
    kept.sign()
    first = show_pdf(sealed, kept.receiver, kept.minutes)
    assert b"/ETSI.CAdES.detached" in first
    assert show_pdf(sealed, kept.head, kept.minutes) == first
    # Somebody without the seal gives out the one that was kept.
    assert show_pdf(kept.services, kept.head, kept.minutes) == first
    [said] = kept.filed()
    assert (said["pdf_sha256"], said["seal"]) == (sha256_hex(first), seal.id)


def test_a_seal_that_has_ended_seals_nothing(kept: Papers, tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    make_seal_key(folder)
    sign_itself(folder, "Sở thử 000", kept.world.clock() - timedelta(days=4 * 365))
    kept.sign()
    pdf = show_pdf(replace(kept.services, pdf_seal=read_pdf_seal(folder)), kept.head, kept.minutes)
    assert b"/ETSI.CAdES.detached" not in pdf
    [said] = kept.filed()
    assert "seal" not in said


def test_a_form_is_kept_and_comes_back_signed_in_the_places_that_it_left_open(kept: Papers) -> None:
    form = show_form(kept.services, kept.head, kept.minutes)
    with kept.services.db.connect() as connection:
        [file] = files_of(connection, REGISTER)
    assert (file.kind, file.sha256, file.document) == (FileKind.FORM, sha256_hex(form), kept.minutes)
    assert show_form(kept.services, kept.head, kept.minutes) == kept.files.get(file.sha256) == form

    authority = Authority()
    giver, receiver = authority.issue("Người Thử Giao"), authority.issue("Người Thử Nhận")
    signed = sign_elsewhere(form, GIVER_FIELD, giver, authority.root)
    signed = sign_elsewhere(signed, RECEIVER_FIELD, receiver, authority.root)
    signed = sign_elsewhere(signed, OFFICE_FIELD, authority.issue("Trường thử 000"), authority.root)
    with kept.services.db.read(REGISTER) as reader:
        content = reader.require(Document, kept.minutes).content.encode()
        assert list(KeptFiles(reader, kept.files).check()) == []
    given = GivenOut(form, content, CONTENT_NAME, frozenset({GIVER_FIELD, RECEIVER_FIELD, OFFICE_FIELD}))
    found = check_signed_pdf(signed, given, authority.trust(), kept.world.clock() + timedelta(days=1))
    assert [one.field for one in found] == [GIVER_FIELD, RECEIVER_FIELD, OFFICE_FIELD]


def test_a_form_that_the_log_does_not_name_is_found(kept: Papers) -> None:
    show_form(kept.services, kept.head, kept.minutes)
    with kept.services.db.aside() as connection:
        connection.execute(update(table(DocumentFileRow)).values(sha256="0" * 64))
    with kept.services.db.read(REGISTER) as reader:
        found = [one.message for one in KeptFiles(reader, None).check()]
    assert found == ["no event of the log names it"]
