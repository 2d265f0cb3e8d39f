"""People of the province with passwords and open sessions, for the load of September.

The import makes accounts without passwords; sign-ins and papers need some that have one. They are written as the
acts that set a password and open a session write them, and marked as a benchmark's in the log.
"""

from __future__ import annotations

import csv
import json
import random
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import province
from access_service.domain.accounts import Account
from access_service.domain.delegation import Grant
from access_service.domain.names import AccountKind
from access_service.domain.org import Assignment, Person, Unit
from access_service.signing import passwords
from access_service.storage import accounts as stored
from access_service.storage.org import StoredOrg
from access_service.storage.standing import Gatherer
from access_service.usecases.identity.accounts import caller_of
from access_service.usecases.services import Act, Services, operate

PASSWORD = "Mật khẩu đo tháng Chín 000"  # noqa: S105 a benchmark's, for synthetic people
SIGNING_IN, SCHOOLS = 200, 60
LASTS = timedelta(hours=12)
HEADINGS = {
    "persons": "code,name",
    "accounts": "code,kind,username,person,unit,issued_on,activation_code_sha256",
    "assignments": "code,person,unit,position,decision_number,decision_date,valid_from,valid_to,school_year,"
    "classes,subjects,levels,substitutes,leads",
}
"""docs/import.md."""


@dataclass(frozen=True)
class People:
    """Who takes part in the load."""

    usernames: list[str]
    """Of accounts of teachers, with `PASSWORD`."""
    department: str
    """A session of the department's custodian."""
    handovers: list[tuple[str, str]]
    """A school custodian's session, and the body of minutes that the school may prepare."""
    turns: list[tuple[str, str]]
    """Other schools, each to be suspended and resumed; the next one last."""


def admit(services: Services) -> People:
    """Give passwords to some teachers and sessions to some custodians, in one transaction."""
    draw = random.Random(9)
    with services.db.read(province.REGISTER) as reader:
        accounts = {account.id: account for account in reader.find(Account)}
        root = next(unit.id for unit in reader.find(Unit) if unit.kind == "department")
        given: dict[str, list[Grant]] = defaultdict(list)
        for grant in reader.find(Grant):
            if grant.scope.classes and grant.assignment and grant.role == "homeroom_teacher":
                given[grant.unit].append(grant)
    admins = {a.unit: a for a in accounts.values() if a.kind is AccountKind.ADMIN}
    schools = draw.sample(sorted(given.keys() & admins.keys()), 2 * SCHOOLS)
    teachers = draw.sample(sorted(i for i, a in accounts.items() if a.kind is AccountKind.USE), SIGNING_IN)
    usernames, tokens = [], {}
    with operate(services, province.REGISTER, "bench") as doing:
        hashed = passwords.hash_password(PASSWORD)
        for id_ in teachers:
            known = stored.credential_of(doing.tx.connection, province.REGISTER, id_)
            if known is not None:
                changed = replace(known, password=hashed, password_set_at=doing.now, seen_at=doing.now)
                stored.save_credential(doing.tx.connection, changed)
                usernames.append(known.username)
        for unit in (root, *schools[:SCHOOLS]):
            tokens[unit] = _open(doing, admins[unit])
        doing.tx.happened("bench.admit", "all")
        doing.tx.touches()
    handovers = [
        (tokens[school], json.dumps(_minutes(grant, str(accounts[grant.account].person))))
        for school in schools[:SCHOOLS]
        for grant in given[school]
    ]
    draw.shuffle(handovers)
    turns = [(school, what) for school in schools[SCHOOLS:] for what in ("resume", "suspend")]
    return People(usernames, tokens[root], handovers, turns)


def _open(doing: Act, account: Account) -> str:
    """A session of whoever operates an admin account, for longer than the service gives one."""
    caller = caller_of(Gatherer(doing.tx, StoredOrg(doing.tx)), account.id, doing.now)
    token = passwords.new_secret()
    session = stored.Session(
        token_sha256=passwords.digest(token),
        register=province.REGISTER,
        account=account.id,
        person=caller.person,
        created_at=doing.now,
        expires_at=doing.now + LASTS,
        used_at=doing.now,
        idle=LASTS,
        methods="password+totp",
    )
    stored.open_session(doing.tx.connection, session)
    return token


def _minutes(grant: Grant, person: str) -> dict[str, Any]:
    """Minutes that hand the same right over once more."""
    return {
        "unit": grant.unit,
        "receiver": person,
        "dated": province.AS_OF,
        "lines": [
            {
                "role": grant.role,
                "assignment": grant.assignment,
                "valid_from": province.NOW.isoformat(),
                "classes": [{"class": class_id} for class_id in sorted(grant.scope.class_ids)],
            }
        ],
    }


def write_new_people(services: Services, folder: Path, rows: int) -> None:
    """Files of an import of so many rows: people who begin at schools, each with a duty and an account."""
    with services.db.read(province.REGISTER) as reader:
        duties = [duty for duty in reader.find(Assignment) if duty.position == "clerk"][: rows // 3]
        first = len(reader.find(Person))
    folder.mkdir()
    day = "15/10/2024"

    def code(n: int) -> str:
        return f"0009{first + n:08}"

    sheets: dict[str, list[dict[str, str]]] = {
        "persons": [{"code": code(n), "name": f"Người Mới {n}"} for n in range(rows - 2 * len(duties))],
        "assignments": [
            {
                "code": f"PC-{code(n)}",
                "person": code(n),
                "unit": duty.unit,
                "position": duty.position,
                "decision_number": "9000/QĐ",
                "decision_date": day,
                "valid_from": day,
                "levels": ";".join(sorted(map(str, duty.levels or ()))),
            }
            for n, duty in enumerate(duties)
        ],
        "accounts": [
            {
                "code": f"TK-{code(n)}",
                "kind": "use",
                "username": f"moi.{code(n)}",
                "person": code(n),
                "unit": duty.unit,
                "issued_on": day,
            }
            for n, duty in enumerate(duties)
        ],
    }
    for name, lines in sheets.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, HEADINGS[name].split(","), restval="")
            writer.writeheader()
            writer.writerows(lines)
