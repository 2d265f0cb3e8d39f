"""Guides as pages: whoever is stuck at the sign-in reads them too, and everything in them is of this service."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from demonstrated import GUIDES
from visiting import Visitor, visiting


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with visiting(tmp_path_factory.mktemp("huong-dan")) as found:
        yield found


def test_help_lists_every_guide_and_each_opens_without_signing_in(service: Visitor) -> None:
    visitor = service.other()
    listed = re.findall(r'href="/tro-giup/([\w-]+)" lang="vi"', visitor.get("/tro-giup").html)
    assert listed == sorted(path.stem for path in GUIDES.glob("*.md"))
    for name in listed:
        page = visitor.get(f"/tro-giup/{name}")
        assert (page.status, page.html.count("<h1")) == (200, 1)


def test_what_a_guide_shows_and_links_is_here(service: Visitor) -> None:
    visitor = service.other()
    page = visitor.get("/tro-giup/hieu-truong")
    article = page.html.partition("<article")[2].partition("</article>")[0]
    targets = re.findall(r'(?:src|href)="([^"]+)"', article)
    assert len(targets) > len(list((GUIDES.parent / "pictures").glob("hieu-truong-*")))
    for target in targets:
        answer = visitor.client.get(target)
        assert (answer.status_code, target[:10]) == (200, "/tro-giup/"), target
    assert "<script" not in article


@pytest.mark.parametrize("name", ["khong-co", "..%2F..%2Fpyproject", "tep/hieu-truong.md", "tep/..%2Fapi.md"])
def test_nothing_else_is_handed_out(service: Visitor, name: str) -> None:
    assert service.other().get(f"/tro-giup/{name}").status == 404
