"""The pages as one more door: a member of the coalition opens a page, tampers with a form of it, and sends it.

Nothing here knows what a form is for. Somebody follows links to a form, or goes to its address at once. Fields keep
what the page put into them, or get what chance throws: another id of the same kind, a day, an option, a name. A
form that was once seen by anybody is also sent where its page is refused: whoever wants something does not wait for
a button. Which acts a form reached is written down as they write, so that the game asks its sentences of each.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import wraps
from html import unescape
from types import FunctionType
from typing import Any
from unittest.mock import patch

from fastapi import FastAPI
from starlette.testclient import TestClient
from visiting import FROM_US, HOST, Sheet, Shown, read_page
from walked import FOR_ANYBODY, PLACES, routes

from access_service import web
from access_service.domain.accounts import Account
from access_service.domain.delegation import Authority, Grant, Inspection
from access_service.domain.documents import Document
from access_service.domain.names import AccountId, AccountKind
from access_service.domain.org import Assignment, Person, SchoolClass, Unit
from access_service.domain.recovery import Recovery
from access_service.domain.software import Approval, Software
from access_service.storage.db import Database
from access_service.storage.facts import CODECS
from access_service.usecases.identity.accounts import SignedIn
from access_service.usecases.services import Caller, Services
from access_service.web import cookies
from access_service.web.form_reader import OURS
from powers.acts import acts
from powers.drawing import Dice
from powers.habits import NO_GAME

QUIET = FOR_ANYBODY | {"/dang-xuat", "/dang-xuat/dich-vu", "/quan-tri/dang-nhap", "/quan-tri/ket-thuc"}
"""Forms that open and end one's own session."""
FORMS = sorted(path for method, path in routes() if method == "POST" and path not in QUIET)
PAGES = frozenset(path for method, path in routes() if method == "GET")
KINDS: dict[str, type] = {
    "/nguoi/": Person,
    "/tai-khoan/": Account,
    "/van-ban/": Document,
    "/ky/van-ban/": Document,
    "/quyen/": Grant,
    "/don-vi/{dv}/lop/": SchoolClass,
    "/don-vi/{dv}/tham-quyen/": Authority,
    "/tham-quyen/": Authority,
    "/phan-cong/": Assignment,
    "/phan-mem/": Software,
    "/dong-y/": Approval,
    "/khoi-phuc/": Recovery,
    "/doan-kiem-tra/": Inspection,
}
"""What an id in an address is of."""
DAY = re.compile(r"\d\d/\d\d/\d{4}|\d{4}-\d\d-\d\d")


@dataclass
class Known:
    """Forms as somebody once saw them, by the address's pattern: their fields and buttons."""

    fields: dict[str, dict[str, str]] = field(default_factory=dict)

    def learn(self, pattern: str, fields: dict[str, str]) -> None:
        self.fields.setdefault(pattern, {}).update({n: v for n, v in fields.items() if n not in OURS})


KNOWN = Known()
NOTHING = Shown(404, "", "", {}, [], "")
LINK = re.compile(r'href="(/[^"#]*)"')


@dataclass
class Window:
    """One member's browser: the account that acts and, under an admin account, whoever keeps it."""

    client: TestClient
    dice: Dice
    password: str
    pattern: str = ""
    address: str = ""
    filled: dict[str, Any] = field(default_factory=dict)

    def choose(self) -> None:
        """Open pages until a form is chosen, and fill it in."""
        self.pattern, self.address, form = self._wander() or self._go_to(self.dice.random.choice(FORMS))
        self.filled = {n: self._filled(n, v) for n, v in form.items() if n not in OURS}

    def send(self) -> int:
        """Send it; the status."""
        cookie = self.client.cookies.get(cookies.ADMIN) or self.client.cookies.get(cookies.PERSONAL) or ""
        number = f"{self.dice.random.getrandbits(128):032x}"
        sent = {**self.filled, "_ma": cookies.form_token(cookie), "_lan": number}
        return self.client.post(self.address, data=sent, headers=FROM_US, follow_redirects=False).status_code

    def _wander(self) -> tuple[str, str, dict[str, str]] | None:
        """Follow links from the first page, and take a form where one stands."""
        if self.dice.random.random() < 0.4:
            return None
        address = self.dice.random.choice(("/viec", f"/don-vi/{self.dice.id(Unit)}", "/van-ban", "/toi", "/ky"))
        for _ in range(4):
            shown = self._open(address)
            forms = [
                (pattern, form)
                for form in shown.forms
                if form.method == "post" and (pattern := _pattern_of(form.action)) is not None
            ]
            links = [link for link in LINK.findall(shown.html) if not link.startswith(("/static", "//"))]
            if forms and (not links or self.dice.random.random() < 0.5):
                pattern, form = self.dice.random.choice(forms)
                return pattern, form.action, self._fields(pattern, form)
            if not links:
                return None
            address = unescape(self.dice.random.choice(links))
        return None

    def _open(self, address: str) -> Shown:
        answer = self.client.get(address, headers={"Accept": "text/html"}, follow_redirects=True)
        return read_page(answer) if answer.headers["content-type"].startswith("text/html") else NOTHING

    def _fields(self, pattern: str, form: Sheet) -> dict[str, str]:
        fields = dict(form.fields)
        if form.buttons:
            fields |= dict([self.dice.random.choice(form.buttons)])
        KNOWN.learn(pattern, fields)
        return fields

    def _go_to(self, pattern: str) -> tuple[str, str, dict[str, str]]:
        address = PLACES.sub(lambda place: self._place(pattern, place[1]), pattern)
        return pattern, address, self._form(pattern, address)

    def _form(self, pattern: str, address: str) -> dict[str, str]:
        where = pattern if pattern in PAGES else pattern.rpartition("/")[0]
        shown = self._open(address) if where in PAGES and self.dice.random.random() < 0.8 else NOTHING
        for one in shown.forms:
            if one.method == "post" and one.action.partition("?")[0] == address:
                fields = self._fields(pattern, one)
                if self.dice.random.random() < 0.7:
                    return fields
        return dict(KNOWN.fields.get(pattern, {}))

    def _place(self, pattern: str, place: str) -> str:
        if place == "dv":
            return str(self.dice.id(Unit))
        kind = next((k for p, k in sorted(KINDS.items(), key=lambda i: -len(i[0])) if pattern.startswith(p)), None)
        if kind is None or not self.dice.seen.of(kind):
            return "khong-co"
        return str(self.dice.id(kind))

    def _filled(self, name: str, value: str) -> str | list[str]:
        random = self.dice.random
        if name.startswith("mat_khau") or name == "nhac_lai":
            return self.password
        if value and random.random() < 0.6:
            return value
        if DAY.fullmatch(value) or "ngay" in name:
            return (self.dice.day() + timedelta(days=random.choice((0, 0, 1, 30)))).strftime("%d/%m/%Y")
        if (kind := self._kind_of(value)) is not None:
            return str(self.dice.id(kind))
        guessed = (Person, Unit, Assignment, Document, Account, Grant)
        return random.choice((value, "1", "000/QĐ", "lý do thử", str(self.dice.id(random.choice(guessed)))))

    def _kind_of(self, value: str) -> type | None:
        """What the page's value is the id of."""
        if not value:
            return None
        return next((k for k in CODECS if any(getattr(v, "id", None) == value for v in self.dice.seen.of(k))), None)


