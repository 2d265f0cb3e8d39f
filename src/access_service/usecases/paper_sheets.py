"""Papers inside our own pages: as people read them, written down as shown, and two versions side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import SequenceMatcher

from access_service.domain import papers
from access_service.domain.codes import CodeShown
from access_service.domain.documents import Document, Signature, lapses_at
from access_service.domain.errors import NotFoundError
from access_service.domain.names import DocumentId, DocumentState, PersonId
from access_service.domain.org import Person
from access_service.domain.powers import powerless
from access_service.evidence.html import list_lines, render_sheet
from access_service.signing.canonical import sha256_hex
from access_service.signing.documents import check_confirmation
from access_service.signing.keys import BadSignatureError
from access_service.storage.keys import public_key
from access_service.storage.prints import read_prints_ahead
from access_service.usecases.evidence.reading_papers import DocumentSeen, find_document, pack_or_none, tell_read
from access_service.usecases.handover.paper_acts import PaperAct, acts_on
from access_service.usecases.paper_pages import PaperToShow, gather_paper, how_signed, keep_all_shown
from access_service.usecases.services import Caller, ReadView, Services, look

ANSWERS = (PaperAct.RETURN, PaperAct.DECLINE)
"""What can be done with a paper that waits, other than signing it."""


@dataclass(frozen=True, slots=True)
class SheetSignature:
    """A signature with its signer's name, and whether the service's confirmation of it verifies."""

    signature: Signature
    name: str
    how: str
    """What the signer did, in words."""
    is_verified: bool | None
    """None where the key is not known here."""


@dataclass(frozen=True, slots=True)
class SheetStep:
    """One step of a paper's way: a state that it took, by which version, when, and why."""

    version: int
    state: DocumentState
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class SheetShown:
    """A version of a paper as a page of ours shows it."""

    document: Document
    newest: int
    """The number of the newest version; this one may be older."""
    state: DocumentState
    """Of the newest version, with lapsing applied."""
    html: str
    """The paper itself, every word escaped; empty where there is no page: erased, or entered from elsewhere."""
    receiver: str
    signer: str
    signatures: tuple[SheetSignature, ...]
    steps: tuple[SheetStep, ...]
    code_seen_by_giver: bool
    lapses_at: datetime | None
    """When it will have waited too long; None while it waits for nobody."""
    can: frozenset[PaperAct]


@dataclass(frozen=True, slots=True)
class LineChange:
    """A line of both versions: the same, gone, new, or with other words; each as parts, changed or not."""

    kind: str
    """`same`, `old`, `new` or `both`."""
    old: tuple[tuple[bool, str], ...]
    new: tuple[tuple[bool, str], ...]

    @property
    def is_change(self) -> bool:
        """Do the versions differ here?"""
        return self.kind != "same"


@dataclass(frozen=True, slots=True)
class VersionChanges:
    """Two versions, line by line."""

    old: int
    new: int
    lines: tuple[LineChange, ...]


@powerless("pages are shown, and that they were")
def show_sheets(services: Services, caller: Caller, ids: Sequence[DocumentId]) -> list[SheetShown]:
    """The newest versions of papers that the caller may read, in the order given, to be answered.

    Their way and the checks of their signatures are left out: whoever wants them opens one.
    """
    with look(services, caller) as view:
        _read_ahead(view, ids)
        wanted = [(find_document(view, caller, id_), None) for id_ in ids]
        return _shown(services, caller, view, wanted, ANSWERS, has_way=False)


def _read_ahead(view: ReadView, ids: Sequence[DocumentId]) -> None:
    """What sixty papers have in common is asked once, not sixty times."""
    reader = view.reader
    reader.read_ahead(Document, "id", ids)
    found = [document for id_ in ids if (document := reader.get(Document, id_)) is not None]
    reader.read_ahead(Signature, "document", ids)
    reader.read_ahead(CodeShown, "holder", [d.receiver for d in found if d.receiver is not None])
    read_prints_ahead(reader, [(d.id, d.version) for d in found])


@powerless("a page is shown, and that it was")
def show_sheet(services: Services, caller: Caller, id_: DocumentId, version: int | None = None) -> SheetShown:
    """One version of a paper that the caller may read."""
    with look(services, caller) as view:
        return _shown(
            services, caller, view, [(find_document(view, caller, id_), version)], tuple(PaperAct), has_way=True
        )[0]


def _shown(
    services: Services,
    caller: Caller,
    view: ReadView,
    wanted: Sequence[tuple[DocumentSeen, int | None]],
    acts: tuple[PaperAct, ...],
    *,
    has_way: bool,
) -> list[SheetShown]:
    gathered = [(seen, _gather(services, view, seen, version)) for seen, version in wanted]
    names = _names(view, gathered)
    sheets = [_sheet(view, seen, found, names, acts, has_way=has_way) for seen, found in gathered]
    keep_all_shown(view, services, caller, [found for _, found in gathered if found is not None])
    for sheet, (seen, found) in zip(sheets, gathered, strict=True):
        tell_read(services, view, seen, file="" if found is None else sha256_hex(sheet.html.encode()))
    return sheets


