"""What facts are called on paper: units, people, capacities, scopes and rights in the words of an official.

Everything is read from the register at one instant; `domain.composing` puts these words into the text of the pack.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby

from access_service.domain.accounts import Account
from access_service.domain.delegation import LEADERS, signing_capacity
from access_service.domain.duties import title_of
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import AccountId, AccountKind, Capacity, PersonId, Rank, UnitId
from access_service.domain.org import Assignment, Person, SchoolYear, Unit, manager_of
from access_service.domain.papers import GrantLine
from access_service.domain.policy import DEFAULT, Pack, Position
from access_service.domain.printing import (
    MOST_CHARACTERS,
    Letterhead,
    PrintedLine,
    PrintedRight,
    begin_day,
    last_day,
    long_date,
)
from access_service.domain.scope import Scope
from access_service.domain.time import Interval
from access_service.domain.vocabulary import LEVEL_TEXT, SUBJECT_TEXT
from access_service.domain.words import is_seen, normalise_text

ACCOUNT_KINDS = {
    AccountKind.ADMIN: "Tài khoản quản trị",
    AccountKind.USE: "Tài khoản khai thác sử dụng",
    AccountKind.SERVICE: "Tài khoản phần mềm",
    AccountKind.INSPECTOR: "Tài khoản đoàn kiểm tra",
}
NO_END = "khi có quyết định khác"
"""In place of the last day of what has none."""
_SIGNS_FOR = {
    Capacity.DEPUTY: "ký thay",
    Capacity.BY_ORDER: "ký thừa lệnh",
    Capacity.BY_AUTHORISATION: "ký thừa ủy quyền",
}
_COMMUNE = re.compile(
    r"^(?:UBND|[ỦU][yỷ] ban nhân dân)\s+(?:xã|phường|thị trấn|đặc khu|huyện|quận|thị xã|thành phố|tỉnh)\s+",
    re.IGNORECASE,
)
_FIRST_MONTH = 8
"""Of a school year that nobody has entered."""


def plain(text: str) -> str:
    """A text as it may stand on paper: composed, on one line, of bounded length; what cannot be seen is named.

    Words of a register that was filled long ago must not keep a paper from being made.
    """
    flat = " ".join(text[: 4 * MOST_CHARACTERS].split())
    try:
        flat = normalise_text(flat, len(flat))
    except InvalidError:
        # More marks on one letter than any writing has.
        flat = "".join(letter for letter in flat if not unicodedata.combining(letter))
    shown = "".join(letter if is_seen(letter) else f"U+{ord(letter):04X}" for letter in flat)
    return shown if len(shown) <= MOST_CHARACTERS else shown[: MOST_CHARACTERS - 1] + "…"


def name_of(ground: Ground, person: PersonId | None) -> str:
    """A person's name."""
    found = None if person is None else ground.facts.get(Person, person)
    return "" if found is None else plain(found.name)


def unit_of(ground: Ground, unit: UnitId) -> Unit | None:
    """The unit, whether it stands or is over."""
    return ground.org.unit(unit) or ground.facts.get(Unit, unit)


def unit_name(ground: Ground, unit: UnitId) -> str:
    """A unit's name."""
    found = unit_of(ground, unit)
    return unit if found is None else plain(found.name)


def letterhead(ground: Ground, unit: UnitId) -> Letterhead:
    """The body above, the unit itself, and the place: a commune's name, or what the pack says of the province."""
    words = ground.pack_for(unit).letterhead
    manager = manager_of(ground.org, unit, ground.now)
    parent = plain(words.parent) if manager is None else unit_name(ground, manager)
    return Letterhead(parent.upper(), unit_name(ground, unit).upper(), place_of(ground, unit))


def place_of(ground: Ground, unit: UnitId) -> str:
    """Where the unit writes from."""
    for near in (unit, manager_of(ground.org, unit, ground.now)):
        name = "" if near is None else unit_name(ground, near)
        place = _COMMUNE.sub("", name)
        if place != name:
            return place
    return plain(ground.pack_for(unit).letterhead.place)


def head_position(pack: Pack, kind: str) -> Position | None:
    """The position of whoever heads a unit of that kind."""
    return next((p for p in pack.positions.values() if p.rank is Rank.HEAD and kind in p.unit_kinds), None)


def head_title(ground: Ground, unit: UnitId) -> str:
    """`Hiệu trưởng`; “Thủ trưởng” where the pack names no head for that kind of unit."""
    found = unit_of(ground, unit)
    position = None if found is None else head_position(ground.pack_for(unit), found.kind)
    return "Thủ trưởng" if position is None else position.vi


