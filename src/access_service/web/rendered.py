"""Templates to bytes, with the headers of every visit."""

from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from access_service.domain.errors import RefusedError
from access_service.domain.remedies import REFUSAL_REMEDY
from access_service.domain.sentences import sentence
from access_service.domain.text import REFUSAL_TEXT
from access_service.web import labels, menus, phrases, unit_words
from access_service.web.cookies import LANGUAGE, THEME
from access_service.web.menus import entries
from access_service.web.static import address_of

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
        "trusted-types page"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), "
        "geolocation=(), payment=()"
    ),
}
"""Nothing is inline and nothing comes from elsewhere."""
_EMPTY: Mapping[str, Any] = {
    "visit": None,
    "shell": None,
    "note": None,
    "error": None,
    "form_token": "",
    "once": "",
}


@cache
def environment() -> Environment:
    """Every template escapes what it shows, and a name that it does not know is an error."""
    made = Environment(
        loader=PackageLoader("access_service.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals |= {
        "t": phrases.t,
        "two": phrases.two,
        "label": labels.label,
        "state_shape": labels.shape_of,
        "asset": address_of,
        "refusal": refusal_text,
        "remedy": remedy_text,
        "menu_entries": entries,
        "language": phrases.language.get,
        "pages_built": lambda: menus.built,
        "mark_word": unit_words.mark_word,
        "custody_word": unit_words.custody_word,
        "level_word": unit_words.level_word,
    }
    made.filters |= {
        "day": phrases.day,
        "moment": phrases.moment,
        "clock": phrases.clock,
        "recent": phrases.recent,
        "last_day": phrases.last_day,
        "weekday": phrases.weekday,
        "number": phrases.number,
    }
    return made


def prepare() -> None:
    """Compile every template, so that a mistake stops the start and no request waits for it."""
    for name in environment().list_templates(extensions=["html"]):
        environment().get_template(name)


def refusal_text(error: RefusedError) -> str:
    """What was refused, in the reader's language: the sentence of its code, and what of this request it was."""
    text = REFUSAL_TEXT[error.code]
    return phrases.two(f"{sentence(error, text.vi)}.", f"{text.en}: {error.message}.")


def remedy_text(error: RefusedError) -> str:
    """Who can do what about it."""
    remedy = REFUSAL_REMEDY[error.code]
    return phrases.two(f"{remedy.vi}.", f"{remedy.en}.")


def language_of(request: Request) -> str:
    """What the reader has chosen; Vietnamese for whoever has not."""
    wanted = request.cookies.get(LANGUAGE, "vi")
    return wanted if wanted in phrases.LANGUAGES else "vi"


def render_template(
    name: str, status: int, request: Request, headers: Mapping[str, str] | None = None, /, **values: Any
) -> Response:
    """A template as an answer."""
    token = phrases.language.set(language_of(request))
    try:
        theme = request.cookies.get(THEME, "")
        shown = (
            environment()
            .get_template(name)
            .render(
                **{
                    **_EMPTY,
                    # What does not exist and what is somebody else's are the same bytes.
                    "path": "/" if status == HTTPStatus.NOT_FOUND else request.url.path,
                    "now": request.app.state.services.db.now(),
                    "theme": theme if theme in ("light", "dark") else "",
                    **values,
                }
            )
        )
    finally:
        phrases.language.reset(token)
    return HTMLResponse(shown, status, {**HEADERS, **(headers or {})})
