"""Every page in a real browser: no width makes it scroll sideways, and axe finds nothing in any look.

By day a page is seen in light and in one look more, each in its turn; at night in all three.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from story import EVERY_WAY, Story, axe, browsing, served
from walked import Ids, routes

from world import SCHOOL

FILES = (".xlsx", ".pdf", ".csv", ".zip", ".json", "/phan-quyen/tai", "/phan-quyen/mau", "/tep/{ten}")
"""What such addresses end in is a file, and no page."""
WIDTHS = (1366, 390, 320)
LOOKS = (
    {"color_scheme": "light", "forced_colors": "none"},
    {"color_scheme": "dark", "forced_colors": "none"},
    {"color_scheme": "light", "forced_colors": "active"},
)
PAGES = [path for method, path in routes() if method == "GET" and not path.endswith(FILES) and path != "/"]


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The head of the school, with the admin account over it."""
    with (
        browsing(viewport={"width": 1366, "height": 768}, locale="vi-VN") as context,
        served(tmp_path_factory.mktemp("trang")) as (world, address, made),
    ):
        story = Story(context.new_page(), address, world, "moi-trang", made)
        names = (f"000.head:{SCHOOL}", f"quantri.{SCHOOL}")
        for name in names:
            world.enrol(name)
        story.sign_in(names[0])
        story.put_on(names[1])
        yield story


def too_wide(page: Any, width: int) -> int:
    """How far the page scrolls sideways in a window that wide, in pixels."""
    page.set_viewport_size({"width": width, "height": 768})
    found = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return int(found)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_every_width_and_pleases_axe_in_every_look(head: Story, path: str) -> None:
    head.open(Ids(head.world).of_school(path))
    wide = {width: pixels for width in WIDTHS if (pixels := too_wide(head.page, width)) > 0}
    assert wide == {}, "scrolls sideways"
    head.page.set_viewport_size({"width": 1366, "height": 768})
    for look in LOOKS if EVERY_WAY else (LOOKS[0], LOOKS[1 + PAGES.index(path) % 2]):
        head.page.emulate_media(**look)
        assert axe(head.page) == [], look
