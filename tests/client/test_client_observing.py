"""The guard where the service only observes: the old check counts there, and nowhere else."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from access_service.client import AsyncAccessClient, Question, StaticKey, school_class
from access_service.client.fastapi import Access, Guard, require

CLASS = "0003101:2026-2027:6A"
OLD: dict[str, bool | None] = {"acc_allowed": True, "acc_refused": False, "acc_untold": None}


def told(_request: Any, question: Question) -> bool | None:
    return OLD[question.account]


def app_for(answer: Any, sent: list[bytes], **more: Any) -> TestClient:
    """An application before a service that answers so."""

    async def answering(request: httpx2.Request) -> httpx2.Response:
        sent.append(request.content)
        if answer is None:
            raise httpx2.ConnectError("gone", request=request)
        read = httpx2.Response(200, json=answer)
        return httpx2.Response(200, headers=read.headers, stream=httpx2.ByteStream(read.content))

    client = AsyncAccessClient(
        "https://access.example", StaticKey("0" * 20), retries=0, transport=httpx2.MockTransport(answering)
    )
    app = FastAPI()
    Guard(
        account=lambda request: request.headers.get("x-who"),
        client=client,
        old_answer=more.get("old", told),
    ).install(app)
    may_read = require("class:read", category="STU-ACA", id="code")

    @app.get("/lop/{code}")
    async def read(code: str, access: Access = may_read) -> dict[str, Any]:
        return {"observed": access.observed, "class": code}

    return TestClient(app)


def status(app: TestClient, who: str) -> int:
    return app.get(f"/lop/{CLASS}", headers={"x-who": who}).status_code


NO = {"decision": False, "context": {"reason": {"code": "outside_class", "vi": "…", "en": "…"}}}
NO_OBSERVED = {"decision": False, "context": {**NO["context"], "mode": "observe"}}  # type: ignore[dict-item]
YES_OBSERVED = {"decision": True, "context": {"mode": "observe"}}


@pytest.mark.parametrize("answer", [NO_OBSERVED, YES_OBSERVED])
def test_where_the_service_observes_the_old_answer_counts_and_is_told(answer: Any) -> None:
    sent: list[bytes] = []
    app = app_for(answer, sent)
    assert [status(app, who) for who in OLD] == [200, 403, 200]
    assert app.get(f"/lop/{CLASS}", headers={"x-who": "acc_allowed"}).json()["observed"] is True
    assert [b'"old_answer":"allow"' in sent[0], b'"old_answer":"deny"' in sent[1], b"old_answer" in sent[2]] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("answer", [NO, {**NO, "context": {**NO["context"], "mode": "OBSERVE"}}, None])  # type: ignore[dict-item]
def test_without_the_services_word_the_old_answer_opens_nothing(answer: Any) -> None:
    app = app_for(answer, [])
    assert status(app, "acc_allowed") == (503 if answer is None else 403)


def test_what_is_enforced_is_let_in_whatever_the_old_system_says() -> None:
    assert status(app_for({"decision": True}, []), "acc_refused") == 200


def test_an_old_answer_may_be_awaited_and_says_which_question_it_is_about() -> None:
    asked: list[Question] = []

    async def old(_request: Any, question: Question) -> bool:
        await asyncio.sleep(0)
        asked.append(question)
        return False

    assert status(app_for(YES_OBSERVED, [], old=old), "acc_allowed") == 403
    assert (asked[0].account, asked[0].resource.id) == ("acc_allowed", CLASS)


def test_an_old_answer_needs_the_service_and_is_yes_no_or_nothing() -> None:
    with pytest.raises(ValueError, match="client"):
        Guard(verifier=object(), old_answer=lambda *_: True)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="old_answer"):
        Question("acc_1", "read", school_class(CLASS, category="STU-ACA"), None, "allow")  # type: ignore[arg-type]
