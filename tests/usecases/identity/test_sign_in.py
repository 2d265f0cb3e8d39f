"""Signing in: what a password must be, second factors, what is due first, when an account is closed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from passlib.context import CryptContext

from access_service.domain.errors import InvalidError, NotFoundError, RefusedError, UnavailableError
from access_service.domain.names import AccountKind
from access_service.domain.reasons import Refusal
from access_service.domain.sign_in import Due, FactorKind, SignInRules, check_password, classes_of, rules_for
from access_service.signing import passwords, totp
from access_service.usecases.identity import accounts, open_sessions, second_factor, sign_in
from access_service.usecases.identity.second_factor import Second
from world import OFFICE, PASSWORD, SCHOOL, World

NAME, ADMIN, NEW = "000.văn thư", f"quantri.{SCHOOL}", "Mật khẩu khác 111"


@pytest.fixture
def signed_up(school_world: World) -> World:
    school_world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    return school_world


def refusal(refused: pytest.ExceptionInfo[RefusedError]) -> Refusal:
    return refused.value.code


def admin_rules() -> SignInRules:
    return rules_for(AccountKind.ADMIN, None)


# -- passwords -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "classes"),
    [
        ("", 0),
        ("abc", 1),
        ("ạbc", 1),
        ("aB", 2),
        ("aB1", 3),
        ("aB1-", 4),
        ("mật khẩu 1", 3),
        ("Mật khẩu 1", 4),
        ("กขค", 0),
        ("\u0061\u0323", 1),
    ],
)
def test_the_classes_of_characters(password: str, classes: int) -> None:
    assert classes_of(password) == classes


def test_a_password_alone_is_long_and_mixed_and_beside_a_second_factor_shorter() -> None:
    rules = rules_for(AccountKind.USE, None)
    for weak in ("Mật khẩu 0000", "mật khẩu thử 000", "MẬTKHẨUTHỬ-000", "Mật khẩu thử này"):
        with pytest.raises(InvalidError, match="at least 14 characters of 4 classes"):
            check_password(weak, rules, has_factor=False)
    check_password("Mật khẩu thử 0", rules, has_factor=False)
    check_password("tám chữ!", rules, has_factor=True)
    with pytest.raises(InvalidError, match="at least 8 characters"):
        check_password("bảy chữ", rules, has_factor=True)


def test_a_code_takes_no_weak_password_and_stays_good(signed_up: World) -> None:
    world = signed_up
    issued = world.recover(world.admins[SCHOOL], world.people["văn thư"].account)
    before = world.revision
    with pytest.raises(InvalidError):
        accounts.activate(world.services, issued.activation_code, "mật khẩu yếu")
    assert world.revision == before
    assert accounts.activate(world.services, issued.activation_code, PASSWORD)


def test_a_password_is_changed_with_the_old_one_and_every_session_ends(signed_up: World) -> None:
    world = signed_up
    other, mine = world.sign_in(NAME), world.sign_in(NAME)
    anew = sign_in.change_password(world.services, mine.caller, PASSWORD, NEW)
    for token in (other.token, mine.token):
        with pytest.raises(RefusedError):
            open_sessions.caller_from_token(world.services, token)
    assert open_sessions.caller_from_token(world.services, anew.token).account == mine.caller.account
    with pytest.raises(RefusedError):
        world.sign_in(NAME)
    assert world.sign_in(NAME, NEW).due is None
    done = [e.happening.action for e in world.log()]
    assert done[-4:] == ["account.password", "session.open", "session.fail", "session.open"]


def test_the_same_password_is_no_new_one(signed_up: World) -> None:
    world = signed_up
    mine = world.sign_in(NAME)
    with pytest.raises(InvalidError, match="used before"):
        sign_in.change_password(world.services, mine.caller, PASSWORD, PASSWORD)
    # An account that anybody may read with, but nobody administers, may take the one before the last again.
    mine = sign_in.change_password(world.services, mine.caller, PASSWORD, NEW)
    assert sign_in.change_password(world.services, mine.caller, NEW, PASSWORD).token


def test_none_of_the_last_ten_passwords_of_an_admin_account_comes_again(signed_up: World) -> None:
    world = signed_up
    signed_in = world.enrol(ADMIN)
    for n in range(10):
        old = PASSWORD if n == 0 else f"Mật khẩu số {n}"
        signed_in = sign_in.change_password(world.services, signed_in.caller, old, f"Mật khẩu số {n + 1}")
        if n < 9:
            with pytest.raises(InvalidError, match="used before"):
                sign_in.change_password(world.services, signed_in.caller, f"Mật khẩu số {n + 1}", PASSWORD)
    assert sign_in.change_password(world.services, signed_in.caller, "Mật khẩu số 10", PASSWORD).token


def test_a_custodian_hears_nothing_of_the_passwords_before_them(signed_up: World) -> None:
    """`world` sets the one password everybody has: the head's would be refused to the officer, and so be told."""
    world = signed_up
    world.enrol(ADMIN)
    world.clock.forward(minutes=1)
    officer = world.hand_to_officer(SCHOOL)
    assert world.admins[SCHOOL].person == officer.person
    # Nor are they asked for the head's telephone: they set a second factor of their own.
    del world.authenticators[ADMIN]
    assert world.sign_in(ADMIN).due is Due.SECOND_FACTOR


