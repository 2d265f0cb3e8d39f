"""`tasks`, `progress`, `corrections`: what waits for somebody, how far units are, what was known before."""

from collections.abc import Iterator
from datetime import datetime

import typer

from access_service.cli.opening import open_database, register_of, say_json, services_for, settings_for
from access_service.domain.names import UnitId
from access_service.domain.org import Assignment, Person, SchoolClass, SchoolYear, Unit
from access_service.domain.progress import CustodyMark, UnitProgress
from access_service.domain.tasks import TaskKind
from access_service.domain.time import local
from access_service.rendering.sheets import day_text, instant_text
from access_service.usecases.evidence.json_values import json_value
from access_service.usecases.organisation.corrections_seen import CorrectionsOf, corrections_of
from access_service.usecases.tasks.units_below import list_progress
from access_service.usecases.tasks.waiting_for import TasksSeen, tasks_of_account

Corrected = Person | SchoolClass | Assignment | SchoolYear
CUSTODY = {CustodyMark.HELD: "có", CustodyMark.AWAITING: "chờ ký", CustodyMark.VACANT: "chưa có"}
TASKS = {
    TaskKind.SIGN_AS_GIVER: "văn bản chờ ký bên giao",
    TaskKind.SIGN_AS_RECEIVER: "văn bản chờ ký nhận",
    TaskKind.RETURNED: "văn bản bị trả lại để sửa",
    TaskKind.DRAFTS: "văn bản còn ở dạng nháp",
    TaskKind.CONFIRM_ACTS: "việc chờ lãnh đạo xác nhận",
    TaskKind.CONFIRM_GRANTS: "quyền do thủ trưởng trước cấp, chờ xác nhận",
    TaskKind.CUSTODY_VACANT: "đơn vị chưa có người quản lý tài khoản quản trị",
    TaskKind.CUSTODY_AWAITING: "đơn vị chờ ký biên bản giao tài khoản quản trị",
    TaskKind.UNITS_LATE: "đơn vị chậm bàn giao quyền",
    TaskKind.YEAR_TO_RENEW: "người chưa được phân công cho năm học mới",
    TaskKind.WITHOUT_RIGHTS: "người có nhiệm vụ mà chưa có quyền",
    TaskKind.ACTIVATIONS_UNUSED: "tài khoản chưa kích hoạt",
    TaskKind.LEAVING_OPEN: "người thôi nhiệm vụ chưa bàn giao lại xong",
    TaskKind.ANOMALIES: "điểm bất thường cần xem",
    TaskKind.REMINDED: "lần được nhắc bàn giao quyền",
    TaskKind.PASSWORD_DUE: "mật khẩu sắp đến hạn đổi",
    TaskKind.RECOVERY_TO_CONFIRM: "yêu cầu khôi phục tài khoản chờ xác nhận",
    TaskKind.OWN_RECOVERY: "yêu cầu khôi phục chính tài khoản này",
    TaskKind.CODE_SEEN: "mã kích hoạt đã bị người khác thấy",
    TaskKind.NEW_FACTOR: "cách xác thực mới được thêm",
    TaskKind.JOB_OVER: "việc chạy nền đã kết thúc",
}
"""What waits, after its number."""


def run_tasks(username: str, *, database: str | None, register: str | None, as_json: bool) -> None:
    """Print what waits for whoever an account is of."""
    settings = settings_for(database)
    with open_database(settings) as db:
        found = tasks_of_account(services_for(db, settings), register_of(db, register), username)
    if as_json:
        say_json([json_value(task) for task in found.tasks])
    else:
        typer.echo("\n".join(_tasks(found)))


def _tasks(found: TasksSeen) -> Iterator[str]:
    for task in found.tasks:
        until = f"; hạn {_day(task.until)}" if task.until is not None else ""
        names = f" ({', '.join(task.names)})" if task.names else ""
        unit = found.names.get(task.unit, task.unit)
        yield f"{unit}: {task.count} {TASKS[task.kind]}{names}{until}"
    if not found.tasks:
        yield "Không có việc nào đang chờ."


def run_progress(unit: str, *, database: str | None, register: str | None, as_json: bool) -> None:
    """Print how far a unit and those below it are."""
    settings = settings_for(database)
    with open_database(settings) as db:
        found = list_progress(services_for(db, settings), register_of(db, register), UnitId(unit))
    if as_json:
        say_json([{"name": at.name, **json_value(progress)} for at, progress in found])
    else:
        typer.echo("\n".join(_progress(at, progress) for at, progress in found))


def _progress(unit: Unit, progress: UnitProgress) -> str:
    parts = (
        f"{progress.with_rights}/{progress.people} người đã có quyền",
        f"{progress.awaiting_receiver} chờ người nhận ký",
        f"{progress.awaiting_giver} chờ bên giao ký",
        f"{progress.to_mend} cần sửa",
        f"tài khoản quản trị: {CUSTODY[progress.custody]}",
    )
    return f"{unit.name} ({unit.id}): {', '.join(parts)}"


def run_corrections(id_: str, *, database: str | None, register: str | None, as_json: bool) -> None:
    """Print what was known before of something, and who set it right."""
    settings = settings_for(database)
    with open_database(settings) as db:
        found = corrections_of(services_for(db, settings), register_of(db, register), id_)
    if as_json:
        say_json(json_value(found))
    else:
        typer.echo("\n".join(_corrections(found)))


def _corrections(found: CorrectionsOf) -> Iterator[str]:
    yield f"Đang ghi: {_in_words(found.value)}"
    for one in found.earlier:
        by = f", {one.by} đính chính" if one.by else ""
        yield f"Đã biết đến {instant_text(one.until)}: {_in_words(one.value)}{by}: {one.reason}"
    if not found.earlier:
        yield "Chưa đính chính lần nào."


def _in_words(value: Corrected) -> str:
    if isinstance(value, Person):
        return value.name
    if isinstance(value, SchoolClass):
        return f"lớp {value.name}, khối {value.grade}"
    if isinstance(value, SchoolYear):
        return f"năm học {value.id}, từ {_day(value.starts_at)}, khoá từ {_day(value.closes_at)}"
    classes = ", ".join(f"{c.rpartition(':')[2]}{f' {s}' if s else ''}" for c, s in sorted(value.classes or ()))
    about = f", lớp {classes}" if classes else ""
    return f"quyết định {value.decision_number}, từ {_day(value.valid_from)}{about}"


def _day(at: datetime) -> str:
    return day_text(local(at).date())
