"""The walkthrough is a story that must come out as it is told: it ends with an error at the first surprise."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Not as `__main__`: that would first set up the project's own environment.
RUN = "import runpy; raise SystemExit(runpy.run_path('scripts/walkthrough', run_name='story')['main']())"


def test_both_eras_come_out_as_told() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", RUN], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=600, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for told in (
        "NĂM HỌC 2024-2025",
        "HÔM NAY",
        "not_direct_manager",
        "minutes_unsigned",
        "commitment_missing",
        "CÓ",
        "outside_class",
        "grant_ended",
        "Xong: mọi bước",
    ):
        assert told in ran.stdout, told
