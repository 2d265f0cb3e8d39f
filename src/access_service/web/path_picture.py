"""The paths to a right as a picture: columns from left to right, like accounts in one box, at most twelve boxes.

Only where boxes and arrows stand is decided here. What does not fit is folded and counted; the list has everybody.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from access_service.domain.names import AccountId, AccountKind
from access_service.usecases.evidence.paths import NamedAccount, PathsTo
from access_service.web.phrases import number, t

MOST_BOXES, DEEPEST = 12, 4
WIDTH, HEIGHT, BETWEEN, APART, TOP, EDGE = 216, 66, 132, 16, 34, 2
LINE = 27
"""Characters that fit into a line of a box."""
PASSWORD_ALONE = 1
Group = tuple[int, Hashable]
"""How many acts away, and what is alike."""


@dataclass(frozen=True, slots=True)
class PathBox:
    """Some accounts that are alike: the same unit, the same next step."""

    x: int
    y: int
    lines: tuple[str, ...]
    says: str
    """The same, uncut."""
    is_weak: bool
    """Does a password alone open them?"""
    is_held: bool
    """Do they have the right already?"""


@dataclass(frozen=True, slots=True)
class PathPicture:
    """What the macro draws; every number is a pixel of the picture."""

    width: int
    height: int
    boxes: tuple[PathBox, ...]
    arrows: tuple[str, ...]
    headings: tuple[tuple[int, str], ...]


def draw_paths(found: PathsTo) -> PathPicture | None:
    """None where nobody has the right: there is nothing to come to."""
    if not found.ways.held:
        return None
    groups, following = _group(found)
    shown = _fold(groups)
    members: defaultdict[Group, list[AccountId]] = defaultdict(list)
    for account, group in groups.items():
        members[shown[group]].append(account)
    columns: defaultdict[int, list[Group]] = defaultdict(list)
    for group in members:
        columns[group[0]].append(group)
    deepest = max(columns)
    tallest = max(len(column) for column in columns.values())
    height = TOP + tallest * (HEIGHT + APART)
    places: dict[Group, tuple[int, int]] = {}
    for depth, column in columns.items():
        down = TOP + (tallest - len(column)) * (HEIGHT + APART) // 2
        for index, group in enumerate(column):
            places[group] = (EDGE + (deepest - depth) * (WIDTH + BETWEEN), down + index * (HEIGHT + APART))
    edges = dict.fromkeys((shown[groups[a]], shown[groups[b]]) for a, b in following.items())
    return PathPicture(
        width=2 * EDGE + (deepest + 1) * WIDTH + deepest * BETWEEN,
        height=height,
        boxes=tuple(_box(found, accounts, *places[g], g) for g, accounts in members.items()),
        arrows=tuple(_arrow(places[a], places[b]) for a, b in edges if a[0] > b[0]),
        headings=tuple((EDGE + (deepest - d) * (WIDTH + BETWEEN), _heading(d)) for d in sorted(columns)),
    )


def _group(found: PathsTo) -> tuple[dict[AccountId, Group], dict[AccountId, AccountId]]:
    """Which accounts are alike, and to which account each goes on; those who have the right come first."""
    groups: dict[AccountId, Group] = {}
    for right in found.ways.held:
        groups.setdefault(right.account, (0, (right.grant.unit, right.grant.role)))
    following = {path.start: path.steps[0].to for path in found.ways.paths}
    for path in sorted(found.ways.paths, key=lambda p: len(p.steps)):
        account = found.accounts[path.start]
        depth = min(len(path.steps), DEEPEST)
        alike = (account.unit, account.kind, account.factors == PASSWORD_ALONE, groups[following[path.start]])
        groups[path.start] = (depth, alike)
    return groups, following


def _fold(groups: Mapping[AccountId, Group]) -> dict[Group, Group]:
    """The box of each group: the largest keep their own, the rest of a column shares one."""
    columns: defaultdict[int, Counter[Group]] = defaultdict(Counter)
    for group in groups.values():
        columns[group[0]][group] += 1
    most = MOST_BOXES
    while sum(min(len(column), most) for column in columns.values()) > MOST_BOXES:
        most -= 1
    shown: dict[Group, Group] = {}
    for depth, column in columns.items():
        ranked = [group for group, _ in column.most_common()]
        kept = ranked if len(ranked) <= most else ranked[: most - 1]
        shown |= {group: group if group in kept else (depth, None) for group in ranked}
    return shown


def _box(found: PathsTo, members: list[AccountId], x: int, y: int, group: Group) -> PathBox:
    accounts = [found.accounts[id_] for id_ in members]
    first, is_weak = accounts[0], all(a.factors == PASSWORD_ALONE for a in accounts)
    units = {a.unit_name for a in accounts}
    where = first.unit_name if len(units) == 1 else t("{n} đơn vị", n=number(len(units)))
    who = _called(first) if len(accounts) == 1 else t("{n} tài khoản", n=number(len(accounts)))
    lines = [who, where]
    if group[0] > 0 and all(a.kind == AccountKind.ADMIN for a in accounts):
        lines[1] = t("Quản trị {don_vi}", don_vi=where)
    if is_weak:
        lines.append(t("chỉ cần mật khẩu"))
    elif group[0] == 0 and group[1] is not None:
        roles = {found.roles[h.grant.role] for h in found.ways.held if h.account in members}
        lines.append(", ".join(sorted(roles)))
    return PathBox(x, y, tuple(_cut(line) for line in lines), " · ".join(lines), is_weak, is_held=group[0] == 0)


def _called(account: NamedAccount) -> str:
    return account.person or account.username


def _cut(text: str) -> str:
    return text if len(text) <= LINE else text[: LINE - 1].rstrip() + "…"


def _heading(depth: int) -> str:
    if depth == 0:
        return t("Đang được xem")
    return t("Qua {n} lần khôi phục", n=depth) if depth < DEEPEST else t("Xa hơn")


def _arrow(start: tuple[int, int], end: tuple[int, int]) -> str:
    """A curve with its head, in one line."""
    x1, y1, x2, y2 = start[0] + WIDTH, start[1] + HEIGHT // 2, end[0] - 2, end[1] + HEIGHT // 2
    half = (x2 - x1) // 2
    return f"M{x1} {y1}C{x1 + half} {y1} {x2 - half} {y2} {x2} {y2}M{x2 - 7} {y2 - 5}L{x2} {y2}L{x2 - 7} {y2 + 5}"
