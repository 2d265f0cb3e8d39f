"""Who could come to read it, over HTTP: to the leadership of the unit and of those above, and to nobody else."""

from collections.abc import Iterator

import pytest
from managing import ADMIN, OTHER_ADMIN, PRINCIPAL, TEACHER, Managed, managing

from world import SCHOOL

PATHS = f"units/{SCHOOL}/paths"


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    with managing(tmp_path_factory.mktemp("managed")) as found_:
        yield found_


def test_every_path_ends_at_an_account_that_reads_it(managed: Managed) -> None:
    body = managed.get(PRINCIPAL, PATHS, **{"category": "STU-HEA", "with": "2"}).json()
    held = {one["account"] for one in body["held"]}
    assert body["paths"]
    assert body["coalitions"]
    assert {act["kind"] for act in body["joint"]} >= {"appointing"}
    for path in body["paths"]:
        assert path["accounts"][-1]["account"] in held
        assert path["accounts"][0]["account"] not in held


@pytest.mark.parametrize(("who", "status"), [(ADMIN, 200), (PRINCIPAL, 200), (TEACHER, 404), (OTHER_ADMIN, 404)])
def test_only_the_leadership_of_the_unit_and_above_hear_of_it(managed: Managed, who: str, status: int) -> None:
    assert managed.get(who, PATHS, category="STU-HEA").status_code == status


@pytest.mark.parametrize("query", [{"category": "khong-co"}, {"with": "3"}, {"at": "hôm qua"}])
def test_what_cannot_be_read_is_422(managed: Managed, query: dict[str, str]) -> None:
    assert managed.get(ADMIN, PATHS, **{"category": "STU-HEA", **query}).status_code == 422
