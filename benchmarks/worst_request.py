"""How long the event loop stands still for the worst request of each kind, at every route there is.

    .venv/bin/python benchmarks/worst_request.py [--only TEXT] [--all]

The demonstration is built and served by the real listener on loopback, in this process; another thread sends. Every
callback of the event loop is measured in CPU time of its thread, so that a busy machine changes little. What counts
is the longest one while a request is in work; near the limit it is sent again, and the median counts. It must not
be longer than 25 ms, or three times `json.loads` of the same body where that is more. Exit status 1 where one is.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import logging
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import uvicorn
from pydantic import SecretStr

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from access_service.api.http.limits import BODY_BYTES, OPEN_BYTES  # noqa: E402
from access_service.api.http.listener import LISTENING, Bounded  # noqa: E402
from access_service.app import OPEN_PATHS, create_app  # noqa: E402
from access_service.demonstration.province import REGISTER, build_demo  # noqa: E402
from access_service.engine.packs.load import read_pack_files  # noqa: E402
from access_service.settings import Settings  # noqa: E402
from access_service.signing.keys import SEAL_KEY, load_or_create  # noqa: E402
from access_service.signing.vault import FactorKey  # noqa: E402
from access_service.storage.db import Database  # noqa: E402
from access_service.storage.migrate import upgrade  # noqa: E402
from access_service.usecases.services import Services, system_clock  # noqa: E402

KEY = "000-khoa-do-000-khoa-do"
MUST_MS, TIMES = 25.0, 3
HEADER_BYTES = Bounded.bounds.header_bytes - 1024
REPEATS, NEAR = 5, 0.5
LIST, DEPTH, FLAT = 1000, 8, 2
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
HIDDEN: Mapping[str, Any] = {
    "/activate": {"get": {}, "post": {"requestBody": {"content": {"application/x-www-form-urlencoded": {}}}}},
    "/docs": {"get": {}},
    "/openapi.json": {"get": {}},
    "/nowhere": {"get": {}, "post": {}},
}
"""Addresses that the description leaves out."""
METHODS = ("get", "post", "put", "patch", "delete")


class Standing:
    """The longest callback of one thread's event loop."""

    def __init__(self) -> None:
        self.thread, self.longest = 0, 0.0
        run = asyncio.Handle._run  # noqa: SLF001 there is no other place to stand

        def timed(handle: asyncio.Handle) -> None:
            if threading.get_ident() != self.thread:
                run(handle)
                return
            began = time.thread_time()
            run(handle)
            self.longest = max(self.longest, time.thread_time() - began)

        asyncio.Handle._run = timed  # type: ignore[method-assign]  # noqa: SLF001


class Request(NamedTuple):
    """One to send."""

    kind: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass
class Measured:
    """What one did."""

    route: str
    kind: str
    size: int
    """Bytes of the body."""
    status: int
    stood_ms: float
    loads_ms: float

    @property
    def allowed_ms(self) -> float:
        """How long the loop may stand for it."""
        return max(MUST_MS, TIMES * self.loads_ms)


# -- what is sent


