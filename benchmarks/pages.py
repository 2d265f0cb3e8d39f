#!/usr/bin/env python3
"""What pages cost at a province's scale: processor time of the server a page, beside a bare Jinja page.

    benchmarks/pages.py DATABASE [--rounds 20]

DATABASE is a SQLite file that `benchmarks/backup.py --folder` left, with the folder `keys` beside; copies are used.
Nobody in it has a password, so sessions are written into the copy. Each page is asked for by the head of a
school of ordinary size, its admin account, and the department, warm, without a socket. The floor is a bare page.
Then the admin accounts of other schools ask for each page once: what is remembered of a unit is not of theirs.
In the first minute after a migration every unit is counted beside the requests, which these numbers hold too.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import secrets
import shutil
import sqlite3
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from jinja2 import Environment
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

import province
from access_service.app import create_app
from access_service.settings import Settings
from access_service.storage.migrate import upgrade
from access_service.usecases.identity.hats import PAGES
from access_service.web import cookies

STAMP = "%Y-%m-%d %H:%M:%S.%f"
BARE = (
    "<table>{% for a, b, c in rows %}<tr><td>{{ a }}</td><td>{{ b }}</td><td>{{ c }}</td></tr>{% endfor %}</table>"
)
SCHOOL = ("/viec", "/don-vi/{dv}", "/don-vi/{dv}/nguoi", "/don-vi/{dv}/lop", "/van-ban", "/don-vi/{dv}/ma-tran")
OTHERS = ("/don-vi/{dv}/bat-thuong", "/don-vi/{dv}/phan-quyen", "/ky", "/toi", "/tra-cuu")
DEPARTMENT = ("/viec", "/don-vi/{dv}", "/don-vi/{dv}/truc-thuoc", "/don-vi/{dv}/ma-tran", "/tim?q=Nguyen")


def bare() -> TestClient:
    """A server with one page: sixty rows, escaped."""
    template = Environment(autoescape=True).from_string(BARE)
    rows = [(f"000{n}", f"Người Thử {n}", "Đang hiệu lực") for n in range(60)]

    def page(_: Request) -> Response:
        return HTMLResponse(template.render(rows=rows))

    return TestClient(Starlette(routes=[Route("/", page)]))


def open_session(plain: sqlite3.Connection, account: str, person: str) -> str:
    """A session of an account, as if it had signed in to the pages."""
    token, now = secrets.token_urlsafe(32), province.NOW
    plain.execute(
        "INSERT INTO sessions (token_sha256, register_id, account, person, created_at, expires_at, used_at, "
        "idle_s, audience) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            hashlib.sha256(token.encode()).hexdigest(),
            str(province.REGISTER),
            account,
            person,
            now.strftime(STAMP),
            (now + timedelta(hours=12)).strftime(STAMP),
            now.strftime(STAMP),
            43_200,
            PAGES,
        ),
    )
    return token


def callers(file: Path) -> dict[str, tuple[str, str, str]]:
    """A school's head, its admin account and the department's: unit, cookie, token."""
    with sqlite3.connect(file) as plain:
        unit, person = plain.execute(
            "SELECT c.unit, c.person FROM custodies c JOIN units u ON u.id = c.unit WHERE u.kind = 'school' "
            "ORDER BY c.unit LIMIT 1 OFFSET 20"
        ).fetchone()
        use = plain.execute("SELECT id FROM accounts WHERE person = ? AND kind = 'use'", (person,)).fetchone()
        admin = plain.execute("SELECT id FROM accounts WHERE unit = ? AND kind = 'admin'", (unit,)).fetchone()
        [root] = plain.execute("SELECT root FROM registers").fetchone()
        above, director = plain.execute(
            "SELECT a.id, c.person FROM accounts a JOIN custodies c ON c.unit = a.unit "
            "WHERE a.unit = ? AND a.kind = 'admin'",
            (root,),
        ).fetchone()
        found = {"admin": (unit, cookies.ADMIN, open_session(plain, admin[0], person))}
        if use is not None:
            found["head"] = (unit, cookies.PERSONAL, open_session(plain, use[0], person))
        found["department"] = (root, cookies.ADMIN, open_session(plain, above, director))
    return found


def strangers(file: Path, most: int) -> list[tuple[str, str]]:
    """Admin accounts of other schools: unit and token."""
    with sqlite3.connect(file) as plain:
        found = plain.execute(
            "SELECT c.unit, c.person, a.id FROM custodies c JOIN units u ON u.id = c.unit "
            "JOIN accounts a ON a.unit = c.unit AND a.kind = 'admin' WHERE u.kind = 'school' "
            "ORDER BY c.unit LIMIT ? OFFSET 40",
            (most,),
        ).fetchall()
        return [(unit, open_session(plain, account, person)) for unit, person, account in found]


def measure_once(client: TestClient, path: str, schools: list[tuple[str, str]]) -> tuple[float, float]:
    """Median and 95th percentile of a page that each school asks for the first time."""
    took = []
    for unit, token in schools:
        client.cookies.clear()
        client.cookies.set(cookies.ADMIN, token)
        began = time.process_time()
        client.get(path.replace("{dv}", unit))
        took.append((time.process_time() - began) * 1000)
    took.sort()
    return statistics.median(took), took[int(0.95 * (len(took) - 1))]


def measure(client: TestClient, path: str, rounds: int) -> tuple[int, int, float, float]:
    """Status, bytes, median and 95th percentile of the processor's milliseconds for one page."""
    client.get(path)
    took = []
    for _ in range(rounds):
        began = time.process_time()
        answer = client.get(path)
        took.append((time.process_time() - began) * 1000)
    took.sort()
    return answer.status_code, len(answer.content), statistics.median(took), took[int(0.95 * (len(took) - 1))]


def main() -> None:
    """Print a line a page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database", type=Path)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--schools", type=int, default=20, help="schools that ask once")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "province.db"
        shutil.copy(chosen.database, file)
        keys = Path(folder) / "keys"
        shutil.copytree(chosen.database.parent / "keys", keys)
        upgrade(f"sqlite:///{file}")
        found, others = callers(file), strangers(file, chosen.schools)
        settings = Settings(
            database_url=f"sqlite:///{file}",
            keys_dir=keys,
            files_dir=Path(folder) / "files",
            public_url="https://testserver",
            log_level="warning",
            job_workers=0,
        )
        with bare() as plain:
            _, _, floor, _ = measure(plain, "/", chosen.rounds * 5)
        print(f"{'bare page of sixty rows':58} {floor:7.1f} ms")
        with TestClient(create_app(settings, clock=lambda: province.NOW), "https://testserver") as client:
            for role, (unit, cookie, token) in found.items():
                client.cookies.clear()
                client.cookies.set(cookie, token)
                for path in DEPARTMENT if role == "department" else SCHOOL + OTHERS:
                    status, size, median, worst = measure(client, path.replace("{dv}", unit), chosen.rounds)
                    shown = re.sub(r"\?.*", "", path)
                    took = f"{median:7.1f} ms, p95 {worst:7.1f} ms, {median / floor:6.1f} x"
                    print(f"{role:11} {shown:34} {status:4} {size / 1000:6.1f} kB {took}", flush=True)
            for path in (*SCHOOL, *OTHERS):
                median, worst = measure_once(client, path, others)
                print(f"{'once each':11} {path:34} {median:7.1f} ms, p95 {worst:7.1f} ms")


if __name__ == "__main__":
    main()
