"""Casbin's answers as tables: the tables, plain Casbin and an obvious loop agree on every cell of every pack."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access_service.domain.policy import ANY, Pack, RoleRule
from access_service.engine.alone.standalone import is_standalone
from access_service.engine.casbin_engine import CasbinEngine
from access_service.engine.compile import CompiledPack
from access_service.engine.memory import PACKS_KEPT
from access_service.engine.packs.load import load_pack
from engine.small_packs import LEAF, LEAF_ROLES, REPOSITORY, ROOT, edited, parsed
from remembered import MEMORY, compile_pack
from sampled import times

PACKS = sorted(
    path.parent.name for path in (REPOSITORY / "policy").glob("*/pack.toml") if not is_standalone(path.parent)
)
CATEGORIES, ACTIONS, ROLES = ("STU", "HEA"), ("read", "write", "submit"), ("teacher", "nurse", "guest")


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    MEMORY.compiled.clear()


def verdict(rule: RoleRule | None) -> str:
    if rule is None:
        return "nothing"
    return "allow" if rule.allow else "deny"


def by_loop(pack: Pack, role: str, category: str, action: str) -> str:
    """The obvious reading of the rows: a deny wins, an allow permits, nothing is nothing."""
    effects = {
        rule.allow
        for rule in pack.rules
        if rule.role in (role, ANY) and rule.category == category and rule.action == action
    }
    if False in effects:
        return "deny"
    return "allow" if True in effects else "nothing"


def by_table(tables: CompiledPack, role: str, category: str, action: str) -> RoleRule | None:
    table = tables.roles[role]
    cell = table.deny.get((category, action)) or table.allow.get((category, action))
    return cell.rule if cell else None


def assert_all_agree(pack: Pack, roles: list[str]) -> None:
    tables, engine = compile_pack(pack), CasbinEngine(pack)
    for role in roles:
        for category in pack.categories:
            for action in pack.actions:
                asked = engine.ask(role, category, action)
                assert by_table(tables, role, category, action) == asked
                assert verdict(asked) == by_loop(pack, role, category, action), (role, category, action)


def with_rules(*rules: RoleRule) -> Pack:
    return replace(parsed(ROOT), rules=rules)


def rule(role: str, category: str, action: str, *, allow: bool = True, function: str = "records") -> RoleRule:
    return RoleRule(role, function, category, action, allow, "default", "root/roles.csv:2")


# The differential tests.


@pytest.mark.parametrize("name", PACKS)
def test_every_cell_of_a_pack_of_the_project_is_what_casbin_says(name: str) -> None:
    pack = load_pack(REPOSITORY / "policy", name, REPOSITORY / "models")
    # Plain Casbin looks at every rule for every question: seconds a pack. So a pack that extends is asked about the
    # roles its own rows name; the others are those of the pack it extends.
    own = {rule.role for rule in pack.rules if rule.source.startswith(f"{name}/")}
    roles = sorted(pack.roles.keys() & own) or sorted(pack.roles)[:4]
    assert_all_agree(pack, roles)


@pytest.mark.parametrize("name", PACKS)
def test_every_cell_of_a_pack_of_the_project_is_what_its_rows_say(name: str) -> None:
    pack = load_pack(REPOSITORY / "policy", name, REPOSITORY / "models")
    tables = compile_pack(pack)
    for role in pack.roles:
        for category in pack.categories:
            for action in pack.actions:
                found = by_table(tables, role, category, action)
                assert verdict(found) == by_loop(pack, role, category, action), (role, category, action)


@pytest.mark.parametrize("name", ["root", "leaf"])
def test_every_cell_of_a_small_pack_is_what_casbin_says(name: str) -> None:
    pack = parsed(LEAF, name)
    assert_all_agree(pack, sorted(pack.roles))


RULES = st.lists(
    st.builds(
        RoleRule,
        st.sampled_from(ROLES),
        st.sampled_from(["records", "marks"]),
        st.sampled_from(CATEGORIES),
        st.sampled_from(ACTIONS),
        st.booleans(),
        st.sampled_from(["default", "thu-1"]),
        st.integers(2, 9).map(lambda line: f"root/roles.csv:{line}"),
    )
    | st.builds(
        RoleRule,
        st.just(ANY),
        st.just("records"),
        st.sampled_from(CATEGORIES),
        st.sampled_from(ACTIONS),
        st.just(False),
        st.just("default"),
        st.just("root/roles.csv:2"),
    ),
    max_size=12,
)


@settings(max_examples=times(60), deadline=None)
@given(rules=RULES)
def test_one_roles_rules_at_a_time_equals_asking_with_all_of_them(rules: list[RoleRule]) -> None:
    pack = with_rules(*rules)
    everything = CasbinEngine(pack)
    for role in ROLES:
        alone = CasbinEngine(pack, [row for row in rules if row.role in (role, ANY)])
        for category in CATEGORIES:
            for action in ACTIONS:
                asked = everything.ask(role, category, action)
                assert alone.ask(role, category, action) == asked
                assert verdict(asked) == by_loop(pack, role, category, action)


@settings(max_examples=times(60), deadline=None)
@given(rules=RULES, seed=st.randoms(use_true_random=False))
def test_order_and_duplicates_do_not_matter(rules: list[RoleRule], seed: random.Random) -> None:
    """Rule 17, down to the row that an explanation names."""
    mixed = [*rules, *rules[: len(rules) // 2]]
    seed.shuffle(mixed)
    one, other = compile_pack(with_rules(*rules)), compile_pack(with_rules(*mixed))
    assert one.roles == other.roles
    assert one.everyone_deny == other.everyone_deny


# What the tables hold.


def test_nothing_is_allowed_without_a_rule() -> None:
    tables = compile_pack(parsed(ROOT))
    guest = tables.roles["guest"]
    assert (guest.allow, guest.actions) == ({}, frozenset())
    assert tables.roles["nurse"].allow.keys() == {("HEA", "read"), ("HEA", "write")}


def test_nothing_is_allowed_without_any_rules() -> None:
    tables = compile_pack(with_rules())
    assert all(not table.allow and not table.deny for table in tables.roles.values())
    assert not tables.everyone_deny


def test_a_deny_beats_every_allow() -> None:
    teacher = compile_pack(parsed(ROOT)).roles["teacher"]
    assert ("HEA", "read") not in teacher.allow
    denied = teacher.deny["HEA", "read"]
    assert (denied.rule.source, denied.functions) == ("root/roles.csv:5", {"records"})


def test_a_row_about_everyone_denies_every_role() -> None:
    tables = compile_pack(parsed(ROOT))
    assert tables.everyone_deny.keys() == {("STU", "submit")}
    for table in tables.roles.values():
        assert table.deny["STU", "submit"].rule == tables.everyone_deny["STU", "submit"]
        assert ("STU", "submit") not in table.allow


def test_no_cell_is_both_allowed_and_denied() -> None:
    for table in compile_pack(parsed(LEAF, "leaf")).roles.values():
        assert not table.allow.keys() & table.deny.keys()


def test_a_cell_names_every_function_of_its_allow_rows() -> None:
    cell = compile_pack(parsed(ROOT)).roles["teacher"].allow["STU", "read"]
    assert cell.functions == {"records", "marks"}


def test_the_actions_of_a_role_are_those_allowed_somewhere() -> None:
    tables = compile_pack(parsed(ROOT))
    assert tables.roles["teacher"].actions == {"read", "write"}
    # Allowed by a row of its own and denied by the row about everyone.
    assert tables.roles["nurse"].actions == {"read", "write"}


def test_an_inner_pack_can_take_back_what_it_inherits() -> None:
    assert ("STU", "write") in compile_pack(parsed(LEAF, "root")).roles["teacher"].allow
    leaf = compile_pack(parsed(LEAF, "leaf")).roles["teacher"]
    assert leaf.deny["STU", "write"].rule.source == "leaf/roles.csv:3"
    assert leaf.actions == {"read"}


def test_an_explanation_prefers_a_regulation_and_the_packs_own_row() -> None:
    teacher = compile_pack(parsed(ROOT)).roles["teacher"]
    assert teacher.allow["STU", "read"].rule.article == "thu-1"
    nurse = compile_pack(parsed(LEAF, "leaf")).roles["nurse"]
    assert nurse.allow["HEA", "read"].rule.source == "leaf/roles.csv:4"
    own = LEAF | {
        "leaf/roles.csv": LEAF_ROLES.replace(
            "nurse,records,HEA,read,allow,con-1", "nurse,marks,HEA,read,allow,default"
        )
    }
    assert compile_pack(parsed(own, "leaf")).roles["nurse"].allow["HEA", "read"].rule.source == "leaf/roles.csv:4"


def test_a_denial_names_the_roles_own_row_before_the_one_about_everyone() -> None:
    texts = edited(ROOT, "root/roles.csv", "nurse,records,STU,submit,allow", "nurse,records,STU,submit,deny")
    tables = compile_pack(parsed(texts))
    assert tables.roles["nurse"].deny["STU", "submit"].rule.role == "nurse"
    assert tables.roles["guest"].deny["STU", "submit"].rule.role == ANY


def test_tables_cannot_be_changed() -> None:
    tables = compile_pack(parsed(ROOT))
    with pytest.raises(TypeError):
        tables.roles["guest"] = tables.roles["nurse"]  # type: ignore[index]
    with pytest.raises(TypeError):
        del tables.roles["teacher"].deny["HEA", "read"]  # type: ignore[attr-defined]


# Keeping.


def test_a_pack_is_compiled_once() -> None:
    assert compile_pack(parsed(ROOT)) is compile_pack(parsed(ROOT))


def test_the_digest_alone_is_not_believed() -> None:
    pack = parsed(ROOT)
    compile_pack(pack)
    wider = replace(pack, rules=(rule("guest", "HEA", "read"),))
    assert wider.digest == pack.digest
    assert compile_pack(wider).roles["guest"].allow.keys() == {("HEA", "read")}
    assert not compile_pack(pack).roles["guest"].allow


def test_only_the_latest_packs_are_kept() -> None:
    first = compile_pack(parsed(ROOT))
    for number in range(PACKS_KEPT):
        # The first stays, because it is asked for each time.
        compile_pack(replace(parsed(ROOT), digest=str(number), rules=()))
        assert compile_pack(parsed(ROOT)) is first
    assert len(MEMORY.compiled) == PACKS_KEPT
    assert "0" not in MEMORY.compiled


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_is_compiled_with_one_question_a_cell(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Casbin is slow, so what compiling costs is how often it is asked: once for each role, category and action."""
    pack = load_pack(REPOSITORY / "policy", name, REPOSITORY / "models")
    asked: list[tuple[str, str, str]] = []
    ask = CasbinEngine.ask

    def counted(engine: CasbinEngine, role: str, category: str, action: str) -> RoleRule | None:
        asked.append((role, category, action))
        return ask(engine, role, category, action)

    monkeypatch.setattr(CasbinEngine, "ask", counted)
    compile_pack(pack)
    cells = len(pack.categories) * len(pack.actions)
    assert len(asked) == len(set(asked)) == (len(pack.roles) + 1) * cells


def test_the_project_has_a_pack_to_compare() -> None:
    assert Path(REPOSITORY / "policy" / "base" / "pack.toml").is_file()
    assert "base" in PACKS
