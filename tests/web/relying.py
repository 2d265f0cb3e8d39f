"""A service that signs people in by this one: what its server and its pages do, and nothing more."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from visiting import FROM_US, HOST, Shown, Visitor, read_page, visiting

from access_service.usecases.third_party import clients
from access_service.usecases.third_party.clients import NewClient
from prepared import with_homeroom
from software_world import approve, enter
from world import SCHOOL, World

BACK, AFTER = "https://so-diem.example/ve", "https://so-diem.example/het"
DATA = "https://du-lieu.example"
TEACHER = "000.gvcn"


@dataclass
class Relying:
    """A registered client, at the service that a visitor visits."""

    id: str
    secret: str
    back: str = BACK
    verifiers: dict[str, str] = field(default_factory=dict)

    @property
    def basic(self) -> dict[str, str]:
        text = f"{quote(self.id)}:{quote(self.secret)}".encode()
        return {"Authorization": "Basic " + base64.b64encode(text).decode()}

    def address(self, **more: str | None) -> str:
        """Where it sends a browser; the state finds the verifier again."""
        verifier, state = secrets.token_urlsafe(32), secrets.token_urlsafe(12)
        self.verifiers[state] = verifier
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        said = {
            "response_type": "code",
            "client_id": self.id,
            "redirect_uri": self.back,
            "scope": "openid profile",
            "state": state,
            "nonce": secrets.token_urlsafe(12),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **more,
        }
        return "/oauth2/authorize?" + urlencode({name: text for name, text in said.items() if text is not None})

    def post(self, browser: Visitor, path: str, headers: dict[str, str] | None = None, **form: Any) -> Any:
        """A request of its server."""
        return browser.client.post(f"/oauth2/{path}", data=form, headers=self.basic if headers is None else headers)

    def redeem(self, browser: Visitor, answer: dict[str, str], **more: Any) -> Any:
        """Its server redeems what came back."""
        said = {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": self.back,
            "code_verifier": self.verifiers[answer["state"]],
            **more,
        }
        return self.post(browser, "token", **said)

    def refresh(self, browser: Visitor, token: str, **more: Any) -> Any:
        return self.post(browser, "token", grant_type="refresh_token", refresh_token=token, **more)

    def signed_in(self, browser: Visitor, **more: str | None) -> dict[str, Any]:
        """From the link to the tokens."""
        answer = self.redeem(browser, through(browser, self.address(**more)))
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens

    def userinfo(self, browser: Visitor, token: str) -> Any:
        return browser.client.get("/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"})


def follow(browser: Visitor, address: str) -> Any:
    """Follow our own redirections; the last answer, which may lead elsewhere."""
    while True:
        answer = browser.client.get(address, headers={"Accept": "text/html"}, follow_redirects=False)
        location = answer.headers.get("location", "")
        if answer.status_code not in (302, 303) or not location.startswith(("/", HOST)):
            return answer
        address = location


def onward(answer: Any) -> str:
    """Where an answer leads: by redirection, or by the page that lies between."""
    if "location" in answer.headers:
        return str(answer.headers["location"])
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]*)"', answer.text)
    assert found is not None, answer.text[:2000]
    return html.unescape(found[1])


def said(address: str) -> dict[str, str]:
    """The parameters of an address, each once."""
    pairs = parse_qs(urlsplit(address).query, keep_blank_values=True, strict_parsing=True)
    assert all(len(values) == 1 for values in pairs.values())
    return {name: values[0] for name, values in pairs.items()}


def enter_by(browser: Visitor, page: Shown, name: str, **typed: str) -> Any:
    """Fill in the sign-in page that a request led to."""
    form = page.form("/dang-nhap")
    data = {**dict(form.fields), "ten": name, "mat_khau": typed.get("mat_khau", ""), "ma": browser.code_of(name)}
    return browser.client.post("/dang-nhap", data=data, headers=FROM_US, follow_redirects=False)


def press(browser: Visitor, page: Any, answer: str = "vao") -> Any:
    """Answer the page that tells what a service learns."""
    form = read_page(page).form("/dang-nhap/dich-vu")
    data = {**dict(form.fields), "tra_loi": answer}
    return browser.client.post(form.action, data=data, headers=FROM_US, follow_redirects=False)


def through(browser: Visitor, address: str) -> dict[str, str]:
    """A signed-in browser goes to the service and comes back; told what it learns where that is due."""
    answer = follow(browser, address)
    if answer.status_code == 200:
        answer = press(browser, answer)
    return said(onward(answer))


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a token, without a look at its signature."""
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def with_services(world: World) -> tuple[Relying, Relying]:
    """The school's gradebook, approved for data, and a second service; beside the homeroom teacher."""
    with_homeroom(world)
    gradebook = enter(world, name="Sổ điểm")
    approve(world, gradebook, categories=frozenset({"STU-ACA", "CUR"}))
    made = []
    for software, back in ((gradebook, BACK), (enter(world, name="Nhắn tin"), "https://nhan-tin.example/ve")):
        wanted = NewClient(
            software.id,
            resource=DATA,
            redirect_uris=frozenset({back, back + "?o=1"}),
            post_logout_uris=frozenset({AFTER}),
        )
        issued = clients.create_client(world.services, world.admins[SCHOOL], wanted)
        made.append(Relying(issued.client.id, issued.secret or "", back))
    return made[0], made[1]


@contextmanager
def relying(folder: Path) -> Iterator[tuple[Visitor, Relying, Relying]]:
    """A service, a browser at it, and two services that sign people in by it."""
    with visiting(folder, furnish=with_services) as visitor:
        # Through the services of the application, so that it hears of every commit at once.
        visitor.world.services = visitor.client.app.state.services  # type: ignore[attr-defined]
        yield (visitor, *visitor.made)
