"""Tokens for services: what was delegated, what was asked for and what the software was allowed, whichever is less.

Issuing writes nothing (but a draw, where the approval counts them) and as a rule reads nothing: clients, approvals
and grants are in memory at the revision at which decisions stand (`token_state`), and whoever may not wait for the
database is told so (`NotInStateError`). A token names what it rests on; `introspect` says whether that still holds.
"""

import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from access_service.domain.errors import RefusedError, UnavailableError
from access_service.domain.names import AccountId, Frequency, RegisterId, UnitId
from access_service.domain.reasons import Reason
from access_service.domain.tokens import AccessDetail, Claims, TokenError, narrow
from access_service.live.decision_point import DecisionPoint
from access_service.live.gathered import LockIndex
from access_service.live.held_rights import (
    HeldRight,
    Holding,
    Known,
    NotInStateError,
    RightsNow,
    RightsRead,
    trim,
)
from access_service.live.revisions import revision_text
from access_service.live.revoked import LIST_S, Revocations, RevokedNow, read_all
from access_service.signing.keyring import Keyring
from access_service.signing.token_claims import MOST_DETAILS, detail_to_wire, scope_to_wire
from access_service.signing.tokens import TokenSigner, TokenVerifier
from access_service.storage.db import Database
from access_service.storage.software import client_by_id
from access_service.usecases.services import Services
from access_service.usecases.third_party.software import draw
from access_service.usecases.tokens.oauth_errors import OAuthCode, OAuthError

T = TypeVar("T")
TRIES = 40
"""Times that something is missed and read before the register is said to move too fast."""
HOMES_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class WantedToken:
    """What a client asks for."""

    scope: frozenset[str] | None = None
    details: tuple[AccessDetail, ...] | None = None
    resources: tuple[str, ...] = ()
    """RFC 8707: where the token is to be used; empty for the one place that fits."""
    jkt: str | None = None
    """Thumbprint of the key that it proved to have (RFC 9449)."""


class IssuedToken(NamedTuple):
    """A token as it goes out, once."""

    token: str
    claims: Claims
    instant: float
    """When, in seconds since the epoch."""

    @property
    def scope_text(self) -> str:
        """`scope` of the answer (RFC 6749 section 5.1)."""
        return scope_to_wire(self.claims.scope)

    @property
    def details(self) -> list[dict[str, Any]]:
        """`authorization_details` of the answer (RFC 9396 section 7)."""
        return [detail_to_wire(detail) for detail in self.claims.details]


class Now(NamedTuple):
    """A register at one revision and instant (rule 15)."""

    register: RegisterId
    state: RightsNow
    instant: float


