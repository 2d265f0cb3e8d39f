"""Decisions and searches of packs that stand alone: what is believed, what is odd, and what Casbin would do."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import casbin
import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_service.domain.policy import ANY
from access_service.domain.reasons import Reason
from access_service.engine.alone.decisions import (
    Forbidden,
    Named,
    NamedAction,
    PackDecision,
    StandaloneEngine,
)
from access_service.engine.alone.model import SAME
from access_service.engine.alone.pack import AttributeRule, StandalonePack, word_of
from access_service.engine.alone.standalone import is_standalone, load_standalone
from access_service.engine.casbin_engine import AttributeEngine, attribute_model_refused
from access_service.engine.cases.alone import run_standalone_cases
from engine.standalone_packs import ALONE, CONF, ENTITIES, ROLES, edited, parsed

ROOT = Path(__file__).resolve().parents[3]
PACK = parsed(ALONE)
ENGINE = StandaloneEngine(PACK)


def user(id_: str, **properties: object) -> Named:
    return Named("user", id_, properties)


def act(name: str, **properties: object) -> NamedAction:
    return NamedAction(name, properties)


def note(id_: str, **properties: object) -> Named:
    return Named("note", id_, properties)


def said(decision: PackDecision) -> str:
    """`allow` or the reason, and the line of the row that decides."""
    word = str(decision.reason) if isinstance(decision, Forbidden) else "allow"
    return word if decision.rule is None else f"{word} {decision.rule.source.rpartition(':')[2]}"


def ask(subject: Named, action: NamedAction, resource: Named, engine: StandaloneEngine = ENGINE) -> str:
    return said(engine.decide(subject, action, resource))


def test_a_role_a_relation_and_a_deny_decide() -> None:
    assert ask(user("an"), act("read"), note("n1")) == "allow 2"
    assert ask(user("an"), act("edit"), note("n1")) == "no_grant"
    assert ask(user("binh"), act("edit"), note("n1")) == "allow 4"
    assert ask(user("chi"), act("edit"), note("n1")) == "no_grant"
    assert ask(user("binh"), act("edit"), note("n2")) == "allow 5"
    assert ask(user("binh"), act("edit", soft="false"), note("n1")) == "denied_by_rule 6"


def test_only_trusted_properties_are_believed() -> None:
    assert ask(user("an", role="editor"), act("edit"), note("n9", owner="an")) == "no_grant"
    assert ask(user("binh"), act("edit"), note("n9", owner="binh")) == "allow 4"
    assert ask(user("binh"), act("edit"), note("n1", owner="chi")) == "no_grant"
    assert ask(user("chi"), act("edit"), note("n1", owner="chi")) == "allow 4"


@pytest.mark.parametrize("nothing", [None, "", []], ids=repr)
def test_null_an_empty_text_and_an_empty_list_say_nothing(nothing: object) -> None:
    """As if the member were left out: what is known of the entity stays."""
    assert ask(user("binh"), act("edit"), note("n1", owner=nothing)) == "allow 4"
    assert ask(user("binh"), act("edit", soft=nothing), note("n1")) == "allow 4"
    assert ask(user("binh"), act("edit"), note("n9", owner=nothing)) == "no_grant"


@pytest.mark.parametrize("odd", ["Archived", "archived ", "ARCHIVED", "*", "x", 0, ["archived"]], ids=repr)
def test_a_trusted_property_outside_its_vocabulary_passes_no_deny(odd: object) -> None:
    """`state: "Archived"` once let an archived list be edited."""
    engine = StandaloneEngine(load_standalone(ROOT / "policy" / "todo", ROOT / "models"))
    admin, edit = user("bach"), act("edit")
    assert said(engine.decide(admin, edit, Named("task", "old-list", {}))) == "denied_by_rule 13"
    decision = engine.decide(admin, edit, Named("task", "old-list", {"state": odd}))
    assert decision == Forbidden(Reason.RESOURCE_INCOMPLETE, field="resource.properties.state")
    assert list(engine.resources(admin, edit, Named("task", "", {"state": odd}))) == []


def test_what_is_missing_or_unknown_is_named() -> None:
    for subject, action, resource, field in (
        (user(""), act("read"), note("n1"), "subject.id"),
        (user("an"), act("read"), Named("", "n1", {}), "resource.type"),
        (user("nobody"), act("read"), note("n1"), "subject.id"),
        (Named("robot", "an", {}), act("read"), note("n1"), "subject.type"),
        (user("an"), act("print"), note("n1"), "action.name"),
        (user("an"), act("read"), Named("ship", "n1", {}), "resource.type"),
        (user("an"), act("edit", soft="maybe"), note("n1"), "action.properties.soft"),
    ):
        decision = ENGINE.decide(subject, action, resource)
        assert isinstance(decision, Forbidden)
        assert decision.field == field


@pytest.mark.parametrize(
    "odd",
    [
        ["binh"],
        {"id": "binh"},
        float("inf"),
        float("nan"),
        1 << 300,
        "a" * 257,
        "bình\n",
        "\ud800",
        "á" * 200,
        "\0",
    ],
    ids=repr,
)
def test_a_trusted_property_that_is_no_word_denies(odd: object) -> None:
    assert word_of(odd) is None
    assert ask(user("binh"), act("edit"), note("n1", owner=odd)) == "resource_incomplete"
    # A deny row that goes by the property must not be passed by, either.
    assert ask(user("binh"), act("edit", soft=odd), note("n1")) == "resource_incomplete"


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-7, "-7"),
        (1.5, "1.5"),
        ("Bi\u0300nh", "B\u00ecnh"),
        ("", ""),
        ("*", "*"),
        ("a b", "a b"),
    ],
)
def test_a_property_is_compared_as_json_writes_it(value: object, word: str) -> None:
    assert word_of(value) == word


def test_a_boolean_and_its_text_are_the_same_word() -> None:
    for soft in (False, "false"):
        assert ask(user("binh"), act("edit", soft=soft), note("n1")) == "denied_by_rule 6"
    for soft in (True, "true"):
        assert ask(user("binh"), act("edit", soft=soft), note("n1")) == "allow 4"


ODD_IDS = [
    "*",
    "binh ",
    "Binh",
    "p.role",
    "r.subject.id",
    "' or '1'='1",
    "x" * 5000,
    "\ud800",
    "\0",
    "__class__",
    "同",
]


@pytest.mark.parametrize("odd", ODD_IDS, ids=range(len(ODD_IDS)))
def test_an_odd_id_is_denied_and_never_an_error(odd: str) -> None:
    assert ask(user(odd), act("read"), note("n1")) == "account_unknown"
    assert ask(user("binh"), act(odd), note("n1")) == "unknown_action"
    assert ask(user("binh"), act("edit"), Named(odd, "n1", {})) == "resource_contradictory"
    assert ask(Named(odd, "binh", {}), act("edit"), note("n1")) == "account_unknown"
    assert ask(user("binh"), act("edit"), note(odd)) == "no_grant"


@pytest.mark.parametrize(
    ("subject", "action", "resource"),
    [
        (user(""), act("read"), note("n1")),
        (Named("", "an", {}), act("read"), note("n1")),
        (user("an"), act(""), note("n1")),
        (user("an"), act("read"), note("")),
        (user("an"), act("read"), Named("", "n1", {})),
    ],
)
def test_what_is_missing_is_denied(subject: Named, action: NamedAction, resource: Named) -> None:
    assert ask(subject, action, resource) == "resource_incomplete"


def test_a_star_in_the_request_is_a_word_like_any_other() -> None:
    pack = load_standalone(ROOT / "policy" / "authzen", ROOT / "models")
    engine = StandaloneEngine(pack)
    subject = Named("user", "alice", {"role": "*"})
    for record in (Named("record", "record-2", {}), Named("record", "*", {"status": "archived"})):
        assert said(engine.decide(subject, act("write"), record)) == "no_grant"
        assert said(engine.decide(Named("user", "*", {"role": "*"}), act("write"), record)) == "no_grant"


def test_nothing_equals_nothing() -> None:
    """Two missing teams are no common team; `binh` without a team does not edit notes without one."""
    texts = edited(ALONE, ENTITIES, "role=editor; team=blue", "role=editor")
    engine = StandaloneEngine(parsed(texts))
    assert ask(user("binh"), act("edit"), note("n9"), engine) == "no_grant"
    assert ask(user("binh"), act("edit"), note("n9", team=""), engine) == "no_grant"


def test_what_the_deny_of_a_listed_entity_goes_by_is_known_without_the_request() -> None:
    texts = edited(ALONE, ROLES, "*,edit,false,*,*,deny,default", "*,edit,*,*,same,deny,default")
    texts = edited(texts, ROLES, "editor,edit,*,*,same,allow,default\n", "")
    engine = StandaloneEngine(parsed(texts))
    assert ask(user("binh"), act("edit"), note("n2", owner="binh"), engine) == "denied_by_rule 5"


# -- searches


def found(part: str, subject: Named, action: NamedAction, resource: Named, after: str | None = None) -> list[str]:
    search = {"subject": ENGINE.subjects, "resource": ENGINE.resources, "action": ENGINE.actions}[part]
    return list(search(subject, action, resource, after))


def test_searches_list_who_what_and_which_in_order() -> None:
    assert found("subject", user(""), act("read"), note("n1")) == ["an", "binh", "chi"]
    assert found("subject", user(""), act("edit"), note("n2")) == ["binh", "chi"]
    assert found("resource", user("binh"), act("edit"), note("")) == ["n1", "n2"]
    assert found("resource", user("chi"), act("edit"), note("")) == ["n2"]
    assert found("action", user("binh"), act(""), note("n1")) == ["edit", "read"]
    assert found("action", user("an"), act(""), note("n1")) == ["read"]


def test_a_search_goes_on_after_any_id() -> None:
    assert found("subject", user(""), act("read"), note("n1"), "an") == ["binh", "chi"]
    assert found("subject", user(""), act("read"), note("n1"), "b") == ["binh", "chi"]
    assert found("subject", user(""), act("read"), note("n1"), "chi") == []
    assert found("resource", user("an"), act("read"), note(""), "n1") == ["n2"]
    assert found("action", user("binh"), act(""), note("n1"), "edit") == ["read"]


def test_the_id_of_what_is_searched_for_is_ignored() -> None:
    assert found("subject", user("an"), act("edit"), note("n2")) == ["binh", "chi"]
    assert found("resource", user("chi"), act("edit"), note("n1")) == ["n2"]
    assert found("action", user("an"), act("edit"), note("n1")) == ["read"]


def test_trusted_properties_count_in_searches_too() -> None:
    assert found("resource", user("chi"), act("edit"), note("", owner="chi")) == ["n1", "n2"]
    assert found("subject", user("", role="editor"), act("edit"), note("n1")) == ["binh"]
    assert found("subject", user(""), act("edit", soft=False), note("n1")) == []


def test_a_search_about_the_unknown_is_empty_whatever_the_rules_say_of_everybody() -> None:
    everybody = StandaloneEngine(parsed(edited(ALONE, ROLES, "reader,read", "*,read")))
    assert said(everybody.decide(user("an"), act("read"), note("n9"))).startswith("allow")
    assert list(everybody.subjects(user(""), act("read"), note("n9"))) == []
    assert list(everybody.resources(user("nobody"), act("read"), note(""))) == []
    assert list(everybody.actions(user("nobody"), act(""), note("n1"))) == []
    assert list(everybody.actions(user("an"), act(""), note("n9"))) == []
    for spaceship in (Named("spaceship", "", {}), Named("", "", {}), note("")):
        assert list(everybody.subjects(spaceship, act("read"), note("n1"))) == []
    for spaceship in (Named("spaceship", "", {}), user("")):
        assert list(everybody.resources(user("an"), act("read"), spaceship)) == []
    assert list(everybody.subjects(user(""), act("print"), note("n1"))) == []


# -- the packs of the project

ALONE_HERE = sorted(p.parent.name for p in (ROOT / "policy").glob("*/pack.toml") if is_standalone(p.parent))


@pytest.mark.parametrize("name", ALONE_HERE)
def test_every_case_of_a_pack_of_the_project_is_answered_as_it_says(name: str) -> None:
    results = run_standalone_cases(ROOT / "policy" / name, ROOT / "models")
    assert len(results) > 10
    assert [f"{r.place}: {r.name}: {r.expected} / {r.got}" for r in results if not r.ok] == []


@pytest.mark.parametrize("name", ALONE_HERE)
def test_a_pack_of_the_project_needs_no_code(name: str) -> None:
    """No word of the program names such a pack or anything in it."""
    code = [path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py")]
    pack = load_standalone(ROOT / "policy" / name, ROOT / "models")
    names = {name, *(id_ for _, id_ in pack.entities)}
    assert len(names) > 3
    assert [word for word in names for text in code if f'"{word}"' in text] == []


def test_the_packs_that_stand_alone_are_found() -> None:
    assert ALONE_HERE == ["authzen", "authzen-todo", "todo"]


# -- Casbin

VALUES = st.sampled_from(["", "an", "binh", "chi", "reader", "editor", "blue", "red", "true", "false", "*", "x"])
ASKED = st.fixed_dictionaries(
    {
        "subject": st.fixed_dictionaries({"type": st.just("user"), "id": VALUES, "role": VALUES, "team": VALUES}),
        "action": st.fixed_dictionaries({"name": st.sampled_from(["read", "edit"]), "soft": VALUES}),
        "resource": st.fixed_dictionaries({"type": st.just("note"), "id": VALUES, "owner": VALUES, "team": VALUES}),
    }
).filter(lambda asked: asked["subject"]["id"] and asked["resource"]["id"])


def by_hand(pack: StandalonePack, asked: Mapping[str, Mapping[str, str]]) -> bool:
    """The definition: some row that allows fits, and none that denies."""

    def fits(rule: AttributeRule) -> bool:
        for term, cell in zip(pack.shape.terms, rule.cells, strict=True):
            value = asked[term.attribute[0]][term.attribute[1]]
            if cell == ANY:
                continue
            if term.other is not None:
                assert cell == SAME
                if not value or value != asked[term.other[0]][term.other[1]]:
                    return False
            elif value != cell:
                return False
        return True

    fitting = [rule.allow for rule in pack.rules if fits(rule)]
    return bool(fitting) and all(fitting)


@given(ASKED)
def test_the_index_casbin_and_the_definition_agree(asked: dict[str, dict[str, str]]) -> None:
    found = ENGINE.rule_for(asked)
    assert (found is not None and found.allow) == by_hand(PACK, asked)
    # The row that explains is the same, too.
    assert found == ENGINE.ask_casbin(asked)


@given(st.permutations(PACK.rules), ASKED)
def test_order_does_not_matter(rules: list[AttributeRule], asked: dict[str, dict[str, str]]) -> None:
    shuffled = StandaloneEngine(replace(PACK, rules=tuple(rules)))
    assert shuffled.rule_for(asked) == ENGINE.rule_for(asked)
    assert shuffled.ask_casbin(asked) == ENGINE.ask_casbin(asked)


@given(st.lists(ASKED, max_size=20))
def test_every_result_of_a_search_is_an_allow_and_every_allow_is_found(several: list[Any]) -> None:
    for asked in several:
        properties = {name: asked["resource"][name] for name in ("owner", "team")}
        action = NamedAction(asked["action"]["name"], {"soft": asked["action"]["soft"]})
        for id_ in ("n1", "n2"):
            resource = Named("note", id_, properties)
            allowed = [who for who in ("an", "binh", "chi") if ENGINE.decide(user(who), action, resource)]
            assert list(ENGINE.subjects(user(""), action, resource)) == allowed
            for who in ("an", "binh", "chi"):
                notes = list(ENGINE.resources(user(who), action, Named("note", "", properties)))
                assert (id_ in notes) == (who in allowed)
                names = list(ENGINE.actions(user(who), NamedAction("", action.properties), resource))
                assert (action.name in names) == (who in allowed)


def test_threads_share_one_engine_and_agree() -> None:
    engine = StandaloneEngine(PACK)
    questions = [
        (user(who), act(verb, soft=soft), note(id_))
        for who in ("an", "binh", "chi", "em")
        for verb in ("read", "edit")
        for soft in (True, False)
        for id_ in ("n1", "n2", "n9")
    ]
    expected = [said(ENGINE.decide(*question)) for question in questions]
    wrong: list[int] = []

    def ask_all() -> None:
        wrong.extend(
            n for n, question in enumerate(questions * 5) if said(engine.decide(*question)) != (expected * 5)[n]
        )

    threads = [threading.Thread(target=ask_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_pitfall_a_missing_attribute_breaks_every_request_of_plain_casbin() -> None:
    model = casbin.Enforcer.new_model(text=ALONE[CONF])
    model.add_policy("p", "p", ["*", "read", "*", "same", "*", "allow", "default"])
    enforcer = casbin.Enforcer(model)
    with pytest.raises(Exception, match="owner"):
        enforcer.enforce(
            SimpleNamespace(id="an", role="reader", team=""),
            SimpleNamespace(name="read", soft=""),
            SimpleNamespace(id="n1"),
        )
    assert ask(user("an"), act("read"), note("never-seen")) == "allow 2"


def test_pitfall_an_attribute_of_a_dictionary_may_be_its_method() -> None:
    """Casbin's evaluator reads attributes before members: of a dict, `items` is a function."""
    texts = {path: text.replace("owner", "items") for path, text in ALONE.items()}
    engine = StandaloneEngine(parsed(texts))
    assert ask(user("binh"), act("edit"), note("n9", items="binh"), engine) == "allow 4"


