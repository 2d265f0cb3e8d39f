"""The documents of a dossier as files: what was agreed, in which words, who confirmed it, the page."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from access_service.domain.accounts import Account
from access_service.domain.documents import Document, Signature
from access_service.domain.errors import NotFoundError
from access_service.domain.names import DocumentKind, Method, UnitId
from access_service.domain.printing import short_date
from access_service.domain.words import normalise_text
from access_service.evidence.manifest import DossierFile, to_json
from access_service.storage.prints import StoredPrint, prints_of
from access_service.usecases.dossiers.dossier_request import DossierRequest
from access_service.usecases.evidence.reading_papers import see_document, state_now
from access_service.usecases.evidence.register_book import NAMES
from access_service.usecases.paper_pages import (
    FINAL,
    PDF,
    PaperToShow,
    confirmations_of,
    gather_paper,
    newest_upload,
)
from access_service.usecases.services import ReadView, Services

_JSON = "application/json"
CAME_BACK = "ky-ngoai.pdf"
"""What came back signed from another program, byte for byte."""
_PATH_LETTERS = re.compile(r"[^a-z0-9]+")


@dataclass(slots=True)
class DossierPaper:
    """A document that belongs into the dossier, in its newest version."""

    document: Document
    folder: str
    signatures: list[Signature]
    words: StoredPrint | None
    state: str
    paper: PaperToShow | None = None
    """Its page, where it was signed by all and has one."""
    files: list[DossierFile] = field(default_factory=list)

    @property
    def is_erased(self) -> bool:
        """Were its words taken away when their time was over?"""
        return self.words is not None and self.words.body is None


def gather_papers(
    services: Services, view: ReadView, asked: DossierRequest, folder: str | None = None
) -> list[DossierPaper]:
    """What was signed in the time, or carried rights in it; with `folder` the one that stands there."""
    found = [d for d in documents_of_unit(view, asked.unit) if not d.is_draft and _is_of(d, asked)]
    if folder is not None:
        found = [d for d in found if folder_of(d) == folder]
    printed = prints_of(view.reader.connection, view.reader.register, {d.id for d in found})
    papers = []
    for document in sorted(found, key=lambda d: (d.dated, d.id)):
        given = [s for s in view.reader.find(Signature, document=document.id) if s.version == document.version]
        if not given:
            continue
        words = printed.get((document.id, document.version))
        state = state_now(view, document)
        paper = DossierPaper(
            document, folder_of(document), sorted(given, key=lambda s: (s.signed_at, s.id)), words, str(state)
        )
        if state in FINAL and not asked.is_redacted:
            try:
                paper.paper = gather_paper(services, view, see_document(view, document))
            except NotFoundError:
                # Attested paper has its page where the scan lies; erased words have none.
                paper.paper = None
        paper.files = [*_files(view, paper, is_redacted=asked.is_redacted)]
        came_back = None if paper.paper is None else newest_upload(services, view.reader.register, document)
        if came_back is not None:
            about = "Tệp ký ngoài hệ thống, đúng như khi nhận"
            paper.files.append(DossierFile(f"{paper.folder}/{CAME_BACK}", came_back, PDF, about))
        papers.append(paper)
    return papers


def documents_of_unit(view: ReadView, unit: UnitId) -> list[Document]:
    """Every document that is the unit's, or is kept by it since another was dissolved."""
    found = {d.id: d for d in view.reader.find(Document, unit=unit)}
    found |= {d.id: d for d in view.reader.find(Document, kept_by=unit)}
    return list(found.values())


def _is_of(document: Document, asked: DossierRequest) -> bool:
    if document.valid_from > asked.end:
        return False
    return document.ended_at is None or document.ended_at >= asked.start


def folder_of(document: Document) -> str:
    """Where a document stands: by kind, year, number and id, in letters that every file system has."""
    parts = [str(document.dated.year), path_word(document.number), document.id.lower()]
    return f"van-ban/{document.kind}/" + "-".join(part for part in parts if part)


def path_word(text: str) -> str:
    """Vietnamese text as a part of a path."""
    plain = normalise_text(text.replace("đ", "d").replace("Đ", "d"), len(text), "NFD")
    return _PATH_LETTERS.sub("-", plain.encode("ascii", "ignore").decode().lower()).strip("-")[:60]


def _files(view: ReadView, paper: DossierPaper, *, is_redacted: bool) -> Iterator[DossierFile]:
    document, folder = paper.document, paper.folder
    yield DossierFile(f"{folder}/noi-dung.json", document.content.encode(), _JSON, "Nội dung được ký (RFC 8785)")
    if paper.words is not None and paper.words.body is not None and not is_redacted:
        yield DossierFile(f"{folder}/phan-chu.json", paper.words.body.encode(), _JSON, "Phần chữ của văn bản")
    given = confirmations_of(view, paper.signatures)
    yield DossierFile(f"{folder}/xac-nhan.json", to_json(given), _JSON, "Xác nhận của hệ thống và khoá công khai")


@dataclass(frozen=True, slots=True)
class ListedPaper:
    """A line of the list of papers (mục lục văn bản)."""

    symbol: str
    dated: str
    subject: str
    author: str
    note: str


NOTES = {Method.ATTESTED: "giấy nhập từ hồ sơ cũ"}
OTHER_NAMES = {DocumentKind.COMMITMENT: "Bản cam kết", DocumentKind.SOFTWARE_REPORT: "Báo cáo các phần mềm"}


def list_papers(papers: list[DossierPaper], author: str, *, is_redacted: bool) -> list[ListedPaper]:
    """The list of papers, in the order of their days."""
    return [_listed(paper, author, is_redacted=is_redacted) for paper in papers]


def _listed(paper: DossierPaper, author: str, *, is_redacted: bool) -> ListedPaper:
    document = paper.document
    subject = name_of(document.kind)
    if paper.words is not None and paper.words.body is not None and not is_redacted:
        said = json.loads(paper.words.body)
        subject = " ".join([said.get("type_line", ""), *said.get("subject", [])]).strip() or subject
    note = NOTES.get(document.method, "")
    return ListedPaper(
        document.number,
        short_date(document.dated),
        subject,
        author,
        note or ("phần chữ đã xoá" if paper.is_erased else ""),
    )


def name_of(kind: DocumentKind) -> str:
    """What papers of a kind are called."""
    return NAMES.get(kind) or OTHER_NAMES.get(kind, str(kind))


def accounts_of(view: ReadView, papers: list[DossierPaper]) -> set[str]:
    """The accounts that signed, so that their keys can be looked up in the log."""
    named = {str(s.account) for paper in papers for s in paper.signatures if s.account is not None}
    return {str(a.id) for a in view.reader.find(Account, id=sorted(named))}
