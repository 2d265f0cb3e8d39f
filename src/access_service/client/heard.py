"""What a stream of changes has told in one process: what was taken back, which answers stand, and until when.

Any thread reads; only whoever listens writes. Nothing here is trusted for being there: the list and the answers
count up to the instant that the service named last, and the answers only while the stream lives.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from access_service.client.core import log
from access_service.client.errors import AccessUnavailableError, ClientError
from access_service.client.events import EventLines, MovedNow, ToldEvent, ToldUntil, moved_of, revision_of
from access_service.client.kept import KeptAnswers
from access_service.client.published import Revocations, TakenBackNow, taken_back_of
from access_service.client.tokens import LONGEST_LIFE_S
from access_service.client.wire import unreadable

LEEWAY_S = 30.0
"""How far the service's clock may be ahead."""
FORGET_S = LONGEST_LIFE_S + 2 * LEEWAY_S
"""No token lives for as long: what was taken back earlier is about none."""
SWEEP_S = 60.0
"""How often what is about no token any more is forgotten."""
END_CODES = frozenset({"failed", "refused", "restored", "slow", "stale", "stopping"})
_NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """Does the stream live? Given to `on_change`, and by `status`."""

    is_live: bool
    code: str = ""
    """Why not: docs/client.md lists them; empty while it lives, and before it was tried."""
    since: float = 0.0
    """Seconds since 1970."""

    def __bool__(self) -> bool:
        return self.is_live


