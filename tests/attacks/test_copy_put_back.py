"""The attack on every memory: a copy of the database is put back, and other papers come to stand under its numbers.

Node B kept what was so in the history that is gone. It keeps its connections, and the numbers say that nothing is
older than what it has: it must allow, list and issue nothing of that history. Told for each keeper, on both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select

from access_service.domain.access import AccessRequest
from access_service.domain.names import AccountId, SuspendableKind
from access_service.live.decision_point import DecisionPoint
from access_service.live.feed import Feed
from access_service.live.search import SearchPoint
from access_service.signing.keyring import Keyring
from access_service.storage.audit import stands_now
from access_service.storage.db import Database
from access_service.storage.tables import SQLModel
from access_service.usecases.handover import delegation
from access_service.usecases.third_party import clients
from access_service.usecases.third_party.clients import NewClient
from access_service.usecases.tokens.introspect import RevocationList, introspect, revoke
from access_service.usecases.tokens.issue import TokenPoint, WantedToken
from access_service.usecases.tokens.oauth_errors import OAuthError
from machine import wait_for
from software_world import approve, enter
from usecases.deciding import ask
from world import CLASS_6A, CLASS_6B, SCHOOL, Someone, World, hire_homeroom, homeroom_line

GRADEBOOK = "https://so-diem.example"
Rows = dict[str, list[dict[str, Any]]]


@dataclass
class Node:
    """What one process keeps of the register. It hears of nobody's commits and looks when it is told to."""

    world: World
    point: DecisionPoint
    search: SearchPoint
    tokens: TokenPoint
    revoked: RevocationList

    def stands(self) -> tuple[int, str]:
        with self.world.services.db.connect() as connection:
            found = stands_now(connection, self.world.register)
        assert found is not None
        return found.revision, found.head

    def look(self) -> None:
        self.point.feed.advance(self.world.register)

    def allows(self, who: Someone) -> bool:
        return bool(self.point.decide(self.world.register, ask(who)).decision)

    def readers(self) -> tuple[str, ...]:
        request = AccessRequest(AccountId(""), "read", "student", "000-hs-1", category="STU-ACA", class_id=CLASS_6A)
        return self.search.search(self.world.register, "subject", request, limit=100).ids

    def own(self, client: str) -> str:
        issue = self.tokens.client_credentials
        return self.tokens.waiting(lambda: issue(client, WantedToken(), may_wait=True)).token

    def is_active(self, guard: str, token: str) -> bool:
        return self.tokens.waiting(lambda: introspect(self.tokens, guard, token)) is not None


def node(world: World, folder: Path) -> Node:
    point = DecisionPoint(world.services.db)
    keyring = Keyring(folder / "tokens", algorithm="ES256", overlap_s=3600, now=world.clock.now)
    tokens = TokenPoint(world.services, point, keyring, issuer="http://127.0.0.1:8000", token_s=300)
    return Node(world, point, SearchPoint(point.feed), tokens, RevocationList(tokens))


def tables() -> list[Any]:
    return list(SQLModel.metadata.sorted_tables)


def copy(connection: Connection) -> Rows:
    return {t.name: [dict(row) for row in connection.execute(select(t)).mappings()] for t in tables()}


def put_back(connection: Connection, rows: Rows) -> None:
    for found in reversed(tables()):
        connection.execute(delete(found))
    for found in tables():
        if rows[found.name]:
            connection.execute(insert(found), rows[found.name])


def copy_file(connection: Connection) -> Path:
    path = Path(str(connection.engine.url.database))
    kept = path.with_name("kept.db")
    raw = connection.connection.dbapi_connection
    assert raw is not None
    raw.cursor().execute("VACUUM INTO ?", (str(kept),))
    return kept


def replace_file(db: Database, kept: Path) -> None:
    """With what SQLite keeps beside it; whoever has the old one open still has it."""
    path = Path(str(db.url.database))
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)
    kept.replace(path)


@dataclass
class Story:
    """A register with a copy of it; whatever `first` does is undone by putting the copy back."""

    world: World
    b: Node
    teacher: Someone
    bystander: Someone
    gradebook: str
    guard: str
    by_file: bool = False
    """Is the whole file replaced by rename, as whoever restores a backup of SQLite does it?"""

    def another_history(self, first: Callable[[], object], seen: Callable[[], object]) -> None:
        """`first` happens and B sees it (`seen`); the copy is put back, and as many other acts are recorded."""
        db = self.world.services.db
        with db.engine.connect() as connection:
            kept = copy_file(connection) if self.by_file else copy(connection)
        before = self.world.revision
        first()
        seen()
        was = self.world.revision
        assert was > before
        if isinstance(kept, Path):
            replace_file(db, kept)
        else:
            with db.engine.begin() as connection:
                put_back(connection, kept)
        self.pass_by(was - self.world.revision)
        assert self.world.revision == was, "other facts stand under the same number"

    def pass_by(self, revisions: int) -> None:
        """Other acts, so many, about somebody beside."""
        for n in range(revisions):
            (resume if n % 2 else suspend)(self.world, self.bystander)


def suspend(world: World, who: Someone) -> None:
    admin = world.admins[SCHOOL]
    delegation.suspend(world.services, admin, kind=SuspendableKind.ACCOUNT, target=who.account, reason="thử nghiệm")


def resume(world: World, who: Someone) -> None:
    delegation.resume(world.services, world.admins[SCHOOL], kind=SuspendableKind.ACCOUNT, target=who.account)


