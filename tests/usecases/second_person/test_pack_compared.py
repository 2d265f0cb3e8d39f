"""A pack is put in force by people who saw what it changes; the log keeps what they saw."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.policy import PackBinding
from access_service.domain.reasons import Refusal
from access_service.engine.packs.load import PackFiles, read_pack_files
from access_service.usecases import policy
from access_service.usecases.evidence.packs_seen import list_packs, read_waiting_pack
from access_service.usecases.second_person import confirming
from prepared import with_homeroom
from second_person import DECISION
from world import OFFICE, SCHOOL, World, pack_variant

ROOT = Path(__file__).parents[3]
DAY = date(2026, 8, 20)
HEADER = "role,function,category,action,effect,article\n"


def pack(name: str) -> PackFiles:
    return read_pack_files(ROOT / "policy", name, ROOT / "models")


@pytest.fixture
def stricter(tmp_path: Path) -> PackFiles:
    """A homeroom teacher no longer writes marks, and comes to write who is exempted."""
    packs = pack_variant(tmp_path, "chat", "")
    rows = "homeroom_teacher,marks,STU-ACA,write,deny,default\n"
    rows += "homeroom_teacher,student-policy,STU-POL,write,allow,default\n"
    (packs / "chat" / "roles.csv").write_text(HEADER + rows, "utf-8")
    return read_pack_files(packs, "chat", ROOT / "models")


def prepare(world: World, files: PackFiles, unit: str, **more: Any) -> Any:
    first, _ = world.operators
    shown = policy.show_binding(world.services, world.register, unit=unit, pack=files)
    return policy.prepare_binding(
        world.services,
        world.register,
        unit=unit,
        pack=files,
        on=DAY,
        decision=DECISION,
        operator=first,
        shown=shown,
        **more,
    )


def confirm(world: World, id_: str) -> Any:
    return confirming.confirm_as_operator(world.services, world.register, id_, world.operators[1])


def binding_event(world: World) -> Any:
    return [e.happening for e in world.log() if e.happening.action == "policy.bind"][-1].details


def test_the_leadership_sees_the_difference_before_and_the_event_keeps_it(
    school_world: World, stricter: PackFiles
) -> None:
    world = school_world
    teacher = with_homeroom(world)
    waits = prepare(world, stricter, OFFICE)
    director = world.people["director"].caller
    assert [act.id for act in list_packs(world.services, director).waiting] == [waits.id]
    found = read_waiting_pack(world.services, director, waits.id)
    assert found.old is not None
    assert (found.old.name, found.new.name) == ("base", "chat")
    cells = {(c.what, c.after) for c in found.changes if c.part == "cells"}
    assert cells == {
        (("homeroom_teacher", "STU-ACA", "write"), ""),
        (("homeroom_teacher", "STU-POL", "write"), "allow"),
    }
    assert found.touched is not None
    assert found.touched["groups"] == [[SCHOOL, "homeroom_teacher", 1, 1]]
    # Nobody's name stands in what is kept.
    assert teacher.account not in waits.body
    for other in (world.people[f"head:{OFFICE}"].caller, teacher.caller, world.admins[SCHOOL]):
        assert list_packs(world.services, other).waiting == ()
        with pytest.raises(NotFoundError):
            read_waiting_pack(world.services, other, waits.id)
    confirm(world, waits.id)
    told = binding_event(world)
    assert told["touched"]["gain"] == told["touched"]["lose"] == 1
    assert ["cells", "homeroom_teacher", "STU-POL", "write", "", "allow", "default", "chat/roles.csv:3"] in told[
        "changes"
    ]
    assert told["was"] == found.old.digest
    # What has been confirmed waits no more.
    with pytest.raises(NotFoundError):
        read_waiting_pack(world.services, director, waits.id)


def test_what_was_compared_with_another_pack_is_not_put_in_force(school_world: World) -> None:
    world = school_world
    with world.services.db.read(world.register) as reader:
        (held,) = reader.find(PackBinding)
    waits = prepare(world, pack("ho-chi-minh"), OFFICE)
    for_all = prepare(world, pack("hai-phong"), world.root, replaces=held.id)
    confirm(world, for_all.id)
    with pytest.raises(RefusedError) as changed:
        confirm(world, waits.id)
    assert changed.value.code is Refusal.CONSEQUENCES_CHANGED
    # Compared again, it is.
    confirm(world, prepare(world, pack("ho-chi-minh"), OFFICE).id)


def test_a_unit_with_a_nearer_pack_is_not_touched(school_world: World, stricter: PackFiles) -> None:
    world = school_world
    with_homeroom(world)
    with world.services.db.read(world.register) as reader:
        (held,) = reader.find(PackBinding)
    confirm(world, prepare(world, pack("base"), SCHOOL).id)
    shown = policy.show_binding(world.services, world.register, unit=OFFICE, pack=stricter)
    assert shown is not None
    assert (shown.touched.groups, shown.touched.asked) == ((), 0)
    shown = policy.show_binding(world.services, world.register, unit=SCHOOL, pack=stricter)
    assert shown is not None
    assert [(g.unit, len(g.gain), len(g.lose)) for g in shown.touched.groups] == [(SCHOOL, 1, 1)]
    # A pack of the database is named by its digest.
    again = policy.show_binding(world.services, world.register, unit=SCHOOL, pack=held.digest)
    assert again is not None
    assert again.difference.changes == ()
    with pytest.raises(NotFoundError):
        policy.show_binding(world.services, world.register, unit=SCHOOL, pack="0" * 64)
    with pytest.raises(NotFoundError):
        policy.show_binding(world.services, world.register, unit="khong-co", pack=stricter)


def test_what_was_never_shown_touches_nobody_that_anybody_was_told_of(school_world: World) -> None:
    """A caller that shows nothing, or a body from before packs were compared, still names the changes."""
    world = school_world
    world.bind(OFFICE, pack("hai-phong"), DAY)
    told = binding_event(world)
    assert told["touched"] is None
    assert "cells" in {change[0] for change in told["changes"]}
