"""Asking for decisions and lists: what is sent, what is believed, and that every failure is a deny."""

import gzip
import json
from typing import Any

import httpx2
import pytest
from fake_service import CLASS, KEY, SCHOOL, URL, Answer, Fake, told

from access_service.client import (
    AccessClient,
    AccessRequestError,
    AccessUnavailableError,
    Allow,
    Deny,
    Entity,
    Question,
    Resource,
    StaticKey,
    school_class,
    staff,
    student,
    unit,
)

PUPIL = student("000000000001", class_=CLASS, category="STU-ACA")
YES, NO = told({"decision": True}, X_Access_Revision="r7"), told({"decision": False})
REASON = {"code": "outside_class", "vi": "Ngoài lớp được cấp", "en": "Outside the classes granted"}


def test_a_question_is_sent_as_authzen_writes_it(client: Any, fake: Fake) -> None:
    fake.answers = [YES]
    decision = client().check("acc_1", "read", PUPIL, function="GVCN", explain="full", at_least="r5")
    assert decision == Allow("r7")
    (request,) = fake.seen
    assert (request.method, str(request.url)) == ("POST", f"{URL}/access/v1/evaluation")
    assert request.headers.raw.count((b"Authorization", f"Bearer {KEY}".encode())) == 1
    assert request.headers["content-type"] == "application/json"
    assert fake.bodies() == [
        {
            "subject": {"type": "account", "id": "acc_1"},
            "action": {"name": "read"},
            "resource": {
                "type": "student",
                "id": "000000000001",
                "properties": {"category": "STU-ACA", "class": CLASS},
            },
            "context": {"explain": "full", "at_least": "r5", "function": "GVCN"},
        }
    ]


def test_every_kind_of_resource_is_said_with_its_properties() -> None:
    assert school_class(CLASS, category="STU-ACA", subject="TOAN").on_the_wire() == {
        "type": "class",
        "id": CLASS,
        "properties": {"category": "STU-ACA", "subject": "TOAN"},
    }
    assert unit(SCHOOL, category="UNI-INF").on_the_wire()["type"] == "unit"
    assert staff("000-cb", unit=SCHOOL, category="STA-PER").properties == {"category": "STA-PER", "unit": SCHOOL}


def test_a_deny_carries_its_reason_and_is_false(client: Any, fake: Fake) -> None:
    fake.answers = [told({"decision": False, "context": {"reason": REASON}}, X_Access_Revision="r8")]
    decision = client().check("acc_1", "read", PUPIL)
    assert not decision
    assert (decision.code, decision.reason.vi, decision.revision) == ("outside_class", REASON["vi"], "r8")
    assert decision.is_answer


def test_an_explanation_is_handed_on(client: Any, fake: Fake) -> None:
    fake.answers = [told({"decision": True, "context": {"explanation": {"grant": "grt_1"}}})]
    decision = client().check("acc_1", "read", PUPIL, explain="full")
    assert decision
    assert decision.explanation == {"grant": "grt_1"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"true",
        b'"true"',
        b"[]",
        b"{}",
        b'{"decision": "true"}',
        b'{"decision": 1}',
        b'{"decision": null}',
        b'{"Decision": true}',
        b'{"decision": true, "decision": true}',
        b'{"decision": false, "decision": true}',
        b'{"decision": true',
        b'{"decision": true}{"decision": true}',
        b'{"decision": true, "x": NaN}',
        b'{"decision": true, "context": []}',
        b'{"decision": true, "context": {"explanation": "x"}}',
        b'{"decision": false, "context": {"reason": {"code": 7}}}',
        b'{"decision": true, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        '{"decision": true}'.encode("utf-16"),
        b'{"decision": true, "x": "\xff"}',
        b"<html>decision: true</html>",
    ],
)
def test_only_a_decision_that_is_exactly_true_allows(client: Any, fake: Fake, body: bytes) -> None:
    fake.answers = [httpx2.Response(200, content=body, headers={"Content-Type": "application/json"})]
    decision = client().check("acc_1", "read", PUPIL)
    assert isinstance(decision, Deny)
    assert (decision.code, decision.is_answer) == ("unreadable", False)


