"""`backup`, `restore`, `verify`: a copy of everything, its return, and whether the evidence holds."""

import sys
from datetime import timedelta
from importlib import metadata
from pathlib import Path

import typer

from access_service.cli.errors import DONE, FOUND, UsageError
from access_service.cli.opening import open_database, register_of, say_json, settings_for
from access_service.domain.audit import instant
from access_service.domain.backups import Manifest
from access_service.domain.names import RegisterId
from access_service.domain.time import local
from access_service.rendering.sheets import instant_text
from access_service.signing.age import Identity, read_identities
from access_service.storage.paper_pages import FileStore
from access_service.usecases.live.revisions import revision_text
from access_service.usecases.services import system_clock
from access_service.usecases.upkeep.backups import Closed, Opened, check_backup, make_backup
from access_service.usecases.upkeep.restoring import CameBack, KeysBack, record_recovery, restore_backup
from access_service.usecases.upkeep.verifying import Verified, verify_register


def run_backup(
    folder: Path,
    *,
    recipients: list[str],
    passphrase_file: Path | None,
    keys: Path | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Copy the database, encrypted, and say where each register stood."""
    settings = settings_for(database)
    passphrase = _passphrase(passphrase_file, is_needed=not recipients, is_new=True)
    with open_database(settings) as db:
        manifest = make_backup(
            db,
            folder,
            Closed(tuple(recipients), passphrase),
            program=metadata.version("access-service"),
            keys_dir=settings.keys_dir,
            keys_file=keys,
            files=FileStore(settings.files_dir),
        )
    if as_json:
        say_json({"backup": str(folder), "keys": None if keys is None else str(keys), **said_of(manifest)})
        return
    typer.echo(f"Đã sao lưu vào {folder} / backed up: {manifest.rows} rows, schema {manifest.schema}")
    if keys is not None:
        typer.echo(f"Khoá để riêng ở {keys}, cất nơi khác / the keys apart: keep them elsewhere")
    typer.echo("Ghi lại và giữ ở nơi khác / note these elsewhere:")
    say_heads(manifest)


def run_restore(
    folder: Path,
    *,
    identity_files: list[Path],
    passphrase_file: Path | None,
    keys: Path | None,
    clock_is_right: bool,
    database: str | None,
    as_json: bool,
) -> None:
    """Restore into an empty database, and name what came back and what did not."""
    settings = settings_for(database)
    manifest, back = restore_backup(
        settings.database_url,
        system_clock,
        folder,
        opened_by(identity_files, passphrase_file),
        keys=None if keys is None else KeysBack(keys, settings.keys_dir),
        files=FileStore(settings.files_dir),
        clock_gap=timedelta(days=settings.clock_gap_days),
        is_clock_right=clock_is_right,
    )
    if as_json:
        say_json({"backup": said_of(manifest), "registers": [_json(register) for register in back]})
        return
    typer.echo(f"Đã khôi phục từ {folder} / restored: {manifest.rows} rows, made {instant_text(manifest.made_at)}")
    for register in back:
        _say(register)
    if keys is None:
        typer.echo("Khoá không có trong bản sao lưu này / no keys were restored: put the folder of keys back")


def run_recovered(*, database: str | None, as_json: bool) -> None:
    """Record that the database was brought back by its own means, and name what came back."""
    settings = settings_for(database)
    with open_database(settings) as db:
        back = record_recovery(db)
    if as_json:
        say_json({"registers": [_json(register) for register in back]})
        return
    for register in back:
        _say(register)


def opened_by(identity_files: list[Path], passphrase_file: Path | None) -> Opened:
    """With what a backup is opened; on a terminal a passphrase is asked for where nothing was named."""
    identities: list[Identity] = []
    for path in identity_files:
        identities += read_identities(path.read_text("utf-8"))
    passphrase = _passphrase(passphrase_file, is_needed=not identities, is_new=False)
    return Opened(tuple(identities), passphrase)


def _passphrase(file: Path | None, *, is_needed: bool, is_new: bool) -> str | None:
    if file is not None:
        return file.read_text("utf-8").rstrip("\r\n")
    if not is_needed:
        return None
    if not sys.stdin.isatty():
        raise UsageError(f"missing {'--recipient' if is_new else '--identity'} or --passphrase-file")
    said: str = typer.prompt(
        "Mật khẩu của bản sao lưu / passphrase", hide_input=True, confirmation_prompt=is_new, err=True
    )
    return said


def said_of(manifest: Manifest) -> dict[str, object]:
    """The manifest for programs, without the hashes of parts."""
    return {
        "program": manifest.program,
        "schema": manifest.schema,
        "made_at": local(manifest.made_at).isoformat(),
        "rows": manifest.rows,
        "registers": [
            {
                "register": r.id,
                "revision": revision_text(r.revision),
                "event": r.seq,
                "head": r.head,
                "recorded_at": local(r.recorded_at).isoformat(),
            }
            for r in manifest.registers
        ],
    }


def say_heads(manifest: Manifest) -> None:
    """Where each register stood, one a line."""
    for r in manifest.registers:
        typer.echo(f"  {r.id}  {revision_text(r.revision)}  {r.seq}  {r.head}  {instant_text(r.recorded_at)}")


def _say(back: CameBack) -> None:
    typer.echo(f"{back.register}: {revision_text(back.from_revision)} → {revision_text(back.to_revision)}")
    when = local(back.recorded_at)
    for count, vi, en in (
        (back.sessions, "phiên đăng nhập đã chấm dứt", "sessions ended"),
        (
            len(back.codes),
            "mã kích hoạt chưa dùng đã huỷ",
            "unused codes ended (access-service codes draws new ones)",
        ),
        (len(back.recoveries), "yêu cầu khôi phục tài khoản đã dừng", "recoveries stopped"),
        (len(back.clients), "phần mềm phải xin mã truy cập mới", "clients whose tokens count no more"),
        (len(back.waiting), "việc lại chờ người thứ hai", "acts wait for a second person again"),
    ):
        typer.echo(f"  {count} {vi} / {en}")
    typer.echo(
        f"  Những gì ghi sau {when:%d/%m/%Y %H:%M:%S} không còn: thu hồi, tạm đình chỉ, chữ ký, mật khẩu mới; "
        "nhập lại theo hồ sơ giấy / what was recorded later is gone, revocations too: enter it again from paper"
    )


def _json(back: CameBack) -> dict[str, object]:
    return {
        "register": back.register,
        "from": revision_text(back.from_revision),
        "to": revision_text(back.to_revision),
        "nothing_after": instant(back.recorded_at),
        "sessions_ended": back.sessions,
        "codes_ended": list(back.codes),
        "recoveries_stopped": list(back.recoveries),
        "clients_revoked": list(back.clients),
        "waiting_again": list(back.waiting),
    }


def run_verify(
    folder: Path | None,
    *,
    identity_files: list[Path],
    passphrase_file: Path | None,
    database: str | None,
    register: str | None,
    as_json: bool,
) -> int:
    """Check a backup, or every register of the database; exit status 3 with a place for each thing found."""
    if folder is not None:
        manifest = check_backup(folder, opened_by(identity_files, passphrase_file))
        if as_json:
            say_json({"backup": str(folder), **said_of(manifest)})
        else:
            typer.echo(f"Bản sao lưu {folder} còn nguyên / the backup is whole: {manifest.rows} rows")
            say_heads(manifest)
        return DONE
    settings = settings_for(database)
    named = settings.register_name if register is None else register
    with open_database(settings) as db:
        names = [register_of(db, named)] if named else [RegisterId(str(row["id"])) for row in db.registers()]
        verified = [verify_register(db, name) for name in names]
    if as_json:
        say_json([_verified(found) for found in verified])
    else:
        for found in verified:
            _say_verified(found)
    return FOUND if any(found.findings for found in verified) else DONE


def _say_verified(found: Verified) -> None:
    typer.echo(
        f"{found.register}  {revision_text(found.revision)}  {found.events}  {found.head}  "
        f"{found.documents} documents, {found.signatures} signatures, {found.grants} grants"
    )
    for finding in found.findings:
        typer.echo(f"  ✗ {finding}")
    if not found.findings:
        typer.echo("  ✓ chuỗi sự kiện và hồ sơ nguyên vẹn / chain and papers hold together")


def _verified(found: Verified) -> dict[str, object]:
    return {
        "register": found.register,
        "revision": revision_text(found.revision),
        "events": found.events,
        "head": found.head,
        "documents": found.documents,
        "signatures": found.signatures,
        "grants": found.grants,
        "findings": [{"place": f.place, "message": f.message} for f in found.findings],
    }
