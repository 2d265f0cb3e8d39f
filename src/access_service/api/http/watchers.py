"""Everybody who watches, in one process: one task a register looks at memory and tells them all. No thread waits.

What moved is read once for all watchers of a register, in the pool, together with the question whether each of them
may still be told. Who may not any more, reads too slowly, or has a node that has not seen the database within its
bound, is let go: none of them is told of the past, and each knows where it stood.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, Protocol

import msgspec

from access_service.api.http.event_stream import EventStream, comment_bytes, event_bytes
from access_service.api.http.pool import Pool
from access_service.domain.errors import AccessServiceError, UnavailableError
from access_service.domain.names import RegisterId, UnitId
from access_service.domain.tokens import Claims
from access_service.domain.watching import EVERYTHING, WatchLimits, check_may_watch, tell
from access_service.live.revisions import revision_text
from access_service.live.revoked import Revocations
from access_service.usecases.tokens.introspect import RevocationList
from access_service.usecases.tokens.issue import TokenPoint
from access_service.usecases.tokens.oauth_errors import OAuthError
from access_service.usecases.tokens.watching import Begun, News, TakenBack, WatchPlace, begin, reached_by, read_news

LOOK_S = 0.01
"""How often memory is looked at, which costs a microsecond."""
HEARTBEAT_S = 2.0
"""How often a stream on which nothing happens says that it lives, and until when it has told everything."""
JOINING = 2
"""How many begin at once: when all come back together, decisions find room in the pool."""
AGAIN_MS = 1_000
"""How soon a reader that lost its stream comes back, as the stream tells it (`retry`)."""
_encode = msgspec.json.Encoder().encode


class Follows(Protocol):
    """Memory of registers, as `live` keeps it."""

    def stands_at(self, register: RegisterId) -> tuple[int, str, float] | None:
        """Revision, head, and now; None where memory does not stand. `UnavailableError` when it is too old."""

    def advance(self, register: RegisterId) -> int:
        """Look at the database."""


@dataclass(eq=False)
class Watcher:
    """One connection."""

    register: RegisterId
    client: str
    claims: Claims | None
    """None for the static key, which is told no ids."""
    stream: EventStream = field(default_factory=EventStream)


class _Looked(NamedTuple):
    """What one look found."""

    news: News | None
    reached: Mapping[Watcher, frozenset[UnitId] | None]
    """The units below which each is told ids; None for who is told nothing any more."""
    listed: Revocations | None
    """The whole list, where another history stands."""


class Watchers:
    """Those of one process. Touched on the event loop only."""

    def __init__(
        self,
        follows: Follows,
        tokens: TokenPoint,
        pool: Pool,
        *,
        limits: WatchLimits,
        staleness_s: float,
        counts: Counter[tuple[str, str]],
        failed: Callable[[Exception], None],
    ) -> None:
        """`counts` are of metrics: what was told, and how it ended. `failed` hears what nobody foresaw."""
        self._follows, self._tokens, self._pool = follows, tokens, pool
        self._listed = RevocationList(tokens)
        self._limits, self._staleness_s = limits, staleness_s
        self._counts, self._failed = counts, failed
        self._all: dict[RegisterId, set[Watcher]] = {}
        self._tasks: dict[RegisterId, asyncio.Task[None]] = {}
        self._of_client: Counter[str] = Counter()
        self._joining = asyncio.Semaphore(JOINING)
        self.is_stopping = False

    async def join(self, register: RegisterId, client: str, claims: Claims | None, since: str | None) -> Watcher:
        """One more, from the place that it was told last. Raises `too_many_watchers`, `UnavailableError`."""
        if self.is_stopping:
            raise UnavailableError("this process is being stopped")
        check_may_watch(self._limits, self._of_client.total(), self._of_client[client])
        watcher = Watcher(register, client, claims)
        # Counted, and told what comes, from here on: what happens while its beginning is read is not missed.
        self._of_client[client] += 1
        self._counts["began", ""] += 1
        self._all.setdefault(register, set()).add(watcher)
        try:
            async with self._joining:
                await self._begin(watcher, since)
        except BaseException:
            watcher.stream.end("failed")
            self.leave(watcher)
            raise
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Forget it; whoever is forgotten already stays so."""
        among = self._all.get(watcher.register, set())
        if watcher not in among:
            return
        among.remove(watcher)
        self._of_client -= Counter({watcher.client: 1})
        self._counts["ended", watcher.stream.ended or "left"] += 1

    def stop(self) -> None:
        """End every stream: this process is being stopped, and whoever watches goes elsewhere."""
        self.is_stopping = True
        for register in list(self._all):
            self._end_all(register, "stopping")

    async def close(self) -> None:
        """The same, and wait for what is being read."""
        self.stop()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- beginning

    async def _begin(self, watcher: Watcher, since: str | None) -> None:
        register = watcher.register
        stands = self._follows.stands_at(register)
        if stands is None:
            await self._pool.run(lambda: self._follows.advance(register))
        if register not in self._tasks or self._tasks[register].done():
            place = await self._pool.run(lambda: begin(self._tokens.db, register, None)[1])
            if register not in self._tasks or self._tasks[register].done():
                self._tasks[register] = asyncio.create_task(self._follow(register, place))
        how, place, news, reached, listed = await self._pool.run(lambda: self._read_beginning(watcher, since))
        pieces = [b"retry: %d\n\n" % AGAIN_MS]
        if how == "goes_on" and news is not None and news.concerned is not None:
            if news.place != place:
                pieces.append(_told(news, reached))
            pieces.append(comment_bytes(_as_of(news.taken_back.as_of if news.taken_back else 0.0)))
        else:
            # Another history may have come between the two looks.
            how = "restored" if how == "goes_on" else how
            place = news.place if news is not None else place
            pieces.append(_anew(how, place, listed, register))
        watcher.stream.begin(*pieces)
        self._counts["told", how] += 1

    def _read_beginning(
        self, watcher: Watcher, since: str | None
    ) -> tuple[Begun, WatchPlace, News | None, frozenset[UnitId], Revocations]:
        register = watcher.register
        how, place = begin(self._tokens.db, register, since)
        news = read_news(self._tokens.db, register, place) if how == "goes_on" else None
        return how, place, news, self._reached(watcher) or frozenset(), self._listed.make(register)

    def _reached(self, watcher: Watcher) -> frozenset[UnitId] | None:
        """The units below which it is told ids; None for who is told nothing any more."""
        claims = watcher.claims
        if claims is None:
            return frozenset()
        try:
            return self._tokens.waiting(lambda: reached_by(self._tokens, claims))
        except (AccessServiceError, OAuthError) as error:
            if isinstance(error, UnavailableError):
                raise
            return None

    # -- following

    async def _follow(self, register: RegisterId, place: WatchPlace) -> None:
        """Tell the watchers of a register what moves in it, as long as there are any."""
        code = "failed"
        try:
            await self._tell_on(register, place)
            code = "stopping"
        except UnavailableError:
            code = "stale"
        except Exception as error:  # noqa: BLE001 whoever watches is let go and told so; the log says why
            self._failed(error)
        finally:
            self._end_all(register, code)

    async def _tell_on(self, register: RegisterId, place: WatchPlace) -> None:
        told = beaten = time.monotonic()
        while among := list(self._all.get(register, ())):
            await asyncio.sleep(LOOK_S)
            stands, now = self._follows.stands_at(register), time.monotonic()
            has_moved = stands is None or stands[:2] != tuple(place)
            if not has_moved and now - beaten < HEARTBEAT_S:
                told = now
                continue
            try:
                looked = await self._pool.run(partial(self._look, register, place, among, has_moved=has_moved))
            except UnavailableError:
                # Too much waits at this moment, or the database is away: nobody is told of the past.
                if now - told > self._staleness_s:
                    raise
                continue
            if looked.news is not None:
                self._tell(register, looked)
                place = looked.news.place
            elif stands is not None and now - beaten >= HEARTBEAT_S:
                # Everything up to where memory stood was told, and memory is at most that much behind.
                beat = comment_bytes(_as_of(stands[2] - self._staleness_s))
                for watcher in self._allowed(looked):
                    watcher.stream.put(beat)
                beaten = now
            told = now

    def _look(self, register: RegisterId, place: WatchPlace, among: list[Watcher], *, has_moved: bool) -> _Looked:
        """What moved, and what each may be told. In a thread of the pool."""
        news = listed = None
        if has_moved:
            # Memory may be in the middle of a move, or behind what was told: then there are no news yet.
            self._follows.advance(register)
            found = read_news(self._tokens.db, register, place)
            news = None if found.place == place else found
            listed = self._listed.make(register) if news is not None and news.concerned is None else None
        reached: dict[int, frozenset[UnitId] | None] = {}
        for watcher in among:
            if id(watcher.claims) not in reached:
                reached[id(watcher.claims)] = self._reached(watcher)
        return _Looked(news, {watcher: reached[id(watcher.claims)] for watcher in among}, listed)

    def _allowed(self, looked: _Looked) -> Iterator[Watcher]:
        """Those who may be told; the streams of the others end."""
        for watcher, units in looked.reached.items():
            if units is None:
                self._end(watcher, "refused")
            else:
                yield watcher

    def _tell(self, register: RegisterId, looked: _Looked) -> None:
        news, made = looked.news, dict[frozenset[UnitId], bytes]()
        if news is None:
            return
        for watcher in self._allowed(looked):
            units = frozenset[UnitId]() if looked.listed is not None else looked.reached[watcher] or frozenset()
            if units not in made:
                made[units] = (
                    _anew("restored", news.place, looked.listed, register)
                    if looked.listed is not None
                    else _told(news, units)
                )
            watcher.stream.put(made[units])
        self._counts["told", "moved" if looked.listed is None else "restored"] += len(looked.reached)

    def _end_all(self, register: RegisterId, code: str) -> None:
        for watcher in list(self._all.get(register, ())):
            self._end(watcher, code)

    def _end(self, watcher: Watcher, code: str) -> None:
        watcher.stream.end(code, event_bytes("end", _encode({"code": code})))