@pytest.mark.parametrize("status", [201, 204, 206, 301, 302, 307, 308, 500, 502, 504])
def test_no_other_status_allows_and_no_redirect_is_followed(client: Any, fake: Fake, status: int) -> None:
    fake.answers = [told({"decision": True}, status, Location="https://elsewhere.example.org/")]
    decision = client().check("acc_1", "read", PUPIL)
    assert (bool(decision), decision.code) == (False, "unavailable")
    assert len(fake.seen) == 1


def test_an_answer_that_is_not_json_by_its_own_word_is_none(client: Any, fake: Fake) -> None:
    fake.answers = [httpx2.Response(200, content=b'{"decision": true}', headers={"Content-Type": "text/html"})]
    assert client().check("acc_1", "read", PUPIL).code == "unreadable"


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, {"code": "invalid", "detail": "`resource.id` is required"}, "invalid"),
        (401, {"code": "not_authenticated"}, "not_authenticated"),
        (403, {"code": "forbidden"}, "forbidden"),
        (404, "no problem document", "http_404"),
        (413, {"code": "batch_too_large"}, "batch_too_large"),
        (401, {"error": "invalid_token"}, "invalid_token"),
        (400, {"code": "two\nlines"}, "http_400"),
    ],
)
def test_a_request_that_is_refused_is_a_deny_with_its_code_or_raised(
    client: Any, fake: Fake, status: int, body: object, code: str
) -> None:
    fake.answers = [told(body, status)]
    decision = client().check("acc_1", "read", PUPIL)
    assert (bool(decision), decision.code, decision.is_answer) == (False, code, False)
    with pytest.raises(AccessRequestError) as caught:
        client(on_failure="raise").check("acc_1", "read", PUPIL)
    assert (caught.value.code, caught.value.status) == (code, status)


LOST = [httpx2.ReadError("lost"), httpx2.RemoteProtocolError("closed"), httpx2.WriteError("lost")]


@pytest.mark.parametrize("error", [httpx2.ConnectError("no"), httpx2.ConnectTimeout("no"), *LOST])
def test_what_never_left_or_changes_nothing_is_asked_again(client: Any, fake: Fake, error: Exception) -> None:
    fake.answers = [error, error, YES]
    assert client().check("acc_1", "read", PUPIL)
    assert len(fake.seen) == 3
    assert 0 < fake.slept[0] < 0.1
    assert fake.slept[0] < fake.slept[1] * 3


def test_retries_are_bounded_in_number_and_then_denied_or_raised(client: Any, fake: Fake) -> None:
    fake.answers = [httpx2.ConnectError("no")]
    decision = client().check("acc_1", "read", PUPIL)
    assert (bool(decision), decision.code, len(fake.seen)) == (False, "unavailable", 3)
    assert decision.reason.vi == "Dịch vụ tạm thời không trả lời được"
    with pytest.raises(AccessUnavailableError, match="no connection"):
        client(on_failure="raise", retries=0).check("acc_1", "read", PUPIL)
    assert len(fake.seen) == 4


def test_a_503_is_asked_again_after_the_time_it_names(client: Any, fake: Fake) -> None:
    fake.answers = [told({}, 503, Retry_After="1"), YES]
    assert client().check("acc_1", "read", PUPIL)
    assert 0.8 <= fake.slept[0] <= 1.0


@pytest.mark.parametrize("said", [{}, {"Retry_After": "soon"}, {"Retry_After": "-1"}, {"Retry_After": "9" * 400}])
def test_a_503_without_a_time_is_a_deny_at_once(client: Any, fake: Fake, said: dict[str, str]) -> None:
    fake.answers = [told({"decision": True}, 503, **said), YES]
    assert client().check("acc_1", "read", PUPIL).code == "unavailable"
    assert fake.slept == []


