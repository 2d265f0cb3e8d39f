"""What a sheet may not say a body may not either: the patterns of the API are made from the same words."""

import pytest
from pydantic import BaseModel, ValidationError

from access_service.api.manage.accounts_bodies import NewAccount
from access_service.api.manage.org_bodies import NewClass, NewPerson, NewSchoolYear, NewUnit
from access_service.domain import words
from access_service.domain.errors import InvalidError

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
WRONG: list[tuple[type[BaseModel], dict[str, object], str, words.WordReader, str]] = [
    (NewUnit, UNIT, "id", words.code, "03/BB-SGDĐT"),
    (NewUnit, UNIT, "name", words.line, "Trường\u200b Thử"),
    (NewClass, CLASS, "code", words.class_code, "6;A"),
    (NewClass, CLASS, "code", words.class_code, "6:A"),
    (NewPerson, {"name": "Người Thử"}, "name", words.line, "Thử\u202e"),
    (NewSchoolYear, YEAR, "id", words.school_year, "2025-2024"),
    (NewAccount, ACCOUNT, "username", words.username, "x" * 300),
    (NewAccount, ACCOUNT, "username", words.username, "\u0441bql.1"),
    (NewAccount, ACCOUNT, "username", words.username, "ｃｂｑｌ.1"),
    (NewClass, CLASS, "code", words.class_code, "6\u0410"),
]


@pytest.mark.parametrize(("body", "right", "field", "reader", "wrong"), WRONG)
def test_what_a_file_may_not_say_a_body_may_not_either(
    body: type[BaseModel], right: dict[str, object], field: str, reader: words.WordReader, wrong: str
) -> None:
    body.model_validate(right)
    with pytest.raises(InvalidError):
        reader(wrong)
    with pytest.raises(ValidationError):
        body.model_validate({**right, field: wrong})
