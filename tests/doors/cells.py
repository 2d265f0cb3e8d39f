"""What stands in a cell of the table: an attempt through a door, a test that makes it, or why it cannot be made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from httpx2 import Response
from managing import ADMIN, Managed

from doors.facts import Fact
from usecases.import_world import Rows


@dataclass(frozen=True)
class Api:
    """A request to the HTTP API of the school in `managing`."""

    send: Callable[[Managed], Response]


@dataclass(frozen=True)
class File:
    """The template's rows, bent: what the import must refuse."""

    bend: Callable[[Rows], object]
    own_words: bool = False
    """The sheet says in its own words what the rule refused."""


@dataclass(frozen=True)
class Cli:
    """A command of the operator, after `init`."""

    run: Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Token:
    """A request for a token, in the scene of services around a school."""

    ask: Callable[[Any], Response]


@dataclass(frozen=True)
class Tried:
    """A test elsewhere that goes through this door: `tests/…/test_x.py::test_name`."""

    test: str


Cell = Api | File | Cli | Token | Tried | str
"""A text says why this door cannot carry the fact."""


@dataclass(frozen=True)
class Row:
    """A wrong fact and the four doors."""

    fact: Fact
    api: Cell
    file: Cell
    cli: Cell
    token: Cell

    def cells(self) -> dict[str, Cell]:
        """By door."""
        return {"api": self.api, "file": self.file, "cli": self.cli, "token": self.token}


# -- why a door cannot carry a fact

NO_ACT = "a token is asked for with what stands already; it enters no fact"
NOT_SOFTWARE = "the token endpoint knows software and its papers; this is about people and offices"
NO_COMMAND = "the operator enters no such fact at the command line; `import` reads the sheets of the column `file`"
NO_SHEET = "no sheet has a column for it"
ATTESTED = "a sheet attests what was signed on paper; nothing in it waits for somebody"
NOBODY_ACTS = "a sheet is read by the operator: nobody acts in it for an office, or for themselves"
ENTERS = "a sheet enters facts with their dates; it takes nothing back"
OWN_WORDS = "the sheet refuses the cell or row before there is such a fact, in its own words (test_import_faults)"
PATTERN = "the body's pattern, made from the same constants, refuses it at the edge with the same code"
NO_SESSION = "it is about a session or a credential, which a file does not have"


def row(rule: str, says: str, api: Cell, file: Cell, cli: Cell = NO_COMMAND, token: Cell = NOT_SOFTWARE) -> Row:
    """A row; most facts are about people, which neither the operator's commands nor tokens enter."""
    return Row(Fact(rule, says), api, file, cli, token)


# -- shorthands of the API


def post(who: str, path: str, body: Any = None) -> Api:
    """A request whose body is known before there is a world."""
    return Api(lambda m: m.post(who, path, body))


def asked(who: str, path: str | Callable[[Managed], str], body: Any = None) -> Api:
    """A request whose path, or body, names what stands in the world."""

    def send(m: Managed) -> Response:
        return m.post(who, path if isinstance(path, str) else path(m), body(m) if callable(body) else body)

    return Api(send)


def duty(who: str = ADMIN, **changes: Any) -> Api:
    """The clerk of the school is given one more duty."""

    def send(m: Managed) -> Response:
        given = {k: v(m) if callable(v) else v for k, v in changes.items()}
        base = {
            "person": m.person("van-thu").person,
            "unit": "0003101",
            "position": "librarian",
            "decision_number": "000/QĐ",
            "decision_date": "2026-08-01",
            "valid_from": "2026-08-20T08:00:00+07:00",
        }
        return m.post(who, "assignments", base | given)

    return Api(send)


def line(key: str = "moi", class_: str = "6B", **changes: Any) -> Api:
    """Minutes of handover with one homeroom line, bent."""

    def send(m: Managed) -> Response:
        given = {k: v(m) if callable(v) else v for k, v in changes.items()}
        body = m.handover(key, class_)
        for name in ("unit", "receiver"):
            if name in given:
                body[name] = given.pop(name)
        body["lines"][0] |= given
        body["lines"][0] = {k: v for k, v in body["lines"][0].items() if v is not None}
        return m.post(ADMIN, "handovers", body)

    return Api(send)


# -- shorthands of the sheets


def change(sheet: str, number: int, **cells: str) -> File:
    """Other words in one row."""
    return File(lambda rows: rows[sheet][number].update(cells))


def again(sheet: str, number: int, **cells: str) -> File:
    """A row like that one, with other words."""
    return File(lambda rows: rows[sheet].append({**rows[sheet][number], **cells}))


def both(*files: File) -> File:
    """One after the other."""
    return File(lambda rows: [file.bend(rows) for file in files])


def drop(sheet: str, number: int) -> File:
    """Without that row."""
    return File(lambda rows: rows[sheet].pop(number))


MOVED = both(
    again("units", 1, code="3111305009"),
    again("edges", 0, unit="3111305009"),
    change("edges", 0, manager="3111305009"),
)
"""The school hangs under another unit than the one whose papers it has."""


def deep(rows: Rows) -> None:
    """Units and authorities one below the other, more than the pack lets there be."""
    above, parent = "3111305001", "TQ-3111305001"
    for number in range(6):
        code = f"31999000{number:02d}"
        rows["units"].append({**rows["units"][1], "code": code})
        rows["edges"].append({**rows["edges"][0], "unit": code, "manager": above})
        rows["authorities"].append({**rows["authorities"][1], "code": f"TQ-{code}", "unit": code, "parent": parent})
        above, parent = code, f"TQ-{code}"


# -- shorthands of the command line


def other(said: Any) -> list[str]:
    """What the second operator says of themselves."""
    return ["--operator", "hai", "--secret-file", said[-1].replace("mot.secret", "hai.secret")]


def appointed(run: Any, said: Any, position: str, name: str) -> str:
    """An appointment that the second operator has confirmed."""
    waits = run("appoint", "--position", position, "--name", name, *said, "--json").json["id"]
    assert run("confirm", waits, *other(said)).status == 0
    return str(waits)


def confirmed_twice(run: Any, said: Any) -> Any:
    """What was confirmed is confirmed again."""
    return run("confirm", appointed(run, said, "director", "Người Thử Mới"), *other(said))


def two_deputies(run: Any, said: Any) -> Any:
    """One of two deputies is released, and nobody says which."""
    for name in ("Người Thử Một", "Người Thử Hai"):
        appointed(run, said, "deputy_director", name)
    return run("release", "--position", "deputy_director", *said)


def recovered_twice(run: Any, said: Any) -> Any:
    """What the second operator confirmed is confirmed again."""
    asked_for = run("unlock", "director.00031", "--code", "--json", *said[-4:]).json["recovery"]
    assert run("confirm", asked_for, *other(said)).status == 0
    return run("confirm", asked_for, *other(said))
