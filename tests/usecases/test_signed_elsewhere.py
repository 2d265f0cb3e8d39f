"""A paper that two signed in another program is evidence as every other: verified, in the dossier, sealed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import tsp

from access_service.domain.delegation import Grant
from access_service.domain.documents import Document, Signature
from access_service.domain.names import DocumentId, Method
from access_service.domain.scope import Scope
from access_service.evidence import fonts
from access_service.signing.canonical import sha256_hex
from access_service.signing.pdf_fields import GIVER_FIELD, HOLDER_FIELD, RECEIVER_FIELD
from access_service.signing.pdf_seal import make_seal_key, read_pdf_seal, sign_itself
from access_service.signing.pdf_worker import PdfWorkers
from access_service.usecases import forms_given_out, paper_pages
from access_service.usecases.dossiers import dossier_pages
from access_service.usecases.forms_given_out import show_form
from access_service.usecases.handover import certificates
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.paper_pages import show_pdf
from access_service.usecases.services import Caller
from access_service.usecases.signed_elsewhere import take_signed_pdf
from access_service.usecases.upkeep.verifying import verify_register
from signing.pki import Authority, Leaf, sign_elsewhere
from usecases.test_dossiers import School, codes, members
from world import PASSWORD, REGISTER, SCHOOL, World

pytestmark = pytest.mark.backends("sqlite")


class Signed(School):
    """The same school, whose head and clerk have certificates."""

    def __init__(self, world: World, folder: Path, authority: Authority) -> None:
        super().__init__(world, folder)
        self.authority = authority
        trust = folder / "trust"
        (trust / "roots").mkdir(parents=True)
        (trust / "roots" / "ca-thu.pem").write_bytes(authority.root.pem)
        make_seal_key(folder / "keys")
        sign_itself(folder / "keys", "Sở thử 000", world.clock.now - timedelta(days=1))
        self.services = replace(
            self.services, pdf_workers=PdfWorkers(trust), pdf_seal=read_pdf_seal(folder / "keys")
        )
        self.clerk = world.hire("văn thư", SCHOOL, "clerk", SCHOOL)

    def register(self, caller: Caller, leaf: Leaf) -> None:
        asked = certificates.ask_for_key(self.services, caller, PASSWORD)
        page = certificates.show_key_page(self.services, caller, asked.id)
        signed = sign_elsewhere(page, HOLDER_FIELD, leaf, self.authority.root)
        certificates.register_certificate(self.services, caller, asked.id, signed)

    def sign(self, id_: DocumentId) -> bytes:
        """Head and clerk sign in turn; the file that came back last."""
        head, clerk = self.authority.issue("Hiệu Trưởng Thử"), self.authority.issue("Văn Thư Thử")
        self.register(self.head, head)
        self.register(self.clerk.caller, clerk)
        form = show_form(self.services, self.head, id_)
        first = sign_elsewhere(form, GIVER_FIELD, head, self.authority.root)
        take_signed_pdf(self.services, self.head, id_, 1, first)
        both = sign_elsewhere(
            show_form(self.services, self.clerk.caller, id_), RECEIVER_FIELD, clerk, self.authority.root
        )
        take_signed_pdf(self.services, self.clerk.caller, id_, 1, both)
        return both

    def found(self) -> list[str]:
        return [
            str(f.code) for f in verify_register(self.services.db, REGISTER, files=self.services.files).findings
        ]


@pytest.fixture
def signed(school_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Signed]:
    for module in (paper_pages, dossier_pages, forms_given_out, certificates):
        monkeypatch.setattr(module, "find_family", fonts.own_family)
    made = Signed(school_world, tmp_path, Authority())
    yield made
    assert made.services.pdf_workers is not None
    made.services.pdf_workers.close()


def test_what_two_signed_elsewhere_is_evidence_as_every_other_paper(signed: Signed) -> None:
    world = signed.world
    line = EnteredLine("clerk", signed.clerk.duty, Scope(unit=SCHOOL), world.clock.now)
    id_ = world.propose(SCHOOL, signed.clerk, line).document.id
    both = signed.sign(id_)
    document = world.get(Document, id_)
    assert document.method is Method.PADES
    assert document.signed_at is not None
    with world.services.db.read(REGISTER) as reader:
        given = reader.find(Signature, document=id_)
        [grant] = reader.find(Grant, document=id_)
    assert [(s.method, s.account) for s in given] == [(Method.PADES, None)] * 2
    assert grant.refused is None

    # The paper is the file that came back, with our seal behind it.
    final = show_pdf(signed.services, signed.head, id_)
    assert final.startswith(both)
    assert len(final) > len(both)
    assert show_pdf(signed.services, signed.clerk.caller, id_) == final
    assert signed.found() == []

    data, _ = signed.make(signed.head)
    assert codes(signed.check(data), "broken") == []
    [path] = [path for path in members(data) if path.endswith("ky-ngoai.pdf")]
    assert members(data)[path] == both
    assert members(data)[path.replace("ky-ngoai", "van-ban")] == final


def test_the_seal_behind_two_signatures_says_when_by_another_clock(signed: Signed) -> None:
    stamper = signed.authority.stamper(signed.world.clock.now)

    def ask_time(request: bytes) -> bytes:
        answer: bytes = stamper.request_tsa_response(tsp.TimeStampReq.load(request)).dump()
        return answer

    signed.services = replace(signed.services, ask_time=ask_time)
    line = EnteredLine("clerk", signed.clerk.duty, Scope(unit=SCHOOL), signed.world.clock.now)
    id_ = signed.world.propose(SCHOOL, signed.clerk, line).document.id
    both = signed.sign(id_)
    assert show_pdf(signed.services, signed.head, id_).startswith(both)
    [said] = [e.happening.details for e in signed.world.log() if e.happening.action == "document.file"]
    assert said is not None
    assert (said["level"], said["upload"]) == ("B-T", sha256_hex(both))
    assert signed.found() == []


def test_a_file_that_was_signed_elsewhere_and_changed_is_found(signed: Signed) -> None:
    line = EnteredLine("clerk", signed.clerk.duty, Scope(unit=SCHOOL), signed.world.clock.now)
    id_ = signed.world.propose(SCHOOL, signed.clerk, line).document.id
    both = signed.sign(id_)
    assert signed.services.files is not None
    [path] = [p for p in signed.services.files.folder.rglob("*") if p.is_file() and p.read_bytes() == both]
    path.write_bytes(both[:-1] + b"\0")
    assert signed.found() == ["pdf_hash"]
    path.unlink()
    assert signed.found() == ["pdf_hash"]
