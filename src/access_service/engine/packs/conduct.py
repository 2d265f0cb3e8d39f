"""How units act, in a pack.toml: `[signing]`, `[grades]`, `[[separations]]`, `[[promises]]` and such."""

from collections.abc import Collection, Mapping

from access_service.domain.custody import HOLDERS
from access_service.domain.names import Capacity, EducationLevel
from access_service.domain.policy import (
    DEPARTMENT,
    MANAGING_UNIT,
    NEVER,
    NEVER_LOCKED,
    ONE,
    ONE_PERSON,
    ONE_ROLE,
    SEVERAL,
    Homeroom,
    Promise,
    Separation,
)
from access_service.engine.packs.draft import Draft, article_of, cite_section
from access_service.engine.toml_reader import TomlTable, guess, quote

GIVER_CAPACITIES = frozenset(Capacity) - {Capacity.SELF, Capacity.WITNESS}
SIDES = 2
"""A separation has two sides, and each side two words: category and action."""


def read_conduct(table: TomlTable, draft: Draft) -> None:
    """How a unit acts; each section replaces the inherited one whole."""
    if (signing := table.table("signing")) is not None:
        _signing(signing, draft)
    if (custody := table.table("custody")) is not None:
        draft.holders = custody.words("holders", HOLDERS, "holder of an admin account")
        cite_section("custody", custody, draft)
        custody.done()
    if (requests := table.table("requests")) is not None:
        draft.function_required = requests.flag("function_required")
        cite_section("requests", requests, draft)
        requests.done()
    if (approvals := table.table("approvals")) is not None:
        draft.approvals_by = approvals.word("by", {DEPARTMENT, MANAGING_UNIT}, "choice of who approves")
        cite_section("approvals", approvals, draft)
        approvals.done()


def _signing(signing: TomlTable, draft: Draft) -> None:
    """For every unit, and in tables of their own for kinds of units: TL. names the positions that sign so."""
    draft.capacities = _capacities(signing)
    draft.capacities_by_kind, draft.by_order = {}, {}
    for inherited in [name for name in draft.sections if name.startswith("signing.")]:
        del draft.sections[inherited]
    cite_section("signing", signing, draft)
    for kind in [key for key, value in signing.values.items() if isinstance(value, Mapping)]:
        known = draft.known(draft.unit_kinds)
        if known is not None and kind not in known:
            signing.fault(kind, f"unknown unit kind {quote(kind)}", guess(kind, known))
        own = signing.table(kind)
        if own is None:
            continue
        draft.capacities_by_kind[kind] = _capacities(own)
        if Capacity.BY_ORDER in draft.capacities_by_kind[kind]:
            draft.by_order[kind] = own.words("by_order", draft.known(draft.positions), "position")
        cite_section(f"signing.{kind}", own, draft)
        own.done()
    signing.done()


def _capacities(table: TomlTable) -> frozenset[Capacity]:
    words = table.words("capacities", GIVER_CAPACITIES, "capacity of a giver")
    return frozenset(Capacity(word) for word in words & GIVER_CAPACITIES)


def read_grades(table: TomlTable, draft: Draft) -> None:
    """`[grades.<level>]`: the grades of a level, in order."""
    for level, grades in table.tables("grades"):
        if level not in frozenset(EducationLevel):
            grades.fault(None, f"unknown level {quote(level)}", guess(level, frozenset(EducationLevel)))
            continue
        grades.words("names", None, "grade")
        written = grades.values.get("names")
        names = [name for name in written if isinstance(name, str)] if isinstance(written, list) else []
        if any(not name or name != name.strip() for name in names):
            grades.fault("names", "a grade is a word without spaces around it")
        draft.grades[EducationLevel(level)] = tuple(names)
        article_of(grades, draft)
        grades.done()


def read_homerooms(table: TomlTable, draft: Draft) -> None:
    """`[homeroom.<level>]`: how many have charge of a class, whether one leads, what they are called."""
    for level, homeroom in table.tables("homeroom"):
        if level not in frozenset(EducationLevel):
            homeroom.fault(None, f"unknown level {quote(level)}", guess(level, frozenset(EducationLevel)))
            continue
        holders = homeroom.word("holders", {ONE, SEVERAL}, "number of holders")
        lead = homeroom.flag("lead")
        if lead and holders == ONE:
            homeroom.fault("lead", "one alone leads nobody", "write `lead = false`")
        draft.homerooms[EducationLevel(level)] = Homeroom(
            holders, lead, homeroom.text("vi"), article_of(homeroom, draft)
        )
        homeroom.done()


