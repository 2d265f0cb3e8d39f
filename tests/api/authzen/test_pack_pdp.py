"""One pack alone behind the AuthZEN interface: bodies, answers, explanations, pages; nothing odd is an error."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_service.api.authzen import search as search_module
from access_service.api.authzen.pack_pdp import SLICE, PackPdp
from access_service.api.http.limits import DEPTH
from access_service.api.http.metrics import Metrics
from access_service.api.http.pool import Pool
from access_service.api.pdp import BodyAnswers, FoundPage, Pdp, Start
from access_service.domain.errors import InvalidError, RestartError, StaleRevisionError
from access_service.engine.alone.decisions import StandaloneEngine
from access_service.engine.alone.standalone import load_standalone
from engine.standalone_packs import RICH, parsed

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 9, 16, 8, tzinfo=UTC)


def pdp_of(name: str, clock: Callable[[], datetime] = lambda: NOW) -> PackPdp:
    engine = StandaloneEngine(load_standalone(ROOT / "policy" / name, ROOT / "models"))
    return PackPdp(engine, Pool(), Metrics(), clock)


TODO = pdp_of("todo")
EDITS = {
    "subject": {"type": "user", "id": "binh"},
    "action": {"name": "edit"},
    "resource": {"type": "task", "id": "buy-paper"},
}


def test_it_is_what_the_routes_speak_to() -> None:
    pdp: Pdp = TODO
    assert pdp.bodies.evaluation.__name__ == "Evaluation"


def evaluated(
    *bodies: dict[str, Any], explain: Any = "code", stop_at: bool | None = None, log: Any = "all"
) -> BodyAnswers:
    items = [msgspec.convert(body, TODO.bodies.evaluation) for body in bodies]
    return asyncio.run(TODO.evaluate(items, stop_at=stop_at, explain=explain, log=log, is_clean=False))


def answers(answered: BodyAnswers) -> list[Any]:
    return [msgspec.json.decode(answer) for answer in answered.answers]


def searched(wanted: Any, body: dict[str, Any], limit: int = 100, start: Start | None = None) -> FoundPage:
    return asyncio.run(TODO.search(wanted, msgspec.convert(body, TODO.bodies.search), limit=limit, start=start))


def test_an_answer_says_as_much_as_was_asked() -> None:
    denied = EDITS | {"subject": {"type": "user", "id": "cuc"}}
    assert answers(evaluated(EDITS, denied, explain="none")) == [{"decision": True}, {"decision": False}]
    assert answers(evaluated(EDITS, denied)) == [
        {"decision": True},
        {
            "decision": False,
            "context": {
                "reason": {"code": "no_grant", "en": "No right has been granted", "vi": "Chưa được cấp quyền"}
            },
        },
    ]
    (full,) = answers(evaluated(EDITS | {"context": {"explain": "full", "ip": "192.0.2.1"}}, explain="none"))
    assert full["context"]["explanation"]["rule"] == {
        "cells": {"role": "editor", "action": "edit", "owner": "same", "state": "open"},
        "effect": "allow",
        "source": "todo/roles.csv:9",
        "article": "default",
        "document": "default",
        "place": "",
        "vi": "Mặc định của sản phẩm",
        "en": "The product's own choice",
    }
    assert full["context"]["explanation"]["pack"]["name"] == "todo"
    assert "reason" not in full["context"]
    (nothing,) = answers(evaluated(denied, explain="full"))
    assert nothing["context"]["explanation"]["rule"] is None


def test_an_explicit_deny_names_its_row() -> None:
    body = EDITS | {"subject": {"type": "user", "id": "bach"}, "resource": {"type": "task", "id": "old-list"}}
    (answer,) = answers(evaluated(body, explain="full"))
    assert answer["context"]["reason"]["code"] == "denied_by_rule"
    assert answer["context"]["explanation"]["rule"]["source"] == "todo/roles.csv:13"


@pytest.mark.parametrize("count", [1, SLICE, SLICE + 1, 200])
def test_a_batch_is_answered_in_order_and_ends_where_it_was_told(count: int) -> None:
    bodies = [EDITS | {"subject": {"type": "user", "id": ("binh", "cuc")[n % 2]}} for n in range(count)]
    expected = [n % 2 == 0 for n in range(count)]
    whole = evaluated(*bodies)
    assert [answer["decision"] for answer in answers(whole)] == expected
    assert whole.counts == Counter({("allow", ""): sum(expected), ("deny", "no_grant"): count - sum(expected)})
    assert len(evaluated(*bodies, stop_at=True).answers) == 1
    assert len(evaluated(*bodies, stop_at=False).answers) == min(count, 2)


def test_the_records_are_those_the_log_wants_and_name_no_resource() -> None:
    denied = EDITS | {"subject": {"type": "user", "id": "cuc"}}
    allow, deny = evaluated(EDITS, denied).records
    said = {"pack": "todo", "action": "edit", "type": "task"}
    assert allow == said | {"decision": "allow", "reason": None, "account": "binh"}
    assert deny == said | {"decision": "deny", "reason": "no_grant", "account": "cuc"}
    assert evaluated(EDITS, denied, log="deny").records == [deny]
    assert evaluated(EDITS, denied, log="none").records == []


def test_an_incomplete_item_is_denied() -> None:
    for left_out in ("subject", "action", "resource"):
        body = {name: value for name, value in EDITS.items() if name != left_out}
        (answer,) = answers(evaluated(body))
        assert answer["context"]["reason"]["code"] == "resource_incomplete"


def test_the_revision_is_the_pack_s() -> None:
    assert evaluated(EDITS).revision == TODO.revision == searched("subject", EDITS).revision
    assert TODO.revision != pdp_of("authzen").revision
    assert answers(evaluated(EDITS | {"context": {"at_least": TODO.revision}})) == [{"decision": True}]
    with pytest.raises(StaleRevisionError):
        evaluated(EDITS | {"context": {"at_least": "p" + 16 * "0"}})
    with pytest.raises(InvalidError, match="is no revision"):
        searched("subject", EDITS | {"context": {"at_least": "r1"}})


def test_pages_are_the_whole_in_order() -> None:
    body = {"subject": {"type": "user"}, "action": {"name": "read"}, "resource": EDITS["resource"]}
    everybody = [{"type": "user", "id": id_} for id_ in ("bach", "binh", "cuc", "dung")]
    whole = searched("subject", body)
    assert (list(whole.results), whole.after, whole.now) == (everybody, None, NOW)
    for limit in (1, 2, 3, 4, 5):
        collected: list[dict[str, str]] = []
        start: Start | None = None
        while start is None or start.after:
            page = searched("subject", body, limit, start)
            assert len(page.results) <= limit
            collected += page.results
            if page.after is None:
                break
            start = Start(page.after, page.revision, page.now)
        assert collected == everybody


def test_a_page_keeps_its_instant_and_its_pack() -> None:
    body = {"subject": {"type": "user"}, "action": {"name": "read"}, "resource": EDITS["resource"]}
    earlier = NOW - timedelta(seconds=30)
    assert searched("subject", body, 1, Start("bach", TODO.revision, earlier)).now == earlier
    with pytest.raises(RestartError):
        searched("subject", body, 1, Start("bach", "p" + 16 * "0", earlier))


def test_a_page_of_nothing_is_empty_and_knows_that_more_follows() -> None:
    body = {"subject": {"type": "user"}, "action": {"name": "read"}, "resource": EDITS["resource"]}
    first = searched("subject", body, 0)
    assert (first.results, first.after) == ([], "")
    assert len(searched("subject", body, 9, Start("", first.revision, first.now)).results) == 4
    assert searched("subject", body, 0, Start("bach", first.revision, first.now)).after == "bach"
    assert searched("subject", body, 0, Start("dung", first.revision, first.now)).after is None


def test_resources_and_actions_are_found() -> None:
    mine = {"subject": EDITS["subject"], "action": EDITS["action"], "resource": {"type": "task"}}
    assert searched("resource", mine).results == [{"type": "task", "id": "buy-paper"}]
    theirs = {"subject": EDITS["subject"], "resource": EDITS["resource"]}
    assert searched("action", theirs).results == [
        {"name": name} for name in ("complete", "create", "delete", "edit", "read")
    ]


def test_the_id_of_what_is_searched_for_is_ignored_whatever_it_is() -> None:
    odd = {"type": "user", "id": "\x00" * 200}
    body = {"subject": odd, "action": {"name": "edit"}, "resource": EDITS["resource"]}
    assert searched("subject", body).results == [{"type": "user", "id": "bach"}, {"type": "user", "id": "binh"}]
    body = {"subject": EDITS["subject"], "action": {"name": "\x00"}, "resource": EDITS["resource"]}
    assert searched("action", body).results
    with pytest.raises(InvalidError, match=r"`subject\.id` holds control characters"):
        searched("resource", {"subject": odd, "action": EDITS["action"], "resource": {"type": "task"}})


def test_a_context_s_own_members_are_checked() -> None:
    for odd in ({"explain": "loud"}, {"explain": 5}, {"at_least": 7}):
        with pytest.raises(InvalidError, match=r"context\.(explain|at_least)"):
            evaluated(EDITS | {"context": odd})


def test_a_context_that_the_pack_names_decides_in_answers_and_searches_and_binds_pages() -> None:
    rich = PackPdp(StandaloneEngine(parsed(RICH)), Pool(), Metrics(), lambda: NOW)
    about = {"subject": {"type": "user", "id": "chi"}, "action": {"name": "edit"}, "resource": {"type": "folder"}}
    sent = {
        network: msgspec.convert(about | {"context": {"network": network}}, rich.bodies.search)
        for network in ("office", "home", "HOME")
    }
    found = {n: asyncio.run(rich.search("resource", s, limit=9, start=None)).results for n, s in sent.items()}
    folders = [{"type": "folder", "id": id_} for id_ in ("drafts", "plans", "root")]
    assert found == {"office": folders, "home": [], "HOME": []}
    # The token of a page is bound to everything that was sent, so to the context as well.
    assert len({search_module._query(s) for s in sent.values()}) == 3
    (item,) = answers(
        asyncio.run(
            rich.evaluate(
                [
                    msgspec.convert(
                        about | {"resource": {"type": "folder", "id": "root"}, "context": {"network": "HOME"}},
                        rich.bodies.evaluation,
                    )
                ],
                stop_at=None,
                explain="code",
                log="none",
                is_clean=False,
            )
        )
    )
    assert item["decision"] is False
    assert (item["context"]["reason"]["code"], item["context"]["reason"]["field"]) == (
        "resource_incomplete",
        "context.network",
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=DEPTH,
)
NAMES = st.sampled_from(["owner", "state", "role", "id", "type", "__class__", "x"])
WORDS = st.sampled_from(["user", "task", "cuc", "binh", "edit", "read", "buy-paper", "*", "", "r.subject", "同"])


@given(st.dictionaries(NAMES, JSON), WORDS, WORDS, WORDS, st.sampled_from(["none", "code", "full"]))
def test_whatever_the_properties_are_the_answer_is_one(
    properties: dict[str, Any], subject: str, action: str, resource: str, explain: str
) -> None:
    body = {
        "subject": {"type": "user", "id": subject, "properties": properties},
        "action": {"name": action, "properties": properties},
        "resource": {"type": "task", "id": resource, "properties": properties},
    }
    answered = evaluated(body, explain=explain)
    (answer,) = answers(answered)
    assert answer["decision"] in (True, False)
    # The log can always be written, too: nothing of the properties is in it.
    assert msgspec.json.encode(answered.records)
    for wanted in ("subject", "resource", "action"):
        msgspec.json.encode(searched(wanted, body).results)
