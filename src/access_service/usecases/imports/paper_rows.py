"""Import of what is handed down: authorities, signed paper, custodies, grants, by the rules of `domain.delegation`.

Paper is judged as of the day on which it was signed: who managed whom, who led the office, which authority held.
"""

from datetime import datetime

from access_service.domain.accounts import Custody
from access_service.domain.custody import check_custody, custody_duty
from access_service.domain.delegation import (
    Authority,
    Grant,
    Office,
    check_authority,
    check_grant,
    check_parties,
    complete,
    signing_capacity,
)
from access_service.domain.errors import RefusedError
from access_service.domain.names import (
    AccountKind,
    AssignmentId,
    AuthorityId,
    Capacity,
    DocumentId,
    DocumentKind,
    GrantId,
    PersonId,
)
from access_service.domain.org import Assignment, manager_of
from access_service.domain.preparing import check_not_paused
from access_service.domain.reasons import Refusal
from access_service.domain.scope import Scope
from access_service.domain.separations import check_separations
from access_service.domain.time import local
from access_service.usecases.imports.code_index import CodeIndex, ImportedPaper
from access_service.usecases.imports.org_rows import class_pairs
from access_service.usecases.imports.sheet_rows import HINTS, SheetRow

_MINUTES = frozenset({str(DocumentKind.HANDOVER_MINUTES), str(DocumentKind.CUSTODY_MINUTES)})
_KINDS = _MINUTES | {str(DocumentKind.COMMITMENT)}
_GIVER = ("giver_signer", "giver_capacity", "giver_signed_on")


def check_authorities(index: CodeIndex) -> None:
    """Sheet `authorities`: each within its parent's, which is the direct manager's. The root's has no parent."""
    root = next((a for a in index.authorities.values() if a.parent is None and a.unit == index.root), None)
    # The files may call the root's authority by a code of their own; what it covers stands as the register has it.
    is_kept = root is not None
    aliases = {r["code"] for r in index.plain("authorities") if r["unit"] == index.root and not r["parent"]}
    if root is not None:
        aliases -= index.authorities.keys() - {root.id}
        index.authorities.update(dict.fromkeys(aliases, root))
    rows: list[tuple[SheetRow, Authority]] = []
    for row in index.rows("authorities", known=frozenset(index.authorities) - aliases):
        unit = row.refers("unit", index.units, "units")
        begins, ends = row.interval()
        pack = index.pack_for(row["unit"])
        parent = root.id if root is not None and row["parent"] in aliases else AuthorityId(row["parent"])
        authority = Authority(
            id=AuthorityId(row.code()),
            unit=unit.id if unit else index.root,
            parent=parent or None,
            scope=Scope(
                unit=unit.id if unit else index.root,
                levels=row.levels(),
                grades=row.words("grades"),
                subjects=row.subjects(),
                categories=row.words("categories", pack.categories),
                actions=row.words("actions", pack.actions),
            ),
            basis=row.identifier("decision_number"),
            valid_from=begins,
            valid_to=ends,
        )
        if authority.parent is None:
            if authority.unit != index.root:
                row.fault("`parent` is empty", "name the direct manager's authority; only the root's has none")
            elif is_kept:
                index.keep(row)
                continue
            elif root is not None:
                row.fault(f"the root's authority is `{root.id}`", "one row without `parent`")
            else:
                root = authority
        if row.ok:
            rows.append((row, authority))
            index.authorities[authority.id] = authority
    _check_parents(index, rows)


def _check_parents(index: CodeIndex, rows: list[tuple[SheetRow, Authority]]) -> None:
    for row, authority in rows:
        if authority.parent is None:
            index.add(authority)
            continue
        parent = row.refers("parent", index.authorities, "authorities")
        if parent is None:
            continue
        top = index.chain(parent)[-1].parent
        if top in index.faults.broken["authorities"]:
            row.ok = False
        elif top is not None:
            row.fault(f"the authorities above `{authority.id}` do not end at the root's", "correct `parent`")
        else:
            with row.rules():
                check_authority(index.office(parent, authority.valid_from), authority)
        if row.ok:
            index.add(authority)


