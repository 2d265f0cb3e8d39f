"""A real nginx with the configuration of docs/proxies.md, before a service that knows nothing of rights."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from processes import answers, free_port, serving_app, wait_for
from pydantic import SecretStr
from serving import settings_for

from access_service.app import create_app
from access_service.usecases.identity.service_sessions import open_service_session
from access_service.usecases.identity.sign_in import sign_out
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
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
KEY = "000-proxy-key-000"
AUDIENCE = "https://so-diem.example.vn"
MARKS = "/lop/" + CLASS_6A.replace(":", "/") + "/diem"
OTHER = MARKS.replace("6A", "6B")

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed (Debian: nginx-light)")


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


def opened(world: World) -> str:
    """What the teacher hands to the service behind the proxy."""
    caller = world.sign_in("000.gvcn", PASSWORD).caller
    return open_service_session(world.services, caller, AUDIENCE, (AUDIENCE,)).token


def _configured(folder: Path, port: int, access: int, service: int) -> Path:
    server = block("nginx")
    for said, real in (("8080", port), ("8000", access), ("8100", service)):
        assert f"127.0.0.1:{said}" in server
        server = server.replace(f"127.0.0.1:{said}", f"127.0.0.1:{real}")
    temporary = "\n".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "access-key.conf").write_text(f'proxy_set_header X-Access-Key "{KEY}";\n', "utf-8")
    path = folder / "nginx.conf"
    path.write_text(
        f"daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        f"events {{ worker_connections 64; }}\nhttp {{ access_log off; {temporary}\n{server} }}\n",
        "utf-8",
    )
    return path


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory, cheap_passwords: None) -> Iterator[Behind]:
    folder = tmp_path_factory.mktemp("nginx")
    (folder / "rules.toml").write_text(block("toml"), "utf-8")
    world = with_school(found(make_services(f"sqlite:///{folder}/thu.db", folder, clock := Clock()), clock))
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    settings = settings_for(folder, api_key=SecretStr(KEY), forward_rules=folder / "rules.toml", log_level="error")
    port, access, service = free_port(), free_port(), free_port()
    with ExitStack() as stack:
        stack.enter_context(serving_app(echo, service))
        stopping = stack.enter_context(ExitStack())
        stopping.enter_context(serving_app(create_app(settings, clock=clock), access))
        process = subprocess.Popen(
            [
                str(NGINX),
                "-e",
                str(folder / "error.log"),
                "-p",
                str(folder),
                "-c",
                str(_configured(folder, port, access, service)),
            ],
            env={**os.environ, "LC_ALL": "C"},
        )
        stack.callback(process.wait, timeout=120)
        stack.callback(process.terminate)
        wait_for(lambda: answers(port) or process.poll() is not None, "nginx")
        assert process.poll() is None, (folder / "error.log").read_text("utf-8")
        token = opened(world)
        yield Behind(port, world, token, teacher.account, stopping.close)
    world.services.db.close()


def test_the_teacher_reaches_their_class_and_the_service_is_told_who_it_is(behind: Behind) -> None:
    status, headers, seen = behind.get(f"{MARKS}?sort=ten")
    assert status == 200
    assert (seen["method"], seen["path"]) == ("GET", MARKS)
    assert seen["headers"]["x-access-account"] == behind.account
    assert seen["headers"]["x-access-grant"].startswith("grn_")
    assert "x-access-key" not in seen["headers"]
    assert KEY not in json.dumps(headers)


def test_what_the_person_showed_ends_at_the_proxy(behind: Behind) -> None:
    """(A9) Whoever runs the service behind gets neither the session nor a cookie."""
    status, _, seen = behind.get(MARKS, Cookie="phien=000; a=b")
    assert status == 200
    assert not {"authorization", "cookie", "x-access-key"} & set(seen["headers"])
    assert behind.token not in json.dumps(seen)


def test_the_session_of_signing_in_opens_nothing_behind_the_proxy(behind: Behind) -> None:
    """(A9) It is good for the access service, and a proxy that is handed it lets nothing through."""
    own = behind.world.sign_in("000.gvcn", PASSWORD).token
    status, headers, seen = behind.get(MARKS, token=own)
    assert (status, seen, headers["x-access-reason"]) == (401, None, "wrong_audience")


def test_another_class_is_refused_with_its_reason(behind: Behind) -> None:
    status, headers, _ = behind.get(OTHER)
    assert (status, headers["x-access-reason"]) == (403, "outside_class")
    status, headers, _ = behind.get("/lop/khong-co-quy-tac")
    assert (status, headers["x-access-reason"]) == (403, "forbidden")
    assert behind.get(MARKS, method="DELETE")[0] == 403


def test_whoever_is_not_signed_in_is_told_so(behind: Behind) -> None:
    status, headers, _ = behind.get(MARKS, token=None)
    assert (status, headers["www-authenticate"]) == (401, "Bearer")
    assert behind.get(MARKS, token="khong-co")[0] == 401


@pytest.mark.parametrize(
    "path",
    [
        "/" + MARKS,
        MARKS + "/",
        MARKS.replace("/diem", "//diem"),
        MARKS.replace("/diem", "/./diem"),
        MARKS.replace("6A/diem", "6B/../6A/diem"),
        MARKS.replace("6A/diem", "6A/../6B/diem"),
        MARKS.replace("6A", "%36A"),
        MARKS.replace("6A/diem", "6A/..%2f6B/diem"),
        MARKS.replace("6A/diem", "6A%2f..%2f6B/diem"),
        MARKS.replace("lop", "LOP"),
        MARKS + ";x",
        MARKS + "%3fx",
        f"/hoc-sinh/1?lop={CLASS_6A}&lop=0003101:2026-2027:6B",
    ],
)
def test_a_path_trick_reaches_nothing(behind: Behind, path: str) -> None:
    status, headers, seen = behind.get(path)
    assert (status, seen) == (403, None)
    assert headers["x-access-reason"] == "forbidden"


def test_what_nginx_puts_right_itself_is_checked_as_it_goes_on(behind: Behind) -> None:
    status, _, seen = behind.get("http://elsewhere.example.org" + MARKS)
    assert (status, seen["path"]) == (200, MARKS)
    assert behind.get("http://elsewhere.example.org" + OTHER)[0] == 403
    assert behind.get(MARKS + "%00")[0] == 400


def test_what_the_caller_writes_into_the_proxys_headers_counts_for_nothing(behind: Behind) -> None:
    lies = {"X_Original_URI": MARKS, "X_Original_Method": "GET", "X_Access_Key": KEY}
    assert behind.get(OTHER, **lies)[0] == 403
    assert behind.get(MARKS, token=None, X_Access_Account=behind.account, X_Access_Key=KEY)[0] == 401
    status, _, seen = behind.get(MARKS, X_Access_Account="acc_other", X_Access_Grant="grn_other", **lies)
    assert status == 200
    assert seen["headers"]["x-access-account"] == behind.account
    assert seen["headers"]["x-access-grant"] != "grn_other"
    assert behind.get("/_access")[0] in (403, 404)


def test_taken_back_is_refused_and_without_an_answer_nothing_passes(behind: Behind) -> None:
    """The last story of this file: the access service is stopped in it."""
    signed_in = behind.world.sign_in("000.gvcn", PASSWORD).caller
    services = behind.world.services
    other = open_service_session(services, signed_in, AUDIENCE, (AUDIENCE,)).token
    assert behind.get(MARKS, token=other)[0] == 200
    sign_out(services, signed_in)
    assert behind.get(MARKS, token=other)[0] == 401
    assert behind.get(MARKS)[0] == 200
    behind.stop_access()
    status, _, seen = behind.get(MARKS)
    assert (status, seen) == (500, None)
