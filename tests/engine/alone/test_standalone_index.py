"""Properties that hold several words, parents, contexts; and an index that answers as Casbin would, row by row."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_service.domain.policy import ANY
from access_service.domain.reasons import Reason
from access_service.engine.alone.decisions import Forbidden, Named, NamedAction, PackDecision, StandaloneEngine
from access_service.engine.alone.model import SAME
from access_service.engine.alone.pack import MOST_DEEP, MOST_HELD, AttributeRule
from engine.standalone_packs import CONF, ENTITIES, RICH, ROLES, TOML, edited, faults_of, parsed

PACK = parsed(RICH)
ENGINE = StandaloneEngine(PACK)
READ, EDIT = NamedAction("read", {}), NamedAction("edit", {})


def user(id_: str, **properties: object) -> Named:
    return Named("user", id_, properties)


def doc(id_: str, **properties: object) -> Named:
    return Named("doc", id_, properties)


def folder(id_: str) -> Named:
    return Named("folder", id_, {})


def said(decision: PackDecision) -> str:
    word = str(decision.reason) if isinstance(decision, Forbidden) else "allow"
    return word if decision.rule is None else f"{word} {decision.rule.source.rpartition(':')[2]}"


def ask(subject: Named, action: NamedAction, resource: Named, **context: object) -> str:
    return said(ENGINE.decide(subject, action, resource, context))


def test_a_property_holds_several_words_and_a_term_asks_for_one() -> None:
    assert ask(user("an"), READ, doc("d1")) == "allow 2"
    assert ask(user("binh"), READ, doc("d1")) == "allow 2"
    assert ask(user("chi"), READ, doc("d1")) == "no_grant"
    assert ask(user("chi", roles=["admin", "reader"]), READ, doc("d1")) == "allow 2"
    assert ask(user("chi", roles="reader"), READ, doc("d1")) == "allow 2"
    assert ask(user("binh", roles=["admin"]), READ, doc("d1")) == "no_grant"


@pytest.mark.parametrize(
    "odd",
    [["reader", "boss"], ["reader", ""], ["reader", None], [["reader"]], {"reader": 1}, "boss", ["reader"] * 65, 7],
    ids=repr,
)
def test_words_of_which_one_is_none_deny(odd: object) -> None:
    assert len(odd) <= 65 if isinstance(odd, list) else True
    decision = ENGINE.decide(user("an", roles=odd), READ, doc("d1"))
    assert decision == Forbidden(Reason.RESOURCE_INCOMPLETE, field="subject.properties.roles")


def test_what_lies_in_a_folder_lies_in_the_folder_s_parents() -> None:
    assert ask(user("an"), READ, doc("d2")) == "no_grant"
    assert ask(user("an"), READ, doc("new", folder="drafts")) == "allow 2"
    assert ask(user("an"), READ, doc("new", folder="plans")) == "allow 2"
    assert ask(user("an"), READ, doc("new", folder="root")) == "no_grant"
    assert ask(user("an"), READ, doc("new", folder="attic")) == "resource_incomplete"


def test_whoever_is_in_a_group_is_in_the_group_s_parents() -> None:
    for who, expected in (("an", "allow 3"), ("binh", "allow 3"), ("chi", "no_grant")):
        assert [ask(user(who), READ, folder(id_)) for id_ in ("root", "plans", "drafts")] == [expected] * 3


def test_a_relation_asks_whether_the_one_holds_the_other() -> None:
    assert ask(user("an"), EDIT, doc("x", team="all"), network="office") == "allow 5"
    assert ask(user("binh"), EDIT, doc("x", team="hanoi"), network="office") == "no_grant"
    assert ask(user("chi"), EDIT, doc("x", team="all"), network="office") == "no_grant"
    assert ask(user("an"), EDIT, doc("d3"), network="office") == "no_grant"


def test_a_context_is_read_like_every_trusted_property() -> None:
    assert ask(user("chi"), EDIT, folder("plans"), network="office") == "allow 6"
    assert ask(user("chi"), EDIT, folder("plans")) == "allow 6"
    assert ask(user("chi"), EDIT, folder("plans"), network="home") == "denied_by_rule 7"
    assert ask(user("chi"), EDIT, folder("plans"), network="HOME") == "resource_incomplete"
    assert ask(user("chi"), EDIT, folder("plans"), network=None, ip="192.0.2.1") == "allow 6"
    decision = ENGINE.decide(user("chi"), EDIT, folder("plans"), {"network": 5})
    assert decision == Forbidden(Reason.RESOURCE_INCOMPLETE, field="context.network")
    assert list(ENGINE.resources(user("chi"), EDIT, folder(""), None, {"network": "home"})) == []
    assert list(ENGINE.resources(user("chi"), EDIT, folder(""))) == ["drafts", "plans", "root"]


# -- the index, Casbin, and the definition

WORDS = {
    "role": ["reader", "editor", "admin"],
    "team": ["hanoi", "north", "south", "all"],
    "action": ["read", "edit"],
    "kind": ["doc", "folder"],
    "inside": ["root", "plans", "drafts"],
    "folder": ["root", "plans", "drafts"],
    "owner": [SAME],
    "shared": [SAME],
    "network": ["office", "home"],
}
CELLS = st.tuples(
    *(st.sampled_from(words if column == "action" else [ANY, ANY, *words]) for column, words in WORDS.items())
)
RULES = st.dictionaries(CELLS, st.booleans(), min_size=1, max_size=12).map(
    lambda rows: tuple(
        AttributeRule(cells, allow, "default", f"alone/roles.csv:{n}")
        for n, (cells, allow) in enumerate(rows.items(), start=2)
    )
)
SUBJECTS = st.builds(
    user, st.sampled_from(["an", "binh", "chi"]), roles=st.lists(st.sampled_from(WORDS["role"]), max_size=3)
)
RESOURCES = st.one_of(
    st.sampled_from(["root", "plans", "drafts"]).map(folder),
    st.builds(
        doc,
        st.sampled_from(["d1", "d2", "d3", "new"]),
        folder=st.sampled_from(["", *WORDS["folder"]]),
        ownerID=st.sampled_from(["", "binh@example.org", "x"]),
        team=st.sampled_from(["", *WORDS["team"], "x"]),
    ),
)
CONTEXTS = st.sampled_from([{}, {"network": "office"}, {"network": "home"}])


def asked_of(engine: StandaloneEngine, values: tuple[Any, ...]) -> dict[str, dict[str, Any]]:
    """The values of a question by part and name, with words that no term looks at."""
    asked: dict[str, dict[str, Any]] = {}
    for part, names in engine._slots.names.items():
        start = engine._slots.starts[part]
        asked[part] = dict(zip(names, values[start : start + len(names)], strict=True))
    asked["subject"].setdefault("id", "x")
    asked["resource"].setdefault("id", "x")
    return asked


def by_hand(rules: tuple[AttributeRule, ...], asked: Mapping[str, Mapping[str, Any]]) -> bool:
    """The definition: some row that allows fits, and none that denies."""

    def value(attribute: tuple[str, str]) -> Any:
        return asked[attribute[0]][attribute[1]]

    def fits(rule: AttributeRule) -> bool:
        for term, cell in zip(PACK.shape.terms, rule.cells, strict=True):
            if cell == ANY:
                continue
            one = cell if term.other is None else value(term.attribute)
            other = value(term.attribute if term.other is None else term.other)
            if not (one in other if term.is_held else one and one == other):
                return False
        return True

    fitting = [rule.allow for rule in rules if fits(rule)]
    return bool(fitting) and all(fitting)


@given(RULES, SUBJECTS, st.sampled_from([READ, EDIT]), RESOURCES, CONTEXTS)
def test_the_index_casbin_and_the_definition_agree_whatever_the_rows(
    rules: tuple[AttributeRule, ...],
    subject: Named,
    action: NamedAction,
    resource: Named,
    context: dict[str, object],
) -> None:
    engine = StandaloneEngine(replace(PACK, rules=rules))
    looked_up: list[tuple[Any, ...]] = []
    find = engine._index.find
    engine._index.find = lambda values: looked_up.append(values) or find(values)  # type: ignore[method-assign,func-returns-value]
    decision = engine.decide(subject, action, resource, context)
    asked = asked_of(engine, looked_up[0])
    assert bool(decision) == by_hand(rules, asked)
    assert decision.rule == engine.ask_casbin(asked) == engine.rule_for(asked)


@given(RULES, SUBJECTS, st.sampled_from([READ, EDIT]), RESOURCES, CONTEXTS)
def test_a_search_finds_exactly_those_whom_a_decision_allows(
    rules: tuple[AttributeRule, ...],
    subject: Named,
    action: NamedAction,
    resource: Named,
    context: dict[str, object],
) -> None:
    engine = StandaloneEngine(replace(PACK, rules=rules))
    people = sorted(id_ for type_, id_ in PACK.entities if type_ == "user")
    things = sorted(id_ for type_, id_ in PACK.entities if type_ == resource.type)
    if resource.id != "new":
        allowed = [id_ for id_ in people if engine.decide(replace(subject, id=id_), action, resource, context)]
        assert list(engine.subjects(subject, action, resource, None, context)) == allowed
        assert list(engine.subjects(subject, action, resource, "an", context)) == [
            id_ for id_ in allowed if id_ > "an"
        ]
    allowed = [id_ for id_ in things if engine.decide(subject, action, replace(resource, id=id_), context)]
    assert list(engine.resources(subject, action, resource, None, context)) == allowed


def test_words_that_many_rows_name_are_tried_from_the_shorter_side() -> None:
    """A row for each of many teams and folders, against a user of few, and a user of many against one row."""
    teams, names = [f"t{n}" for n in range(60)], [f"f{n}" for n in range(60)]
    texts = dict(RICH)
    texts[ENTITIES] += "".join(f"team,{id_},,\n" for id_ in teams) + "".join(f"folder,{id_},,\n" for id_ in names)
    texts[ENTITIES] += f"user,dung,,teams={'|'.join(teams)}\nuser,em,,teams=t7\n"
    header = texts[ROLES].splitlines()[0]
    texts[ROLES] = (
        header
        + "\n"
        + "".join(
            f"*,{team},read,doc,*,{name},*,*,*,allow,default\n" for team, name in zip(teams, names, strict=True)
        )
    )
    many = StandaloneEngine(parsed(texts))
    texts[ROLES] = f"{header}\n*,t7,read,doc,*,f7,*,*,*,allow,default\n"
    one = StandaloneEngine(parsed(texts))
    for engine, (who, name) in product((many, one), product(("dung", "em"), ("f7", "f8"))):
        expected = name == "f7" or (engine is many and who == "dung")
        resource = doc("d3", folder=name)
        assert bool(engine.decide(user(who), READ, resource)) == expected
        assert (who in engine.subjects(user(""), READ, resource)) == expected
        assert list(engine.resources(user(who), READ, doc("", folder=name))) == (
            ["d1", "d2", "d3"] if expected else []
        )


# -- what does not load


def messages(texts: dict[str, str]) -> list[str]:
    return [f"{fault.place.rpartition('/')[2]} {fault.message}" for fault in faults_of(texts)]


def test_the_rich_pack_loads() -> None:
    assert messages(RICH) == []
    assert PACK.entities["folder", "drafts"].within == {"drafts", "plans", "root"}


IN_MODEL = [
    ("p.role in r.subject.roles", "p.role == r.subject.roles", "`r.subject.roles` holds several words"),
    ("p.network == r.context.network", "p.network in r.context.network", "`r.context.network` is one word"),
    ("r.resource.team in r.subject.teams", "r.subject.teams in r.resource.team", "`r.subject.teams` holds several"),
    (
        "r.resource.team in r.subject.teams",
        'r.resource.team in r.subject.teams && r.resource.team != ""',
        "leave out",
    ),
    (", context\n", "\n", "`r.context` is no part of the request"),
    ("p.inside in r.resource.within", "p.inside == r.resource.within", "`r.resource.within` holds several words"),
    ("r.resource.ownerID ==", "r.resource.ownerid ==", "`r.resource.ownerid` is no declared property"),
]


@pytest.mark.parametrize(("old", "new", "message"), IN_MODEL, ids=[new for _, new, _ in IN_MODEL])
def test_a_word_is_compared_with_words_and_asked_of_what_holds_several(old: str, new: str, message: str) -> None:
    assert message in "\n".join(messages(edited(RICH, CONF, old, new)))


INSTEAD = [
    ("p.network > r.context.network", "nothing is compared by order"),
    ("keyMatch(r.context.network, p.network)", "no patterns"),
    ("r.context.time == p.network", "no time"),
    ("g(r.subject.id, p.network)", "p.role in r.subject.roles"),
    ("p.network != r.context.network", "is a row that denies"),
    ("p.network == r.context.network || true", "another row"),
]


@pytest.mark.parametrize(("term", "hint"), INSTEAD, ids=[term for term, _ in INSTEAD])
def test_a_term_that_is_none_is_told_what_to_do_instead(term: str, hint: str) -> None:
    old = '(p.network == "*" || p.network == r.context.network)'
    (fault, *_) = [f for f in faults_of(edited(RICH, CONF, old, term)) if "not allowed" in f.message]
    assert hint in fault.hint


IN_TOML = [
    ('words = ["reader", "editor", "admin"]', 'words = ["reader", "a|b"]', "`a|b` of `roles` has a `|`"),
    ('{ several = true, of = "team" }', '{ several = true, of = "tram" }', "unknown type `tram`"),
    ('{ of = "folder" }', '{ of = "folder", words = ["x"] }', "the words of `folder` are the ids of `folder`"),
    ('{ of = "folder" }', "{ several = false }", "says neither `several = true` nor `of`"),
    ('{ of = "folder" }', '{ in = "folder" }', "unknown key `in`"),
    ("ownerID = []", "ownerID = []\nownerid = []", "`ownerid` and `ownerID` differ in capitals alone"),
    ("mail = []", "within = []", "`within` is what every subject has"),
    ("mail = []", "True = []", "`True` is no name of a property"),
    ('network = ["office", "home"]', "explain = []", "`explain` of a context says how to answer"),
    ('context = ["network"]\n', "", "nobody can say `network` of the context"),
    ("[groups.team]", "[groups.user]", "`user` is a type of subjects or resources already"),
]


@pytest.mark.parametrize(("old", "new", "message"), IN_TOML, ids=[new or old for old, new, _ in IN_TOML])
def test_a_property_says_what_it_may_hold(old: str, new: str, message: str) -> None:
    assert message in "\n".join(messages(edited(RICH, TOML, old, new)))


IN_ENTITIES = [
    ("folder,plans,root,", "folder,plans,attic,", "unknown parent `attic`"),
    ("folder,plans,root,", "folder,plans,hanoi,", "unknown parent `hanoi`"),
    ("folder,root,,", "folder,root,root,", "lies in itself, by root → root"),
    ("folder,root,,", "folder,root,drafts,", "lies in itself, by root → drafts → plans → root"),
    ("roles=reader; teams", "roles=reader|boss; teams", "unknown `roles` `boss`"),
    ("roles=reader; teams", "roles=reader|reader; teams", "`reader` stands twice"),
    ("roles=reader; teams", "roles=reader|; teams", "`` is empty or has spaces around it"),
    ("teams=north", "teams=nrth", "unknown `teams` `nrth`"),
    ("folder=root; team=north", "folder=attic", "unknown `folder` `attic`"),
]


@pytest.mark.parametrize(("old", "new", "message"), IN_ENTITIES, ids=[new for _, new, _ in IN_ENTITIES])
def test_parents_and_held_words_are_read_strictly(old: str, new: str, message: str) -> None:
    assert message in "\n".join(messages(edited(RICH, ENTITIES, old, new)))


def test_the_depth_of_parents_and_the_number_of_words_are_bounded() -> None:
    deep = "".join(f"folder,g{n},{f'g{n - 1}' if n else ''},\n" for n in range(MOST_DEEP + 1))
    texts = RICH | {ENTITIES: RICH[ENTITIES] + deep}
    assert faults_of(texts) == ()
    one_more = texts | {ENTITIES: texts[ENTITIES] + f"folder,g{MOST_DEEP + 1},g{MOST_DEEP},\n"}
    assert [fault.message for fault in faults_of(one_more)] == [f"lies deeper than {MOST_DEEP} parents"]
    free = edited(RICH, TOML, 'words = ["reader", "editor", "admin"]', "words = []")
    words = "|".join(f"w{n}" for n in range(MOST_HELD + 1))
    free = edited(free, ENTITIES, "roles=editor|reader", f"roles={words}")
    assert [fault.message for fault in faults_of(free)] == [f"`roles` holds more than {MOST_HELD} words"]


def of_both(entity: str, was: str = '["active", "archived"]') -> dict[str, str]:
    """Users are resources, too, and what each part calls a `state` is another vocabulary."""
    texts = edited(
        RICH, TOML, "[groups.team]", '[resources.user]\nvi = "X"\nen = "X"\nlisted = true\n\n[groups.team]'
    )
    texts = edited(texts, TOML, "mail = []", 'mail = []\nstate = ["active", "away"]')
    texts = edited(texts, TOML, "ownerID = []", f"ownerID = []\nstate = {was}")
    texts = edited(texts, CONF, "shared, network, eft", "shared, network, own, its, eft")
    terms = '(p.own == "*" || p.own == r.subject.state) && (p.its == "*" || p.its == r.resource.state)'
    texts = edited(texts, CONF, "p.network == r.context.network)", f"p.network == r.context.network) && {terms}")
    header, *rows = texts[ROLES].replace(",allow,", ",*,*,allow,").replace(",deny,", ",*,*,deny,").splitlines()
    rows += ["admin,*,read,user,*,*,*,*,*,active,archived,allow,default"]
    texts[ROLES] = "\n".join([header.replace("network,", "network,own,its,"), *rows]) + "\n"
    return edited(texts, ENTITIES, "user,chi,,roles=admin", f"user,chi,,roles=admin; {entity}")


def test_a_type_that_is_subject_and_resource_keeps_both_vocabularies_apart() -> None:
    engine = StandaloneEngine(parsed(of_both("subject.state=active; resource.state=archived")))
    assert engine.decide(user("chi"), READ, user("chi"))
    swapped = of_both("subject.state=archived; resource.state=active")
    assert messages(swapped) == ["entities.csv:8 unknown `state` `archived`"]
    # One that both declare is of both, and a word of both; otherwise it is told of which it is none.
    assert not StandaloneEngine(parsed(of_both("state=active"))).decide(user("chi"), READ, user("chi"))
    (fault,) = faults_of(of_both("state=archived"))
    assert fault.message == "unknown `state` `archived` of the subject"
    assert fault.hint == "write `resource.state=archived` where it is meant of the resource alone"
    assert messages(of_both("state=gone")) == ["entities.csv:8 unknown `state` `gone`"]
    assert messages(of_both("state=active; subject.state=away")) == ["entities.csv:8 property `state` stands twice"]
    assert messages(of_both("resource.mail=x")) == ["entities.csv:8 unknown property `resource.mail`"]