def test_nothing_waits_longer_than_the_whole_time(client: Any, fake: Fake) -> None:
    fake.answers = [told({}, 503, Retry_After="3")]
    assert not client(timeout_s=2.0).check("acc_1", "read", PUPIL)
    assert fake.slept == []
    fake.answers = [httpx2.ReadTimeout("late"), YES]
    assert client().check("acc_1", "read", PUPIL).code == "unavailable"
    assert len(fake.seen) == 2


def test_an_answer_that_drips_is_cut_off_by_time_and_by_size(client: Any, fake: Fake) -> None:
    class Drip(httpx2.SyncByteStream, httpx2.AsyncByteStream):
        def __init__(self, chunk: bytes, seconds: float) -> None:
            self.chunk, self.seconds = chunk, seconds

        def __iter__(self) -> Any:
            for _ in range(1000):
                fake.now += self.seconds
                yield self.chunk

        async def __aiter__(self) -> Any:
            for chunk in self:
                yield chunk

    json_type = {"Content-Type": "application/json"}
    for drip in (Drip(b" ", 1.0), Drip(b" " * (1 << 20), 0.0)):
        fake.answers = [httpx2.Response(200, stream=drip, headers=json_type)]
        decision = client(timeout_s=5.0).check("acc_1", "read", PUPIL)
        assert (bool(decision), decision.code) == (False, "unavailable")


def test_nothing_compressed_is_asked_for_or_unpacked(client: Any, fake: Fake) -> None:
    packed = gzip.compress(b'{"decision": true' + b" " * (1 << 22) + b"}")
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    fake.answers = [lambda _: httpx2.Response(200, stream=httpx2.ByteStream(packed), headers=headers)]
    assert client().check("acc_1", "read", PUPIL).code == "unreadable"
    assert fake.seen[0].headers.get_list("accept-encoding") == ["identity"]


def test_a_batch_answers_each_question_in_order(client: Any, fake: Fake) -> None:
    fake.answers = [told({"evaluations": [{"decision": True}, {"decision": False}]}, X_Access_Revision="r9")]
    questions = [Question("acc_1", "read", PUPIL), Question("acc_1", "write", PUPIL, "GVCN")]
    decisions = client().check_many(questions, explain="code")
    assert [bool(d) for d in decisions] == [True, False]
    assert decisions[0].revision == "r9"
    (body,) = fake.bodies()
    assert [item["action"]["name"] for item in body["evaluations"]] == ["read", "write"]
    assert body["evaluations"][1]["context"] == {"explain": "code", "function": "GVCN"}
    assert client().check_many([]) == []


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_batch_with_too_few_or_too_many_answers_is_denied_whole(client: Any, fake: Fake, count: int) -> None:
    fake.answers = [told({"evaluations": [{"decision": True}] * count})]
    decisions = client().check_many([Question("acc_1", "read", PUPIL)] * 2)
    assert [d.code for d in decisions] == ["unreadable", "unreadable"]


def test_more_than_the_service_takes_at_once_goes_in_several_batches(client: Any, fake: Fake) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        items = json.loads(request.content)["evaluations"]
        answers = [{"decision": item["subject"]["id"] == "acc_7"} for item in items]
        return told({"evaluations": answers})(request)

    fake.answers = [answer]
    questions = [Question(f"acc_{n}", "read", PUPIL) for n in range(2500)]
    decisions = client().check_many(questions)
    assert [n for n, d in enumerate(decisions) if d] == [7]
    assert [len(body["evaluations"]) for body in fake.bodies()] == [1000, 1000, 500]
    fake.seen.clear()
    wide = student("0" * 200, class_="x" * 5000, category="STU-ACA")
    client().check_many([Question("acc_1", "read", wide)] * 300)
    assert [len(request.content) < 1 << 20 for request in fake.seen] == [True, True]


