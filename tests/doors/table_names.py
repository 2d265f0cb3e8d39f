"""Rows about names that look alike: usernames, class codes, numbers of papers."""

from __future__ import annotations

from typing import Any

from managing import ADMIN, OFFICE_ADMIN, TEACHER, Managed

from doors.cells import OWN_WORDS, PATTERN, Api, File, again, change, duty, post, row
from doors.stories import DECIDED
from doors.table_duties import CLASS, UNIT
from world import SCHOOL

CYRILLIC = "12/Q\u0415"
NO_ACCOUNTS = "the operator issues no account at the command line"


def _named(username: str) -> Api:
    """Somebody new, with a duty and no account, is given one of that name."""

    def send(m: Managed) -> Any:
        person = m.made(ADMIN, "persons", {"name": "Người Thử Trùng Tên"})["id"]
        m.made(ADMIN, "assignments", {"person": person, "unit": SCHOOL, "position": "cashier", **DECIDED})
        wanted = {"unit": SCHOOL, "kind": "use", "person": person, "username": username}
        return m.post(ADMIN, "accounts", wanted)

    return Api(send)


def _alike(rows: Any) -> None:
    rows["accounts"][1].update(username="qt.01")
    rows["accounts"][2].update(username="qt.0l")


NAME_ROWS = [
    row(
        "lookalikes.check_told_apart",
        "the … `…` is taken",
        _named(TEACHER),
        File(lambda rows: rows["accounts"][2].update(username=rows["accounts"][1]["username"].upper())),
        NO_ACCOUNTS,
    ),
    row(
        "lookalikes.check_told_apart",
        "the … `…` looks like one that is taken",
        _named(TEACHER.replace("0", "o")),
        File(_alike),
        NO_ACCOUNTS,
    ),
    row(
        "register.check_class_code",
        "there is a class `…` but for capital letters",
        post(ADMIN, "classes", CLASS | {"code": "6a", "name": "6a"}),
        again("classes", 0, code="6a1"),
    ),
    row("register.username_to_give", "the username is not written as it is kept", PATTERN, OWN_WORDS, NO_ACCOUNTS),
    row("register.username_to_give", "the username …", PATTERN, OWN_WORDS, NO_ACCOUNTS),
    row(
        "words.username",
        "is no username: Vietnamese letters, digits and . _ - @ : + and single blanks, "
        "beginning and ending with a letter or digit",
        _named("\u0441bql.11"),
        change("accounts", 2, username="\u0441bql.11"),
        NO_ACCOUNTS,
    ),
    row(
        "words.identifier",
        "holds letters or signs other than Vietnamese and ASCII",
        duty(decision_number=CYRILLIC),
        change("assignments", 0, decision_number=CYRILLIC),
    ),
    row(
        "words.line",
        "begins with a mark that has no letter",
        post(OFFICE_ADMIN, "units", UNIT | {"name": "\u0301Trường"}),
        OWN_WORDS,
    ),
]
