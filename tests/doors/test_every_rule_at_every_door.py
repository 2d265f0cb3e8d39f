"""One table of wrong facts and the doors through which they could come: each is refused there, by the same rule.

The rows are the refusals that stand in `domain`, found in its source: a rule without a row fails here. A cell is a
real attempt through that door (the HTTP API, an import, the operator's command line, the token endpoint), a test
elsewhere that makes it, or the reason why this door cannot carry the fact. An attempt passes when the door refuses
and the refusal was raised by the row's own rule: a door that knows a shorter rule of its own fails.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from managing import Managed, managing
from oauth_scene import Scene, scene

from access_service.domain.errors import ImportRefusedError
from cli.test_commands import init, run, url
from cli.test_office_commands import two_operators
from doors.cells import Api, Cli, File, Row, Token, Tried
from doors.facts import Heard, listening, refused_in_domain
from doors.table_certificates import CERTIFICATE_ROWS
from doors.table_correcting import CORRECTING
from doors.table_drafting import DRAFTING_ROWS
from doors.table_drawing import DRAWING_ROWS
from doors.table_duties import DUTIES, UNITS
from doors.table_external import EXTERNAL_ROWS
from doors.table_names import NAME_ROWS
from doors.table_operating import OPERATING_ROWS
from doors.table_papers import GRANTS, PAPERS
from doors.table_people import ACCOUNTS, ACTING, CUSTODY
from doors.table_printing import LETTER_ROWS, NUMBER_ROWS, PRINTING_ROWS
from doors.table_second import SECOND
from doors.table_software import SOFTWARE_ROWS
from doors.table_taking import INSPECTIONS, TAKING
from doors.table_words import WORDS
from usecases.import_world import create_register, example, open_services, take, write

__all__ = ["run", "url"]
TABLE: list[Row] = [
    *DUTIES,
    *UNITS,
    *WORDS,
    *GRANTS,
    *PAPERS,
    *INSPECTIONS,
    *TAKING,
    *CORRECTING,
    *ACCOUNTS,
    *ACTING,
    *CUSTODY,
    *SECOND,
    *SOFTWARE_ROWS,
    *DRAWING_ROWS,
    *DRAFTING_ROWS,
    *OPERATING_ROWS,
    *NAME_ROWS,
    *PRINTING_ROWS,
    *NUMBER_ROWS,
    *LETTER_ROWS,
    *EXTERNAL_ROWS,
    *CERTIFICATE_ROWS,
]
TESTS = Path(__file__).parents[1]


def named(row: Row) -> str:
    """A test's name: the rule and its sentence."""
    return f"{row.fact.rule}: {row.fact.says}"


def rows_with(kind: type) -> Any:
    """The rows that have an attempt of that kind, as parameters."""
    found = [(row, door, cell) for row in TABLE for door, cell in row.cells().items() if isinstance(cell, kind)]
    ids = [f"{door} {named(row)}" for row, door, _ in found]
    return pytest.mark.parametrize(("row", "cell"), [(row, cell) for row, _, cell in found], ids=ids)


def check_heard(row: Row, heard: list[Heard], said: str) -> None:
    """The door refused, and the refusal is this rule's."""
    own = [h for h in heard if row.fact.is_heard_in(h.rule, h.message)]
    assert own, f"another rule spoke: {[(h.rule, h.message) for h in heard]}; the door said: {said}"


# -- the table is whole


def test_every_refusal_in_domain_has_one_row() -> None:
    rows = [row.fact for row in TABLE]
    assert sorted(refused_in_domain() - set(rows)) == [], "a rule without a row: try it at every door"
    assert sorted(set(rows) - refused_in_domain()) == [], "a row without a rule"
    assert len(rows) == len(set(rows)), "a row stands twice"


def test_every_cell_is_an_attempt_or_says_why_there_is_none() -> None:
    for row in TABLE:
        for door, cell in row.cells().items():
            assert not isinstance(cell, str) or len(cell.split()) > 2, f"{named(row)}: {door} says nothing"


@rows_with(Tried)
def test_a_test_elsewhere_that_is_named_is_there(row: Row, cell: Tried) -> None:
    path, _, name = cell.test.partition("::")
    tree = ast.parse((TESTS.parent / path).read_text("utf-8"))
    assert name in {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}


# -- the doors


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    with managing(tmp_path_factory.mktemp("doors")) as found:
        yield found


@rows_with(Api)
def test_the_api_refuses_it_by_the_rule(managed: Managed, row: Row, cell: Api) -> None:
    with listening() as heard:
        answer = cell.send(managed)
    body = answer.json()
    codes = {r["problem"]["code"] for r in body.get("results", []) if r["problem"]} | {body.get("code")}
    check_heard(row, heard, answer.text)
    own = {h.code for h in heard if row.fact.is_heard_in(h.rule, h.message)}
    assert own & codes, answer.text


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    services = open_services(tmp_path_factory.mktemp("sheets"))
    create_register(services)
    yield services
    services.db.close()


@rows_with(File)
def test_an_import_refuses_it_by_the_rule(register: Any, tmp_path: Path, row: Row, cell: File) -> None:
    rows = example()
    cell.bend(rows)
    with listening() as heard, pytest.raises(ImportRefusedError) as refused:
        take(register, write(tmp_path / "sheets", rows), dry_run=True)
    check_heard(row, heard, str(refused.value))
    own = [h.message for h in heard if row.fact.is_heard_in(h.rule, h.message)]
    assert cell.own_words or any(message in fault.message for message in own for fault in refused.value.faults), (
        str(refused.value)
    )


@rows_with(Cli)
def test_the_command_line_refuses_it_by_the_rule(run: Any, url: str, tmp_path: Path, row: Row, cell: Cli) -> None:
    assert init() == 0
    first, _ = two_operators(run, tmp_path)
    with listening() as heard:
        ran = cell.run(run, first)
    assert ran.status != 0, ran.out
    check_heard(row, heard, ran.err)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("tokens")) as found:
        yield found


@rows_with(Token)
def test_the_token_endpoint_refuses_it_by_the_rule(stage: Scene, row: Row, cell: Token) -> None:
    with listening() as heard:
        answer = cell.ask(stage)
    assert answer.status_code == 400, answer.text
    check_heard(row, heard, answer.text)
    assert answer.json()["reason"] in {h.code for h in heard if row.fact.is_heard_in(h.rule, h.message)}