def _gather(services: Services, view: ReadView, seen: DocumentSeen, version: int | None) -> PaperToShow | None:
    """The words; None for a newest version without a page, which is shown by what the register says of it."""
    try:
        return gather_paper(services, view, seen, version)
    except NotFoundError:
        if version is not None:
            raise
        return None


def _sheet(
    view: ReadView,
    seen: DocumentSeen,
    found: PaperToShow | None,
    names: Mapping[PersonId, str],
    acts: tuple[PaperAct, ...],
    *,
    has_way: bool,
) -> SheetShown:
    newest = seen.document
    document = newest if found is None else found.document
    signer = papers.named_signer(document.content)
    return SheetShown(
        document=document,
        newest=newest.version,
        state=seen.state,
        html="" if found is None else render_sheet(found.paper),
        receiver=names.get(document.receiver, "") if document.receiver else "",
        signer=names.get(signer, "") if signer else "",
        signatures=tuple(
            SheetSignature(s, names.get(s.person, ""), how_signed(s), _is_verified(view, s))
            for s in seen.signatures
            if has_way
        ),
        steps=tuple(_steps(view, newest, seen.state)) if has_way else (),
        code_seen_by_giver=seen.code_seen_by_giver,
        lapses_at=_lapses(view, newest),
        can=acts_on(view, newest, seen.signatures, acts) if document.version == newest.version else frozenset(),
    )


def _names(view: ReadView, gathered: Sequence[tuple[DocumentSeen, PaperToShow | None]]) -> dict[PersonId, str]:
    """Of everybody who stands on these papers."""
    people: set[PersonId] = set()
    for seen, found in gathered:
        document = seen.document if found is None else found.document
        signer = papers.named_signer(document.content)
        people |= {*(s.person for s in seen.signatures), *filter(None, (document.receiver, signer))}
    return {p.id: p.name for p in view.reader.find(Person, id=sorted(people))}


def _lapses(view: ReadView, newest: Document) -> datetime | None:
    pack = pack_or_none(view, newest.office)
    return None if pack is None else lapses_at(newest, timedelta(days=pack.number("document_lapse_days")))


def _steps(view: ReadView, newest: Document, state: DocumentState) -> list[SheetStep]:
    found: list[SheetStep] = []
    for _, _, row in view.reader.history(Document, newest.id):
        step = SheetStep(row.version, row.state, row.state_since, row.reason or "")
        if not found or (found[-1].version, found[-1].state) != (step.version, step.state):
            found.append(step)
    if state is not newest.state:
        found.append(SheetStep(newest.version, state, view.now, ""))
    return found


def _is_verified(view: ReadView, signature: Signature) -> bool | None:
    key = public_key(view.reader.connection, signature.key)
    if key is None:
        return None
    if key.valid_to is not None and signature.valid_from >= key.valid_to:
        return False
    try:
        check_confirmation(key.public_hex, view.reader.register, signature)
    except BadSignatureError:
        return False
    return True


# -- two versions


@powerless("two versions are read, line by line")
def compare_versions(
    services: Services, caller: Caller, id_: DocumentId, old: int | None = None, new: int | None = None
) -> tuple[DocumentSeen, VersionChanges]:
    """What the words of two versions say otherwise; left out, the newest and the one before it.

    Reading them so is not being shown the page that is signed.
    """
    with look(services, caller) as view:
        seen = find_document(view, caller, id_)
        new = new or seen.document.version
        old = old or max(new - 1, 1)
        before, after = (list_lines(gather_paper(services, view, seen, v).paper) for v in (old, new))
        tell_read(services, view, seen)
        return seen, VersionChanges(old, new, tuple(compare_lines(before, after)))


def compare_lines(before: Sequence[str], after: Sequence[str]) -> list[LineChange]:
    """Line by line; where a line has other words, word by word."""
    found: list[LineChange] = []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        old, new = list(before[a:b]), list(after[c:d])
        if kind == "equal":
            found += [LineChange("same", ((False, line),), ((False, line),)) for line in old]
            continue
        paired = min(len(old), len(new))
        found += [LineChange("both", *_words(x, y)) for x, y in zip(old, new, strict=False)]
        found += [LineChange("old", ((True, line),), ()) for line in old[paired:]]
        found += [LineChange("new", (), ((True, line),)) for line in new[paired:]]
    return found


def _words(old: str, new: str) -> tuple[tuple[tuple[bool, str], ...], tuple[tuple[bool, str], ...]]:
    a, b = old.split(), new.split()
    before: list[tuple[bool, str]] = []
    after: list[tuple[bool, str]] = []
    for kind, i, j, k, n in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if i < j:
            before.append((kind != "equal", " ".join(a[i:j])))
        if k < n:
            after.append((kind != "equal", " ".join(b[k:n])))
    return tuple(before), tuple(after)