def test_an_admin_account_sets_a_new_password_every_two_months(signed_up: World) -> None:
    world = signed_up
    world.enrol(ADMIN)
    for _ in range(2):
        world.clock.forward(days=29)
        assert world.sign_in(ADMIN).due is None
    world.clock.forward(days=2)
    late = world.sign_in(ADMIN)
    assert late.due is Due.PASSWORD
    with pytest.raises(RefusedError) as refused:
        open_sessions.caller_from_token(world.services, late.token)
    assert refusal(refused) is Refusal.PASSWORD_DUE
    caller = open_sessions.caller_from_token(world.services, late.token, even_if_due=True)
    assert sign_in.change_password(world.services, caller, PASSWORD, NEW).due is None
    world.clock.forward(minutes=1)
    assert world.sign_in(ADMIN, NEW).due is None


def test_a_new_telephone_is_no_way_around_a_new_password(signed_up: World) -> None:
    world = signed_up
    world.enrol(ADMIN)
    world.clock.forward(days=30)
    world.sign_in(ADMIN)
    world.clock.forward(days=30)
    late = world.sign_in(ADMIN)
    assert late.due is Due.PASSWORD
    world.clock.forward(minutes=1)
    begun = second_factor.begin_totp(world.services, late.caller, PASSWORD, shown(world, ADMIN))
    with world.refuses(Refusal.PASSWORD_DUE):
        second_factor.confirm_totp(world.services, late.caller, totp.code_at(begun.secret, world.clock.now))
    [factor] = second_factor.list_factors(world.services, late.caller)
    assert factor.id != begun.id


def test_a_long_write_holds_nobody_up(signed_up: World) -> None:
    """That a session was used is written beside the register's history, and left out rather than waited for."""
    world = signed_up
    mine = world.sign_in(NAME)
    world.clock.forward(minutes=1)
    with world.services.db.write(world.register, "operator") as tx:
        assert open_sessions.caller_from_token(world.services, mine.token) == mine.caller
        tx.happened("000.thử", "000")
    world.clock.forward(minutes=1)
    assert open_sessions.caller_from_token(world.services, mine.token) == mine.caller


def test_a_use_accounts_password_does_not_age(signed_up: World) -> None:
    world = signed_up
    for _ in range(6):
        world.clock.forward(days=40)
        assert world.sign_in(NAME).due is None


