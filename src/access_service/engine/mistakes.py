"""Which member of a question a deny is about: asked after the decision, of the same units, classes and grants.

The four reasons are those of a caller's own mistakes (`domain.mistakes.EXPLAINED`). The stages are those of
`engine.decide`, in their order, so that the member named is the first one that kept the question from an answer.
"""

from collections.abc import Callable

from access_service.domain.access import RESOURCE_TYPES, STUDENT, Ask, Deny, Topic
from access_service.domain.mistakes import (
    CATEGORY,
    CLASS,
    FUNCTION,
    GRADE,
    ID,
    LEVEL,
    SUBJECT,
    UNIT,
    YEAR,
    Mistake,
    list_words,
    make_mistake,
    missing_class,
    wrong_account,
    wrong_action,
    wrong_category,
    wrong_class,
    wrong_level,
    wrong_type,
)
from access_service.domain.names import ClassId, EducationLevel, UnitId
from access_service.domain.policy import Pack
from access_service.domain.reasons import Reason
from access_service.engine.decide import Place, Places, Site
from access_service.engine.rulings import SiteKind
from access_service.engine.snapshots import WHOLE_CLASS, GrantView, Snapshot

Renamed = Callable[[UnitId], UnitId | None]
"""Which unit has taken the office of one that stands no more."""


def find_mistake(
    ask: Ask, deny: Deny, places: Places, snapshot: Snapshot | None, renamed: Renamed
) -> Mistake | None:
    """The mistake that a deny is about; None where the question is right as far as anybody can say."""
    account, topic, resource_id, unit, class_id = ask
    if deny.reason is Reason.ACCOUNT_UNKNOWN:
        return wrong_account(account)
    if topic.resource_type not in RESOURCE_TYPES:
        return wrong_type(topic.resource_type)
    if topic.resource_type == "unit":
        unit = UnitId(resource_id)
    elif topic.resource_type == "class":
        class_id = ClassId(resource_id)
    where = _Where(unit, class_id, places)
    if deny.reason is Reason.UNKNOWN_ACTION:
        return None if where.kind is None else wrong_action(topic.action, where.kind.tables.pack.actions)
    if deny.reason is Reason.RESOURCE_CONTRADICTORY:
        return _contradiction(topic, where, places, renamed)
    if deny.reason is Reason.RESOURCE_INCOMPLETE:
        return _omission(topic, where, _grant(snapshot, deny))
    return None


class _Where:
    """The unit and the class of a question, as the register has them."""

    def __init__(self, unit: UnitId | None, class_id: ClassId | None, places: Places) -> None:
        self.unit, self.class_id = unit, class_id
        self.site = None if class_id is None else _site(class_id, places)
        self.place = _place(unit, places) if self.site is None else self.site.place
        of_unit = None if self.place is None else self.place.site_kind
        self.kind = of_unit if self.site is None else self.site.kind


def _contradiction(topic: Topic, where: _Where, places: Places, renamed: Renamed) -> Mistake | None:
    unit, class_id, site = where.unit, where.class_id, where.site
    if class_id is not None and (site is None or site.place is None):
        school = _place(UnitId(class_id.partition(":")[0]), places)
        return wrong_class(ID if topic.names_place else CLASS, class_id, unit_stands=school is not None)
    if site is not None and unit is not None and unit != site.unit:
        return make_mistake(UNIT, unit, site.unit)
    if where.place is None:
        return None if unit is None else _wrong_unit(ID if topic.names_place else UNIT, unit, renamed)
    return None if where.kind is None else _against_the_pack(topic, where.kind)


def _omission(topic: Topic, where: _Where, grant: GrantView | None) -> Mistake | None:
    if where.class_id is None and where.unit is None:
        return missing_class() if topic.resource_type == STUDENT else make_mistake(UNIT, None, "the unit's code")
    return _unplaced(topic, where) or _missing(topic, where.kind, grant, where.class_id)


