"""A vacancy at the root is filled by the operator: nobody in the register is above the department."""

from datetime import date, timedelta

import pytest

from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.names import RegisterId
from access_service.usecases.director import Appointment, appoint_director
from world import OFFICE, Someone, World

NEW = Appointment("Người Thử Giám Đốc Mới", "000/QĐ-UBND", date(2026, 8, 1))


def test_a_new_director_operates_and_signs_and_nothing_granted_moves(school_world: World) -> None:
    world = school_world
    teacher, _ = world.hire_granted("giáo vụ")
    before = world.ask(teacher, category="STU-ID")
    old_admin, old_director = world.admins[world.root], world.people["director"]
    world.clock.forward(days=1)
    appointed = appoint_director(world.services, world.register, NEW)
    assert world.ask(teacher, category="STU-ID") == before
    with pytest.raises(RefusedError, match=r"stopped meanwhile|somebody else"):
        world.add_unit("00031099", "commune", "UBND xã Khác", world.root)
    assert old_admin == world.admins[world.root]
    world.admins[world.root] = world.enter(world.activate(appointed.admin.activation_code))
    account = world.activate(appointed.director.activation_code)
    world.people["director"] = Someone(appointed.person, account, world.enter(account), appointed.assignment)
    office = world.add_unit("00031099", "commune", "UBND xã Khác", world.root)
    world.give_authority(office, world.root)
    world.appoint_head(f"head:{office}", office, "commune_chair", world.root)
    with pytest.raises(RefusedError):
        world.enter(old_director.account)
    assert office != OFFICE


def test_the_decision_is_not_of_the_future_and_the_register_exists(world: World) -> None:
    later = Appointment(NEW.name, NEW.decision_number, world.clock.now.date() + timedelta(days=3))
    with pytest.raises(InvalidError, match="today at the earliest"):
        appoint_director(world.services, world.register, later)
    with pytest.raises(NotFoundError):
        appoint_director(world.services, RegisterId("khac"), NEW)
