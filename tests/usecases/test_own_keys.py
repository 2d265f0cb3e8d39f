"""The service's own keys: none is made in silence, each is rotated, a rotation may be killed between its steps."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from access_service.domain.documents import Signature
from access_service.domain.errors import InvalidError, UnavailableError
from access_service.domain.names import ClassId
from access_service.signing.documents import check_confirmation
from access_service.signing.keys import load_or_create
from access_service.signing.vault import FactorKey
from access_service.storage.keys import public_key
from access_service.usecases import keys
from access_service.usecases.keys import FACTORS, OWN, PAGES, SEAL, KeyKind, begin_key, open_key, rotate_key
from access_service.usecases.services import Services
from world import CLASS_6A, CLASS_6B, SCHOOL, Clock, World, found, hire_homeroom, homeroom_line, with_school

pytestmark = pytest.mark.backends("sqlite")
ADMIN = f"quantri.{SCHOOL}"
KINDS = [KeyKind.SEAL, KeyKind.FACTORS, KeyKind.PAGES]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def school(sqlite_services: Services, clock: Clock, folder: Path) -> World:
    """A school whose service has its own folder of keys."""
    db = sqlite_services.db
    keys = {"seal": open_key(db, folder, SEAL), "factors": open_key(db, folder, FACTORS)}
    return with_school(found(Services(db, **keys, keys_dir=folder), clock))


def killed(step: Callable[[], Any]) -> None:
    """A process that is killed at that point of the step."""
    child = os.fork()
    if child == 0:
        try:
            step()
        finally:
            os._exit(7)
    assert os.waitpid(child, 0)[1] != 0


def die(*_: Any, **__: Any) -> None:
    os._exit(9)


# -- none is made in silence


@pytest.mark.parametrize("kind", KINDS)
def test_a_fresh_database_begins_and_one_that_knows_a_key_needs_it(
    sqlite_services: Services, folder: Path, kind: KeyKind, tmp_path: Path
) -> None:
    db, own = sqlite_services.db, OWN[kind]
    key = open_key(db, folder, own)
    assert open_key(db, folder, own).id == key.id
    for wrong in (tmp_path / "empty", tmp_path / "no" / "folder"):
        with pytest.raises(UnavailableError, match=f"knows the {own.purpose} key `{key.id}`.*keys begin {kind}"):
            open_key(db, wrong, own)
        assert not wrong.exists(), "nothing was made"
    other = tmp_path / "other"
    own.write_new(other / own.file)
    with pytest.raises(UnavailableError, match="does not hold it"):
        open_key(db, other, own)


def test_where_factors_were_kept_before_keys_were_recorded_the_right_key_is_needed(
    sqlite_services: Services, clock: Clock, folder: Path, tmp_path: Path
) -> None:
    factors = FactorKey.load(folder)
    seal = load_or_create(folder / "seal.key")
    world = with_school(found(Services(sqlite_services.db, seal, factors=factors), clock))
    world.enrol(ADMIN)
    with pytest.raises(UnavailableError, match="a key that is not there"):
        open_key(world.services.db, tmp_path / "empty", FACTORS)
    FactorKey.load(tmp_path / "other")
    with pytest.raises(UnavailableError, match="not the one that second factors were kept with"):
        open_key(world.services.db, tmp_path / "other", FACTORS)
    assert open_key(world.services.db, folder, FACTORS).id == factors.id


@pytest.mark.parametrize("kind", KINDS)
def test_who_lost_a_key_begins_anew_and_the_log_says_so(school: World, folder: Path, kind: KeyKind) -> None:
    db, own = school.services.db, OWN[kind]
    lost = open_key(db, folder, own)
    with pytest.raises(InvalidError, match="nothing begins anew"):
        begin_key(db, folder, own, kind)
    (folder / own.file).unlink()
    seq = len(school.log())
    key = begin_key(db, folder, own, kind)
    assert open_key(db, folder, own).id == key.id != lost.id
    [event] = [e for e in school.log(seq) if e.happening.action == "key.begin"]
    assert (event.actor, event.happening.target) == ("operator", key.id)
    assert event.happening.details == {"kind": str(kind), "before": [lost.id]}
    with db.connect() as connection:
        ended = public_key(connection, lost.id)
    assert ended is not None
    assert ended.valid_to is not None


def test_a_key_that_was_ended_does_not_count_again(school: World, folder: Path) -> None:
    db = school.services.db
    old = (folder / SEAL.file).read_bytes()
    rotate_key(db, folder, SEAL, KeyKind.SEAL)
    (folder / SEAL.file).write_bytes(old)
    with pytest.raises(UnavailableError, match="does not hold it"):
        open_key(db, folder, SEAL)
    assert begin_key(db, folder, SEAL, KeyKind.SEAL).id != school.services.seal.id


# -- each is rotated


def signed(world: World, class_: ClassId) -> Signature:
    teacher = hire_homeroom(world, class_, class_)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher, class_))
    with world.services.db.read(world.register) as reader:
        return max(reader.find(Signature), key=lambda s: (s.signed_at, s.id))


def test_what_the_old_seal_signed_verifies_and_a_running_service_signs_with_the_new(
    school: World, folder: Path
) -> None:
    before = signed(school, CLASS_6A)
    old = school.services.seal
    assert before.key == old.id
    key = rotate_key(school.services.db, folder, SEAL, KeyKind.SEAL)
    school.clock.now += timedelta(minutes=2)
    after = signed(school, CLASS_6B)
    assert after.key == key.id
    for signature, public in ((before, old.public_hex), (after, key.public_hex)):
        check_confirmation(public, school.register, signature)
    assert [e.happening.details for e in school.log() if e.happening.action == "key.rotate"] == [
        {"kind": "seal", "before": [old.id]}
    ]


def test_codes_that_were_set_before_open_after_a_rotation_also_in_a_running_service(
    school: World, folder: Path
) -> None:
    school.enrol(ADMIN)
    new = rotate_key(school.services.db, folder, FACTORS, KeyKind.FACTORS)
    assert school.services.factors is not None
    assert new.id != school.services.factors.id
    school.clock.now += timedelta(minutes=2)
    assert school.sign_in(ADMIN).due is None
    fresh = Services(school.services.db, school.services.seal, factors=new)
    assert keys.open_secret(fresh, *stored(school)) == keys.open_secret(school.services, *stored(school))


def stored(world: World) -> tuple[str, str]:
    with world.services.db.connect() as connection:
        factor = keys.newest_closed(connection)
    assert factor is not None
    return factor.secret, keys.describe_secret(factor.register, factor.account, factor.id)


# -- killed between the steps


@pytest.mark.parametrize("kind", KINDS)
def test_a_rotation_killed_before_it_is_recorded_leaves_the_old_key(
    school: World, folder: Path, kind: KeyKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    db, own = school.services.db, OWN[kind]
    old = open_key(db, folder, own)
    with monkeypatch.context() as patched:
        patched.setattr(keys, "_record", die)
        killed(lambda: rotate_key(db, folder, own, kind))
    assert (folder / f"{own.file}.next").exists()
    assert open_key(db, folder, own).id == old.id
    new = rotate_key(db, folder, own, kind)
    assert open_key(db, folder, own).id == new.id
    assert not (folder / f"{own.file}.next").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_rotation_killed_after_it_was_recorded_is_finished_by_whoever_opens_the_folder(
    school: World, folder: Path, kind: KeyKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    db, own = school.services.db, OWN[kind]
    school.enrol(ADMIN)
    old = open_key(db, folder, own)
    db.engine.dispose()
    with monkeypatch.context() as patched:
        patched.setattr(keys, "put", die)
        killed(lambda: rotate_key(db, folder, own, kind))
    db.engine.dispose()
    assert own.load(folder / own.file).id == old.id
    if kind is KeyKind.FACTORS:
        assert keys.open_secret(school.services, *stored(school)), "a running service opens it meanwhile"
    new = open_key(db, folder, own)
    assert new.id != old.id
    assert own.load(folder / own.file).id == new.id
    if kind is KeyKind.FACTORS:
        assert keys.open_secret(Services(db, school.services.seal, factors=new), *stored(school))


def test_a_rotation_that_cannot_open_one_secret_changes_nothing(school: World, folder: Path) -> None:
    db = school.services.db
    school.enrol(ADMIN)
    old = open_key(db, folder, FACTORS)
    secret = stored(school)
    with db.aside() as connection:
        connection.exec_driver_sql("UPDATE second_factors SET secret = 'AAAA' || substr(secret, 5)")
    with pytest.raises(UnavailableError, match="not the one that second factors were kept with"):
        rotate_key(db, folder, FACTORS, KeyKind.FACTORS)
    assert open_key(db, folder, FACTORS).id == old.id
    assert secret[0] != stored(school)[0]


def test_page_and_seal_keys_are_different_files(school: World, folder: Path) -> None:
    assert open_key(school.services.db, folder, PAGES).id != open_key(school.services.db, folder, SEAL).id
