"""The pages about backups are followed word for word, from an empty folder to a restored service, on each database.

A thousand questions are asked before and after.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from databases import NoServerError, server

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["sqlite", "postgresql"])
def test_a_restored_service_answers_as_before(name: str) -> None:
    if name == "postgresql":
        try:
            with server():
                pass
        except NoServerError as error:
            pytest.skip(str(error))
    ran = subprocess.run(
        [sys.executable, "scripts/drill", "--only", name],
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
        f"{name}: 1000 questions answered as before, one by one",
    ):
        assert told in ran.stdout, told
