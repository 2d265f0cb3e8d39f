"""Token keys: made, rotated with overlap, retired; weak, foreign and duplicate ones refuse to load."""

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from access_service.domain.errors import UnavailableError
from access_service.signing.keyring import Keyring, KeyState

NOW = datetime(2026, 9, 1, 2, 3, 4, 567890, tzinfo=UTC)
HOUR = timedelta(hours=1)


def ring(folder: Path, now: datetime = NOW, *, algorithm: str = "ES256") -> Keyring:
    return Keyring(folder / "tokens", algorithm=algorithm, overlap_s=3600, now=now, check_s=0)


def states(keyring: Keyring, now: datetime) -> list[str]:
    return [str(standing.state) for standing in keyring.standings(now)]


def pem(key: Any, encryption: Any = None) -> bytes:
    return bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()))


def put(folder: Path, name: str, content: bytes, mode: int = 0o600) -> None:
    path = folder / "tokens" / name
    path.write_bytes(content)
    path.chmod(mode)


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
def test_the_first_key_is_made_and_signs_at_once(tmp_path: Path, algorithm: str) -> None:
    keyring = ring(tmp_path, algorithm=algorithm)
    key = keyring.signing_key(NOW)
    assert (key.algorithm, len(key.kid)) == (algorithm, 43)
    assert list(keyring.public_keys(NOW)) == [key.kid]
    (file,) = (tmp_path / "tokens").iterdir()
    assert file.name == f"{key.kid}.pem"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    # A token carries whole seconds, so the second in which the key was made is its own.
    assert keyring.standings(NOW)[0].key.signs_from <= NOW.replace(microsecond=0)
    assert ring(tmp_path, NOW + HOUR).signing_key(NOW).kid == key.kid


def test_a_key_set_holds_public_halves_alone(tmp_path: Path) -> None:
    for algorithm, members in (("ES256", {"crv", "kty", "x", "y"}), ("EdDSA", {"crv", "kty", "x"})):
        (jwk,) = ring(tmp_path / algorithm, algorithm=algorithm).jwks(NOW)["keys"]
        assert jwk.keys() == members | {"kid", "use", "alg"}
        assert (jwk["use"], jwk["alg"]) == ("sig", algorithm)


def test_a_new_key_is_published_before_it_signs_and_the_old_one_counts_after(tmp_path: Path) -> None:
    keyring = ring(tmp_path)
    old = keyring.signing_key(NOW).kid
    made = keyring.rotate(NOW)
    new = made.key.kid
    assert made.state is KeyState.NEXT
    start = made.key.signs_from
    second = timedelta(seconds=1)
    for now, signs, counting in (
        (NOW, old, {old, new}),
        (start - second, old, {old, new}),
        (start, new, {old, new}),
        (start + HOUR - second, new, {old, new}),
        (start + HOUR, new, {new}),
        # Clocks of several nodes differ, and an instant is asked for again.
        (start - second, old, {old, new}),
    ):
        assert keyring.signing_key(now).kid == signs
        assert set(keyring.public_keys(now)) == {key["kid"] for key in keyring.jwks(now)["keys"]} == counting
    assert states(keyring, start) == ["retiring", "current"]
    assert states(keyring, start + HOUR) == ["retired", "current"]


def test_rotating_again_makes_no_second_key_and_removes_what_is_retired(tmp_path: Path) -> None:
    keyring = ring(tmp_path)
    made = keyring.rotate(NOW)
    assert keyring.rotate(NOW).key.kid == made.key.kid
    assert len(list((tmp_path / "tokens").iterdir())) == 2
    later = NOW + 3 * HOUR
    newest = keyring.rotate(later).key.kid
    assert {file.stem for file in (tmp_path / "tokens").iterdir()} == {made.key.kid, newest}


def test_a_betrayed_key_counts_no_longer(tmp_path: Path) -> None:
    keyring = ring(tmp_path)
    old, waiting = keyring.signing_key(NOW).kid, keyring.rotate(NOW).key.kid
    made = keyring.rotate(NOW + HOUR / 2, at_once=True)
    assert made.state is KeyState.CURRENT
    assert made.key.kid not in (old, waiting)
    assert list(keyring.public_keys(NOW + HOUR / 2)) == [made.key.kid]
    assert [file.stem for file in (tmp_path / "tokens").iterdir()] == [made.key.kid]


def test_another_process_sees_a_rotation(tmp_path: Path) -> None:
    here, there = ring(tmp_path), ring(tmp_path)
    made = here.rotate(NOW)
    assert made.key.kid in there.public_keys(NOW)
    assert there.signing_key(made.key.signs_from).kid == made.key.kid
    betrayed = here.rotate(NOW, at_once=True)
    assert list(there.public_keys(NOW)) == [betrayed.key.kid]


def test_the_folder_is_not_looked_at_for_every_token(tmp_path: Path) -> None:
    here = ring(tmp_path)
    there = Keyring(tmp_path / "tokens", algorithm="ES256", overlap_s=3600, now=NOW, check_s=3600)
    made = here.rotate(NOW)
    assert made.key.kid not in there.public_keys(NOW)


def test_a_changed_algorithm_is_that_of_the_next_key(tmp_path: Path) -> None:
    ring(tmp_path)
    keyring = ring(tmp_path, algorithm="EdDSA")
    made = keyring.rotate(NOW)
    assert keyring.signing_key(NOW).algorithm == "ES256"
    assert keyring.signing_key(made.key.signs_from).algorithm == "EdDSA"
    assert [key["alg"] for key in keyring.jwks(NOW)["keys"]] == ["ES256", "EdDSA"]


