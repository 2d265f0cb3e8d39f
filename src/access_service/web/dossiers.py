"""The dossier of a unit: which days, for which inspection, with names or without; made as long work."""

from collections.abc import Iterator
from datetime import date

from starlette.responses import Response

from access_service.domain import words
from access_service.domain.errors import RefusedError
from access_service.domain.jobs import Job
from access_service.domain.names import DocumentId, UnitId
from access_service.domain.time import local
from access_service.rendering.dossier_jobs import DOSSIER
from access_service.rendering.job_exports import MATRIX
from access_service.usecases.dossiers.dossier_request import DossierRequest
from access_service.usecases.dossiers.making import check_dossier
from access_service.usecases.evidence.inspections_seen import first_day_open, inspections_over
from access_service.usecases.evidence.reading import read_unit
from access_service.usecases.jobs.asking import ask_job, list_jobs
from access_service.web.page import PageRouter, Visit

router = PageRouter()
SCHOOL_YEAR_BEGINS = (8, 1)


@router.show("/don-vi/{dv}/ho-so")
def show_dossier(visit: Visit) -> Response:
    """Which days; and what was made of this unit lately."""
    unit, today = UnitId(visit.at["dv"]), local(visit.services.db.now()).date()
    check_dossier(visit.services, visit.caller, DossierRequest(unit, today, today))
    return visit.render("dossiers/ask.html", **_values(visit, unit))


@router.act("/don-vi/{dv}/ho-so")
def ask_for_dossier(visit: Visit) -> Response:
    """The dossier is made in the background."""
    unit = UnitId(visit.at["dv"])
    try:
        decision = visit.form.text("quyet_dinh")
        asked = DossierRequest(
            unit,
            words.day(visit.form.text("tu_ngay")),
            words.day(visit.form.text("den_ngay")),
            DocumentId(decision) if decision else None,
            is_redacted=visit.form.has("che_ten"),
        )
        job = ask_job(visit.services, visit.caller, DOSSIER, unit, asked.parameters())
    except RefusedError as error:
        return visit.again("dossiers/ask.html", error, **_values(visit, unit))
    return visit.redirect(f"/cong-viec/{job.id}")


def _values(visit: Visit, unit: UnitId) -> dict[str, object]:
    seen = read_unit(visit.services, visit.caller, unit)
    today = local(visit.services.db.now()).date()
    since = first_day_open(visit.services, visit.caller, unit)
    return {
        "unit": seen.unit,
        "first": max(school_year_of(today), since or date.min),
        "last": today,
        "inspections": inspections_over(visit.services, visit.caller, unit),
        "jobs": [
            (job, *(date.fromisoformat(str(job.parameters[name])) for name in ("from", "to")))
            for job in list_jobs(visit.services, visit.caller)
            if job.kind == DOSSIER.name and job.unit == unit
        ],
        "matrices": [
            (job, words.iso_instant(str(job.parameters["at"])), list(_asked(job)))
            for job in list_jobs(visit.services, visit.caller)
            if job.kind == MATRIX.name and job.unit == unit and job.parameters.get("at")
        ],
    }


def _asked(job: Job) -> Iterator[str]:
    """What a matrix was narrowed to, as codes: the words stand in the file."""
    for name in ("category", "action", "role", "class", "state"):
        value = job.parameters.get(name)
        if value:
            yield str(value).rpartition(":")[2]


def school_year_of(day: date) -> date:
    """The first day of the school year of that day."""
    begins = date(day.year, *SCHOOL_YEAR_BEGINS)
    return begins if begins <= day else date(day.year - 1, *SCHOOL_YEAR_BEGINS)