def read_separations(table: TomlTable, draft: Draft) -> None:
    """`[[separations]]`: an inner pack's takes the place of an inherited one with the same id."""
    here: set[str] = set()
    for row in table.rows("separations"):
        id_ = row.text("id")
        if id_ in here and id_:
            row.fault("id", f"{quote(id_)} stands twice")
        here.add(id_)
        refuse = row.flag("refuse") if row.has("refuse") else False
        accept = row.words("accept", None, "role") if row.has("accept") else frozenset()
        row.asked |= {"refuse", "accept"}
        _accepted(row, accept, draft)
        draft.separations[id_] = Separation(
            id_,
            _pair(row, draft),
            row.word("within", {ONE_ROLE, ONE_PERSON}, "choice of where they may not meet"),
            refuse,
            frozenset("+".join(sorted(roles.split("+"))) for roles in accept),
            row.text("because"),
            article_of(row, draft),
            row.place(),
        )
        row.done()


def read_promises(table: TomlTable, draft: Draft) -> None:
    """`[[promises]]`: an inner pack's takes the place of an inherited one with the same id."""
    here: set[str] = set()
    for row in table.rows("promises"):
        id_ = row.text("id")
        if id_ in here and id_:
            row.fault("id", f"{quote(id_)} stands twice")
        here.add(id_)
        kinds = [kind for kind in (NEVER, NEVER_LOCKED) if row.has(kind)]
        if len(kinds) != 1:
            row.fault(None, f"a promise is one of `{NEVER}`, `{NEVER_LOCKED}`")
            row.asked |= {NEVER, NEVER_LOCKED}
        categories: frozenset[str] = frozenset()
        actions: frozenset[str] = frozenset()
        excepted: frozenset[str] = frozenset()
        said = row.table(kinds[0]) if len(kinds) == 1 else None
        if said is not None:
            actions = said.words("actions", draft.known(draft.actions), "action")
            categories = _left_out(said, "categories", draft.known(draft.categories), "category")
            if kinds == [NEVER]:
                excepted = _left_out(said, "except_roles", draft.known(draft.roles), "role")
            said.done()
        draft.promises[id_] = Promise(
            id_,
            kinds[0] if kinds else NEVER,
            categories,
            actions,
            excepted,
            row.text("because"),
            article_of(row, draft),
            row.place(),
        )
        row.done()


def _left_out(table: TomlTable, key: str, known: Collection[str] | None, noun: str) -> frozenset[str]:
    """Words of a vocabulary that may be left out."""
    table.asked.add(key)
    return table.words(key, known, noun) if table.has(key) else frozenset()


def _accepted(row: TomlTable, accept: frozenset[str], draft: Draft) -> None:
    known = draft.known(draft.roles)
    for roles in sorted(accept):
        for role in roles.split("+"):
            if known is not None and role not in known:
                row.fault("accept", f"unknown role {quote(role)}", guess(role, known))


def _pair(row: TomlTable, draft: Draft) -> tuple[tuple[str, str], tuple[str, str]]:
    """Two of [category, action]."""
    value = row.value("pair")
    sides = value if isinstance(value, list) else []
    good = len(sides) == SIDES and all(
        isinstance(side, list) and len(side) == SIDES and all(isinstance(word, str) for word in side)
        for side in sides
    )
    if not good:
        if row.has("pair"):
            row.fault("pair", '`pair` must be two of [category, action], as [["ACC", "write"], ["STA", "write"]]')
        return ("", ""), ("", "")
    for category, action in sides:
        for noun, word, names in (
            ("category", category, draft.known(draft.categories)),
            ("action", action, draft.known(draft.actions)),
        ):
            if names is not None and word not in names:
                row.fault("pair", f"unknown {noun} {quote(word)}", guess(word, names))
    if sides[0] == sides[1]:
        row.fault("pair", "both sides are the same")
    return (sides[0][0], sides[0][1]), (sides[1][0], sides[1][1])
