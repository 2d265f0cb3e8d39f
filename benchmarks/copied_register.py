"""A register of any number of grants in PostgreSQL, made by COPY: the generated province with its paper.

A line of COPY is what the service's own codec writes for a fact, with the places of what differs left open; so
five million grants are written in minutes and read by nothing that knows where they came from. Indexes are made
afterwards. What a province has once (whoever works for the whole department) there is once at every size, so that
the same question finds as many answers.

Left out at every size: credentials (nobody signs in but by the sessions made here), the units' admin accounts, and
the text of papers, which are attested and name no words. `sealed` says how many accounts' papers carry their
signature; the papers of the others have none, which decisions do not ask and `verify` does.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from psycopg import Connection, connect, sql
from sqlalchemy.engine import make_url

import dataset
from access_service.domain.accounts import Account, Home, Suspension
from access_service.domain.delegation import Authority, Grant
from access_service.domain.documents import Document, Signature
from access_service.domain.names import (
    AccountId,
    AccountKind,
    AssignmentId,
    AuthorityId,
    Capacity,
    ClassId,
    DocumentId,
    DocumentKind,
    DocumentState,
    EducationLevel,
    GrantId,
    HomeHow,
    Method,
    PersonId,
    Side,
    SuspendableKind,
    UnitId,
)
from access_service.domain.org import Assignment, ManagementEdge, Person, SchoolClass, SchoolYear, Unit
from access_service.domain.scope import Scope
from access_service.engine.packs.load import read_pack_files
from access_service.signing.documents import confirm
from access_service.signing.keys import SEAL_KEY, SealKey, load_or_create
from access_service.storage.db import Database
from access_service.storage.facts import CODECS
from access_service.storage.migrate import upgrade
from access_service.usecases.register import Founding, init_register
from access_service.usecases.services import Services, operate, system_clock
from dataset import DEPARTMENT, Province
from ours import LONG_AGO, PACK, REGISTER, ROOT, instant

ACCOUNTS_AT_ONCE = 10_000
A_PROVINCE = 22_000
"""Accounts of a province: of those that come after them nobody works for the whole department."""
DATED, SCAN = date(2024, 9, 5), "5" * 64
OPEN = {"start": datetime(1999, 1, 1, tzinfo=UTC), "end": datetime(1999, 1, 2, tzinfo=UTC)}
"""Instants that stand in a line for those of a grant."""
KINDS = (DocumentKind.HANDOVER_MINUTES, DocumentKind.COMMITMENT)
ASKED, TAKEN = 12_000, 400


@dataclass(frozen=True)
class Holder:
    """Somebody who may be asked about: a right to classes of a school, and one of those."""

    account: str
    grant: str
    school: str
    class_id: str


@dataclass(frozen=True)
class Sample:
    """Whom to ask about, and whose only right may be taken back."""

    asked: list[Holder]
    single: list[Holder]


@dataclass(frozen=True)
class Line:
    """How facts of one kind and shape stand in COPY: `text` with named places."""

    columns: tuple[str, ...]
    text: str


def line_of(value: Any, now: datetime) -> Line:
    """What the service's codec writes for the fact; `@name@` in its texts are places."""
    row = CODECS[type(value)].row(value, REGISTER, 2, now)
    text = "\t".join(map(_cell, row.values())).replace("%", "%%") + "\n"
    for name, standing in OPEN.items():
        text = text.replace(standing.isoformat(), f"%({name})s")
    parts = text.split("@")
    return Line(tuple(row), "".join(f"%({p})s" if place % 2 else p for place, p in enumerate(parts)))


def _cell(value: object) -> str:
    if value is None:
        return r"\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, date):
        return value.isoformat()
    return str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


