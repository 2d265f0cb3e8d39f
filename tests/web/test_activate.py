"""The page behind a one-time link: the right code once, every other way a sentence in Vietnamese."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from serving import Served, serving

from access_service.web import activation

NEW = "Mật khẩu mới 000"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as made:
        yield made


def submit(served: Served, **fields: str) -> tuple[int, str]:
    content = urlencode(fields).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = served.client.post("/activate", content=content, headers=headers)
    return answer.status_code, answer.text


def code_for(served: Served) -> str:
    world = served.world
    return world.recover(world.admins["0003101"], served.teacher.account).activation_code


def test_the_page_is_vietnamese_and_runs_nothing_from_elsewhere(served: Served) -> None:
    answer = served.client.get("/activate")
    assert answer.status_code == 200
    assert '<html lang="vi">' in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    for kind in ("css", "js"):
        asset = served.client.get(f"/activate.{kind}")
        assert asset.status_code == 200
        assert asset.headers["Content-Type"] == activation.MEDIA_TYPES[kind]
    assert served.client.get("/activate.py").status_code == 404


def test_a_code_sets_the_password_once(served: Served) -> None:
    code = code_for(served)
    assert submit(served, code=f" {code} ", password=NEW, again=NEW)[0] == 200
    username = "000.gvcn"
    signed_in = served.client.post("/v1/sessions", json={"username": username, "password": NEW})
    assert signed_in.status_code == 201
    status, text = submit(served, code=code, password=NEW, again=NEW)
    assert (status, activation.REFUSED in text) == (401, True)


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"code": "x", "password": NEW, "again": "khác đi một chút"}, 422, activation.UNLIKE),
        ({"code": "x", "password": "ngắn", "again": "ngắn"}, 422, activation.SHORT),
        ({"code": "<script>", "password": NEW, "again": NEW}, 401, activation.REFUSED),
        ({"code": "", "password": NEW, "again": NEW}, 401, activation.REFUSED),
    ],
)
def test_what_is_wrong_is_said(served: Served, fields: dict[str, str], status: int, sentence: str) -> None:
    found, text = submit(served, **fields)
    assert (found, sentence in text) == (status, True)
    assert "<script>" not in text.replace('<script src="/activate.js" defer></script>', "")


@pytest.mark.parametrize("body", [b"", b"\xff\xfe=1", b"code=" + b"x" * 9000, b"a&b&c"])
def test_an_unreadable_form_is_refused(served: Served, body: bytes) -> None:
    answer = served.client.post("/activate", content=body)
    assert (answer.status_code, activation.UNREADABLE in answer.text) == (400, True)
