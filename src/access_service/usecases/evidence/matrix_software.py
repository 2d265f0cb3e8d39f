"""The matrix's rows of software: each approval of a service account, at the contracting unit (rule 13)."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from access_service.domain.accounts import Account, Suspension, state_of
from access_service.domain.delegation import Grant
from access_service.domain.names import AccountKind, AccountState, GrantState, PersonId, SuspendableKind, UnitId
from access_service.domain.org import SchoolClass
from access_service.domain.software import (
    CONFIRMED,
    SOFTWARE_ROLE,
    ApprovalFacts,
    Share,
    Software,
    as_grant,
    ends_at,
    shares_in_force,
)
from access_service.domain.standing import approval_state
from access_service.engine.compiled_pack import CompiledPack
from access_service.storage.standing import Gatherer
from access_service.usecases.evidence.matrix_values import CategoryActions, MatrixHead, MatrixRow, Note, class_names

_NOTES = {AccountState.SUSPENDED: Note.ACCOUNT_SUSPENDED, AccountState.CLOSED: Note.ACCOUNT_CLOSED}
_OVER = frozenset({GrantState.ENDED, GrantState.EXPIRED})


class Shared(NamedTuple):
    """What the matrix has looked up already."""

    tables: Callable[[UnitId], CompiledPack | None]
    rights: Callable[[Grant, CompiledPack | None], tuple[CategoryActions, ...]]
    unit_name: Callable[[UnitId], str]
    answerable: Callable[[UnitId], tuple[PersonId | None, str]]


def software_rows(
    gather: Gatherer, head: MatrixHead, software: Sequence[Software], shared: Shared
) -> dict[UnitId, list[MatrixRow]]:
    """Rows by contracting unit: one for each box that an approval gives, one for an approval that gives none."""
    reader, at = gather.reader, head.at
    # What was recorded after the instant could not have been seen then.
    facts = [f for f in gather.approvals(software, at) if f.approval.recorded_at <= at]
    accounts = {a.id: a for a in reader.find(Account, id=[s.account for s in software])}
    laid_on: dict[str, list[Suspension]] = {}
    for s in reader.find(Suspension, kind=str(SuspendableKind.ACCOUNT), target=list(accounts)):
        laid_on.setdefault(s.target, []).append(s)
    class_ids = {c for f in facts for c in f.approval.scope.class_ids}
    classes: dict[str, SchoolClass] = {c.id: c for c in reader.find(SchoolClass, id=class_ids)}
    rows: dict[UnitId, list[MatrixRow]] = {}
    for f in sorted(facts, key=lambda f: (f.software.name, f.software.id, f.approval.id)):
        state, boxes = approval_state(f, at), shares_in_force(f, at)
        if state in _OVER and not head.include_ended:
            continue
        account = accounts.get(f.software.account)
        for share in boxes or (None,):
            row = _row(f, share, state, account, laid_on, classes, head, shared)
            rows.setdefault(f.software.unit, []).append(row)
    return rows


def _row(
    facts: ApprovalFacts,
    share: Share | None,
    state: GrantState,
    account: Account | None,
    laid_on: dict[str, list[Suspension]],
    classes: dict[str, SchoolClass],
    head: MatrixHead,
    shared: Shared,
) -> MatrixRow:
    paper, software = facts.approval, facts.software
    grant = as_grant(facts, share)
    own, tables = shared.tables(software.unit), shared.tables(grant.scope.unit)
    role = own.pack.roles.get(SOFTWARE_ROLE) if own is not None else None
    answerable, answerable_name = shared.answerable(software.unit)
    stands = "" if account is None else state_of(account, laid_on.get(account.id, ()), head.at)
    notes = [_NOTES[stands]] if isinstance(stands, AccountState) and stands in _NOTES else []
    if tables is None:
        notes.append(Note.NO_POLICY)
    if facts.unmet in CONFIRMED:
        notes.append(Note.NOT_CONFIRMED)
    return MatrixRow(
        unit=software.unit,
        unit_name=shared.unit_name(software.unit),
        account=software.account,
        username=account.username if account is not None else "",
        account_kind=AccountKind.SERVICE,
        person=None,
        person_name=f"{software.name} ({software.supplier})",
        position="",
        position_vi="",
        grant=paper.id,
        role=SOFTWARE_ROLE,
        role_vi=role.vi if role is not None else SOFTWARE_ROLE,
        scope=grant.scope,
        class_names=class_names(grant.scope, classes),
        rights=shared.rights(grant, tables),
        starts_at=paper.interval.start,
        ends_at=ends_at(facts, [] if share is None else [share]),
        state=state,
        issuer=None,
        issuer_name="",
        document=paper.id,
        document_number=paper.number,
        document_dated=paper.dated,
        commitment_version=None,
        committed_at=None,
        signer=None,
        signer_name="",
        capacity=None,
        answerable=answerable,
        answerable_name=answerable_name,
        notes=tuple(notes),
        account_state=stands,
    )
