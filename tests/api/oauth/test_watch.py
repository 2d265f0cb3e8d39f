"""Enforcement points that keep answers hear what moved, and who may not hear it hears nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from oauth_scene import Scene, guarding, register
from serving import KEY

from access_service.domain.names import SuspendableKind
from access_service.usecases.handover import delegation
from software_world import approve
from watched import reading, wait_until, watched
from world import SCHOOL, Someone


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Scene, str]]:
    with watched(tmp_path_factory.mktemp("watch"), watchers=40, watchers_per_client=30) as found:
        yield found


def suspended(scene: Scene, who: Someone | None = None) -> str:
    """Somebody's account is suspended, and resumed."""
    world = scene.world
    account = (who or scene.served.teacher).account
    how = {"kind": SuspendableKind.ACCOUNT, "target": account}
    delegation.suspend(world.services, world.admins[SCHOOL], reason="thử", **how)
    delegation.resume(world.services, world.admins[SCHOOL], **how)
    return str(account)


def test_a_watcher_is_given_the_whole_list_and_then_what_moves(stage: tuple[Scene, str]) -> None:
    scene, url = stage
    with reading(url, scene.token(scene.guard)) as reader:
        wait_until(lambda: reader.kinds()[:2] == ["revoked", "reset"])
        assert reader.of("revoked")[0]["whole"] is True
        account = suspended(scene)
        wait_until(lambda: reader.of("moved"))
        told = reader.of("moved")[0]
        # An enforcement point without an approval over data is told no ids.
        assert (told["accounts"], told["everything"]) == ([], True)
        wait_until(lambda: any(account in taken["subjects"] for taken in reader.of("revoked")[1:]))
        public = scene.served.client.get("/oauth2/revocations").json()
        assert public["subjects"][account] == reader.of("revoked")[-1]["subjects"][account]


def test_a_watcher_goes_on_where_it_was_cut_off(stage: tuple[Scene, str]) -> None:
    scene, url = stage
    token = scene.token(scene.guard)
    with reading(url, token) as first:
        wait_until(lambda: "reset" in first.kinds())
    account = suspended(scene)
    for given in ({"since": first.last_id()}, {"query": f"?since={first.last_id()}"}):
        with reading(url, token, **given) as second:
            wait_until(lambda: "moved" in second.kinds())
            assert account in second.of("revoked")[0]["subjects"]
            assert not {"reset", "restored"} & set(second.kinds())
    with reading(url, token, second.last_id()) as third:
        assert third.events == []
        assert third.comments


@pytest.mark.parametrize(
    "since",
    ["", "0", "r1", "r1.0", "null", "r0.0000000000000000", "r!.0000000000000000", "x" * 5000, "r1.%s" % ("g" * 16)],
)
def test_a_place_that_nobody_gave_begins_anew(stage: tuple[Scene, str], since: str) -> None:
    scene, url = stage
    with reading(url, scene.token(scene.guard), since) as reader:
        wait_until(lambda: len(reader.events) == 2)
        assert reader.kinds()[0] == "revoked"
        assert reader.kinds()[1] in ("reset", "restored")


@pytest.mark.parametrize("since", ["r1.0123456789abcdef", "rzzzzzzzzz.0123456789abcdef"])
def test_a_place_of_another_history_is_told_that_all_is_over(stage: tuple[Scene, str], since: str) -> None:
    scene, url = stage
    with reading(url, scene.token(scene.guard), since) as reader:
        wait_until(lambda: reader.kinds() == ["revoked", "restored"])


def test_ids_are_told_to_whom_an_approval_reaches_them(stage: tuple[Scene, str]) -> None:
    scene, url = stage
    software = guarding(scene.world, "Cổng có phê duyệt").software
    approve(scene.world, software, unit=SCHOOL, categories=frozenset({"STU-ACA"}))
    watching = register(
        scene.world,
        software,
        pep_scopes=frozenset({"evaluate"}),
        resource_types=frozenset({"student"}),
    )
    with reading(url, scene.token(watching)) as reader:
        wait_until(lambda: "reset" in reader.kinds())
        account = suspended(scene)
        wait_until(lambda: any(account in told["accounts"] for told in reader.of("moved")))
        assert all(not told["everything"] for told in reader.of("moved"))
        admin = scene.world.admins[scene.world.root].account
        with scene.world.services.db.write(scene.world.register, "operator") as tx:
            tx.happened("thử nghiệm", scene.world.register)
            tx.touches(admin)
        wait_until(lambda: reader.of("moved")[-1]["everything"])
        assert not any(admin in told["accounts"] for told in reader.of("moved"))


@pytest.mark.parametrize("who", ["nobody", "data", "search"])
def test_who_may_not_watch_is_refused(stage: tuple[Scene, str], who: str) -> None:
    scene, url = stage
    searching = guarding(scene.world, f"Cổng {who}", pep_scopes=frozenset({"search"})) if who == "search" else None
    token = {
        "nobody": lambda: "a.b.c",
        "data": lambda: scene.token(scene.gradebook),
        "search": lambda: scene.token(searching),
    }[who]()
    with reading(url, token) as reader:
        wait_until(lambda: reader.is_over)
    code = {"nobody": 401, "data": 401, "search": 403}[who]
    assert reader.status == code


def test_the_static_key_watches_and_is_told_no_ids(stage: tuple[Scene, str]) -> None:
    scene, url = stage
    with reading(url, KEY) as reader:
        wait_until(lambda: "reset" in reader.kinds())
        suspended(scene)
        wait_until(lambda: reader.of("moved"))
        assert reader.of("moved")[0]["everything"]


def test_one_more_than_a_client_may_have_is_refused_and_room_comes_back(stage: tuple[Scene, str]) -> None:
    scene, url = stage
    many = guarding(scene.world, "Cổng mở nhiều")
    token = scene.token(many)
    with ExitStack() as held:
        readers = [held.enter_context(reading(url, token)) for _ in range(30)]
        assert {reader.status for reader in readers} == {200}
        with reading(url, token) as late:
            wait_until(lambda: late.is_over)
        assert (late.status, late.problem["code"]) == (429, "too_many_watchers")
        other = scene.token(scene.guard)
        with reading(url, other) as of_other:
            assert of_other.status == 200
        suspended(scene)
        for reader in readers:
            wait_until(lambda: reader.of("moved"))  # noqa: B023

    def is_let_in() -> bool:
        suspended(scene)
        with reading(url, token) as again:
            return again.status == 200

    wait_until(is_let_in)


def test_numbers_of_watchers_are_scraped(stage: tuple[Scene, str]) -> None:
    scene, url = stage
    with reading(url, scene.token(scene.guard)):
        text = scene.served.client.get("/metrics").text
        assert 'access_service_watch_events_total{kind="moved"}' in text
        assert float(text.split("\naccess_service_watchers ")[1].split("\n")[0]) >= 1
