"""AuthZEN searches over a register: which accounts, which classes or units, which actions.

A result is exactly what `evaluation` allows at one revision and one instant. It holds by construction: candidates
come from an index that leaves out nothing but what can never be allowed, and every candidate goes through
`engine.decide`.

Pages are one list: every page is of the revision and the instant of the first. When something that the list rests
on was recorded meanwhile, or a right on the page has ended meanwhile by time alone, the list is over
(`RestartError`), so that a right that was taken back is never listed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from access_service.domain.access import AccessRequest, Wanted
from access_service.domain.errors import PolicyError, RefusedError, RestartError, UnavailableError
from access_service.domain.names import AccountId, ClassId, RegisterId, UnitId
from access_service.engine.compiled_pack import CompiledPack
from access_service.engine.decide import Place, Places, decide
from access_service.engine.snapshots import GrantView, Snapshot
from access_service.live.accounts import NOBODY
from access_service.live.feed import Feed, Followed
from access_service.live.gathered import LockIndex, Reading
from access_service.live.keeper import NotInViewError
from access_service.live.org import Here, IndexedOrg, OrgIndex, Run
from access_service.live.view import RegisterView
from access_service.storage.audit import Stands, head_of, recorded_at, stands_since
from access_service.storage.facts import Reader
from access_service.storage.org import StoredOrg
from access_service.storage.policy import load_tables
from access_service.storage.search import BulkGatherer, ClassRow, read_holders
from access_service.storage.spans import spanning

CHUNK = 200
"""Accounts gathered at once: a first page of a few need not wait for thousands."""


class PageStart(NamedTuple):
    """Where a later page begins, as the page before it said."""

    after: str
    revision: int
    now: datetime


class SearchPage(NamedTuple):
    """Some of the results, in the byte order of their ids."""

    ids: tuple[str, ...]
    after: str | None
    """The last of `ids` when more follow; None at the end."""
    revision: int
    """That of the first page: nothing that the list rests on has changed since."""
    now: datetime
    sensitive: bool = False
    """The pack marks the category asked about as sensitive (searches for subjects)."""


@dataclass(frozen=True)
class _Held:
    """What memory holds of the register where a page's transaction found it."""

    feed: Feed
    view: RegisterView
    seq: int
    """As long as the view's is this, everything in it is of this revision."""
    stands: Stands
    is_present: bool
    """Accounts are kept as they are now: a list as of another instant neither finds nor leaves any."""

    @property
    def revision(self) -> int:
        return self.stands.revision

    def snapshot(self, account: AccountId, instant: float) -> Snapshot | None:
        """The account at an instant, where it is kept; of an account that does not exist nothing is said."""
        if not self.is_present:
            return None
        try:
            found = self.view.accounts[account]
        except NotInViewError:
            return None
        is_good = found is not NOBODY and found.since <= instant < found.until
        return found if is_good and self.view.seq == self.seq else None

    def keep(self, reading: Reading) -> None:
        """Keep the accounts that were read at the present instant, for decisions as well."""
        if self.is_present and reading.accounts:
            self.feed.keep_accounts(self.view, self.stands, reading)

    def org(self, reader: Reader, part: Callable[[], OrgIndex | None]) -> OrgIndex:
        """The index at this revision, or the part of it that a search needs. `reader` stands at it too."""
        if not self.view.org.has_room(reader) and (needed := part()) is not None:
            return needed
        index = self.view.org.at(reader, self.stands.revision, self.stands.head)
        with self.view.lock:
            if self.view.seq == self.seq:
                self.view.org.keep(index)
        return index


