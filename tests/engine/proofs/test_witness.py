"""A changed cell is a case that the engine answers as the difference says, under both packs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from access_service.domain.errors import PolicyError
from access_service.domain.policy import Pack, PeriodLock
from access_service.domain.words import LAST_YEAR
from access_service.engine.packs.load import load_pack
from access_service.engine.proofs.pack_cells import compare_packs
from access_service.engine.proofs.witness import NO_ROLE, case_file, kept_cases, play, replay, write_witnesses

REPOSITORY = Path(__file__).parents[3]


def load(name: str) -> Pack:
    return load_pack(REPOSITORY / "policy", name, REPOSITORY / "models")


@pytest.fixture(scope="module")
def base() -> Pack:
    return load("base")


PAIRS = [("hai-phong-2023", "hai-phong"), ("base", "ho-chi-minh"), ("ho-chi-minh", "hai-duong")]


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_every_changed_cell_is_played_and_answers_as_said(old: str, new: str) -> None:
    difference = compare_packs(load(old), load(new))
    found = replay(difference)
    assert found.unwritten == ()
    assert len(found.replays) == len(difference.of("cells")) + len(difference.of("functions"))
    assert [r.witness.name for r in found.replays if not r.is_as_said] == []


def test_a_role_that_one_pack_lacks_is_no_role_there() -> None:
    """Nobody can hold it, which is a deny; the case is not kept beside a pack that could not read it."""
    found = replay(compare_packs(load("hai-duong"), load("base")))
    by_role = {r.witness.role: r for r in found.replays}
    assert by_role["data_approver"].after == NO_ROLE
    assert by_role["data_approver"].before == "allow"
    assert "data_approver" not in kept_cases(found)


def row(pack: Pack, role: str, category: str, action: str) -> Pack:
    """The pack with one row more."""
    more = replace(pack.rules[0], role=role, category=category, action=action, allow=True, source="here")
    return replace(pack, rules=(*pack.rules, more))


@pytest.mark.parametrize("role", ["software", "inspector", "principal", "school_health", "department_leader"])
def test_a_cell_of_whoever_is_played(base: Pack, role: str) -> None:
    """Software by its approval, inspectors by their decision, everybody else by a duty."""
    action = "read" if role == "software" else "submit"
    cells = [(c, action) for c in base.categories if (c, action) not in base.cells.get(role, ())][:2]
    new = base
    for category, wanted in cells or [("ACC", "export")]:
        new = row(new, role, category, wanted)
    found = replay(compare_packs(base, new))
    assert found.replays
    assert found.is_as_said


def test_software_by_a_method_that_none_has_cannot_be_written(base: Pack) -> None:
    """Software draws or takes files: that it writes is said, and that nobody could play it."""
    difference = compare_packs(base, row(base, "software", "STU-ACA", "write"))
    found = replay(difference)
    assert [change.what for change in found.unwritten] == [("software", "STU-ACA", "write")]
    assert not found.is_as_said


def locked(pack: Pack, **changed: object) -> Pack:
    lock = load("hai-phong").locks[0]
    kinds = {"unit_kinds": frozenset(pack.unit_kinds), "categories": frozenset({"ACC"}), "actions": {"submit"}}
    return replace(pack, locks=(PeriodLock(**{f: getattr(lock, f) for f in lock.__slots__} | kinds | changed),))


def test_an_instant_is_found_at_which_no_lock_shuts_the_cell(base: Pack) -> None:
    new = locked(row(base, "clerk", "ACC", "submit"))
    ((witness,), _) = write_witnesses(compare_packs(base, new))
    assert not any(lock.start <= witness.at < lock.end for lock in new.locks)
    assert replay(compare_packs(base, new)).is_as_said
    # Before it began, where it has no end that comes.
    for_ever = locked(new, end=datetime(LAST_YEAR, 12, 31, tzinfo=UTC))
    ((witness,), _) = write_witnesses(compare_packs(base, for_ever))
    assert witness.at < for_ever.locks[0].start
    assert replay(compare_packs(base, for_ever)).is_as_said


def test_what_does_not_fit_a_pack_is_the_writers_fault(base: Pack) -> None:
    ((witness, *_), _) = write_witnesses(compare_packs(base, row(base, "clerk", "ACC", "submit")))
    wrong = replace(witness, world={"people": {"ai": {"unit": "khong-co"}}})
    with pytest.raises(PolicyError, match="khong-co"):
        play(case_file([wrong]), base, {"clerk"})
