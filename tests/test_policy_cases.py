"""Every pack's cases: what the policy must answer, through three implementations, and how much of it is proved."""

import csv
import re
import shutil
import tomllib
from functools import cache
from pathlib import Path

import pytest

import reference
from access_service.domain import delegation
from access_service.domain.access import Allow
from access_service.domain.policy import Pack
from access_service.domain.reasons import Reason
from access_service.engine.cases.case_files import CaseFile, decide_case, read_case_files, run_cases
from access_service.engine.compiled_pack import CompiledPack
from access_service.engine.packs.load import load_pack
from plain_casbin import casbin_tables
from remembered import compile_pack

ROOT = Path(__file__).parents[1]
POLICY, MODELS = ROOT / "policy", ROOT / "models"
PACKS = ("base", "hai-duong", "hai-phong", "hai-phong-2023", "ho-chi-minh")
CITED = re.compile(r"`([a-z0-9-]+):([a-z0-9-]+)`")


@cache
def pack_of(name: str) -> Pack:
    return load_pack(POLICY, name, MODELS)


@cache
def files_of(name: str) -> tuple[CaseFile, ...]:
    return tuple(read_case_files(POLICY / name, pack_of(name)))


@cache
def casbin_of(name: str) -> CompiledPack:
    return casbin_tables(pack_of(name))


def answers() -> list[str]:
    return [case.expected.outcome for name in PACKS for file in files_of(name) for case in file.cases]


@pytest.mark.parametrize("name", PACKS)
def test_every_case_of_the_pack_is_answered_as_it_says(name: str) -> None:
    results = run_cases(POLICY / name, MODELS)
    assert results
    assert [f"{r.place}: {r.name}: {r.expected} / {r.got}" for r in results if not r.ok] == []


@pytest.mark.parametrize("name", PACKS)
def test_engine_reference_and_casbin_agree_on_every_question(name: str) -> None:
    """Rule 17, on every question of the pack's cases: the same decision, the same reason, the same grant."""
    pack = pack_of(name)
    for file in files_of(name):
        world = file.world
        for case in file.cases:
            if case.ask is None:
                continue
            compiled = decide_case(case.ask, world, compile_pack(pack), case.at)
            assert decide_case(case.ask, world, casbin_of(name), case.at) == compiled, case.place
            by_hand = reference.decide(
                case.ask, world.facts(case.ask.account), world.org, pack, world.bound, case.at
            )
            reason = None if isinstance(compiled, Allow) else compiled.reason
            assert by_hand == (reason, compiled.grant), case.place


@pytest.mark.parametrize("name", PACKS)
def test_the_cases_of_a_pack_have_different_names(name: str) -> None:
    names = [case.name for file in files_of(name) for case in file.cases]
    assert len(names) == len(set(names))


