"""Clients that follow what moves: told at once, never older than their bound, and nobody is left in the dark."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from oauth_scene import GRADEBOOK, SESSION, Scene, guarding, said
from serving import settings_for

from access_service.api.http import watchers
from access_service.app import create_app
from access_service.client import (
    AccessClient,
    AccessUnavailableError,
    AsyncAccessClient,
    AsyncTokenVerifier,
    ClientCredentials,
    StreamStatus,
    TokenError,
    TokenVerifier,
    student,
)
from access_service.client import watch as client_watch
from access_service.client.fastapi import Guard, require
from access_service.domain.names import SuspendableKind
from access_service.usecases.handover import delegation
from access_service.usecases.third_party import clients
from http_way import HttpWay
from pack_server import free_port
from watched import listening, wait_until, watched
from world import CLASS_6A, SCHOOL

PUPIL = student("000-hs-1", class_=CLASS_6A, category="STU-ACA")
LIST, EVALUATION, STREAM = b"/oauth2/revocations", b"/access/v1/evaluation", b"/v1/watch"


@dataclass
class Stage:
    scene: Scene
    way: HttpWay
    port: int

    def clock(self) -> float:
        return float(self.scene.world.clock().timestamp())

    @property
    def teacher(self) -> str:
        return str(self.scene.served.teacher.account)

    def ticket(self) -> str:
        """The teacher's token for the gradebook, some time ago."""
        token = self.scene.exchanged(self.scene.gradebook, self.scene.session(), SESSION)
        self.scene.world.clock.forward(seconds=2)
        return token

    def suspend(self) -> None:
        world = self.scene.world
        how = {"kind": SuspendableKind.ACCOUNT, "target": self.teacher, "reason": "thử"}
        delegation.suspend(world.services, world.admins[SCHOOL], **how)  # type: ignore[arg-type]

    def resume(self) -> None:
        world = self.scene.world
        delegation.resume(world.services, world.admins[SCHOOL], kind=SuspendableKind.ACCOUNT, target=self.teacher)  # type: ignore[arg-type]

    def credentials(self) -> ClientCredentials:
        guard = self.scene.guard
        return ClientCredentials(guard.id, guard.secret)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    way = HttpWay()
    with pytest.MonkeyPatch.context() as patch, watched(tmp_path_factory.mktemp("w"), public_url=way.url) as found:
        patch.setattr(watchers, "HEARTBEAT_S", 0.05)
        patch.setattr(client_watch, "PAUSE_S", (0.01, 0.05))
        scene, url = found
        port = int(url.rpartition(":")[2])
        way.to = port
        yield Stage(scene, way, port)
        way.close()


@pytest.fixture(autouse=True)
def _as_before(stage: Stage) -> Iterator[None]:
    yield
    way = stage.way
    way.is_closed = way.streams_closed = way.holds = False
    way.to, way.says = stage.port, b""


@dataclass
class Watching:
    """A client with what rests on its stream."""

    access: AccessClient
    verifier: TokenVerifier
    told: list[StreamStatus] = field(default_factory=list)
    later_s: float = 0.0

    @property
    def stream(self) -> Any:
        return self.access.watching

    def codes(self) -> list[str]:
        return [status.code for status in self.told]

    def allows(self, account: str) -> bool:
        return bool(self.access.check(account, "read", PUPIL))


@contextmanager
def watching(stage: Stage, credentials: ClientCredentials | None = None, **options: Any) -> Iterator[Watching]:
    """Somebody who follows, and has begun to."""
    told: list[StreamStatus] = []
    holder: list[Watching] = []

    def monotonic() -> float:
        return time.monotonic() + (holder[0].later_s if holder else 0.0)

    times = {"clock": stage.clock, "monotonic": monotonic}
    with AccessClient(stage.way.url, credentials or stage.credentials(), timeout_s=30, **times) as access:
        stream = access.watch(
            **{"keep_s": 600, "on_change": told.append, "silence_s": 30, "max_stale_s": 300, **options}
        )
        # Asks at each question whether anything is due: where nobody tells, that is a request.
        verifier = TokenVerifier(
            stage.way.url, GRADEBOOK, watch=stream, poll_s=0.001, max_stale_s=300, keys_max_age_s=9999, **times
        )
        with verifier:
            holder.append(Watching(access, verifier, told))
            assert stream.wait(60)
            yield holder[0]


