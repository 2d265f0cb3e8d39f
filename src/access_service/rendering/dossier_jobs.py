"""A dossier as a job: asked for by whoever may have it, made in the background, fetched for a week."""

from datetime import date

from access_service.domain.errors import InvalidError
from access_service.domain.jobs import Job, JobOutput
from access_service.domain.names import DocumentId
from access_service.rendering.dossier_sheets import make_sheets
from access_service.usecases.dossiers.dossier_request import DossierRequest
from access_service.usecases.dossiers.making import check_dossier, make_dossier, tell_handed_out
from access_service.usecases.jobs.job_kinds import JobKind, JobResult, JobRun
from access_service.usecases.services import Caller, Services

ZIP = "application/zip"


def read_request(job: Job) -> DossierRequest:
    """What the job keeps, read strictly."""
    kept = job.parameters
    first, last, inspection = kept.get("from"), kept.get("to"), kept.get("inspection")
    try:
        days = date.fromisoformat(str(first)), date.fromisoformat(str(last))
    except ValueError as error:
        raise InvalidError("a dossier is asked for by its days") from error
    return DossierRequest(
        job.unit,
        *days,
        inspection=None if inspection is None else DocumentId(str(inspection)),
        is_redacted=kept.get("redacted") is True,
    )


def _check(services: Services, caller: Caller, job: Job) -> None:
    check_dossier(services, caller, read_request(job))


def _run(run: JobRun) -> JobResult:
    asked = read_request(run.job)
    make_dossier(
        run.services,
        run.job.register,
        run.caller,
        asked,
        make_sheets,
        run.file,
        step=run.progress,
    )
    return JobResult(file_name(asked), ZIP)


def file_name(asked: DossierRequest) -> str:
    """As a dossier is offered to be saved."""
    return f"ho-so-{asked.unit}-{asked.first:%Y%m%d}-{asked.last:%Y%m%d}.zip"


def _handed_out(services: Services, caller: Caller, job: Job, output: JobOutput) -> None:
    tell_handed_out(services, caller, read_request(job), output.sha256)


DOSSIER = JobKind("dossier", _check, _run, _handed_out)
