"""Every public rule of `domain` is asked by imports too, or it says here why it has no second door."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable

import pytest
from pydantic import BaseModel, ValidationError

import access_service.domain
from access_service.api.schemas_accounts import NewAccount
from access_service.api.schemas_org import NewClass, NewPerson, NewSchoolYear, NewUnit
from access_service.domain import words
from access_service.domain.errors import InvalidError
from access_service.usecases import import_org, import_papers, import_rows

SOFTWARE = "software comes by approval, never by import"
SESSION = "about a session, which a file does not have"
WAITS = "an act that waits for a second person; a file attests what was decided"
CUSTODY = "about handing on what stands now; a file's custodies are attested, one after the other"
HOME = "moves an account that is there; a file only issues"
PAPER = "about a paper that is still to be signed; a file's are signed"
ONE_DOOR: dict[str, str] = {
    "check_account": "the sheet `accounts` asks `check_only_account`, and `check_issuers` for the duty",
    "check_approval": SOFTWARE,
    "check_deletion": SOFTWARE,
    "check_software_confirmation": SOFTWARE,
    "check_asked": SESSION,
    "check_transfer_named": HOME,
    "check_team": PAPER,
    "check_stops": WAITS,
    "check_still_releases": WAITS,
    "check_opens": SESSION,
    "check_one_named": WAITS,
    "check_inspects": PAPER,
    "check_inspected": PAPER,
    "check_ends": HOME,
    "check_appointed": WAITS,
    "check_decision": WAITS,
    "check_giver_prepared_nothing": PAPER,
    "check_heirs": "a file dissolves no unit",
    "check_leader_confirms": WAITS,
    "check_may_have": SOFTWARE,
    "check_not_for_themselves": PAPER,
    "check_opening": CUSTODY,
    "check_not_common": SESSION,
    "check_operator_confirms": WAITS,
    "check_password": SESSION,
    "check_preconditions": SOFTWARE,
    "check_preparer": PAPER,
    "check_presented": PAPER,
    "check_reason": WAITS,
    "check_release": HOME,
    "check_replaced": "a file ends the earlier duty in its own row",
    "check_resuming": "a file suspends and resumes nothing",
    "check_second": SESSION,
    "check_second_operator": SESSION,
    "check_standing": "a file takes nothing back",
    "check_taking_back": CUSTODY,
    "check_transfer": HOME,
    "check_username": "the sheet reads the cell with `words.username` itself, as the rule does",
    "check_waiting": PAPER,
}
"""Rules that imports do not ask, and why."""
WHOLE = ("acting", "preparing", "reorganising", "taking", "turns")
"""Modules of rules about who acts in a session on a paper that is still to be signed: no file does."""


def of_whole_modules() -> set[str]:
    """Rules of the modules that no import asks."""
    return {name for name, rule in rules().items() if rule.__module__.rpartition(".")[2] in WHOLE}


def rules() -> dict[str, Callable[..., object]]:
    """Every function of `domain` by name; the public checks among them are the rules."""
    found: dict[str, Callable[..., object]] = {}
    for module in pkgutil.iter_modules(access_service.domain.__path__):
        loaded = importlib.import_module(f"access_service.domain.{module.name}")
        own = inspect.getmembers(loaded, inspect.isfunction)
        found.update((name, value) for name, value in own if value.__module__ == loaded.__name__)
    return found


def asked_by_imports() -> set[str]:
    """Names that the import's modules use, and what the domain's functions of those names use in turn."""
    known = rules()
    todo = [
        name
        for module in (import_org, import_papers, import_rows)
        for value in [*vars(module).values(), *vars(import_rows.Row).values()]
        if inspect.isfunction(value) and value.__module__ == module.__name__
        for name in value.__code__.co_names
    ]
    seen = set[str]()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in known:
            todo += known[name].__code__.co_names
    return seen


def test_a_rule_that_imports_do_not_ask_says_why() -> None:
    missing = {name for name in rules() if name.startswith("check_")} - asked_by_imports() - of_whole_modules()
    assert missing - ONE_DOOR.keys() == set(), "ask it in imports, or say here why it has one door"
    assert ONE_DOOR.keys() - missing == set(), "it is asked, or gone: nothing is left to explain"


UNIT = {"id": "0003", "kind": "school", "name": "Trường Thử", "manager": "00031", "basis": "01/QĐ"}
CLASS = {
    "school": "0003",
    "school_year": "2026-2027",
    "code": "6A",
    "name": "6A",
    "level": "lower_secondary",
    "grade": "6",
}
YEAR = {"id": "2026-2027", "starts_on": "2026-08-01", "closes_on": "2027-08-01"}
ACCOUNT = {"unit": "0003", "kind": "use", "person": "per_1", "username": "gv.1"}
WRONG: list[tuple[type[BaseModel], dict[str, object], str, words.Reader, str]] = [
    (NewUnit, UNIT, "id", words.code, "03/BB-SGDĐT"),
    (NewUnit, UNIT, "name", words.line, "Trường\u200b Thử"),
    (NewClass, CLASS, "code", words.class_code, "6;A"),
    (NewClass, CLASS, "code", words.class_code, "6:A"),
    (NewPerson, {"name": "Người Thử"}, "name", words.line, "Thử\u202e"),
    (NewSchoolYear, YEAR, "id", words.school_year, "2025-2024"),
    (NewAccount, ACCOUNT, "username", words.username, "x" * 300),
]


@pytest.mark.parametrize(("body", "right", "field", "reader", "wrong"), WRONG)
def test_what_a_file_may_not_say_a_body_may_not_either(
    body: type[BaseModel], right: dict[str, object], field: str, reader: words.Reader, wrong: str
) -> None:
    body.model_validate(right)
    with pytest.raises(InvalidError):
        reader(wrong)
    with pytest.raises(ValidationError):
        body.model_validate({**right, field: wrong})
