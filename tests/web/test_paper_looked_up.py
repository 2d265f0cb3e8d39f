"""The page that a paper's square leads to: state, kind, year, no name; unknown and wrong are one answer."""

import base64
import re
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from serving import Served, serving
from sqlalchemy import select
from starlette.testclient import TestClient
from test_docs_in_a_browser import WAIT_S, browser

from access_service.domain.documents import Document
from access_service.domain.names import DocumentKind, DocumentState
from access_service.storage.tables import DocumentRow, table
from access_service.web import paper_pages


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as made:
        yield made


def minutes(served: Served) -> Document:
    rows = table(DocumentRow)
    kind = rows.c.kind == str(DocumentKind.HANDOVER_MINUTES)
    with served.world.services.db.connect() as connection:
        id_ = connection.execute(select(rows.c.id).where(kind).limit(1)).scalar_one()
    return served.world.get(Document, id_)


class Shown(HTMLParser):
    """The hash that the script compares, and which scripts there are."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.scripts: list[str | None] = []
        self.sha256: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "script":
            self.scripts.append(found.get("src"))
        self.sha256 = found.get("data-sha256", self.sha256)


def test_whoever_holds_a_paper_sees_its_state_and_no_name(served: Served) -> None:
    document = minutes(served)
    answer = served.client.get(f"/k/{document.id}.1")
    assert answer.status_code == 200
    for said in ("Biên bản bàn giao", "Đã ký đủ", "2026", document.sha256[:32]):
        assert said in answer.text
    assert document.number not in answer.text
    assert "Người Thử" not in answer.text
    shown = Shown(answer.text)
    assert [name.rpartition("/")[2] for name in shown.scripts if name] == ["swap.js", "paper.js"]
    assert shown.sha256 is not None
    assert base64.urlsafe_b64decode(shown.sha256 + "=").hex() == document.sha256
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"


def test_unknown_and_wrong_are_one_answer(served: Served) -> None:
    document = minutes(served)
    wrong = (
        "doc_000.1",
        f"{document.id}.7",
        str(document.id),
        f"{document.id}.1x",
        "a" * 3000,
        "%2e%2e.1",
        "đơn.1",
    )
    answers = [served.client.get(f"/k/{name}") for name in wrong]
    assert {a.status_code for a in answers} == {404}
    assert len({a.text for a in answers}) == 1
    assert paper_pages.UNKNOWN in answers[0].text


def at(served: Served, host: str) -> TestClient:
    """A browser at that address, or behind a proxy that the server trusts to say so."""
    return TestClient(served.client.app, client=(host, 50_000))


def test_whoever_asks_for_many_wrong_ones_waits_and_nobody_else_does(served: Served) -> None:
    document, guesser = minutes(served), at(served, "203.0.113.7")
    for n in range(paper_pages.MANY):
        assert guesser.get(f"/k/doc_{n}.1").status_code == 404
    answer = guesser.get(f"/k/{document.id}.1")
    assert (answer.status_code, paper_pages.WAIT in answer.text) == (429, True)
    assert at(served, "203.0.113.8").get(f"/k/{document.id}.1").status_code == 200
    claims = {"X-Forwarded-For": "203.0.113.99"}
    assert guesser.get(f"/k/{document.id}.1", headers=claims).status_code == 429, "a header is no address"


def test_behind_a_silent_proxy_on_this_machine_one_guesser_stops_nobody(served: Served) -> None:
    document, proxy = minutes(served), at(served, "127.0.0.1")
    for n in range(2 * paper_pages.MANY):
        assert proxy.get(f"/k/doc_{n}.1").status_code == 404
    assert proxy.get(f"/k/{document.id}.1").status_code == 200


def test_a_source_is_forgotten_after_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper_pages, "MOST_SOURCES", 2)
    wrong = paper_pages.WrongOnes()
    for source in ("a", "b", "c") * paper_pages.MANY:
        wrong.was_wrong(source)
    assert not any(wrong.is_many(source) for source in "abc")


def test_in_a_browser_the_hash_on_the_paper_is_compared_and_never_sent(served: Served, tmp_path: Path) -> None:
    program = browser()
    document = minutes(served)
    page = served.client.get(f"/k/{document.id}.1").text
    right = Shown(page).sha256
    address = next(name for name in Shown(page).scripts if name and name.endswith("/paper.js"))
    (tmp_path / "k.js").write_text(served.client.get(address).text, "utf-8")
    # The same page and script from files: a browser needs no server to compare. Modules are not read from files.
    plain = page.replace(f'type="module" src="{address}"', 'src="k.js" defer')
    (tmp_path / "k.html").write_text(plain, "utf-8")

    def told(behind: str) -> str:
        address = f"{(tmp_path / 'k.html').as_uri()}{behind}"
        options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
        done = subprocess.run(
            [program, *options, "--virtual-time-budget=5000", "--dump-dom", address],
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            check=True,
        )
        found = re.search(r'<p id="compared"[^>]*>(.*?)</p>', done.stdout, re.DOTALL)
        assert found is not None
        return found[1]

    same = told(f"#{right}")
    assert "khớp với nội dung" in same
    assert "KHÔNG" not in same
    assert "KHÔNG khớp" in told("#" + "A" * 43)
    assert told("") == ""


def test_every_kind_and_state_has_words() -> None:
    assert set(DocumentKind) <= set(paper_pages.KINDS)
    assert set(paper_pages.STATES) == set(DocumentState)
