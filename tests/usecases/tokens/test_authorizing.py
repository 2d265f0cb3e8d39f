"""A person is handed on to a service: a code, a session for that service, refresh tokens in turn."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any, NamedTuple

import pytest

from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.names import AccountKind
from access_service.domain.reasons import Refusal
from access_service.domain.service_sign_in import check_return_addresses
from access_service.storage.accounts import session_by_token
from access_service.usecases.identity.open_sessions import caller_from_token
from access_service.usecases.identity.sign_in import sign_out
from access_service.usecases.services import Caller
from access_service.usecases.third_party import clients
from access_service.usecases.third_party.clients import NewClient
from access_service.usecases.tokens import authorizing
from access_service.usecases.tokens.authorizing import (
    CodeRequest,
    HandedOn,
    end_sign_in,
    issue_code,
    redeem_code,
    refresh_sign_in,
)
from access_service.usecases.tokens.oauth_errors import OAuthCode, OAuthError
from prepared import copied, with_homeroom
from software_world import enter
from world import PASSWORD, SCHOOL, World

BACK = "https://so-diem.example/ve"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
GUARDED = {"https://may-chu.example": "https://may-chu.example/.access/callback"}


class Stage(NamedTuple):
    """A school with a service that signs its people in."""

    world: World
    client: str
    other: str

    def signed_in(self) -> Caller:
        return self.world.sign_in("000.gvcn", PASSWORD).caller

    def code(self, caller: Caller | None = None, **more: Any) -> str:
        request = {"audience": self.client, "redirect_uri": BACK, "challenge": CHALLENGE, **more}
        return issue_code(self.world.services, caller or self.signed_in(), CodeRequest(**request), GUARDED).code

    def redeem(self, code: str, **more: Any) -> HandedOn:
        said = {"audience": self.client, "redirect_uri": BACK, "verifier": VERIFIER, "with_refresh": True, **more}
        return redeem_code(self.world.services, code, **said)

    def next(self, token: str, audience: str = "") -> HandedOn:
        return refresh_sign_in(self.world.services, token, audience=audience or self.client, before=lambda f: f)

    def is_open(self, found: HandedOn) -> bool:
        with self.world.services.db.connect() as connection:
            session = session_by_token(connection, found.sign_in.session_sha256 or "")
        return session is not None and session.is_open(self.world.clock.now)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    world, _ = copied(tmp_path_factory.mktemp("chuyen"), with_homeroom, None)
    made = [
        clients.create_client(
            world.services,
            world.admins[SCHOOL],
            NewClient(enter(world, name=name).id, redirect_uris=frozenset({BACK})),
        ).client.id
        for name in ("Sổ điểm", "Nhắn tin")
    ]
    yield Stage(world, *made)
    world.services.db.close()


def is_refused(work: Any) -> bool:
    with pytest.raises(OAuthError) as refused:
        work()
    return refused.value.code is OAuthCode.INVALID_GRANT


def test_a_code_gives_a_session_for_its_service_and_for_no_other(stage: Stage) -> None:
    caller = stage.signed_in()
    found = stage.redeem(stage.code(caller, nonce="n", scope=frozenset({"openid"})))
    assert (found.sign_in.account, found.sign_in.nonce, found.sign_in.methods) == (caller.account, "n", "password")
    services = stage.world.services
    assert found.session is not None
    assert caller_from_token(services, found.session, meant_for=(stage.client,)).account == caller.account
    with pytest.raises(RefusedError) as refused:
        caller_from_token(services, found.session)
    assert refused.value.code is Refusal.WRONG_AUDIENCE


def test_a_guarded_host_gets_its_session_by_the_same_code(stage: Stage) -> None:
    (audience, back), *_ = GUARDED.items()
    found = stage.redeem(
        stage.code(audience=audience, redirect_uri=back),
        audience=audience,
        redirect_uri=back,
        with_refresh=False,
    )
    assert found.refresh is None
    assert found.session is not None
    assert caller_from_token(stage.world.services, found.session, meant_for=(audience,)).account


def test_an_address_that_is_not_exactly_its_own_or_an_unknown_service_gets_no_code(stage: Stage) -> None:
    for wrong in (
        {"redirect_uri": BACK + "/"},
        {"redirect_uri": BACK + "?a=1"},
        {"audience": "cli_000"},
        {"audience": "https://may-chu.example"},
    ):
        with pytest.raises(NotFoundError):
            stage.code(**wrong)


@pytest.mark.parametrize(
    "wrong", [{"verifier": "w" * 43}, {"verifier": "v"}, {"redirect_uri": BACK + "/x"}, {"audience": "other"}]
)
def test_one_wrong_attempt_uses_a_code_up(stage: Stage, wrong: dict[str, str]) -> None:
    code = stage.code()
    said = {name: stage.other if value == "other" else value for name, value in wrong.items()}
    assert is_refused(lambda: stage.redeem(code, **said))
    assert is_refused(lambda: stage.redeem(code))


def test_a_code_that_comes_again_ends_what_it_was_redeemed_for(stage: Stage) -> None:
    code = stage.code()
    found = stage.redeem(code)
    assert stage.is_open(found)
    assert is_refused(lambda: stage.redeem(code))
    assert not stage.is_open(found)
    assert is_refused(lambda: stage.next(found.refresh or ""))


def test_two_who_redeem_one_code_at_once_are_left_with_nothing(stage: Stage) -> None:
    """Whoever of the two came first: a copy was about, so what either got has ended when both have heard."""
    for _ in range(4):
        code, together = stage.code(), Barrier(2)
        got: list[HandedOn] = []

        def redeem(code: str = code, together: Barrier = together, got: list[HandedOn] = got) -> None:
            together.wait()
            with suppress(OAuthError):
                got.append(stage.redeem(code))

        both = [Thread(target=redeem) for _ in range(2)]
        for one in both:
            one.start()
        for one in both:
            one.join()
        assert len(got) <= 1
        assert not any(stage.is_open(found) for found in got)


def test_a_code_is_good_for_a_minute(stage: Stage) -> None:
    code = stage.code()
    stage.world.clock.forward(seconds=60)
    assert is_refused(lambda: stage.redeem(code))


def test_refresh_tokens_take_turns_and_one_that_comes_again_ends_all(stage: Stage) -> None:
    first = stage.redeem(stage.code())
    second = stage.next(first.refresh or "")
    assert is_refused(lambda: stage.next(second.refresh or "", stage.other))
    third = stage.next(second.refresh or "")
    assert stage.is_open(third)
    assert is_refused(lambda: stage.next(first.refresh or ""))
    assert not stage.is_open(third)
    assert is_refused(lambda: stage.next(third.refresh or ""))


def test_whoever_may_not_be_handed_on_any_more_refreshes_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where somebody works is asked at each refresh, not at the code alone."""
    found = stage.redeem(stage.code())

    def moved(*_: Any) -> None:
        raise RefusedError(Refusal.FORBIDDEN, "the service is another unit's")

    with monkeypatch.context() as patched:
        patched.setattr(authorizing, "check_may_be_handed_on", moved)
        assert is_refused(lambda: stage.next(found.refresh or ""))
    assert stage.is_open(stage.next(found.refresh or ""))


