"""Pages in Vietnamese: the same use cases, HTML out. A handler parses, calls one use case, renders.

page.py        one page: who, under which hat, what was sent, what comes back; `PageRouter`
cookies.py     cookies to sessions      form_reader.py  forms, strictly      static.py  style and scripts
rendered.py    templates to bytes       phrases.py      sentences, days      labels.py  states and kinds in words
menus.py       who is offered what
home.py        what waits, for everybody      task_words.py  what a task is called
units.py       a unit, its people, what is below      unit_words.py  where they stand      finder.py  one field
signing_in.py  sign in and out, the admin hat, language      security.py  one's own password and factors
service_sign_in.py  signing in to other services, and out
jobs.py        long work      dossiers.py  all evidence of a unit      inspections.py  teams, and what they read
log_pages.py   events with their proof      recoveries.py  one that waits      packs.py  rules with their articles
activation.py  what a one-time link leads to      paper_pages.py  what a paper's square leads to
software_pages.py  software      client_pages.py  what proves that it is it      approval_pages.py  what it draws
observing_pages.py  what is not enforced yet      guarded_host_pages.py  on to a host behind the proxy
correcting_pages.py  what was recorded wrongly, set right
observing_pages.py  what is not enforced yet
correcting_pages.py  what was recorded wrongly, set right      leaver_pages.py  who has left
class_pages.py  classes and their teachers      custody_pages.py  admin accounts, one account, authority
rights.py      a person, oneself, a right      consequences.py  what an act would take, before it does
ceremony_pages.py  what waits for a signature      document_pages.py  papers, one and many
old_systems.py accounts of an old system, whose they are, what paper says
second_person.py what somebody else prepared      waiting_words.py  what such an act is called
matrix_pages.py  the matrix by page    questions.py  may she, and why    anomaly_pages.py  what looks wrong
path_pages.py  who could come to read    path_picture.py  the same as a picture
help_pages.py, guide_pages.py   help, and the guides of docs/huong-dan
templates/     base.html, parts/ (macros), one folder a noun
static/        app.css and the modules      english/  one file a noun
"""

from http import HTTPStatus
from types import ModuleType
from typing import Any, cast

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from access_service.web import (
    activation,
    anomaly_pages,
    approval_pages,
    ceremony_pages,
    class_pages,
    client_pages,
    consequences,
    correcting_pages,
    custody_pages,
    document_pages,
    dossiers,
    finder,
    grid,
    grid_sheets,
    guarded_host_pages,
    guide_pages,
    help_pages,
    home,
    inspections,
    jobs,
    leaver_pages,
    log_pages,
    matrix_pages,
    menus,
    observing_pages,
    old_systems,
    packs,
    paper_pages,
    path_pages,
    questions,
    recoveries,
    rights,
    second_person,
    security,
    service_sign_in,
    signed_file_pages,
    signing_in,
    software_pages,
    static,
    units,
)
from access_service.web.rendered import prepare, render_template

LARGE = {
    "/phan-quyen/nhap": 5 << 20,
    "/dong-y": 10 << 20,
    "/tiep-nhan": 5 << 20,
    "/xoa-du-lieu": 5 << 20,
    "/ky-ngoai": (20 << 20) + (64 << 10),
    "/phieu-da-ky": (20 << 20) + (64 << 10),
}
"""Addresses that end so take files; what a form around them costs comes on top."""
_PAGES = (
    signing_in,
    service_sign_in,
    security,
    home,
    help_pages,
    guide_pages,
    units,
    finder,
    ceremony_pages,
    document_pages,
    signed_file_pages,
    anomaly_pages,
    consequences,
    class_pages,
    correcting_pages,
    leaver_pages,
    custody_pages,
    dossiers,
    grid,
    grid_sheets,
    inspections,
    jobs,
    log_pages,
    matrix_pages,
    old_systems,
    packs,
    path_pages,
    questions,
    recoveries,
    rights,
    software_pages,
    observing_pages,
    client_pages,
    approval_pages,
    guarded_host_pages,
    second_person,
)


_PROGRAMS = ("/v1/", "/access/", "/oauth2/", "/.well-known/", "/forward", "/docs", "/openapi")
"""Below these programs ask, and get problem documents."""


def modules() -> tuple[ModuleType, ...]:
    """Every module with pages."""
    return (activation, paper_pages, *_PAGES)


def install(app: FastAPI) -> None:
    """Add every page, and stop the start for a template that cannot be read."""
    prepare()
    for module in (static, *modules()):
        app.include_router(module.router)
        menus.built.update(path for route in module.router.routes if (path := getattr(route, "path", "")))
    by_program: Any = app.exception_handlers[HTTPException]

    async def answer(request: Request, error: HTTPException) -> Response:
        """An address that leads nowhere is a page for people, and a problem document for programs."""
        wants_page = "text/html" in request.headers.get("accept", "")
        if error.status_code == HTTPStatus.NOT_FOUND and wants_page and not request.url.path.startswith(_PROGRAMS):
            return render_template("not_found.html", HTTPStatus.NOT_FOUND, request)
        return cast("Response", await by_program(request, error))

    app.add_exception_handler(HTTPException, answer)  # type: ignore[arg-type]
