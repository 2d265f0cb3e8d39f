"""A real Caddy with the configuration of docs/proxies.md, before a service that knows nothing of rights."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from proxied import KEY, MARKS, OTHER, Behind, Ports, asked_as_the_page_says, block, proxied

from world import CLASS_6A, PASSWORD

CADDY = shutil.which("caddy")
SITE = "so-diem.example.vn"

pytestmark = pytest.mark.skipif(CADDY is None, reason="Caddy is not installed (Debian: caddy)")


def _command(folder: Path, ports: Ports) -> list[str]:
    """The page's text; only the certificate that an https site would fetch is left out."""
    site = block("caddyfile")
    assert site.startswith(f"{SITE} {{")
    for port in ("forward_auth 127.0.0.1:8000", "reverse_proxy 127.0.0.1:8000", "reverse_proxy 127.0.0.1:8100"):
        site = site.replace(port, ports.put_into(port))
    path = folder / "Caddyfile"
    path.write_text(
        "{\n    admin off\n    auto_https off\n}\n" + site.replace(SITE, f"http://127.0.0.1:{ports.proxy}"),
        "utf-8",
    )
    return [str(CADDY), "run", "--config", str(path), "--adapter", "caddyfile"]


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory, cheap_passwords: None) -> Iterator[Behind]:
    rules = block("toml")
    assert rules.startswith('headers = "original"')
    forwarded = rules.replace('"original"', '"forwarded"', 1)
    with proxied(tmp_path_factory.mktemp("caddy"), forwarded, _command, ACCESS_KEY=KEY) as made:
        yield made


def test_the_teacher_reaches_their_class_and_the_service_is_told_who_it_is(behind: Behind) -> None:
    status, headers, seen = behind.get(f"{MARKS}?sort=ten", Cookie="phien=000")
    assert status == 200
    assert (seen["method"], seen["path"]) == ("GET", MARKS)
    assert seen["headers"]["x-access-account"] == behind.account
    assert seen["headers"]["x-access-grant"].startswith("grn_")
    assert not {"x-access-key", "authorization", "cookie"} & set(seen["headers"])
    assert KEY not in json.dumps(headers)


def test_the_pages_own_commands_lead_to_the_service(behind: Behind) -> None:
    assert json.loads(asked_as_the_page_says(behind))["headers"]["x-access-account"] == behind.account


def test_whatever_is_no_yes_reaches_nothing(behind: Behind) -> None:
    status, headers, seen = behind.get(OTHER)
    assert (status, headers["x-access-reason"], seen) == (403, "outside_class", None)
    assert behind.get(MARKS, method="DELETE")[0] == 403
    assert behind.get("/lop/khong-co-quy-tac")[0] == 403
    assert behind.get(MARKS, token=None)[0] == 401
    own = behind.world.sign_in("000.gvcn", PASSWORD).token
    status, headers, seen = behind.get(MARKS, token=own)
    assert (status, headers["x-access-reason"], seen) == (401, "wrong_audience", None)


def test_what_is_open_to_anybody_reaches_the_service_that_is_told_of_nobody(behind: Behind) -> None:
    for token in (None, behind.token):
        status, _, seen = behind.get("/dang-nhap", token=token, X_Access_Account=behind.account)
        assert (status, seen["path"]) == (200, "/dang-nhap")
        assert not any(seen["headers"].get(name) for name in ("x-access-account", "x-access-grant"))
        assert "authorization" not in seen["headers"]


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
        MARKS.replace("6A/diem", "6A%2f..%2f6B/diem"),
        MARKS.replace("lop", "LOP"),
        MARKS + ";x",
        MARKS + "%3fx",
        f"/hoc-sinh/1?lop={CLASS_6A}&lop=0003101:2026-2027:6B",
        f"/hoc-sinh/1?lop={CLASS_6A.replace(':', '%253A')}",
    ],
)
def test_a_path_trick_reaches_nothing(behind: Behind, path: str) -> None:
    status, _, seen = behind.get(path)
    assert (status in (400, 403), seen) == (True, None)


def test_what_a_form_escapes_goes_on_as_it_came(behind: Behind) -> None:
    escaped = CLASS_6A.replace(":", "%3A")
    assert behind.get(f"/hoc-sinh/1?lop={escaped}")[0] == 200
    assert behind.get(f"/hoc-sinh/1?lop={escaped.replace('6A', '6B')}")[0] == 403


def test_what_the_caller_writes_into_the_proxys_headers_counts_for_nothing(behind: Behind) -> None:
    lies = {"X-Forwarded-Uri": MARKS, "X-Forwarded-Method": "GET", "X-Access-Key": KEY}
    assert behind.get(OTHER, **lies)[0] == 403
    assert behind.get(MARKS, token=None, **{"X-Access-Key": KEY})[0] == 401
    status, _, seen = behind.get(MARKS, **lies, **{"X-Access-Account": "acc_other", "X-Access-Grant": "grn_other"})
    assert status == 200
    assert seen["headers"]["x-access-account"] == behind.account
    assert seen["headers"]["x-access-grant"] != "grn_other"


def test_without_an_answer_nothing_passes(behind: Behind) -> None:
    """The last story of this file: the access service is stopped in it."""
    behind.stop_access()
    status, _, seen = behind.get(MARKS)
    assert (status >= 500, seen) == (True, None)
