"""The matrix over HTTP: in three forms, to those it concerns, and to nobody else."""

import csv
import hashlib
import io
from collections.abc import Iterator

import pytest
from managing import (
    ADMIN,
    OFFICE_ADMIN,
    OTHER_ADMIN,
    OUTSIDER,
    PRINCIPAL,
    ROOT_ADMIN,
    TEACHER,
    Managed,
    managing,
)
from python_calamine import CalamineWorkbook

from access_service.api.manage import matrix
from access_service.domain.errors import UnavailableError
from access_service.rendering import matrix_pdf
from access_service.storage.db import Database
from access_service.usecases.looks import hash_parameters
from evidence.pages_read import opened, words_of
from world import OFFICE, SCHOOL


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    with managing(tmp_path_factory.mktemp("managed")) as found_:
        yield found_


PATH = f"units/{SCHOOL}/matrix"


def test_in_json_by_default_with_the_revision_it_belongs_to(managed: Managed) -> None:
    answer = managed.get(PRINCIPAL, PATH)
    body = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-access-revision"] == body["revision"]
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert [row["role"] for row in body["rows"]] == [None, "homeroom_teacher"]
    assert body["rows"][1]["person_name"] == "Người Thử gvcn"


def test_as_a_file_for_a_spreadsheet(managed: Managed) -> None:
    answer = managed.get(ADMIN, PATH, format="csv", at="20/08/2026 08:30")
    assert answer.headers["content-disposition"].endswith("''ma-tran-0003101-20260820-0830.csv")
    assert len(list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))) == 3
    book = managed.get(ADMIN, PATH, format="xlsx").content
    named = CalamineWorkbook.from_filelike(io.BytesIO(book)).sheet_names
    assert named == ["Ma trận", "Theo lớp", "Theo nhóm dữ liệu", "Bất thường", "Giải thích"]


@pytest.mark.parametrize("by", ["person", "class", "category"])
def test_on_paper(managed: Managed, by: str) -> None:
    answer = managed.get(PRINCIPAL, PATH, format="pdf", by=by)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    said = words_of(answer.content)
    for text in ("MA TRẬN PHÂN QUYỀN", "TRƯỜNG THCS", "Người Thử gvcn", "Phiên bản dữ liệu"):
        assert text in said
    with opened(answer.content) as pdf:
        assert pdf.check_pdf_syntax() == []
        assert float(pdf.pages[0].mediabox[2]) > float(pdf.pages[0].mediabox[3])


