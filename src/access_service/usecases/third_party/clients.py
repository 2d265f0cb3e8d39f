"""Clients of software: with what it proves to be itself, and whether it still may (rule 13).

A client is made by the admin account of the contracting unit or of the department, or by the operator. A secret is
shown once and kept as SHA-256 only; whoever holds a private key instead gives the public one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from access_service.domain import approving
from access_service.domain import clients as rules
from access_service.domain.addresses import check_may_have
from access_service.domain.names import ClientId, RegisterId, SoftwareId
from access_service.domain.powers import Power, ends, power, yields
from access_service.domain.service_sign_in import check_return_addresses
from access_service.domain.software import Client, Software
from access_service.signing import passwords
from access_service.signing.client_keys import check_new_jwks
from access_service.usecases.services import Act, Caller, Services, act, as_missing, operate
from access_service.usecases.third_party.approvers import as_department
from access_service.usecases.third_party.software import in_use, own_software

SECRET_BITS = 256


@dataclass(frozen=True, slots=True)
class NewClient:
    """What a client is to be."""

    software: SoftwareId
    pep_scopes: frozenset[str] = frozenset()
    resource_types: frozenset[str] = frozenset()
    resource: str | None = None
    """URL of the resource server that it calls."""
    serves: str | None = None
    """URL as which it is called itself; once that is approved, it may exchange tokens addressed to it."""
    jwks: Mapping[str, Any] | None = None
    """Public keys (RFC 7517); without them the client gets a secret."""
    redirect_uris: frozenset[str] = frozenset()
    """Where people are sent back to who were signed in for it; none: it signs nobody in."""
    post_logout_uris: frozenset[str] = frozenset()
    """Where people may be sent who signed out there."""


@dataclass(frozen=True, slots=True)
class IssuedClient:
    """A client; `secret` is shown once, and None where it proves itself by a key."""

    client: Client
    secret: str | None


@power(yields(Power.SOFTWARE))
def create_client(services: Services, caller: Caller, wanted: NewClient) -> IssuedClient:
    """Make a client of software that the caller's unit, or the department, answers for."""
    keys = _keys_text(wanted.jwks)
    with act(services, caller, "client.create", wanted.software) as doing:
        return _create(doing, own_software(doing, wanted.software), wanted, keys)


def create_client_as_operator(services: Services, register: RegisterId, wanted: NewClient) -> IssuedClient:
    """The same at the command line."""
    keys = _keys_text(wanted.jwks)
    with operate(services, register) as doing:
        return _create(doing, in_use(doing, wanted.software), wanted, keys)


def _create(doing: Act, software: Software, wanted: NewClient, keys: str | None) -> IssuedClient:
    rules.check_scopes(software, wanted.pep_scopes, wanted.resource_types)
    rules.check_resource(wanted.resource)
    rules.check_resource(wanted.serves)
    check_return_addresses(wanted.redirect_uris)
    check_return_addresses(wanted.post_logout_uris)
    secret = passwords.new_secret(SECRET_BITS) if keys is None else None
    client = Client(
        id=ClientId(doing.new_id("cli")),
        register=doing.tx.register,
        software=software.id,
        secret_sha256=None if secret is None else passwords.digest(secret),
        old_secret_sha256=None,
        old_secret_until=None,
        jwks=keys,
        pep_scopes=wanted.pep_scopes,
        resource_types=wanted.resource_types,
        resource=wanted.resource,
        serves=wanted.serves,
        created_at=doing.now,
        redirect_uris=wanted.redirect_uris,
        post_logout_uris=wanted.post_logout_uris,
    )
    if client.serves is not None and approving.is_department(doing.ground, doing.caller):
        # Whoever says whose an address is has just said so.
        check_may_have(doing.ground, client)
        client = replace(client, serves_approved_at=doing.now)
    doing.tx.put(client)
    doing.tx.happened(
        "client.create", client.id, unit=software.unit, software=software.id, pep_scopes=sorted(client.pep_scopes)
    )
    doing.tx.touches()
    return IssuedClient(client, secret)


