"""A service that knows nothing of rights, behind a real proxy with the configuration of docs/proxies.md."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from processes import answers, free_port, serving_app, wait_for
from pydantic import SecretStr
from serving import settings_for

from access_service.app import create_app
from access_service.usecases.identity.service_sessions import open_service_session
from world import (
    CLASS_6A,
    PASSWORD,
    SCHOOL,
    Clock,
    World,
    found,
    hire_homeroom,
    homeroom_line,
    make_services,
    with_school,
)

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "proxies.md").read_text("utf-8")
KEY = "000-proxy-key-000"
AUDIENCE = "https://so-diem.example.vn"
MARKS = "/lop/" + CLASS_6A.replace(":", "/") + "/diem"
OTHER = MARKS.replace("6A", "6B")
USERNAME = "000.gvcn"


@dataclass(frozen=True)
class Ports:
    """Where each of the three listens."""

    proxy: int
    access: int
    service: int

    def put_into(self, text: str) -> str:
        """The page's text with these in place of its own."""
        for said, real in (("8080", self.proxy), ("8000", self.access), ("8100", self.service)):
            text = text.replace(f"127.0.0.1:{said}", f"127.0.0.1:{real}")
        return text


def block(language: str) -> str:
    """The one block of the page in this language."""
    (text,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(text)


async def echo(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The service behind: says what reached it."""
    if scope["type"] != "http":
        return
    seen = {
        "method": scope["method"],
        "path": scope["raw_path"].decode(),
        "headers": {name.decode(): value.decode("latin-1") for name, value in scope["headers"]},
    }
    start = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": start})
    await send({"type": "http.response.body", "body": json.dumps(seen).encode()})


@dataclass
class Behind:
    """nginx, what it asks and what it guards."""

    port: int
    ports: Ports
    world: World
    token: str
    account: str
    stop_access: Any

    def get(self, path: str, token: str | None = "", method: str = "GET", **headers: str) -> Any:
        """The status, the headers, and what reached the service behind; nothing is normalised on the way."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            given["Authorization"] = f"Bearer {token or self.token}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in given.items():
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        is_ours = answer.status == 200 and body
        return (
            answer.status,
            {name.lower(): value for name, value in answer.getheaders()},
            json.loads(body) if is_ours else None,
        )


def opened(world: World, audience: str = AUDIENCE) -> str:
    """What the teacher hands to the service behind the proxy."""
    caller = world.sign_in("000.gvcn", PASSWORD).caller
    return open_service_session(world.services, caller, audience, (audience,)).token


def asked_as_the_page_says(behind: Behind) -> str:
    """What the page's own commands print: sign in, open a session for the service, show that one to the proxy."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed: the page's commands were not run")
    ran = subprocess.run(
        ["sh", "-euc", behind.ports.put_into(block("sh"))],
        env={**os.environ, "USERNAME": USERNAME, "PASSWORD": PASSWORD},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


@contextmanager
def proxied(
    folder: Path,
    rules: str,
    command: Callable[[Path, Ports], list[str]],
    *,
    app: Any = echo,
    is_visited: bool = False,
    **environment: str,
) -> Iterator[Behind]:
    """The access service, the service behind (`app`) and the proxy, each a server of its own.

    `is_visited`: a browser comes, so the proxy's own address is the audience, and the service is another site.
    """
    ports = Ports(free_port(), free_port(), free_port())
    audience = f"http://127.0.0.1:{ports.proxy}" if is_visited else AUDIENCE
    (folder / "rules.toml").write_text(rules.replace(AUDIENCE, audience), "utf-8")
    world = with_school(found(make_services(f"sqlite:///{folder}/thu.db", folder, clock := Clock()), clock))
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    more = {"public_url": f"http://localhost:{ports.access}"} if is_visited else {}
    settings = settings_for(
        folder, api_key=SecretStr(KEY), forward_rules=folder / "rules.toml", log_level="error", **more
    )
    with ExitStack() as stack:
        stack.enter_context(serving_app(app, ports.service))
        stopping = stack.enter_context(ExitStack())
        stopping.enter_context(serving_app(create_app(settings, clock=clock), ports.access))
        said = stack.enter_context((folder / "error.log").open("a", encoding="utf-8"))
        process = subprocess.Popen(
            command(folder, ports),
            env={**os.environ, "LC_ALL": "C", "HOME": str(folder), **environment},
            stdout=said,
            stderr=said,
        )
        stack.callback(process.wait, timeout=120)
        stack.callback(process.terminate)
        wait_for(lambda: answers(ports.proxy) or process.poll() is not None, "the proxy")
        assert process.poll() is None, (folder / "error.log").read_text("utf-8")
        yield Behind(ports.proxy, ports, world, opened(world, audience), teacher.account, stopping.close)
    world.services.db.close()