def head_of_unit(ground: Ground, unit: UnitId) -> str:
    """`Hiệu trưởng Trường THCS An Hải`: words that end the title and begin the name stand once."""
    title, name = head_title(ground, unit).split(), unit_name(ground, unit).split()
    for shared in range(min(len(title), len(name)), 0, -1):
        if [word.casefold() for word in title[-shared:]] == [word.casefold() for word in name[:shared]]:
            return " ".join(title[:-shared] + name)
    return " ".join(title + name)


def over_name(pack: Pack, kind: str, capacity: Capacity, position: Position) -> tuple[str, ...]:
    """What stands over the name of whoever signs for a unit (NĐ 30/2020 Đ13, Phụ lục I)."""
    head = head_position(pack, kind)
    title = position.over_name if head is None else head.over_name
    if capacity is Capacity.HEAD:
        return (position.over_name,)
    if capacity is Capacity.ACTING:
        return (f"Q. {title}",)
    return (f"{capacity} {title}", position.over_name)


def position_in_words(pack: Pack, kind: str, capacity: Capacity, position: Position) -> str:
    """`Phó Hiệu trưởng, ký thay Hiệu trưởng`."""
    head = head_position(pack, kind)
    how = _SIGNS_FOR.get(capacity)
    return position.vi if how is None or head is None else f"{position.vi}, {how} {head.vi}"


def decision_in_words(duty: Assignment) -> str:
    """`Quyết định số 21/QĐ-THCSAH ngày 03 tháng 9 năm 2026`."""
    return plain(f"Quyết định số {duty.decision_number} {long_date(duty.decision_date)}")


def find_signer(
    ground: Ground, unit: UnitId, without: Iterable[PersonId | None], person: PersonId | None = None
) -> tuple[PersonId, Capacity, Assignment, Position] | None:
    """Who signs for the unit, in which capacity, by which decision: that person, or whoever comes first today.

    A head comes before an acting one, that one before deputies; nobody signs what they receive, or what the
    paper says of them.
    """
    found = unit_of(ground, unit)
    if found is None:
        return None
    pack, passed = ground.pack_for(unit), frozenset(without)
    duties = [a for a in ground.facts.find(Assignment, unit=unit) if person in (None, a.person)]
    able: list[tuple[int, int, str, Capacity, Assignment, Position]] = []
    for who, grouped in groupby(sorted(duties, key=lambda a: (a.person, a.id)), key=lambda a: a.person):
        held = list(grouped)
        if who in passed:
            continue
        try:
            capacity, duty = signing_capacity(pack, held, ground.now, None, kind=found.kind)
        except RefusedError:
            continue
        rank = pack.positions[duty.position].rank
        if rank in LEADERS or person is not None:
            order = list(Capacity).index(capacity), list(Rank).index(rank)
            able.append((*order, who, capacity, duty, _serves_as(pack, found.kind, held, duty, ground)))
    if not able:
        return None
    _, _, who, capacity, duty, position = min(able, key=lambda row: row[:3])
    return PersonId(who), capacity, duty, position


def _serves_as(pack: Pack, kind: str, held: Sequence[Assignment], duty: Assignment, ground: Ground) -> Position:
    """The position that stands over the name: of one who signs by order their own, not the leave to sign so."""
    own = pack.by_order.get(kind, frozenset())
    serving = [a for a in held if ground.now in a.interval and a.position in own]
    is_leader = pack.positions[duty.position].rank in LEADERS
    return pack.positions[serving[0].position if serving and not is_leader else duty.position]


def duties_in_words(ground: Ground, person: PersonId, unit: UnitId) -> str:
    """`Giáo viên chủ nhiệm, Giảng dạy bộ môn`: what somebody does in a unit today."""
    try:
        pack = ground.pack_for(unit)
    except RefusedError:
        return ""
    held = [a for a in ground.facts.find(Assignment, person=person, unit=unit) if ground.now in a.interval]
    titles = [title_of(pack, duty, ground.org.school_class) for duty in held]
    return ", ".join(dict.fromkeys(title for title in titles if title))


def school_year_of(ground: Ground, lines: Sequence[GrantLine], day: date) -> str:
    """The school year that the lines are about, or else the one of that day."""
    named = {line.scope.school_year for line in lines} - {None}
    if len(named) == 1:
        return str(named.pop())
    years = [y for y in ground.facts.find(SchoolYear) if ground.now in Interval(y.starts_at, y.closes_at)]
    if years:
        return max(years, key=lambda y: y.starts_at).id
    first = day.year if day.month >= _FIRST_MONTH else day.year - 1
    return f"{first}-{first + 1}"


