"""What daily checks of the paths to power found: written once a check, read by unit and instant."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, Update, func, insert, or_, select, update

from access_service.domain.anomalies import Anomaly, AnomalyCode, AnomalySeverity
from access_service.domain.names import AccountId, GrantId, PersonId, RegisterId, UnitId
from access_service.domain.path_findings import FindingsMoved, PathFinding, compare_findings
from access_service.storage.codec import utc
from access_service.storage.tables import table
from access_service.storage.tables_paths import PathCheckRow, PathFindingRow

_checks, _rows = table(PathCheckRow), table(PathFindingRow)
_AT_ONCE = 400


def last_check(connection: Connection, register: RegisterId, by: datetime | None = None) -> datetime | None:
    """When the register was checked last, by an instant; None where it never was."""
    newest = select(func.max(_checks.c.at)).where(_checks.c.register_id == register)
    found = connection.execute(newest if by is None else newest.where(_checks.c.at <= by)).scalar()
    return None if found is None else utc(found)


def store_check(
    connection: Connection, register: RegisterId, found: Collection[PathFinding], *, at: datetime, revision: int
) -> FindingsMoved:
    """Keep what a check found, and say what is new since the one before.

    A finding keeps the day on which it was told first; its sentence is that of today, since numbers in it move. The
    instant is later than that of every earlier check, whatever the clock says.
    """
    before = last_check(connection, register)
    moment = at if before is None else max(at, before + timedelta(microseconds=1))
    standing = select(_rows.c.name, _rows.c.unit).where(_rows.c.register_id == register, _rows.c.until.is_(None))
    known = {(str(name), str(unit)) for name, unit in connection.execute(standing)}
    now = {(f.name, str(unit)): (f, unit) for f in found for unit in f.units}
    for name, unit in sorted(known - set(now)):
        connection.execute(_one(register, name, unit).values(until=moment))
    for name, unit in sorted(known & set(now)):
        finding = now[name, unit][0]
        connection.execute(_one(register, name, unit).values(**_said(finding)))
    new = [
        {"register_id": register, "name": name, "unit": unit, "since": moment, "until": None, **_said(finding)}
        for (name, unit), (finding, _) in sorted(now.items(), key=lambda pair: pair[0])
        if (name, unit) not in known
    ]
    if new:
        connection.execute(insert(_rows), new)
    row = {"register_id": register, "at": moment, "revision": revision, "found": len(found)}
    connection.execute(insert(_checks), [row])
    return compare_findings({name for name, _ in known}, found)


def _one(register: RegisterId, name: str, unit: str) -> Update:
    here = (_rows.c.register_id == register, _rows.c.name == name, _rows.c.unit == unit, _rows.c.until.is_(None))
    return update(_rows).where(*here)


def _said(finding: PathFinding) -> dict[str, str | None]:
    return {
        "code": str(finding.code),
        "severity": str(finding.severity),
        "vi": finding.vi,
        "en": finding.en,
        "article": finding.article,
        "person": finding.person,
        "account": finding.account,
        "grant_id": finding.grant,
        "document": finding.document,
    }


def read_findings(
    connection: Connection, register: RegisterId, units: Iterable[UnitId], at: datetime
) -> dict[UnitId, list[Anomaly]]:
    """What stood by the newest check before an instant, by the unit to which it is told."""
    wanted, checked = sorted(units), last_check(connection, register, at)
    found: dict[UnitId, dict[str, Anomaly]] = {}
    for start in range(0, len(wanted) if checked is not None else 0, _AT_ONCE):
        statement = select(_rows).where(
            _rows.c.register_id == register,
            _rows.c.unit.in_(wanted[start : start + _AT_ONCE]),
            _rows.c.since <= at,
            or_(_rows.c.until.is_(None), _rows.c.until > at),
        )
        for row in connection.execute(statement.order_by(_rows.c.since, _rows.c.name)).mappings():
            since = utc(row["since"])
            anomaly = Anomaly(
                code=AnomalyCode(row["code"]),
                severity=AnomalySeverity(row["severity"]),
                unit=UnitId(row["unit"]),
                vi=row["vi"],
                en=row["en"],
                article=row["article"],
                since=since,
                person=None if row["person"] is None else PersonId(row["person"]),
                account=None if row["account"] is None else AccountId(row["account"]),
                grant=None if row["grant_id"] is None else GrantId(row["grant_id"]),
                document=row["document"],
            )
            # Two checks at once may have kept the same twice: the first counts.
            found.setdefault(anomaly.unit, {}).setdefault(row["name"], replace(anomaly, is_new=since == checked))
    return {unit: list(by_name.values()) for unit, by_name in found.items()}
