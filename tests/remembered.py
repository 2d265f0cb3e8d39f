"""The memories that all tests of a process share: packs that were compiled, and statements.

A pack takes a second or two to compile, and hundreds of tests ask the same one. SQLAlchemy keeps the statements
that it wrote out as SQL with each engine; nearly every test has an engine of its own, and wrote hundreds again.
"""

from typing import Any

from sqlalchemy import Engine, create_engine

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
from access_service.storage import connecting

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


class Statements(dict[Any, Any]):
    """Statements written out for one kind of database, whichever engine asks: in a key only the dialect differs."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(key[1:], default)

    def __setitem__(self, key: Any, statement: Any) -> None:
        super().__setitem__(key[1:], statement)


STATEMENTS: dict[str, Statements] = {}


def share_statements() -> None:
    """From here on every engine of the product knows what the others wrote out for the same kind of database."""

    def made(*given: Any, **named: Any) -> Engine:
        engine = create_engine(*given, **named)
        engine._compiled_cache = STATEMENTS.setdefault(engine.dialect.name, Statements())  # type: ignore[assignment]
        return engine

    connecting.create_engine = made  # type: ignore[attr-defined]


DURABLE = connecting.SYNCHRONOUS
"""As the product has it."""


def forget_the_disk() -> None:
    """From here on no commit of SQLite waits for the disk."""
    connecting.SYNCHRONOUS = "OFF"


def compile_pack(pack: Pack) -> CompiledPack:
    return compiling.compile_pack(pack, MEMORY)


def flatten(standing: AccountStanding, until: float = NEVER) -> Snapshot:
    return snapshots.flatten(standing, MEMORY, until)


def site_of(found: SchoolClass, place: Place | None) -> Site:
    return decide.site_of(found, place, MEMORY)


def class_bit(class_id: ClassId) -> int:
    return MEMORY.class_bit(class_id)