def is_revoked(verifier: TokenVerifier, token: str) -> bool:
    try:
        verifier.verify(token)
    except TokenError as error:
        if error.code != "revoked":
            raise
        return True
    return False


def test_what_is_taken_back_is_told_and_nobody_polls(stage: Stage) -> None:
    token = stage.ticket()
    with watching(stage) as found:
        assert not is_revoked(found.verifier, token)
        before = stage.way.count(LIST)
        stage.suspend()
        wait_until(lambda: is_revoked(found.verifier, token))
        assert stage.way.count(LIST) == before == stage.way.count(LIST)
        stage.resume()
        assert is_revoked(found.verifier, token)
        assert found.told == [found.stream.status]
        assert found.stream.status


def test_an_answer_is_kept_until_something_moves_about_its_account(stage: Stage) -> None:
    with watching(stage) as found:
        assert found.allows(stage.teacher)
        asked = stage.way.count(EVALUATION)
        for _ in range(20):
            assert found.allows(stage.teacher)
        assert stage.way.count(EVALUATION) == asked
        # Who names a revision, or wants to know why, is answered by the service.
        assert found.access.check(stage.teacher, "read", PUPIL, at_least=found.stream.heard.revision)
        assert found.access.check(stage.teacher, "read", PUPIL, explain="full").explanation
        assert stage.way.count(EVALUATION) == asked + 2
        stage.suspend()
        wait_until(lambda: not found.allows(stage.teacher))
        stage.resume()
        wait_until(lambda: found.allows(stage.teacher))
        # What begins or ends by its date is told by nobody.
        asked = stage.way.count(EVALUATION)
        found.later_s = 200
        wait_until(lambda: found.stream.heard.is_live)
        assert found.allows(stage.teacher)
        assert stage.way.count(EVALUATION) == asked
        found.later_s = 700
        wait_until(lambda: found.stream.heard.is_live)
        assert found.allows(stage.teacher)
        assert stage.way.count(EVALUATION) == asked + 1


