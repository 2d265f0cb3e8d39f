"""`who`: who could do this to that class's data on a day, by which paper."""

from collections.abc import Iterator

import typer

from access_service.cli.errors import UsageError
from access_service.cli.explanation import KINDS
from access_service.cli.opening import open_database, register_of, say_json, settings_for
from access_service.domain import words
from access_service.domain.names import Capacity
from access_service.live.revisions import revision_text
from access_service.rendering.sheets import day_text, instant_text, scope_text, signed_as
from access_service.usecases.evidence.json_values import json_value
from access_service.usecases.evidence.who import (
    WhoAnswer,
    WhoMay,
    WhoQuestion,
    is_commitment,
    read_known_at,
    read_who,
)


def run_who(
    question: WhoQuestion,
    *,
    database: str | None,
    register: str | None,
    at: str | None,
    known_at: str | None,
    as_json: bool,
) -> None:
    """Ask and print, in Vietnamese or as JSON."""
    if (question.class_id is None) == (question.unit is None):
        raise UsageError("name a class with --class, or a unit with --unit")
    instant = None if at is None else words.instant(at)
    known = read_known_at(known_at)
    with open_database(settings_for(database)) as db:
        answer = read_who(db, register_of(db, register), question, at=instant, known_at=known)
    if as_json:
        say_json({**json_value(answer), "revision": revision_text(answer.revision)})
    else:
        typer.echo("\n".join(write_answer(answer)))


def write_answer(answer: WhoAnswer) -> Iterator[str]:
    """The lines of an answer."""
    where = f"lớp {answer.class_name}, {answer.unit_name}" if answer.class_id else answer.unit_name
    sensitive = " (nhạy cảm)" if answer.sensitive else ""
    what = f"{answer.action_vi} – {answer.category_vi}{sensitive} của {where}"
    count = f"{len(answer.people)} tài khoản" if answer.people else "Không ai"
    yield f"{count} được {what}"
    yield f"Thời điểm: {instant_text(answer.at)} (UTC+7); phiên bản dữ liệu {revision_text(answer.revision)}"
    for may in answer.people:
        yield ""
        yield from _person(may)


def _person(may: WhoMay) -> Iterator[str]:
    duty = f", {may.assignment_vi}" if may.assignment_vi else ""
    yield f"{may.name}{duty} ({may.account})"
    yield f"  Vai trò: {may.role_vi or may.role}; phạm vi: đơn vị {may.scope.unit}; {scope_text(may.scope)}"
    yield f"  Quyền {may.grant}: {instant_text(may.valid_from)} – {instant_text(may.valid_to) or 'không ghi ngày'}"
    yield f"  Đơn vị cấp: {may.issuer} – {may.issuer_name}"
    for paper in may.papers:
        number = f" số {paper.number}" if paper.number else ""
        yield f"  {KINDS.get(paper.kind, paper.kind)}{number} ngày {day_text(paper.dated)}, SHA-256 {paper.sha256}"
        if paper.capacity is not None:
            side = "Người cam kết" if is_commitment(paper) else "Người ký bên giao"
            title = signed_as(Capacity(paper.capacity), paper.signer_title)
            yield f"    {side}: {paper.signer_name} ({title}), {instant_text(paper.signed_at)}"
    if not may.answered_then:
        yield "  Theo dữ liệu đã ghi nhận đến thời điểm đó, dịch vụ đã trả lời: không được phép"