class Writer:
    """Lines of each kind of fact, sent some thousands at a time."""

    def __init__(self, connection: Connection[Any], now: datetime) -> None:
        self._connection, self.now = connection, now
        self._lines: dict[type[Any], list[str]] = {}
        self._columns: dict[type[Any], tuple[str, ...]] = {}
        self.shape = cache(self._shape)
        self.rows = 0

    def _shape(self, make: Callable[..., Any], *key: Any) -> tuple[type[Any], str]:
        value = make(*key)
        line = line_of(value, self.now)
        if self._columns.setdefault(type(value), line.columns) != line.columns:
            raise RuntimeError(f"{type(value).__name__} has lines of two kinds")
        return type(value), line.text

    def add(self, places: dict[str, str], make: Callable[..., Any], *key: Any) -> None:
        """A fact like `make(*key)`, with these words in its places."""
        kind, text = self.shape(make, *key)
        self._lines.setdefault(kind, []).append(text % places)

    def put(self, value: Any) -> None:
        """A fact like no other."""
        line = line_of(value, self.now)
        self._columns[type(value)] = line.columns
        self._lines.setdefault(type(value), []).append(line.text % {})

    def send(self) -> None:
        """All lines that wait."""
        for kind, lines in self._lines.items():
            into = sql.SQL("COPY {} ({}) FROM STDIN").format(
                sql.Identifier(CODECS[kind].table.name),
                sql.SQL(", ").join(map(sql.Identifier, self._columns[kind])),
            )
            with self._connection.cursor() as cursor, cursor.copy(into) as copy:
                copy.write("".join(lines))
            self.rows += len(lines)
            lines.clear()


# -- the shapes of facts


def unit(kind: str, levels: tuple[str, ...]) -> Unit:
    return Unit(UnitId("@id@"), kind, "Đơn vị đo", frozenset(map(EducationLevel, levels)), LONG_AGO)


def edge() -> ManagementEdge:
    return ManagementEdge("edg-@id@", UnitId("@id@"), UnitId("@above@"), "000/QĐ", LONG_AGO)


def authority() -> Authority:
    return Authority(
        AuthorityId("aut-@id@"), UnitId("@id@"), AuthorityId("@parent@"), Scope(UnitId("@id@")), "000/QĐ", LONG_AGO
    )


def school_class(name: str, level: str, grade: str, year: str) -> SchoolClass:
    return SchoolClass(ClassId("@id@"), UnitId("@school@"), year, name, EducationLevel(level), grade, LONG_AGO)


def person() -> Person:
    return Person(PersonId("per-@id@"), "Người Đo", "đo người")


def duty() -> Assignment:
    return Assignment(
        id=AssignmentId("asg-@id@"),
        person=PersonId("per-@id@"),
        unit=UnitId("@unit@"),
        position="subject_teaching",
        decision_number="000/QĐ",
        decision_date=DATED,
        decision_sha256=None,
        classes=None,
        subjects=None,
        levels=None,
        substitutes=None,
        valid_from=LONG_AGO,
    )


def account() -> Account:
    return Account(
        AccountId("@id@"), AccountKind.USE, UnitId("@unit@"), PersonId("per-@id@"), "@id@", LONG_AGO, LONG_AGO
    )


def home() -> Home:
    return Home("hom-@id@", AccountId("@id@"), UnitId("@unit@"), HomeHow.ISSUE, "", LONG_AGO)


def paper(kind: DocumentKind) -> Document:
    id_ = f"{kind.value}-@id@"
    content = {
        "attested": {"sha256": SCAN},
        "document": id_,
        "kind": kind.value,
        "register": REGISTER,
        "version": 1,
    }
    is_commitment = kind is DocumentKind.COMMITMENT
    return Document(
        id=DocumentId(id_),
        kind=kind,
        unit=UnitId("@unit@"),
        number="000/BB",
        dated=DATED,
        version=1,
        state=DocumentState.SIGNED,
        receiver=PersonId("per-@id@"),
        prepared_by=None,
        content=json.dumps(content, separators=(",", ":"), sort_keys=True),
        sha256=SCAN,
        method=Method.ATTESTED,
        valid_from=LONG_AGO,
        state_since=LONG_AGO,
        text_version="1" if is_commitment else None,
        reference="đo",
        signed_at=LONG_AGO,
    )


