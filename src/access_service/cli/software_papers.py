"""`software confirm|unconfirm|deleted`: what is written of software beside its approvals."""

from pathlib import Path

from access_service.cli.software import identifier, line, open_register, say, sha256_of, word
from access_service.domain import words
from access_service.domain.names import ApprovalId, Confirmable, SoftwareConfirmationId, SoftwareId
from access_service.domain.obligations import OBLIGATION_VI
from access_service.rendering.sheets import instant_text
from access_service.usecases.third_party import software_papers
from access_service.usecases.third_party.software_papers import ConfirmingPaper, DeletionPaper

SUBJECTS = {Confirmable.SECURITY_LEVEL: "cấp độ an toàn", Confirmable.DATA_AXIS: "kết nối Trục dữ liệu"}


def run_confirm(
    software_id: str,
    *,
    subject: str,
    level: int | None,
    number: str,
    dated: str,
    issuer: str,
    file: Path,
    until: str,
    database: str | None,
    register: str | None,
    as_json: bool,
) -> None:
    """Record a confirmation; prints its id and until when it counts."""
    paper = ConfirmingPaper(
        software=SoftwareId(software_id),
        subject=word(Confirmable, subject, "--subject"),
        level=level,
        number=identifier("--number", number),
        dated=words.day(dated),
        issuer=line("--issuer", issuer),
        sha256=sha256_of(file),
        valid_to=words.instant(until),
    )
    with open_register(database, register) as (services, name):
        found = software_papers.confirm_software_as_operator(services, name, paper)
    what = SUBJECTS[found.subject] + (f" {found.level}" if found.level is not None else "")
    say(found, f"{found.id}: {what}, số {found.number}, đến {instant_text(found.valid_to)}", as_json)


def run_unconfirm(
    confirmation: str, *, reason: str, database: str | None, register: str | None, as_json: bool
) -> None:
    """Take a confirmation back."""
    with open_register(database, register) as (services, name):
        found = software_papers.withdraw_confirmation_as_operator(
            services, name, SoftwareConfirmationId(confirmation), reason=line("--reason", reason) if reason else ""
        )
    say(found, f"{found.id}: thu hồi {instant_text(found.valid_to)}", as_json)


def run_deleted(
    approval: str,
    *,
    number: str,
    dated: str,
    file: Path,
    database: str | None,
    register: str | None,
    as_json: bool,
) -> None:
    """Close the obligation that an ended approval left."""
    paper = DeletionPaper(ApprovalId(approval), identifier("--number", number), words.day(dated), sha256_of(file))
    with open_register(database, register) as (services, name):
        found = software_papers.confirm_deletion_as_operator(services, name, paper)
    say(found, f"{found.approval}: {OBLIGATION_VI[found.kind]}, số {found.number}", as_json)