def check_documents(index: CodeIndex) -> None:
    """Sheet `documents`: paper signed elsewhere, by whom and in which capacity."""
    for row in index.rows("documents", known=index.document_ids):
        kind = row.word("kind", _KINDS)
        unit = row.refers("unit", index.units, "units")
        receiver = row.refers("receiver", index.persons, "persons")
        dated, reference, digest = row.day("dated"), row.text("reference"), row.sha256("sha256")
        code, signed_at = row.code(), row.past("receiver_signed_on", index.now)
        number = row.identifier("number") if row["number"] else ""
        giver_signed_at: datetime | None = None
        basis: str | None = None
        if kind in _MINUTES:
            giver_signed_at = row.past("giver_signed_on", index.now)
            if row["text_version"]:
                row.fault("minutes have no commitment text", "leave `text_version` empty")
            if row.refers("giver_signer", index.persons, "persons") is not None and row.ok:
                basis = _capacity(index, row, giver_signed_at)
            signed_at = max(signed_at, giver_signed_at)
        elif kind:
            _check_commitment(index, row, signed_at)
        if not row.ok or unit is None or receiver is None:
            continue
        paper = ImportedPaper(
            id=code,
            kind=DocumentKind(kind),
            number=number,
            dated=dated,
            unit=unit.id,
            receiver=receiver.id,
            signed_at=signed_at,
            giver=row["giver_signer"] or None,
            capacity=row["giver_capacity"],
            capacity_basis=basis,
            giver_signed_at=giver_signed_at,
            text_version=row["text_version"] or None,
            reference=reference,
            sha256=digest,
        )
        index.papers[code] = paper
        index.add(paper)
        if paper.kind is DocumentKind.COMMITMENT:
            index.commitments.add((paper.receiver, paper.unit))


def _capacity(index: CodeIndex, row: SheetRow, signed_at: datetime) -> str | None:
    """(5) The decision that lets the giver sign for the unit on that day, as it stands on every signature."""
    unit = index.units.get(row["unit"])
    kind = unit.kind if unit is not None else ""
    pack = index.pack_for(row["unit"])
    capacities = pack.capacities_of(kind)
    signer, claimed = row["giver_signer"], row.word("giver_capacity", capacities)
    with row.rules():
        check_parties(PersonId(signer), PersonId(row["receiver"]))
    if not row.ok:
        return None
    held = index.duties_in(signer, row["unit"])
    try:
        _, duty = signing_capacity(pack, held, signed_at, Capacity(claimed), kind=kind)
    except RefusedError as error:
        if signer not in index.unsure:
            day = row["giver_signed_on"]
            row.fault(f"`{signer}` on {day}: {error.message}", HINTS.get(error.code, ""))
        row.ok = False
        return None
    return f"{duty.decision_number} ({duty.id})"


def _check_commitment(index: CodeIndex, row: SheetRow, signed_at: datetime) -> None:
    for column in _GIVER:
        if row[column]:
            row.fault(f"a commitment has no giver, `{column}` is filled in", "leave it empty")
    texts = {text.version: text for text in index.pack_for(row["unit"]).commitments}
    version = row.word("text_version", texts)
    if version in texts and row.ok and signed_at < texts[version].effective_from:
        row.fault(f"signed before the text `{version}` was in force", "correct the day or the version")


def check_custodies(index: CodeIndex) -> None:
    """Sheet `custodies`: who operates which unit's admin account, by which minutes; one person at a time."""
    rows: list[tuple[SheetRow, Custody]] = []
    has_first = index.root in index.custodies
    for row in index.rows("custodies", known=index.custody_ids):
        unit = row.refers("unit", index.units, "units")
        person = row.refers("person", index.persons, "persons")
        paper = row.refers("document", index.papers, "documents")
        begins, ends = row.interval()
        if not row.ok or unit is None or person is None or paper is None:
            continue
        if unit.id == index.root and has_first:
            index.keep(row)
            continue
        account = index.admin_accounts.get(unit.id)
        if account is None:
            row.fault(f"`{unit.id}` has no admin account", "add it to sheet `accounts`")
            continue
        duty, holder = _holder(index, row, begins)
        _check_paper(row, paper, DocumentKind.CUSTODY_MINUTES, person.id)
        if paper.signed_at > begins:
            row.fault("begins before its minutes were signed", "correct `valid_from` or the day of signing")
        manager = manager_of(index.org, unit.id, begins)
        if holder:
            with row.rules():
                check_custody(
                    index.pack_for(unit.id),
                    holder=holder,
                    giver=paper.unit,
                    unit=unit.id,
                    manager=manager,
                    current=None,
                )
        custody = Custody(
            row.code(), unit.id, account.id, person.id, holder, DocumentId(paper.id), begins, ends, duty
        )
        if row.ok:
            rows.append((row, custody))
    for row, custody in sorted(rows, key=lambda pair: (pair[1].unit, pair[1].valid_from, pair[1].id)):
        _add_custody(index, row, custody)


def _holder(index: CodeIndex, row: SheetRow, at: datetime) -> tuple[AssignmentId | None, str]:
    """As what the person operates the account: by the highest rank they have in the unit on that day."""
    found = custody_duty(index.pack_for(row["unit"]), index.duties_in(row["person"], row["unit"]), at)
    if found is not None:
        return found[0].id, found[1]
    if row["person"] in index.unsure:
        row.ok = False
    else:
        message = f"`{row['person']}` has no duty in `{row['unit']}` on {row['valid_from']}"
        row.fault(message, "add it to sheet `assignments`")
    return None, ""


