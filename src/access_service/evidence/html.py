"""The same words as an HTML page: what whoever signs is shown (evidence.md 2.1).

The page needs no script and asks for nothing else: its style stands in it, and the policy that it is sent with
names the style's hash. Every word is escaped; the order of the parts is that of the PDF, from `layout`.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from html import escape, unescape
from pathlib import Path
from typing import Any

from access_service.evidence.layout import Block, lay_out
from access_service.evidence.paper import PrintedPaper

STYLE = (Path(__file__).parent / "paper.css").read_text("utf-8")
STYLE_POLICY = f"'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
"""How a content security policy allows the page's style, and no other."""
STAGES = {
    "draft": "DỰ THẢO – để đọc trước khi ký",
    "form": "BẢN ĐỂ KÝ – chưa có chữ ký",
    "final": "",
}
COUNTRY = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"


def render_html(paper: PrintedPaper) -> str:
    """A paper as a page."""
    layout = lay_out(paper)
    stage = STAGES[paper.stage]
    shown = f'<p class="stage">{escape(stage)}</p>' if stage else ""
    head = (
        '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(layout['title'])}</title>\n<style>{STYLE}</style>"
    )
    body = "\n".join(filter(None, [shown, *_words(layout), *_places(layout)]))
    page = f"<head>\n{head}\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>"
    return f'<!doctype html>\n<html lang="vi">\n{page}\n</html>\n'


def render_sheet(paper: PrintedPaper) -> str:
    """The same paper as part of a page that has a heading and a style of its own; the square is for paper."""
    layout = lay_out(replace(paper, qr=""))
    body = "\n".join(filter(None, [*_words(layout), *_places(layout)]))
    for old, new in _INSIDE:
        body = body.replace(old, new)
    return body


def list_lines(paper: PrintedPaper) -> list[str]:
    """What a paper says, line by line, without its signatures: for comparing two versions."""
    layout = lay_out(replace(paper, qr=""))
    said = "\n".join(_words(layout))
    text = _TAG.sub("", _END_OF_LINE.sub("\n", _END_OF_CELL.sub(" ", said)))
    signers = [
        f"{' / '.join(t['text'] for t in place['titles'] if not t['is_hint'])}: {place['name']}"
        for place in layout["signers"]
    ]
    return [line for row in (*unescape(text).split("\n"), *signers) if (line := " ".join(row.split()))]


_INSIDE = (
    ("<h2>", "<h3>"),
    ("</h2>", "</h3>"),
    ("<h1>", "<h2>"),
    ("</h1>", "</h2>"),
    ('<div class="scroll">', '<div class="scroll" tabindex="0">'),
    ('<section class="signers" aria-label="Người ký">', '<section class="signers">'),
)
"""Headings go down by one, and places to sign are no landmarks of a page with many papers."""
_END_OF_LINE = re.compile(r"</(?:p|h1|h2|li|tr|dd)>|<br>")
_END_OF_CELL = re.compile(r"</(?:td|th|dt)>")
_TAG = re.compile(r"<[^>]*>")


def _words(layout: Mapping[str, Any]) -> list[str]:
    return [
        _heads(layout),
        f"<h1>{escape(layout['type_line'] or layout['title'])}</h1>" if layout["type_line"] else "",
        _middle(layout["subject"], "strong") if layout["type_line"] else "",
        _middle([layout["authority"]], "strong") if layout["authority"] else "",
        _addressed(layout["to"]),
        *map(_block, layout["body"]),
    ]


def _places(layout: Mapping[str, Any]) -> list[str]:
    return [
        _dateline(layout),
        _signers(layout["signers"]),
        _recipients(layout["recipients"]),
        _annex(layout["annex"]),
        _foot(layout["foot"]),
    ]


def _heads(layout: Mapping[str, Any]) -> str:
    own = [f"<p>{escape(layout['parent'])}</p>" if layout["parent"] else "", _strong(layout["unit"])]
    if layout["form"] != "report":
        own.append(f"<p>{escape(layout['number_label'])} {escape(layout['number'] or '……/……')}</p>")
    if not layout["type_line"]:
        own += [f"<p>{escape(line)}</p>" for line in layout["subject"]]
    country = [_strong(COUNTRY), _strong(MOTTO)]
    if layout["form"] not in {"report", "commitment"}:
        country.append(f"<p><em>{escape(layout['dateline'])}</em></p>")
    left = "" if layout["form"] == "commitment" else f"<div>{''.join(own)}</div>"
    return f'<header class="heads">{left}<div>{"".join(country)}</div></header>'


