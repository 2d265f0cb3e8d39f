"""A register in SQLite for the benchmarks over HTTP: the generated province with its paper, stored as imported.

Every grant rests on a duty, signed minutes and a commitment, because that is what a cold decision and a full
explanation read. Names say that they are nobody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import dataset
from access_service.domain.accounts import Account, Suspension
from access_service.domain.delegation import Grant
from access_service.domain.documents import Document
from access_service.domain.names import (
    AccountId,
    AccountKind,
    AssignmentId,
    AuthorityId,
    ClassId,
    DocumentId,
    DocumentKind,
    DocumentState,
    EducationLevel,
    GrantId,
    Method,
    PersonId,
    SuspendableKind,
    UnitId,
)
from access_service.domain.org import Assignment, ManagementEdge, Person, SchoolClass, SchoolYear, Unit
from access_service.engine.packs.load import read_pack_files
from access_service.signing.keys import SEAL_KEY, load_or_create
from access_service.storage.db import Database, Transaction
from access_service.storage.migrate import upgrade
from access_service.usecases.register import Founding, init_register
from access_service.usecases.services import Services, operate, system_clock
from dataset import DEPARTMENT, Province
from ours import LONG_AGO, PACK, REGISTER, ROOT, instant, scope_of

CHUNK = 2000
"""Accounts stored at a time."""
OFFICER = "000acc-officer"
"""Leads the first office: everything below it is theirs to read."""
CLASSES_PER_SCHOOL, SCHOOLS_PER_OFFICE = 25, 400
"""An office of 10,000 classes."""
COMMITMENT_TEXT = "1"
DATED = date(2024, 9, 5)


def province(grants: int, anchor: int) -> Province:
    """The same generator with offices as large as a district's."""
    return Province(grants, anchor, classes_per_school=CLASSES_PER_SCHOOL, schools_per_office=SCHOOLS_PER_OFFICE)


def build(folder: Path, made: Province) -> str:
    """Found the register and store the province. Returns the database's URL; the seal's key lies beside it."""
    url = f"sqlite:///{folder / 'bench.db'}"
    upgrade(url)
    services = Services(Database(url, system_clock), load_or_create(folder / SEAL_KEY))
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
    with operate(services, REGISTER, "bench") as doing:
        _organisation(doing.tx, made)
        for accounts in _chunks(_everybody(made)):
            _people(doing.tx, accounts, founded.authority)
        doing.tx.happened("bench.fill", "all")
        doing.tx.touches_everybody()
    services.db.close()
    return url


def _chunks(values: Iterable[Any], size: int = CHUNK) -> Iterator[list[Any]]:
    source = iter(values)
    while chunk := list(islice(source, size)):
        yield chunk


def _everybody(made: Province) -> Iterator[dataset.Account]:
    first = made.office(0)
    day = dataset.DAY
    grant = dataset.Grant(
        "000grt-officer", "office_leader", first, None, None, None, made.anchor - day, made.anchor + 300 * day
    )
    yield dataset.Account(OFFICER, first, None, (grant,))
    yield from made.accounts()


def _organisation(tx: Transaction, made: Province) -> None:
    units = [u for u in made.units() if u.id != DEPARTMENT]
    for chunk in _chunks(units):
        tx.add(
            Unit,
            [
                Unit(UnitId(u.id), u.kind, "Đơn vị đo", frozenset(map(EducationLevel, u.levels)), LONG_AGO)
                for u in chunk
            ],
        )
        edges = [ManagementEdge(f"edg-{u.id}", UnitId(u.id), UnitId(u.chain[1]), "000/QĐ", LONG_AGO) for u in chunk]
        tx.add(ManagementEdge, edges)
    for year in (made.last_year, made.year):
        first = int(year[:4])
        starts, closes = datetime(first, 8, 31, 17, tzinfo=UTC), datetime(first + 2, 7, 31, 17, tzinfo=UTC)
        tx.add(SchoolYear, [SchoolYear(year, starts, closes)])
    for chunk in _chunks(made.classes()):
        tx.add(
            SchoolClass,
            [
                SchoolClass(
                    ClassId(c.id),
                    UnitId(c.school),
                    c.year,
                    c.id.rpartition(":")[2],
                    EducationLevel(c.level),
                    c.grade,
                    LONG_AGO,
                )
                for c in chunk
            ],
        )


def _people(tx: Transaction, accounts: list[dataset.Account], authority: AuthorityId) -> None:
    tx.add(Person, [Person(PersonId(f"per-{a.id}"), "Người Đo", "đo người") for a in accounts])
    tx.add(Assignment, [_duty(a) for a in accounts])
    tx.add(
        Account,
        [
            Account(
                AccountId(a.id), AccountKind.USE, UnitId(a.unit), PersonId(f"per-{a.id}"), a.id, LONG_AGO, LONG_AGO
            )
            for a in accounts
        ],
    )
    tx.add(
        Suspension,
        [
            Suspension(
                f"sus-{a.id}", SuspendableKind.ACCOUNT, a.id, UnitId(a.unit), "đo", *map(instant, a.suspended)
            )
            for a in accounts
            if a.suspended is not None
        ],
    )
    tx.add(Document, [_document(a, kind) for a in accounts for kind in _PAPERS])
    tx.add(Grant, [_grant(a, g, authority) for a in accounts for g in a.grants])


def _duty(account: dataset.Account) -> Assignment:
    return Assignment(
        id=AssignmentId(f"asg-{account.id}"),
        person=PersonId(f"per-{account.id}"),
        unit=UnitId(account.unit),
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


_PAPERS = (DocumentKind.HANDOVER_MINUTES, DocumentKind.COMMITMENT)


def _document(account: dataset.Account, kind: DocumentKind) -> Document:
    is_commitment = kind is DocumentKind.COMMITMENT
    return Document(
        id=DocumentId(f"{kind.value}-{account.id}"),
        kind=kind,
        unit=UnitId(account.unit),
        number="000/BB",
        dated=DATED,
        version=1,
        state=DocumentState.SIGNED,
        receiver=PersonId(f"per-{account.id}"),
        prepared_by=None,
        content="{}",
        sha256="0" * 64,
        method=Method.ATTESTED,
        valid_from=LONG_AGO,
        state_since=LONG_AGO,
        text_version=COMMITMENT_TEXT if is_commitment else None,
        reference="đo",
        signed_at=LONG_AGO,
    )


def _grant(account: dataset.Account, grant: dataset.Grant, authority: AuthorityId) -> Grant:
    return Grant(
        id=GrantId(grant.id),
        account=AccountId(account.id),
        role=grant.role,
        scope=scope_of(grant),
        unit=UnitId(account.unit),
        authority=authority,
        assignment=AssignmentId(f"asg-{account.id}"),
        document=DocumentId(f"{DocumentKind.HANDOVER_MINUTES.value}-{account.id}"),
        valid_from=instant(grant.start),
        valid_to=instant(grant.end),
        activated_at=instant(grant.start),
    )
