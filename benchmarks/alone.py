"""A pack that stands alone at the size of public role-mining sets: 6,035 rows, 13,612 entities, of our own making.

    .venv/bin/python benchmarks/alone.py

Beside each figure stands what somebody would write by hand over the same rows: dictionaries of what is known of
people and things, and one from role, action and class to allow or deny. The answers of both are compared first, and
some of them with Casbin's. Prints what it measures and how many times the hand's work that is.
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from access_service.engine.alone.decisions import Named, NamedAction, StandaloneEngine
from access_service.engine.alone.standalone import load_standalone

ROWS, PEOPLE, THINGS = 6_035, 3_485, 10_127
ROLES, CLASSES, ACTIONS = 400, 250, ("read", "write", "print", "share")
OF_ONE_THING, DENIED = 0.4, 0.05
"""Shares of the rows."""
QUESTIONS = 20_000
BOUNDS = {"question": 10, "search": 20, "load_s": 5}

TOML = """\
name = "mined"
kind = "standalone"
version = "1"
title = "Bộ dữ liệu đo"
model = "mined"
[subjects.user]
vi = "Người dùng"
en = "User"
listed = true
[resources.thing]
vi = "Tài nguyên"
en = "Resource"
listed = true
[actions]
read = "xem"
write = "sửa"
print = "in"
share = "chia sẻ"
[properties.subject]
roles = { several = true }
[properties.resource]
class = []
owner = []
[trusted_properties]
resource = ["owner"]
""".replace("class", "sort")
CONF = """\
[request_definition]
r = subject, action, resource
[policy_definition]
p = role, action, sort, thing, owner, eft, article
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = (p.role == "*" || p.role in r.subject.roles) && p.action == r.action.name && \
(p.sort == "*" || p.sort == r.resource.sort) && (p.thing == "*" || p.thing == r.resource.id) && \
(p.owner == "*" || r.resource.owner == r.subject.id)
"""


class Set:
    """People with roles, things of sorts, and rows: by sort, by thing, of owners, and denials."""

    def __init__(self, seed: int) -> None:
        draw = random.Random(seed)
        roles = [f"role-{n}" for n in range(ROLES)]
        sorts = [f"sort-{n}" for n in range(CLASSES)]
        self.roles = {f"u{n:05}": draw.sample(roles, draw.choice((1, 1, 2, 2, 3))) for n in range(PEOPLE)}
        people = list(self.roles)
        self.sorts = {f"t{n:05}": draw.choice(sorts) for n in range(THINGS)}
        self.owners = {id_: draw.choice(people) for id_ in self.sorts}
        things = list(self.sorts)
        rows: dict[tuple[str, str, str, str, str], str] = {}

        def effect() -> str:
            return "deny" if draw.random() < DENIED else "allow"

        for action in ("read", "write"):
            rows["*", action, "*", "*", "same"] = "allow"
        for role in roles:
            rows[role, draw.choice(ACTIONS), "*", "*", "*"] = effect()
        while len(rows) < ROWS:
            role, action = draw.choice(roles), draw.choice(ACTIONS)

            if draw.random() < OF_ONE_THING:
                rows.setdefault((role, action, "*", draw.choice(things), "*"), effect())
            else:
                rows.setdefault((role, action, draw.choice(sorts), "*", "*"), effect())
        self.rows = rows

    def write(self, folder: Path) -> Path:
        """The set as a pack."""
        pack, models = folder / "policy" / "mined", folder / "models"
        pack.mkdir(parents=True)
        models.mkdir()
        (models / "mined.conf").write_text(CONF, "utf-8")
        (pack / "pack.toml").write_text(TOML, "utf-8")
        lines = [f"{','.join(cells)},{effect},default" for cells, effect in self.rows.items()]
        (pack / "roles.csv").write_text(
            "\n".join(["role,action,sort,thing,owner,effect,article", *lines]) + "\n", "utf-8"
        )
        people = [f"user,{id_},roles={'|'.join(roles)}" for id_, roles in self.roles.items()]
        things = [f"thing,{id_},sort={sort}; owner={self.owners[id_]}" for id_, sort in self.sorts.items()]
        (pack / "entities.csv").write_text("\n".join(["type,id,properties", *people, *things]) + "\n", "utf-8")
        return pack


class ByHand:
    """What an application would write itself: a dictionary for each kind of row."""

    def __init__(self, data: Set) -> None:
        self.roles, self.sorts, self.owners = data.roles, data.sorts, data.owners
        self.by_role, self.by_sort, self.by_thing = {}, {}, {}
        self.by_owner = set()
        for (role, action, sort, thing, owner), effect in data.rows.items():
            if owner != "*":
                self.by_owner.add(action)
            elif thing != "*":
                self.by_thing[role, action, thing] = effect
            elif sort != "*":
                self.by_sort[role, action, sort] = effect
            else:
                self.by_role[role, action] = effect

    def may(self, person: str, action: str, thing: str) -> bool:
        """Some row allows and none denies."""
        roles, sort = self.roles.get(person), self.sorts.get(thing)
        if roles is None or sort is None:
            return False
        allowed = action in self.by_owner and self.owners[thing] == person
        for role in roles:
            for effect in (
                self.by_role.get((role, action)),
                self.by_sort.get((role, action, sort)),
                self.by_thing.get((role, action, thing)),
            ):
                if effect == "deny":
                    return False
                if effect is not None:
                    allowed = True
        return allowed


def fastest(work: Callable[[], object], times: int = 7) -> float:
    """Seconds of CPU of the quickest of several runs: what the machine's other work disturbed least."""
    found = []
    for _ in range(times):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def questions(data: Set, seed: int) -> Iterator[tuple[str, str, str]]:
    """No two alike, so that nothing remembered helps."""
    draw = random.Random(seed)
    people, things, seen = list(data.roles), list(data.sorts), set()
    while len(seen) < QUESTIONS:
        question = (draw.choice(people), draw.choice(ACTIONS), draw.choice(things))
        if question not in seen:
            seen.add(question)
            yield question


