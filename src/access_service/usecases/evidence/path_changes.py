"""What an ordinary act would change about who could come to power: the same day with it and without it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from access_service.domain.audit import Happening, Json, instant
from access_service.domain.delegation import LEADERS
from access_service.domain.documents import Document
from access_service.domain.errors import NotFoundError
from access_service.domain.joint_acts import JointKind
from access_service.domain.names import AccountId, DocumentId, PersonId, RegisterId, UnitId
from access_service.domain.org import Assignment, Unit
from access_service.domain.path_findings import PathFinding
from access_service.domain.policy import DEFAULT
from access_service.domain.supposing import OrdinaryAct
from access_service.storage.db import Database
from access_service.usecases.evidence.paths import (
    OPERATOR,
    PathsView,
    account_called,
    article_said,
    findings_of,
    paths_to,
    supposed_json,
)

OFFICE, KEEPING, RECOVERING, RIGHT, PAPER = "4", "6", "4", "5", "5, 7"
"""The rule by which each thing is held."""
JOINT = {JointKind.APPOINTING: "4", JointKind.MOVING: "1", JointKind.WITNESSED: "4"}
"""The rule of what is done together."""


@dataclass(frozen=True, slots=True)
class PowerHeld:
    """One thing that somebody holds or could come to, and by which rule and paper."""

    kind: str
    """`leads`, `keeps`, `recovers`, `right`, `path`, `minutes`, `reach`, or a kind of joint act."""
    who: str
    what: str
    rule: str
    paper: str
    """Number of the decision or minutes, or the pack's article; empty where none is needed."""


@dataclass(frozen=True, slots=True)
class PathsChanged:
    """The answer about one act: what the graph gains and loses against the same day without it."""

    at: datetime
    revision: int
    act: str
    gained: tuple[PowerHeld, ...]
    lost: tuple[PowerHeld, ...]
    before: dict[str, int]
    """How many of each kind there are without the act."""
    after: dict[str, int]
    findings_new: tuple[PathFinding, ...]
    findings_gone: tuple[PathFinding, ...]
    findings: tuple[PathFinding, ...]
    """All of them, with the act."""


@dataclass(frozen=True, slots=True)
class PathsQuestion:
    """About one unit and category, about one account, about what looks wrong, or about the whole register."""

    unit: UnitId | None = None
    category: str = ""
    accomplices: int = 0
    username: str | None = None
    is_check: bool = False


PowersByKey = dict[tuple[str, ...], PowerHeld]


def read_changes(
    db: Database, register: RegisterId, after: OrdinaryAct, asked: PathsQuestion | None = None
) -> PathsChanged:
    """What would be gained and lost, for the operator."""
    asked = asked or PathsQuestion()
    with db.read(register) as reader:
        view = PathsView(reader, db.now_in(reader.connection, register), after)
        if view.without is None:
            raise RuntimeError("an act is supposed")
        old, new = _held(view.without, asked), _held(view, asked)
        seen = findings_of(view.without), findings_of(view)
        is_wide = asked.unit is None and asked.username is None
        before, now = seen if is_wide else ((), ())
        known, known_now = {f.name for f in before}, {f.name for f in now}
        answer = PathsChanged(
            at=view.at,
            revision=view.revision,
            act=str(after),
            gained=tuple(held for key, held in new.items() if key not in old),
            lost=tuple(held for key, held in old.items() if key not in new),
            before=_counted(old),
            after=_counted(new),
            findings_new=tuple(f for f in now if f.name not in known),
            findings_gone=tuple(f for f in before if f.name not in known_now),
            findings=now,
        )
    details: dict[str, Json] = {
        "at": instant(answer.at),
        "known_at": answer.revision,
        "gained": len(answer.gained),
        "lost": len(answer.lost),
        **supposed_json(after),
    }
    target = asked.unit or register
    said = Happening("paths.read", target, details=details, unit=target if asked.unit else "")
    db.note(register, OPERATOR, said)
    return answer


def _counted(held: PowersByKey) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in held.values():
        found[one.kind] = found.get(one.kind, 0) + 1
    return found


