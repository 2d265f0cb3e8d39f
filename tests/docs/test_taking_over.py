"""docs/taking-over.md is typed as it is printed, over a school that comes from SMAS, and answers what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from access_service.cli import opening
from access_service.domain.old_rows import OldChoice
from access_service.signing.keys import load_or_create
from access_service.storage.db import Database
from access_service.usecases.old_systems import carrying_over
from access_service.usecases.services import Services
from cli.test_commands import run, url
from databases import give_schema
from usecases.drafts.grids import admin, workbook
from usecases.old_systems.exports import HEAD, ROWS, furnish, match_of, read, say
from world import SCHOOL, Clock, found, with_school

__all__ = ["run", "url"]
PAGE = Path(__file__).parents[2] / "docs" / "taking-over.md"


def printed() -> list[tuple[str, str]]:
    """Each command of the page with what it answers there."""
    blocks = re.findall(r"^```(sh|text)\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert [kind for kind, _ in blocks] == ["sh", "text"] * (len(blocks) // 2)
    return [(command.strip(), said) for (_, command), (_, said) in zip(blocks[::2], blocks[1::2], strict=True)]


def test_the_page_of_taking_over_answers_what_it_prints(
    run: Any, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    give_schema(url)
    clock = Clock()
    monkeypatch.setattr(opening, "system_clock", clock)
    services = Services(Database(url, clock), load_or_create(tmp_path / "keys" / "seal.key"))
    world = with_school(found(services, clock, name="thu"))
    furnish(world)
    (tmp_path / "TaiKhoan.xlsx").write_bytes(workbook([["DANH SÁCH TÀI KHOẢN NGƯỜI DÙNG"], HEAD, *ROWS]))
    commands = printed()
    assert [shlex.split(command)[2] for command, _ in commands] == ["match", "report", "who"]
    check(run, *commands[0])
    seen = read(world, *ROWS)
    say(world, "an.ly", OldChoice.PERSON, match_of(seen, "an.ly").candidates[0])
    say(world, "cu.tran", OldChoice.NEW)
    carrying_over.take_ids(services, admin(world), SCHOOL)
    check(run, *commands[1])
    check(run, *commands[2])
    assert (tmp_path / "doi-chieu.xlsx").read_bytes().startswith(b"PK")
    services.db.close()


def check(run: Any, command: str, said: str) -> None:
    ran = run(*shlex.split(command)[1:])
    assert ran.status == 0, ran.err
    assert re.sub(r"per_[0-9a-f]{20}", "per_…", ran.out) == said
