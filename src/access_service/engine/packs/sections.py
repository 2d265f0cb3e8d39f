"""`pack.toml` into a draft: one function a section, each in the order in which later ones refer to it.

A draft collects the packs of a chain from the root to the leaf. A table with the id of an inherited one takes its
place; what an outer pack names, an inner one cannot refer to.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from access_service.domain.access import RESOURCE_TYPES
from access_service.domain.anomalies import ANOMALY_LIMITS
from access_service.domain.custody import ALLOWED, FORBIDDEN
from access_service.domain.names import Rank
from access_service.domain.policy import (
    DEFAULT,
    Article,
    Category,
    CommitmentText,
    Limit,
    PeriodLock,
    Position,
    Role,
    UnitKind,
)
from access_service.domain.sign_in import DEFAULTS, MANDATORY, OPTIONAL
from access_service.domain.time import start_of_day
from access_service.engine.packs.conduct import (
    read_conduct,
    read_grades,
    read_homerooms,
    read_promises,
    read_separations,
)
from access_service.engine.packs.draft import Draft, article_of
from access_service.engine.packs.files import NAME
from access_service.engine.packs.papers import read_papers
from access_service.engine.toml_reader import TomlTable, guess, quote

AXES = frozenset({"classes", "levels", "subjects", "school_year"})
BEFORE_DAY = "before_day"
THROUGH_DAY = "through_day"
READ = "read"
"""The action that no period's lock may name (rule 2)."""
LIMITS: Mapping[str, range | frozenset[str] | type[bool]] = {
    "max_depth": range(1, 33),
    "document_lapse_days": range(1, 3_651),
    "confirmation_days": range(1, 366),
    "confirmation_silence": frozenset({"flag", "lapse"}),
    "activation_code_hours": range(1, 721),
    "recovery_wait_hours": range(1, 721),
    "session_minutes": range(1, 1_441),
    "failed_logins": range(1, 101),
    "lockout_minutes": range(1, 43_201),
    "session_hours": range(1, 25),
    "admin_session_minutes": range(1, 1_441),
    "admin_session_hours": range(1, 25),
    "admin_second_factor": frozenset({MANDATORY, OPTIONAL}),
    "signer_second_factor": frozenset({MANDATORY, OPTIONAL}),
    "sole_leader_signs": frozenset({ALLOWED, FORBIDDEN}),
    "inactive_days": range(1, 3_651),
    "password_length": range(8, 65),
    "password_classes": range(1, 5),
    "password_length_with_factor": range(8, 65),
    "admin_password_days": range(1, 3_651),
    "admin_password_history": range(25),
    "grant_days_max": range(1, 3_661),
    "school_year_undo_days": range(1, 61),
    "substitute_pauses": bool,
    "hand_back_days": range(1, 366),
    "deadline_without_hour": frozenset({BEFORE_DAY, THROUGH_DAY}),
    "software_security_level": range(6),
    "software_on_axis": frozenset({"required", "not_required"}),
    "software_raw_files": frozenset({"allowed", "forbidden"}),
    "second_term_month": range(1, 13),
    "second_term_day": range(1, 29),
    "client_secret_overlap_hours": range(721),
    **{limit: range(1, 3_651) for limit in ANOMALY_LIMITS if limit.endswith("_days")},
    "sensitive_holders": range(1, 10_001),
    "sensitive_holders_percent": range(101),
}
"""What the product reads: numbers with the bounds past which they are mistakes, and choices."""
LATER_LIMITS: Mapping[str, int | str] = {
    **DEFAULTS,
    "sole_leader_signs": FORBIDDEN,
    "school_year_undo_days": 7,
    "substitute_pauses": True,
    "software_security_level": 0,
    "software_on_axis": "not_required",
    "software_raw_files": "allowed",
    "second_term_month": 1,
    "second_term_day": 18,
    "client_secret_overlap_hours": 24,
    **ANOMALY_LIMITS,
}
"""Limits that came after packs had been put in force, as a pack reads that was stored without them."""
COVERAGE_ITEMS = (1, 128)
RESIGN_DAYS = (0, 3_650)


