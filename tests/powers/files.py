"""Import files thrown by chance: a duty, or a right on attested paper, as somebody copies them from a cabinet."""

from __future__ import annotations

from array import array
from datetime import date, datetime
from typing import Any

from access_service.domain.accounts import Account
from access_service.domain.delegation import LEADERS, Authority
from access_service.domain.names import AccountKind
from access_service.domain.org import Assignment
from access_service.domain.time import local
from access_service.usecases.imports.csv_files import COLUMNS, Sheet, Sheets
from powers.drawing import Dice, NothingThereError

Rows = dict[str, list[dict[str, str]]]


def sheets(rows: Rows) -> Sheets:
    """As if they had been read from files."""
    found = {}
    for name, lines in rows.items():
        cells = [tuple(line.get(column, "") for column in COLUMNS[name]) for line in lines]
        numbers = array("I", range(2, 2 + len(cells)))
        found[name] = Sheet(name, f"{name}.csv", COLUMNS[name], cells, numbers)
    return Sheets(found, ())


def drawn(dice: Dice) -> Rows:
    """What one file says."""
    return duty(dice) if dice.random.random() < 0.6 else right(dice)


def duty(dice: Dice) -> Rows:
    """One duty; now and then a substitute's."""
    drawn = dice.duty()
    row = {
        "code": _code(dice, "PC"),
        "person": drawn.person,
        "unit": drawn.unit,
        "position": drawn.position,
        "decision_number": drawn.decision_number,
        "decision_date": _day(drawn.decision_date),
        "valid_from": _day(drawn.valid_from),
        "valid_to": _day(drawn.valid_to),
        "levels": ";".join(sorted(drawn.levels or ())),
        "substitutes": drawn.substitutes or "",
        **_classes(drawn.classes),
    }
    return {"assignments": [row]}


def right(dice: Dice) -> Rows:
    """One right, the minutes by which a unit handed it over, and the holder's commitment."""
    seen, today = dice.seen, _day(dice.seen.now)
    person = dice.id_of_person()
    account = next((a for a in seen.of(Account) if a.person == person and a.kind is AccountKind.USE), None)
    held = [d for d in seen.of(Assignment) if d.person == person and seen.now in d.interval]
    if account is None or not held:
        raise NothingThereError("account")
    unit = dice.random.choice(held).unit if dice.random.random() < 0.7 else dice.caller.unit
    line = dice.line(person, unit)
    authority = next((a for a in seen.of(Authority) if a.unit == unit and seen.now in a.interval), None)
    signers = sorted(seen.state.signers.get(unit, frozenset()) - {person})
    if authority is None or not signers:
        raise NothingThereError("signer")
    pack = seen.ground.pack_for(unit)
    signer = dice.random.choice(signers)
    ranks = [pack.positions[d.position].rank for d in seen.of(Assignment) if d.person == signer and d.unit == unit]
    capacity = next((LEADERS[rank] for rank in ranks if rank in LEADERS), "head")
    texts = [t.version for t in pack.commitments if t.effective_from <= seen.now]
    paper = {"number": "01/BB", "dated": today, "unit": unit, "receiver": person, "sha256": "0" * 64}
    paper |= {"receiver_signed_on": today, "reference": "HS-01"}
    minutes, commitment = _code(dice, "BB"), _code(dice, "CK")
    giver = {"giver_signer": signer, "giver_capacity": str(capacity), "giver_signed_on": today}
    said = {"text_version": texts[-1]} if texts else {}
    grant = {
        "code": _code(dice, "Q"),
        "account": account.id,
        "role": line.role,
        "unit": unit,
        "scope_unit": line.scope.unit,
        "authority": authority.id,
        "assignment": line.assignment,
        "document": minutes,
        "levels": ";".join(sorted(line.scope.levels or ())),
        "valid_from": today,
        **_classes(line.scope.classes),
    }
    return {
        "documents": [
            {"code": minutes, "kind": "handover_minutes", **paper, **giver},
            {"code": commitment, "kind": "commitment", **paper, **said},
        ],
        "grants": [grant],
    }


def _code(dice: Dice, kind: str) -> str:
    return f"{kind}-{dice.random.randrange(10**9)}"


def _day(at: date | datetime | None) -> str:
    if at is None:
        return ""
    day = local(at).date() if isinstance(at, datetime) else at
    return day.strftime("%d/%m/%Y")


def _classes(found: Any) -> dict[str, str]:
    if not found:
        return {}
    years = {id_.split(":")[1] for id_, _ in found}
    return {
        "school_year": min(years),
        "classes": ";".join(id_.rpartition(":")[2] + (f":{s}" if s else "") for id_, s in sorted(found)),
    }
