"""The seal on a paper that is given out for the first time: where there is one, and its certificate counts."""

import logging
from pathlib import Path

from access_service.domain.audit import Json
from access_service.signing.certificates import read_trust
from access_service.signing.pdf_seal import PdfSeal, load_sealing, read_pdf_seal, seal_in_time
from access_service.usecases.services import Services

log = logging.getLogger(__name__)


def open_pdf_seal(keys_dir: Path) -> PdfSeal | None:
    """The seal in the folder of keys; what it takes to seal is loaded at the start, and not before a reader."""
    seal = read_pdf_seal(keys_dir)
    if seal is not None:
        load_sealing()
    return seal


def seal_paper(services: Services, data: bytes, *, certifies: bool) -> tuple[bytes, dict[str, Json]]:
    """The file sealed, and what the log says of the seal; the file as it is where nothing can seal it now.

    What a certificate that is over seals proves nothing.
    """
    seal = services.pdf_seal
    if seal is None or services.db.now() >= seal.not_after:
        return data, {}
    trust = read_trust(None if services.pdf_workers is None else services.pdf_workers.trust)
    sealed, level, why = seal_in_time(data, seal, services.ask_time, trust, services.db.now(), certifies=certifies)
    if why:
        log.warning("a paper is sealed without a timestamp: %s", why)
    return sealed, {"seal": seal.id, "level": str(level)}
