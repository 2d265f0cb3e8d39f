"""`serve --policy` and TLS: what is refused before anything listens, each with one readable line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from access_service.cli import main
from access_service.settings import PREFIX
from pack_server import ROOT, Authority, free_port, pack_served

TODO = ROOT / "policy" / "todo"
HTTPS = "https://localhost:8443"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("TLS_CERT", "TLS_KEY", "PUBLIC_URL", "DATABASE_URL", "MODELS_DIR"):
        monkeypatch.delenv(f"{PREFIX}{name}", raising=False)
    monkeypatch.setenv(f"{PREFIX}PORT", str(free_port()))
    monkeypatch.chdir(tmp_path)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = main(["serve", *arguments])
    return status, capsys.readouterr().err


def test_a_pack_that_does_not_load_is_not_served(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "policy" / "todo"
    shutil.copytree(TODO, folder)
    rows = folder / "roles.csv"
    rows.write_text(rows.read_text("utf-8") + "owner,read,*,*,allow,default\n", "utf-8")
    status, said = refused(capsys, "--policy", str(folder))
    assert (status, said) == (1, "access-service: todo/roles.csv:14: unknown subject role `owner`\n")
    status, said = refused(capsys, "--policy", str(ROOT / "policy" / "base"))
    assert (status, "`kind` is missing" in said) == (1, True)
    status, said = refused(capsys, "--policy", str(tmp_path / "nowhere"))
    assert (status, said) == (1, "access-service: nowhere/pack.toml:1: no such file\n")


def test_a_pack_alone_is_served_by_one_process(capsys: pytest.CaptureFixture[str]) -> None:
    status, said = refused(capsys, "--policy", str(TODO), "--workers", "2")
    assert (status, said) == (2, "access-service: one process serves a pack alone; leave out --workers\n")


def test_certificate_key_and_address_belong_together(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    cert, key = Authority(tmp_path, "trusted").issue()
    tls = ("--policy", str(TODO), "--tls-cert", str(cert))
    status, said = refused(capsys, *tls)
    assert (status, "given together" in said) == (2, True)
    status, said = refused(capsys, *tls, "--tls-key", str(key))
    assert (status, "the public address begins with https://" in said) == (2, True)


@pytest.mark.parametrize("fault", ["readable", "another", "passphrase", "no certificate", "no key", "no PEM"])
def test_a_key_that_everybody_reads_or_that_does_not_fit_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, fault: str
) -> None:
    cert, key = Authority(tmp_path / "a", "trusted").issue(b"secret" if fault == "passphrase" else None)
    if fault == "readable":
        key.chmod(0o644)
    elif fault == "another":
        _, key = Authority(tmp_path / "b", "other").issue()
    elif fault == "no certificate":
        cert.unlink()
    elif fault == "no key":
        key.unlink()
    elif fault == "no PEM":
        cert.write_text("x", "utf-8")
    tls = ("--public-url", HTTPS, "--tls-cert", str(cert), "--tls-key", str(key))
    status, said = refused(capsys, "--policy", str(TODO), *tls)
    expected = {
        "readable": "can be read or changed by everybody",
        "no certificate": "there is no certificate",
        "no key": "no such file",
    }.get(fault, "are no certificate (PEM) and its key")
    assert (status, expected in said, said.count("\n")) == (1, True, 1)


def test_without_a_database_everything_but_the_register_is_there() -> None:
    with pack_served(TODO) as server:
        for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/.well-known/authzen-configuration"):
            assert server.request("GET", path).status == 200, path
        assert server.request("GET", "/v1/units").status == 404
        described = server.request("GET", "/openapi.json").body
        assert not [path for path in described["paths"] if path.startswith("/v1")]
        properties = described["components"]["schemas"]["Subject"]["properties"]
        assert "properties" in properties
        assert "access_service_decisions" in server.request("GET", "/metrics").body


def test_searching_takes_its_own_permission() -> None:
    body = {
        "subject": {"type": "user", "id": "bach"},
        "action": {"name": "read"},
        "resource": {"type": "task", "id": "buy-paper"},
    }
    with pack_served(TODO, environment={f"{PREFIX}API_KEY_SEARCH": "false"}) as server:
        assert server.post("evaluation", body).body == {"decision": True}
        assert server.post("search/subject", body).status == 403
        # Without it, searching is not offered, either.
        answered = server.post("evaluation", body, Authorization="Bearer wrong")
        assert answered.status == 401


ODD = [
    r'"\ud800"',
    "1e999",
    "-1e999",
    "9" * 4000,
    "9" * 5000,
    "[" * 12 + "]" * 12,
    "[" * 20 + "]" * 20,
    '{"a": {"b": [null, true]}}',
    r'"\u0000"',
    '"' + "x" * 100_000 + '"',
    '"*"',
    "null",
    "NaN",
]


def test_nothing_odd_in_a_body_is_an_internal_error() -> None:
    """Properties may be any JSON; what cannot be read at all is 400, everything else is an answer."""
    whole = '{{"subject": {{"type": "user", "id": {id}, "properties": {{"role": {p}, {key}: {p}}}}}, '
    whole += '"action": {{"name": "read", "properties": {{"x": {p}}}}}, '
    whole += '"resource": {{"type": "task", "id": "buy-paper", "properties": {{"owner": {p}, "state": {p}}}}}}}'
    with pack_served(TODO) as server:
        for path in ("evaluation", "evaluations", "search/subject", "search/resource", "search/action"):
            for odd in ODD:
                for id_, key in (('"bach"', '"x"'), ('"bach"', r'"\ud800"'), (odd, '"x"')):
                    body = whole.format(id=id_, p=odd, key=key).encode()
                    assert server.post(path, body).status in (200, 400), (path, body[:200])
        denied = server.post("evaluation", whole.format(id='"bach"', p='["binh"]', key='"x"').encode())
        assert denied.body["context"]["reason"]["code"] == "resource_incomplete"


def test_no_key_is_never_open() -> None:
    with pack_served(TODO, environment={f"{PREFIX}API_KEY": ""}) as server:
        for sent in ("", "Bearer ", "Bearer None"):
            assert server.post("evaluation", {}, Authorization=sent).status == 401
