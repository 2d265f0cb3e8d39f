"""What an old system lets somebody do, beside the paper that would allow it: covered, wider than paper, or none.

Rights are compared by what they are about: position and role, class, subject. Which single acts an old system
allows within them nobody can read from its lists. What cannot be read counts as a right without paper.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from access_service.domain.delegation import Grant
from access_service.domain.drafting_ground import TEACHING, natural, roles_for
from access_service.domain.duties import HOMEROOM
from access_service.domain.names import GrantId, PersonId
from access_service.domain.notation import class_key, fold, read_duties, read_teaching, split_classes
from access_service.domain.old_rows import UNREADABLE, OldRow
from access_service.domain.org import Assignment, SchoolClass, Unit
from access_service.domain.policy import Pack
from access_service.domain.wording import subject_in_words

_SAYS_HOMEROOM = frozenset({"giao vien chu nhiem", "gvcn", "chu nhiem", "chu nhiem lop"})
_SAYS_TEACHING = frozenset({"giao vien bo mon", "gvbm", "giao vien mon"})


@dataclass(frozen=True, slots=True)
class OldPart:
    """One thing that a right is about. `class_id` and `subject` are empty where it is about the whole unit."""

    position: str
    roles: tuple[str, ...]
    """Any of which would give it; none where the rules give that position nothing."""
    class_id: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class OldRights:
    """What a row says is allowed."""

    parts: tuple[OldPart, ...]
    unread: tuple[str, ...]
    """Words that name nothing which the rules know."""


@dataclass(frozen=True, slots=True)
class OldGround:
    """What the rows of an export are understood over."""

    unit: Unit
    pack: Pack
    now: datetime
    people: Mapping[PersonId, str]
    """Whoever serves or served in the unit, by name."""
    duties: Sequence[Assignment]
    classes: Mapping[str, SchoolClass]
    """Of the school year that work is on, by what `class_key` makes of their codes."""
    grants: Mapping[PersonId, Sequence[Grant]]
    """Rights to the unit's data, whoever gave them."""
    ids: Mapping[tuple[str, str], frozenset[PersonId]]
    """Who is meant by an id of a system, wherever they serve."""

    @property
    def serving(self) -> frozenset[PersonId]:
        """Whoever serves in the unit now, or will."""
        return frozenset(d.person for d in self.duties if d.valid_to is None or d.valid_to > self.now)


class PaperState(StrEnum):
    """Is there paper for what the old system allows?"""

    COVERED = "covered"
    WIDER = "wider"
    """There is, and the old system goes further."""
    WAITING = "waiting"
    """It is prepared and not signed yet."""
    MISSING = "missing"
    NOBODY = "nobody"
    """Nobody knows whose it is."""
    UNREAD = "unread"
    """Nobody knows what it allows."""


@dataclass(frozen=True, slots=True)
class OldRightLine:
    """One right of the old system, and its paper."""

    row: OldRow
    person: PersonId | None
    said: str
    """What it is, in the words of the rules, or of the old system where they know none."""
    paper: PaperState
    grants: tuple[GrantId, ...] = ()
    beyond: str = ""
    """What of it no paper gives."""


@dataclass(frozen=True, slots=True)
class PaperAlone:
    """A right by paper, or a part of one, that the old system does not give."""

    person: PersonId
    grant: GrantId
    said: str


def read_rights(on: OldGround, row: OldRow) -> OldRights:
    """What a row allows, as far as anybody can read it."""
    parts: list[OldPart] = []
    unread: list[str] = []
    codes = [c.id.rpartition(":")[2] for c in on.classes.values()]
    for written in split_classes(row.homeroom, codes):
        known = on.classes.get(class_key(written))
        if known is None:
            unread.append(written)
        else:
            parts.append(OldPart(HOMEROOM, _roles(on, HOMEROOM), known.id))
    for taught in read_teaching(row.teaching, codes):
        found = [(written, on.classes.get(class_key(written))) for written in taught.classes]
        if taught.subject is None or not taught.classes:
            unread.append(" ".join((taught.text, *taught.classes)).strip())
            continue
        parts += [OldPart(TEACHING, _roles(on, TEACHING), c.id, taught.subject) for _, c in found if c is not None]
        unread += [f"{taught.text} {written}" for written, c in found if c is None]
    _read_words(on, row, parts, unread)
    return OldRights(tuple(dict.fromkeys(parts)), tuple(dict.fromkeys(unread)))


def _read_words(on: OldGround, row: OldRow, parts: list[OldPart], unread: list[str]) -> None:
    said = {part.position for part in parts}
    taught = sorted({part.subject for part in parts if part.subject})
    for piece in row.rights.replace("|", ";").replace(",", ";").split(";"):
        folded = fold(piece)
        of_class = folded in _SAYS_HOMEROOM and HOMEROOM not in said
        if of_class or (folded in _SAYS_TEACHING and TEACHING not in said) or piece.strip() == UNREADABLE:
            unread.append(piece.strip())
    for named in read_duties(row.rights, on.pack, on.unit.kind):
        if named.position is None or named.unknown:
            unread.append(named.text)
            continue
        roles = (named.role,) if named.role else _roles(on, named.position)
        has_subjects = any("subjects" in on.pack.roles[role].narrows_by for role in roles)
        subjects = (named.subjects or taught or [""]) if has_subjects else [""]
        parts += [OldPart(named.position, roles, "", subject) for subject in subjects]


def _roles(on: OldGround, position: str) -> tuple[str, ...]:
    own = roles_for(on.pack, position, on.unit.kind)
    return tuple(own or dict.fromkeys(rule.role for rule in on.pack.delegation if rule.position == position))


