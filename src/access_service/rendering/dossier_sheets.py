"""The matrices of a dossier: at its first and last instant, what changed between, what looks wrong."""

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from access_service.domain.accounts import Account
from access_service.domain.names import RegisterId
from access_service.domain.org import Person
from access_service.evidence.manifest import DossierFile
from access_service.evidence.zipper import store_anew
from access_service.rendering.matrix_files import WRITERS, write_json
from access_service.usecases.dossiers.dossier_request import HIDDEN, DossierRequest
from access_service.usecases.evidence.matrix import read_matrix
from access_service.usecases.evidence.matrix_values import (
    Differences,
    Matrix,
    MatrixBatch,
    MatrixClass,
    MatrixRow,
    MatrixShape,
)
from access_service.usecases.services import Services

FOLDER = "ma-tran"
SHEETS: dict[str, tuple[str, str, bool, bool, MatrixShape | None]] = {
    f"{FOLDER}/dau-ky.xlsx": ("Ma trận phân quyền đầu kỳ", "xlsx", True, False, None),
    f"{FOLDER}/dau-ky.json": ("Ma trận phân quyền đầu kỳ", "json", True, False, None),
    f"{FOLDER}/cuoi-ky.xlsx": ("Ma trận phân quyền cuối kỳ", "xlsx", False, False, None),
    f"{FOLDER}/cuoi-ky.json": ("Ma trận phân quyền cuối kỳ", "json", False, False, None),
    f"{FOLDER}/thay-doi.json": ("Thay đổi trong kỳ", "json", False, True, None),
    f"{FOLDER}/bat-thuong.json": ("Điểm bất thường cuối kỳ", "json", False, False, MatrixShape.ANOMALY),
}
"""By path: what it is, its form, whether of the first instant, whether of the change, and its shape."""
NAMED = {"person_name": "person", "signer_name": "signer", "answerable_name": "answerable", "username": "account"}
"""What names people in a row, with the id of whom."""


def make_sheets(services: Services, register: RegisterId, asked: DossierRequest) -> list[DossierFile]:
    """Every sheet; in a redacted dossier people are numbered."""
    aliases = _number_people(services, register, asked) if asked.is_redacted else None
    return [_make(services, register, asked, path, aliases) for path in SHEETS]


def make_sheet(services: Services, register: RegisterId, asked: DossierRequest, path: str) -> DossierFile:
    """One sheet of a dossier in which nothing is redacted."""
    return _make(services, register, asked, path, None)


def _make(
    services: Services, register: RegisterId, asked: DossierRequest, path: str, aliases: "Aliases | None"
) -> DossierFile:
    about, form, is_first, has_change, by = SHEETS[path]
    at, diff = (asked.start if is_first else asked.end), (asked.start if has_change else None)
    data = _written(services, register, asked, at, form, aliases, diff=diff, by=by)
    if form == "xlsx":
        data = store_anew(data, asked.last)
    return DossierFile(path, data, WRITERS[form][1], about)


def _written(
    services: Services,
    register: RegisterId,
    asked: DossierRequest,
    at: datetime,
    form: str,
    aliases: "Aliases | None",
    *,
    diff: datetime | None = None,
    by: MatrixShape | None = None,
) -> bytes:
    stream = io.BytesIO()
    with read_matrix(services.db, register, asked.unit, at=at, diff=diff) as found:
        matrix = found if aliases is None else _renamed(found, aliases)
        shape = MatrixShape.CHANGE if diff is not None else by
        if form == "json":
            write_json(matrix, stream, shape)
        else:
            WRITERS[form][0](matrix, stream, shape)
    return stream.getvalue()


@dataclass(frozen=True, slots=True)
class Aliases:
    """Names of people, and what stands in their place."""

    names: dict[str, str]
    pattern: re.Pattern[str]

    def hide(self, value: Any) -> Any:
        """The value with every name in it replaced."""
        if isinstance(value, str):
            return self.pattern.sub(lambda found: self.names[found.group()], value)
        if isinstance(value, tuple):
            return tuple(self.hide(item) for item in value)
        if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{f.name: self.hide(getattr(value, f.name)) for f in fields(value)})
        return value


def _number_people(services: Services, register: RegisterId, asked: DossierRequest) -> Aliases:
    """Everybody whom a sheet names, also who holds no right and stands only among what looks wrong.

    Numbered in the order of their ids: that of the alphabet would tell whoever has a list of the staff.
    """
    found, accounts, people = dict[str, str](), set[str](), set[str]()
    for at in (asked.start, asked.end):
        with read_matrix(services.db, register, asked.unit, at=at) as matrix:
            for batch in matrix.batches:
                found |= _named_in(batch.rows)
                accounts |= {line.anomaly.account for line in batch.anomalies if line.anomaly.account}
                people |= {line.anomaly.person for line in batch.anomalies if line.anomaly.person}
            found |= _named_in(matrix.above)
    with services.db.read(register) as reader:
        held = reader.find(Account, id=sorted(accounts))
        people |= {account.person for account in held if account.person}
        found |= {account.username: account.id for account in held if account.username}
        found |= {person.name: person.id for person in reader.find(Person, id=sorted(people))}
    ordered = sorted(found, key=lambda name: (found[name], name))
    names = {name: f"Người {number:02d}" for number, name in enumerate(ordered, 1)}
    longest = sorted(names, key=lambda name: (-len(name), name))
    return Aliases(names, re.compile("|".join(map(re.escape, longest)) or r"(?!)"))


def _named_in(rows: Iterable[MatrixRow]) -> dict[str, str]:
    named = [(getattr(row, name), getattr(row, id_)) for row in rows for name, id_ in NAMED.items()]
    return {name: str(id_) for name, id_ in named if name}


def _hidden_classes(aliases: Aliases, batch: MatrixBatch) -> tuple[MatrixClass, ...]:
    found: tuple[MatrixClass, ...] = aliases.hide(batch.classes())
    return found


def _renamed(matrix: Matrix, aliases: Aliases) -> Matrix:
    def batches() -> Iterator[MatrixBatch]:
        for batch in matrix.batches:
            yield replace(
                batch,
                rows=aliases.hide(batch.rows),
                anomalies=aliases.hide(batch.anomalies),
                classes=partial(_hidden_classes, aliases, batch),
            )

    return replace(
        matrix,
        batches=batches(),
        above=aliases.hide(matrix.above),
        differences=_without_reasons(aliases.hide(matrix.differences)),
    )


def _without_reasons(found: Differences | None) -> Differences | None:
    """What people wrote about one another may name them in words that no list of names has."""
    if found is None:
        return None
    return replace(found, lines=tuple(replace(x, reason=HIDDEN if x.reason else "") for x in found.lines))
