"""What is asked of long work, and what it tells of itself."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from access_service.api.manage.bodies import Day, Id, Instant, Out, RequestBody
from access_service.domain.jobs import Job, JobState, sentence_of
from access_service.domain.names import AccountKind, ClassId, DocumentId, UnitId
from access_service.live.revisions import parse_revision, revision_text
from access_service.rendering.job_exports import MatrixExport
from access_service.usecases.dossiers.dossier_request import DossierRequest
from access_service.usecases.evidence.matrix_values import MatrixFilters, MatrixShape


class MatrixJobIn(RequestBody):
    """A matrix to be written in the background."""

    format: Literal["json", "csv", "xlsx", "pdf"] = "xlsx"
    """What kind of file."""
    at: Instant | None = None
    """As of when; the instant at which it is asked for when left out."""
    known_at: str | None = None
    """A revision: what was known then. The newest when left out."""
    all: bool = False
    """Grants that have ended, too?"""
    by: Annotated[MatrixShape, Field(strict=False)] | None = None
    """What a row is about; a workbook of few units has all when left out."""
    diff: Instant | None = None
    """Another instant: what changed between the two, sums on top."""
    role: Id | None = None
    """Rows of this role alone."""
    category: Id | None = None
    """Rows with a right to this category of data."""
    sensitive: bool | None = None
    """Rows with a right to sensitive data, or to none."""
    state: Id | None = None
    """State of the right or of its account, or `vacant`."""
    kind: Annotated[AccountKind, Field(strict=False)] | None = None
    """Kind of account."""
    unit_kind: Id | None = None
    """Kind of the holder's unit."""
    action: Id | None = None
    """Rows with a right to do this."""
    class_: Id | None = Field(default=None, alias="class")
    """Rows that reach this class."""

    def to_export(self, now: datetime) -> MatrixExport:
        """What is asked for, as of when it is asked unless it says so itself."""
        return MatrixExport(
            self.format,
            at=self.at or now,
            known_at=None if self.known_at is None else parse_revision(self.known_at),
            include_ended=self.all,
            by=self.by,
            diff=self.diff,
            filters=MatrixFilters(
                *(self.role, self.category, self.sensitive, self.state, self.kind, self.unit_kind),
                action=self.action,
                class_id=None if self.class_ is None else ClassId(self.class_),
            ),
        )


class DossierJobIn(RequestBody):
    """A dossier to be made in the background."""

    from_: Day = Field(alias="from")
    """The first day."""
    to: Day
    """The last day, at most today."""
    inspection: Id | None = None
    """Id of the decision to inspect for which it is made."""
    redacted: bool = False
    """Without names: words and pages are left out, their hashes stay."""

    def to_request(self, unit: UnitId) -> DossierRequest:
        """What is asked for."""
        inspection = None if self.inspection is None else DocumentId(self.inspection)
        return DossierRequest(unit, self.from_, self.to, inspection, is_redacted=self.redacted)


class JobResultOut(Out):
    """The file that a job made; `GET /v1/jobs/{id}/result` hands it out."""

    name: str
    """As it is offered to be saved."""
    media_type: str
    """What it is."""
    size: int
    """Bytes."""
    sha256: str
    """Of those bytes."""


class JobOut(Out):
    """Long work, as far as it is."""

    id: str
    """Id of the job."""
    kind: str
    """What it does: `matrix` or `dossier`."""
    unit: str
    """The unit that it is about."""
    parameters: dict[str, Any]
    """What was asked for: instants, revisions, choices."""
    state: JobState
    """`waiting`, `running`, `done`, `failed` or `cancelled`."""
    done: int
    """Steps done."""
    of: int | None
    """Steps in all; null while nobody knows."""
    attempts: int
    """How often it was begun."""
    code: str | None
    """Why it failed: a code of the refusals, or `internal`, `unavailable`, `worker_lost`, `result_too_large`."""
    vi: str | None
    """The same as a sentence, in Vietnamese."""
    en: str | None
    """The same, in English."""
    created_at: datetime
    """When it was asked for."""
    started_at: datetime | None
    """When it was begun, the last time."""
    finished_at: datetime | None
    """When it was over."""
    expires_at: datetime
    """When it is forgotten, and its file with it."""
    result: JobResultOut | None
    """The file, once it is done."""

    @classmethod
    def of_job(cls, job: Job) -> "JobOut":
        """From the domain's value."""
        said = None if job.code is None else sentence_of(job.code)
        known_at = job.parameters.get("known_at")
        shown = {**job.parameters}
        if isinstance(known_at, int):
            shown["known_at"] = revision_text(known_at)
        derived = {"vi", "en", "result", "parameters"}
        plain = {name: getattr(job, name) for name in cls.model_fields if name not in derived}
        return cls(
            **plain,
            parameters=shown,
            vi=said and said.vi,
            en=said and said.en,
            result=job.output and JobResultOut.model_validate(job.output),
        )


class JobsOut(Out):
    """Jobs, the newest first."""

    jobs: list[JobOut]
    """The caller's own of the last seven days."""
