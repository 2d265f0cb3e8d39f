"""A story in a real browser: what is done is counted, every step can be looked at, and axe looks at every page.

A story is told in several ways (`WAYS`): before a laptop's window, a phone's, and `plain`: in a browser that runs
no script. CI tells each in the ways that its test names, `scripts/night` in all. What is script by nature is never
told plainly: passkeys (a page asks the device through a script alone), the grid's saving by itself and its paste,
and what a page compares without sending it.
"""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from serving import settings_for

from access_service.app import create_app
from prepared import copied, with_homeroom
from world import PASSWORD, World

PICTURES = os.environ.get("ACCESS_SERVICE_TEST_PICTURES")
"""A folder into which every step is pictured; without it none is."""
EVERY_WAY = bool(PICTURES) or bool(os.environ.get("ACCESS_SERVICE_TEST_EVERY_WAY"))
"""Whether each story is told in every way, whatever its test names: at night, and for its pictures."""
SIZES = {"phone": (390, 844), "laptop": (1366, 768), "plain": (1366, 768)}
WAYS = tuple(SIZES)
WAIT_MS = 60_000


@dataclass
class Story:
    """One person before one browser window."""

    page: Any
    address: str
    world: World
    name: str
    made: Any = None
    is_scripted: bool = True
    interactions: int = 0
    steps: int = 0
    found: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        """Go to an address: a link that somebody was sent. It counts as nothing."""
        self.page.goto(self.address + path)

    def click(self, name: str, role: str = "button", nth: int = 0) -> None:
        """One click on what bears that name."""
        self.interactions += 1
        self.page.get_by_role(role, name=name).nth(nth).click()
        self.page.wait_for_load_state()

    def fill(self, label: str, value: str) -> None:
        """One field typed."""
        self.interactions += 1
        self.page.get_by_label(label, exact=True).fill(value)

    def choose(self, label: str, path: Path) -> None:
        """One file chosen."""
        self.interactions += 1
        self.page.get_by_label(label).set_input_files(path)

    def click_unscripted(self, name: str) -> None:
        """The button that a script presses by itself; where none runs, one click."""
        if not self.is_scripted:
            self.click(name)

    def sees(self, text: str) -> None:
        """The page says so, sooner or later."""
        self.page.get_by_text(text).first.wait_for(timeout=WAIT_MS)

    def look(self, what: str) -> None:
        """A picture of the step where pictures are asked for, and axe's findings in any case."""
        self.steps += 1
        if PICTURES:
            folder = Path(PICTURES)
            folder.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=folder / f"{self.name}-{self.steps:02}-{what}.png", full_page=True)
        if self.is_scripted:  # axe waits for the page's own clock, which stands without scripts
            self.found += [f"{what}: {finding}" for finding in axe(self.page)]
        width = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if width > 0:
            self.found.append(f"{what}: scrolls {width} px sideways")

    def become(self, username: str, hat: str = "") -> None:
        """Somebody else sits down at this browser; with `hat`, that admin account over their own."""
        self.page.context.clear_cookies()
        for name in (username, hat):
            must = name.startswith(("000.head:", "director")) or (name and name == hat)
            if must and name not in self.world.authenticators:
                self.world.enrol(name)
        self.sign_in(username)
        if hat:
            self.put_on(hat)

    def sign_in(self, username: str, password: str = PASSWORD) -> None:
        """Through the page; counted apart, as the design does."""
        before = self.interactions
        self.open("/dang-nhap")
        self._enter("/dang-nhap", username, password)
        self.interactions = before

    def put_on(self, username: str, password: str = PASSWORD) -> None:
        """Open the admin session over the personal one."""
        before = self.interactions
        self.open("/quan-tri/dang-nhap")
        self._enter("/quan-tri/dang-nhap", username, password)
        self.interactions = before

    def _enter(self, action: str, username: str, password: str) -> None:
        form = self.page.locator(f'form[action="{action}"]')
        if action == "/dang-nhap":
            form.locator("[name=ten]").fill(username)
        form.locator("[name=mat_khau]").fill(password)
        known = self.world.authenticators.get(username)
        if known is not None:
            self.world.clock.forward(seconds=30)
            form.locator("[name=ma]").fill(known.next(self.world.clock.now))
        form.get_by_role("button").first.click()
        self.page.wait_for_load_state()


