"""`events`: the log by day, by who acted, by unit; on the terminal, or into a CSV file."""

import hashlib
import os
from pathlib import Path

import typer

from access_service.cli.opening import open_database, register_of, say_json, settings_for
from access_service.domain import words
from access_service.domain.audit import Event, instant
from access_service.domain.names import UnitId
from access_service.rendering.event_lines import event_line, write_events
from access_service.storage.connecting import open_new
from access_service.usecases.evidence.log_reading import (
    LogQuestion,
    open_log_as_operator,
    read_newest,
    record_log_export,
)


def question_of(
    first: str | None,
    last: str | None,
    actor: str | None,
    unit: str | None,
    target: str | None,
    action: str | None,
) -> LogQuestion:
    """What was typed, as a question."""
    return LogQuestion(
        None if first is None else words.day(first),
        None if last is None else words.day(last),
        actor,
        None if unit is None else UnitId(unit),
        target,
        action,
    )


def run_events(
    question: LogQuestion,
    *,
    database: str | None,
    register: str | None,
    newest: int,
    csv: Path | None,
    as_json: bool,
) -> None:
    """Print the newest, or write all that were asked for."""
    with open_database(settings_for(database)) as db:
        named = register_of(db, register)
        if csv is None:
            found = read_newest(db, named, question, newest)
            if as_json:
                say_json([_as_json(event) for event in found])
            else:
                typer.echo("\n".join(map(event_line, found)))
            return
        # Beside the target first: a file that is there is whole, and stands in the log.
        part = csv.with_name(f".{csv.name}.part")
        try:
            part.unlink(missing_ok=True)
            with open_log_as_operator(db, named, question) as extract, os.fdopen(open_new(part), "wb") as stream:
                rows = write_events(extract.events, stream)
            with part.open("rb") as written:
                sha256 = hashlib.file_digest(written, "sha256").hexdigest()
            record_log_export(db, extract, form="csv", rows=rows, sha256=sha256)
            part.replace(csv)
        finally:
            part.unlink(missing_ok=True)
    typer.echo(f"{csv}: {rows} dòng / rows", err=True)


def _as_json(event: Event) -> dict[str, object]:
    happening = event.happening
    return {
        "seq": event.seq,
        "recorded_at": instant(event.recorded_at),
        "actor": event.actor,
        "person": event.person,
        "action": happening.action,
        "target": happening.target,
        "outcome": happening.outcome,
        "code": happening.code,
        "unit": happening.unit or None,
        "unit_seq": event.unit_seq or None,
        "details": dict(happening.details or {}),
        "policy": event.policy,
        "hash": event.hash,
        "previous": event.previous,
    }
