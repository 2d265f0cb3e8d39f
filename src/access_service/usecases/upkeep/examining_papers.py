"""What an operator wants to know of papers: in which type they are printed, and whether their files are there."""

from collections.abc import Iterator
from pathlib import Path

from access_service.domain.errors import UnavailableError
from access_service.evidence.fonts import OWN, FontError, choose_folder, find_family
from access_service.storage.db import Database
from access_service.storage.paper_pages import FileStore, files_in


def tell_type(fonts_dir: Path | None) -> str:
    """In which family papers are printed; `UnavailableError` for a folder that has none."""
    choose_folder(fonts_dir)
    try:
        family = find_family()
    except FontError as error:
        raise UnavailableError(str(error)) from error
    if family.name == OWN:
        return f"{OWN}, which Typst brings; fonts-liberation2 has the widths of Times"
    return family.name


def list_missing_files(db: Database, files_dir: Path) -> tuple[int, list[str]]:
    """How many files of papers are named, and the hashes of those that are not in the folder."""
    store = FileStore(files_dir)
    with db.connect() as connection:
        named = [file.sha256 for file in files_in(connection)]
    return len(named), [sha256 for sha256 in named if not store.has(sha256)]


def tell_missing(missing: list[str]) -> Iterator[str]:
    """A few of them, and how many more."""
    yield from (f"`{sha256}`" for sha256 in missing[:3])
    if len(missing) > 3:  # noqa: PLR2004 a line
        yield f"{len(missing) - 3} more"
