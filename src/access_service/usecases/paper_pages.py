"""Papers as pages: what whoever may read a document is shown of it, and the file that a signed one becomes.

Rendering happens outside any transaction. A final PDF is kept when it is first asked for, and is the same bytes
ever after: they go into the folder of files first, then one line of the log names their hash, so that no event is
without its file. Who is shown a page is written down without the register's lock; signing asks for it.
"""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from access_service.domain import papers
from access_service.domain.audit import Happening, Json
from access_service.domain.composing import compose_print, find_office_signer
from access_service.domain.documents import Document, Signature
from access_service.domain.errors import NotFoundError, UnavailableError
from access_service.domain.names import (
    AccountId,
    DocumentId,
    DocumentKind,
    DocumentState,
    Method,
    RegisterId,
    Side,
)
from access_service.domain.org import Person
from access_service.domain.powers import powerless
from access_service.domain.time import local
from access_service.evidence.fonts import FontError, choose_folder, find_family, typst_version
from access_service.evidence.html import render_html
from access_service.evidence.layout import CONTENT_NAME
from access_service.evidence.paper import Attachment, PrintedPaper, SignedBlock, Stage
from access_service.evidence.render import render_pdf
from access_service.live.revisions import revision_text
from access_service.signing.canonical import canonical, sha256_hex
from access_service.signing.documents import statement
from access_service.storage.keys import public_key, public_keys
from access_service.storage.paper_pages import (
    DocumentFile,
    FileKind,
    FileStore,
    add_file,
    file_of,
    files_of_version,
    keep_shown,
)
from access_service.storage.policy import load_tables
from access_service.storage.prints import print_in
from access_service.usecases.evidence.reading_papers import (
    DocumentSeen,
    find_document,
    see_document,
    state_now,
    tell_read,
)
from access_service.usecases.keys import SEAL
from access_service.usecases.paper_seal import seal_paper
from access_service.usecases.services import Caller, ReadView, Services, look

PDF = "application/pdf"
PDF_NAME = "van-ban.pdf"
FINAL = frozenset(
    {
        DocumentState.SIGNED,
        DocumentState.SUPERSEDED,
        DocumentState.WITHDRAWN,
        DocumentState.HANDED_BACK,
    }
)
"""States of a document that everybody has signed, whatever became of it since."""
NOT_ISSUED = frozenset({DocumentState.DECLINED, DocumentState.CANCELLED, DocumentState.LAPSED})
LABELS = {
    Method.IN_SYSTEM: "XÁC NHẬN CỦA HỆ THỐNG",
    Method.PASSKEY: "XÁC NHẬN CỦA HỆ THỐNG (KHOÁ TRUY CẬP)",
    Method.PADES: "CHỮ KÝ SỐ",
    Method.ATTESTED: "GIẤY NHẬP TỪ HỒ SƠ CŨ",
}
HOW = {
    Method.IN_SYSTEM: "Nhập lại mật khẩu trong phiên của mình",
    Method.PASSKEY: "Khoá truy cập của người ký, thiết bị đã xác minh người dùng",
    Method.PADES: "Ký số bằng chứng thư của người ký, trên tệp ký ngoài hệ thống",
    Method.ATTESTED: "Ký trên giấy; người nhập hồ sơ xác nhận",
}
HOW_KNOWN = {
    "password+totp": "Nhập lại mật khẩu và mã dùng một lần trong phiên của mình",
    "session": "Xác nhận việc đã được trình trong phiên của mình",
}
"""How a signer was known where the method alone does not say it."""
ANOTHER = "Người ký không phải người có tên trên văn bản"
WITHOUT_SALT = "A" * 43
"""Of words that nobody signed: there is nothing to keep from being guessed."""
_NAME = re.compile(r"([a-z]{3}_[0-9A-Za-z]{1,40})\.([1-9][0-9]{0,5})")


@dataclass(frozen=True, slots=True)
class PaperToShow:
    """A version of a document, gathered for its pages."""

    document: Document
    paper: PrintedPaper

    @property
    def is_final(self) -> bool:
        """Has everybody signed it?"""
        return self.paper.stage == "final"

    @property
    def is_signed_elsewhere(self) -> bool:
        """Did everybody sign it with a certificate? Then the file that came back is the paper."""
        return self.document.method is Method.PADES


@dataclass(frozen=True, slots=True)
class FiledPaper:
    """A paper as it is filed: what was signed, the words, the confirmations, the page."""

    document: Document
    is_final: bool
    files: Mapping[str, bytes]
    """By name: `noi-dung.json`, `phan-chu.json`, `xac-nhan.json`, `van-ban.pdf`."""


