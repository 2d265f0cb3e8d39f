"""Clients that others wrote, against the running demonstration with nothing special: authlib, joserfc, node's."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from parties import (
    apache_party,
    authlib_party,
    block,
    commands,
    enter,
    go_on,
    install_oauth4webapi,
    is_told,
    run_command,
)
from tests.web.story import PICTURES, axe, browsing, sharing_a_browser

from access_service.demonstration.software import GRADEBOOK_URL
from built_demo import copy_demo
from landing import free_port, landing

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
SESSION = "urn:access-service:params:oauth:token-type:session"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A demonstration that runs, as its file tells of it."""
    folder = tmp_path_factory.mktemp("demo")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    output = folder / "demo.json"
    copy_demo(folder, folder / "data")
    command = [sys.executable, "-m", "access_service", "demo", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--data", str(folder / "data"), "--output", str(output)], stdout=subprocess.DEVNULL
    )
    waiting = threading.Event()
    for _ in range(2400):
        if output.exists() or process.poll() is not None:
            break
        waiting.wait(0.05)
    assert output.exists(), "the demonstration did not start"
    try:
        yield {**json.loads(output.read_text("utf-8")), "data": str(folder / "data")}
    finally:
        process.terminate()
        process.wait(timeout=120)


def client(told: dict[str, Any], scope: str) -> dict[str, str]:
    found: dict[str, str] = next(c for c in told["clients"] if scope in c["scope"].split())
    return found


def metadata(told: dict[str, Any]) -> dict[str, Any]:
    with urllib.request.urlopen(
        f"{told['base_url']}/.well-known/oauth-authorization-server", timeout=120
    ) as answer:
        found: dict[str, Any] = json.loads(answer.read())
    return found


def session(told: dict[str, Any]) -> str:
    """A homeroom teacher of the school that has the gradebook signs in, and opens a session for the gradebook."""
    who = next(
        a
        for a in told["accounts"]
        if a["position"] == "homeroom" and a["id"] == told["decisions"][0]["request"]["subject"]["id"]
    )
    body = json.dumps({"username": who["username"], "password": who["password"]}).encode()
    request = urllib.request.Request(f"{told['base_url']}/v1/sessions", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        signed_in = json.loads(answer.read())["token"]
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {signed_in}"}
    body = json.dumps({"audience": client(told, "read")["client_id"]}).encode()
    request = urllib.request.Request(f"{told['base_url']}/v1/me/sessions", body, headers)
    with urllib.request.urlopen(request, timeout=120) as answer:
        token: str = json.loads(answer.read())["token"]
    return token


def test_the_file_names_the_clients(told: dict[str, Any]) -> None:
    assert [set(c) for c in told["clients"]] == [{"client_id", "client_secret", "resource", "scope"}] * 3
    scopes = {c["scope"] for c in told["clients"]}
    assert scopes == {"evaluate explain search", "introspect", "read"}
    assert {c["resource"] for c in told["clients"]} == {told["base_url"], GRADEBOOK_URL}


def test_authlib_gets_a_token_asks_with_it_has_it_introspected_and_exchanges(told: dict[str, Any]) -> None:
    authlib = pytest.importorskip("authlib.integrations.httpx_client", reason="authlib is not installed")
    from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

    server = metadata(told)
    AuthorizationServerMetadata(server).validate()
    for method in ("client_secret_basic", "client_secret_post"):
        guard = client(told, "evaluate")
        with authlib.OAuth2Client(
            guard["client_id"], guard["client_secret"], scope=guard["scope"], token_endpoint_auth_method=method
        ) as asking:
            token = asking.fetch_token(
                server["token_endpoint"], grant_type="client_credentials", resource=guard["resource"]
            )
            assert token["token_type"] == "Bearer"
            question = told["decisions"][0]
            answer = asking.post(f"{told['base_url']}/access/v1/evaluation", json=question["request"])
            assert answer.json()["decision"] is question["expected"]
    watcher, gradebook = client(told, "introspect"), client(told, "read")
    with (
        authlib.OAuth2Client(gradebook["client_id"], gradebook["client_secret"]) as drawing,
        authlib.OAuth2Client(watcher["client_id"], watcher["client_secret"]) as watching,
    ):
        own = drawing.fetch_token(server["token_endpoint"], grant_type="client_credentials", scope="read")
        acting = drawing.fetch_token(
            server["token_endpoint"],
            grant_type=EXCHANGE,
            subject_token=session(told),
            subject_token_type=SESSION,
            resource=gradebook["resource"],
        )
        assert acting["issued_token_type"] == ACCESS
        for token, is_acting in ((own, False), (acting, True)):
            said = watching.introspect_token(server["introspection_endpoint"], token["access_token"]).json()
            assert said["active"] is True
            assert ("act" in said) is is_acting
        drawing.revoke_token(server["revocation_endpoint"], acting["access_token"])
        said = watching.introspect_token(server["introspection_endpoint"], acting["access_token"]).json()
        assert said == {"active": False}


def test_joserfc_verifies_a_token_with_the_published_keys(told: dict[str, Any]) -> None:
    jose = pytest.importorskip("joserfc", reason="joserfc is not installed")
    assert jose
    from joserfc import jwt
    from joserfc.jwk import KeySet

    server, gradebook = metadata(told), client(told, "read")
    with urllib.request.urlopen(server["jwks_uri"], timeout=120) as answer:
        keys = KeySet.import_key_set(json.loads(answer.read()))
    body = (
        f"grant_type=client_credentials&client_id={gradebook['client_id']}"
        f"&client_secret={gradebook['client_secret']}"
    ).encode()
    with urllib.request.urlopen(server["token_endpoint"], body, timeout=120) as answer:
        text = json.loads(answer.read())["access_token"]
    token = jwt.decode(text, keys, algorithms=["ES256"])
    assert token.header["typ"] == "at+jwt"
    jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": server["issuer"]},
        aud={"essential": True, "value": gradebook["resource"]},
        exp={"essential": True},
        sub={"essential": True},
        client_id={"essential": True, "value": gradebook["client_id"]},
    ).validate(token.claims)