class _SearchMoment:
    """A register at one revision and instant, as decisions ask about it."""

    def __init__(
        self,
        reader: Reader,
        held: _Held,
        now: datetime,
        locks: LockIndex,
        index: OrgIndex | None = None,
        *,
        is_kept: bool,
    ) -> None:
        """With an `index` no question about a class or unit goes to the database."""
        org = StoredOrg(reader) if index is None else IndexedOrg(reader, index.frame)
        self._gather = BulkGatherer(reader, org)
        self._reading = Reading(reader, now, locks)
        self._reading.org, self._reading.gather = org, self._gather
        self._held = held
        self._is_kept = is_kept
        self.now, self._instant = now, now.timestamp()
        self.places: Places = self._reading if index is None else Here(self._reading, index)

    def fetch(self, accounts: Iterable[AccountId]) -> None:
        """Gather the accounts that are not kept, in one go; from then on they are, for as long as they hold."""
        missing = [account for account in accounts if self._held.snapshot(account, self._instant) is None]
        try:
            self._gather.fetch(missing, self.now)
        except RefusedError as error:
            raise UnavailableError(f"the facts behind the accounts cannot be read: {error.message}") from error
        for account in missing:
            self._reading.snapshot(account)
        if self._is_kept:
            self._held.keep(self._reading)

    def snapshot(self, account: AccountId) -> Snapshot | None:
        """The account at this instant; None when the register has no such account."""
        found = self._reading.accounts.get(account) or self._held.snapshot(account, self._instant)
        if found is None:
            found = self._reading.snapshot(account)
            if self._is_kept:
                self._held.keep(self._reading)
        return found

    def allows(self, request: AccessRequest) -> bool:
        """Just what `evaluation` answers."""
        return bool(decide(request, self.snapshot(request.account), self.places, self.now))

    def place_of(self, request: AccessRequest) -> Place | None:
        """The unit that the record lies in, where it can be understood at all."""
        class_id = ClassId(request.resource_id) if request.resource_type == "class" else request.class_id
        unit = UnitId(request.resource_id) if request.resource_type == "unit" else request.unit
        try:
            if class_id is not None:
                return self.places.sites[class_id].place
            return None if unit is None else self.places.units[unit]
        except KeyError:
            return None


@dataclass(frozen=True)
class _Search:
    """One page being answered."""

    reader: Reader
    held: _Held
    locks: LockIndex
    request: AccessRequest
    limit: int
    since: PageStart | None
    now: datetime
    """The instant of the whole list."""
    present: datetime
    """The instant of this page: the same for the first."""
    touched: frozenset[AccountId]
    """Whose decisions may have changed since the first page."""

    @property
    def after(self) -> str:
        """The last id that was handed out; no id is empty."""
        return "" if self.since is None else self.since.after

    def moments(self, index: OrgIndex | None = None) -> tuple[_SearchMoment, _SearchMoment | None]:
        """The list's own instant, and the present where that is a later one."""
        is_now = self.present <= self.now
        here = _SearchMoment(self.reader, self.held, self.now, self.locks, index, is_kept=is_now)
        if is_now:
            return here, None
        return here, _SearchMoment(self.reader, self.held, self.present, self.locks, index, is_kept=True)

    def check_untouched(self, accounts: Iterable[AccountId]) -> None:
        """Raise `RestartError` if the decisions about one of the accounts may have changed since the first page."""
        if not self.touched.isdisjoint(accounts):
            raise RestartError("what the list rests on has changed; begin it again")

    def page(
        self,
        candidates: Iterable[str],
        asked: Callable[[str], AccessRequest],
        moments: tuple[_SearchMoment, _SearchMoment | None],
        *,
        sensitive: bool = False,
    ) -> SearchPage:
        """The next results among the candidates, which come in order; one more is looked for, to know the end."""
        here, later = moments
        found: list[str] = []
        after = None
        for id_ in candidates:
            request = asked(id_)
            if not here.allows(request):
                continue
            if len(found) == self.limit:
                after = found[-1]
                break
            if later is not None and not later.allows(request):
                raise RestartError("a right has ended since the list was begun; begin it again")
            found.append(id_)
        revision = self.held.revision if self.since is None else self.since.revision
        return SearchPage(tuple(found), after, revision, self.now, sensitive)


