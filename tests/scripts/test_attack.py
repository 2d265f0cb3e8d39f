"""The long run of the attacker, for a few sequences."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _attack(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "attack"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )


def test_the_attacker_plays_and_finds_nothing() -> None:
    played = _attack("--minutes", "10", "--sequences", "3", "--seed", "1", "--state", "demo")
    assert played.returncode == 0, played.stdout + played.stderr
    assert "seeds 1 to 3: 3 sequences" in played.stdout
    assert "found nothing" in played.stdout