def measure() -> dict[str, float]:
    """Every figure, after both have given the same answers."""
    data = Set(7)
    hand = ByHand(data)
    with tempfile.TemporaryDirectory() as folder:
        pack_folder = data.write(Path(folder))
        load = lambda: StandaloneEngine(load_standalone(pack_folder, pack_folder.parent.parent / "models"))  # noqa: E731
        load_s = fastest(load, 3)
        engine = load()
    assert (len(engine.pack.rules), len(engine.pack.entities)) == (ROWS, PEOPLE + THINGS)
    plain = list(questions(data, 11))
    asked = [(Named("user", who, {}), NamedAction(verb, {}), Named("thing", what, {})) for who, verb, what in plain]
    answers = [hand.may(*question) for question in plain]
    assert [bool(engine.decide(*question)) for question in asked] == answers
    for (who, verb, what), question in list(zip(plain, asked, strict=True))[:40]:
        by_casbin = engine.ask_casbin(
            {
                "subject": {"id": who, "roles": frozenset(data.roles[who])},
                "action": {"name": verb},
                "resource": {"id": what, "sort": data.sorts[what], "owner": data.owners[what]},
            }
        )
        assert engine.decide(*question).rule == by_casbin
    by_hand = fastest(lambda: [hand.may(*question) for question in plain]) / QUESTIONS
    by_engine = fastest(lambda: [engine.decide(*question) for question in asked]) / QUESTIONS
    named = fastest(
        lambda: [
            engine.decide(Named("user", who, {}), NamedAction(verb, {}), Named("thing", what, {}))
            for who, verb, what in plain
        ]
    )
    searches = [(who, verb) for who, verb, _ in plain[:25]]
    anything, passed, found = Named("thing", "", {}), [], []
    for who, verb in searches:
        subject, action = Named("user", who, {}), NamedAction(verb, {})
        by_pass = [id_ for id_ in data.sorts if hand.may(who, verb, id_)]
        assert list(engine.resources(subject, action, anything)) == by_pass
        passed.append(fastest(lambda: [id_ for id_ in data.sorts if hand.may(who, verb, id_)], 3))  # noqa: B023
        found.append(fastest(lambda: list(engine.resources(subject, action, anything)), 3))  # noqa: B023
    bare = fastest(lambda: [id_ for id_, sort in data.sorts.items() if sort == "sort-7"])
    return {
        "load_s": load_s,
        "question_us": by_engine * 1e6,
        "question_by_hand_us": by_hand * 1e6,
        "question": by_engine / by_hand,
        "question_with_objects_us": named / QUESTIONS * 1e6,
        "search_ms": statistics.median(found) * 1e3,
        "search_by_hand_ms": statistics.median(passed) * 1e3,
        "search": statistics.median(found) / statistics.median(passed),
        "longest_search_ms": max(found) * 1e3,
        "bare_pass_ms": bare * 1e3,
        "search_to_bare_pass": statistics.median(found) / bare,
        "longest_search_to_bare_pass": max(found) / bare,
    }


if __name__ == "__main__":
    figures = measure()
    for name, value in figures.items():
        print(f"{name:30}{value:10.2f}")
    sys.exit(any(figures[name] > bound for name, bound in BOUNDS.items()))
