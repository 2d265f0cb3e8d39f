"""The public keys that somebody compares with paper before believing anything else."""

from dataclasses import dataclass

from access_service.domain.names import RegisterId
from access_service.signing.notes import VerifierKey
from access_service.storage.keys import StoredPublicKey, public_keys
from access_service.usecases.keys import LOG, SEAL, open_key
from access_service.usecases.log.checkpoints import keys_dir_of, keys_of, log_name
from access_service.usecases.services import Services


@dataclass(frozen=True, slots=True)
class PublishedKeys:
    """What a leaflet of keys says."""

    origin: str
    log: tuple[VerifierKey, ...]
    """Every key of the log, the oldest first; the last one signs."""
    seals: tuple[StoredPublicKey, ...]
    """Every key that confirmed signatures, likewise."""


def published_keys(services: Services, register: RegisterId) -> PublishedKeys:
    """Of a register; the log's first key is made where there is none."""
    open_key(services.db, keys_dir_of(services), LOG)
    origin = str(log_name(services, register))
    with services.db.connect() as connection:
        return PublishedKeys(origin, tuple(keys_of(connection, origin)), public_keys(connection, SEAL.purpose))
