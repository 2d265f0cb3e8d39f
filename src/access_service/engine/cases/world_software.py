"""Reads software and approvals of a case file into dated facts (rule 13).

Software is called after its service account; an approval that says no more covers the software's unit, by `api`,
without counting, recorded when its term begins.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from access_service.domain.accounts import Account
from access_service.domain.errors import RefusedError
from access_service.domain.names import (
    AccountId,
    ApprovalId,
    Confirmable,
    DrawMethod,
    Frequency,
    SoftwareConfirmationId,
    SoftwareId,
    SuspendableKind,
    UnitId,
)
from access_service.domain.org import common, normalise
from access_service.domain.policy import Pack
from access_service.domain.software import (
    ACTIONS_BY_METHOD,
    Approval,
    ApprovalFacts,
    Share,
    Software,
    SoftwareConfirmation,
    find_unmet,
)
from access_service.domain.time import local
from access_service.engine.cases.grants import AXES, BASIS, interval_of, scope_of
from access_service.engine.cases.world import World
from access_service.engine.cases.yaml_reader import Map

TERM = timedelta(days=365)
"""An approval that names no end."""
_LEVELS = frozenset("12345")
_YES = frozenset({"yes", "no"})


def read_software(id_: str, line: Map, service: Collection[str], world: World, since: datetime) -> Software:
    """What the entry says of a service account's software."""
    line.check(None, id_, service, "service account")
    start, end = interval_of(line, since)
    level = line.word("level", _LEVELS, "security level") if line.has("level") else None
    # A case says what the department has confirmed; what only the unit states counts for nothing.
    is_confirmed = line.word("confirmed", _YES, "answer", default="yes") == "yes"
    account = world.accounts.get(AccountId(id_))
    found = Software(
        id=SoftwareId(id_),
        unit=account.unit if account is not None else UnitId(""),
        account=AccountId(id_),
        name=id_,
        supplier="",
        data_fields="",
        data_scope="",
        frequency="",
        method="",
        cost="",
        legal_standing="",
        security_level=int(level) if level in _LEVELS and is_confirmed else None,
        security_standard=None,
        on_axis=line.word("on_axis", _YES, "answer", default="no") == "yes" and is_confirmed,
        is_enforcement_point=False,
        valid_from=start,
        valid_to=end,
    )
    line.done()
    return found


def unknown_software(account: Account) -> Software:
    """Software of which the world says nothing but its account."""
    return Software(
        id=SoftwareId(account.id),
        unit=account.unit,
        account=account.id,
        name=account.id,
        supplier="",
        data_fields="",
        data_scope="",
        frequency="",
        method="",
        cost="",
        legal_standing="",
        security_level=None,
        security_standard=None,
        on_axis=False,
        is_enforcement_point=False,
        valid_from=account.valid_from,
    )


def read_approval(id_: str, line: Map, world: World, pack: Pack, since: datetime) -> ApprovalFacts | None:
    """An approval with what the contracting unit's authorities leave of it."""
    named = line.word("software", world.software, "software")
    software = world.software.get(AccountId(named))
    start, end = interval_of(line, since)
    if software is None:
        line.skip(*AXES, "over", "method", "frequency", "recorded", "withdrawn")
        line.done()
        return None
    method = DrawMethod(line.word("method", set(DrawMethod), "method", default="api"))
    frequency = Frequency(line.word("frequency", set(Frequency), "frequency", default="unlimited"))
    scope = scope_of(line, software.unit, world, pack)
    try:
        scope = normalise(world.org, scope)
    except RefusedError as error:
        line.fault("classes", error.message)
    if scope.actions is None:
        scope = replace(scope, actions=ACTIONS_BY_METHOD[method])
    approval = Approval(
        id=ApprovalId(id_),
        software=software.id,
        number=BASIS,
        dated=local(start).date(),
        sha256="",
        scope=scope,
        frequency=frequency,
        method=method,
        valid_from=start,
        valid_to=end or start + TERM,
        recorded_at=line.start("recorded", start),
        withdrawn_at=line.instant("withdrawn", None),
    )
    line.done()
    said = _confirmations(software)
    wrong = find_unmet(pack, software, method, said, start)
    year = world.org.years.get(scope.school_year or "")
    return ApprovalFacts(
        approval=approval,
        software=software,
        unmet=None if wrong is None else wrong[1],
        shares=tuple(_shares(approval, software, world, start)),
        year_closes_at=year.closes_at if year is not None and scope.classes is not None else None,
        confirmations=said,
    )


def _confirmations(software: Software) -> tuple[SoftwareConfirmation, ...]:
    """The department's word for everything that the case says of the software."""

    def of(subject: Confirmable, level: int | None) -> SoftwareConfirmation:
        return SoftwareConfirmation(
            id=SoftwareConfirmationId(f"{software.id}:{subject}"),
            software=software.id,
            subject=subject,
            level=level,
            number=BASIS,
            dated=local(software.valid_from).date(),
            issuer="",
            sha256="",
            valid_from=software.valid_from,
            valid_to=None,
        )

    found = [of(Confirmable.SECURITY_LEVEL, software.security_level)] if software.security_level else []
    return (*found, of(Confirmable.DATA_AXIS, None)) if software.on_axis else tuple(found)


def _shares(approval: Approval, software: Software, world: World, at: datetime) -> list[Share]:
    found = []
    for authority in world.authorities.values():
        if authority.unit != software.unit:
            continue
        chain = world.chain_of_authority(authority.id)
        units, authorities = world.laid_above(chain)
        found.append(
            Share(
                authority,
                common(world.org, at, approval.scope, authority.scope),
                (*units, *world.laid_on(SuspendableKind.UNIT, [software.unit])),
                authorities,
            )
        )
    return found
