"""The PDF of a paper, by Typst: PDF/A-3a and PDF/UA-1, the same input gives the same bytes (evidence.md 2.7).

Words go to Typst as data and never as source. One compiler is kept a template and thread, so that a warm rendering
costs what Typst itself costs.
"""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from access_service.evidence.fonts import OWN, FontFamily, fonts_in
from access_service.evidence.layout import CONTENT_NAME, lay_out
from access_service.evidence.paper import Attachment, PrintedPaper, Stage
from access_service.evidence.signs import breakable

if TYPE_CHECKING:
    import typst

TEMPLATES = Path(__file__).parent / "templates"
_kept = threading.local()
LARGE = 100_000
"""Characters of a layout that is set one at a time, and forgotten: Typst remembers what it has laid out."""
FORGOTTEN_AFTER = 12
"""So many compiles later Typst drops what it has not used again."""
_one_at_a_time = threading.Lock()


class RenderError(Exception):
    """A paper that Typst could not set."""


def render_pdf(paper: PrintedPaper, fonts: FontFamily) -> bytes:
    """A paper as PDF."""
    content = Attachment(CONTENT_NAME, paper.content, "application/json", "source", "Nội dung được ký (RFC 8785)")
    layout = lay_out(paper)
    return render_layout(layout, fonts, (content, *paper.attachments), made_at=date_of(paper), stage=paper.stage)


@dataclass(frozen=True, slots=True)
class Blank:
    """Where a side signs: page from 1, in points from its upper left corner."""

    side: str
    page: int
    x: float
    y: float
    width: float
    height: float


def find_blanks(paper: PrintedPaper, fonts: FontFamily) -> list[Blank]:
    """The places that a form leaves open, left to right."""
    import typst  # noqa: PLC0415

    layout = lay_out(paper)
    try:
        found = typst.query(
            str(TEMPLATES / f"{layout['form']}.typ"),
            "<blank>",
            field="value",
            root=str(TEMPLATES),
            font_paths=fonts_in(fonts.folder),
            ignore_system_fonts=True,
            sys_inputs=_inputs(layout, fonts, (), date_of(paper)),
        )
    except typst.TypstError as error:
        raise RenderError(error.message) from error
    return [Blank(**one) for one in json.loads(found)]


def date_of(paper: PrintedPaper) -> datetime | None:
    """The instant in the file's metadata: of the last signature, before one the day the paper is dated, if any."""
    signed = [datetime.fromisoformat(block.at) for block in paper.signatures]
    if not signed and not paper.print["dated"]:
        return None
    at = max(signed) if signed else datetime.fromisoformat(f"{paper.print['dated']}T00:00:00+07:00")
    return at.astimezone(UTC).replace(microsecond=0)


def render_layout(
    layout: dict[str, Any],
    fonts: FontFamily,
    attachments: Sequence[Attachment] = (),
    *,
    made_at: datetime | None,
    stage: Stage = "final",
) -> bytes:
    """A layout as PDF. A file that goes out to be signed elsewhere claims PDF/A-3a alone (record 0099)."""
    import typst  # noqa: PLC0415

    inputs = _inputs(layout, fonts, attachments, made_at)
    if len(inputs["data"]) < LARGE:
        return _compile(layout["form"], fonts, inputs, made_at, stage)
    with _one_at_a_time:
        pdf = _compile(layout["form"], fonts, inputs, made_at, stage)
        for _ in range(FORGOTTEN_AFTER):
            typst.compile(b"", format="pdf", font_paths=fonts_in(None))
    return pdf


def _inputs(
    layout: dict[str, Any], fonts: FontFamily, attachments: Sequence[Attachment], made_at: datetime | None
) -> dict[str, str]:
    return {
        "families": f"{fonts.name},{OWN}",
        "data": json.dumps(_broken(layout) | {"has_date": made_at is not None}, ensure_ascii=False),
        "attachments": json.dumps([_attached(a) for a in attachments], ensure_ascii=False),
    }


def _compile(form: str, fonts: FontFamily, inputs: dict[str, str], made_at: datetime | None, stage: Stage) -> bytes:
    import typst  # noqa: PLC0415

    standards: typst.PDFStandards = ["a-3a"] if stage == "form" else ["a-3a", "ua-1"]
    if made_at is None:
        # PDF/A asks for a day, and a promise that nobody has made yet has none.
        standards = ["ua-1"]
    try:
        pdf, warnings = _compiler(form, fonts).compile_with_warnings(
            format="pdf", pdf_standards=standards, sys_inputs=inputs, timestamp=made_at or 0
        )
    except typst.TypstError as error:
        raise RenderError(error.message) from error
    if warnings or not isinstance(pdf, bytes):
        raise RenderError("; ".join(warning.message for warning in warnings) or "nothing was set")
    return pdf


def _compiler(form: str, fonts: FontFamily) -> "typst.Compiler":
    import typst  # noqa: PLC0415

    compilers: dict[tuple[str, FontFamily], typst.Compiler] = _kept.__dict__.setdefault("compilers", {})
    key = form, fonts
    if key not in compilers:
        compilers[key] = typst.Compiler(
            str(TEMPLATES / f"{form}.typ"),
            root=str(TEMPLATES),
            font_paths=fonts_in(fonts.folder),
            ignore_system_fonts=True,
        )
    return compilers[key]


def _broken(value: Any) -> Any:
    """The layout with places to break in words that no line holds; addresses of pictures stay whole."""
    if isinstance(value, str):
        return breakable(value)
    if isinstance(value, list):
        return [_broken(item) for item in value]
    if isinstance(value, dict):
        return {key: item if key == "qr" else _broken(item) for key, item in value.items()}
    return value


def _attached(attachment: Attachment) -> dict[str, Any]:
    try:
        data: dict[str, Any] = {"text": attachment.data.decode("utf-8")}
    except UnicodeDecodeError:
        data = {"octets": list(attachment.data)}
    return data | {
        "name": attachment.name,
        "media_type": attachment.media_type,
        "relationship": attachment.relationship,
        "description": attachment.description,
    }
