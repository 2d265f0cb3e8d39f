"""Services that ask for tokens over HTTP: an enforcement point, a gradebook with approval, the archive it calls."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jwt
from httpx2 import Response
from serving import Served, serving

from access_service.domain.names import UnitId
from access_service.domain.software import Approval, Software
from access_service.usecases.identity.service_sessions import open_service_session
from access_service.usecases.third_party import clients
from access_service.usecases.third_party.clients import NewClient
from prepared import with_homeroom
from software_world import approve, enter
from world import PASSWORD, SCHOOL, World

URL = "http://127.0.0.1:8000"
GRADEBOOK, ARCHIVE = "https://so-diem.example", "https://kho.example"
GUARDED = GRADEBOOK
"""The service behind the proxy, where a story has one."""
SESSION = "urn:access-service:params:oauth:token-type:session"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FORM = "application/x-www-form-urlencoded"


@dataclass
class Registered:
    """A client with what it knows about itself."""

    id: str
    secret: str | None
    software: Software
    approval: Approval | None = None

    @property
    def basic(self) -> dict[str, str]:
        text = f"{quote(self.id)}:{quote(self.secret or '')}".encode()
        return {"Authorization": "Basic " + base64.b64encode(text).decode()}


@dataclass
class Scene:
    """A served school, and services around it."""

    served: Served
    guard: Registered
    """The enforcement point: evaluate, search, explain, introspect."""
    gradebook: Registered
    """The school's software: may read results and timetables of grade 6."""
    archive: Registered
    """Called by the gradebook; calls a store of its own."""

    @property
    def world(self) -> Any:
        return self.served.world

    def post(self, path: str, form: dict[str, Any] | bytes, headers: dict[str, str] | None = None) -> Response:
        if isinstance(form, bytes):
            sent = {"Content-Type": FORM, **(headers or {})}
            return self.served.client.post(f"/oauth2/{path}", content=form, headers=sent)
        return self.served.client.post(f"/oauth2/{path}", data=form, headers=headers or {})

    def ask(self, who: Registered, **form: Any) -> Response:
        return self.post("token", {"grant_type": "client_credentials", **form}, who.basic)

    def token(self, who: Registered, **form: Any) -> str:
        answer = self.ask(who, **form)
        assert answer.status_code == 200, answer.text
        text: str = answer.json()["access_token"]
        return text

    def exchange(self, who: Registered, subject: str, type_: str = ACCESS, **form: Any) -> Response:
        return self.post(
            "token",
            {"grant_type": EXCHANGE, "subject_token": subject, "subject_token_type": type_, **form},
            who.basic,
        )

    def exchanged(self, who: Registered, subject: str, type_: str = ACCESS, **form: Any) -> str:
        answer = self.exchange(who, subject, type_, **form)
        assert answer.status_code == 200, answer.text
        text: str = answer.json()["access_token"]
        return text

    def introspect(self, token: str, who: Registered | None = None) -> Any:
        answer = self.post("introspect", {"token": token}, (who or self.guard).basic)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def is_active(self, token: str) -> bool:
        active: bool = self.introspect(token)["active"]
        return active

    def signed_in(self) -> str:
        """The homeroom teacher signs in: good for the service itself."""
        token: str = self.world.sign_in("000.gvcn", PASSWORD).token
        return token

    def session(self, audience: str | None = None) -> str:
        """The homeroom teacher opens a session for a service; the gradebook unless another is named."""
        caller = self.world.sign_in("000.gvcn", PASSWORD).caller
        name = audience or self.gradebook.id
        return open_service_session(self.world.services, caller, name, (GUARDED,)).token

    def evaluate(self, token: str, path: str = "evaluation", scheme: str = "Bearer", **more: Any) -> Response:
        return self.served.client.post(
            f"/access/v1/{path}",
            json=more.pop("body", None) or self.served.question(**more.pop("changes", {})),
            headers={"Authorization": f"{scheme} {token}", **more.pop("headers", {})},
        )


def said(token: str) -> dict[str, Any]:
    """The claims of a token, without a look at its signature."""
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def detail(**more: Any) -> dict[str, Any]:
    """One authorization detail: results of the school."""
    return {
        "type": "education_data",
        "unit": SCHOOL,
        "categories": ["STU-ACA"],
        "actions": ["read"],
        **more,
    }


def details(*found: dict[str, Any]) -> str:
    return json.dumps(list(found))


def register(
    scene_world: Any,
    software: Software,
    approval: Approval | None = None,
    *,
    is_address_approved: bool = True,
    **more: Any,
) -> Registered:
    admin = scene_world.admins[software.unit]
    made = clients.create_client(scene_world.services, admin, NewClient(software.id, **more))
    if made.client.serves is not None and is_address_approved:
        clients.approve_address(scene_world.services, scene_world.admins[scene_world.root], made.client.id)
    return Registered(made.client.id, made.secret, software, approval)


def guarding(world: Any, name: str = "Cổng kiểm tra quyền thử", **more: Any) -> Registered:
    software = enter(world, world.root, name=name, is_enforcement_point=True)
    chosen = {
        "pep_scopes": frozenset({"evaluate", "search", "explain", "introspect"}),
        "resource_types": frozenset({"student", "class"}),
        **more,
    }
    return register(world, software, **chosen)


def drawing(
    world: Any, name: str, unit: UnitId = SCHOOL, paper: dict[str, Any] | None = None, **more: Any
) -> Registered:
    software = enter(world, unit, name=name)
    said_ = {"categories": frozenset({"STU-ACA", "CUR"}), **(paper or {})}
    return register(world, software, approve(world, software, **said_), **more)


@contextmanager
def scene(folder: Path, **changes: Any) -> Iterator[Scene]:
    with serving(folder, furnish=with_services, **changes) as served:
        # Through the services of the application, so that it hears of every commit at once.
        served.world.services = served.client.app.state.services
        yield Scene(served, *served.made)


def with_services(world: World) -> tuple[Registered, Registered, Registered]:
    """The three services of a scene, beside the homeroom teacher."""
    with_homeroom(world)
    return (
        guarding(world),
        drawing(world, "Sổ điểm thử", resource=GRADEBOOK),
        drawing(world, "Kho thử", resource=ARCHIVE, serves=GRADEBOOK),
    )


def assertion(key: Any, client_id: str, now: Any, kid: str | None = None, **more: Any) -> str:
    """What a client with a key signs about itself."""
    seconds = int(now.timestamp())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": URL,
        "iat": seconds,
        "exp": seconds + 60,
        "jti": "000-một-lần",
        **more,
    }
    return jwt.encode(claims, key, "ES256", headers={"kid": kid} if kid else None)
