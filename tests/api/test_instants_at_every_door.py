"""One vocabulary of instants: 1945 to 2199 at every door, and what lies outside is named, never a 500 (E)."""

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Annotated, Any

import pytest
from managing import ADMIN, Managed, managing
from pydantic import TypeAdapter, ValidationError

from access_service import api
from access_service.api.manage.bodies import RequestBody
from access_service.cli import main
from access_service.domain import words
from access_service.domain.errors import InvalidError
from access_service.engine.cases.yaml_reader import instant_of
from access_service.engine.toml_reader import YEARS
from world import SCHOOL

FAR_INSTANTS = (
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "1944-12-31T23:59:59+07:00",
    "2200-01-01T00:00:00+07:00",
    "2026-13-01T00:00:00Z",
    "2026-01-01T24:00:01Z",
    "2026-01-01T00:00:00",
    "2026-01-01",
    "1e300",
)
FAR_DAYS = ("9999-12-31", "0001-01-01", "1944-12-31", "2200-01-01", "2026-02-30", "20260101", "2026-W01-1")
NEAR = ("1945-01-01T00:00:00+07:00", "2199-12-31T23:59:59+07:00")


def bodies() -> Iterator[type[RequestBody]]:
    for module in pkgutil.walk_packages(api.__path__, f"{api.__name__}."):
        importlib.import_module(module.name)
    waiting = [RequestBody]
    while waiting:
        found = waiting.pop()
        waiting += found.__subclasses__()
        yield found


def of_time(schema: Any) -> set[str]:
    """The formats of time that a schema allows anywhere."""
    if isinstance(schema, dict):
        own = {schema["format"]} if schema.get("format") in ("date", "date-time") else set()
        return own.union(*map(of_time, schema.values()))
    return set().union(*map(of_time, schema)) if isinstance(schema, list) else set()


def members() -> Iterator[tuple[str, Any, str]]:
    """(name, type, format) of every member of a body that is a day or an instant by itself."""
    for body in bodies():
        for name, field in body.model_fields.items():
            of_type = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
            adapter = TypeAdapter[Any](of_type)
            schema = adapter.json_schema()
            options = schema.get("anyOf", [schema])
            yield from (
                (f"{body.__name__}.{name}", adapter, option["format"])
                for option in options
                if option.get("format") in ("date", "date-time")
            )


FOUND = list(members())


def test_every_member_of_a_request_that_is_a_time_was_found() -> None:
    assert len(FOUND) >= 15
    assert {form for _, _, form in FOUND} == {"date", "date-time"}
    nested = {
        b.__name__ for b in bodies() if "$defs" not in b.model_json_schema() and of_time(b.model_json_schema())
    }
    assert nested <= {name.partition(".")[0] for name, _, _ in FOUND}


@pytest.mark.parametrize(("adapter", "form"), [pytest.param(a, f, id=n) for n, a, f in FOUND])
def test_no_member_takes_a_time_that_nobody_means(adapter: Any, form: str) -> None:
    for text in FAR_INSTANTS if form == "date-time" else FAR_DAYS:
        with pytest.raises(ValidationError):
            adapter.validate_python(text)
    for value in (0, 1e300, True, [], datetime(1, 1, 1, tzinfo=UTC), date(9999, 12, 31)):
        with pytest.raises(ValidationError):
            adapter.validate_python(value)
    if form == "date-time":
        assert [adapter.validate_python(text).year for text in NEAR] == [1944, 2199], "kept in UTC"


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    with managing(tmp_path_factory.mktemp("managed")) as found_:
        yield found_


def test_no_parameter_of_an_address_takes_one(managed: Managed) -> None:
    """The description is walked: whatever is a time, or may be called one, is asked with each far instant."""
    document = managed.served.client.app.openapi()  # type: ignore[attr-defined]
    asked = [
        (path, parameter["name"])
        for path, operations in document["paths"].items()
        for parameter in operations.get("get", {}).get("parameters", [])
        if parameter["in"] == "query"
        and (parameter["name"] in ("at", "as_of", "on") or of_time(parameter["schema"]))
    ]
    assert ("/v1/units/{unit}/matrix", "at") in asked
    for path, name in asked:
        for text in ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "31/12/9999", "01/01/0001 00:00"):
            answer = managed.get(ADMIN, path.removeprefix("/v1/").replace("{unit}", SCHOOL), **{name: text})
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), (path, text)


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "31/12/9999", "01/01/0001"])
def test_the_command_line_refuses_them(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["matrix", "0003101", "--at", text]) == 2
    assert "is no instant" in capsys.readouterr().err
    for read in (words.instant, words.day):
        with pytest.raises(InvalidError):
            read(text)


def test_packs_and_their_cases_know_the_same_years() -> None:
    assert (YEARS.start, YEARS.stop - 1) == (words.FIRST_YEAR, words.LAST_YEAR)
    for text in (*FAR_INSTANTS, *FAR_DAYS):
        assert instant_of(text) is None or text == "2026-01-01"
    assert instant_of("2024-10-07") == datetime(2024, 10, 6, 17, tzinfo=UTC)
