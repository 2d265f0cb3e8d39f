"""The log's part of a dossier: the unit's chain whole, what proves it, and the keys that count."""

from base64 import b64encode
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from access_service.domain.audit import CLOCK_MENDED, Event, instant
from access_service.domain.errors import InvalidError, UnavailableError
from access_service.domain.log_texts import Checkpoint, read_checkpoint, read_log_name, read_log_proof
from access_service.domain.names import RegisterId
from access_service.evidence.manifest import DossierFile, to_json
from access_service.signing.passkeys import site_of
from access_service.storage.audit import LogConnection, LogFilter, events, events_about
from access_service.storage.keys import PASSKEY_KEYS, public_keys
from access_service.storage.log import StoredCheckpoint, stored_checkpoints, tree_of
from access_service.usecases.dossiers.dossier_request import DossierRequest
from access_service.usecases.keys import SEAL
from access_service.usecases.log.proving import prove_all, write_policy
from access_service.usecases.services import Services

MOST_PROOFS = 5000
"""Events that have a proof of their own; the unit's chain binds the others to the last one."""
FOLDER = "nhat-ky"
MADE = "dossier.make"
_JSON, _TEXT = "application/json", "text/plain"


@dataclass(frozen=True, slots=True)
class DossierLog:
    """The unit's chain up to the event of this dossier, what else was done that papers rest on, and the proofs."""

    chain: list[Event]
    others: list[Event]
    checkpoint: Checkpoint
    head: str
    """Hash of the last event of the chain."""
    key: str
    """The log's key, as it stands in a policy."""
    files: list[DossierFile]


def key_file(services: Services, passkeys: Collection[str]) -> DossierFile:
    """The public keys that confirmations and passkeys are checked with; the event of the dossier names its hash."""
    with services.db.connect() as connection:
        seal = public_keys(connection, SEAL.purpose)
        known = [key for key in public_keys(connection, PASSKEY_KEYS) if key.id in passkeys]
    said = {
        "format": 1,
        "seal": [
            {
                "id": key.id,
                "public": key.public_hex,
                "valid_from": instant(key.valid_from),
                "valid_to": None if key.valid_to is None else instant(key.valid_to),
            }
            for key in seal
        ],
        "passkeys": [{"id": key.id, "cose": key.public_hex} for key in known],
        "site": _site(services),
    }
    return DossierFile(f"{FOLDER}/keys.json", to_json(said), _JSON, "Khoá công khai", in_body=False)


def _site(services: Services) -> dict[str, str]:
    try:
        site = site_of(services.public_url)
    except InvalidError:
        # Where the service has no name, nobody has a passkey.
        return {}
    return {"id": site.id, "origin": site.origin}


def gather_log(
    services: Services,
    register: RegisterId,
    asked: DossierRequest,
    dossier: str,
    documents: Collection[str],
    accounts: Collection[str],
) -> DossierLog:
    """Everything up to the event of the dossier with that id, under one checkpoint."""
    with services.db.connect() as connection:
        chain = list(_chain(connection, register, asked, dossier))
        others = _others(connection, register, {e.seq for e in chain}, documents, accounts, chain[-1].seq)
    proved = {e.seq for e in _worth_proving(chain, asked)} | {e.seq for e in others}
    proofs = prove_all(services, register, proved)
    note = read_log_proof(proofs[chain[-1].seq]).note
    checkpoint = read_checkpoint(note.rpartition("\n\n")[0] + "\n")
    policy = write_policy(services, register)
    key = next(line.split(" ")[1] for line in policy.splitlines() if line.startswith("log "))
    files = [
        _file("checkpoint", note.encode(), "Điểm mốc nhật ký đã ký", _TEXT),
        _file("log-policy.txt", policy.encode(), "Khoá nhật ký (C2SP tlog-policy)", _TEXT),
        _file("su-kien.jsonl", _lines(chain), "Chuỗi sự kiện của đơn vị", "application/jsonl"),
        _file("su-kien-khac.jsonl", _lines(others), "Sự kiện khác mà văn bản dựa vào", "application/jsonl"),
        *(_file(f"proofs/{seq}.tlog-proof", text.encode(), f"Bằng chứng của sự kiện {seq}", _TEXT) for seq, text in
          proofs.items()),
    ]  # fmt: skip
    with services.db.connect() as connection:
        files += _older(connection, register, checkpoint, asked, chain)
    return DossierLog(chain, others, checkpoint, chain[-1].hash, key, files)


def _chain(connection: LogConnection, register: RegisterId, asked: DossierRequest, dossier: str) -> Iterator[Event]:
    for event in events(connection, register, limit=None, wanted=LogFilter(unit=asked.unit)):
        yield event
        said = event.happening.details or {}
        if event.happening.action == MADE and said.get("dossier") == dossier:
            return
    raise UnavailableError("the log does not have the event of the dossier")


def _worth_proving(chain: list[Event], asked: DossierRequest) -> list[Event]:
    if len(chain) <= MOST_PROOFS:
        return chain
    within = [e for e in chain if asked.start <= e.recorded_at <= asked.end]
    return [*within[-MOST_PROOFS:], chain[-1]]


def _others(
    connection: LogConnection,
    register: RegisterId,
    known: set[int],
    documents: Collection[str],
    accounts: Collection[str],
    until: int,
) -> list[Event]:
    """Signatures that another unit's chain has, the keys of whoever signed, and every mending of the clock."""
    found = events_about(connection, register, documents, ("document.sign", "document.file", "document.upload"))
    found += events_about(connection, register, accounts, ("factor.add", "factor.known", "factor.remove"))
    found += [*events(connection, register, limit=None, wanted=LogFilter(action=CLOCK_MENDED))]
    wanted = {e.seq: e for e in found if e.seq not in known and e.seq <= until}
    return [wanted[seq] for seq in sorted(wanted)]


def _lines(chain: list[Event]) -> bytes:
    return b"".join(event.canonical() + b"\n" for event in chain)


def _file(name: str, data: bytes, about: str, media_type: str) -> DossierFile:
    return DossierFile(f"{FOLDER}/{name}", data, media_type, about, in_body=False)


def _older(
    connection: LogConnection, register: RegisterId, newest: Checkpoint, asked: DossierRequest, chain: list[Event]
) -> Iterator[DossierFile]:
    """What earlier dossiers of the unit were closed with, and the last checkpoint before the time, with paths."""
    epoch = read_log_name(newest.origin).epoch
    wanted = [e.seq for e in chain[:-1] if e.happening.action == MADE]
    kept: dict[int, StoredCheckpoint] = {}
    before: StoredCheckpoint | None = None
    for stored in stored_checkpoints(connection, register):
        if stored.epoch != epoch or stored.size >= newest.size:
            continue
        if stored.made_at < asked.start:
            before = stored
        while wanted and stored.size >= wanted[0]:
            kept[stored.size] = stored
            wanted.pop(0)
    if before is not None:
        kept[before.size] = before
    tree = tree_of(connection, register, newest.size)
    for size, stored in sorted(kept.items()):
        hashes = tree.consistency(size, newest.size)
        path = "".join(f"{b64encode(node).decode()}\n" for node in hashes)
        yield _file(
            f"older/{epoch}-{size}.note", stored.note.encode(), f"Điểm mốc trước đây, {size} sự kiện", _TEXT
        )
        yield _file(f"consistency/{size}-{newest.size}.txt", path.encode(), f"Nối tiếp từ {size} sự kiện", _TEXT)


def seal_name(services: Services, register: RegisterId) -> str:
    """Under which name the service seals the lists of this register's dossiers."""
    return f"{urlsplit(services.public_url).netloc}/seal/{register}"
