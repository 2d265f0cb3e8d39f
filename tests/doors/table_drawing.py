"""Rows about who enters and approves software, its clients, and draws; the token endpoint carries some of it."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

import pytest
from managing import ADMIN, OFFICE_ADMIN, OTHER, OTHER_ADMIN, ROOT_ADMIN, Managed
from oauth_scene import GRADEBOOK, drawing
from software_words import entry, jwk, paper

from access_service.domain.names import Frequency
from access_service.usecases.third_party import software
from doors.cells import Api, Cli, Token, Tried, row
from doors.stories import while_suspended
from doors.table_software import NO_SOFTWARE, SAME_ACT, SOFTWARE, approved
from world import SCHOOL

ORDER = count(1)
ATTACKS = "tests/attacks/test_software.py::"
CLIENTS = "tests/attacks/test_software_clients.py::"
STOPPED = Tried(CLIENTS + "test_a_client_of_ended_or_stopped_software_is_let_in_no_more")
DISABLED = Tried(CLIENTS + "test_a_disabled_client_stays_out")
REGISTERED = Tried(
    "tests/api/oauth/test_oauth_tokens.py::test_a_token_is_for_the_resources_a_client_is_registered_for"
)
SCOPES = Tried("tests/api/oauth/test_oauth_tokens.py::test_an_enforcement_point_is_given_its_scopes_and_no_data")
ENTERED_BEFORE = "software is entered, and its papers recorded, before a token is asked for"
ROOT_HOLDS = "`init` makes only the department, whose authority nobody narrows or suspends"
OPERATOR = "the operator may do what the department may"
ONE_DRAW = "a draw is counted when a token is asked for"


# -- through the API


def used(m: Managed, who: str = ADMIN, **more: Any) -> str:
    """Software of a school of its own name; its id."""
    return str(m.made(who, "software", entry(**({"name": f"Phần mềm {next(ORDER)} thử"} | more)))["id"])


def _approved(m: Managed, **more: Any) -> str:
    return str(m.made(ROOT_ADMIN, "approvals", paper(used(m), **more))["id"])


def _client(m: Managed, **more: Any) -> str:
    return str(m.made(ADMIN, "clients", {"software": used(m), **more})["client_id"])


def _wanted(**more: Any) -> Api:
    return Api(lambda m: m.post(ADMIN, "clients", {"software": used(m), **more}))


def _twice(m: Managed) -> Any:
    name = f"Phần mềm {next(ORDER)} hai lần"
    used(m, name=name)
    return m.post(ADMIN, "software", entry(name=name))


def _of_ended(m: Managed) -> Any:
    id_ = used(m)
    m.made(ADMIN, f"software/{id_}/end")
    return m.post(ADMIN, "clients", {"software": id_})


def _withdrawn_twice(m: Managed) -> Any:
    path = f"approvals/{_approved(m)}/withdraw"
    m.made(ROOT_ADMIN, path, {"reason": "thử"})
    return m.post(ROOT_ADMIN, path, {"reason": "thử"})


def _disabled_twice(m: Managed) -> Any:
    path = f"clients/{_client(m)}/disable"
    m.made(ADMIN, path)
    return m.post(ADMIN, path)


def _key_rotated(m: Managed) -> Any:
    return m.post(ADMIN, f"clients/{_client(m, jwks={'keys': [jwk()]})}/rotate")


def _point(m: Managed) -> Any:
    point = used(m, ROOT_ADMIN, unit="00031", is_enforcement_point=True)
    return m.post(ROOT_ADMIN, "clients", {"software": point})


def _suspended(m: Managed) -> Any:
    id_ = used(m, OTHER_ADMIN, unit=OTHER)
    scope = {"unit": OTHER, "categories": ["STU-CON"]}
    return while_suspended(m, OFFICE_ADMIN, OTHER, lambda: m.post(ROOT_ADMIN, "approvals", paper(id_, scope=scope)))


def _unchanged(m: Managed) -> Any:
    return m.post(ADMIN, f"software/{used(m)}/change", {"cost": entry()["cost"]})


# -- at the command line


def _added(run: Any) -> str:
    ran = run("software", "add", "00031", *(part for pair in SOFTWARE.items() for part in pair), "--json")
    assert ran.status == 0, ran.err
    return str(ran.json["id"])


def _added_twice(run: Any, _said: Any) -> Any:
    _added(run)
    return run("software", "add", "00031", *(part for pair in SOFTWARE.items() for part in pair))


def _ended(run: Any, _said: Any) -> Any:
    id_ = _added(run)
    assert run("software", "end", id_).status == 0
    return run("software", "end", id_)


def _withdrawn(run: Any, said: Any) -> Any:
    [id_] = re.findall(r"apv_\w+", approved().run(run, said).out)
    assert run("software", "withdraw", id_, "--reason", "thử").status == 0
    return run("software", "withdraw", id_, "--reason", "thử")


def _a_client(*more: str) -> Cli:
    return Cli(lambda run, _: run("software", "client", _added(run), *more))


def _then(*words: str) -> Cli:
    """Something that a client with a secret and without an address cannot do, after what comes first."""

    def run_it(run: Any, _said: Any) -> Any:
        id_ = run("software", "client", _added(run), "--json").json["client_id"]
        for word in words[:-1]:
            assert run("software", word, id_).status == 0
        command, *options = words[-1].split()
        return run("software", command, id_, *options)

    return Cli(run_it)


# -- at the token endpoint


def _drawn_twice(scene: Any) -> Any:
    paper_ = {"frequency": Frequency.ONCE_A_DAY}
    daily = drawing(scene.world, f"Báo cáo {next(ORDER)}", paper=paper_, resource=GRADEBOOK)
    assert scene.ask(daily).status_code == 200
    return scene.ask(daily)


def _withdrawn_meanwhile(scene: Any) -> Any:
    """The department withdraws between the look at memory and the lock under which the draw is counted."""
    paper_, world = {"frequency": Frequency.ONCE_A_DAY}, scene.world
    daily = drawing(world, f"Báo cáo {next(ORDER)}", paper=paper_, resource=GRADEBOOK)
    counting = software._count

    def late(*given: Any) -> Any:
        doing = given[0]
        approval = doing.tx.require(software.Approval, daily.approval.id)
        software._withdraw(doing, approval, "thử")
        return counting(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(software, "_count", late)
        return scene.ask(daily)


DRAWING_ROWS = [
    row(
        "drawing.check_draw",
        "drawn already in the period `…`",
        ONE_DRAW,
        NO_SOFTWARE,
        ONE_DRAW,
        Token(_drawn_twice),
    ),
    row(
        "drawing.check_draw",
        "the approval is not in force",
        ONE_DRAW,
        NO_SOFTWARE,
        ONE_DRAW,
        Token(_withdrawn_meanwhile),
    ),
    row(
        "approving.check_department",
        "that is for the department's admin account",
        Api(lambda m: m.post(ADMIN, "approvals", paper(used(m)))),
        NO_SOFTWARE,
        OPERATOR,
        ENTERED_BEFORE,
    ),
    row(
        "approving.check_approves",
        "that is for the unit that manages it",
        "every pack of the product lets the department approve; one that does not is played in tests/domain",
        NO_SOFTWARE,
        OPERATOR,
        ENTERED_BEFORE,
    ),
    row(
        "approving.check_level",
        "a security level is … to …",
        "the body's bounds, made from the same numbers, refuse it first",
        NO_SOFTWARE,
        "the option's bounds refuse it first",
        ENTERED_BEFORE,
    ),
    row(
        "approving.check_entry",
        "`…` has entered that software",
        Api(_twice),
        NO_SOFTWARE,
        Cli(_added_twice),
        STOPPED,
    ),
    row("approving.check_changed", "nothing changes", Api(_unchanged), NO_SOFTWARE, SAME_ACT, ENTERED_BEFORE),
    row(
        "approving.check_in_use",
        "the use of that software is over",
        Api(_of_ended),
        NO_SOFTWARE,
        Cli(_ended),
        STOPPED,
    ),
    row(
        "approving.check_authority_covers",
        "`…` holds no authority now",
        Tried(ATTACKS + "test_software_of_a_unit_without_authority_gets_no_approval"),
        NO_SOFTWARE,
        ROOT_HOLDS,
        Tried("tests/api/oauth/test_oauth_tokens.py::test_without_an_approval_there_is_no_token"),
    ),
    row(
        "approving.check_authority_covers",
        "`…` or its authority is suspended",
        Api(_suspended),
        NO_SOFTWARE,
        ROOT_HOLDS,
        STOPPED,
    ),
    row(
        "approving.check_approval_runs",
        "the approval is over",
        Api(_withdrawn_twice),
        NO_SOFTWARE,
        Cli(_withdrawn),
        Tried("tests/api/oauth/test_oauth_tokens.py::test_a_token_ends_with_its_approval"),
    ),
    row(
        "approving.check_confirmation_runs",
        "the confirmation is over",
        Tried("tests/attacks/test_software_papers.py::test_a_confirmation_taken_back_stops_what_rests_on_it"),
        NO_SOFTWARE,
        SAME_ACT,
        "a token rests on what counts now; nothing is taken back there",
    ),
    row(
        "software.check_approval",
        "an approval names the categories of data that may be drawn",
        Api(lambda m: m.post(ROOT_ADMIN, "approvals", paper(used(m), scope={"unit": SCHOOL}))),
        NO_SOFTWARE,
        "`--category` is asked for by the command",
        "judged when the approval is recorded",
    ),
    row(
        "clients.check_scopes",
        "there is no … `…`",
        Tried(ATTACKS + "test_a_school_makes_no_enforcement_point"),
        NO_SOFTWARE,
        _a_client("--scope", "admin"),
        SCOPES,
    ),
    row(
        "clients.check_scopes",
        "only an enforcement point is given these scopes",
        _wanted(pep_scopes=["evaluate"], resource_types=["student"]),
        NO_SOFTWARE,
        _a_client("--scope", "evaluate"),
        SCOPES,
    ),
    row(
        "clients.check_scopes",
        "an enforcement point's client names its scopes and its resource types",
        Api(_point),
        NO_SOFTWARE,
        SAME_ACT,
        SCOPES,
    ),
    row(
        "clients.check_resource",
        "a resource is an https URL without a fragment",
        _wanted(resource="http://so-diem.example/"),
        NO_SOFTWARE,
        _a_client("--resource", "http://so-diem.example/"),
        REGISTERED,
    ),
    row(
        "clients.check_enabled",
        "the client is disabled",
        Api(_disabled_twice),
        NO_SOFTWARE,
        _then("disable", "rotate"),
        DISABLED,
    ),
    row(
        "clients.check_has_secret",
        "this client proves itself by a key; give it other keys",
        Api(_key_rotated),
        NO_SOFTWARE,
        SAME_ACT,
        Tried("tests/attacks/test_oauth_stories.py::test_a_client_with_a_key_is_not_let_in_by_less"),
    ),
    row(
        "clients.check_has_address",
        "the client has no address that was approved",
        Api(lambda m: m.post(ROOT_ADMIN, f"clients/{_client(m)}/address/withdraw")),
        NO_SOFTWARE,
        _then("address --withdraw"),
        "an address is given before a token is asked for it",
    ),
]
