"""A dossier as one ZIP: the event that it is made comes first, then a checkpoint: so it holds its own event."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO

from access_service.domain.audit import FIRST_FORMAT, GENESIS, Doer, Event, Happening, Json, instant
from access_service.domain.names import AccountId, RegisterId
from access_service.domain.powers import powerless
from access_service.evidence.covers import SelfCheck
from access_service.evidence.manifest import (
    MANIFEST,
    SEALED,
    DossierFile,
    list_body,
    sealed_text,
    sum_up,
    write_manifest,
)
from access_service.evidence.zipper import write_zip
from access_service.signing.canonical import sha256_hex
from access_service.signing.documents import check_confirmation
from access_service.signing.keys import BadSignatureError
from access_service.signing.notes import sign_note
from access_service.storage.keys import public_keys
from access_service.usecases.dossiers.dossier_facts import chain_file, directives_file, rule_files, software_file
from access_service.usecases.dossiers.dossier_log import MADE, DossierLog, gather_log, key_file, seal_name
from access_service.usecases.dossiers.dossier_pages import cover_file, issued_by, list_files, purpose_of, tool_files
from access_service.usecases.dossiers.dossier_papers import DossierPaper, accounts_of, gather_papers, list_papers
from access_service.usecases.dossiers.dossier_request import DossierRequest, check_may_have
from access_service.usecases.keys import SEAL
from access_service.usecases.log.checkpoints import make_checkpoint
from access_service.usecases.looks import Look, hash_parameters
from access_service.usecases.paper_pages import keep_pdf
from access_service.usecases.services import Caller, ReadView, Services, look

SheetMaker = Callable[[Services, RegisterId, DossierRequest], Sequence[DossierFile]]
"""Makes the matrices of a dossier: sheets are written above the use cases."""


@dataclass(frozen=True, slots=True)
class MadeDossier:
    """What was written."""

    files: int
    sha256_of_body: str
    checkpoint: str
    """The signed checkpoint that closes it: whoever keeps it can prove later that nothing changed."""


def check_dossier(services: Services, caller: Caller, asked: DossierRequest) -> None:
    """Raise unless the caller may have that dossier now."""
    with look(services, caller) as view:
        check_may_have(view, asked)


@powerless("it hands out what the caller may read anyway, and records that it did")
def make_dossier(
    services: Services,
    register: RegisterId,
    caller: Caller | None,
    asked: DossierRequest,
    make_sheets: SheetMaker,
    stream: IO[bytes],
    step: Callable[[int, int], None] = lambda _done, _of: None,
) -> MadeDossier:
    """Write the dossier. `caller` is None for the operator. `step` hears how far it is."""
    with services.db.read(register) as reader:
        view = ReadView(reader, caller, services.db.now_in(reader.connection, register))
        unit = check_may_have(view, asked)
        papers = gather_papers(services, view, asked)
        accounts = accounts_of(view, papers)
        facts = [chain_file(view, asked), software_file(view, asked), directives_file()]
        issued, purpose = issued_by(view, asked, unit.name), purpose_of(view, asked)
    step(1, 5)
    actor: AccountId | str = "operator" if caller is None else caller.account
    for paper in papers:
        if paper.paper is not None:
            data = keep_pdf(services, register, actor, paper.paper)
            paper.files.append(DossierFile(f"{paper.folder}/van-ban.pdf", data, "application/pdf", "Văn bản"))
    step(2, 5)
    sheets = [*make_sheets(services, register, asked)]
    step(3, 5)
    keys = key_file(services, _passkeys(papers))
    dossier = services.new_id("dos")
    said: dict[str, Json] = {"dossier": dossier, "keys_sha256": keys.sha256, **asked.parameters()}
    doer: str | Doer = "operator" if caller is None else caller.doer
    services.db.note(register, doer, Happening(MADE, asked.unit, details=said, unit=asked.unit))
    make_checkpoint(services, register)
    log = gather_log(services, register, asked, dossier, [p.document.id for p in papers], accounts)
    step(4, 5)
    with services.db.read(register) as reader:
        view = ReadView(reader, caller, services.db.now_in(reader.connection, register))
        rules, packs = rule_files(view, log.chain, asked.last)
        checks = [*_check_papers(view, papers), _check_chain(log.chain)]
    made_at = log.chain[-1].recorded_at
    listed = list_papers(papers, unit.name, is_redacted=asked.is_redacted)
    files = [*facts, *sheets, *(file for paper in papers for file in paper.files)]
    files += [
        *list_files(listed, issued, asked.end),
        *tool_files(is_redacted=asked.is_redacted),
        keys,
        *log.files,
        *rules,
    ]
    body = list_body(files)
    files.append(cover_file(asked, issued, papers, log, checks, files, body, made_at, purpose))
    files.append(sum_up(files))
    head = _head(services, register, asked, log, papers, packs)
    head["free_text"] = _unaltered(files) if asked.is_redacted else []
    manifest = write_manifest(files, head)
    seal = sign_note(sealed_text(manifest), seal_name(services, register), services.seal)
    members = [(file.path, file.data) for file in files] + [(MANIFEST, manifest), (SEALED, seal.encode())]
    write_zip(stream, members, asked.last)
    step(5, 5)
    note = next(f.data.decode() for f in log.files if f.path.endswith("/checkpoint"))
    return MadeDossier(len(members), hashlib.sha256(body).hexdigest(), note)


def _passkeys(papers: list[DossierPaper]) -> set[str]:
    """The keys with which somebody signed."""
    signed = [s.how.assertion for paper in papers for s in paper.signatures if s.how is not None]
    return {assertion.key for assertion in signed if assertion is not None}


def _head(
    services: Services,
    register: RegisterId,
    asked: DossierRequest,
    log: DossierLog,
    papers: list[DossierPaper],
    packs: list[dict[str, str]],
) -> dict[str, object]:
    last = log.chain[-1]
    return {
        "register": str(register),
        "unit": str(asked.unit),
        "from": instant(asked.start),
        "to": instant(asked.end),
        "inspection": asked.inspection,
        "revision": last.revision,
        "made_at": instant(last.recorded_at),
        "checkpoint": {
            "origin": log.checkpoint.origin,
            "size": log.checkpoint.size,
            "root": log.checkpoint.root.hex(),
        },
        "unit_chain": {"n": last.unit_seq, "head": log.head},
        "packs": packs,
        "erased": sorted(f"{p.document.id}.{p.document.version}" for p in papers if p.is_erased),
        "redacted": asked.is_redacted,
        "sealed_as": seal_name(services, register),
    }


def _unaltered(files: Sequence[DossierFile]) -> list[str]:
    """Files of a redacted dossier in which people's own words stand as they were signed or hashed."""
    return sorted(f.path for f in files if f.path.endswith(("/noi-dung.json", ".jsonl")))


