"""The demonstration and the gradebook, each its own server: a teacher reads, is refused next door, is cut off."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from processes import free_port, serving_app, wait_for

from access_service.client import (
    AccessClient,
    AccessRequestError,
    ClientCredentials,
    Deny,
    Question,
    Resource,
    StaticKey,
    Token,
    TokenError,
    TokenVerifier,
    school_class,
    student,
)
from access_service.signing.totp import code_at
from built_demo import copy_demo
from gradebook import Setup, create_gradebook, page

ROOT = Path(__file__).parents[2]
BUILT_WITHIN_S = 600
WAITS_S = 60.0
"""A client's patience on a machine that is busy with other tests."""


@dataclass
class Demo:
    """The demonstration as a process, and what its file says."""

    told: dict[str, Any]
    http: httpx2.Client

    def account(self, id_: str) -> dict[str, Any]:
        found: dict[str, Any] = next(a for a in self.told["accounts"] if a["id"] == id_)
        return found

    def sign_in(self, id_: str) -> str:
        """A session, with a one-time code where the account has a second factor."""
        account = self.account(id_)
        body = {"username": account["username"], "password": account["password"]}
        if "totp_secret" in account:
            body["totp"] = code_at(account["totp_secret"], datetime.now(UTC))  # noqa: TID251 a real authenticator's
        answer = self.http.post("/v1/sessions", json=body)
        assert answer.status_code == 201, answer.text
        token: str = answer.json()["token"]
        return token

    def session_for(self, id_: str, audience: str) -> str:
        """What the person hands to a service: good there only."""
        headers = {"Authorization": f"Bearer {self.sign_in(id_)}"}
        answer = self.http.post("/v1/me/sessions", json={"audience": audience}, headers=headers)
        assert answer.status_code == 201, answer.text
        token: str = answer.json()["token"]
        return token

    def revoke(self) -> None:
        """The head takes the right back."""
        revocable = self.told["revocable"]
        session = self.sign_in(revocable["actor"])
        answer = self.http.post(
            f"/v1/grants/{revocable['grant']}/revoke",
            json={"reason": "thử"},
            headers={"Authorization": f"Bearer {session}"},
        )
        assert answer.status_code == 200, answer.text

    @property
    def teacher(self) -> str:
        id_: str = self.told["revocable"]["request"]["subject"]["id"]
        return id_

    @property
    def class_code(self) -> str:
        code: str = self.told["revocable"]["request"]["resource"]["properties"]["class"]
        return code

    def setup(self) -> Setup:
        """As `examples/gradebook/__main__.py` reads it."""
        setup_of: Callable[[dict[str, Any]], Setup] = runpy.run_path(
            str(ROOT / "examples" / "gradebook" / "__main__.py"), run_name="gradebook_main"
        )["setup_of"]
        return replace(setup_of(self.told), poll_s=1.0)


