"""Two packs as sets: nothing that one says and the other does not is left out, and nothing else is said."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

from access_service.domain.policy import ANY, Pack
from access_service.engine.packs.csv_rows import ISSUERS
from access_service.engine.packs.load import load_pack
from access_service.engine.proofs.pack_cells import (
    breakpoints,
    compare_packs,
    dead_rows,
    hand_downs,
    locked_by,
)
from access_service.engine.proofs.parts import ELSEWHERE, PARTS
from engine.small_packs import ROOT, edited, parsed

REPOSITORY = Path(__file__).parents[3]
TOML = "root/pack.toml"


@pytest.fixture(scope="module")
def packs() -> dict[str, Pack]:
    names = ("base", "hai-phong-2023", "hai-phong", "hai-duong", "ho-chi-minh")
    return {name: load_pack(REPOSITORY / "policy", name, REPOSITORY / "models") for name in names}


def test_a_field_of_a_pack_is_compared_or_is_its_name() -> None:
    """Whoever adds a field to packs adds it to the difference, or says why it is none."""
    read = [name for names, _ in PARTS.values() for name in names]
    assert len(read) == len(set(read))
    assert {*read, *ELSEWHERE} == {field.name for field in fields(Pack)}


def test_a_pack_differs_from_itself_in_nothing(packs: dict[str, Pack]) -> None:
    for pack in packs.values():
        assert compare_packs(pack, pack).changes == ()


def test_the_way_back_says_the_same_the_other_way_round(packs: dict[str, Pack]) -> None:
    there = compare_packs(packs["base"], packs["ho-chi-minh"])
    back = compare_packs(packs["ho-chi-minh"], packs["base"])
    assert sorted((c.part, c.what, c.before, c.after) for c in there.changes) == sorted(
        (c.part, c.what, c.after, c.before) for c in back.changes
    )


def test_the_second_letter_of_hai_phong_allows_three_cells_and_takes_none(packs: dict[str, Pack]) -> None:
    found = compare_packs(packs["hai-phong-2023"], packs["hai-phong"])
    assert [(c.what, c.article) for c in found.allowed] == [
        (("academic_registrar", "EMP-BAS", "submit"), "hp-2024-62"),
        (("academic_registrar", "STU-ID", "submit"), "hp-2024-62"),
        (("clerk", "ACC", "read"), "hp-2024-60"),
    ]
    assert all(c.source.startswith("hai-phong/roles.csv:") for c in found.allowed)
    assert found.no_longer == ()
    assert [c.what[0] for c in found.of("custody") if not c.before] == ["deputy_in_charge", "officer"]
    assert len(found.of("shut")) == 4
    assert found.of("delegation") == ()


def test_cells_and_hand_downs_are_those_that_the_pack_answers(packs: dict[str, Pack]) -> None:
    """Counted the slow way, question by question, by the functions that the acts ask."""
    old, new = packs["base"], packs["hai-duong"]
    found = compare_packs(old, new)
    asked = product(new.roles, new.categories, new.actions)
    changed = {(r, c, a) for r, c, a in asked if ((c, a) in old.cells.get(r, ())) != ((c, a) in new.cells[r])}
    assert {c.what for c in found.of("cells")} == changed
    for pack in (old, new):
        told = hand_downs(pack, pack.positions, pack.unit_kinds)
        for role, issuer, kind, position in product(pack.roles, ISSUERS, pack.unit_kinds, pack.positions):
            rule = pack.delegation_rule(role, position, kind, issuer)
            said = told.get((role, issuer, kind, position))
            assert (rule and rule.source) == (said and said.source)


def lines(pack: Pack, *rows: str) -> Pack:
    """The pack with rows `role,category,action,effect` more."""
    model = pack.rules[0]
    more = []
    for row in rows:
        role, category, action, effect = row.split(",")
        more.append(
            replace(model, role=role, category=category, action=action, allow=effect == "allow", source=row)
        )
    return replace(pack, rules=(*pack.rules, *more))


def test_a_deny_row_is_named_as_what_takes_a_cell_away() -> None:
    old = parsed(ROOT)
    new = lines(old, "*,STU,read,deny")
    found = compare_packs(old, new)
    assert {(c.what, c.source) for c in found.no_longer} == {(("teacher", "STU", "read"), "*,STU,read,deny")}
    assert [(c.what, c.after) for c in found.of("denies")] == [((ANY, "STU", "read"), "deny")]


def test_a_lock_is_said_between_its_breakpoints_and_no_longer() -> None:
    old = parsed(ROOT)
    (lock,) = old.locks
    later = replace(lock, end=lock.end + timedelta(days=2))
    (change,) = compare_packs(old, replace(old, locks=(later,))).of("shut")
    assert change.what == ("start", "school", "STU", "submit, write")
    assert (change.before, change.after) == ("", "31/05/2025 00:00 – 02/06/2025 00:00")
    assert breakpoints(old) == (lock.start, lock.end)
    assert locked_by(old.locks, lock.end) is None
    assert locked_by(old.locks, lock.start) is lock
    # A second lock over the same days shuts nothing that was open.
    twice = replace(old, locks=(lock, replace(lock, id="again")))
    assert compare_packs(old, twice).of("shut") == ()
    assert [c.what for c in compare_packs(old, twice).of("locks")] == [("again",)]


def test_a_paper_a_limit_and_an_article_alone_are_each_said() -> None:
    old = parsed(ROOT)
    row = "teacher,*,school,own_unit,minutes+commitment,default"
    paper = parsed(edited(ROOT, "root/delegation.csv", row, row.replace("minutes+commitment", "minutes")))
    (change,) = compare_packs(old, paper).changes
    assert change.what == ("teacher", "own_unit", "school", "principal")
    assert (change.before, change.after) == ("commitment+minutes", "minutes")
    other = parsed(edited(ROOT, "root/delegation.csv", row, row.replace("default", "thu-1")))
    (change,) = compare_packs(old, other).changes
    assert (change.before, change.after) == ("article default", "article thu-1")
    limit = "[limits.max_depth]\nvalue = 6\narticle = "
    cited = parsed(edited(ROOT, TOML, limit + '"default"', limit + '"thu-1"'))
    (change,) = compare_packs(old, cited).changes
    assert (change.part, change.before, change.after) == ("limits", "article default", "article thu-1")
    row = "teacher,marks,STU,read,allow,thu-1"
    moved = parsed(edited(ROOT, "root/roles.csv", row, row.replace("thu-1", "default")))
    (change,) = compare_packs(old, moved).changes
    assert (change.part, change.before, change.after) == ("bases", "article default, thu-1", "article default")


def test_a_row_that_never_decides_anything_is_named() -> None:
    pack = parsed(ROOT)
    # The nurse's row, under the deny of everybody.
    assert "root/roles.csv:9" in {row.source for row in dead_rows(pack)}
    nobody = replace(pack, rules=pack.rules[:1])
    assert [row.why for row in dead_rows(nobody)] == ["the lock `start` shuts what nobody is allowed"]


def test_base_has_no_dead_row(packs: dict[str, Pack]) -> None:
    assert dead_rows(packs["base"]) == ()
