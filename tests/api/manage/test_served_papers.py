"""Papers over HTTP: the page for whoever signs, the file, and nothing for others."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from managing import ADMIN, OUTSIDER, PRINCIPAL, TEACHER, Managed, managing

from access_service.evidence.html import STYLE_POLICY
from evidence.pages_read import opened, words_of


@pytest.fixture
def managed(tmp_path: Path) -> Iterator[Managed]:
    with managing(tmp_path) as found_:
        yield found_


def signed(managed: Managed) -> str:
    [grant] = managed.seen(TEACHER, "me")["grants"]
    document: str = grant["document"]
    return document


def test_a_page_is_read_before_signing_and_runs_nothing(managed: Managed) -> None:
    document = managed.made(ADMIN, "handovers", managed.handover("moi", "6B"))["document"]["id"]
    answer = managed.get(PRINCIPAL, f"documents/{document}/paper.html")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert STYLE_POLICY in policy
    assert answer.headers["cache-control"] == "private, no-store"
    assert "DỰ THẢO" in answer.text
    assert "Giáo viên chủ nhiệm" in answer.text


def test_a_signed_paper_is_one_file(managed: Managed) -> None:
    document = signed(managed)
    first = managed.get(TEACHER, f"documents/{document}/paper.pdf")
    assert (first.status_code, first.headers["content-type"]) == (200, "application/pdf")
    assert first.headers["content-disposition"].endswith(f"''{document}.pdf")
    assert managed.get(PRINCIPAL, f"documents/{document}/paper.pdf").content == first.content
    assert "BIÊN BẢN" in words_of(first.content)
    with opened(first.content) as pdf:
        assert pdf.check_pdf_syntax() == []
    assert [e.happening.target for e in managed.world.log() if e.happening.action == "document.file"] == [document]


def test_who_may_not_read_it_is_told_that_there_is_none(managed: Managed) -> None:
    document = signed(managed)
    for kind in ("html", "pdf"):
        foreign = managed.get(OUTSIDER, f"documents/{document}/paper.{kind}")
        missing = managed.get(OUTSIDER, f"documents/doc_0/paper.{kind}")
        assert foreign.status_code == missing.status_code == 404
        assert foreign.text.replace(document, "ID") == missing.text.replace("doc_0", "ID")
    assert managed.served.client.get(f"/v1/documents/{document}/paper.pdf").status_code == 401


@pytest.mark.parametrize(("version", "status"), [("1", 200), ("2", 404), ("0", 422), ("x", 422), ("9" * 20, 422)])
def test_a_version_is_one_that_there_was(managed: Managed, version: str, status: int) -> None:
    answer = managed.get(TEACHER, f"documents/{signed(managed)}/paper.html", version=version)
    assert answer.status_code == status


def test_a_form_to_be_signed_elsewhere_is_given_out_while_it_waits_and_logged(
    managed: Managed,
) -> None:
    document = managed.made(ADMIN, "handovers", managed.handover("moi", "6B"))["document"]["id"]
    answer = managed.get(PRINCIPAL, f"documents/{document}/form.pdf")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    text = words_of(answer.content)
    assert "DỰ THẢO" not in text
    assert "Bản để ký ngoài hệ thống" in text
    assert managed.get(PRINCIPAL, f"documents/{document}/form.pdf").content == answer.content
    given = [e for e in managed.world.log() if e.happening.action == "document.form"]
    assert {(e.happening.details or {})["file"] for e in given} == {hashlib.sha256(answer.content).hexdigest()}
    assert managed.get(OUTSIDER, f"documents/{document}/form.pdf").status_code == 404


def test_a_signed_paper_is_its_own_file_and_no_form(managed: Managed) -> None:
    answer = managed.get(TEACHER, f"documents/{signed(managed)}/form.pdf")
    assert (answer.status_code, answer.json()["code"]) == (409, "document_state")
