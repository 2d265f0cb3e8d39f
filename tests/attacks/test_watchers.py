"""Whoever watches too many, too long, too slowly, or what is none of their business."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from oauth_scene import Scene, guarding

from access_service.api.http.event_stream import MOST_WAITING, EventStream
from access_service.api.http.listener import Bounded, Bounds
from access_service.domain.names import SuspendableKind
from access_service.usecases.handover import delegation
from access_service.usecases.third_party import clients, software
from watched import reading, wait_until, watched


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Scene, str]]:
    limits = {"watchers": 1200, "watchers_per_client": 1100}
    with pytest.MonkeyPatch.context() as patch, watched(tmp_path_factory.mktemp("watchers"), **limits) as found:
        patch.setattr(Bounded, "bounds", Bounds(connections=1500))
        yield found


def move(scene: Scene) -> None:
    with scene.world.services.db.write(scene.world.register, "operator") as tx:
        tx.happened("thử nghiệm", scene.world.register)
        tx.touches(scene.served.teacher.account)


def suspend(scene: Scene, target: str) -> None:
    world = scene.world
    how = {"kind": SuspendableKind.ACCOUNT, "target": target, "reason": "sự cố"}
    delegation.suspend(world.services, world.admins[world.root], **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("how", ["account suspended", "client disabled", "token revoked", "software ended"])
def test_whoever_is_let_in_no_more_hears_nothing_more(stage: tuple[Scene, str], how: str) -> None:
    scene, url = stage
    who = guarding(scene.world, f"Cổng bị dừng {how}")
    token = scene.token(who)
    world = scene.world
    with reading(url, token) as reader, reading(url, scene.token(scene.guard)) as other:
        wait_until(lambda: "reset" in reader.kinds())
        if how == "account suspended":
            suspend(scene, who.software.account)
        elif how == "client disabled":
            clients.disable_client(world.services, world.admins[world.root], who.id)  # type: ignore[arg-type]
        elif how == "token revoked":
            assert scene.post("revoke", {"token": token}, who.basic).status_code == 200
        else:
            software.end_software(world.services, world.admins[world.root], who.software.id)
        heard = len(reader.of("moved"))
        wait_until(lambda: reader.is_over)
        assert reader.of("end") == [{"code": "refused"}]
        move(scene)
        wait_until(lambda: other.of("moved"))
        assert len(reader.of("moved")) == heard
    with reading(url, token) as again:
        wait_until(lambda: again.is_over)
    assert again.status in (401, 403)


def test_a_stream_ends_with_its_token(stage: tuple[Scene, str]) -> None:
    scene, url = stage
    with reading(url, scene.token(scene.guard)) as reader:
        wait_until(lambda: "reset" in reader.kinds())
        scene.world.clock.forward(seconds=301)
        wait_until(lambda: reader.is_over)
    assert reader.of("end") == [{"code": "refused"}]


def test_a_thousand_watchers_take_no_thread_and_nobody_waits_for_them(stage: tuple[Scene, str]) -> None:
    scene, url = stage
    parts = urlsplit(url)
    who = guarding(scene.world, "Cổng nghìn kết nối")
    lines = ("GET /v1/watch HTTP/1.1", f"Host: {parts.netloc}", f"Authorization: Bearer {scene.token(who)}", "", "")
    head = "\r\n".join(lines).encode()
    with ExitStack() as held:
        many = [held.enter_context(socket.create_connection((parts.hostname, parts.port))) for _ in range(1000)]
        for one in many:
            one.sendall(head)
        for one in many:
            one.settimeout(60)
            found = b""
            while b"event: reset" not in found:
                piece = one.recv(65536)
                assert piece
                found += piece
        # Decisions go on, and one change reaches them all.
        answer = scene.evaluate(scene.token(scene.guard))
        assert answer.json()["decision"] is True
        move(scene)
        for one in many:
            found = b""
            while b"event: moved" not in found:
                piece = one.recv(65536)
                assert piece
                found += piece


def test_who_reads_nothing_is_cut_off_and_costs_nobody_memory() -> None:
    async def story() -> None:
        stream = EventStream()
        stream.begin(b"reset")
        for _ in range(10 * MOST_WAITING):
            stream.put(b"x" * 1000)
        assert stream.ended == "slow"
        assert await stream.next() == b""

    asyncio.run(story())


def test_one_who_was_joining_when_too_much_came_is_cut_off_too() -> None:
    async def story() -> None:
        stream = EventStream()
        for _ in range(MOST_WAITING + 1):
            stream.put(b"x")
        stream.begin(b"reset")
        assert (stream.ended, await stream.next()) == ("slow", b"")

    asyncio.run(story())


def test_a_server_that_stops_ends_the_streams_and_does_not_wait_for_them(tmp_path: Path) -> None:
    with watched(tmp_path) as (scene, url), reading(url, scene.token(scene.guard)) as reader:
        wait_until(lambda: "reset" in reader.kinds())
        # Leaving the block waits for the server, which would wait for the stream.
    wait_until(lambda: reader.is_over)
