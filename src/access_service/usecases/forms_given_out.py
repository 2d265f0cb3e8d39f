"""Forms of papers that go out to be signed in another program: which one it was stands in the log, and is kept.

What comes back signed must begin with the very bytes that went out (`signing/pdf_check`, decision 0166).
"""

from collections.abc import Sequence
from dataclasses import replace

from access_service.domain.audit import Happening, Json
from access_service.domain.documents import check_waits
from access_service.domain.names import DocumentId, Side
from access_service.domain.powers import powerless
from access_service.evidence.fonts import find_family
from access_service.evidence.render import Blank, find_blanks, render_pdf
from access_service.signing.canonical import sha256_hex
from access_service.signing.pdf_fields import (
    GIVER_FIELD,
    OFFICE_FIELD,
    RECEIVER_FIELD,
    FieldPlace,
    add_fields,
)
from access_service.storage.paper_pages import DocumentFile, FileKind, add_file
from access_service.usecases.paper_pages import PDF, PaperToShow, let_read, newest_upload, was_shown
from access_service.usecases.services import Caller, Services


@powerless("an empty form is given out, and which one it was is written down")
def show_form(services: Services, caller: Caller, id_: DocumentId) -> bytes:
    """The document as it is signed elsewhere, with room for ink or a certificate: while it waits for signatures.

    The log has its hash before anybody has the file: what comes back signed must begin with it. Where somebody has
    signed elsewhere already, it is their file: the next one signs behind them.
    """
    found, seen, view = let_read(services, caller, id_, None)
    check_waits(seen.state, found.document)
    came_back = newest_upload(services, caller.register, found.document)
    data = _render(found) if came_back is None else came_back
    if services.files is not None:
        services.files.put(data)
    was_shown(view, services, caller, found)
    details: dict[str, Json] = {"version": found.document.version, "file": sha256_hex(data)}
    given = Happening("document.form", found.document.id, details=details, unit=found.document.office)
    with services.db.noting(caller.register, caller.doer) as tx:
        document = found.document
        if services.files is not None and came_back is None:
            file = DocumentFile(
                sha256_hex(data), document.id, document.version, FileKind.FORM, PDF, len(data), tx.now
            )
            add_file(tx.connection, caller.register, file)
        tx.append([given], tx.before)
    return data


def _render(found: PaperToShow) -> bytes:
    paper, fonts = replace(found.paper, stage="form"), find_family()
    return add_fields(render_pdf(paper, fonts), _places(find_blanks(paper, fonts)))


def _places(blanks: Sequence[Blank]) -> list[FieldPlace]:
    """A field for each side that signs, and one for the organisation over the left third of the first.

    Where an organisation's digital signature stands: Decree 30/2020, appendix I.
    """
    named = {str(Side.GIVER): (GIVER_FIELD, "bên giao"), str(Side.RECEIVER): (RECEIVER_FIELD, "bên nhận")}
    places = [
        FieldPlace(name, f"Chữ ký số của {words}", one.page - 1, one.x, one.y, one.width, one.height)
        for one in blanks
        for name, words in [named.get(one.side, (one.side, one.side))]
    ]
    office = next((one for one in blanks if one.side == str(Side.GIVER)), None)
    if office is not None:
        at = office.page - 1, office.x, office.y, office.width / 3, office.height
        places.append(FieldPlace(OFFICE_FIELD, "Chữ ký số của cơ quan, đơn vị", *at))
    return places
