"""A reader that remembers answers from what was read ahead as it would have answered one question at a time."""

from __future__ import annotations

from pathlib import Path

from access_service.domain.documents import Document, Signature
from access_service.storage.asked_once import OnceReader
from access_service.storage.facts import Reader
from access_service.storage.prints import print_in, print_of, read_prints_ahead
from prepared import copied, with_homeroom


def test_what_was_read_ahead_is_what_each_question_would_have_found(tmp_path: Path) -> None:
    world, _ = copied(tmp_path, with_homeroom)
    with world.services.db.connect() as connection:
        plain, once = Reader(connection, world.register), OnceReader(connection, world.register)
        ids = [document.id for document in plain.find(Document)]
        once.read_ahead(Document, "id", [*ids, "doc_none"])
        once.read_ahead(Signature, "document", [*ids, "doc_none"])
        versions = [(document.id, document.version) for document in plain.find(Document)]
        read_prints_ahead(once, versions)
        asked = once.asked
        for id_, version in versions:
            assert once.get(Document, id_) == plain.get(Document, id_)
            assert once.find(Signature, document=id_) == plain.find(Signature, document=id_)
            assert print_in(once, id_, version) == print_of(connection, world.register, id_, version)
        assert once.get(Document, "doc_none") is None
        assert once.find(Signature, document="doc_none") == []
        assert any(print_in(once, id_, version) for id_, version in versions)
        assert once.asked == asked
    world.services.db.close()