def _strong(text: str) -> str:
    return f'<p class="strong">{escape(text)}</p>'


def _middle(lines: Sequence[str], kind: str = "") -> str:
    return f'<p class="middle {kind}">{"<br>".join(map(escape, lines))}</p>' if lines else ""


def _addressed(to: Sequence[str]) -> str:
    return _middle([f"Kính gửi: {to[0]}"]) if len(to) == 1 else _listed("Kính gửi:", to)


def _listed(title: str, items: Sequence[str]) -> str:
    rows = "".join(f"<li>{escape(item)}</li>" for item in items)
    return f'<p class="strong">{escape(title)}</p><ul>{rows}</ul>' if items else ""


def _block(block: Block) -> str:
    return _BLOCKS[block["what"]](block)


def _paragraph(block: Block) -> str:
    text = escape(block["text"])
    return f"<p><em>{text}</em></p>" if block["style"] == "italic" else f"<p>{text}</p>"


def _pairs(block: Block) -> str:
    return (
        f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{escape(value)}</dd>' for name, value in block['rows'])}</dl>"
    )


def _table(block: Block) -> str:
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in block["columns"])
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in block["rows"])
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _cell(cell: Block) -> str:
    span = f' rowspan="{int(cell["rows"])}"' if cell["rows"] > 1 else ""
    strong = f"<strong>{_lines(cell['strong'])}</strong>" if cell["strong"] else ""
    between = "<br>" if strong and cell["text"] else ""
    return f"<td{span}>{strong}{between}{_lines(cell['text'])}</td>"


def _lines(text: str) -> str:
    return "<br>".join(map(escape, text.split("\n")))


_BLOCKS: dict[str, Callable[[Block], str]] = {
    "paragraph": _paragraph,
    "heading": lambda b: f"<h2>{escape(b['text'])}</h2>",
    "article": lambda b: f"<p><strong>{escape(b['head'])}</strong> {escape(b['text'])}</p>",
    "middle": lambda b: _middle([b["text"]], "strong"),
    "pairs": _pairs,
    "item": lambda b: f"<p>{escape(b['number'])}. {escape(b['text'])}</p>",
    "table": _table,
}


def _dateline(layout: Mapping[str, Any]) -> str:
    return _middle([layout["dateline"]]) if layout["form"] == "commitment" else ""


def _signers(places: Iterable[Mapping[str, Any]]) -> str:
    found = "".join(f"<div>{_place(place)}</div>" for place in places)
    return f'<section class="signers" aria-label="Người ký">{found}</section>' if found else ""


def _place(place: Mapping[str, Any]) -> str:
    titles = "<br>".join(
        f"<em>{escape(t['text'])}</em>" if t["is_hint"] else f"<strong>{escape(t['text'])}</strong>"
        for t in place["titles"]
    )
    given = place["signed"]
    signed = '<div class="empty"></div>'
    if given is not None:
        told = "<br>".join(map(escape, (given["at"], given["how"], f"Mã: {given['id']}")))
        signed = f'<p class="signed"><strong>{escape(given["label"])}</strong><br>{told}</p>'
    return f"<p>{titles}</p>{signed}<p><strong>{escape(place['name'])}</strong></p>"


def _recipients(lines: Sequence[str]) -> str:
    return _listed("Nơi nhận:", lines)


def _annex(annex: Mapping[str, Any] | None) -> str:
    if annex is None:
        return ""
    return f"<section><h2>{escape(annex['title'])}</h2>{''.join(map(_block, annex['body']))}</section>"


def _foot(foot: Mapping[str, Any]) -> str:
    said = [
        f"{escape(foot['attached'])} <strong>{escape(foot['name'])}</strong>.",
        f"SHA-256: {escape(foot['sha256'])}",
    ]
    square = foot["qr"] and foot["qr"].replace(
        "<svg ", f'<svg role="img" aria-label="{escape(foot["qr_alt"])}" viewBox="0 0 {_side(foot["qr"])}" ', 1
    )
    return f"<footer>{square}<p>{'<br>'.join([*said, *map(escape, foot['lines'])])}</p></footer>"


def _side(svg: str) -> str:
    """The square's own size, so that the style may choose another."""
    side = svg.partition('width="')[2].partition('"')[0]
    return f"{side} {side}"
