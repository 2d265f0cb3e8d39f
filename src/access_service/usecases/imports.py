"""Import: a whole province from files, all or nothing, in one transaction and one revision (docs/import.md).

Everything is checked and signed against a snapshot first; then the register is held only while rows are stored. If
the register has changed in between, everything is checked again under the lock. Rows that the register already has
are refused as duplicates, each named. Only what `init` has made (the root unit, its authority, admin account and
custody; the director and the focal point with their duties and accounts) may stand in the files too: the register's
own facts stand, and the rows count as kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter

from access_service.domain.errors import NotFoundError
from access_service.domain.names import RegisterId
from access_service.storage.facts import Reader
from access_service.usecases.import_book import Book, Progress
from access_service.usecases.import_org import (
    check_accounts,
    check_assignments,
    check_classes,
    check_edges,
    check_issuers,
    check_persons,
    check_units,
    check_years,
)
from access_service.usecases.import_papers import (
    check_authorities,
    check_custodies,
    check_documents,
    check_grants,
)
from access_service.usecases.import_sheets import Sheets, refuse
from access_service.usecases.import_source import read_source
from access_service.usecases.import_store import Sealed, seal, store
from access_service.usecases.import_template import write_template
from access_service.usecases.services import Services, operate

__all__ = ["ImportReport", "Progress", "Sheets", "import_sheets", "read_source", "write_template"]

ACTOR = "import"

_CHECKS = (
    check_units,
    check_edges,
    check_years,
    check_classes,
    check_persons,
    check_accounts,
    check_assignments,
    check_issuers,
    check_authorities,
    check_documents,
    check_custodies,
    check_grants,
)
"""In an order in which each finds what it refers to."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or a dry run would do."""

    register: RegisterId
    is_dry_run: bool
    counts: Mapping[str, int]
    """New rows by sheet."""
    kept: Mapping[str, int]
    """Rows by sheet about what `init` made, which stands as the register has it."""
    revision: int
    """The revision that the import made; for a dry run the one it was checked against."""
    seconds: float
    """Of real time."""
    activation_codes: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Account to the one-time code drawn for it, where the files gave no hash. Shown once: only hashes are kept."""


def import_sheets(
    services: Services, register: RegisterId, sheets: Sheets, *, dry_run: bool, progress: Progress
) -> ImportReport:
    """Check every row and store all of them, or none.

    `progress` is called with (sheet, rows done, rows of it) as rows are stored. Raises `ImportRefusedError` with
    every bad row, its place and what to do about it; `NotFoundError` for an unknown register; and
    `RefusedError(no_policy)` where no pack is bound at its root.
    """
    started = perf_counter()
    counter = services.db.counter(register)
    if counter is None:
        raise NotFoundError("register", register)
    with services.db.read(register) as reader:
        book = _checked(services, reader, sheets, services.db.now())
    if dry_run:
        return _report(register, book, counter.revision, started, {}, is_dry_run=True)
    sealed = seal(book, services, register)
    with operate(services, register, ACTOR) as doing:
        policy = doing.org.require_binding(book.root, doing.now).digest
        if doing.tx.before != counter.revision or policy != book.policy:
            book, sealed = _again(services, doing.tx, sheets, doing.now)
        codes = store(doing.tx, book, sealed, progress)
        revision = doing.tx.revision
    return _report(register, book, revision, started, codes, is_dry_run=False)


def _checked(services: Services, reader: Reader, sheets: Sheets, now: datetime) -> Book:
    book = Book(services, reader, sheets, now)
    for check in _CHECKS:
        check(book)
    refuse(book.faults.in_order())
    return book


def _again(services: Services, reader: Reader, sheets: Sheets, now: datetime) -> tuple[Book, Sealed]:
    """Somebody wrote meanwhile: what was checked before says nothing any more."""
    book = _checked(services, reader, sheets, now)
    return book, seal(book, services, reader.register)


def _report(
    register: RegisterId,
    book: Book,
    revision: int,
    started: float,
    codes: Mapping[str, str],
    *,
    is_dry_run: bool,
) -> ImportReport:
    return ImportReport(
        register=register,
        is_dry_run=is_dry_run,
        counts=book.counts(),
        kept=dict(book.kept),
        revision=revision,
        seconds=perf_counter() - started,
        activation_codes=codes,
    )
