"""`old-system`: lists of an old system's accounts beside the register, and who is meant by an id of another one."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from access_service.cli.opening import open_database, register_of, say_json, settings_for
from access_service.domain.external_ids import ExternalKind, read_named
from access_service.domain.matching import MatchStanding, RowMatch
from access_service.domain.names import UnitId
from access_service.domain.old_rights import PaperState
from access_service.domain.old_words import PAPER_SAID, REASON_SAID, STANDING_SAID
from access_service.domain.time import local
from access_service.rendering.old_rights_sheet import write_old_rights
from access_service.rendering.sheets import day_text
from access_service.storage.connecting import open_new
from access_service.usecases.evidence.json_values import json_value
from access_service.usecases.old_systems.old_exports import OldExportSeen, parse_export
from access_service.usecases.old_systems.operating import find_for_operator, match_below, match_for_operator

_KINDS = {
    ExternalKind.PERSON: "người",
    ExternalKind.ACCOUNT: "tài khoản",
    ExternalKind.UNIT: "đơn vị",
    ExternalKind.CLASS: "lớp",
}
_LACKING = (PaperState.MISSING, PaperState.WIDER)
_SHOWN = (MatchStanding.DOUBTFUL, MatchStanding.ORPHAN)


def run_compare(
    unit: str,
    file: Path | None,
    *,
    system: str,
    output: Path | None,
    at: tuple[str | None, str | None],
    as_json: bool,
) -> None:
    """Match a file, or what the unit has read; print it, and write the workbook where one is named."""
    export = None
    if file is not None:
        export = parse_export(UnitId(unit), system, file.name, file.read_bytes())
    with open_database(settings_for(at[0])) as db:
        found = match_for_operator(db, register_of(db, at[1]), UnitId(unit), export)
        now = db.now()
    if output is not None:
        _write(output, write_old_rights(found, now))
    if as_json:
        say_json(_as_json(found))
    else:
        typer.echo("\n".join(write_lists(found)))


def run_below(
    office: str,
    file: Path,
    *,
    system: str,
    output: Path | None,
    at: tuple[str | None, str | None],
    as_json: bool,
) -> None:
    """Match a department's list, unit by unit; a workbook for each into a folder."""
    export = parse_export(UnitId(office), system, file.name, file.read_bytes())
    with open_database(settings_for(at[0])) as db:
        found, unplaced = match_below(db, register_of(db, at[1]), UnitId(office), export)
        now = db.now()
    if output is not None:
        output.mkdir(mode=0o700, parents=True, exist_ok=True)
        for one in found:
            _write(output / f"{one.export.unit}.xlsx", write_old_rights(one, now))
    if as_json:
        say_json({"units": [_as_json(one) for one in found], "unplaced": unplaced})
        return
    for one in found:
        counts = "; ".join(f"{STANDING_SAID[s].vi}: {n}" for s, n in one.count().items())
        lacking = sum(x.paper in _LACKING for x in one.lines)
        typer.echo(f"{one.export.unit} – {one.unit_name}: {counts}; quyền không có văn bản: {lacking}")
    typer.echo(f"{len(found)} đơn vị; {unplaced} dòng không rõ của đơn vị nào")


def _write(path: Path, content: bytes) -> None:
    """Whose accounts are, by name: nobody else's to read."""
    path.unlink(missing_ok=True)
    with os.fdopen(open_new(path), "wb") as stream:
        stream.write(content)


def _as_json(found: OldExportSeen) -> dict[str, Any]:
    return {
        "unit": found.export.unit,
        "system": found.export.system,
        "sha256": found.export.sha256,
        "counts": {str(s): n for s, n in found.count().items()},
        "papers": {str(s): n for s, n in found.count_papers().items()},
        "rows": [
            {
                "line": m.row.line,
                "account": m.row.account,
                "standing": str(m.standing),
                "reason": str(m.reason),
                "person": m.person,
                "candidates": list(m.candidates),
            }
            for m in found.matches
        ],
        "rights": [
            {
                "line": x.row.line,
                "person": x.person,
                "right": x.said,
                "paper": str(x.paper),
                "grants": list(x.grants),
                "beyond": x.beyond,
            }
            for x in found.lines
        ],
        "paper_alone": [{"person": x.person, "grant": x.grant, "right": x.said} for x in found.alone],
    }


def write_lists(found: OldExportSeen) -> Iterator[str]:
    """The counts, then every row and right that somebody has to look at."""
    export = found.export
    yield f"{export.unit} – {found.unit_name}: “{export.name}” từ {export.system}, {len(found.matches)} tài khoản"
    if export.elsewhere:
        yield f"{export.elsewhere} dòng của đơn vị khác để ngoài"
    yield "; ".join(f"{STANDING_SAID[s].vi}: {n}" for s, n in found.count().items())
    yield "; ".join(f"{PAPER_SAID[s].vi}: {n}" for s, n in found.count_papers().items())
    for standing in _SHOWN:
        rows = [m for m in found.matches if m.standing is standing]
        if rows:
            yield ""
            yield STANDING_SAID[standing].vi
            for m in rows:
                yield from _row(found, m)
    lacking = [x for x in found.lines if x.paper in _LACKING]
    if lacking:
        yield ""
        yield "Quyền không có văn bản"
        for x in lacking:
            name = "" if x.person is None else f" ({found.names[x.person]})"
            yield f"  {x.row.account or x.row.name}{name}: {x.beyond}"
    if found.alone:
        yield ""
        yield "Có văn bản mà hệ thống cũ không có"
        yield from (f"  {found.names[x.person]}: {x.said}, {found.papers.get(x.grant, '')}" for x in found.alone)


def _row(found: OldExportSeen, m: RowMatch) -> Iterator[str]:
    yield f"  dòng {m.row.line}, {m.row.account or '–'}, {m.row.name or '–'}: {REASON_SAID[m.reason].vi}"
    for person in m.candidates:
        title = found.titles.get(person, "")
        yield f"    có thể là {found.names[person]}" + (f" ({title})" if title else "")


def run_named(named: str, kind: ExternalKind | None, *, at: tuple[str | None, str | None], as_json: bool) -> None:
    """Who or what that id of another system is."""
    system, value = read_named(named)
    with open_database(settings_for(at[0])) as db:
        found, name = find_for_operator(db, register_of(db, at[1]), system, value, kind)
    if as_json:
        say_json(json_value(found))
        return
    since = day_text(local(found.valid_from).date())
    who = f"{_KINDS[found.kind]} {found.target}" + (f", {name}" if name else "")
    typer.echo(f"{system}:{value}: {who}; đơn vị {found.unit}, từ {since}")
