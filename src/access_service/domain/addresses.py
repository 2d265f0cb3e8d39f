"""Whose an address is (A10): many may name it, and one piece of software has it, by the department's word.

Nothing is asked of the network: the department knows whom it gave an address to, and a register may stand where no
name can be looked up.
"""

import ipaddress
from urllib.parse import urlsplit

from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.reasons import Refusal
from access_service.domain.software import Client, Software

_PORTS = {"http": 80, "https": 443}


def same_place(address: str) -> tuple[str, str, int | None, str, str]:
    """What two spellings of one place have in common. Tokens are compared letter by letter all the same."""
    parts = urlsplit(address)
    return (
        parts.scheme,
        (parts.hostname or "").rstrip("."),
        parts.port or _PORTS.get(parts.scheme),
        parts.path.rstrip("/"),
        parts.query,
    )


def check_may_have(ground: Ground, client: Client) -> None:
    """May the department give the client the address that it names? `duplicate` where other software has it."""
    if client.serves is None:
        raise InvalidError("the client names no address")
    place = same_place(client.serves)
    for other in ground.facts.find(Client):
        if other.address is None or other.software == client.software or not other.is_enabled(ground.now):
            continue
        software = ground.facts.get(Software, other.software)
        if software is None or ground.now not in software.interval:
            continue
        if same_place(other.address) == place:
            raise RefusedError(
                Refusal.DUPLICATE,
                "the department has given that address to other software; withdraw it there first",
                client=other.id,
            )


def source_of_host(host: str) -> str | None:
    """The address against which wrong attempts count; None where it is a silent proxy's on this machine."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return None if address.is_loopback else str(address)