@pytest.fixture
def story(school_world: World, tmp_path: Path) -> Story:
    world = school_world
    teacher = hire_homeroom(world)
    admin, root = world.admins[SCHOOL], world.admins[world.root]
    drawing = enter(world, name="Sổ điểm")
    approve(world, drawing, categories=frozenset({"STU-ACA", "CUR"}))
    asking = enter(world, world.root, name="Cổng", is_enforcement_point=True)
    made = clients.create_client(world.services, admin, NewClient(drawing.id, resource=GRADEBOOK))
    scopes = NewClient(asking.id, pep_scopes=frozenset({"introspect"}), resource_types=frozenset({"student"}))
    guard = clients.create_client(world.services, root, scopes)
    bystander = hire_homeroom(world, "bên cạnh", CLASS_6B)
    return Story(world, node(world, tmp_path), teacher, bystander, made.client.id, guard.client.id)


def grant(story: Story) -> None:
    world, teacher = story.world, story.teacher
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))


def test_a_decision_allows_nothing_of_a_history_that_is_gone(story: Story) -> None:
    b = story.b
    assert not b.allows(story.teacher)
    story.another_history(lambda: grant(story), lambda: (b.look(), _sees(b.allows(story.teacher))))
    b.look()
    assert not b.allows(story.teacher)


def test_a_question_alone_notices_it_too(story: Story) -> None:
    """Without a look of the watcher: whatever goes to the database compares the history first."""
    b = story.b
    story.another_history(lambda: grant(story), lambda: _sees(b.allows(story.teacher)))
    assert story.teacher.account not in b.readers(), "a search compares, and everything that is kept moves with it"
    assert not b.allows(story.teacher)


def test_a_search_lists_nobody_of_a_history_that_is_gone(story: Story) -> None:
    b = story.b
    story.another_history(lambda: grant(story), lambda: _sees(story.teacher.account in b.readers()))
    assert story.teacher.account not in b.readers()


def test_a_token_rests_on_no_approval_of_a_history_that_is_gone(story: Story) -> None:
    b, world, seen = story.b, story.world, list[tuple[str, str]]()

    def approved() -> None:
        drawing = enter(world, name="Sổ khác")
        approve(world, drawing, categories=frozenset({"CUR"}))
        wanted = NewClient(drawing.id, resource=GRADEBOOK)
        made = clients.create_client(world.services, world.admins[SCHOOL], wanted)
        seen.append((made.client.id, b.own(made.client.id)))

    story.another_history(approved, lambda: _sees(b.is_active(story.guard, seen[0][1])))
    client, token = seen[0]
    # The client is of that history as well: nobody is told that the token holds, or blamed for asking.
    assert not b.is_active(story.guard, token)
    with pytest.raises(OAuthError):
        b.own(client)


def test_the_list_of_revocations_is_of_the_history_that_stands(story: Story) -> None:
    """What was revoked in the history that is gone is not on it; what was revoked in the other one is."""
    b, world = story.b, story.world
    token, other = b.own(story.gradebook), b.own(story.gradebook)
    jti = b.tokens.verify(token, GRADEBOOK, world.clock.now).jti
    jti_of_other = b.tokens.verify(other, GRADEBOOK, world.clock.now).jti

    def revoked() -> None:
        b.tokens.waiting(lambda: revoke(b.tokens, story.gradebook, token))

    story.another_history(revoked, lambda: _sees(jti in b.revoked.make(world.register).tokens))
    assert jti not in b.revoked.make(world.register).tokens
    assert b.is_active(story.guard, token)
    b.tokens.waiting(lambda: revoke(b.tokens, story.gradebook, other))
    assert b.revoked.make(world.register).tokens == (jti_of_other,)


def test_no_keeper_holds_anything_after_it(story: Story) -> None:
    b, world = story.b, story.world
    b.own(story.gradebook)
    story.another_history(lambda: grant(story), lambda: (_sees(b.allows(story.teacher)), b.readers()))
    view = b.point.feed.view(world.register)
    b.own(story.gradebook)
    b.look()
    assert view is b.point.feed.view(world.register)
    assert story.teacher.account not in dict(view.accounts.everything())


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize(
    "tell",
    [
        test_a_decision_allows_nothing_of_a_history_that_is_gone,
        test_a_question_alone_notices_it_too,
        test_a_search_lists_nobody_of_a_history_that_is_gone,
        test_a_token_rests_on_no_approval_of_a_history_that_is_gone,
        test_the_list_of_revocations_is_of_the_history_that_stands,
        test_no_keeper_holds_anything_after_it,
    ],
)
def test_it_is_the_same_where_the_file_was_replaced_by_rename(story: Story, tell: Callable[[Story], None]) -> None:
    """A kept connection goes on in the file that is gone, and would see it unchanged for ever."""
    story.by_file = True
    tell(story)


@pytest.mark.backends("sqlite")
def test_whoever_only_watches_notices_that_the_file_was_replaced(story: Story) -> None:
    b, who = story.b, story.teacher
    story.by_file = True
    b.point.watch()
    try:
        story.another_history(lambda: grant(story), lambda: _sees(b.allows(who)))
        view = b.point.feed.view(story.world.register)
        wait_for(lambda: (view.revision, view.head) == b.stands())
        assert b.point.at_once(story.world.register, ask(who).ask) is None
    finally:
        b.point.close()


def _sees(is_so: bool) -> None:
    assert is_so, "B must know the history that goes, or the story proves nothing"


def test_feeds_of_two_nodes_share_nothing(story: Story) -> None:
    one, two = Feed(story.world.services.db), Feed(story.world.services.db)
    assert one.view(story.world.register) is not two.view(story.world.register)
    assert one.view(story.world.register).seq != two.view(story.world.register).seq