def test_on_paper_one_that_nobody_turns_over_is_refused(managed: Managed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix_pdf, "MOST_ROWS", 1)
    answer = managed.get(PRINCIPAL, PATH, format="pdf")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_a_large_one_comes_whole_from_a_file(managed: Managed, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = managed.get(ADMIN, PATH, at="20/08/2026 08:30").content
    monkeypatch.setattr(matrix, "IN_MEMORY", 10)
    monkeypatch.setattr(matrix, "PART", 100)
    assert managed.get(ADMIN, PATH, at="20/08/2026 08:30").content == whole


@pytest.mark.parametrize(
    ("who", "unit", "status"),
    [
        (ADMIN, SCHOOL, 200),
        (OFFICE_ADMIN, SCHOOL, 200),
        (ROOT_ADMIN, SCHOOL, 200),
        (TEACHER, SCHOOL, 403),
        (ADMIN, OFFICE, 403),
        (OTHER_ADMIN, SCHOOL, 404),
        (OUTSIDER, SCHOOL, 404),
        (ADMIN, "khong-co", 404),
    ],
)
def test_only_those_it_concerns_hear_of_it(managed: Managed, who: str, unit: str, status: int) -> None:
    assert managed.get(who, f"units/{unit}/matrix").status_code == status


def test_a_foreign_unit_and_a_missing_one_look_the_same(managed: Managed) -> None:
    foreign = managed.get(OTHER_ADMIN, PATH).json()
    missing = managed.get(OTHER_ADMIN, "units/khong-co/matrix").json()
    assert foreign | {"detail": ""} == missing | {"detail": ""}


def test_without_a_session_nothing(managed: Managed) -> None:
    assert managed.served.client.get(f"/v1/{PATH}").status_code == 401


@pytest.mark.parametrize(
    "query", [{"at": "hôm qua"}, {"at": "2026-10-07"}, {"known_at": "1"}, {"known_at": "rzzz"}, {"format": "docx"}]
)
def test_what_cannot_be_read_is_422(managed: Managed, query: dict[str, str]) -> None:
    answer = managed.get(ADMIN, PATH, **query)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def exported(managed: Managed, after: int) -> list[tuple[str, str, dict[str, object]]]:
    found = [e for e in managed.world.log(after) if e.happening.action in ("matrix.export", "matrix.read")]
    return [(e.actor, e.happening.target, dict(e.happening.details or {})) for e in found]


def test_every_export_leaves_an_event_with_ids_only(managed: Managed) -> None:
    seq = len(managed.world.log())
    answer = managed.get(PRINCIPAL, PATH)
    first = answer.json()
    managed.get(ADMIN, PATH, format="csv", at="20/08/2026 08:30", all="true")
    told = exported(managed, seq)
    assert [(target, details["format"], details["rows"]) for _, target, details in told] == [
        (SCHOOL, "json", len(first["rows"])),
        (SCHOOL, "csv", 2),
    ]
    assert told[0][0] == managed.world.head_of(SCHOOL).account
    assert told[0][2]["sha256"] == hashlib.sha256(answer.content).hexdigest()
    assert told[1][2] | {"known_at": 0, "sha256": ""} == {
        "at": "2026-08-20T01:30:00.000000Z",
        "ended": True,
        "format": "csv",
        "known_at": 0,
        "rows": 2,
        "sha256": "",
        "units": 1,
    }
    again = [managed.get(PRINCIPAL, PATH).headers["x-access-revision"] for _ in range(2)]
    assert again[0] == again[1], "it is no change"


def test_a_reading_is_told_from_an_export_and_says_what_was_asked_but_no_name(managed: Managed) -> None:
    seq = len(managed.world.log())
    managed.get(ADMIN, PATH, by="category", sensitive="true", role="homeroom_teacher", kind="use")
    managed.get(ADMIN, PATH, format="csv", person="nguyễn thị thử", diff="01/08/2026")
    reading, export = [e.happening for e in managed.world.log(seq)]
    assert (reading.action, export.action) == ("matrix.read", "matrix.export")
    asked = {name: reading.details[name] for name in ("by", "sensitive", "role", "kind")}  # type: ignore[index]
    assert asked == {"by": "category", "sensitive": True, "role": "homeroom_teacher", "kind": "use"}
    assert "nguyễn" not in str(export.details)
    assert export.details is not None
    assert export.details["parameters"] == hash_parameters(
        unit=SCHOOL, at=export.details["at"], person="nguyễn thị thử", diff=export.details["diff"]
    )


def test_a_page_has_fifty_lines_and_says_how_many_there_are(managed: Managed) -> None:
    everything = managed.seen(PRINCIPAL, PATH)
    answer = managed.get(PRINCIPAL, f"{PATH}/page")
    body = answer.json()
    assert body["revision"] == answer.headers["x-access-revision"]
    assert (body["total"], body["pages"], body["page"]) == (len(body["rows"]), 1, 1)
    assert [row["grant"] for row in body["rows"]] == [
        row["grant"] for row in (*everything["rows"], *everything["above"])
    ]
    described = managed.served.client.get("/openapi.json").json()["paths"]["/v1/units/{unit}/matrix/page"]["get"]
    schema = described["responses"]["200"]["content"]["application/json"]["schema"]
    assert set(body) == set(schema["properties"])
    assert all(set(row) == set(schema["properties"]["rows"]["items"]["properties"]) for row in body["rows"])
    asked = managed.seen(PRINCIPAL, f"{PATH}/page", role="homeroom_teacher", order="name", diff="01/08/2027")
    assert {row["role"] for row in asked["rows"]} == {"homeroom_teacher"}
    assert managed.get(TEACHER, f"{PATH}/page").status_code == 403
    assert managed.get(PRINCIPAL, f"{PATH}/page", page=0).status_code == 422


def test_what_is_refused_exports_nothing_and_what_cannot_be_recorded_is_not_handed_out(
    managed: Managed, monkeypatch: pytest.MonkeyPatch
) -> None:
    seq = len(managed.world.log())
    assert managed.get(TEACHER, PATH).status_code == 403
    assert exported(managed, seq) == []

    def broken(*_: object, **__: object) -> None:
        raise UnavailableError("the database cannot be written now")

    monkeypatch.setattr(Database, "note", broken)
    answer = managed.get(PRINCIPAL, PATH)
    assert answer.status_code == 503
    assert "rows" not in answer.json()


@pytest.mark.parametrize("by", ["person", "class", "category", "anomaly", "change"])
def test_the_description_says_every_member_that_a_row_has(managed: Managed, by: str) -> None:
    described = managed.served.client.get("/openapi.json").json()["paths"]["/v1/units/{unit}/matrix"]["get"]
    schema = described["responses"]["200"]["content"]["application/json"]["schema"]
    body = managed.get(PRINCIPAL, PATH, by=by).json()
    assert set(body) <= set(schema["properties"])
    assert set(schema["required"]) <= set(body)
    known = [set(one["properties"]) for one in schema["properties"]["rows"]["items"]["anyOf"]]
    for row in body["rows"]:
        assert any(set(row) <= members for members in known), row
