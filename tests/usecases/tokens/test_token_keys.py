"""Token keys in the database: every key that ever signed is known for ever, with the interval in which it did."""

from datetime import timedelta
from pathlib import Path

import pytest

from access_service.signing.keyring import Keyring, KeyState
from access_service.storage.keys import StoredPublicKey, keep_public_key, public_key
from access_service.usecases.services import Services
from access_service.usecases.tokens.keyring import list_keys, open_keyring, rotate_keys
from world import Clock

HOUR = timedelta(hours=1)


@pytest.fixture
def keyring(services: Services, tmp_path: Path) -> Keyring:
    return open_keyring(services.db, tmp_path, algorithm="ES256", overlap_s=3600)


def kept(services: Services, kid: str) -> StoredPublicKey:
    with services.db.engine.connect() as connection:
        found = public_key(connection, kid)
    assert found is not None
    return found


def test_the_first_key_is_kept_when_the_folder_is_opened(
    services: Services, keyring: Keyring, clock: Clock
) -> None:
    (standing,) = keyring.standings(clock())
    found = kept(services, standing.key.kid)
    assert (found.purpose, found.public_hex) == ("token", standing.key.public_hex)
    assert (found.valid_from, found.valid_to) == (standing.key.signs_from, None)


def test_a_rotation_ends_the_interval_of_the_old_key_where_the_new_one_begins(
    services: Services, keyring: Keyring, clock: Clock, tmp_path: Path
) -> None:
    old = keyring.standings(clock())[0].key
    made = rotate_keys(services.db, keyring).key
    assert made.signs_from == old.signs_from + HOUR
    assert kept(services, old.kid).valid_to == kept(services, made.kid).valid_from == made.signs_from
    # Asked again before it signs, nothing changes; nor when another process opens the folder.
    assert rotate_keys(services.db, keyring).key.kid == made.kid
    open_keyring(services.db, tmp_path, algorithm="ES256", overlap_s=3600)
    assert kept(services, old.kid).valid_to == made.signs_from
    assert kept(services, made.kid).valid_to is None


def test_a_key_whose_file_is_gone_is_still_known(services: Services, keyring: Keyring, clock: Clock) -> None:
    old = keyring.standings(clock())[0].key
    made = rotate_keys(services.db, keyring).key
    clock.forward(hours=3)
    newest = rotate_keys(services.db, keyring).key
    assert old.kid not in {standing.key.kid for standing in keyring.standings(clock())}
    assert [(key.id, key.state) for key in list_keys(services.db, keyring)] == [
        (old.kid, KeyState.RETIRED),
        (made.kid, KeyState.CURRENT),
        (newest.kid, KeyState.NEXT),
    ]
    assert kept(services, old.kid).valid_to == made.signs_from


def test_a_betrayed_key_signed_until_that_moment_and_one_that_waited_never_signed(
    services: Services, keyring: Keyring, clock: Clock
) -> None:
    old = keyring.standings(clock())[0].key
    waited = rotate_keys(services.db, keyring).key
    clock.forward(minutes=10)
    made = rotate_keys(services.db, keyring, at_once=True).key
    assert kept(services, old.kid).valid_to == clock()
    never = kept(services, waited.kid)
    assert never.valid_from == never.valid_to
    assert kept(services, made.kid).valid_to is None
    assert list(keyring.public_keys(clock())) == [made.kid]


def test_seals_are_listed_beside_tokens(services: Services, keyring: Keyring, clock: Clock) -> None:
    with services.db.engine.begin() as connection:
        keep_public_key(connection, StoredPublicKey("00" * 8, "seal", "ab" * 32, clock()))
        keep_public_key(connection, StoredPublicKey("11" * 8, "seal", "cd" * 32, clock() - HOUR, clock()))
    assert [(key.id[:2], key.purpose, key.algorithm, key.state) for key in list_keys(services.db, keyring)] == [
        ("11", "seal", "Ed25519", KeyState.RETIRED),
        ("00", "seal", "Ed25519", KeyState.CURRENT),
        (keyring.signing_key(clock()).kid[:2], "token", "ES256", KeyState.CURRENT),
    ]


def test_a_retired_key_is_listed_with_its_algorithm(services: Services, tmp_path: Path, clock: Clock) -> None:
    for algorithm in ("EdDSA", "ES256"):
        keyring = open_keyring(services.db, tmp_path, algorithm=algorithm, overlap_s=3600)
        rotate_keys(services.db, keyring, at_once=True)
        clock.forward(hours=1)
    assert {(key.algorithm, key.state) for key in list_keys(services.db, keyring)} == {
        ("EdDSA", KeyState.RETIRED),
        ("ES256", KeyState.CURRENT),
    }
