"""What stands beside the papers of a dossier: the chain above the unit, its software, the rules in force."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime

from access_service.domain.accounts import Custody
from access_service.domain.audit import Event, instant
from access_service.domain.delegation import LEADERS, Authority
from access_service.domain.names import UnitId
from access_service.domain.org import Assignment, ManagementEdge, Person, Unit
from access_service.domain.software import Approval, Software
from access_service.evidence.manifest import DossierFile, to_json
from access_service.evidence.zipper import bundle
from access_service.storage.policy import pack_archive
from access_service.usecases.dossiers.dossier_request import HIDDEN, DossierRequest
from access_service.usecases.evidence.json_values import json_value
from access_service.usecases.services import ReadView

_JSON, _CSV = "application/json", "text/csv; charset=utf-8"
MISSING = "chưa có"


def chain_file(view: ReadView, asked: DossierRequest) -> DossierFile:
    """Who stood above the unit in the time: units, edges, authorities, custodies, leaders."""
    units = [*dict.fromkeys(unit for at in (asked.start, asked.end) for unit in _above(view, asked.unit, at))]
    reader = view.reader
    leaders = [a for unit in units for a in _leaders(view, unit) if _meets(a.valid_from, a.valid_to, asked)]
    custodies = [
        c for unit in units for c in reader.find(Custody, unit=unit) if _meets(c.valid_from, c.valid_to, asked)
    ]
    people = sorted({str(a.person) for a in leaders} | {str(c.person) for c in custodies})
    found: dict[str, object] = {
        "units": [json_value(unit) for unit in reader.find(Unit, id=units)],
        "edges": [
            json_value(e)
            for e in reader.find(ManagementEdge, unit=units)
            if _meets(e.valid_from, e.valid_to, asked)
        ],
        "authorities": [
            json_value(a) for a in reader.find(Authority, unit=units) if _meets(a.valid_from, a.valid_to, asked)
        ],
        "custodies": [json_value(c) for c in custodies],
        "leaders": [json_value(a) for a in leaders],
        "people": {} if asked.is_redacted else {p.id: p.name for p in reader.find(Person, id=people)},
    }
    return DossierFile("uy-quyen/chain.json", to_json(_whole(found)), _JSON, "Chuỗi uỷ quyền phía trên đơn vị")


def _above(view: ReadView, unit: UnitId, at: datetime) -> Iterator[UnitId]:
    seen: set[UnitId] = set()
    here: UnitId | None = unit
    while here is not None and here not in seen:
        seen.add(here)
        yield here
        edges = [
            e
            for e in view.reader.find(ManagementEdge, unit=here)
            if e.valid_from <= at and (e.valid_to is None or at < e.valid_to)
        ]
        here = edges[0].manager if edges else None


def _leaders(view: ReadView, unit: UnitId) -> list[Assignment]:
    tables = view.gather.tables_for(unit, view.now)
    if tables is None:
        return []
    leading = [p.id for p in tables.pack.positions.values() if p.rank in LEADERS]
    return sorted(view.reader.find(Assignment, unit=unit, position=leading), key=lambda a: (a.valid_from, a.id))


def _meets(start: datetime, end: datetime | None, asked: DossierRequest) -> bool:
    return start <= asked.end and (end is None or end >= asked.start)


def _whole(value: object) -> object:
    """JSON values without fractions, so that there is one spelling of each."""
    if isinstance(value, dict):
        return {str(k): _whole(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(v) for v in value]
    if isinstance(value, frozenset | set):
        return sorted(str(v) for v in value)
    if isinstance(value, datetime):
        return instant(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)


def software_file(view: ReadView, asked: DossierRequest) -> DossierFile:
    """The register of software of the unit with its approvals; a line says that there is none."""
    found = view.reader.find(Software, unit=asked.unit)
    approvals = view.reader.find(Approval, software=sorted(s.id for s in found)) if found else []
    said = {
        "software": [json_value(s) for s in found],
        "approvals": [json_value(_without_reason(a) if asked.is_redacted else a) for a in approvals],
        "note": "" if found else MISSING,
    }
    return DossierFile(
        "phan-mem/danh-sach.json", to_json(_whole(said)), _JSON, "Phần mềm khai thác dữ liệu và văn bản đồng ý"
    )


def _without_reason(approval: Approval) -> Approval:
    return replace(approval, withdrawn_because=HIDDEN if approval.withdrawn_because else None)


def directives_file() -> DossierFile:
    """What the papers do not hold yet has its folder and a line."""
    text = f"\ufeffTài liệu,Ghi chú\r\nVăn bản chỉ đạo,{MISSING}\r\nQuy chế nội bộ,{MISSING}\r\n"
    return DossierFile("chi-dao/muc-luc.csv", text.encode(), _CSV, "Văn bản chỉ đạo, quy chế nội bộ")


def rule_files(view: ReadView, chain: list[Event], day: date) -> tuple[list[DossierFile], list[dict[str, str]]]:
    """The packs that events of the chain were judged by: the bytes that have the digest, and a ZIP to read."""
    files, packs = list[DossierFile](), list[dict[str, str]]()
    for digest in sorted({event.policy for event in chain if event.policy}):
        kept = pack_archive(view.reader.connection, digest)
        if kept is None:
            continue
        place = f"bo-quy-tac/{kept.name.lower()}-{digest[:16]}"
        files.append(
            DossierFile(
                f"{place}.pack",
                kept.to_bytes(),
                "application/octet-stream",
                f"Bộ quy tắc {kept.name}",
                in_body=False,
            )
        )
        files.append(
            DossierFile(
                f"{place}.zip",
                bundle(kept.files.items(), day),
                "application/zip",
                f"Bộ quy tắc {kept.name}, để đọc",
                in_body=False,
            )
        )
        packs.append({"digest": digest, "name": kept.name, "path": f"{place}.pack"})
    return files, packs