class SearchPoint:
    """Answers searches in every register of one database. Safe from any number of threads.

    Each page is one read transaction, so it has seen every commit before it.
    """

    def __init__(self, feed: Feed) -> None:
        """`feed` is what decisions keep up by: both keep the same accounts."""
        self._feed = feed
        self._locks = LockIndex()

    def search(
        self,
        register: RegisterId,
        wanted: Wanted,
        request: AccessRequest,
        *,
        limit: int,
        since: PageStart | None = None,
        at: datetime | None = None,
    ) -> SearchPage:
        """The next at most `limit` results. What is searched for is left empty in `request`: account, id or action.

        `at` asks as of another instant, by what is known now: what `decide_at` answers for that instant.

        Raises `NotFoundError` for an unknown register, `RestartError` when the list cannot be continued,
        `UnavailableError` when the register cannot be read.
        """
        tracer = self._feed.db.tracer
        try:
            with spanning(tracer, f"search {wanted}", register), self._feed.reading(register) as read:
                return _SEARCHES[wanted](self._begin(*read, request, limit, since, at))
        except PolicyError as error:
            raise UnavailableError("a stored pack cannot be read by this version") from error

    def _begin(
        self,
        reader: Reader,
        view: RegisterView,
        compared: Followed,
        request: AccessRequest,
        limit: int,
        since: PageStart | None,
        at: datetime | None,
    ) -> _Search:
        stands = compared.stands
        # The clock may step back; a right taken back at the newest revision must not come back with it.
        present = at or self._feed.db.believed(stands.recorded_at)
        with view.lock:
            # Ahead of this transaction by a race: nothing of it is used.
            seq = view.seq if view.stands() == (stands.revision, stands.head) else -1
        return _Search(
            reader=reader,
            held=_Held(self._feed, view, seq, stands, is_present=at is None),
            locks=self._locks,
            request=request,
            limit=limit,
            since=since,
            now=present if since is None else since.now,
            present=present,
            touched=_touched(reader, since, is_present=at is None),
        )


def _touched(reader: Reader, since: PageStart | None, *, is_present: bool) -> frozenset[AccountId]:
    """Whose decisions may have changed since the first page; `RestartError` when anybody's may have."""
    if since is None:
        return frozenset()
    connection, register = reader.connection, reader.register
    recorded = recorded_at(connection, register, since.revision)
    if recorded is None or (is_present and recorded > since.now):
        # That revision is not the one the first page was of: the register was restored meanwhile.
        raise RestartError("the list was begun on another state of the register; begin it again")
    stands = stands_since(connection, register, since.revision, head_of(connection, register, since.revision) or "")
    if stands is None or stands.touched is None:
        raise RestartError("the organisation has changed since the list was begun; begin it again")
    return stands.touched


def _roles(tables: Iterable[CompiledPack], request: AccessRequest) -> frozenset[str]:
    """The roles that one of the packs lets do it; a grant in any other role never allows."""
    cell = (request.category or "", request.action)
    return frozenset(role for t in tables for role, table in t.roles.items() if cell in table.allow)


# -- who may do this to that record


def _subjects(search: _Search) -> SearchPage:
    request, moments = search.request, search.moments()
    here, later = moments
    place = here.place_of(request)
    tables = None if place is None else place.tables
    if place is None or tables is None:
        return search.page((), _same, moments)
    category = tables.pack.categories.get(request.category or "")
    roles = _roles((tables,), request)
    accounts = read_holders(search.reader, place.chain, roles, search.now)
    if search.touched and search.since is not None:
        before = Reader(search.reader.connection, search.reader.register, search.since.revision)
        search.check_untouched(accounts)
        search.check_untouched(read_holders(before, place.chain, roles, search.now))

    def candidates() -> Iterator[AccountId]:
        rest = iter([account for account in accounts if account > search.after])
        while chunk := list(islice(rest, CHUNK)):
            for moment in moments:
                if moment is not None:
                    moment.fetch(chunk)
            yield from chunk

    return search.page(
        candidates(),
        lambda id_: replace(request, account=AccountId(id_)),
        (here, later),
        sensitive=category is not None and category.sensitive,
    )


def _same(_id: str) -> AccessRequest:
    raise RuntimeError("no candidate, no question")


# -- to which classes or units may this account do that


def _resources(search: _Search) -> SearchPage:
    request = search.request
    search.check_untouched((request.account,))
    index = search.held.org(search.reader, lambda: _part(search))
    moments = search.moments(index)
    snapshot = moments[0].snapshot(request.account)
    views = () if snapshot is None else _promising(search, index, snapshot)
    if request.resource_type == "class":
        candidates: Iterable[str] = (row.id for row in _classes(search, index, views))
    elif request.resource_type == "unit":
        candidates = _units(search, index, views)
    else:
        # Pupils and staff are not held here: nobody can list them.
        candidates = ()
    return search.page(candidates, _in_turn(request), moments)


