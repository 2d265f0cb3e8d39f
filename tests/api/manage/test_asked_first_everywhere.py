"""Every act that takes something from somebody can be asked first, over HTTP (rule 3)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
from managing import ADMIN, OFFICE_ADMIN, OFFICE_HEAD, ROOT_ADMIN, TEACHER, Managed, managing

from access_service.api.manage import (
    accounts,
    correcting,
    delegation,
    documents,
    observing,
    org,
    second_factors,
    sessions,
    software,
    waiting,
)
from access_service.domain.accounts import Account
from access_service.domain.powers import Power, declared_by
from powers.acts import acts, names_in
from world import SCHOOL

TAKES = {
    Power.OFFICE,
    Power.CUSTODY,
    Power.GRANT,
    Power.AUTHORITY,
    Power.UNIT,
    Power.YEAR,
    Power.SOFTWARE,
    Power.POLICY,
}
"""What somebody loses; a password, a code or a session is somebody's own and comes back by itself."""
NOT_ASKED = {
    "ceremonies.answer_ceremony": "a signature is given once, by what was put before the signer word for word",
    "signatures.sign_batch": "a signature is given once, after a password; what it ends stands on the paper",
    "signed_elsewhere.take_signed_pdf": "a signature is given once, in another program; what it ends stands on it",
    "clients.rotate_secret": "answers with a secret, which a rehearsal must not show",
    "homerooms.change_homeroom": "the page shows first what it ends; programs assign the duty and ask there",
    "propose_many.propose_row": "a row of a draft says beforehand what it hands over and what it replaces",
    "clients.replace_keys": "one's own client goes on with the keys it just gave",
}
MODULES = (accounts, correcting, delegation, documents, observing, org, second_factors, sessions, software, waiting)


def routes() -> dict[str, list[Callable[..., Any]]]:
    """Acts to the endpoints that call them, by the names in their code."""
    found: dict[str, list[Callable[..., Any]]] = {}
    for module in MODULES:
        for route in module.router.routes:
            endpoint = inspect.unwrap(route.endpoint)  # type: ignore[attr-defined]
            assert isinstance(endpoint, FunctionType)
            for act in acts():
                home, name = act.split(".")
                mentioned = names_in(endpoint.__code__)
                if name in mentioned and (home in mentioned or name in ("suspend", "resume")):
                    found.setdefault(act, []).append(endpoint)
    return found


def test_every_act_that_takes_something_takes_dry_run() -> None:
    """Walks the acts by what they declare: a new one fails here until it has `dry_run` or says why not."""
    by_act = routes()
    lacking = []
    for name, function in acts().items():
        declared = declared_by(function)
        takes = declared is not None and any(e.ends and e.power in TAKES for e in declared.edges)
        endpoints = by_act.get(name, [])
        if not takes or name in NOT_ASKED or (not endpoints and name.endswith("_as_operator")):
            continue
        if not endpoints or any("dry_run" not in inspect.signature(e).parameters for e in endpoints):
            lacking.append(name)
    assert lacking == []


def test_what_is_not_asked_first_is_there_and_takes_something() -> None:
    for name in NOT_ASKED:
        declared = declared_by(acts()[name])
        assert declared is not None
        assert any(e.ends and e.power in TAKES for e in declared.edges), name


@pytest.fixture
def managed(tmp_path: Path) -> Iterator[Managed]:
    with managing(tmp_path) as managed:
        yield managed


def grant_of(managed: Managed) -> str:
    [grant] = managed.seen(TEACHER, "me")["grants"]
    identifier: str = grant["id"]
    return identifier


def asked(managed: Managed, who: str, path: str, body: Any = None) -> list[str]:
    """The events that the act would leave; that it leaves none now, and nothing changes."""
    managed.bearer(who)
    before = managed.revision(), len(managed.log())
    told = managed.made(who, f"{path}?dry_run=true", body)
    assert told["dry_run"] is True
    assert (managed.revision(), len(managed.log())) == before
    return [event["action"] for event in told["events"]]


def test_suspending_a_grant_is_asked_first(managed: Managed) -> None:
    grant = grant_of(managed)
    body = {"reason": "rà soát"}
    assert asked(managed, ADMIN, f"grants/{grant}/suspend", body) == ["grant.suspend"]
    assert managed.seen(TEACHER, "me")["grants"][0]["state"] == "effective"
    managed.made(ADMIN, f"grants/{grant}/suspend", body)
    assert managed.seen(TEACHER, "me")["grants"][0]["state"] == "suspended"


def test_suspending_an_authority_is_asked_first(managed: Managed) -> None:
    authority = managed.seen(ADMIN, f"grants/{grant_of(managed)}")["authority"]
    body = {"reason": "rà soát"}
    assert asked(managed, OFFICE_ADMIN, f"authorities/{authority}/suspend", body) == ["authority.suspend"]
    assert managed.seen(TEACHER, "me")["grants"][0]["state"] == "effective"
    managed.made(OFFICE_ADMIN, f"authorities/{authority}/suspend", body)
    assert managed.seen(TEACHER, "me")["grants"][0]["state"] == "suspended"


def test_ending_an_inspection_is_asked_first(managed: Managed) -> None:
    decision = managed.made(
        OFFICE_ADMIN,
        "inspections",
        {
            "dated": "2026-08-20",
            "units": [SCHOOL],
            "members": [managed.person("ngoai").person],
            "content": "Kiểm tra hồ sơ phân quyền",
            "valid_from": "2026-08-20T00:00:00+07:00",
            "valid_to": "2026-09-20T00:00:00+07:00",
        },
    )
    [signed] = managed.sign(OFFICE_HEAD, decision["id"])
    assert signed["state"] == "signed"
    body = {"reason": "xong"}
    path = f"inspections/{decision['id']}/end"
    assert asked(managed, OFFICE_ADMIN, path, body) == ["grant.end", "document.close"]
    assert managed.seen(OFFICE_ADMIN, f"documents/{decision['id']}")["state"] == "signed"
    managed.made(OFFICE_ADMIN, path, body)
    assert managed.seen(OFFICE_ADMIN, f"documents/{decision['id']}")["state"] == "withdrawn"


def test_closing_a_school_year_is_asked_first(managed: Managed) -> None:
    """It is the confirmation that closes it: whoever confirms asks, and the teacher reads on."""
    waits = managed.made(ROOT_ADMIN, "school-years/2026-2027/close", {"reason": "kết chuyển sớm"})
    deputy = managed.world.root_signer("deputy", "deputy_director")
    username = managed.world.get(Account, deputy.account).username
    events = asked(managed, username, f"waiting-acts/{waits['id']}/confirm")
    assert "school_year.close" in events
    assert managed.seen(TEACHER, "me")["grants"][0]["state"] == "effective"
    managed.made(username, f"waiting-acts/{waits['id']}/confirm")
    assert managed.seen(TEACHER, "me")["grants"][0]["state"] == "expired"
