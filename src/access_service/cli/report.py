"""`report level-3`: clause, control, evidence and verdict; the list of accounts as a CSV file beside it."""

import csv
import hashlib
import os
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import typer

from access_service.cli.opening import open_database, register_of, say_json, settings_for
from access_service.domain.audit import Doer
from access_service.domain.level_3 import VERDICT_TEXT, Clause
from access_service.domain.names import RegisterId, UnitId
from access_service.domain.time import local
from access_service.rendering.matrix_columns import guard_cell
from access_service.storage.connecting import open_new
from access_service.storage.db import Database
from access_service.usecases.evidence.level_3 import ListedAccount, read_level_3
from access_service.usecases.looks import Look
from access_service.usecases.upkeep.writing_looks import record_look

KINDS = {"admin": "quản trị", "use": "tác nghiệp", "service": "dịch vụ", "inspector": "kiểm tra"}
STATES = {"active": "đang dùng", "suspended": "tạm khoá", "closed": "đã đóng", "invited": "chưa kích hoạt"}
COLUMNS = (
    "Loại",
    "Tên tài khoản",
    "Trạng thái",
    "Hệ thống",
    "Đơn vị quản lý",
    "Đơn vị",
    "Ngày kích hoạt",
    "Ngày ngừng",
)


def run_level_3(*, accounts: Path | None, database: str | None, register: str | None, as_json: bool) -> None:
    """Print the report; write the accounts into a new file that only its owner reads."""
    settings = settings_for(database)
    with open_database(settings) as db:
        found = register_of(db, register or settings.register_name)
        root = next(UnitId(str(row["root"])) for row in db.registers() if row["id"] == found)
        with read_level_3(db, found, root) as report:
            count = None if accounts is None else _write(accounts, report.accounts)
            if accounts is not None:
                _record(db, found, root, report.at, accounts, count or 0)
            if as_json:
                clauses = [asdict(clause) for clause in report.clauses]
                say_json({"register": found, "at": report.at.isoformat(), "clauses": clauses, "accounts": count})
                return
            typer.echo(f"Báo cáo cấp độ 3, {found}, {local(report.at):%d/%m/%Y %H:%M}")
            for line in _told(report.clauses):
                typer.echo(line)
    if count is not None:
        typer.echo(f"{accounts}: {count} tài khoản / accounts", err=True)


def _record(db: Database, register: RegisterId, root: UnitId, at: datetime, path: Path, rows: int) -> None:
    """The list names every account: that it was written stands in the log, or there is no list."""
    with path.open("rb") as written:
        sha256 = hashlib.file_digest(written, "sha256").hexdigest()
    try:
        made = Look(register, Doer("operator"), "accounts.export", root, at, root, file=sha256)
        record_look(db, made, format="csv", rows=rows)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _told(clauses: Iterable[Clause]) -> Iterable[str]:
    for clause in clauses:
        yield f"{clause.number}  {clause.asks}: {VERDICT_TEXT[clause.verdict]}"
        yield f"    Biện pháp: {clause.control}"
        yield f"    Minh chứng: {clause.evidence}"
        for lacking in clause.lacking:
            yield f"    Chưa đáp ứng: {lacking}"


def _write(path: Path, accounts: Iterable[ListedAccount]) -> int:
    count = 0
    with os.fdopen(open_new(path), "w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for found in accounts:
            kind, state = KINDS.get(found.kind, found.kind), STATES.get(found.state, found.state)
            days = _day(found.activated_at), _day(found.deactivated_at)
            row = (kind, found.username, state, found.system, found.manager or "", found.department, *days)
            writer.writerow([guard_cell(cell) for cell in row])
            count += 1
    return count


def _day(at: datetime | None) -> str:
    return "" if at is None else f"{local(at):%d/%m/%Y}"