@dataclass(frozen=True, slots=True)
class PaperLookedUp:
    """What anybody who holds a paper may know of it: no name, no number."""

    kind: DocumentKind
    state: DocumentState
    year: int
    sha256: str
    is_newest: bool
    """False where a newer version took its place."""


# -- gathering


def gather_paper(services: Services, view: ReadView, seen: DocumentSeen, version: int | None = None) -> PaperToShow:
    """The words of a version with what was signed; `NotFoundError` for one without a page: erased, attested."""
    document = _version_of(view, seen.document, version)
    signed = [s for s in seen.signatures if s.version == document.version]
    words, remark = _words(services, view, document, signed)
    stage: Stage = "final" if seen.state in FINAL and document.version == seen.document.version else "draft"
    name, digest = _policy(view, document)
    said = json.dumps(
        confirmations_of(view, signed), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()
    register = str(view.reader.register)
    return PaperToShow(
        document,
        PrintedPaper(
            kind=str(document.kind),
            stage=stage,
            print=json.loads(words),
            content=document.content.encode(),
            signatures=tuple(_block(view, document, s, has_name=bool(remark)) for s in signed),
            qr=address_of(services.public_url, register, document),
            attachments=(
                Attachment("phan-chu.json", words, "application/json", "supplement", "Phần chữ của văn bản"),
                Attachment("xac-nhan.json", said, "application/json", "supplement", "Xác nhận và khoá công khai"),
            ),
            policy=name,
            policy_digest=digest,
            remark=remark + _outcome(seen.state),
        ),
    )


def _version_of(view: ReadView, newest: Document, version: int | None) -> Document:
    if version is None or version == newest.version:
        return newest
    older = [d for _, _, d in view.reader.history(Document, newest.id) if d.version == version]
    if not older:
        raise NotFoundError("version of document", f"{newest.id}.{version}")
    return older[-1]


def _words(services: Services, view: ReadView, document: Document, signed: list[Signature]) -> tuple[bytes, str]:
    """The print as it was frozen; for a document from before there were prints, words of now, and a remark."""
    missing = NotFoundError("page of document", document.id)
    stored = print_in(view.reader, document.id, document.version)
    if stored is not None:
        if stored.body is None:
            raise missing
        return stored.body.encode(), ""
    is_attested = not document.content or document.method is Method.ATTESTED
    if is_attested or papers.print_hash_of(document.content) is not None:
        raise missing
    if view.org.binding_for(document.office, view.now) is None:
        raise missing
    body = papers.read_any(document.kind, document.content)
    giver = next((s.person for s in signed if s.side is Side.GIVER), None)
    signer = find_office_signer(view.ground, document, body, giver)
    made = compose_print(view.ground, document, body, salt=WITHOUT_SALT, signer=signer)
    if made is None:
        raise missing
    counter = services.db.counter(view.reader.register)
    revision = "" if counter is None else revision_text(counter.revision)
    remark = f"Phần chữ dựng từ sổ đăng ký tại phiên bản {revision}, không nằm trong nội dung đã xác nhận. "
    return canonical(made.json()), remark


def _outcome(state: DocumentState) -> str:
    return "Văn bản không được ban hành." if state in NOT_ISSUED else ""


def _policy(view: ReadView, document: Document) -> tuple[str, str]:
    digest = json.loads(document.content).get("policy", "") if document.content else ""
    if not digest:
        return "", ""
    pack = load_tables(view.reader.connection, digest).pack
    return f"{pack.name} {pack.version}", digest


def how_signed(signature: Signature) -> str:
    """What the signer did, in words."""
    return HOW_KNOWN.get(signature.how.auth if signature.how else "", HOW[signature.method])


def _block(view: ReadView, document: Document, signature: Signature, *, has_name: bool) -> SignedBlock:
    """The print names who signs. Where somebody else signed, or words of now name them, the signature does."""
    named = papers.named_signer(document.content)
    is_another = signature.side is Side.GIVER and named is not None and signature.person != named
    person = view.reader.get(Person, signature.person) if has_name or is_another else None
    how = how_signed(signature)
    return SignedBlock(
        side=str(signature.side),
        label=LABELS[signature.method],
        at=local(signature.signed_at).replace(microsecond=0).isoformat(),
        how=f"{ANOTHER} ({signature.capacity}). {how}" if is_another else how,
        id=signature.id,
        name="" if person is None else person.name,
    )


def confirmations_of(view: ReadView, signed: list[Signature]) -> list[dict[str, object]]:
    """What the service confirmed, its signature over it, the key to check it with; of a passkey its own, too."""
    if not signed:
        return []
    keys = {key.id: key for key in public_keys(view.reader.connection, SEAL.purpose)}
    return [
        {
            "statement": statement(str(view.reader.register), s),
            "confirmation": s.confirmation,
            "key": s.key,
            "public": keys[s.key].public_hex if s.key in keys else "",
            **_assertion(view, s),
        }
        for s in signed
    ]


def _assertion(view: ReadView, signature: Signature) -> dict[str, object]:
    kept = signature.how.assertion if signature.how else None
    if kept is None:
        return {}
    key = public_key(view.reader.connection, kept.key)
    return {"assertion": asdict(kept), "passkey": "" if key is None else key.public_hex}


def address_of(public_url: str, register: str, document: Document) -> str:
    """What the square on a paper says: the paper's page, and the content's hash where browsers do not send it."""
    shown = base64.urlsafe_b64encode(bytes.fromhex(document.sha256)).rstrip(b"=").decode()
    name = f"{document.id}.{document.version}"
    if public_url.startswith("https://"):
        return f"{public_url}/k/{name}#{shown}"
    return f"access-service:{register}/{name}#{shown}"


# -- shown to those who may read


@powerless("a page is shown, and that it was")
def show_html(services: Services, caller: Caller, id_: DocumentId, version: int | None = None) -> str:
    """The document as a page for whoever may read it; that it was shown is written down."""
    found, seen, view = let_read(services, caller, id_, version)
    page = render_html(found.paper)
    was_shown(view, services, caller, found)
    tell_read(services, view, seen, file=sha256_hex(page.encode()))
    return page


@powerless("a page is shown, and that it was; a signed one is kept as it was first given out")
def show_pdf(services: Services, caller: Caller, id_: DocumentId, version: int | None = None) -> bytes:
    """The document as PDF for whoever may read it: a draft made anew each time, a signed one as it is kept."""
    found, seen, view = let_read(services, caller, id_, version)
    data = _pdf(services, caller.register, caller.account, found)
    was_shown(view, services, caller, found)
    tell_read(services, view, seen, file=sha256_hex(data))
    return data


def let_read(
    services: Services, caller: Caller, id_: DocumentId, version: int | None
) -> tuple[PaperToShow, DocumentSeen, ReadView]:
    """A paper for whoever may read it."""
    with look(services, caller) as view:
        seen = find_document(view, caller, id_)
        return gather_paper(services, view, seen, version), seen, view


def was_shown(view: ReadView, services: Services, caller: Caller, found: PaperToShow) -> None:
    """Written down once the page is made."""
    keep_all_shown(view, services, caller, [found])


@powerless("pages were shown, and that they were is written down")
def keep_all_shown(view: ReadView, services: Services, caller: Caller, found: Sequence[PaperToShow]) -> None:
    """Written down once the pages are made: what could not be made was sent to nobody."""
    drafts = [paper.document for paper in found if not paper.is_final]
    if drafts:
        with services.db.aside() as connection:
            shown = [(document.id, document.version) for document in drafts]
            keep_shown(connection, caller.register, shown, caller.account, view.now)


def print_paper(
    services: Services, register: RegisterId, id_: DocumentId, version: int | None = None, *, as_html: bool = False
) -> bytes:
    """The document for the operator at the command line, who stands in the log as its reader."""
    found = _gather(services, register, id_, version)
    data = render_html(found.paper).encode() if as_html else _pdf(services, register, "operator", found)
    document = found.document
    details: dict[str, Json] = {"version": document.version, "file": sha256_hex(data)}
    services.db.note(
        register, "operator", Happening("document.read", document.id, details=details, unit=document.office)
    )
    return data


def file_paper(
    services: Services, register: RegisterId, actor: str, id_: DocumentId, version: int | None = None
) -> FiledPaper:
    """Everything of a paper that a dossier holds; `NotFoundError` for one without a page.

    Whoever asks says in the log that it was read: of a dossier one event names them all.
    """
    found = _gather(services, register, id_, version)
    inside = {attachment.name: attachment.data for attachment in found.paper.attachments}
    pdf = _pdf(services, register, actor, found)
    return FiledPaper(found.document, found.is_final, {CONTENT_NAME: found.paper.content, **inside, PDF_NAME: pdf})


def _gather(services: Services, register: RegisterId, id_: DocumentId, version: int | None) -> PaperToShow:
    with services.db.read(register) as reader:
        view = ReadView(reader, None, services.db.now_in(reader.connection, register))
        return gather_paper(services, view, see_document(view, reader.require(Document, id_)), version)


# -- files


def _pdf(services: Services, register: RegisterId, actor: AccountId | str, shown: PaperToShow) -> bytes:
    fonts = find_family()
    if not shown.is_final or services.files is None:
        return render_pdf(shown.paper, fonts)
    kept = _kept(services, register, shown.document)
    if kept is not None:
        data = services.files.get(kept.sha256)
        if data is not None:
            return data
    came_back = newest_upload(services, register, shown.document) if shown.is_signed_elsewhere else None
    data = render_pdf(shown.paper, fonts) if came_back is None else came_back
    sealed: dict[str, Json] = {}
    if kept is None:
        data, sealed = seal_paper(services, data, certifies=came_back is None)
    sha256 = services.files.put(data)
    if kept is not None:
        if sha256 != kept.sha256:
            raise UnavailableError(
                f"the file `{kept.sha256}` of a signed paper is missing; restore it from a backup"
            )
        return data
    made_of: dict[str, Json] = {
        "font": fonts.sha256,
        "template": str(shown.paper.print["template"]),
        "typst": typst_version(),
    }
    if came_back is not None:
        made_of = {"upload": sha256_hex(came_back)}
    file = _keep(services, register, actor, shown, data, sha256, made_of | sealed)
    return data if file.sha256 == sha256 else services.files.require(file.sha256)


def newest_upload(services: Services, register: RegisterId, document: Document) -> bytes | None:
    """What came back last of this version, signed in another program; None where nothing did."""
    if services.files is None:
        return None
    with services.db.read(register) as reader:
        found = files_of_version(reader.connection, register, document.id, document.version)
    uploads = [file for file in found if file.kind is FileKind.UPLOADED and file.erased_at is None]
    return services.files.require(uploads[-1].sha256) if uploads else None


def keep_pdf(services: Services, register: RegisterId, actor: AccountId | str, shown: PaperToShow) -> bytes:
    """The file of a signed paper, kept when it is first asked for; whoever calls it has let the reader in."""
    return _pdf(services, register, actor, shown)


def _kept(services: Services, register: RegisterId, document: Document) -> DocumentFile | None:
    with services.db.read(register) as reader:
        return file_of(reader.connection, register, document.id, document.version, FileKind.FINAL)


def _keep(
    services: Services,
    register: RegisterId,
    actor: AccountId | str,
    shown: PaperToShow,
    data: bytes,
    sha256: str,
    made_of: dict[str, Json],
) -> DocumentFile:
    """Name the file in the log, unless another node was first: then its file counts."""
    document = shown.document
    with services.db.noting(register, actor) as tx:
        first = file_of(tx.connection, register, document.id, document.version, FileKind.FINAL)
        if first is not None:
            return first
        file = DocumentFile(sha256, document.id, document.version, FileKind.FINAL, PDF, len(data), tx.now)
        add_file(tx.connection, register, file)
        details: dict[str, Json] = {
            "version": document.version,
            "kind": str(file.kind),
            "pdf_sha256": sha256,
            "size": len(data),
            **made_of,
        }
        tx.append([Happening("document.file", document.id, details=details, unit=document.office)], tx.before)
    return file


def open_files(folder: Path) -> FileStore:
    """The folder of files of papers."""
    return FileStore(folder)


def choose_type(folder: Path | None) -> None:
    """Look at the type that the operator named, before anybody asks for a paper; without one nothing is read."""
    choose_folder(folder)
    if folder is None:
        return
    try:
        find_family()
    except FontError as error:
        raise UnavailableError(str(error)) from error


# -- whoever holds a paper


def look_up_paper(services: Services, name: str) -> PaperLookedUp | None:
    """What the page behind a paper's square says; None for anything that is not a version of one of ours."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    id_, version = DocumentId(found[1]), int(found[2])
    for row in services.db.registers():
        register = RegisterId(str(row["id"]))
        with services.db.read(register) as reader:
            newest = reader.get(Document, id_)
            if newest is None or not newest.content:
                continue
            view = ReadView(reader, None, services.db.now_in(reader.connection, register))
            try:
                document = _version_of(view, newest, version)
            except NotFoundError:
                return None
            return PaperLookedUp(
                kind=document.kind,
                state=state_now(view, newest),
                year=_issued(newest).year,
                sha256=document.sha256,
                is_newest=version == newest.version,
            )
    return None


def _issued(document: Document) -> datetime:
    return local(document.signed_at or document.valid_from)