class HeardChanges:
    """One process's own. It is also the hearer of the stream (`flows.Hearer`)."""

    def __init__(
        self,
        *,
        silence_s: float,
        max_stale_s: float,
        keep_s: float,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        changed: Callable[[StreamStatus], None],
    ) -> None:
        """`changed` is told of each loss of the stream, and of each return."""
        self.silence_s, self.max_stale_s = silence_s, max_stale_s
        self._clock, self._monotonic, self._changed = clock, monotonic, changed
        self.answers: KeptAnswers | None = None
        if keep_s:
            self.answers = KeptAnswers(keep_s, monotonic, lambda: self.revision if self.is_live else None)
        self.revision: str | None = None
        """The state of the register that was told last."""
        self.place: str | None = None
        self.history = 0
        """How often the database was of another history than what had been told before."""
        self.revocations: Revocations | None = None
        self.as_of = _NEVER
        self.told_until = _NEVER
        """The same instant by the monotonic clock."""
        self.error: ClientError | None = None
        """Why this connection is not listened to any more."""
        self.has_begun = False
        """Did this connection tell where it stands?"""
        self.is_closed = False
        self._status = StreamStatus(is_live=False)
        self._marked_at = self._swept_at = self._heard_at = _NEVER
        self._is_first_mark = True
        self._lines = EventLines()
        self._tokens: dict[str, float] = {}
        self._subjects: dict[str, float] = {}
        self._whole: TakenBackNow | None = None

    # -- for whoever asks

    @property
    def is_live(self) -> bool:
        """Does the stream live, and is what it tells young enough?"""
        return self._status.is_live and self._wrong() is None

    @property
    def status(self) -> StreamStatus:
        """How it stands now, also where whoever listens has not noticed yet."""
        status, wrong = self._status, self._wrong()
        return StreamStatus(False, wrong.code, self._clock()) if status.is_live and wrong is not None else status

    def _wrong(self) -> ClientError | None:
        now = self._monotonic()
        if self.is_closed:
            return AccessUnavailableError("closed", "nobody follows the stream of changes any more")
        if now - self._marked_at > self.silence_s:
            return _silent()
        if now - self.told_until > self.max_stale_s:
            return AccessUnavailableError("behind", "the stream of changes tells what is too old")
        return None

    # -- for whoever listens

    def connecting(self) -> None:
        """A connection begins: what it says of time is compared with nothing that another one said."""
        self._lines, self._whole, self.error = EventLines(), None, None
        self.has_begun, self._is_first_mark = False, True
        self._heard_at = self._monotonic()

    def opened(self, headers: Mapping[str, str]) -> bool:
        """Is it a stream of events at all?"""
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "text/event-stream":
            return self._stops(unreadable())
        return True

    def feed(self, chunk: bytes) -> bool:
        """What arrived; False when it is not to be listened to any more, and `error` says why."""
        try:
            for told in self._lines.feed(chunk):
                self._take(told)
        except ValueError:
            return self._stops(unreadable())
        except ClientError as error:
            return self._stops(error)
        # A stream that drips what is no event, and no mark of time, is as good as silent.
        if self._monotonic() - self._heard_at > self.silence_s:
            return self._stops(_silent())
        if self.has_begun and (wrong := self._wrong()) is not None:
            return self._stops(wrong)
        return True

    def lost(self, error: ClientError) -> None:
        """There is no stream now. What was kept is not answered from until it is back and has told what moved."""
        if error.code == "unreadable":
            self.forget()
        if self._status.is_live or self._status.code != error.code:
            log.warning("the stream of changes is lost: %s (%s)", error.code, error.message)
            self._turn(StreamStatus(False, error.code, self._clock()))

    def forget(self) -> None:
        """Begin anew the next time: nobody knows what was told in between."""
        self.place = None
        if self.answers is not None:
            self.answers.drop_all()

    def _stops(self, error: ClientError) -> bool:
        self.error = error
        return False

    def _take(self, told: ToldEvent | ToldUntil) -> None:
        if isinstance(told, ToldUntil):
            # The first of a stream that goes on stands after all that was missed.
            self._mark(told.as_of)
            if self.place is not None and self._whole is None and not self.has_begun:
                self._begun()
            return
        self._heard_at = self._marked_at = self._monotonic()
        if told.kind == "revoked":
            taken = taken_back_of(told.read())
            if taken.register is not None:
                self._whole = taken
            self._add(taken)
            return
        if told.kind == "end":
            code = told.read().get("code")
            known = code if isinstance(code, str) and code in END_CODES else "failed"
            raise AccessUnavailableError(known, "the service ended the stream of changes")
        if told.kind == "moved":
            self._moved(moved_of(told.read()), told.place)
        elif told.kind in ("reset", "restored"):
            self._anew(revision_of(told.read()), told.place, is_restored=told.kind == "restored")
        elif self.answers is not None:
            # Something that a newer service says: whatever it is about, nothing is kept across it.
            self.answers.drop_all()

    def _moved(self, moved: MovedNow, place: str | None) -> None:
        if place is None:
            raise ValueError("a change without its place")
        # The revision first: who asks between the two is not kept, rather than kept from an older state.
        self.revision = moved.revision
        if self.answers is not None and moved.is_everything:
            self.answers.drop_all()
        elif self.answers is not None:
            self.answers.drop(moved.accounts)
        self.place = place

    def _anew(self, revision: str, place: str | None, *, is_restored: bool) -> None:
        if place is None or self._whole is None:
            raise ValueError("a beginning without its place, or without the list")
        if is_restored:
            self._add(self._whole, is_anew=True)
            self.history += 1
        self.revision, self.place = revision, place
        if self.answers is not None:
            self.answers.drop_all()
        self._whole = None
        self._begun()

    def _begun(self) -> None:
        self.has_begun = True
        if (wrong := self._wrong()) is not None:
            raise wrong
        if not self._status.is_live:
            log.info("the stream of changes is there")
            self._turn(StreamStatus(True, "", self._clock()))

    def _turn(self, status: StreamStatus) -> None:
        self._status = status
        try:
            self._changed(status)
        except Exception:  # noqa: BLE001 what others wrote ends no stream
            log.exception("`on_change` failed")

    # -- what was taken back

    def _mark(self, as_of: float) -> None:
        now = self._clock()
        if as_of > now + LEEWAY_S:
            raise AccessUnavailableError("clock_skew", "the stream is of the future: one of two clocks is wrong")
        self._heard_at = self._marked_at = self._monotonic()
        if self._is_first_mark or as_of > self.as_of:
            self.as_of, self.told_until = as_of, self._marked_at - max(0.0, now - as_of)
            self._is_first_mark = False

    def _add(self, taken: TakenBackNow, *, is_anew: bool = False) -> None:
        """Only ever more: a list that another node made a little earlier takes nothing away."""
        held = self.revocations
        if held is None and taken.register is None:
            raise ValueError("an addition to no list")
        if held is None or is_anew or taken.register not in (None, held.register):
            self._tokens, self._subjects, before = {}, {}, taken.all_before
        else:
            before = _later(held.all_before, taken.all_before)
        self._sweep()
        now = self._monotonic()
        self._tokens.update(dict.fromkeys(taken.tokens, now))
        for account, since in taken.subjects.items():
            self._subjects[account] = max(since, self._subjects.get(account, since))
        register = taken.register or (held.register if held is not None else "")
        self.revocations = Revocations(taken.as_of, 0.0, self._tokens, self._subjects, before, register)
        self._mark(taken.as_of)

    def _sweep(self) -> None:
        """Forget what is about no token that lives: a stream of weeks fills no memory."""
        now = self._monotonic()
        if now - self._swept_at < SWEEP_S:
            return
        self._swept_at = now
        oldest = self._clock() - FORGET_S
        self._tokens = {jti: at for jti, at in self._tokens.items() if now - at < FORGET_S}
        self._subjects = {account: since for account, since in self._subjects.items() if since > oldest}


def _silent() -> AccessUnavailableError:
    return AccessUnavailableError("silent", "the stream of changes says nothing any more")


def _later(*instants: float | None) -> float | None:
    return max((instant for instant in instants if instant is not None), default=None)
