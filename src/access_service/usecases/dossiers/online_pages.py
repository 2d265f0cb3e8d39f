"""A dossier as pages, for the team of a decision to inspect, while its days last; each page is an event.

The pages are those of the ZIP without what makes it prove itself: proofs, keys and tools. Whoever wants proof asks
for the dossier. Who has nothing opened by a decision hears the same as the team once its last day is over.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from access_service.domain.edges import inspections_of
from access_service.domain.errors import NotFoundError
from access_service.domain.inspecting import first_day_inspected
from access_service.domain.names import DocumentId, RegisterId, UnitId
from access_service.domain.powers import powerless
from access_service.domain.time import local
from access_service.evidence.manifest import DossierFile
from access_service.storage.audit import LogFilter, events
from access_service.usecases.dossiers.dossier_facts import chain_file, directives_file, software_file
from access_service.usecases.dossiers.dossier_pages import issued_by, list_files
from access_service.usecases.dossiers.dossier_papers import gather_papers, list_papers
from access_service.usecases.dossiers.dossier_request import LONGEST_DAYS, DossierRequest, check_may_have
from access_service.usecases.looks import Look, hash_parameters
from access_service.usecases.paper_pages import PDF, PDF_NAME, keep_pdf
from access_service.usecases.services import Caller, ReadView, Services, look

OneSheet = Callable[[Services, RegisterId, DossierRequest, str], DossierFile]
"""Makes one matrix: sheets are written above the use cases."""
READ = "dossier.page"
EVENTS_PATH = "nhat-ky/su-kien.jsonl"
FACTS: Mapping[str, Callable[[ReadView, DossierRequest], DossierFile]] = {
    "uy-quyen/chain.json": chain_file,
    "phan-mem/danh-sach.json": software_file,
}
DIRECTIVES = "chi-dao/muc-luc.csv"
LISTS = ("muc-luc-van-ban.csv", "muc-luc-van-ban.pdf")


@dataclass(frozen=True, slots=True)
class DossierPage:
    """What there is to read."""

    path: str
    about: str
    media_type: str


@dataclass(frozen=True, slots=True)
class DossierShown:
    """All pages of a dossier, and of which days they are."""

    unit: UnitId
    inspection: DocumentId
    first: date
    last: date
    pages: tuple[DossierPage, ...]


@powerless("it shows a member of the team what their decision opens, and records that it did")
def list_pages(
    services: Services, caller: Caller, inspection: DocumentId, unit: UnitId, sheets: Mapping[str, tuple[str, str]]
) -> DossierShown:
    """Every page; `sheets` says of each matrix what it is and its media type."""
    with look(services, caller) as view:
        asked = _let_in(view, inspection, unit)
        papers = gather_papers(services, view, asked)
        now = view.now
    pages = [
        DossierPage(LISTS[0], "Mục lục văn bản, dạng bảng", "text/csv"),
        DossierPage(LISTS[1], "Mục lục văn bản", PDF),
        *(DossierPage(path, about, media_type) for path, (about, media_type) in sheets.items()),
        DossierPage("uy-quyen/chain.json", "Chuỗi uỷ quyền phía trên đơn vị", "application/json"),
        DossierPage("phan-mem/danh-sach.json", "Phần mềm khai thác dữ liệu và văn bản đồng ý", "application/json"),
        DossierPage(DIRECTIVES, "Văn bản chỉ đạo, quy chế nội bộ", "text/csv; charset=utf-8"),
        DossierPage(EVENTS_PATH, "Chuỗi sự kiện của đơn vị", "application/jsonl"),
    ]
    for paper in papers:
        pages += [DossierPage(file.path, file.about, file.media_type) for file in paper.files]
        if paper.paper is not None:
            pages.append(DossierPage(f"{paper.folder}/{PDF_NAME}", "Văn bản", PDF))
    _tell(services, caller, asked, "", "", now)
    return DossierShown(unit, inspection, asked.first, asked.last, tuple(pages))


@powerless("it shows a member of the team what their decision opens, and records that it did")
def read_page(
    services: Services,
    caller: Caller,
    inspection: DocumentId,
    unit: UnitId,
    path: str,
    sheets: Mapping[str, tuple[str, str]],
    make_sheet: OneSheet,
) -> DossierFile:
    """One page as it stands now; a signed paper is the file that was kept."""
    with look(services, caller) as view:
        asked = _let_in(view, inspection, unit)
        now = view.now
        file = _quick(services, view, asked, path)
    if file is None and path in sheets:
        file = make_sheet(services, caller.register, asked, path)
    if file is None:
        file = _paper(services, caller, asked, path)
    _tell(services, caller, asked, path, file.sha256, now)
    return file


def _let_in(view: ReadView, inspection: DocumentId, unit: UnitId) -> DossierRequest:
    """What the decision opens for the caller: its period up to today."""
    caller = view.require_caller()
    own = [i for i in inspections_of(view.ground, caller.person, unit) if i.document == inspection]
    if not own:
        raise NotFoundError("dossier under inspection", inspection)
    today = local(view.now).date()
    first = max(first_day_inspected(view.ground, own[0]), today - timedelta(days=LONGEST_DAYS))
    asked = DossierRequest(unit, first, today, inspection)
    check_may_have(view, asked)
    return asked


def _quick(services: Services, view: ReadView, asked: DossierRequest, path: str) -> DossierFile | None:
    """What needs nothing but the register."""
    if path in FACTS:
        return FACTS[path](view, asked)
    if path == DIRECTIVES:
        return directives_file()
    if path in LISTS:
        issued = issued_by(view, asked, str(asked.unit))
        listed = list_papers(gather_papers(services, view, asked), issued.name, is_redacted=False)
        made = {file.path: file for file in list_files(listed, issued, view.now)}
        return made.get(path)
    if path == EVENTS_PATH:
        found = events(view.reader.connection, view.reader.register, limit=None, wanted=LogFilter(unit=asked.unit))
        lines = b"".join(event.canonical() + b"\n" for event in found)
        return DossierFile(path, lines, "application/jsonl", "Chuỗi sự kiện của đơn vị", in_body=False)
    return None


def _paper(services: Services, caller: Caller, asked: DossierRequest, path: str) -> DossierFile:
    folder, _, name = path.rpartition("/")
    with look(services, caller) as view:
        papers = gather_papers(services, view, asked, folder)
    for paper in papers:
        if name == PDF_NAME and paper.paper is not None:
            data = keep_pdf(services, caller.register, caller.account, paper.paper)
            return DossierFile(path, data, PDF, "Văn bản")
        for file in paper.files:
            if file.path == path:
                return file
    raise NotFoundError("page of the dossier", path)


def _tell(services: Services, caller: Caller, asked: DossierRequest, path: str, sha256: str, at: datetime) -> None:
    """Each page is an event of the unit's: who read what of it, for which decision."""
    parameters = hash_parameters(inspection=asked.inspection, path=path)
    services.looks.tell(
        Look(caller.register, caller.doer, READ, asked.unit, at, asked.unit, parameters=parameters, file=sha256)
    )
