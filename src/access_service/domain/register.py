"""What a register takes in: units, school years, classes, persons, accounts' names. Every door asks here.

Each function is about one new fact, looks at the ground that it would stand on, raises `RefusedError`, and changes
nothing.
"""

from collections.abc import Iterable

from access_service.domain import words
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.grades import check_grade
from access_service.domain.lookalikes import check_told_apart, fold
from access_service.domain.names import ClassId, UnitId
from access_service.domain.org import Person, SchoolClass, SchoolYear, Unit
from access_service.domain.policy import Pack
from access_service.domain.reasons import Refusal
from access_service.domain.scope import Scope
from access_service.domain.time import Interval, local


def read(noun: str, reader: words.WordReader, text: str) -> str:
    """The text as `words` reads it; a refusal says what it was."""
    try:
        found = reader(text)
    except InvalidError as error:
        raise InvalidError(f"the {noun} {error.message}", field=noun) from None
    if found != text:
        raise InvalidError(f"the {noun} is not written as it is kept", field=noun)
    return found


def check_unit_words(unit: Unit) -> None:
    """A unit's code can stand in addresses and class ids, and its name can be seen."""
    read("unit code", words.code, unit.id)
    read("name", words.line, unit.name)


def check_unit(pack: Pack, unit: Unit) -> None:
    """A unit has a code that addresses can hold, a kind of the pack, and levels only where it teaches."""
    check_unit_words(unit)
    kind = pack.unit_kinds.get(unit.kind)
    if kind is None:
        raise InvalidError(f"the policy knows no kind of unit `{unit.kind}`", kind=unit.kind)
    if unit.levels and not kind.has_levels:
        raise InvalidError(f"a {unit.kind} has no education levels", kind=unit.kind)
    if unit.valid_to is not None and unit.valid_to <= unit.valid_from:
        raise InvalidError("the unit ends before it begins")


def check_school_year(years: Iterable[SchoolYear], year: SchoolYear) -> None:
    """A year is named by the two calendar years it begins and closes in, and lies beside no other."""
    name = read("school year", words.school_year, year.id)
    if year.closes_at <= year.starts_at:
        raise InvalidError("a school year closes after it starts", school_year=name)
    begins, closes = local(year.starts_at).year, local(year.closes_at).year
    if (begins, closes) != (int(name[:4]), int(name[5:])):
        raise InvalidError(f"{name} starts in {name[:4]} and closes in {name[5:]}", school_year=name)
    mine = Interval(year.starts_at, year.closes_at)
    for other in years:
        if other.id != year.id and mine.overlaps(Interval(other.starts_at, other.closes_at)):
            raise RefusedError(Refusal.DUPLICATE, f"it overlaps the school year {other.id}", school_year=other.id)


def check_class(ground: Ground, school_class: SchoolClass) -> None:
    """A class is of one school that teaches its level, in a year that the register has."""
    unit, year = ground.org.unit(school_class.school), ground.org.school_year(school_class.school_year)
    if unit is None or school_class.level not in unit.levels:
        raise InvalidError(f"`{school_class.school}` does not teach that level", level=str(school_class.level))
    if year is None:
        raise InvalidError(f"no school year `{school_class.school_year}`")
    read("class code", words.class_code, school_class.id.removeprefix(f"{unit.id}:{year.id}:"))
    read("name", words.line, school_class.name)
    check_grade(ground.pack_for(school_class.school), school_class.level, school_class.grade)
    if len(school_class.id.encode()) > words.ID_BYTES:
        raise InvalidError("the class code makes an id that is too long", field="class code")


def check_person(ground: Ground, person: Person) -> None:
    """A person has a number of their own and a name that everybody sees alike."""
    read("person's code", words.code, person.id)
    read("name", words.line, person.name)
    held = ground.facts.get(Person, person.id)
    if held is not None and held.sort_key != person.sort_key:
        raise RefusedError(Refusal.DUPLICATE, f"`{person.id}` is somebody else's number", person=person.id)


def username_to_give(username: str, taken: Iterable[str]) -> str:
    """A new username as it is kept: it can be typed where one signs in, and looks like none that is taken."""
    try:
        kept = words.username(username)
    except InvalidError as error:
        raise InvalidError(f"the username {error.message}", field="username") from None
    if kept != username.lower():
        raise InvalidError("the username is not written as it is kept", field="username")
    check_told_apart("username", kept, taken)
    return kept


def check_unit_code(code: UnitId, known: Iterable[UnitId]) -> None:
    """A unit's code looks like no other unit's: `thpt-01` is not `THPT-O1`."""
    check_told_apart("unit code", code, (other for other in known if other != code))


def check_class_code(id_: ClassId, known: Iterable[ClassId]) -> None:
    """Two classes of a school and year differ in more than capitals; `10A1` and `10AI` may stand side by side."""
    folded = fold(id_)
    if any(fold(other) == folded for other in known if other != id_):
        raise RefusedError(Refusal.DUPLICATE, f"there is a class `{id_}` but for capital letters", school_class=id_)


def check_subjects(subjects: Iterable[str]) -> None:
    """What a duty or a scope calls a subject is a code."""
    for subject in sorted(subjects):
        read("subject", words.subject, subject)


def subjects_of(scope: Scope) -> frozenset[str]:
    """Every subject that a scope names, in its classes too."""
    return (scope.subjects or frozenset()) | {subject for _, subject in scope.classes or () if subject}


def class_id(school: UnitId, year: str, code: str) -> ClassId:
    """A class's id on the wire."""
    return ClassId(f"{school}:{year}:{code}")