def test_a_cut_stream_is_said_polled_beside_and_gone_on_with(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    token = stage.ticket()
    caplog.set_level(logging.INFO, "access_service.client")
    with watching(stage) as found:
        assert found.allows(stage.teacher)
        assert not is_revoked(found.verifier, token)
        polled, asked = stage.way.count(LIST), stage.way.count(EVALUATION)
        stage.way.streams_closed = True
        stage.way.cut()
        wait_until(lambda: found.codes() == ["", "unavailable"])
        assert not found.stream.status
        assert "the stream of changes is lost: unavailable" in caplog.text
        stage.suspend()
        wait_until(lambda: is_revoked(found.verifier, token))
        assert not found.allows(stage.teacher)
        assert stage.way.count(LIST) > polled
        assert stage.way.count(EVALUATION) > asked
        place = found.stream.heard.place
        stage.way.streams_closed = False
        wait_until(lambda: found.stream.status)
        assert found.codes() == ["", "unavailable", ""]
        assert caplog.text.count("the stream of changes is there") == 2
        assert any(place.encode() in head for head in stage.way.asked if head.startswith(b"GET /v1/watch"))
        # What moved meanwhile was told when it came back: the answer of before is gone.
        assert not found.allows(stage.teacher)
        polled = stage.way.count(LIST)
        assert is_revoked(found.verifier, token)
        assert stage.way.count(LIST) == polled
        stage.resume()


def test_a_proxy_that_keeps_everything_is_noticed_by_what_does_not_come(stage: Stage) -> None:
    token = stage.ticket()
    with watching(stage, silence_s=1.0) as found:
        assert not is_revoked(found.verifier, token)
        stage.way.holds = True
        wait_until(lambda: not found.stream.status)
        assert found.stream.status.code == "silent"
        stage.suspend()
        wait_until(lambda: is_revoked(found.verifier, token))
        assert not found.allows(stage.teacher)
        wait_until(lambda: found.codes() == ["", "silent"])
        stage.way.holds = False
        stage.way.cut()
        wait_until(lambda: found.stream.status)
        stage.resume()


GARBAGE = [
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
    b"5\r\n\xff\xfe\n\n\n\r\n",
    b'1c\r\nevent: moved\ndata: {"a":1}\n\n\r\n',
    b"zz\r\n",
]


@pytest.mark.parametrize("said_instead", GARBAGE, ids=["a page", "no text", "no change", "no chunk"])
def test_garbage_ends_the_stream_and_what_was_kept(stage: Stage, said_instead: bytes) -> None:
    with watching(stage) as found:
        assert found.allows(stage.teacher)
        asked = stage.way.count(EVALUATION)
        if said_instead.startswith(b"HTTP"):
            stage.way.cut()
        stage.way.says = said_instead
        wait_until(lambda: len(found.told) > 2)
        assert found.told[-2].code in ("unreadable", "unavailable")
        wait_until(lambda: found.stream.status)
        assert found.allows(stage.teacher)
        # Whoever was only cut off goes on with what it kept; whoever heard garbage begins anew.
        assert stage.way.count(EVALUATION) == asked + (found.told[-2].code == "unreadable")


def test_whoever_may_watch_no_more_keeps_nothing(stage: Stage) -> None:
    scene = stage.scene
    who = guarding(scene.world, "Cổng sắp dừng")
    with watching(stage, ClientCredentials(who.id, who.secret)) as found:
        assert found.allows(stage.teacher)
        clients.disable_client(scene.world.services, scene.world.admins[scene.world.root], who.id)
        wait_until(lambda: len(found.told) == 2)
        assert found.codes() == ["", "invalid_client"]
        decision = found.access.check(stage.teacher, "read", PUPIL)
        assert (bool(decision), decision.code) == (False, "invalid_client")


def test_a_token_that_ends_is_renewed_without_a_word(stage: Stage) -> None:
    with watching(stage) as found:
        streams = stage.way.count(STREAM)
        stage.scene.world.clock.forward(seconds=301)
        wait_until(lambda: stage.way.count(STREAM) > streams and found.stream.heard.has_begun)
        stage.suspend()
        wait_until(lambda: not found.allows(stage.teacher))
        assert found.codes() == [""]
        stage.resume()


def test_a_node_that_stops_says_so_and_the_next_one_goes_on(stage: Stage) -> None:
    scene, port = stage.scene, free_port()
    settings = settings_for(scene.served.folder, public_url=stage.way.url, poll_ms=10)
    with watching(stage) as found:
        assert found.allows(stage.teacher)
        app = create_app(settings, clock=scene.world.clock)
        with listening(app, port):
            stage.way.to = port
            stage.way.cut()
            wait_until(lambda: found.codes() == ["", "unavailable", ""])
            # Through another node, and still from where it was.
            stage.suspend()
            wait_until(lambda: not found.allows(stage.teacher))
            place = found.stream.heard.place
            edge = app.state.edge
            (follower,) = edge.watchers._tasks.values()
            # As at SIGTERM: the streams end first, while everything else is still answered.
            follower.get_loop().call_soon_threadsafe(edge.stop)
            wait_until(lambda: "stopping" in found.codes())
            assert not found.allows(stage.teacher)
        stage.way.to = stage.port
        wait_until(lambda: found.stream.status)
        assert found.stream.heard.place == place
        stage.resume()
        wait_until(lambda: found.allows(stage.teacher))


def test_another_history_drops_everything(stage: Stage) -> None:
    token = stage.ticket()
    with watching(stage) as found:
        heard = found.stream.heard
        assert found.allows(stage.teacher)
        heard._tokens[said(token)["jti"]] = time.monotonic()
        assert is_revoked(found.verifier, token)
        stage.way.streams_closed = True
        stage.way.cut()
        wait_until(lambda: not found.stream.status)
        assert is_revoked(found.verifier, token)
        asked = stage.way.count(EVALUATION)
        heard.place = "r1.0123456789abcdef"
        stage.way.streams_closed = False
        wait_until(lambda: found.stream.status)
        assert heard.history == 1
        # Neither the list of that history nor one of its answers is left.
        assert not is_revoked(found.verifier, token)
        assert found.allows(stage.teacher)
        assert stage.way.count(EVALUATION) == asked + 1


def test_neither_list_is_trusted_beyond_its_bound(stage: Stage) -> None:
    token = stage.ticket()
    with watching(stage) as found:
        assert not is_revoked(found.verifier, token)
        stage.way.is_closed = True
        stage.way.cut()
        wait_until(lambda: not found.stream.status)
        found.later_s = 200
        assert not is_revoked(found.verifier, token)
        found.later_s = 301
        with pytest.raises(AccessUnavailableError) as caught:
            found.verifier.verify(token)
        assert caught.value.code == "stale"
        stage.way.is_closed = False
        wait_until(lambda: found.stream.status)
        assert not is_revoked(found.verifier, token)


def test_a_guarded_application_follows_from_its_start_on(stage: Stage) -> None:
    token = stage.ticket()

    async def story() -> None:
        times = {"clock": stage.clock}
        async with AsyncAccessClient(stage.way.url, stage.credentials(), timeout_s=30, **times) as access:
            stream = access.watch(keep_s=600, silence_s=30, max_stale_s=300)
            verifier = AsyncTokenVerifier(stage.way.url, GRADEBOOK, watch=stream, poll_s=0.001, **times)
            app = FastAPI()
            Guard(account=lambda _request: stage.teacher, client=access).install(app)
            guarded = require("class:read", category="STU-ACA", class_="code")
            by_token = require(
                "class:read", category="STU-ACA", class_="code", guard=Guard(verifier=verifier, client=access)
            )

            @app.get("/{code}", dependencies=[guarded])
            async def whole(code: str) -> str:
                return code

            @app.get("/{code}/token", dependencies=[by_token])
            async def by_its_token(code: str) -> str:
                return code

            http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://so-diem.example")
            bearer = {"Authorization": f"Bearer {token}"}
            async with http, verifier, app.router.lifespan_context(app):
                assert await stream.wait(60)
                assert (await http.get(f"/{CLASS_6A}")).status_code == 200
                assert (await http.get(f"/{CLASS_6A}/token", headers=bearer)).status_code == 200
                asked, polled = stage.way.count(EVALUATION), stage.way.count(LIST)
                assert (await http.get(f"/{CLASS_6A}")).status_code == 200
                assert stage.way.count(EVALUATION) == asked
                await asyncio.to_thread(stage.suspend)
                until = time.monotonic() + 60
                while (await http.get(f"/{CLASS_6A}")).status_code == 200:
                    assert time.monotonic() < until
                    await asyncio.sleep(0.01)
                assert (await http.get(f"/{CLASS_6A}/token", headers=bearer)).status_code == 403
                with pytest.raises(TokenError, match="revoked"):
                    await verifier.verify(token)
                assert stage.way.count(LIST) == polled
                stage.way.streams_closed = True
                stage.way.cut()
                while stream.status:
                    assert time.monotonic() < until
                    await asyncio.sleep(0.01)
        assert stream.status.code in ("closed", "unavailable")
        await asyncio.to_thread(stage.resume)

    asyncio.run(story())


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_process_that_is_forked_follows_by_itself(stage: Stage) -> None:
    with watching(stage) as found:
        streams = stage.way.count(STREAM)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                found.access.check(stage.teacher, "read", PUPIL)
                status = 0 if found.stream.wait(60) and found.stream.status else 2
            finally:
                os._exit(status)
        _, ended = os.waitpid(child, 0)
        assert ended == 0
        assert stage.way.count(STREAM) == streams + 1
        assert found.stream.status


@pytest.mark.parametrize(
    "make",
    [
        lambda url, access: AsyncTokenVerifier(url, GRADEBOOK, watch=access.watching),
        lambda _url, access: TokenVerifier("https://other.example.vn", GRADEBOOK, watch=access.watching),
        lambda _url, access: access.watch(),
        lambda url, _access: AccessClient(url, ClientCredentials("c", "s"), carry_revision=True).watch(keep_s=1),
        lambda url, _access: AccessClient(url, ClientCredentials("c", "s")).watch(keep_s=9999),
        lambda url, _access: AccessClient(url, ClientCredentials("c", "s")).watch(silence_s=0),
    ],
    ids=["the other kind", "another service", "twice", "beside own writes", "for too long", "no time"],
)
def test_what_could_not_be_told_is_refused_at_once(stage: Stage, make: Callable[..., Any]) -> None:
    with watching(stage) as found, pytest.raises((TypeError, ValueError)):
        make(stage.way.url, found.access)
