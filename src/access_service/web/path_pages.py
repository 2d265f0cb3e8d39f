"""Who could: who reads a unit's data, who could come to it by which acts, and what closes each way.

For the leadership of the unit and of those above; to everybody else there is no such page.
"""

from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from access_service.domain import words
from access_service.domain.joint_acts import JointAct, JointKind
from access_service.domain.names import AccountId, AccountKind, UnitId
from access_service.domain.paths import Coalition, Path
from access_service.domain.policy import DEFAULT
from access_service.usecases.evidence.paths import (
    MOST_ACCOMPLICES,
    NamedAccount,
    PathsTo,
    ask_paths_to,
    path_choices,
)
from access_service.web.page import PageRouter, Visit
from access_service.web.path_picture import PASSWORD_ALONE, draw_paths
from access_service.web.phrases import t

router = PageRouter()
ASKED_FIRST = "STU-HEA"
"""The category that reviewers ask about most; shown where the pack has it."""
MOST_LINES, MOST_CHOKES = 50, 5
ALONE = ("Một mình", "Với một người nữa", "Với hai người nữa")
"""By how many others."""


@dataclass(frozen=True, slots=True)
class PathLine:
    """One way in words: who, through whom, and what closes it."""

    start: NamedAccount
    through: tuple[NamedAccount, ...]
    is_weak: bool
    closed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChokeLine:
    """An account where many ways end at once, and what to do about it."""

    account: NamedAccount
    closes: int
    is_weak: bool
    closed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CoalitionLine:
    """A new right by paper: who prepares, who signs, who receives."""

    unit: str
    role: str
    article: str
    prepares: str
    signs: str
    receives: str
    is_one: bool
    """Does one person prepare and sign?"""
    people: int
    closed_by: str


@dataclass(frozen=True, slots=True)
class JointLine:
    """An act that changes who has power over the unit: what is done, who does it, who signs or witnesses."""

    does: str
    prepares: NamedAccount
    seconds: tuple[NamedAccount, ...]
    people: int
    kind: str
    """The last part of the address of its page."""
    closed_by: str


@router.show("/don-vi/{dv}/ai-co-the")
def show_paths(visit: Visit) -> Response:
    """One category, alone or with others, today or on a past day."""
    unit, asked = UnitId(visit.at["dv"]), visit.query.get("ngay", "").strip()[:20]
    choices = path_choices(visit.services, visit.caller, unit)
    ids = [id_ for id_, _ in choices.categories]
    category = visit.query.get("loai") or (ASKED_FIRST if ASKED_FIRST in ids else ids[0])
    others = visit.query.get("cung", "")
    accomplices = int(others) if others in {str(n) for n in range(MOST_ACCOMPLICES + 1)} else 0
    at: datetime | None = words.instant(asked) if asked else None
    found = ask_paths_to(visit.services, visit.caller, unit, category, accomplices=accomplices, at=at)
    return visit.render(
        "paths/one.html",
        found=found,
        choices=choices,
        alone=tuple((str(n), t(word)) for n, word in enumerate(ALONE)),
        accomplices=accomplices,
        asked=asked,
        picture=draw_paths(found),
        holders=_holders(found)[:MOST_LINES],
        holders_in_all=len(_holders(found)),
        lines=[_line(found, path) for path in found.ways.paths[:MOST_LINES]],
        chokes=_chokes(found),
        papers=[_paper(found, c) for c in found.ways.coalitions[:MOST_LINES]],
        joint=[_joint(found, act) for act in found.joint[:MOST_LINES]],
        most=MOST_LINES,
    )


@router.show("/don-vi/{dv}/ai-co-the/khoi-phuc")
def show_recovering(visit: Visit) -> Response:
    """What a recovery is for, how it could be abused, who hears of it, how it is closed."""
    return _show_kind(visit, "recovering")


@router.show("/don-vi/{dv}/ai-co-the/bien-ban")
def show_papers(visit: Visit) -> Response:
    """The same of a right by new minutes."""
    return _show_kind(visit, "papers")


@router.show("/don-vi/{dv}/ai-co-the/bo-nhiem")
def show_appointing(visit: Visit) -> Response:
    """The same of appointing somebody who signs for a unit."""
    return _show_kind(visit, "appointing")


