"""The storm of `scripts/night` for a quarter of a minute: nodes are killed, and nothing is lost or doubled."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_killed_nodes_lose_nothing_and_allow_nothing_wrong() -> None:
    ran = subprocess.run(
        [sys.executable, "scripts/storm", "--minutes", "0.25", "--every", "4", "--only", "sqlite"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=1200,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "sqlite: 0 wrong" in ran.stdout
    assert "nodes killed" in ran.stdout
    assert "✓ chuỗi sự kiện và hồ sơ nguyên vẹn" in ran.stdout