def _add_custody(index: CodeIndex, row: SheetRow, custody: Custody) -> None:
    """In order of unit and time, so that only the last one can be in the way; the register's may be anywhere."""
    held = index.custodies.get(custody.unit, [])
    taken = next((c for c in held if c.interval.overlaps(custody.interval)), None)
    if taken is not None:
        row.fault(f"`{taken.id}` operates that account at the same time", HINTS[Refusal.CUSTODY_TAKEN])
        return
    index.add_custody(custody)
    index.add(custody)


def _check_paper(row: SheetRow, paper: ImportedPaper, kind: DocumentKind, receiver: str | None) -> None:
    is_kind = paper.is_handover if kind is DocumentKind.HANDOVER_MINUTES else paper.kind is kind
    if not is_kind:
        row.fault(f"`{paper.id}` is a {paper.kind}, not {kind}", "correct `document`")
    if paper.receiver != receiver:
        row.fault(f"`{paper.id}` names another receiver", "correct `document`, or its `receiver`")


def check_grants(index: CodeIndex) -> None:
    """Sheet `grants`: every condition of a grant, as of the day on which its minutes were signed."""
    for row in index.rows("grants", known=index.grant_ids):
        account = row.refers("account", index.accounts, "accounts")
        unit = row.refers("unit", index.units, "units")
        scope_unit = row.refers("scope_unit", index.units, "units") if row["scope_unit"] else unit
        authority = row.refers("authority", index.authorities, "authorities")
        duty = row.refers("assignment", index.assignments, "assignments")
        paper = row.refers("document", index.papers, "documents") if row["document"] else None
        pack = index.pack_for(row["unit"])
        role = row.word("role", pack.roles)
        begins, ends = row.interval()
        if row["school_year"]:
            row.refers("school_year", index.years, "school_years")
        scope = Scope(
            unit=scope_unit.id if scope_unit else index.root,
            levels=row.levels(),
            classes=class_pairs(index, row, scope_unit.id if scope_unit else ""),
            subjects=row.subjects(),
            school_year=row["school_year"] or None,
            categories=row.words("categories", pack.categories),
        )
        code = row.code()
        if not row.ok or account is None or unit is None or authority is None or duty is None:
            continue
        if account.kind is not AccountKind.USE:
            row.fault(f"`{account.id}` is no use account", "a grant goes to a person's use account")
            continue
        if authority.unit != unit.id:
            row.fault(f"`{row['authority']}` is not the authority of `{unit.id}`", "correct it or `unit`")
            continue
        grant = Grant(
            id=GrantId(code),
            account=account.id,
            role=role,
            scope=scope,
            unit=unit.id,
            authority=authority.id,
            assignment=duty.id,
            document=DocumentId(paper.id) if paper else None,
            valid_from=begins,
            valid_to=ends,
        )
        at = paper.signed_at if paper else min(begins, index.now)
        _check_grant(index, row, grant, index.office(authority, at), duty, paper)


def _check_grant(
    index: CodeIndex, row: SheetRow, grant: Grant, office: Office, duty: Assignment, paper: ImportedPaper | None
) -> None:
    account = index.accounts[grant.account]
    try:
        grant = complete(office, grant, duty)
        held = index.duties_in(account.person or "", grant.unit)
        needs = check_grant(office, grant, account, duty, held=held).documents
        check_not_paused(index.ground(index.now), grant)
        check_separations(index.ground(office.now), office.pack, account.id, [grant.role])
    except RefusedError as error:
        row.refused(error)
        return
    if "inspection" in needs:
        row.fault(f"`{grant.role}` rests on an inspection decision", "enter the decision in the service")
    if "minutes" in needs and paper is None:
        row.fault("`document` is empty", "name the minutes by which it was handed over")
    if paper is not None:
        _check_paper(row, paper, DocumentKind.HANDOVER_MINUTES, account.person)
        if paper.unit != grant.unit:
            row.fault(f"`{paper.id}` was given by `{paper.unit}`", "the issuing unit gives the minutes")
        if local(paper.signed_at).date() < duty.decision_date:
            row.fault(f"`{paper.id}` was signed before the decision on the duty", "correct the days")
    if "commitment" in needs and (account.person, grant.unit) not in index.commitments:
        message = f"`{account.person}` has made no commitment to `{grant.unit}`"
        row.fault(message, "add the signed commitment to sheet `documents`")
    if row.ok:
        index.add(grant)
        if paper is not None:
            index.lines.setdefault(paper.id, []).append(grant)