def enforced() -> dict[str, set[int]]:
    """Per pack, the numbers tagged E whose answer is a rule, limit, lock, position … of that pack."""
    found: dict[str, set[int]] = {name: set() for name in PACKS}
    for line in (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[0].isdecimal() and "E" in cells[2].split("+"):
            for pack, article in CITED.findall(cells[3]):
                if article in rests_on(pack):
                    found[pack].add(int(cells[0]))
    return found


def rests_on(pack: str) -> set[str]:
    """The articles that a table or a row of the pack's own files cites; the articles' own tables do not count."""

    def walk(value: object) -> set[str]:
        if isinstance(value, dict):
            own = {value["article"]} if isinstance(value.get("article"), str) else set()
            return own.union(*map(walk, value.values()))
        return set().union(*map(walk, value)) if isinstance(value, list) else set()

    toml = tomllib.loads((POLICY / pack / "pack.toml").read_text(encoding="utf-8"))
    found = walk({key: value for key, value in toml.items() if key != "articles"})
    for table in ("roles.csv", "delegation.csv"):
        path = POLICY / pack / table
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                found |= {row["article"] for row in csv.DictReader(file)}
    return found


@pytest.mark.parametrize("name", PACKS[1:])
def test_everything_the_pack_enforces_has_a_case(name: str) -> None:
    demanded = enforced()[name]
    named = {item for file in files_of(name) for case in file.cases for item in case.items}
    assert demanded
    assert demanded - named == set()


@pytest.mark.parametrize("name", PACKS)
def test_a_case_names_items_that_its_pack_has_to_do_with(name: str) -> None:
    """Otherwise a number could be typed to satisfy the test above in another pack."""
    text = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    mentioned = {
        int(line.split("|")[1]) for line in text.splitlines() if f"`{name}:" in line and line.startswith("| ")
    }
    # Reporting at both ends of the year has no row of its own: its answer is the four windows.
    also = {67} if name == "hai-phong" else set()
    named = {item for file in files_of(name) for case in file.cases for item in case.items}
    assert named - mentioned - also == set()


def test_every_reason_of_a_decision_has_a_case() -> None:
    given = {answer.removeprefix("deny ") for answer in answers() if answer.startswith("deny ")}
    assert {str(reason) for reason in Reason} - given == set()
    assert "allow" in answers()


def test_every_refusal_that_the_rules_of_delegation_give_has_a_case() -> None:
    source = Path(delegation.__file__).read_text(encoding="utf-8")
    rules = {code.lower() for code in re.findall(r"Refusal\.([A-Z_]+)", source)}
    given = {answer.removeprefix("refused ") for answer in answers() if answer.startswith("refused ")}
    assert len(rules) > 10
    assert rules - given == set()
    assert "done" in answers()


def test_a_date_without_an_hour_may_be_read_before_the_day(tmp_path: Path) -> None:
    """`before_day`: every lock of the city begins a day earlier in a pack that extends the city's."""
    policy = tmp_path / "policy"
    for name in ("base", "ho-chi-minh"):
        shutil.copytree(POLICY / name, policy / name)
    strict = policy / "strict"
    strict.mkdir()
    (strict / "pack.toml").write_text(STRICT, encoding="utf-8")
    cases = (POLICY / "ho-chi-minh" / "data_test.yaml").read_text(encoding="utf-8")
    world = cases[cases.index("world:") : cases.index("cases:")]
    (strict / "dates_test.yaml").write_text(world + STRICT_CASES, encoding="utf-8")
    assert load_pack(policy, "strict", MODELS).choice("deadline_without_hour") == "before_day"
    assert pack_of("ho-chi-minh").choice("deadline_without_hour") == "through_day"
    results = run_cases(strict, MODELS)
    assert len(results) == 4
    assert [r for r in results if not r.ok] == []


STRICT = """\
name = "strict"
version = "1"
title = "Hạn không ghi giờ: trước ngày"
extends = "ho-chi-minh"

[limits.deadline_without_hour]
value = "before_day"
article = "default"
"""
STRICT_CASES = """\
cases:
  - name: On the day before the one named the roll-over is open
    at: 2024-09-12T23:59:59.999999+07:00
    ask: {account: giao-vu, action: submit, resource: {type: unit, unit: thcs-go-vap, category: CLS}}
    expect: allow
  - name: On the day named the roll-over is locked
    at: 2024-09-13
    ask: {account: giao-vu, action: submit, resource: {type: unit, unit: thcs-go-vap, category: CLS}}
    expect: {deny: period_locked}
  - name: On the day before the one named the report on software is open
    at: 2024-09-26T23:59:59.999999+07:00
    ask: {account: hieu-truong, action: submit, resource: {type: unit, unit: thcs-go-vap, category: ACC}}
    expect: allow
  - name: On the day named the report on software is locked
    at: 2024-09-27
    ask: {account: hieu-truong, action: submit, resource: {type: unit, unit: thcs-go-vap, category: ACC}}
    expect: {deny: period_locked}
"""
