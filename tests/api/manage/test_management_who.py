"""Who could, over HTTP: to those whom the unit concerns, and to nobody else."""

from collections.abc import Iterator

import pytest
from managing import ADMIN, OTHER_ADMIN, PRINCIPAL, TEACHER, Managed, managing

from access_service.usecases.upkeep.writing_looks import write_looks
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


def test_why_is_told_to_the_account_itself_and_to_whoever_may_have_the_matrix(managed: Managed) -> None:
    teacher = managed.world.people["gvcn"].account
    asked = {**ASKED, "account": teacher}
    own = managed.seen(TEACHER, "explanation", **asked)
    assert (own["decision"], [one["reason"] for one in own["tried"]]) == (True, [None])
    assert own["explanation"]["documents"][0]["number"]
    no = managed.seen(PRINCIPAL, "explanation", **{**asked, "action": "approve", "at": "20/08/2026 09:00"})
    assert (no["decision"], no["tried"][0]["reason"]) == (False, "action_not_in_role")
    assert no["roles"], "somebody may"
    head = managed.world.head_of(SCHOOL).account
    assert managed.get(TEACHER, "explanation", **{**asked, "account": head}).status_code == 403
    assert managed.get(OTHER_ADMIN, "explanation", **asked).status_code == 404
    assert managed.get(PRINCIPAL, "explanation", **{**asked, "category": "khong-co"}).status_code == 422
    seq = len(managed.world.log())
    managed.seen(PRINCIPAL, "explanation", **asked)
    managed.seen(TEACHER, "explanation", **asked)
    write_looks(managed.world.services.db, managed.served.client.app.state.services.looks)  # type: ignore[attr-defined]
    assert [e.happening.action for e in managed.world.log(seq)].count("explain") >= 1
