"""Over HTTP: a year closed by mistake, handing back early and late, and what is refused at its own door (J, B)."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from managing import ADMIN, OFFICE_ADMIN, PRINCIPAL, ROOT_ADMIN, TEACHER, Managed, managing

from access_service.api.manage import accounts, delegation, documents, org, software, waiting
from access_service.api.manage.segments import PathId
from access_service.domain.accounts import Account
from world import OFFICE, PASSWORD, SCHOOL

MODULES = (accounts, delegation, documents, org, software, waiting)
"""Second factors have ids of our own making."""


@pytest.fixture
def managed(tmp_path: Path) -> Iterator[Managed]:
    with managing(tmp_path) as managed:
        yield managed


def state(managed: Managed, who: str = TEACHER) -> str:
    found: str = managed.seen(who, "me")["grants"][0]["state"]
    return found


def test_a_year_closed_by_mistake_is_opened_again_by_two(managed: Managed) -> None:
    """`{}` closed every class right of a province once; now it takes a reason and two, and can be undone."""
    year = "school-years/2026-2027"
    for body in (None, {}, {"reason": " "}):
        assert managed.post(ROOT_ADMIN, f"{year}/close", body).status_code == 422
    waits = managed.made(ROOT_ADMIN, f"{year}/close", {"reason": "kết chuyển"})
    assert state(managed) == "effective"
    deputy = managed.world.root_signer("deputy", "deputy_director")
    second = managed.world.get(Account, deputy.account).username
    managed.refused("director.00031", f"waiting-acts/{waits['id']}/confirm", None, 403, "self_service")
    managed.made(second, f"waiting-acts/{waits['id']}/confirm")
    assert state(managed) == "expired"
    undoing = managed.made(ROOT_ADMIN, f"{year}/reopen", {"reason": "đóng nhầm"})
    assert state(managed) == "expired"
    managed.made(second, f"waiting-acts/{undoing['id']}/confirm")
    assert state(managed) == "effective"


def test_an_end_is_undone_until_its_day_and_leavers_are_closed_together(managed: Managed) -> None:
    duty = managed.world.people["gvcn"].duty
    end = {"on": "2026-08-24", "decision_number": "000/QĐ"}
    managed.made(ADMIN, f"assignments/{duty}/end", end)
    assert managed.post(ADMIN, f"assignments/{duty}/undo-end", {}).status_code == 422
    managed.refused(TEACHER, f"assignments/{duty}/undo-end", {"reason": "ở lại"}, 403, "self_service")
    undone = managed.made(ADMIN, f"assignments/{duty}/undo-end", {"reason": "ở lại"})
    assert undone["valid_to"] is None
    managed.refused(ADMIN, f"assignments/{duty}/undo-end", {"reason": "ở lại"}, 409, "document_state")
    managed.made(ADMIN, f"assignments/{duty}/end", end)
    minutes = managed.made(TEACHER, "returns", {"unit": SCHOOL})
    managed.sign(TEACHER, minutes["id"])
    managed.sign(PRINCIPAL, minutes["id"])
    managed.world.clock.forward(days=5)
    managed.tokens.clear()
    body = {"accounts": [managed.world.people["gvcn"].account], "reason": "đã thôi việc"}
    told = managed.made(ADMIN, f"units/{SCHOOL}/accounts/close?dry_run=true", body)
    assert any(line["matter"] == "account" for line in told["falls"])
    closed = managed.made(ADMIN, f"units/{SCHOOL}/accounts/close", body)
    assert [line["id"] for line in closed["accounts"]] == body["accounts"]


def test_handing_back_on_friday_for_monday(managed: Managed) -> None:
    minutes = managed.made(TEACHER, "returns", {"unit": SCHOOL, "ends_at": "2026-08-24T00:00:00+07:00"})
    managed.sign(TEACHER, minutes["id"])
    assert state(managed) == "effective"
    [countersigned] = managed.sign(PRINCIPAL, minutes["id"])
    assert countersigned["state"] == "signed"
    managed.world.clock.forward(days=5)
    managed.tokens.clear()
    assert state(managed) == "ended"


def test_handing_back_after_the_last_duty_ended(managed: Managed) -> None:
    """The account stands still; the session is good for handing back and nothing else."""
    duty = managed.person("gvcn").duty
    managed.made(ADMIN, f"assignments/{duty}/end", {"on": "2026-08-20", "decision_number": "000/QĐ"})
    managed.tokens.clear()
    sent = managed.served.client.post("/v1/sessions", json={"username": TEACHER, "password": PASSWORD})
    assert (sent.status_code, sent.json()["due"]) == (201, "hand_back")
    managed.tokens[TEACHER] = sent.json()["token"]
    refused = managed.get(TEACHER, "me")
    assert refused.status_code == 403
    assert refused.json()["code"] == "hand_back_due"
    minutes = managed.made(TEACHER, "returns", {"unit": SCHOOL})
    managed.shown(TEACHER, minutes["id"])
    shown = {"document": minutes["id"], "version": minutes["version"], "sha256": minutes["sha256"]}
    body = {"password": PASSWORD, "documents": [shown]}
    [signed] = managed.made(TEACHER, "signatures", body)["results"]
    assert signed["problem"] is None
    managed.sign(PRINCIPAL, minutes["id"])
    [case] = managed.seen(ADMIN, f"units/{SCHOOL}/leaving-cases")["leaving_cases"]
    assert case["document"] == minutes["id"]


def test_what_has_ended_is_not_suspended_over_http(managed: Managed) -> None:
    [grant] = managed.seen(TEACHER, "me")["grants"]
    managed.made(ADMIN, f"grants/{grant['id']}/revoke", {"reason": "thu hồi"})
    managed.refused(ADMIN, f"grants/{grant['id']}/suspend", {"reason": "thử"}, 409, "grant_ended")
    managed.made(OFFICE_ADMIN, f"authorities/{grant['authority']}/withdraw")
    path = f"authorities/{grant['authority']}/suspend"
    managed.refused(OFFICE_ADMIN, path, {"reason": "thử"}, 409, "document_state")


def test_six_open_minutes_for_one_duty_are_one_over_http(managed: Managed) -> None:
    body = managed.handover("moi", "6B")
    managed.made(ADMIN, "handovers", body)
    for _ in range(5):
        managed.refused(ADMIN, "handovers", body, 409, "duplicate")


def test_every_code_in_a_path_is_read_at_one_door() -> None:
    """Which puts back an encoded slash: what an import of earlier days named is reached on every route."""
    door = get_args(PathId)
    for module in MODULES:
        for route in module.router.routes:
            names = route.param_convertors  # type: ignore[attr-defined]
            for name in names:
                hints = inspect.get_annotations(route.endpoint, eval_str=True)  # type: ignore[attr-defined]
                assert get_args(hints[name]) == door, (route.path, name)  # type: ignore[attr-defined]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_code_with_a_slash_reaches_every_route(managed: Managed, method: str) -> None:
    """Nobody has that code, so each answers with a problem of its own, never as a path that there is not."""
    bearer = managed.bearer(ADMIN)
    client = managed.served.client
    nowhere = client.request(method, "/v1/nowhere/03%2FBB", headers=bearer).json()
    for module in MODULES:
        for route in module.router.routes:
            if method not in route.methods or not route.param_convertors:  # type: ignore[attr-defined]
                continue
            path = route.path  # type: ignore[attr-defined]
            for name in route.param_convertors:  # type: ignore[attr-defined]
                path = path.replace(f"{{{name}}}", "03%2FBB")
            answer = client.request(method, path, headers=bearer)
            assert answer.status_code != 405, path
            body: Any = answer.json()
            assert answer.status_code >= 400 or body is not None
            same = {k: v for k, v in body.items() if k not in ("instance", "request_id")}
            assert same != {k: v for k, v in nowhere.items() if k not in ("instance", "request_id")}, path
    assert OFFICE


def test_a_deputy_in_charge_is_asked_to_confirm_nothing_over_http(managed: Managed) -> None:
    """No successor: what the office granted waits for the next head, and silence of the deputy's ends nothing."""
    world = managed.world
    world.clock.forward(days=1)
    managed.tokens.clear()
    head = managed.person(f"head:{SCHOOL}").duty
    managed.made(OFFICE_ADMIN, f"assignments/{head}/end", {"on": "2026-08-21", "decision_number": "009/QĐ"})
    world.hire("phu-trach", SCHOOL, "vice_principal_in_charge", OFFICE)
    path = f"units/{SCHOOL}/confirmations"
    asked = managed.seen("000.phu-trach", path)
    assert (asked["grants"], asked["due_at"], asked["overdue"]) == ([], None, False)
    world.clock.forward(days=40)
    managed.tokens.clear()
    shown = managed.seen("000.phu-trach", path)
    assert (len(shown["grants"]), shown["due_at"], shown["overdue"]) == (1, None, False)
    assert state(managed) == "effective"


def test_a_succession_over_http_names_the_archive_and_lists_what_lacks_an_heir(managed: Managed) -> None:
    """Asked first, and refused with the list; then each school and paper has its one heir."""
    second, third = (
        managed.world.add_unit(f"0003100{n}", "commune", f"UBND xã {n}", managed.world.root) for n in (2, 3)
    )
    body = {"successor": second, "basis": "NQ 02/NQ", "on": "2026-08-20", "schools": {SCHOOL: third}}
    path = f"units/{OFFICE}/succession"
    told = managed.refused(ROOT_ADMIN, path, body, 409, "successor_missing")
    assert told["details"]["missing"] == ["archive"]
    told = managed.refused(ROOT_ADMIN, f"{path}?dry_run=true", body, 409, "successor_missing")
    assert told["details"]["missing"] == ["archive"]
    done = managed.made(ROOT_ADMIN, path, body | {"archive": third})
    assert (done["successor"], done["archive"]) == (second, third)
    kept = managed.seen(ROOT_ADMIN, f"units/{OFFICE}/documents")["documents"]
    assert {d["kept_by"] for d in kept} <= {second, third}
    assert kept
