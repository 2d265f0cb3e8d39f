"""Over HTTP: an act that takes back is asked first, and an id with a slash is reached."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from managing import ADMIN, OFFICE_ADMIN, PRINCIPAL, TEACHER, Managed, managing

from access_service.domain.delegation import Authority, Grant
from access_service.domain.documents import Document
from access_service.domain.names import AuthorityId, DocumentId
from world import SCHOOL


@pytest.fixture
def managed(tmp_path: Path) -> Iterator[Managed]:
    """A school with a teacher's grant."""
    with managing(tmp_path) as managed:
        yield managed


def grant_of(managed: Managed, who: str = TEACHER) -> str:
    [grant] = managed.seen(who, "me")["grants"]
    identifier: str = grant["id"]
    return identifier


def test_an_act_that_takes_back_is_asked_first(managed: Managed) -> None:
    grant = grant_of(managed)
    told = managed.made(ADMIN, f"grants/{grant}/revoke?dry_run=true", {"reason": "thử"})
    assert (told["dry_run"], told["grants"]) == (True, [grant])
    assert [e["action"] for e in told["events"]] == ["grant.end", "grant.revoke"]
    assert managed.seen(ADMIN, f"grants/{grant}")["state"] == "effective"
    authority = managed.seen(ADMIN, f"grants/{grant}")["authority"]
    told = managed.made(OFFICE_ADMIN, f"authorities/{authority}/withdraw?dry_run=true")
    assert (told["grants"], told["authorities"]) == ([grant], [authority])
    assert managed.made(OFFICE_ADMIN, f"authorities/{authority}/withdraw")["id"] == authority
    assert managed.seen(ADMIN, f"grants/{grant}")["state"] == "ended"


def test_revoking_takes_a_reason_over_http(managed: Managed) -> None:
    grant = grant_of(managed)
    for body in (None, {}, {"reason": ""}, {"reason": " "}):
        assert managed.post(ADMIN, f"grants/{grant}/revoke", body).status_code == 422


def test_existing_ids_with_a_slash_are_reached_percent_encoded(managed: Managed) -> None:
    """What an import of earlier days took as a code can be read, and so withdrawn."""
    grant = grant_of(managed)
    world = managed.world
    with world.services.db.write(world.register, "import") as tx:
        old = tx.require(Grant, grant)
        paper = replace(tx.require(Document, old.document or ""), id=DocumentId("03/BB-SGDĐT"))
        held = replace(tx.require(Authority, old.authority), id=AuthorityId("03/QĐ-SGDĐT"))
        tx.put(paper, held, replace(old, document=paper.id, authority=held.id))
        tx.happened("import.done", "thử")
        tx.touches_everybody()
    assert managed.seen(PRINCIPAL, "documents/03%2FBB-SGDĐT")["id"] == "03/BB-SGDĐT"
    assert managed.get(PRINCIPAL, "documents/03/BB-SGDĐT").status_code == 404
    done = managed.made(ADMIN, "documents/03%2fBB-SGDĐT/withdraw", {"reason": "thử"})
    assert done["state"] == "withdrawn"
    assert managed.made(OFFICE_ADMIN, "authorities/03%2FQĐ-SGDĐT/withdraw")["unit"] == SCHOOL
