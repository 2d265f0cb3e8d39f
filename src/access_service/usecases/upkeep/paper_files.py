"""The files of papers in a backup: of each a line that names hash and size, then its bytes."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from access_service.domain.backups import AGAIN, FILES, BackupError
from access_service.storage.paper_pages import DocumentFile, FileStore

LARGEST = 64 << 20
"""Bytes of one file; what a paper becomes has a hundred thousand, what is handed in twenty million at most."""
_LONGEST_LINE = 200


def files_out(store: FileStore, files: Iterable[DocumentFile], sink: BinaryIO) -> None:
    """Write every file that the snapshot names; `BackupError` where one is missing, for then it is no backup."""
    for file in files:
        data = store.get(file.sha256)
        if data is None:
            raise BackupError(
                f"the folder of files `{store.folder}` lacks `{file.sha256}` of `{file.document}`, or holds other "
                "bytes under its name: restore it from an older backup, or set ACCESS_SERVICE_FILES_DIR"
            )
        sink.write(json.dumps({"sha256": file.sha256, "size": len(data)}).encode() + b"\n")
        sink.write(data)


def files_in_backup(source: BinaryIO) -> Iterator[bytes]:
    """Every file again; `BackupError` for one that is not what its line says."""
    broken = BackupError(f"`{FILES}` was changed or cut short; {AGAIN}")
    while line := source.readline(_LONGEST_LINE):
        try:
            said = json.loads(line)
            size, sha256 = int(said["size"]), str(said["sha256"])
        except (ValueError, KeyError, TypeError) as error:
            raise broken from error
        if not 0 <= size <= LARGEST:
            raise broken
        data = source.read(size)
        if len(data) != size or hashlib.sha256(data).hexdigest() != sha256:
            raise broken
        yield data
