"""A school managed over HTTP: people sign in by password and everything goes through the doors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from httpx2 import Response
from serving import Served, serving

from access_service.domain.audit import Event
from access_service.domain.names import AccountId, UnitId
from access_service.storage.audit import events
from prepared import with_homeroom
from world import CLASS_6B, LOWER, OFFICE, PASSWORD, SCHOOL, Authenticator, Someone, World, hire_homeroom

OTHER = UnitId("0003102")
ROOT = UnitId("00031")
ADMIN, OFFICE_ADMIN, ROOT_ADMIN = f"quantri.{SCHOOL}", f"quantri.{OFFICE}", "admin.00031"
OTHER_ADMIN = f"quantri.{OTHER}"
PRINCIPAL, OFFICE_HEAD, DIRECTOR, OTHER_PRINCIPAL = (
    f"000.head:{SCHOOL}",
    f"000.head:{OFFICE}",
    "director.00031",
    f"000.head:{OTHER}",
)
TEACHER, OUTSIDER = "000.gvcn", "000.ngoai"
NOW, END = "2026-08-20T08:00:00+07:00", "2027-08-01T00:00:00+07:00"


@dataclass
class Managed:
    """A served world with two schools under one office, and sessions by username."""

    served: Served
    tokens: dict[str, str] = field(default_factory=dict)
    authenticators: dict[str, Authenticator] = field(default_factory=dict)

    @property
    def world(self) -> World:
        return self.served.world

    def person(self, key: str) -> Someone:
        return self.world.people[key]

    def bearer(self, who: str) -> dict[str, str]:
        if who not in self.tokens:
            self.tokens[who] = self.enter(who)["token"]
        return {"Authorization": f"Bearer {self.tokens[who]}"}

    def enter(self, who: str, **more: str) -> dict[str, Any]:
        """A session over HTTP; an admin account sets a one-time code the first time, and shows one from then on."""
        body = {"username": who, "password": PASSWORD, **more}
        name = f"{more.get('register', '')}/{who}"
        if name in self.authenticators:
            body["totp"] = self.authenticators[name].next(self.world.clock.now)
        session = self._sent("sessions", body, {}, 201)
        if session["due"] == "second_factor":
            bearer = {"Authorization": f"Bearer {session['token']}"}
            begun = self._sent("me/second-factors/totp", {"password": PASSWORD}, bearer, 201)
            self.authenticators[name] = Authenticator(begun["secret"])
            code = {"totp": self.authenticators[name].next(self.world.clock.now)}
            session = self._sent("me/second-factors/totp/confirm", code, bearer, 200)
        assert session["due"] is None, session
        return session

    def _sent(self, path: str, body: dict[str, str], headers: dict[str, str], status: int) -> dict[str, Any]:
        answer = self.served.client.post(f"/v1/{path}", json=body, headers=headers)
        assert answer.status_code == status, answer.text
        sent: dict[str, Any] = answer.json()
        return sent

    def get(self, who: str, path: str, **query: Any) -> Response:
        return self.served.client.get(f"/v1/{path}", params=query, headers=self.bearer(who))

    def post(self, who: str, path: str, body: Any = None, *, key: str | None = None) -> Response:
        headers = self.bearer(who) | ({"Idempotency-Key": key} if key is not None else {})
        return self.served.client.post(f"/v1/{path}", json=body, headers=headers)

    def put(self, who: str, path: str, content: bytes) -> Response:
        """A file as it is."""
        headers = self.bearer(who) | {"Content-Type": "application/octet-stream"}
        return self.served.client.put(f"/v1/{path}", content=content, headers=headers)

    def made(self, who: str, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """The answer of a POST that must succeed."""
        answer = self.post(who, path, body, key=key)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def seen(self, who: str, path: str, **query: Any) -> Any:
        """The answer of a GET that must succeed."""
        answer = self.get(who, path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def shown(self, who: str, document: str) -> dict[str, Any]:
        """The document as its signer reads it: its page, and what is signed as JSON."""
        found: dict[str, Any] = self.seen(who, f"documents/{document}")
        page = self.served.client.get(f"/v1/documents/{document}/paper.html", headers=self.bearer(who))
        assert page.status_code == 200, page.text
        return found

    def sign(self, who: str, *documents: str, capacity: str | None = None) -> list[dict[str, Any]]:
        """Open each document and sign what was shown."""
        shown = [self.shown(who, document) for document in documents]
        items = [{"document": d["id"], "version": d["version"], "sha256": d["sha256"]} for d in shown]
        if capacity is not None:
            items = [{**item, "capacity": capacity} for item in items]
        results: list[dict[str, Any]] = self.made(who, "signatures", {"password": PASSWORD, "documents": items})[
            "results"
        ]
        return results

    def revision(self) -> int:
        counter = self.world.services.db.counter(self.world.register)
        assert counter is not None
        return counter.revision

    def log(self) -> list[Event]:
        with self.world.services.db.connect() as connection:
            return list(events(connection, self.world.register, limit=10_000))

    def refused(self, who: str, path: str, body: Any, status: int, code: str, *, recorded: bool = True) -> Any:
        """A POST that must be refused with that code, change nothing, and be recorded once (or not at all)."""
        self.bearer(who)
        revision, log = self.revision(), self.log()
        answer = self.post(who, path, body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert self.revision() == revision
        new = self.log()[len(log) :]
        assert [(e.happening.outcome, e.happening.code) for e in new] == ([("refused", code)] if recorded else [])
        return answer.json()

    def proof(self) -> dict[str, str]:
        """What the school's admin account shows to ask for a recovery."""
        self.bearer(ADMIN)
        return {"password": PASSWORD, "totp": self.authenticators[f"/{ADMIN}"].next(self.world.clock.now)}

    def recover(self, account: str) -> str:
        """The code of a recovery that the school asked for and another leader confirmed."""
        asked = self.world.recover(self.world.admins[SCHOOL], AccountId(account))
        self.tokens.pop(ADMIN, None)
        self.authenticators[f"/{ADMIN}"] = self.world.authenticators[ADMIN]
        return asked.activation_code

    def handover(self, key: str = "gvcn", class_: str = "6A", **line: Any) -> dict[str, Any]:
        """Minutes of the school with one homeroom line."""
        someone = self.person(key)
        scope = {"classes": [{"class": f"{SCHOOL}:2026-2027:{class_}"}]}
        return {
            "unit": SCHOOL,
            "receiver": someone.person,
            "dated": "2026-08-20",
            "lines": [{"role": "homeroom_teacher", "assignment": someone.duty, "valid_from": NOW, **scope, **line}],
        }

    def hand_over(self, body: dict[str, Any], receiver: str) -> dict[str, Any]:
        """Propose and have everybody sign."""
        prepared: dict[str, Any] = self.made(ADMIN, "handovers", body)
        [at_giver] = self.sign(PRINCIPAL, prepared["document"]["id"])
        assert at_giver["problem"] is None, at_giver
        due = [prepared["document"]["id"]]
        if prepared["commitment"] is not None:
            due.append(prepared["commitment"]["id"])
        for result in self.sign(receiver, *due):
            assert result["problem"] is None, result
        return prepared


@contextmanager
def managing(folder: Path, **changes: Any) -> Iterator[Managed]:
    """The department, an office, two schools with principals; `gvcn` has a signed grant, `moi` none yet."""
    with serving(folder, furnish=with_another_school, api_key_search=True, **changes) as served:
        yield Managed(served)


def with_another_school(world: World) -> None:
    """A second school under the office, and people who hold nothing yet."""
    with_homeroom(world)
    world.add_unit(OTHER, "school", "Trường THCS Thử Hai", OFFICE, LOWER)
    world.give_authority(OTHER, OFFICE, levels=frozenset({LOWER}))
    world.appoint_head(f"head:{OTHER}", OTHER, "principal", OFFICE)
    world.hire("ngoai", OTHER, "clerk", OTHER)
    hire_homeroom(world, "moi", CLASS_6B)
    world.hire("van-thu", SCHOOL, "clerk", SCHOOL)
