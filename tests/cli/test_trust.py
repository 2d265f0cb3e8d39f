"""Whom the operator trusts is said file by file, before somebody's paper is refused."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from test_commands import run, url

from signing.pki import START, Authority

__all__ = ["run", "url"]


@pytest.fixture
def trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "trust"
    for place in ("roots", "intermediates", "crl"):
        (folder / place).mkdir(parents=True)
    monkeypatch.setenv("ACCESS_SERVICE_TRUST_DIR", str(folder))
    return folder


def test_every_certificate_and_list_is_a_line_and_faults_are_named(run: Any, trust: Path) -> None:
    authority = Authority()
    middle = authority.issue("CA trung gian 000", is_ca=True)
    old = Authority("CA cũ 000")
    old.root = old.issue("CA cũ 000", is_ca=True, issuer=None, start=START - timedelta(days=4000), days=30)
    (trust / "roots" / "a.pem").write_bytes(authority.root.pem)
    (trust / "intermediates" / "b.pem").write_bytes(middle.pem)
    (trust / "crl" / "c.crl").write_bytes(authority.crl(datetime.now(UTC) - timedelta(days=1)))  # noqa: TID251 as the command does
    fine = run("check-trust")
    assert fine.status == 0, fine.err
    assert [line[0] for line in fine.out.splitlines()] == ["✓"] * 3
    (trust / "roots" / "d.pem").write_bytes(old.root.pem)
    (trust / "roots" / "e.pem").write_bytes(authority.issue("Người Thử").pem)
    (trust / "roots" / "f.pem").write_bytes(middle.pem)
    (trust / "roots" / "g.pem").write_text("không phải")
    (trust / "crl" / "h.crl").write_bytes(authority.crl(START, days=3))
    told = run("check-trust", "--json")
    assert told.status == 1
    faults = {one["place"]: one["fault"] for one in json.loads(told.out)}
    assert faults["roots/d.pem"] == "it has expired"
    assert "no authority" in faults["roots/e.pem"]
    assert "intermediates/" in faults["roots/f.pem"]
    assert "cannot be read" in faults["roots/g.pem"]
    assert faults["crl/h.crl"] == "a newer list is due"


def test_a_certificate_is_followed_to_its_root(run: Any, trust: Path, tmp_path: Path) -> None:
    authority = Authority()
    middle = authority.issue("CA trung gian 000", is_ca=True)
    leaf = authority.issue("Người Thử", issuer=middle)
    file = tmp_path / "nguoi-thu.pem"
    file.write_bytes(leaf.pem)
    (trust / "roots" / "a.pem").write_bytes(authority.root.pem)
    assert "no path leads" in run("check-trust", str(file)).out
    (trust / "intermediates" / "b.pem").write_bytes(middle.pem)
    found = run("check-trust", str(file))
    assert (found.status, "nguoi-thu.pem: CN=Người Thử" in found.out) == (0, True)


def test_who_trusts_nobody_is_told_so(run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ACCESS_SERVICE_TRUST_DIR", str(tmp_path / "nirgends"))
    nobody = run("check-trust")
    assert (nobody.status, "nobody is trusted" in nobody.out) == (1, True)
