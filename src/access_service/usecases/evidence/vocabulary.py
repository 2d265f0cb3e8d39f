"""The words of the packs that are in force in a register, for whoever writes what asks."""

from access_service.domain.names import RegisterId, UnitId
from access_service.domain.policy import PackBinding
from access_service.domain.time import Interval
from access_service.domain.vocabulary import AllWords, pack_words, vocabulary
from access_service.storage.facts import Reader
from access_service.storage.policy import load_tables
from access_service.usecases.services import Services


def read_vocabulary(services: Services, register: RegisterId) -> AllWords:
    """Nothing of it is secret: packs are made of published rules. It names no person and no right."""
    with services.db.connect() as connection:
        reader = Reader(connection, register)
        now = services.db.now_in(connection, register)
        bound: dict[str, list[UnitId]] = {}
        for binding in reader.find(PackBinding):
            if now in Interval(binding.valid_from, binding.valid_to):
                bound.setdefault(binding.digest, []).append(binding.unit)
        packs = [pack_words(load_tables(connection, digest).pack, tuple(units)) for digest, units in bound.items()]
    return vocabulary(tuple(sorted(packs, key=lambda p: (p.name, p.digest))))
