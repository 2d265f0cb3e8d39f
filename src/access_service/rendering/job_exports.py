"""Exports as jobs: what takes longer than a request may. The composition root hands `KINDS` to the workers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from access_service.domain import words
from access_service.domain.errors import InvalidError
from access_service.domain.jobs import Job, Parameter
from access_service.domain.names import AccountKind, ClassId
from access_service.domain.time import local
from access_service.rendering.dossier_jobs import DOSSIER
from access_service.rendering.matrix_files import WRITERS
from access_service.usecases.drafts.propose_many import PROPOSE_MANY
from access_service.usecases.evidence.matrix import check_matrix, file_sha256, open_matrix, record_matrix
from access_service.usecases.evidence.matrix_values import EVERYTHING, MatrixBatch, MatrixFilters, MatrixShape
from access_service.usecases.jobs.job_kinds import JobKind, JobResult, JobRun
from access_service.usecases.services import Caller, Services


@dataclass(frozen=True, slots=True)
class MatrixExport:
    """What is asked of a matrix. Whom by name is not: a job holds no names of people."""

    form: str
    at: datetime | None = None
    known_at: int | None = None
    include_ended: bool = False
    by: MatrixShape | None = None
    diff: datetime | None = None
    """Another instant: what changed between the two."""
    filters: MatrixFilters = EVERYTHING

    def parameters(self) -> dict[str, Parameter]:
        """As the job keeps it."""
        filters = self.filters
        return {
            "format": self.form,
            "at": None if self.at is None else self.at.isoformat(),
            "known_at": self.known_at,
            "all": self.include_ended,
            "by": None if self.by is None else str(self.by),
            "diff": None if self.diff is None else self.diff.isoformat(),
            "role": filters.role,
            "category": filters.category,
            "sensitive": filters.sensitive,
            "state": filters.state,
            "kind": None if filters.kind is None else str(filters.kind),
            "unit_kind": filters.unit_kind,
            "action": filters.action,
            "class": filters.class_id,
        }


def read_export(kept: Mapping[str, Parameter]) -> MatrixExport:
    """What the job keeps, read strictly: a row that cannot be read exports nothing."""

    def text(name: str) -> str | None:
        value = kept.get(name)
        return value if isinstance(value, str) else None

    form, at, known_at, sensitive = text("format"), text("at"), kept.get("known_at"), kept.get("sensitive")
    by, kind, diff = text("by"), text("kind"), text("diff")
    if form not in WRITERS:
        raise InvalidError("no such format")
    return MatrixExport(
        form,
        at=None if at is None else words.iso_instant(at),
        known_at=known_at if isinstance(known_at, int) else None,
        include_ended=kept.get("all") is True,
        by=None if by is None else MatrixShape(by),
        diff=None if diff is None else words.iso_instant(diff),
        filters=MatrixFilters(
            role=text("role"),
            category=text("category"),
            sensitive=sensitive if isinstance(sensitive, bool) else None,
            state=text("state"),
            kind=None if kind is None else AccountKind(kind),
            unit_kind=text("unit_kind"),
            action=text("action"),
            class_id=ClassId(class_id) if (class_id := text("class")) else None,
        ),
    )


def _check_matrix(services: Services, caller: Caller, job: Job) -> None:
    check_matrix(services, caller, job.unit, read_export(job.parameters).known_at)


def _run_matrix(run: JobRun) -> JobResult:
    asked = read_export(run.job.parameters)
    write, media_type = WRITERS[asked.form]
    with open_matrix(
        run.services,
        run.caller,
        run.job.unit,
        at=asked.at,
        known_at=asked.known_at,
        include_ended=asked.include_ended,
        filters=asked.filters,
        diff=asked.diff,
    ) as found:
        head = found.head
        rows = write(replace(found, batches=_counted(found.batches, run, head.units)), run.file, asked.by)
    digest = file_sha256(run.file)
    run.check()
    record_matrix(run.services.db, head, run.caller.account, form=asked.form, rows=rows, sha256=digest, by=asked.by)
    return JobResult(f"ma-tran-{run.job.unit}-{local(head.at):%Y%m%d-%H%M}.{asked.form}", media_type)


def _counted(batches: Iterator[MatrixBatch], run: JobRun, units: int) -> Iterator[MatrixBatch]:
    """The batches, with how many of the units are behind us."""
    done = 0
    run.progress(0, units)
    for batch in batches:
        yield batch
        done += len({row.unit for row in batch.rows})
        run.progress(min(done, units), units)


MATRIX = JobKind("matrix", _check_matrix, _run_matrix)
KINDS: Mapping[str, JobKind] = {kind.name: kind for kind in (MATRIX, DOSSIER, PROPOSE_MANY)}
"""Every kind by its name."""