OAUTH4WEBAPI = """
import * as oauth from 'oauth4webapi'
const told = JSON.parse(process.env.TOLD)
const open = { [oauth.allowInsecureRequests]: true }
const issuer = new URL(told.base_url)
const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...open })
const as = await oauth.processDiscoveryResponse(issuer, found)
const client = { client_id: told.guard.client_id }, watcher = { client_id: told.watcher.client_id }
const auth = oauth.ClientSecretBasic(told.guard.client_secret)
const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
const wish = { scope: told.guard.scope, resource: told.guard.resource }
const url = new URL('/access/v1/evaluation', issuer)
const headers = () => new Headers({ 'content-type': 'application/json' })
for (const more of [{}, { DPoP }]) {
  const all = { ...open, ...more }
  const answer = await oauth.clientCredentialsGrantRequest(as, client, auth, wish, all)
  const token = await oauth.processClientCredentialsResponse(as, client, answer)
  const text = token.access_token
  const body = JSON.stringify(told.request)
  const decided = await oauth.protectedResourceRequest(text, 'POST', url, headers(), body, all)
  console.log(JSON.stringify([token.token_type, (await decided.json()).decision]))
  const secret = oauth.ClientSecretPost(told.watcher.client_secret)
  const asked = await oauth.introspectionRequest(as, watcher, secret, text, open)
  console.log(JSON.stringify((await oauth.processIntrospectionResponse(as, watcher, asked)).active))
  await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, text, open))
}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Node, and a folder with oauth4webapi in it."""
    folder = tmp_path_factory.mktemp("oauth4webapi")
    return install_oauth4webapi(folder), folder


