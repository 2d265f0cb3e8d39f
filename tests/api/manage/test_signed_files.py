"""A paper goes out, is signed in another program, and comes back: through the door, from the certificate on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response
from managing import ADMIN, OUTSIDER, PRINCIPAL, TEACHER, Managed, managing

from access_service.signing.pdf_fields import GIVER_FIELD, HOLDER_FIELD, OFFICE_FIELD, RECEIVER_FIELD
from signing.foreign_papers import CHANGES, changed, saved_again
from signing.pki import Authority, Leaf, sign_elsewhere
from world import PASSWORD, SCHOOL

PDF = {"Content-Type": "application/pdf"}


class Elsewhere:
    """A served school whose people have certificates of an authority that the operator trusts."""

    def __init__(self, managed: Managed, authority: Authority) -> None:
        self.managed, self.authority = managed, authority
        self.head = authority.issue("Hiệu Trưởng Thử")
        self.teacher = authority.issue("Giáo Viên Thử")
        self.school = authority.issue("Trường Thử")

    def send(self, who: str, path: str, data: bytes, **query: object) -> Response:
        return self.managed.served.client.post(
            f"/v1/{path}", content=data, params=query, headers=self.managed.bearer(who) | PDF
        )

    def register(self, who: str, leaf: Leaf, **more: object) -> Response:
        asked = self.managed.post(who, "certificate-pages", {"password": PASSWORD, **more})
        assert asked.status_code == 201, asked.text
        page = self.managed.get(who, f"certificate-pages/{asked.json()['id']}").content
        signed = sign_elsewhere(page, HOLDER_FIELD, leaf, self.authority.root)
        return self.send(who, f"certificate-pages/{asked.json()['id']}/signed", signed)

    def minutes(self) -> str:
        made: str = self.managed.made(ADMIN, "handovers", self.managed.handover("moi", "6B"))["document"]["id"]
        return made

    def form(self, who: str, document: str) -> bytes:
        return self.managed.get(who, f"documents/{document}/form.pdf").content

    def sign(self, pdf: bytes, field: str, leaf: Leaf) -> bytes:
        return sign_elsewhere(pdf, field, leaf, self.authority.root)

    def bring(self, who: str, document: str, pdf: bytes, version: int = 1) -> Response:
        return self.send(who, f"documents/{document}/signed-pdf", pdf, version=version)

    def code(self, answer: Response) -> str:
        assert answer.status_code in (403, 409, 422), answer.text
        found: str = answer.json()["code"]
        return found

    @property
    def log(self) -> list[Any]:
        return [e.happening for e in self.managed.world.log()]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def elsewhere(tmp_path: Path, authority: Authority) -> Iterator[Elsewhere]:
    trust = tmp_path / "trust"
    (trust / "roots").mkdir(parents=True)
    (trust / "roots" / "ca-thu.pem").write_bytes(authority.root.pem)
    with managing(tmp_path, trust_dir=trust) as managed:
        yield Elsewhere(managed, authority)


NEW = "000.moi"


def test_a_head_and_a_teacher_sign_in_turn_in_another_program_and_a_right_begins(elsewhere: Elsewhere) -> None:
    for who, leaf in ((PRINCIPAL, elsewhere.head), (NEW, elsewhere.teacher)):
        made = elsewhere.register(who, leaf)
        assert made.status_code == 201, made.text
        assert made.json()["subject"].startswith("CN=")
    document = elsewhere.minutes()
    signed = elsewhere.sign(elsewhere.form(PRINCIPAL, document), GIVER_FIELD, elsewhere.head)
    first = elsewhere.bring(ADMIN, document, signed)
    assert first.status_code == 200, first.text
    assert first.json()["state"] == "awaiting_receiver"
    assert [s["side"] for r in first.json()["signed"] for s in [r["signature"]]] == ["giver"]
    # The receiver is given what came back, and signs behind it.
    assert elsewhere.form(NEW, document) == signed
    both = elsewhere.sign(signed, RECEIVER_FIELD, elsewhere.teacher)
    second = elsewhere.bring(NEW, document, both)
    assert second.status_code == 200, second.text
    assert second.json()["state"] == "signed"
    assert [one["is_new"] for one in second.json()["signatures"]] == [False, True]
    again = elsewhere.bring(NEW, document, both)
    assert (again.status_code, again.json()["signed"]) == (200, [])
    told = [h for h in elsewhere.log if h.action == "document.sign" and h.target == document]
    assert [h.details["method"] for h in told] == ["pades", "pades"]
    assert (
        told[0].details["certificate"]
        == elsewhere.managed.get(PRINCIPAL, "certificates").json()["certificates"][0]["sha256"]
    )
    assert len([h for h in elsewhere.log if h.action == "document.upload"]) == 2
    # The paper is the file that came back.
    assert elsewhere.managed.get(NEW, f"documents/{document}/paper.pdf").content == both


def test_one_file_may_bring_both_and_the_organisations_own(elsewhere: Elsewhere) -> None:
    elsewhere.register(PRINCIPAL, elsewhere.head)
    elsewhere.register(NEW, elsewhere.teacher)
    held = elsewhere.register(ADMIN, elsewhere.school, unit=SCHOOL, basis="01/QĐ-THU ngày 01/8/2026")
    assert held.status_code == 201, held.text
    assert held.json()["is_of_unit"]
    document = elsewhere.minutes()
    pdf = elsewhere.sign(elsewhere.form(PRINCIPAL, document), GIVER_FIELD, elsewhere.head)
    pdf = elsewhere.sign(pdf, OFFICE_FIELD, elsewhere.school)
    pdf = elsewhere.sign(pdf, RECEIVER_FIELD, elsewhere.teacher)
    taken = elsewhere.bring(ADMIN, document, pdf)
    assert taken.status_code == 200, taken.text
    assert taken.json()["state"] == "signed"
    assert [one["field"] for one in taken.json()["signatures"]] == [GIVER_FIELD, OFFICE_FIELD, RECEIVER_FIELD]


def test_whose_certificate_nobody_registered_is_nobody(elsewhere: Elsewhere) -> None:
    document = elsewhere.minutes()
    signed = elsewhere.sign(elsewhere.form(PRINCIPAL, document), GIVER_FIELD, elsewhere.head)
    revision = elsewhere.managed.world.revision
    assert elsewhere.code(elsewhere.bring(ADMIN, document, signed)) == "signer_unknown"
    assert elsewhere.managed.world.revision == revision


def test_who_signs_in_the_place_or_turn_of_another_signs_nothing(elsewhere: Elsewhere) -> None:
    elsewhere.register(PRINCIPAL, elsewhere.head)
    elsewhere.register(NEW, elsewhere.teacher)
    elsewhere.register(TEACHER, elsewhere.authority.issue("Người Khác Thử"))
    document = elsewhere.minutes()
    form = elsewhere.form(PRINCIPAL, document)
    early = elsewhere.sign(form, RECEIVER_FIELD, elsewhere.teacher)
    assert elsewhere.code(elsewhere.bring(ADMIN, document, early)) == "signer_wrong_side"
    as_giver = elsewhere.sign(form, GIVER_FIELD, elsewhere.teacher)
    assert elsewhere.code(elsewhere.bring(ADMIN, document, as_giver)) in ("self_service", "signer_not_leader")
    as_office = elsewhere.sign(form, OFFICE_FIELD, elsewhere.head)
    assert elsewhere.code(elsewhere.bring(ADMIN, document, as_office)) == "signer_wrong_side"
    head = elsewhere.sign(form, GIVER_FIELD, elsewhere.head)
    assert elsewhere.bring(ADMIN, document, head).status_code == 200
    twice = elsewhere.sign(head, RECEIVER_FIELD, elsewhere.head)
    assert elsewhere.code(elsewhere.bring(ADMIN, document, twice)) == "signer_wrong_side"
    # Behind the bare form, as if the head had not signed.
    beside = elsewhere.sign(form, RECEIVER_FIELD, elsewhere.teacher)
    assert elsewhere.code(elsewhere.bring(NEW, document, beside)) == "stale_version"


def test_each_fault_of_a_file_is_named_and_changes_nothing(elsewhere: Elsewhere) -> None:
    elsewhere.register(PRINCIPAL, elsewhere.head)
    document = elsewhere.minutes()
    form = elsewhere.form(PRINCIPAL, document)
    signed = elsewhere.sign(form, GIVER_FIELD, elsewhere.head)
    foreign = Authority("CA khác 000")
    stranger = foreign.issue("Hiệu Trưởng Thử")
    revision = elsewhere.managed.world.revision
    files = {
        "not_pdf": b"PK\x03\x04 khong phai",
        "pdf_not_ours": saved_again(signed),
        "no_signature": form,
        "changed_beside_signing": changed(signed, CHANGES["a note over the words"]),
        "certificate_untrusted": sign_elsewhere(form, GIVER_FIELD, stranger, foreign.root),
        "signature_broken": signed[: len(form)]
        + signed[len(form) :].replace(b"/Contents <3082", b"/Contents <3083"),
    }
    for code, pdf in files.items():
        assert elsewhere.code(elsewhere.bring(ADMIN, document, pdf)) == code
    assert elsewhere.code(elsewhere.bring(ADMIN, document, signed, version=2)) == "pdf_not_ours"
    assert elsewhere.managed.world.revision == revision
    refused = [h for h in elsewhere.log if h.action == "document.upload"]
    assert {h.code for h in refused} == {*files}
    assert {h.outcome for h in refused} == {"refused"}


def test_who_may_not_read_it_brings_nothing_and_a_large_file_is_not_read(elsewhere: Elsewhere) -> None:
    document = elsewhere.minutes()
    assert elsewhere.bring(OUTSIDER, document, b"%PDF-1.7").status_code == 404
    assert elsewhere.bring(TEACHER, document, b"%PDF-1.7").status_code in (403, 404)
    assert elsewhere.bring(ADMIN, document, b"%PDF-1.7" + bytes(21 << 20)).status_code == 413


# -- certificates


def test_a_certificate_is_one_holders(elsewhere: Elsewhere) -> None:
    assert elsewhere.register(PRINCIPAL, elsewhere.head).status_code == 201
    assert elsewhere.code(elsewhere.register(TEACHER, elsewhere.head)) == "certificate_taken"
    [held] = elsewhere.managed.get(PRINCIPAL, "certificates").json()["certificates"]
    assert elsewhere.managed.post(TEACHER, f"certificates/{held['id']}/end", {"reason": "thử"}).status_code == 403
    ended = elsewhere.managed.post(PRINCIPAL, f"certificates/{held['id']}/end", {"reason": "mất thiết bị"})
    assert ended.status_code == 200, ended.text
    again = elsewhere.managed.post(PRINCIPAL, f"certificates/{held['id']}/end", {"reason": "mất thiết bị"})
    assert again.status_code == 404
    assert elsewhere.register(TEACHER, elsewhere.head).status_code == 201


def test_a_page_is_signed_once_in_the_session_that_asked_and_is_no_paper(elsewhere: Elsewhere) -> None:
    asked = elsewhere.managed.post(PRINCIPAL, "certificate-pages", {"password": PASSWORD}).json()["id"]
    page = elsewhere.managed.get(PRINCIPAL, f"certificate-pages/{asked}").content
    assert elsewhere.managed.get(PRINCIPAL, f"certificate-pages/{asked}").content == page
    assert elsewhere.managed.get(TEACHER, f"certificate-pages/{asked}").status_code == 404
    signed = elsewhere.sign(page, HOLDER_FIELD, elsewhere.head)
    # Another session brings the page of this one: the attacker's key would be the head's.
    assert elsewhere.send(TEACHER, f"certificate-pages/{asked}/signed", signed).status_code == 404
    document = elsewhere.minutes()
    assert elsewhere.code(elsewhere.bring(ADMIN, document, signed)) == "pdf_not_ours"
    paper = elsewhere.sign(elsewhere.form(PRINCIPAL, document), GIVER_FIELD, elsewhere.head)
    assert elsewhere.code(elsewhere.send(PRINCIPAL, f"certificate-pages/{asked}/signed", paper)) == "pdf_not_ours"
    assert elsewhere.send(PRINCIPAL, f"certificate-pages/{asked}/signed", signed).status_code == 201
    assert elsewhere.send(PRINCIPAL, f"certificate-pages/{asked}/signed", signed).status_code == 404


def test_the_password_is_entered_again(elsewhere: Elsewhere) -> None:
    refused = elsewhere.managed.post(PRINCIPAL, "certificate-pages", {"password": "sai-hoan-toan"})
    assert (refused.status_code, refused.json()["code"]) == (401, "credentials_wrong")


def test_a_certificate_that_was_ended_signs_nothing_more(elsewhere: Elsewhere) -> None:
    held = elsewhere.register(PRINCIPAL, elsewhere.head).json()["id"]
    document = elsewhere.minutes()
    signed = elsewhere.sign(elsewhere.form(PRINCIPAL, document), GIVER_FIELD, elsewhere.head)
    elsewhere.managed.post(PRINCIPAL, f"certificates/{held}/end", {"reason": "mất thiết bị"})
    assert elsewhere.code(elsewhere.bring(ADMIN, document, signed)) == "signer_unknown"


def test_a_side_that_signed_with_the_password_is_not_signed_again_by_a_certificate(elsewhere: Elsewhere) -> None:
    elsewhere.register(PRINCIPAL, elsewhere.head)
    document = elsewhere.minutes()
    signed = elsewhere.sign(elsewhere.form(PRINCIPAL, document), GIVER_FIELD, elsewhere.head)
    elsewhere.managed.sign(PRINCIPAL, document)
    assert elsewhere.code(elsewhere.bring(ADMIN, document, signed)) == "signed_already"


def test_whose_account_is_stopped_signs_nothing_elsewhere(elsewhere: Elsewhere) -> None:
    elsewhere.register(PRINCIPAL, elsewhere.head)
    elsewhere.register(NEW, elsewhere.teacher)
    document = elsewhere.minutes()
    pdf = elsewhere.sign(elsewhere.form(PRINCIPAL, document), GIVER_FIELD, elsewhere.head)
    assert elsewhere.bring(ADMIN, document, pdf).status_code == 200
    both = elsewhere.sign(pdf, RECEIVER_FIELD, elsewhere.teacher)
    account = elsewhere.managed.person("moi").account
    stopped = elsewhere.managed.post(ADMIN, f"accounts/{account}/suspend", {"reason": "thử"})
    assert stopped.status_code in (200, 201), stopped.text
    assert elsewhere.code(elsewhere.bring(ADMIN, document, both)) == "account_not_active"
