"""`settle`: write down what dates did to custodies, accounts and refused lines; take away what has had its time."""

import typer

from access_service.cli.opening import open_database, register_of, say_json, services_for, settings_for
from access_service.storage.cleaning import clean
from access_service.usecases.organisation.settling import settle

WORDS = {
    "custody.end": "quyền quản lý tài khoản quản trị chấm dứt",
    "custody.return": "tài khoản quản trị trở về thủ trưởng",
    "duty.lapse": "hồ sơ thôi nhiệm vụ được mở",
    "account.suspend": "tài khoản tạm khoá vì hết nhiệm vụ",
    "grant.activate": "quyền có hiệu lực",
    "grant.end": "quyền quá hạn, không có hiệu lực",
}


def run_settle(*, database: str | None, register: str | None, as_json: bool) -> None:
    """Settle once, as the operator."""
    settings = settings_for(database)
    with open_database(settings) as db:
        found = register_of(db, settings.register_name if register is None else register)
        services = services_for(db, settings)
        done = settle(services, found, "operator")
        cleaned = clean(db, db.now(), services.job_files)
    if as_json:
        say_json({"register": found, "events": done.events, "cleaned": dict(cleaned)})
        return
    for action, count in sorted(done.events.items()):
        typer.echo(f"{count} × {action}" + (f": {WORDS[action]}" if action in WORDS else ""))
    for name, count in sorted(cleaned.items()):
        typer.echo(f"{count} × {name}: hết hạn, đã xoá / over, taken away")
    if not done.events and not cleaned:
        typer.echo("Không có gì phải ghi / nothing to write")
