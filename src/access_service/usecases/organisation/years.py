"""School years are closed before their date, and opened again, by two people (rule 11, ruling J)."""

import json
from dataclasses import replace
from datetime import datetime

from access_service.domain.names import UnitId
from access_service.domain.org import SchoolYear, chain_of
from access_service.domain.powers import powerless
from access_service.domain.reorganising import check_year_closes, date_before
from access_service.domain.software import Client
from access_service.domain.waiting import WaitingAct, WaitingKind, check_reason
from access_service.usecases.services import Act, Caller, Services, act
from access_service.usecases.waiting import prepare


@powerless("prepared for a second person; `confirming.confirm` closes the year")
def close_school_year(services: Services, caller: Caller, id_: str, *, reason: str) -> WaitingAct:
    """Close a school year before its date (kết chuyển): a second person of the department's leadership confirms it.

    Every class grant of it ends then and none is carried over (rule 11). At its own date a year closes by itself.
    """
    with act(services, caller, "school_year.close", id_) as doing:
        root = as_root(doing)
        check_year_closes(doing.tx.require(SchoolYear, id_), doing.now)
        kind, why = WaitingKind.CLOSE_YEAR, check_reason(reason)
        return prepare(doing, kind, target=id_, unit=root, office=root, body={}, reason=why)


def enact_closing(doing: Act, found: WaitingAct) -> tuple[str, str]:
    """The closing was confirmed; what is returned keeps the date before, for whoever undoes it."""
    year = doing.tx.require(SchoolYear, found.target)
    check_year_closes(year, doing.now)
    doing.tx.put(replace(year, closes_at=doing.now))
    doing.tx.happened("school_year.close", year.id)
    return year.id, json.dumps({"closes_at": year.closes_at.isoformat()})


@powerless("prepared for a second person; `confirming.confirm` opens the year again")
def reopen_school_year(services: Services, caller: Caller, id_: str, *, reason: str) -> WaitingAct:
    """Undo the closing of a school year, within the pack's days; a second person of the leadership confirms it."""
    with act(services, caller, "school_year.reopen", id_) as doing:
        root = as_root(doing)
        doing.tx.require(SchoolYear, id_)
        _closing_of(doing, root, id_)
        kind, why = WaitingKind.REOPEN_YEAR, check_reason(reason)
        return prepare(doing, kind, target=id_, unit=root, office=root, body={}, reason=why)


def _closing_of(doing: Act, root: UnitId, id_: str) -> datetime:
    """When the year would close, had it not been closed by an act that may still be undone."""
    year = doing.tx.require(SchoolYear, id_)
    return date_before(doing.ground, root, year, doing.tx.find(WaitingAct, target=id_))


def enact_reopening(doing: Act, found: WaitingAct) -> tuple[str, None]:
    """Restore exactly what the closing ended: the rights that rest on the year, never a token.

    What was taken back by another act meanwhile stays so, because each right is judged by its own facts. Tokens
    issued before are dead for good: every client takes new ones.
    """
    year = doing.tx.require(SchoolYear, found.target)
    doing.tx.put(replace(year, closes_at=_closing_of(doing, found.office, year.id)))
    for client in doing.tx.find(Client):
        if client.disabled_at is None:
            doing.tx.put(replace(client, revoked_before=doing.now))
    doing.tx.happened("school_year.reopen", year.id)
    return year.id, None


def as_root(doing: Act) -> UnitId:
    """The caller operates the admin account of the root; which unit that is."""
    caller = doing.require_caller()
    root = chain_of(doing.org, caller.unit, doing.now)[-1]
    doing.as_custodian(root)
    return root
