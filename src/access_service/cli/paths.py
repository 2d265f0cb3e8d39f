"""`paths`: who could come to read a unit's data, how far an account reaches, and what looks wrong."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from access_service.cli.errors import DONE, REFUSED, UsageError
from access_service.cli.opening import open_database, register_of, say_json, settings_for
from access_service.cli.path_changes import cut_list, say_changes
from access_service.domain import words
from access_service.domain.anomalies import CLEARED_BY
from access_service.domain.joint_acts import JointAct, JointKind
from access_service.domain.names import UnitId
from access_service.domain.path_findings import PathFinding
from access_service.domain.paths import Path as Way
from access_service.domain.policy import DEFAULT
from access_service.domain.supposing import ordinary_act
from access_service.live.revisions import revision_text
from access_service.rendering.sheets import instant_text
from access_service.usecases.checking_paths import DailyCheck, check_paths_daily
from access_service.usecases.evidence.json_values import json_value
from access_service.usecases.evidence.path_changes import PathsQuestion, read_changes
from access_service.usecases.evidence.paths import (
    NamedAccount,
    PathsChecked,
    PathsTo,
    ReachFrom,
    check_paths,
    read_paths_to,
    read_reach,
)

OWN_CHOICE = "mặc định, không theo văn bản nào / default, no regulation"
"""What stands where the pack cites no article."""


def run_paths(
    *,
    to: str | None,
    category: str | None,
    from_: str | None,
    check: bool,
    daily: bool,
    accomplices: int,
    baseline: Path | None,
    after: str | None,
    diff: bool,
    at: str | None,
    database: str | None,
    register: str | None,
    as_json: bool,
) -> int:
    """One of four questions. 1 where `--check` found what the baseline does not accept, `--daily` something new."""
    _check_usage(to, category, from_, check, daily, baseline, after, diff, at)
    act = None if after is None else ordinary_act(after)
    accepted = {} if baseline is None else _read_baseline(baseline)
    instant = None if at is None else words.instant(at)
    with open_database(settings_for(database)) as db:
        name = register_of(db, register)
        if act is not None and diff:
            unit = None if to is None else UnitId(to)
            question = PathsQuestion(unit, category or "", accomplices, from_, is_check=check)
            return say_changes(read_changes(db, name, act, question), accepted, is_check=check, as_json=as_json)
        if daily:
            return _say_daily(check_paths_daily(db, name, accepted), as_json=as_json)
        if check:
            return _say_checked(check_paths(db, name, at=instant, after=act), accepted, as_json=as_json)
        if to is not None and category is not None:
            found = read_paths_to(db, name, UnitId(to), category, accomplices=accomplices, at=instant, after=act)
            _say({**json_value(found), "revision": revision_text(found.revision)}, _ways(found), as_json=as_json)
        elif from_ is not None:
            reach = read_reach(db, name, from_, at=instant, after=act)
            _say({**json_value(reach), "revision": revision_text(reach.revision)}, _reach(reach), as_json=as_json)
    return DONE


def _check_usage(
    to: str | None,
    category: str | None,
    from_: str | None,
    check: bool,
    daily: bool,
    baseline: Path | None,
    after: str | None,
    diff: bool,
    at: str | None,
) -> None:
    asked = [to is not None, from_ is not None, check, daily].count(True)
    if asked > 1 or (asked == 0 and not diff):
        raise UsageError("ask one of `--to UNIT --read CATEGORY`, `--from ACCOUNT`, `--check`, `--daily`")
    if (to is None) != (category is None):
        raise UsageError("`--to` and `--read` belong together")
    if baseline is not None and not (check or daily):
        raise UsageError("`--baseline` belongs to `--check` and `--daily`")
    if daily and (at is not None or after is not None):
        raise UsageError("`--daily` checks today; ask about another day, or after an act, by `--check`")
    if diff and after is None:
        raise UsageError("`--diff` belongs to `--after ACT`")
    if after is not None and at is not None:
        raise UsageError("`--after` has a day of its own: leave `--at` out")


def _say(plain: Any, lines: Iterator[str], *, as_json: bool) -> None:
    if as_json:
        say_json(plain)
    else:
        typer.echo("\n".join(lines))


def _read_baseline(file: Path) -> Mapping[str, str]:
    """`[[accepted]]` with `finding` and `because`; anything else is a fault."""
    try:
        read = tomllib.loads(file.read_text("utf-8"))
        rows = read.pop("accepted", [])
        found = {
            row["finding"]: row["because"] for row in rows if set(row) == {"finding", "because"} and row["because"]
        }
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError, KeyError) as error:
        raise UsageError(f"{file} cannot be read as a baseline: {error}") from None
    if read or len(found) != len(rows):
        raise UsageError(f"{file}: each [[accepted]] has a different `finding`, and `because`, and nothing else")
    return found


def _called(account: NamedAccount) -> str:
    who = f", {account.person}" if account.person else ""
    alone = "  chỉ cần mật khẩu" if account.factors == 1 else ""
    return f"{account.username} ({account.unit_name}{who}){alone}"


def _ways(found: PathsTo) -> Iterator[str]:
    yield f"{found.category_vi} của {found.unit_name}; {instant_text(found.at)} (UTC+7)"
    holders = dict.fromkeys(h.account for h in found.ways.held)
    yield f"Đang được xem: {len(holders)}"
    yield from cut_list([f"  {_called(found.accounts[a])}" for a in holders])
    yield f"Có thể một mình đi tới, bằng khôi phục tài khoản (quy tắc 4): {len(found.ways.paths)}"
    yield from cut_list([f"  {_walk(found, way)}" for way in found.ways.paths])
    if found.ways.coalitions:
        yield f"Có thể cùng người khác, bằng một biên bản mới (quy tắc 5, 7): {len(found.ways.coalitions)}"
        lines = [
            f"  {len(c.people)} người tại {c.unit}, vai trò {c.role} ({_article(found, c.article)}): "
            f"lập {found.people[c.prepares]}, ký {found.people[c.signs]}, nhận {found.people[c.receives]}"
            for c in found.ways.coalitions
        ]
        yield from cut_list(lines)
    if found.joint:
        yield f"Có thể cùng người khác đổi người có quyền ở đơn vị: {len(found.joint)}"
        yield from cut_list([f"  {_joint(found, act)}" for act in found.joint])
    if found.ways.chokes:
        yield "Đóng được nhiều đường nhất:"
        yield from (f"  {c.closes}  {_called(found.accounts[c.account])}" for c in found.ways.chokes[:3])


def _joint(found: PathsTo, act: JointAct) -> str:
    by, seconds = (
        found.accounts[act.prepares].username,
        " hoặc ".join(found.accounts[a].username for a in act.seconds),
    )
    unit = found.units[act.unit]
    if act.kind is JointKind.APPOINTING:
        positions = ", ".join(found.positions[id_] for id_ in act.positions)
        what, rule, second = f"bổ nhiệm tại {unit}: {positions}", "quy tắc 4; quyết định bổ nhiệm", "ký"
    elif act.kind is JointKind.MOVING:
        manager = "" if act.manager is None else found.units[act.manager]
        what, rule, second = f"đưa {unit} về đơn vị khác, như {manager}", "quy tắc 1; quyết định chuyển", "ký"
    else:
        opened = "" if act.recovered is None else found.accounts[act.recovered].username
        what, rule, second = f"khôi phục {opened}", "quy tắc 4; không cần giấy", "làm chứng"
    needs = f", {second}: {seconds}" if seconds else ""
    return f"{act.people} người: {by} {what}{needs} ({rule})"


def _article(found: PathsTo, id_: str) -> str:
    return OWN_CHOICE if id_ == DEFAULT else found.articles[id_] or id_


def _walk(found: PathsTo, way: Way) -> str:
    steps = " → ".join(found.accounts[step.to].username for step in way.steps)
    return f"{_called(found.accounts[way.start])} → {steps}"


def _reach(found: ReachFrom) -> Iterator[str]:
    deepest = max(found.reached.values(), default=0)
    yield f"{_called(found.start)}; {instant_text(found.at)} (UTC+7)"
    yield f"Mở được {len(found.reached)} trên {found.of} tài khoản, sau nhiều nhất {deepest} lần khôi phục"
    yield from cut_list([f"  {n}  {_called(found.accounts[account])}" for account, n in found.reached.items()])


def _say_checked(found: PathsChecked, accepted: Mapping[str, str], *, as_json: bool) -> int:
    known = {finding.name for finding in found.findings}
    new = [finding for finding in found.findings if finding.name not in accepted]
    stale = sorted(set(accepted) - known)
    if as_json:
        say_json(
            {
                "at": instant_text(found.at),
                "revision": revision_text(found.revision),
                "new": [_plain(f) for f in new],
                "accepted": sorted(set(accepted) & known),
                "stale": stale,
            }
        )
    else:
        typer.echo(f"{len(found.findings)} found, {len(new)} new")
        for finding in new:
            typer.echo(f"{finding.name}: {finding.vi}")
        for name in stale:
            typer.echo(f"{name}: accepted, and there no more")
    return REFUSED if new else DONE


def _plain(finding: PathFinding) -> Mapping[str, Any]:
    return {
        "finding": finding.name,
        "code": str(finding.code),
        "units": list(finding.units),
        "vi": finding.vi,
        "en": finding.en,
        "article": finding.article,
        "cleared_by": CLEARED_BY[finding.code],
    }


def _say_daily(found: DailyCheck, *, as_json: bool) -> int:
    moved = found.moved
    if as_json:
        say_json(
            {
                "at": instant_text(found.checked.at),
                "revision": revision_text(found.checked.revision),
                "new": [_plain(f) for f in moved.new],
                "standing": [f.name for f in moved.standing],
                "gone": list(moved.gone),
                "accepted": list(found.accepted),
                "stale": list(found.stale),
            }
        )
    else:
        counts = f"{len(moved.new)} new, {len(moved.standing)} standing, {len(moved.gone)} gone"
        typer.echo(f"{counts}, {len(found.accepted)} accepted")
        for finding in moved.new:
            typer.echo(f"{finding.name}: {finding.vi}")
            typer.echo(f"  {CLEARED_BY[finding.code]}")
        for name in moved.gone:
            typer.echo(f"{name}: there no more")
        for name in found.stale:
            typer.echo(f"{name}: accepted, and there no more")
    return REFUSED if moved.new else DONE
