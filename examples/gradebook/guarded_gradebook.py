"""Sổ điểm không biết quyền: the same marks, behind a proxy that asks the access service who may see them.

It signs nobody in and decides nothing: whoever reaches it was let through, and `X-Access-Account` says who it is.
So it listens where nobody but the proxy reaches it. docs/proxies.md has the rules and the proxy.
"""

from html import escape

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from gradebook import Book, page

SIGN_OUT = "/.access/sign-out"


def create_guarded_gradebook() -> FastAPI:
    """The gradebook as an application that trusts its proxy."""
    book = Book()
    app = FastAPI(title="Sổ điểm sau cổng (minh hoạ)", docs_url=None, openapi_url=None)

    @app.get("/lop/{school}/{year}/{name}/diem")
    async def marks(school: str, year: str, name: str, request: Request) -> HTMLResponse:
        """The marks of a class, and who looks at them."""
        code = f"{school}:{year}:{name}"
        who = escape(request.headers.get("x-access-account", ""))
        foot = f'<p>Người xem: {who}</p><p><a href="{SIGN_OUT}">Ra khỏi sổ điểm</a></p></html>'
        return HTMLResponse(page(code, book.of(code)).replace("</html>", foot))

    return app
