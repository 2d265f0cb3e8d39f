"""Services of others that sign people in by this one: built from the blocks of docs/sign-in-for-services.md."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "sign-in-for-services.md"
MODULES = Path("/usr/lib/apache2/modules")
APACHE = """
ServerRoot {folder}
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {folder}/pid
ErrorLog {folder}/error.log
DocumentRoot {folder}/pages
DirectoryIndex index.html
{modules}
Header set X-Who "expr=%{{REMOTE_USER}}"
{block}
"""
LOADED = ("mpm_event", "authn_core", "authz_core", "authz_user", "dir", "headers", "auth_openidc")


def block(language: str) -> str:
    """The one block of the page in that language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return str(found)


def commands() -> list[str]:
    """The blocks of commands."""
    return re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@contextmanager
def authlib_party(port: int) -> Iterator[str]:
    """The page's Python, served; its settings stand in the environment."""
    names: dict[str, Any] = {}
    exec(compile(block("python"), str(PAGE), "exec"), names)  # noqa: S102 the page itself is what is tried
    server = uvicorn.Server(uvicorn.Config(names["app"], host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    try:
        yield f"http://localhost:{port}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def apache_party(folder: Path, port: int, settings: dict[str, str]) -> Iterator[str]:
    """The page's lines for Apache, around one file; skipped, and said so, where Apache or its module is missing."""
    apache = shutil.which("apache2", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if apache is None or not (MODULES / "mod_auth_openidc.so").exists():
        pytest.skip("apache2 with mod_auth_openidc is not installed: scripts/stock-verifiers installs it")
    (folder / "pages").mkdir()
    (folder / "pages" / "index.html").write_text(
        "<!doctype html><meta charset=utf-8><title>Sau Apache</title><p>Đã vào.</p>", "utf-8"
    )
    filled = re.sub(r"\$\{(\w+)\}", lambda found: settings[found[1]], block("apache"))
    modules = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in LOADED)
    conf = folder / "apache.conf"
    conf.write_text(APACHE.format(folder=folder, port=port, modules=modules, block=filled), "utf-8")
    with (folder / "said.txt").open("w", encoding="utf-8") as said:
        process = subprocess.Popen([apache, "-f", str(conf), "-DFOREGROUND"], stderr=said)
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if process.poll() is not None or probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        assert process.poll() is None, (folder / "said.txt").read_text("utf-8")
        yield f"http://localhost:{port}/"
    finally:
        process.terminate()
        process.wait(timeout=60)


def install_oauth4webapi(folder: Path) -> str:
    """Node, with the library beside it; skipped, and said so, where either cannot be had."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node or npm is not installed")
    (folder / "package.json").write_text('{"type":"module","private":true}')
    installing = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "oauth4webapi@3"],
        cwd=folder,
        capture_output=True,
        timeout=120,
        check=False,
    )
    if installing.returncode:
        pytest.skip("oauth4webapi cannot be installed from the package registry")
    return node


def run_command(script: str, **settings: str) -> str:
    """A block of commands of the page, with `access-service` of this checkout."""
    here = f'access-service() {{ "{sys.executable}" -m access_service "$@"; }}\n'
    ran = subprocess.run(
        ["bash", "-euc", here + script],
        env={**os.environ, **settings},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def enter(page: Any, username: str, password: str) -> None:
    """Sign in on the page that a service sent the browser to, up to where this service leads on."""
    page.locator("[name=ten]").fill(username)
    page.locator("[name=mat_khau]").fill(password)
    page.locator('form[action="/dang-nhap"] button').first.click()
    page.wait_for_url(lambda url: "/dang-nhap" not in url)


def is_told(page: Any) -> bool:
    """Does the page tell what the service learns? It does once for each person."""
    found: bool = page.locator('form[action="/dang-nhap/dich-vu"]').count() > 0
    return found


def go_on(page: Any) -> None:
    """To the service, where the person was told first."""
    if is_told(page):
        page.get_by_role("button", name="Tiếp tục").click()
