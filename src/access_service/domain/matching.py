"""Whom a row of an old system's export is about: sure, doubtful, or nobody. Nothing is guessed, every row says why.

Sure is what two things agree on: an id that was recorded, with the name; or a name that one person of the unit
bears and one account of the file, with a duty that both sides name. Birth dates tell accounts of the file apart;
the register knows none. Everything else is for somebody who knows the people; what they said is kept.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from access_service.domain.errors import InvalidError, NotFoundError
from access_service.domain.external_ids import NATIONAL
from access_service.domain.names import PersonId, UnitId
from access_service.domain.notation import distance, fold
from access_service.domain.old_rights import OldGround, duties_as_parts, read_rights
from access_service.domain.old_rows import OldChoice, OldDecision, OldExport, OldRow
from access_service.domain.org import Assignment
from access_service.domain.vietnamese import name_words

MOST_CANDIDATES = 8
_NEAR = 2
"""Letters by which spellings of one name differ."""
_LETTERS = 60
_FEWEST_LETTERS, _FEWEST_WORDS = 4, 2
"""Shorter names, or names of two words, are not shortened: too many would be alike."""
_UNIT_WORDS = ("truong ", "ubnd ")
NameKey = tuple[tuple[str, str], ...]


class MatchStanding(StrEnum):
    """Which of the three lists a row stands in."""

    SURE = "sure"
    DOUBTFUL = "doubtful"
    ORPHAN = "orphan"


class MatchReason(StrEnum):
    """Why it stands there."""

    EXTERNAL_ID = "external_id"
    NATIONAL_ID = "national_id"
    NAME_AND_DUTY = "name_and_duty"
    DECIDED = "decided"
    NAME_ONLY = "name_only"
    """One person of that name, and nothing else agrees."""
    NAMESAKES = "namesakes"
    NAME_TWICE = "name_twice"
    """Several accounts of the file bear the name."""
    SPELLING = "spelling"
    OTHER_UNIT = "other_unit"
    LEFT = "left"
    """Whoever it is has no duty in the unit any more."""
    ID_DIFFERS = "id_differs"
    """The id is recorded for somebody of another name, or the person has another."""
    IDS_DISAGREE = "ids_disagree"
    ACCOUNT_TWICE = "account_twice"
    """One account under two names."""
    DECISION_STALE = "decision_stale"
    """Whoever was chosen is none of the unit's any more."""
    NOBODY = "nobody"
    NO_NAME = "no_name"
    UNREADABLE = "unreadable"
    DECIDED_NEW = "decided_new"
    DECIDED_NOBODY = "decided_nobody"


@dataclass(frozen=True, slots=True)
class RowMatch:
    """A row, and whom it is about."""

    key: str
    row: OldRow
    standing: MatchStanding
    reason: MatchReason
    person: PersonId | None = None
    """Of a sure row."""
    candidates: tuple[PersonId, ...] = ()
    """Of a doubtful one, the likeliest first; nobody is chosen."""
    decision: OldDecision | None = None

    @property
    def makes_person(self) -> bool:
        """Did somebody say that the register does not know them yet?"""
        return self.reason is MatchReason.DECIDED_NEW


@dataclass(frozen=True, slots=True)
class _Matcher:
    """Everything by which rows are looked up: no row is compared with everybody."""

    on: OldGround
    system: str
    units: frozenset[str]
    """How the unit itself may be written."""
    exact: Mapping[NameKey, Sequence[PersonId]]
    folded: Mapping[str, Sequence[PersonId]]
    near: Mapping[str, Sequence[PersonId]]
    apart: Collection[NameKey]
    """Names that several accounts of the file bear, of which it does not say that they are one person's."""
    serving: frozenset[PersonId]
    duties: Mapping[PersonId, frozenset[tuple[str, str, str]]]
    national: Mapping[PersonId, frozenset[str]]


def match_rows(on: OldGround, export: OldExport, decisions: Mapping[str, OldDecision]) -> list[RowMatch]:
    """Every row of the export, in its order. Takes time in proportion to rows and people."""
    matcher = _prepare(on, export)
    return [_match(matcher, row, decisions.get(row.key(export.system))) for row in export.rows]


def unit_keys(text: str) -> tuple[str, str]:
    """How a unit may stand in a list: as its register has it, or without the word for what it is."""
    return text, f"Trường {text}"


