"""`access-service paths --after ACT --diff`: what an ordinary act would open and close."""

from collections.abc import Iterator, Mapping, Sequence

import typer

from access_service.cli.errors import DONE, REFUSED
from access_service.cli.opening import say_json
from access_service.live.revisions import revision_text
from access_service.rendering.sheets import instant_text
from access_service.usecases.evidence.json_values import json_value
from access_service.usecases.evidence.path_changes import PathsChanged, PowerHeld

SHOWN = 20
"""Accounts that a list names; JSON has all of them."""
KINDS = {
    "leads": "ký thay đơn vị",
    "keeps": "giữ tài khoản quản trị",
    "recovers": "khôi phục được",
    "right": "được xem",
    "path": "đi tới được",
    "minutes": "nhận được bằng biên bản mới",
    "reach": "mở được",
    "appointing": "bổ nhiệm được người khác tại",
    "moving": "đưa được về cơ quan quản lý khác",
    "witnessed": "cùng người làm chứng khôi phục được",
}
"""What somebody holds, in words."""


def cut_list(lines: list[str]) -> Iterator[str]:
    """As many as a terminal shows, and how many more there are."""
    yield from lines[:SHOWN]
    if len(lines) > SHOWN:
        yield f"  … và {len(lines) - SHOWN} dòng nữa (--json có đủ)"


def say_changes(found: PathsChanged, accepted: Mapping[str, str], *, is_check: bool, as_json: bool) -> int:
    """1 where a check finds something that neither was there without the act nor is accepted."""
    new = [finding for finding in found.findings_new if finding.name not in accepted]
    known = {f.name for f in (*found.findings, *found.findings_gone)}
    stale = sorted(set(accepted) - known) if is_check else []
    if as_json:
        said = {**json_value(found), "revision": revision_text(found.revision)}
        said |= {"new": [f.name for f in new], "stale": stale}
        del said["findings"]
        say_json(said)
    else:
        typer.echo(
            "\n".join((*_lines(found, is_check=is_check), *(f"{n}: accepted, and there no more" for n in stale)))
        )
    return REFUSED if is_check and new else DONE


def _lines(found: PathsChanged, *, is_check: bool) -> Iterator[str]:
    yield f"Giả định {found.act}; {instant_text(found.at)} (UTC+7); không ghi gì"
    if not is_check:
        for kind, said in KINDS.items():
            if found.before.get(kind, 0) or found.after.get(kind, 0):
                yield f"{said}: {found.before.get(kind, 0)} → {found.after.get(kind, 0)}"
        yield from _held("Mới có", "+", found.gained)
        yield from _held("Không còn", "-", found.lost)
    if found.findings or found.findings_gone or is_check:
        yield f"Điều đáng ngờ mới: {len(found.findings_new)}; không còn: {len(found.findings_gone)}"
    yield from cut_list([f"  + {f.name}: {f.vi}" for f in found.findings_new])
    yield from cut_list([f"  - {f.name}: {f.vi}" for f in found.findings_gone])


def _held(title: str, sign: str, held: Sequence[PowerHeld]) -> Iterator[str]:
    yield f"{title}: {len(held)}"
    yield from cut_list([f"  {sign} {h.who} {KINDS[h.kind]} {h.what} ({_by(h)})" for h in held])


def _by(held: PowerHeld) -> str:
    return f"quy tắc {held.rule}" + (f"; {held.paper}" if held.paper else "")