def duties_as_parts(duties: Iterable[Assignment]) -> frozenset[tuple[str, str, str]]:
    """What duties are about, to be met with what a row says."""
    found = set[tuple[str, str, str]]()
    for duty in duties:
        if duty.classes:
            found |= {(duty.position, class_id, subject) for class_id, subject in duty.classes}
        else:
            found |= {(duty.position, "", subject) for subject in (duty.subjects or {""})}
            found.add((duty.position, "", ""))
    return frozenset(found)


# -- beside the paper


def is_in_force(grant: Grant, now: datetime) -> bool:
    """Is it signed, in its time and not ended?"""
    is_over = grant.ended_at is not None and grant.ended_at <= now
    return grant.activated_at is not None and now in grant.interval and not is_over


def _is_waiting(grant: Grant, now: datetime) -> bool:
    is_past = grant.valid_to is not None and grant.valid_to <= now
    return grant.ended_at is None and not is_past and not is_in_force(grant, now)


def _gives(grant: Grant, part: OldPart) -> bool:
    scope = grant.scope
    if grant.role not in part.roles:
        return False
    if scope.classes is not None and part.class_id:
        pairs = {(class_id, subject) for class_id, subject in scope.classes if class_id == part.class_id}
        return bool(pairs & {(part.class_id, part.subject), (part.class_id, "")})
    if scope.classes is not None:
        return False
    return scope.subjects is None or not part.subject or part.subject in scope.subjects


def compare_row(on: OldGround, row: OldRow, person: PersonId | None) -> list[OldRightLine]:
    """Each right of a row beside the paper of whoever it belongs to; nothing of an account that is closed."""
    if row.is_closed:
        return []
    rights = read_rights(on, row)
    by_kind: dict[tuple[str, tuple[str, ...]], list[OldPart]] = {}
    for part in rights.parts:
        by_kind.setdefault((part.position, part.roles), []).append(part)
    lines = [_compare(on, row, person, parts) for parts in by_kind.values()]
    return [*lines, *(OldRightLine(row, person, words, PaperState.UNREAD, beyond=words) for words in rights.unread)]


def _compare(on: OldGround, row: OldRow, person: PersonId | None, parts: Sequence[OldPart]) -> OldRightLine:
    said = say_parts(on, parts)
    if person is None:
        return OldRightLine(row, None, said, PaperState.NOBODY, beyond=said)
    held = on.grants.get(person, ())
    giving = [g for g in held if is_in_force(g, on.now) and any(_gives(g, part) for part in parts)]
    left = [part for part in parts if not any(_gives(g, part) for g in giving)]
    if not left:
        return OldRightLine(row, person, said, PaperState.COVERED, tuple(g.id for g in giving))
    beyond = say_parts(on, left)
    waiting = [g for g in held if _is_waiting(g, on.now)]
    if all(any(_gives(g, part) for g in waiting) for part in left):
        prepared = [g for g in waiting if any(_gives(g, part) for part in left)]
        ids = tuple(g.id for g in (*giving, *prepared))
        return OldRightLine(row, person, said, PaperState.WAITING, ids, beyond)
    state = PaperState.WIDER if giving else PaperState.MISSING
    return OldRightLine(row, person, said, state, tuple(g.id for g in giving), beyond)


def papers_alone(on: OldGround, rows: Iterable[tuple[OldRow, PersonId | None]]) -> list[PaperAlone]:
    """The other way round: what is signed and the old system does not give to whoever holds it."""
    given: dict[PersonId, list[OldPart]] = {}
    for row, person in rows:
        if person is not None and not row.is_closed:
            given.setdefault(person, []).extend(read_rights(on, row).parts)
    lines = []
    for person, grants in sorted(on.grants.items()):
        for grant in grants:
            left = _left_of(grant, given.get(person, ())) if is_in_force(grant, on.now) else ()
            if left:
                lines.append(PaperAlone(person, grant.id, say_parts(on, left)))
    return lines


def _left_of(grant: Grant, given: Sequence[OldPart]) -> list[OldPart]:
    pairs: list[tuple[str, str]] = [(str(c), s) for c, s in sorted(grant.scope.classes or ())]
    pairs = pairs or [("", s) for s in sorted(grant.scope.subjects or {""})]
    parts = [OldPart("", (grant.role,), class_id, subject) for class_id, subject in pairs]
    mine = [part for part in given if grant.role in part.roles]
    return [
        part
        for part in parts
        if not any(o.class_id == part.class_id and part.subject in (o.subject, "") for o in mine)
    ]


# -- in words


def say_parts(on: OldGround, parts: Sequence[OldPart]) -> str:
    """`Giáo viên bộ môn: Toán 7A1, 7A2; Tin học 6A1`."""
    first = parts[0]
    if len(first.roles) == 1:
        title = on.pack.roles[first.roles[0]].vi if first.roles[0] in on.pack.roles else first.roles[0]
    else:
        title = on.pack.positions[first.position].vi if first.position in on.pack.positions else first.position
    by_subject: dict[str, list[str]] = {}
    for part in parts:
        by_subject.setdefault(part.subject, []).append(part.class_id.rpartition(":")[2])
    said = []
    for subject, codes in sorted(by_subject.items()):
        named = ", ".join(sorted(filter(None, codes), key=natural))
        said.append(" ".join(filter(None, (subject_in_words(subject) if subject else "", named))))
    about = "; ".join(filter(None, said))
    return f"{title}: {about}" if about else title