@contextmanager
def _running(folder: Path) -> Iterator[dict[str, Any]]:
    """The command that `scripts/demo` ends in."""
    output = folder / "demo.json"
    output.unlink(missing_ok=True)
    command = [sys.executable, "-m", "access_service", "demo", "--port", str(free_port())]
    process = subprocess.Popen(
        [*command, "--data", str(folder / "data"), "--output", str(output)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + BUILT_WITHIN_S
        while not output.exists():
            assert process.poll() is None, "the demonstration ended"
            assert time.monotonic() < until, "the demonstration did not start in time"
            time.sleep(0.05)
        yield json.loads(output.read_text("utf-8"))
    finally:
        process.terminate()
        process.wait(timeout=120)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As built for all tests; a start finds the example as it was left."""
    folder = tmp_path_factory.mktemp("demo")
    copy_demo(folder, folder / "data")
    return folder


@pytest.fixture
def demo(built: Path, tmp_path: Path) -> Iterator[Demo]:
    shutil.copytree(built, tmp_path / "own")
    with (
        _running(tmp_path / "own") as told,
        httpx2.Client(base_url=told["base_url"], timeout=120, trust_env=False) as http,
    ):
        yield Demo(told, http)


def _code(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("asking", ["a registered client", "the static key"])
def test_a_teacher_reads_their_class_is_refused_for_another_and_is_cut_off(demo: Demo, asking: str) -> None:
    setup = demo.setup()
    if asking == "the static key":
        setup = replace(setup, asking=StaticKey(demo.told["api_key"]))
    with ExitStack() as stack:
        address = stack.enter_context(serving_app(create_gradebook(setup), free_port()))
        book = stack.enter_context(httpx2.Client(base_url=address, timeout=120, trust_env=False))
        own, other = demo.class_code, demo.class_code.replace("7A1", "6A1")
        assert _code(book.get(f"/lop/{own}/diem")) == (401, "not_authenticated")

        # The teacher signs in at the access service and opens a session for the gradebook, which exchanges it.
        own_session = demo.sign_in(demo.teacher)
        assert _code(book.post("/phien", json={"session": own_session})) == (403, "invalid_grant")
        session = demo.session_for(demo.teacher, setup.own.client_id)
        entered = book.post("/phien", json={"session": session})
        assert entered.status_code == 201, entered.text
        assert 0 < entered.json()["expires_in"] <= 300
        bearer = {"Authorization": f"Bearer {entered.json()['token']}"}
        assert _code(book.get(f"/lop/{own}/diem", headers={"Authorization": f"Bearer {session}"}))[0] == 401

        # Their class, as data and as a page.
        read = book.get(f"/lop/{own}/diem", headers=bearer)
        assert read.status_code == 200, read.text
        assert (read.json()["lop"], read.json()["tai_khoan"]) == (own, demo.teacher)
        shown = book.get(f"/lop/{own}/diem", headers={**bearer, "Accept": "text/html"})
        assert f"<h1>Bảng điểm lớp {own}</h1>" in shown.text
        noted = book.post(f"/lop/{own}/hoc-sinh/000000000001/vang", headers=bearer)
        assert noted.json() == {"hoc_sinh": "000000000001", "so_buoi_vang": 1}

        # The class next door.
        assert _code(book.get(f"/lop/{other}/diem", headers=bearer)) == (403, "outside_class")
        refused = book.post(f"/lop/{other}/hoc-sinh/000000000001/vang", headers=bearer)
        assert _code(refused) == (403, "outside_class")

        # The head revokes: what asks is refused at once, what verifies offline within the poll interval.
        assert book.get(f"/lop/{own}/diem", headers=bearer).status_code == 200
        demo.revoke()
        cut = book.post(f"/lop/{own}/hoc-sinh/000000000001/vang", headers=bearer)
        assert _code(cut) in {(403, "grant_ended"), (401, "token_revoked")}
        wait_for(lambda: book.get(f"/lop/{own}/diem", headers=bearer).status_code == 401, "the revocation")
        assert _code(book.get(f"/lop/{own}/diem", headers=bearer)) == (401, "token_revoked")
        assert _code(book.post("/phien", json={"session": session})) == (403, "invalid_grant")


def test_the_client_works_with_the_running_service(demo: Demo) -> None:
    """The client's own promises, against the service itself."""
    asking = demo.setup().asking
    assert isinstance(asking, ClientCredentials)
    asking = replace(asking, scope=("evaluate", "explain", "search"))
    with AccessClient(demo.told["base_url"], asking, carry_revision=True, timeout_s=WAITS_S) as access:
        for question in demo.told["decisions"]:
            request = question["request"]
            resource = _resource(request["resource"])
            decision = access.check(request["subject"]["id"], request["action"]["name"], resource)
            assert bool(decision) is question["expected"], question["name"]
            assert decision.revision == access.revision
            if not decision:
                assert (decision.code, decision.is_answer) == (question["reason"], True)
        own = demo.class_code
        pupil = student("000000000001", class_=own, category="STU-ACA")
        explained = access.check(demo.teacher, "read", pupil, explain="full")
        assert explained
        assert explained.explanation
        assert explained.explanation["revision"] == explained.revision
        both = [Question(demo.teacher, "read", pupil), Question(demo.teacher, "approve", pupil)]
        assert [bool(d) for d in access.check_many(both)] == [True, False]
        assert access.search_resources(demo.teacher, "read", "class", category="STU-ACA").ids == (own,)
        assert demo.teacher in access.search_subjects("read", school_class(own, category="STU-ACA")).ids
        assert "read" in access.search_actions(demo.teacher, pupil)
        before = access.revision
        demo.revoke()
        cut = access.check(demo.teacher, "read", pupil)
        assert (bool(cut), cut.code) == (False, "grant_ended")
        assert access.revision != before
    wrong = replace(asking, client_secret="000")
    with AccessClient(demo.told["base_url"], wrong, timeout_s=WAITS_S) as stranger:
        refused = stranger.check(demo.teacher, "read", pupil)
        assert (refused.code, refused.is_answer) == ("invalid_client", False)
        assert isinstance(refused, Deny)
        assert refused.reason is not None
        assert refused.reason.en.startswith("The client is not let in: its id, secret")
    for mistaken, code in (
        (replace(asking, scope=("everything",)), "invalid_scope"),
        (replace(asking, resource="https://khac.example.vn"), "invalid_target"),
        (replace(asking, scope=("search",)), "insufficient_scope"),
        (StaticKey("000"), "not_authenticated"),
    ):
        with AccessClient(demo.told["base_url"], mistaken, timeout_s=WAITS_S) as stranger:
            refused = stranger.check(demo.teacher, "read", pupil)
            assert (refused.code, refused.is_answer) == (code, False)


def _resource(said: dict[str, Any]) -> Resource:
    return Resource(said["type"], said["id"], said["properties"])


def test_an_exchanged_token_says_what_was_delegated_and_no_more(demo: Demo) -> None:
    setup = demo.setup()
    with (
        AccessClient(setup.access_url, setup.own, timeout_s=WAITS_S) as own,
        TokenVerifier(setup.access_url, setup.audience, poll_s=1.0) as verifier,
    ):
        # The session of signing in opens the management of rights: it is exchanged by nobody.
        with pytest.raises(AccessRequestError) as caught:
            own.exchange(demo.sign_in(demo.teacher), resource=setup.audience)
        assert caught.value.code == "invalid_grant"
        assert caught.value.vi
        session = demo.session_for(demo.teacher, setup.own.client_id)
        detail = {
            "type": "education_data",
            "unit": demo.class_code.split(":")[0],
            "classes": [demo.class_code],
            "categories": ["STU-ACA"],
            "actions": ["read"],
        }
        tokens: list[Token] = []
        taken: list[str] = []

        def counts() -> bool:
            # One that was issued in the very second of a change does not.
            with suppress(TokenError):
                taken.append(own.exchange(session, resource=setup.audience, details=[detail]).value)
                tokens.append(verifier.verify(taken[-1]))
            return bool(tokens)

        wait_for(counts, "a token")
        (token,) = tokens
        assert (token.sub, token.client_id) == (demo.teacher, setup.own.client_id)
        assert demo.told["revocable"]["grant"] in token.grants
        assert len(token.actors) == 1
        # The ticket opens no door of the access service itself, the session for the gradebook neither.
        for bearer in (taken[-1], session):
            answer = demo.http.get("/v1/me/second-factors", headers={"Authorization": f"Bearer {bearer}"})
            assert answer.status_code == 401
        assert token.permits("read", school_class(demo.class_code, category="STU-ACA"))
        assert token.permits("read", school_class(demo.class_code, category="STU-ID")).code == "outside_category"
        assert (
            token.permits("write", school_class(demo.class_code, category="STU-ACA")).code == "action_not_in_role"
        )


def test_what_a_page_shows_is_escaped() -> None:
    assert "<script>" not in page(
        "<script>", {"<script>": dict.fromkeys(("Toán", "Ngữ văn", "Khoa học tự nhiên"), 1.0)}
    )


def test_the_page_names_what_there_is() -> None:
    text = (ROOT / "examples" / "gradebook" / "README.md").read_text("utf-8")
    for name in ("gradebook.py", "__main__.py", "tests/examples/test_gradebook.py", "scripts/demo"):
        assert name in text
        assert (ROOT / name).exists() or (ROOT / "examples" / "gradebook" / name).exists()