class TokenPoint:
    """Issues and checks the tokens of every register of one database. Safe from any number of threads."""

    def __init__(
        self, services: Services, point: DecisionPoint, keyring: Keyring, *, issuer: str, token_s: int
    ) -> None:
        """`issuer` is the public address; `token_s` the longest life of a token, in seconds."""
        self.services = services
        self.db: Database = services.db
        self.issuer = issuer
        self.token_s = token_s
        self.keyring = keyring
        self._feed = point.feed
        self._signer = TokenSigner(keyring)
        # One clock issues and verifies: a token that is not ours to have been issued yet is not ours.
        self._verifier = TokenVerifier(keyring.public_keys, issuer, leeway_s=2)
        self._homes: dict[str, RegisterId] = {}
        self._locks = LockIndex()
        self._here = threading.local()

    # -- memory

    def waiting(self, work: Callable[[], T]) -> T:
        """Do it, reading from the database what memory lacks. `UnavailableError` when that never ends.

        A client that is not there is found by whoever asks for it (`known`): what that means, for the one who asks
        or for the token of a third, is theirs to say.
        """
        before, self._here.absent = self._absent(), frozenset()
        try:
            for _ in range(TRIES):
                try:
                    return work()
                except NotInStateError as miss:
                    self._read(miss)
        finally:
            self._here.absent = before
        raise UnavailableError("the register changes faster than it can be read")

    def _absent(self) -> frozenset[str]:
        """Clients that the work of this thread asked for in vain."""
        found: frozenset[str] = getattr(self._here, "absent", frozenset())
        return found

    def now(self, register: RegisterId) -> Now:
        """The register as memory knows it; `NotInStateError` when nobody asked about tokens of it yet."""
        view = self._feed.views.get(register)
        if view is None:
            raise NotInStateError("register", register, register)
        seq, revision, taken, looked_at = view.seq, view.revision, view.revoked.taken, view.looked_at
        self._feed.check_fresh(view)
        instant = max(self.db.timestamp(), view.recorded_at)
        if seq & 1 or taken is None or view.seq != seq:
            raise NotInStateError("register", register, register)
        state = RightsNow(register, revision, view.rights, taken, looked_at, lambda: view.seq == seq)
        return Now(register, state, instant)

    def revocations(self, register: RegisterId) -> Revocations:
        """What was taken back in the last life of a token; `NotInStateError` where no look confirmed it lately."""
        now = self.now(register)
        as_of = now.instant - (self._feed.monotonic() - now.state.looked_at)
        if now.instant - as_of > LIST_S:
            raise NotInStateError("register", register, register)
        found = now.state.taken.listed(now.instant, as_of)
        if not now.state.holds():
            raise NotInStateError("register", register, register)
        return found

    def home(self, client_id: str) -> RegisterId:
        """The register that a client is registered in; `NotInStateError` for one that was not looked up yet.

        `invalid_client` where it was looked up and there is none.
        """
        if client_id in self._absent():
            raise OAuthError(OAuthCode.INVALID_CLIENT, "the client is unknown, or was not authenticated")
        found = self._homes.get(client_id)
        if found is None:
            raise NotInStateError("client", client_id)
        return found

    def known(self, client_id: str) -> tuple[Now, Known]:
        """The client at this instant, enabled or not. `invalid_client` where there is none: see `home`."""
        now = self.now(self.home(client_id))
        return now, now.state.client(client_id)

    def check_enabled(self, now: Now, known: Known) -> None:
        """Raise `invalid_client` unless client and software are in use."""
        at = datetime.fromtimestamp(now.instant, UTC)
        if not known.client.is_enabled(at) or at not in known.software.interval:
            raise OAuthError(OAuthCode.INVALID_CLIENT, "the client is unknown, or was not authenticated")

    def catch_up(self, register: RegisterId) -> None:
        """See every commit there is, whoever made it: what is answered next is no older than the question."""
        self._feed.advance(register)

    def _read(self, miss: NotInStateError) -> None:
        """Read one thing that was missed into the state of the newest revision."""
        register = self._home_of(miss)
        if register is None:
            self._here.absent = self._absent() | {miss.key}
            return
        self._feed.advance(register)
        with self._feed.reading(register) as (reader, view, compared):
            now = self.db.now_in(reader.connection, register)
            life = timedelta(seconds=self.token_s)
            recent = None if view.revoked.taken is not None else RevokedNow(*read_all(reader, life, now), life)
            read = RightsRead(reader, now, self._locks)
            is_there = read.read(miss)
        stands = compared.stands
        with view.lock:
            # Whatever is added belongs to the revision that the transaction saw. Else it is missed again.
            if view.stands() == (stands.revision, stands.head):
                if recent is not None:
                    view.revoked.taken = recent
                if view.revoked.taken is not None:
                    view.keep_rights(now.timestamp(), read)
        if not is_there:
            self._homes.pop(miss.key, None)
            self._here.absent = self._absent() | {miss.key}

    def _home_of(self, miss: NotInStateError) -> RegisterId | None:
        found = miss.register or self._homes.get(miss.key)
        if found is not None:
            return found
        with self.db.connect() as connection:
            client = client_by_id(connection, miss.key)
        if client is None:
            return None
        if len(self._homes) >= HOMES_KEPT:
            self._homes.clear()
        self._homes[client.id] = client.register
        return client.register

    # -- issuing

    def client_credentials(self, client_id: str, wanted: WantedToken, *, may_wait: bool) -> IssuedToken:
        """A token for the client itself (RFC 6749 section 4.4).

        `may_wait` is False where nothing may be read or written: then what takes it raises `NotInStateError`.
        """
        now, known = self.known(client_id)
        self.check_enabled(now, known)
        holding = self.holding(now, known.software.account)
        if self.audience(known, wanted) == self.issuer:
            return self._for_enforcement(now, known, wanted)
        rights = self.rights_of(holding)
        details = self.chosen(now, boxes_of(rights.values()), wanted)
        used = used_by(details, rights)
        rests = rests_on(used)
        self.count_draws(now, known, used, may_wait=may_wait)
        return self.sign(
            now,
            Claims(
                iss=self.issuer,
                sub=known.software.account,
                aud=(self.audience(known, wanted),),
                client_id=client_id,
                iat=int(now.instant),
                exp=self.expiry(now, holding.until, end_of(known)),
                jti=secrets.token_urlsafe(12),
                scope=frozenset(action for detail in details for action in detail.actions),
                details=details,
                register=now.register,
                revision=revision_text(now.state.revision),
                jkt=wanted.jkt,
                policy=rests.policy,
                grants=rests.grants,
                documents=rests.documents,
            ),
        )

    def _for_enforcement(self, now: Now, known: Known, wanted: WantedToken) -> IssuedToken:
        """A token for our own endpoints: who asks for decisions needs to be let in, and no right to data."""
        if wanted.details is not None:
            raise OAuthError(
                OAuthCode.INVALID_AUTHORIZATION_DETAILS, "a token for this service names scopes, no data"
            )
        scope = known.client.pep_scopes if wanted.scope is None else known.client.pep_scopes & wanted.scope
        if not scope:
            raise OAuthError(OAuthCode.INVALID_SCOPE, "the client is registered for none of these scopes")
        return self.sign(
            now,
            Claims(
                iss=self.issuer,
                sub=known.software.account,
                aud=(self.issuer,),
                client_id=known.client.id,
                iat=int(now.instant),
                exp=self.expiry(now, end_of(known)),
                jti=secrets.token_urlsafe(12),
                scope=scope,
                details=(),
                register=now.register,
                revision=revision_text(now.state.revision),
                policy=(),
                grants=(),
                documents=(),
                jkt=wanted.jkt,
            ),
        )

    def holding(self, now: Now, account: AccountId) -> Holding:
        """What an account holds now; `unauthorized_client` when it is not active."""
        found = now.state.holding(account, now.instant)
        if found.stopped is not None:
            raise OAuthError(OAuthCode.UNAUTHORIZED_CLIENT, "the service account is not active", found.stopped)
        return found

    def rights_of(self, holding: Holding) -> dict[str, HeldRight]:
        """The approvals in force, those whose draws are not counted first; `unauthorized_client` when none is."""
        if not holding.rights:
            raise OAuthError(
                OAuthCode.UNAUTHORIZED_CLIENT, "the software has no approval in force", holding.lacking
            )
        return dict(sorted(holding.rights.items(), key=lambda r: (is_counted(r[1]), r[0])))

    def audience(self, known: Known, wanted: WantedToken) -> str:
        """Where the token is to be used (RFC 8707): one place that the client is registered for."""
        own = self.issuer if known.client.pep_scopes and known.software.is_enforcement_point else None
        registered = [place for place in (known.client.resource, own) if place is not None]
        asked = set(wanted.resources)
        if len(asked) > 1:
            raise OAuthError(OAuthCode.INVALID_TARGET, "a token is for one resource; ask for each in turn")
        if asked:
            found = asked.pop()
            if found not in registered:
                raise OAuthError(OAuthCode.INVALID_TARGET, "the client is not registered for that resource")
            return found
        if own is not None and (
            known.client.resource is None or (wanted.scope and wanted.scope <= known.client.pep_scopes)
        ):
            return own
        if known.client.resource is None:
            raise OAuthError(OAuthCode.INVALID_TARGET, "the client is registered for no resource")
        return known.client.resource

    def chosen(self, now: Now, held: Sequence[AccessDetail], wanted: WantedToken) -> tuple[AccessDetail, ...]:
        """What of the boxes held was asked for; everything where nothing was. Refused when a wish finds nothing."""

        def is_below(unit: UnitId, root: UnitId) -> bool:
            return now.state.is_below(unit, root, now.instant)

        found = tuple(held)
        if wanted.scope is not None:
            found = tuple(
                replace(box, actions=box.actions & wanted.scope) for box in found if box.actions & wanted.scope
            )
            if not found:
                raise OAuthError(
                    OAuthCode.INVALID_SCOPE, "none of these scopes is within what is held", Reason.OUTSIDE_APPROVAL
                )
        for detail in wanted.details or ():
            if not trim(narrow(found, (detail,), is_below), now.state, now.instant):
                raise OAuthError(
                    OAuthCode.INVALID_AUTHORIZATION_DETAILS,
                    f"nothing of a detail about `{_shown(detail.unit)}` is within what is held",
                    Reason.OUTSIDE_APPROVAL,
                )
        details = narrow(found, found if wanted.details is None else wanted.details, is_below)
        details = merge(trim(details, now.state, now.instant))
        if not details:
            raise OAuthError(OAuthCode.INVALID_SCOPE, "nothing is left of what is held", Reason.OUTSIDE_APPROVAL)
        if len(details) > MOST_DETAILS:
            raise OAuthError(
                OAuthCode.INVALID_AUTHORIZATION_DETAILS,
                f"more than {MOST_DETAILS} details; ask for less with authorization_details",
            )
        return details

    def count_draws(
        self,
        now: Now,
        known: Known,
        used: Iterable[HeldRight],
        *,
        already: frozenset[str] = frozenset(),
        may_wait: bool,
    ) -> None:
        """Count one draw under each approval that the token newly rests on, where draws are counted."""
        new = [right for right in used if right.id not in already and is_counted(right)]
        if not new:
            return
        if not may_wait:
            raise NotInStateError("database", known.software.id, now.register)
        counted = [right.approval for right in new if right.approval is not None]
        try:
            draw(self.services, now.register, known.software, counted, datetime.fromtimestamp(now.instant, UTC))
        except RefusedError as error:
            raise OAuthError(OAuthCode.UNAUTHORIZED_CLIENT, _ascii(error.message), error.code) from error

    def expiry(self, now: Now, *ends: float) -> int:
        """The last whole second of a token's life: never past the end of anything that it rests on."""
        exp = int(min(now.instant + self.token_s, *ends))
        if exp <= int(now.instant):
            raise OAuthError(
                OAuthCode.UNAUTHORIZED_CLIENT, "what the token would rest on ends this second", Reason.EXPIRED
            )
        return exp

    def sign(self, now: Now, claims: Claims) -> IssuedToken:
        """The token; `invalid_authorization_details` for one that would be too large."""
        try:
            issued = IssuedToken(self._signer.issue(claims), claims, now.instant)
        except TokenError as error:
            raise OAuthError(OAuthCode.INVALID_AUTHORIZATION_DETAILS, error.message) from error
        self.services.uses.of(now.register).grants.update(claims.grants)
        return issued

    def verify(self, token: str, audience: str, at: datetime) -> Claims:
        """What a token of ours for that audience says, unless it has expired. `TokenError` for everything else."""
        return self._verifier.verify(token, audience, at)