def place_rows(
    rows: Iterable[OldRow], units: Mapping[str, Collection[UnitId]], own: UnitId
) -> tuple[list[OldRow], int]:
    """The rows that may be a unit's, and how many are plainly others': a school keeps no list of another's people.

    `units` says which units of the register bear a name or code as it stands in the list. What names none stays,
    to be looked at.
    """
    kept, elsewhere = [], 0
    for row in rows:
        meant = units.get(row.unit, ())
        if meant and own not in meant:
            elsewhere += 1
        else:
            kept.append(row)
    return kept, elsewhere


def check_choice(on: OldGround, choice: OldChoice, person: PersonId | None) -> None:
    """Somebody of the unit is chosen, or nobody is named."""
    if (choice is OldChoice.PERSON) != (person is not None):
        raise InvalidError("name a person, or choose `new` or `nobody`")
    if person is not None and person not in on.people:
        raise NotFoundError("person", person)


def _prepare(on: OldGround, export: OldExport) -> _Matcher:
    exact: dict[NameKey, list[PersonId]] = {}
    folded: dict[str, list[PersonId]] = {}
    near: dict[str, list[PersonId]] = {}
    for person, name in sorted(on.people.items()):
        exact.setdefault(name_words(name), []).append(person)
        folded.setdefault(fold(name), []).append(person)
        for spelling in _spellings(name):
            near.setdefault(spelling, []).append(person)
    alike: dict[NameKey, list[OldRow]] = {}
    for row in export.rows:
        alike.setdefault(name_words(row.name), []).append(row)
    by_person: dict[PersonId, list[Assignment]] = {}
    for duty in on.duties:
        by_person.setdefault(duty.person, []).append(duty)
    national: dict[PersonId, set[str]] = {}
    for (system, value), persons in on.ids.items():
        for person in persons if system == NATIONAL else ():
            national.setdefault(person, set()).add(value)
    return _Matcher(
        on=on,
        system=export.system,
        units=frozenset({_unit_key(on.unit.id), _unit_key(on.unit.name)}),
        exact=exact,
        folded=folded,
        near=near,
        apart={key for key, rows in alike.items() if not _are_one(rows)},
        serving=on.serving,
        duties={person: duties_as_parts(duties) for person, duties in by_person.items()},
        national={person: frozenset(values) for person, values in national.items()},
    )


def _unit_key(text: str) -> str:
    key = fold(text)
    for word in _UNIT_WORDS:
        key = key.removeprefix(word)
    return key


def _spellings(name: str) -> set[str]:
    """A name with one letter less, or one word: what two spellings of one name have in common."""
    text = fold(name)[:_LETTERS]
    words = text.split()
    shorter = {text[:i] + text[i + 1 :] for i in range(len(text))} if len(text) > _FEWEST_LETTERS else set()
    fewer = (
        {" ".join(words[:i] + words[i + 1 :]) for i in range(len(words))} if len(words) > _FEWEST_WORDS else set()
    )
    return {text, *shorter, *fewer} - {""}


# -- one row -------------------------------------------------------------------------------------------------


def _match(on: _Matcher, row: OldRow, decision: OldDecision | None) -> RowMatch:
    key = row.key(on.system)
    found = _as_decided(on, key, row, decision) if decision is not None else _as_read(on, key, row)
    return replace(found, decision=decision)


def _as_decided(on: _Matcher, key: str, row: OldRow, decision: OldDecision) -> RowMatch:
    if decision.choice is OldChoice.NEW:
        return RowMatch(key, row, MatchStanding.ORPHAN, MatchReason.DECIDED_NEW)
    if decision.choice is OldChoice.NOBODY:
        return RowMatch(key, row, MatchStanding.ORPHAN, MatchReason.DECIDED_NOBODY)
    if decision.person in on.on.people:
        return RowMatch(key, row, MatchStanding.SURE, MatchReason.DECIDED, decision.person)
    return _doubt(on, key, row, MatchReason.DECISION_STALE)