def _check_papers(view: ReadView, papers: list[DossierPaper]) -> list[SelfCheck]:
    """What the service looked at itself: hashes and confirmations of every paper."""
    keys = {key.id: key.public_hex for key in public_keys(view.reader.connection, SEAL.purpose)}
    words = signed = 0
    for paper in papers:
        if paper.words is not None and paper.words.body is not None:
            words += sha256_hex(paper.words.body.encode()) != paper.words.sha256
        for signature in paper.signatures:
            try:
                check_confirmation(keys.get(signature.key, "00" * 32), str(view.reader.register), signature)
            except BadSignatureError:
                signed += 1
    return [
        SelfCheck("Phần chữ của văn bản khớp mã băm", words == 0, _result(words), "van-ban/"),
        SelfCheck("Xác nhận của hệ thống đúng", signed == 0, _result(signed), "xac-nhan.json"),
    ]


def _check_chain(chain: Sequence[Event]) -> SelfCheck:
    """Does every event of the unit follow the one before? Those of the first format stand in no chain."""
    faults, place, before = 0, 0, GENESIS
    for event in chain:
        if event.format == FIRST_FORMAT:
            continue
        place += 1
        faults += (event.unit_seq, event.unit_previous) != (place, before)
        place, before = event.unit_seq, event.hash
    return SelfCheck(
        "Chuỗi sự kiện của đơn vị liền mạch", faults == 0, _result(faults), file="nhat-ky/su-kien.jsonl"
    )


def _result(faults: int) -> str:
    return "Đạt" if faults == 0 else f"{faults} điểm cần xem"


def tell_handed_out(services: Services, caller: Caller, asked: DossierRequest, sha256: str) -> None:
    """Whoever fetched a dossier stands in the log."""
    with services.db.connect(is_quick=True) as connection:
        now = services.db.now_in(connection, caller.register)
    read = Look(caller.register, caller.doer, "dossier.read", asked.unit, now, asked.unit)
    services.looks.tell(
        Look(
            *(read.register, read.reader, read.action, read.target, read.at, read.unit),
            parameters=hash_parameters(**asked.parameters()),
            file=sha256,
        )
    )