def _pattern_of(action: str) -> str | None:
    path = action.partition("?")[0]
    return next((form for form, fits in _FITS.items() if fits.fullmatch(path)), None)


_FITS = {form: re.compile(PLACES.sub("[^/]+", form)) for form in FORMS}


def bare() -> FastAPI:
    """The pages alone, without what starts and stops around them."""
    app = FastAPI()
    web.install(app)
    return app


_app: list[FastAPI] = []


def opened(services: Services, enter: Callable[[AccountId], Caller | None], dice: Dice, password: str) -> Window:
    """A browser in which the dice's caller is signed in, over the personal account of whoever keeps it."""
    if not _app:
        _app.append(bare())
    _app[0].state.services = services
    client = TestClient(_app[0], HOST, raise_server_exceptions=True)
    account = next(a for a in dice.seen.of(Account) if a.id == dice.caller.account)
    if account.kind is AccountKind.ADMIN:
        client.cookies.set(cookies.ADMIN, account.id)
        own = next(
            (a.id for a in dice.seen.of(Account) if a.person == dice.caller.person and a.id != account.id), None
        )
        if own is not None:
            client.cookies.set(cookies.PERSONAL, own)
    else:
        client.cookies.set(cookies.PERSONAL, account.id)
    _sessions.clear()
    _sessions.append((enter, dice.seen.now))
    return Window(client, dice, password)


_sessions: list[tuple[Callable[[AccountId], Caller | None], Any]] = []


@dataclass
class Reached:
    """What a form reached: the acts that wrote, who called them, and results that may hold a code."""

    acts: list[tuple[str, AccountId]] = field(default_factory=list)
    results: list[Any] = field(default_factory=list)


def _where(code: Any) -> tuple[str, int, str]:
    """Which function it is: measuring coverage puts other code objects in place of a function's first one."""
    return code.co_filename, code.co_firstlineno, code.co_name


_NAMES = {_where(inspect.unwrap(act).__code__): name for name, act in acts().items()}  # type: ignore[attr-defined]


@contextmanager
def signed_in_as_they_are() -> Iterator[Reached]:
    """Cookies that name accounts open them as `oracle.entering` does; what pages reach is written down."""
    reached = Reached()
    with ExitStack() as kept:
        kept.enter_context(patch.object(cookies, "session_of_pages", _session))
        for name in ("write", "aside"):
            kept.enter_context(patch.object(Database, name, _written(getattr(Database, name), reached)))
        for module in web.modules():
            for name, value in list(vars(module).items()):
                if isinstance(value, FunctionType) and _where(inspect.unwrap(value).__code__) in _NAMES:
                    kept.enter_context(patch.object(module, name, _noted(value, reached)))
        yield reached


def _session(_: Any, token: str, **__: Any) -> SignedIn | None:
    enter, now = _sessions[-1]
    caller = enter(AccountId(token))
    return caller and SignedIn(token, caller, now + timedelta(hours=1), now + timedelta(hours=1))


def _noted(function: Any, reached: Reached) -> Any:
    @wraps(function)
    def called(*rest: Any, **named: Any) -> Any:
        result = function(*rest, **named)
        reached.results += result if isinstance(result, list) else [result]
        return result

    return called


def _written(function: Any, reached: Reached) -> Any:
    @wraps(function)
    def write(*rest: Any, **named: Any) -> Any:
        if (found := _outermost_act()) is not None:
            reached.acts.append(found)
        return function(*rest, **named)

    return write


def _outermost_act() -> tuple[str, AccountId] | None:
    """The act on the stack that a page called, and for whom."""
    found, frame = None, sys._getframe(1)
    while frame is not None:
        if (name := _NAMES.get(_where(frame.f_code))) is not None and name not in NO_GAME:
            found = (name, frame.f_locals["caller"].account)
        frame = frame.f_back  # type: ignore[assignment]
    return found
