"""What the log keeps of a sign-in: from where, with which factor, and of names that nobody has only how many."""

import pytest

from access_service.domain.errors import RefusedError
from access_service.usecases.identity import sign_in
from access_service.usecases.unknown_names import MOST, UnknownNames
from world import PASSWORD, SCHOOL, World

HERE, THERE = "192.0.2.7", "198.51.100.9"


class Watch:
    """A machine's clock that stands until the test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def entered(world: World, name: str, source: str | None, password: str = PASSWORD) -> None:
    sign_in.sign_in(world.services, world.register, name, password, source=source)


def details(world: World, action: str) -> list[dict[str, object]]:
    return [dict(e.happening.details or {}) for e in world.log() if e.happening.action == action]


@pytest.mark.backends("sqlite")
def test_a_sign_in_and_a_wrong_password_say_from_where(school_world: World) -> None:
    world = school_world
    world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    name = "000.văn thư"
    entered(world, name, HERE)
    with pytest.raises(RefusedError):
        entered(world, name, THERE, "sai mật khẩu rồi 000")
    assert details(world, "session.open")[-1]["source"] == HERE
    assert details(world, "session.fail")[-1]["source"] == THERE


@pytest.mark.backends("sqlite")
def test_names_that_nobody_has_are_counted_by_source_and_never_written(world: World) -> None:
    watch = Watch()
    world.services.unknown_names.__init__(watch)  # type: ignore[misc]
    for name in ("khong.co", "MatKhau@000", "admin"):
        with pytest.raises(RefusedError):
            entered(world, name, HERE)
    with pytest.raises(RefusedError):
        entered(world, "khong.co", THERE)
    watch.now += 61
    with pytest.raises(RefusedError):
        entered(world, "root", HERE)
    told = details(world, "session.unknown")
    assert told == [
        {"source": HERE, "attempts": 1},
        {"source": THERE, "attempts": 1},
        {"source": HERE, "attempts": 3},
    ]
    assert "khong.co" not in str(world.log())
    assert "MatKhau" not in str(world.log())


def test_no_flood_of_sources_is_remembered() -> None:
    names = UnknownNames(Watch())
    assert all(names.count("r", str(number)) == 1 for number in range(3 * MOST))
    assert len(names._waiting) == MOST
