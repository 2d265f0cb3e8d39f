"""A log-log plot of latency against size, as SVG by hand: text stays text, readable on light and on dark."""

from __future__ import annotations

import math
from typing import Any

WIDTH, HEIGHT = 860, 460
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 30, 50
LABEL_GAP = 16
COLOURS = {
    "ours": "#d1242f",
    "floor": "#6e7781",
    "sqlite": "#8250df",
    "postgres": "#0969da",
    "cedar": "#1a7f37",
    "fast_enforcer": "#bc4c00",
    "pycasbin": "#9a6700",
    "oso": "#bf3989",
    "spicedb": "#1b7c83",
}
NAMES = {"fast_enforcer": "FastEnforcer", "sqlite": "SQLite", "postgres": "PostgreSQL", "cedar": "Cedar"}
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f; }
.grid { stroke: #8c959f; stroke-opacity: .35; }
@media (prefers-color-scheme: dark) { text { fill: #d0d7de; } }
"""


def series(in_process: dict[str, Any]) -> dict[str, list[tuple[int, float]]]:
    """Median by size for every engine that has one."""
    found: dict[str, list[tuple[int, float]]] = {}
    for size, engines in in_process.items():
        for name, one in engines.items():
            if "median_us" in one:
                found.setdefault(name, []).append((int(size), max(one["median_us"], 0.01)))
    return found


def svg(in_process: dict[str, Any]) -> str:
    """The plot."""
    lines = series(in_process)
    sizes = sorted({x for points in lines.values() for x, _ in points})
    values = [y for points in lines.values() for _, y in points]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])

    def at(x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - first) / ((last - first) or 1)
        up = (math.log10(y) - low) / ((high - low) or 1)
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        "<title>Median latency of one decision against the number of grants</title>",
        f"<style>{STYLE}</style>",
    ]
    for power in range(low, high + 1):
        (left, y), (right, _) = at(sizes[0], 10.0**power), at(sizes[-1], 10.0**power)
        parts.append(f'<line class="grid" x1="{left:.1f}" y1="{y:.1f}" x2="{right:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{left - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">{_us(power)}</text>')
    for size in sizes:
        x, bottom = at(size, 10.0**low)
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom:.1f}"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 20:.1f}" text-anchor="middle">{size:,}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">grants</text>')
    ends = {name: at(*points[-1])[1] for name, points in lines.items()}
    for name, points in lines.items():
        colour, width = COLOURS.get(name, "#6e7781"), 3 if name == "ours" else 1.8
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in points))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in (at(*p) for p in points)]
    for name, y in _apart(ends).items():
        x = at(*lines[name][-1])[0] + 10
        colour = COLOURS.get(name, "#6e7781")
        parts.append(f'<circle cx="{x + 2:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>')
        parts.append(f'<text x="{x + 10:.1f}" y="{y + 4:.1f}">{NAMES.get(name, name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _us(power: int) -> str:
    if power >= 6:  # noqa: PLR2004
        return f"{10 ** (power - 6):,} s"
    if power >= 3:  # noqa: PLR2004
        return f"{10 ** (power - 3):,} ms"
    return f"{10**power:,} µs" if power >= 0 else f"{10.0**power:g} µs"


def _apart(wanted: dict[str, float]) -> dict[str, float]:
    """Heights of the labels, pushed down until none covers another."""
    found: dict[str, float] = {}
    above = -math.inf
    for name, y in sorted(wanted.items(), key=lambda pair: pair[1]):
        above = found[name] = max(y, above + LABEL_GAP)
    return found
