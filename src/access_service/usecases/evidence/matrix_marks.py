"""What looks wrong, put beside the rows that it is about, with the names that a reader needs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from access_service.domain.anomalies import Anomaly, AnomalySeverity
from access_service.domain.names import ClassId
from access_service.domain.org import Person, SchoolClass
from access_service.storage.standing import Gatherer
from access_service.usecases.evidence.matrix_values import AnomalyLine, MatrixRow


def mark_rows(
    rows: Iterable[MatrixRow], anomalies: Iterable[Anomaly], used: Mapping[str, date]
) -> tuple[MatrixRow, ...]:
    """The rows with their last use, and with the codes of what looks wrong about them; what is only told is not."""
    by_grant: dict[str, list[str]] = {}
    by_account: dict[str, list[str]] = {}
    for anomaly in anomalies:
        if anomaly.severity is AnomalySeverity.INFO:
            continue
        if anomaly.grant is not None:
            by_grant.setdefault(anomaly.grant, []).append(anomaly.code)
        elif anomaly.document is not None:
            by_grant.setdefault(anomaly.document, []).append(anomaly.code)
        elif anomaly.account is not None:
            by_account.setdefault(anomaly.account, []).append(anomaly.code)
    marked = []
    for row in rows:
        codes = by_account.get(row.account) if row.grant is None else by_grant.get(row.grant)
        last = used.get(row.grant) if row.grant is not None else None
        changed = codes or last is not None
        marked.append(replace(row, anomalies=tuple(codes or ()), last_used=last) if changed else row)
    return tuple(marked)


def codes_by_class(lines: Iterable[AnomalyLine]) -> dict[str, tuple[str, ...]]:
    """The codes of what looks wrong about a class, or about a right that is bound to it, by class."""
    found: dict[str, list[str]] = {}
    for line in lines:
        if line.anomaly.class_id is not None:
            found.setdefault(line.anomaly.class_id, []).append(line.anomaly.code)
    return {class_id: tuple(codes) for class_id, codes in found.items()}


def name_anomalies(
    anomalies: Sequence[Anomaly],
    rows: Sequence[MatrixRow],
    gather: Gatherer,
    kept: Sequence[MatrixRow] | None,
) -> tuple[AnomalyLine, ...]:
    """The anomalies with names; where rows were left out (`kept` are the others), only those about the others."""
    by_grant = {row.grant: row for row in rows if row.grant is not None}
    by_account = {row.account: row for row in rows}
    if kept is not None:
        grants, accounts = {row.grant for row in kept}, {row.account for row in kept}
        anomalies = [a for a in anomalies if a.grant in grants or (a.grant is None and a.account in accounts)]
    named = {row.person: row.person_name for row in rows if row.person is not None}
    missing = {a.person for a in anomalies if a.person is not None and a.person not in named}
    named |= {p.id: p.name for p in gather.reader.find(Person, id=missing)}
    wanted = {a.class_id for a in anomalies if a.class_id is not None}
    classes: dict[ClassId, str] = {c.id: c.name for c in gather.reader.find(SchoolClass, id=wanted)}
    found = []
    for anomaly in anomalies:
        row = by_grant.get(anomaly.grant or "") or by_account.get(anomaly.account or "")
        unit = gather.org.unit(anomaly.unit)
        found.append(
            AnomalyLine(
                anomaly=anomaly,
                cleared_by=anomaly.cleared_by,
                unit_name=unit.name if unit else "",
                person_name=named.get(anomaly.person, "") if anomaly.person else "",
                username=row.username if row else "",
                role_vi=row.role_vi if row and anomaly.grant is not None else "",
                class_name=classes.get(anomaly.class_id, "") if anomaly.class_id else "",
            )
        )
    return tuple(found)
