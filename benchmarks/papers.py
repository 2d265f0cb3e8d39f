"""What a paper costs: a warm rendering beside a bare Typst compile of a page with the same words, in CPU time.

    python benchmarks/papers.py [--times N]

Ratios, because a machine's milliseconds are its own. The floor is what Typst takes for a plain PDF of the same text
in the same type, without layout, tags, attachments and square.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typst

ROOT = Path(__file__).parents[1]
# In place of this folder, whose evidence.py is no package.
sys.path[:1] = [str(ROOT / "tests"), str(ROOT / "src")]

from access_service.evidence.fonts import FontFamily, find_family, fonts_in, own_family  # noqa: E402
from access_service.evidence.html import render_html  # noqa: E402
from access_service.evidence.render import render_pdf  # noqa: E402
from evidence.pages_read import texts_in  # noqa: E402
from evidence.sample_papers import PRINTS, handover, sample  # noqa: E402

BARE = b"""#set text(font: sys.inputs.family, size: 13pt, lang: "vi", fallback: false)
#for words in json(bytes(sys.inputs.data)) { par(words) }
"""


def measure(work: Callable[[int], object], times: int) -> float:
    """Median CPU milliseconds; each time another input, so that nothing is remembered whole."""
    taken = []
    for n in range(times):
        began = time.process_time()
        work(n)
        taken.append((time.process_time() - began) * 1000)
    return statistics.median(taken)


def another(kind: str, n: int) -> Any:
    """The paper with another number and name."""
    words = PRINTS[kind]() | {"number": f"{n}/BB"}
    return sample(kind, words=words)


def rows(times: int, family: FontFamily) -> list[dict[str, Any]]:
    """A row for each kind of paper: cold once, warm, the floor, the ratio."""
    found = []
    for kind in PRINTS:
        words = [text for text in texts_in(PRINTS[kind]()) if text]
        bare = typst.Compiler(BARE, font_paths=fonts_in(family.folder))

        def floor(n: int, words: list[str] = words, bare: typst.Compiler = bare) -> object:
            return bare.compile(
                BARE, format="pdf", sys_inputs={"family": family.name, "data": json.dumps([str(n), *words])}
            )

        began = time.process_time()
        pdf = render_pdf(another(kind, 0), family)
        cold = (time.process_time() - began) * 1000
        floor(0)
        warm = measure(lambda n, kind=kind: render_pdf(another(kind, n + 1), family), times)
        least = measure(lambda n, floor=floor: floor(n + 1), times)
        found.append(
            {
                "kind": kind,
                "family": family.name,
                "bytes": len(pdf),
                "cold_ms": round(cold, 1),
                "warm_ms": round(warm, 1),
                "bare_ms": round(least, 1),
                "ratio": round(warm / least, 2),
            }
        )
    return found


def page_row(times: int) -> dict[str, Any]:
    """The HTML page of minutes."""
    paper = sample("handover_minutes", words=handover())
    return {"kind": "handover_minutes as HTML", "warm_ms": round(measure(lambda _: render_html(paper), times), 2)}


def main() -> None:
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--times", type=int, default=30)
    times = reading.parse_args().times
    for family in {f.name: f for f in (find_family(), own_family())}.values():
        for row in rows(times, family):
            print(json.dumps(row, ensure_ascii=False))
    print(json.dumps(page_row(times), ensure_ascii=False))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for n in range(300):
        render_pdf(another("handover_minutes", n + 1000), own_family())
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"mib_before": before >> 10, "mib_after_300_more": after >> 10}))


if __name__ == "__main__":
    main()