def _anew(how: str, place: WatchPlace, listed: Revocations, register: RegisterId) -> bytes:
    """The whole list, and then that every answer kept is to be dropped: who is cut off between hears both again."""
    said = _encode({"revision": revision_text(place.revision)})
    return _listed(listed, register) + event_bytes(how, said, place.text)


def _told(news: News, reached: frozenset[UnitId]) -> bytes:
    """What moved and what was taken back, for a watcher whose approvals reach these units."""
    told = EVERYTHING if news.concerned is None else tell(news.concerned, reached)
    moved = _encode(
        {
            "revision": revision_text(news.place.revision),
            "accounts": told.accounts,
            "units": told.units,
            "everything": told.everything,
        }
    )
    # First what was taken back: who is cut off between the two hears both again.
    return _revoked(news.taken_back) + event_bytes("moved", moved, news.place.text)


def _revoked(taken: TakenBack | None) -> bytes:
    if taken is None:
        return b""
    said = {
        "whole": False,
        "as_of": taken.as_of,
        "tokens": taken.tokens,
        "subjects": taken.subjects,
        "all_before": taken.all_before,
    }
    return event_bytes("revoked", _encode(said))


def _listed(listed: Revocations, register: RegisterId) -> bytes:
    """The whole list, as `/oauth2/revocations` gives it."""
    said = {
        "whole": True,
        "as_of": listed.as_of,
        "tokens": listed.tokens,
        "subjects": listed.subjects,
        "all_before": listed.all_before,
        "register": register,
    }
    return event_bytes("revoked", _encode(said))


def _as_of(instant: float) -> str:
    return f"as_of {instant:.3f}"
