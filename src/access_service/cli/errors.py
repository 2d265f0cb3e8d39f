"""Every error as one readable line on standard error (lists: one line each) and an exit status.

0 done or allowed; 1 refused, denied, not possible now, or found broken; 2 bad usage; 3 `verify
--strict` found nothing broken, and could not prove all of it; 130 stopped; 141 nobody read it to its end.
A traceback is only for what nobody foresaw.
"""

import json
import os
import re
import sys
from collections.abc import Callable
from typing import Any

import typer

DONE, REFUSED, USAGE, UNPROVED = 0, 1, 2, 3
_QUOTED = re.compile(r"'([^']*)'")
CUT_OFF = 130
"""Ended by the keyboard (128 + SIGINT)."""
UNREAD = 141
"""Whoever read our output left before its end (128 + SIGPIPE): neither done nor refused was said to anybody."""


class UsageError(Exception):
    """The command was called in a way that it does not understand."""


def run(call: Callable[[], Any], *, as_json: bool) -> int:
    """Call, and turn what comes of it into an exit status."""
    try:
        result = call()
    except typer.exceptions.TyperException as error:
        text = error.format_message()
        if text.startswith("Usage:"):
            # No command was named: the help is the answer, and the status says that nothing was done.
            typer.echo(text, err=True)
            return USAGE
        # In our own form: a small letter first, and what was typed in backticks.
        return _told("usage", [_QUOTED.sub(r"`\1`", text[:1].lower() + text[1:])], USAGE, as_json=as_json)
    except typer.Abort:
        typer.echo("access-service: stopped", err=True)
        return CUT_OFF
    except UsageError as error:
        return _told("usage", [str(error)], USAGE, as_json=as_json)
    except (BrokenPipeError, SystemExit) as error:
        # Typer leaves with 1 when a pipe is closed, which would read as refuted or denied.
        if isinstance(error, SystemExit) and not isinstance(error.__context__, BrokenPipeError):
            raise
        # What is still in the buffer has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
        return UNREAD
    except Exception as error:
        found = _expected(error)
        if found is None:
            raise
        code, lines, status, details = found
        return _told(code, lines, status, as_json=as_json, **details)
    return result if isinstance(result, int) else DONE


def _expected(error: Exception) -> tuple[str, list[str], int, dict[str, Any]] | None:
    """(code, lines, exit status, details) of an error that we know; None for a fault of our own."""
    # Only a failure pays for these imports.
    from pydantic import ValidationError  # noqa: PLC0415
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError  # noqa: PLC0415

    from access_service.domain.errors import (  # noqa: PLC0415
        AccessServiceError,
        ImportRefusedError,
        PolicyError,
        RefusedError,
    )
    from access_service.domain.reasons import Refusal  # noqa: PLC0415
    from access_service.domain.sentences import sentence  # noqa: PLC0415
    from access_service.domain.text import REFUSAL_TEXT  # noqa: PLC0415

    if isinstance(error, PolicyError | ImportRefusedError):
        faults = [{"place": f.place, "message": f.message, "hint": f.hint} for f in error.faults]
        return str(Refusal.INVALID), [str(fault) for fault in error.faults], REFUSED, {"faults": faults}
    if isinstance(error, RefusedError):
        text = REFUSAL_TEXT[error.code]
        status = USAGE if error.code is Refusal.INVALID else REFUSED
        return str(error.code), [error.message], status, {"vi": sentence(error, text.vi), "en": text.en}
    if isinstance(error, AccessServiceError):
        return "unavailable", [str(error)], REFUSED, {}
    if isinstance(error, ValidationError):
        return "usage", [setting_fault(e) for e in error.errors(include_url=False, include_input=False)], USAGE, {}
    if isinstance(error, ArgumentError | ModuleNotFoundError):
        return "usage", ["the database URL cannot be used; write `sqlite:///<file>` or `postgresql://…`"], USAGE, {}
    if isinstance(error, SQLAlchemyError):
        return "unavailable", [_of_database(error)], REFUSED, {}
    if isinstance(error, OSError):
        name = f"`{error.filename}`: " if error.filename else ""
        return "unavailable", [f"{name}{(error.strerror or 'cannot be used').lower()}"], REFUSED, {}
    return None


def _of_database(error: Any) -> str:
    """What the database says where it cannot work at all: full, read-only, not there. It quotes nothing of ours."""
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415

    text = "the database cannot answer that now"
    said = str(error.orig).splitlines() if isinstance(error, OperationalError) and error.orig else []
    return f"{text}: {said[0]}" if said else text


def setting_fault(error: Any) -> str:
    """What pydantic says of a setting, as a line of ours."""
    if not error["loc"]:
        return str(error["msg"]).removeprefix("Value error, ")
    name = ".".join(map(str, error["loc"]))
    name = name if name.startswith(("ACCESS_SERVICE_", "OTEL_")) else f"ACCESS_SERVICE_{name.upper()}"
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"setting `{name}`: {message[:1].lower()}{message[1:]}"


def _told(code: str, lines: list[str], status: int, *, as_json: bool, **details: Any) -> int:
    shown = [" ".join(line.split()).rstrip(".") for line in lines]
    if as_json:
        body = {
            "error": {"code": code, "message": shown[0] if len(shown) == 1 else f"{len(shown)} faults", **details}
        }
        typer.echo(json.dumps(body, ensure_ascii=False), err=True)
    else:
        for line in shown:
            typer.echo(f"access-service: {line}", err=True)
    return status