def test_after_a_failure_the_rest_of_a_large_batch_is_denied_unasked(client: Any, fake: Fake) -> None:
    fake.answers = [told({"evaluations": [{"decision": True}] * 1000}), httpx2.ReadTimeout("late")]
    decisions = client().check_many([Question("acc_1", "read", PUPIL)] * 3000)
    assert sum(map(bool, decisions)) == 1000
    assert len(decisions) == 3000
    assert len(fake.seen) == 2


def test_the_revision_seen_last_is_carried_when_asked(client: Any, fake: Fake) -> None:
    fake.answers = [
        told({"decision": True}, X_Access_Revision="r1"),
        told({"decision": True}, X_Access_Revision="r2"),
        told({"evaluations": [{"decision": True}]}, X_Access_Revision="r3"),
        told({"page": {"next_token": ""}, "results": []}, X_Access_Revision="r4"),
        told({"decision": True}, X_Access_Revision="r0"),
    ]
    asking = client(carry_revision=True)
    asking.check("acc_1", "read", PUPIL)
    asking.check("acc_1", "read", PUPIL)
    asking.check_many([Question("acc_1", "read", PUPIL)])
    asking.search_actions("acc_1", PUPIL)
    asking.check("acc_1", "read", PUPIL, at_least="mine")
    bodies = fake.bodies()
    carried = [bodies[n].get("context", {}).get("at_least") for n in (0, 1, 3, 4)]
    assert carried == [None, "r1", "r3", "mine"]
    assert bodies[2]["evaluations"][0]["context"]["at_least"] == "r2"
    # An answer to a question that carried something else says nothing of what is newer.
    assert asking.revision == "r4"


def test_a_list_is_read_page_by_page_to_its_end(client: Any, fake: Fake) -> None:
    def page(token: str, *ids: str) -> Answer:
        results = [{"type": "class", "id": id_} for id_ in ids]
        return told({"page": {"next_token": token}, "results": results}, X_Access_Revision="r3")

    fake.answers = [page("t1", "a", "b"), page("t2", "c"), page("", "d")]
    results = client().search_resources("acc_1", "write", "class", category="STU-ACA", subject="TOAN")
    assert results.ids == ("a", "b", "c", "d")
    assert (len(results), results.revision, next(iter(results))) == (4, "r3", Entity("class", "a"))
    bodies = fake.bodies()
    assert [body.pop("page", None) for body in bodies] == [None, {"token": "t1"}, {"token": "t2"}]
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0]["resource"] == {"type": "class", "properties": {"category": "STU-ACA", "subject": "TOAN"}}


def test_a_list_whose_rights_change_is_begun_again_and_never_mixed(client: Any, fake: Fake) -> None:
    restart = told({"code": "restart"}, 409)
    first = told({"page": {"next_token": "t1"}, "results": [{"type": "account", "id": "acc_gone"}]})
    whole = told({"page": {"next_token": ""}, "results": [{"type": "account", "id": "acc_1"}]})
    fake.answers = [first, restart, whole]
    assert client().search_subjects("read", PUPIL).ids == ("acc_1",)
    fake.answers = [first, restart] * 4
    with pytest.raises(AccessUnavailableError) as caught:
        client().search_subjects("read", PUPIL)
    assert caught.value.code == "restart"


@pytest.mark.parametrize(
    "body",
    [
        {"results": []},
        {"page": {}, "results": []},
        {"page": {"next_token": None}, "results": []},
        {"page": {"next_token": ""}},
        {"page": {"next_token": ""}, "results": [{"type": "class"}]},
        {"page": {"next_token": ""}, "results": ["acc_1"]},
        {"page": {"next_token": "same"}, "results": []},
    ],
)
def test_a_list_that_may_be_short_is_an_error(client: Any, fake: Fake, body: object) -> None:
    fake.answers = [told(body)]
    with pytest.raises(AccessUnavailableError) as caught:
        client().search_actions("acc_1", PUPIL)
    assert caught.value.code == "unreadable"