def test_a_hash_of_other_parameters_is_made_anew_at_sign_in(
    signed_up: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = signed_up
    before = world.credentials(NAME)
    dearer = CryptContext(
        schemes=["argon2"],
        argon2__type="ID",
        argon2__memory_cost=16,
        argon2__time_cost=2,
        argon2__parallelism=1,
    )
    monkeypatch.setattr(passwords, "_context", dearer)
    assert world.sign_in(NAME)
    after = world.credentials(NAME)
    assert before is not None
    assert before.password is not None
    assert after is not None
    assert after.password is not None
    assert "m=8,t=1,p=1" in before.password
    assert "$argon2id$" in after.password
    assert "m=16,t=2,p=1" in after.password
    assert world.sign_in(NAME)
    assert world.credentials(NAME) == after


def test_the_parameters_in_use_are_owasps_least() -> None:
    """The suite hashes cheaply; this is what the product starts with."""
    hashed = passwords._made(passwords.MEMORY_KIB, passwords.PASSES).hash(PASSWORD)
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


# -- second factors ------------------------------------------------------------------------------------------------


def test_an_admin_account_first_sets_a_second_factor_and_until_then_does_nothing_else(signed_up: World) -> None:
    world = signed_up
    first = sign_in.sign_in(world.services, world.register, ADMIN, PASSWORD)
    assert first.due is Due.SECOND_FACTOR
    with pytest.raises(RefusedError) as refused:
        open_sessions.caller_from_token(world.services, first.token)
    assert refusal(refused) is Refusal.SECOND_FACTOR_DUE
    caller = open_sessions.caller_from_token(world.services, first.token, even_if_due=True)
    begun = second_factor.begin_totp(world.services, caller, PASSWORD)
    assert begun.uri.startswith("otpauth://totp/thu-nghiem:quantri.0003101?secret=")
    # Begun is not set: neither does it count, nor is it asked for.
    assert sign_in.sign_in(world.services, world.register, ADMIN, PASSWORD).due is Due.SECOND_FACTOR
    for wrong in ("000000", "", "１２３４５６", totp.code_at(begun.secret, world.clock.now, 5)):
        with pytest.raises(RefusedError) as refused:
            second_factor.confirm_totp(world.services, caller, wrong)
        assert refusal(refused) is Refusal.SECOND_FACTOR_WRONG
    full = second_factor.confirm_totp(world.services, caller, totp.code_at(begun.secret, world.clock.now))
    assert full.due is None
    assert open_sessions.caller_from_token(world.services, full.token).account == caller.account
    with pytest.raises(RefusedError) as refused:
        open_sessions.caller_from_token(world.services, first.token)
    assert refusal(refused) is Refusal.NOT_AUTHENTICATED


def test_a_session_that_only_sets_something_lives_a_quarter_of_an_hour_at_most(signed_up: World) -> None:
    first = sign_in.sign_in(signed_up.services, signed_up.register, ADMIN, PASSWORD)
    assert first.ends_at - signed_up.clock.now == timedelta(minutes=15)


def test_sign_in_then_asks_for_the_code_but_only_whoever_knows_the_password(signed_up: World) -> None:
    world = signed_up
    world.enrol(ADMIN)
    with pytest.raises(RefusedError) as refused:
        sign_in.sign_in(world.services, world.register, ADMIN, PASSWORD)
    assert (refusal(refused), refused.value.details) == (Refusal.SECOND_FACTOR_REQUIRED, {"factors": ["totp"]})
    with pytest.raises(RefusedError) as refused:
        sign_in.sign_in(world.services, world.register, ADMIN, PASSWORD, Second(totp="000000"))
    assert refusal(refused) is Refusal.SECOND_FACTOR_WRONG
    right = world.authenticators[ADMIN].next(world.clock.now)
    with pytest.raises(RefusedError) as refused:
        sign_in.sign_in(world.services, world.register, ADMIN, "Sai mật khẩu 000", Second(totp=right))
    assert refusal(refused) is Refusal.CREDENTIALS_WRONG
    assert sign_in.sign_in(world.services, world.register, ADMIN, PASSWORD, Second(totp=right)).due is None


def shown(world: World, username: str) -> Second:
    """What somebody's telephone shows next."""
    return Second(totp=world.authenticators[username].next(world.clock.now))


def test_changing_a_factor_asks_a_factor(signed_up: World) -> None:
    """(A8) Whoever has the session and the password alone sets no telephone of their own, and takes none away."""
    world = signed_up
    mine = world.enrol(NAME)
    world.clock.forward(minutes=2)
    [factor] = second_factor.list_factors(world.services, mine.caller)
    for second, code in (
        (None, Refusal.SECOND_FACTOR_REQUIRED),
        (Second(totp="000000"), Refusal.SECOND_FACTOR_WRONG),
    ):
        for attack in (
            lambda s=second: second_factor.begin_totp(world.services, mine.caller, PASSWORD, s),
            lambda s=second: second_factor.remove_factor(world.services, mine.caller, factor.id, PASSWORD, s),
        ):
            with pytest.raises(RefusedError) as refused:
                attack()
            assert refusal(refused) is code
    assert second_factor.begin_totp(world.services, mine.caller, PASSWORD, shown(world, NAME)).secret


def test_anybody_may_set_a_second_factor_and_take_it_back(signed_up: World) -> None:
    world = signed_up
    world.enrol(NAME)
    world.clock.forward(minutes=1)
    mine = world.sign_in(NAME)
    [factor] = second_factor.list_factors(world.services, mine.caller)
    assert factor.kind is FactorKind.TOTP
    with pytest.raises(NotFoundError):
        second_factor.remove_factor(world.services, mine.caller, "fac_000", PASSWORD, shown(world, NAME))
    world.clock.forward(minutes=2)
    last = shown(world, NAME)
    anew = second_factor.remove_factor(world.services, mine.caller, factor.id, PASSWORD, last)
    assert second_factor.list_factors(world.services, anew.caller) == []
    assert sign_in.sign_in(world.services, world.register, NAME, PASSWORD).due is None


def test_a_short_password_whose_second_factor_is_gone_is_due(signed_up: World) -> None:
    world = signed_up
    mine = world.enrol(NAME)
    mine = sign_in.change_password(world.services, mine.caller, PASSWORD, "tám chữ!")
    [factor] = second_factor.list_factors(world.services, mine.caller)
    world.clock.forward(minutes=2)
    second_factor.remove_factor(world.services, mine.caller, factor.id, "tám chữ!", shown(world, NAME))
    assert sign_in.sign_in(world.services, world.register, NAME, "tám chữ!").due is Due.PASSWORD


def test_an_admin_account_keeps_a_second_factor(signed_up: World) -> None:
    world = signed_up
    mine = world.enrol(ADMIN)
    [factor] = second_factor.list_factors(world.services, mine.caller)
    world.clock.forward(minutes=2)
    with pytest.raises(RefusedError) as refused:
        second_factor.remove_factor(world.services, mine.caller, factor.id, PASSWORD, shown(world, ADMIN))
    assert refusal(refused) is Refusal.FORBIDDEN
    world.clock.forward(minutes=2)
    # A new telephone takes the place of the old one.
    begun = second_factor.begin_totp(world.services, mine.caller, PASSWORD, shown(world, ADMIN))
    code = totp.code_at(begun.secret, world.clock.now)
    anew = second_factor.confirm_totp(world.services, mine.caller, code)
    [left] = second_factor.list_factors(world.services, anew.caller)
    assert left.id == begun.id != factor.id


def test_the_secret_is_not_in_the_database(signed_up: World) -> None:
    world = signed_up
    mine = world.enrol(ADMIN)
    [factor] = second_factor.list_factors(world.services, mine.caller)
    secret = world.authenticators[ADMIN].secret
    assert secret not in factor.secret
    key = world.services.factors
    assert key is not None
    about = f"{world.register}/{factor.account}/{factor.id}"
    assert key.open(factor.secret, about) == secret
    with pytest.raises(UnavailableError):
        key.open(factor.secret, about.replace(factor.account, "acc_000"))


def test_recovery_leaves_the_second_factor_unless_it_is_asked_for(signed_up: World) -> None:
    world = signed_up
    mine = world.enrol(ADMIN)
    id_ = mine.caller.account
    issued = world.recover(world.admins[OFFICE], id_)
    accounts.activate(world.services, issued.activation_code, NEW)
    with pytest.raises(RefusedError) as refused:
        sign_in.sign_in(world.services, world.register, ADMIN, NEW)
    assert refusal(refused) is Refusal.SECOND_FACTOR_REQUIRED
    issued = world.recover(world.admins[OFFICE], id_, reset_second_factor=True)
    accounts.activate(world.services, issued.activation_code, "Mật khẩu thứ ba")
    assert sign_in.sign_in(world.services, world.register, ADMIN, "Mật khẩu thứ ba").due is Due.SECOND_FACTOR
    told = [e.happening.details or {} for e in world.log() if e.happening.action == "account.recover"]
    assert [t["second_factors"] for t in told] == [False, True]


# -- closed accounts, and the way back -----------------------------------------------------------------------------


def test_an_account_that_nobody_used_for_45_days_is_closed_until_it_is_recovered(signed_up: World) -> None:
    world = signed_up
    world.clock.forward(days=45, seconds=-1)
    assert world.sign_in(NAME)
    world.clock.forward(days=45)
    with pytest.raises(RefusedError) as refused:
        world.sign_in(NAME)
    assert (refusal(refused), refused.value.message) == (Refusal.CREDENTIALS_WRONG, accounts.WRONG)
    told = world.log()[-1].happening
    assert (told.outcome, told.code, told.details) == ("refused", "credentials_wrong", {"because": "inactive"})
    issued = world.recover(world.admins[SCHOOL], world.people["văn thư"].account)
    accounts.activate(world.services, issued.activation_code, PASSWORD)
    assert world.sign_in(NAME)


def test_the_operator_breaks_the_glass(signed_up: World) -> None:
    world = signed_up
    for _ in range(5):
        with pytest.raises(RefusedError):
            world.sign_in(NAME, "Sai mật khẩu 000")
    assert sign_in.unlock(world.services, world.register, NAME) is None
    assert world.sign_in(NAME)
    world.clock.forward(days=45)
    sign_in.unlock(world.services, world.register, NAME)
    assert world.sign_in(NAME)
    told = [e for e in world.log() if e.happening.action == "account.unlock"]
    assert [(e.actor, e.happening.target) for e in told] == [("operator", world.people["văn thư"].account)] * 2
    with pytest.raises(NotFoundError):
        sign_in.unlock(world.services, world.register, "000.không có")


def test_the_root_gets_back_in_with_a_code_of_the_operator(signed_up: World) -> None:
    """Nobody in the register is above it."""
    world = signed_up
    name = f"admin.{world.root}"
    world.enrol(name)
    issued = sign_in.unlock(world.services, world.register, name, with_code=True)
    assert issued is not None
    with pytest.raises(RefusedError) as refused:
        accounts.activate(world.services, issued.activation_code, NEW)
    assert refusal(refused) is Refusal.RECOVERY_WAITING
    world.clock.forward(hours=24)
    accounts.activate(world.services, issued.activation_code, NEW)
    assert sign_in.sign_in(world.services, world.register, name, NEW).due is Due.SECOND_FACTOR
