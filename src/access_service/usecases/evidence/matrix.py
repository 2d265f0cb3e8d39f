"""The access matrix (ma trận phân quyền): who may do what in a unit and below it, at any instant and revision.

One row a grant, and one for whoever operates a unit's admin account; whoever reaches the unit from elsewhere stands
in a part of its own. Rows are read in batches of units, so that a province is exported in bounded memory; all of it
comes from one transaction (rule 15).
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import datetime
from functools import partial
from typing import IO

from access_service.domain.audit import Happening, Json, instant
from access_service.domain.edges import acts_for
from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.names import RegisterId, UnitId
from access_service.domain.org import ManagementEdge, Unit, chain_of
from access_service.domain.policy import Pack
from access_service.domain.time import Interval
from access_service.live.revisions import check_known
from access_service.storage.ahead import AheadReader
from access_service.storage.audit import recorded_at, revision_at
from access_service.storage.db import Database
from access_service.storage.facts import Reader
from access_service.storage.policy import load_tables
from access_service.storage.standing import Gatherer
from access_service.usecases.evidence.anomalies import Examiner
from access_service.usecases.evidence.difference import compare_sides, read_side
from access_service.usecases.evidence.matrix_classes import by_scope_unit, list_classes
from access_service.usecases.evidence.matrix_filters import RowFilter, RowKey
from access_service.usecases.evidence.matrix_marks import codes_by_class, mark_rows, name_anomalies
from access_service.usecases.evidence.matrix_rows import Rows
from access_service.usecases.evidence.matrix_values import (
    EVERYTHING,
    AnomalyLine,
    Matrix,
    MatrixBatch,
    MatrixCategory,
    MatrixClass,
    MatrixFilters,
    MatrixHead,
    MatrixPack,
    MatrixRow,
    MatrixShape,
)
from access_service.usecases.handover.inspection import inspects
from access_service.usecases.looks import hash_parameters
from access_service.usecases.services import Caller, ReadView, Services


@contextmanager
def open_matrix(
    services: Services,
    caller: Caller,
    unit: UnitId,
    *,
    at: datetime | None = None,
    known_at: int | None = None,
    include_ended: bool = False,
    filters: MatrixFilters = EVERYTHING,
    diff: datetime | None = None,
    only: Collection[RowKey] | None = None,
) -> Iterator[Matrix]:
    """The matrix for a signed-in caller: the unit's leadership, a unit above, or an inspection of it (rule 14).

    `at` is now when left out, `known_at` the newest revision; `only` names the rows that a page has. Raises
    `NotFoundError` for a unit that is none of the caller's business, `RefusedError(forbidden)` for the unit's own
    staff, `InvalidError` for an unknown revision.
    """
    with services.db.connect() as connection:
        view = _check_may_have(services, Reader(connection, caller.register), caller, unit)
        reader = Reader(connection, caller.register, known_at)
        yield _matrix(
            reader,
            unit,
            at=at,
            now=view.now,
            include_ended=include_ended,
            filters=filters,
            diff=diff,
            only=only,
            tells_paths=acts_for(view.ground, view.require_caller(), unit),
        )


def check_matrix(services: Services, caller: Caller, unit: UnitId, known_at: int | None) -> None:
    """Raise what `open_matrix` would, before anything of the matrix is read."""
    with services.db.connect() as connection:
        _check_may_have(services, Reader(connection, caller.register), caller, unit)
        check_known(caller.register, revision_at(connection, caller.register), known_at)


def _check_may_have(services: Services, reader: Reader, caller: Caller, unit: UnitId) -> ReadView:
    view = ReadView(reader, caller, services.db.now_in(reader.connection, caller.register))
    if not inspects(view, caller.person, unit):
        view.as_above(unit)
    return view


@contextmanager
def read_matrix(
    db: Database,
    register: RegisterId,
    unit: UnitId,
    *,
    at: datetime | None = None,
    known_at: int | None = None,
    include_ended: bool = False,
    filters: MatrixFilters = EVERYTHING,
    diff: datetime | None = None,
    tells_paths: bool = False,
) -> Iterator[Matrix]:
    """The same for the operator at the command line, who needs no account.

    What was found of the paths to power is told where `tells_paths` says so: a dossier, which leaves the house, has
    none of it.
    """
    with db.read(register, known_at) as reader:
        now = db.now_in(reader.connection, register)
        yield _matrix(
            reader,
            unit,
            at=at,
            now=now,
            include_ended=include_ended,
            filters=filters,
            diff=diff,
            tells_paths=tells_paths,
        )


def file_sha256(stream: IO[bytes]) -> str:
    """SHA-256 (hex) of a file from its beginning, where it is left again."""
    stream.seek(0)
    found = hashlib.sha256()
    while part := stream.read(1 << 20):
        found.update(part)
    stream.seek(0)
    return found.hexdigest()


def record_matrix(
    db: Database,
    head: MatrixHead,
    actor: str,
    *,
    form: str,
    rows: int,
    sha256: str,
    by: MatrixShape | None = None,
) -> None:
    """Record that this matrix was read, once: what names everybody with a right leaves a trace, before it leaves.

    A file for people is `matrix.export`; JSON, which programs and pages read, is `matrix.read`. Both say what was
    asked for; a name that was typed to find somebody stands in the hash of the question alone. `sha256` is that of
    what was handed out: whoever holds a file can say which one it was. In a short transaction of its own, after the
    long one that read it. Raises `UnavailableError` where nothing can be recorded: then nothing is handed out.
    """
    filters = {f.name: getattr(head.filters, f.name) for f in fields(head.filters)}
    asked: dict[str, Json] = {
        name: value if isinstance(value, bool) else str(value)
        for name, value in {**filters, "by": by, "diff": head.diff and instant(head.diff)}.items()
        if value is not None
    }
    details: dict[str, Json] = {
        "at": instant(head.at),
        "format": form,
        "known_at": head.revision,
        "rows": rows,
        "sha256": sha256,
        "units": head.units,
        "ended": head.include_ended,
        **{name: value for name, value in asked.items() if name != "person"},
    }
    if "person" in asked:
        details["parameters"] = hash_parameters(unit=head.unit, at=details["at"], **asked)
    action = "matrix.read" if form == "json" else "matrix.export"
    db.note(head.register, actor, Happening(action, head.unit, details=details, unit=head.unit))


def _matrix(
    reader: Reader,
    unit: UnitId,
    *,
    at: datetime | None,
    now: datetime,
    include_ended: bool,
    filters: MatrixFilters,
    diff: datetime | None,
    only: Collection[RowKey] | None = None,
    tells_paths: bool,
) -> Matrix:
    newest = revision_at(reader.connection, reader.register)
    check_known(reader.register, newest, reader.known_at)
    revision = newest if reader.known_at is None else reader.known_at
    recorded = recorded_at(reader.connection, reader.register, revision)
    # The clock may step back; what was recorded by now did happen.
    moment = at or max(filter(None, (now, recorded)))
    found = reader.get(Unit, unit)
    if found is None:
        raise NotFoundError("unit", unit)
    gather = Gatherer(AheadReader(reader.connection, reader.register, reader.known_at))

    def make_head(instant_of: datetime) -> tuple[MatrixHead, list[UnitId]]:
        units = units_in_order(reader, unit, instant_of)
        gather.org.read_ahead(units)
        packs = _packs(gather, units, instant_of)
        head = MatrixHead(
            register=reader.register,
            unit=unit,
            unit_name=found.name,
            units=len(units),
            at=instant_of,
            revision=revision,
            recorded_at=recorded,
            packs=tuple(MatrixPack(p.name, p.version, p.digest) for p in packs),
            include_ended=include_ended,
            categories=categories_of(packs),
            filters=filters,
            diff=diff,
        )
        return head, units

    head, units = make_head(moment)
    rows = Rows(gather, head, units)
    keeps = RowFilter(head, gather, only)
    above = tuple(row for row in rows.above() if keeps(row))
    differences = None
    if diff is not None:
        heads = sorted((make_head(moment), make_head(diff)), key=lambda made: made[0].at)
        sides = [read_side(filter(keeps, _all_rows(gather, *made))) for made in heads]
        differences = compare_sides(
            gather,
            *sides,
            start=heads[0][0].at,
            end=heads[1][0].at,
            packs_changed=heads[0][0].packs != heads[1][0].packs,
        )
    return Matrix(
        head,
        _batches(gather, head, Examiner(gather, head, rows, tells_paths=tells_paths), rows, above, keeps),
        above,
        differences,
    )


def head_of_units(gather: Gatherer, root: UnitId, units: list[UnitId], at: datetime) -> MatrixHead:
    """The head of a list about some units below `root`, at the newest revision; what is over is left out."""
    reader = gather.reader
    revision = revision_at(reader.connection, reader.register)
    packs = _packs(gather, units, at)
    return MatrixHead(
        register=reader.register,
        unit=root,
        unit_name=reader.require(Unit, root).name,
        units=len(units),
        at=at,
        revision=revision,
        recorded_at=recorded_at(reader.connection, reader.register, revision),
        packs=tuple(MatrixPack(p.name, p.version, p.digest) for p in packs),
        include_ended=False,
        categories=categories_of(packs),
    )


def _all_rows(gather: Gatherer, head: MatrixHead, units: list[UnitId]) -> Iterator[MatrixRow]:
    """The rows of one instant, those from above too."""
    rows = Rows(gather, head, units)
    yield from rows.above()
    for batch in rows.batches():
        yield from batch.rows


def _batches(
    gather: Gatherer,
    head: MatrixHead,
    examiner: Examiner,
    rows: Rows,
    above: tuple[MatrixRow, ...],
    keeps: RowFilter,
) -> Iterator[MatrixBatch]:
    wide: dict[UnitId, list[MatrixRow]] = {}

    def classes(
        batch: Sequence[UnitId], kept: tuple[MatrixRow, ...], wrong: tuple[AnomalyLine, ...]
    ) -> tuple[MatrixClass, ...]:
        if not wide:
            wide.update(by_scope_unit([*above, *filter(keeps, rows.wide())]))
            wide.setdefault(head.unit, [])
        found = list_classes(gather, head, kept, wide, lambda u: chain_of(gather.org, u, head.at), batch)
        by_class = codes_by_class(wrong)
        return tuple(replace(c, anomalies=by_class[c.id]) if c.id in by_class else c for c in found)

    for batch in rows.batches():
        used = examiner.read_last_uses(row.grant for row in batch.rows if row.grant is not None)
        anomalies = [a for unit in examiner.examine(batch, used).values() for a in unit]
        marked = mark_rows(batch.rows, anomalies, used)
        kept = tuple(filter(keeps, marked))
        wrong = name_anomalies(anomalies, marked, gather, None if keeps.is_open else kept)
        yield MatrixBatch(kept, partial(classes, batch.units, kept, wrong), wrong)


def units_in_order(reader: Reader, root: UnitId, at: datetime) -> list[UnitId]:
    """The unit and everything below it along the edges of that instant, each manager before what it manages.

    Units of one manager stand in the order of their codes, and an office directly before its own schools, as a
    reader expects.
    """
    children: dict[UnitId, list[UnitId]] = {}
    seen, layer = {root}, [root]
    while layer:
        edges = reader.find(ManagementEdge, manager=layer)
        layer = []
        for edge in sorted(edges, key=lambda e: e.unit):
            if at in Interval(edge.valid_from, edge.valid_to) and edge.unit not in seen:
                seen.add(edge.unit)
                children.setdefault(edge.manager, []).append(edge.unit)
                layer.append(edge.unit)
    ordered, todo = [], [root]
    while todo:
        unit = todo.pop()
        ordered.append(unit)
        todo += reversed(children.get(unit, []))
    return ordered


def _packs(gather: Gatherer, units: list[UnitId], at: datetime) -> list[Pack]:
    digests: set[str] = set()
    for unit in units:
        try:
            binding = gather.org.binding_for(unit, at)
        except RefusedError:
            continue
        if binding is not None:
            digests.add(binding.digest)
    packs = [load_tables(gather.reader.connection, digest).pack for digest in digests]
    return sorted(packs, key=lambda p: (p.name, p.digest))


def categories_of(packs: Sequence[Pack]) -> tuple[MatrixCategory, ...]:
    """Every category of these packs; sensitive where one of them says so."""
    found: dict[str, MatrixCategory] = {}
    for category in (category for pack in packs for category in pack.categories.values()):
        before = found.get(category.id)
        is_sensitive = category.sensitive or (before is not None and before.sensitive)
        found[category.id] = MatrixCategory(category.id, category.vi, is_sensitive)
    return tuple(found.values())