def _keys_text(jwks: Mapping[str, Any] | None) -> str | None:
    """The public keys as they are kept, after the signing layer has looked at every one of them.

    That takes a while: it is done before an act takes the register's lock.
    """
    if jwks is None:
        return None
    check_new_jwks(dict(jwks))
    return json.dumps(jwks, sort_keys=True, separators=(",", ":"))


@power(yields(Power.SOFTWARE) | ends(Power.SOFTWARE))
def rotate_secret(services: Services, caller: Caller, id_: ClientId, *, at_once: bool = False) -> IssuedClient:
    """A new secret; the one before stays good for the pack's hours, so that software can change over.

    `at_once`, after a leak: the one before is worth nothing from now, and what was issued to the software so far is
    revoked with it.
    """
    with act(services, caller, "client.rotate", id_) as doing:
        client, software = _own_client(doing, id_)
        return _rotate(doing, client, software, at_once=at_once)


def rotate_secret_as_operator(
    services: Services, register: RegisterId, id_: ClientId, *, at_once: bool = False
) -> IssuedClient:
    """The same at the command line."""
    with operate(services, register) as doing:
        client = _enabled(doing, id_)
        return _rotate(doing, client, doing.tx.require(Software, client.software), at_once=at_once)


def _rotate(doing: Act, client: Client, software: Software, *, at_once: bool) -> IssuedClient:
    approving.check_in_use(doing.ground, software)
    rules.check_has_secret(client)
    secret = passwords.new_secret(SECRET_BITS)
    overlap = timedelta(hours=doing.pack_for(software.unit).number("client_secret_overlap_hours"))
    rotated = replace(
        client,
        secret_sha256=passwords.digest(secret),
        old_secret_sha256=None if at_once else client.secret_sha256,
        old_secret_until=None if at_once else doing.now + overlap,
        revoked_before=doing.now if at_once else client.revoked_before,
    )
    doing.tx.put(rotated)
    doing.tx.happened("client.rotate", client.id, unit=software.unit, at_once=at_once)
    doing.tx.touches(*([software.account] if at_once else []))
    return IssuedClient(rotated, secret)


@power(yields(Power.SOFTWARE) | ends(Power.SOFTWARE))
def replace_keys(services: Services, caller: Caller, id_: ClientId, jwks: Mapping[str, Any]) -> Client:
    """Other public keys in place of those before; for an overlap, give both. A secret it had ends now."""
    keys = _keys_text(jwks)
    with act(services, caller, "client.keys", id_) as doing:
        client, software = _own_client(doing, id_)
        changed = replace(client, jwks=keys, secret_sha256=None, old_secret_sha256=None, old_secret_until=None)
        doing.tx.put(changed)
        doing.tx.happened("client.keys", id_, unit=software.unit)
        doing.tx.touches()
        return changed


@power(yields(Power.SOFTWARE) | ends(Power.SOFTWARE))
def change_sign_in(
    services: Services,
    caller: Caller,
    id_: ClientId,
    redirect_uris: frozenset[str],
    post_logout_uris: frozenset[str],
) -> Client:
    """Other addresses to come back to in place of those before: nobody is sent to one that is left out."""
    with act(services, caller, "client.sign_in", id_) as doing:
        client, software = _own_client(doing, id_)
        return _change_sign_in(doing, client, software, redirect_uris, post_logout_uris)


def change_sign_in_as_operator(
    services: Services,
    register: RegisterId,
    id_: ClientId,
    redirect_uris: frozenset[str],
    post_logout_uris: frozenset[str],
) -> Client:
    """The same at the command line."""
    with operate(services, register) as doing:
        client = _enabled(doing, id_)
        software = doing.tx.require(Software, client.software)
        return _change_sign_in(doing, client, software, redirect_uris, post_logout_uris)


