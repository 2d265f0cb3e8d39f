"""Packs in force: bytes by SHA-256. The past is never read from the folder again."""

from datetime import datetime

from sqlalchemy import Connection, select

from access_service.domain.errors import PolicyError, UnavailableError
from access_service.domain.policy import PackBinding
from access_service.engine.compile import compile_pack
from access_service.engine.compiled_pack import CompiledPack
from access_service.engine.packs.load import PackFiles, parse_pack
from access_service.storage.connecting import memory_of
from access_service.storage.facts import Reader
from access_service.storage.tables import PackRow, insert_once, table

_packs = table(PackRow)


def store_pack(connection: Connection, files: PackFiles) -> CompiledPack:
    """Check, compile and keep a pack; storing it again changes nothing."""
    memory = memory_of(connection)
    tables = compile_pack(parse_pack(files), memory)
    row = {
        "digest": files.digest,
        "name": tables.pack.name,
        "version": tables.pack.version,
        "archive": files.to_bytes(),
    }
    insert_once(connection, _packs, row)
    memory.stored[files.digest] = tables
    return tables


def altered_packs(connection: Connection) -> tuple[frozenset[str], tuple[str, ...]]:
    """Every pack that is stored by its digest, and those whose bytes are no longer what their digest says."""
    known, altered = set[str](), []
    for digest, archive in connection.execute(select(_packs.c.digest, _packs.c.archive)):
        known.add(digest)
        try:
            if PackFiles.from_bytes(archive).digest != digest:
                altered.append(digest)
        except PolicyError:
            altered.append(digest)
    return frozenset(known), tuple(sorted(altered))


def load_tables(connection: Connection, digest: str) -> CompiledPack:
    """The compiled tables of a stored pack."""
    memory = memory_of(connection)
    if digest not in memory.stored:
        row = connection.execute(select(_packs.c.archive).where(_packs.c.digest == digest)).first()
        if row is None:
            raise UnavailableError(f"the pack `{digest}` is not in the database")
        files = PackFiles.from_bytes(row[0])
        if files.digest != digest:
            raise UnavailableError(f"the stored pack `{digest}` has other bytes than its digest says")
        # Read before the wait: whoever compiles holds no more than the transaction that it came with.
        with memory.alone_with(digest):
            if digest not in memory.stored:
                memory.stored[digest] = compile_pack(parse_pack(files), memory)
    return memory.stored[digest]


def pack_archive(connection: Connection, digest: str) -> PackFiles | None:
    """The files of a stored pack, as they were stored; None where there is no such pack."""
    row = connection.execute(select(_packs.c.archive).where(_packs.c.digest == digest)).first()
    return None if row is None else PackFiles.from_bytes(row[0])


def load_all(reader: Reader, now: datetime) -> None:
    """Compile every pack that a register has in force at an instant or later."""
    bindings = reader.find(PackBinding)
    for digest in sorted({b.digest for b in bindings if b.valid_to is None or b.valid_to > now}):
        load_tables(reader.connection, digest)
