"""A real nginx with the configuration of docs/proxies.md, before a service that knows nothing of rights."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from proxied import AUDIENCE, KEY, MARKS, OTHER, Behind, Ports, asked_as_the_page_says, block, proxied

from access_service.usecases.identity.service_sessions import open_service_session
from access_service.usecases.identity.sign_in import sign_out
from world import CLASS_6A, PASSWORD

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed (Debian: nginx-light)")


def _command(folder: Path, ports: Ports) -> list[str]:
    server = ports.put_into(block("nginx"))
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
    return [str(NGINX), "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(path)]


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory, cheap_passwords: None) -> Iterator[Behind]:
    with proxied(tmp_path_factory.mktemp("nginx"), block("toml"), _command) as made:
        yield made


def test_the_pages_own_commands_lead_to_the_service(behind: Behind) -> None:
    assert json.loads(asked_as_the_page_says(behind))["headers"]["x-access-account"] == behind.account


def test_what_is_open_to_anybody_reaches_the_service_that_is_told_of_nobody(behind: Behind) -> None:
    for token in (None, behind.token):
        status, _, seen = behind.get("/dang-nhap", token=token, X_Access_Account=behind.account)
        assert (status, seen["path"]) == (200, "/dang-nhap")
        assert not any(seen["headers"].get(name) for name in ("x-access-account", "x-access-grant"))
        assert "authorization" not in seen["headers"]
    assert behind.get("/dang-nhap/x", token=None)[0] in (401, 403)


def test_what_a_form_escapes_goes_on_as_it_came(behind: Behind) -> None:
    escaped = CLASS_6A.replace(":", "%3A")
    assert behind.get(f"/hoc-sinh/1?lop={escaped}")[0] == 200
    assert behind.get(f"/hoc-sinh/1?lop={escaped.replace('6A', '6B')}")[0] == 403
    assert behind.get(f"/hoc-sinh/1?lop={escaped.replace('%', '%25')}")[0] == 403


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
