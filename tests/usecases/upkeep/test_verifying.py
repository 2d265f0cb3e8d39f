"""`verify` finds nothing where only acts wrote, and names the place where anybody else did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from access_service.domain.findings import EvidenceFinding
from access_service.storage.db import Database
from access_service.usecases.upkeep.verifying import verify_register
from backing import backed_up, restored
from powers.states import STATES, States
from world import REGISTER, SCHOOL, World, hire_homeroom, homeroom_line


def findings(db: Database) -> tuple[EvidenceFinding, ...]:
    return verify_register(db, REGISTER).findings


@pytest.fixture
def papers(school_world: World) -> World:
    """With minutes, a commitment and a grant."""
    teacher = hire_homeroom(school_world)
    school_world.hand_over(SCHOOL, teacher, homeroom_line(school_world, teacher))
    return school_world


def test_what_acts_have_written_holds_together(tmp_path: Path) -> None:
    states = States(tmp_path)
    for name in sorted(STATES)[::3]:
        golden = states(name)
        db = Database(f"sqlite:///{golden.path}", golden.world.clock)
        assert verify_register(db, golden.world.register).findings == (), name
        db.close()


def test_it_says_what_it_read(papers: World) -> None:
    found = verify_register(papers.services.db, REGISTER)
    stood = papers.services.db.counter(REGISTER)
    assert found.findings == ()
    assert (found.revision, found.events, found.head) == (stood.revision, stood.seq, stood.head)
    assert found.documents >= 2
    assert found.signatures >= 3
    assert found.grants >= 1


def test_a_restored_register_holds_together(papers: World, tmp_path: Path, blank_url: str) -> None:
    backed_up(papers.services, tmp_path / "kept")
    restored(blank_url, papers, tmp_path / "kept")
    db = Database(blank_url, papers.clock)
    try:
        assert findings(db) == ()
    finally:
        db.close()


ALTERED: dict[str, tuple[str, str]] = {
    "an event is changed": ("UPDATE events SET actor = 'acc_x' WHERE seq = 3", "event 3: it was changed"),
    "and its leaf is made to fit": (
        "UPDATE events SET target = 'x', leaf = '@' WHERE seq = 3",
        "event 3: it was changed",
    ),
    "an event is taken out": ("DELETE FROM events WHERE seq = 4", "event 5: it follows event 3: 1 are missing"),
    "the end of the log is cut off": (
        "DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)",
        "counter: it stands at revision",
    ),
    "an event is made unreadable": ("UPDATE events SET details = '{' WHERE seq = 2", "event 2: it cannot be read"),
    "a revision is taken out": ("DELETE FROM revisions WHERE n = 2", "revision 3: it follows revision 1"),
    "a revision names another head": (
        "UPDATE revisions SET head = 'x' WHERE n = 2",
        "revision 2: no event of it has the hash",
    ),
    "a paper is changed": (
        "UPDATE documents SET content = replace(content, 'homeroom', 'principal') WHERE kind = 'handover_minutes'",
        "its text was changed",
    ),
    "a paper takes the text of another": (
        "UPDATE documents SET content = (SELECT content FROM documents WHERE kind = 'commitment'), sha256 = ''",
        "its text is that of another document",
    ),
    "a signature is given to somebody else": (
        "UPDATE signatures SET person = 'per_x'",
        "the service's confirmation does not verify",
    ),
    "a signature is taken out": ("DELETE FROM signatures WHERE side = 'receiver'", "it is gone"),
    "the key is another": ("UPDATE public_keys SET id = 'x' WHERE purpose = 'seal'", "the seal key"),
    "the key counted later": (
        "UPDATE public_keys SET valid_from = '2030-01-01 00:00:00.000000' WHERE purpose = 'seal'",
        "did not count when it was made",
    ),
    "a grant loses its paper": (
        "UPDATE grants SET document = 'doc_x' WHERE document IS NOT NULL",
        "its document doc_x is missing",
    ),
    "a grant takes the paper of another": (
        "UPDATE grants SET document = (SELECT id FROM documents WHERE kind = 'custody_minutes' LIMIT 1)",
        "was signed by another person than its holder",
    ),
    "a grant is of no duty": ("UPDATE grants SET assignment = 'asg_x'", "its duty `asg_x` is missing"),
    "a right begins out of nowhere": (
        "UPDATE grants SET from_rev = 9999 WHERE to_rev IS NULL",
        "it is known from revision 9999",
    ),
    "a row is no fact": ("UPDATE documents SET kind = 'letter'", "cannot be read"),
    "a pack is changed": ("UPDATE packs SET archive = x'00'", "its bytes were changed"),
    "a pack is gone": ("DELETE FROM packs", "it was in force, and is not kept"),
}


@pytest.mark.backends("sqlite")
def test_whatever_is_altered_is_found_with_its_place(papers: World) -> None:
    db = papers.services.db
    missed = {}
    for what, (sql, place) in ALTERED.items():
        with db.engine.connect() as connection, connection.begin() as undone:
            connection.execute(text(sql))
            told = _findings_within(db, connection)
            if not any(place in str(f) for f in told):
                missed[what] = [str(f) for f in told[:3]]
            undone.rollback()
    assert missed == {}
    assert findings(db) == ()


def _findings_within(db: Database, connection: Any) -> tuple[EvidenceFinding, ...]:
    from access_service.storage.restoring import Within

    return findings(Within(str(db.url), db.now, connection))
