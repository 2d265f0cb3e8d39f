"""Somebody changes the database: `verify.py` finds in a dossier what `access-service verify` finds there."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from access_service.domain.errors import UnavailableError
from access_service.evidence import fonts
from access_service.usecases import paper_pages
from access_service.usecases.dossiers import dossier_pages
from access_service.usecases.upkeep.verifying import verify_register
from usecases.test_dossiers import School, codes
from world import REGISTER, World

pytestmark = pytest.mark.backends("sqlite")
ALTERED = {
    "confirmation_bad": "UPDATE signatures SET person = 'per_000khac' WHERE side = 'giver'",
    "document_hash": "UPDATE documents SET content = replace(content, '2026', '2025') WHERE number != ''",
    "print_hash": "UPDATE document_prints SET body = replace(body, 'Bàn giao', 'Thu hồi')",
    "document_without_event": "UPDATE signatures SET side = 'witness' WHERE side = 'receiver'",
    "key_unknown": "UPDATE signatures SET key = '0000000000000000' WHERE side = 'giver'",
}


@pytest.fixture
def school(school_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> School:
    monkeypatch.setattr(paper_pages, "find_family", fonts.own_family)
    monkeypatch.setattr(dossier_pages, "find_family", fonts.own_family)
    return School(school_world, tmp_path)


def alter(school: School, statement: str) -> None:
    with school.services.db.engine.begin() as connection:
        assert connection.execute(text(statement)).rowcount


@pytest.mark.parametrize("code", sorted(ALTERED))
def test_both_verifiers_find_what_was_changed(school: School, code: str) -> None:
    alter(school, ALTERED[code])
    inside = {str(f.code) for f in verify_register(school.services.db, REGISTER).findings}
    data, _ = school.make(school.head)

    assert code in codes(school.check(data), "broken")
    assert code in inside


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET actor = 'acc_000khac' WHERE action = 'document.sign'",
        "DELETE FROM events WHERE action = 'document.sign'",
        "UPDATE events SET target = 'doc_000khac' WHERE action = 'document.sign'",
    ],
)
def test_no_dossier_is_made_of_a_log_that_was_changed(school: School, statement: str) -> None:
    alter(school, statement)

    assert verify_register(school.services.db, REGISTER).findings
    with pytest.raises(UnavailableError):
        school.make(school.head)