def test_a_search_names_actions_and_raises_what_goes_wrong(client: Any, fake: Fake) -> None:
    fake.answers = [told({"page": {"next_token": ""}, "results": [{"name": "read"}, {"name": "write"}]})]
    assert client().search_actions("acc_1", PUPIL) == ("read", "write")
    assert fake.bodies()[0].keys() == {"subject", "resource"}
    fake.answers = [told({"code": "forbidden"}, 403)]
    with pytest.raises(AccessRequestError):
        client().search_actions("acc_1", PUPIL)


@pytest.mark.parametrize(
    "url",
    [
        "http://phanquyen.example.vn",
        "ftp://phanquyen.example.vn",
        "phanquyen.example.vn",
        "https://phanquyen.example.vn/path",
        "https://someone@phanquyen.example.vn",
        "http://127.0.0.1.example.vn",
    ],
)
def test_a_key_goes_over_https_or_loopback_only(url: str) -> None:
    with pytest.raises(ValueError, match=r"address|https"):
        AccessClient(url, StaticKey(KEY))


@pytest.mark.parametrize("key", ["", " ", "key\r\nX-Other: 1", " key"])
def test_a_key_that_would_write_another_header_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="printable"):
        StaticKey(key)


def test_keys_are_not_shown() -> None:
    assert KEY not in repr(StaticKey(KEY))


def test_half_a_surrogate_pair_in_an_id_is_sent_for_the_service_to_refuse(client: Any, fake: Fake) -> None:
    fake.answers = [told({"code": "invalid"}, 400)]
    assert client().check("acc_\ud800", "read", PUPIL).code == "invalid"


def test_both_clients_close_with_their_block(fake: Fake) -> None:
    fake.answers = [YES]
    with fake.client() as access:
        assert access.check("acc_1", "read", PUPIL)
    with pytest.raises(RuntimeError):
        access.check("acc_1", "read", PUPIL)


def test_each_denial_of_a_batch_says_why_unless_nobody_wants_to_know(fake: Fake, client: Any) -> None:
    reason = {"code": "outside_class", "vi": "Ngoài lớp được cấp", "en": "Outside the granted class"}
    fake.answers = [told({"evaluations": [{"decision": False, "context": {"reason": reason}}] * 2})]
    access = client()
    found = access.check_many([Question("acc_1", "read", PUPIL)] * 2)
    assert [decision.reason.vi for decision in found] == ["Ngoài lớp được cấp"] * 2
    access.check_many([Question("acc_1", "read", PUPIL)] * 2, explain="none")
    wanted = [[e["context"]["explain"] for e in body["evaluations"]] for body in fake.bodies()]
    assert wanted == [["code", "code"], ["none", "none"]]


@pytest.mark.parametrize("word", ["klass", "class_code", "lop", "grades"])
def test_a_word_that_is_none_of_ours_is_refused_by_its_name(fake: Fake, client: Any, word: str) -> None:
    wrong = {word: CLASS}
    for ask in (
        lambda: student("1", category="STU-ACA", **wrong),
        lambda: staff("1", unit=SCHOOL, category="STA-PER", **wrong),
        lambda: school_class(CLASS, category="STU-ACA", **wrong),
        lambda: unit(SCHOOL, category="STU-ACA", **wrong),
        lambda: Resource("student", "1", {"category": "STU-ACA", **wrong}),
        lambda: client().search_resources("acc_1", "read", "class", category="STU-ACA", **wrong),
        lambda: client().check("acc_1", "read", PUPIL, **wrong),
        lambda: client().check_many([Question("acc_1", "read", PUPIL)], **wrong),
        lambda: Question("acc_1", "read", PUPIL, **wrong),
    ):
        with pytest.raises(TypeError, match=word):
            ask()
    assert fake.seen == []


def test_a_limit_without_a_value_is_no_limit_and_is_refused() -> None:
    with pytest.raises(TypeError, match="level"):
        student("1", category="STU-ACA", level=None)  # type: ignore[arg-type]
