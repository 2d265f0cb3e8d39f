"""The one memory of the tests: a pack takes a second or two to compile, and hundreds of tests ask the same one."""

from access_service.domain.names import ClassId
from access_service.domain.org import SchoolClass
from access_service.domain.policy import Pack
from access_service.domain.standing import AccountStanding
from access_service.engine import compile as compiling
from access_service.engine import decide, snapshots
from access_service.engine.compiled_pack import CompiledPack
from access_service.engine.decide import Place, Site
from access_service.engine.memory import CLASS_BYTES, Memory
from access_service.engine.snapshots import NEVER, Snapshot

MEMORY = Memory()
_begin = Memory.__init__


def fresh_memory(class_bytes: int = CLASS_BYTES) -> Memory:
    """A memory that remembers nothing."""
    memory = Memory.__new__(Memory)
    _begin(memory, class_bytes)
    return memory


def share() -> None:
    """From here on whoever makes a memory, an application or a command, gets what `MEMORY` knows."""

    def shared(self: Memory, _class_bytes: int = CLASS_BYTES) -> None:
        self.__dict__ = MEMORY.__dict__

    Memory.__init__ = shared  # type: ignore[method-assign]


def compile_pack(pack: Pack) -> CompiledPack:
    return compiling.compile_pack(pack, MEMORY)


def flatten(standing: AccountStanding, until: float = NEVER) -> Snapshot:
    return snapshots.flatten(standing, MEMORY, until)


def site_of(found: SchoolClass, place: Place | None) -> Site:
    return decide.site_of(found, place, MEMORY)


def class_bit(class_id: ClassId) -> int:
    return MEMORY.class_bit(class_id)
