"""Sổ điểm điện tử minh hoạ: a small gradebook that lets the access service say who may read and write what.

Reading is decided here, by an access token that the gradebook has exchanged for the teacher's session and verifies
without a call. Writing asks the service as well, every time. Marks are invented and live in memory.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import escape
from typing import Annotated, Any

from fastapi import Body, FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from access_service.client import (
    AccessRequestError,
    AsyncAccessClient,
    AsyncTokenVerifier,
    ClientCredentials,
    ClientError,
    StaticKey,
    TokenError,
)
from access_service.client.fastapi import Access, Guard, bearer_of, require

PUPILS = ("000000000001", "000000000002", "000000000003")
TRIES = 3
SUBJECTS = ("Toán", "Ngữ văn", "Khoa học tự nhiên")


@dataclass(frozen=True)
class Setup:
    """How this gradebook stands in the province."""

    access_url: str
    audience: str
    """As which it is registered (RFC 8707): tokens for others are refused."""
    own: ClientCredentials
    """The gradebook as software with an approval: it exchanges sessions for tokens."""
    asking: ClientCredentials | StaticKey
    """The gradebook as an enforcement point: it asks for decisions."""
    poll_s: float = 5.0
    """How often it asks what was taken back while the service does not tell."""


@dataclass
class Book:
    """What a gradebook keeps."""

    marks: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    absences: dict[str, dict[str, int]] = field(default_factory=dict)

    def of(self, class_code: str) -> dict[str, dict[str, float]]:
        """The marks of a class; invented when first asked for, the same each time."""
        return self.marks.setdefault(
            class_code,
            {
                pupil: {subject: 5.0 + (row * 7 + column * 3) % 10 / 2 for column, subject in enumerate(SUBJECTS)}
                for row, pupil in enumerate(PUPILS)
            },
        )


def create_gradebook(setup: Setup) -> FastAPI:
    """The gradebook as an application."""
    asking = AsyncAccessClient(setup.access_url, setup.asking)
    # What is taken back is told as it happens; while nobody tells, it is asked for every `poll_s`.
    verifier = AsyncTokenVerifier(setup.access_url, setup.audience, poll_s=setup.poll_s, watch=asking.watch())
    own = AsyncAccessClient(setup.access_url, setup.own)
    book = Book()

    async def account(request: Request) -> str | None:
        """Whose token it is, when it counts; what it covers is another question."""
        bearer = bearer_of(request)
        return None if bearer is None else (await verifier.verify(bearer)).sub

    by_token, by_service = Guard(verifier=verifier), Guard(account=account, client=asking)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        for used in (verifier, asking, own):
            await used.close()

    app = FastAPI(title="Sổ điểm điện tử (minh hoạ)", lifespan=lifespan)
    by_token.install(app)
    may_read = require("class:read", category="STU-ACA", id="class_code")
    may_note = require("student:write", category="STU-ATT", class_="class_code", id="pupil", guard=by_service)

    @app.post("/phien", status_code=201)
    async def enter(session: Annotated[str, Body(embed=True, max_length=256)]) -> Response:
        """Exchange a session that was opened for this gradebook for a token of its own; no password comes here."""
        return await exchanged(own, verifier, setup.audience, session)

    @app.get("/lop/{class_code}/diem")
    async def marks(class_code: str, request: Request, access: Annotated[Access, may_read]) -> Response:
        """The marks of a class, as a page or as JSON."""
        found = book.of(class_code)
        if "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(page(class_code, found))
        return JSONResponse({"lop": class_code, "tai_khoan": access.account, "diem": found})

    @app.post("/lop/{class_code}/hoc-sinh/{pupil}/vang", dependencies=[may_note])
    async def absent(class_code: str, pupil: str) -> dict[str, Any]:
        """Note a day of absence."""
        of_class = book.absences.setdefault(class_code, {})
        of_class[pupil] = of_class.get(pupil, 0) + 1
        return {"hoc_sinh": pupil, "so_buoi_vang": of_class[pupil]}

    return app


async def exchanged(own: AsyncAccessClient, verifier: AsyncTokenVerifier, audience: str, session: str) -> Response:
    """A token for a session. One issued in the very second of a change does not count: ask for the next."""
    try:
        for _ in range(TRIES):
            token = await own.exchange(session, resource=audience)
            try:
                await verifier.verify(token.value)
            except TokenError:
                await asyncio.sleep(1)
                continue
            return JSONResponse({"token": token.value, "expires_in": token.expires_in_s}, 201)
    except AccessRequestError as error:
        return JSONResponse({"code": error.code, "vi": error.vi}, 403)
    except ClientError:
        pass
    return JSONResponse({"code": "unavailable", "vi": "Dịch vụ tạm thời không trả lời được"}, 503)


def page(class_code: str, marks: dict[str, dict[str, float]]) -> str:
    """The marks as a table."""
    head = "".join(f"<th>{escape(subject)}</th>" for subject in SUBJECTS)
    rows = "".join(
        f"<tr><td>{escape(pupil)}</td>{''.join(f'<td>{of[subject]:.1f}</td>' for subject in SUBJECTS)}</tr>"
        for pupil, of in marks.items()
    )
    return (
        '<!doctype html><html lang="vi"><meta charset="utf-8"><title>Bảng điểm</title>'
        f"<h1>Bảng điểm lớp {escape(class_code)}</h1>"
        f"<table><tr><th>Mã định danh</th>{head}</tr>{rows}</table></html>"
    )
