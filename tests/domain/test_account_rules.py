"""Who issues an account, who answers for it, how that moves: the rules alone, over facts in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

import pytest
from tests.world import ROOT

from access_service.domain.accounts import (
    Account,
    Home,
    answers_for,
    check_account,
    check_release,
    check_transfer,
    home_by_signature,
    home_of,
    is_left,
    issuer_of,
    responsible_units,
)
from access_service.domain.delegation import HEADS, LEADERS
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import AccountId, AccountKind, AssignmentId, HomeHow, PersonId, UnitId
from access_service.domain.org import Assignment, ManagementEdge, Unit
from access_service.domain.policy import Pack
from access_service.domain.reasons import Refusal
from access_service.engine.packs.load import load_pack

T = TypeVar("T")
DAY = timedelta(days=1)
NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)
LONG_AGO = datetime(1945, 1, 2, tzinfo=UTC)
TOP, COMMUNE, OTHER, SCHOOL, SECOND, FAR = map(
    UnitId, ("00031", "00031001", "00031002", "0003101", "0003102", "0003201")
)
WHO = PersonId("000-ng")
MINE = Account(AccountId("000-tk"), AccountKind.USE, SCHOOL, WHO, "000.thu", NOW - 90 * DAY, NOW - 90 * DAY)


@dataclass
class Memory:
    """Facts in a list."""

    held: list[object] = field(default_factory=list)

    def find(self, value_type: type[T], **equals: object) -> list[T]:
        def fits(value: object) -> bool:
            return all(
                getattr(value, name) in wanted
                if isinstance(wanted, list | set | frozenset)
                else getattr(value, name) == wanted
                for name, wanted in equals.items()
            )

        return [value for value in self.held if isinstance(value, value_type) and fits(value)]

    def get(self, value_type: type[T], id_: str) -> T | None:
        return next(iter(self.find(value_type, id=id_)), None)


@dataclass
class Org:
    """A department, two communes, three schools."""

    over: dict[UnitId, datetime] = field(default_factory=dict)
    above: dict[UnitId, UnitId] = field(
        default_factory=lambda: {COMMUNE: TOP, OTHER: TOP, SCHOOL: COMMUNE, SECOND: COMMUNE, FAR: OTHER}
    )

    def unit(self, id_: UnitId) -> Unit | None:
        kind = {TOP: "department", COMMUNE: "commune", OTHER: "commune"}.get(id_, "school")
        return Unit(id_, kind, str(id_), frozenset(), LONG_AGO, self.over.get(id_))

    def edges_of(self, unit: UnitId) -> list[ManagementEdge]:
        manager = self.above.get(unit)
        return [] if manager is None else [ManagementEdge("e", unit, manager, "QĐ", LONG_AGO, self.over.get(unit))]

    def school_class(self, _: str) -> None:
        return None

    def school_year(self, _: str) -> None:
        return None


@pytest.fixture(scope="session")
def base() -> Pack:
    return load_pack(ROOT / "policy", "base", ROOT / "models")


Make = Callable[..., Ground]


@pytest.fixture
def ground(base: Pack) -> Make:
    def make(*facts: object, org: Org | None = None) -> Ground:
        return Ground(Memory(list(facts)), org or Org(), NOW, lambda _: base)  # type: ignore[arg-type]

    return make


def duty(
    unit: UnitId, position: str = "clerk", since: datetime = NOW - 90 * DAY, until: datetime | None = None
) -> Assignment:
    known = {f.name: None for f in fields(Assignment)}
    known |= {"id": AssignmentId(f"{unit}-{position}"), "person": WHO, "unit": unit, "position": position}  # type: ignore[dict-item]
    known |= {"decision_number": "000/QĐ", "decision_date": date(2026, 8, 1)}  # type: ignore[dict-item]
    return Assignment(**known | {"valid_from": since, "valid_to": until})  # type: ignore[arg-type]


def home(unit: UnitId, since: datetime = NOW - DAY, until: datetime | None = None) -> Home:
    return Home(f"hom-{unit}", MINE.id, unit, HomeHow.TRANSFER, "000/QĐ", since, until)


def refused(code: Refusal, act: Callable[[], object]) -> None:
    with pytest.raises(RefusedError) as error:
        act()
    assert error.value.code is code


def test_the_unit_that_issued_an_account_answers_for_it_until_a_paper_moves_it(ground: Make) -> None:
    assert answers_for(ground(duty(SCHOOL)), MINE) == SCHOOL
    moved = ground(duty(SCHOOL), duty(FAR), home(SCHOOL, NOW - 9 * DAY, NOW - DAY), home(FAR))
    assert home_of(moved, MINE) == answers_for(moved, MINE) == FAR


@pytest.mark.parametrize("since", [LONG_AGO, NOW - DAY, NOW + DAY])
@pytest.mark.parametrize("stranger", [SECOND, FAR, COMMUNE, TOP])
def test_a_duty_elsewhere_moves_no_account_whatever_its_date(
    ground: Make, stranger: UnitId, since: datetime
) -> None:
    """Secondment, teaching at several schools, and `valid_from: 1945-01-02` move nothing."""
    facts = ground(duty(SCHOOL), duty(stranger, since=since))
    assert answers_for(facts, MINE) == SCHOOL
    assert responsible_units(facts, MINE, LEADERS) == (SCHOOL,)


def test_where_no_duty_is_left_the_nearest_unit_above_answers(ground: Make) -> None:
    gone = duty(SCHOOL, until=NOW - DAY)
    assert answers_for(ground(gone), MINE) == COMMUNE
    assert answers_for(ground(gone, duty(FAR)), MINE) == COMMUNE
    assert answers_for(ground(), MINE) == COMMUNE


def test_for_a_unit_that_is_over_the_nearest_standing_unit_above_answers(ground: Make) -> None:
    assert answers_for(ground(duty(SCHOOL), org=Org({SCHOOL: NOW - DAY})), MINE) == COMMUNE
    both = Org({SCHOOL: NOW - DAY, COMMUNE: NOW - DAY})
    assert answers_for(ground(duty(SCHOOL), org=both), MINE) == TOP


def test_leadership_is_answered_for_from_above_and_by_the_home_as_well(ground: Make) -> None:
    assert responsible_units(ground(duty(SCHOOL, "principal")), MINE, HEADS) == (SCHOOL, COMMUNE)
    # A stranger that appoints somebody its deputy takes them from nobody.
    assert responsible_units(ground(duty(SCHOOL), duty(FAR, "vice_principal")), MINE, LEADERS) == (SCHOOL, OTHER)
    admin = Account(AccountId("000-qt"), AccountKind.ADMIN, SCHOOL, None, "000.qt", NOW)
    assert responsible_units(ground(), admin, LEADERS) == (COMMUNE,)
    assert None in responsible_units(ground(duty(TOP, "director")), MINE, HEADS)


def test_who_issues(ground: Make) -> None:
    assert issuer_of(ground(), SCHOOL, AccountKind.ADMIN, None) == COMMUNE
    assert issuer_of(ground(), TOP, AccountKind.ADMIN, None) is None
    assert issuer_of(ground(duty(SCHOOL)), SCHOOL, AccountKind.USE, WHO) == SCHOOL
    assert issuer_of(ground(duty(SCHOOL, "principal")), SCHOOL, AccountKind.USE, WHO) == COMMUNE
    assert issuer_of(ground(duty(SCHOOL, "principal", NOW + DAY)), SCHOOL, AccountKind.USE, WHO) == COMMUNE
    assert issuer_of(ground(duty(TOP)), TOP, AccountKind.USE, WHO) == TOP


def test_one_account_a_person_and_one_admin_account_a_unit(ground: Make) -> None:
    check_account(ground(duty(SCHOOL)), SCHOOL, AccountKind.USE, WHO)
    refused(Refusal.DUPLICATE, lambda: check_account(ground(duty(SCHOOL), MINE), SCHOOL, AccountKind.USE, WHO))
    refused(Refusal.ASSIGNMENT_MISSING, lambda: check_account(ground(), SCHOOL, AccountKind.USE, WHO))
    admin = Account(AccountId("000-qt"), AccountKind.ADMIN, SCHOOL, None, "000.qt", NOW)
    refused(Refusal.DUPLICATE, lambda: check_account(ground(admin), SCHOOL, AccountKind.ADMIN, None))
    with pytest.raises(InvalidError):
        check_account(ground(), SCHOOL, AccountKind.ADMIN, WHO)
    with pytest.raises(InvalidError):
        check_account(ground(), SCHOOL, AccountKind.USE, None)


def test_an_account_goes_only_where_its_holder_has_a_duty(ground: Make) -> None:
    check_release(ground(duty(SCHOOL), duty(FAR)), MINE, FAR)
    refused(Refusal.ASSIGNMENT_MISSING, lambda: check_release(ground(duty(SCHOOL)), MINE, FAR))
    refused(Refusal.DUPLICATE, lambda: check_release(ground(duty(SCHOOL)), MINE, SCHOOL))


@pytest.mark.parametrize("by", [TOP, OTHER, COMMUNE, FAR, SCHOOL])
def test_only_a_unit_above_both_transfers(ground: Make, by: UnitId) -> None:
    facts = ground(duty(SCHOOL), duty(FAR))
    if by == TOP:
        check_transfer(facts, MINE, FAR, by)
    else:
        refused(Refusal.NOT_DIRECT_MANAGER, lambda: check_transfer(facts, MINE, FAR, by))


def test_a_first_signature_moves_the_account_only_where_no_duty_holds_at_the_old_unit(ground: Make) -> None:
    gone = duty(SCHOOL, until=NOW - DAY)
    assert home_by_signature(ground(gone, duty(FAR)), MINE, FAR) == FAR
    assert home_by_signature(ground(duty(SCHOOL), duty(FAR)), MINE, FAR) is None
    assert home_by_signature(ground(gone, duty(FAR)), MINE, SECOND) is None
    # A head's papers are the direct manager's.
    assert home_by_signature(ground(gone, duty(FAR, "principal")), MINE, OTHER) == FAR


def test_somebody_has_left_when_they_serve_elsewhere_only(ground: Make) -> None:
    gone = duty(SCHOOL, until=NOW - DAY)
    assert is_left(ground(gone, duty(FAR)), MINE)
    assert not is_left(ground(gone), MINE)
    assert not is_left(ground(duty(SCHOOL), duty(FAR)), MINE)
