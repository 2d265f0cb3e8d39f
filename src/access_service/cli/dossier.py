"""`dossier`: a unit's into a file, or those of everything below it into a folder; `verify` of such a file."""

import hashlib
import io
import os
import runpy
from pathlib import Path

import typer

from access_service import evidence
from access_service.cli.errors import UsageError
from access_service.cli.opening import open_database, register_of, services_for, settings_for
from access_service.domain import words
from access_service.domain.errors import NotFoundError
from access_service.domain.names import DocumentId, RegisterId, UnitId
from access_service.evidence.manifest import to_json
from access_service.evidence.zipper import write_zip
from access_service.rendering.dossier_jobs import file_name
from access_service.rendering.dossier_sheets import make_sheets
from access_service.storage.connecting import open_new
from access_service.usecases.dossiers.dossier_request import DossierRequest
from access_service.usecases.dossiers.making import MadeDossier, make_dossier
from access_service.usecases.evidence.matrix import units_in_order
from access_service.usecases.services import Services

UNPROVED = 3
"""What the verifier answers where nothing is broken, and something cannot be proved."""


def run_dossier(
    unit: str,
    *,
    first: str,
    last: str,
    output: Path,
    inspection: str | None,
    is_redacted: bool,
    is_below: bool,
    database: str | None,
    register: str | None,
) -> None:
    """Write it beside the target first: a file that is there is whole."""
    asked = DossierRequest(
        UnitId(unit),
        words.day(first),
        words.day(last),
        None if inspection is None else DocumentId(inspection),
        is_redacted=is_redacted,
    )
    settings = settings_for(database)
    with open_database(settings) as db:
        services, name = services_for(db, settings), register_of(db, register)
        if not is_below:
            made = _write(services, name, asked, output)
            typer.echo(f"{output}: {made.files} tệp / files", err=True)
            return
        if output.exists() and not output.is_dir():
            raise UsageError("with --below, name a folder with --output")
        output.mkdir(mode=0o700, exist_ok=True)
        _write_below(services, name, asked, output)


def _write(services: Services, register: RegisterId, asked: DossierRequest, output: Path) -> MadeDossier:
    part = output.with_name(f".{output.name}.part")
    try:
        part.unlink(missing_ok=True)
        with os.fdopen(open_new(part), "wb") as stream:
            made = make_dossier(services, register, None, asked, make_sheets, stream)
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
    return made


def _write_below(services: Services, register: RegisterId, asked: DossierRequest, folder: Path) -> None:
    """One ZIP a unit, and an index with the hash of each."""
    with services.db.read(register) as reader:
        units = units_in_order(reader, asked.unit, asked.end)
    index = []
    for unit in units:
        one = DossierRequest(unit, asked.first, asked.last, asked.inspection, is_redacted=asked.is_redacted)
        path = folder / file_name(one)
        try:
            made = _write(services, register, one, path)
        except NotFoundError as error:
            raise UsageError(f"unit `{unit}`: {error}") from error
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        index.append({"body_sha256": made.sha256_of_body, "file": path.name, "sha256": sha256, "unit": str(unit)})
        typer.echo(f"{path}: {made.files} tệp / files", err=True)
    packed = io.BytesIO()
    listed = "".join(f"{line['sha256']}  {line['file']}\n" for line in index)
    write_zip(packed, [("muc-luc.json", to_json(index)), ("SHA256SUMS", listed.encode())], asked.last)
    (folder / "muc-luc.zip").write_bytes(packed.getvalue())


def verify_dossier(
    path: Path, policy: Path | None, checkpoints: list[Path], *, is_strict: bool, as_json: bool
) -> int:
    """Run the very file that stands in each dossier; nothing of the service has a part in it."""
    checker = runpy.run_path(str(Path(evidence.__file__).with_name("verify.py")), run_name="verify")
    arguments = [str(path), *(["--policy", str(policy)] if policy else []), *(["--json"] if as_json else [])]
    for checkpoint in checkpoints:
        arguments += ["--checkpoint", str(checkpoint)]
    code: int = checker["main"](arguments)
    return 0 if code == UNPROVED and not is_strict else code


def is_dossier(path: Path) -> bool:
    """Is that a file that claims to be a ZIP?"""
    with path.open("rb") as stream:
        return stream.read(2) == b"PK" or path.suffix.lower() == ".zip"