def test_signing_out_here_ends_what_was_begun_in_the_session(stage: Stage) -> None:
    caller = stage.signed_in()
    found, waiting = stage.redeem(stage.code(caller)), stage.code(caller)
    sign_out(stage.world.services, caller)
    assert not stage.is_open(found)
    assert is_refused(lambda: stage.redeem(waiting))
    assert is_refused(lambda: stage.next(found.refresh or ""))


def test_a_service_may_end_what_it_was_given(stage: Stage) -> None:
    found = stage.redeem(stage.code())
    assert end_sign_in(stage.world.services, found.sign_in.id, because="logout")
    assert not stage.is_open(found)
    before = stage.world.revision
    for id_ in (found.sign_in.id, "sgn_000"):
        assert not end_sign_in(stage.world.services, id_, because="logout")
    assert stage.world.revision == before, "what is over is ended once"


def test_a_session_that_is_not_used_ends(stage: Stage) -> None:
    found = stage.redeem(stage.code())
    stage.world.clock.forward(seconds=int(timedelta(days=1).total_seconds()))
    assert is_refused(lambda: stage.next(found.refresh or ""))


def test_only_a_person_s_own_account_is_signed_in_elsewhere_and_where_they_work(stage: Stage) -> None:
    world = stage.world
    admin = world.admins[SCHOOL]
    assert admin.kind is AccountKind.ADMIN
    with pytest.raises(RefusedError) as refused:
        stage.code(admin)
    assert refused.value.code is Refusal.FORBIDDEN
    with pytest.raises(RefusedError) as refused:
        stage.code(replace(world.admins[world.root], kind=AccountKind.USE))
    assert refused.value.code is Refusal.FORBIDDEN
    departments = enter(world, world.root, name="Của Sở")
    wanted = NewClient(departments.id, redirect_uris=frozenset({BACK}))
    client = clients.create_client(world.services, world.admins[world.root], wanted).client
    assert stage.code(audience=client.id)


@pytest.mark.parametrize(
    "address",
    [
        "http://so-diem.example/ve",
        "https://so-diem.example/ve#a",
        "https://so-diem.example@xau.example/ve",
        "https://*.so-diem.example/ve",
        "https://so-diem.example/../ve",
        "https://so-diem.example/%2e%2e/ve",
        "https://so-diem.example\\@xau.example/",
        "https:so-diem.example",
        "//so-diem.example",
        "javascript:alert(1)",
        "https://so-diem.example/ve?code=1",
        "https://so-diem.example:99999/",
        "https://sổ-điểm.example/",
    ],
)
def test_an_address_that_browsers_read_in_two_ways_is_not_registered(address: str) -> None:
    with pytest.raises(InvalidError):
        check_return_addresses(frozenset({address}))


def test_this_machine_may_be_come_back_to_without_tls() -> None:
    check_return_addresses(frozenset({"http://127.0.0.1:9/ve", "http://localhost/ve", "https://so.example/ve?a=1"}))