def test_oauth4webapi_works_with_plain_and_bound_tokens(told: dict[str, Any], library: tuple[str, Path]) -> None:
    node, folder = library
    (folder / "client.js").write_text(OAUTH4WEBAPI)
    question = told["decisions"][0]
    sent = {
        "base_url": told["base_url"],
        "guard": client(told, "evaluate"),
        "watcher": client(told, "introspect"),
        "request": question["request"],
    }
    ran = subprocess.run(
        [node, "client.js"],
        cwd=folder,
        env={**os.environ, "TOLD": json.dumps(sent)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert lines == [["bearer", question["expected"]], True, ["dpop", question["expected"]], True]


# -- people sign in for other services, in a browser


class Party(NamedTuple):
    """The gradebook of the demonstration as each of the three services knows it: settings by service."""

    settings: dict[str, str]
    username: str
    password: str
    authlib: int
    apache: int
    node: int

    def with_port(self, port: int) -> dict[str, str]:
        return {**self.settings, "BACK": f"http://localhost:{port}/ve", "AFTER": f"http://localhost:{port}/"}


@pytest.fixture(scope="module", autouse=True)
def one_browser() -> Iterator[None]:
    with sharing_a_browser():
        yield


@pytest.fixture(scope="module")
def party(told: dict[str, Any]) -> Party:
    """Registered by the page's own command, at every address that the services here have."""
    gradebook, ports = client(told, "read"), [free_port() for _ in range(3)]
    register, discover = commands()
    settings = {
        "ISSUER": told["base_url"],
        "CLIENT_ID": gradebook["client_id"],
        "CLIENT_SECRET": gradebook["client_secret"],
        "A_SECRET_OF_YOUR_OWN": "000-bí-mật-thử",
    }
    who = next(
        a
        for a in told["accounts"]
        if a["position"] == "homeroom" and a["id"] == told["decisions"][0]["request"]["subject"]["id"]
    )
    found = Party(settings, who["username"], who["password"], *ports)
    (database,) = Path(told["data"]).glob("*.db")
    addresses = [found.with_port(port) for port in ports]
    more = "".join(f' --redirect "{one["BACK"]}" --post-logout "{one["AFTER"]}"' for one in addresses[1:])
    here = {
        "ACCESS_SERVICE_DATABASE_URL": f"sqlite:///{database}",
        "ACCESS_SERVICE_KEYS_DIR": f"{told['data']}/keys",
    }
    said = run_command(register.strip() + more, **addresses[0], **here)
    assert all(one["BACK"] in said for one in addresses)
    assert json.loads(run_command(discover, **settings))["issuer"] == told["base_url"]
    return found


def test_authlib_signs_a_person_in_and_out_in_a_browser(party: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    for needed in ("authlib.integrations.starlette_client", "itsdangerous"):
        pytest.importorskip(needed, reason=f"{needed} is not installed")
    for name, value in party.with_port(party.authlib).items():
        monkeypatch.setenv(name, value)
    with authlib_party(party.authlib) as service, browsing(viewport={"width": 390, "height": 844}) as context:
        page = context.new_page()
        page.goto(f"{service}/vao")
        assert page.url.startswith(party.settings["ISSUER"])
        picture(page, "dang-nhap-cho-dich-vu")
        enter(page, party.username, party.password)
        if is_told(page):
            assert page.get_by_text("tài khoản, đơn vị, chức danh").is_visible()
            picture(page, "dich-vu-biet-gi")
            assert axe(page) == []
        go_on(page)
        page.wait_for_url(f"{service}/")
        who = json.loads(page.locator("body").inner_text())
        assert who["acr"] == "urn:access-service:acr:password"
        assert who["name"]
        page.goto(f"{service}/vao")
        page.wait_for_url(f"{service}/")
        page.goto(f"{service}/ra")
        page.wait_for_url(f"{service}/")
        assert json.loads(page.locator("body").inner_text()) is None
        page.goto(f"{service}/vao")
        assert "/dang-nhap" in page.url, "the session here ended too"


def test_oauth4webapi_signs_a_person_in(party: Party, library: tuple[str, Path]) -> None:
    (node, folder), settings = library, party.with_port(party.node)
    (folder / "party.js").write_text(block("js"))
    command = subprocess.Popen(
        [node, "party.js"],
        cwd=folder,
        env={**os.environ, **settings},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with landing(party.node), browsing() as context, command as process:
        assert process.stdin is not None
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address, process.communicate(timeout=60)[1]
        page = context.new_page()
        page.goto(address)
        enter(page, party.username, party.password)
        go_on(page)
        page.wait_for_url(lambda url: url.startswith(settings["BACK"]))
        out, err = process.communicate(page.url + "\n", timeout=60)
        assert process.returncode == 0, err
        who, scope = map(json.loads, out.splitlines())
        assert who["preferred_username"] == party.username
        assert scope == "openid profile"


def test_apache_lets_in_whoever_signed_in_here(party: Party, tmp_path: Path) -> None:
    settings = party.with_port(party.apache)
    with apache_party(tmp_path, party.apache, settings) as address, browsing() as context:
        page = context.new_page()
        page.goto(address)
        assert page.url.startswith(party.settings["ISSUER"])
        enter(page, party.username, party.password)
        go_on(page)
        page.wait_for_url(address)
        assert page.get_by_text("Đã vào.").is_visible()
        who = page.evaluate("fetch(location.href).then(answer => answer.headers.get('X-Who'))")
        assert who.startswith("acc_")


def picture(page: Any, name: str) -> None:
    """Where pictures are asked for, one of the page."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)
