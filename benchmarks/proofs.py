"""What the difference of two packs costs beside plain sets of rows, and what a pack's promises cost at load.

    python benchmarks/proofs.py

The best of several rounds, in milliseconds of processor time; `cold` is a whole process of its own.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from access_service.domain.policy import Pack
from access_service.domain.promises import broken_promises, idle_acceptances
from access_service.domain.separations import meetings
from access_service.engine.packs.load import load_pack
from access_service.engine.proofs.pack_cells import compare_packs, dead_rows
from access_service.engine.proofs.witness import replay

ROOT = Path(__file__).parents[1]
PAIRS = (("hai-phong-2023", "hai-phong"), ("base", "hai-duong"), ("base", "ho-chi-minh"))
ROUNDS = 7
COLD_ROUNDS = 3


def _best(run: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Milliseconds of processor time."""
    best = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        run()
        best = min(best, time.process_time() - began)
    return best * 1e3


def _plain(old: Pack, new: Pack) -> set[tuple[str, str, str]]:
    """What somebody writes who only wants the new cells: allow rows less deny rows, and one set less the other."""

    def cells(pack: Pack) -> set[tuple[str, str, str]]:
        allowed = {(r.role, r.category, r.action) for r in pack.rules if r.allow}
        denied = {(r.role, r.category, r.action) for r in pack.rules if not r.allow}
        return {cell for cell in allowed if cell not in denied and ("*", *cell[1:]) not in denied}

    return cells(new) ^ cells(old)


def _check(pack: Pack) -> object:
    """What a pack is asked when it is bound."""
    return broken_promises(pack), meetings(pack, pack.roles), idle_acceptances(pack)


def _cold(old: str, new: str) -> float:
    command = [sys.executable, "-m", "access_service", "policy", "diff", f"policy/{old}", f"policy/{new}"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    best = float("inf")
    for _ in range(COLD_ROUNDS):
        before = os.times()
        subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=True)
        after = os.times()
        best = min(
            best, after.children_user + after.children_system - before.children_user - before.children_system
        )
    return best * 1e3


def main() -> None:
    """Measure and print."""
    packs = {name: load_pack(ROOT / "policy", name, ROOT / "models") for pair in PAIRS for name in pair}
    print("old → new                      cold  analysis  plain sets  cells played")
    for old, new in PAIRS:
        difference = compare_packs(packs[old], packs[new])
        analysis = _best(lambda a=old, b=new: compare_packs(packs[a], packs[b]))  # type: ignore[misc]
        plain = _best(lambda a=old, b=new: _plain(packs[a], packs[b]))  # type: ignore[misc]
        played = _best(lambda d=difference: replay(d), 2)  # type: ignore[misc]
        asked = len(difference.of("cells")) + len(difference.of("functions"))
        cold = _cold(old, new)
        print(f"{f'{old} → {new}':28} {cold:6.0f} {analysis:9.1f} {plain:11.2f}  {played:.0f} ms for {asked}")
    print("pack                check at bind  dead rows")
    for name, pack in packs.items():
        check, dead = _best(lambda p=pack: _check(p)), _best(lambda p=pack: dead_rows(p))  # type: ignore[misc]
        print(f"{name:20} {check:12.1f} {dead:10.1f}")


if __name__ == "__main__":
    main()
