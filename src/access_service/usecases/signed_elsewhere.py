"""A paper that was signed in another program comes back: what is believed of the file becomes signatures.

Who brings the file says nothing; the certificate does. Each new signature passes the very rules of signing here,
asked of the person whose certificate it is (`signatures.find_turn`), and what the last one brings about happens in
the same transaction. The file is kept byte for byte, and the next signer signs behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from access_service.domain.acting import is_leaving
from access_service.domain.certificates import (
    RegisteredCertificate,
    check_signer_account,
    check_signs_for_unit,
    check_signs_side,
    find_holder,
)
from access_service.domain.documents import Document, Signature, SignedHow, next_side
from access_service.domain.errors import UnavailableError
from access_service.domain.names import AccountState, DocumentId, Method, PersonId, Side
from access_service.domain.papers import print_hash_of
from access_service.domain.powers import Power, ends, power, yields
from access_service.domain.signed_files import check_brings, check_goes_on, check_took_turn
from access_service.domain.statements import SigningWay, check_finishes
from access_service.domain.turns import check_version
from access_service.evidence.layout import CONTENT_NAME
from access_service.signing.canonical import sha256_hex
from access_service.signing.pdf_check import ForeignSignature, GivenOut
from access_service.signing.pdf_fields import GIVER_FIELD, OFFICE_FIELD, RECEIVER_FIELD
from access_service.storage.paper_pages import DocumentFile, FileKind, add_file, files_of_version
from access_service.usecases.evidence.reading_papers import acts_for, find_document
from access_service.usecases.handover.certificates import check_file
from access_service.usecases.handover.signatures import (
    Presented,
    Signed,
    Turn,
    add_signature,
    find_turn,
    make_signature,
    new_nonce,
)
from access_service.usecases.identity.accounts import account_state, caller_of
from access_service.usecases.paper_pages import PDF
from access_service.usecases.services import Act, Caller, ReadView, Services, act, look, refusing

_ACT = "document.upload"
FIELDS = {GIVER_FIELD: Side.GIVER, RECEIVER_FIELD: Side.RECEIVER}
"""Whose place a field is; those of other sides bear their names."""


@dataclass(frozen=True, slots=True)
class SignatureFound:
    """A signature of the file, and whose it is."""

    field: str
    certificate: RegisteredCertificate
    found: ForeignSignature
    is_new: bool


@dataclass(frozen=True, slots=True)
class FileTaken:
    """What a file that came back brought."""

    document: Document
    file: str
    """SHA-256, hex."""
    signatures: tuple[SignatureFound, ...]
    signed: tuple[Signed, ...]
    """What each new signature of a side did."""


@power(
    yields(Power.PAPER, Power.OFFICE, Power.GRANT, Power.CUSTODY, Power.ACCOUNT, Power.SOFTWARE)
    | ends(Power.PAPER, Power.OFFICE, Power.GRANT, Power.CUSTODY, Power.ACCOUNT)
)
def take_signed_pdf(services: Services, caller: Caller, id_: DocumentId, version: int, pdf: bytes) -> FileTaken:
    """Take a file of that version, with every signature that is new in it.

    For a party of the paper and whoever acts for its office. The same file again changes nothing.
    """
    with look(services, caller) as view:
        seen = find_document(view, caller, id_)
        document = seen.document
        check_brings(caller, document, acts_for=acts_for(view, document.office))
        known = files_of_version(view.reader.connection, caller.register, id_, version)
    with refusing(services, caller, _ACT, id_):
        found = check_file(services, pdf, _form_of(services, document, known, pdf), needs_revocation=False)
        sha256 = sha256_hex(pdf)
        if any(f.kind is FileKind.UPLOADED and f.sha256 == sha256 for f in known):
            return _again(services, caller, document, sha256, found)
    if services.files is None:
        raise UnavailableError("no folder of files is set")
    services.files.put(pdf)
    with act(services, caller, _ACT, id_) as doing:
        document = doing.tx.require(Document, id_)
        check_version(document, version)
        uploads = [
            f
            for f in files_of_version(doing.tx.connection, caller.register, id_, version)
            if f.kind is FileKind.UPLOADED
        ]
        check_goes_on(document, [(f.size, f.sha256) for f in uploads], lambda size: sha256_hex(pdf[:size]))
        return _take(doing, document, pdf, sha256, found)


def _again(
    services: Services, caller: Caller, document: Document, sha256: str, found: tuple[ForeignSignature, ...]
) -> FileTaken:
    """What the same file brought when it came first."""
    with look(services, caller) as view:
        held = _holders(view, document, found)
    same = tuple(SignatureFound(one.field, held[one.field], one, is_new=False) for one in found)
    return FileTaken(document, sha256, same, ())


def _form_of(services: Services, document: Document, known: Sequence[DocumentFile], pdf: bytes) -> GivenOut:
    """The form that the file begins with; any other where it begins with none, so that the check says so."""
    fields = frozenset({GIVER_FIELD, RECEIVER_FIELD, OFFICE_FIELD, *map(str, Side)})
    given = b"\0"
    if services.files is not None:
        for file in known:
            if file.kind is FileKind.FORM and sha256_hex(pdf[: file.size]) == file.sha256:
                given = services.files.require(file.sha256)
    return GivenOut(given, document.content.encode(), CONTENT_NAME, fields)


def _take(
    doing: Act, document: Document, pdf: bytes, sha256: str, found: tuple[ForeignSignature, ...]
) -> FileTaken:
    held = _holders(doing, document, found)
    given = {s.side: s for s in doing.tx.find(Signature, document=document.id) if s.version == document.version}
    brought, signed = list[SignatureFound](), list[Signed]()
    for one in found:
        certificate = held[one.field]
        if one.field == OFFICE_FIELD:
            check_signs_for_unit(document, certificate)
            brought.append(SignatureFound(one.field, certificate, one, is_new=True))
            continue
        side = FIELDS.get(one.field) or Side(one.field)
        before = given.get(side)
        if before is not None:
            check_took_turn(document, before, certificate.sha256)
            brought.append(SignatureFound(one.field, certificate, one, is_new=False))
            continue
        signed.append(_sign(doing, document.id, certificate, one, side))
        brought.append(SignatureFound(one.field, certificate, one, is_new=True))
    file = DocumentFile(sha256, document.id, document.version, FileKind.UPLOADED, PDF, len(pdf), doing.now)
    add_file(doing.tx.connection, doing.tx.register, file)
    doing.tx.happened(
        _ACT,
        document.id,
        unit=document.office,
        version=document.version,
        file=sha256,
        size=len(pdf),
        signatures=[_told(one) for one in brought],
    )
    after = doing.tx.require(Document, document.id)
    return FileTaken(after, sha256, tuple(brought), tuple(signed))


def _told(one: SignatureFound) -> dict[str, str]:
    """As the log has it: no subject, which names people."""
    said = {"field": one.field, "certificate": one.certificate.sha256, "registered": one.certificate.id}
    if one.found.signed_at is not None:
        said["stamped_at"] = one.found.signed_at.isoformat()
    if one.found.claimed_at is not None:
        said["claimed_at"] = one.found.claimed_at.isoformat()
    return said


def _holders(
    view: ReadView, document: Document, found: tuple[ForeignSignature, ...]
) -> dict[str, RegisteredCertificate]:
    """Whose certificate each signature is by, at its hour: of a stamp, of the upload that brought it, or now."""
    first = {
        s.how.credential: s.signed_at
        for s in view.reader.find(Signature, document=document.id)
        if s.version == document.version and s.method is Method.PADES and s.how is not None
    }
    known = view.reader.find(RegisteredCertificate, sha256=sorted({one.certificate.sha256 for one in found}))
    return {
        one.field: find_holder(
            [c for c in known if c.sha256 == one.certificate.sha256],
            one.signed_at or first.get(one.certificate.sha256, view.now),
            one.certificate.sha256,
        )
        for one in found
    }


def _sign(
    doing: Act, id_: DocumentId, certificate: RegisteredCertificate, found: ForeignSignature, side: Side
) -> Signed:
    """One signature of a side, by every rule of signing, asked of the certificate's holder."""
    document = doing.tx.require(Document, id_)
    given = doing.tx.find(Signature, document=id_)
    person = check_signs_side(document, certificate, side, next_side(document, given))
    view = _as_signer(doing, person)
    turn = find_turn(view, Presented(id_, document.version, document.sha256), is_shown=True)
    made = make_signature(view, turn, SigningWay.PADES, _how(turn, certificate), found.signed_at or doing.now)
    return add_signature(doing, turn, replace(made, account=None))


def _as_signer(doing: Act, person: PersonId) -> ReadView:
    """The act's own view, as the signer has it: their account must stand, as for whoever signs here."""
    held = doing.use_account_of(person)
    if held is not None and account_state(doing.tx, held, doing.now) is not AccountState.ACTIVE:
        # Whoever has left still hands back; whose account is stopped signs nothing.
        held = held if is_leaving(doing.tx, held, doing.now) else None
    account = check_signer_account(held)
    signer = caller_of(doing.gather, account, doing.now, even_leaving=True)
    view = ReadView(doing.tx, signer, doing.now)
    view.org, view.gather = doing.org, doing.gather
    return view


def _how(turn: Turn, certificate: RegisteredCertificate) -> SignedHow | None:
    words = print_hash_of(turn.document.content)
    if words is None:
        check_finishes(turn.document, SigningWay.PADES)
        return None
    return SignedHow(str(SigningWay.PADES), new_nonce(), words, None, certificate.sha256)
