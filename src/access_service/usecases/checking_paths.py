"""What looks wrong about the paths to power, looked for once a day and kept for those concerned."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from access_service.domain.names import RegisterId
from access_service.domain.path_findings import FindingsMoved
from access_service.storage.db import Database
from access_service.storage.path_findings import store_check
from access_service.usecases.evidence.paths import PathsChecked, check_of, record_check


@dataclass(frozen=True, slots=True)
class DailyCheck:
    """What a daily check found, against the one before."""

    checked: PathsChecked
    moved: FindingsMoved
    """Without what is accepted."""
    accepted: tuple[str, ...]
    """Names that are accepted, and found."""
    stale: tuple[str, ...]
    """Names that are accepted, and there no more."""


def check_paths_daily(db: Database, register: RegisterId, accepted: Collection[str]) -> DailyCheck:
    """The same as of now, kept for the units concerned and those above, and compared with the check before.

    What is accepted, by its name, is neither kept nor told; that it is accepted and there no more is said.
    """
    with db.read(register) as reader:
        answer = check_of(reader, db.now_in(reader.connection, register), None)
    told = [finding for finding in answer.findings if finding.name not in accepted]
    with db.aside() as connection:
        moved = store_check(connection, register, told, at=answer.at, revision=answer.revision)
    record_check(db, register, answer, None)
    names = {finding.name for finding in answer.findings}
    return DailyCheck(
        checked=answer,
        moved=replace(moved, gone=tuple(name for name in moved.gone if name not in names)),
        accepted=tuple(sorted(names.intersection(accepted))),
        stale=tuple(sorted(set(accepted) - names)),
    )
