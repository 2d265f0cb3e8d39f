"""Files that the service makes, in one folder: written beside, then renamed, so that a name means a whole file."""

import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedRandom
from pathlib import Path
from typing import IO

from access_service.domain.errors import UnavailableError
from access_service.domain.jobs import USUAL_ROOM, JobRoom
from access_service.storage.connecting import make_folder, open_new

PART = ".part"
"""How the name of a file ends that is still being written."""
SPARED_S = 3600.0
"""How old a file is, in seconds, before it is swept: one that was just made may not be in the database yet."""
LEFT_S = 86400.0
"""The same for one that nobody finished writing."""
_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,199}")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What was written."""

    name: str
    sha256: str
    size: int


class NewFile:
    """A file that is being written: `stream` is for writing and reading, and `keep` gives it its name."""

    def __init__(self, stream: BufferedRandom, path: Path) -> None:
        """`path` is where it stands until it has a name."""
        self.stream = stream
        self._path = path

    def keep(self, name: str) -> StoredFile:
        """What was written is whole and has this name from now on, on the disk too."""
        self.stream.flush()
        os.fsync(self.stream.fileno())
        size = self.stream.seek(0, os.SEEK_END)
        self.stream.seek(0)
        sha256 = hashlib.file_digest(self.stream, "sha256").hexdigest()
        self._path.replace(self._path.with_name(_checked(name)))
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return StoredFile(name, sha256, size)


class JobFiles:
    """One folder. It is made when the first file is, for nobody else to enter."""

    def __init__(self, folder: Path, room: JobRoom = USUAL_ROOM) -> None:
        """`folder` belongs to this store alone; the processes of one service share it, and have the same `room`."""
        self._folder = folder
        self.room = room

    @contextmanager
    def new(self) -> Iterator[NewFile]:
        """A file to write; gone with the block unless it was kept. Raises `UnavailableError` for a full disk."""
        try:
            make_folder(self._folder)
            path = self._folder / f"{secrets.token_hex(16)}{PART}"
            stream = os.fdopen(open_new(path, is_read=True), "w+b")
        except OSError as error:
            raise UnavailableError("the folder of files cannot be written") from error
        try:
            with stream:
                yield NewFile(stream, path)
        except OSError as error:
            raise UnavailableError("the folder of files cannot be written") from error
        finally:
            path.unlink(missing_ok=True)

    def open(self, name: str, sha256: str) -> IO[bytes]:
        """The file, whole and as it was kept; `UnavailableError` where it is not here, or is another one."""
        try:
            stream = (self._folder / _checked(name)).open("rb")
        except OSError as error:
            raise UnavailableError("the file is not on this machine") from error
        if hashlib.file_digest(stream, "sha256").hexdigest() != sha256:
            stream.close()
            raise UnavailableError("the file is not what was kept")
        stream.seek(0)
        return stream

    def drop(self, names: Iterable[str]) -> None:
        """Take these away at once; whoever is reading one reads it to its end."""
        for name in names:
            with suppress(OSError):
                # What stays behind is swept later.
                (self._folder / _checked(name)).unlink()

    def sweep(self, used: set[str]) -> int:
        """Take away what nobody answers for and is no newer than an hour; how many files that were.

        By the folder's own clock: its files were dated by it.
        """
        if not self._folder.is_dir():
            return 0
        with self.new() as mark:
            now = os.fstat(mark.stream.fileno()).st_mtime
        swept = 0
        for path in sorted(self._folder.iterdir()):
            spared = LEFT_S if path.name.endswith(PART) else SPARED_S
            with suppress(FileNotFoundError):
                if path.name not in used and now - path.stat().st_mtime >= spared:
                    path.unlink()
                    swept += 1
        return swept


def _checked(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise RuntimeError("no name of a stored file")
    return name
