"""The log names a passkey by its id and its key's hash for as long as it is kept; the public half stays."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace

import pytest

from access_service.domain.accounts import Account
from access_service.domain.audit import Event
from access_service.storage.keys import StoredPublicKey, public_keys
from access_service.usecases.identity import accounts, second_factor
from access_service.usecases.services import Caller, Services
from access_service.usecases.upkeep.verifying import verify_register
from soft_passkey import SoftPasskey
from world import PASSWORD, REGISTER, RENEWED, SCHOOL, World

ORIGIN, RP_ID = "https://phanquyen.example.vn", "phanquyen.example.vn"


@pytest.fixture
def served(school_world: World) -> Services:
    """Passkeys belong to an address."""
    return replace(school_world.services, public_url=ORIGIN)


def enrol(world: World, services: Services, caller: Caller, first: SoftPasskey | None = None) -> SoftPasskey:
    passkey = SoftPasskey(ORIGIN, RP_ID)
    second = None if first is None else shown(world, services, caller, first)
    options = second_factor.begin_passkey(services, caller, PASSWORD, second)
    second_factor.confirm_passkey(services, caller, passkey.make(options))
    return passkey


def shown(world: World, services: Services, caller: Caller, passkey: SoftPasskey) -> second_factor.Second:
    credential = world.credentials(world.get(Account, caller.account).username)
    assert credential is not None
    with services.db.read(world.register) as reader:
        factors = accounts.factors_in(reader, caller.account)
    challenge = second_factor.ask(services, credential, factors).details["challenge"]
    return second_factor.Second(passkey=passkey.answer(str(challenge)))


def told(world: World, action: str) -> list[Event]:
    return [e for e in world.log() if e.happening.action == action]


def kept(world: World) -> dict[str, StoredPublicKey]:
    with world.services.db.connect() as connection:
        return {key.id: key for key in public_keys(connection, "passkey")}


def test_a_passkey_is_named_when_it_comes_and_its_public_half_is_kept(
    school_world: World, served: Services
) -> None:
    world = school_world
    head = world.head_of(SCHOOL).caller
    passkey = enrol(world, served, head)
    [added] = told(world, "factor.add")
    said = added.happening.details or {}
    assert base64.urlsafe_b64decode(str(said["credential"]) + "==") == passkey.id
    key = kept(world)[str(said["key_sha256"])]
    assert hashlib.sha256(bytes.fromhex(key.public_hex)).hexdigest() == key.id == said["key_sha256"]
    numbers = passkey.key.public_key().public_numbers()
    assert numbers.x.to_bytes(32, "big") in bytes.fromhex(key.public_hex)
    assert (added.person, added.happening.unit, key.valid_to) == (head.person, SCHOOL, None)


def test_a_passkey_that_goes_is_named_and_stays_known(school_world: World, served: Services) -> None:
    world, head = school_world, school_world.head_of(SCHOOL).caller
    first = enrol(world, served, head)
    with served.db.read(world.register) as reader:
        [factor] = accounts.factors_in(reader, head.account)
    head = replace(head, session="")
    newer = enrol(world, served, head, first)
    second_factor.remove_factor(served, head, factor.id, PASSWORD, shown(world, served, head, newer))
    (added, _), [removed] = told(world, "factor.add"), told(world, "factor.remove")
    assert removed.happening.details == added.happening.details
    assert len(kept(world)) == 2
    assert kept(world)[str((removed.happening.details or {})["key_sha256"])].valid_to == removed.recorded_at


def test_a_recovery_that_takes_passkeys_away_names_them(school_world: World, served: Services) -> None:
    world = school_world
    clerk = world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    enrol(world, served, clerk.caller)
    asked = world.recover(world.admins[SCHOOL], clerk.account, reset_second_factor=True)
    accounts.activate(world.services, asked.activation_code, RENEWED)
    [added] = [e for e in told(world, "factor.add") if e.happening.target == clerk.account]
    [removed] = told(world, "factor.remove")
    assert removed.happening.details == added.happening.details
    assert removed.happening.target == clerk.account
    [key] = kept(world).values()
    assert key.valid_to == removed.recorded_at
    assert verify_register(world.services.db, REGISTER).findings == ()
