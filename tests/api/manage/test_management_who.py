"""Who could, over HTTP: to those whom the unit concerns, and to nobody else."""

from collections.abc import Iterator

import pytest
from managing import ADMIN, OTHER_ADMIN, PRINCIPAL, TEACHER, Managed, managing

from world import CLASS_6A, SCHOOL


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    with managing(tmp_path_factory.mktemp("managed")) as found_:
        yield found_


ASKED = {"action": "read", "category": "STU-ACA", "class": CLASS_6A}


def test_the_answer_names_people_rights_and_papers(managed: Managed) -> None:
    body = managed.get(PRINCIPAL, "who", **ASKED).json()
    [may] = body["people"]
    assert may["name"] == "Người Thử gvcn"
    assert may["papers"][0]["signer_name"] == "Người Thử head:0003101"
    assert body["revision"].startswith("r")
    again = managed.get(PRINCIPAL, "who", **ASKED, known_at="then", at=body["at"]).json()
    assert again["people"] == body["people"]


@pytest.mark.parametrize(("who", "status"), [(ADMIN, 200), (TEACHER, 403), (OTHER_ADMIN, 404)])
def test_only_those_it_concerns_hear_of_it(managed: Managed, who: str, status: int) -> None:
    assert managed.get(who, "who", **ASKED).status_code == status


@pytest.mark.parametrize(
    "query",
    [{"category": "khong-co"}, {"at": "hôm qua"}, {"known_at": "1"}, {"unit": SCHOOL}, {"class": ""}],
)
def test_what_cannot_be_read_is_422(managed: Managed, query: dict[str, str]) -> None:
    assert managed.get(ADMIN, "who", **{**ASKED, **query}).status_code == 422
