"""(L5) An import holds the register only while the database inserts: every row is made before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from access_service.domain.org import Person
from access_service.rendering.template import write_template
from access_service.storage import accounts, bulk, facts
from access_service.storage.codec import Codec
from access_service.storage.db import Database
from access_service.usecases.imports.run import import_sheets, read_source
from usecases.import_world import REGISTER, create_register, open_services, silent


def test_no_row_is_made_while_the_register_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    services = open_services(tmp_path)
    create_register(services)
    write_template(tmp_path / "template", xlsx=False)
    sheets = read_source(tmp_path / "template")
    made, held = Counter[tuple[str, bool]](), [False]
    write, row, ready = Database.write, Codec.row, bulk.make_ready

    @contextmanager
    def writing(self: Database, *said: Any, **more: Any) -> Iterator[Any]:
        with write(self, *said, **more) as tx:
            held[0] = True
            yield tx
        held[0] = False

    def counted(name: str, real: Any) -> Any:
        def counting(*said: Any) -> Any:
            made[name, held[0]] += 1
            return real(*said)

        return counting

    monkeypatch.setattr(Database, "write", writing)
    monkeypatch.setattr(Codec, "row", counted("row", row))
    for module in (facts, accounts):
        monkeypatch.setattr(module, "make_ready", counted("parameters", ready))
    monkeypatch.setattr(accounts, "_credential_row", counted("credential", accounts._credential_row))
    report = import_sheets(services, REGISTER, sheets, dry_run=False, progress=silent)
    rows = sum(report.counts.values())
    assert made["row", False] >= rows > 10
    assert made["credential", False] == report.counts["accounts"]
    assert made["parameters", False] > 10
    assert not [name for name, is_held in made if is_held]
    with services.db.read(REGISTER) as reader:
        assert len(reader.find(Person)) == report.counts["persons"]
    services.db.close()
