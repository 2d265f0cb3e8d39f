"""Folders on other machines for every checkpoint: `<folder>/<register>/<epoch>/<size>.note`, and `latest`.

They are append-only for us: a note that is there is never written again. A folder that cannot be reached stops
nothing; what it shows, once it can be read, must agree with the log.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from access_service.domain.log import ProofError
from access_service.domain.log_texts import LogName, read_checkpoint
from access_service.signing.notes import LARGEST_NOTE, read_note
from access_service.signing.pin import replace_file

LATEST = "latest"
NOTE = ".note"


@dataclass(frozen=True, slots=True)
class ExportedNote:
    """A note in one of the folders."""

    file: Path
    note: str


def folder_of(folder: Path, name: LogName) -> Path:
    """Where the notes of a log stand in an export folder."""
    return folder / quote(name.register, safe="") / str(name.epoch)


def export_note(folders: Sequence[Path], name: LogName, size: int, note: str) -> list[str]:
    """Write a note into every folder. Returns what could not be written, one line a folder."""
    failed = []
    for folder in folders:
        try:
            place = folder_of(folder, name)
            place.mkdir(parents=True, exist_ok=True)
            file = place / f"{size}{NOTE}"
            if not file.exists():
                replace_file(file, note.encode(), 0o644)
            if _size_in(place / LATEST) < size:
                replace_file(place / LATEST, note.encode(), 0o644)
        except OSError as error:
            failed.append(f"`{folder}`: {(error.strerror or 'cannot be used').lower()}")
    return failed


def _size_in(file: Path) -> int:
    try:
        return read_checkpoint(read_note(_read(file)).text).size
    except (ProofError, OSError):
        return -1


def _read(file: Path) -> str:
    with file.open("rb") as stream:
        return stream.read(LARGEST_NOTE + 1).decode("utf-8", "replace")


def newest_exported(folders: Sequence[Path], register: str, *, thorough: bool) -> Iterator[ExportedNote]:
    """The newest note of the newest epoch in each folder that can be read.

    By `latest`; `thorough` looks through the names, too: whoever writes into the folder may have changed that file.
    """
    for folder in folders:
        try:
            below = folder / quote(register, safe="")
            epochs = (
                sorted((int(p.name), p) for p in below.iterdir() if p.name.isdecimal()) if below.is_dir() else []
            )
            if not epochs:
                continue
            place = epochs[-1][1]
            files = [place / LATEST]
            if thorough:
                sizes = [int(p.stem) for p in place.glob(f"[0-9]*{NOTE}") if p.stem.isdecimal()]
                files += [place / f"{max(sizes)}{NOTE}"] if sizes else []
            notes = [ExportedNote(file, _read(file)) for file in files if file.exists()]
        except OSError:
            continue
        yield from notes