def subject_in_words(subject: str) -> str:
    """`Toán`, or the word as it was entered."""
    found = SUBJECT_TEXT.get(subject)
    return subject if found is None else found.vi


def scope_in_words(ground: Ground, unit: UnitId, scope: Scope) -> str:
    """What part of the records: `Môn Toán: lớp 6A1, 6A2; năm học 2026-2027`."""
    parts = [] if scope.unit == unit else [unit_name(ground, scope.unit)]
    if scope.classes is not None:
        by_subject: dict[str, list[str]] = {}
        for class_id, subject in sorted(scope.classes):
            found = ground.org.school_class(class_id)
            by_subject.setdefault(subject, []).append(class_id if found is None else found.name)
        for subject, names in sorted(by_subject.items()):
            said = f"lớp {', '.join(names)}"
            parts.append(f"môn {subject_in_words(subject)}: {said}" if subject else said)
    else:
        if scope.levels is not None:
            parts.append("cấp " + ", ".join(LEVEL_TEXT[level].vi.lower() for level in sorted(scope.levels)))
        if scope.grades is not None:
            parts.append("khối " + ", ".join(sorted(scope.grades)))
    if scope.subjects is not None:
        parts.append("môn " + ", ".join(subject_in_words(subject) for subject in sorted(scope.subjects)))
    if scope.school_year is not None:
        parts.append(f"năm học {scope.school_year}")
    said = "; ".join(parts) or "Toàn đơn vị"
    return plain(said[:1].upper() + said[1:])


def rights_in_words(pack: Pack, role: str, scope: Scope) -> tuple[PrintedRight, ...]:
    """What a role opens in each category, as far as the scope goes, in the pack's order."""
    cells = pack.cells.get(role, frozenset())
    found = []
    for category in pack.categories.values():
        if scope.categories is not None and category.id not in scope.categories:
            continue
        actions = [
            vi
            for id_, vi in pack.actions.items()
            if (category.id, id_) in cells and (scope.actions is None or id_ in scope.actions)
        ]
        if actions:
            found.append(PrintedRight(plain(category.vi), plain(", ".join(actions)), category.sensitive))
    return tuple(found)


def line_in_words(ground: Ground, unit: UnitId, line: GrantLine, account: AccountId | None) -> PrintedLine:
    """A grant as it stands on paper."""
    pack = ground.pack_for(unit)
    holder = None if account is None else ground.facts.get(Account, account)
    duty = None if line.assignment is None else ground.facts.get(Assignment, line.assignment)
    role = pack.roles.get(line.role)
    said = "" if duty is None else f"{title_of(pack, duty, ground.org.school_class)}; {decision_in_words(duty)}"
    return PrintedLine(
        grant=line.grant,
        username="" if holder is None else plain(holder.username),
        account_kind="" if holder is None else ACCOUNT_KINDS[holder.kind],
        role=line.role if role is None else plain(role.vi),
        duty=plain(said),
        scope=scope_in_words(ground, unit, line.scope),
        begins=begin_day(line.valid_from),
        ends=NO_END if line.valid_to is None else last_day(line.valid_to),
        rights=rights_in_words(pack, line.role, line.scope),
    )


def articles_in_words(pack: Pack, lines: Sequence[GrantLine]) -> tuple[str, ...]:
    """On which articles the rights of each line rest, all of them; lines that rest on the same stand together."""
    said: dict[str, list[int]] = {}
    for number, line in enumerate(lines, start=1):
        places: dict[str, list[str]] = {}
        for rule in pack.rules:
            if not (rule.allow and rule.role == line.role and _is_open(line.scope, rule.category, rule.action)):
                continue
            for article in pack.cited(rule.article):
                if article.id != DEFAULT:
                    where = places.setdefault(article.document, [])
                    if article.place not in where:
                        where.append(article.place)
        cited = "; ".join(f"{', '.join(where)} {_title(pack, document)}" for document, where in places.items())
        if cited:
            said.setdefault(cited, []).append(number)
    return tuple(
        plain(f"Căn cứ phân quyền của dòng {', '.join(map(str, numbers))}: {cited}.")
        for cited, numbers in said.items()
    )


def _is_open(scope: Scope, category: str, action: str) -> bool:
    in_category = scope.categories is None or category in scope.categories
    return in_category and (scope.actions is None or action in scope.actions)


def _title(pack: Pack, document: str) -> str:
    return pack.cites.get(document) or pack.documents.get(document, document)