def merge(details: Iterable[AccessDetail]) -> tuple[AccessDetail, ...]:
    """Join boxes that differ in their categories alone: the same rights in fewer boxes."""
    groups: dict[AccessDetail, frozenset[str]] = {}
    for detail in details:
        key = replace(detail, categories=frozenset())
        groups[key] = groups.get(key, frozenset()) | detail.categories
    return tuple(replace(key, categories=categories) for key, categories in groups.items())


def by_category(details: Iterable[AccessDetail]) -> Iterator[AccessDetail]:
    """A box for each category: what was merged need not lie in one box of what it came from."""
    for detail in details:
        for category in sorted(detail.categories):
            yield replace(detail, categories=frozenset({category}))


def is_counted(right: HeldRight) -> bool:
    """Are draws counted under that approval?"""
    return right.approval is not None and right.approval.frequency is not Frequency.UNLIMITED


def boxes_of(rights: Iterable[HeldRight]) -> tuple[AccessDetail, ...]:
    """Every box."""
    return tuple(box for right in rights for box in right.boxes)


def end_of(known: Known) -> float:
    """When client or software end, as far as anybody knows; in seconds since the epoch."""
    ends = [t.timestamp() for t in (known.client.disabled_at, known.software.valid_to) if t is not None]
    return min(ends, default=float("inf"))


def used_by(details: Iterable[AccessDetail], rights: Mapping[str, HeldRight]) -> list[HeldRight]:
    """The rights that these details come from."""
    return [rights[id_] for id_ in sorted({d.grant for d in details if d.grant is not None} & rights.keys())]


class Rests(NamedTuple):
    """The claims that say what a token rests on, each in order."""

    policy: tuple[str, ...]
    grants: tuple[str, ...]
    documents: tuple[str, ...]


def rests_on(used: Sequence[HeldRight], before: Claims | None = None) -> Rests:
    """What a token of these rights rests on, and what the token that it is exchanged for rested on."""
    return Rests(
        policy=_sorted([d for right in used for d in right.policy], before.policy if before else ()),
        grants=_sorted([right.id for right in used], before.grants if before else ()),
        documents=_sorted([d for right in used for d in right.documents], before.documents if before else ()),
    )


def _sorted(ids: Iterable[str], more: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({*ids, *more}))


def _shown(text: str) -> str:
    return "".join(c if " " <= c <= "~" and c not in '"\\`' else "?" for c in text[:64])


def _ascii(message: str) -> str:
    return "".join(c if " " <= c <= "~" and c not in '"\\' else "?" for c in message)