def shapes(size: int) -> Iterator[tuple[str, bytes]]:
    """Bodies of at most `size` bytes that are hard to count, parse or compose, whatever a route wants."""

    def filled(begin: str, piece: str, end: str) -> bytes:
        room = size - len(begin.encode()) - len(end.encode())
        return (begin + piece * (room // len(piece.encode())) + end).encode()

    yield "a string that never ends", filled('{"a":"' + "[" * 20, '\\"', "")
    yield "quotation marks", filled("", '"', "")
    yield "backslashes", filled('{"a":"', "\\\\", '"}')
    yield "arrays in arrays", filled("", "[", "")
    yield "objects in objects", filled("", '{"a":', "")
    yield "empty arrays", filled('{"a":[', "[],", "[]]}")
    yield "empty strings", filled('{"a":[', '"",', '""]}')
    yield "numbers", filled('{"a":[', "0,", "0]}")
    yield "fractions", filled('{"a":[', "1.7976931348623157e308,", "0]}")
    yield "one long number", filled('{"a":', "9", "}")
    yield "one long fraction", filled('{"a":0.', "9", "}")
    yield "marks on one letter", filled('{"a":"e', "\u0301\u0323", '"}')
    yield "marks on many letters", filled('{"a":"', "e\u0323\u0302", '"}')
    yield "escaped marks", filled('{"a":"e', "\\u0301\\u0323", '"}')
    yield "half surrogates", filled('{"a":"', "\\ud800", '"}')
    yield "blanks", filled("", " ", "{}")
    yield "no UTF-8", b"\xff" * size
    count = size // 12
    yield "members", ("{" + ",".join(f'"{n:06x}":0' for n in range(count)) + "}").encode()[:size]
    yield "one member again and again", filled("{", '"a":0,', '"a":0}')


LETTERS = {"marks": "e\u0323\u0302", "letters": "ệ", "ASCII": "a"}


def value_of(
    schema: Mapping[str, Any], document: Mapping[str, Any], letter: str, items: int, depth: int = 0
) -> Any:
    """The largest value that a schema allows, of one letter."""
    schema = _plain(schema, document)
    kind = schema.get("type")
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if kind == "array":
        most = min(items if depth < FLAT else 3, schema.get("maxItems", items))
        return [value_of(schema.get("items", {}), document, letter, items, depth + 1)] * most
    if kind == "object" or "properties" in schema:
        named = schema.get("properties", {}) if depth < DEPTH else {}
        return {name: value_of(inner, document, letter, items, depth + 1) for name, inner in named.items()}
    if kind in ("integer", "number", "boolean"):
        return schema.get("maximum", 1) if kind != "boolean" else True
    said = {"date": "2026-10-07", "date-time": "2026-10-07T00:00:00Z"}.get(schema.get("format", ""))
    return said or (letter * 4096)[: schema.get("maxLength", 256 if letter == "a" else 85)]


def _plain(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a schema refers to, and of several the first that is not null."""
    while True:
        several = next((schema[name] for name in ("anyOf", "oneOf", "allOf") if name in schema), None)
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        elif several is not None:
            schema = next((s for s in several if s.get("type") != "null"), several[0])
        else:
            return schema


def bodies(operation: Mapping[str, Any], document: Mapping[str, Any], size: int) -> Iterator[tuple[str, bytes]]:
    """Bodies of the form that a route wants, as large as may be."""
    content = operation.get("requestBody", {}).get("content", {})
    if JSON not in content:
        return
    for name, letter in LETTERS.items():
        for items in (LIST, 300, 100, 30, 10, 3, 1):
            value = value_of(content[JSON]["schema"], document, letter, items)
            body = json.dumps(value, ensure_ascii=False).encode()
            if len(body) <= size:
                yield f"as described, {name}", body
                break


def batches() -> Iterator[tuple[str, bytes]]:
    """A thousand questions whose words are as long as words may be."""
    for name, letter in LETTERS.items():
        word = (letter * 256).encode()[:90].decode("utf-8", "ignore")
        item = {
            "subject": {"type": "account", "id": word},
            "action": {"name": word},
            "resource": {
                "type": "student",
                "id": word,
                "properties": {"category": word, "class": word, "unit": word},
            },
        }
        yield f"a batch, {name}", json.dumps({"evaluations": [item] * 1000}, ensure_ascii=False).encode()
    shared = {"subject": {"type": "account", "id": "x"}, "action": {"name": "read"}, "evaluations": [{}] * 1000}
    yield "a batch of nothing", json.dumps(shared).encode()


def odd_headers() -> Iterator[tuple[str, dict[str, str]]]:
    """Headers up to what the listener takes."""
    deep = "eyJhIjpb" + "W1tb" * (7000 // 4)
    yield "a long bearer", {"Authorization": "Bearer " + "a" * HEADER_BYTES}
    yield "a token of dots", {"Authorization": "Bearer " + "." * HEADER_BYTES}
    yield "a token that is nested deep", {"Authorization": f"Bearer {deep}.e30.AAAA"}
    yield "a token bound to a key", {"Authorization": f"DPoP {deep}.e30.AAAA", "DPoP": f"{deep[:4000]}.e30.AAAA"}
    yield "a long Basic", {"Authorization": "Basic " + "Og==" * (HEADER_BYTES // 4)}
    yield "many headers", {f"x-{n:x}": "" for n in range(HEADER_BYTES // 9)}
    yield "a long cookie", {"Cookie": "a=b;" * (HEADER_BYTES // 4)}
    yield "a long request id", {"X-Request-ID": "a" * HEADER_BYTES}
    yield "a long key of repetition", {"Idempotency-Key": "a" * HEADER_BYTES}
    yield "a long original address", {"X-Original-Method": "GET", "X-Original-URI": "/a" * (HEADER_BYTES // 2)}
    yield "a long content type", {"Content-Type": "a/b;" + "c=d;" * (HEADER_BYTES // 4)}


def odd_queries(operation: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Query strings up to what the listener takes."""
    marks = quote("e" + "\u0301\u0323" * 2000)
    yield "a query of many names", "?" + "&".join(f"{n:x}" for n in range(HEADER_BYTES // 5))
    yield "a query of ampersands", "?" + "&" * HEADER_BYTES
    yield "a query of signs", "?a=" + "%FF" * (HEADER_BYTES // 3)
    named = [p["name"] for p in operation.get("parameters", []) if p["in"] == "query"]
    for name in named:
        yield f"`{name}` of marks", f"?{name}={marks}"
    if named:
        yield f"`{named[0]}` again and again", "?" + f"{named[0]}=a&" * (HEADER_BYTES // (len(named[0]) + 3))


def requests(document: Mapping[str, Any], session: Session) -> Iterator[tuple[str, Request]]:
    """Every route with everything that is hard for it, by who may go furthest there."""
    key = {"Authorization": f"Bearer {KEY}", "X-Access-Key": KEY}
    # The one that ends the session comes last.
    every = {**document["paths"], **HIDDEN}
    for template, operations in sorted(every.items(), key=lambda item: item[0].endswith("/current")):
        is_act = template.startswith("/v1/")
        path = template.replace("{", "").replace("}", "")
        size = OPEN_BYTES if template.startswith(OPEN_PATHS) else BODY_BYTES
        for method in METHODS:
            operation = operations.get(method)
            if operation is None:
                continue
            if is_act:
                session.renew()
            who = session.headers if is_act else key
            for request in of_route(method.upper(), path, template, operation, document, who, size):
                yield f"{method.upper()} {template}", request


def of_route(
    method: str,
    path: str,
    template: str,
    operation: Mapping[str, Any],
    document: Mapping[str, Any],
    who: Mapping[str, str],
    size: int,
) -> Iterator[Request]:
    """What is sent to one route."""
    for kind, more in odd_headers():
        yield Request(kind, method, path, {**who, **more})
    for kind, query in odd_queries(operation):
        yield Request(kind, method, path + query, who)
    if "{" in template:
        long = template.partition("{")[0] + quote("e" + "\u0301\u0323" * 2000)
        yield Request("marks in the path", method, long, who)
    if method == "GET":
        return
    sent = [*bodies(operation, document, size), *shapes(size)]
    if template.endswith("/evaluations"):
        sent += batches()
    for kind, body in sent:
        yield Request(kind, method, path, {**who, "Content-Type": JSON}, body[:size])
        if kind.startswith("as described") and template.startswith("/v1/") and size == BODY_BYTES:
            once = {"Idempotency-Key": f"{len(body)} {template}".replace(" ", "-")}
            yield Request(f"{kind}, once", method, path, {**who, "Content-Type": JSON, **once}, body)
    yield Request("anybody: arrays in arrays", method, path, {"Content-Type": JSON}, b"[" * size)
    if FORM in operation.get("requestBody", {}).get("content", {}):
        for kind, form in forms(size):
            yield Request(kind, method, path, {**who, "Content-Type": FORM}, form)


def forms(size: int) -> Iterator[tuple[str, bytes]]:
    """Forms that are hard to read."""
    for piece in ("a=b&", "a&", "%FF", "+", "&", "a=" + quote("\u0301\u0323")):
        yield f"a form of `{piece[:6]}`", piece.encode() * (size // len(piece))


# -- the service


def built(folder: Path) -> tuple[Settings, Any]:
    """The demonstration's register."""
    settings = Settings(
        database_url=f"sqlite:///{folder}/access.db",
        keys_dir=folder / "keys",
        register_name=REGISTER,
        api_key=SecretStr(KEY),
        api_key_search=True,
        log_level="error",
        log_decisions="none",
        operations_public=True,
    )
    upgrade(settings.database_url)
    db = Database(settings.database_url, system_clock)
    services = Services(db, load_or_create(settings.keys_dir / SEAL_KEY), factors=FactorKey.load(settings.keys_dir))
    packs = {
        name: read_pack_files(settings.policy_dir, name, settings.models_dir) for name in ("hai-phong", "hai-duong")
    }
    demo = build_demo(services, packs, lambda _: None)
    db.close()
    return settings, demo


def serve(app: Any, standing: Standing) -> tuple[int, uvicorn.Server, threading.Thread]:
    """The application behind the real listener, in a thread, over the standard library's event loop."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    options = {**LISTENING, "log_level": "critical", "loop": "asyncio"}
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, **options))

    def run() -> None:
        standing.thread = threading.get_ident()
        server.run()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    return port, server, thread


def send(port: int, request: Request) -> int:
    """The status; 0 where the connection was closed without one."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request(request.method, request.path, request.body or None, dict(request.headers))
        answer = connection.getresponse()
        answer.read()
    except (ConnectionError, http.client.HTTPException, OSError):
        return 0
    else:
        return answer.status
    finally:
        connection.close()


class Session:
    """Somebody who is signed in with a password alone; somebody else when that is over."""

    def __init__(self, port: int, demo: Any) -> None:
        self._port = port
        self._accounts = iter([account for account in demo.accounts if account.totp_secret is None] * 9)
        self.headers: dict[str, str] = {}

    def renew(self) -> None:
        """Let it hold: requests of earlier routes may have ended it, or locked the account."""
        while send(self._port, Request("", "GET", "/v1/me", self.headers)) != 200:  # noqa: PLR2004
            account = next(self._accounts)
            body = json.dumps({"username": account.username, "password": account.password}).encode()
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            connection.request("POST", "/v1/sessions", body, {"Content-Type": JSON})
            answer = json.loads(connection.getresponse().read())
            connection.close()
            if answer.get("token") is not None:
                self.headers["Authorization"] = f"Bearer {answer['token']}"


def loads_ms(body: bytes) -> float:
    """CPU time of the standard library's parser for the same bytes, whether it can read them or not."""
    began = time.thread_time()
    with suppress(ValueError, RecursionError):
        json.loads(body)
    return (time.thread_time() - began) * 1000


def measure(port: int, standing: Standing, route: str, request: Request) -> Measured:
    """Send it; again where it is near the limit, and the median of the longest callbacks counts."""
    stood: list[float] = []
    while True:
        standing.longest = 0.0
        status = send(port, request)
        stood.append(standing.longest * 1000)
        found = Measured(
            route, request.kind, len(request.body), status, statistics.median(stood), loads_ms(request.body)
        )
        if len(stood) == REPEATS or stood[0] < NEAR * found.allowed_ms:
            return found


def show(found: list[Measured], *, everything: bool) -> None:
    """A table: the worst of each route, or all."""
    routes = {m.route for m in found}
    rows = found if everything else [max((m for m in found if m.route == route), key=_share) for route in routes]
    print("| route | worst request | bytes | status | stood still ms | json.loads ms | allowed ms |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for m in sorted(rows, key=_share, reverse=True):
        print(
            f"| `{m.route}` | {m.kind} | {m.size:,} | {m.status} | {m.stood_ms:.1f} | {m.loads_ms:.1f} "
            f"| {m.allowed_ms:.0f} |"
        )


def _share(measured: Measured) -> float:
    return measured.stood_ms / measured.allowed_ms


def main() -> int:
    """Build, serve, send everything, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="routes and kinds that contain this text")
    parser.add_argument("--all", action="store_true", help="a line for each request, not for each route")
    chosen = parser.parse_args()
    logging.disable(logging.CRITICAL)
    standing = Standing()
    with tempfile.TemporaryDirectory() as folder:
        settings, demo = built(Path(folder))
        app = create_app(settings, allow_demo=True)
        port, server, thread = serve(app, standing)
        try:
            document = app.openapi()
            # Whoever asks for it first makes it.
            app.openapi_schema = None
            found = [
                measure(port, standing, route, request)
                for route, request in requests(document, Session(port, demo))
                if chosen.only in f"{route} {request.kind}"
            ]
        finally:
            server.should_exit = True
            thread.join(timeout=60)
    show(found, everything=chosen.all)
    over = [m for m in found if m.stood_ms > m.allowed_ms]
    print(f"\n{len(found)} requests, {len(over)} over what is allowed.")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