def signature(id_: str, kind: DocumentKind, key: SealKey, now: datetime) -> Signature:
    """The attested signature of a person's paper, with the service's confirmation."""
    open_ = Signature(
        id=f"sig-{kind.value}-{id_}",
        document=DocumentId(f"{kind.value}-{id_}"),
        version=1,
        sha256=SCAN,
        side=Side.DECLARANT if kind is DocumentKind.COMMITMENT else Side.RECEIVER,
        person=PersonId(f"per-{id_}"),
        account=None,
        capacity=Capacity.SELF,
        capacity_basis=None,
        method=Method.ATTESTED,
        signed_at=LONG_AGO,
        key=key.id,
        confirmation="",
        valid_from=now,
    )
    return replace(open_, confirmation=confirm(key, REGISTER, open_))


def grant(role: str, levels: tuple[str, ...] | None, classes: int | None, year: str | None) -> Grant:
    scope = Scope(
        unit=UnitId("@unit@"),
        levels=None if levels is None else frozenset(map(EducationLevel, levels)),
        classes=None if classes is None else frozenset((ClassId(f"@class{n}@"), "") for n in range(classes)),
        school_year=year,
    )
    return Grant(
        id=GrantId("@grant@"),
        account=AccountId("@id@"),
        role=role,
        scope=scope,
        unit=UnitId("@home@"),
        authority=AuthorityId("@authority@"),
        assignment=AssignmentId("asg-@id@"),
        document=DocumentId(f"{KINDS[0].value}-@id@"),
        valid_from=OPEN["start"],
        valid_to=OPEN["end"],
        activated_at=OPEN["start"],
    )


# -- the register