def _change_sign_in(
    doing: Act, client: Client, software: Software, redirect_uris: frozenset[str], post_logout_uris: frozenset[str]
) -> Client:
    check_return_addresses(redirect_uris)
    check_return_addresses(post_logout_uris)
    changed = replace(client, redirect_uris=redirect_uris, post_logout_uris=post_logout_uris)
    doing.tx.put(changed)
    doing.tx.happened(
        "client.sign_in",
        client.id,
        unit=software.unit,
        redirect_uris=sorted(redirect_uris),
        post_logout_uris=sorted(post_logout_uris),
    )
    doing.tx.touches()
    return changed


@power(yields(Power.SOFTWARE))
def approve_address(services: Services, caller: Caller, id_: ClientId) -> Client:
    """The department says that the address that a client names is its own (A10); until then it serves nothing.

    `duplicate` where the department has given it to other software.
    """
    with act(services, caller, "client.address", id_) as doing:
        return _approve_address(doing, _named_client(doing, id_))


def approve_address_as_operator(services: Services, register: RegisterId, id_: ClientId) -> Client:
    """The same at the command line."""
    with operate(services, register) as doing:
        return _approve_address(doing, _enabled(doing, id_))


def _approve_address(doing: Act, client: Client) -> Client:
    software = in_use(doing, client.software)
    check_may_have(doing.ground, client)
    approved = replace(client, serves_approved_at=doing.now)
    doing.tx.put(approved)
    doing.tx.happened("client.address", client.id, unit=software.unit, serves=client.serves, approved=True)
    doing.tx.touches()
    return approved


@power(ends(Power.SOFTWARE))
def withdraw_address(services: Services, caller: Caller, id_: ClientId) -> Client:
    """The department takes an address back; what the software was issued so far is revoked with it."""
    with act(services, caller, "client.address", id_) as doing:
        return _withdraw_address(doing, _named_client(doing, id_))


def withdraw_address_as_operator(services: Services, register: RegisterId, id_: ClientId) -> Client:
    """The same at the command line."""
    with operate(services, register) as doing:
        return _withdraw_address(doing, _enabled(doing, id_))


def _withdraw_address(doing: Act, client: Client) -> Client:
    rules.check_has_address(client)
    software = doing.tx.require(Software, client.software)
    withdrawn = replace(client, serves_approved_at=None)
    doing.tx.put(withdrawn)
    doing.tx.happened("client.address", client.id, unit=software.unit, serves=client.serves, approved=False)
    doing.tx.touches(software.account)
    return withdrawn


def _named_client(doing: Act, id_: ClientId) -> Client:
    client = doing.tx.require(Client, id_)
    with as_missing("client", id_):
        as_department(doing, doing.tx.require(Software, client.software).unit)
    return _enabled(doing, id_)


@power(ends(Power.SOFTWARE))
def disable_client(services: Services, caller: Caller, id_: ClientId) -> Client:
    """It is let in no more, for good; what the software was issued so far is revoked with it."""
    with act(services, caller, "client.disable", id_) as doing:
        client, software = _own_client(doing, id_)
        return _disable(doing, client, software)


def disable_client_as_operator(services: Services, register: RegisterId, id_: ClientId) -> Client:
    """The same at the command line."""
    with operate(services, register) as doing:
        client = _enabled(doing, id_)
        return _disable(doing, client, doing.tx.require(Software, client.software))


def _disable(doing: Act, client: Client, software: Software) -> Client:
    disabled = replace(client, disabled_at=doing.now)
    doing.tx.put(disabled)
    doing.tx.happened("client.disable", client.id, unit=software.unit)
    doing.tx.touches(software.account)
    return disabled


def _own_client(doing: Act, id_: ClientId) -> tuple[Client, Software]:
    client = doing.tx.require(Client, id_)
    with as_missing("client", id_):
        software = own_software(doing, client.software)
    return _enabled(doing, id_), software


def _enabled(doing: Act, id_: ClientId) -> Client:
    client = doing.tx.require(Client, id_)
    rules.check_enabled(doing.ground, client)
    return client
