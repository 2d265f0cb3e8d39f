"""What a person, an account, a unit or a class is called in another system: `smas:gv.an`, `csdl-gddt:0000000003`.

Such an id finds and tells apart; it decides nothing. Whoever keeps a register of people elsewhere chooses it, so a
decision that was asked by one would lend somebody's rights to whoever that system lets in under that name.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from access_service.domain import words
from access_service.domain.accounts import Account, answers_for
from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import AccountId, ClassId, PersonId, UnitId
from access_service.domain.org import Assignment
from access_service.domain.reasons import Refusal
from access_service.domain.time import Interval

NATIONAL = "csdl-gddt"
"""The sector's own database (cơ sở dữ liệu giáo dục và đào tạo), whose ids every school system carries."""
MOST_VALUE = 64
_SYSTEM = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,30}[a-z0-9])?")


class ExternalKind(StrEnum):
    """What has an id in another system."""

    PERSON = "person"
    ACCOUNT = "account"
    UNIT = "unit"
    CLASS = "class"


@dataclass(frozen=True, slots=True)
class ExternalId:
    """`value` of `system` names `target`."""

    id: str
    kind: ExternalKind
    target: str
    unit: UnitId
    """Whose custodian said so, and answers for it."""
    system: str
    value: str
    valid_from: datetime
    valid_to: datetime | None = None

    @property
    def interval(self) -> Interval:
        """When it holds."""
        return Interval(self.valid_from, self.valid_to)


def read_system(text: str) -> str:
    """The name of another system, in small letters."""
    found = words.compose_text(text).lower()
    if not _SYSTEM.fullmatch(found):
        raise InvalidError("is no name of a system: letters a to z, digits, dot and hyphen, as in smas")
    return found


def read_value(text: str) -> str:
    """An id as another system writes it: kept byte for byte, so that leading zeros and capitals stay."""
    return words.line(text, MOST_VALUE)


def read_named(text: str) -> tuple[str, str]:
    """`smas:gv.an`: the system up to the first colon, then the id."""
    system, colon, value = text.partition(":")
    if not colon:
        raise InvalidError("names no system: write it as in smas:gv.an")
    return read_system(system), read_value(value)


def check_kept_by(ground: Ground, kind: ExternalKind, target: str, unit: UnitId) -> None:
    """A unit names its own: itself, its classes, whoever serves or served there, the accounts it answers for."""
    if kind is ExternalKind.UNIT:
        is_own = target == unit
    elif kind is ExternalKind.CLASS:
        found = ground.org.school_class(ClassId(target))
        is_own = found is not None and found.school == unit
    elif kind is ExternalKind.ACCOUNT:
        account = ground.facts.get(Account, AccountId(target))
        is_own = account is not None and unit in (account.unit, answers_for(ground, account))
    else:
        is_own = bool(ground.facts.find(Assignment, person=PersonId(target), unit=unit))
    if not is_own:
        raise NotFoundError(str(kind), target)


def said_already(ground: Ground, new: ExternalId) -> ExternalId | None:
    """The same, said before; None where it is new. One id names one thing of a kind at an instant."""
    for other in ground.facts.find(ExternalId, kind=new.kind, system=new.system, value=new.value):
        if other.id == new.id or not other.interval.overlaps(new.interval):
            continue
        if other.target == new.target:
            return other
        raise RefusedError(
            Refusal.EXTERNAL_ID_TAKEN,
            f"`{new.system}:{new.value}` names another {new.kind} then",
            system=new.system,
        )
    return None


def holding(ground: Ground, system: str, value: str, kind: ExternalKind | None = None) -> list[ExternalId]:
    """What that id names now."""
    of = {} if kind is None else {"kind": kind}
    return [f for f in ground.facts.find(ExternalId, system=system, value=value, **of) if ground.now in f.interval]


def only_one(found: Sequence[ExternalId], system: str, value: str) -> ExternalId:
    """The one thing that the id names; several are told apart by the kind, never by order."""
    if not found:
        raise NotFoundError("external id", f"{system}:{value}")
    if len(found) > 1:
        raise RefusedError(
            Refusal.EXTERNAL_ID_AMBIGUOUS,
            f"`{system}:{value}` names several things; say of which kind",
            kinds=", ".join(sorted({str(f.kind) for f in found})),
        )
    return found[0]


def check_ends(named: ExternalId, now: datetime) -> None:
    """What is over is not ended again."""
    if now not in named.interval:
        raise RefusedError(Refusal.DOCUMENT_STATE, "the external id is over", external_id=named.id)