def test_pitfall_an_empty_policy_denies_even_an_empty_question() -> None:
    nobody = {"type": "", "id": "", "role": "", "team": ""}
    nothing = {"type": "", "id": "", "owner": "", "team": ""}
    assert AttributeEngine(ALONE[CONF], []).ask(nobody, {"name": "", "soft": ""}, nothing) is None
    full = AttributeEngine(ALONE[CONF], [rule.row for rule in PACK.rules])
    assert full.ask(nobody, {"name": "read", "soft": ""}, nothing | {"id": "n1"}) is None
    assert (
        full.ask(nobody | {"id": "an", "role": "reader"}, {"name": "", "soft": ""}, nothing | {"id": "n"}) is None
    )


def test_pitfall_an_answer_that_contradicts_its_row_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = AttributeEngine(ALONE[CONF], [rule.row for rule in PACK.rules])
    denying = next(rule for rule in PACK.rules if not rule.allow)
    for answer in ((True, list(denying.row)), (False, list(PACK.rules[0].row)), (True, []), (True, ["p", "x"])):
        monkeypatch.setattr(engine._enforcer, "enforce_ex", lambda *_, answer=answer: answer)
        with pytest.raises(RuntimeError, match="disagree"):
            engine.ask({"id": "an", "role": "reader", "team": ""}, {"name": "read", "soft": ""}, {"id": "n1"})


def test_a_model_that_does_not_match_what_is_equal_is_refused() -> None:
    names = (("type", "id", "role", "team"), ("name", "soft"), ("type", "id", "owner", "team"))
    attributes = [dict.fromkeys(of_part, "x") for of_part in names]
    assert attribute_model_refused(ALONE[CONF], 5, attributes) == ""
    never = ALONE[CONF].replace("p.action == r.action.name", "p.action != r.action.name")
    assert "does not match" in attribute_model_refused(never, 5, attributes)
    assert attribute_model_refused("[matchers]\nm = x", 5, attributes) != ""


def test_the_most_specific_row_explains() -> None:
    texts = edited(ALONE, ROLES, "editor,read,*,*,*,allow,default", "*,read,*,*,*,allow,thu-1")
    engine = StandaloneEngine(parsed(texts))
    assert ask(user("an"), act("read"), note("n1"), engine) == "allow 2"
    assert ask(user("binh"), act("read"), note("n1"), engine) == "allow 3"


def test_a_decision_cannot_lie() -> None:
    assert bool(ENGINE.decide(user("an"), act("read"), note("n1"))) is True
    assert bool(Forbidden(Reason.NO_GRANT)) is False