def read_tables(table: TomlTable, name: str, draft: Draft) -> None:
    """Add everything in one pack.toml to the draft; faults go to the table's list."""
    if (written := table.text("name")) != name and written:
        table.fault("name", f"the pack calls itself {quote(written)}, its folder `{name}`")
    draft.version, draft.title = table.text("version"), table.text("title")
    if table.has("model"):
        draft.model = table.text("model")
        if draft.model and NAME.fullmatch(draft.model) is None:
            table.fault("model", f"{quote(draft.model)} is no name of a model")
    # `load` followed it before the draft began.
    table.asked.add("extends")
    read_documents(table, draft)
    read_words(table, "actions", draft.actions)
    read_words(table, "functions", draft.functions)
    _unit_kinds(table, draft)
    _categories(table, draft)
    _roles(table, draft)
    _positions(table, draft)
    _limits(table, draft)
    _locks(table, draft)
    _commitments(table, draft)
    read_grades(table, draft)
    read_homerooms(table, draft)
    read_separations(table, draft)
    read_promises(table, draft)
    read_conduct(table, draft)
    read_papers(table, draft)
    table.done()


def read_documents(table: TomlTable, draft: Draft) -> None:
    """`[documents]` and `[articles]`."""
    for id_, document in table.tables("documents"):
        draft.documents[id_] = document.text("title")
        document.text("issued")
        if document.has("cite"):
            draft.cites[id_] = document.text("cite")
        document.asked.add("cite")
        document.done()
    for id_, article in table.tables("articles"):
        if id_ == DEFAULT:
            article.fault(None, f"`{DEFAULT}` is built in", "it stands for the product's own choices")
        document_id = article.word("document", draft.known(draft.documents), "document")
        place = article.text("place")
        item = article.number("item", *COVERAGE_ITEMS) if article.has("item") else None
        article.asked.add("item")
        draft.articles[id_] = Article(id_, document_id, place, item, article.text("vi"), article.text("en"))
        article.done()


def read_words(table: TomlTable, key: str, into: dict[str, str]) -> None:
    """A table of ids, each with its Vietnamese word."""
    ids = table.ids(key)
    words = table.table(key)
    if words is not None:
        into.update({id_: words.text(id_) for id_ in ids})


def _unit_kinds(table: TomlTable, draft: Draft) -> None:
    for id_, kind in table.tables("unit_kinds"):
        draft.unit_kinds[id_] = UnitKind(
            id_,
            kind.text("vi"),
            kind.text("en"),
            has_head=kind.flag("has_head"),
            has_admin_account=kind.flag("has_admin_account"),
            has_levels=kind.flag("has_levels"),
            part_of_manager=kind.flag("part_of_manager"),
            article=article_of(kind, draft),
        )
        kind.done()


def _categories(table: TomlTable, draft: Draft) -> None:
    for id_, category in table.tables("categories"):
        draft.categories[id_] = Category(
            id_,
            category.text("vi"),
            category.text("en"),
            category.words("resource_types", RESOURCE_TYPES, "resource type"),
            sensitive=category.flag("sensitive"),
            article=article_of(category, draft),
        )
        category.done()


def _roles(table: TomlTable, draft: Draft) -> None:
    for id_, role in table.tables("roles"):
        draft.roles[id_] = Role(
            id_,
            role.text("vi"),
            role.text("en"),
            role.words("narrows_by", AXES, "axis", may_be_empty=True),
            article_of(role, draft),
        )
        role.done()


def _positions(table: TomlTable, draft: Draft) -> None:
    for id_, position in table.tables("positions"):
        rank = position.word("rank", frozenset(Rank), "rank")
        draft.positions[id_] = Position(
            id_,
            position.text("vi"),
            position.text("en"),
            Rank(rank) if rank in frozenset(Rank) else Rank.STAFF,
            position.words("unit_kinds", draft.known(draft.unit_kinds), "unit kind"),
            article_of(position, draft),
            position.text("sign_as") if position.has("sign_as") else "",
        )
        position.asked.add("sign_as")
        position.done()


def _limits(table: TomlTable, draft: Draft) -> None:
    for id_, limit in table.tables("limits"):
        allowed = LIMITS.get(id_)
        value: int | str
        if allowed is None:
            limit.fault(None, f"unknown limit {quote(id_)}", guess(id_, LIMITS))
            limit.asked.add("value")
            value = 0
        elif isinstance(allowed, range):
            value = limit.number("value", allowed.start, allowed.stop - 1)
        elif isinstance(allowed, type):
            value = limit.flag("value")
        else:
            value = limit.word("value", allowed, f"choice for `{id_}`")
        draft.limits[id_] = Limit(value, article_of(limit, draft), limit.place())
        limit.done()


