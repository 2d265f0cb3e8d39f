"""The operator's pages: each command that they print is run as it stands, one page after the other."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

import warm
from access_service.api.http.metrics import Metrics
from access_service.settings import known_variables
from databases import NoServerError, database, server
from pack_server import free_port

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PAGES = ("install", "rotate", "back-up", "upgrade", "watch", "restore")
"""In the order in which a machine meets them."""
FOLDERS = ("/var/lib/access-service", "/etc/access-service")


def blocks(page: str) -> list[str]:
    """The blocks of a page that anybody can run."""
    return re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / f"{page}.md").read_text("utf-8"), re.DOTALL)


def commands(page: str) -> str:
    """All of them."""
    return "\n".join(blocks(page))


@contextmanager
def two_databases(kind: str, folder: Path) -> Iterator[tuple[str, str]]:
    """URLs of two databases that are empty: the service's, and the one that it is restored into."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/var/lib/access-service/access.db", f"sqlite:///{folder}/restored/access.db"
        return
    with ExitStack() as stack:
        try:
            url = stack.enter_context(server())
        except NoServerError as error:
            pytest.skip(str(error))
        yield stack.enter_context(database(url, "pages")), stack.enter_context(database(url, "pages_again"))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_machine_is_installed_rotated_upgraded_and_watched_as_the_pages_say(kind: str, tmp_path: Path) -> None:
    """From an empty machine to a service that was backed up, lost, restored and started again, on each database."""
    programs = tmp_path / "bin"
    warm.install(programs)
    script = "set -eu -o pipefail\n" + "\n".join(map(commands, PAGES))
    # The restored service is started by the commands that started the first.
    script += "\n" + blocks("install")[-1] + "\naccess-service verify\n"
    for folder in FOLDERS:
        (tmp_path / folder[1:]).mkdir(parents=True)
        script = script.replace(folder, str(tmp_path) + folder)
    for port in ("8000", "9100"):
        script = script.replace(port, str(free_port()))
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONIOENCODING": "utf-8",
        "ACCESS_SERVICE_DRAIN_SECONDS": "0",
        "PASSPHRASE": "một mật khẩu chỉ để thử",
    }
    with two_databases(kind, tmp_path) as urls:
        places = iter(urls)
        script = re.sub(r"(?<=ACCESS_SERVICE_DATABASE_URL=)\S+", lambda _: f"'{next(places)}'", script)
        assert next(places, None) is None
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            timeout=1200,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr.count("register     thu-nghiem: hai-phong for 31") == 3
    assert 'access_service_requests_total{method="GET",route="/healthz",status="200"} 1.0' in done.stdout
    assert "còn nguyên / the backup is whole" in done.stdout
    assert done.stdout.count("chain and papers hold together") == 3
    assert kind in done.stderr.partition("  database     ")[2].splitlines()[0]


def test_every_setting_of_the_examples_exists() -> None:
    for name in ("environment.example", "Containerfile", "access-service.service", "access-service-keys.service"):
        text = (DEPLOY / name).read_text("utf-8")
        assert set(re.findall(r"ACCESS_SERVICE_[A-Z0-9_]+", text)) <= set(known_variables())


def test_alerts_and_board_look_at_metrics_that_exist() -> None:
    known = {found.name for found in Metrics().collect()}
    texts = [(DEPLOY / name).read_text("utf-8") for name in ("prometheus-alerts.yml", "grafana.json")]
    for text in texts:
        named = set(re.findall(r"access_service_[a-z_]+", text))
        assert named
        assert {re.sub(r"_(total|bucket|count|sum)$", "", name) for name in named} <= known
    assert len(json.loads(texts[1])["panels"]) == 8


def test_the_container_is_made_by_the_steps_of_the_page() -> None:
    page, text = (ROOT / "docs" / "install.md").read_text("utf-8"), (DEPLOY / "Containerfile").read_text("utf-8")
    for step in ("python3 -m venv /opt/access-service", "/opt/access-service/bin/pip install", "useradd --system"):
        assert step in page
        assert step in text


@pytest.mark.parametrize("unit", sorted(path.name for path in DEPLOY.glob("access-service*.*")))
def test_units_name_sections_that_systemd_knows(unit: str) -> None:
    sections = re.findall(r"^\[(\w+)\]$", (DEPLOY / unit).read_text("utf-8"), re.MULTILINE)
    assert sections[0] == "Unit"
    assert set(sections) <= {"Unit", "Service", "Timer", "Install"}
    if unit.endswith(".timer"):
        assert (DEPLOY / unit).with_suffix(".service").is_file()


def test_every_file_that_the_pages_name_is_there() -> None:
    for page in PAGES:
        text = (ROOT / "docs" / f"{page}.md").read_text("utf-8")
        for name in re.findall(r"`(deploy/[\w.-]+)`", text):
            assert (ROOT / name).is_file(), name