def axe(page: Any) -> list[str]:
    """What axe finds on the page: rule, and where."""
    script = import_module("axe_playwright_python").__path__[0] + "/axe.min.js"
    page.evaluate(Path(script).read_text("utf-8"))
    ran = page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
    )
    return [f"{v['id']} at {', '.join(str(n['target']) for n in v['nodes'][:3])}" for v in ran["violations"]]


@contextmanager
def served(
    folder: Path, furnish: Callable[[World], Any] = with_homeroom, **changes: Any
) -> Iterator[tuple[World, str, Any]]:
    """The service over a world, at an address of this machine that has passkeys: `localhost`."""
    world, made = copied(folder, furnish, None)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        address = f"http://localhost:{listening.getsockname()[1]}"
        app = create_app(settings_for(folder, public_url=address, **changes), clock=world.clock)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.05)
        try:
            yield world, address, made
        finally:
            server.should_exit = True
            thread.join()
            world.services.db.close()


def told(*by_day: str) -> pytest.MarkDecorator:
    """Tells the story in these ways in CI (without any: not at all), and in every way at night; it takes `way`."""
    at_night = pytest.param("plain", marks=pytest.mark.skip(reason="a story that is told at night"))
    return pytest.mark.parametrize("way", WAYS if EVERY_WAY else by_day or [at_night])


@dataclass
class _Shared:
    """The browser of all stories of one file, opened by the first of them."""

    until: ExitStack | None = None
    browser: Any = None


_shared = _Shared()


@contextmanager
def sharing_a_browser() -> Iterator[None]:
    """Within this, one browser serves every story, each in a context of its own."""
    with ExitStack() as stack:
        _shared.until = stack
        try:
            yield
        finally:
            _shared.until = _shared.browser = None


@contextmanager
def browsing(**options: Any) -> Iterator[Any]:
    """A browser context; without a browser the test is skipped, and says so."""
    with ExitStack() as stack:
        if _shared.until is None:
            browser = stack.enter_context(_browser())
        else:
            browser = _shared.browser = _shared.browser or _shared.until.enter_context(_browser())
        context = browser.new_context(**options)
        stack.callback(context.close)
        context.set_default_timeout(WAIT_MS)
        yield context


@contextmanager
def _browser() -> Iterator[Any]:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("no Chromium here: the story was not told in a browser")
    play = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no story in a browser")
    with play.sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def telling(
    name: str,
    folder: Path,
    furnish: Callable[[World], Any] = with_homeroom,
    way: str = "laptop",
    job_workers: int = 0,
    trust_dir: Path | None = None,
    **options: Any,
) -> Iterator[Story]:
    """A story from the first page on; at its end axe found nothing, and the console no refused content."""
    width, height = SIZES[way]
    options = {"viewport": {"width": width, "height": height}, "locale": "vi-VN"} | options
    is_scripted = way != "plain"
    options["java_script_enabled"] = is_scripted
    with (
        browsing(**options) as context,
        served(folder, furnish, job_workers=job_workers, trust_dir=trust_dir) as (world, address, made),
    ):
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        story = Story(page, address, world, name, made, is_scripted)
        try:
            yield story
        except Exception as error:
            shown = " ".join(page.locator("body").inner_text().split())
            error.add_note(f"at {page.url.removeprefix(address)}: {shown[:1500]}")
            raise
        assert story.found == []
        assert [line for line in said if "Content Security Policy" in line or "Trusted" in line] == []