def _locks(table: TomlTable, draft: Draft) -> None:
    here: set[str] = set()
    for lock in table.rows("locks"):
        id_ = lock.text("id")
        _once(lock, "id", id_, here)
        actions = lock.words("actions", draft.known(draft.actions), "action")
        if READ in actions:
            lock.fault("actions", f"a lock may not name `{READ}`", "the lock of a period never stops reading")
        start, day = _beginning(lock)
        end = lock.instant("end")
        if start >= end and not _unreadable(lock, "start" if day is None else "before", "end"):
            lock.fault("end", f"`end` is not after `{'start' if day is None else 'before'}`")
        read = PeriodLock(
            id_,
            lock.words("unit_kinds", draft.known(draft.unit_kinds), "unit kind"),
            lock.words("categories", draft.known(draft.categories), "category"),
            actions,
            start,
            end,
            lock.text("vi"),
            article_of(lock, draft),
            lock.place(),
        )
        draft.locks[id_] = read, day
        lock.done()


def _beginning(lock: TomlTable) -> tuple[datetime, date | None]:
    """When a lock begins at the latest, and the day that is written in place of an instant."""
    if not lock.has("before"):
        lock.asked.add("before")
        return lock.instant("start"), None
    if lock.has("start"):
        lock.fault("before", "`before` stands beside `start`", "a deadline has an hour or it has none")
    lock.asked.add("start")
    day = lock.day("before")
    return deadline(day, THROUGH_DAY), day


def deadline(day: date, reading: str) -> datetime:
    """The first instant that is too late for `before <day>`: 00:00 of that day (`before_day`), or of the next."""
    return start_of_day(day if reading == BEFORE_DAY else day + timedelta(days=1))


def _once(table: TomlTable, key: str, id_: str, here: set[str]) -> None:
    if id_ in here and id_:
        table.fault(key, f"{quote(id_)} stands twice")
    here.add(id_)


def _unreadable(table: TomlTable, *keys: str) -> bool:
    """Has one of these instants or days been refused already?"""
    values = [table.values.get(key) for key in keys]
    return not all(isinstance(v, date) and (not isinstance(v, datetime) or v.tzinfo is not None) for v in values)


def _commitments(table: TomlTable, draft: Draft) -> None:
    here: set[str] = set()
    for text in table.rows("commitments"):
        version = text.text("version")
        _once(text, "version", version, here)
        start = text.instant("effective_from")
        others = (version, text.values.get("replaces"))
        same_day = [v for v, t in draft.commitments.items() if t.effective_from == start and v not in others]
        if same_day and not _unreadable(text, "effective_from"):
            text.fault("effective_from", f"version `{same_day[0]}` begins at the same instant")
        items = _items(text)
        draft.commitments[version] = CommitmentText(
            version,
            start,
            timedelta(days=text.number("resign_within_days", *RESIGN_DAYS)),
            join_items(items) if items else text.text("vi", has_lines=True),
            article_of(text, draft),
            items,
        )
        if text.has("replaces"):
            older = text.word("replaces", draft.known(draft.commitments.keys() - {version}), "version")
            draft.commitments.pop(older, None)
        text.asked.add("replaces")
        text.done()


def _items(text: TomlTable) -> tuple[str, ...]:
    """The promises of a commitment one by one, in place of one text."""
    if not text.has("items"):
        text.asked.add("items")
        return ()
    text.words("items", None, "promise")
    if text.has("vi"):
        text.fault("vi", "`vi` stands beside `items`", "the text is made of the items")
    text.asked.add("vi")
    written = text.values.get("items")
    return tuple(item for item in written if isinstance(item, str)) if isinstance(written, list) else ()


def join_items(items: Sequence[str]) -> str:
    """One text of numbered promises, as it is hashed and shown on a screen."""
    return "Tôi cam kết: " + "; ".join(f"({i}) {item}" for i, item in enumerate(items, start=1)) + "."
