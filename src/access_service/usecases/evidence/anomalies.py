"""What looks wrong in the units of a matrix: what was read for the rows, and a little more, before the rules."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime

from access_service.domain.accounts import Account, state_of
from access_service.domain.anomalies import Anomaly, ExaminedAccount, ExaminedGrant, ExaminedUnit
from access_service.domain.anomaly_rules import examine_unit
from access_service.domain.delegation import LEADERS, Grant, axis_outside_duty
from access_service.domain.documents import Signature
from access_service.domain.names import AccountId, AccountKind, AccountState, PersonId, Side, UnitId
from access_service.domain.org import Assignment, SchoolClass
from access_service.domain.papers import sides_of
from access_service.domain.policy import DEFAULT, Pack
from access_service.domain.software import Software
from access_service.domain.standing import OVER
from access_service.domain.time import Interval, local
from access_service.storage.booked_numbers import read_booked
from access_service.storage.path_findings import read_findings
from access_service.storage.search import read_first_recorded
from access_service.storage.second_factor import accounts_with_factor
from access_service.storage.standing import Gatherer, suspensions_by_account
from access_service.storage.uses import first_day_counted, read_last_uses
from access_service.usecases.evidence.matrix_papers import SeenBatch, SeenLine
from access_service.usecases.evidence.matrix_rows import Rows
from access_service.usecases.evidence.matrix_values import MatrixHead


class Examiner:
    """Examines the units of one matrix, batch by batch; what they share is read once."""

    def __init__(self, gather: Gatherer, head: MatrixHead, rows: Rows, *, tells_paths: bool) -> None:
        """`rows` made the rows: it knows heads, packs and who signed.

        `tells_paths`: is the list for somebody who may know what the daily check of the paths to power found?
        """
        self._tells_paths = tells_paths
        self._gather, self._head, self._rows = gather, head, rows
        self._reader, self._at = gather.reader, head.at
        connection, register = self._reader.connection, self._reader.register
        self._factors = accounts_with_factor(connection, register, self._at)
        self._used_since = first_day_counted(connection, register)

    def read_last_uses(self, grants: Iterable[str]) -> dict[str, date]:
        """The last day by the instant on which each right was used."""
        if self._used_since is None:
            return {}
        connection, register = self._reader.connection, self._reader.register
        found = read_last_uses(connection, register, set(grants), local(self._at).date())
        return {str(grant): day for grant, day in found.items()}

    def examine(self, batch: SeenBatch, used: Mapping[str, date]) -> dict[UnitId, list[Anomaly]]:
        """What looks wrong in each unit of the batch; `used` is when each right was last used."""
        grants = self._grants(batch, used)
        accounts = self._accounts(batch)
        admins = {admin.account.unit: admin for admin in batch.admins}
        software: dict[UnitId, list[Software]] = {}
        for found in self._reader.find(Software, unit=batch.units):
            software.setdefault(found.unit, []).append(found)
        classes: dict[UnitId, list[SchoolClass]] = {}
        for school_class in self._reader.find(SchoolClass, school=batch.units):
            if self._is_taught(school_class):
                classes.setdefault(school_class.school, []).append(school_class)
        staff: dict[UnitId, set[PersonId]] = {}
        for duty in batch.duties:
            if self._at in duty.interval:
                staff.setdefault(duty.unit, set()).add(duty.person)
        names = self._names(batch)
        numbers = read_booked(self._reader, batch.units, self._at)
        of_paths = self._found_of_paths(batch.units)
        result = {}
        for id_ in batch.units:
            unit, pack = self._gather.org.unit(id_), self._rows.pack_of(id_)
            if unit is None or pack is None:
                continue
            admin = admins.get(id_)
            held = classes.get(id_, [])
            examined = ExaminedUnit(
                unit=unit,
                pack=pack,
                at=self._at,
                grants=grants.get(id_, ()),
                accounts=accounts.get(id_, ()),
                staff=len(staff.get(id_, ())),
                classes=held,
                year_started=self._year_started(held),
                admin=admin.account if admin else None,
                admin_is_active=admin is not None and admin.state is AccountState.ACTIVE,
                admin_has_factor=admin is None or admin.account.id in self._factors,
                custody=admin.custody if admin else None,
                custody_paper=admin.document if admin else None,
                vacant_since=admin.last_ended if admin else None,
                approvals=tuple(self._gather.approvals(software[id_], self._at)) if id_ in software else (),
                used_since=self._used_since,
                numbers=numbers.get(id_, ()),
                names=names,
            )
            result[id_] = [*examine_unit(examined), *of_paths.get(id_, ())]
        return result

    def _found_of_paths(self, units: Collection[UnitId]) -> Mapping[UnitId, Sequence[Anomaly]]:
        """What the daily check found by then, as known then: finding it anew would read the whole register."""
        if not self._tells_paths:
            return {}
        known = self._at if self._reader.known_at is None else min(self._at, self._head.recorded_at or self._at)
        return read_findings(self._reader.connection, self._reader.register, units, known)

    def _is_taught(self, found: SchoolClass) -> bool:
        year = self._gather.org.school_year(found.school_year)
        is_open = year is None or self._at < year.closes_at
        return is_open and self._at in Interval(found.valid_from, found.valid_to)

    def _year_started(self, classes: Sequence[SchoolClass]) -> datetime | None:
        years = {found.school_year for found in classes}
        started = [year.starts_at for id_ in years if (year := self._gather.org.school_year(id_)) is not None]
        return max(started, default=None)

    def _names(self, batch: SeenBatch) -> dict[PersonId, str]:
        return {
            x.line.person: x.papers.people[x.line.person].name
            for x in batch.lines
            if x.line.person is not None and x.line.person in x.papers.people
        }

    # -- rights

    def _grants(self, batch: SeenBatch, used: Mapping[str, date]) -> dict[UnitId, list[ExaminedGrant]]:
        grants = read_first_recorded(self._reader, Grant, (x.line.grant.id for x in batch.lines))
        of_duties = [x.line.assignment.id for x in batch.lines if x.line.assignment is not None]
        duties = read_first_recorded(self._reader, Assignment, of_duties)
        found: dict[UnitId, list[ExaminedGrant]] = {}
        for seen in batch.lines:
            duty = seen.line.assignment
            recorded = [grants.get(seen.line.grant.id), duties.get(duty.id) if duty else None]
            last = max((at for at in recorded if at is not None), default=None)
            found.setdefault(seen.line.unit, []).append(self._grant(seen, last, used.get(seen.line.grant.id)))
        return found

    def _grant(self, seen: SeenLine, recorded_at: datetime | None, last_used: date | None) -> ExaminedGrant:
        line, facts, papers = seen.line, seen.facts, seen.papers
        grant, document = facts.grant, facts.document
        own, here = self._rows.pack_of(grant.unit), self._rows.pack_of(line.unit)
        rights = self._rows.rights_of(grant, self._rows.tables_of(grant.scope.unit))
        account = papers.accounts.get(grant.account)
        giver = papers.giver(document, self._at)
        signatures = papers.signatures.get(document.id, ()) if document else ()
        row = self._gather.rule_of(grant, line.assignment, own) if own and line.assignment else None
        role = own.roles.get(grant.role) if own else None
        state = seen.state
        outside = None
        if here is not None and line.assignment is not None and state not in OVER:
            outside = axis_outside_duty(self._gather.org, here, self._at, grant.scope, line.assignment)
        return ExaminedGrant(
            facts=facts,
            state=state,
            duty=line.assignment,
            person=line.person,
            account=account,
            can_sign_in=account is not None and papers.state_of(account, grant.id, self._at) is AccountState.ACTIVE,
            rights=frozenset((right.category, action) for right in rights for action in right.actions),
            role_vi=role.vi if role else grant.role,
            role_article=role.article if role else DEFAULT,
            handover_article=row.article if row else DEFAULT,
            signed=frozenset(s.side for s in signatures if document and _counts(s, document.version, self._at)),
            sides=sides_of(document.kind, "") if document else (),
            giver=giver.person if giver else None,
            giver_leads=giver is None or document is None or self._leads(giver.person, document.unit, own),
            head_of_giver=self._rows.head_of(grant.unit),
            confirmed=not self._rows.is_unconfirmed(grant),
            outside_duty=outside,
            last_used=last_used,
            recorded_at=recorded_at,
        )

    def _leads(self, person: PersonId, unit: UnitId, pack: Pack | None) -> bool:
        duties = self._rows.titles.duties_of(person, unit)
        return any(
            self._at in duty.interval
            and pack is not None
            and (position := pack.positions.get(duty.position)) is not None
            and position.rank in LEADERS
            for duty in duties
        )

    # -- accounts

    def _accounts(self, batch: SeenBatch) -> dict[UnitId, list[ExaminedAccount]]:
        """The use accounts of these units that no row of the batch shows with a right."""
        busy = {seen.line.grant.account for seen in batch.lines}
        issued = self._reader.find(Account, unit=batch.units, kind=str(AccountKind.USE))
        idle = [a for a in issued if a.id not in busy and a.valid_from <= self._at]
        laid_on = suspensions_by_account(self._reader, idle)
        held: dict[AccountId, list[Grant]] = {}
        for grant in self._reader.find(Grant, account=[a.id for a in idle]):
            held.setdefault(grant.account, []).append(grant)
        serving: set[PersonId] = set()
        for duty in self._reader.find(Assignment, person=sorted({a.person for a in idle if a.person})):
            if self._at in duty.interval:
                serving.add(duty.person)
        found: dict[UnitId, list[ExaminedAccount]] = {}
        for account in idle:
            found.setdefault(account.unit, []).append(
                ExaminedAccount(
                    account=account,
                    is_active=state_of(account, laid_on[account.id], self._at) is AccountState.ACTIVE,
                    has_duty=account.person in serving,
                    is_without_grant_since=self._without_since(account, held.get(account.id, ())),
                )
            )
        return found

    def _without_since(self, account: Account, grants: Sequence[Grant]) -> datetime | None:
        ends = []
        for grant in grants:
            if grant.activated_at is None:
                continue
            end = min((t for t in (grant.ended_at, grant.valid_to) if t is not None), default=None)
            if end is None or end > self._at:
                return None
            ends.append(end)
        return max([account.activated_at or account.valid_from, *ends])


def _counts(signature: Signature, version: int, at: datetime) -> bool:
    return signature.version == version and signature.signed_at <= at and signature.side is not Side.WITNESS
