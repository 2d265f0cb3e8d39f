"""The pages about backups are followed word for word, from an empty folder to a restored service, on each database.

A thousand questions are asked before and after. One run for both databases: they begin with the same province.
"""

import subprocess
import sys
from pathlib import Path

import warm
from databases import NoServerError, server

ROOT = Path(__file__).parents[2]


def _databases() -> list[str]:
    try:
        with server():
            return ["sqlite", "postgresql"]
    except NoServerError:
        return ["sqlite"]


def test_a_restored_service_answers_as_before(tmp_path: Path) -> None:
    names = _databases()
    warm.install(tmp_path)
    ran = subprocess.run(
        [sys.executable, "scripts/drill", "--programs", tmp_path],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=1200,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for told in (
        "còn nguyên / the backup is whole",
        "chain and papers hold together",
        "✓ keys: tokens: the folder holds what the database knows",
    ):
        assert ran.stdout.count(told) >= len(names), told
    for name in names:
        assert f"{name}: 1000 questions answered as before, one by one" in ran.stdout
