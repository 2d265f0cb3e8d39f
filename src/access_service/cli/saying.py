"""What every command begins and ends with, a database or none: its settings, and an answer in JSON."""

import json
from typing import Any

import typer

from access_service.settings import Settings


def settings_for(database: str | None = None, **more: Any) -> Settings:
    """The settings of the environment, with what the command line says in its place."""
    given = {name: value for name, value in {"database_url": database, **more}.items() if value is not None}
    return Settings(**given)


def say_json(value: Any) -> None:
    """One JSON value on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
