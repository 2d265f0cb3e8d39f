"""`unlock`: break-glass for an account that was locked or not used for too long."""

from pathlib import Path

import typer

from access_service.cli.office import operator_key
from access_service.cli.opening import open_database, register_of, say_json, services_for, settings_for
from access_service.domain.time import local
from access_service.usecases.identity.sign_in import unlock


def run_unlock(
    username: str,
    *,
    with_code: bool,
    database: str | None,
    register: str | None,
    as_json: bool,
    operator: str | None = None,
    secret_file: Path | None = None,
) -> None:
    """Let the account in again, and print the one-time link where one was asked for."""
    key = None if operator is None else operator_key(operator, secret_file)
    settings = settings_for(database)
    with open_database(settings) as db:
        found = register_of(db, settings.register_name if register is None else register)
        issued = unlock(services_for(db, settings), found, username, with_code=with_code, operator=key)
    link = None if issued is None else f"{settings.public_url}/activate#code={issued.activation_code}"
    until = None if issued is None else local(issued.activation_until).isoformat()
    if as_json:
        told = {"register": found, "username": username}
        waits = {} if issued is None else {"recovery": issued.recovery.id}
        say_json(told if link is None else {**told, "activation_url": link, "valid_until": until, **waits})
        return
    typer.echo(f"Đã mở khoá tài khoản {username} / unlocked")
    if link is not None and issued is not None:
        typer.echo(f"Chờ người thứ hai xác nhận / waits for a second person: {issued.recovery.id}")
        typer.echo(f"Liên kết kích hoạt dùng một lần / one-time activation link, đến {until}:\n  {link}")
