"""The demonstration in this process, for guides that are followed: its file, its address, a clock that can go on.

Pictures are made small (a palette), and written where `ACCESS_SERVICE_TEST_GUIDE_PICTURES` says: `scripts/pictures`
says `docs/pictures`. Without it each is only measured.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import uvicorn
from guide import Follower, Known, telephone
from PIL import Image
from pydantic import SecretStr
from story import SIZES, browsing

from access_service.app import create_app
from access_service.demonstration import serve
from access_service.usecases.services import system_clock
from built_demo import copy_demo

ROOT = Path(__file__).parents[2]
GUIDES, PICTURES = ROOT / "docs" / "huong-dan", ROOT / "docs" / "pictures"
MOST_BYTES = 60_000
TAKES_PICTURES = bool(os.environ.get("ACCESS_SERVICE_TEST_GUIDE_PICTURES"))
"""Whether the pictures of the guides are taken anew."""


@dataclass
class Running:
    """A clock that runs, and goes on when a telephone needs its next code."""

    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return system_clock() + self.ahead

    def forward(self, **delta: float) -> None:
        self.ahead += timedelta(**delta)


@dataclass
class Demonstration:
    """What `scripts/demo` serves, and the people in its file."""

    address: str
    told: dict[str, Any]
    clock: Running

    def account(self, position: str, unit: str, kind: str = "use") -> dict[str, Any]:
        """The first of that position in that unit, as the file names it."""
        found: dict[str, Any] = next(
            a for a in self.told["accounts"] if (a["position"], a["unit"], a["kind"]) == (position, unit, kind)
        )
        return found

    def telephone(self, secret: str) -> Any:
        """An application that shows the codes of that key."""
        return telephone(secret, self.clock, lambda: self.clock.forward(seconds=30))


@contextmanager
def demonstrating(folder: Path, **changes: Any) -> Iterator[Demonstration]:
    """The demonstration as it was built, in a folder of its own, served at a name of this machine."""
    told = copy_demo(folder, folder / "demo")
    clock = Running()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        address = f"http://localhost:{listening.getsockname()[1]}"
        usual = {"job_workers": 1, "staleness_s": 60.0, **changes}
        settings = serve._settings(folder / "demo", api_key=SecretStr(told["api_key"]), public_url=address, **usual)
        app = create_app(settings, clock=clock, allow_demo=True)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.05)
        try:
            yield Demonstration(address, told, clock)
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def following(
    demo: Demonstration, who: str, known: dict[str, Known], size: str = "laptop", **options: Any
) -> Iterator[Follower]:
    """A reader before a browser of that size; each `who` of the guide has one of their own."""
    width, height = SIZES[size]
    with ExitStack() as stack:
        context = stack.enter_context(browsing(viewport={"width": width, "height": height}, **options))

        def page_of(someone: str) -> Any:
            if someone == who:
                return context.new_page()
            other = context.browser.new_context(viewport={"width": width, "height": height}, **options)
            return other.new_page()

        forward = partial(demo.clock.forward, seconds=30)
        yield Follower(demo.address, page_of, demo.clock, who, known, take_picture, forward)


def take_picture(page: Any, name: str) -> None:
    """What stands in the window, with few colours; kept where it was asked for, never larger than a guide takes."""
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB").quantize(32, dither=Image.Dither.NONE)
    small = BytesIO()
    picture.save(small, "PNG", optimize=True)
    assert len(small.getvalue()) <= MOST_BYTES, f"{name} has {len(small.getvalue())} bytes"
    if asked := os.environ.get("ACCESS_SERVICE_TEST_GUIDE_PICTURES"):
        Path(asked).mkdir(parents=True, exist_ok=True)
        (Path(asked) / name).write_bytes(small.getvalue())
