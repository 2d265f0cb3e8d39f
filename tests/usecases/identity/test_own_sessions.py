"""One's own sessions are listed and ended; a code that is used leads on into a session."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.names import AccountKind
from access_service.domain.reasons import Refusal
from access_service.storage import accounts as stored
from access_service.usecases.identity import accounts, entering, open_sessions
from access_service.usecases.identity.own_sessions import end_other_sessions, end_own_session, list_sessions
from access_service.usecases.organisation import org
from prepared import copied, with_homeroom
from world import PASSWORD, REGISTER, SCHOOL, Someone, World


@pytest.fixture
def made(tmp_path: Path) -> Iterator[tuple[World, Someone]]:
    world, teacher = copied(tmp_path, with_homeroom)
    yield world, teacher
    world.services.db.close()


def test_sessions_are_listed_and_one_is_ended_by_its_holder_alone(made: tuple[World, Someone]) -> None:
    world, _ = made
    services = world.services
    first, second = world.sign_in("000.gvcn"), world.sign_in("000.gvcn")
    listed = list_sessions(services, first.caller)
    assert len(listed) >= 2
    assert [s.is_current for s in listed].count(True) == 1
    other = next(s for s in list_sessions(services, second.caller) if s.is_current)
    with pytest.raises(NotFoundError):
        end_own_session(services, world.head_of(SCHOOL).caller, other.id)
    end_own_session(services, first.caller, other.id)
    with pytest.raises(RefusedError) as refused:
        open_sessions.caller_from_token(services, second.token)
    assert refused.value.code is Refusal.NOT_AUTHENTICATED
    assert open_sessions.caller_from_token(services, first.token).account == first.caller.account
    with pytest.raises(NotFoundError):
        end_own_session(services, first.caller, other.id)


def test_all_others_end_at_once_and_the_list_forgets_what_is_over(made: tuple[World, Someone]) -> None:
    world, _ = made
    here = [world.sign_in("000.gvcn") for _ in range(3)][-1]
    assert end_other_sessions(world.services, here.caller) >= 2
    assert [s.is_current for s in list_sessions(world.services, here.caller)] == [True]
    world.clock.forward(hours=13)
    assert list_sessions(world.services, here.caller) == []


def test_the_session_of_whoever_had_the_account_before_is_not_the_callers(
    made: tuple[World, Someone],
) -> None:
    """Ended or left, alone or with all others: both acts ask whose session it is."""
    world, _ = made
    here = world.sign_in("000.gvcn")
    with world.services.db.aside() as connection:
        mine = next(s for s in stored.sessions_of(connection, REGISTER, here.caller.account))
        theirs = replace(mine, token_sha256="0" * 64, person=world.head_of(SCHOOL).person)
        stored.open_session(connection, theirs)
    with pytest.raises(NotFoundError):
        end_own_session(world.services, here.caller, theirs.token_sha256[:16])
    end_other_sessions(world.services, here.caller)
    with world.services.db.connect() as connection:
        found = stored.sessions_of(connection, REGISTER, here.caller.account)
    assert {s.token_sha256 for s in found if s.is_open(world.clock.now)} == {here.caller.session, "0" * 64}


def test_a_code_says_whose_it_is_survives_a_refused_password_and_opens_a_session(
    made: tuple[World, Someone],
) -> None:
    world, _ = made
    services, by = world.services, world.admins[SCHOOL]
    person = org.add_person(services, by, name="Người Mới")
    world.assign(person.id, SCHOOL, "academic_registrar", SCHOOL)
    issued = accounts.issue_account(
        services, by, unit=SCHOOL, kind=AccountKind.USE, person=person.id, username="000.moi"
    )
    code = issued.activation_code
    assert entering.find_invited(services, code).username == "000.moi"
    with pytest.raises(Exception, match="password"):
        entering.activate_and_enter(services, code, "ngan")
    assert entering.find_invited(services, code).username == "000.moi"
    entered = entering.activate_and_enter(services, code, PASSWORD)
    assert entered.signed_in is not None
    assert open_sessions.caller_from_token(services, entered.signed_in.token).person == person.id
    with pytest.raises(RefusedError) as refused:
        entering.find_invited(services, code)
    assert refused.value.code is Refusal.CREDENTIALS_WRONG
