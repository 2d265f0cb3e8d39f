"""Import: a whole province from files, all or nothing, in one transaction and one revision (docs/import.md).

Everything is checked and signed against a snapshot first, the codes are drawn and handed over, and the rows are
made and put aside (`storage.staging`); then the register is held only while the database moves them. If a fact has
changed in between that some question of the checks could have found (`storage.noted_questions`), it is let go and
everything is checked again. Rows that the register already has are refused as duplicates, each named. Only what
`init` has made (the root unit, its authority, admin account and custody; the director and the focal point with
their duties and accounts) may stand in the files too: the register's own facts stand, and the rows count as kept.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter

from access_service.domain.errors import NotFoundError, UnavailableError
from access_service.domain.names import RegisterId
from access_service.storage.audit import head_of
from access_service.storage.facts import Reader
from access_service.usecases.imports.code_index import CodeIndex, Progress
from access_service.usecases.imports.csv_files import Sheets, refuse
from access_service.usecases.imports.external_rows import check_external_ids
from access_service.usecases.imports.odd_numbers import NumberReport, report_numbers
from access_service.usecases.imports.org_rows import (
    check_accounts,
    check_assignments,
    check_classes,
    check_edges,
    check_issuers,
    check_persons,
    check_units,
    check_years,
)
from access_service.usecases.imports.paper_rows import (
    check_authorities,
    check_custodies,
    check_documents,
    check_grants,
)
from access_service.usecases.imports.source import read_source
from access_service.usecases.imports.store import seal, stage, store
from access_service.usecases.keys import sealing
from access_service.usecases.services import Act, Services, operate

__all__ = ["ImportReport", "Progress", "Sheets", "import_sheets", "read_source"]

ACTOR = "import"
TRIES = 5
"""How often everything is checked, when somebody changes the register each time meanwhile."""
KeepCodes = Callable[[Mapping[str, str]], None]
"""Called with account to one-time code, before anything is stored: what is lost afterwards is not the codes."""

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
    check_external_ids,
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
    numbers: NumberReport = field(default_factory=NumberReport)
    """What is odd about the numbers of the papers: taken as they are, and told."""
    activation_codes: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Account to the one-time code drawn for it, where the files gave no hash. Shown once: only hashes are kept."""


class _ChangedError(Exception):
    """Somebody changed what was asked meanwhile: what was checked before says nothing any more."""


def import_sheets(
    services: Services,
    register: RegisterId,
    sheets: Sheets,
    *,
    dry_run: bool,
    progress: Progress,
    keep_codes: KeepCodes | None = None,
) -> ImportReport:
    """Check every row and store all of them, or none.

    `keep_codes` may be called again, with other codes: then only those count. `progress` is called with (sheet,
    rows done, rows of it) as rows are stored. Raises `ImportRefusedError` with
    every bad row, its place and what to do about it; `NotFoundError` for an unknown register;
    `RefusedError(no_policy)` where no pack is bound at its root; `UnavailableError` where the register never stands
    still.
    """
    started = perf_counter()
    for _ in range(TRIES):
        counter = services.db.counter(register)
        if counter is None:
            raise NotFoundError("register", register)
        with services.db.read(register) as reader:
            history = head_of(reader.connection, register, counter.revision)
            index = _checked(services, reader, sheets, services.db.now())
        if dry_run:
            numbers = report_numbers(index)
            return _report(register, index, counter.revision, started, {}, numbers, is_dry_run=True)
        sealed = seal(index, services, register)
        if keep_codes is not None:
            keep_codes(sealed.codes)
        numbers = report_numbers(index)
        try:
            with services.db.staging() as staging:
                staged = stage(services, staging, register, index, sealed)
                with operate(services, register, ACTOR, staging=staging) as doing:
                    if sealing(services, doing.tx.connection) is not services.seal:
                        raise UnavailableError(
                            "the seal key was rotated meanwhile; nothing was stored, import again"
                        )
                    _check_unchanged(doing, index, counter.revision, history)
                    store(doing.tx, index, staged, progress, numbers)
                    revision = doing.tx.revision
        except _ChangedError:
            # The register is not held while it is checked again: people sign in meanwhile.
            continue
        return _report(register, index, revision, started, sealed.codes, numbers)
    raise UnavailableError("the register changed each time while the files were checked; import in a quieter hour")


def _checked(services: Services, reader: Reader, sheets: Sheets, now: datetime) -> CodeIndex:
    index = CodeIndex(services, reader, sheets, now)
    for check in _CHECKS:
        check(index)
    refuse(index.faults.in_order())
    return index


def _check_unchanged(doing: Act, index: CodeIndex, known: int, history: str | None) -> None:
    """Raise `_ChangedError` where what was asked of the register may have another answer by now."""
    if history is None or head_of(doing.tx.connection, doing.tx.register, known) != history:
        # A backup was put back: what has the same number may be another revision.
        raise _ChangedError
    if doing.org.require_binding(index.root, doing.now).digest != index.policy:
        raise _ChangedError
    if doing.tx.before != known and any(
        index.questions.could_find(*found) for found in doing.tx.changed_since(known)
    ):
        raise _ChangedError


def _report(
    register: RegisterId,
    index: CodeIndex,
    revision: int,
    started: float,
    codes: Mapping[str, str],
    numbers: NumberReport,
    *,
    is_dry_run: bool = False,
) -> ImportReport:
    return ImportReport(
        register=register,
        is_dry_run=is_dry_run,
        counts=index.counts(),
        kept=dict(index.kept),
        revision=revision,
        seconds=perf_counter() - started,
        numbers=numbers,
        activation_codes=codes,
    )
