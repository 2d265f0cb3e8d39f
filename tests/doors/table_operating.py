"""Rows about operators and packs; about the factors of accounts."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from managing import ADMIN, PRINCIPAL, ROOT_ADMIN

from access_service.domain.jobs import MOST_OPEN
from access_service.domain.time import local
from access_service.usecases.services import system_clock
from doors.cells import NO_SESSION, NO_SHEET, Api, Cli, Tried, other, post, row
from world import OFFICE, SCHOOL

BY_OPERATORS = "operators act at the command line"
NO_JOBS = "the operator's files are written while they wait"
NO_SERVICE_JOBS = "tokens ask for no job"
REMINDED = "tests/usecases/tasks/test_units_below.py::test_a_reminder_names_some_units_and_never_too_many"
LONG = "tests/attacks/test_long_work.py::"
NO_FACTORS = "the operator has no account, and sets nobody's factors"
SUPPOSED = "an act that is supposed is asked about at the command line"
IN_DOMAIN = "it takes eight of them: played in tests/domain/test_factor_rules"


def _bind(run: Any, said: Any, *more: str) -> Any:
    return run("policy", "bind", "00031", "hai-phong", *more, *said)


def _held(run: Any, said: Any) -> str:
    return str(re.findall(r"bnd_\w+", _bind(run, said, "--json").err)[0])


def _day(days: int) -> str:
    return f"{local(system_clock()).date() + timedelta(days=days):%d/%m/%Y}"


def _supposing(act: str) -> Any:
    return lambda run, _: run("paths", "--after", act.format(day=_day(9)), "--diff")


def _replaces_what_is_to_come(run: Any, said: Any) -> Any:
    waits = _bind(run, said, "--replaces", _held(run, said), "--on", _day(30), "--json").json["id"]
    to_come = run("confirm", waits, *other(said), "--json").json["result"]
    return _bind(run, said, "--replaces", to_come)


def _confirms_after_another(run: Any, said: Any) -> Any:
    """Of two packs prepared side by side the second was compared with the one before the first."""
    held = _held(run, said)
    waits = [
        run("policy", "bind", "00031", pack, *said, "--replaces", held, "--json").json["id"]
        for pack in ("hai-phong", "ho-chi-minh")
    ]
    run("confirm", waits[0], *other(said))
    return run("confirm", waits[1], *other(said))


def _one_job_too_many(m: Any) -> Any:
    for _ in range(MOST_OPEN):
        m.post(PRINCIPAL, f"units/{SCHOOL}/matrix-jobs", {})
    return m.post(PRINCIPAL, f"units/{SCHOOL}/matrix-jobs", {})


def _result_too_early(m: Any) -> Any:
    asked = m.post(ADMIN, f"units/{SCHOOL}/matrix-jobs", {}).json()["id"]
    return m.get(ADMIN, f"jobs/{asked}/result")


def _remind(*units: str) -> Any:
    return lambda m: m.post(ADMIN, "reminders", {"units": list(units)})


OPERATING_ROWS = [
    row("reminding.check_reminds", "a unit above `…` reminds it", Api(_remind(SCHOOL)), NO_SHEET),
    row("reminding.check_many", "name at least one unit", Tried(REMINDED), NO_SHEET),
    row("reminding.check_many", "at most … units at once", Tried(REMINDED), NO_SHEET),
    row(
        "jobs.check_may_ask",
        "too many jobs wait or run already",
        Api(_one_job_too_many),
        NO_SHEET,
        NO_JOBS,
        NO_SERVICE_JOBS,
    ),
    row(
        "jobs.check_own",
        "no job `…`",
        Api(lambda m: m.get(ADMIN, "jobs/job_00000000000000000000")),
        NO_SHEET,
        NO_JOBS,
        NO_SERVICE_JOBS,
    ),
    row("jobs.check_done", "the job has no result", Api(_result_too_early), NO_SHEET, NO_JOBS, NO_SERVICE_JOBS),
    row(
        "jobs.check_begins",
        "the account was stopped after it asked",
        Tried(LONG + "test_nothing_is_made_for_whoever_was_suspended_meanwhile"),
        NO_SHEET,
        NO_JOBS,
        NO_SERVICE_JOBS,
    ),
    row(
        "jobs.check_begins",
        "the session in which it was asked is over",
        Tried(LONG + "test_nothing_is_made_for_whoever_has_signed_out"),
        NO_SHEET,
        NO_JOBS,
        NO_SERVICE_JOBS,
    ),
    row(
        "binding.refuse_to_callers",
        "`access-service policy bind` puts a pack in force",
        post(ROOT_ADMIN, "pack-bindings", {"unit": OFFICE, "pack": "hai-phong", "on": "2026-09-01"}),
        NO_SHEET,
        "it is the operator who binds a pack",
    ),
    row(
        "binding.check_day",
        "a pack is bound from today at the earliest",
        BY_OPERATORS,
        NO_SHEET,
        Cli(lambda run, said: _bind(run, said, "--on", "02/01/2024")),
    ),
    row(
        "binding.check_binding",
        "the binding ends before it begins",
        BY_OPERATORS,
        NO_SHEET,
        Cli(lambda run, said: _bind(run, said, "--on", _day(9), "--until", _day(8))),
    ),
    row(
        "binding.check_binding",
        "a pack is bound to that unit then; name the binding it replaces: `…`",
        BY_OPERATORS,
        NO_SHEET,
        Cli(_bind),
    ),
    row(
        "binding.check_compared",
        "another pack has come into force since this one was compared",
        BY_OPERATORS,
        NO_SHEET,
        Cli(_confirms_after_another),
    ),
    row(
        "binding._replaced",
        "no pack binding `…`",
        BY_OPERATORS,
        NO_SHEET,
        Cli(lambda run, said: _bind(run, said, "--replaces", "bnd_khong_co")),
    ),
    row(
        "binding._replaced",
        "the binding to be replaced is not in force then",
        BY_OPERATORS,
        NO_SHEET,
        Cli(_replaces_what_is_to_come),
    ),
    row(
        "operators.check_operator_name",
        "an operator's name is one line",
        BY_OPERATORS,
        NO_SHEET,
        Cli(lambda run, _: run("operator", "add", "m" * 65)),
    ),
    row(
        "operators.check_new_operator",
        "there is an operator `…`",
        BY_OPERATORS,
        NO_SHEET,
        Cli(lambda run, _: run("operator", "add", "mot")),
    ),
    row(
        "sign_in.check_due",
        "…",
        Tried(
            "tests/usecases/identity/test_sign_in.py::"
            "test_an_admin_account_first_sets_a_second_factor_and_until_then_does_nothing_else"
        ),
        NO_SESSION,
        NO_FACTORS,
    ),
    row("sign_in.check_room", "an account has at most … second factors", IN_DOMAIN, NO_SESSION, NO_FACTORS),
    row(
        "sign_in.check_new_passkey",
        "an account has that passkey",
        Tried("tests/attacks/test_signing_in_passkeys.py::test_a_passkey_belongs_to_one_account"),
        NO_SESSION,
        NO_FACTORS,
    ),
    row(
        "sign_in.check_keeps_factor",
        "this account keeps a second factor; set another one first",
        Tried("tests/usecases/identity/test_sign_in.py::test_an_admin_account_keeps_a_second_factor"),
        NO_SESSION,
        NO_FACTORS,
    ),
    row(
        "watching.check_may_watch",
        "too many connections of this client watch already",
        Tried("tests/api/oauth/test_watch.py::test_one_more_than_a_client_may_have_is_refused_and_room_comes_back"),
        "operators watch no changes",
        "no sheet watches anything",
    ),
    *(
        row(f"supposing.{rule}", says, SUPPOSED, NO_SHEET, Cli(_supposing(act)))
        for rule, says, act in (
            ("_require", "no … `…`", "duty:end asg_khong_co {day}"),
            ("_unit", "no unit `…`", "unit:move 00031 000 {day}"),
            ("ordinary_act", "`…` is no act: write one of …", "duty:burn x {day}"),
            ("ordinary_act", "write `… …`", "duty:end {day}"),
        )
    ),
]