@router.show("/don-vi/{dv}/ai-co-the/chuyen-don-vi")
def show_moving(visit: Visit) -> Response:
    """The same of putting a unit under another manager."""
    return _show_kind(visit, "moving")


@router.show("/don-vi/{dv}/ai-co-the/lam-chung")
def show_witnessing(visit: Visit) -> Response:
    """The same of a recovery that a second person witnesses."""
    return _show_kind(visit, "witnessing")


def _show_kind(visit: Visit, kind: str) -> Response:
    choices = path_choices(visit.services, visit.caller, UnitId(visit.at["dv"]))
    return visit.render(f"paths/{kind}.html", choices=choices)


def _joint(found: PathsTo, act: JointAct) -> JointLine:
    unit = found.units[act.unit]
    if act.kind is JointKind.APPOINTING:
        named = ", ".join(found.positions[id_] for id_ in act.positions)
        does, kind = t("bổ nhiệm tại {don_vi}: {chuc_danh}", don_vi=unit, chuc_danh=named), "bo-nhiem"
        closed = t("cấp trên và người ký đọc quyết định trước khi ký; thôi nhiệm vụ người bổ nhiệm sai")
    elif act.kind is JointKind.MOVING:
        manager = "" if act.manager is None else found.units[act.manager]
        does = t("đưa {don_vi} về cơ quan quản lý khác, ví dụ {moi}", don_vi=unit, moi=manager)
        kind, closed = "chuyen-don-vi", t("giao tài khoản quản trị cấp trên cho người không ký, để cần hai người")
    else:
        opened = "" if act.recovered is None else found.accounts[act.recovered].username
        does, kind = t("khôi phục tài khoản {ten} với người làm chứng", ten=opened), "lam-chung"
        closed = t("người làm chứng gặp chủ tài khoản trước khi xác nhận; chủ tài khoản dừng trong lúc chờ")
    seconds = tuple(found.accounts[a] for a in act.seconds)
    return JointLine(does, found.accounts[act.prepares], seconds, act.people, kind, closed)


def _holders(found: PathsTo) -> list[tuple[NamedAccount, str]]:
    """Each account that has the right, with the roles that give it."""
    roles: dict[AccountId, dict[str, None]] = {}
    for right in found.ways.held:
        roles.setdefault(right.account, {})[found.roles[right.grant.role]] = None
    return [(found.accounts[account], ", ".join(named)) for account, named in roles.items()]


def _line(found: PathsTo, path: Path) -> PathLine:
    start = found.accounts[path.start]
    through = tuple(found.accounts[step.to] for step in path.steps)
    return PathLine(start, through, start.factors == PASSWORD_ALONE, _closed_by(start))


def _chokes(found: PathsTo) -> list[ChokeLine]:
    """The accounts that close most; whom a password alone opens comes first among equals."""
    lines = [
        ChokeLine(a, choke.closes, a.factors == PASSWORD_ALONE, _closed_by(a))
        for choke in found.ways.chokes
        for a in (found.accounts[choke.account],)
    ]
    return sorted(lines, key=lambda line: (-line.closes, not line.is_weak))[:MOST_CHOKES]


def _closed_by(account: NamedAccount) -> tuple[str, ...]:
    """What closes a way that begins with this account, what helps most first."""
    found = []
    if account.factors == PASSWORD_ALONE:
        found.append(t("xác thực hai yếu tố cho {ten}", ten=account.username))
    if account.kind == AccountKind.ADMIN:
        found.append(t("giao tài khoản quản trị {ten} cho người không ký thay đơn vị", ten=account.username))
    found.append(t("chủ tài khoản hoặc thủ trưởng dừng việc khôi phục trong lúc chờ"))
    return tuple(found)


def _paper(found: PathsTo, coalition: Coalition) -> CoalitionLine:
    is_one = coalition.prepares == coalition.signs
    return CoalitionLine(
        unit=found.units[coalition.unit],
        role=found.roles[coalition.role],
        article=t("mặc định, không theo văn bản nào")
        if coalition.article == DEFAULT
        else found.articles[coalition.article],
        prepares=found.people[coalition.prepares],
        signs=found.people[coalition.signs],
        receives=found.people[coalition.receives],
        is_one=is_one,
        people=len(coalition.people),
        closed_by=t("giao tài khoản quản trị cho người khác, để người lập và người ký là hai người")
        if is_one
        else t("người ký đọc từng văn bản trước khi ký"),
    )
