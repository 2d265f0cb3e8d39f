"""Long work: how far it is, what became of it, its file."""

from collections.abc import Iterator
from typing import IO
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from access_service.domain.errors import NotFoundError
from access_service.domain.jobs import OPEN, Job, JobState, sentence_of
from access_service.rendering.dossier_jobs import DOSSIER
from access_service.rendering.job_exports import KINDS
from access_service.usecases.drafts.propose_many import PROPOSE_MANY, AfterProposing, after_proposing
from access_service.usecases.jobs import asking
from access_service.usecases.services import Caller
from access_service.web.page import OPEN_HAT, PageRouter, Visit
from access_service.web.phrases import t, two

router = PageRouter()
PART = 1 << 16
TITLES = {"propose_many": "Lập biên bản bàn giao", "dossier": "Hồ sơ kiểm tra", "matrix": "Ma trận phân quyền"}
"""What is made, by the kind of the job."""


@router.show("/cong-viec/{id}", watches=True)
def show_job(visit: Visit) -> Response:
    """How far it is, for whoever asked; it is looked at again until it is over, and keeps nobody's hat on."""
    try:
        caller, job = _owned(visit)
    except NotFoundError:
        shell = visit.shell()
        if visit.admin is None and shell is not None and shell.hats:
            # It may have been asked for under a hat that ended meanwhile; whether it was is not said.
            return visit.redirect(f"{OPEN_HAT}?tiep={quote(visit.path, safe='/')}")
        raise
    if job.kind == PROPOSE_MANY.name and job.state is JobState.DONE:
        return _go_on(visit, caller, job)
    said = None if job.code is None else sentence_of(job.code)
    return visit.render(
        "jobs/one.html",
        job=job,
        title=title_of(job),
        is_open=job.state in OPEN,
        is_done=job.state is JobState.DONE,
        again=f"/don-vi/{job.unit}/ho-so" if job.kind == DOSSIER.name else "",
        why="" if said is None else two(said.vi, said.en),
    )


def _go_on(visit: Visit, caller: Caller, job: Job) -> Response:
    """Minutes were made: to what comes next."""
    grid = f"/don-vi/{job.unit}/phan-quyen?nam={job.parameters['school_year']}"
    comes = after_proposing(visit.services, caller, job)
    if comes is AfterProposing.MEND:
        return visit.redirect(grid, "Có dòng chưa lập được: xem lý do ở từng dòng.")
    if comes is AfterProposing.SIGN:
        return visit.redirect("/ky", "Đã lập xong. Đọc rồi ký một lượt.")
    return visit.redirect(grid, "Đã lập xong và gửi lãnh đạo đơn vị ký.")


@router.act("/cong-viec/{id}")
def cancel_job(visit: Visit) -> Response:
    """Nobody wants it any more."""
    caller, job = _owned(visit)
    asking.cancel_job(visit.services, caller, job.id)
    return visit.redirect(f"/cong-viec/{job.id}", "Đã dừng.")


@router.show("/cong-viec/{id}/ket-qua")
def fetch_result(visit: Visit) -> Response:
    """The file that was made, once more asked of the rules."""
    caller, job = _owned(visit)
    output, file = asking.open_result(visit.services, caller, KINDS, job.id)
    headers = {
        "Content-Length": str(output.size),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(output.name, safe='')}",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(file_parts(file), media_type=output.media_type, headers=headers)


def title_of(job: Job) -> str:
    """What the job makes, in words; the kind itself for one that has none yet."""
    return t(TITLES.get(job.kind, job.kind))


def _owned(visit: Visit) -> tuple[Caller, Job]:
    """The job under whichever hat it was asked for."""
    for caller in (visit.admin, visit.personal):
        if caller is not None:
            try:
                return caller, asking.show_job(visit.services, caller, visit.at["id"])
            except NotFoundError:
                continue
    raise NotFoundError("job", visit.at["id"])


def file_parts(file: IO[bytes]) -> Iterator[bytes]:
    """The file part by part; it is closed when it was sent."""
    with file:
        while part := file.read(PART):
            yield part


def list_words() -> list[str]:
    """Every word, for the test that English is complete."""
    return [*TITLES.values()]
