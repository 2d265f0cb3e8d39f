"""A pack's promises are kept by every row of it, or it does not load; what it excepts in vain is said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from access_service.domain.policy import Pack
from access_service.domain.promises import broken_promises, idle_acceptances
from access_service.engine.packs.load import load_pack
from engine.small_packs import LEAF, ROOT, edited, faults_of, line_of, parsed

REPOSITORY = Path(__file__).parents[2]
PACKS = ("base", "hai-phong-2023", "hai-phong", "hai-duong", "ho-chi-minh")
TOML = "root/pack.toml"
NEVER = """
[[promises]]
id = "health-stays"
never = {categories = ["HEA"], actions = ["write"], except_roles = ["nurse"]}
because = "vì sao"
article = "thu-1"
"""
UNLOCKED = """
[[promises]]
id = "reading"
never_locked = {actions = ["read"]}
because = "vì sao"
article = "default"
"""


def promising(text: str = NEVER, change: tuple[str, str] = ("", "")) -> dict[str, str]:
    return ROOT | {TOML: ROOT[TOML] + text.replace(*change)}


def test_promises_are_read_with_their_article_and_line() -> None:
    promise, other = parsed(promising(NEVER + UNLOCKED)).promises
    assert (promise.id, promise.kind, promise.article) == ("health-stays", "never", "thu-1")
    assert (promise.categories, promise.actions, promise.except_roles) == ({"HEA"}, {"write"}, {"nurse"})
    assert promise.source == f"{TOML}:{line_of(promising()[TOML], '[[promises]]')}"
    assert (other.kind, other.categories) == ("never_locked", frozenset())


def test_a_row_that_breaks_a_promise_does_not_load_and_is_named() -> None:
    texts = promising()
    row = "teacher,marks,HEA,write,allow,default\n"
    texts |= {"root/roles.csv": texts["root/roles.csv"] + row}
    (fault,) = faults_of(texts)
    assert fault.place == f"root/roles.csv:{line_of(texts['root/roles.csv'], row)}"
    assert fault.message.startswith("`teacher` may write HEA, which promise `health-stays` (root/pack.toml:")
    assert "article thu-1" in fault.message
    # What another row denies is not so.
    denied = "teacher,records,HEA,write,deny,default\n"
    assert faults_of(texts | {"root/roles.csv": texts["root/roles.csv"] + denied}) == ()


def test_an_inner_pack_is_held_to_what_the_outer_one_promised() -> None:
    row = "clerk,records,HEA,write,allow,con-1\n"
    texts = LEAF | {TOML: LEAF[TOML] + NEVER, "leaf/roles.csv": LEAF["leaf/roles.csv"] + row}
    (fault,) = faults_of(texts, "leaf")
    assert fault.place.startswith("leaf/roles.csv:")
    # It may say otherwise under its own article, which is then its own promise.
    own = NEVER.replace('["nurse"]', '["nurse", "clerk"]').replace("thu-1", "con-1")
    pack = parsed(texts | {"leaf/pack.toml": LEAF["leaf/pack.toml"] + own}, "leaf")
    assert [(p.id, p.article) for p in pack.promises] == [("health-stays", "con-1")]


def test_a_lock_that_stops_what_is_never_locked_does_not_load() -> None:
    (fault,) = faults_of(promising(UNLOCKED, ('["read"]', '["submit"]')))
    assert fault.message.startswith("the lock `start` stops submit, which promise `reading`")
    assert fault.place == f"{TOML}:{line_of(ROOT[TOML], '[[locks]]')}"
    only_health = ("actions = [", 'categories = ["HEA"], actions = [')
    assert faults_of(promising(UNLOCKED.replace('["read"]', '["submit"]'), only_health)) == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('["nurse"]', '["nurze"]'), "unknown role `nurze`"),
        (('["HEA"]', '["HEB"]'), "unknown category `HEB`"),
        (('["write"]', '["wipe"]'), "unknown action `wipe`"),
        (('"thu-1"', '"thu-9"'), "unknown article `thu-9`"),
        (("except_roles", "except_role"), "unknown key `except_role` in `promises.0.never`"),
        (("never =", "ever ="), "a promise is one of `never`, `never_locked`"),
        (('because = "vì sao"\n', ""), "`because` is missing in `promises.0`"),
        (('actions = ["write"], ', ""), "`actions` is missing in `promises.0.never`"),
        (
            ("never =", 'never_locked = {actions = ["read"]}\nnever ='),
            "a promise is one of `never`, `never_locked`",
        ),
    ],
)
def test_a_promise_is_read_strictly(change: tuple[str, str], message: str) -> None:
    faults = faults_of(promising(NEVER, change))
    assert message in {fault.message for fault in faults}
    first = line_of(promising()[TOML], "[[promises]]")
    assert all(int(fault.place.rpartition(":")[2]) >= first for fault in faults)


def test_one_id_promises_once() -> None:
    assert [fault.message for fault in faults_of(promising(NEVER + NEVER))] == ["`health-stays` stands twice"]


def test_what_is_excepted_in_vain_is_said() -> None:
    assert idle_acceptances(parsed(promising())) == ()
    (idle,) = idle_acceptances(parsed(promising(NEVER, ('["nurse"]', '["nurse", "guest"]'))))
    assert (idle.id, idle.accepted, idle.article) == ("health-stays", "guest", "thu-1")


@pytest.fixture(scope="module")
def packs() -> dict[str, Pack]:
    return {name: load_pack(REPOSITORY / "policy", name, REPOSITORY / "models") for name in PACKS}


def own_rows(packs: dict[str, Pack]) -> Iterator[tuple[str, str]]:
    for name, pack in packs.items():
        yield from ((name, idle.source) for idle in idle_acceptances(pack) if idle.source.startswith(f"{name}/"))


def test_no_pack_of_the_project_accepts_in_vain(packs: dict[str, Pack]) -> None:
    assert list(own_rows(packs)) == []


@pytest.mark.parametrize("role", ["principal", "school_health", "homeroom_teacher"])
def test_whoever_reads_health_records_exports_none_of_them(packs: dict[str, Pack], role: str) -> None:
    """In every pack; software that was approved may, and says so in the promise."""
    for pack in packs.values():
        assert ("STU-HEA", "read") in pack.cells[role]
        assert ("STU-HEA", "export") in pack.cells["software"]
        model = next(rule for rule in pack.rules if rule.role == "software" and rule.category == "STU-HEA")
        more = replace(model, role=role, action="export", allow=True, source="here")
        (broken,) = broken_promises(replace(pack, rules=(*pack.rules, more)))
        assert (broken.promise.id, broken.source) == ("health-never-leaves", "here")


def test_a_broken_chain_says_nothing_about_promises() -> None:
    """Names that an unread file may have defined are not held against a row."""
    texts = edited(LEAF, "leaf/pack.toml", 'extends = "root"', 'extends = "rot"')
    texts |= {"leaf/pack.toml": texts["leaf/pack.toml"] + NEVER}
    assert not any("promise" in fault.message for fault in faults_of(texts, "leaf"))