def test_a_clock_that_steps_back_leaves_the_first_key_signing(tmp_path: Path) -> None:
    keyring = ring(tmp_path)
    assert keyring.signing_key(NOW - 10 * HOUR).kid == keyring.signing_key(NOW).kid


# -- what refuses to load


WEAK = {
    "rsa-1024": lambda: rsa.generate_private_key(65537, 1024),  # noqa: S505 weak on purpose
    "rsa-2048": lambda: rsa.generate_private_key(65537, 2048),
    "p-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
    "p-192": lambda: ec.generate_private_key(ec.SECP192R1()),
    "ed448": ed448.Ed448PrivateKey.generate,
    "dsa": lambda: dsa.generate_private_key(1024),  # noqa: S505 weak on purpose
}


@pytest.mark.parametrize("kind", WEAK)
def test_a_key_of_another_kind_refuses_to_load(tmp_path: Path, kind: str) -> None:
    ring(tmp_path)
    put(tmp_path, "x.pem", b"signs-from: 2026-09-01T00:00:00+00:00\n" + pem(WEAK[kind]()))
    with pytest.raises(UnavailableError, match=r"^the key file `x.pem` (holds no key for ES256|cannot be read)"):
        ring(tmp_path)


def test_the_same_key_twice_refuses_to_load(tmp_path: Path) -> None:
    keyring = ring(tmp_path)
    content = (tmp_path / "tokens" / f"{keyring.signing_key(NOW).kid}.pem").read_bytes()
    put(tmp_path, "copy.pem", content)
    with pytest.raises(UnavailableError, match="holds the same key as another"):
        ring(tmp_path)
    # And a running service stops at once rather than choose between them.
    with pytest.raises(UnavailableError, match="holds the same key as another"):
        keyring.public_keys(NOW)


def test_a_file_under_another_name_refuses_to_load(tmp_path: Path) -> None:
    kid = ring(tmp_path).signing_key(NOW).kid
    file = tmp_path / "tokens" / f"{kid}.pem"
    for other in (f"{'A' * 43}.pem", f"{kid}.key", kid, f"{kid}.pem.bak"):
        file = file.rename(file.with_name(other))
        with pytest.raises(UnavailableError, match="does not bear its key's thumbprint"):
            ring(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"signs-from: 2026-09-01T00:00:00+00:00\n",
        b"signs-from: 2026-09-01T00:00:00+00:00\nnonsense",
        b"signs-from: yesterday\n@",
        b"signs-from: 2026-09-01T00:00:00\n@",
        b"2026-09-01T00:00:00+00:00\n@",
        b"\xff\xfe\n@",
        b"@",
    ],
)
def test_a_file_that_is_no_key_file_refuses_to_load(tmp_path: Path, content: bytes) -> None:
    ring(tmp_path)
    put(tmp_path, "x.pem", content.replace(b"@", pem(ec.generate_private_key(ec.SECP256R1()))))
    with pytest.raises(UnavailableError, match=r"^the key file `x.pem` (cannot be read|does not say)"):
        ring(tmp_path)


def test_a_key_behind_a_passphrase_refuses_to_load(tmp_path: Path) -> None:
    ring(tmp_path)
    locked = pem(ec.generate_private_key(ec.SECP256R1()), BestAvailableEncryption(b"x"))
    put(tmp_path, "x.pem", b"signs-from: 2026-09-01T00:00:00+00:00\n" + locked)
    with pytest.raises(UnavailableError, match="cannot be read"):
        ring(tmp_path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_read_refuses_to_load(tmp_path: Path, mode: int) -> None:
    kid = ring(tmp_path).signing_key(NOW).kid
    (tmp_path / "tokens" / f"{kid}.pem").chmod(mode)
    with pytest.raises(UnavailableError, match="can be read by others; set its mode to 0600"):
        ring(tmp_path)


def test_a_folder_that_others_can_read_refuses_to_load(tmp_path: Path) -> None:
    ring(tmp_path)
    (tmp_path / "tokens").chmod(0o755)
    with pytest.raises(UnavailableError, match="set its mode to 0700"):
        ring(tmp_path)


def test_neither_a_link_nor_a_pipe_is_followed(tmp_path: Path) -> None:
    kid = ring(tmp_path).signing_key(NOW).kid
    file = tmp_path / "tokens" / f"{kid}.pem"
    file.rename(tmp_path / "elsewhere.pem")
    file.symlink_to(tmp_path / "elsewhere.pem")
    with pytest.raises(UnavailableError, match="cannot be read"):
        ring(tmp_path)
    file.unlink()
    os.mkfifo(file, 0o600)
    with pytest.raises(UnavailableError, match="cannot be read"):
        ring(tmp_path)


def test_a_service_whose_keys_have_gone_signs_nothing(tmp_path: Path) -> None:
    keyring = ring(tmp_path)
    (file,) = (tmp_path / "tokens").iterdir()
    file.unlink()
    with pytest.raises(UnavailableError, match="holds no key"):
        keyring.signing_key(NOW)
    file.parent.rmdir()
    with pytest.raises(UnavailableError, match="cannot be read"):
        keyring.signing_key(NOW)


def test_a_file_that_is_still_being_written_is_not_read(tmp_path: Path) -> None:
    keyring = ring(tmp_path)
    put(tmp_path, ".half", b"signs-fr")
    assert len(keyring.public_keys(NOW)) == 1
    assert len(ring(tmp_path).public_keys(NOW)) == 1


def test_a_key_is_not_shown_where_it_is_printed(tmp_path: Path) -> None:
    (standing,) = ring(tmp_path).standings(NOW)
    assert "private" not in repr(standing)
