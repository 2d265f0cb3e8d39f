"""`backup`, `restore`, `verify`: a copy of everything, its return, and whether the evidence holds."""

import sys
from collections.abc import Sequence
from datetime import timedelta
from importlib import metadata
from pathlib import Path

import typer

from access_service.cli.dossier import is_dossier, verify_dossier
from access_service.cli.errors import DONE, REFUSED, UNPROVED, UsageError
from access_service.cli.opening import open_database, register_of, say_json, settings_for
from access_service.domain.audit import instant
from access_service.domain.backups import Manifest
from access_service.domain.findings import EvidenceFinding, Severity
from access_service.domain.names import RegisterId
from access_service.domain.time import local
from access_service.live.revisions import revision_text
from access_service.rendering.sheets import instant_text
from access_service.signing.age import Identity, read_identities
from access_service.storage.paper_pages import FileStore
from access_service.usecases.services import system_clock
from access_service.usecases.upkeep.backups import Closed, Opened, check_backup, make_backup
from access_service.usecases.upkeep.restoring import CameBack, KeysBack, record_recovery, restore_backup
from access_service.usecases.upkeep.verifying import Verified, verify_register
from access_service.usecases.upkeep.verifying_log import Outside, check_proof_file


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
    path: Path | None,
    *,
    identity_files: list[Path],
    passphrase_file: Path | None,
    policy: Path | None,
    checkpoints: list[Path],
    since: int,
    database: str | None,
    register: str | None,
    is_strict: bool,
    as_json: bool,
) -> int:
    """Check a backup, a proof, or every register of the database; exit status 1 where something is broken."""
    if path is not None and path.is_file() and is_dossier(path):
        return verify_dossier(path, policy, checkpoints, is_strict=is_strict, as_json=as_json)
    if path is not None and path.is_file():
        return _verify_proof(path, policy, as_json=as_json)
    if path is not None:
        manifest = check_backup(path, opened_by(identity_files, passphrase_file))
        if as_json:
            say_json({"backup": str(path), **said_of(manifest)})
        else:
            typer.echo(f"Bản sao lưu {path} còn nguyên / the backup is whole: {manifest.rows} rows")
            say_heads(manifest)
        return DONE
    settings = settings_for(database)
    named = settings.register_name if register is None else register
    with open_database(settings) as db:
        names = [register_of(db, named)] if named else [RegisterId(str(row["id"])) for row in db.registers()]
        outside = Outside(
            settings.keys_dir,
            settings.checkpoint_dirs or (),
            {file.name: file.read_text("utf-8", errors="replace") for file in checkpoints},
        )
        files = FileStore(settings.files_dir)
        verified = [verify_register(db, name, since=since, outside=outside, files=files) for name in names]
    if as_json:
        say_json([_verified(found) for found in verified])
    else:
        for found in verified:
            _say_verified(found)
    return _status(
        [finding for found in verified for finding in (*found.findings, *(found.looks if is_strict else ()))]
    )


def _verify_proof(file: Path, policy: Path | None, *, as_json: bool) -> int:
    if policy is None:
        raise UsageError("a proof is checked by a policy that says whose checkpoints count; name it with --policy")
    findings = [*check_proof_file(file.read_text("utf-8", errors="replace"), policy.read_text("utf-8"))]
    if as_json:
        say_json({"proof": str(file), "findings": [_finding(found) for found in findings]})
    elif findings:
        for found in findings:
            typer.echo(_line(found))
    else:
        typer.echo(f"{file}: sự kiện có trong nhật ký đã ký / the event stands in the signed log")
    return _status(findings)


def _status(findings: Sequence[EvidenceFinding]) -> int:
    if any(found.severity is Severity.BROKEN for found in findings):
        return REFUSED
    return UNPROVED if findings else DONE


def _say_verified(found: Verified) -> None:
    for finding in (*found.findings, *found.looks):
        typer.echo(_line(finding))
    read = f"from event {found.since + 1} on, " if found.since else ""
    typer.echo(
        f"{found.register}: {read}{found.events} events, {found.units} units, {found.documents} documents, "
        f"{found.signatures} signatures, {found.grants} grants, {found.files} PDFs, "
        f"{found.checkpoints} checkpoints; "
        f"{revision_text(found.revision)}, head {found.head}; anchored until never; "
        f"{len(found.findings)} broken, {len(found.looks)} look"
    )
    if not found.findings:
        typer.echo("  ✓ chuỗi sự kiện và hồ sơ nguyên vẹn / chain and papers hold together")


def _line(finding: EvidenceFinding) -> str:
    compared = f"  expected {finding.expected[:16]} found {finding.found[:16]}" if finding.expected else ""
    return f"{finding.severity}  {finding.code}  {finding}{compared}  {finding.vi}"


def _finding(finding: EvidenceFinding) -> dict[str, str]:
    return {
        "severity": str(finding.severity),
        "code": str(finding.code),
        "where": finding.place,
        "message": finding.message,
        "expected": finding.expected,
        "found": finding.found,
        "vi": finding.vi,
    }


def _verified(found: Verified) -> dict[str, object]:
    return {
        "register": found.register,
        "revision": revision_text(found.revision),
        "since": found.since,
        "events": found.events,
        "head": found.head,
        "units": found.units,
        "documents": found.documents,
        "signatures": found.signatures,
        "grants": found.grants,
        "files": found.files,
        "checkpoints": found.checkpoints,
        "anchored_until": None,
        "broken": len(found.findings),
        "findings": [_finding(each) for each in (*found.findings, *found.looks)],
    }
