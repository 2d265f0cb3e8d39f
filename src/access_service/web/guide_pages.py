"""Guides in Vietnamese with pictures: the files of `docs/huong-dan`, shown beside the pages of which they tell."""

from functools import cache
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from starlette.responses import Response

from access_service.domain.errors import NotFoundError
from access_service.web.cookies import Hat
from access_service.web.page import PageRouter, Visit
from access_service.web.rendered import HEADERS

router = PageRouter()
_KINDS = {".png": "image/png", ".csv": "text/csv; charset=utf-8"}
_KEPT = {"Cache-Control": "public, max-age=3600"}


def _folder(name: str) -> Path:
    """Inside an installed wheel, or in a checkout."""
    package = Path(__file__).resolve().parents[1]
    packed = package / "_data" / name
    return packed if packed.is_dir() else package.parents[1] / "docs" / name


@cache
def _files() -> dict[str, Path]:
    """Every file that a guide shows or names, by its name: nothing else is handed out."""
    found = [path for folder in ("huong-dan", "pictures") for path in sorted(_folder(folder).glob("*"))]
    return {path.name: path for path in found if path.suffix in _KINDS}


@cache
def guides() -> dict[str, tuple[str, str]]:
    """Each guide by its name: what it is called, and its HTML."""
    return {path.stem: _read(path.read_text("utf-8")) for path in sorted(_folder("huong-dan").glob("*.md"))}


def _read(text: str) -> tuple[str, str]:
    reader = MarkdownIt("commonmark", {"html": False})
    tokens = reader.parse(text)
    title = next(after.content for token, after in pairwise(tokens) if token.tag == "h1")
    for token in tokens:
        if token.type == "ordered_list_open":
            token.attrSet("class", "steps")
        _lead_here(token.children or [])
    return title, str(reader.renderer.render(tokens, reader.options, {}))


def _lead_here(tokens: list[Token]) -> None:
    """Pictures, files and other guides are of this service; what else a guide names is no link on a page."""
    inside = False
    for token in tokens:
        if token.type == "image":
            token.attrSet("src", f"/tro-giup/tep/{Path(str(token.attrGet('src'))).name}")
        elif token.type == "link_open":
            target = Path(str(token.attrGet("href")))
            here = _folder("huong-dan") / target.name
            inside = here.exists() and target.parent == Path()
            if inside:
                known = target.stem if target.suffix == ".md" else f"tep/{target.name}"
                token.attrSet("href", f"/tro-giup/{known}")
            else:
                token.tag, token.attrs = "span", {}
        elif token.type == "link_close" and not inside:
            token.tag = "span"


@router.show("/tro-giup/{ten}", hat=Hat.NOBODY)
def show_guide(visit: Visit) -> Response:
    """One guide."""
    found = guides().get(visit.at["ten"])
    if found is None:
        raise NotFoundError("guides", visit.at["ten"])
    return visit.render("help/guide.html", title=found[0], text=found[1])


@router.show("/tro-giup/tep/{ten}", hat=Hat.NOBODY)
def send_file(visit: Visit) -> Response:
    """A picture of a guide, or a file to try it with."""
    path = _files().get(visit.at["ten"])
    if path is None:
        raise NotFoundError("guides", visit.at["ten"])
    return Response(path.read_bytes(), media_type=_KINDS[path.suffix], headers=HEADERS | _KEPT)