def _part(search: _Search) -> OrgIndex | None:
    """As much of the organisation as this account's grants lie in: there are registers too large to be kept."""
    request, stands = search.request, search.held.stands
    snapshot = search.moments()[0].snapshot(request.account)
    views = () if snapshot is None else tuple(snapshot.views)
    named = {class_id for view in views if isinstance(view.classes, Mapping) for class_id in view.classes}
    named |= set() if request.class_id is None else {request.class_id}
    roots = {
        view.unit for view in views if not isinstance(view.classes, Mapping) or request.resource_type == "unit"
    }
    return OrgIndex.part(search.reader, stands.revision, stands.head, roots, named)


def _in_turn(request: AccessRequest) -> Callable[[str], AccessRequest]:
    """The question about one candidate after the other: one object, which nobody keeps, turned to each of them.

    Making a request takes as long as deciding about it, and a page asks about a thousand.
    """
    own = replace(request)

    def about(id_: str) -> AccessRequest:
        object.__setattr__(own, "resource_id", id_)
        return own

    return about


def _promising(search: _Search, index: OrgIndex, snapshot: Snapshot) -> list[GrantView]:
    """The grants that may allow it somewhere: nothing but what fails everywhere is left out."""
    request = search.request
    if snapshot.stopped is not None:
        return []
    digests = index.frame.season(search.now).digests
    roles = _roles([load_tables(search.reader.connection, digest) for digest in sorted(digests)], request)
    return [
        view
        for view in snapshot.views
        if view.shape.role in roles
        and view.shape.early is None
        and view.shape.late is None
        and (view.shape.actions is None or request.action in view.shape.actions)
        and (view.shape.categories is None or request.category in view.shape.categories)
    ]


def _units(search: _Search, index: OrgIndex, views: Iterable[GrantView]) -> list[UnitId]:
    units = index.frame.season(search.now).below(view.unit for view in views)
    if search.request.unit is not None:
        # What the request repeats must agree.
        units &= {search.request.unit}
    return sorted(unit for unit in units if unit > search.after)


def _classes(search: _Search, index: OrgIndex, views: Iterable[GrantView]) -> Iterator[ClassRow]:
    """Classes named by the grants, and those of every school below a grant of no classes."""
    request, classes = search.request, index.classes
    bound = {class_id for view in views if isinstance(view.classes, Mapping) for class_id in view.classes}
    schools = index.frame.season(search.now).below(view.unit for view in views if view.classes is None)
    # Classes of the grant's own unit; which of them, the decision says.
    schools |= {view.unit for view in views if isinstance(view.classes, int)}
    # What the request repeats must agree: anything else would be a candidate in vain.
    if request.class_id is not None:
        bound, schools = {request.class_id}, set()
    if request.unit is not None:
        schools &= {request.unit}
    runs: list[Run] = [run for school in schools for run in classes.runs.get(school, ())]
    runs += [classes.run_of(class_id) for class_id in bound]
    level, grade, year = request.level, request.grade, request.school_year
    for row in classes.walk(runs, search.after):
        if (
            (level is None or level == row.level)
            and (grade is None or grade == row.grade)
            and (year is None or year == row.school_year)
            # A class that was added since the first page is no part of that list.
            and (search.since is None or row.known_from <= search.since.revision)
        ):
            yield row


# -- what may this account do here


def _actions(search: _Search) -> SearchPage:
    request, moments = search.request, search.moments()
    search.check_untouched((request.account,))
    place = moments[0].place_of(request)
    tables = None if place is None else place.tables
    actions = sorted(() if tables is None else tables.pack.actions)
    candidates = [action for action in actions if action > search.after]
    return search.page(candidates, lambda action: replace(request, action=action), moments)


_SEARCHES: dict[Wanted, Callable[[_Search], SearchPage]] = {
    "subject": _subjects,
    "resource": _resources,
    "action": _actions,
}
