"""Theorems about searches: the list is exactly what `evaluation` allows, page by page, on both databases."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stored import Stored, store
from worlds import Dice, request

from access_service.domain.access import AccessRequest
from access_service.domain.errors import RestartError
from access_service.engine.decide import decide
from access_service.live.feed import Feed
from access_service.live.gathered import LockIndex, Reading
from access_service.live.search import PageStart, SearchPage, SearchPoint, Wanted
from access_service.usecases.services import Services
from sampled import times
from world import Clock

EXAMPLES = {"sqlite": 60, "postgresql": 12}
"""The logic is the same on both; what may differ is how a database compares and orders."""
KINDS: tuple[Wanted, ...] = ("subject", "resource", "action")
numbers = st.integers(0, 2**40)


def some(backend: str) -> settings:
    return settings(max_examples=times(EXAMPLES[backend]), deadline=None, suppress_health_check=list(HealthCheck))


def asked(dice: Dice, stored: Stored, wanted: Wanted) -> AccessRequest:
    """A question without what is searched for: any, or one that is aimed at a grant and a row about its role."""
    found = request(dice)
    account = "khong-co" if dice.seldom() else dice.choice(stored.accounts)
    aims = [(g, row) for g in stored.grants for row in stored.pack.rules if row.role == g.role and row.allow]
    if aims and dice.random() < 0.7:
        grant, row = dice.choice(aims)
        account = grant.account
        found = replace(found, category=row.category, action=row.action, function=None)
        found = replace(found, level=None, grade=None, school_year=None, unit=None)
        if grant.scope.classes is not None and wanted != "resource":
            class_id, subject = dice.choice(sorted(grant.scope.classes))
            found = replace(found, resource_type="student", class_id=class_id, subject=subject or None)
    if wanted == "subject":
        return replace(found, account="")
    if wanted == "action":
        return replace(found, account=account, action="")
    kind = dice.choice(["class", "class", "class", "unit", "student"])
    return replace(
        found,
        account=account,
        resource_type=kind,
        resource_id="",
        class_id=dice.choice(stored.classes) if dice.seldom() else None,
        unit=dice.choice(stored.units) if dice.seldom() else None,
    )


def candidates(stored: Stored, wanted: Wanted, question: AccessRequest) -> dict[str, AccessRequest]:
    """Everything that could be an answer, and the question about it."""
    if wanted == "subject":
        return {id_: replace(question, account=id_) for id_ in (*stored.accounts, "khong-co")}
    if wanted == "action":
        return {id_: replace(question, action=id_) for id_ in stored.actions}
    ids = {"class": stored.classes, "unit": stored.units}.get(question.resource_type, ())
    return {id_: replace(question, resource_id=id_) for id_ in ids}


def brute_force(
    stored: Stored, wanted: Wanted, question: AccessRequest, at: datetime, known_at: int | None = None
) -> list[str]:
    """Ask about everything, one by one, from the database."""
    with stored.db.read(stored.register, known_at) as reader:
        reading = Reading(reader, at, LockIndex())
        every = candidates(stored, wanted, question)
        return sorted(id_ for id_, one in every.items() if decide(one, reading.snapshot(one.account), reading, at))


def pages(
    point: SearchPoint, stored: Stored, wanted: Wanted, question: AccessRequest, limit: int
) -> Iterator[SearchPage]:
    since = None
    while True:
        page = point.search(stored.register, wanted, question, limit=limit, since=since)
        yield page
        if page.after is None:
            return
        since = PageStart(page.after, page.revision, page.now)


def joined(found: Iterable[SearchPage]) -> list[str]:
    return [id_ for page in found for id_ in page.ids]


def whole(services: Services, clock: Clock, wanted: Wanted, seed: int, limit: int) -> list[int]:
    """How long each list of a world is, found by search and by asking about everything."""
    point, dice, lengths = SearchPoint(Feed(services.db)), Dice(seed), []
    stored = store(services.db, clock, dice)
    for _ in range(4):
        question = asked(dice, stored, wanted)
        expected = brute_force(stored, wanted, question, clock.now)
        found = list(pages(point, stored, wanted, question, limit))
        assert joined(found) == expected
        assert all(len(page.ids) == limit for page in found[:-1])
        assert {(page.revision, page.now) for page in found} == {(1, clock.now)}
        lengths.append(len(expected))
    return lengths


@pytest.mark.parametrize("wanted", KINDS)
def test_search_lists_exactly_what_evaluation_allows(
    services: Services, clock: Clock, backend: str, wanted: Wanted
) -> None:
    @some(backend)
    @given(numbers, st.sampled_from([1, 2, 3, 1000]))
    def check(seed: int, limit: int) -> None:
        whole(services, clock, wanted, seed, limit)

    check()


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize("wanted", KINDS)
def test_random_worlds_give_lists_of_every_length(services: Services, clock: Clock, wanted: Wanted) -> None:
    """Lists that are always empty would prove nothing."""
    lengths = Counter(n for seed in range(90) for n in whole(services, clock, wanted, seed, 2))
    assert lengths[0] > 10
    assert lengths[1] > 10
    assert lengths.total() - lengths[0] - lengths[1] > 4


def continued(services: Services, clock: Clock, wanted: Wanted, seed: int) -> str:
    """A list read one by one while time passes and things are recorded: what became of it."""
    point, dice = SearchPoint(Feed(services.db)), Dice(seed)
    stored = store(services.db, clock, dice)
    # The longest list of a few: most have one page, and nothing can happen to it.
    questions = [asked(dice, stored, wanted) for _ in range(8)]
    question = max(questions, key=lambda one: len(brute_force(stored, wanted, one, clock.now)))
    begun, found = clock.now, list[str]()
    try:
        for number, page in enumerate(pages(point, stored, wanted, question, 1)):
            found += page.ids
            present = brute_force(stored, wanted, question, clock.now)
            assert number == 0 or set(page.ids) <= set(present)
            if dice.random() < 0.4:
                stored.change(dice, question.account)
            if dice.random() < 0.1:
                clock.forward(hours=1)
    except RestartError:
        return "begun again"
    assert found == brute_force(stored, wanted, question, begun, known_at=1)
    return "several pages" if len(found) > 1 else "one page"


@pytest.mark.parametrize("wanted", KINDS)
def test_a_list_is_whole_or_begun_again(services: Services, clock: Clock, backend: str, wanted: Wanted) -> None:
    """Whatever is recorded and however long it takes between two pages: no page lists a right that is gone."""

    @some(backend)
    @given(numbers)
    def check(seed: int) -> None:
        continued(services, clock, wanted, seed)

    check()


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize("wanted", KINDS)
def test_random_lists_end_in_every_way(services: Services, clock: Clock, wanted: Wanted) -> None:
    # Lists of two actions are rare where there are two in all.
    worlds = {"subject": 40, "resource": 60, "action": 200}[wanted]
    outcomes = Counter(continued(services, clock, wanted, seed) for seed in range(worlds))
    assert set(outcomes) == {"begun again", "several pages", "one page"}, outcomes


@pytest.mark.backends("sqlite")
def test_what_is_kept_of_one_register_never_answers_for_another(services: Services, clock: Clock) -> None:
    """More registers than are kept, asked in turn, with changes between."""
    point = SearchPoint(Feed(services.db))
    dice = Dice(7)
    every = [store(services.db, clock, dice) for _ in range(6)]
    for _ in range(60):
        stored, wanted = dice.choice(every), dice.choice(KINDS)
        if dice.random() < 0.3:
            stored.change(dice)
        question = asked(dice, stored, wanted)
        found = joined(pages(point, stored, wanted, question, 2))
        assert found == brute_force(stored, wanted, question, clock.now)
