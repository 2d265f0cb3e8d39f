"""What is heard from a stream, piece by piece: strict, bounded, and never older than it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fake_service import CLASS, Fake, told

from access_service.client import Allow, Question, StreamStatus, student
from access_service.client.heard import FORGET_S, HeardChanges
from access_service.client.kept import KeptAnswers

PUPIL = student("000000000001", class_=CLASS, category="STU-ACA")


def event(kind: str, place: str | None = None, **data: Any) -> bytes:
    named = "" if place is None else f"id: {place}\n"
    return f"{named}event: {kind}\ndata: {json.dumps(data)}\n\n".encode()


def revoked(as_of: float, *, whole: bool = False, **more: Any) -> bytes:
    named = {"register": "thu-nghiem"} if whole else {}
    found = {"tokens": [], "subjects": {}, "all_before": None, **named, **more}
    return event("revoked", whole=whole, as_of=as_of, **found)


def moved(revision: str, *accounts: str, **more: Any) -> bytes:
    said = {"revision": revision, "accounts": list(accounts), "units": [], "everything": False, **more}
    return event("moved", f"{revision}.aa", **said)


def reset(fake: Fake, revision: str = "r1", kind: str = "reset") -> bytes:
    return revoked(fake.clock(), whole=True) + event(kind, f"{revision}.aa", revision=revision)


@pytest.fixture
def heard(fake: Fake) -> HeardChanges:
    statuses: list[StreamStatus] = []
    made = HeardChanges(
        silence_s=7,
        max_stale_s=15,
        keep_s=60,
        clock=fake.clock,
        monotonic=fake.monotonic,
        changed=statuses.append,
    )
    made.connecting()
    return made


def mark(fake: Fake, behind: float = 0.0) -> bytes:
    return f": as_of {fake.clock() - behind:.3f}\n\n".encode()


def code(heard: HeardChanges) -> str:
    return "" if heard.error is None else heard.error.code


def pieces(data: bytes) -> Iterator[bytes]:
    yield from (data[at : at + 1] for at in range(len(data)))


def test_a_stream_that_comes_byte_by_byte_says_the_same(fake: Fake, heard: HeardChanges) -> None:
    data = reset(fake) + revoked(fake.clock() + 1, tokens=["jti-1"]) + moved("r2", "acc_1")
    assert all(heard.feed(piece) for piece in pieces(data.replace(b"\n", b"\r\n")))
    assert (heard.revision, heard.place, heard.is_live) == ("r2", "r2.aa", True)
    assert heard.revocations is not None
    assert "jti-1" in heard.revocations.tokens


@pytest.mark.parametrize(
    "said",
    [
        b"<html>\n\n",
        b"event: moved\ndata: {\n\n",
        b"event: moved\ndata: []\n\n",
        b'event: moved\ndata: {"revision":"r2","revision":"r3"}\n\n',
        moved("r2", everything=1),
        moved("r2", units=[7]),
        moved("r 2"),
        event("moved", revision="r2", accounts=[], units=[], everything=False),
        event("reset", "r2.aa", revision="r2"),
        event("revoked", whole="yes", as_of=1, tokens=[], subjects={}, all_before=None),
        event("revoked", whole=False, as_of=1, tokens=[], subjects={"acc_1": "now"}, all_before=None),
        event("revoked", whole=True, as_of=1, tokens=[], subjects={}, all_before=None),
        b"\xff\n",
        b"id: r2\x00\ndata: {}\n\n",
    ],
)
def test_what_is_no_event_of_ours_is_unreadable_and_everything_kept_goes(
    fake: Fake, heard: HeardChanges, said: bytes
) -> None:
    assert heard.feed(reset(fake))
    assert heard.answers is not None
    keep(heard.answers)
    assert not heard.feed(said)
    assert heard.error is not None
    assert code(heard) == "unreadable"
    heard.lost(heard.error)
    assert (heard.place, len(heard.answers), heard.status.code) == (None, 0, "unreadable")


def test_an_event_without_an_end_fills_no_memory(
    fake: Fake, heard: HeardChanges, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("access_service.client.events.LONGEST_EVENT", 1000)
    assert not heard.feed(b"data: " + b"x" * 1000)
    heard.connecting()
    assert not all(heard.feed(b"data: x\n") for _ in range(200))
    heard.connecting()
    assert all(heard.feed(b": waits\n\n") for _ in range(200))


def test_nothing_counts_before_a_stream_has_said_where_it_stands(fake: Fake, heard: HeardChanges) -> None:
    assert heard.feed(mark(fake) + revoked(fake.clock(), whole=True) + mark(fake))
    assert not heard.is_live
    assert heard.feed(event("reset", "r1.aa", revision="r1"))
    assert heard.is_live


def test_a_heartbeat_that_does_not_come_is_a_loss_and_so_is_one_of_long_ago(
    fake: Fake, heard: HeardChanges
) -> None:
    assert heard.feed(reset(fake))
    fake.now += 6
    assert heard.feed(mark(fake, behind=4))
    fake.now += 7.1
    assert (heard.is_live, heard.status.code) == (False, "silent")
    # Comments of a proxy are no heartbeat.
    assert not heard.feed(b": still here\n\n")
    assert code(heard) == "silent"
    heard.connecting()
    assert not heard.feed(mark(fake, behind=15.1))
    assert code(heard) == "behind"
    heard.connecting()
    assert not heard.feed(mark(fake, behind=-31))
    assert code(heard) == "clock_skew"


def test_what_a_newer_service_says_is_passed_over_but_nothing_is_kept_across_it(
    fake: Fake, heard: HeardChanges
) -> None:
    assert heard.feed(reset(fake))
    assert heard.answers is not None
    keep(heard.answers)
    assert heard.feed(event("announced", None, anything=1))
    assert (heard.is_live, len(heard.answers)) == (True, 0)


def test_a_whole_list_of_the_same_history_takes_nothing_away_and_of_another_everything(
    fake: Fake, heard: HeardChanges
) -> None:
    assert heard.feed(
        reset(fake) + revoked(fake.clock(), tokens=["jti-1"], subjects={"acc_1": 9.0}, all_before=5.0)
    )
    assert heard.feed(reset(fake, "r9"))
    found = heard.revocations
    assert found is not None
    assert ("jti-1" in found.tokens, found.subjects["acc_1"], found.all_before) == (True, 9.0, 5.0)
    assert heard.feed(reset(fake, "r3", "restored"))
    found = heard.revocations
    assert found is not None
    assert (len(found.tokens), len(found.subjects), found.all_before, heard.history) == (0, 0, None, 1)


def test_a_stream_of_weeks_forgets_what_is_about_no_token_that_lives(fake: Fake, heard: HeardChanges) -> None:
    assert heard.feed(reset(fake))
    for number in range(50):
        subjects = {f"acc_{number}": fake.clock()}
        assert heard.feed(revoked(fake.clock(), tokens=[f"jti-{number}"], subjects=subjects))
        fake.now += FORGET_S / 10
        heard.connecting()
    assert heard.revocations is not None
    assert len(heard.revocations.tokens) <= 11
    assert len(heard.revocations.subjects) <= 11


# -- answers


def question(account: str = "acc_1") -> Question:
    return Question(account, "read", PUPIL)


def keep(answers: KeptAnswers, account: str = "acc_1") -> None:
    asked = answers.asked()
    assert asked is not None
    answers.keep(question(account), None, Allow("r1"), asked)
    assert answers.recall(question(account), None) == Allow("r1")


def test_an_answer_that_was_on_its_way_when_something_moved_is_not_kept(fake: Fake, heard: HeardChanges) -> None:
    assert heard.feed(reset(fake))
    answers = heard.answers
    assert answers is not None
    asked = answers.asked()
    assert asked is not None
    assert asked.revision == "r1"
    assert heard.feed(moved("r2", "acc_other"))
    answers.keep(question(), None, Allow("r1"), asked)
    assert answers.recall(question(), None) is None
    keep(answers)
    keep(answers, "acc_2")
    assert heard.feed(moved("r3", "acc_1"))
    assert answers.recall(question(), None) is None
    assert answers.recall(question("acc_2"), None) is not None
    assert heard.feed(moved("r4", units=["311138301"]))
    assert len(answers) == 0


def test_what_is_kept_is_bounded(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("access_service.client.kept.MOST_KEPT", 20)
    answers = KeptAnswers(60, fake.monotonic, lambda: "r1")
    for number in range(30):
        keep(answers, f"acc_{number}")
    assert len(answers) == len(answers._of) == 20
    assert answers.recall(question("acc_29"), None)
    fake.now += 60
    assert answers.recall(question("acc_29"), None) is None


def test_a_kept_answer_is_asked_for_from_no_older_node(fake: Fake) -> None:
    answers = KeptAnswers(60, fake.monotonic, lambda: "r7")
    fake.answers = [told({"decision": True}), told({"decision": True, "context": {"mode": "observe"}})]
    client = fake.client()

    def ask(account: str) -> bool:
        return bool(client._run(client._core.check(question(account), None, None, answers)))

    assert ask("acc_1")
    assert ask("acc_1")
    assert [body["context"] for body in fake.bodies()] == [{"at_least": "r7"}]
    # What is only observed is counted by the service, each time.
    assert ask("acc_2")
    assert ask("acc_2")
    assert len(fake.bodies()) == 3
