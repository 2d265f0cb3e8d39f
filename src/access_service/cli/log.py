"""`log checkpoint`, `log new-epoch`, `log proof`, `log key`, `log monitor`."""

from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import typer

from access_service.cli.errors import DONE, REFUSED, UsageError
from access_service.cli.opening import open_database, register_of, say_json, services_for, settings_for
from access_service.domain.errors import UnavailableError
from access_service.usecases.log.checkpoints import MadeCheckpoint, goes_on, make_checkpoint
from access_service.usecases.log.epochs import begin_epoch
from access_service.usecases.log.monitoring import LARGEST_ANSWER, Watched, watch_log
from access_service.usecases.log.proving import prove, write_policy
from access_service.usecases.log.publishing import PublishedKeys, published_keys

TIMEOUT_S = 30


def run_checkpoint(*, output: Path | None, database: str | None, register: str | None, as_json: bool) -> None:
    """Sign the log and say where it stands."""
    settings = settings_for(database)
    with open_database(settings) as db:
        made = make_checkpoint(services_for(db, settings), register_of(db, register or settings.register_name))
    if output is not None:
        output.write_text(made.note, "utf-8")
    if as_json:
        say_json(_json(made))
        return
    typer.echo(made.note, nl=False)
    _say_unwritten(made)


def _say_unwritten(made: MadeCheckpoint) -> None:
    for line in made.unwritten:
        typer.echo(f"access-service: not written into {line}", err=True)


def _json(made: MadeCheckpoint) -> dict[str, object]:
    return {
        "origin": made.checkpoint.origin,
        "size": made.checkpoint.size,
        "root": made.checkpoint.root.hex(),
        "note": made.note,
        "is_new": made.is_new,
        "unwritten": list(made.unwritten),
    }


def run_new_epoch(
    reason: str, *, is_quiet: bool, database: str | None, register: str | None, as_json: bool
) -> None:
    """Begin a new log, and say what is missing of the old one."""
    settings = settings_for(database)
    with open_database(settings) as db:
        services, name = services_for(db, settings), register_of(db, register or settings.register_name)
        if is_quiet and goes_on(services, name):
            typer.echo("null" if as_json else f"{name}: nhật ký nối tiếp được / the old log goes on")
            return
        begun = begin_epoch(services, name, reason)
    if as_json:
        say_json({**_json(begun.made), "before": begun.before, "lost": begun.lost})
        return
    origin, lost = begun.made.checkpoint.origin, begun.lost
    typer.echo(f"{origin}: {lost} sự kiện đã ký không còn / {lost} signed events are gone")
    typer.echo(begun.made.note, nl=False)
    _say_unwritten(begun.made)


def run_proof(seq: int, *, output: Path | None, database: str | None, register: str | None) -> None:
    """Write the proof of an event."""
    settings = settings_for(database)
    with open_database(settings) as db:
        text = prove(services_for(db, settings), register_of(db, register or settings.register_name), seq)
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, "utf-8")


def run_key(*, policy: Path | None, database: str | None, register: str | None, as_json: bool) -> None:
    """Print what is published on paper."""
    settings = settings_for(database)
    with open_database(settings) as db:
        services = services_for(db, settings)
        name = register_of(db, register or settings.register_name)
        published = published_keys(services, name)
        written = write_policy(services, name)
    if policy is not None:
        policy.write_text(written, "utf-8")
    if as_json:
        say_json(
            {
                "origin": published.origin,
                "log": [str(key) for key in published.log],
                "seal": [{"id": key.id, "public": key.public_hex} for key in published.seals],
            }
        )
    else:
        _say_keys(published)


def _say_keys(published: PublishedKeys) -> None:
    typer.echo("PHIẾU CÔNG BỐ KHOÁ / PUBLIC KEYS")
    typer.echo(f"Nhật ký / log: {published.origin}")
    for vkey in published.log:
        typer.echo(f"  khoá nhật ký / log key: {vkey}")
        typer.echo(f"    {_groups(vkey.public.hex())}")
    for key in published.seals:
        typer.echo(f"  khoá xác nhận / seal key {key.id}")
        typer.echo(f"    {_groups(key.public_hex)}")


def _groups(digits: str) -> str:
    """Hexadecimal digits as somebody compares them on paper."""
    return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))


def run_monitor(url: str, *, state: Path, policy: Path, as_json: bool) -> int:
    """Fetch the newest checkpoint, prove that it goes on from the one seen before, and keep it."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise UsageError("the log's address begins with https://")
    before = state.read_text("utf-8") if state.exists() else None
    watched = watch_log(lambda path: _fetch(f"{url.rstrip('/')}/{path}"), policy.read_text("utf-8"), before)
    if watched.fault is None:
        state.write_text(watched.note, "utf-8")
    if as_json:
        say_json({"size": watched.size, "before": watched.before, "fault": watched.fault})
    else:
        _say_watched(watched)
    return DONE if watched.fault is None else REFUSED


def _say_watched(watched: Watched) -> None:
    if watched.fault is not None:
        typer.echo(f"broken  checkpoint_inconsistent  {watched.fault}  Nhật ký không nối tiếp điểm mốc đã giữ.")
    elif watched.before is None:
        typer.echo(f"{watched.size} events; the first checkpoint is kept")
    else:
        typer.echo(f"{watched.size} events; the log goes on from the {watched.before} that were seen before")


def _fetch(address: str) -> bytes:
    request = Request(address, headers={"Accept-Encoding": "identity"})  # noqa: S310 the scheme is checked above
    try:
        with urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 likewise
            data: bytes = answer.read(LARGEST_ANSWER + 1)
            return data
    except (URLError, OSError) as error:
        raise UnavailableError(f"`{address}` cannot be fetched: {error}") from error