def _site(class_id: ClassId, places: Places) -> Site | None:
    try:
        return places.sites[class_id]
    except KeyError:
        return None


def _place(unit: UnitId | None, places: Places) -> Place | None:
    try:
        return None if unit is None else places.units[unit]
    except KeyError:
        return None


def _wrong_unit(field: str, unit: UnitId, renamed: Renamed) -> Mistake:
    now = renamed(unit)
    return make_mistake(field, unit, now or "the code of a unit that is in the register today")


def _grant(snapshot: Snapshot | None, deny: Deny) -> GrantView | None:
    if snapshot is None or deny.grant is None:
        return None
    return next((view for view in snapshot.views if view.id == deny.grant), None)


def _against_the_pack(topic: Topic, kind: SiteKind) -> Mistake | None:
    """The pack's vocabulary, then what the question repeats of the class or unit."""
    pack = kind.tables.pack
    category = pack.categories.get(topic.category or "")
    if category is None:
        of_type = [c.id for c in pack.categories.values() if topic.resource_type in c.resource_types]
        return wrong_category(topic.category or "", of_type)
    if topic.resource_type not in category.resource_types:
        return wrong_type(topic.resource_type, category.resource_types)
    if kind.level is None:
        return wrong_level(topic.level, kind.levels)
    for field, read, right in (
        (LEVEL, topic.level, kind.level),
        (GRADE, topic.grade, kind.grade),
        (YEAR, topic.school_year, kind.school_year),
    ):
        if read not in (None, right):
            return make_mistake(field, read, right)
    return None


def _unplaced(topic: Topic, where: _Where) -> Mistake | None:
    """(J) Of a pupil who has no class yet: what is missing, or what does not fit the school."""
    place = where.place
    if topic.resource_type != STUDENT or where.class_id is not None or place is None or place.tables is None:
        return None
    pack = place.tables.pack
    if topic.level is None or topic.level not in place.levels:
        return wrong_level(topic.level, place.levels)
    grades = _grades(pack, topic.level)
    if topic.grade is None or topic.grade not in grades:
        return make_mistake(GRADE, topic.grade, ", ".join(grades))
    if topic.school_year is None or topic.school_year not in place.years:
        return make_mistake(YEAR, topic.school_year, list_words(place.years))
    return None


def _grades(pack: Pack, level: str) -> tuple[str, ...]:
    return pack.grades.get(EducationLevel(level), ()) if level in set(EducationLevel) else ()


def _missing(
    topic: Topic, kind: SiteKind | None, view: GrantView | None, class_id: ClassId | None
) -> Mistake | None:
    """What the pack asks of every question, then what the grant that got furthest is narrowed by."""
    if topic.category is None:
        known = [] if kind is None else kind.tables.pack.categories.values()
        right = [c.id for c in known if topic.resource_type in c.resource_types]
        return make_mistake(CATEGORY, None, list_words(right) or None)
    if kind is not None and kind.tables.pack.function_required and topic.function is None:
        return make_mistake(FUNCTION, None, list_words(kind.tables.pack.functions))
    if view is None or kind is None:
        return None
    shape = view.shape
    if shape.levels is not None and (kind.level or topic.level) is None:
        return wrong_level(None, kind.levels)
    if shape.grades is not None and (kind.grade or topic.grade) is None:
        return make_mistake(GRADE, None, "the grade that the record is of")
    taught = view.classes.get(class_id, frozenset()) if class_id and isinstance(view.classes, dict) else frozenset()
    by_subject = shape.taught is not None or shape.subjects is not None or (taught and WHOLE_CLASS not in taught)
    if by_subject and topic.subject is None:
        return make_mistake(SUBJECT, None, "the code of the subject that the record is about")
    if shape.school_year is not None and (kind.school_year or topic.school_year) is None:
        return make_mistake(YEAR, None, shape.school_year)
    return None
