"""`init`: a register's root, once."""

from __future__ import annotations

from datetime import date

import pytest

from access_service.domain.delegation import Authority
from access_service.domain.errors import RefusedError
from access_service.domain.names import UnitId
from access_service.domain.reasons import Refusal
from access_service.engine.packs.load import read_pack_files
from access_service.usecases import register
from world import ROOT, World


def founding(world: World) -> register.Founding:
    return register.Founding(
        register=world.register,
        unit=UnitId("00032"),
        name="Sở khác",
        director="Người Thử Khác",
        decision_number="000/QĐ",
        decision_date=date(2024, 1, 2),
        decision_sha256=None,
        focal_point="Người Thử Khác Nữa",
    )


def test_a_register_is_founded_once(world: World) -> None:
    files, before = read_pack_files(ROOT / "policy", "base", ROOT / "models"), world.revision
    with pytest.raises(RefusedError) as refused:
        register.init_register(world.services, founding(world), files)
    assert refused.value.code is Refusal.DUPLICATE
    assert world.revision == before


def test_the_roots_authority_is_the_only_one_without_an_issuer(school_world: World) -> None:
    with school_world.services.db.read(school_world.register) as reader:
        roots = [a for a in reader.find(Authority) if a.parent is None]
        assert len(reader.find(Authority)) == 3
    assert [a.id for a in roots] == [school_world.root_authority]


def test_the_director_operates_the_account_and_reads_nothing(world: World) -> None:
    assert world.admins[world.root].person == world.people["director"].person
    assert not world.ask(world.people["director"], class_id=None, unit=world.root, category="SCH")
    signed_in = world.enrol(f"admin.{world.root}")
    assert signed_in.caller.unit == world.root
    first = world.log()[0]
    assert (first.seq, first.revision, first.happening.action, first.actor) == (
        1,
        1,
        "account.issue",
        "operator",
    )
