"""`/docs` in a real browser: the viewer that comes with the program shows every operation, from this host alone."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
import uvicorn

from access_service.app import create_app
from access_service.settings import Settings
from world import Clock, make_services

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
WAIT_S = 300


def browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no Chromium here: whether a browser shows /docs was not tried")
    return found


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    url = f"sqlite:///{tmp_path}/docs.db"
    make_services(url, tmp_path, Clock()).db.close()
    app = create_app(Settings(database_url=url, keys_dir=tmp_path, operations_public=True, settle_minutes=0))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        deadline = time.monotonic() + WAIT_S
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.05)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def test_a_browser_shows_every_operation(address: str, tmp_path: Path) -> None:
    shown = subprocess.run(
        [
            *(browser(), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/browser"),
            # The viewer sets only the operations that a window shows: this window shows them all.
            *("--disable-dev-shm-usage", "--virtual-time-budget=60000", "--dump-dom", "--window-size=1280,40000"),
            # Whatever is not this machine does not exist: a page that needs it shows nothing.
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            f"{address}/docs",
        ],
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=True,
    ).stdout
    page = unescape(shown)

    for path in ("/access/v1/evaluation", "/access/v1/search/resource", "/v1/handovers", "/oauth2/token"):
        assert f'data-path="{path}"' in page, path
    assert len(re.findall(r'<div class="opblock[ "]', page)) > 100
    assert "Unable to render" not in page
    assert "OAS 3.1" in page
