"""A browser without scripts: it keeps cookies, follows redirects, and sends the forms that a page holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from serving import settings_for
from starlette.testclient import TestClient

from access_service.app import create_app
from prepared import copied, with_homeroom
from world import PASSWORD, SCHOOL, World

HOST = "https://testserver"
FROM_US = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Sheet:
    """A form as a page holds it."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    """Forms, headings and words of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Sheet] = []
        self.said: list[str] = []
        self._open: Sheet | None = None
        self._select: str | None = None
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Sheet(has.get("action", ""), has.get("method", "get").lower())
            self.forms.append(self._open)
        elif has.get("name"):
            self._take(tag, has)
        if tag == "option":
            self._take_option(has)

    def _take(self, tag: str, has: dict[str, str]) -> None:
        if self._open is None:
            return
        if tag == "input" and has.get("type") in ("checkbox", "radio"):
            if "checked" in has:
                self._open.fields.append((has["name"], has.get("value", "on")))
        elif tag == "input":
            self._open.fields.append((has["name"], has.get("value", "")))
        elif tag == "button":
            self._open.buttons.append((has["name"], has.get("value", "")))
        elif tag == "textarea":
            self._area = has["name"]
            self._open.fields.append((has["name"], ""))
        elif tag == "select":
            self._select = has["name"]

    def _take_option(self, has: dict[str, str]) -> None:
        if self._select is None or self._open is None:
            return
        if self._select not in dict(self._open.fields):
            self._open.fields.append((self._select, has.get("value", "")))
        elif "selected" in has:
            chosen = has.get("value", "")
            self._open.fields = [(n, chosen if n == self._select else v) for n, v in self._open.fields]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area is not None and self._open is not None:
            name, before = self._open.fields[-1]
            self._open.fields[-1] = (name, before + data)
        elif data.strip():
            self.said.append(data.strip())


@dataclass
class Shown:
    """What came back: the page, its forms, its words."""

    status: int
    address: str
    html: str
    headers: Any
    forms: list[Sheet]
    words: str

    def form(self, action: str) -> Sheet:
        """The first form that goes to that address."""
        return next(form for form in self.forms if form.action.partition("?")[0] == action)


def read_page(answer: Any) -> Shown:
    """What a browser makes of an answer."""
    reader = _Reader()
    reader.feed(answer.text)
    path = str(answer.url).removeprefix(HOST)
    words = re.sub(r"\s+", " ", " ".join(reader.said))
    return Shown(answer.status_code, path, answer.text, answer.headers, reader.forms, words)


@dataclass
class Visitor:
    """Somebody's browser, at the service of a world."""

    world: World
    client: TestClient
    folder: Path
    made: Any = None

    def other(self) -> Visitor:
        """Another browser, with no cookies, at the same service."""
        return Visitor(self.world, TestClient(self.client.app, HOST, raise_server_exceptions=False), self.folder)

    def get(self, path: str) -> Shown:
        """Open an address, and go where it leads."""
        return read_page(self.client.get(path, headers={"Accept": "text/html"}, follow_redirects=True))

    def send(
        self, page: Shown, action: str, *, files: Any = None, press: tuple[str, str] | None = None, **fields: Any
    ) -> Shown:
        """Fill in the page's form for that address, and send it; None leaves a field out, a list sends it often."""
        form = page.form(action)
        data: dict[str, Any] = {}
        for name, value in form.fields:
            data.setdefault(name, []).append(value)
        for name, value in fields.items():
            if value is None:
                data.pop(name, None)
            else:
                data[name] = value if isinstance(value, list) else [value]
        if press is not None:
            data[press[0]] = [press[1]]
        return read_page(
            self.client.post(form.action, data=data, files=files, headers=FROM_US, follow_redirects=True)
        )

    def sign_in(self, username: str, password: str = PASSWORD, code: str = "") -> Shown:
        """Through the sign-in page."""
        page = self.get("/dang-nhap")
        return self.send(page, "/dang-nhap", ten=username, mat_khau=password, ma=code or self.code_of(username))

    def put_on(self, username: str, password: str = PASSWORD) -> Shown:
        """Open the admin session over the personal one."""
        page = self.get("/quan-tri/dang-nhap")
        return self.send(page, "/quan-tri/dang-nhap", ten=username, mat_khau=password, ma=self.code_of(username))

    def code_of(self, username: str) -> str:
        """What the account's authenticator shows now; empty where it has none."""
        known = self.world.authenticators.get(username)
        if known is None:
            return ""
        self.world.clock.forward(seconds=30)
        return known.next(self.world.clock.now)

    def enrolled(self, username: str) -> str:
        """The name of an account that has an authenticator from now on: whoever leads or prepares must have one."""
        if username not in self.world.authenticators:
            self.world.enrol(username)
        return username

    def as_head(self) -> Visitor:
        """The head of the school, signed in, under the personal hat."""
        self.sign_in(self.enrolled(f"000.head:{SCHOOL}"))
        return self

    def as_custodian(self) -> Visitor:
        """The same, with the school's admin account over it."""
        self.as_head().put_on(self.enrolled(f"quantri.{SCHOOL}"))
        return self


@contextmanager
def visiting(folder: Path, *, furnish: Callable[[World], Any] = with_homeroom, **changes: Any) -> Iterator[Visitor]:
    """A service beside a world with what `furnish` adds, and a browser at it."""
    world, made = copied(folder, furnish, None)
    app = create_app(settings_for(folder, public_url=HOST, **changes), clock=world.clock)
    with TestClient(app, HOST, raise_server_exceptions=False) as client:
        yield Visitor(world, client, folder, made)
    world.services.db.close()
