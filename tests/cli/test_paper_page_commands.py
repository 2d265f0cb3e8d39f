"""`access-service document show`: a paper in a file that the operator alone reads."""

import stat
from pathlib import Path
from typing import Any

import pytest
from test_commands import run, school, url

from access_service.storage.paper_pages import FileStore
from evidence.pages_read import words_of
from world import CLASS_6B, SCHOOL, World, hire_homeroom, homeroom_line

__all__ = ["run", "school", "url"]


@pytest.fixture
def document(school: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("ACCESS_SERVICE_FILES_DIR", str(tmp_path / "files"))
    teacher = hire_homeroom(school, "other", CLASS_6B)
    return str(school.hand_over(SCHOOL, teacher, homeroom_line(school, teacher, CLASS_6B)).document.id)


def test_a_paper_is_written_as_file_and_as_page(run: Any, document: str, tmp_path: Path) -> None:
    pdf, html = tmp_path / "bien-ban.pdf", tmp_path / "bien-ban.html"
    assert run("document", "show", document, "--pdf", str(pdf), "--html", str(html)).status == 0
    assert "BIÊN BẢN" in words_of(pdf.read_bytes())
    assert "Giáo viên chủ nhiệm" in html.read_text("utf-8")
    assert {stat.S_IMODE(path.stat().st_mode) for path in (pdf, html)} == {0o600}
    [kept] = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert FileStore(tmp_path / "files").require(kept.name) == pdf.read_bytes()


def test_a_paper_that_is_none_and_a_command_without_a_file_are_refused(
    run: Any, document: str, tmp_path: Path
) -> None:
    assert run("document", "show", "doc_000", "--pdf", str(tmp_path / "x.pdf")).status == 1
    assert not (tmp_path / "x.pdf").exists()
    assert run("document", "show", document).status == 2