def _as_read(on: _Matcher, key: str, row: OldRow) -> RowMatch:
    if row.is_unreadable:
        return RowMatch(key, row, MatchStanding.ORPHAN, MatchReason.UNREADABLE)
    if row.other_names:
        return _doubt(on, key, row, MatchReason.ACCOUNT_TWICE)
    if row.unit and _unit_key(row.unit) not in on.units:
        return _doubt(on, key, row, MatchReason.OTHER_UNIT)
    meant = {source: on.on.ids.get((source, value), frozenset()) for source, value in _ids(on, row)}
    persons = sorted(frozenset().union(*meant.values()))
    if len(persons) > 1:
        return _doubt(on, key, row, MatchReason.IDS_DISAGREE, persons)
    if persons:
        return _by_id(on, key, row, persons[0], is_national=not meant.get(on.system))
    return _by_name(on, key, row)


def _ids(on: _Matcher, row: OldRow) -> list[tuple[str, str]]:
    return [(s, v) for s, v in ((on.system, row.account), (NATIONAL, row.national)) if v]


def _by_id(on: _Matcher, key: str, row: OldRow, person: PersonId, *, is_national: bool) -> RowMatch:
    """An id is given away again when somebody leaves: the name has to agree, without regard to marks."""
    if person not in on.on.people:
        return _doubt(on, key, row, MatchReason.OTHER_UNIT)
    if fold(row.name) and fold(row.name) != fold(on.on.people[person]):
        return _doubt(on, key, row, MatchReason.ID_DIFFERS, [person])
    if person not in on.serving:
        return _doubt(on, key, row, MatchReason.LEFT, [person])
    reason = MatchReason.NATIONAL_ID if is_national else MatchReason.EXTERNAL_ID
    return RowMatch(key, row, MatchStanding.SURE, reason, person)


def _by_name(on: _Matcher, key: str, row: OldRow) -> RowMatch:
    if not fold(row.name):
        return RowMatch(key, row, MatchStanding.ORPHAN, MatchReason.NO_NAME)
    same = on.exact.get(name_words(row.name), ())
    if not same:
        near = _nearly(on, row)
        if near:
            return _doubt(on, key, row, MatchReason.SPELLING, near)
        return RowMatch(key, row, MatchStanding.ORPHAN, MatchReason.NOBODY)
    if len(same) > 1:
        return _doubt(on, key, row, MatchReason.NAMESAKES, same)
    person = same[0]
    if name_words(row.name) in on.apart:
        return _doubt(on, key, row, MatchReason.NAME_TWICE, same)
    if person not in on.serving:
        return _doubt(on, key, row, MatchReason.LEFT, same)
    if row.national and on.national.get(person, frozenset()) - {row.national}:
        return _doubt(on, key, row, MatchReason.ID_DIFFERS, same)
    if _agree(on, row, person):
        return RowMatch(key, row, MatchStanding.SURE, MatchReason.NAME_AND_DUTY, person)
    return _doubt(on, key, row, MatchReason.NAME_ONLY, same)


def _agree(on: _Matcher, row: OldRow, person: PersonId) -> bool:
    parts = {(part.position, part.class_id, part.subject) for part in read_rights(on.on, row).parts}
    return not parts.isdisjoint(on.duties.get(person, frozenset()))


def _are_one(rows: Sequence[OldRow]) -> bool:
    """Are rows of one name one person's accounts? Only where the file says so: one birth date, or one number."""
    if len(rows) == 1:
        return True
    for told in ({row.national for row in rows}, {row.born for row in rows}):
        if len(told) == 1 and "" not in told:
            return True
    return False


def _nearly(on: _Matcher, row: OldRow) -> list[PersonId]:
    """Whoever's name is this one with other marks, or a letter or a word apart."""
    name = fold(row.name)
    found = dict.fromkeys(on.folded.get(name, ()))
    for spelling in sorted(_spellings(row.name)):
        found |= dict.fromkeys(on.near.get(spelling, ())[:MOST_CANDIDATES])
    people = on.on.people
    measured = ((distance(name[:_LETTERS], fold(people[p])[:_LETTERS], _NEAR + 6), people[p], p) for p in found)
    return [person for _, _, person in sorted(measured)]


def _doubt(
    on: _Matcher, key: str, row: OldRow, reason: MatchReason, candidates: Iterable[PersonId] | None = None
) -> RowMatch:
    """Somebody has to say; whoever bears the name, or nearly, is offered."""
    if candidates is None:
        candidates = on.exact.get(name_words(row.name), ()) or _nearly(on, row)
    offered = tuple(candidates)[:MOST_CANDIDATES]
    return RowMatch(key, row, MatchStanding.DOUBTFUL, reason, None, offered)