def accounts_of(made: Province) -> Iterator[dataset.Account]:
    """Everybody; whoever comes after a province's people works for an office where they drew the department."""
    for number, one in enumerate(made.accounts()):
        if number < A_PROVINCE or one.unit != DEPARTMENT:
            yield one
            continue
        office = made.office(made.office_number(number // dataset.ACCOUNTS_PER_SCHOOL % made.schools))
        moved = [
            g._replace(unit=office, role=dataset.AT_OFFICE[dataset.AT_DEPARTMENT.index(g.role)]) for g in one.grants
        ]
        yield one._replace(unit=office, grants=tuple(moved))


def build(url: str, keys: Path, made: Province, sealed: int) -> Sample:
    """Found the register and fill it, in one transaction; the sample of whom to ask."""
    upgrade(url)
    services = Services(Database(url, system_clock), load_or_create(keys / SEAL_KEY))
    founded = init_register(
        services,
        Founding(
            register=REGISTER,
            unit=UnitId(DEPARTMENT),
            name="Sở GDĐT (đo)",
            director="Người Đo",
            decision_number="000/QĐ",
            decision_date=date(2020, 1, 2),
            decision_sha256=None,
            focal_point="Người Đo Hai",
        ),
        read_pack_files(ROOT / "policy", PACK, ROOT / "models"),
    )
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with connect(plain) as connection:
        connection.execute("SET maintenance_work_mem = '512MB'")
        with _indexes_afterwards(connection):
            writer = Writer(connection, system_clock())
            _organisation(writer, made, founded.authority)
            sample = _people(writer, made, services.seal, founded.authority, sealed)
    with operate(services, REGISTER, "bench") as doing:
        # What an import says: one event for all that was written with it.
        doing.tx.happened("register.import", "all", rows=writer.rows)
        doing.tx.touches_everybody()
    services.db.close()
    with connect(plain, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return sample


@contextmanager
def _indexes_afterwards(connection: Connection[Any]) -> Iterator[None]:
    """Without the indexes that no constraint needs, which are made again at the end."""
    names = [codec.table.name for codec in CODECS.values()]
    found = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = ANY(%s)"
        " AND indexname NOT IN (SELECT conname FROM pg_constraint)",
        (names,),
    ).fetchall()
    for name, _ in found:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    yield
    for _, definition in found:
        connection.execute(definition)


def _some(values: Iterable[Any]) -> Iterator[list[Any]]:
    source = iter(values)
    while some := list(islice(source, ACCOUNTS_AT_ONCE)):
        yield some


def _organisation(writer: Writer, made: Province, root: AuthorityId) -> None:
    for year in (made.last_year, made.year):
        first = int(year[:4])
        starts, closes = datetime(first, 8, 31, 17, tzinfo=UTC), datetime(first + 2, 7, 31, 17, tzinfo=UTC)
        writer.put(SchoolYear(year, starts, closes))
    for one in made.units():
        if one.id == DEPARTMENT:
            continue
        above = one.chain[1]
        parent = root if above == DEPARTMENT else f"aut-{above}"
        places = {"id": one.id, "above": above, "parent": parent}
        writer.add(places, unit, one.kind, one.levels)
        writer.add(places, edge)
        writer.add(places, authority)
    writer.send()
    for some in _some(made.classes()):
        for c in some:
            name = c.id.rpartition(":")[2]
            writer.add({"id": c.id, "school": c.school}, school_class, name, c.level, c.grade, c.year)
        writer.send()


def _people(writer: Writer, made: Province, key: SealKey, root: AuthorityId, sealed: int) -> Sample:
    sample = Sample([], [])
    expected = int(made.grants / 2.25)
    steps = max(1, expected // ASKED), max(1, expected // 4 // TAKEN // 2)
    left = sealed
    for some in _some(accounts_of(made)):
        for one in some:
            _one(writer, one, root)
            for kind in KINDS if left > 0 else ():
                writer.put(signature(one.id, kind, key, writer.now))
            left -= 1
            _choose(sample, one, made, steps)
        writer.send()
    return sample


def _one(writer: Writer, one: dataset.Account, root: AuthorityId) -> None:
    places = {"id": one.id, "unit": one.unit}
    for make in (person, duty, account, home):
        writer.add(places, make)
    for kind in KINDS:
        writer.add(places, paper, kind)
    if one.suspended is not None:
        since, until = map(instant, one.suspended)
        writer.put(
            Suspension(f"sus-{one.id}", SuspendableKind.ACCOUNT, one.id, UnitId(one.unit), "đo", since, until)
        )
    by = root if one.unit == DEPARTMENT else f"aut-{one.unit}"
    for g in one.grants:
        places = {"id": one.id, "home": one.unit, "unit": g.unit, "grant": g.id, "authority": by}
        places |= {"start": instant(g.start).isoformat(), "end": instant(g.end).isoformat()}
        places |= {f"class{n}": c for n, c in enumerate(sorted(g.classes or ()))}
        writer.add(places, grant, g.role, g.levels, None if g.classes is None else len(g.classes), g.year)


def _choose(sample: Sample, one: dataset.Account, made: Province, steps: tuple[int, int]) -> None:
    """Take somebody now and then into the sample: whoever teaches, is let in and has a right of today."""
    first, number = one.grants[0], int(one.id[6:])
    is_now = first.start <= made.anchor < first.end and one.suspended is None
    if not is_now or not first.classes or first.role != "subject_teacher" or first.year != made.year:
        return
    holder = Holder(one.id, first.id, first.unit, first.classes[0])
    if len(one.grants) == 1 and number // len(dataset.GRANTS_OF) % steps[1] == 0 and len(sample.single) < TAKEN:
        sample.single.append(holder)
    elif number % steps[0] == 0:
        sample.asked.append(holder)


def save(sample: Sample, file: Path) -> None:
    """Keep it beside the database."""
    file.write_text(json.dumps(asdict(sample)), "utf-8")


def load(file: Path) -> Sample:
    """What `save` kept."""
    said = json.loads(file.read_text("utf-8"))
    return Sample([Holder(**h) for h in said["asked"]], [Holder(**h) for h in said["single"]])


def keys_of(folder: Path, grants: int) -> Path:
    """The folder of keys of the register of that size, open to nobody else."""
    keys = folder / f"keys-{grants}"
    keys.mkdir(mode=0o700, exist_ok=True)
    return keys


def let_in(account: Account, now: datetime) -> Account:
    """The account, as if its holder had set a password."""
    return replace(account, activated_at=now)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