def _held(view: PathsView, asked: PathsQuestion) -> PowersByKey:
    if asked.is_check:
        return {}
    if asked.unit is not None:
        return dict(_of_unit(view, asked.unit, asked))
    if asked.username is not None:
        return dict(_of_account(view, asked.username))
    return dict(_of_everybody(view))


def _paper(view: PathsView, id_: DocumentId | None) -> str:
    found = None if id_ is None else view.facts.get(Document, id_)
    return "" if found is None else found.number


def _said(view: PathsView, account: AccountId) -> str:
    return view.named(account).username


def _someone(view: PathsView, person: PersonId) -> str:
    account = view.map.use_of.get(person)
    return view.person_name(person) if account is None else _said(view, account)


def _of_unit(view: PathsView, unit: UnitId, asked: PathsQuestion) -> Iterator[tuple[tuple[str, ...], PowerHeld]]:
    found = paths_to(view, unit, asked.category, asked.accomplices)
    for account, grant in found.ways.held:
        what = f"{found.roles[grant.role]}, {view.unit_name(grant.unit)}"
        paper = _paper(view, grant.document)
        yield (
            ("right", account, grant.unit, grant.role),
            PowerHeld("right", _said(view, account), what, RIGHT, paper),
        )
    for path in found.ways.paths:
        walked = " → ".join(_said(view, step.to) for step in path.steps)
        yield ("path", path.start), PowerHeld("path", _said(view, path.start), walked, RECOVERING, "")
    for c in found.ways.coalitions:
        key = ("minutes", c.unit, c.role, c.prepares, c.signs, c.receives)
        names = " + ".join(_someone(view, p) for p in dict.fromkeys((c.prepares, c.signs)))
        article = "" if c.article == DEFAULT else article_said(view, c.unit, c.article)
        what = f"{found.roles[c.role]}, {view.unit_name(c.unit)} ({names})"
        yield key, PowerHeld("minutes", _someone(view, c.receives), what, PAPER, article)
    for act in found.joint:
        named = found.units[act.unit] if act.recovered is None else _said(view, act.recovered)
        beside = "".join(f" + {_said(view, a)}" for a in act.seconds[:1])
        said = ", ".join((named, *(found.positions[id_] for id_ in act.positions))) + beside
        held = PowerHeld(str(act.kind), _said(view, act.prepares), said, JOINT[act.kind], "")
        yield (str(act.kind), act.prepares, act.unit, act.recovered or "", str(act.people)), held


def _of_account(view: PathsView, username: str) -> Iterator[tuple[tuple[str, ...], PowerHeld]]:
    try:
        start = account_called(view, username)
    except NotFoundError:
        if view.without is None:
            raise
        # Whom the act stops reaches nothing any more.
        return
    for account, steps in view.map.reach(start.id).items():
        what = f"{_said(view, account)} ({steps})"
        yield ("reach", account), PowerHeld("reach", username, what, RECOVERING, "")


def _of_everybody(view: PathsView) -> Iterator[tuple[tuple[str, ...], PowerHeld]]:
    for duty in view.facts.find(Assignment):
        pack = view.map.pack(duty.unit) if view.at in duty.interval else None
        position = None if pack is None else pack.positions.get(duty.position)
        if position is not None and position.rank in LEADERS:
            key = ("leads", duty.person, duty.unit, duty.position)
            what = f"{position.vi}, {view.unit_name(duty.unit)}"
            yield key, PowerHeld("leads", _someone(view, duty.person), what, OFFICE, duty.decision_number)
    for unit in view.facts.find(Unit):
        custody = view.map.kept(unit.id) if unit.id in view.map.admin_of else None
        if custody is not None:
            who, paper = _someone(view, custody.person), _paper(view, custody.document)
            yield ("keeps", custody.person, unit.id), PowerHeld("keeps", who, unit.name, KEEPING, paper)
    for by, targets in sorted(view.map.recovered.items(), key=lambda pair: view.map.name_of(pair[0])):
        for to in targets:
            held = PowerHeld("recovers", _said(view, by), _said(view, to), RECOVERING, "")
            yield ("recovers", by, to), held
