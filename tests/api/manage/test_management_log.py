"""The log over HTTP: by day, by who acted, by unit; as a CSV file that leaves an event and opens no formula."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from datetime import timedelta

import pytest
from managing import ADMIN, ROOT_ADMIN, TEACHER, Managed, managing

from access_service.domain.audit import Happening
from access_service.domain.errors import UnavailableError
from access_service.domain.time import local
from access_service.storage.db import Database
from access_service.usecases.upkeep.verifying import verify_register
from world import REGISTER, SCHOOL


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    with managing(tmp_path_factory.mktemp("managed")) as found_:
        yield found_


def rows_of(managed: Managed, **query: str) -> list[dict[str, str]]:
    answer = managed.get(ROOT_ADMIN, "events/export", **query)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8"), answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def test_events_are_found_by_day_by_who_acted_and_by_unit(managed: Managed) -> None:
    managed.bearer(ROOT_ADMIN)
    world = managed.world
    log = world.log()
    admin = world.admins[SCHOOL]
    day = local(log[0].recorded_at).date()
    proposed = {"unit": SCHOOL, "actor": admin.account, "from": str(day), "action": "grant.propose"}
    queries: dict[str, tuple[dict[str, str], list[int]]] = {
        "unit": ({"unit": SCHOOL}, [e.seq for e in log if e.happening.unit == SCHOOL]),
        "account": ({"actor": admin.account}, [e.seq for e in log if e.actor == admin.account]),
        "person": ({"actor": admin.person}, [e.seq for e in log if e.person == admin.person]),
        "day": ({"from": f"{day:%d/%m/%Y}", "to": f"{day:%Y-%m-%d}"}, [e.seq for e in log]),
        "before": ({"to": str(day - timedelta(days=1))}, []),
        "after": ({"from": str(day + timedelta(days=1))}, []),
        "all": (
            proposed,
            [
                e.seq
                for e in log
                if (e.happening.unit, e.actor, e.happening.action) == (SCHOOL, admin.account, "grant.propose")
            ],
        ),
    }
    for name, (query, wanted) in queries.items():
        found = managed.get(ROOT_ADMIN, "events", limit=1000, **query).json()["events"]
        assert [e["seq"] for e in found if e["seq"] <= len(log)] == wanted, name
    assert queries["person"][1] != queries["account"][1] != []


@pytest.mark.parametrize(
    "query", [{"from": "hôm qua"}, {"to": "31/02/2026"}, {"from": "2026-09-02", "to": "2026-09-01"}]
)
@pytest.mark.parametrize("path", ["events", "events/export"])
def test_days_that_are_none_are_422(managed: Managed, query: dict[str, str], path: str) -> None:
    answer = managed.get(ROOT_ADMIN, path, **query)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_a_file_of_events_leaves_an_event_that_names_its_hash(managed: Managed) -> None:
    managed.bearer(ROOT_ADMIN)
    before = len(managed.world.log())
    answer = managed.get(ROOT_ADMIN, "events/export", unit=SCHOOL)
    [made] = [e for e in managed.world.log(before) if e.happening.action == "log.export"]
    assert (made.happening.details or {})["file"] == hashlib.sha256(answer.content).hexdigest()
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert (made.happening.details or {})["rows"] == len(rows)
    mine = [e for e in managed.world.log() if e.happening.unit == SCHOOL and e.seq < made.seq]
    assert [row["Băm (SHA-256)"] for row in rows] == [e.hash for e in mine]
    assert (made.happening.unit, made.person) == (SCHOOL, managed.world.admins[managed.world.root].person)
    assert verify_register(managed.world.services.db, REGISTER).findings == ()


def test_no_cell_of_the_file_begins_a_formula(managed: Managed) -> None:
    managed.bearer(ROOT_ADMIN)
    managed.world.services.db.note(
        REGISTER, "=HYPERLINK(1)", Happening("a.b", "@SUM(A1)", "refused", "+1", {"x": "=1"}, unit="-1")
    )
    [row] = rows_of(managed, action="a.b")
    assert [row["Tài khoản"], row["Đối tượng"], row["Mã từ chối"], row["Hồ sơ của đơn vị"]] == [
        "'=HYPERLINK(1)",
        "'@SUM(A1)",
        "'+1",
        "'-1",
    ]


def test_the_department_alone_reads_it(managed: Managed) -> None:
    for who in (ADMIN, TEACHER):
        for path in ("events", "events/export"):
            assert managed.get(who, path, unit=SCHOOL).json()["code"] == "forbidden"


def test_what_cannot_be_recorded_is_not_handed_out(managed: Managed, monkeypatch: pytest.MonkeyPatch) -> None:
    managed.bearer(ROOT_ADMIN)
    before = len(managed.world.log())

    def unreachable(*_: object) -> None:
        raise UnavailableError("the database cannot be written now")

    monkeypatch.setattr(Database, "noting", unreachable)
    assert managed.get(ROOT_ADMIN, "events/export").status_code == 503
    assert len(managed.world.log()) == before


def test_more_than_a_spreadsheet_holds_is_asked_for_in_parts(
    managed: Managed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("access_service.usecases.evidence.log_reading.MOST_ROWS", 3)
    answer = managed.get(ROOT_ADMIN, "events/export")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert len(rows_of(managed, action="register.init")) == 1
